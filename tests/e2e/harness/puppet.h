/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * puppet.h - a server process that runs single system calls on the test's
 * command and returns their results, so that the test controls the order of
 * events on both sides of a connection.
 *
 * Inputs: steps, which are functions of the test program that the puppet (a
 * child by fork) calls.  Outputs: what they return.  It must not know redtap or
 * HTTP.
 */
#ifndef REDTAP_E2E_PUPPET_H
#define REDTAP_E2E_PUPPET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Descriptors that a puppet holds; a step selects one by its index. */
#define PUPPET_FDS 8

/* The puppet's own state; lives in the child. */
struct puppet_hands {
	int listener;
	int fds[PUPPET_FDS]; /* -1: none */
	pid_t child;         /* child of a step that forks; 0: none */
};

/* Arguments of a step; plain bytes, copied into the child. */
struct puppet_order {
	unsigned int fd; /* index */
	int flags;
	size_t size;       /* bytes to receive */
	const char *bytes; /* bytes to send; copied */
	size_t length;
};

/* Returns what the step's call did: bytes, a descriptor, 0, or -errno. */
typedef long puppet_step(struct puppet_hands *hands, const struct puppet_order *order);

struct puppet; /* owned by the harness, ended at the test's teardown */

/* Listens on 127.0.0.1. */
struct puppet *puppet_start(void);
pid_t puppet_pid(const struct puppet *puppet);
uint16_t puppet_port(const struct puppet *puppet);

/* Begins a step; puppet_end() waits for its result. */
void puppet_begin(struct puppet *puppet, puppet_step *step, const struct puppet_order *order);
long puppet_end(struct puppet *puppet);

/* Begins a step and waits for its result. */
long puppet_do(struct puppet *puppet, puppet_step *step, const struct puppet_order *order);

/* Waits until a step that has begun is inside a system call (SYS_...). */
void puppet_wait_in(struct puppet *puppet, long call);

/* Kills it, and waits until it is gone. */
void puppet_kill(struct puppet *puppet);

/* ---- common steps; each fails the test unless it succeeds ------------- */

/* Accepts a connection as descriptor number fd. */
void puppet_accept(struct puppet *puppet, unsigned int fd);
/* One recv() of at most size bytes; returns the bytes received. */
size_t puppet_receive(struct puppet *puppet, unsigned int fd, size_t size);
/* Receives exactly size bytes. */
void puppet_receive_all(struct puppet *puppet, unsigned int fd, size_t size);
/* Sends all by one send(). */
void puppet_send(struct puppet *puppet, unsigned int fd, const char *bytes, size_t length);
void puppet_say(struct puppet *puppet, unsigned int fd, const char *text);
void puppet_close(struct puppet *puppet, unsigned int fd);

/* The steps themselves, for those that expect an error. */
puppet_step step_accept, step_receive, step_send, step_close, step_shut;

#endif
