// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * empty.bpf.c - programs that do nothing, one on each hook that an exchange of messages
 * runs: their cost is the least that redtap can cost.
 *
 * Inputs, outputs: none.  It must not know redtap's own programs.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EMPTY(tracepoint)                                                                          \
	SEC("raw_tp/" #tracepoint)                                                                 \
	int empty_##tracepoint(struct bpf_raw_tracepoint_args *ctx)                                \
	{                                                                                          \
		(void)ctx;                                                                         \
		return 0;                                                                          \
	}

EMPTY(sock_recv_length)
EMPTY(sock_send_length)
EMPTY(sk_data_ready)
EMPTY(inet_sock_set_state)
EMPTY(sched_process_fork)
EMPTY(sched_process_exit)
