/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * trace_event.bpf.h - the programs at trace events: from Linux 7.0 on, the first of a
 * pair whose second is at the raw tracepoint of that name.
 *
 * Inputs: the events' records.  Outputs: calls of functions in calls/.  It must not
 * know what these do.
 *
 * Here the kernel disables preemption before it looks whether a program is running, so
 * that no preempted task makes it skip one.  It skips them on a CPU where a task is
 * inside a bpf() call for an element of a map (redtap makes none but grace_wait() when
 * a series retires: control.bpf.h), and where a softirq has interrupted one of them,
 * which can change a state.  The second of the pair does that work.  Without tracefs
 * both are raw tracepoints.
 */
#ifndef REDTAP_HOOK_TRACE_EVENT_H
#define REDTAP_HOOK_TRACE_EVENT_H

#include "calls/life.bpf.h"
#include "calls/transfer.bpf.h"

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
	on_receive(event->sock, event->length, event->flags, false);
	return 0;
}

SEC("tracepoint/sock/sock_send_length")
int event_sock_send_length(struct length_event *event)
{
	on_send(event->sock, event->length, false);
	return 0;
}

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
	on_state(event->sock, event->from, event->to, false);
	return 0;
}

#endif
