/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_parse.c - the HTTP/1 parser by itself: each row is fed whole, cut
 * in two at each byte, and byte by byte, with hostile bytes behind the window's
 * end, with the scan by words and without, and must give the same each time.
 */
#include "unit.h"

#include "http/http_scan.h"

/* A string literal that may hold NUL. */
#define TEXT(literal) literal, sizeof(literal) - 1
#define LONG16 "abcdefgh-ijklmno"
#define REPEAT8(text) text text text text text text text text

#define VERDICTS_MAX 16

/* What lies behind the window's end: nobody may look at it. */
static const char *const hostiles[] = {
	"\n", "\r\n\r\n", "0", "/", " ", "HTTP/1.1 200 OK\r\n\r\n", "\xff", "GET / ", "chunked\n",
};

/* Everything that feeding comes to. */
struct outcome {
	char verdicts[VERDICTS_MAX]; /* a letter each, see verdict_letters */
	size_t verdict_count;
	size_t consumed; /* input up to and with the last verdict */
	uint64_t data;   /* bytes of chunk data */
	char path[PATH_MAX_BYTES + 1];
	uint32_t method;
	struct http_feed feed;
};

/* By enum http_verdict. */
static const char verdict_letters[] = "-mtsphdeb";

/* Whether feeding ends with this verdict. */
static bool verdict_is_last(uint32_t verdict)
{
	return verdict == HTTP_HEAD || verdict == HTTP_END || verdict == HTTP_BAD ||
	       verdict == HTTP_PROXY;
}

static uint32_t feed_phase(struct http_feed *feed)
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

/* Bytes of chunk data are stepped over.  Returns false if the window is used up. */
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

static void verdict_add(struct outcome *outcome, uint32_t verdict, size_t consumed)
{
	assert_true(outcome->verdict_count < VERDICTS_MAX - 1);
	outcome->verdicts[outcome->verdict_count++] = verdict_letters[verdict];
	outcome->consumed = consumed;
}

/* Whether http_scan.h is asked first, as the hooks do. */
static bool scans;

/* Takes a first line by words; its verdicts are those of the bytes. */
static bool scan_first_line(struct outcome *outcome, size_t offset)
{
	struct http_feed *feed = &outcome->feed;
	const size_t begin = offset + feed->window.position;
	size_t end;

	if (feed->parser.phase == PHASE_REQUEST && http_request_scan(feed)) {
		end = offset + feed->window.position - strlen("HTTP/1.1\r\n");
		verdict_add(outcome, HTTP_METHOD, begin + feed->line.method_length + 1);
		verdict_add(outcome, HTTP_TARGET, end);
		return true;
	}
	if (http_response_begins(&feed->parser) && http_response_scan(feed)) {
		verdict_add(outcome, HTTP_STATUS, offset + feed->window.position - 1);
		return true;
	}
	return false;
}

/* Goes on with a header section, by words as far as they go. */
static uint32_t feed_scanning(struct http_feed *feed)
{
	const uint32_t before = feed->window.position;
	uint32_t verdict;

	if (!scans || !http_phase_is_line(feed->parser.phase))
		return feed_phase(feed);
	verdict = http_lines_scan(feed);
	return feed->window.position == before ? feed_phase(feed) : verdict;
}

