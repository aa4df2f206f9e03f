/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * plan.c - see plan.h.
 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES_MAX 4
#define EXCHANGES_MAX (BATCHES_MAX * PLAN_PIPELINE_MAX)
/* What the client says and the server never reads must fit the socket buffers. */
#define UNREAD_MAX 20000

/* How a connection ends; some need the last exchange to be of a kind. */
enum finale {
	FINALE_CLIENT_CLOSES = 0,
	FINALE_SERVER_CLOSES,
	FINALE_HALF_CLOSE,
	FINALE_CLOSE_DELIMITED,
	FINALE_TUNNEL,
	FINALE_NOISE,
	FINALE_UNSOLICITED,
	FINALE_MALFORMED,
	/* in the middle of the last batch: */
	FINALE_CLIENT_ABORTS,
	FINALE_CLIENT_RESETS,
	FINALE_SERVER_CUTS,
	FINALE_COUNT,
};

static const char *const stories[FINALE_COUNT] = {
	[FINALE_CLIENT_CLOSES] = "the client closes when all is answered",
	[FINALE_SERVER_CLOSES] = "the server closes when all is answered",
	[FINALE_HALF_CLOSE] = "the client says that it sends no more, and is answered",
	[FINALE_CLOSE_DELIMITED] = "the last response ends with the connection",
	[FINALE_TUNNEL] = "CONNECT makes a tunnel",
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
		[FINALE_CLIENT_CLOSES] = 25, [FINALE_SERVER_CLOSES] = 16,
		[FINALE_HALF_CLOSE] = 7,     [FINALE_CLOSE_DELIMITED] = 14,
		[FINALE_TUNNEL] = 3,         [FINALE_NOISE] = 4,
		[FINALE_UNSOLICITED] = 3,    [FINALE_MALFORMED] = 4,
		[FINALE_CLIENT_ABORTS] = 8,  [FINALE_CLIENT_RESETS] = 8,
		[FINALE_SERVER_CUTS] = 8,
	};
	size_t at = random_below(random, 100), finale = 0;

	while (at >= shares[finale])
		at -= shares[finale++];
	return finale;
}

/* ---- one batch -------------------------------------------------------- */

/* Where an unfinished batch stops. */
struct limits {
	size_t client_sends; /* offsets */
	size_t server_receives;
	size_t server_sends;
};

/* The server receives and answers exchanges [from, to) within the limits. */
static void serve_batch(struct plan *plan, size_t from, size_t to, const struct limits *limits)
{
	struct random *random = &plan->random;
	struct script *script = &plan->server;
	size_t received = plan->exchanges[from].begin;
	size_t sent = plan->exchanges[from].answer_begin, answer = sent, i;

	if (from > 0)
		received = plan->exchanges[from - 1].request_end;
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
			script_move(script, random, &plan->requests, VERB_RECEIVE, received,
				    target);
			received = target;
		}
		if (received < need)
			break;
		script_pause(script, random, 15);
		answer = exchange->answer_end;
		if (answer > limits->server_sends)
			answer = limits->server_sends;
		/* or together with the next one's answer */
		if (random_chance(random, 700)) {
			script_move(script, random, &plan->responses, VERB_SEND, sent, answer);
			sent = answer;
		}
	}
	if (sent < answer)
		script_move(script, random, &plan->responses, VERB_SEND, sent, answer);
	if (received < limits->server_receives)
		script_move(script, random, &plan->requests, VERB_RECEIVE, received,
			    limits->server_receives);
}

