/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * plan.c - see plan.h.
 */
#include "plan_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES_MAX 4
/* More than redtap keeps. */
#define CROWD_MAX 36
#define EXCHANGES_MAX (BATCHES_MAX * CROWD_MAX)

static const char *const stories[FINALE_COUNT] = {
	[FINALE_CLIENT_CLOSES] = "the client closes when all is answered",
	[FINALE_SERVER_CLOSES] = "the server closes when all is answered",
	[FINALE_HALF_CLOSE] = "the client says that it sends no more, and is answered",
	[FINALE_CLOSE_DELIMITED] = "the last response ends with the connection",
	[FINALE_HALF_CLOSE_DELIMITED] =
		"the client says that it sends no more, the response ends with the connection",
	[FINALE_TUNNEL] = "CONNECT makes a tunnel",
	[FINALE_SWITCH] = "another protocol follows",
	[FINALE_REFUSED] = "the last request's body is refused before it is sent",
	[FINALE_NOISE] = "what follows is no HTTP",
	[FINALE_UNSOLICITED] = "the server says something unasked",
	[FINALE_MALFORMED] = "the last request is malformed",
	[FINALE_CLIENT_ABORTS] = "the client closes in the middle",
	[FINALE_CLIENT_RESETS] = "the client resets in the middle",
	[FINALE_SERVER_CUTS] = "the server closes in the middle",
};

/* A finale for each hundredth. */
static enum finale pick_finale(struct random *random)
{
	static const unsigned char shares[FINALE_COUNT] = {
		[FINALE_CLIENT_CLOSES] = 22,
		[FINALE_SERVER_CLOSES] = 14,
		[FINALE_HALF_CLOSE] = 5,
		[FINALE_CLOSE_DELIMITED] = 11,
		[FINALE_HALF_CLOSE_DELIMITED] = 3,
		[FINALE_TUNNEL] = 3,
		[FINALE_SWITCH] = 4,
		[FINALE_REFUSED] = 3,
		[FINALE_NOISE] = 4,
		[FINALE_UNSOLICITED] = 3,
		[FINALE_MALFORMED] = 4,
		[FINALE_CLIENT_ABORTS] = 8,
		[FINALE_CLIENT_RESETS] = 8,
		[FINALE_SERVER_CUTS] = 8,
	};
	size_t at = random_below(random, 100), finale = 0;

	while (at >= shares[finale])
		at -= shares[finale++];
	return finale;
}

/* ---- the plan --------------------------------------------------------- */

void plan_init(struct plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	plan->client.side = SIDE_CLIENT;
	plan->exchanges = calloc(EXCHANGES_MAX, sizeof(*plan->exchanges));
	if (!plan->exchanges) {
		fputs("out of memory for a plan\n", stderr);
		abort();
	}
}

void plan_release(struct plan *plan)
{
	stream_release(&plan->requests);
	stream_release(&plan->responses);
	free(plan->exchanges);
	script_release(&plan->client);
	script_release(&plan->server);
}

/* Requests that are sent together, and what they are. */
static size_t batch_size(struct random *random, enum exchange_role *role)
{
	*role = ROLE_ORDINARY;
	if (random_chance(random, 750))
		return 1;
	*role = ROLE_PIPELINED;
	if (random_chance(random, 300))
		return PLAN_PIPELINE_MAX;
	if (random_chance(random, 900))
		return random_range(random, 2, PLAN_PIPELINE_MAX);
	*role = ROLE_CROWDED;
	return random_range(random, PLAN_PIPELINE_MAX + 1, CROWD_MAX);
}

