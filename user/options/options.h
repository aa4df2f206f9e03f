/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * options.h - the command line, checked and in one struct.
 *
 * Input: argv, the environment (STATSD_HOST, STATSD_PORT) and the files that
 * --routes names.  Output: struct options.  It must not know BPF, /proc or
 * sockets.
 */
#ifndef REDTAP_OPTIONS_H
#define REDTAP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EXIT_USAGE 2 /* bad usage; 1 is "failed", 0 "ended as asked" */

enum command {
	COMMAND_NONE = 0,
	COMMAND_ATTACH,
	COMMAND_CHECK,
	COMMAND_VERSION,
	COMMAND_HELP,
};

enum output_kind {
	OUTPUT_DEFAULT = 0, /* table on a terminal, none otherwise */
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_NONE,
};

/* Names and labels of the StatsD lines. */
enum metrics_kind {
	METRICS_OTEL = 0, /* the OpenTelemetry HTTP conventions */
	METRICS_FLASK,    /* those of the StatsD middleware for Flask */
};

/* How a distribution goes into StatsD lines. */
enum histogram_kind {
	HISTOGRAM_DEFAULT = 0, /* buckets, or timer for METRICS_FLASK */
	HISTOGRAM_BUCKETS,     /* exact cumulative counters, le by le */
	HISTOGRAM_TIMER,       /* weighted timers */
};

/* -p PID[=NAME] */
struct pid_option {
	pid_t pid;
	const char *name; /* points into argv; NULL: --service, else the process's name */
};

enum statsd_scheme {
	STATSD_NONE = 0, /* --statsd none */
	STATSD_UDP,
	STATSD_TCP,
	STATSD_UNIX,
};

struct routes; /* routes.h */

/* --statsd DEST, syntax checked, not resolved */
struct statsd_option {
	enum statsd_scheme scheme;
	char host[256]; /* IPv6 addresses without their brackets; STATSD_UNIX: the path */
	uint16_t port;
};

struct options {
	enum command command;
	enum command help_about; /* `help COMMAND`, `COMMAND --help`; COMMAND_NONE: everything */
	struct pid_option *pids; /* owned */
	size_t pid_count;
	uint16_t *ports; /* owned; --port */
	size_t port_count;
	const char **names; /* owned, the patterns point into argv; --name */
	size_t name_count;
	bool follow;
	const char *service;          /* NULL: none given */
	struct statsd_option *statsd; /* owned; each gets every line */
	size_t statsd_count;          /* 0: --statsd none */
	uint64_t interval_ns;         /* 100 ms .. 1 h */
	uint64_t duration_ns;         /* 0: until a signal or the target's end */
	enum output_kind output;
	enum metrics_kind metrics;
	enum histogram_kind histogram; /* never HISTOGRAM_DEFAULT after options_parse() */
	bool buckets_given;
	double *buckets; /* owned; seconds, ascending, without +Inf */
	size_t bucket_count;
	struct routes *routes; /* owned; never NULL for COMMAND_ATTACH */
	uint32_t phases;       /* bits 1 << enum request_phase */
	bool client;           /* --client */
	uint32_t max_series;
	uint32_t max_connections;
	bool verbose;
};

/*
 * Parses argv into options (which need no init).  Returns 0, or -EINVAL after
 * a message on standard error that names the option, the text and what is
 * allowed; -ENOMEM.  options_release() is due after success only.
 */
int options_parse(struct options *options, int argc, char **argv);
void options_release(struct options *options);

/*
 * Prints the help text about one command, or about all (COMMAND_NONE), to
 * standard output.  Returns 0 or -errno.
 */
int options_print_help(enum command about);

#endif
