/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * delivery.h - responses whose last byte the client has not acknowledged yet: a
 * bounded ring for each connection, with one producer (the owner of the send part) and
 * one consumer at a time (the holder of `claim`).
 *
 * Inputs: ends of responses and acknowledgements, both as TCP sequence numbers.
 * Outputs: the responses that are acknowledged.  Pure.  It must not know where the
 * inputs come from, nor the time.
 */
#ifndef REDTAP_DELIVERY_H
#define REDTAP_DELIVERY_H

#include "abi/abi.h"

REDTAP_STATIC_ASSERT((DELIVERIES_MAX & (DELIVERIES_MAX - 1)) == 0, "must be a power of two");

struct delivery {
	__u64 sent_ns; /* t4 */
	__u32 end;     /* sequence number after the last byte */
	__u32 series;
};

struct delivery_part {
	__u32 claim;   /* held by the consumer; 0: free */
	__u32 written; /* free running; waiting[written % DELIVERIES_MAX] is next */
	__u32 taken;   /* free running; written by the consumer */
	__u32 acked;   /* highest acknowledgement seen */
	struct delivery waiting[DELIVERIES_MAX];
};

/*
 * Appends a response.  Returns false if the ring is full.  The atomic addition orders
 * it before the caller's next read of `acked`: so an acknowledgement that comes at the
 * same time is seen by the caller, or its hook sees the response.
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

/* Returns the oldest response if the client has acknowledged all of it, else NULL. */
static __always_inline const struct delivery *delivery_next(const struct delivery_part *part)
{
	__u32 taken = *(const volatile __u32 *)&part->taken;
	const struct delivery *delivery = &part->waiting[index_mask(taken, DELIVERIES_MAX - 1)];

	if (taken == *(const volatile __u32 *)&part->written)
		return 0;
	return (__s32)(*(const volatile __u32 *)&part->acked - delivery->end) >= 0 ? delivery : 0;
}

/* Removes the oldest response; the caller holds the claim. */
static __always_inline void delivery_take(struct delivery_part *part)
{
	COMPILER_BARRIER();
	*(volatile __u32 *)&part->taken = part->taken + 1;
}

#endif
