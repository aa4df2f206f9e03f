/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * control.bpf.h - changes and lookups in tables, requested by the loader.
 *
 * Inputs: an order and its arguments.  Outputs: entries in the tables of targets, listeners and
 * series.  It must not know sockets or HTTP.
 *
 * Why not by bpf() calls: while a task changes a map element by bpf(), no trace event on its CPU
 * runs a program (kernel/bpf/syscall.c, bpf_disable_instrumentation()).  Linux 7 may preempt the
 * task there, and the calls of other tasks on this CPU would be missed.  A program does the same
 * work and disables no other program.
 */
#ifndef REDTAP_CONTROL_H
#define REDTAP_CONTROL_H

#include "count/routes.bpf.h"
#include "tables/listeners.bpf.h"
#include "tables/targets.bpf.h"

/* include/uapi/asm-generic/errno-base.h */
#define ENOENT 2
#define EINVAL 22

static __always_inline int control_target_add(__u32 pid, __u16 service, bool follow)
{
	const struct target_value value = { .service = service, .follow = follow };

	return target_enter(pid, &value);
}

static __always_inline int control_target_find(__u32 pid)
{
	const struct target_value *target = bpf_map_lookup_elem(&targets, &pid);

	return target ? 1 + target->service : 0;
}

static __always_inline int control_listen(__u32 netns, __u16 port)
{
	const struct listener_key key = { .netns = netns, .port = port };

	return listener_enter(&key);
}

static __always_inline int control_series_forget(__u32 id)
{
	struct series_entry *entry = bpf_map_lookup_elem(&series_entries, &id);
	__u64 place;

	if (!entry)
		return -ENOENT;
	entry->live = 0;
	route_remove_series(route_of(&entry->key));
	place = entry->place;
	return bpf_map_delete_elem(&series_ids, &place);
}

static __always_inline int control_series_give_back(__u32 id, __u32 count)
{
	int err = 0;
	__u32 i;

	for (i = 0; i < GIVE_BACK_MAX; i++, id++) {
		if (i >= count || err)
			break;
		err = bpf_map_push_elem(&free_series, &id, 0);
	}
	return err;
}

/* Returns the result described in enum control_order, or a negative error number. */
static __always_inline int on_control(__u64 order, __u64 first, __u64 second, __u64 third)
{
	switch (order) {
	case CONTROL_TARGET_ADD:
		return control_target_add(first, second, third);
	case CONTROL_TARGET_FOLLOW:
		return target_follow(first, second);
	case CONTROL_TARGET_FIND:
		return control_target_find(first);
	case CONTROL_TARGET_REMOVE: {
		const __u32 pid = first;

		return bpf_map_delete_elem(&targets, &pid);
	}
	case CONTROL_LISTEN:
		return control_listen(first, second);
	case CONTROL_SERIES_FORGET:
		return control_series_forget(first);
	case CONTROL_SERIES_GIVE_BACK:
		return control_series_give_back(first, second);
	default:
		return -EINVAL;
	}
}

#endif
