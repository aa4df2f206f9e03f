/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * played_kernel.h - a simulated kernel in place of the loader, and a collector that reads
 * it.
 */
#ifndef REDTAP_PLAYED_KERNEL_H
#define REDTAP_PLAYED_KERNEL_H

#include "collect/collector.h"

#define SERIES_MAX 8
#define MS 1000000ULL

#define DEFAULT (1U << REQUEST_PHASE_QUEUE | 1U << REQUEST_PHASE_SERVICE | 1U << REQUEST_PHASE_SEND)

/* What the simulated kernel contains. */
extern struct played_kernel {
	struct ledger ledger;
	uint64_t missed;
	uint64_t allowed; /* series that may be made, from the start on */
	struct series_key keys[SERIES_MAX];
	struct series_value series[SERIES_MAX];
	struct phase_value phases[SERIES_MAX][REQUEST_PHASE_COUNT];
	struct phase_value accepts[SERVICES_MAX];
	uint32_t asked_for;
	struct peer_key peers[3]; /* numbered from 1 */
	uint32_t peer_count;
	uint32_t made;               /* ids below this one have been used */
	bool found[SERIES_MAX];      /* its key is in the kernel's table */
	bool given_back[SERIES_MAX]; /* its id is free again */
	unsigned int waits;          /* how often the collector waited for programs to end */
	bool waiting, busy;          /* a wait has begun; programs are still running */
	int wait_err;
} kernel;

/* A new series (method GET) with the first free id; status 0: no response. */
uint32_t kernel_series(const char *path, uint16_t status);
void kernel_phase(uint32_t id, enum request_phase phase, uint64_t ns);
/* Counts a request of a series, in the same order as the kernel. */
void kernel_request(uint32_t id, uint64_t queue_ns, uint64_t service_ns, uint64_t send_ns);

/* An empty kernel, and a collector of the service "web". */
struct collector *collector_make(uint32_t phases, const struct routes *routes);

/* Takes a flush, now or at a given time, and retires idle series. */
const struct flush *take(struct collector *collector);
const struct flush *take_at(struct collector *collector, double now);

/* The only phase of a route. */
const struct phase_series *phase_find(const struct flush *flush, const char *route,
				      enum request_phase phase);

#endif
