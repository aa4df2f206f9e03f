/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * deliver.bpf.h - the last phase: from the last byte of a response handed to the
 * kernel to the client's acknowledgement of it.
 *
 * Inputs: finished transactions, acknowledgements.  Outputs: the phase's
 * histogram.  It must not know HTTP.
 *
 * The acknowledgement may come before the hook of the send call runs, on loopback in
 * particular.  So a response is put into the ring first, and then the newest
 * acknowledgement is read; an acknowledgement is noted first, and then the ring is
 * read.
 */
#ifndef REDTAP_DELIVER_H
#define REDTAP_DELIVER_H

#include "count/histograms.bpf.h"
#include "count/ledger.bpf.h"
#include "kernel/sock_read.bpf.h"
#include "tables/claim.bpf.h"

/* How often settling starts again when other CPUs have left work meanwhile. */
#define DELIVER_TURNS 4

/*
 * Counts the oldest response that is acknowledged; the caller holds the claim.  A
 * function of its own for the verifier.  Returns whether there was one.
 */
__noinline int deliver_one(__u64 address, __u64 now_ns)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	const struct delivery *delivery;
	__u64 waited_ns;

	if (!connection)
		return 0;
	delivery = delivery_next(&connection->delivery);
	if (!delivery)
		return 0;
	waited_ns = now_ns > delivery->sent_ns ? now_ns - delivery->sent_ns : 0;
	/* later, its series may have retired, and its id be another's */
	if (waited_ns < SERIES_IDLE_EACH_S * 1000000000ULL)
		phase_add(delivery->series, REQUEST_PHASE_DELIVER, waited_ns);
	delivery_take(&connection->delivery);
	return 1;
}

/*
 * Counts every response that is acknowledged, at this time.  If the claim is taken, the
 * work is left to its owner, who looks again after releasing it.
 */
__noinline int deliver_settle(__u64 address, __u64 now_ns)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	__u32 turn, i;

	if (!connection)
		return 0;
	for (turn = 0; turn < DELIVER_TURNS; turn++) {
		if (!part_claim(&connection->delivery.claim))
			break;
		if (connection->sock == address)
			for (i = 0; i < DELIVERIES_MAX; i++)
				if (!deliver_one(address, now_ns))
					break;
		part_release(&connection->delivery.claim);
		if (!delivery_next(&connection->delivery))
			break;
	}
	return 0;
}

/* Everything before this sequence number has been acknowledged. */
static __always_inline void deliver_note(struct connection *connection, __u32 acked)
{
	struct delivery_part *part = &connection->delivery;
	__u32 before = READ_ONCE(part->acked);

	if ((__s32)(acked - before) <= 0)
		return;
	/* another CPU may note a later one meanwhile; then it looks into the ring, too */
	if (!atomic_compare_exchange(&part->acked, before, acked)) {
		before = READ_ONCE(part->acked);
		if ((__s32)(acked - before) > 0)
			atomic_compare_exchange(&part->acked, before, acked);
	}
}

/* The job's transaction is counted; its response, if complete, is now on its way. */
static __always_inline void deliver_expect(struct connection *connection,
					   const struct tracker_job *job, __u32 series)
{
	const struct transaction *transaction = &job->transaction;

	if (!phase_is_wanted(REQUEST_PHASE_DELIVER))
		return;
	if (!transaction->key.status || transaction->key.error != ERROR_NONE)
		return;
	if (!delivery_push(&connection->delivery, transaction->end_ns,
			   job->sequence + (__u32)job->offset, series)) {
		ledger_add(&ledger.approximate[APPROXIMATE_DELIVER_FULL], 1);
		return;
	}
	deliver_note(connection, sock_acknowledged(KERNEL_POINTER(struct sock, connection->sock)));
	if (delivery_next(&connection->delivery))
		deliver_settle(connection->sock, 0);
}

/* An acknowledgement, under the socket's lock. */
static __always_inline void deliver_acknowledged(struct connection *connection, __u64 address,
						 __u32 acked)
{
	deliver_note(connection, acked);
	if (delivery_next(&connection->delivery))
		deliver_settle(address, bpf_ktime_get_ns());
}

#endif
