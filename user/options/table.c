/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * table.c - see options/table.h: the table, and what each option sets.
 */
#include "options/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "collect/routes.h"
#include "options/values.h"

/* A reason that names a line and a pattern of a file. */
#define REASON_MAX 1024

/* Of the setters: what they set, what is allowed, the text. */

static const char *set_flag(void *field, const char *allowed, const char *text)
{
	(void)allowed;
	(void)text;
	*(bool *)field = true;
	return NULL;
}

static const char *set_name(void *field, const char *allowed, const char *text)
{
	(void)allowed;
	*(const char **)field = text;
	return *text ? NULL : "the name is empty";
}

static const char *set_instance(void *field, const char *allowed, const char *text)
{
	struct watch_pid pid = { 0 };
	const char *wrong = value_pid(text, &pid);

	(void)allowed;
	*(pid_t *)field = pid.pid;
	return wrong ? wrong : pid.name ? "not a process id" : NULL;
}

static const char *set_buckets(void *field, const char *allowed, const char *text)
{
	struct options *options = field;

	(void)allowed;
	options->statsd.buckets = options->buckets;
	return value_buckets(text, options->buckets, &options->statsd.bucket_count);
}

static const char *set_help(void *field, const char *allowed, const char *text)
{
	struct options *options = field;

	(void)allowed;
	(void)text;
	options->help_about = options->command;
	options->command = COMMAND_HELP;
	return NULL;
}

/* ---- lists; options_parse() has made room ------------------------------- */

static const char *add_pid(void *field, const char *allowed, const char *text)
{
	struct watch_settings *watch = field;
	struct watch_pid *pid = &watch->pids[watch->pid_count];
	const char *wrong = value_pid(text, pid);
	size_t i;

	(void)allowed;
	for (i = 0; !wrong && i < watch->pid_count; i++)
		if (watch->pids[i].pid == pid->pid)
			wrong = "the process is given twice";
	if (!wrong)
		watch->pid_count++;
	return wrong;
}

static const char *add_port(void *field, const char *allowed, const char *text)
{
	struct selection_settings *selection = field;
	uint32_t port;
	const char *wrong = value_number(&port, allowed, text);
	size_t i;

	for (i = 0; !wrong && i < selection->port_count; i++)
		if (selection->ports[i] == port)
			wrong = "the port is given twice";
	if (!wrong)
		selection->ports[selection->port_count++] = (uint16_t)port;
	return wrong;
}

static const char *add_name(void *field, const char *allowed, const char *text)
{
	struct selection_settings *selection = field;
	const char *wrong = value_name_pattern(text);

	(void)allowed;
	if (!wrong)
		selection->names[selection->name_count++] = text;
	return wrong;
}

static const char *set_user(void *field, const char *allowed, const char *text)
{
	struct selection_settings *selection = field;

	(void)allowed;
	selection->one_user = true;
	return value_user(text, &selection->user);
}

static const char *add_destination(void *field, const char *allowed, const char *text)
{
	struct options *options = field;
	struct destination *all = options->destinations, *new = &all[options->destination_count];
	const char *wrong = destination_parse(new, text);
	size_t i;

	(void)allowed;
	if (wrong)
		return wrong;
	/* `none` keeps its place until the whole command line is read: finish_destinations(). */
	if (options->destination_count > 0 &&
	    (new->kind == DESTINATION_NONE || all[0].kind == DESTINATION_NONE))
		return "'none' cannot be combined with other destinations";
	for (i = 0; i < options->destination_count; i++)
		if (all[i].kind == new->kind &&
		    all[i].port == new->port &&strcmp(all[i].host, new->host) == 0)
			return "the destination is given twice";
	options->destination_count++;
	return NULL;
}

static const char *add_route(void *field, const char *allowed, const char *text)
{
	(void)allowed;
	return routes_add(*(struct routes **)field, text);
}

