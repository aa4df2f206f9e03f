/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * responses.bpf.h - a call that moved bytes of responses: claims the connection's
 * send part, walks the bytes, enters what comes of it; and responses whose end is
 * not known, ended by the loader's sweep.
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

static __always_inline __u32 send_parse(struct tracker_job *job, __u32 owner)
{
	__u8 phase = job->feed.parser.phase;

	if (http_phase_is_status(phase))
		return feed_status(owner);
	if (http_phase_is_header(phase))
		return head_parse(job, owner);
	return feed_chunk(owner);
}

/* Consumes what needs no look.  Returns false if something does. */
static __always_inline bool send_skip(struct connection *connection, struct scratch *scratch,
				      __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 event;
	__u64 skip = tracker_send_skip(connection, job, &event);

	if (skip == 0)
		return false;
	walk_skip(job, &scratch->source, skip);
	event_enter(owner, connection, job, event);
	return true;
}

/* As receive_scan(), of a response. */
static __always_inline bool send_scan(struct connection *connection, struct scratch *scratch,
				      __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 position = job->feed.window.position, verdict;
	__u64 before = job->offset;

	if (!http_response_begins(&job->feed.parser))
		return false;
	if (!scan_response(owner))
		return false;
	verdict = scan_lines(owner);
	event_enter(owner, connection, job, tracker_send_fed(connection, job, position, verdict));
	scratch->source.behind += job->offset - before;
	return true;
}

/*
 * A further answer begins in this call, and nothing waits for it: what it answers
 * may have been received unseen, while others were waiting.
 */
static __always_inline void send_asks(struct connection *connection, struct scratch *scratch,
				      __u64 address, __u32 owner)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);

	if (http_response_begins(&scratch->job.feed.parser) && scratch->job.offset &&
	    !is_client(connection) && tracker_idle(connection) &&
	    receive_is_behind(connection, sock))
		receive_catch_up(address, owner < SCRATCH_AGAIN ? SCRATCH_CATCH_UP
								: SCRATCH_CATCH_UP + SCRATCH_AGAIN);
}

/* Finds out again whose turn it is.  A function of its own for the verifier. */
__noinline int send_resync(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	__u32 i, event;

	if (!connection || !scratch)
		return 0;
	for (i = 0; i < PIPELINE_SLOTS; i++) {
		event = tracker_send_resync(connection, &scratch->job);
		if (event == EVENT_NONE)
			break;
		event_enter(owner, connection, &scratch->job, event);
	}
	return 0;
}

/* One step over the bytes of a send call; likewise. */
__noinline int send_step(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	struct tracker_job *job;
	__u32 event, position, result;
	__u64 before;

	if (!connection || !scratch)
		return WALK_DONE;
	job = &scratch->job;
	before = job->offset;
	if (before >= job->length)
		return WALK_DONE;
	if (send_skip(connection, scratch, owner))
		return WALK_ON;
	send_asks(connection, scratch, address, owner);
	result = window_fill(job, &scratch->source);
	if (result != SOURCE_READY)
		return result == SOURCE_AGAIN ? WALK_ON : WALK_DONE;
	if (!tracker_send_ready(connection, job, &event))
		return WALK_DONE;
	event_enter(owner, connection, job, event);
	/* what was cut is over: now it can be found out whose turn it is */
	if (event != EVENT_NONE && connection->send.unsure)
		send_resync(address, owner);
	if (send_scan(connection, scratch, owner))
		return WALK_ON;
	position = job->feed.window.position;
	event_enter(owner, connection, job,
		    tracker_send_fed(connection, job, position, send_parse(job, owner)));
	scratch->source.behind += job->offset - before;
	return WALK_ON;
}

/*
 * Walks the bytes of one send call; the send part is claimed.  Neither a response
 * that begins with the call and has its head in the first window nor what goes
 * on with a body takes a step.
 */
static __always_inline void send_walk(struct connection *connection, struct scratch *scratch,
				      __u64 address, __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 i;

	if (http_response_begins(&job->feed.parser) &&
	    window_fill(job, &scratch->source) == SOURCE_READY) {
		tracker_send_starts(connection, job);
		send_scan(connection, scratch, owner);
	}
	if (job->offset < job->length)
		send_skip(connection, scratch, owner);
	if (job->offset >= job->length)
		return;
	for (i = 0; i < TRACKER_WALK_STEPS; i++)
		if (send_step(address, owner) != WALK_ON)
			break;
	if (job->offset < job->length)
		event_enter(owner, connection, job,
			    tracker_send_rest(connection, job,
					      i < TRACKER_WALK_STEPS ? APPROXIMATE_BODY_UNREADABLE
								     : tracker_bound_reason(job)));
}

/* A call that moved bytes of responses. */
static __always_inline void on_responses(struct scratch *scratch, struct connection *connection,
					 const struct call *call)
{
	struct tracker_job *job = &scratch->job;
	struct sock *sock = call->sock;
	__u64 address = call->address;
	__u32 owner = call->owner;
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
		send_resync(address, owner);
	job->now_ns = bpf_ktime_get_ns();
	job->length = call->length;
	event_enter(owner, connection, job, tracker_send_begin(connection, job, end));
	if (tracker_send_contention(connection, job))
		send_resync(address, owner);
	if (!connection->ignored || !tracker_idle(connection)) {
		call_source(call, &scratch->source);
		send_walk(connection, scratch, address, owner);
	}
	tracker_send_store(connection, job);
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
