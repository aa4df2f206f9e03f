/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * output.c - see report/output.h.
 */
#include "report/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/outlet.h"

/* Reports that wait for a reader, at most. */
#define REPORTS_MAX 16

struct output {
	struct outlet *outlet;
	struct outlet_state state; /* at the last look */
	bool told;                 /* the user knows that reports are not taken */
};

int output_open(struct output **result, int fd)
{
	struct output *output = calloc(1, sizeof(*output));
	int err;

	*result = output;
	if (output)
		output->outlet = outlet_open(fd, REPORTS_MAX);
	if (output && output->outlet)
		return 0;
	err = -errno;
	free(output);
	*result = NULL;
	log_error("cannot prepare standard output: %s", strerror(-err));
	return err;
}

void output_put(void *context, const char *text, size_t length, bool last)
{
	struct output *output = context;

	outlet_put(output->outlet, text, length, last);
}

void output_look(struct output *output, bool alone)
{
	struct outlet_state *state = &output->state;

	outlet_look(output->outlet, state);
	if (output->told == (state->stuck || state->error) || (alone && state->error == EPIPE))
		return;
	output->told = !output->told;
	if (!output->told)
		log_info("standard output takes reports again; %" PRIu64 " were dropped",
			 state->dropped);
	else if (state->error)
		log_warning("cannot write to standard output: %s; reports are dropped and counted "
			    "(redtap.output.dropped)%s; check its reader or the disk",
			    strerror(state->error), alone ? "" : ", StatsD goes on");
	else
		log_warning(
			"standard output takes nothing: its reader is stuck; %d reports wait, "
			"more are dropped and counted (redtap.output.dropped)%s; check its reader",
			REPORTS_MAX, alone ? "" : ", StatsD goes on");
}

int output_error(const struct output *output)
{
	return -output->state.error;
}

uint64_t output_dropped(const struct output *output)
{
	return output->state.dropped;
}

void output_close(struct output *output, uint64_t deadline_ns)
{
	uint64_t dropped;

	if (!output)
		return;
	dropped = outlet_close(output->outlet, deadline_ns);
	if (dropped > output->state.dropped)
		log_warning("%" PRIu64 " reports for standard output were dropped, the last ones "
			    "among them",
			    dropped);
	free(output);
}
