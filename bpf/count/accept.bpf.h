/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * accept.bpf.h - how long connections wait in the listen backlog: from ESTABLISHED to
 * accept() returning.
 *
 * Inputs: connections that have been accepted.  Outputs: the histogram of the service.
 * It must not know HTTP, nor how the call was seen.
 */
#ifndef REDTAP_ACCEPT_H
#define REDTAP_ACCEPT_H

#include "count/histograms.bpf.h"

/* Each connection counts once: the second time, its time is gone. */
static __always_inline void accept_count(struct connection *connection, __u32 service, __u64 now_ns)
{
	struct phase_value *value = bpf_map_lookup_elem(&accept_values, &service);

	if (value && now_ns >= connection->established_ns)
		histogram_add(value->bins, &value->sum_ns, now_ns - connection->established_ns);
	connection->established_ns = 0;
}

#endif
