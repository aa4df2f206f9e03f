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
	bool server_waits_not; /* its socket is non-blocking */
	int server_buffer;     /* SO_SNDBUF, bytes; 0: as it is */
	struct random random;
};

void plan_init(struct plan *plan);
void plan_release(struct plan *plan);

/* Makes the plan of this number; what it held before is gone. */
void plan_make(struct plan *plan, uint64_t seed, uint32_t number);

/* Called for each transaction that redtap has to count. */
typedef void plan_count(void *context, const char *method, const char *route, int status,
			const char *error, uint64_t request_bytes, uint64_t response_bytes);

/* Plays the server's script in thought.  Returns how many transactions there are. */
size_t plan_expect(const struct plan *plan, plan_count *count, void *context);

/* Prints it for somebody who looks for a mistake. */
void plan_print(const struct plan *plan);

#endif
