/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * accept.bpf.h - how long connections wait in the listen backlog: from
 * ESTABLISHED to accept() returning.
 *
 * Inputs: system calls that return.  Outputs: the histogram of the service.  It
 * must not know HTTP.
 */
#ifndef REDTAP_ACCEPT_H
#define REDTAP_ACCEPT_H

#include "calls/connection.bpf.h"

/* As in user_bytes.bpf.h. */
#if defined(__TARGET_ARCH_x86)
enum {
	CALL_ACCEPT = 43,
	CALL_ACCEPT4 = 288,
};
#elif defined(__TARGET_ARCH_arm64)
enum {
	CALL_ACCEPT = 202,
	CALL_ACCEPT4 = 242,
};
#endif

/* Whether the system call that returns is accept() or accept4(). */
static __always_inline bool call_is_accept(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	long number = KERNEL_READ(regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	long number = KERNEL_READ(regs, syscallno);
#endif

	return number == CALL_ACCEPT || number == CALL_ACCEPT4;
}

/* The numbers of 32-bit calls mean something else. */
static __always_inline bool task_is_compat(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return KERNEL_READ(task, thread_info.status) & X86_TS_COMPAT;
#else
	(void)task;
	return false;
#endif
}

/*
 * The socket behind a file descriptor of a task that accept() has just returned,
 * 0: none any more.  Another thread may have closed it already, and its number
 * may be another file's: then what comes out is no key of the connections.
 */
static __always_inline __u64 task_socket(struct task_struct *task, __u32 descriptor)
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

static __always_inline void on_accepted(__u32 descriptor)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct connection *connection;
	struct phase_value *value;
	__u64 address, now_ns;
	__u16 service;
	__u32 index;

	if (task_is_compat(KERNEL_POINTER(struct task_struct, task)) ||
	    !process_is_target(&service))
		return;
	now_ns = bpf_ktime_get_ns();
	address = task_socket(task, descriptor);
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!connection || connection->sock != address || !connection->established_ns)
		return;
	index = service;
	value = bpf_map_lookup_elem(&accept_values, &index);
	if (value && now_ns >= connection->established_ns)
		histogram_add(value->bins, &value->sum_ns, now_ns - connection->established_ns);
	connection->established_ns = 0;
}

#endif
