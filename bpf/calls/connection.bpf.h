/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * connection.bpf.h - life of a connection in the kernel's tables: created, found, claimed, ended.
 *
 * Inputs: sockets.  Outputs: connections whose identity has been checked.  It
 * must not know HTTP beyond the tracker's calls, nor which hook called.
 *
 * An entry can be deleted, and its memory used again, while another CPU still holds a pointer to
 * it.  So a part is used only after it was claimed *and after that* the entry was checked to still
 * belong to the socket; and only the holder of both claims deletes an entry.
 */
#ifndef REDTAP_CONNECTION_H
#define REDTAP_CONNECTION_H

#include "count/series.bpf.h"
#include "tables/listeners.bpf.h"
#include "tables/peers.bpf.h"
#include "tables/targets.bpf.h"

/* connection.closing */
enum closing {
	CLOSING_END = 1,    /* end the open requests */
	CLOSING_DELETE = 2, /* and then delete the entry */
};

/* ---- closing ---------------------------------------------------------- */

static __always_inline void closing_set(struct connection *connection, __u32 what)
{
	atomic_or(&connection->closing, what);
}

/* Without --client this is constant false, so the code for clients is not loaded. */
static __always_inline bool is_client(const struct connection *connection)
{
	return settings.client && connection->peer;
}

/* ---- creating --------------------------------------------------------- */

/*
 * Creates a connection's entry. late: it was open before; received, sent: positions of the next
 * bytes, swapped for a client. peer: number of the server that a client talks to, 0: a server's
 * connection.  Returns the entry, created here or by another CPU; NULL: the table is full.
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

/* Deletes the entry; the caller holds both claims. */
static __always_inline void connection_delete(struct connection *connection, __u64 address)
{
	if (connection->watched && !connection->peer)
		ledger_add(&service_of(connection->service)->open_connections, -1);
	connection->sock = 0;
	bpf_map_delete_elem(&open_ended, &address);
	bpf_map_delete_elem(&connections, &address);
}

/*
 * Ends one open request; the send part is claimed and loaded into the scratch.
 * A function of its own, so that the verifier checks it once.  Returns the
 * event.
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

/* How often settling is repeated when other CPUs have left new work meanwhile. */
#define SETTLE_TURNS 4

/*
 * Ends the open requests of a closing connection, and deletes the entry if required.  Returns
 * whether another CPU may have left new work meanwhile.  A function of its own, so that the
 * verifier checks it once.
 */
__noinline int connection_settle_once(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	__u32 i, due, now;

	if (!connection || !scratch)
		return 0;
	/* a request that is being read would be counted without its route */
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
 * The same, repeated while other CPUs may have left new work.  If another CPU holds a claim, the
 * work is left to that CPU, which calls this after releasing the part.
 */
static __always_inline void connection_settle(__u64 address, __u32 owner)
{
	__u32 turn;

	for (turn = 0; turn < SETTLE_TURNS; turn++)
		if (!connection_settle_once(address, owner))
			break;
}

/*
 * Ends the open requests of a socket that is gone, and deletes its entry.  A close by the
 * application is always seen, a reset by the peer may be missed: so if no end was seen, it was a
 * reset.
 */
static __always_inline void connection_expel(struct connection *connection, __u64 address,
					     __u32 owner)
{
	if (connection->end == END_NONE && !is_client(connection))
		connection->end = END_RESET;
	closing_set(connection, CLOSING_END | CLOSING_DELETE);
	connection_settle(address, owner);
}

/* Releases a part, then does the work that other CPUs left meanwhile. */
static __always_inline void connection_release(struct connection *connection, __u32 *claim,
					       __u64 address, __u32 owner)
{
	part_release(claim);
	if (READ_ONCE(connection->closing))
		connection_settle(address, owner);
}

/* ---- finding ---------------------------------------------------------- */

/*
 * A call on a socket without an entry: creates one if it is a server's
 * connection of a target. received, sent: positions before the call.
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
	/* TCP Fast Open: data of the SYN can be received before the handshake ends */
	connection = connection_make(scratch, address, state != STATE_SYN_RECV, 0, received, sent);
	/* closed meanwhile: no later hook would delete the entry */
	if (connection && sock_state(sock) == STATE_CLOSE && sock_shut_down(sock)) {
		closing_set(connection, CLOSING_END | CLOSING_DELETE);
		connection_settle(address, owner);
		return 0;
	}
	return connection;
}

/*
 * A send on a socket without an entry: creates one if a target may be the client of a connection
 * that was open before attach. sent: position before the call.
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
 * Whether the entry belongs to an earlier connection at this address, because its end and the
 * start of this one were missed.
 */
static __always_inline bool connection_is_stale(struct connection *connection, __u64 inode)
{
	__u64 known = READ_ONCE(connection->inode);

	return known && inode && known != inode;
}

/* Whether the entry belongs to this socket, and nothing more can be observed on it. */
static __always_inline bool connection_is_over(struct connection *connection, __u64 inode,
					       __u64 address)
{
	return tracker_is_over(connection) && READ_ONCE(connection->sock) == address &&
	       READ_ONCE(connection->inode) == inode;
}

/*
 * Checks, while a part is claimed, that the entry belongs to this socket and that a target uses
 * it.  If the end of an earlier connection at this address was missed, its inode number differs.
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
