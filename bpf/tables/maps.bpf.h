/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * maps.bpf.h - all maps, each with the reason for its size.
 */
#ifndef REDTAP_MAPS_H
#define REDTAP_MAPS_H

#include "tracker/tracker.h"
#include "kernel/user_bytes.bpf.h"

/*
 * State of connections by address of the socket.  Sized by the loader
 * (--max-connections).  Not preallocated: an entry has 4 KB, and memory
 * follows what is open.  (Before kernel 6.1 allocation in tracing programs is
 * not safe; the kernel matrix loads it there without the flag.)  No LRU: it would
 * evict silently.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");

/*
 * Connections with a response whose end is not known, for the sweep.  As large
 * as the table of connections, and nearly always empty.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u8);
} open_ended SEC(".maps");

/* Watched processes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct target_value);
} targets SEC(".maps");

/*
 * Ports on which watched processes accept, or did.  A process has a handful, but over
 * days a new one each time it asks for any: a network namespace has room for all.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct listener_key);
	__type(value, __u8);
} listeners SEC(".maps");

/* Servers that targets talk to (--client); a series key has a byte for them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PEERS_MAX);
	__type(key, struct peer_key);
	__type(value, __u32);
} peers SEC(".maps");

/* Ids of series by place, see series_key.h.  Sized by the loader (--max-series). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, __u32);
} series_ids SEC(".maps");

/* What the series are of, by id.  Mapped by the loader, which learns here of new ones. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2048);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct series_entry);
} series_entries SEC(".maps");

/*
 * What the series have counted, by id.  Dense and shared by all CPUs: 2.9 KB a
 * series whatever the number of CPUs; mapped by the loader, so reading it costs
 * no system call.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2048);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct series_value);
} series_values SEC(".maps");

/*
 * Where the time of a series' requests went, by id and phase: 2.9 KB each, for the
 * phases that are asked for alone.  Sized by the loader; mapped likewise.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3 * 2048);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct phase_value);
} phase_values SEC(".maps");

/*
 * How long connections waited for accept(), by service.  One element unless that is
 * asked for; mapped likewise.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SERVICES_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct phase_value);
} accept_values SEC(".maps");

/*
 * Ids that no series has.  Filled by the loader, which also gives back those of
 * series that have retired: the next one goes on from the values that they have.
 */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2048);
	__type(value, __u32);
} free_series SEC(".maps");

/*
 * Memory for one call, too large for the stack.  A program is never entered
 * twice on one CPU (the kernel skips the second), so each has one of its own, the
 * second of a pair too (AGAIN, see redtap.bpf.c).
 */
enum scratch_owner {
	SCRATCH_RECEIVE = 0,
	SCRATCH_SEND,
	SCRATCH_STATE,
	SCRATCH_ARRIVAL,
	SCRATCH_SWEEP,
	SCRATCH_DESTROY,
	SCRATCH_CATCH_UP, /* of receives, in the middle of a send */
	SCRATCH_AGAIN,    /* added to the owner */
	SCRATCH_COUNT = 2 * SCRATCH_AGAIN,
};

struct scratch {
	struct tracker_job job;
	struct byte_source source;
	struct connection blank; /* template of a new entry; all but its start is zero */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Who of a pair of programs has which. */
static __always_inline __u32 scratch_of(enum scratch_owner owner, bool second)
{
	return second ? owner + SCRATCH_AGAIN : owner;
}

static __always_inline struct scratch *scratch_get(__u32 owner)
{
	return bpf_map_lookup_elem(&scratches, &owner);
}

/* What the first of a pair of programs has done last: see HOOK() in redtap.bpf.c. */
struct last_done {
	__u64 sock;
	__u32 position;
	__u32 padding;
};

/* By the first program's enum scratch_owner. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_AGAIN);
	__type(key, __u32);
	__type(value, struct last_done);
} last_dones SEC(".maps");

/* In .bss, which the loader has mapped: reading it costs no system call. */
struct ledger ledger = {};

/* Keys of `peers` by their values, likewise. */
struct peer_key peer_keys[PEERS_MAX + 1] = {};

#endif
