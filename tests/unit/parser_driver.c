/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * parser_driver.c - see parser_driver.h.
 */
#include "unit.h"

#include "parser_driver.h"

/* Put after the window's end: must not change the result. */
static const char *const hostiles[] = {
	"\n", "\r\n\r\n", "0", "/", " ", "HTTP/1.1 200 OK\r\n\r\n", "\xff", "GET / ", "chunked\n",
};

/* By enum http_verdict. */
static const char verdict_letters[] = "-mtoslfphdeb";

/* Whether feeding ends with this verdict. */
static bool verdict_is_last(uint32_t verdict)
{
	return verdict == HTTP_HEAD || verdict == HTTP_END || verdict == HTTP_BAD ||
	       verdict == HTTP_PROXY || verdict == HTTP_PREFACE || verdict == HTTP_TLS;
}

static uint32_t feed_bytes(struct http_feed *feed)
{
	const uint8_t phase = feed->parser.phase;

	if (http_phase_is_method(phase))
		return http_method_feed(feed);
	if (http_phase_is_target(phase))
		return http_target_feed(feed);
	if (http_phase_is_status(phase))
		return http_status_feed(feed);
	if (http_phase_is_header(phase))
		return http_header_feed(feed);
	assert_true(http_phase_is_chunk(phase));
	return http_chunk_feed(feed);
}

static void window_fill(struct http_window *window, const char *bytes, size_t length,
			const char *behind)
{
	const size_t period = strlen(behind);
	size_t i;

	assert_in_range(length, 1, HTTP_WINDOW);
	memcpy(window->bytes, bytes, length);
	for (i = length; i < sizeof(window->bytes); i++)
		window->bytes[i] = behind[(i - length) % period];
	window->fill = length;
	window->position = 0;
}

/* Skips chunk data.  Returns false at the end of the window. */
static bool skip_data(struct outcome *outcome)
{
	struct http_feed *feed = &outcome->feed;
	size_t step = feed->window.fill - feed->window.position;

	if (feed->parser.phase != PHASE_CHUNK_DATA)
		return step > 0;
	if (step > feed->parser.remaining)
		step = feed->parser.remaining;
	feed->window.position += step;
	feed->parser.remaining -= step;
	outcome->data += step;
	if (feed->parser.remaining == 0) {
		feed->parser.phase = PHASE_CHUNK_CRLF;
		feed->parser.number = 0;
	}
	return feed->window.position < feed->window.fill;
}

/* end: position in the input after the verdict. */
static void verdict_add(struct outcome *outcome, uint32_t verdict, size_t end)
{
	assert_true(outcome->verdict_count < VERDICTS_MAX - 1);
	outcome->verdicts[outcome->verdict_count++] = verdict_letters[verdict];
	outcome->left = outcome->length - end;
}

uint32_t parser_step(struct http_feed *feed, bool scans)
{
	const uint32_t before = feed->window.position;
	uint32_t verdict;

	if (!scans || !http_phase_is_line(feed->parser.phase))
		return feed_bytes(feed);
	verdict = http_lines_scan(feed);
	return feed->window.position == before ? feed_bytes(feed) : verdict;
}

uint32_t parser_first_line(struct http_feed *feed)
{
	if (feed->parser.phase == PHASE_REQUEST && http_request_scan(feed))
		return HTTP_TARGET;
	if (http_response_begins(&feed->parser) && http_response_scan(feed))
		return HTTP_STATUS;
	return HTTP_MORE;
}

/* Whether the fast path of http_scan.h is tried first, as in the hooks. */
static bool scans;

/* Parses a first line by the fast path; adds the verdicts of the byte-wise functions. */
static bool scan_first_line(struct outcome *outcome, size_t offset)
{
	struct http_feed *feed = &outcome->feed;
	const size_t begin = offset + feed->window.position;
	const uint32_t verdict = scans ? parser_first_line(feed) : HTTP_MORE;
	const size_t end = offset + feed->window.position;

	if (verdict == HTTP_TARGET) {
		verdict_add(outcome, HTTP_METHOD, begin + feed->line.method_length + 1);
		verdict_add(outcome, HTTP_TARGET, end - strlen("HTTP/1.1\r\n"));
	} else if (verdict == HTTP_STATUS) {
		verdict_add(outcome, HTTP_STATUS, end - 1);
	}
	return verdict != HTTP_MORE;
}

