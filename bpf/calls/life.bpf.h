/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * life.bpf.h - the life of connections and processes: sockets listen, connect, are
 * established, accepted, get data and acknowledgements, are closed and destroyed;
 * processes fork and exit.
 *
 * Inputs: the arguments of the hooks.  Outputs: entries of connections, listeners, unbound sockets
 * and targets; the ends of requests.  It must not know HTTP.
 *
 * second: the caller is the second program of a pair, see tables/pair.bpf.h.
 */
#ifndef REDTAP_LIFE_H
#define REDTAP_LIFE_H

#include "calls/connection.bpf.h"
#include "count/accept.bpf.h"
#include "tables/pair.bpf.h"

/* ---- arrival ---------------------------------------------------------- */

static __always_inline void on_data_ready(__u64 address, bool second)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct connection *connection;
	__u32 end;

	if (!sock_is_of_interest(sock))
		return;
	end = sock_arrived(sock);
	if (second && call_is_done(SCRATCH_ARRIVAL, address, end))
		return;
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!connection) {
		struct scratch *scratch = scratch_get(scratch_of(SCRATCH_ARRIVAL, second));

		/* perhaps open before attach: the first receive call shows which process uses it */
		if (!scratch || sock_state(sock) != STATE_ESTABLISHED || !sock_is_tcp(sock) ||
		    !sock_is_listened(sock))
			return;
		connection = connection_make(scratch, address, true, 0, sock_received(sock),
					     sock_sent(sock));
		if (!connection)
			return;
	}
	if (!is_client(connection))
		tracker_arrival(connection, end, bpf_ktime_get_ns());
	if (!second)
		call_done(SCRATCH_ARRIVAL, address, end);
}

/* ---- state ------------------------------------------------------------ */

/* A listening socket of a target: its port is watched from now on. */
static __always_inline void on_listen(__u64 address)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct listener_key key = {};
	__u16 service;

	if (!process_is_target(&service) || !sock_is_tcp(sock))
		return;
	key.port = sock_local_port(sock);
	key.netns = sock_netns(sock);
	if (key.port)
		listener_enter(&key);
	else
		unbound_note(address);
}

/* A new connection: an older entry at this address is stale. */
static __always_inline void on_established(__u64 address, bool second)
{
	const __u32 owner = scratch_of(SCRATCH_STATE, second);
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct scratch *scratch = scratch_get(owner);
	struct connection *stale = bpf_map_lookup_elem(&connections, &address);

	if (!scratch)
		return;
	/* TCP Fast Open: accepted, and in use, before the handshake was complete */
	if (stale && stale->inode && stale->inode == sock_inode(sock))
		return;
	if (stale && second && stale->inode == 0 && stale->arrival.written == 0 &&
	    stale->receive.sequence == sock_received(sock))
		return; /* just created, by this same event */
	if (stale) {
		closing_set(stale, CLOSING_END | CLOSING_DELETE);
		connection_settle(address, owner);
	}
	if (!sock_is_tcp(sock) || !sock_is_listened(sock))
		return;
	scratch->blank.established_ns = phase_is_wanted(REQUEST_PHASE_ACCEPT) ? bpf_ktime_get_ns()
									      : 0;
	/* counted only here, once per connection: later calls try to create it again */
	if (!connection_make(scratch, address, false, 0, sock_received(sock), sock_sent(sock)) &&
	    !second)
		ledger_add(&ledger.ignored[IGNORE_CONNECTIONS_FULL], 1);
}

/* A target connects: creates an entry for what may become a client's connection. */
static __always_inline void on_connect(__u64 address, bool second)
{
	const __u32 owner = scratch_of(SCRATCH_STATE, second);
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct scratch *scratch = scratch_get(owner);
	struct connection *stale = bpf_map_lookup_elem(&connections, &address);
	__u16 service;

	if (!scratch || !sock_is_tcp(sock) || !process_is_target(&service))
		return;
	if (stale && second && is_client(stale) && stale->inode == 0)
		return; /* just created, by this same event */
	if (stale)
		connection_expel(stale, address, owner);
	if (!connection_make(scratch, address, false, peer_number(sock), 0, 0) && !second)
		ledger_add(&ledger.ignored[IGNORE_CONNECTIONS_FULL], 1);
}

/* The handshake is complete: both directions begin here. */
static __always_inline void on_connected(__u64 address)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);

	if (connection && is_client(connection) && connection->inode == 0)
		tracker_begin(connection, sock_sent(sock), sock_received(sock));
}

/*
 * Whether the client's own close() ends the connection at once, by a reset, because of unread
 * data or SO_LINGER. Otherwise the server has reset it, or has sent its FIN after the client shut
 * down sending.
 */
static __always_inline bool client_resets(struct sock *sock, int from)
{
	return sock_given_up(sock) &&
	       (from == STATE_ESTABLISHED || from == STATE_CLOSE_WAIT || !sock_peer_ended(sock));
}

/*
 * The end of a client's connection.  The client may still read a response after it has shut down
 * sending, and after the server is gone: so only its own close(), or the end of the socket, ends
 * it.  Returns enum closing.
 */
