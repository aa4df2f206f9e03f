/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * played_kernel.h - a kernel that a test plays, which stands in for the loader,
 * and a collector that reads it.
 */
#ifndef REDTAP_PLAYED_KERNEL_H
#define REDTAP_PLAYED_KERNEL_H

#include "collect/collector.h"

#define SERIES_MAX 8
#define MS 1000000ULL

#define DEFAULT (1U << REQUEST_PHASE_QUEUE | 1U << REQUEST_PHASE_SERVICE | 1U << REQUEST_PHASE_SEND)

/* What the kernel holds. */
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
	uint32_t made;               /* ids that have ever been in use: those below */
	bool found[SERIES_MAX];      /* it is found by its name */
	bool given_back[SERIES_MAX]; /* nobody's */
	unsigned int waits;          /* for programs to end */
	bool waiting, busy;          /* it is waited; they do not end */
	int wait_err;
} kernel;

/* A new series of the kernel, GET, with the first id that is free; status 0: no response. */
uint32_t kernel_series(const char *path, uint16_t status);
void kernel_phase(uint32_t id, enum request_phase phase, uint64_t ns);
/* A request of a series, in the order in which the kernel counts. */
void kernel_request(uint32_t id, uint64_t queue_ns, uint64_t service_ns, uint64_t send_ns);

/* An empty kernel, and a collector of the service "web". */
struct collector *collector_make(uint32_t phases, const struct routes *routes);

/* A flush, now or at a time, and the step that retires series. */
const struct flush *take(struct collector *collector);
const struct flush *take_at(struct collector *collector, double now);

/* The only phase of a route. */
const struct phase_series *phase_find(const struct flush *flush, const char *route,
				      enum request_phase phase);

#endif
