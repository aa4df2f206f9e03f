/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * main.c - parses the command line, runs the command, returns the exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "check/check.h"
#include "health/health.h"
#include "options/options.h"
#include "run.h"

/*
 * Standard streams that were closed become ones that cannot be written to: or the next
 * descriptor, a BPF map for instance, would take their place.
 */
static void open_standard_streams(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDONLY);
}

int main(int argc, char **argv)
{
	struct options options;
	int err;

	open_standard_streams();
	err = options_parse(&options, argc, argv);
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
	case COMMAND_HEALTH:
		err = health_ask(options.instance);
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
