/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * plan_batch.c - see plan_private.h: requests that are sent together, and how both
 * sides get through them.
 */
#include "plan_private.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Moves requests [at, to); the first of them is the first of its batch. */
static void move_requests(struct plan *plan, struct script *script, enum verb verb,
			  const struct exchange *first, size_t at, size_t to)
{
	if (first->request_long[script->side] && at <= first->begin) {
		script_move_whole(script, verb, smaller(first->request_end, to));
		at = smaller(first->request_end, to);
	} else if (first->recognisable && at == first->begin && at < to) {
		/* the method, its space, and how the target begins */
		at = smaller(first->seen_at + 1, to);
		script_move_whole(script, verb, at);
	}
	script_move(script, &plan->random, &plan->requests, verb, at, to);
}

/* Likewise. */
static void move_responses(struct plan *plan, struct script *script, enum verb verb,
			   const struct exchange *first, size_t at, size_t to)
{
	if (first->recognisable && at == first->answer_begin && at < to) {
		at = smaller(at + PLAN_VERSION_BYTES, to);
		script_move_whole(script, verb, at);
	}
	if (first->chopped && at < first->answer_head_end) {
		script_move(script, &plan->random, &plan->responses, verb, at,
			    first->answer_head_end);
		script_move_whole(script, verb, first->answer_end);
		at = first->answer_end;
	}
	script_move(script, &plan->random, &plan->responses, verb, at, to);
}

/* The server receives and answers exchanges [from, to) within the limits. */
void plan_serve(struct plan *plan, size_t from, size_t to, const struct limits *limits)
{
	struct random *random = &plan->random;
	struct script *script = &plan->server;
	/* empty lines in front of a request are to be received, too */
	size_t received = from > 0 ? plan->exchanges[from - 1].request_end : 0;
	size_t sent = plan->exchanges[from].answer_begin, answer = sent, i;

	for (i = from; i < to; i++) {
		const struct exchange *exchange = &plan->exchanges[i];
		size_t need = exchange->request_end, target;

		if (exchange->early)
			need = random_range(random, exchange->request_head_end, need);
		if (exchange->early && need > limits->server_receives &&
		    limits->server_receives >= exchange->request_head_end)
			need = limits->server_receives;
		if (received < need && received < limits->server_receives) {
			target = random_chance(random, 400) ? need
				 : random_chance(random, 600)
					 ? limits->server_receives
					 : random_range(random, need, plan->requests.length);
			if (target > limits->server_receives)
				target = limits->server_receives;
			if (target < received)
				target = received;
			move_requests(plan, script, VERB_RECEIVE, &plan->exchanges[from], received,
				      target);
			received = target;
		}
		if (received < need)
			break;
		script_pause(script, random, 15);
		/* the last one's may go on in another protocol */
		answer = i + 1 == plan->exchange_count ? plan->responses.length
						       : exchange->answer_end;
		if (answer > limits->server_sends)
			answer = limits->server_sends;
		/* or together with the next one's answer */
		if (random_chance(random, 700)) {
			move_responses(plan, script, VERB_SEND, &plan->exchanges[from], sent,
				       answer);
			sent = answer;
		}
	}
	if (sent < answer)
		move_responses(plan, script, VERB_SEND, &plan->exchanges[from], sent, answer);
	if (received < limits->server_receives)
		move_requests(plan, script, VERB_RECEIVE, &plan->exchanges[from], received,
			      limits->server_receives);
}

/* A request whose body waits for an interim response. */
static void play_expect(struct plan *plan, const struct exchange *exchange, size_t begin)
{
	struct script *client = &plan->client, *server = &plan->server;

	move_requests(plan, client, VERB_SEND, exchange, begin, exchange->request_head_end);
	move_requests(plan, server, VERB_RECEIVE, exchange, begin, exchange->request_head_end);
	move_responses(plan, server, VERB_SEND, exchange, exchange->answer_begin,
		       exchange->interim_end);
	move_responses(plan, client, VERB_RECEIVE, exchange, exchange->answer_begin,
		       exchange->interim_end);
	move_requests(plan, client, VERB_SEND, exchange, exchange->request_head_end,
		      exchange->request_end);
	move_requests(plan, server, VERB_RECEIVE, exchange, exchange->request_head_end,
		      exchange->request_end);
	script_pause(server, &plan->random, 15);
	move_responses(plan, server, VERB_SEND, exchange, exchange->interim_end,
		       exchange->answer_end);
	move_responses(plan, client, VERB_RECEIVE, exchange, exchange->interim_end,
		       exchange->answer_end);
}

/* One whose body is refused beforehand, and never sent. */
static void play_refused(struct plan *plan, const struct exchange *exchange, size_t begin)
{
	move_requests(plan, &plan->client, VERB_SEND, exchange, begin, exchange->request_head_end);
	move_requests(plan, &plan->server, VERB_RECEIVE, exchange, begin,
		      exchange->request_head_end);
	move_responses(plan, &plan->server, VERB_SEND, exchange, exchange->answer_begin,
		       exchange->answer_end);
	move_responses(plan, &plan->client, VERB_RECEIVE, exchange, exchange->answer_begin,
		       exchange->answer_end);
}

/* The client sends and receives what the limits leave of exchanges [from, to). */
void plan_ask(struct plan *plan, size_t from, const struct limits *limits)
{
	const size_t begin = from > 0 ? plan->exchanges[from - 1].request_end : 0;
	const size_t answer = plan->exchanges[from].answer_begin;

	move_requests(plan, &plan->client, VERB_SEND, &plan->exchanges[from], begin,
		      limits->client_sends);
	script_pause(&plan->client, &plan->random, 10);
	move_responses(plan, &plan->client, VERB_RECEIVE, &plan->exchanges[from], answer,
		       limits->server_sends);
}

void plan_play_batch(struct plan *plan, size_t from, enum finale finale)
{
	const struct exchange *first = &plan->exchanges[from];
	const struct exchange *last = &plan->exchanges[plan->exchange_count - 1];
	const struct limits all = { last->request_end, last->request_end, plan->responses.length };
	const size_t begin = from > 0 ? plan->exchanges[from - 1].request_end : 0;
	const size_t step = plan->server.count;
	const bool half_close = finale == FINALE_HALF_CLOSE ||
				finale == FINALE_HALF_CLOSE_DELIMITED;

	if (finale == FINALE_REFUSED) {
		play_refused(plan, last, begin);
		return;
	}
	if (first == last && last->expects && !half_close) {
		play_expect(plan, last, begin);
		return;
	}
	if (!half_close) {
		plan_ask(plan, from, &all);
	} else {
		plan_ask(plan, from,
			 &(struct limits){ .client_sends = all.client_sends, .server_sends = 0 });
		script_verb(&plan->client, VERB_SHUT);
		/* its FIN may lie in the socket before the first byte is received */
		if (begin + UNREAD_MAX > all.client_sends && random_chance(&plan->random, 600)) {
			script_verb(&plan->client, VERB_TELL);
			script_verb(&plan->server, VERB_AWAIT);
		}
		move_responses(plan, &plan->client, VERB_RECEIVE, first, first->answer_begin,
			       all.server_sends);
	}
	plan_serve(plan, from, plan->exchange_count, &all);
	script_make_greedy(&plan->server, step, all.client_sends);
}