static __always_inline __u32 client_state(struct connection *connection, struct sock *sock,
					  int from, int to)
{
	switch (to) {
	case STATE_CLOSE_WAIT:
		connection->end |= END_PEER_CLOSED;
		return 0;
	case STATE_FIN_WAIT1:
		return sock_given_up(sock) ? CLOSING_END : 0;
	case STATE_CLOSE:
		if (sock_inode(sock) == 0 || client_resets(sock, from))
			return CLOSING_END | CLOSING_DELETE;
		connection->end |= sock_peer_ended(sock) ? END_PEER_CLOSED : END_RESET;
		return 0;
	default:
		return 0;
	}
}

/* The same for a server's connection. */
static __always_inline __u32 server_state(struct connection *connection, struct sock *sock,
					  __u64 address, int to)
{
	/* tcp_probe shows acknowledgements of established connections only */
	if (phase_is_wanted(REQUEST_PHASE_DELIVER) && (to == STATE_FIN_WAIT2 || to == STATE_CLOSE))
		deliver_acknowledged(connection, address, sock_acknowledged(sock));
	switch (to) {
	case STATE_CLOSE_WAIT:
		connection->end |= END_PEER_CLOSED;
		return 0;
	case STATE_FIN_WAIT1:
	case STATE_LAST_ACK:
		connection->end |= END_LOCAL;
		return CLOSING_END;
	case STATE_CLOSE:
		if (!sock_shut_down(sock)) {
			/* The application still has it: it may read what arrived before the
			 * reset, and a send that waits for buffer space is not complete. */
			connection->end |= END_RESET;
			return 0;
		}
		connection->end |= END_LOCAL;
		return CLOSING_END | CLOSING_DELETE;
	default:
		return 0;
	}
}

/* Updates a connection after a change of its TCP state. */
static __always_inline void state_enter(struct sock *sock, __u64 address, int from, int to,
					bool second)
{
	struct connection *connection;
	__u32 closing;

	if (to == STATE_ESTABLISHED) {
		if (from == STATE_SYN_RECV)
			on_established(address, second);
		else if (settings.client)
			on_connected(address);
		return;
	}
	if (to == STATE_SYN_SENT) {
		if (settings.client)
			on_connect(address, second);
		return;
	}
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!connection)
		return;
	if (is_client(connection))
		closing = client_state(connection, sock, from, to);
	else
		closing = server_state(connection, sock, address, to);
	if (!closing)
		return;
	closing_set(connection, closing);
	connection_settle(address, scratch_of(SCRATCH_STATE, second));
}

static __always_inline void on_state(__u64 address, int from, int to, bool second)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);

	if (to == STATE_LISTEN) {
		on_listen(address);
		return;
	}
	if (from == STATE_LISTEN)
		unbound_forget(address);
	if (!sock_is_of_interest(sock))
		return;
	state_enter(sock, address, from, to, second);
}

/* No process has the socket any more: a connection reset by the client ends here. */
static __always_inline void on_destroy(__u64 address, bool second)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);

	if (!connection || READ_ONCE(stopped))
		return;
	connection_expel(connection, address, scratch_of(SCRATCH_DESTROY, second));
}

/* ---- accept and acknowledgement ---------------------------------------- */

/* A system call returns: a descriptor if it was an accept(), or a negative number. */
static __always_inline void on_call_exit(__u64 regs, long descriptor)
{
	struct connection *connection;
	__u64 address, now_ns;
	__u16 service;

	if (descriptor < 0 || !call_is_accept(KERNEL_POINTER(struct pt_regs, regs)) ||
	    !process_is_target(&service))
		return;
	now_ns = bpf_ktime_get_ns();
	address = descriptor_sock(task_current(), descriptor);
	connection = bpf_map_lookup_elem(&connections, &address);
	if (connection && connection->sock == address && connection->established_ns)
		accept_count(connection, service, now_ns);
}

/* The kernel is about to process a segment from the client. */
static __always_inline void on_segment(__u64 address, __u64 segment)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	__u32 acknowledged;

	if (!connection)
		return;
	acknowledged = segment_acknowledged(KERNEL_POINTER(struct sk_buff, segment));
	/* an acknowledgement of bytes not sent yet is invalid (RFC 9293, section 3.10.7.4) */
	if ((__s32)(acknowledged - sock_left(KERNEL_POINTER(struct sock, address))) <= 0)
		deliver_acknowledged(connection, address, acknowledged);
}

/* ---- processes --------------------------------------------------------- */

static __always_inline void on_fork(__u64 parent, __u64 child)
{
	__u32 from = process_id(KERNEL_POINTER(struct task_struct, parent));
	__u32 to = process_id(KERNEL_POINTER(struct task_struct, child));

	if (to && from != to) /* not a thread */
		target_follow(from, to);
}

/* Called once for each thread. */
static __always_inline void on_exit(__u64 address)
{
	struct task_struct *task = KERNEL_POINTER(struct task_struct, address);
	__u32 pid;

	if (!process_ends(task))
		return;
	pid = process_id(task);
	bpf_map_delete_elem(&targets, &pid);
}

#endif