/* A reason that names a line is valid until the next call. */
static const char *add_routes(void *field, const char *allowed, const char *text)
{
	static char reason[REASON_MAX];
	char shown[REASON_MAX / 2];
	struct routes_fault fault;

	(void)allowed;
	if (!routes_read(*(struct routes **)field, text, &fault))
		return NULL;
	if (!fault.text)
		return fault.reason;
	snprintf(reason, sizeof(reason), "line %zu: '%s': %s", fault.line,
		 text_escape_terminal(shown, sizeof(shown), fault.text), fault.reason);
	free(fault.text);
	return reason;
}

/* ---- the table ---------------------------------------------------------- */

#define ATTACH (1U << COMMAND_ATTACH)
#define CHECK (1U << COMMAND_CHECK)
#define HEALTH (1U << COMMAND_HEALTH)

#define FIELD(member) offsetof(struct options, member)

/* clang-format off */
const struct option_row option_rows[] = {
	{
		.section = "What to observe (repeatable, in any combination)",
		.name = "pid", .letter = 'p', .commands = ATTACH | CHECK,
		.argument = "PID[=NAME]",
		.help = "this process and its children; NAME becomes its service_name",
		.apply = add_pid, .field = FIELD(watch),
	}, {
		.name = "port", .commands = ATTACH,
		.argument = "PORT", .allowed = "1 to 65535",
		.help = "processes that listen on this TCP port, now or later",
		.apply = add_port, .field = FIELD(watch.selection),
	}, {
		.name = "name", .commands = ATTACH,
		.argument = "GLOB",
		.allowed = "a process name of at most 15 bytes, or a pattern with *, ? and []",
		.help = "processes with this name, as 'ps -o comm' shows it, now or later",
		.apply = add_name, .field = FIELD(watch.selection),
	}, {
		.name = "user", .commands = ATTACH,
		.argument = "NAME", .allowed = "a user's name or number",
		.help = "of --port and --name, only processes of this user",
		.apply = set_user, .field = FIELD(watch.selection),
	}, {
		.name = "netns", .commands = ATTACH,
		.argument = "PID", .allowed = "a process id",
		.help = "of --port and --name, only what is in the network namespace of this process",
		.apply = value_process, .field = FIELD(watch.selection.netns),
	}, {
		.name = "no-follow", .commands = ATTACH,
		.help = "leave out the children of these processes, and what they fork later",
		.apply = set_flag, .field = FIELD(watch.no_follow),
	}, {
		.name = "client", .commands = ATTACH,
		.help = "also observe the requests that these processes send to other servers",
		.apply = set_flag, .field = FIELD(kernel.client),
	}, {
		.name = "service", .commands = ATTACH,
		.argument = "NAME", .default_words = "the process's name",
		.help = "service_name of all processes that have no NAME of their own",
		.apply = set_name, .field = FIELD(watch.service),
	}, {
		.section = "Routes",
		.name = "route", .commands = ATTACH,
		.argument = "PATTERN", .allowed = "a path like /users/{name}/orders",
		.help = "count all requests for such paths under one route, the pattern; {name} "
			"matches any one segment, or a part of it (/@{user}, /{name}.json); "
			"repeatable, the first match wins. In other paths, segments that look like "
			"ids (numbers, dates, random tokens) become {id}",
		.apply = add_route, .field = FIELD(routes),
	}, {
		.name = "routes", .commands = ATTACH,
		.argument = "FILE", .allowed = "a file with one path like /users/{name}/orders per line",
		.help = "read patterns from a file; # begins a comment",
		.apply = add_routes, .field = FIELD(routes),
	}, {
		.section = "Output",
		.name = "statsd", .commands = ATTACH,
		.argument = "DEST",
		.allowed = "udp://HOST:PORT, tcp://HOST:PORT (IPv6 in brackets), unix:///PATH "
			   "(datagrams), or none",
		.default_value = "udp://127.0.0.1:9125",
		.help = "send StatsD lines there; repeatable, each destination gets every line; the "
			"environment variables STATSD_HOST and STATSD_PORT replace the default's host "
			"and port",
		.apply = add_destination,
	}, {
		.name = "output", .commands = ATTACH | CHECK,
		.argument = "KIND", .allowed = "table, json or none",
		.default_words = "table on a terminal, else none; check: table",
		.help = "what to print on standard output",
		.apply = value_word, .field = FIELD(output),
	}, {
		.name = "metrics", .commands = ATTACH,
		.argument = "NAMES", .allowed = "otel or flask", .default_value = "otel",
		.help = "names of the StatsD metrics: the OpenTelemetry conventions, or those of "
			"the StatsD middleware for Flask (flask.request_status_total and so on)",
		.apply = value_word, .field = FIELD(statsd.metrics),
	}, {
		.name = "histogram", .commands = ATTACH,
		.argument = "KIND", .allowed = "buckets or timer", .default_value = "buckets",
		.help = "send durations as buckets (exact counters by le) or as timers (weighted "
			"'ms' values, for any StatsD server); '--metrics flask' always sends timers",
		.apply = value_word, .field = FIELD(statsd.histogram),
	}, {
		.name = "buckets", .commands = ATTACH,
		.argument = "LIST",
		.allowed = "up to 100 ascending numbers of seconds, 0.000001 to 100, of at most two "
			   "significant digits",
		/* The OpenTelemetry boundaries, finer at the lower end. */
		.default_value = "0.0001,0.00025,0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.075,"
				 "0.1,0.25,0.5,0.75,1.0,2.5,5.0,7.5,10.0",
		.help = "upper bounds (le) of the buckets; the count of each is exact",
		.apply = set_buckets,
	}, {
		.name = "phases", .commands = ATTACH | CHECK,
		.argument = "LIST",
		.allowed = "none, or some of queue, service, send, deliver, accept, separated by "
			   "commas",
		/* Those that need no hook of their own. */
		.default_value = "queue,service,send",
		.help = "parts of a request's time to measure: queue (arrived, but not read yet), "
			"service (until the response begins), send (until the response is written), "
			"deliver (until the client has acknowledged it); of a connection: accept "
			"(until the server accepts it). deliver adds a hook to every TCP segment, "
			"accept to every system call of the machine",
		.apply = value_phases, .field = FIELD(kernel.phases),
	}, {
		.section = "Time (a number with a unit: 100ms, 1.5s, 2m, 1h)",
		.name = "interval", .commands = ATTACH,
		.argument = "TIME", .allowed = "100ms to 1h", .default_value = "5s",
		.help = "time between two flushes",
		.apply = value_duration, .field = FIELD(interval_ns),
	}, {
		.name = "duration", .commands = ATTACH,
		.argument = "TIME", .allowed = "1ms to 8760h",
		.default_words = "until a signal; with --pid alone, until the last process exits",
		.help = "stop after this time",
		.apply = value_duration, .field = FIELD(duration_ns),
	}, {
		.section = "Limits",
		.name = "max-series", .commands = ATTACH | CHECK,
		.argument = "N", .allowed = "1 to 65536", .default_value = "2048",
		.help = "combinations of service, method, route and status; further ones count as "
			"route 'other'",
		.apply = value_number, .field = FIELD(kernel.max_series),
	}, {
		.name = "max-connections", .commands = ATTACH | CHECK,
		.argument = "N", .allowed = "1 to 1048576", .default_value = "65536",
		.help = "connections at the same time",
		.apply = value_number, .field = FIELD(kernel.max_connections),
	}, {
		.section = "Others",
		.name = "instance", .commands = HEALTH,
		.argument = "PID", .default_words = "all of this user and of root",
		.help = "ask only the redtap with this process id, whoever runs it",
		.apply = set_instance, .field = FIELD(instance),
	}, {
		.name = "verbose", .letter = 'v', .commands = ATTACH | CHECK,
		.help = "print more on standard error",
		.apply = set_flag, .field = FIELD(verbose),
	}, {
		.name = "help", .letter = 'h', .commands = ATTACH | CHECK | HEALTH,
		.help = "print the help of this command",
		.apply = set_help,
	},
	{ .name = NULL },
};
/* clang-format on */

_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) <= OPTIONS_MAX + 1, "a bit for each");

const char *option_apply(struct options *options, const struct option_row *row, const char *text)
{
	return row->apply((char *)options + row->field, row->allowed, text);
}
