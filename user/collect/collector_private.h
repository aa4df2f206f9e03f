/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * collector_private.h - what the parts of the collector share.
 *
 *   collector.c          its life, and a flush put together
 *   collector_series.c   the kernel's series: which there are, what they have counted
 *   collector_retire.c   series that are idle give their places away
 *   collector_ledger.c   the ledger, read in balance
 */
#ifndef REDTAP_COLLECTOR_PRIVATE_H
#define REDTAP_COLLECTOR_PRIVATE_H

#include "collect/collector.h"
#include "collect/peers.h"
#include "collect/phase_table.h"
#include "collect/series_table.h"

/* What was read last of one phase of a series, since its bins wrap. */
struct phase_source {
	uint64_t sum_ns;
	struct bins bins;
};

/*
 * One id of the kernel: what was read of it last, since its counters only grow (and
 * its bins wrap), and where its requests are added.  When its series retires, the
 * next one with this id goes on from there.
 */
struct source {
	struct series *series; /* NULL: the id is free */
	struct route_phases *route;
	struct series_key key;
	double moved;   /* when it last counted, monotonic seconds */
	bool forgotten; /* it is found no more: it retires */
	struct phase_source phases[REQUEST_PHASE_COUNT];
	uint64_t counted; /* the kernel's count, read before the bins */
	uint64_t sum_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	struct bins bins;
};

struct collector {
	struct loader *loader;
	uint32_t max_series;
	const struct routes *routes; /* NULL: none */
	struct source **sources;     /* by the kernel's id; NULL: not met yet */
	size_t source_count;         /* of these, in use */
	size_t forgotten_count;      /* of these, on their way out ... */
	int quiet; /* ... and used by no program any more as the last flush began; -errno */
	struct series_table table;                  /* what is exported */
	size_t shown;                               /* of these, in a flush before */
	struct phase_table phases;                  /* exported beside it */
	uint32_t route_phases;                      /* of a request: bits 1 << enum request_phase */
	bool accepts;                               /* that of connections is asked for, too */
	struct phase_source accepted[SERVICES_MAX]; /* by service */
	struct service services[SERVICES_MAX];
	struct peers peers;
	size_t service_count;
	struct flush flush;
	double started; /* monotonic, seconds */
	double taken;
};
/* ---- collector_series.c ------------------------------------------------ */

void collector_free_source(struct source *source);
/* Looks for new series, and reads what all have counted.  Returns 0 or -errno. */
int collector_read_series(struct collector *collector);

/* ---- collector_ledger.c ------------------------------------------------ */

/* The flush's ledger and gauges: in balance, and the differences to the last. */
void collector_read_ledger(struct collector *collector);

#endif