/* A request whose body waits for an interim response. */
static void play_expect(struct plan *plan, const struct exchange *exchange, size_t begin)
{
	struct random *random = &plan->random;

	script_move(&plan->client, random, &plan->requests, VERB_SEND, begin,
		    exchange->request_head_end);
	script_move(&plan->server, random, &plan->requests, VERB_RECEIVE, begin,
		    exchange->request_head_end);
	script_move(&plan->server, random, &plan->responses, VERB_SEND, exchange->answer_begin,
		    exchange->interim_end);
	script_move(&plan->client, random, &plan->responses, VERB_RECEIVE, exchange->answer_begin,
		    exchange->interim_end);
	script_move(&plan->client, random, &plan->requests, VERB_SEND, exchange->request_head_end,
		    exchange->request_end);
	script_move(&plan->server, random, &plan->requests, VERB_RECEIVE,
		    exchange->request_head_end, exchange->request_end);
	script_pause(&plan->server, random, 15);
	script_move(&plan->server, random, &plan->responses, VERB_SEND, exchange->interim_end,
		    exchange->answer_end);
	script_move(&plan->client, random, &plan->responses, VERB_RECEIVE, exchange->interim_end,
		    exchange->answer_end);
}

/* The client sends and receives what the limits leave of exchanges [from, to). */
static void ask_batch(struct plan *plan, size_t from, const struct limits *limits)
{
	const size_t begin = from > 0 ? plan->exchanges[from - 1].request_end : 0;
	const size_t answer = plan->exchanges[from].answer_begin;
	struct random *random = &plan->random;

	script_move(&plan->client, random, &plan->requests, VERB_SEND, begin, limits->client_sends);
	script_pause(&plan->client, random, 10);
	script_move(&plan->client, random, &plan->responses, VERB_RECEIVE, answer,
		    limits->server_sends);
}

/* A batch that is answered in full. */
static void play_batch(struct plan *plan, size_t from, bool half_close)
{
	const struct exchange *last = &plan->exchanges[plan->exchange_count - 1];
	const struct limits all = { last->request_end, last->request_end, last->answer_end };
	const size_t begin = from > 0 ? plan->exchanges[from - 1].request_end : 0;
	const size_t first = plan->server.count;

	if (plan->exchange_count - from == 1 && last->expects && !half_close) {
		play_expect(plan, last, begin);
		return;
	}
	if (!half_close) {
		ask_batch(plan, from, &all);
	} else {
		ask_batch(plan, from,
			  &(struct limits){ .client_sends = all.client_sends, .server_sends = 0 });
		script_verb(&plan->client, VERB_SHUT);
		/* its FIN may lie in the socket before the first byte is received */
		if (begin + UNREAD_MAX > all.client_sends && random_chance(&plan->random, 600)) {
			script_verb(&plan->client, VERB_TELL);
			script_verb(&plan->server, VERB_AWAIT);
		}
		script_move(&plan->client, &plan->random, &plan->responses, VERB_RECEIVE,
			    plan->exchanges[from].answer_begin, all.server_sends);
	}
	serve_batch(plan, from, plan->exchange_count, &all);
	script_make_greedy(&plan->server, first, all.client_sends);
}

/* ---- the end ---------------------------------------------------------- */

/* One of a few interesting places in [low, high], or any. */
static size_t cut_place(struct random *random, size_t low, size_t high, size_t place)
{
	if (random_chance(random, 400) && place >= low && place <= high)
		return place;
	return random_range(random, low, high);
}

