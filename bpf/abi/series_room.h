/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * series_room.h - who gets one of the places for series while they are scarce.
 *
 * Inputs: how much room is left, what asks for a place.  Output: yes or no.  Pure;
 * compiled for BPF and the unit tests.  It must not know the tables.
 *
 * Clients choose paths and methods, so all places would be theirs.  A route earns its
 * place by repeated use, and the last places are for what clients cannot make up:
 * further statuses of routes that are known already.
 */
#ifndef REDTAP_SERIES_ROOM_H
#define REDTAP_SERIES_ROOM_H

#include "abi/abi.h"

/* Each leaves room to those behind it. */
enum series_claim {
	CLAIM_NEW_ROUTE = 0, /* the first series of a route */
	CLAIM_RARE_METHOD,   /* a method that is not in RFC 9110, of a known route or `other` */
	CLAIM_KNOWN_ROUTE,   /* another method or status of a route that has series */
	CLAIM_OTHER,         /* the route `other` */
	CLAIM_OTHER_LAST,    /* the route `other`, with the method `_OTHER` in place of all */
};

/* Those of RFC 9110 stand first in the table. */
static __always_inline enum series_claim series_claim(__u8 method, enum series_claim usual)
{
	return method <= METHOD_TRACE ? usual : CLAIM_RARE_METHOD;
}

/* Room that is left to those behind; at least one place is for `other`. */
static __always_inline __u32 series_room_kept(__u32 places, enum series_claim claim)
{
	const __u32 eighth = places / 8 ? places / 8 : 1;

	switch (claim) {
	case CLAIM_NEW_ROUTE:
	case CLAIM_RARE_METHOD:
		return places / 4 > eighth ? places / 4 : eighth;
	case CLAIM_KNOWN_ROUTE:
		return eighth;
	case CLAIM_OTHER:
		return eighth / 8;
	default:
		return 0;
	}
}

/*
 * room: places that are free, of all `places`.  uses: how often a new route was asked
 * for.  Until three eighths of the places are in use, once is enough; then it takes
 * twice as often each time that half of the room for new routes is gone.
 */
static __always_inline bool series_may_begin(__u32 room, __u32 places, enum series_claim claim,
					     __u32 uses)
{
	const __u32 kept = series_room_kept(places, claim);

	if (room <= kept)
		return false;
	return claim != CLAIM_NEW_ROUTE || 8ULL * uses * (room - kept) >= 3ULL * places;
}

#endif
