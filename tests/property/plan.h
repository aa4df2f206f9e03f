/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * plan.h - everything that happens on one connection, made from a seed and a
 * number: what both sides send, by which calls, who ends it and how.
 *
 * Inputs: seed and number.  Outputs: two scripts, one for the client and one for
 * the server, and what redtap has to count.  Nothing in it depends on who is
 * faster: where that would matter, one side waits for word from the other.
 * It must not know sockets or redtap.
 */
#ifndef REDTAP_PROPERTY_PLAN_H
#define REDTAP_PROPERTY_PLAN_H

#include "exchange.h"
#include "script.h"

/* Requests in one batch; redtap's limit of those that wait for an answer. */
#define PLAN_PIPELINE_MAX 16

/* Who ends the connection; decides what an unfinished transaction is. */
enum ending {
	ENDING_SERVER = 0,
	ENDING_CLIENT,
	ENDING_RESET, /* by the client */
};

struct plan {
	uint64_t seed;
	uint32_t number;
	const char *story; /* of its end */
	struct stream requests, responses;
	struct exchange *exchanges;
	size_t exchange_count;
	struct script client, server;
	enum ending ending;
	bool server_resets;    /* in the end */
	const char *ignored;   /* why redtap gives up on the connection, NULL: it does not */
	bool refused;          /* the noise is answered by a status line */
	bool goes_on;          /* and after that comes a request */
	bool unsolicited;      /* the server answers once more than it was asked */
	bool server_waits_not; /* its socket is non-blocking */
	int server_buffer;     /* SO_SNDBUF, bytes; 0: as it is */
	int receive_buffer;    /* SO_RCVBUF of both sides, likewise */
	struct random random;
	/* while it is made: behind the last exchange, redtap ... */
	bool lost_track; /* has to be told anew what follows */
	bool open_ended; /* does not know whether it has ended */
};

void plan_init(struct plan *plan);
void plan_release(struct plan *plan);

/* Makes the plan of this number; what it held before is gone. */
void plan_make(struct plan *plan, uint64_t seed, uint32_t number);

/* What redtap has to say of a connection; calls to whoever adds it up. */
struct plan_tally {
	void (*count)(void *context, const char *method, const char *route, int status,
		      const char *error, uint64_t request_bytes, uint64_t response_bytes);
	/* kind and reason as in its JSON; one of them */
	void (*reason)(void *context, const char *kind, const char *reason);
	void *context;
};

/*
 * Plays one side's script in thought, as redtap has to see it there.  Returns how
 * many transactions there are.
 */
size_t plan_expect(const struct plan *plan, enum side side, const struct plan_tally *tally);

/* Prints it for somebody who looks for a mistake. */
void plan_print(const struct plan *plan);

#endif
