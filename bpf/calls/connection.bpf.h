/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * connection.bpf.h - life of a connection in the kernel's tables: made, found,
 * claimed, ended.
 *
 * Inputs: sockets.  Outputs: connections whose identity has been checked.  It
 * must not know HTTP beyond the tracker's calls, nor which hook called.
 *
 * An entry can be deleted, and its memory used again, while another CPU still holds a
 * pointer to it.  So a part is used only after it was claimed *and then* the entry was
 * found to belong to the socket still; and only the holder of both claims deletes an
 * entry.
 */
#ifndef REDTAP_CONNECTION_H
#define REDTAP_CONNECTION_H

#include "count/series.bpf.h"
#include "tables/listeners.bpf.h"
#include "tables/peers.bpf.h"
#include "tables/targets.bpf.h"

/* connection.closing */
enum closing {
	CLOSING_END = 1,    /* end what is open */
	CLOSING_DELETE = 2, /* and delete the entry */
};

/* ---- closing ---------------------------------------------------------- */

static __always_inline void closing_set(struct connection *connection, __u32 what)
{
	atomic_or(&connection->closing, what);
}

/* Without --client, a constant: the code for clients is not loaded. */
static __always_inline bool is_client(const struct connection *connection)
{
	return settings.client && connection->peer;
}

/* ---- making ----------------------------------------------------------- */

/*
 * Enters a connection.  late: it was open before; received, sent: positions of the next
 * bytes, of a client the other way round.  peer: number of the server that a client
 * talks to, 0: a server's connection.  Returns the entry, made here or by another CPU;
 * NULL: the table is full.
 */
static __always_inline struct connection *connection_make(struct scratch *scratch, __u64 address,
							  bool late, __u8 peer, __u32 received,
							  __u32 sent)
{
	struct connection *blank = &scratch->blank;

	blank->sock = address;
	blank->late = 0;
	blank->peer = peer;
	if (late)
		tracker_begin_late(blank, received, sent);
	else
		tracker_begin(blank, received, sent);
	bpf_map_update_elem(&connections, &address, blank, BPF_NOEXIST);
	return bpf_map_lookup_elem(&connections, &address);
}

/* Deletes the entry; both claims are held. */
static __always_inline void connection_delete(struct connection *connection, __u64 address)
{
	if (connection->watched && !connection->peer)
		ledger_add(&service_of(connection->service)->open_connections, -1);
	connection->sock = 0;
	bpf_map_delete_elem(&open_ended, &address);
	bpf_map_delete_elem(&connections, &address);
}

/*
 * Ends one request that is open; the send part is claimed, and loaded into the
 * scratch.  A function of its own for the verifier.  Returns the event.
 */
__noinline int connection_end_one(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	__u32 event;

	if (!connection || !scratch)
		return EVENT_NONE;
	event = tracker_end(connection, &scratch->job);
	event_enter(owner, connection, &scratch->job, event);
	return event;
}

/* How often settling starts again when other CPUs have left work meanwhile. */
#define SETTLE_TURNS 4

/*
 * Ends what is open on a connection that is closing, and deletes the entry if that is
 * due.  Returns whether another CPU may have left work here meanwhile.  A function of
 * its own for the verifier.
 */
__noinline int connection_settle_once(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	__u32 i, due, now;

	if (!connection || !scratch)
		return 0;
	/* a request that is being read would end without the route that it has */
	if (READ_ONCE(connection->receive.claim))
		return 0;
	if (!part_claim(&connection->send.claim))
		return 0;
	if (connection->sock != address) {
		part_release(&connection->send.claim);
		return 0;
	}
	due = READ_ONCE(connection->closing);
	scratch->job.now_ns = bpf_ktime_get_ns();
	tracker_send_load(connection, &scratch->job);
	for (i = 0; i < PIPELINE_SLOTS + 1; i++)
		if (connection_end_one(address, owner) == EVENT_NONE)
			break;
	tracker_send_store(connection, &scratch->job);
	if ((due & CLOSING_DELETE) && part_claim(&connection->receive.claim)) {
		connection_delete(connection, address);
		return 0;
	}
	part_release(&connection->send.claim);
	now = READ_ONCE(connection->closing);
	return now != due || (now & CLOSING_DELETE);
}

