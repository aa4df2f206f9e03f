/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * exchange.c - see exchange.h.
 */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "target.h"

/*
 * Chunks of one body.  bpf/README.md: of one call, 512 pieces are looked at; a chunk is
 * three.  A batch that one call moves must stay within that.
 */
#define CHUNKS_MAX 60
#define CHUNKS_MAX_PIPELINED 5
#define CHUNKS_MAX_CROWDED 1
#define CHUNKS_CHOPPED 700

#define BODY_MAX (400 * 1024)
#define BODY_MAX_PIPELINED 1500
#define BODY_MAX_CROWDED 300
#define BODY_MAX_CHOPPED 5000
/* Of a request that is answered before it is read: it must fit the socket buffers. */
#define BODY_MAX_EARLY (24 * 1024)

static const int statuses[] = { 200, 200, 200, 200, 200, 201, 202, 204, 206, 301, 304,
				304, 400, 403, 404, 405, 418, 429, 500, 503, 599, 999 };
static const int statuses_rare[] = { 200, 204, 404, 501 };
static const int interim_statuses[] = { 100, 102, 103 };

static void request_body(struct exchange *exchange, struct random *random,
			 const struct style *style, enum exchange_role role, struct stream *stream)
{
	const bool early = (role <= ROLE_CROWDED || role == ROLE_CLOSE_DELIMITED) &&
			   random_chance(random, 60);
	const size_t max = early && style->body_max > BODY_MAX_EARLY ? BODY_MAX_EARLY
								     : style->body_max;
	const size_t length = random_chance(random, 500) ? 0 : body_size(random, max);
	const bool none = length == 0 && role != ROLE_REFUSED && random_chance(random, 800);
	const bool chunked = !none && random_chance(random, 400);

	if (role == ROLE_TUNNEL || role == ROLE_SWITCH || role == ROLE_MALFORMED || none) {
		stream_print(stream, "%s", style->line_end);
		exchange->request_head_end = stream->length;
		return;
	}
	exchange->early = early;
	if (role == ROLE_REFUSED || (!style->small && random_chance(random, 80))) {
		exchange->expects = role != ROLE_REFUSED;
		exchange->early = false;
		stream_print(stream, "Expect: 100-continue%s", style->line_end);
	}
	if (chunked)
		fields_put_coding(stream, random, style);
	else
		fields_put_length(stream, random, style, length);
	stream_print(stream, "%s", style->line_end);
	exchange->request_head_end = stream->length;
	if (chunked)
		fields_put_chunks(stream, random, style, length);
	else
		stream_body(stream, random, length);
}

static const char *pick_method(struct random *random, const struct exchange_wish *wish)
{
	const char *method;

	if (wish->role == ROLE_TUNNEL)
		return "CONNECT";
	do {
		method = target_method(random);
	} while (wish->recognisable && strcmp(route_method(method), method) != 0);
	return method;
}

static const char *request_make(struct exchange *exchange, struct random *random,
				const struct style *style, const struct exchange_wish *wish,
				struct stream *stream)
{
	/* What stands where the version should be: some servers take it. */
	static const char *const versions_odd[] = { "HTTP/2.0", "http/1.1",   "FTP/1.1",
						    "HTTP/1.x", "HTTP/1.1 x", "HTTP/1.10",
						    "",         "x HTTP/1.1" };
	char target[TARGET_MAX];
	const enum exchange_role role = wish->role;
	const char *method = pick_method(random, wish);
	size_t blank = random_chance(random, 40) && !wish->recognisable ? random_range(random, 1, 3)
									: 0;

	target_make(target, random, method);
	while (blank-- > 0) /* RFC 9112, section 2.2 */
		stream_print(stream, "%s", style->line_end);
	exchange->begin = stream->length;
	stream_print(stream, "%s ", method);
	exchange->seen_at = stream->length;
	stream_bytes(stream, target, strlen(target), STREAM_TEXT);
	strcpy(exchange->method, route_method(method));
	route_fold(exchange->route, method, target);
	if (role == ROLE_MALFORMED && random_chance(random, 500)) { /* HTTP/0.9 */
		exchange->route_at = stream->length + 1;
		stream_print(stream, "%s", style->line_end);
		exchange->request_head_end = stream->length;
	} else {
		stream_print(stream, " ");
		exchange->route_at = stream->length;
		stream_print(stream, "%s%s",
			     role == ROLE_MALFORMED || (wish->odd && random_chance(random, 20))
				     ? RANDOM_ROW(random, versions_odd)
			     : random_chance(random, 100) ? "HTTP/1.0"
							  : "HTTP/1.1",
			     style->line_end);
		fields_put_others(stream, random, style);
		if (role == ROLE_SWITCH)
			stream_print(stream, "Connection: Upgrade%sUpgrade: websocket%s",
				     style->line_end, style->line_end);
		if (role == ROLE_GIANT)
			fields_put_giant(stream, random, style);
		request_body(exchange, random, style, role, stream);
	}
	exchange->request_end = stream->length;
	return method;
}

static void interim_make(struct exchange *exchange, struct random *random,
			 const struct style *style, struct stream *stream)
{
	size_t count = random_chance(random, 100) ? random_range(random, 1, 3) : 0;

	if (exchange->expects)
		count++;
	while (count-- > 0) {
		stream_print(stream, "HTTP/1.1 %d Interim%s", RANDOM_ROW(random, interim_statuses),
			     style->line_end);
		if (random_chance(random, 300))
			stream_print(stream, "Link: </a.css>; rel=preload%s", style->line_end);
		stream_print(stream, "%s", style->line_end);
	}
}

