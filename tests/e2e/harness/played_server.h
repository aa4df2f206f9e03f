/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * played_server.h - a server that does what a test tells it, when it is told, and
 * notes on the clock that redtap uses what it did: the truth for the phases.
 *
 * Inputs: pauses, sizes.  Outputs: times before and after each call.  It must not
 * know redtap.
 */
#ifndef REDTAP_E2E_PLAYED_SERVER_H
#define REDTAP_E2E_PLAYED_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One after the other: accept, receive, answer, the client's end. */
struct play {
	const char *host; /* NULL: 127.0.0.1 */
	size_t connections;
	unsigned int receive_after_ms; /* it is accepted */
	unsigned int answer_after_ms;  /* it is received */
	size_t body_bytes;
	bool until_close;   /* no Content-Length: the server closes behind the body */
	size_t piece_bytes; /* of the answer, in a call each */
	int send_buffer;    /* SO_SNDBUF; 0: the kernel's */
};

/* CLOCK_MONOTONIC, nanoseconds. */
struct played_call {
	uint64_t before_ns;
	uint64_t after_ns;
};

struct played {
	struct played_call accepted;
	struct played_call received; /* the first of the request's bytes */
	struct played_call first;    /* of the answer's pieces */
	struct played_call last;
};

struct played_server {
	pid_t pid;
	uint16_t port;
	int control, report; /* pipes; the harness closes them */
};

/* It listens, and accepts nobody before played_server_go(). */
struct played_server *played_server_start(const struct play *play);
void played_server_go(struct played_server *server);

/* Waits until the next connection has been played to its end; fails the test after a deadline. */
struct played played_server_next(struct played_server *server);

uint64_t played_clock_ns(void);

#endif
