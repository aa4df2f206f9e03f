/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuzz_parse.c - fuzzes the parser's feeding functions: one direction's stream,
 * message after message.
 *
 * Input: a direction, a seed for the cuts, then the stream.  Asserted: limits of every
 * field; the same verdicts at the same bytes for all cuts into windows, for all bytes
 * after a window, and by words as by bytes; the route is the one that a simple
 * implementation of the rules makes of the target.
 */
#include "fuzz.h"
#include "parser_driver.h"

#define EVENTS_MAX 8192

/* A verdict, and its byte in the stream. */
struct event {
	size_t at;
	uint64_t number; /* length at the end of a head, remaining before chunk data */
	uint64_t status;
	uint32_t verdict;
	uint32_t route; /* hash of method and route at the end of a target */
};
_Static_assert(sizeof(struct event) == sizeof(size_t) + 24, "no padding: compared as bytes");

struct run {
	const char *bytes;
	size_t length;
	bool scans;     /* by words where possible */
	uint8_t start;  /* the phase in which each message begins */
	uint8_t cut;    /* windows: 0 full, 1 single bytes, else random */
	uint8_t poison; /* the bytes after a window */
	uint32_t random;
	size_t method_at; /* offset of the first byte after the method and its space */
	size_t count;
	struct event events[EVENTS_MAX];
};

/* ---- the expected route ----------------------------------------------- */

struct route {
	char text[PATH_MAX_BYTES + 1];
	size_t length;
	bool other;
};

static void route_append(struct route *route, const char *bytes, size_t length)
{
	if (route->length + length > PATH_MAX_BYTES) {
		route->other = true;
		return;
	}
	memcpy(route->text + route->length, bytes, length);
	route->length += length;
}

static bool is_id(const char *segment, size_t length)
{
	size_t digits = 0, hex = 0, i;

	for (i = 0; i < length; i++) {
		digits += strchr("0123456789", segment[i]) != NULL;
		hex += strchr("0123456789abcdefABCDEF", segment[i]) != NULL;
	}
	return length && (digits == length || length >= 32 || (length >= 16 && hex == length));
}

/* The path of a target; false: there is none, or it is not kept. */
static bool target_path(const char *target, size_t length, const char **path, size_t *path_length)
{
	const char *end = target + length, *at;

	*path = target;
	*path_length = length;
	if (*target == '*') {
		*path_length = 1;
		return true;
	}
	if (*target != '/') {
		/* absolute form: a scheme of at least one character */
		at = memchr(target + 1, ':', length - 1);
		if (!at || end - at < 3 || at[1] != '/' || at[2] != '/')
			return false;
		for (at += 3; at < end && *at != '/' && *at != '?' && *at != '#'; at++)
			;
		*path = at < end && *at == '/' ? at : "/";
		*path_length = **path == '/' && *path == at ? (size_t)(end - at) : 1;
	}
	for (at = *path; at < *path + *path_length; at++)
		if (strchr("?#;", *at) && *at)
			break;
	*path_length = at - *path;
	return *path_length <= PATH_MAX_BYTES && !memchr(*path, '\0', *path_length);
}

static struct route route_of(const char *target, size_t length)
{
	struct route route = {};
	const char *path, *at;
	size_t left, segment;

	route.other = length == 0 || !target_path(target, length, &path, &left);
	if (route.other || *path == '*') {
		route_append(&route, "*", 1);
		return route;
	}
	for (at = path; left > 0; at += segment, left -= segment) {
		const char *slash;

		route_append(&route, at++, 1);
		left--;
		slash = memchr(at, '/', left);
		segment = slash ? (size_t)(slash - at) : left;
		if (is_id(at, segment))
			route_append(&route, "{id}", 4);
		else
			route_append(&route, at, segment);
	}
	return route;
}

