/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * targets.bpf.h - the set of targets: children of those that are followed come in,
 * processes that end go out.
 *
 * Inputs: forks and exits.  Outputs: entries of targets.  It must not know sockets.
 */
#ifndef REDTAP_FOLLOW_H
#define REDTAP_FOLLOW_H

#include "tables/maps.bpf.h"
#include "kernel/process.bpf.h"

/* include/uapi/asm-generic/errno-base.h */
#define E2BIG 7

/* Processes that found no room in the set: they are not watched. */
__u64 targets_full = 0;

/* Returns 0, -EEXIST: it is one already (and stays as it was), or -E2BIG: no room. */
static __always_inline int target_enter(__u32 pid, const struct target_value *value)
{
	int err = bpf_map_update_elem(&targets, &pid, value, BPF_NOEXIST);

	if (err == -E2BIG)
		__sync_fetch_and_add(&targets_full, 1);
	return err;
}

/* A child of a target that is followed is one, too.  Returns whether it is a new one. */
static __always_inline bool target_follow(__u32 parent, __u32 child)
{
	const struct target_value *target = bpf_map_lookup_elem(&targets, &parent);
	struct target_value copy;

	if (!target || !target->follow)
		return false;
	copy = *target;
	return target_enter(child, &copy) == 0;
}

static __always_inline void on_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 from = process_id(parent), to = process_id(child);

	if (to && from != to) /* not a thread */
		target_follow(from, to);
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