/* What the last exchange of the connection has to be; otherwise: anything. */
static enum exchange_role role_of(enum finale finale, enum exchange_role otherwise)
{
	switch (finale) {
	case FINALE_CLOSE_DELIMITED:
	case FINALE_HALF_CLOSE_DELIMITED:
		return ROLE_CLOSE_DELIMITED;
	case FINALE_TUNNEL:
		return ROLE_TUNNEL;
	case FINALE_SWITCH:
		return ROLE_SWITCH;
	case FINALE_REFUSED:
		return ROLE_REFUSED;
	case FINALE_MALFORMED:
		return ROLE_MALFORMED;
	default:
		return otherwise;
	}
}

static bool is_cut(enum finale finale)
{
	return finale >= FINALE_CLIENT_ABORTS;
}

/* Where redtap may lose track: what follows is told by the next whole batch, or nothing follows. */
static bool may_lose_track(enum finale finale, size_t batches_left)
{
	if (batches_left == 0)
		return finale == FINALE_CLIENT_CLOSES || finale == FINALE_SERVER_CLOSES;
	return batches_left > 1 || !is_cut(finale);
}

/* The request from a place in its head on. */
static void hide_request(struct plan *plan, struct exchange *exchange, enum side side, bool alone)
{
	struct random *random = &plan->random;
	const size_t places[] = { exchange->begin,    exchange->begin,
				  exchange->begin,    exchange->seen_at - 1,
				  exchange->seen_at,  exchange->route_at - 1,
				  exchange->route_at, exchange->request_head_end - 1 };
	size_t from = random_chance(random, 300) ? random_range(random, exchange->begin,
								exchange->request_head_end - 1)
						 : RANDOM_ROW(random, places);
	uint8_t kind = side == SIDE_SERVER ? STREAM_HIDDEN_BY_SERVER : STREAM_HIDDEN_BY_CLIENT;

	/* where redtap is told anew, that much is to be seen */
	if (exchange->recognisable && from <= exchange->seen_at)
		from = exchange->seen_at + 1;
	/* what answers to these have no body, which then nobody can know */
	if (from < exchange->seen_at &&
	    (strcmp(exchange->method, "HEAD") == 0 || strcmp(exchange->method, "CONNECT") == 0))
		from = exchange->seen_at;
	/* of one of several, the gap would be noticed sooner or later, as calls are cut */
	if (side == SIDE_SERVER && random_chance(random, 400) &&
	    (alone || from < exchange->seen_at)) {
		kind = STREAM_MISSED_BY_SERVER;
		exchange->request_missed = true;
	}
	exchange->request_hidden[side] = from;
	stream_mark(&plan->requests, from, exchange->request_end, kind);
}

/* Likewise. */
static void hide_response(struct plan *plan, struct exchange *exchange, enum side side)
{
	struct random *random = &plan->random;
	const size_t places[] = { exchange->interim_end, exchange->interim_end,
				  exchange->status_at - 1, exchange->status_at,
				  exchange->answer_head_end - 1 };
	size_t from = random_chance(random, 300) ? random_range(random, exchange->interim_end,
								exchange->answer_head_end - 1)
						 : RANDOM_ROW(random, places);

	if (exchange->recognisable && from < exchange->answer_begin + PLAN_VERSION_BYTES)
		from = exchange->answer_begin + PLAN_VERSION_BYTES;
	exchange->response_hidden[side] = from;
	plan->open_ended = from >= exchange->status_at;
	stream_mark(&plan->responses, from, exchange->answer_end,
		    side == SIDE_SERVER ? STREAM_HIDDEN_BY_SERVER : STREAM_HIDDEN_BY_CLIENT);
}

/* The last exchange is moved in a way in which not all can be seen. */
static void lose_track(struct plan *plan, enum exchange_role role, bool alone)
{
	struct exchange *exchange = &plan->exchanges[plan->exchange_count - 1];
	const enum side side = random_below(&plan->random, SIDES);

	if (role == ROLE_GIANT)
		exchange->request_long[side] = true;
	else if (role == ROLE_CHOPPED)
		plan->open_ended = exchange->chopped;
	else if (exchange->early || exchange->expects)
		return;
	else if (random_chance(&plan->random, 500))
		hide_request(plan, exchange, side, alone);
	else
		hide_response(plan, exchange, side);
	plan->lost_track = true;
}

