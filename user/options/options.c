/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * options.c - the command line: finds options, applies them by the table, adds the
 * defaults, and checks what does not go together.
 *
 * Input: argv and the environment.  Output: struct options, or a message.  It must not
 * know how a value is written (values.c), nor what it is used for.
 */
#include "options/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "collect/routes.h"
#include "options/names.h"

#define SUBJECT_MAX 512

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
	const struct option_row *row = option_find(optopt);

	if (result == ':') {
		log_error("option '--%s' needs an argument: %s; see 'redtap help'", row->name,
			  option_allowed(row));
		return -EINVAL;
	}
	if (strncmp(word, "--", 2) != 0)
		return fail_text("unknown option", (char[]){ '-', (char)optopt, '\0' }, NULL);
	/* An option without argument that was given one has its value in optopt. */
	if (optopt != 0 && row) {
		log_error("option '--%s' takes no argument; see 'redtap help'", row->name);
		return -EINVAL;
	}
	return fail_unknown(word, command);
}

static int apply_option(struct options *options, const struct option_row *row, const char *text)
{
	char subject[64];
	const char *wrong = option_apply(options, row, text);

	snprintf(subject, sizeof(subject), "option '--%s'", row->name);
	return wrong ? fail_value(subject, text, wrong, option_allowed(row)) : 0;
}

/* ---- after the last option -------------------------------------------- */

static int apply_defaults(struct options *options)
{
	const struct option_row *row;
	int err = 0;

	for (row = option_rows; row->name && !err; row++)
		if (row->default_value && option_fits(row, options->command) &&
		    !option_is_given(options, row->name))
			err = apply_option(options, row, row->default_value);
	return err;
}

static int finish_histogram(struct options *options)
{
	struct statsd_settings *statsd = &options->statsd;

	if (statsd->metrics == METRICS_FLASK) {
		if (option_is_given(options, "histogram") &&
		    statsd->histogram == HISTOGRAM_BUCKETS) {
			log_error("option '--histogram': 'buckets': '--metrics flask' always sends "
				  "timers; remove one of the two options");
			return -EINVAL;
		}
		statsd->histogram = HISTOGRAM_TIMER;
	}
	if (statsd->histogram == HISTOGRAM_TIMER && option_is_given(options, "buckets")) {
		log_error("option '--buckets': timers ('--histogram timer' or '--metrics flask') "
			  "have no buckets here; remove '--buckets' and configure them in the "
			  "receiver");
		return -EINVAL;
	}
	return 0;
}

/* Puts STATSD_HOST and STATSD_PORT into the default destination. */
static int read_environment(struct destination *destination)
{
	const char *host = getenv("STATSD_HOST"), *port = getenv("STATSD_PORT");
	const char *wrong = NULL;

	if (host && *host) {
		const size_t length = strlen(host);

		/* "[::1]" is accepted like "::1". */
		if (host[0] == '[' && host[length - 1] == ']')
			wrong = destination_parse_host(destination, host + 1, length - 2);
		else
			wrong = destination_parse_host(destination, host, length);
		if (wrong)
			return fail_value("environment variable STATSD_HOST", host, wrong,
					  "a host name or an address");
	}
	if (port && *port)
		wrong = destination_parse_port(destination, port);
	return wrong ? fail_value("environment variable STATSD_PORT", port, wrong, "1 to 65535")
		     : 0;
}

static int finish_destinations(struct options *options)
{
	if (!option_is_given(options, "statsd"))
		return read_environment(&options->destinations[0]);
	if (options->destinations[0].kind == DESTINATION_NONE)
		options->destination_count = 0;
	return 0;
}

/* --user and --netns restrict what these two find. */
static int check_selection(const struct options *options)
{
	const struct selection_settings *selection = &options->watch.selection;

	if (selection->port_count + selection->name_count > 0 ||
	    (!selection->one_user && !selection->netns))
		return 0;
	log_error("option '--%s': it restricts --port and --name, and none is given; add one, or "
		  "remove it; see 'redtap help'",
		  selection->one_user ? "user" : "netns");
	return -EINVAL;
}

static int finish_options(struct options *options)
{
	const struct watch_settings *watch = &options->watch;
	int err;

	if (options->command == COMMAND_ATTACH &&
	    watch->pid_count + watch->selection.port_count + watch->selection.name_count == 0) {
		log_error("no process given; name one with --pid PID, --port PORT or --name GLOB; "
			  "see 'redtap help'");
		return -EINVAL;
	}
	err = check_selection(options);
	if (!err)
		err = apply_defaults(options);
	if (!err && options->command == COMMAND_ATTACH)
		err = finish_histogram(options);
	if (!err && options->command == COMMAND_ATTACH)
		err = finish_destinations(options);
	return err;
}

/* ---- argv ------------------------------------------------------------- */

/* One option that getopt_long() found. */
static int take_option(struct options *options, const struct option_row *row, const char *text)
{
	if (!option_fits(row, options->command)) {
		log_error("option '--%s' does not belong to '%s'; see 'redtap help %s'", row->name,
			  command_name(options->command), command_name(options->command));
		return -EINVAL;
	}
	options->given |= 1U << (row - option_rows);
	return apply_option(options, row, text);
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
		const struct option_row *row;

		if (result == -1)
			break;
		if (result == '?' || result == ':')
			return fail_option(result, word, options->command);
		row = option_find(result);
		if (option_is_abbreviated(word, row))
			return fail_unknown(word, options->command);
		err = take_option(options, row, optarg);
		if (err || options->command == COMMAND_HELP)
			return err;
	}
	if (optind < argc)
		return fail_text("unexpected argument", argv[optind], NULL);
	return finish_options(options);
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

/* No more of each than words; the default destination takes no word. */
static int make_room(struct options *options, int argc)
{
	struct watch_settings *watch = &options->watch;

	watch->pids = calloc(argc, sizeof(*watch->pids));
	watch->selection.ports = calloc(argc, sizeof(*watch->selection.ports));
	watch->selection.names = calloc(argc, sizeof(*watch->selection.names));
	options->destinations = calloc((size_t)argc + 1, sizeof(*options->destinations));
	options->routes = routes_open();
	if (watch->pids && watch->selection.ports && watch->selection.names &&
	    options->destinations && options->routes)
		return 0;
	log_error("out of memory");
	return -ENOMEM;
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
	if (options->command == COMMAND_VERSION || options->command == COMMAND_HELP)
		return parse_plain(options, argc, argv);
	err = make_room(options, argc);
	if (!err)
		err = parse_options(options, argc - 1, argv + 1);
	if (err)
		options_release(options);
	return err;
}

void options_release(struct options *options)
{
	free(options->watch.pids);
	free(options->watch.selection.ports);
	free(options->watch.selection.names);
	free(options->destinations);
	routes_close(options->routes);
	memset(options, 0, sizeof(*options));
}
