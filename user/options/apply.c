// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * apply.c - see options/apply.h.
 */
#include "options/apply.h"

#include <string.h>

#include "options/values.h"
#include "collect/routes.h"

#define MS 1000000ULL
#define HOUR (3600 * 1000 * MS)

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

/* No more of each than words: set_defaults() made room. */
static const char *add_port(struct options *options, const char *text)
{
	uint16_t *port = &options->ports[options->port_count];
	const char *wrong = value_port(text, port);
	size_t i;

	for (i = 0; !wrong && i < options->port_count; i++)
		if (options->ports[i] == *port)
			wrong = "the port is given twice";
	if (!wrong)
		options->port_count++;
	return wrong;
}

static const char *add_name(struct options *options, const char *text)
{
	const char *wrong = value_name_pattern(text);

	if (!wrong)
		options->names[options->name_count++] = text;
	return wrong;
}

static const char *add_statsd(struct options *options, const char *text)
{
	struct statsd_option *statsd = &options->statsd[options->statsd_count];
	const char *wrong = value_statsd(text, statsd);
	size_t i;

	if (wrong)
		return wrong;
	/* `none` stays in its place until the whole line is known: finish_statsd(). */
	if (options->statsd_count > 0 &&
	    (statsd->scheme == STATSD_NONE || options->statsd[0].scheme == STATSD_NONE))
		return "'none' does not go with other destinations";
	for (i = 0; i < options->statsd_count; i++)
		if (options->statsd[i].scheme == statsd->scheme &&
		    options->statsd[i].port == statsd->port &&
		    strcmp(options->statsd[i].host, statsd->host) == 0)
			return "the destination is given twice";
	options->statsd_count++;
	return NULL;
}

static const char *set_buckets(struct options *options, const char *text)
{
	options->buckets_given = true;
	return value_buckets(text, options->buckets, &options->bucket_count);
}

static const char *set_service(struct options *options, const char *text)
{
	if (*text == '\0')
		return "the name is empty";
	options->service = text;
	return NULL;
}

const char *option_apply(struct options *options, enum option_name name, const char *text)
{
	switch (name) {
	case OPTION_PID:
		return add_pid(options, text);
	case OPTION_PORT:
		return add_port(options, text);
	case OPTION_NAME:
		return add_name(options, text);
	case OPTION_NO_FOLLOW:
		options->follow = false;
		return NULL;
	case OPTION_SERVICE:
		return set_service(options, text);
	case OPTION_STATSD:
		return add_statsd(options, text);
	case OPTION_INTERVAL:
		return value_duration(text, 100 * MS, HOUR, &options->interval_ns);
	case OPTION_DURATION:
		return value_duration(text, MS, 8760 * HOUR, &options->duration_ns);
	case OPTION_OUTPUT:
		return value_output(text, &options->output);
	case OPTION_BUCKETS:
		return set_buckets(options, text);
	case OPTION_METRICS:
		return value_metrics(text, &options->metrics);
	case OPTION_HISTOGRAM:
		return value_histogram(text, &options->histogram);
	case OPTION_PHASES:
		return value_phases(text, &options->phases);
	case OPTION_CLIENT:
		options->client = true;
		return NULL;
	case OPTION_ROUTE:
		return routes_add(options->routes, text);
	case OPTION_MAX_SERIES:
		return value_number(text, 1, 65536, &options->max_series);
	case OPTION_MAX_CONNECTIONS:
		return value_number(text, 1, 1048576, &options->max_connections);
	case OPTION_VERBOSE:
		options->verbose = true;
		return NULL;
	case OPTION_HELP:
		options->help_about = options->command;
		options->command = COMMAND_HELP;
		return NULL;
	case OPTION_ROUTES: /* read_routes() */
	case OPTION_COUNT:
		break;
	}
	return "not an option";
}
