/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * maps.bpf.h - all maps, each with the reason for its size.
 *
 * Inputs: none.  Outputs: maps, and memory that the loader maps.  It must not know who
 * fills them.
 */
#ifndef REDTAP_MAPS_H
#define REDTAP_MAPS_H

#include "tracker/tracker.h"
#include "kernel/user_bytes.bpf.h"

/*
 * State of connections by address of the socket.  Sized by the loader
 * (--max-connections).  Not preallocated: an entry takes 4 KB, only while its
 * connection is open.  (Before kernel 6.1, tracing programs cannot allocate safely;
 * the kernel matrix loads the map there without the flag.)  No LRU: it would evict
 * silently.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");

/*
 * Connections with a response whose end is unknown, for the sweep.  As large as the
 * table of connections, and nearly always empty.
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
 * Ports on which watched processes accept, or did.  Most processes have a few, but one
 * that lets the kernel choose its port has a new one each time: there is room for all
 * ports of a network namespace.
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

/*
 * How many series a route has, by series_route_hash(): further methods and statuses of
 * these are not asked what they have earned.  Sized by the loader like series_ids.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, __u32);
} known_routes SEC(".maps");

/* Names of the series, by id.  Mapped by the loader, which finds new ones here. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2048);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct series_entry);
} series_entries SEC(".maps");

/*
 * What the series have counted, by id.  Shared by all CPUs: 2.9 KB a series on any
 * machine.  Mapped by the loader, so reading it needs no system call.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2048);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct series_value);
} series_values SEC(".maps");

/*
 * Where the time of a series' requests went, by id and phase: 2.9 KB for each phase
 * that is asked for.  Sized by the loader; mapped likewise.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3 * 2048);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct phase_value);
} phase_values SEC(".maps");

/*
 * How long connections waited for accept(), by service.  One element unless this phase
 * is asked for; mapped likewise.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SERVICES_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct phase_value);
} accept_values SEC(".maps");

/*
 * Free ids of series.  Filled by the loader, which also gives back the ids of retired
 * series: their counters are not reset, so the next series starts from these values.
 */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2048);
	__type(value, __u32);
} free_series SEC(".maps");

/*
 * Memory for one call, too large for the stack.  The kernel never runs a program twice
 * at a time on one CPU, so each has its own, also the second of a pair (pair.bpf.h).
 */
enum scratch_owner {
	SCRATCH_RECEIVE = 0,
	SCRATCH_SEND,
	SCRATCH_STATE,
	SCRATCH_ARRIVAL,
	SCRATCH_SWEEP,
	SCRATCH_DESTROY,
	SCRATCH_CATCH_UP, /* of receives, in the middle of a send */
	SCRATCH_AGAIN,    /* added for the second of a pair */
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

/* The first and the second of a pair have one each. */
static __always_inline __u32 scratch_of(enum scratch_owner owner, bool second)
{
	return second ? owner + SCRATCH_AGAIN : owner;
}

static __always_inline struct scratch *scratch_get(__u32 owner)
{
	return bpf_map_lookup_elem(&scratches, &owner);
}

/* What the first of a pair of programs has done last, see pair.bpf.h. */
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

/* In .bss, which is mapped by the loader, too. */
struct ledger ledger = {};

/* Keys of `peers` by their values, likewise. */
struct peer_key peer_keys[PEERS_MAX + 1] = {};

#endif
