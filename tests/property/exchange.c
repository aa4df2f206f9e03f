/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * exchange.c - see exchange.h.
 */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

/* Chunks of one body: a call that moves them all must stay within redtap's walk. */
#define CHUNKS_MAX 60
#define CHUNKS_MAX_PIPELINED 5

#define BODY_MAX (400 * 1024)
#define BODY_MAX_PIPELINED 1500
/* Of a request that is answered before it is read: it must fit the socket buffers. */
#define BODY_MAX_EARLY (24 * 1024)

/* Forms of one field; %s is the value. */
static const char *const length_lines[] = {
	"Content-Length: %zu",   "content-length:%zu",     "CONTENT-LENGTH: \t %zu",
	"Content-Length: %zu  ", "cOnTeNt-LeNgTh: 000%zu",
};
static const char *const coding_lines[] = {
	"Transfer-Encoding: chunked",
	"transfer-encoding:chunked",
	"TRANSFER-ENCODING: Chunked ",
	"Transfer-Encoding: gzip, chunked",
	"Transfer-Encoding: gzip,\tdeflate ,chunked",
};
/* Fields that must not be taken for framing. */
static const char *const other_lines[] = {
	"Host: h",
	"User-Agent: test/1.0 (a; b)",
	"Accept: */*",
	"Content-Type: text/plain",
	"Content-Lengthy: 12",
	"X-Content-Length: 99",
	"Content: 5",
	"Content-Languag: 1",
	"Transfer-Encodin: chunked",
	"Transfer-Encodings: chunked",
	"TE: trailers",
	"T: t",
	"C: c",
	"Trailer: X-Sum",
	"X-Note: Content-Length: 77",
	"Empty:",
	"Connection: keep-alive",
	"Cookie: Transfer-Encoding: chunked",
	"X-Odd:\"quoted \\\" : text\"",
};

static const int statuses[] = { 200, 200, 200, 200, 200, 201, 202, 204, 206, 301, 304,
				304, 400, 403, 404, 405, 418, 429, 500, 503, 599, 999 };
static const int statuses_rare[] = { 200, 204, 404, 501 };
static const int interim_statuses[] = { 100, 102, 103 };

/* How one message is written. */
struct style {
	const char *line_end;
	bool small;
};

size_t exchange_size(struct random *random, size_t max)
{
	static const size_t limits[] = { 0, 1, 16, 100, 1000, 1000, 9000, 70000, SIZE_MAX };
	const size_t limit = RANDOM_ROW(random, limits);

	return random_below(random, (limit < max ? limit : max) + 1);
}

static void put_other_fields(struct stream *stream, struct random *random,
			     const struct style *style)
{
	size_t count = random_below(random, style->small ? 3 : 8);

	while (count-- > 0)
		stream_print(stream, "%s%s", RANDOM_ROW(random, other_lines), style->line_end);
	/* as browsers send them, and longer than one window of the parser */
	if (!style->small && random_chance(random, 150)) {
		stream_print(stream, "Cookie: ");
		stream_fill(stream, 'c',
			    random_range(random, 1, random_chance(random, 100) ? 20000 : 900));
		stream_print(stream, "%s", style->line_end);
	}
}

static void put_length(struct stream *stream, struct random *random, const struct style *style,
		       size_t length)
{
	size_t times = random_chance(random, 30) ? 2 : 1; /* the same twice is allowed */

	while (times-- > 0) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		stream_print(stream, RANDOM_ROW(random, length_lines), length);
#pragma GCC diagnostic pop
		stream_print(stream, "%s", style->line_end);
		put_other_fields(stream, random, &(struct style){ style->line_end, true });
	}
}

static void put_coding(struct stream *stream, struct random *random, const struct style *style)
{
	if (random_chance(random, 50)) /* overruled by the coding */
		put_length(stream, random, style, random_below(random, 1000));
	if (random_chance(random, 50)) {
		stream_print(stream, "Transfer-Encoding: gzip%s", style->line_end);
		stream_print(stream, "Transfer-Encoding: chunked%s", style->line_end);
	} else {
		stream_print(stream, "%s%s", RANDOM_ROW(random, coding_lines), style->line_end);
	}
	put_other_fields(stream, random, &(struct style){ style->line_end, true });
}

/* "1a", "1A", "001a", with or without an extension. */
static void put_chunk_size(struct stream *stream, struct random *random, const struct style *style,
			   size_t size)
{
	static const char *const extensions[] = {
		"", "", "", "", ";x", ";name=value", " ; a=\"b;c\"", ";5", "  "
	};
	const char *extension = RANDOM_ROW(random, extensions);
	const int digits = random_chance(random, 50) ? 6 : 1;

	stream_print(stream, random_chance(random, 500) ? "%0*zx%s%s" : "%0*zX%s%s", digits, size,
		     extension, style->line_end);
}

static void put_chunks(struct stream *stream, struct random *random, const struct style *style,
		       size_t length)
{
	const size_t most = style->small ? CHUNKS_MAX_PIPELINED : CHUNKS_MAX;
	size_t chunks = random_range(random, 1, most);
	size_t trailers = random_chance(random, 200) ? random_range(random, 1, 3) : 0;

	while (length > 0) {
		const size_t size = chunks > 1 ? random_range(random, 1, 1 + 2 * (length / chunks))
					       : length;
		const size_t taken = size < length ? size : length;

		put_chunk_size(stream, random, style, taken);
		stream_body(stream, random, taken);
		stream_print(stream, "%s", style->line_end);
		length -= taken;
		chunks -= chunks > 1;
	}
	put_chunk_size(stream, random, style, 0);
	while (trailers-- > 0)
		stream_print(stream, "%s%s", RANDOM_ROW(random, other_lines), style->line_end);
	stream_print(stream, "%s", style->line_end);
}