static void check_route(const struct run *run, const struct http_feed *feed, size_t at)
{
	const struct http_request_line *line = &feed->line;
	const char *target = run->bytes + run->method_at, *end = run->bytes + at - 1;
	struct route route;

	while (target < end && http_is_space(*target)) /* more than the one that is due */
		target++;
	route = route_of(target, end - target);
	FUZZ_ASSERT(line->path_length <= PATH_MAX_BYTES && line->raw_length <= PATH_MAX_BYTES,
		    "lengths %u, %u", line->path_length, line->raw_length);
	FUZZ_ASSERT(!!line->other == route.other, "other: %u, expected %u", line->other,
		    route.other);
	if (route.other)
		return;
	FUZZ_ASSERT(line->path_length == route.length &&
			    memcmp(feed->path, route.text, route.length) == 0,
		    "the route '%.*s', expected '%.*s'", line->path_length, feed->path,
		    (int)route.length, route.text);
}

/* ---- one run ---------------------------------------------------------- */

static uint32_t hash_add(uint32_t hash, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	while (length-- > 0)
		hash = (hash ^ *at++) * 16777619u;
	return hash;
}

static size_t window_size(struct run *run, size_t left)
{
	size_t size = HTTP_WINDOW;

	if (run->cut > 1) {
		run->random = run->random * 1664525u + 1013904223u;
		size = 1 + (run->random >> 16) % (run->cut & 1 ? 12 : HTTP_WINDOW);
	} else if (run->cut == 1) {
		size = 1;
	}
	return size < left ? size : left;
}

/* Fills the window as the kernel side does: only the first `fill` bytes are defined. */
static void window_fill(struct run *run, struct http_feed *feed, size_t at)
{
	const size_t fill = window_size(run, run->length - at);

	memset(feed->window.bytes, run->poison, sizeof(feed->window.bytes));
	memcpy(feed->window.bytes, run->bytes + at, fill);
	feed->window.fill = fill;
	feed->window.position = 0;
}

static void check_fields(const struct http_feed *feed, uint32_t verdict)
{
	const struct http_parser *parser = &feed->parser;

	FUZZ_ASSERT(feed->window.position <= feed->window.fill, "beyond the window");
	FUZZ_ASSERT(parser->length <= HTTP_LENGTH_MAX && parser->number <= HTTP_LENGTH_MAX,
		    "a length beyond the limit");
	if (verdict == HTTP_METHOD)
		FUZZ_ASSERT(feed->line.method_length >= 1 &&
				    feed->line.method_length <= HTTP_METHOD_MAX,
			    "a method of %u bytes", feed->line.method_length);
	if (verdict == HTTP_STATUS)
		FUZZ_ASSERT(parser->status >= 100 && parser->status <= 999, "status %u",
			    parser->status);
	if (verdict == HTTP_DATA)
		FUZZ_ASSERT(parser->remaining >= 1 && parser->remaining <= HTTP_LENGTH_MAX,
			    "a chunk of no bytes");
}

static void event_add(struct run *run, const struct http_feed *feed, size_t at, uint32_t verdict)
{
	const struct http_parser *parser = &feed->parser;
	struct event *event = &run->events[run->count];

	if (run->count == EVENTS_MAX)
		return;
	run->count++;
	*event = (struct event){ .at = at, .verdict = verdict, .status = parser->status };
	if (verdict == HTTP_HEAD)
		event->number = parser->length << 8 | parser->flags;
	else if (verdict == HTTP_DATA)
		event->number = parser->remaining;
	if (verdict == HTTP_TARGET) {
		event->route = hash_add(2166136261u, feed->line.method, sizeof(feed->line.method));
		if (!feed->line.other)
			event->route = hash_add(event->route, feed->path, feed->line.path_length);
	}
}

/* What the tracker does after a verdict.  Returns how many bytes it skips. */
static uint64_t message_goes_on(struct run *run, struct http_parser *parser, uint32_t verdict)
{
	const uint8_t flags = parser->flags;
	uint64_t body;

	switch (verdict) {
	case HTTP_HEAD:
		if (flags & HTTP_CHUNKED) {
			parser->phase = PHASE_CHUNK_SIZE;
			parser->number = 0;
			parser->flags = flags & ~HTTP_LINE_FLAGS;
			return 0;
		}
		body = flags & HTTP_LENGTH_BAD ? 0 : parser->length;
		http_parser_init(parser, run->start);
		return body;
	case HTTP_DATA:
		parser->phase = PHASE_CHUNK_CRLF;
		return parser->remaining;
	case HTTP_PROXY:
		body = parser->remaining;
		http_parser_init(parser, run->start);
		return body;
	case HTTP_END:
	case HTTP_TLS:
	case HTTP_PREFACE:
		http_parser_init(parser, run->start);
		return 0;
	default:
		return 0;
	}
}

