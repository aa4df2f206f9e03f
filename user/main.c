/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * main.c - parses the command line, runs the command, returns the exit status.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "check/check.h"
#include "base/log.h"
#include "options/options.h"
#include "run.h"

int main(int argc, char **argv)
{
	struct options options;
	int err = options_parse(&options, argc, argv);

	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	log_verbose = options.verbose;
	switch (options.command) {
	case COMMAND_ATTACH:
		err = run_attach(&options);
		break;
	case COMMAND_CHECK:
		err = check_run(&options);
		break;
	case COMMAND_VERSION:
		printf("redtap %s\n", REDTAP_VERSION);
		break;
	default:
		err = options_print_help(options.help_about);
		break;
	}
	options_release(&options);
	if (!err && fflush(stdout) && errno != EPIPE)
		err = -errno;
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
