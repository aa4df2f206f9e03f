/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * options.h - the command line, checked and in one struct: the settings of each part.
 *
 * Input: argv, the environment (STATSD_HOST, STATSD_PORT) and the files of --routes.
 * Output: struct options.  It must not know BPF, /proc or sockets.
 */
#ifndef REDTAP_OPTIONS_H
#define REDTAP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/loader.h"
#include "report/report.h"
#include "send/destination.h"
#include "statsd/statsd.h"
#include "watch/watch.h"

#define EXIT_USAGE 2 /* bad usage; 1 is "failed", 0 "ended as asked" */

enum command {
	COMMAND_NONE = 0,
	COMMAND_ATTACH,
	COMMAND_CHECK,
	COMMAND_HEALTH,
	COMMAND_VERSION,
	COMMAND_HELP,
};

struct routes; /* routes.h */

struct options {
	enum command command;
	enum command help_about; /* `help COMMAND`, `COMMAND --help`; COMMAND_NONE: everything */
	uint32_t given;          /* bits 1 << place in option_rows[] */
	struct watch_settings watch; /* its arrays are owned, texts point into argv */
	struct loader_settings kernel;
	struct routes *routes;              /* owned; never NULL for COMMAND_ATTACH */
	struct destination *destinations;   /* owned; each gets every line */
	size_t destination_count;           /* 0: --statsd none */
	struct statsd_settings statsd;      /* the names of destinations are not filled */
	double buckets[STATSD_BUCKETS_MAX]; /* those of statsd */
	enum output_kind output;
	uint64_t interval_ns;
	uint64_t duration_ns; /* 0: no limit */
	pid_t instance;       /* of COMMAND_HEALTH; 0: all */
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
