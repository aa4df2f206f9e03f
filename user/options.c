/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * options.c - the command line: which options there are, and what they set.
 *
 * Input: argv and the environment.  Output: struct options, or a message.
 * It must not know how a value is written (option_values.c), nor what it is
 * good for.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "option_values.h"
#include "text.h"

#define SUBJECT_MAX 512
#define MS 1000000ULL
#define HOUR (3600 * 1000 * MS)

/* Values of getopt_long() for options without a short form: index + this. */
#define LONG_ONLY 256

enum option_name {
	OPTION_PID,
	OPTION_NO_FOLLOW,
	OPTION_SERVICE,
	OPTION_STATSD,
	OPTION_INTERVAL,
	OPTION_DURATION,
	OPTION_OUTPUT,
	OPTION_BUCKETS,
	OPTION_MAX_SERIES,
	OPTION_MAX_CONNECTIONS,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_COUNT,
};

struct option_row {
	const char *name;
	char letter;         /* 0: no short form */
	const char *allowed; /* what the argument may be; NULL: there is none */
};

static const struct option_row rows[OPTION_COUNT] = {
	[OPTION_PID] = { "pid", 'p', "PID or PID=NAME" },
	[OPTION_NO_FOLLOW] = { "no-follow", 0, NULL },
	[OPTION_SERVICE] = { "service", 0, "a name" },
	[OPTION_STATSD] = { "statsd", 0, "udp://HOST:PORT (port 1 to 65535) or none" },
	[OPTION_INTERVAL] = { "interval", 0, "100ms to 1h, with a unit (ms, s, m, h)" },
	[OPTION_DURATION] = { "duration", 0, "1ms to 8760h, with a unit (ms, s, m, h)" },
	[OPTION_OUTPUT] = { "output", 0, "table, json or none" },
	[OPTION_BUCKETS] = { "buckets", 0,
			     "up to 100 ascending numbers of seconds, 0.000001 to 100, "
			     "of at most two significant digits" },
	[OPTION_MAX_SERIES] = { "max-series", 0, "1 to 65536" },
	[OPTION_MAX_CONNECTIONS] = { "max-connections", 0, "1 to 1048576" },
	[OPTION_VERBOSE] = { "verbose", 'v', NULL },
	[OPTION_HELP] = { "help", 'h', NULL },
};

/* Section 6 of the metrics: the OpenTelemetry boundaries, finer at the lower end. */
static const double default_buckets[] = {
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075,
	0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
};
_Static_assert(sizeof(default_buckets) <= BUCKETS_MAX * sizeof(double), "room for the default");

/* "option '--x': 'text': reason; allowed: ..."; returns -EINVAL. */
static int fail_value(const char *subject, const char *text, const char *reason,
		      const char *allowed)
{
	char shown[SUBJECT_MAX];

	log_error("%s: '%s': %s; allowed: %s", subject,
		  text_escape_terminal(shown, sizeof(shown), text), reason, allowed);
	return -EINVAL;
}

/* "unknown option 'text'" and the like; returns -EINVAL. */
static int fail_text(const char *problem, const char *text, const char *hint)
{
	char shown[SUBJECT_MAX];

	log_error("%s '%s'%s; see 'redtap help'", problem,
		  text_escape_terminal(shown, sizeof(shown), text), hint ? hint : "");
	return -EINVAL;
}

static const char *add_pid(struct options *options, const char *text)
{
	struct pid_option *pid = &options->pids[options->pid_count];
	const char *wrong = value_pid(text, pid);
	size_t i;

	for (i = 0; !wrong && i < options->pid_count; i++)
		if (options->pids[i].pid == pid->pid)
			wrong = "the process is given twice";
	if (!wrong)
		options->pid_count++;
	return wrong;
}

static const char *set_output(struct options *options, const char *text)
{
	static const struct {
		const char *name;
		enum output_kind kind;
	} kinds[] = {
		{ "table", OUTPUT_TABLE },
		{ "json", OUTPUT_JSON },
		{ "none", OUTPUT_NONE },
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(text, kinds[i].name) == 0) {
			options->output = kinds[i].kind;
			return NULL;
		}
	}
	return "not a kind of output";
}

static const char *set_service(struct options *options, const char *text)
{
	if (*text == '\0')
		return "the name is empty";
	options->service = text;
	return NULL;
}

