/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * follow.bpf.h - the set of targets: children of those that are followed come in,
 * processes that end go out.
 *
 * Inputs: forks and exits.  Outputs: entries of targets.  It must not know sockets.
 */
#ifndef REDTAP_FOLLOW_H
#define REDTAP_FOLLOW_H

#include "maps.bpf.h"
#include "process.bpf.h"

static __always_inline void on_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 from = process_id(parent), to = process_id(child);
	struct target_value *target, copy;

	if (!to || from == to) /* a thread */
		return;
	target = bpf_map_lookup_elem(&targets, &from);
	if (!target || !target->follow)
		return;
	copy = *target;
	bpf_map_update_elem(&targets, &to, &copy, BPF_NOEXIST);
}

static __always_inline void on_exit(struct task_struct *task)
{
	__u32 pid;

	if (!process_ends(task))
		return;
	pid = process_id(task);
	bpf_map_delete_elem(&targets, &pid);
}

#endif
