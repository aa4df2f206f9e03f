/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pair.bpf.h - two programs at one hook: the second does what the kernel has skipped
 * the first for (see hooks/tracepoint.bpf.h), and learns here that there is nothing to
 * do.
 *
 * Inputs: a socket and a position in its byte stream.  Outputs: marks of what is
 * done.  It must not know connections.
 */
#ifndef REDTAP_PAIR_H
#define REDTAP_PAIR_H

#include "tables/maps.bpf.h"

/* Whether receive and send have a second program each; set by the loader. */
const volatile bool calls_repeated = false;

/* The first has done its work for the call that ended at this position. */
static __always_inline void call_done(__u32 hook, __u64 address, __u32 position)
{
	struct last_done *last = bpf_map_lookup_elem(&last_dones, &hook);

	if (last) {
		last->sock = address;
		last->position = position;
	}
}

/*
 * Asked by the second: whether that was the first's last work on this CPU.  A socket is
 * at a position once, so an old mark is not taken for it.
 */
static __always_inline bool call_is_done(__u32 hook, __u64 address, __u32 position)
{
	const struct last_done *last = bpf_map_lookup_elem(&last_dones, &hook);

	return last && last->sock == address && last->position == position;
}

#endif
