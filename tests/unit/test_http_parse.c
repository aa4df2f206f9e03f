/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_parse.c - the HTTP/1 parser alone: request lines and status lines.
 */
#include "unit.h"

#include "parser_driver.h"

#define BYTES_15 "abcdefghi-ABCDE"
#define BYTES_255 REPEAT8(BYTES_15 BYTES_15) BYTES_15

/* clang-format off */

struct line_row {
	const char *comment;
	const char *input;
	size_t length;
	const char *verdicts;
	uint32_t number; /* method, or status */
};

static const struct line_row method_rows[] = {
#define REGISTERED(name, token) { "registered: " token, TEXT(token " / HTTP/1.1\r\n\r\n"), "mth", METHOD_##name },
	HTTP_METHODS(REGISTERED)
#undef REGISTERED
	{ "unknown token", TEXT("BREW /pot HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "the beginning of a registered method", TEXT("GE / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "a registered method and one more letter", TEXT("GETS / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "same first eight bytes as a registered method", TEXT("PROPFINDX / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "digit and underscore", TEXT("X_2 / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "25 bytes", TEXT("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "255 bytes: a method", TEXT(BYTES_255 " / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "256 bytes: no method", TEXT(BYTES_255 "x / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "lower case", TEXT("get / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "mixed case", TEXT("Get / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "digit first", TEXT("1GET / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "all kinds of token bytes", TEXT("!#$%&'*+-.^_`|~09AZaz / HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "the byte after Z", TEXT("[GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "the byte before A", TEXT("@GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "space first", TEXT(" GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "tab after the method", TEXT("GET\t/ HTTP/1.1\r\n\r\n"), "mth", METHOD_GET },
	{ "end of line after the method", TEXT("GET\r\n\r\n"), "b", METHOD_NONE },
	{ "NUL", TEXT("GE\0T / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "NUL after the method", TEXT("PUT\0\0\0\0 / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "high byte", TEXT("G\xc3\x84T / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "empty lines before are skipped", TEXT("\r\n\n\r\nPUT / HTTP/1.1\r\n\r\n"), "mth", METHOD_PUT },
	{ "PROXY header, version 2", TEXT("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\xc"), "p", METHOD_NONE },
	{ "PROXY header, version 2, last byte wrong", TEXT("\r\n\r\n\0\r\nQUIT\r\n"), "b", METHOD_NONE },
	{ "a NUL alone", TEXT("\0GET / HTTP/1.1\r\n\r\n"), "b", METHOD_NONE },
	{ "TLS handshake record", TEXT("\x16\x03\x01\x02\x00\x01"), "l", METHOD_NONE },
	{ "TLS record, not a ClientHello", TEXT("\x16\x03\x01\x02\x00\x02"), "b", METHOD_NONE },
	{ "TLS record, too long", TEXT("\x16\x03\x01\x41"), "b", METHOD_NONE },
	{ "HTTP/2 preface, cut", TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\n"), "b", METHOD_NONE },
	{ "HTTP/2 preface", TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "f", METHOD_NONE },
	{ "method of the HTTP/2 preface, and a path", TEXT("PRI /x HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "method of the HTTP/2 preface, and a tab", TEXT("PRI\t* HTTP/1.1\r\n\r\n"), "mth", METHOD_OTHER },
	{ "not complete", TEXT("GET"), "", METHOD_NONE },
};

static const struct line_row version_rows[] = {
	{ "1.0", TEXT("GET / HTTP/1.0\r\n\r\n"), "mth", METHOD_GET },
	{ "1.9", TEXT("GET / HTTP/1.9\r\n\r\n"), "mth", METHOD_GET },
	{ "bare LF", TEXT("GET / HTTP/1.1\n\n"), "mth", METHOD_GET },
	{ "lower case", TEXT("GET / http/1.1\r\n\r\n"), "mth", METHOD_GET },
	{ "2.0", TEXT("GET / HTTP/2.0\r\n\r\n"), "mth", METHOD_GET },
	{ "two digits", TEXT("GET / HTTP/1.10\r\n\r\n"), "mth", METHOD_GET },
	{ "no digit", TEXT("GET / HTTP/1.x\r\n\r\n"), "mtoh", METHOD_GET },
	{ "no digits", TEXT("GET / HTTP\r\n\r\n"), "mtoh", METHOD_GET },
	{ "spaces after the version", TEXT("GET / HTTP/1.1  \r\n\r\n"), "mth", METHOD_GET },
	{ "space in the version", TEXT("GET / HTTP/1 .1\r\n\r\n"), "mtoh", METHOD_GET },
	{ "a word after the version", TEXT("GET / HTTP/1.1 x\r\n\r\n"), "mtoh", METHOD_GET },
	{ "more words", TEXT("GET / and more HTTP/1.1\r\n\r\n"), "mtoh", METHOD_GET },
	{ "CR without LF at the end of the head", TEXT("GET / HTTP/1.1\r\n\rX\r\n\r\n"), "mth", METHOD_GET },
	{ "end of the head is missing", TEXT("GET / HTTP/1.1\r\nHost: a\r\n"), "mt", METHOD_GET },
};

static const struct line_row status_rows[] = {
	{ "200", TEXT("HTTP/1.1 200 OK\r\n\r\n"), "sh", 200 },
	{ "1.0", TEXT("HTTP/1.0 404 Not Found\r\n\r\n"), "sh", 404 },
	{ "no reason", TEXT("HTTP/1.1 204 \r\n\r\n"), "sh", 204 },
	{ "no reason, no space", TEXT("HTTP/1.1 204\r\n\r\n"), "sh", 204 },
	{ "bare LF", TEXT("HTTP/1.1 503\n\n"), "sh", 503 },
	{ "bare LF after a reason", TEXT("HTTP/1.1 503 No\n\n"), "sh", 503 },
	{ "lowest", TEXT("HTTP/1.1 100 Continue\r\n\r\n"), "sh", 100 },
	{ "highest", TEXT("HTTP/1.1 999 ?\r\n\r\n"), "sh", 999 },
	{ "high bytes in the reason", TEXT("HTTP/1.1 200 \xe4\xff\r\n\r\n"), "sh", 200 },
	{ "a reason over several windows", TEXT("HTTP/1.1 200 " REPEAT8(REPEAT8(LONG16)) "\r\n\r\n"), "sh", 200 },
	{ "reason that looks like a header", TEXT("HTTP/1.1 200 Content-Length: 5\r\n\r\n"), "sh", 200 },
	{ "below 100", TEXT("HTTP/1.1 099 No\r\n\r\n"), "b", 99 },
	{ "two digits", TEXT("HTTP/1.1 20 No\r\n\r\n"), "b", 20 },
	{ "four digits", TEXT("HTTP/1.1 2000 No\r\n\r\n"), "sb", 200 },
	{ "two spaces", TEXT("HTTP/1.1  200 OK\r\n\r\n"), "sh", 200 },
	{ "tabs", TEXT("HTTP/1.1\t200\tOK\r\n\r\n"), "sh", 200 },
	{ "no code", TEXT("HTTP/1.1\r\n\r\n"), "b", 0 },
	{ "lower case", TEXT("http/1.1 200 OK\r\n\r\n"), "sh", 200 },
	{ "2", TEXT("HTTP/2 200 OK\r\n\r\n"), "b", 0 },
	{ "2.0", TEXT("HTTP/2.0 200 OK\r\n\r\n"), "sh", 200 },
	{ "version of two digits", TEXT("HTTP/1.10 200 OK\r\n\r\n"), "sh", 200 },
	{ "empty line first", TEXT("\r\nHTTP/1.1 200 OK\r\n\r\n"), "sh", 200 },
	{ "other text", TEXT("Hello"), "b", 0 },
	{ "not complete", TEXT("HTTP/1.1 20"), "", 20 },
};
/* clang-format on */

static void check_lines(uint8_t phase, const struct line_row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct line_row *row = &rows[i];
		const struct outcome outcome =
			parser_outcome(row->comment, phase, row->input, row->length);
		const struct http_parser *parser = &outcome.feed.parser;
		const uint32_t number = phase == PHASE_REQUEST ? outcome.method : parser->status;

		if (strcmp(outcome.verdicts, row->verdicts) || number != row->number)
			fail_msg("%s: '%s' number %u", row->comment, outcome.verdicts, number);
		assert_int_equal(parser->flags & (HTTP_HAS_LENGTH | HTTP_HAS_CODING), 0);
	}
}

static void test_lines(void **state)
{
	(void)state;
	check_lines(PHASE_REQUEST, method_rows, ROWS(method_rows));
	check_lines(PHASE_REQUEST, version_rows, ROWS(version_rows));
	check_lines(PHASE_RESPONSE, status_rows, ROWS(status_rows));
}

struct target_row {
	const char *comment;
	const char *target;
	size_t length;
	const char *route; /* "(other)": `other` */
};

#define SEGMENTS120 REPEAT8("/abcdefghij-klm") /* 8 * 15 */

/* clang-format off */
static const struct target_row target_rows[] = {
	{ "root", TEXT("/"), "/" },
	{ "plain", TEXT("/users/list"), "/users/list" },
	{ "digits", TEXT("/users/123"), "/users/{id}" },
	{ "one digit, in the middle", TEXT("/users/7/orders"), "/users/{id}/orders" },
	{ "digits and a slash at the end", TEXT("/users/123/"), "/users/{id}/" },
	{ "sign", TEXT("/users/-1"), "/users/-1" },
	{ "UUID", TEXT("/u/123e4567-e89b-12d3-a456-426614174000/x"), "/u/{id}/x" },
	{ "UUID in upper case", TEXT("/123E4567-E89B-12D3-A456-426614174000"), "/{id}" },
	{ "32 bytes that are slashes with the highest bit set",
	  TEXT("/" REPEAT8("\xaf\xaf\xaf\xaf")), "/{id}" },
	{ "query", TEXT("/search?q=secret/1"), "/search" },
	{ "query after digits", TEXT("/items/12?x"), "/items/{id}" },
	{ "fragment", TEXT("/a#b/c"), "/a" },
	{ "path parameters", TEXT("/a;jsessionid=1/b"), "/a" },
	{ "root and query", TEXT("/?x"), "/" },
	{ "empty segments", TEXT("//a///1//"), "//a///{id}//" },
	{ "dots are not resolved", TEXT("/a/../b/./c"), "/a/../b/./c" },
	{ "escapes are not decoded", TEXT("/a%2Fb/%31"), "/a%2Fb/%31" },
	{ "asterisk form", TEXT("*"), "*" },
	{ "absolute form", TEXT("http://host:80/a/1?q"), "/a/{id}" },
	{ "absolute form, digits only", TEXT("http://h/12"), "/{id}" },
	{ "absolute form, https", TEXT("https://host/x"), "/x" },
	{ "absolute form, no path", TEXT("http://host"), "/" },
	{ "absolute form, root", TEXT("http://host/"), "/" },
	{ "absolute form, query only", TEXT("http://host?q=1"), "/" },
	{ "absolute form, a slash in the query", TEXT("http://host?q=/x"), "/" },
	{ "absolute form, fragment only", TEXT("http://host#f"), "/" },
	{ "absolute form, address", TEXT("http://[::1]:8080/y"), "/y" },
	{ "authority form", TEXT("host:443"), "(other)" },
	{ "authority form, address", TEXT("[::1]:443"), "(other)" },
	{ "no slash", TEXT("index.html"), "(other)" },
	{ "a scheme and one slash", TEXT("http:/x"), "(other)" },
	{ "a scheme and nothing", TEXT("http://"), "/" },
	{ "query only", TEXT("?x"), "(other)" },
	{ "NUL", TEXT("/a\0b"), "(other)" },
	{ "NUL in the query", TEXT("/a?\0b"), "/a" },
	{ "high bytes", TEXT("/\xc3\xa4/\xff\xfe"), "/\xc3\xa4/\xff\xfe" },
	{ "control bytes", TEXT("/\x1b[2J/\x7f"), "/\x1b[2J/\x7f" },
	{ "128 bytes", TEXT(SEGMENTS120 "/abcdefg"), SEGMENTS120 "/abcdefg" },
	{ "129 bytes", TEXT(SEGMENTS120 "/abcdefgh"), "(other)" },
	{ "129 bytes, fewer when folded", TEXT(SEGMENTS120 "/12345678"), "(other)" },
	{ "129 bytes, folded at the beginning", TEXT("/12345678" SEGMENTS120), "(other)" },
	{ "128 bytes, folded at the beginning", TEXT("/1234567" SEGMENTS120), "/{id}" SEGMENTS120 },
	{ "128 bytes and a query", TEXT(SEGMENTS120 "/abcdefg?" LONG16), SEGMENTS120 "/abcdefg" },
	{ "absolute form: only the bytes of the path count", TEXT("http://" LONG16 SEGMENTS120 "/abcdefg"),
	  SEGMENTS120 "/abcdefg" },
	{ "absolute form: 129 bytes", TEXT("http://h" SEGMENTS120 "/abcdefgh"), "(other)" },
	{ "folding makes it longer: 128", TEXT(SEGMENTS120 "/bc/1"), SEGMENTS120 "/bc/{id}" },
	{ "folding makes it longer: 129", TEXT(SEGMENTS120 "/bcd/1"), "(other)" },
	{ "folding makes it longer, in the middle", TEXT(SEGMENTS120 "/bcd/1/"), "(other)" },
	{ "folding makes it longer, in each segment", TEXT(REPEAT8("/1/2/3/4")), "(other)" },
	{ "folding to 128", TEXT(REPEAT8("/1/2/3") "/abcdefg"), REPEAT8("/{id}/{id}/{id}") "/abcdefg" },
	{ "folding to 129", TEXT(REPEAT8("/1/2/3") "/abcdefgh"), "(other)" },
	{ "one long segment", TEXT("/" REPEAT8(LONG16)), "(other)" },
	{ "longer than a window", TEXT("/" REPEAT8(REPEAT8(LONG16))), "(other)" },
	{ "a query over several windows", TEXT("/q?" REPEAT8(REPEAT8(LONG16 LONG16))), "/q" },
	{ "empty", TEXT(""), "(other)" },
	{ "end of line inside", TEXT("/a\r"), "/a" },
	{ "HTTP/0.9", TEXT("/a/1\r\n"), "/a/{id}" },
	{ "bare LF inside", TEXT("/a\n"), "/a" },
	{ "space inside", TEXT("/a b"), "/a" },
	{ "tab inside", TEXT("/a\tb"), "/a" },
	{ "more spaces before", TEXT("   /a"), "/a" },
	{ "more spaces after", TEXT("/a/1  "), "/a/{id}" },
	{ "spaces only", TEXT("  "), "(other)" },
};
/* clang-format on */

static void test_targets(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(target_rows); i++) {
		const struct target_row *row = &target_rows[i];
		const struct outcome outcome =
			parser_outcome_between(row->comment, PHASE_REQUEST, "GET ", row->target,
					       row->length, " HTTP/1.1\r\n\r\n");
		const bool good =
			(!strcmp(outcome.verdicts, "mth") || !strcmp(outcome.verdicts, "mtoh")) &&
			!strcmp(outcome.path, row->route) && outcome.left == 0;

		if (!good)
			fail_msg("%s: '%s' path '%s', %zu bytes left", row->comment,
				 outcome.verdicts, outcome.path, outcome.left);
	}
}

/* Segments at the limits of folding, at each offset in a word. */
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
				outcome =
					parser_outcome(input, PHASE_REQUEST, input, strlen(input));
				if (strcmp(outcome.path, route))
					fail_msg("'%s' has the route '%s'", input, outcome.path);
			}
		}
	}
}

/* Each byte value at each place of a word. */
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
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_folding_anywhere),
		cmocka_unit_test(test_word_has_lf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
