/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tracepoint.bpf.h - the programs at raw tracepoints.
 *
 * Inputs: the tracepoints' arguments.  Outputs: calls of functions in calls/.  It must
 * not know what these do.
 */
#ifndef REDTAP_HOOK_TRACEPOINT_H
#define REDTAP_HOOK_TRACEPOINT_H

#include "calls/life.bpf.h"
#include "calls/transfer.bpf.h"

/*
 * A pair of programs, each of which makes this call; the loader attaches the second
 * after the first.
 *
 * The kernel skips a program that is already running on the same CPU: in a softirq that
 * has interrupted it, for example.  The second of the pair then does the work, and
 * otherwise finds nothing left to do.
 *
 * From Linux 7.0 on, tracepoints do not disable preemption.  If a task is preempted
 * inside a program, that program is skipped for the tasks that run next on this CPU.  So
 * there the first of receive, send and state is a trace event: trace_event.bpf.h.
 *
 * call: may use args, the tracepoint's, and second.
 */
#define HOOK(tracepoint, call)                                                                     \
	HOOK_PROGRAM(raw_tp_##tracepoint, tracepoint, false, call)                                 \
	HOOK_PROGRAM(again_##tracepoint, tracepoint, true, call)

#define HOOK_PROGRAM(name, tracepoint, is_second, call)                                            \
	SEC("raw_tp/" #tracepoint)                                                                 \
	int name(struct bpf_raw_tracepoint_args *ctx)                                              \
	{                                                                                          \
		const __u64 *args = ctx->args;                                                     \
		const bool second = is_second;                                                     \
                                                                                                   \
		(void)second;                                                                      \
		call;                                                                              \
		return 0;                                                                          \
	}

/* sock_recv_length(sk, ret, flags), kernel 6.3: a receive call is complete. */
HOOK(sock_recv_length, on_receive(args[0], args[1], args[2], second))

/* sock_send_length(sk, ret, flags), kernel 6.3: a send call is complete. */
HOOK(sock_send_length, on_send(args[0], args[1], second))

/* sk_data_ready(sk), kernel 6.3: data was queued; under the socket's lock. */
HOOK(sk_data_ready, on_data_ready(args[0], second))

/* inet_sock_set_state(sk, oldstate, newstate), kernel 4.16; under the lock. */
HOOK(inet_sock_set_state, on_state(args[0], args[1], args[2], second))

/* tcp_destroy_sock(sk), kernel 4.16; the last of a socket. */
HOOK(tcp_destroy_sock, on_destroy(args[0], second))

/*
 * The rest changes nothing if it is done twice.
 */

/* tcp_probe(sk, skb), kernel 4.16; under the lock, before the segment is processed. */
HOOK(tcp_probe, on_segment(args[0], args[1]))

/* sys_exit(regs, ret): a system call returns. */
HOOK(sys_exit, on_call_exit(args[0], args[1]))

/* sched_process_fork(parent, child) */
HOOK(sched_process_fork, on_fork(args[0], args[1]))

/* sched_process_exit(task): once for each thread. */
HOOK(sched_process_exit, on_exit(args[0]))

#endif
