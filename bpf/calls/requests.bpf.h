/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * requests.bpf.h - a call that moved bytes of requests: claims the connection's
 * receive part, walks the bytes, enters what comes of it.
 *
 * Inputs: the call and its connection.  Outputs: events.  It must not know hooks,
 * nor whether a server received or a client sent, but for the position.
 */
#ifndef REDTAP_REQUESTS_H
#define REDTAP_REQUESTS_H

#include "calls/call.bpf.h"
#include "tables/pair.bpf.h"
#include "calls/walk.bpf.h"

static __always_inline __u32 receive_parse(struct tracker_job *job, __u32 owner)
{
	__u8 phase = job->feed.parser.phase;

	if (http_phase_is_method(phase))
		return feed_method(owner);
	if (http_phase_is_target(phase))
		return target_parse(job, owner);
	if (http_phase_is_header(phase))
		return head_parse(job, owner);
	return feed_chunk(owner);
}

/*
 * Takes the head of a request that begins here, if the window holds it in one of
 * the forms that nearly all have.  Returns false if nothing was taken.
 */
static __always_inline bool receive_scan(struct connection *connection, struct scratch *scratch,
					 __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 position = job->feed.window.position, verdict;
	__u64 before = job->offset;

	if (job->feed.parser.phase != PHASE_REQUEST)
		return false;
	if (!scan_request(owner))
		return false;
	verdict = scan_lines(owner) == HTTP_HEAD ? HTTP_HEAD : HTTP_TARGET;
	event_enter(owner, connection, job,
		    tracker_receive_scanned(connection, job, position, verdict));
	scratch->source.behind += job->offset - before;
	return true;
}

/*
 * One step over the bytes of a receive call.  A function of its own for the
 * verifier, which checks it once instead of at each turn of the loop.
 */
__noinline int receive_step(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	struct tracker_job *job;
	__u32 position, result;
	__u64 before, skip;

	if (!connection || !scratch)
		return WALK_DONE;
	job = &scratch->job;
	before = job->offset;
	if (before >= job->length)
		return WALK_DONE;
	skip = tracker_receive_skip(connection, job);
	if (skip) {
		walk_skip(job, &scratch->source, skip);
		return WALK_ON;
	}
	result = window_fill(job, &scratch->source);
	if (result != SOURCE_READY)
		return result == SOURCE_AGAIN ? WALK_ON : WALK_DONE;
	if (!tracker_receive_ready(job))
		return WALK_DONE;
	if (receive_scan(connection, scratch, owner))
		return WALK_ON;
	position = job->feed.window.position;
	event_enter(owner, connection, job,
		    tracker_receive_fed(connection, job, position, receive_parse(job, owner)));
	scratch->source.behind += job->offset - before;
	return WALK_ON;
}

/*
 * Walks the bytes of one receive call; the receive part is claimed.  A request
 * that begins with the call and lies in its first window takes no step.
 */
static __always_inline void receive_walk(struct connection *connection, struct scratch *scratch,
					 __u64 address, __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 i;

	if (job->feed.parser.phase == PHASE_REQUEST &&
	    window_fill(job, &scratch->source) == SOURCE_READY)
		receive_scan(connection, scratch, owner);
	if (job->offset >= job->length)
		return;
	for (i = 0; i < TRACKER_WALK_STEPS; i++)
		if (receive_step(address, owner) != WALK_ON)
			break;
	if (job->offset < job->length)
		event_enter(owner, connection, job,
			    tracker_receive_rest(connection, job,
						 i < TRACKER_WALK_STEPS
							 ? APPROXIMATE_BODY_UNREADABLE
							 : tracker_bound_reason(job)));
}

/* Requests are received by a server and sent by a client; position behind them. */
static __always_inline __u32 requests_end(struct connection *connection, struct sock *sock)
{
	return is_client(connection) ? sock_sent(sock) : sock_received(sock);
}

/* Responses are sent by a server and received by a client; position behind them. */
static __always_inline __u32 responses_end(struct connection *connection, struct sock *sock)
{
	return is_client(connection) ? sock_received(sock) : sock_sent(sock);
}

/* A call that moved bytes of requests. */
static __always_inline void on_requests(struct scratch *scratch, struct connection *connection,
					const struct call *call)
{
	struct tracker_job *job = &scratch->job;
	struct sock *sock = call->sock;
	__u64 address = call->address;
	__u32 owner = call->owner;
	__u32 end;

	if (!part_claim(&connection->receive.claim)) {
		if (connection->sock == address && connection->watched)
			ledger_add(&ledger.approximate[APPROXIMATE_CONTENTION], 1);
		return;
	}
	end = requests_end(connection, sock);
	if (!connection_check(connection, call->inode, address)) {
		/* not a target's call: what comes next is the middle of something */
		if (connection->sock == address && !connection->watched) {
			connection->late = 1;
			connection->receive.sequence = end;
			connection->receive.parser.phase = PHASE_LOST;
		}
		connection_release(connection, &connection->receive.claim, address, owner);
		return;
	}
	job->now_ns = bpf_ktime_get_ns();
	job->length = call->length;
	job->unsettled = tracker_send_unsettled(connection, responses_end(connection, sock));
	event_enter(owner, connection, job, tracker_receive_begin(connection, job, end));
	if (job->feed.parser.phase != PHASE_IGNORE) {
		call_source(call, &scratch->source);
		receive_walk(connection, scratch, address, owner);
	}
	tracker_receive_store(connection, job);
	if (calls_repeated && owner < SCRATCH_AGAIN)
		call_done(owner, address, end);
	connection_release(connection, &connection->receive.claim, address, owner);
}

/*
 * What is about to be answered may have been received past every hook (splice,
 * zero-copy receive): then its bytes are entered before the answer is.  Only where
 * no other call can be in the middle of receiving what is answered: nothing is
 * known to wait, or what waits is the one being read.
 */
__noinline int receive_catch_up(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct scratch *scratch = scratch_get(owner);
	struct tracker_job *job;

	if (!connection || !scratch || !part_claim(&connection->receive.claim))
		return 0;
	job = &scratch->job;
	job->now_ns = bpf_ktime_get_ns();
	job->length = 0;
	event_enter(owner, connection, job,
		    tracker_receive_begin(connection, job, sock_received(sock)));
	tracker_receive_store(connection, job);
	part_release(&connection->receive.claim);
	return 0;
}

static __always_inline bool receive_is_behind(struct connection *connection, struct sock *sock)
{
	__u8 phase = TRACKER_OBSERVE(connection->receive.parser.phase);
	__u32 outstanding = tracker_outstanding(connection);

	/* what its end has ended waits no more, and may be received still */
	if (TRACKER_OBSERVE(connection->closing) || phase == PHASE_LOST || phase == PHASE_IGNORE)
		return false;
	if (outstanding > 1 || (outstanding == 1 && phase <= PHASE_METHOD))
		return false;
	return TRACKER_OBSERVE(connection->receive.sequence) != sock_received(sock);
}

#endif
