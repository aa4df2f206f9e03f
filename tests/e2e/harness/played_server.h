/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * played_server.h - a scripted server: it follows the test's commands and
 * records the time of each call on the clock that redtap uses.  These times are
 * the reference for the phases.
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

/* For each connection in turn: accept, receive, respond, wait for the client's end. */
struct play {
	const char *host; /* NULL: 127.0.0.1 */
	size_t connections;
	unsigned int receive_after_ms; /* after the accept */
	unsigned int answer_after_ms;  /* after the first receive */
	size_t body_bytes;
	bool until_close;   /* no Content-Length: the server closes after the body */
	size_t piece_bytes; /* of the response, each sent by one call */
	int send_buffer;    /* SO_SNDBUF; 0: the kernel's default */
};

/* CLOCK_MONOTONIC, nanoseconds. */
struct played_call {
	uint64_t before_ns;
	uint64_t after_ns;
};

struct played {
	struct played_call accepted;
	struct played_call received; /* the call that received the request's first byte */
	struct played_call first;    /* the call that sent the response's first piece */
	struct played_call last;
};

struct played_server {
	pid_t pid;
	uint16_t port;
	int control, report; /* pipes; the harness closes them */
};

/* It listens, and accepts no connection before played_server_go(). */
struct played_server *played_server_start(const struct play *play);
void played_server_go(struct played_server *server);

/* Waits until the next connection is finished; fails the test after a deadline. */
struct played played_server_next(struct played_server *server);

uint64_t played_clock_ns(void);

#endif
