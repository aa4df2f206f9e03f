/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * stopwatch.h - how long something took, and how much of that time this thread waited for
 * a CPU.
 *
 * Inputs: the clock, /proc/thread-self/schedstat.  Outputs: seconds.  It must not know
 * what is measured.
 */
#ifndef REDTAP_STOPWATCH_H
#define REDTAP_STOPWATCH_H

#include <stdint.h>

struct stopwatch {
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
	uint64_t queued_ns;
};

void stopwatch_start(struct stopwatch *watch);

/* Seconds since the start. */
double stopwatch_elapsed_s(const struct stopwatch *watch);

/* Seconds of these spent waiting for a CPU; 0 if the kernel does not report it. */
double stopwatch_queued_s(const struct stopwatch *watch);

#endif
