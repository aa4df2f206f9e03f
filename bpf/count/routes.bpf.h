/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * routes.bpf.h - which routes have series, and how often others were asked for.
 *
 * Inputs: keys of series.  Outputs: entries of known_routes; what a key may claim.  It
 * must not know transactions.
 */
#ifndef REDTAP_COUNT_ROUTES_H
#define REDTAP_COUNT_ROUTES_H

#include "count/ledger.bpf.h"
#include "abi/series_key.h"
#include "abi/series_room.h"
#include "kernel/process.bpf.h"

/*
 * So many series may be made, counted like ledger.made: the loader raises it by those
 * for which it had a name already.  Without it, the exported names would have no bound.
 */
__u64 series_allowed = 0;

/* Places that are free, or as many as there are names for. */
static __always_inline __u32 series_room(void)
{
	const __u64 series = READ_ONCE(ledger.series), made = READ_ONCE(ledger.made);
	const __u64 allowed = READ_ONCE(series_allowed);
	const __u64 places = series < settings.max_series ? settings.max_series - series : 0;
	const __u64 names = made < allowed ? (allowed - made + 1) / SERIES_NAMES : 0;

	return places < names ? places : names;
}

/* ---- routes with series ------------------------------------------------- */

/* Of a key that is stored, and stays. */
static __always_inline __u64 route_of(const struct series_key *key)
{
	return series_route_hash(key, settings.series_seed);
}

static __always_inline void route_add_series(__u64 route)
{
	__u32 one = 1, *count = bpf_map_lookup_elem(&known_routes, &route);

	if (!count && bpf_map_update_elem(&known_routes, &route, &one, BPF_NOEXIST) == 0)
		return;
	count = bpf_map_lookup_elem(&known_routes, &route); /* or another CPU was first */
	if (count)
		__sync_fetch_and_add(count, 1);
}

/*
 * Where a program begins another series of the route at this very moment, the route may
 * be forgotten, or be known for longer: neither loses a request.
 */
static __always_inline void route_remove_series(__u64 route)
{
	__u32 *count = bpf_map_lookup_elem(&known_routes, &route);

	if (!count)
		return;
	if (READ_ONCE(*count) > 1)
		__sync_fetch_and_add(count, -1);
	else
		bpf_map_delete_elem(&known_routes, &route);
}

/* ---- routes without series ---------------------------------------------- */

/*
 * Uses of routes that have no place, by the lower bits of the route's hash: its other
 * bits, and the number.  Without a lock: two CPUs at once may count one use instead of
 * two.
 */
#define ROUTE_USES 65536
#define USES_MAX 0xffffULL

__u64 route_uses[ROUTE_USES] = {};

REDTAP_STATIC_ASSERT(ROUTE_USES - 1 == USES_MAX, "the number replaces the bits of the index");

/*
 * Counts a use; returns how many there were.  Two routes at one place: the other one
 * loses a use, and the place with the last.  So a scanner, whose paths come once, does
 * not push out what comes again.
 */
static __always_inline __u32 route_use(__u64 route)
{
	__u64 *place = &route_uses[index_mask(route, ROUTE_USES - 1)];
	const __u64 there = READ_ONCE(*place), uses = there & USES_MAX;

	if ((there ^ route) & ~USES_MAX) {
		if (uses > 1) {
			*place = there - 1;
			return 1;
		}
		*place = (route & ~USES_MAX) | 1;
		return 1;
	}
	if (uses < USES_MAX)
		*place = there + 1;
	return uses + 1;
}

/* Whether a key that has no series may begin one under its own route. */
static __always_inline bool route_may_begin(const struct series_key *key)
{
	const __u64 route = route_of(key);
	const __u32 room = series_room();

	if (bpf_map_lookup_elem(&known_routes, &route))
		return series_may_begin(room, settings.max_series,
					series_claim(key->method, CLAIM_KNOWN_ROUTE), 0);
	return series_may_begin(room, settings.max_series, CLAIM_NEW_ROUTE, route_use(route));
}

#endif
