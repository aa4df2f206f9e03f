/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * responses.bpf.h - a call that moved bytes of responses: claims the connection's
 * send part and walks the bytes; and responses whose end is not known, ended by the
 * loader's sweep.
 *
 * Inputs: the call and its connection.  Outputs: events; open_ended.  It must not
 * know hooks, nor whether a server sent or a client received, but for the position.
 */
#ifndef REDTAP_RESPONSES_H
#define REDTAP_RESPONSES_H

#include "calls/requests.bpf.h"

/* Keeps the list of responses whose end is not known. */
static __always_inline void open_ended_note(struct connection *connection, __u64 address)
{
	__u8 one = 1;

	if (connection->send.parser.phase == PHASE_LOST && connection->send.owner == OWNER_SLOT)
		bpf_map_update_elem(&open_ended, &address, &one, BPF_ANY);
}

__noinline int responses_step(__u64 address, __u32 owner)
{
	struct walk_context context = { .address = address, .owner = owner };
	struct walker walker;

	return walker_find(&walker, &context) ? walk_responses_step(&walker) : WALK_DONE;
}

static __always_inline __u32 walker_responses_step(struct walker *walker)
{
	return responses_step(walker->context->address, walker->context->owner);
}

__noinline int responses_resync(__u64 address, __u32 owner)
{
	struct walk_context context = { .address = address, .owner = owner };
	struct walker walker;

	if (walker_find(&walker, &context))
		walk_resync(&walker);
	return 0;
}

static __always_inline void walker_resync(struct walker *walker)
{
	responses_resync(walker->context->address, walker->context->owner);
}

static __always_inline void walker_catch_up(struct walker *walker)
{
	struct sock *sock = KERNEL_POINTER(struct sock, walker->context->address);
	__u32 again = walker->context->owner < SCRATCH_AGAIN ? 0 : SCRATCH_AGAIN;

	if (!is_client(walker->connection) && receive_is_behind(walker->connection, sock))
		receive_catch_up(walker->context->address, SCRATCH_CATCH_UP + again);
}

/* A call that moved bytes of responses. */
static __always_inline void on_responses(struct scratch *scratch, struct connection *connection,
					 const struct call *call)
{
	struct tracker_job *job = &scratch->job;
	struct sock *sock = call->sock;
	__u64 address = call->address;
	__u32 owner = call->owner;
	struct walk_context context = { scratch, call, address, owner };
	struct walker walker = walker_init(&context, connection);
	__u32 end;

	if (!part_claim(&connection->send.claim)) {
		if (connection->sock == address && connection->watched) {
			ledger_add(&ledger.approximate[APPROXIMATE_CONTENTION], 1);
			tracker_send_contended(connection);
		}
		return;
	}
	end = responses_end(connection, sock);
	if (!connection_check(connection, call->inode, address)) {
		if (connection->sock == address && !connection->watched) {
			connection->send.sequence = end;
			connection->send.parser.phase = PHASE_LOST;
		}
		connection_release(connection, &connection->send.claim, address, owner);
		return;
	}
	if (!is_client(connection) && receive_is_behind(connection, sock))
		receive_catch_up(address, owner);
	if (connection->send.unsure)
		walker_resync(&walker);
	job->now_ns = bpf_ktime_get_ns();
	job->length = call->length;
	walk_responses(&walker, end);
	open_ended_note(connection, address);
	if (calls_repeated && owner < SCRATCH_AGAIN)
		call_done(owner, address, end);
	connection_release(connection, &connection->send.claim, address, owner);
}

/* ---- sweep ------------------------------------------------------------ */

/* Ends the open-ended response of one connection if it has been silent. */
static __always_inline void on_sweep(__u64 address, __u64 before_ns)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(SCRATCH_SWEEP);
	__u32 event;

	if (!connection || !scratch) {
		bpf_map_delete_elem(&open_ended, &address);
		return;
	}
	if (!part_claim(&connection->send.claim))
		return;
	if (connection->sock == address) {
		scratch->job.now_ns = bpf_ktime_get_ns();
		tracker_send_load(connection, &scratch->job);
		event = tracker_sweep(connection, &scratch->job, before_ns);
		tracker_send_store(connection, &scratch->job);
		event_enter(SCRATCH_SWEEP, connection, &scratch->job, event);
		if (connection->send.owner != OWNER_SLOT)
			bpf_map_delete_elem(&open_ended, &address);
	}
	connection_release(connection, &connection->send.claim, address, SCRATCH_SWEEP);
}

#endif
