/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * made_flush.h - hand-made flushes, to test the code that prints or sends them.
 *
 * It replaces the collector: the test adds requests, uses the flush, and begins the next
 * interval, whose counts begin at 0.
 */
#ifndef REDTAP_MADE_FLUSH_H
#define REDTAP_MADE_FLUSH_H

#include "flush/flush.h"

#define MADE_SERIES_MAX 64

struct made_flush {
	struct flush flush;
	struct service services[4];
	struct series *series[MADE_SERIES_MAX];
	struct phase_series *phases[MADE_SERIES_MAX];
};

/* One service "web", no series, an interval of 5 s that ended at 1700000000.25. */
void made_flush_init(struct made_flush *made);
void made_flush_release(struct made_flush *made);

/* A new series without requests; the texts must outlive made. */
struct series *made_flush_series(struct made_flush *made, const char *service, const char *method,
				 const char *route, uint16_t status, enum transaction_error error);

/* Adds n requests to a series, all of the same duration and sizes. */
void made_flush_add(struct made_flush *made, struct series *series, uint64_t n,
		    uint64_t duration_ns, uint64_t request_bytes, uint64_t response_bytes);

/* A new series of "web" with n requests GET, all of the same duration. */
struct series *made_flush_get(struct made_flush *made, const char *route, uint16_t status,
			      uint64_t n, uint64_t duration_ns);

/* A new phase without requests; route: NULL for REQUEST_PHASE_ACCEPT.  Texts: as above. */
struct phase_series *made_flush_phase(struct made_flush *made, enum request_phase phase,
				      const char *service, const char *route);

/* Adds n measurements of a phase, all of the same duration. */
void made_flush_add_phase(struct phase_series *phase, uint64_t n, uint64_t duration_ns);

/* The same, for requests of this series. */
void made_flush_add_phase_of(struct phase_series *phase, struct series *series, uint64_t n,
			     uint64_t duration_ns);

/* Begins the next interval: sets the counts of the interval to 0. */
void made_flush_next(struct made_flush *made);

#endif
