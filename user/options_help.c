/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * options_help.c - the help text.
 *
 * Output: text on standard output.  It must not know any state.
 */
#include "options.h"

#include <errno.h>
#include <stdio.h>

static const char help_text[] =
"redtap: rate, errors and duration of a running web server's requests, seen from\n"
"the kernel.  The server is not changed, restarted or slowed by a proxy.\n"
"\n"
"Usage:\n"
"  redtap attach -p PID[=NAME]... [options]\n"
"  redtap version\n"
"  redtap help\n"
"\n"
"What is observed:\n"
"  -p, --pid PID[=NAME]   this process, its children and later forks; repeatable;\n"
"                         NAME is its service_name\n"
"      --no-follow        not the children\n"
"      --service NAME     service_name of all that have none of their own\n"
"                         (default: the process's name)\n"
"\n"
"Where it goes:\n"
"      --statsd DEST      udp://HOST:PORT, udp://[IPv6]:PORT or none; default\n"
"                         from STATSD_HOST and STATSD_PORT, else\n"
"                         udp://127.0.0.1:9125\n"
"      --output KIND      on standard output: table, json or none (default: table\n"
"                         on a terminal, none otherwise)\n"
"      --buckets LIST     le boundaries, ascending, in seconds, 0.000001 to 100, at\n"
"                         most two significant digits; each count is exact; default:\n"
"                         0.0001,0.00025,0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,\n"
"                         0.075,0.1,0.25,0.5,0.75,1.0,2.5,5.0,7.5,10.0\n"
"\n"
"When:\n"
"      --interval DUR     time between two flushes, 100ms to 1h (default 5s)\n"
"      --duration DUR     end by itself after this time (default: at a signal, or\n"
"                         when the last process has exited)\n"
"                         DUR is a number with a unit: 100ms, 1.5s, 2m, 1h\n"
"\n"
"How much:\n"
"      --max-series N     combinations of service, method, route and status, 1 to\n"
"                         65536 (default 2048); what is beyond counts as route\n"
"                         'other'\n"
"      --max-connections N\n"
"                         connections at a time, 1 to 1048576 (default 65536)\n"
"\n"
"  -v, --verbose          say more on standard error\n"
"  -h, --help             this text\n"
"\n"
"Examples:\n"
"  sudo redtap attach --pid 1234\n"
"      observe process 1234 and send its metrics to the statsd_exporter on this\n"
"      machine; on a terminal, show a table\n"
"  sudo STATSD_HOST=metrics redtap attach -p 1234=shop -p 1300=api --interval 10s\n"
"      two services, sent to the host 'metrics' every 10 seconds (sudo strips the\n"
"      environment, so variables stand behind it)\n"
"\n"
"Exit status: 0 ended as asked (signal, --duration, or the processes exited),\n"
"1 failed, 2 bad usage.\n";

int options_print_help(void)
{
	if (fputs(help_text, stdout) == EOF || fflush(stdout) == EOF)
		return errno ? -errno : -EIO;
	return 0;
}
