/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * crowd_client.h - the clients of the concurrency test, each a thread.
 *
 * Inputs: the server's ports, an end.  Outputs: how many requests of its kind
 * each has sent.  It must not know redtap.
 */
#ifndef REDTAP_PROPERTY_CROWD_CLIENT_H
#define REDTAP_PROPERTY_CROWD_CLIENT_H

#include <stdint.h>

#include "crowd.h"

/* One kind of request, and what is answered to it. */
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
	uint64_t answered;      /* requests of the kind with their whole answer */
	uint64_t begun;         /* requests of crowd_leaving, crowd_cut and crowd_gone, at most */
	uint64_t connections;   /* made */
	char why[160];          /* what went wrong; empty: nothing */
};

/*
 * One connection for the whole time: requests are sent while answers come, as
 * many as may wait, cut anywhere.
 */
void *crowd_lasting(void *client);
/* Connections on which some requests are sent; then the client leaves, whatever comes. */
void *crowd_leaving(void *client);
/* Connections that the server shuts in the middle of its first answer. */
void *crowd_cut(void *client);
/* A connection for each request, one after the other, as fast as can be. */
void *crowd_short(void *client);
/* The same, and each is reset as soon as the request is sent. */
void *crowd_gone(void *client);

/* What the clients that have no kind of their own send. */
extern const struct crowd_kind crowd_kind_leaving, crowd_kind_cut, crowd_kind_gone;

#endif