/* Returns NULL, or what is wrong with the argument. */
static const char *apply_option(struct options *options, enum option_name name, const char *text)
{
	switch (name) {
	case OPTION_PID:
		return add_pid(options, text);
	case OPTION_NO_FOLLOW:
		options->follow = false;
		return NULL;
	case OPTION_SERVICE:
		return set_service(options, text);
	case OPTION_STATSD:
		return value_statsd(text, &options->statsd);
	case OPTION_INTERVAL:
		return value_duration(text, 100 * MS, HOUR, &options->interval_ns);
	case OPTION_DURATION:
		return value_duration(text, MS, 8760 * HOUR, &options->duration_ns);
	case OPTION_OUTPUT:
		return set_output(options, text);
	case OPTION_BUCKETS:
		return value_buckets(text, options->buckets, &options->bucket_count);
	case OPTION_MAX_SERIES:
		return value_number(text, 1, 65536, &options->max_series);
	case OPTION_MAX_CONNECTIONS:
		return value_number(text, 1, 1048576, &options->max_connections);
	case OPTION_VERBOSE:
		options->verbose = true;
		return NULL;
	case OPTION_HELP:
		options->command = COMMAND_HELP;
		return NULL;
	case OPTION_COUNT:
		break;
	}
	return "not an option";
}

struct getopt_tables {
	/* '+' stops at the first word that is no option, ':' tells a missing argument apart. */
	char letters[2 + 2 * OPTION_COUNT + 1];
	struct option longs[OPTION_COUNT + 1];
};

static int row_value(size_t i)
{
	return rows[i].letter ? rows[i].letter : LONG_ONLY + (int)i;
}

static void make_tables(struct getopt_tables *tables)
{
	char *letter = tables->letters;
	size_t i;

	memset(tables, 0, sizeof(*tables));
	*letter++ = '+';
	*letter++ = ':';
	for (i = 0; i < OPTION_COUNT; i++) {
		tables->longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].allowed ? required_argument : no_argument,
			.val = row_value(i),
		};
		if (!rows[i].letter)
			continue;
		*letter++ = rows[i].letter;
		if (rows[i].allowed)
			*letter++ = ':';
	}
}

static size_t find_row(int value)
{
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (row_value(i) == value)
			break;
	return i;
}

/* Edits (insert, delete, replace) that turn a into b; 3 where b is too long to be a name. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[32], i, j;
	const size_t length = strlen(b);

	if (length + 1 > sizeof(row) / sizeof(row[0]))
		return 3;
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

/* word: the element of argv, "--nmae=x". */
static int fail_unknown(const char *word)
{
	char name[SUBJECT_MAX], hint[64];
	size_t i;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	for (i = 0; i < OPTION_COUNT; i++) {
		if (edit_distance(name + 2, rows[i].name) > 2)
			continue;
		snprintf(hint, sizeof(hint), "; did you mean '--%s'?", rows[i].name);
		return fail_text("unknown option", name, hint);
	}
	return fail_text("unknown option", name, NULL);
}

/* What getopt_long() refused: the word of argv that it was at, and what it returned. */
static int fail_option(int result, const char *word)
{
	const size_t i = find_row(optopt);

	if (result == ':') {
		log_error("option '--%s' needs an argument: %s; see 'redtap help'", rows[i].name,
			  rows[i].allowed);
		return -EINVAL;
	}
	if (strncmp(word, "--", 2) != 0)
		return fail_text("unknown option", (char[]){ '-', (char)optopt, '\0' }, NULL);
	/* An option without argument that was given one has its value in optopt. */
	if (optopt != 0 && i < OPTION_COUNT) {
		log_error("option '--%s' takes no argument; see 'redtap help'", rows[i].name);
		return -EINVAL;
	}
	return fail_unknown(word);
}

/* getopt_long() takes abbreviations; today's would be ambiguous in a later release. */
static bool is_abbreviated(const char *word, const char *name)
{
	return strncmp(word, "--", 2) == 0 &&
	       (strncmp(word + 2, name, strlen(name)) != 0 ||
		(word[2 + strlen(name)] != '\0' && word[2 + strlen(name)] != '='));
}

