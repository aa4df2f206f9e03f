/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * crowd_client.h - the clients of the concurrency test, each a thread.
 *
 * Inputs: the server's ports, the time of the end.  Outputs: how many requests of its kind
 * each client has sent.  It must not know redtap.
 */
#ifndef REDTAP_PROPERTY_CROWD_CLIENT_H
#define REDTAP_PROPERTY_CROWD_CLIENT_H

#include <stdint.h>

#include "crowd.h"

/* One kind of request, and its response. */
struct crowd_kind {
	const char *method;
	char word[16];
	unsigned int status;
	unsigned int request_bytes, response_bytes; /* bodies */
};

/* A thread; `play` is one of the functions below. */
struct crowd_client {
	void *(*play)(void *client);
	uint16_t ports[CROWD_PORTS];
	double until; /* of the monotonic clock, seconds */
	uint64_t seed;
	unsigned int index;
	struct crowd_kind kind; /* of crowd_lasting and crowd_short */
	uint64_t answered;      /* requests of the kind with a complete response */
	uint64_t begun;         /* requests of crowd_leaving, crowd_cut and crowd_gone, at most */
	uint64_t connections;   /* opened */
	char why[160];          /* what went wrong; empty: nothing */
};

/*
 * One connection for the whole time: requests are sent while responses arrive, as many as
 * may wait, in pieces of any size.
 */
void *crowd_lasting(void *client);
/* Connections on which some requests are sent; then the client closes, without waiting. */
void *crowd_leaving(void *client);
/* Connections that the server shuts down in the middle of its first response. */
void *crowd_cut(void *client);
/* A connection for each request, one after the other, as fast as can be. */
void *crowd_short(void *client);
/* The same, but the client resets each as soon as the request is sent. */
void *crowd_gone(void *client);

/* The requests of clients that have no kind of their own. */
extern const struct crowd_kind crowd_kind_leaving, crowd_kind_cut, crowd_kind_gone;

#endif