/* A batch in whose middle something happens. */
static void play_cut(struct plan *plan, size_t from, enum finale finale)
{
	struct random *random = &plan->random;
	const size_t middle = random_range(random, from, plan->exchange_count - 1);
	const struct exchange *exchange = &plan->exchanges[middle];
	const size_t all = plan->exchanges[plan->exchange_count - 1].request_end;
	const size_t places[] = { exchange->begin,      exchange->seen_at - 1,
				  exchange->seen_at,    exchange->route_at - 1,
				  exchange->route_at,   exchange->request_head_end,
				  exchange->request_end };
	const size_t answers[] = { exchange->answer_begin,    exchange->interim_end,
				   exchange->status_at - 1,   exchange->status_at,
				   exchange->answer_head_end, exchange->answer_end - 1,
				   exchange->answer_end };
	struct limits limits = { .server_sends = exchange->answer_begin }, asked;
	const size_t need = exchange->early ? exchange->request_head_end : exchange->request_end;

	limits.server_receives =
		cut_place(random, exchange->begin, all, RANDOM_ROW(random, places));
	if (random_chance(random, 500))
		limits.server_receives = all;
	if (limits.server_receives >= need)
		limits.server_sends = cut_place(random, exchange->answer_begin,
						exchange->answer_end, RANDOM_ROW(random, answers));
	limits.client_sends = random_chance(random, 500)
				      ? limits.server_receives
				      : random_range(random, limits.server_receives, all);
	if (limits.client_sends > limits.server_receives + UNREAD_MAX)
		limits.client_sends = limits.server_receives + UNREAD_MAX;
	asked = limits;
	/* a reset may come before the answer is read */
	if (finale == FINALE_CLIENT_RESETS && random_chance(random, 500) &&
	    limits.server_sends - plan->exchanges[from].answer_begin < UNREAD_MAX)
		asked.server_sends = 0;
	ask_batch(plan, from, &asked);
	serve_batch(plan, from, middle + 1, &limits);
	if (finale == FINALE_SERVER_CUTS) {
		script_verb(&plan->client, VERB_TELL);
		script_verb(&plan->server, VERB_AWAIT);
		script_verb(&plan->server, random_chance(random, 300) ? VERB_RESET : VERB_CLOSE);
		script_verb(&plan->client, VERB_RECEIVE_END);
		script_verb(&plan->client, VERB_CLOSE);
		return;
	}
	plan->ending = finale == FINALE_CLIENT_ABORTS ? ENDING_CLIENT : ENDING_RESET;
	script_verb(&plan->server, VERB_TELL);
	script_verb(&plan->client, VERB_AWAIT);
	script_verb(&plan->client, plan->ending == ENDING_RESET ? VERB_RESET : VERB_CLOSE);
	script_verb(&plan->server, VERB_SEE_END);
	if (plan->ending == ENDING_RESET && random_chance(random, 300))
		script_verb(&plan->server, VERB_SEND_REFUSED);
	script_verb(&plan->server, VERB_CLOSE);
}

/* Bytes behind the last exchange that are none of redtap's business. */
static void play_beyond(struct plan *plan, struct stream *stream, const void *bytes, size_t count,
			bool from_client)
{
	const size_t begin = stream->length;

	stream_bytes(stream, bytes, count, STREAM_TEXT);
	script_move(from_client ? &plan->client : &plan->server, &plan->random, stream, VERB_SEND,
		    begin, stream->length);
	script_move(from_client ? &plan->server : &plan->client, &plan->random, stream,
		    VERB_RECEIVE, begin, stream->length);
}

static void play_tunnel(struct plan *plan)
{
	static const char request[] = "GET /in-the-tunnel HTTP/1.1\r\nHost: h\r\n\r\n";
	static const char response[] = "HTTP/1.1 500 In The Tunnel\r\nContent-Length: 0\r\n\r\n";
	size_t turns = random_below(&plan->random, 4);

	while (turns-- > 0) {
		play_beyond(plan, &plan->requests, request, sizeof(request) - 1, true);
		play_beyond(plan, &plan->responses, response, sizeof(response) - 1, false);
	}
}

static void play_noise(struct plan *plan)
{
	static const struct {
		const char *bytes;
		size_t count;
	} noises[] = {
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24 },
		{ "\x00\xff\x80 / HTTP\x01\r\n\r\n", 14 },
		{ "get / HTTP/1.1\r\n\r\n", 18 },
		{ "SSH-2.0-OpenSSH_9.2\r\n", 21 },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1\r\n\r\n", 40 }, /* 25 letters */
		{ "G\0T / HTTP/1.1\r\n\r\n", 18 },
	};
	static const char refusal[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	static const char more[] = "GET /behind-noise HTTP/1.1\r\nHost: h\r\n\r\n";
	const size_t row = random_below(&plan->random, sizeof(noises) / sizeof(noises[0]));

	play_beyond(plan, &plan->requests, noises[row].bytes, noises[row].count, true);
	if (random_chance(&plan->random, 500))
		play_beyond(plan, &plan->responses, refusal, sizeof(refusal) - 1, false);
	if (random_chance(&plan->random, 500))
		play_beyond(plan, &plan->requests, more, sizeof(more) - 1, true);
}

