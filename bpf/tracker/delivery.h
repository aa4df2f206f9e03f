/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * delivery.h - answers whose last byte the client has not acknowledged yet: a
 * bounded ring of one connection, with one producer (the send part's owner) and
 * one consumer at a time (whoever has its claim).
 *
 * Inputs: ends of answers, acknowledgements, both as TCP sequence numbers.
 * Outputs: the answers that are acknowledged.  Pure: it must not know where
 * either comes from, nor what time it is.
 */
#ifndef REDTAP_DELIVERY_H
#define REDTAP_DELIVERY_H

#include "abi/abi.h"

REDTAP_STATIC_ASSERT((DELIVERIES_MAX & (DELIVERIES_MAX - 1)) == 0, "deliveries are masked");

struct delivery {
	__u64 sent_ns; /* t4 */
	__u32 end;     /* sequence number behind the last byte */
	__u32 series;
};

struct delivery_part {
	__u32 claim;   /* the consumer's; 0: free */
	__u32 written; /* free running; waiting[written % DELIVERIES_MAX] is next */
	__u32 taken;   /* likewise; the consumer's */
	__u32 acked;   /* highest acknowledgement noticed */
	struct delivery waiting[DELIVERIES_MAX];
};

/*
 * Puts an answer behind the others.  Returns false if there is no room.  The
 * atomic addition orders it before whatever the caller reads next: either it
 * finds the acknowledgement that came meanwhile, or who noted that finds it.
 */
static __always_inline bool delivery_push(struct delivery_part *part, __u64 sent_ns, __u32 end,
					  __u32 series)
{
	__u32 written = part->written;
	struct delivery *delivery = &part->waiting[index_mask(written, DELIVERIES_MAX - 1)];

	if (written - *(volatile __u32 *)&part->taken >= DELIVERIES_MAX)
		return false;
	delivery->sent_ns = sent_ns;
	delivery->end = end;
	delivery->series = series;
	COMPILER_BARRIER();
	__sync_fetch_and_add(&part->written, 1);
	return true;
}

/* The oldest answer, if the client has acknowledged all of it; else NULL. */
static __always_inline const struct delivery *delivery_next(const struct delivery_part *part)
{
	__u32 taken = *(const volatile __u32 *)&part->taken;
	const struct delivery *delivery = &part->waiting[index_mask(taken, DELIVERIES_MAX - 1)];

	if (taken == *(const volatile __u32 *)&part->written)
		return 0;
	return (__s32)(*(const volatile __u32 *)&part->acked - delivery->end) >= 0 ? delivery : 0;
}

/* Takes it out; the claim is the caller's. */
static __always_inline void delivery_take(struct delivery_part *part)
{
	COMPILER_BARRIER();
	*(volatile __u32 *)&part->taken = part->taken + 1;
}

#endif
