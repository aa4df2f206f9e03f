/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * help.c - the help texts.
 *
 * Output: text on standard output.  It must not know any state.
 */
#include "options/options.h"

#include <errno.h>
#include <stdio.h>

/* clang-format off */
static const char intro_text[] =
"redtap: rate, errors and duration of a running web server's requests, seen from\n"
"the kernel.  The server is not changed, restarted or slowed by a proxy.\n"
"\n"
"Usage:\n"
"  redtap attach (-p PID[=NAME] | --port PORT | --name GLOB)... [options]\n"
"  redtap check [-p PID]... [options]\n"
"  redtap version\n"
"  redtap help [COMMAND]\n";

static const char attach_usage_text[] =
"Usage: redtap attach (-p PID[=NAME] | --port PORT | --name GLOB)... [options]\n"
"\n"
"Observes the HTTP requests that running processes answer.\n";

static const char attach_text[] =
"What is observed (repeatable, in any mixture):\n"
"  -p, --pid PID[=NAME]   this process; NAME is its service_name\n"
"      --port PORT        whoever listens on this TCP port, now or later\n"
"      --name GLOB        processes of this name, now or later: what 'ps -o comm'\n"
"                         shows, up to 15 bytes; *, ? and [] as in a shell\n"
"      --no-follow        not their children and later forks\n"
"      --client           the requests that they send to other servers, too\n"
"      --service NAME     service_name of all that have none of their own\n"
"                         (default: the process's name)\n"
"\n"
"How requests are told apart:\n"
"      --route PATTERN    requests for such a path share one route, the pattern:\n"
"                         /users/{name}/orders, where {name} is any one segment;\n"
"                         repeatable, the first that matches wins; elsewhere\n"
"                         segments of digits, hex or 32 bytes become {id}\n"
"      --routes FILE      a pattern a line; # begins a comment\n"
"\n"
"Where it goes:\n"
"      --statsd DEST      udp://HOST:PORT, tcp://HOST:PORT (IPv6 in brackets),\n"
"                         unix:///PATH (datagrams); repeatable, each gets every\n"
"                         line; none turns it off; default from STATSD_HOST and\n"
"                         STATSD_PORT, else udp://127.0.0.1:9125\n"
"      --output KIND      on standard output: table, json or none (default: table\n"
"                         on a terminal, none otherwise)\n"
"      --metrics NAMES    of the StatsD lines: otel, the OpenTelemetry conventions\n"
"                         (default), or flask, those of the StatsD middleware for\n"
"                         Flask (flask.request_status_total and so on)\n"
"      --histogram KIND   durations as buckets, exact counters by le (default), or as\n"
"                         timer, weighted 'ms' values for any StatsD server; flask\n"
"                         has timers always\n"
"      --buckets LIST     le boundaries, ascending, in seconds, 0.000001 to 100, at\n"
"                         most two significant digits; each count is exact; default:\n"
"                         0.0001,0.00025,0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,\n"
"                         0.075,0.1,0.25,0.5,0.75,1.0,2.5,5.0,7.5,10.0\n"
"      --phases LIST      where the time of requests went: queue (read by nobody yet),\n"
"                         service (until the answer begins), send (the answer being\n"
"                         written), deliver (until the client has acknowledged it);\n"
"                         of connections: accept (waiting to be accepted); or none;\n"
"                         default: queue,service,send; the other two cost a hook\n"
"                         each, on every TCP segment and on every system call\n"
"\n"
"When:\n"
"      --interval DUR     time between two flushes, 100ms to 1h (default 5s)\n"
"      --duration DUR     end by itself after this time (default: at a signal, or,\n"
"                         with --pid alone, when the last process has exited)\n"
"                         DUR is a number with a unit: 100ms, 1.5s, 2m, 1h\n"
"\n";

static const char limits_text[] =
"How much:\n"
"      --max-series N     combinations of service, method, route and status, 1 to\n"
"                         65536 (default 2048); what is beyond counts as route\n"
"                         'other'\n"
"      --max-connections N\n"
"                         connections at a time, 1 to 1048576 (default 65536)\n"
"\n"
"  -v, --verbose          say more on standard error\n"
"  -h, --help             help on this command\n";

static const char attach_examples_text[] =
"  sudo redtap attach --pid 1234\n"
"      observe process 1234 and send its metrics to the statsd_exporter on this\n"
"      machine; on a terminal, show a table\n"
"  sudo STATSD_HOST=127.0.0.1 redtap attach --port 8080 --route '/shops/{shop}/items'\n"
"      observe whoever listens on port 8080, also after a restart, with one route\n"
"      for the items of all shops (sudo strips the environment, so variables stand\n"
"      behind it)\n";

static const char check_usage_text[] =
"Usage: redtap check [-p PID]... [options]\n"
"\n"
"Tells what this kernel and this user allow, by trying, and what 'redtap attach'\n"
"would use; of processes, what they serve, observed for one second.  Exit status\n"
"0 only if attach would work.\n";

static const char check_text[] =
"  -p, --pid PID          look at this process too; repeatable\n"
"      --output KIND      table (to be read; the default), json or none\n"
"      --phases LIST      those that attach is to measure (default: as there)\n";

static const char check_examples_text[] =
"  sudo redtap check --pid 1234\n"
"      whether redtap can observe process 1234, and what it serves\n";

static const char version_usage_text[] =
"Usage: redtap version\n"
"\n"
"Prints the version.\n";

static const char help_usage_text[] =
"Usage: redtap help [COMMAND]\n"
"\n"
"Prints help on a command (attach, check, version, help), or on all of them.\n";

static const char status_text[] =
"Exit status: 0 ended as asked (signal, --duration, or the processes exited),\n"
"1 failed, 2 bad usage.\n";
/* clang-format on */

static const char line_break[] = "\n";
static const char examples_title[] = "Examples:\n";

static const char *const attach_help[] = {
	attach_usage_text, line_break,           attach_text, limits_text, line_break,
	examples_title,    attach_examples_text, line_break,  status_text, NULL,
};
static const char *const check_help[] = {
	check_usage_text, line_break,     check_text,          line_break, limits_text,
	line_break,       examples_title, check_examples_text, NULL,
};
static const char *const version_help[] = { version_usage_text, NULL };
static const char *const help_help[] = { help_usage_text, NULL };
static const char *const whole_help[] = {
	intro_text,
	line_break,
	"redtap attach\n",
	line_break,
	attach_text,
	limits_text,
	line_break,
	"redtap check: what this kernel and this user allow\n",
	line_break,
	check_text,
	"      --max-series, --max-connections, -v, -h: as above\n",
	line_break,
	examples_title,
	attach_examples_text,
	check_examples_text,
	line_break,
	status_text,
	NULL,
};

static const char *const *help_of(enum command about)
{
	switch (about) {
	case COMMAND_ATTACH:
		return attach_help;
	case COMMAND_CHECK:
		return check_help;
	case COMMAND_VERSION:
		return version_help;
	case COMMAND_HELP:
		return help_help;
	case COMMAND_NONE:
		break;
	}
	return whole_help;
}

int options_print_help(enum command about)
{
	const char *const *part;

	for (part = help_of(about); *part; part++)
		if (fputs(*part, stdout) == EOF)
			return errno ? -errno : -EIO;
	if (fflush(stdout) == EOF)
		return errno ? -errno : -EIO;
	return 0;
}
