/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * flush.h - what the collector hands to the outputs at each flush.
 *
 * Input: filled by collect/ from the kernel's maps.  Output: read by statsd/ (lines) and
 * report/ (table, JSON).  It must not know maps, sockets or formats.
 *
 * Texts are raw: they come from clients and process names, may hold any byte but NUL, and
 * must be escaped before they are printed.
 */
#ifndef REDTAP_FLUSH_H
#define REDTAP_FLUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"
#include "flush/bins.h"

/* How often a phase was measured, and its total duration. */
struct phase_sum {
	uint64_t count;
	uint64_t sum_ns;
};

/* A distribution of durations, and sums. */
struct measure {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	struct phase_sum phases[REQUEST_PHASE_COUNT]; /* only of a series */
	struct bins bins;                             /* see abi.h; their sum is count */
};

/* One series; owned by the collector, valid until its next flush. */
struct series {
	uint32_t id;         /* index; never changes */
	const char *service; /* NUL-terminated, raw bytes */
	/* Where the service is the client: the server's address, or "other"; else NULL. */
	const char *server_address;
	const char *method; /* "GET", "_OTHER" */
	const char *route;  /* NUL-terminated, raw bytes: "/users/{id}", "other", "*" */
	uint16_t status;    /* 100..999; 0: no response */
	enum transaction_error error;
	bool born;            /* first flush that holds this series */
	struct measure now;   /* since the last flush */
	struct measure total; /* the whole run */
};

/* One phase of one service and route; owned by the collector, valid until its next flush. */
struct phase_series {
	uint32_t id; /* index; never changes */
	enum request_phase phase;
	const char *service;  /* NUL-terminated, raw bytes */
	const char *route;    /* likewise; NULL for REQUEST_PHASE_ACCEPT */
	bool born;            /* first flush that holds this phase */
	struct measure now;   /* since the last flush; sizes are 0 */
	struct measure total; /* the whole run */
};

/* Gauges of one service. */
struct service {
	const char *name; /* NUL-terminated, raw bytes */
	uint64_t active_requests;
	uint64_t open_connections;
};

/* The ledger as numbers of requests (or connections, for ignored). */
struct tally {
	uint64_t seen;
	uint64_t counted;
	uint64_t lost[LOSS_COUNT];
	uint64_t approximate[APPROXIMATE_COUNT];
	uint64_t ignored[IGNORE_COUNT];
	uint64_t hooks_missed; /* events that no program saw; an upper bound */
};

static inline uint64_t tally_lost(const struct tally *tally)
{
	uint64_t lost = 0;
	size_t i;

	for (i = 0; i < LOSS_COUNT; i++)
		lost += tally->lost[i];
	return lost;
}

struct flush {
	double time;       /* Unix seconds, with fractions */
	double interval_s; /* since the last flush, or since attach for the totals */
	double run_s;      /* since attach */
	bool last;         /* the final flush before exit */
	struct tally now;  /* since the last flush */
	struct tally total;
	uint64_t in_flight;
	uint64_t connections;   /* open now */
	uint64_t processes;     /* watched now */
	double collect_s;       /* seconds it took to read the maps */
	struct series **series; /* all known; now.count is 0 if nothing happened */
	size_t series_count;
	size_t series_in_use;         /* of the kernel's --max-series */
	struct phase_series **phases; /* likewise; NULL if none */
	size_t phase_count;
	struct service *services;
	size_t service_count;
};

#endif
