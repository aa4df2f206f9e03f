/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * observer.h - redtap's own loader and collector inside a test, which sets their clock: one hour
 * passes between two readings.
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
	double now;           /* monotonic seconds, as the collector sees them */
	uint64_t retirements; /* at least this many ids were given back */
	const struct flush *flush;
};

/* Attaches to processes; fails the test if that is not possible. */
void observer_begin(struct observer *observer, const pid_t *pids, size_t count);
void observer_end(struct observer *observer);

/*
 * One hour later: every series that has not counted since the last reading retires.  It does not
 * wait for running programs, so this may take more than two readings.
 */
void observer_read(struct observer *observer);

/* The same, then waits until programs that were running have ended. */
void observer_read_quietly(struct observer *observer);

/* Detaches, then reads once more. */
void observer_finish(struct observer *observer);

/*
 * Fails the test unless the newest flush has the client's counts, the ledger balances, nothing is
 * lost, and each series' phases are those of its own requests.
 */
void observer_assert(const struct observer *observer, const struct counts *expected);

#endif
