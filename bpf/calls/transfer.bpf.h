/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * transfer.bpf.h - receive and send calls: finds their connection, and whether they moved
 * requests or responses.
 *
 * Inputs: the arguments of the two hooks.  Outputs: calls for requests.bpf.h and responses.bpf.h.
 * It must not know HTTP.
 */
#ifndef REDTAP_TRANSFER_H
#define REDTAP_TRANSFER_H

#include "calls/responses.bpf.h"

/* Requests are received by a server and sent by a client.  end: position after the bytes. */
static __always_inline void call_enter(struct scratch *scratch, struct connection *connection,
				       const struct call *call, bool sends, __u32 end)
{
	const bool of_requests = is_client(connection) == sends;

	if (connection_is_over(connection, call->inode, call->address)) {
		if (calls_repeated && !call->second)
			call_done(call->owner, call->address, end);
		return;
	}
	if (call->second && sequence_reached(end, of_requests ? connection->receive.sequence
							      : connection->send.sequence))
		return;
	if (of_requests)
		on_requests(scratch, connection, call);
	else
		on_responses(scratch, connection, call);
}

/* length: bytes, or an error below 0. */
static __always_inline void on_receive(__u64 address, int length, __u32 flags, bool second)
{
	struct call call = {
		.sock = KERNEL_POINTER(struct sock, address),
		.address = address,
		.length = length,
		.flags = flags,
		.second = second,
		.owner = scratch_of(SCRATCH_RECEIVE, second),
	};
	struct connection *connection;
	struct scratch *scratch;
	__u32 end;

	if (length <= 0 || (flags & MESSAGE_NOT_TAKEN) || !sock_is_of_interest(call.sock))
		return;
	end = sock_received(call.sock);
	if (second && call_is_done(SCRATCH_RECEIVE, address, end))
		return;
	scratch = scratch_get(call.owner);
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!scratch)
		return;
	call.inode = sock_inode(call.sock);
	if (connection && connection_is_stale(connection, call.inode)) {
		connection_expel(connection, address, call.owner);
		connection = 0;
	}
	if (!connection && !second)
		connection = connection_adopt(scratch, call.owner, call.sock, address,
					      end - (__u32)length, sock_sent(call.sock));
	if (connection)
		call_enter(scratch, connection, &call, false, end);
}

/* The same for a send call. */
static __always_inline void on_send(__u64 address, int length, bool second)
{
	struct call call = {
		.sock = KERNEL_POINTER(struct sock, address),
		.address = address,
		.length = length,
		.second = second,
		.owner = scratch_of(SCRATCH_SEND, second),
	};
	struct connection *connection;
	struct scratch *scratch;
	__u32 end;

	if (length <= 0 || !sock_is_of_interest(call.sock))
		return;
	end = sock_sent(call.sock);
	if (second && call_is_done(SCRATCH_SEND, address, end))
		return;
	scratch = scratch_get(call.owner);
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!scratch)
		return;
	if (!connection && !second)
		connection =
			connection_adopt_client(scratch, call.sock, address, end - (__u32)length);
	if (!connection)
		return;
	call.inode = sock_inode(call.sock);
	call_enter(scratch, connection, &call, true, end);
}

#endif
