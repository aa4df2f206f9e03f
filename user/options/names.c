/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * names.c - see options/names.h.
 */
#include "options/names.h"

#include <stdio.h>
#include <string.h>

/* A word that needs more edits than this is another word. */
#define EDITS_MAX 2

bool option_fits(const struct option_row *row, enum command command)
{
	return row->commands & (1U << command);
}

bool option_is_given(const struct options *options, const char *name)
{
	const struct option_row *row = option_rows;

	while (row->name && strcmp(row->name, name) != 0)
		row++;
	return options->given & (1U << (row - option_rows));
}

/* ---- shown ------------------------------------------------------------ */

const char *option_allowed(const struct option_row *row)
{
	return row->allowed ? row->allowed : row->argument;
}

char *option_synopsis(char buffer[OPTION_SYNOPSIS_MAX], const struct option_row *row)
{
	const char letter[] = { '-', row->letter, ',', ' ', '\0' };

	snprintf(buffer, OPTION_SYNOPSIS_MAX, "%s--%s%s%s", row->letter ? letter : "", row->name,
		 row->argument ? " " : "", row->argument ? row->argument : "");
	return buffer;
}

char *option_values(char buffer[OPTION_VALUES_MAX], const struct option_row *row)
{
	const char *value = row->default_value ? row->default_value : row->default_words;

	snprintf(buffer, OPTION_VALUES_MAX, "%s%s%s%s%s", row->allowed ? "allowed: " : "",
		 row->allowed ? row->allowed : "", row->allowed && value ? "; " : "",
		 value ? "default: " : "", value ? value : "");
	return buffer;
}

/* ---- getopt_long() ---------------------------------------------------- */

/* Options without a short form are their place + this. */
#define LONG_ONLY 256

static int row_value(const struct option_row *row)
{
	return row->letter ? row->letter : LONG_ONLY + (int)(row - option_rows);
}

void option_getopt_init(struct option_getopt *tables)
{
	char *letter = tables->letters;
	struct option *option = tables->longs;
	const struct option_row *row;

	memset(tables, 0, sizeof(*tables));
	*letter++ = '+';
	*letter++ = ':';
	for (row = option_rows; row->name; row++) {
		*option++ = (struct option){
			.name = row->name,
			.has_arg = row->argument ? required_argument : no_argument,
			.val = row_value(row),
		};
		if (!row->letter)
			continue;
		*letter++ = row->letter;
		if (row->argument)
			*letter++ = ':';
	}
}

const struct option_row *option_find(int value)
{
	const struct option_row *row;

	for (row = option_rows; row->name; row++)
		if (row_value(row) == value)
			return row;
	return NULL;
}

bool option_is_abbreviated(const char *word, const struct option_row *row)
{
	const size_t length = strlen(row->name);

	return strncmp(word, "--", 2) == 0 &&
	       (strncmp(word + 2, row->name, length) != 0 ||
		(word[2 + length] != '\0' && word[2 + length] != '='));
}

/* ---- commands --------------------------------------------------------- */

/* The first five are commands by name, the rest other ways to write them. */
static const struct {
	const char *word;
	enum command command;
} commands[] = {
	{ "attach", COMMAND_ATTACH }, { "check", COMMAND_CHECK },
	{ "health", COMMAND_HEALTH }, { "version", COMMAND_VERSION },
	{ "help", COMMAND_HELP },     { "--version", COMMAND_VERSION },
	{ "--help", COMMAND_HELP },   { "-h", COMMAND_HELP },
	{ "-V", COMMAND_VERSION },
};
#define COMMAND_WORDS (sizeof(commands) / sizeof(commands[0]))

enum command command_find(const char *word)
{
	size_t i;

	for (i = 0; i < COMMAND_WORDS; i++)
		if (strcmp(word, commands[i].word) == 0)
			return commands[i].command;
	return COMMAND_NONE;
}

const char *command_name(enum command command)
{
	size_t i;

	for (i = 0; i < COMMAND_WORDS; i++)
		if (commands[i].command == command)
			return commands[i].word;
	return "";
}

/* ---- mistyped --------------------------------------------------------- */

/* Edits (insert, delete, replace) that turn a into b, which must be short: a name. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[32], i, j;
	const size_t length = strlen(b);

	if (length + 1 > sizeof(row) / sizeof(row[0]))
		return EDITS_MAX + 1;
	for (j = 0; j <= length; j++)
		row[j] = j;
	for (i = 1; *a; a++, i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= length; j++) {
			const size_t above = row[j];
			size_t best = diagonal + (*a != b[j - 1]);

			best = above + 1 < best ? above + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[length];
}

/* Takes name as the nearest if it is nearer than what was found so far. */
static void consider(const char **nearest, size_t *edits, const char *word, const char *name)
{
	const size_t distance = edit_distance(word, name);

	/* with as many edits as letters, any word is near */
	if (distance < *edits && distance < strlen(name)) {
		*nearest = name;
		*edits = distance;
	}
}

const char *command_nearest(const char *word)
{
	const char *nearest = NULL;
	size_t i, edits = EDITS_MAX + 1;

	for (i = 0; i < COMMAND_WORDS; i++)
		if (commands[i].word[0] != '-')
			consider(&nearest, &edits, word, commands[i].word);
	return nearest;
}

const char *option_nearest(const char *word, enum command command)
{
	const struct option_row *row;
	const char *nearest = NULL;
	size_t edits = EDITS_MAX + 1;

	for (row = option_rows; row->name; row++)
		if (option_fits(row, command))
			consider(&nearest, &edits, word, row->name);
	return nearest;
}
