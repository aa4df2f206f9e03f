/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * table.h - the options: the one table that parsing, messages, help and the tests of
 * the documents go by.  To add an option, add a row to table.c, and describe it in
 * redtap.8 and redtap.bash; tests tell what is missing.
 *
 * It must not know argv, the environment or how the table is printed.
 */
#ifndef REDTAP_OPTION_TABLE_H
#define REDTAP_OPTION_TABLE_H

#include "options/options.h"

/* At most so many rows: options.given has a bit for each. */
#define OPTIONS_MAX 32

struct option_row {
	const char *section; /* the section of the help that begins here; NULL: goes on */
	const char *name;
	char letter;               /* 0: no short form */
	unsigned int commands;     /* those that take it: bits 1 << enum command */
	const char *argument;      /* "PORT"; NULL: takes none */
	const char *allowed;       /* what the argument may be; NULL: `argument` says it all */
	const char *default_value; /* applied where the option is not given; NULL: none */
	const char *default_words; /* for the help, instead of a value: what happens then */
	const char *help;
	/* See option_apply(): takes what it sets, what is allowed, and the text. */
	const char *(*apply)(void *field, const char *allowed, const char *text);
	size_t field; /* what apply sets: offset in struct options; 0: all of it */
};

/* In the order of the help; the last row has no name. */
extern const struct option_row option_rows[];

/*
 * Sets what an option stands for.  options: with room for one more of what can be
 * repeated.  Returns NULL, or what is wrong with the text, to be printed behind
 * "'text': ".
 */
const char *option_apply(struct options *options, const struct option_row *row, const char *text);

#endif
