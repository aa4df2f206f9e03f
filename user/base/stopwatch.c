// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * stopwatch.c - see stopwatch.h.
 */
#include "base/stopwatch.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

/* Documentation/scheduler/sched-stats.rst: time on a CPU, time in a run queue, time slices. */
static uint64_t queued_ns(void)
{
	FILE *file = fopen("/proc/thread-self/schedstat", "re");
	uint64_t on_cpu, queued = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64 " %" SCNu64, &on_cpu, &queued) != 2)
		queued = 0;
	fclose(file);
	return queued;
}

void stopwatch_start(struct stopwatch *watch)
{
	watch->queued_ns = queued_ns();
	watch->begin_ns = clock_monotonic_ns();
}

double stopwatch_elapsed_s(const struct stopwatch *watch)
{
	return (clock_monotonic_ns() - watch->begin_ns) / 1e9;
}

double stopwatch_queued_s(const struct stopwatch *watch)
{
	const uint64_t queued = queued_ns();

	return queued > watch->queued_ns ? (queued - watch->queued_ns) / 1e9 : 0;
}
