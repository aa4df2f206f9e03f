/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * transfer.bpf.h - receive and send calls: whose socket it is, which connection, and
 * which direction of it the call has moved.
 *
 * Inputs: what the two hooks say.  Outputs: calls for requests.bpf.h and
 * responses.bpf.h.  It must not know HTTP.
 */
#ifndef REDTAP_TRANSFER_H
#define REDTAP_TRANSFER_H

#include "responses.bpf.h"

/* Finds the connection of a receive, or makes its entry. */
static __always_inline void receive_enter(struct call *call, __u32 again)
{
	struct connection *connection;
	struct scratch *scratch;
	__u32 worked;

	scratch = scratch_get(call->owner);
	connection = bpf_map_lookup_elem(&connections, &call->address);
	if (!scratch)
		return;
	call->inode = sock_inode(call->sock);
	if (connection && connection_is_stale(connection, call->inode)) {
		connection_expel(connection, call->address, call->owner);
		connection = 0;
	}
	if (again) {
		if (!connection)
			return;
		worked = is_client(connection) ? connection->send.sequence
					       : connection->receive.sequence;
		if (sequence_reached(sock_received(call->sock), worked))
			return;
	}
	if (!connection)
		connection = connection_adopt(scratch, call->owner, call->sock, call->address,
					      sock_received(call->sock) - (__u32)call->length,
					      sock_sent(call->sock));
	if (!connection)
		return;
	if (is_client(connection))
		on_responses(scratch, connection, call);
	else
		on_requests(scratch, connection, call);
}

static __always_inline void on_receive(__u64 address, __u64 length, __u32 flags, __u32 again)
{
	struct call call = {
		.sock = KERNEL_POINTER(struct sock, address),
		.address = address,
		.length = length,
		.flags = flags,
		.owner = SCRATCH_RECEIVE + again,
	};

	if (!sock_is_of_interest(call.sock) ||
	    (again && call_is_done(SCRATCH_RECEIVE, address, sock_received(call.sock))))
		return;
	receive_enter(&call, again);
}

/* Likewise of a send. */
static __always_inline void send_enter(struct call *call, __u32 again)
{
	struct connection *connection;
	struct scratch *scratch;
	__u32 worked;

	scratch = scratch_get(call->owner);
	connection = bpf_map_lookup_elem(&connections, &call->address);
	if (!scratch)
		return;
	if (!connection && !again)
		connection = connection_adopt_client(scratch, call->sock, call->address,
						     sock_sent(call->sock) - (__u32)call->length);
	if (!connection)
		return;
	if (again) {
		worked = is_client(connection) ? connection->receive.sequence
					       : connection->send.sequence;
		if (sequence_reached(sock_sent(call->sock), worked))
			return;
	}
	call->inode = sock_inode(call->sock);
	if (is_client(connection))
		on_requests(scratch, connection, call);
	else
		on_responses(scratch, connection, call);
}

static __always_inline void on_send(__u64 address, __u64 length, __u32 again)
{
	struct call call = {
		.sock = KERNEL_POINTER(struct sock, address),
		.address = address,
		.length = length,
		.owner = SCRATCH_SEND + again,
	};

	if (!sock_is_of_interest(call.sock) ||
	    (again && call_is_done(SCRATCH_SEND, address, sock_sent(call.sock))))
		return;
	send_enter(&call, again);
}

#endif