static void response_head(struct exchange *exchange, struct random *random,
			  const struct style *style, struct stream *stream)
{
	static const char *const reasons[] = { " OK", " OK", " Some other reason", " ", "" };

	stream_print(stream, "HTTP/1.%d %d", random_chance(random, 100) ? 0 : 1, exchange->status);
	exchange->status_at = stream->length;
	stream_print(stream, "%s%s", RANDOM_ROW(random, reasons), style->line_end);
	fields_put_others(stream, random, style);
}

/* A response that has no body, whatever its fields say: RFC 9112, section 6.3. */
static void response_bodiless(struct exchange *exchange, struct random *random,
			      const struct style *style, struct stream *stream)
{
	switch (random_below(random, 3)) {
	case 0:
		fields_put_length(stream, random, style, random_below(random, 100000));
		break;
	case 1:
		fields_put_coding(stream, random, style);
		break;
	default:
		break;
	}
	stream_print(stream, "%s", style->line_end);
	exchange->answer_head_end = stream->length;
}

static void response_body(struct exchange *exchange, struct random *random,
			  const struct style *style, struct stream *stream)
{
	const size_t max = exchange->early && style->body_max > BODY_MAX_EARLY ? BODY_MAX_EARLY
									       : style->body_max;
	/* of a chopped one each chunk has a byte at least */
	const size_t length = style->chunks + body_size(random, max);
	const bool chunked = style->chunks || random_chance(random, 420);

	if (exchange->close_delimited) {
		if (random_chance(random, 300))
			stream_print(stream, "Transfer-Encoding: gzip%s", style->line_end);
	} else if (chunked) {
		fields_put_coding(stream, random, style);
	} else {
		fields_put_length(stream, random, style, length);
	}
	stream_print(stream, "%s", style->line_end);
	exchange->answer_head_end = stream->length;
	if (chunked && !exchange->close_delimited)
		fields_put_chunks(stream, random, style, length);
	else
		stream_body(stream, random, length);
}

static int pick_status(struct random *random, const struct exchange *exchange,
		       enum exchange_role role, const char *method)
{
	static const int refusals[] = { 400, 403, 405, 501 };
	static const int successes[] = { 200, 204, 299 };
	static const int bodies[] = { 200, 200, 404, 503 };
	static const int unexpected[] = { 413, 417, 401 };

	if (role == ROLE_SWITCH)
		return 101;
	if (role == ROLE_TUNNEL)
		return RANDOM_ROW(random, successes);
	if (role == ROLE_MALFORMED || strcmp(method, "CONNECT") == 0)
		return RANDOM_ROW(random, refusals);
	if (role == ROLE_CLOSE_DELIMITED || role == ROLE_CHOPPED)
		return RANDOM_ROW(random, bodies);
	if (strlen(method) > 7 || strcmp(route_method(method), method) != 0)
		return RANDOM_ROW(random, statuses_rare);
	if (role == ROLE_REFUSED)
		return RANDOM_ROW(random, unexpected);
	if (exchange->early && random_chance(random, 500))
		return 413;
	return RANDOM_ROW(random, statuses);
}

static struct style pick_style(struct random *random, enum exchange_role role)
{
	struct style style = { .line_end = random_chance(random, 30) ? "\n" : "\r\n",
			       .small = true,
			       .chunks_max = CHUNKS_MAX_PIPELINED };

	switch (role) {
	case ROLE_PIPELINED:
	case ROLE_MALFORMED:
		style.body_max = BODY_MAX_PIPELINED;
		break;
	case ROLE_CROWDED:
		style.chunks_max = CHUNKS_MAX_CROWDED;
		style.body_max = BODY_MAX_CROWDED;
		break;
	case ROLE_GIANT:
		style.body_max = BODY_MAX_CROWDED;
		break;
	case ROLE_CHOPPED:
		style.body_max = BODY_MAX_CHOPPED;
		break;
	default:
		style.small = false;
		style.chunks_max = CHUNKS_MAX;
		style.body_max = BODY_MAX;
		break;
	}
	return style;
}

void exchange_make(struct exchange *exchange, struct random *random,
		   const struct exchange_wish *wish, struct stream *requests,
		   struct stream *responses)
{
	const enum exchange_role role = wish->role;
	struct style style = pick_style(random, role);
	const char *method;
	unsigned int side;
	bool bodiless;

	memset(exchange, 0, sizeof(*exchange));
	exchange->recognisable = wish->recognisable;
	method = request_make(exchange, random, &style, wish, requests);
	exchange->status = pick_status(random, exchange, role, method);
	bodiless = strcmp(method, "HEAD") == 0 || exchange->status == 204 ||
		   exchange->status == 304 || role == ROLE_TUNNEL || role == ROLE_SWITCH;
	exchange->close_delimited = role == ROLE_CLOSE_DELIMITED && !bodiless;
	exchange->chopped = role == ROLE_CHOPPED && !bodiless;
	style.line_end = random_chance(random, 30) ? "\n" : "\r\n";
	style.chunks = exchange->chopped ? CHUNKS_CHOPPED : 0;
	exchange->answer_begin = responses->length;
	interim_make(exchange, random, &style, responses);
	exchange->interim_end = responses->length;
	response_head(exchange, random, &style, responses);
	if (bodiless)
		response_bodiless(exchange, random, &style, responses);
	else
		response_body(exchange, random, &style, responses);
	exchange->answer_end = responses->length;
	for (side = 0; side < SIDES; side++) {
		exchange->request_hidden[side] = SIZE_MAX;
		exchange->response_hidden[side] = SIZE_MAX;
	}
}
