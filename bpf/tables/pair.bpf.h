/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pair.bpf.h - two programs at one hook, see HOOK() in redtap.bpf.c: what the first
 * has done, so that the second need not.
 *
 * Inputs: a socket and a position in its byte stream.  Outputs: marks of what is
 * done.  It must not know connections.
 */
#ifndef REDTAP_PAIR_H
#define REDTAP_PAIR_H

#include "tables/maps.bpf.h"

/* Whether receive and send have a second program each, see HOOK(); set by the loader. */
const volatile bool calls_repeated = false;

/* The first of a pair has done what was to be done for the call that ended here. */
static __always_inline void call_done(__u32 hook, __u64 address, __u32 position)
{
	struct last_done *last = bpf_map_lookup_elem(&last_dones, &hook);

	if (last) {
		last->sock = address;
		last->position = position;
	}
}

/*
 * Asked by the second: if it was on this CPU, and nothing else since.  A position
 * comes once on a socket, so that what was left long ago is not taken for it.
 */
static __always_inline bool call_is_done(__u32 hook, __u64 address, __u32 position)
{
	const struct last_done *last = bpf_map_lookup_elem(&last_dones, &hook);

	return last && last->sock == address && last->position == position;
}

#endif
