/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sock_read.bpf.h - what the kernel knows of a socket.
 *
 * Inputs: addresses that a hook hands on.  Outputs: plain numbers.  It must not
 * know maps or HTTP.
 */
#ifndef REDTAP_SOCK_READ_H
#define REDTAP_SOCK_READ_H

#include "kernel/memory.bpf.h"
#include <bpf/bpf_endian.h>

#define FAMILY_INET 2
#define FAMILY_INET6 10
#define TYPE_STREAM 1
#define PROTOCOL_TCP 6

/* include/net/tcp_states.h */
enum tcp_state {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT = 2,
	STATE_SYN_RECV = 3,
	STATE_FIN_WAIT1 = 4,
	STATE_FIN_WAIT2 = 5,
	STATE_CLOSE = 7,
	STATE_CLOSE_WAIT = 8,
	STATE_LAST_ACK = 9,
	STATE_LISTEN = 10,
};

/* include/net/sock.h: SOCK_DONE of enum sock_flags, the peer's FIN has arrived */
#define FLAG_DONE (1UL << 1)
#define SHUTDOWN_RECEIVE 1
#define SHUTDOWN_SEND 2

/* Whether it has ports. */
static __always_inline bool sock_is_internet(struct sock *sock)
{
	__u16 family = KERNEL_READ(sock, __sk_common.skc_family);

	return family == FAMILY_INET || family == FAMILY_INET6;
}

static __always_inline bool sock_is_tcp(struct sock *sock)
{
	return sock_is_internet(sock) && KERNEL_READ(sock, sk_protocol) == PROTOCOL_TCP &&
	       KERNEL_READ(sock, sk_type) == TYPE_STREAM;
}

static __always_inline __u8 sock_state(struct sock *sock)
{
	return KERNEL_READ(sock, __sk_common.skc_state);
}

/* Local port, host byte order; 0 once the socket is closed. */
static __always_inline __u16 sock_local_port(struct sock *sock)
{
	return KERNEL_READ(sock, __sk_common.skc_num);
}

/* Inode number of the socket's network namespace. */
static __always_inline __u32 sock_netns(struct sock *sock)
{
	struct net *net = KERNEL_READ(sock, __sk_common.skc_net.net);

	return KERNEL_READ(net, ns.inum);
}

/* Inode number of the socket, 0 before accept() and after close(). */
static __always_inline __u64 sock_inode(struct sock *sock)
{
	struct socket *socket = KERNEL_READ(sock, sk_socket);
	struct socket_alloc *alloc;

	if (!socket)
		return 0;
	alloc = KERNEL_POINTER(struct socket_alloc, socket);
	return KERNEL_READ(alloc, vfs_inode.i_ino);
}

/* Address of the peer, IPv4 as an IPv4-mapped IPv6 address; network byte order. */
static __always_inline void sock_peer_address(struct sock *sock, __u32 address[4])
{
	if (KERNEL_READ(sock, __sk_common.skc_family) == FAMILY_INET) {
		address[0] = 0;
		address[1] = 0;
		address[2] = __builtin_bswap32(0xffff);
		address[3] = KERNEL_READ(sock, __sk_common.skc_daddr);
		return;
	}
	address[0] = KERNEL_READ(sock, __sk_common.skc_v6_daddr.in6_u.u6_addr32[0]);
	address[1] = KERNEL_READ(sock, __sk_common.skc_v6_daddr.in6_u.u6_addr32[1]);
	address[2] = KERNEL_READ(sock, __sk_common.skc_v6_daddr.in6_u.u6_addr32[2]);
	address[3] = KERNEL_READ(sock, __sk_common.skc_v6_daddr.in6_u.u6_addr32[3]);
}

/* Whether the local side has ended both directions: close(), or shutdown() of both. */
static __always_inline bool sock_given_up(struct sock *sock)
{
	__u8 both = SHUTDOWN_RECEIVE | SHUTDOWN_SEND;

	return (KERNEL_READ(sock, sk_shutdown) & both) == both;
}

/* Whether the local side has shut down sending: it has begun the close. */
static __always_inline bool sock_shut_down(struct sock *sock)
{
	return KERNEL_READ(sock, sk_shutdown) & SHUTDOWN_SEND;
}

/* Whether the peer's FIN has arrived. */
static __always_inline bool sock_peer_ended(struct sock *sock)
{
	return KERNEL_READ(sock, __sk_common.skc_flags) & FLAG_DONE;
}

/*
 * Position of the next byte that the application receives.  The client's FIN takes a
 * sequence number, too, and is received with the last bytes before it: it is not
 * counted here.
 */
static __always_inline __u32 sock_received(struct sock *sock)
{
	struct tcp_sock *tcp = KERNEL_POINTER(struct tcp_sock, sock);
	__u32 copied = KERNEL_READ(tcp, copied_seq);

	if (sock_peer_ended(sock) && copied == KERNEL_READ(tcp, rcv_nxt))
		return copied - 1;
	return copied;
}

static __always_inline __u32 sock_arrived(struct sock *sock)
{
	return KERNEL_READ(KERNEL_POINTER(struct tcp_sock, sock), rcv_nxt);
}

static __always_inline __u32 sock_sent(struct sock *sock)
{
	return KERNEL_READ(KERNEL_POINTER(struct tcp_sock, sock), write_seq);
}

/* Position after the last byte that the client has acknowledged. */
static __always_inline __u32 sock_acknowledged(struct sock *sock)
{
	return KERNEL_READ(KERNEL_POINTER(struct tcp_sock, sock), snd_una);
}

/* Position after the last byte that has left. */
static __always_inline __u32 sock_left(struct sock *sock)
{
	return KERNEL_READ(KERNEL_POINTER(struct tcp_sock, sock), snd_nxt);
}

/* Position after the last byte that a segment acknowledges. */
static __always_inline __u32 segment_acknowledged(struct sk_buff *skb)
{
	struct tcphdr *header = KERNEL_POINTER(
		struct tcphdr, (__u64)KERNEL_READ(skb, head) + KERNEL_READ(skb, transport_header));

	return bpf_ntohl(KERNEL_READ(header, ack_seq));
}

/*
 * The socket of a file descriptor that accept() has just returned to the task; 0: none
 * any more.  Another thread may have closed it already, and the descriptor may be
 * another file: then the result is the address of no socket.
 */
static __always_inline __u64 descriptor_sock(struct task_struct *task, __u32 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct socket *socket;
	struct file *file = 0;

	if (descriptor >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + descriptor);
	if (!file)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return (__u64)BPF_CORE_READ(socket, sk);
}

#endif
