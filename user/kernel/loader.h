/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * loader.h - the BPF object's life: open, set, load, attach, detach; and its tables.
 *
 * Inputs: limits, processes and ports to watch.  Outputs: the memory that the kernel
 * counts in.  It must not know /proc, HTTP or formats.
 */
#ifndef REDTAP_LOADER_H
#define REDTAP_LOADER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/abi.h"

struct loader_settings {
	uint32_t max_series;
	uint32_t max_connections;
	uint32_t phases; /* bits 1 << enum request_phase */
	bool client;     /* requests that targets send are observed too */
};

struct loader;

/*
 * Loads the programs through the verifier; nothing is attached yet.  Returns 0,
 * or -errno after a message that says what is missing.
 */
int loader_open(struct loader **loader, const struct loader_settings *settings);
/* Detaches and unloads; what the kernel counted is gone. */
void loader_close(struct loader *loader);

/* Attaches every program.  Returns 0, or -errno after a message. */
int loader_attach(struct loader *loader);
/* Detaches every program; the maps stay readable. */
void loader_detach(struct loader *loader);

/*
 * Begins to wait, in the background, until the programs that are running have ended,
 * and all that they have counted can be read.  One at a time.
 */
void loader_quiet_begin(struct loader *loader);
/* Whether that is so: 1, also if it was never begun; 0: not yet; or -errno. */
int loader_is_quiet(struct loader *loader);

/* The inode of the pid namespace that redtap is in; 0: the initial one, with all processes. */
uint32_t loader_pid_namespace(void);

/* The kind of hook in use: "tracepoint". */
const char *loader_hooks(const struct loader *loader);

/*
 * Watches a process.  Returns 0, -EEXIST: it is watched already (and stays as it was),
 * -E2BIG: TARGETS_MAX are, or another -errno.
 */
int loader_target_add(const struct loader *loader, pid_t pid, uint16_t service, bool follow);
/* Processes since the start that are not watched because TARGETS_MAX were already. */
uint64_t loader_targets_full(const struct loader *loader);
/* Watches a child if its parent is watched with its children.  Returns 1: it is new; 0; -errno. */
int loader_target_follow(const struct loader *loader, pid_t parent, pid_t child);
/* Whether a process is watched: 1 + its service, 0: it is not, or -errno. */
int loader_target_find(const struct loader *loader, pid_t pid);
/* Returns 0 or -errno. */
int loader_target_remove(const struct loader *loader, pid_t pid);
/*
 * The watched process after *pid, the first one for 0.  Returns false when there is no
 * more.  After one that is not watched any more, it starts again with the first.
 */
bool loader_next_target(const struct loader *loader, pid_t *pid);

/* Watches connections to this port.  Returns 0 or -errno. */
int loader_listen(const struct loader *loader, const struct listener_key *key);
/* The watched port after *key, the first one for port 0.  Returns false when there is no more. */
bool loader_next_listener(const struct loader *loader, struct listener_key *key);

/*
 * A series retires in two steps.  First the kernel forgets its name: the next request
 * of that name begins another series.  After loader_quiet_begin(), when no program uses
 * it any more, and a last reading, its id is given back for another series.  Both
 * return 0 or -errno.
 */
int loader_series_forget(const struct loader *loader, uint32_t id);
int loader_series_give_back(struct loader *loader, uint32_t id);

/* How many series the kernel may make, counted from the start; see abi/series_room.h. */
void loader_allow_series(struct loader *loader, uint64_t count);

/* Whether an id is in use, and then for which series.  Mapped: it needs no system call. */
bool loader_series_entry(const struct loader *loader, uint32_t id, struct series_entry *entry);
/* The address of a server that targets talk to, by number (1 to PEERS_MAX), likewise. */
const struct peer_key *loader_peer(const struct loader *loader, uint8_t number);
/* The kernel's counters, likewise. */
const volatile struct ledger *loader_ledger(const struct loader *loader);
/* Requests that have begun and not ended, likewise. */
uint64_t loader_in_flight(const struct loader *loader);
/* One series' counters, likewise. id: below max_series. */
const volatile struct series_value *loader_series(const struct loader *loader, uint32_t id);

/* Counters of one of its phases, likewise; NULL: the phase is not asked for. */
const volatile struct phase_value *loader_phase(const struct loader *loader, uint32_t id,
						enum request_phase phase);

/* How long connections to a service waited for accept(), likewise. */
const volatile struct phase_value *loader_accept(const struct loader *loader, uint32_t service);

/*
 * Memory of the kernel's tables in bytes: now, and about how much when every table is
 * full.
 */
void loader_memory(const struct loader *loader, uint64_t *now, uint64_t *full);

/*
 * Ends responses whose end cannot be known, and of which nothing was sent since
 * before_ns (CLOCK_MONOTONIC).  Returns 0 or -errno.
 */
int loader_sweep(struct loader *loader, uint64_t before_ns);

/*
 * Events that no program of a hook has seen, because all were running already on the
 * same CPU: an upper bound.  The kernel counts for each program how often it was
 * skipped; whether the other one of the pair was skipped for the same event is unknown.
 */
uint64_t loader_missed(const struct loader *loader);
/* Of these, forks and exits: watched processes may have begun or ended unseen. */
uint64_t loader_missed_processes(const struct loader *loader);
/* Logs (-v) the first, and how often each program was skipped. */
void loader_tell_missed(const struct loader *loader);

#endif
