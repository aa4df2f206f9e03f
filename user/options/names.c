/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * names.c - see options/names.h.
 */
#include "options/names.h"

#include <string.h>

/* A word further away than this is another word. */
#define EDITS_MAX 2

#define ATTACH (1U << COMMAND_ATTACH)
#define CHECK (1U << COMMAND_CHECK)
#define VERSION (1U << COMMAND_VERSION)
#define HELP (1U << COMMAND_HELP)

/* clang-format off */
const struct option_row option_rows[OPTION_COUNT] = {
	[OPTION_PID] = { "pid", 'p', ATTACH | CHECK, "PID or PID=NAME" },
	[OPTION_PORT] = { "port", 0, ATTACH, "1 to 65535" },
	[OPTION_NAME] = { "name", 0, ATTACH, "a process name of up to 15 bytes, or a pattern of "
						"*, ? and []" },
	[OPTION_NO_FOLLOW] = { "no-follow", 0, ATTACH, NULL },
	[OPTION_CLIENT] = { "client", 0, ATTACH, NULL },
	[OPTION_SERVICE] = { "service", 0, ATTACH, "a name" },
	[OPTION_STATSD] = { "statsd", 0, ATTACH, "udp://HOST:PORT or tcp://HOST:PORT (port 1 to 65535), "
					      "unix:///PATH, or none" },
	[OPTION_INTERVAL] = { "interval", 0, ATTACH, "100ms to 1h, with a unit (ms, s, m, h)" },
	[OPTION_DURATION] = { "duration", 0, ATTACH, "1ms to 8760h, with a unit (ms, s, m, h)" },
	[OPTION_OUTPUT] = { "output", 0, ATTACH | CHECK, "table, json or none" },
	[OPTION_METRICS] = { "metrics", 0, ATTACH, "otel or flask" },
	[OPTION_HISTOGRAM] = { "histogram", 0, ATTACH, "buckets or timer" },
	[OPTION_BUCKETS] = { "buckets", 0, ATTACH,
			     "up to 100 ascending numbers of seconds, 0.000001 to 100, "
			     "of at most two significant digits" },
	[OPTION_PHASES] = { "phases", 0, ATTACH | CHECK,
			    "none, or some of queue, service, send, deliver, accept, separated by "
			    "commas" },
	[OPTION_ROUTE] = { "route", 0, ATTACH, "a path like /users/{name}/orders" },
	[OPTION_ROUTES] = { "routes", 0, ATTACH, "a file with a path like /users/{name}/orders a "
						 "line" },
	[OPTION_MAX_SERIES] = { "max-series", 0, ATTACH | CHECK, "1 to 65536" },
	[OPTION_MAX_CONNECTIONS] = { "max-connections", 0, ATTACH | CHECK, "1 to 1048576" },
	[OPTION_VERBOSE] = { "verbose", 'v', ATTACH | CHECK, NULL },
	[OPTION_HELP] = { "help", 'h', ATTACH | CHECK | VERSION | HELP, NULL },
};
/* clang-format on */

bool option_fits(enum option_name name, enum command command)
{
	return option_rows[name].commands & (1U << command);
}

/* ---- getopt_long() ---------------------------------------------------- */

/* Options without a short form are index + this. */
#define LONG_ONLY 256

static int row_value(size_t i)
{
	return option_rows[i].letter ? option_rows[i].letter : LONG_ONLY + (int)i;
}

void option_getopt_init(struct option_getopt *tables)
{
	char *letter = tables->letters;
	size_t i;

	memset(tables, 0, sizeof(*tables));
	*letter++ = '+';
	*letter++ = ':';
	for (i = 0; i < OPTION_COUNT; i++) {
		tables->longs[i] = (struct option){
			.name = option_rows[i].name,
			.has_arg = option_rows[i].allowed ? required_argument : no_argument,
			.val = row_value(i),
		};
		if (!option_rows[i].letter)
			continue;
		*letter++ = option_rows[i].letter;
		if (option_rows[i].allowed)
			*letter++ = ':';
	}
}

enum option_name option_find(int value)
{
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (row_value(i) == value)
			break;
	return i;
}

bool option_is_abbreviated(const char *word, enum option_name name)
{
	const char *whole = option_rows[name].name;

	return strncmp(word, "--", 2) == 0 &&
	       (strncmp(word + 2, whole, strlen(whole)) != 0 ||
		(word[2 + strlen(whole)] != '\0' && word[2 + strlen(whole)] != '='));
}

/* ---- commands --------------------------------------------------------- */

/* The first four are commands by name, the rest other ways to write them. */
static const struct {
	const char *word;
	enum command command;
} commands[] = {
	{ "attach", COMMAND_ATTACH },     { "check", COMMAND_CHECK },
	{ "version", COMMAND_VERSION },   { "help", COMMAND_HELP },
	{ "--version", COMMAND_VERSION }, { "--help", COMMAND_HELP },
	{ "-h", COMMAND_HELP },
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
	const char *nearest = NULL;
	size_t i, edits = EDITS_MAX + 1;

	for (i = 0; i < OPTION_COUNT; i++)
		if (option_fits(i, command))
			consider(&nearest, &edits, word, option_rows[i].name);
	return nearest;
}
