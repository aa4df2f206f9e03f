/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * listeners.bpf.h - the ports on which targets accept connections.
 *
 * Inputs: sockets; ports from the loader.  Outputs: entries of listeners; whether a
 * socket may be of interest.  It must not know connections or HTTP.
 */
#ifndef REDTAP_LISTENERS_H
#define REDTAP_LISTENERS_H

#include "kernel/process.bpf.h"
#include "kernel/sock_read.bpf.h"
#include "tables/maps.bpf.h"

/*
 * By port: whether `listeners` has it, in any network namespace.  One memory load
 * rejects sockets on other ports.  Set before the port is entered there, never taken
 * back.
 */
__u8 ports[65536] = {};

/*
 * Sockets of targets that began to listen without a port: the kernel chooses it right
 * after the hook.  Looked at when a connection has an unknown port.
 */
#define UNBOUND_MAX 8

__u64 unbound_socks[UNBOUND_MAX] = {}; /* addresses, 0: free */
__u32 unbound_written = 0;             /* free running; 0: never in use */

REDTAP_STATIC_ASSERT((UNBOUND_MAX & (UNBOUND_MAX - 1)) == 0, "places are masked");

/*
 * The loader sets this and clears ports[] before it detaches: from then on no program
 * is interested in any socket.  Otherwise they would stop one after the other, and what
 * the rest sees without those that are gone would be taken for a loss.
 */
__u32 stopped = 0;

/* A port of a target, in this network namespace.  Returns 0 or a negative error number. */
static __always_inline int listener_enter(const struct listener_key *key)
{
	__u8 one = 1;

	if (READ_ONCE(stopped))
		return 0;
	ports[key->port] = 1;
	return bpf_map_update_elem(&listeners, key, &one, BPF_ANY);
}

/*
 * Whether a socket may have an entry, or get one: by its port.  A closed socket has no
 * port any more, and may still be read; the port of a client says nothing.
 */
static __always_inline bool sock_is_of_interest(struct sock *sock)
{
	__u16 port = sock_local_port(sock);

	if (ports[port])
		return true;
	return (settings.client || port == 0 || READ_ONCE(unbound_written)) &&
	       sock_is_internet(sock) && !READ_ONCE(stopped);
}

static __always_inline void unbound_note(__u64 address)
{
	__u32 at = READ_ONCE(unbound_written);

	__sync_fetch_and_add(&unbound_written, 1);
	unbound_socks[index_mask(at, UNBOUND_MAX - 1)] = address;
}

static __always_inline void unbound_forget(__u64 address)
{
	__u32 i;

	if (unbound_written == 0)
		return;
	for (i = 0; i < UNBOUND_MAX; i++)
		if (unbound_socks[i] == address)
			unbound_socks[i] = 0;
}

/* Enters the port if one of them has got it.  A function of its own for the verifier. */
__noinline int unbound_learn(__u32 netns, __u32 port)
{
	struct listener_key key = { .netns = netns, .port = port };
	__u32 i;

	for (i = 0; i < UNBOUND_MAX; i++) {
		__u64 address = READ_ONCE(unbound_socks[i]);
		struct sock *sock = KERNEL_POINTER(struct sock, address);

		if (address && sock_state(sock) == STATE_LISTEN && sock_local_port(sock) == port &&
		    sock_netns(sock) == netns) {
			listener_enter(&key);
			return 1;
		}
	}
	return 0;
}

static __always_inline bool sock_is_listened(struct sock *sock)
{
	struct listener_key key = {};

	key.port = sock_local_port(sock);
	key.netns = sock_netns(sock);
	if (key.port == 0)
		return false;
	if (bpf_map_lookup_elem(&listeners, &key))
		return true;
	return unbound_written && unbound_learn(key.netns, key.port);
}

#endif
