/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tap.h - what is attached to the kernel during a measurement: nothing, empty programs, or
 * redtap.
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
	pid_t idle;   /* the idle process that it watches; 0: none */
	FILE *output; /* of redtap: JSON, one object a line */
};

/*
 * Attaches; returns when all hooks are attached.  server: the process to watch.  Exits
 * after a message on failure.
 */
void tap_start(struct tap *tap, enum tap_state state, pid_t server);

/*
 * Detaches.  requests: how many responses the server has sent since tap_attach().  Exits
 * after a message unless redtap has counted exactly these, or none if it watches the idle
 * process.
 */
void tap_stop(struct tap *tap, uint64_t requests);

/*
 * Makes the kernel count the runs of BPF programs until tap_runs_stop(), which returns
 * their number.  Counting costs instructions: do not measure meanwhile.
 */
int tap_runs_start(void);
uint64_t tap_runs_stop(int counting);

#endif