/* All is answered, or ends with the connection: one side closes. */
static void play_close(struct plan *plan, enum finale finale)
{
	static const char late[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
	struct random *random = &plan->random;

	if (finale == FINALE_TUNNEL)
		play_tunnel(plan);
	else if (finale == FINALE_NOISE)
		play_noise(plan);
	else if (finale == FINALE_UNSOLICITED)
		play_beyond(plan, &plan->responses, late, sizeof(late) - 1, false);
	if (finale == FINALE_CLIENT_CLOSES) {
		plan->ending = ENDING_CLIENT;
		script_verb(&plan->client, VERB_CLOSE);
		script_verb(&plan->server, VERB_RECEIVE_END);
		script_verb(&plan->server, VERB_CLOSE);
		return;
	}
	/* a server that has not read all resets: the client must have its answer */
	script_verb(&plan->client, VERB_TELL);
	script_verb(&plan->server, VERB_AWAIT);
	if (finale == FINALE_HALF_CLOSE) {
		plan->ending = ENDING_CLIENT;
		if (random_chance(random, 500))
			script_verb(&plan->server, VERB_RECEIVE_END);
	}
	if (random_chance(random, 250)) {
		/* a lingering close */
		script_verb(&plan->server, VERB_SHUT);
		script_verb(&plan->client, VERB_RECEIVE_END);
		script_verb(&plan->client, VERB_CLOSE);
		script_verb(&plan->server, VERB_RECEIVE_END);
		script_verb(&plan->server, VERB_CLOSE);
		return;
	}
	script_verb(&plan->server, random_chance(random, 100) ? VERB_RESET : VERB_CLOSE);
	script_verb(&plan->client, VERB_RECEIVE_END);
	script_verb(&plan->client, VERB_CLOSE);
}

/* ---- the plan --------------------------------------------------------- */

void plan_init(struct plan *plan)
{
	memset(plan, 0, sizeof(*plan));
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

static size_t batch_size(struct random *random)
{
	if (random_chance(random, 750))
		return 1;
	return random_chance(random, 300) ? PLAN_PIPELINE_MAX
					  : random_range(random, 2, PLAN_PIPELINE_MAX);
}

static enum exchange_role role_of(enum finale finale, bool last, size_t size)
{
	if (last && finale == FINALE_CLOSE_DELIMITED)
		return ROLE_CLOSE_DELIMITED;
	if (last && finale == FINALE_TUNNEL)
		return ROLE_TUNNEL;
	if (last && finale == FINALE_MALFORMED)
		return ROLE_MALFORMED;
	return size > 1 ? ROLE_PIPELINED : ROLE_ORDINARY;
}

static void play_one_batch(struct plan *plan, enum finale finale, bool last)
{
	const bool cut = last && finale >= FINALE_CLIENT_ABORTS;
	size_t size = batch_size(&plan->random), i;
	const size_t from = plan->exchange_count;

	if (last && (finale == FINALE_CLOSE_DELIMITED || finale == FINALE_TUNNEL))
		size = 1;
	for (i = 0; i < size; i++)
		exchange_make(&plan->exchanges[plan->exchange_count++], &plan->random,
			      role_of(finale, last && i + 1 == size, size), &plan->requests,
			      &plan->responses);
	if (cut)
		play_cut(plan, from, finale);
	else
		play_batch(plan, from, last && finale == FINALE_HALF_CLOSE);
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
	plan->server_waits_not = random_chance(random, 300);
	plan->server_buffer = random_chance(random, 100) ? 4608 : 0;
	stream_clear(&plan->requests);
	stream_clear(&plan->responses);
	batches = random_range(random, 1, BATCHES_MAX);
	/* noise may be all there is */
	if (finale == FINALE_NOISE || finale == FINALE_UNSOLICITED)
		batches--;
	while (batches-- > 0)
		play_one_batch(plan, finale, batches == 0);
	if (finale < FINALE_CLIENT_ABORTS)
		play_close(plan, finale);
}
