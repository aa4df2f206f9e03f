// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * hooks.c - see hooks.h: the table.
 */
#include "kernel/hooks.h"

#include <stdlib.h>
#include <sys/utsname.h>

#define FIRST false
#define SECOND true
#define ANY REQUEST_PHASE_NONE
#define DELIVER REQUEST_PHASE_DELIVER
#define ACCEPT REQUEST_PHASE_ACCEPT

/*
 * A second is needed before Linux 7.0 where a softirq can interrupt the first, and from
 * there on everywhere: see bpf/hooks/tracepoint.bpf.h.
 */
/* clang-format off */
#define ROW(purpose, kind, ...) { PURPOSE_##purpose, HOOK_##kind, __VA_ARGS__ }
const struct hook hooks[HOOK_ROWS] = {
	/* purpose, kind, subject, program, of the pair, phase, from Linux */
	ROW(RECEIVE, TRACE_EVENT, "sock_recv_length", "event_sock_recv_length", FIRST, ANY, 7),
	ROW(RECEIVE, TRACEPOINT, "sock_recv_length", "raw_tp_sock_recv_length", FIRST, ANY, 0),
	ROW(RECEIVE, TRACEPOINT, "sock_recv_length", "again_sock_recv_length", SECOND, ANY, 7),
	ROW(RECEIVE, FENTRY, "tcp_recvmsg", NULL, FIRST, ANY, 0),
	ROW(RECEIVE, KPROBE, "tcp_recvmsg", NULL, FIRST, ANY, 0),
	ROW(SEND, TRACE_EVENT, "sock_send_length", "event_sock_send_length", FIRST, ANY, 7),
	ROW(SEND, TRACEPOINT, "sock_send_length", "raw_tp_sock_send_length", FIRST, ANY, 0),
	ROW(SEND, TRACEPOINT, "sock_send_length", "again_sock_send_length", SECOND, ANY, 7),
	ROW(SEND, FENTRY, "tcp_sendmsg", NULL, FIRST, ANY, 0),
	ROW(SEND, KPROBE, "tcp_sendmsg", NULL, FIRST, ANY, 0),
	ROW(ARRIVAL, TRACEPOINT, "sk_data_ready", "raw_tp_sk_data_ready", FIRST, ANY, 0),
	ROW(ARRIVAL, TRACEPOINT, "sk_data_ready", "again_sk_data_ready", SECOND, ANY, 0),
	ROW(STATE, TRACE_EVENT, "inet_sock_set_state", "event_inet_sock_set_state", FIRST, ANY, 7),
	ROW(STATE, TRACEPOINT, "inet_sock_set_state", "raw_tp_inet_sock_set_state", FIRST, ANY, 0),
	ROW(STATE, TRACEPOINT, "inet_sock_set_state", "again_inet_sock_set_state", SECOND, ANY, 0),
	ROW(DESTROY, TRACEPOINT, "tcp_destroy_sock", "raw_tp_tcp_destroy_sock", FIRST, ANY, 0),
	ROW(DESTROY, TRACEPOINT, "tcp_destroy_sock", "again_tcp_destroy_sock", SECOND, ANY, 0),
	ROW(ACKNOWLEDGEMENT, TRACEPOINT, "tcp_probe", "raw_tp_tcp_probe", FIRST, DELIVER, 0),
	ROW(ACKNOWLEDGEMENT, TRACEPOINT, "tcp_probe", "again_tcp_probe", SECOND, DELIVER, 0),
	ROW(ACCEPT, TRACEPOINT, "sys_exit", "raw_tp_sys_exit", FIRST, ACCEPT, 0),
	ROW(ACCEPT, TRACEPOINT, "sys_exit", "again_sys_exit", SECOND, ACCEPT, 7),
	ROW(FORK, TRACEPOINT, "sched_process_fork", "raw_tp_sched_process_fork", FIRST, ANY, 0),
	ROW(FORK, TRACEPOINT, "sched_process_fork", "again_sched_process_fork", SECOND, ANY, 7),
	ROW(EXIT, TRACEPOINT, "sched_process_exit", "raw_tp_sched_process_exit", FIRST, ANY, 0),
	ROW(EXIT, TRACEPOINT, "sched_process_exit", "again_sched_process_exit", SECOND, ANY, 7),
	ROW(CONTROL, NONE, NULL, "control", FIRST, ANY, 0),
	ROW(SWEEP, NONE, NULL, "sweep", FIRST, ANY, 0),
};
/* clang-format on */

static bool hook_is_possible(const struct hook *hook, const struct hook_choice *choice)
{
	return hook->program && hook->kernel_major <= choice->kernel_major &&
	       (hook->kind == HOOK_NONE || choice->kinds & 1U << hook->kind) &&
	       (hook->phase == REQUEST_PHASE_NONE || choice->phases & 1U << hook->phase);
}

bool hook_is_chosen(const struct hook *hook, const struct hook_choice *choice)
{
	const struct hook *other;

	if (!hook_is_possible(hook, choice))
		return false;
	for (other = hooks; other < hook && !hook->second; other++)
		if (other->purpose == hook->purpose && !other->second &&
		    hook_is_possible(other, choice))
			return false;
	return true;
}

int hook_kernel_major(void)
{
	struct utsname kernel;

	return uname(&kernel) == 0 ? atoi(kernel.release) : 0;
}

bool hook_implemented(enum hook_kind kind)
{
	size_t i;

	for (i = 0; i < HOOK_ROWS; i++)
		if (hooks[i].kind == kind && hooks[i].program)
			return true;
	return false;
}

bool hook_needed(enum hook_kind kind)
{
	const int kernel_major = hook_kernel_major();
	size_t i;

	for (i = 0; i < HOOK_ROWS; i++)
		if (hooks[i].kind == kind && hooks[i].kernel_major <= kernel_major)
			return true;
	return false;
}

const char *hook_subject(enum hook_kind kind, size_t number)
{
	size_t i;

	for (i = 0; i < HOOK_ROWS; i++)
		if (hooks[i].kind == kind && !hooks[i].second && hooks[i].phase == ANY &&
		    number-- == 0)
			return hooks[i].subject;
	return NULL;
}

struct hook_probe hook_probe(enum hook_kind kind)
{
	struct hook_probe probe = { 0 };
	const char *subject;
	size_t i;

	for (i = 0; (subject = hook_subject(kind, i)); i++) {
		probe.error = hook_try(kind, subject);
		if (probe.error == 0)
			continue;
		probe.subject = subject;
		probe.reason = hook_explain(kind, probe.error);
		break;
	}
	return probe;
}
