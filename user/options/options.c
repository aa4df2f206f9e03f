/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * options.c - the command line: what the options (options/names.c) set.
 *
 * Input: argv and the environment.  Output: struct options, or a message.
 * It must not know how a value is written (options/values.c), nor what it is
 * good for.
 */
#include "options/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "options/apply.h"
#include "options/names.h"
#include "options/values.h"
#include "collect/routes.h"
#include "base/text.h"

#define SUBJECT_MAX 512
#define MS 1000000ULL

/* Section 6 of the metrics: the OpenTelemetry boundaries, finer at the lower end. */
static const double default_buckets[] = {
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075,
	0.1,    0.25,    0.5,    0.75,  1.0,    2.5,   5.0,  7.5,   10.0,
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

/* "; did you mean 'NAME'?" or nothing. */
static int fail_mistyped(const char *problem, const char *text, const char *dashes,
			 const char *nearest)
{
	char hint[64] = "";

	if (nearest)
		snprintf(hint, sizeof(hint), "; did you mean '%s%s'?", dashes, nearest);
	return fail_text(problem, text, hint);
}

/* word: the element of argv, "--nmae=x". */
static int fail_unknown(const char *word, enum command command)
{
	char name[SUBJECT_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	return fail_mistyped("unknown option", name, "--", option_nearest(name + 2, command));
}

/* What getopt_long() refused: the word of argv that it was at, and what it returned. */
static int fail_option(int result, const char *word, enum command command)
{
	const size_t i = option_find(optopt);

	if (result == ':') {
		log_error("option '--%s' needs an argument: %s; see 'redtap help'",
			  option_rows[i].name, option_rows[i].allowed);
		return -EINVAL;
	}
	if (strncmp(word, "--", 2) != 0)
		return fail_text("unknown option", (char[]){ '-', (char)optopt, '\0' }, NULL);
	/* An option without argument that was given one has its value in optopt. */
	if (optopt != 0 && i < OPTION_COUNT) {
		log_error("option '--%s' takes no argument; see 'redtap help'",
			  option_rows[i].name);
		return -EINVAL;
	}
	return fail_unknown(word, command);
}

/* The destination where --statsd gives none. */
static int parse_environment(struct options *options)
{
	struct statsd_option *statsd = &options->statsd[0];
	const char *host = getenv("STATSD_HOST"), *port = getenv("STATSD_PORT");
	const char *wrong = NULL;
	size_t length;

	*statsd = (struct statsd_option){ .scheme = STATSD_UDP, .host = "127.0.0.1", .port = 9125 };
	options->statsd_count = 1;
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

/* After the last option: what goes with what. */
static int finish_histogram(struct options *options)
{
	if (options->metrics == METRICS_FLASK && options->histogram == HISTOGRAM_BUCKETS) {
		log_error("option '--histogram': 'buckets': '--metrics flask' has its durations "
			  "as timers; leave one of the two out");
		return -EINVAL;
	}
	if (options->histogram == HISTOGRAM_DEFAULT)
		options->histogram = options->metrics == METRICS_FLASK ? HISTOGRAM_TIMER
								       : HISTOGRAM_BUCKETS;
	if (options->histogram == HISTOGRAM_TIMER && options->buckets_given) {
		log_error("option '--buckets': timers have no boundaries ('--histogram timer' or "
			  "'--metrics flask'); the receiver's configuration has them, so leave "
			  "'--buckets' out");
		return -EINVAL;
	}
	return 0;
}

static int finish_statsd(struct options *options)
{
	if (options->statsd_count == 0)
		return parse_environment(options);
	if (options->statsd[0].scheme == STATSD_NONE)
		options->statsd_count = 0;
	return 0;
}

/* Takes the patterns of a file; its messages name the line. */
static int read_routes(struct options *options, const char *subject, const char *path)
{
	struct routes_fault fault;
	char place[SUBJECT_MAX], shown[SUBJECT_MAX / 2];
	int err = routes_read(options->routes, path, &fault);

	if (!err)
		return 0;
	if (fault.text) {
		snprintf(place, sizeof(place), "%s: '%s', line %zu", subject,
			 text_escape_terminal(shown, sizeof(shown), path), fault.line);
		fail_value(place, fault.text, fault.reason, option_rows[OPTION_ROUTE].allowed);
		free(fault.text);
	} else {
		fail_value(subject, path, fault.reason, option_rows[OPTION_ROUTES].allowed);
	}
	return -EINVAL;
}

/* One option that getopt_long() found. */
static int take_option(struct options *options, enum option_name name, const char *text)
{
	char subject[64];
	const char *wrong;

	snprintf(subject, sizeof(subject), "option '--%s'", option_rows[name].name);
	if (!option_fits(name, options->command)) {
		log_error("%s does not belong to '%s'; see 'redtap help %s'", subject,
			  command_name(options->command), command_name(options->command));
		return -EINVAL;
	}
	if (name == OPTION_ROUTES)
		return read_routes(options, subject, text);
	wrong = option_apply(options, name, text);
	return wrong ? fail_value(subject, text, wrong, option_rows[name].allowed) : 0;
}

static int parse_options(struct options *options, int argc, char **argv)
{
	struct option_getopt tables;
	int err;

	option_getopt_init(&tables);
	opterr = 0;
	optind = 0; /* glibc: begin anew, and forget what was parsed before */
	for (;;) {
		const char *word = argv[optind ? optind : 1];
		const int result = getopt_long(argc, argv, tables.letters, tables.longs, NULL);
		size_t i;

		if (result == -1)
			break;
		if (result == '?' || result == ':')
			return fail_option(result, word, options->command);
		i = option_find(result);
		if (option_is_abbreviated(word, i))
			return fail_unknown(word, options->command);
		err = take_option(options, i, optarg);
		if (err || options->command == COMMAND_HELP)
			return err;
	}
	if (optind < argc)
		return fail_text("unexpected argument", argv[optind], NULL);
	if (options->command != COMMAND_ATTACH)
		return 0;
	if (options->pid_count + options->port_count + options->name_count == 0) {
		log_error(
			"no process given; name one with --pid PID, --port PORT or --name GLOB; see 'redtap help'");
		return -EINVAL;
	}
	err = finish_histogram(options);
	return err ? err : finish_statsd(options);
}

/* `help`, `help COMMAND`; `version`; each may have --help behind it. */
static int parse_plain(struct options *options, int argc, char **argv)
{
	if (argc > 2 && options->command == COMMAND_HELP) {
		options->help_about = command_find(argv[2]);
		if (options->help_about == COMMAND_NONE)
			return fail_mistyped("unknown command", argv[2], "",
					     command_nearest(argv[2]));
		argc--;
		argv++;
	}
	if (argc > 2 && options->command == COMMAND_VERSION &&
	    command_find(argv[2]) == COMMAND_HELP && argv[2][0] == '-') {
		options->help_about = options->command;
		options->command = COMMAND_HELP;
		return 0;
	}
	return argc > 2 ? fail_text("unexpected argument", argv[2], NULL) : 0;
}

static int parse_command(const char *word, enum command *command)
{
	*command = command_find(word);
	if (*command != COMMAND_NONE)
		return 0;
	if (word[0] == '-')
		return fail_text("no command before", word, NULL);
	return fail_mistyped("unknown command", word, "", command_nearest(word));
}

static int set_defaults(struct options *options, int argc)
{
	options->follow = true;
	options->interval_ns = 5000 * MS;
	options->phases = PHASES_DEFAULT;
	options->max_series = 2048;
	options->max_connections = 65536;
	/* No more of each than words; the destination of the environment takes no word. */
	options->pids = calloc(argc, sizeof(*options->pids));
	options->ports = calloc(argc, sizeof(*options->ports));
	options->names = calloc(argc, sizeof(*options->names));
	options->statsd = calloc((size_t)argc + 1, sizeof(*options->statsd));
	options->buckets = calloc(BUCKETS_MAX, sizeof(*options->buckets));
	options->routes = routes_open();
	if (!options->pids || !options->ports || !options->names || !options->statsd ||
	    !options->buckets || !options->routes) {
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
	if (options->command != COMMAND_ATTACH && options->command != COMMAND_CHECK)
		return parse_plain(options, argc, argv);
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
	free(options->ports);
	free(options->names);
	free(options->statsd);
	free(options->buckets);
	routes_close(options->routes);
	memset(options, 0, sizeof(*options));
}