static void play_one_batch(struct plan *plan, enum finale finale, size_t batches_left)
{
	struct random *random = &plan->random;
	const bool last = batches_left == 0;
	const size_t from = plan->exchange_count;
	enum exchange_role role;
	size_t size = batch_size(random, &role), i;
	const bool loses = role != ROLE_CROWDED && may_lose_track(finale, batches_left) &&
			   random_chance(random, 100);

	if (last && role_of(finale, ROLE_ORDINARY) != ROLE_ORDINARY && finale != FINALE_MALFORMED &&
	    finale != FINALE_SWITCH)
		size = 1;
	/* what may not have ended waits, too */
	if (plan->open_ended && size >= PLAN_PIPELINE_MAX)
		size = PLAN_PIPELINE_MAX - 1;
	if (loses && size == 1 && random_chance(random, 200))
		role = random_chance(random, 300) ? ROLE_GIANT : ROLE_CHOPPED;
	for (i = 0; i < size; i++)
		exchange_make(&plan->exchanges[plan->exchange_count++], random,
			      &(struct exchange_wish){
				      .role = last && i + 1 == size ? role_of(finale, role) : role,
				      .odd = !last || !is_cut(finale),
				      .recognisable = plan->lost_track && i == 0,
			      },
			      &plan->requests, &plan->responses);
	plan->lost_track = false;
	plan->open_ended = false;
	if (loses)
		lose_track(plan, role, size == 1);
	if (last && finale == FINALE_SWITCH)
		plan_add_beyond(plan);
	if (last && is_cut(finale))
		plan_play_cut(plan, from, finale);
	else
		plan_play_batch(plan, from, last ? finale : FINALE_CLIENT_CLOSES);
}

/* Signals, but where one call has to move all of something. */
static void maybe_interrupt(struct plan *plan)
{
	const bool wanted = random_chance(&plan->random, 150);
	struct script *scripts[] = { &plan->client, &plan->server };
	size_t i, j;

	for (i = 0; i < 2; i++) {
		bool whole = false;

		for (j = 0; j < scripts[i]->count; j++)
			whole |= scripts[i]->steps[j].call == CALL_RECV_WHOLE ||
				 scripts[i]->steps[j].call == CALL_SEND_WHOLE;
		scripts[i]->interrupted = wanted && !whole;
	}
}

void plan_make(struct plan *plan, uint64_t seed, uint32_t number)
{
	struct random *random = &plan->random;
	enum finale finale;
	size_t batches;

	random_init(random, seed, number);
	finale = pick_finale(random);
	plan->seed = seed;
	plan->number = number;
	plan->story = stories[finale];
	plan->exchange_count = 0;
	plan->client.count = 0;
	plan->server.count = 0;
	plan->ending = ENDING_SERVER;
	plan->server_resets = false;
	plan->ignored = NULL;
	plan->unsolicited = false;
	plan->refused = false;
	plan->goes_on = false;
	plan->lost_track = false;
	plan->open_ended = false;
	plan->server_waits_not = random_chance(random, 300);
	plan->server_buffer = random_chance(random, 100) ? 4608 : 0;
	/* what is never read must fit, and small pieces take more room than their bytes */
	plan->receive_buffer = is_cut(finale) ? 20 * UNREAD_MAX : 0;
	stream_clear(&plan->requests);
	stream_clear(&plan->responses);
	batches = random_range(random, 1, BATCHES_MAX);
	/* noise may be all there is */
	if (finale == FINALE_NOISE || finale == FINALE_UNSOLICITED)
		batches--;
	while (batches-- > 0)
		play_one_batch(plan, finale, batches);
	if (!is_cut(finale))
		plan_play_close(plan, finale);
	maybe_interrupt(plan);
	plan_spread(plan);
}
