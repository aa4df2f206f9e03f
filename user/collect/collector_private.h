/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * collector_private.h - what the parts of the collector share.
 *
 *   collector.c          opening, closing, putting a flush together
 *   collector_series.c   finds and reads the kernel's series
 *   collector_retire.c   frees the places of idle series
 *   collector_service.c  names of services, and which of them are in use
 *   collector_ledger.c   reads the ledger so that its numbers add up
 */
#ifndef REDTAP_COLLECTOR_PRIVATE_H
#define REDTAP_COLLECTOR_PRIVATE_H

#include "collect/collector.h"
#include "collect/peers.h"
#include "collect/phase_table.h"
#include "collect/series_table.h"
#include "collect/similar.h"

/* The last reading of one phase of a series; its bins wrap. */
struct phase_source {
	uint64_t sum_ns;
	struct bins bins;
};

/*
 * One id of the kernel: its last reading, since its counters only grow (and its bins wrap),
 * and the series to which its requests are added.  When that series retires, the values stay
 * as the starting point of the next series with this id.
 */
struct source {
	struct series *series; /* NULL: the id is free */
	struct route_phases *route;
	struct series_key key;
	double moved;   /* when it last counted, monotonic seconds */
	bool forgotten; /* removed from the kernel's lookup: it retires */
	struct phase_source phases[REQUEST_PHASE_COUNT];
	uint64_t base;    /* the kernel's count when this series began */
	uint64_t counted; /* the same at the last reading, read before the bins */
	uint64_t sum_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	struct bins bins;
};

struct collector {
	struct loader *loader;
	uint32_t max_series;
	size_t names;                /* how many series may be exported */
	const struct routes *routes; /* NULL: none */
	struct similar similar;      /* exported routes that no pattern has */
	struct source **sources;     /* by the kernel's id; NULL: never used */
	size_t source_count;         /* of these, in use */
	size_t forgotten_count;      /* of these, retiring */
	uint64_t made;               /* series of the kernel that were found so far */
	int quiet; /* 1: no program used these when the last flush began; 0: one may; -errno */
	struct series_table table;                  /* what is exported */
	size_t shown;                               /* of these, in an earlier flush */
	struct phase_table phases;                  /* exported beside it */
	uint32_t route_phases;                      /* of a request: bits 1 << enum request_phase */
	bool accepts;                               /* accept is wanted too */
	struct phase_source accepted[SERVICES_MAX]; /* by service */
	struct service services[SERVICES_MAX];      /* by id; without a name: free */
	size_t service_count;                       /* ids that have ever been in use */
	uint64_t unused_since[SERVICES_MAX];        /* value of `taken_count`; 0: in use */
	struct service shown_services[SERVICES_MAX]; /* those in use, for the flush */
	struct peers peers;
	struct flush flush;
	uint64_t taken_count; /* readings so far */
	double started;       /* monotonic, seconds */
	double taken;
};

/* ---- collector_series.c ------------------------------------------------ */

void collector_free_source(struct source *source);
/* Finds new series and reads all.  Returns 0 or -errno. */
int collector_read_series(struct collector *collector);

/* How many more series may be exported. */
static inline size_t collector_names_left(const struct collector *collector)
{
	const size_t used = collector->table.count;

	return used < collector->names ? collector->names - used : 0;
}

/* ---- collector_ledger.c ------------------------------------------------ */

/* Reads the ledger and the gauges into the flush. */
void collector_read_ledger(struct collector *collector);

#endif
