/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * plan_end.c - see plan_private.h: how a connection ends.
 */
#include "plan_private.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* One of a few interesting places in [low, high], or any. */
static size_t cut_place(struct random *random, size_t low, size_t high, size_t place)
{
	if (random_chance(random, 400) && place >= low && place <= high)
		return place;
	return random_range(random, low, high);
}

/* How the server ends it; nothing_left: it has received all there is. */
static enum verb pick_cut(struct plan *plan, bool nothing_left)
{
	static const enum verb deaths[] = { VERB_KILLED, VERB_KILLED_WAITING, VERB_EXIT };
	enum verb death;

	plan->server_resets = random_chance(&plan->random, 300);
	if (random_chance(&plan->random, 500))
		return plan->server_resets ? VERB_RESET : VERB_CLOSE;
	plan->server_resets = false;
	plan->story = "the server's process dies in the middle";
	death = RANDOM_ROW(&plan->random, deaths);
	return death == VERB_KILLED_WAITING && !nothing_left ? VERB_KILLED : death;
}

/* A batch in whose middle something happens. */
void plan_play_cut(struct plan *plan, size_t from, enum finale finale)
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
	plan_ask(plan, from, &asked);
	plan_serve(plan, from, middle + 1, &limits);
	if (finale == FINALE_SERVER_CUTS) {
		script_verb(&plan->client, VERB_TELL);
		script_verb(&plan->server, VERB_AWAIT);
		script_verb(&plan->server,
			    pick_cut(plan, limits.client_sends == limits.server_receives));
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

#define BYTES_OF(literal) literal, sizeof(literal) - 1

#define TLS_HELLO "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

/* What no longer is HTTP, whatever it looks like. */
static const struct {
	const char *bytes;
	size_t count;
} beyond[] = {
	{ BYTES_OF("GET /in-the-tunnel HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ BYTES_OF("POST /in-the-tunnel HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello") },
	{ BYTES_OF("HTTP/1.1 500 In The Tunnel\r\nContent-Length: 0\r\n\r\n") },
	{ BYTES_OF("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") },
	{ BYTES_OF("\x81\x05hello") }, /* a WebSocket's frame */
	{ BYTES_OF(TLS_HELLO) },
	{ BYTES_OF("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
	{ BYTES_OF("\0") },
};

void plan_add_beyond(struct plan *plan)
{
	size_t turns = random_below(&plan->random, 3);

	while (turns-- > 0) {
		const size_t row = random_below(&plan->random, ROWS(beyond));

		stream_bytes(&plan->responses, beyond[row].bytes, beyond[row].count, STREAM_TEXT);
	}
}

/* After CONNECT both sides begin with TLS; after an upgrade anything may come. */
static void play_tunnel(struct plan *plan, bool connect)
{
	size_t turns = random_below(&plan->random, 8);

	if (connect && turns > 0) {
		play_beyond(plan, &plan->requests, TLS_HELLO, sizeof(TLS_HELLO) - 1, true);
		play_beyond(plan, &plan->responses, BYTES_OF("\x16\x03\x03"), false);
		plan->ignored = "tls";
	}
	while (turns-- > 0) {
		const size_t row = random_below(&plan->random, ROWS(beyond));
		const bool from_client = random_chance(&plan->random, 500);

		play_beyond(plan, from_client ? &plan->requests : &plan->responses,
			    beyond[row].bytes, beyond[row].count, from_client);
	}
}

static void play_noise(struct plan *plan)
{
	static const struct {
		const char *bytes;
		size_t count;
		const char *reason;
		bool decides; /* on a connection that has not been HTTP yet */
	} noises[] = {
		{ BYTES_OF(TLS_HELLO), "tls", true },
		{ BYTES_OF("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "http2", true },
		{ BYTES_OF("\x00\xff\x80 / HTTP\x01\r\n\r\n"), "not_http", false },
		{ BYTES_OF("SSH-2.0-OpenSSH_9.2\r\n"), "not_http", false },
		{ BYTES_OF("G\0T / HTTP/1.1\r\n\r\n"), "not_http", false },
	};
	static const char refusal[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	static const char more[] = "GET /behind-noise HTTP/1.1\r\nHost: h\r\n\r\n";
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	const size_t row = random_below(&plan->random, ROWS(noises));
	const bool for_good = noises[row].decides && plan->exchange_count == 0;
	const bool refused = random_chance(&plan->random, 500);
	const bool goes_on = random_chance(&plan->random, 500);

	play_beyond(plan, &plan->requests, noises[row].bytes, noises[row].count, true);
	if (refused)
		play_beyond(plan, &plan->responses, refusal, sizeof(refusal) - 1, false);
	if (goes_on) {
		play_beyond(plan, &plan->requests, more, sizeof(more) - 1, true);
		play_beyond(plan, &plan->responses, answer, sizeof(answer) - 1, false);
	}
	/* the first status line answers the noise, and says that it is HTTP all the same */
	plan->refused = (refused || goes_on) && !for_good;
	plan->goes_on = refused && goes_on && !for_good;
	plan->ignored = plan->refused ? NULL : noises[row].reason;
}

/* All is answered, or ends with the connection: one side closes. */
void plan_play_close(struct plan *plan, enum finale finale)
{
	static const char late[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
	struct random *random = &plan->random;

	if (finale == FINALE_TUNNEL || finale == FINALE_SWITCH)
		play_tunnel(plan, finale == FINALE_TUNNEL);
	else if (finale == FINALE_NOISE)
		play_noise(plan);
	else if (finale == FINALE_UNSOLICITED)
		play_beyond(plan, &plan->responses, BYTES_OF(late), false);
	plan->unsolicited = finale == FINALE_UNSOLICITED;
	if (finale == FINALE_CLIENT_CLOSES ||
	    (finale == FINALE_REFUSED && random_chance(random, 500))) {
		plan->ending = ENDING_CLIENT;
		script_verb(&plan->client, VERB_CLOSE);
		script_verb(&plan->server, VERB_RECEIVE_END);
		script_verb(&plan->server, VERB_CLOSE);
		return;
	}
	/* a server that has not read all resets: the client must have its answer */
	script_verb(&plan->client, VERB_TELL);
	script_verb(&plan->server, VERB_AWAIT);
	if (finale == FINALE_HALF_CLOSE || finale == FINALE_HALF_CLOSE_DELIMITED) {
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
	plan->server_resets = random_chance(random, 100);
	script_verb(&plan->server, plan->server_resets ? VERB_RESET : VERB_CLOSE);
	script_verb(&plan->client, VERB_RECEIVE_END);
	script_verb(&plan->client, VERB_CLOSE);
}
