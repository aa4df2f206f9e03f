/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * requests.bpf.h - a call that moved bytes of requests: claims the connection's
 * receive part and walks the bytes.
 *
 * Inputs: the call and its connection.  Outputs: events.  It must not know hooks,
 * nor whether a server received or a client sent, except for the position.
 */
#ifndef REDTAP_REQUESTS_H
#define REDTAP_REQUESTS_H

#include "tables/pair.bpf.h"
#include "calls/walk.bpf.h"

__noinline int requests_step(__u64 address, __u32 owner)
{
	struct walk_context context = { .address = address, .owner = owner };
	struct walker walker;

	return walker_find(&walker, &context) ? walk_requests_step(&walker) : WALK_DONE;
}

static __always_inline __u32 walker_requests_step(struct walker *walker)
{
	return requests_step(walker->context->address, walker->context->owner);
}

/* Requests are received by a server and sent by a client; returns the position after them. */
static __always_inline __u32 requests_end(struct connection *connection, struct sock *sock)
{
	return is_client(connection) ? sock_sent(sock) : sock_received(sock);
}

/* Responses are sent by a server and received by a client; returns the position after them. */
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
	struct walk_context context = { scratch, call, address, owner };
	struct walker walker = walker_init(&context, connection);
	__u32 end;

	if (!part_claim(&connection->receive.claim)) {
		if (connection->sock == address && connection->watched)
			ledger_add(&ledger.approximate[APPROXIMATE_CONTENTION], 1);
		return;
	}
	end = requests_end(connection, sock);
	if (!connection_check(connection, call->inode, address)) {
		/* not a call of a target: the next bytes do not start a request */
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
	walk_requests(&walker, end);
	if (calls_repeated && owner < SCRATCH_AGAIN)
		call_done(owner, address, end);
	connection_release(connection, &connection->receive.claim, address, owner);
}

/*
 * The request that a response belongs to may have been received by a call without a hook (splice,
 * zero-copy receive): then account for its bytes before the response.  Only when no other call can
 * be receiving that request: no request is outstanding, or only the one being read.
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
	__u8 phase = READ_ONCE(connection->receive.parser.phase);
	__u32 outstanding = tracker_outstanding(connection);

	/* requests ended by a close are not outstanding, but may still be received */
	if (READ_ONCE(connection->closing) || phase == PHASE_LOST || phase == PHASE_IGNORE)
		return false;
	if (outstanding > 1 || (outstanding == 1 && phase <= PHASE_METHOD))
		return false;
	return READ_ONCE(connection->receive.sequence) != sock_received(sock);
}

#endif