/*
 * Likewise.  If a part is claimed, the work is left to its owner, who comes here after
 * releasing it, and looks again after releasing what was claimed here.
 */
static __always_inline void connection_settle(__u64 address, __u32 owner)
{
	__u32 turn;

	for (turn = 0; turn < SETTLE_TURNS; turn++)
		if (!connection_settle_once(address, owner))
			break;
}

/*
 * Ends what is open on a socket that is gone, and deletes its entry.  An end by the
 * application is always seen; one by the other side may be missed: if none was seen, it
 * was a reset.
 */
static __always_inline void connection_expel(struct connection *connection, __u64 address,
					     __u32 owner)
{
	if (connection->end == END_NONE && !is_client(connection))
		connection->end = END_RESET;
	closing_set(connection, CLOSING_END | CLOSING_DELETE);
	connection_settle(address, owner);
}

/* Releases a part, and does the work that was left meanwhile. */
static __always_inline void connection_release(struct connection *connection, __u32 *claim,
					       __u64 address, __u32 owner)
{
	part_release(claim);
	if (READ_ONCE(connection->closing))
		connection_settle(address, owner);
}

/* ---- finding ---------------------------------------------------------- */

/*
 * A call on a socket that has no entry: makes one if it is a server's
 * connection of a target.  received, sent: positions before the call.
 */
static __always_inline struct connection *connection_adopt(struct scratch *scratch, __u32 owner,
							   struct sock *sock, __u64 address,
							   __u32 received, __u32 sent)
{
	struct connection *connection;
	__u16 service;
	__u8 state;

	if (!process_is_target(&service) || !sock_is_tcp(sock))
		return 0;
	state = sock_state(sock);
	if ((state != STATE_ESTABLISHED && state != STATE_CLOSE_WAIT && state != STATE_SYN_RECV) ||
	    !sock_is_listened(sock))
		return 0;
	/* TCP Fast Open: what came with the SYN can be received before the handshake ends */
	connection = connection_make(scratch, address, state != STATE_SYN_RECV, 0, received, sent);
	/* closed meanwhile: no later hook would delete it */
	if (connection && sock_state(sock) == STATE_CLOSE && sock_shut_down(sock)) {
		closing_set(connection, CLOSING_END | CLOSING_DELETE);
		connection_settle(address, owner);
		return 0;
	}
	return connection;
}

/*
 * A send on a socket that has no entry: makes one if a target may be a client there,
 * on a connection that was open before attach.  sent: position before the call.
 */
static __always_inline struct connection *
connection_adopt_client(struct scratch *scratch, struct sock *sock, __u64 address, __u32 sent)
{
	__u16 service;

	if (!settings.client || !process_is_target(&service) || !sock_is_tcp(sock) ||
	    sock_state(sock) != STATE_ESTABLISHED || sock_is_listened(sock))
		return 0;
	return connection_make(scratch, address, true, peer_number(sock), sent,
			       sock_received(sock));
}

/*
 * Whether the entry belongs to an earlier connection at this address: its end, and the
 * beginning of this one, were missed.
 */
static __always_inline bool connection_is_stale(struct connection *connection, __u64 inode)
{
	__u64 known = READ_ONCE(connection->inode);

	return known && inode && known != inode;
}

/* Whether nothing more can be seen on the connection, and it belongs to this socket. */
static __always_inline bool connection_is_over(struct connection *connection, __u64 inode,
					       __u64 address)
{
	return tracker_is_over(connection) && READ_ONCE(connection->sock) == address &&
	       READ_ONCE(connection->inode) == inode;
}

/*
 * Checks under a claim that the entry belongs to this socket, and that a target uses
 * it.  Two connections at the same address differ in the socket's inode, if the end of
 * the first was missed.
 */
static __always_inline bool connection_check(struct connection *connection, __u64 inode,
					     __u64 address)
{
	__u16 service;

	if (connection->sock != address)
		return false;
	if (connection->inode == 0) {
		connection->inode = inode;
	} else if (inode && connection->inode != inode) {
		closing_set(connection, CLOSING_END | CLOSING_DELETE);
		return false;
	}
	if (connection->watched)
		return true;
	if (!process_is_target(&service))
		return false;
	connection->service = service;
	connection->watched = 1;
	if (!connection->peer)
		ledger_add(&service_of(service)->open_connections, 1);
	return true;
}

#endif