/* The destination where --statsd gives none. */
static int parse_environment(struct options *options)
{
	struct statsd_option *statsd = &options->statsd;
	const char *host = getenv("STATSD_HOST"), *port = getenv("STATSD_PORT");
	const char *wrong = NULL;
	size_t length;

	*statsd = (struct statsd_option){ .scheme = STATSD_UDP, .host = "127.0.0.1", .port = 9125 };
	if (host && *host) {
		length = strlen(host);
		/* "[::1]" is as good as "::1" here. */
		if (host[0] == '[' && host[length - 1] == ']')
			wrong = value_host(host + 1, length - 2, statsd);
		else
			wrong = value_host(host, length, statsd);
		if (wrong)
			return fail_value("environment variable STATSD_HOST", host, wrong,
					  "a host name or an address");
	}
	if (port && *port)
		wrong = value_port(port, &statsd->port);
	if (wrong)
		return fail_value("environment variable STATSD_PORT", port, wrong, "1 to 65535");
	return 0;
}

static int parse_options(struct options *options, int argc, char **argv)
{
	struct getopt_tables tables;
	bool statsd_given = false;

	make_tables(&tables);
	opterr = 0;
	optind = 0; /* glibc: begin anew, and forget what was parsed before */
	for (;;) {
		const char *word = argv[optind ? optind : 1];
		const int result = getopt_long(argc, argv, tables.letters, tables.longs, NULL);
		char subject[64];
		const char *wrong;
		size_t i;

		if (result == -1)
			break;
		if (result == '?' || result == ':')
			return fail_option(result, word);
		i = find_row(result);
		if (is_abbreviated(word, rows[i].name))
			return fail_unknown(word);
		snprintf(subject, sizeof(subject), "option '--%s'", rows[i].name);
		if (i == OPTION_STATSD && statsd_given)
			return fail_value(subject, optarg, "a second destination", "one");
		statsd_given |= i == OPTION_STATSD;
		wrong = apply_option(options, i, optarg);
		if (wrong)
			return fail_value(subject, optarg, wrong, rows[i].allowed);
		if (options->command == COMMAND_HELP)
			return 0;
	}
	if (optind < argc)
		return fail_text("unexpected argument", argv[optind], NULL);
	if (options->pid_count == 0) {
		log_error("no process given; name one with --pid PID; see 'redtap help'");
		return -EINVAL;
	}
	return statsd_given ? 0 : parse_environment(options);
}

static int parse_command(const char *word, enum command *command)
{
	static const struct {
		const char *word;
		enum command command;
	} commands[] = {
		{ "attach", COMMAND_ATTACH }, { "version", COMMAND_VERSION },
		{ "help", COMMAND_HELP },     { "--version", COMMAND_VERSION },
		{ "--help", COMMAND_HELP },   { "-h", COMMAND_HELP },
	};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word, commands[i].word) == 0) {
			*command = commands[i].command;
			return 0;
		}
	}
	return fail_text(word[0] == '-' ? "no command before" : "unknown command", word, NULL);
}

static int set_defaults(struct options *options, int argc)
{
	options->follow = true;
	options->interval_ns = 5000 * MS;
	options->max_series = 2048;
	options->max_connections = 65536;
	/* No more pids than words. */
	options->pids = calloc(argc, sizeof(*options->pids));
	options->buckets = calloc(BUCKETS_MAX, sizeof(*options->buckets));
	if (!options->pids || !options->buckets) {
		log_error("out of memory");
		return -ENOMEM;
	}
	memcpy(options->buckets, default_buckets, sizeof(default_buckets));
	options->bucket_count = sizeof(default_buckets) / sizeof(default_buckets[0]);
	return 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int err;

	memset(options, 0, sizeof(*options));
	if (argc < 2) {
		log_error("no command given; see 'redtap help'");
		return -EINVAL;
	}
	err = parse_command(argv[1], &options->command);
	if (err)
		return err;
	if (options->command != COMMAND_ATTACH)
		return argc > 2 ? fail_text("unexpected argument", argv[2], NULL) : 0;
	err = set_defaults(options, argc);
	if (!err)
		err = parse_options(options, argc - 1, argv + 1);
	if (err)
		options_release(options);
	return err;
}

void options_release(struct options *options)
{
	free(options->pids);
	free(options->buckets);
	memset(options, 0, sizeof(*options));
}