static void request_body(struct exchange *exchange, struct random *random,
			 const struct style *style, enum exchange_role role, struct stream *stream)
{
	const bool early = random_chance(random, 60);
	const size_t max = style->small ? BODY_MAX_PIPELINED : early ? BODY_MAX_EARLY : BODY_MAX;
	const size_t length = random_chance(random, 500) ? 0 : exchange_size(random, max);
	const bool none = length == 0 && random_chance(random, 800);
	const bool chunked = !none && random_chance(random, 400);

	if (role == ROLE_TUNNEL || role == ROLE_MALFORMED || none) {
		stream_print(stream, "%s", style->line_end);
		exchange->request_head_end = stream->length;
		return;
	}
	if (!style->small && random_chance(random, 80)) {
		exchange->expects = true;
		stream_print(stream, "Expect: 100-continue%s", style->line_end);
	} else {
		exchange->early = early;
	}
	if (chunked)
		put_coding(stream, random, style);
	else
		put_length(stream, random, style, length);
	stream_print(stream, "%s", style->line_end);
	exchange->request_head_end = stream->length;
	if (chunked)
		put_chunks(stream, random, style, length);
	else
		stream_body(stream, random, length);
}

static const char *request_make(struct exchange *exchange, struct random *random,
				const struct style *style, enum exchange_role role,
				struct stream *stream)
{
	/* What stands where the version should be. */
	static const char *const versions_bad[] = { "HTTP/2.0", "http/1.1",   "FTP/1.1",
						    "HTTP/1.x", "HTTP/1.1 x", "HTTP/1.10" };
	char target[TARGET_MAX];
	const char *method = role == ROLE_TUNNEL ? "CONNECT" : target_method(random);
	size_t blank = random_chance(random, 40) ? random_range(random, 1, 3) : 0;

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
		exchange->route_at = SIZE_MAX;
		stream_print(stream, "%s", style->line_end);
	} else {
		stream_print(stream, " ");
		exchange->route_at = stream->length;
		stream_print(stream, "%s%s",
			     role == ROLE_MALFORMED       ? RANDOM_ROW(random, versions_bad)
			     : random_chance(random, 100) ? "HTTP/1.0"
							  : "HTTP/1.1",
			     style->line_end);
		put_other_fields(stream, random, style);
		request_body(exchange, random, style, role, stream);
	}
	if (role == ROLE_MALFORMED) /* where its head ends nobody can say */
		exchange->request_head_end = stream->length;
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
	put_other_fields(stream, random, style);
}

/* A response that has no body, whatever its fields say: RFC 9112, section 6.3. */
static void response_bodiless(struct exchange *exchange, struct random *random,
			      const struct style *style, struct stream *stream)
{
	switch (random_below(random, 3)) {
	case 0:
		put_length(stream, random, style, random_below(random, 100000));
		break;
	case 1:
		put_coding(stream, random, style);
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
	const size_t max = style->small      ? BODY_MAX_PIPELINED
			   : exchange->early ? BODY_MAX_EARLY
					     : BODY_MAX;
	const size_t length = exchange_size(random, max);
	const bool chunked = random_chance(random, 420);

	if (exchange->close_delimited) {
		if (random_chance(random, 300))
			stream_print(stream, "Transfer-Encoding: gzip%s", style->line_end);
	} else if (chunked) {
		put_coding(stream, random, style);
	} else {
		put_length(stream, random, style, length);
	}
	stream_print(stream, "%s", style->line_end);
	exchange->answer_head_end = stream->length;
	if (chunked && !exchange->close_delimited)
		put_chunks(stream, random, style, length);
	else
		stream_body(stream, random, length);
}

static int pick_status(struct random *random, enum exchange_role role, const char *method)
{
	static const int refusals[] = { 400, 403, 405, 501 };
	static const int successes[] = { 200, 204, 299 };
	static const int bodies[] = { 200, 200, 404, 503 };

	if (role == ROLE_TUNNEL)
		return RANDOM_ROW(random, successes);
	if (role == ROLE_MALFORMED || strcmp(method, "CONNECT") == 0)
		return RANDOM_ROW(random, refusals);
	if (role == ROLE_CLOSE_DELIMITED)
		return RANDOM_ROW(random, bodies);
	if (strlen(method) > 7 || strcmp(route_method(method), method) != 0)
		return RANDOM_ROW(random, statuses_rare);
	return RANDOM_ROW(random, statuses);
}

void exchange_make(struct exchange *exchange, struct random *random, enum exchange_role role,
		   struct stream *requests, struct stream *responses)
{
	struct style style = {
		.line_end = random_chance(random, 30) ? "\n" : "\r\n",
		.small = role == ROLE_PIPELINED || role == ROLE_MALFORMED,
	};
	const char *method;
	bool bodiless;

	memset(exchange, 0, sizeof(*exchange));
	method = request_make(exchange, random, &style, role, requests);
	exchange->status = pick_status(random, role, method);
	bodiless = strcmp(method, "HEAD") == 0 || exchange->status == 204 ||
		   exchange->status == 304 || role == ROLE_TUNNEL;
	exchange->close_delimited = role == ROLE_CLOSE_DELIMITED && !bodiless;
	style.line_end = random_chance(random, 30) ? "\n" : "\r\n";
	exchange->answer_begin = responses->length;
	interim_make(exchange, random, &style, responses);
	exchange->interim_end = responses->length;
	response_head(exchange, random, &style, responses);
	if (bodiless)
		response_bodiless(exchange, random, &style, responses);
	else
		response_body(exchange, random, &style, responses);
	exchange->answer_end = responses->length;
}