/* Scans a first line by words; at: offset of the window's position.  Returns its length. */
static size_t scan_first_line(struct run *run, struct http_feed *feed, size_t at)
{
	const uint32_t before = feed->window.position;
	const uint32_t verdict = run->scans ? parser_first_line(feed) : HTTP_MORE;
	const size_t end = at + feed->window.position - before;

	if (verdict == HTTP_TARGET) {
		run->method_at = at + feed->line.method_length + 1;
		check_fields(feed, HTTP_METHOD);
		event_add(run, feed, run->method_at, HTTP_METHOD);
		check_route(run, feed, end - strlen("HTTP/1.1\r\n"));
		event_add(run, feed, end - strlen("HTTP/1.1\r\n"), HTTP_TARGET);
	} else if (verdict == HTTP_STATUS) {
		check_fields(feed, HTTP_STATUS);
		event_add(run, feed, end - 1, HTTP_STATUS);
	}
	return end - at;
}

static void run_stream(struct run *run)
{
	/* of exactly its size, so that ASan finds a read after the window */
	struct http_feed *feed = malloc(sizeof(*feed));
	size_t at = 0;

	FUZZ_ASSERT(feed, "out of memory");
	memset(feed, run->poison, sizeof(*feed));
	http_parser_init(&feed->parser, run->start);
	while (at < run->length) {
		uint32_t verdict = HTTP_MORE;
		uint64_t skip = 0;

		window_fill(run, feed, at);
		while (feed->window.position < feed->window.fill && skip == 0) {
			const uint32_t before = feed->window.position;
			const size_t line = scan_first_line(run, feed, at);

			at += line;
			if (line) {
				FUZZ_ASSERT(feed->window.position <= feed->window.fill,
					    "beyond the window");
				continue;
			}
			verdict = parser_step(feed, run->scans);
			at += feed->window.position - before;
			check_fields(feed, verdict);
			FUZZ_ASSERT(feed->window.position > before || verdict == HTTP_METHOD,
				    "no byte consumed");
			if (verdict == HTTP_METHOD)
				run->method_at = at;
			if (verdict == HTTP_TARGET)
				check_route(run, feed, at);
			if (verdict != HTTP_MORE)
				event_add(run, feed, at, verdict);
			if (verdict == HTTP_BAD)
				goto out;
			skip = message_goes_on(run, &feed->parser, verdict);
		}
		at = skip < run->length - at ? at + skip : run->length;
	}
out:
	free(feed);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	static const uint8_t starts[] = { PHASE_REQUEST, PHASE_RESPONSE, PHASE_CHUNK_SIZE };
	static struct run runs[8];
	struct fuzz_input input = { data, size };
	const uint8_t start = starts[fuzz_byte(&input) % 3], cut = fuzz_byte(&input);
	char *bytes = fuzz_copy((const char *)input.at, input.left);
	size_t i;

	for (i = 0; i < 8; i++) {
		struct run *run = &runs[i];

		*run = (struct run){ .bytes = bytes, .length = input.left, .start = start };
		run->scans = i >= 4;
		run->cut = i % 4 == 3 ? cut | 2 : i % 4;
		run->random = cut;
		run->poison = i & 1 ? '\n' : 0xa5;
		run_stream(run);
		FUZZ_ASSERT(run->count == runs[0].count, "cut %u: %zu events, uncut %zu", run->cut,
			    run->count, runs[0].count);
		FUZZ_ASSERT(memcmp(run->events, runs[0].events,
				   run->count * sizeof(run->events[0])) == 0,
			    "cut %u: other events", run->cut);
	}
	free(bytes);
}