/* Feeds one window; returns false after the last verdict. */
static bool feed_window(struct outcome *outcome, size_t offset)
{
	struct http_feed *feed = &outcome->feed;

	while (skip_data(outcome)) {
		const uint32_t before = feed->window.position;
		uint32_t verdict;

		if (scan_first_line(outcome, offset)) {
			assert_true(feed->window.position <= feed->window.fill);
			continue;
		}
		verdict = parser_step(feed, scans);
		/* a method may be complete before the byte that ends it is consumed */
		assert_true(feed->window.position > before || verdict == HTTP_METHOD);
		assert_true(feed->window.position <= feed->window.fill);
		if (verdict == HTTP_MORE)
			continue;
		verdict_add(outcome, verdict, offset + feed->window.position);
		if (verdict_is_last(verdict))
			return false;
	}
	return true;
}

/* Feeds the input in windows that end at `cut` and at each `step` bytes. */
static struct outcome feed_cut(uint8_t phase, const char *input, size_t length, size_t cut,
			       size_t step, const char *behind)
{
	struct outcome outcome;
	struct http_feed *feed = &outcome.feed;
	size_t offset, end;

	memset(&outcome, 0, sizeof(outcome));
	outcome.length = outcome.left = length;
	memset(feed, 0x5a, sizeof(*feed)); /* scratch memory has any contents */
	http_parser_init(&feed->parser, phase);
	for (offset = 0; offset < length; offset = end) {
		end = offset + step < length ? offset + step : length;
		if (offset < cut && cut < end)
			end = cut;
		window_fill(&feed->window, input + offset, end - offset, behind);
		if (!feed_window(&outcome, offset))
			break;
	}
	if (outcome.verdicts[0] == 'm') {
		outcome.method = http_method_lookup(feed->line.method[0], feed->line.method[1],
						    feed->line.method[2]);
		if (feed->line.other)
			strcpy(outcome.path, "(other)");
		else if (strchr(outcome.verdicts, 't'))
			memcpy(outcome.path, feed->path, feed->line.path_length);
	}
	return outcome;
}

static void assert_outcome(const char *comment, const char *how, size_t cut,
			   const struct outcome *got, const struct outcome *want)
{
	const struct http_parser *parser = &got->feed.parser, *expected = &want->feed.parser;
	/* after a head, the caller sets the phase */
	const bool head = strchr(want->verdicts, 'h') != NULL;

	if (strcmp(got->verdicts, want->verdicts) || got->left != want->left ||
	    got->data != want->data || strcmp(got->path, want->path) ||
	    got->method != want->method || (!head && parser->phase != expected->phase) ||
	    parser->status != expected->status || parser->flags != expected->flags ||
	    parser->length != expected->length || parser->remaining != expected->remaining)
		fail_msg(
			"%s: %s %zu: '%s', %zu bytes left, path '%s', flags %u; whole: '%s', %zu bytes left, path '%s', flags %u",
			comment, how, cut, got->verdicts, got->left, got->path, parser->flags,
			want->verdicts, want->left, want->path, expected->flags);
}

/* Feeds the input in all ways; each outcome must be that of the whole input. */
static void feed_ways(const char *comment, uint8_t phase, const char *input, size_t length,
		      const struct outcome *whole)
{
	struct outcome other;
	size_t i;

	for (i = 0; i < ROWS(hostiles); i++) {
		other = feed_cut(phase, input, length, 0, HTTP_WINDOW, hostiles[i]);
		assert_outcome(comment, "hostile bytes", i, &other, whole);
	}
	for (i = 1; i < length; i++) {
		other = feed_cut(phase, input, length, i, HTTP_WINDOW,
				 hostiles[i % ROWS(hostiles)]);
		assert_outcome(comment, "cut at", i, &other, whole);
	}
	for (i = 1; i <= 9; i++) {
		other = feed_cut(phase, input, length, 0, i, hostiles[i % ROWS(hostiles)]);
		assert_outcome(comment, "windows of", i, &other, whole);
	}
}

struct outcome parser_outcome(const char *comment, uint8_t phase, const char *input, size_t length)
{
	struct outcome whole;

	scans = false;
	whole = feed_cut(phase, input, length, 0, HTTP_WINDOW, hostiles[0]);
	feed_ways(comment, phase, input, length, &whole);
	scans = true;
	feed_ways(comment, phase, input, length, &whole);
	return whole;
}

struct outcome parser_outcome_between(const char *comment, uint8_t phase, const char *before,
				      const char *text, size_t length, const char *behind)
{
	const size_t first = strlen(before), last = strlen(behind);
	char input[4096];

	assert_true(first + length + last <= sizeof(input));
	memcpy(input, before, first);
	memcpy(input + first, text, length);
	memcpy(input + first + length, behind, last);
	return parser_outcome(comment, phase, input, first + length + last);
}
