/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * process.bpf.h - which process a task belongs to, as the loader numbers processes.
 *
 * Inputs: tasks.  Outputs: process ids as seen from the loader's pid namespace.
 * It must not know sockets or HTTP.
 */
#ifndef REDTAP_PROCESS_H
#define REDTAP_PROCESS_H

#include "abi/abi.h"
#include "kernel/memory.bpf.h"

/* Pid namespaces nest 32 deep at most (MAX_PID_NS_LEVEL). */
#define PID_LEVELS 33

const volatile struct settings settings = {};

/* The process id of a task in the loader's pid namespace, 0: none there. */
static __noinline __u32 process_id_nested(struct task_struct *task)
{
	/* a plain number, not a typed pointer: the levels are an array with a variable index */
	__u64 pid = (__u64)BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level = BPF_CORE_READ((struct pid *)pid, level);
	__u32 i;

	for (i = 0; i < PID_LEVELS; i++) {
		struct upid *upid =
			(struct upid *)(pid + bpf_core_field_offset(struct pid, numbers) +
					i * bpf_core_type_size(struct upid));

		if (i > level)
			break;
		if (BPF_CORE_READ(upid, ns, ns.inum) == settings.pid_namespace)
			return BPF_CORE_READ(upid, nr);
	}
	return 0;
}

static __always_inline __u32 process_id(struct task_struct *task)
{
	if (settings.pid_namespace)
		return process_id_nested(task);
	return KERNEL_READ(task, tgid);
}

static __always_inline __u32 process_id_current(void)
{
	if (settings.pid_namespace)
		return process_id_nested(
			KERNEL_POINTER(struct task_struct, bpf_get_current_task()));
	return bpf_get_current_pid_tgid() >> 32;
}

/* Whether the process ends with this thread, which is exiting. */
static __always_inline bool process_ends(struct task_struct *task)
{
	struct signal_struct *signal = KERNEL_READ(task, signal);

	return KERNEL_READ(signal, live.counter) == 0;
}

#endif
