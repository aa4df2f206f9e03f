/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ledger.bpf.h - the loss ledger and the gauges of services, see struct ledger.
 *
 * Inputs: amounts.  Outputs: the counters that the loader reads.  It must not know
 * what is counted.
 */
#ifndef REDTAP_LEDGER_H
#define REDTAP_LEDGER_H

#include "tables/maps.bpf.h"

static __always_inline void ledger_add(__u64 *field, __u64 amount)
{
	__sync_fetch_and_add(field, amount);
}

static __always_inline struct service_gauges *service_of(__u32 service)
{
	return &ledger.services[service & (SERVICES_MAX - 1)];
}
REDTAP_STATIC_ASSERT((SERVICES_MAX & (SERVICES_MAX - 1)) == 0, "services are masked");

/* The gauge of requests that wait for their responses on connections like this one. */
static __always_inline __u64 *requests_waiting(const struct connection *connection)
{
	struct service_gauges *service = service_of(connection->service);

	return connection->peer ? &service->client_requests : &service->active_requests;
}

#endif
