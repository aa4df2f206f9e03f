// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * redtap.bpf.c - the programs: one SEC() per hook, which unpacks the hook's
 * arguments and calls one function.
 *
 * Inputs: socket, process and state tracepoints.  Outputs: none of its own; the
 * included headers keep the maps.  How the kernel is tapped is known here alone.
 */
#include "control.bpf.h"
#include "calls/life.bpf.h"
#include "calls/transfer.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The kernel does not run a program where it is running already on the same CPU: in
 * a softirq that has interrupted it, say.  So there is a second one for what can
 * happen there, again_*, which the loader attaches behind the first: it does what the
 * first was skipped for, and finds nothing to do otherwise.
 *
 * From Linux 7.0 on, tracepoints do not disable preemption.  A task can be preempted
 * inside a program, and then the first is skipped for the tasks that come next on that
 * CPU, and the second if one of those is preempted in it.  So there receive, send and
 * state are attached as trace events, event_*, around which the kernel disables preemption
 * before it looks whether a program is running.  It skips them on a CPU on which some
 * task is in the midst of a bpf() call for an element of a map (redtap makes none, but
 * for grace_wait() when a series retires: control.bpf.h), and where one of them has been
 * interrupted: that is where changes of state can come.  What is skipped then, again_*
 * does.  Without tracefs, it is the pair of tracepoints.
 */
#define HOOK(tracepoint, handler)                                                                  \
	SEC("raw_tp/" #tracepoint)                                                                 \
	int raw_tp_##tracepoint(struct bpf_raw_tracepoint_args *ctx)                               \
	{                                                                                          \
		handler(ctx, 0);                                                                   \
		return 0;                                                                          \
	}                                                                                          \
	SEC("raw_tp/" #tracepoint)                                                                 \
	int again_##tracepoint(struct bpf_raw_tracepoint_args *ctx)                                \
	{                                                                                          \
		handler(ctx, SCRATCH_AGAIN);                                                       \
		return 0;                                                                          \
	}

/* sock_recv_length(sk, ret, flags), kernel 6.3: a receive call is complete. */
static __always_inline void handle_receive(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	on_receive(ctx->args[0], (int)ctx->args[1], (int)ctx->args[2], again);
}
HOOK(sock_recv_length, handle_receive)

/* sock_send_length(sk, ret, flags), kernel 6.3: a send call is complete. */
static __always_inline void handle_send(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	on_send(ctx->args[0], (int)ctx->args[1], again);
}
HOOK(sock_send_length, handle_send)

/* include/trace/events/sock.h, TP_STRUCT__entry of sock_msg_length, kernel 6.3 */
struct length_event {
	__u64 common;
	__u64 sock;
	__u16 family;
	__u16 protocol;
	int length;
	int flags;
};

SEC("tracepoint/sock/sock_recv_length")
int event_sock_recv_length(struct length_event *event)
{
	on_receive(event->sock, event->length, event->flags, 0);
	return 0;
}

SEC("tracepoint/sock/sock_send_length")
int event_sock_send_length(struct length_event *event)
{
	on_send(event->sock, event->length, 0);
	return 0;
}

/* sk_data_ready(sk), kernel 6.3: data was queued; under the socket's lock. */
static __always_inline void handle_data_ready(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	on_data_ready(ctx->args[0], again);
}
HOOK(sk_data_ready, handle_data_ready)

/* inet_sock_set_state(sk, oldstate, newstate), kernel 4.16; under the lock. */
static __always_inline void handle_state(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	on_state(ctx->args[0], (int)ctx->args[1], (int)ctx->args[2], again);
}
HOOK(inet_sock_set_state, handle_state)

/* TP_STRUCT__entry of inet_sock_set_state, kernel 4.16 */
struct state_event {
	__u64 common;
	__u64 sock;
	int from;
	int to;
};

SEC("tracepoint/sock/inet_sock_set_state")
int event_inet_sock_set_state(struct state_event *event)
{
	on_state(event->sock, event->from, event->to, 0);
	return 0;
}

/* tcp_destroy_sock(sk), kernel 4.16; the last of a socket. */
static __always_inline void handle_destroy(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	on_destroy(ctx->args[0], again);
}
HOOK(tcp_destroy_sock, handle_destroy)

/* tcp_probe(sk, skb), kernel 4.16; under the lock, before the segment is processed. */
static __always_inline void handle_segment(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	(void)again; /* the second finds nothing that is left */
	deliver_segment(ctx->args[0], ctx->args[1]);
}
HOOK(tcp_probe, handle_segment)

/* sys_exit(regs, ret): a system call returns. */
static __always_inline void handle_exit_call(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	(void)again; /* a connection is accepted once */
	if ((long)ctx->args[1] >= 0 && call_is_accept(KERNEL_POINTER(struct pt_regs, ctx->args[0])))
		on_accepted(ctx->args[1]);
}
HOOK(sys_exit, handle_exit_call)

/* sched_process_fork(parent, child) */
static __always_inline void handle_fork(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	(void)again; /* the same twice is the same */
	on_fork(KERNEL_POINTER(struct task_struct, ctx->args[0]),
		KERNEL_POINTER(struct task_struct, ctx->args[1]));
}
HOOK(sched_process_fork, handle_fork)

/* sched_process_exit(task): once for each thread. */
static __always_inline void handle_exit(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	(void)again;
	on_exit(KERNEL_POINTER(struct task_struct, ctx->args[0]));
}
HOOK(sched_process_exit, handle_exit)

/* Never attached: run by the loader, see enum control_order. */
SEC("raw_tp")
int control(struct bpf_raw_tracepoint_args *ctx)
{
	return on_control(ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3]);
}

/* Never attached: run by the loader for one entry of open_ended. */
SEC("raw_tp")
int sweep(struct bpf_raw_tracepoint_args *ctx)
{
	on_sweep(ctx->args[0], ctx->args[1]);
	return 0;
}
