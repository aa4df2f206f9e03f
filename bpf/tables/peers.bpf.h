/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * peers.bpf.h - the servers that targets talk to, numbered.
 *
 * Inputs: connected sockets.  Outputs: the peer of a series key.  It must not know
 * connections or HTTP.
 */
#ifndef REDTAP_PEERS_H
#define REDTAP_PEERS_H

#include "kernel/sock_read.bpf.h"
#include "tables/maps.bpf.h"

/* The number of the server at the other end, 1 to PEERS_MAX; PEER_OTHER: the table is full. */
static __always_inline __u8 peer_number(struct sock *sock)
{
	struct peer_key key = {};
	__u32 fresh, *known;

	sock_peer_address(sock, key.address);
	known = bpf_map_lookup_elem(&peers, &key);
	if (known)
		return *known;
	if (ledger.peers >= PEERS_MAX)
		return PEER_OTHER;
	fresh = atomic_increment(&ledger.peers);
	fresh = value_opaque(fresh); /* the verifier wants the bound of the index */
	if (fresh > PEERS_MAX)
		return PEER_OTHER;
	peer_keys[fresh] = key;
	if (bpf_map_update_elem(&peers, &key, &fresh, BPF_NOEXIST) == 0)
		return fresh;
	known = bpf_map_lookup_elem(&peers, &key); /* another CPU was first */
	return known ? *known : PEER_OTHER;
}

#endif
