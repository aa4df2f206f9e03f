/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * targets.bpf.h - the watched processes, and their children if they are followed.
 *
 * Inputs: process ids.  Outputs: entries of targets.  It must not know sockets.
 */
#ifndef REDTAP_TARGETS_H
#define REDTAP_TARGETS_H

#include "tables/maps.bpf.h"
#include "kernel/process.bpf.h"

/* include/uapi/asm-generic/errno-base.h */
#define E2BIG 7

/* Processes that are not watched because the table was full. */
__u64 targets_full = 0;

/* Returns 0, -EEXIST: it is one already (and stays as it was), or -E2BIG: the table is full. */
static __always_inline int target_enter(__u32 pid, const struct target_value *value)
{
	int err = bpf_map_update_elem(&targets, &pid, value, BPF_NOEXIST);

	if (err == -E2BIG)
		__sync_fetch_and_add(&targets_full, 1);
	return err;
}

/* The child of a followed target becomes a target.  Returns whether it is a new one. */
static __always_inline bool target_follow(__u32 parent, __u32 child)
{
	const struct target_value *target = bpf_map_lookup_elem(&targets, &parent);
	struct target_value copy;

	if (!target || !target->follow)
		return false;
	copy = *target;
	return target_enter(child, &copy) == 0;
}

/* Whether the current process is a target; *service is its service. */
static __always_inline bool process_is_target(__u16 *service)
{
	__u32 pid = process_id_current();
	struct target_value *target = bpf_map_lookup_elem(&targets, &pid);

	if (!target)
		return false;
	*service = target->service;
	return true;
}

#endif