/* Feeds one window; returns false after the last verdict. */
static bool feed_window(struct outcome *outcome, size_t offset)
{
	struct http_feed *feed = &outcome->feed;

	while (skip_data(outcome)) {
		const uint32_t before = feed->window.position;
		uint32_t verdict;

		if (scans && scan_first_line(outcome, offset)) {
			assert_true(feed->window.position <= feed->window.fill);
			continue;
		}
		verdict = feed_scanning(feed);
		assert_true(feed->window.position > before);
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
	memset(feed, 0x5a, sizeof(*feed)); /* as scratch memory is found */
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
	/* behind a head, the phase is the caller's to set */
	const bool head = strchr(want->verdicts, 'h') != NULL;

	if (strcmp(got->verdicts, want->verdicts) || got->consumed != want->consumed ||
	    got->data != want->data || strcmp(got->path, want->path) ||
	    got->method != want->method || (!head && parser->phase != expected->phase) ||
	    parser->status != expected->status || parser->flags != expected->flags ||
	    parser->length != expected->length || parser->remaining != expected->remaining)
		fail_msg(
			"%s: %s %zu: '%s' after %zu bytes, path '%s', flags %u; whole: '%s' after %zu bytes, path '%s', flags %u",
			comment, how, cut, got->verdicts, got->consumed, got->path, parser->flags,
			want->verdicts, want->consumed, want->path, expected->flags);
}

/* Fed in every way that there is, it must come to the same as whole. */
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

/* The outcome of an input, which is the same however it is fed. */
static struct outcome feed_all_ways(const char *comment, uint8_t phase, const char *input,
				    size_t length)
{
	struct outcome whole;

	scans = false;
	whole = feed_cut(phase, input, length, 0, HTTP_WINDOW, hostiles[0]);
	feed_ways(comment, phase, input, length, &whole);
	scans = true;
	feed_ways(comment, phase, input, length, &whole);
	return whole;
}

/* ---- methods ---------------------------------------------------------- */

struct method_row {
	const char *comment;
	const char *input;
	size_t length;
	const char *verdicts;
	uint32_t method;
};

/* clang-format off */
static const struct method_row method_rows[] = {
#define REGISTERED(name, token) { "registered: " token, TEXT(token " / HTTP/1.1\r\n\r\n"), "mth", METHOD_##name },
	HTTP_METHODS(REGISTERED)
#undef REGISTERED
	{ "unknown token", TEXT("BREW /pot HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "the beginning of a registered one", TEXT("GE / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "a registered one and more", TEXT("GETS / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "same first eight bytes", TEXT("PROPFINDX / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "digit and underscore", TEXT("X_2 / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "24 bytes are a method", TEXT("ABCDEFGHIJKLMNOPQRSTUVWX / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "25 are not", TEXT("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "lower case", TEXT("get / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "mixed case", TEXT("Get / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "digit first", TEXT("1GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "behind Z", TEXT("[GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "before A", TEXT("@GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "space first", TEXT(" GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "tab behind", TEXT("GET\t/ HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "end of line behind", TEXT("GET\r\n\r\n"), "b", METHOD_NONE },
	{ "NUL", TEXT("GE\0T / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "NUL behind", TEXT("PUT\0\0\0\0 / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "high byte", TEXT("G\xc3\x84T / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "empty lines before are skipped", TEXT("\r\n\n\r\nPUT / HTTP/1.1\r\n\r\n"), "mth", METHOD_PUT },
	{ "PROXY header, version 2", TEXT("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\xc"), "p", METHOD_NONE },
	{ "not quite", TEXT("\r\n\r\n\0\r\nQUIT\r\n"), "b", METHOD_NONE },
	{ "a NUL alone", TEXT("\0GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "TLS handshake record", TEXT("\x16\x03\x01\x02\x00"), "b", METHOD_NONE },
	{ "HTTP/2 preface", TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "mtb", METHOD_OTHER },
	{ "not complete", TEXT("GET"), "", METHOD_NONE },
};
/* clang-format on */

static void test_methods(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(method_rows); i++) {
		const struct method_row *row = &method_rows[i];
		const struct outcome outcome =
			feed_all_ways(row->comment, PHASE_REQUEST, row->input, row->length);

		if (strcmp(outcome.verdicts, row->verdicts) || outcome.method != row->method)
			fail_msg("%s: '%s' method %u", row->comment, outcome.verdicts,
				 outcome.method);
	}
}

/* ---- targets ---------------------------------------------------------- */

struct target_row {
	const char *comment;
	const char *target;
	size_t length;
	const char *route; /* NULL: malformed; "(other)": `other` */
};

#define SEGMENTS120 REPEAT8("/abcdefghij-klm") /* 8 * 15 */

/* clang-format off */
static const struct target_row target_rows[] = {
	{ "root", TEXT("/"), "/" },
	{ "plain", TEXT("/users/list"), "/users/list" },
	{ "digits", TEXT("/users/123"), "/users/{id}" },
	{ "one digit, in the middle", TEXT("/users/7/orders"), "/users/{id}/orders" },
	{ "digits with a letter", TEXT("/users/123a"), "/users/123a" },
	{ "digits and a slash at the end", TEXT("/users/123/"), "/users/{id}/" },
	{ "sign", TEXT("/users/-1"), "/users/-1" },
	{ "UUID", TEXT("/u/123e4567-e89b-12d3-a456-426614174000/x"), "/u/{id}/x" },
	{ "UUID in upper case", TEXT("/123E4567-E89B-12D3-A456-426614174000"), "/{id}" },
	{ "15 hexadecimal digits", TEXT("/c/0123456789abcde"), "/c/0123456789abcde" },
	{ "16 of them", TEXT("/c/0123456789abcdeF"), "/c/{id}" },
	{ "16 and one other", TEXT("/c/0123456789abcdefg"), "/c/0123456789abcdefg" },
	{ "31 bytes", TEXT("/abcdefgh-ijklmnop-qrstuvwx-yzab"), "/abcdefgh-ijklmnop-qrstuvwx-yzab" },
	{ "32 bytes", TEXT("/abcdefgh-ijklmnop-qrstuvwx-yzabc"), "/{id}" },
	{ "the same of bytes that are slashes but for their highest bit",
	  TEXT("/" REPEAT8("\xaf\xaf\xaf\xaf")), "/{id}" },
	{ "query", TEXT("/search?q=secret/1"), "/search" },
	{ "query behind digits", TEXT("/items/12?x"), "/items/{id}" },
	{ "fragment", TEXT("/a#b/c"), "/a" },
	{ "path parameters", TEXT("/a;jsessionid=1/b"), "/a" },
	{ "query at once", TEXT("/?x"), "/" },
	{ "empty segments", TEXT("//a///1//"), "//a///{id}//" },
	{ "dots are not resolved", TEXT("/a/../b/./c"), "/a/../b/./c" },
	{ "escapes are not decoded", TEXT("/a%2Fb/%31"), "/a%2Fb/%31" },
	{ "asterisk form", TEXT("*"), "*" },
	{ "absolute form", TEXT("http://host:80/a/1?q"), "/a/{id}" },
	{ "absolute form, digits at once", TEXT("http://h/12"), "/{id}" },
	{ "absolute form, https", TEXT("https://host/x"), "/x" },
	{ "absolute form, no path", TEXT("http://host"), "/" },
	{ "absolute form, root", TEXT("http://host/"), "/" },
	{ "absolute form, query only", TEXT("http://host?q=1"), "/" },
	{ "absolute form, a slash in the query", TEXT("http://host?q=/x"), "/" },
	{ "absolute form, fragment only", TEXT("http://host#f"), "/" },
	{ "absolute form, address", TEXT("http://[::1]:8080/y"), "/y" },
	{ "authority form", TEXT("host:443"), "(other)" },
	{ "authority form, address", TEXT("[::1]:443"), "(other)" },
	{ "a word", TEXT("index.html"), "(other)" },
	{ "a scheme and one slash", TEXT("http:/x"), "(other)" },
	{ "a scheme and nothing", TEXT("http://"), "/" },
	{ "query only", TEXT("?x"), "(other)" },
	{ "NUL", TEXT("/a\0b"), "(other)" },
	{ "NUL in the query", TEXT("/a?\0b"), "/a" },
	{ "high bytes", TEXT("/\xc3\xa4/\xff\xfe"), "/\xc3\xa4/\xff\xfe" },
	{ "control bytes", TEXT("/\x1b[2J/\x7f"), "/\x1b[2J/\x7f" },
	{ "128 bytes", TEXT(SEGMENTS120 "/abcdefg"), SEGMENTS120 "/abcdefg" },
	{ "129 bytes", TEXT(SEGMENTS120 "/abcdefgh"), "(other)" },
	{ "129 bytes, though folded they are fewer", TEXT(SEGMENTS120 "/12345678"), "(other)" },
	{ "129 bytes, folded at the beginning", TEXT("/12345678" SEGMENTS120), "(other)" },
	{ "128 bytes, folded at the beginning", TEXT("/1234567" SEGMENTS120), "/{id}" SEGMENTS120 },
	{ "128 bytes and a query", TEXT(SEGMENTS120 "/abcdefg?" LONG16), SEGMENTS120 "/abcdefg" },
	{ "absolute form: the path's bytes count", TEXT("http://" LONG16 SEGMENTS120 "/abcdefg"),
	  SEGMENTS120 "/abcdefg" },
	{ "absolute form: 129 bytes", TEXT("http://h" SEGMENTS120 "/abcdefgh"), "(other)" },
	{ "folding makes it longer: 128", TEXT(SEGMENTS120 "/bc/1"), SEGMENTS120 "/bc/{id}" },
	{ "folding makes it longer: 129", TEXT(SEGMENTS120 "/bcd/1"), "(other)" },
	{ "folding makes it longer, in the middle", TEXT(SEGMENTS120 "/bcd/1/"), "(other)" },
	{ "folding on and on", TEXT(REPEAT8("/1/2/3/4")), "(other)" },
	{ "folding to 128", TEXT(REPEAT8("/1/2/3") "/abcdefg"), REPEAT8("/{id}/{id}/{id}") "/abcdefg" },
	{ "folding to 129", TEXT(REPEAT8("/1/2/3") "/abcdefgh"), "(other)" },
	{ "one long segment", TEXT("/" REPEAT8(LONG16)), "(other)" },
	{ "a window and more", TEXT("/" REPEAT8(REPEAT8(LONG16))), "(other)" },
	{ "a query over several windows", TEXT("/q?" REPEAT8(REPEAT8(LONG16 LONG16))), "/q" },
	{ "nothing", TEXT(""), NULL },
	{ "end of line inside", TEXT("/a\r"), NULL },
	{ "HTTP/0.9", TEXT("/a\r\n"), NULL },
	{ "bare LF inside", TEXT("/a\n"), NULL },
	{ "space inside", TEXT("/a b"), NULL },
	{ "more spaces before", TEXT("   /a"), "/a" },
	{ "more spaces behind", TEXT("/a/1  "), "/a/{id}" },
	{ "spaces only", TEXT("  "), NULL },
};
/* clang-format on */

static void test_targets(void **state)
{
	static const char before[] = "GET ", behind[] = " HTTP/1.1\r\n\r\n";
	char input[4096];
	size_t i, length;

	(void)state;
	for (i = 0; i < ROWS(target_rows); i++) {
		const struct target_row *row = &target_rows[i];
		struct outcome outcome;

		length = sizeof(before) - 1;
		memcpy(input, before, length);
		memcpy(input + length, row->target, row->length);
		length += row->length;
		memcpy(input + length, behind, sizeof(behind) - 1);
		length += sizeof(behind) - 1;
		outcome = feed_all_ways(row->comment, PHASE_REQUEST, input, length);
		if (!row->route) {
			if (!strchr(outcome.verdicts, 'b'))
				fail_msg("%s: '%s'", row->comment, outcome.verdicts);
			continue;
		}
		if (strcmp(outcome.verdicts, "mth") || strcmp(outcome.path, row->route))
			fail_msg("%s: '%s' path '%s'", row->comment, outcome.verdicts,
				 outcome.path);
		assert_int_equal(outcome.consumed, length);
	}
}

/* Segments that are folded, and those that just are not, wherever words begin. */
static void test_folding_anywhere(void **state)
{
	static const struct {
		const char *segment;
		bool folds;
	} segments[] = {
		{ "7", true },
		{ "7a", false },
		{ "1234567890", true },
		{ "a1234567", false },
		{ "0123456789abcde", false },
		{ "ABCDEF0123456789", true },
		{ "fedcbafedcbafedcba", true },
		{ "abcdefabcdefabcg", false },
		{ "abcdefgh-ijklmnop-qrstuvwx-yzab", false },
		{ "abcdefgh-ijklmnop-qrstuvwx-yzabc", true },
	};
	static const char *const behind[] = { "", "/", "/tail", "?q=1", "?/1/2", "#1" };
	char input[256], route[256];
	size_t i, k, before;

	(void)state;
	for (before = 0; before < 20; before++) {
		for (i = 0; i < ROWS(segments); i++) {
			for (k = 0; k < ROWS(behind); k++) {
				struct outcome outcome;

				snprintf(input, sizeof(input), "GET /%.*s/%s%s HTTP/1.1\r\n\r\n",
					 (int)before, "nineteen-g-s-no-ids", segments[i].segment,
					 behind[k]);
				snprintf(route, sizeof(route), "/%.*s/%s%.*s", (int)before,
					 "nineteen-g-s-no-ids",
					 segments[i].folds ? "{id}" : segments[i].segment,
					 (int)strcspn(behind[k], "?#"), behind[k]);
				outcome = feed_all_ways(input, PHASE_REQUEST, input, strlen(input));
				if (strcmp(outcome.path, route))
					fail_msg("'%s' has the route '%s'", input, outcome.path);
			}
		}
	}
}

/* ---- versions and status lines ---------------------------------------- */

struct line_row {
	const char *comment;
	const char *input;
	size_t length;
	const char *verdicts;
	uint16_t status;
};

/* clang-format off */
static const struct line_row version_rows[] = {
	{ "1.0", TEXT("GET / HTTP/1.0\r\n\r\n"), "mth", 0 },
	{ "1.9", TEXT("GET / HTTP/1.9\r\n\r\n"), "mth", 0 },
	{ "bare LF", TEXT("GET / HTTP/1.1\n\n"), "mth", 0 },
	{ "lower case", TEXT("GET / http/1.1\r\n\r\n"), "mtb", 0 },
	{ "2.0", TEXT("GET / HTTP/2.0\r\n\r\n"), "mtb", 0 },
	{ "two digits", TEXT("GET / HTTP/1.10\r\n\r\n"), "mtb", 0 },
	{ "no digit", TEXT("GET / HTTP/1.x\r\n\r\n"), "mtb", 0 },
	{ "cut off", TEXT("GET / HTTP\r\n\r\n"), "mtb", 0 },
	{ "spaces behind", TEXT("GET / HTTP/1.1  \r\n\r\n"), "mth", 0 },
	{ "space inside", TEXT("GET / HTTP/1 .1\r\n\r\n"), "mtb", 0 },
	{ "a word behind a space", TEXT("GET / HTTP/1.1 x\r\n\r\n"), "mtb", 0 },
	{ "more words", TEXT("GET / and more HTTP/1.1\r\n\r\n"), "mtb", 0 },
	{ "CR without LF at the end of the head", TEXT("GET / HTTP/1.1\r\n\rX"), "mtb", 0 },
	{ "no end", TEXT("GET / HTTP/1.1\r\nHost: a\r\n"), "mt", 0 },
};

static const struct line_row status_rows[] = {
	{ "200", TEXT("HTTP/1.1 200 OK\r\n\r\n"), "sh", 200 },
	{ "1.0", TEXT("HTTP/1.0 404 Not Found\r\n\r\n"), "sh", 404 },
	{ "no reason", TEXT("HTTP/1.1 204 \r\n\r\n"), "sh", 204 },
	{ "no reason, no space", TEXT("HTTP/1.1 204\r\n\r\n"), "sh", 204 },
	{ "bare LF", TEXT("HTTP/1.1 503\n\n"), "sh", 503 },
	{ "bare LF behind a reason", TEXT("HTTP/1.1 503 No\n\n"), "sh", 503 },
	{ "lowest", TEXT("HTTP/1.1 100 Continue\r\n\r\n"), "sh", 100 },
	{ "highest", TEXT("HTTP/1.1 999 ?\r\n\r\n"), "sh", 999 },
	{ "high bytes in the reason", TEXT("HTTP/1.1 200 \xe4\xff\r\n\r\n"), "sh", 200 },
	{ "a reason over several windows", TEXT("HTTP/1.1 200 " REPEAT8(REPEAT8(LONG16)) "\r\n\r\n"), "sh", 200 },
	{ "reason that looks like a header", TEXT("HTTP/1.1 200 Content-Length: 5\r\n\r\n"), "sh", 200 },
	{ "below 100", TEXT("HTTP/1.1 099 No\r\n\r\n"), "b", 99 },
	{ "two digits", TEXT("HTTP/1.1 20 No\r\n\r\n"), "b", 20 },
	{ "four digits", TEXT("HTTP/1.1 2000 No\r\n\r\n"), "sb", 200 },
	{ "two spaces", TEXT("HTTP/1.1  200 OK\r\n\r\n"), "b", 0 },
	{ "tab", TEXT("HTTP/1.1\t200 OK\r\n\r\n"), "b", 0 },
	{ "no code", TEXT("HTTP/1.1\r\n\r\n"), "b", 0 },
	{ "lower case", TEXT("http/1.1 200 OK\r\n\r\n"), "b", 0 },
	{ "2", TEXT("HTTP/2 200 OK\r\n\r\n"), "b", 0 },
	{ "empty line first", TEXT("\r\nHTTP/1.1 200 OK\r\n\r\n"), "b", 0 },
	{ "other text", TEXT("Hello"), "b", 0 },
	{ "not complete", TEXT("HTTP/1.1 20"), "", 20 },
};
/* clang-format on */

static void check_lines(uint8_t phase, const struct line_row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct outcome outcome =
			feed_all_ways(rows[i].comment, phase, rows[i].input, rows[i].length);

		if (strcmp(outcome.verdicts, rows[i].verdicts) ||
		    outcome.feed.parser.status != rows[i].status)
			fail_msg("%s: '%s' status %u", rows[i].comment, outcome.verdicts,
				 outcome.feed.parser.status);
		assert_int_equal(outcome.feed.parser.flags & (HTTP_HAS_LENGTH | HTTP_HAS_CODING),
				 0);
	}
}

static void test_lines(void **state)
{
	(void)state;
	check_lines(PHASE_REQUEST, version_rows, ROWS(version_rows));
	check_lines(PHASE_RESPONSE, status_rows, ROWS(status_rows));
}

/* ---- header sections -------------------------------------------------- */

#define FRAMING_FLAGS (HTTP_HAS_LENGTH | HTTP_HAS_CODING | HTTP_CHUNKED | HTTP_LENGTH_BAD)

struct header_row {
	const char *comment;
	const char *input; /* header lines, without the empty one */
	size_t length;
	uint8_t flags;
	uint64_t content_length; /* where it is good */
};

#define GOOD HTTP_HAS_LENGTH
#define BAD (HTTP_HAS_LENGTH | HTTP_LENGTH_BAD)
#define CODED HTTP_HAS_CODING
#define CHUNKED (HTTP_HAS_CODING | HTTP_CHUNKED)

/* clang-format off */
static const struct header_row header_rows[] = {
	{ "none", TEXT(""), 0, 0 },
	{ "others", TEXT("Host: a\r\nContent-Type: text/plain\r\nTE: trailers\r\n"), 0, 0 },
	{ "length", TEXT("Content-Length: 123\r\n"), GOOD, 123 },
	{ "length, bare LF", TEXT("Content-Length: 123\n"), GOOD, 123 },
	{ "length, case", TEXT("cONTENT-lENGTH: 7\r\n"), GOOD, 7 },
	{ "length, zero", TEXT("Content-Length: 0\r\n"), GOOD, 0 },
	{ "length, zeros before", TEXT("Content-Length: 0012\r\n"), GOOD, 12 },
	{ "length, no space", TEXT("Content-Length:5\r\n"), GOOD, 5 },
	{ "length, white space around", TEXT("Content-Length: \t 5 \t \r\n"), GOOD, 5 },
	{ "length among others", TEXT("A: b\r\nContent-Length: 5\r\nC: d\r\n"), GOOD, 5 },
	{ "length twice, equal", TEXT("Content-Length: 5\r\nContent-Length: 5\r\n"), GOOD, 5 },
	{ "length twice, different", TEXT("Content-Length: 5\r\nContent-Length: 6\r\n"), BAD, 0 },
	{ "length bad, then good", TEXT("Content-Length: x\r\nContent-Length: 6\r\n"), BAD, 0 },
	{ "length, no digits", TEXT("Content-Length:\r\n"), BAD, 0 },
	{ "length, white space only", TEXT("Content-Length:  \t\r\n"), BAD, 0 },
	{ "length, plus", TEXT("Content-Length: +5\r\n"), BAD, 0 },
	{ "length, minus", TEXT("Content-Length: -5\r\n"), BAD, 0 },
	{ "length, hexadecimal", TEXT("Content-Length: 0x5\r\n"), BAD, 0 },
	{ "length, list", TEXT("Content-Length: 5, 5\r\n"), BAD, 0 },
	{ "length, space inside", TEXT("Content-Length: 1 2\r\n"), BAD, 0 },
	{ "length, CR inside", TEXT("Content-Length: 1\r2\r\n"), BAD, 0 },
	{ "length, NUL", TEXT("Content-Length: 1\0\r\n"), BAD, 0 },
	{ "length, just below the limit", TEXT("Content-Length: 1152921504606846969\r\n"), GOOD,
	  1152921504606846969ULL },
	{ "length, at the limit's decade", TEXT("Content-Length: 1152921504606846970\r\n"), BAD, 0 },
	{ "length, 2^64 + 5", TEXT("Content-Length: 18446744073709551621\r\n"), BAD, 0 },
	{ "length, 40 digits", TEXT("Content-Length: 1234567890123456789012345678901234567890\r\n"), BAD, 0 },
	{ "length, space before the colon", TEXT("Content-Length : 5\r\n"), 0, 0 },
	{ "length, folded", TEXT("Content-Length:\r\n 5\r\n"), BAD, 0 },
	{ "length in a folded line", TEXT("A: b\r\n Content-Length: 5\r\n"), 0, 0 },
	{ "length in a tab-folded line", TEXT("A: b\r\n\tContent-Length: 5\r\n"), 0, 0 },
	{ "length in another's value", TEXT("A: Content-Length: 5\r\n"), 0, 0 },
	{ "length as the end of a name", TEXT("X-Content-Length: 5\r\n"), 0, 0 },
	{ "length as the beginning of a name", TEXT("Content-Length-X: 5\r\n"), 0, 0 },
	{ "length's name cut off by the line's end", TEXT("Content-Len\r\nContent-Length: 5\r\n"), GOOD, 5 },
	{ "one letter", TEXT("c\r\nt\r\nContent-Length: 5\r\n"), GOOD, 5 },
	{ "one letter, bare LF", TEXT("c\nt\nContent-Length: 5\n"), GOOD, 5 },
	{ "chunked", TEXT("Transfer-Encoding: chunked\r\n"), CHUNKED, 0 },
	{ "chunked, bare LF", TEXT("Transfer-Encoding: chunked\n"), CHUNKED, 0 },
	{ "chunked, case", TEXT("TRANSFER-encoding: ChUnKeD\r\n"), CHUNKED, 0 },
	{ "chunked, tabs", TEXT("Transfer-Encoding:\t\tchunked\t\r\n"), CHUNKED, 0 },
	{ "chunked last", TEXT("Transfer-Encoding: gzip, chunked\r\n"), CHUNKED, 0 },
	{ "chunked last, tight", TEXT("Transfer-Encoding: gzip,chunked\r\n"), CHUNKED, 0 },
	{ "chunked not last", TEXT("Transfer-Encoding: chunked, gzip\r\n"), CODED, 0 },
	{ "chunked last, in two lines", TEXT("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), CHUNKED, 0 },
	{ "chunked not last, in two lines", TEXT("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), CODED, 0 },
	{ "empty elements of the list", TEXT("Transfer-Encoding: , chunked\r\n"), CHUNKED, 0 },
	{ "gzip", TEXT("Transfer-Encoding: gzip\r\n"), CODED, 0 },
	{ "nothing", TEXT("Transfer-Encoding:\r\n"), CODED, 0 },
	{ "xchunked", TEXT("Transfer-Encoding: xchunked\r\n"), CODED, 0 },
	{ "chunkedx", TEXT("Transfer-Encoding: chunkedx\r\n"), CODED, 0 },
	{ "chunk", TEXT("Transfer-Encoding: chunk\r\n"), CODED, 0 },
	{ "chunked in two words", TEXT("Transfer-Encoding: chun ked\r\n"), CODED, 0 },
	{ "chunked in quotes", TEXT("Transfer-Encoding: \"chunked\"\r\n"), CODED, 0 },
	{ "chunked twice without a comma", TEXT("Transfer-Encoding: chunked chunked\r\n"), CODED, 0 },
	{ "both", TEXT("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), GOOD | CHUNKED, 5 },
	{ "both, the other way round", TEXT("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), GOOD | CHUNKED, 5 },
	{ "a value over several windows", TEXT("Cookie: " REPEAT8(REPEAT8(LONG16)) "\r\nContent-Length: 5\r\n"), GOOD, 5 },
	{ "CR in a value", TEXT("A: b\rContent-Length: 9\r\n"), 0, 0 },
};
/* clang-format on */

static void check_headers(uint8_t phase, const char *before, const char *verdicts)
{
	char input[4096];
	size_t i, length;

	for (i = 0; i < ROWS(header_rows); i++) {
		const struct header_row *row = &header_rows[i];
		struct http_parser parser;
		struct outcome outcome;

		length = strlen(before);
		memcpy(input, before, length);
		memcpy(input + length, row->input, row->length);
		length += row->length;
		memcpy(input + length, "\r\nbody", 6);
		outcome = feed_all_ways(row->comment, phase, input, length + 6);
		parser = outcome.feed.parser;
		if (strcmp(outcome.verdicts, verdicts) ||
		    (parser.flags & FRAMING_FLAGS) != row->flags)
			fail_msg("%s: '%s' flags %u", row->comment, outcome.verdicts, parser.flags);
		if (row->flags == GOOD && parser.length != row->content_length)
			fail_msg("%s: length %llu", row->comment, parser.length);
		assert_int_equal(outcome.consumed, length + 2);
	}
}

static void test_headers(void **state)
{
	(void)state;
	check_headers(PHASE_REQUEST, "POST / HTTP/1.1\r\n", "mth");
	check_headers(PHASE_RESPONSE, "HTTP/1.1 200 OK\r\n", "sh");
}

/* ---- chunked bodies --------------------------------------------------- */

struct chunk_row {
	const char *comment;
	const char *input;
	size_t length;
	const char *verdicts;
	uint64_t data;
	size_t left; /* bytes behind the end that are not consumed */
};

/* clang-format off */
static const struct chunk_row chunk_rows[] = {
	{ "one chunk", TEXT("5\r\nhello\r\n0\r\n\r\n"), "de", 5, 0 },
	{ "what follows is left", TEXT("1\r\nx\r\n0\r\n\r\nHTTP/1.1"), "de", 1, 8 },
	{ "several", TEXT("1\r\nx\r\n2\r\nyz\r\n3\r\nabc\r\n0\r\n\r\n"), "ddde", 6, 0 },
	{ "empty", TEXT("0\r\n\r\n"), "e", 0, 0 },
	{ "zeros", TEXT("0000\r\n\r\n"), "e", 0, 0 },
	{ "hexadecimal, lower case", TEXT("0a\r\n0123456789\r\n0\r\n\r\n"), "de", 10, 0 },
	{ "hexadecimal, upper case", TEXT("0A\r\n0123456789\r\n0\r\n\r\n"), "de", 10, 0 },
	{ "two digits", TEXT("1f\r\n0123456789012345678901234567890\r\n0\r\n\r\n"), "de", 31, 0 },
	{ "extensions", TEXT("5;a=b;c=\"d;e\"\r\nhello\r\n0;last\r\n\r\n"), "de", 5, 0 },
	{ "extension that looks like a size", TEXT("5;7\r\nhello\r\n0\r\n\r\n"), "de", 5, 0 },
	{ "white space before the extension", TEXT("5 \t;a\r\nhello\r\n0 \r\n\r\n"), "de", 5, 0 },
	{ "an extension over several windows", TEXT("1;" REPEAT8(REPEAT8(LONG16)) "\r\nx\r\n0\r\n\r\n"), "de", 1, 0 },
	{ "trailers", TEXT("1\r\nx\r\n0\r\nETag: 1\r\nX: y\r\n\r\n"), "de", 1, 0 },
	{ "trailer of framing is text", TEXT("0\r\nContent-Length: 5\r\n\r\nabcde"), "e", 0, 5 },
	{ "bare LF", TEXT("1\nx\n0\n\n"), "de", 1, 0 },
	{ "bare LF in trailers", TEXT("0\nA: b\n\n"), "e", 0, 0 },
	{ "data that looks like framing", TEXT("e\r\n\r\n0\r\n\r\n2\r\n\n0\r\r\n0\r\n\r\n"), "de", 14, 0 },
	{ "a chunk over several windows", TEXT("400\r\n" REPEAT8(REPEAT8(LONG16)) "\r\n0\r\n\r\n"), "de", 1024, 0 },
	{ "no size", TEXT("\r\nx"), "b", 0, 1 },
	{ "extension without a size", TEXT(";a\r\nx"), "b", 0, 1 },
	{ "not a digit", TEXT("g\r\n"), "b", 0, 2 },
	{ "minus", TEXT("-1\r\n"), "b", 0, 3 },
	{ "0x", TEXT("0x5\r\n"), "b", 0, 3 },
	{ "largest size", TEXT("ffffffffffffff0\r\n"), "d", 0, 0 },
	{ "size at the limit", TEXT("1000000000000000\r\n"), "b", 0, 2 },
	{ "size beyond 64 bits", TEXT("10000000000000005\r\n"), "b", 0, 3 },
	{ "data longer than its size", TEXT("1\r\nxy\r\n0\r\n\r\n"), "db", 1, 7 },
	{ "CR without LF at the end", TEXT("0\r\n\rX"), "b", 0, 0 },
	{ "not complete: size", TEXT("5"), "", 0, 0 },
	{ "not complete: data", TEXT("5\r\nhel"), "d", 3, 0 },
	{ "not complete: trailers", TEXT("0\r\nA: b\r\n"), "", 0, 0 },
};
/* clang-format on */

static void test_chunks(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(chunk_rows); i++) {
		const struct chunk_row *row = &chunk_rows[i];
		const struct outcome outcome =
			feed_all_ways(row->comment, PHASE_CHUNK_SIZE, row->input, row->length);
		const char last =
			outcome.verdict_count ? outcome.verdicts[outcome.verdict_count - 1] : '-';

		if (strcmp(outcome.verdicts, row->verdicts) || outcome.data != row->data)
			fail_msg("%s: '%s' data %lu", row->comment, outcome.verdicts, outcome.data);
		if ((last == 'e' || last == 'b') && outcome.consumed != row->length - row->left)
			fail_msg("%s: %zu bytes consumed", row->comment, outcome.consumed);
	}
}

/* A size is known as soon as its line is, whatever it is. */
static void test_chunk_size(void **state)
{
	const char input[] = "ffffffffffffff0\r\n";
	const struct outcome outcome =
		feed_cut(PHASE_CHUNK_SIZE, input, sizeof(input) - 1, 0, HTTP_WINDOW, "\n");

	(void)state;
	assert_string_equal(outcome.verdicts, "d");
	assert_true(outcome.feed.parser.remaining == 0xffffffffffffff0ULL);
}

/* ---- small functions -------------------------------------------------- */

/* Exact for the lowest LF, for each byte in each place. */
static void test_word_has_lf(void **state)
{
	uint32_t byte, place;

	(void)state;
	for (place = 0; place < 8; place++) {
		for (byte = 0; byte < 256; byte++) {
			const uint64_t word = (0x4141414141414141ULL & ~(0xffULL << place * 8)) |
					      (uint64_t)byte << place * 8;

			assert_int_equal(http_word_has_lf(word) != 0, byte == '\n');
		}
	}
	assert_int_equal(http_word_has_lf(0), 0);
	assert_int_equal(http_word_has_lf(~0ULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),          cmocka_unit_test(test_targets),
		cmocka_unit_test(test_folding_anywhere), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_headers),          cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_chunk_size),       cmocka_unit_test(test_word_has_lf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
