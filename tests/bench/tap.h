/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tap.h - what is attached to the kernel while exchanges are measured: nothing,
 * empty programs, or redtap.
 *
 * Inputs: a state, the paths of redtap and of the object with empty programs.
 * Outputs: how often BPF programs have run, and what redtap has counted.  It
 * must not know what is exchanged.
 */
#ifndef REDTAP_BENCH_TAP_H
#define REDTAP_BENCH_TAP_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct bpf_link;
struct bpf_object;

enum tap_state {
	TAP_NOTHING = 0,
	TAP_EMPTY,     /* empty programs, once on each hook */
	TAP_UNWATCHED, /* redtap is attached to a process that is idle */
	TAP_WATCHED,   /* redtap is attached to the server */
	TAP_STATES,
};

extern const char *const tap_state_names[TAP_STATES];

/* Hooks of empty.bpf.c, at most. */
#define TAP_LINKS_MAX 16

struct tap {
	enum tap_state state;
	struct bpf_object *object;
	struct bpf_link *links[TAP_LINKS_MAX];
	pid_t redtap; /* 0: does not run */
	pid_t idle;   /* the process that it watches instead, 0: none */
	FILE *output; /* of redtap: JSON, an object a line */
};

/*
 * Attaches; returns when every hook is live.  server: the process to be
 * watched.  Exits after a message if something cannot be done.
 */
void tap_start(struct tap *tap, enum tap_state state, pid_t server);

/*
 * Detaches.  requests: how many the server has answered meanwhile; exits after
 * a message unless a watching redtap has counted exactly these, and one that
 * watches something else none.
 */
void tap_stop(struct tap *tap, uint64_t requests);

/*
 * Has the kernel count the runs of BPF programs until tap_runs_stop(), which
 * returns how many these were.  The counting is not free: not to be measured.
 */
int tap_runs_start(void);
uint64_t tap_runs_stop(int counting);

#endif
