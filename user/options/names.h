/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * names.h - which commands and options there are: the one table that
 * parsing, messages and tests go by.
 *
 * Input: words.  Output: rows, or the nearest name to a mistyped one.  It must
 * not know values.
 */
#ifndef REDTAP_OPTION_NAMES_H
#define REDTAP_OPTION_NAMES_H

#include <getopt.h>

#include "options/options.h"

enum option_name {
	OPTION_PID,
	OPTION_PORT,
	OPTION_NAME,
	OPTION_NO_FOLLOW,
	OPTION_CLIENT,
	OPTION_SERVICE,
	OPTION_STATSD,
	OPTION_INTERVAL,
	OPTION_DURATION,
	OPTION_OUTPUT,
	OPTION_METRICS,
	OPTION_HISTOGRAM,
	OPTION_BUCKETS,
	OPTION_PHASES,
	OPTION_ROUTE,
	OPTION_ROUTES,
	OPTION_MAX_SERIES,
	OPTION_MAX_CONNECTIONS,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_COUNT,
};

struct option_row {
	const char *name;
	char letter;           /* 0: no short form */
	unsigned int commands; /* those that take it: bits 1 << enum command */
	const char *allowed;   /* what the argument may be; NULL: there is none */
};

extern const struct option_row option_rows[OPTION_COUNT];

/* The same for getopt_long(). */
struct option_getopt {
	/* '+' stops at the first word that is no option, ':' tells a missing argument apart. */
	char letters[2 + 2 * OPTION_COUNT + 1];
	struct option longs[OPTION_COUNT + 1];
};

void option_getopt_init(struct option_getopt *tables);

/* The option that getopt_long() returned; OPTION_COUNT: none. */
enum option_name option_find(int value);

/*
 * Whether a word of argv is a long option cut short, which getopt_long() takes:
 * today's abbreviations would be ambiguous in a later release.
 */
bool option_is_abbreviated(const char *word, enum option_name name);

/* Whether a command takes an option. */
bool option_fits(enum option_name name, enum command command);

/* What a word stands for as the first argument; COMMAND_NONE: nothing. */
enum command command_find(const char *word);

/* "attach"; "" for COMMAND_NONE. */
const char *command_name(enum command command);

/*
 * The name nearest to a mistyped word (at most two edits away), NULL if none is
 * near.  option_nearest() looks at those that the command takes, and at words
 * without their dashes.
 */
const char *command_nearest(const char *word);
const char *option_nearest(const char *word, enum command command);

#endif
