/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * vmlinux.h - the kernel's types, with only the fields that redtap reads.
 *
 * Written by hand.  CO-RE relocates every access to the offsets of the running kernel, so
 * the order of fields does not matter, and others can be left out; a test compares each
 * field with the kernel's BTF.  The comment of a type names the file that reads it, and
 * what for.
 */
#ifndef REDTAP_VMLINUX_H
#define REDTAP_VMLINUX_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

#define true 1
#define false 0

/* From include/uapi/linux/bpf.h: the numbers are ABI. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_QUEUE = 22,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1U << 0,
	BPF_F_MMAPABLE = 1U << 10,
};

/* Context of raw tracepoints. */
struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* sock_read.bpf.h: network namespace of a socket and of pid numbers */
struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

/* sock_read.bpf.h: address of the peer, network byte order */
struct in6_addr {
	union {
		__be32 u6_addr32[4];
	} in6_u;
};

/* sock_read.bpf.h: family, state, flags, local port, address of the peer */
struct sock_common {
	__be32 skc_daddr;
	struct in6_addr skc_v6_daddr;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	__u16 skc_num;
	possible_net_t skc_net;
	unsigned long skc_flags;
};

/* sock_read.bpf.h: the inode that identifies a socket */
struct inode {
	unsigned long i_ino;
};

/* sock_read.bpf.h: from a file descriptor to its socket */
struct socket {
	short type;
	struct sock *sk;
};

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

/* sock_read.bpf.h: protocol, how it ends */
struct sock {
	struct sock_common __sk_common;
	__u16 sk_type;
	__u16 sk_protocol;
	__u8 sk_shutdown;
	struct socket *sk_socket;
};

/* sock_read.bpf.h: positions in the two byte streams, and how far the client has acknowledged */
struct tcp_sock {
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 write_seq;
	__u32 snd_una;
	__u32 snd_nxt;
};

/* sock_read.bpf.h: the acknowledgement in a segment */
struct sk_buff {
	unsigned char *head;
	__u16 transport_header;
};

struct tcphdr {
	__be32 ack_seq;
};

/* sock_read.bpf.h: from a file descriptor to its socket */
struct file {
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

/* process.bpf.h: process ids, inside pid namespaces too */
struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

typedef struct {
	int counter;
} atomic_t;

/* process.bpf.h: whether a process ends with this thread */
struct signal_struct {
	atomic_t live;
};

struct thread_info {
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	int tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct signal_struct *signal;
	struct files_struct *files; /* sock_read.bpf.h */
};

/* system_call.bpf.h: a system call's number, arguments and result */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10;
	unsigned long r8;
	unsigned long ax;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
};

struct pt_regs {
	__u64 regs[31];
	int syscallno;
};
#endif

#pragma clang attribute pop

#endif
