/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * names.h - the names of commands and options: found, shown, guessed.
 *
 * Input: words.  Output: rows of the table, or the nearest name to a mistyped
 * word.  It must not know values.
 */
#ifndef REDTAP_OPTION_NAMES_H
#define REDTAP_OPTION_NAMES_H

#include <getopt.h>

#include "options/table.h"

/* The table for getopt_long(). */
struct option_getopt {
	/* '+' stops at the first word that is no option, ':' tells a missing argument apart. */
	char letters[2 + 2 * OPTIONS_MAX + 1];
	struct option longs[OPTIONS_MAX + 1];
};

void option_getopt_init(struct option_getopt *tables);

/* The option that getopt_long() returned; NULL: none. */
const struct option_row *option_find(int value);

/*
 * Whether a word of argv is a long option cut short, which getopt_long() takes:
 * today's abbreviations would be ambiguous in a later release.
 */
bool option_is_abbreviated(const char *word, const struct option_row *row);

/* Whether a command takes an option. */
bool option_fits(const struct option_row *row, enum command command);

/* Whether the option with this name was given on the command line. */
bool option_is_given(const struct options *options, const char *name);

/* What the argument may be. */
const char *option_allowed(const struct option_row *row);

/* As help and manual show it: "-p, --pid PID[=NAME]". */
#define OPTION_SYNOPSIS_MAX 64
char *option_synopsis(char buffer[OPTION_SYNOPSIS_MAX], const struct option_row *row);
/* Likewise: "allowed: 1 to 9; default: 5", "default: none", or "". */
#define OPTION_VALUES_MAX 256
char *option_values(char buffer[OPTION_VALUES_MAX], const struct option_row *row);

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
