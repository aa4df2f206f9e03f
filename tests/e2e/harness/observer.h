/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * observer.h - redtap's own loader and collector inside a test, which tells them the
 * time: between two readings an hour goes by.
 *
 * Inputs: processes.  Outputs: flushes, compared with the client's counts.  It must not
 * know what is sent.
 */
#ifndef REDTAP_E2E_OBSERVER_H
#define REDTAP_E2E_OBSERVER_H

#include "collect/collector.h"
#include "harness/counts.h"
#include "options/options.h"
#include "watch/watch.h"

struct observer {
	struct options options;
	struct loader *loader;
	struct collector *collector;
	struct watch watch;
	double now;           /* monotonic seconds, as far as the collector knows */
	uint64_t retirements; /* at least so many ids were given back */
	const struct flush *flush;
};

/* Attaches to processes; fails the test where that can not be done. */
void observer_begin(struct observer *observer, const pid_t *pids, size_t count);
void observer_end(struct observer *observer);

/*
 * An hour later: all that has not counted since the last reading retires.  Does not wait
 * for programs that are under way, so it may take more readings than two.
 */
void observer_read(struct observer *observer);

/* The same, then waits until programs that were under way have ended. */
void observer_read_quietly(struct observer *observer);

/* Detaches, and reads a last time. */
void observer_finish(struct observer *observer);

/*
 * The newest flush is the client's counts, the ledger in balance, nothing lost, and
 * each series' phases are those of its own requests.
 */
void observer_assert(const struct observer *observer, const struct counts *expected);

#endif
