/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_fields.c - the HTTP/1 parser alone: framing fields of header sections, and
 * chunked bodies.
 */
#include "unit.h"

#include "parser_driver.h"

#define FRAMING_FLAGS (HTTP_HAS_LENGTH | HTTP_HAS_CODING | HTTP_CHUNKED | HTTP_LENGTH_BAD)

struct header_row {
	const char *comment;
	const char *input; /* header lines, without the empty one */
	size_t length;
	uint8_t flags;
	uint64_t content_length; /* if flags is GOOD */
};

#define GOOD HTTP_HAS_LENGTH
#define BAD (HTTP_HAS_LENGTH | HTTP_LENGTH_BAD)
#define CODED HTTP_HAS_CODING
#define CHUNKED (HTTP_HAS_CODING | HTTP_CHUNKED)

/* clang-format off */
static const struct header_row header_rows[] = {
	{ "no fields", TEXT(""), 0, 0 },
	{ "other fields", TEXT("Host: a\r\nContent-Type: text/plain\r\nTE: trailers\r\n"), 0, 0 },
	{ "length", TEXT("Content-Length: 123\r\n"), GOOD, 123 },
	{ "length, bare LF", TEXT("Content-Length: 123\n"), GOOD, 123 },
	{ "length, case", TEXT("cONTENT-lENGTH: 7\r\n"), GOOD, 7 },
	{ "length, zero", TEXT("Content-Length: 0\r\n"), GOOD, 0 },
	{ "length, leading zeros", TEXT("Content-Length: 0012\r\n"), GOOD, 12 },
	{ "length, no space", TEXT("Content-Length:5\r\n"), GOOD, 5 },
	{ "length, white space around", TEXT("Content-Length: \t 5 \t \r\n"), GOOD, 5 },
	{ "length among other fields", TEXT("A: b\r\nContent-Length: 5\r\nC: d\r\n"), GOOD, 5 },
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
	{ "length too large", TEXT("Content-Length: 1152921504606846970\r\n"), BAD, 0 },
	{ "length, 2^64 + 5", TEXT("Content-Length: 18446744073709551621\r\n"), BAD, 0 },
	{ "length, 40 digits", TEXT("Content-Length: 1234567890123456789012345678901234567890\r\n"), BAD, 0 },
	{ "length, space before the colon", TEXT("Content-Length : 5\r\n"), GOOD, 5 },
	{ "length, space in its name", TEXT("Content -Length: 5\r\n"), 0, 0 },
	{ "length, folded", TEXT("Content-Length:\r\n 5\r\n"), GOOD, 5 },
	{ "length, folded by a tab, bare LF", TEXT("Content-Length:\n\t5\n"), GOOD, 5 },
	{ "length, folded after it", TEXT("Content-Length: +5\r\n 6\r\n"), BAD, 0 },
	{ "length, an empty folded line", TEXT("Content-Length:\r\n \r\nA: 5\r\n"), BAD, 0 },
	{ "length in a folded line", TEXT("A: b\r\n Content-Length: 5\r\n"), 0, 0 },
	{ "length in a tab-folded line", TEXT("A: b\r\n\tContent-Length: 5\r\n"), 0, 0 },
	{ "length in the value of another field", TEXT("A: Content-Length: 5\r\n"), 0, 0 },
	{ "length as the end of a name", TEXT("X-Content-Length: 5\r\n"), 0, 0 },
	{ "length as the beginning of a name", TEXT("Content-Length-X: 5\r\n"), 0, 0 },
	{ "length, line ends in its name", TEXT("Content-Len\r\nContent-Length: 5\r\n"), GOOD, 5 },
	{ "names of one letter", TEXT("c\r\nt\r\nContent-Length: 5\r\n"), GOOD, 5 },
	{ "names of one letter, bare LF", TEXT("c\nt\nContent-Length: 5\n"), GOOD, 5 },
	{ "chunked", TEXT("Transfer-Encoding: chunked\r\n"), CHUNKED, 0 },
	{ "chunked, bare LF", TEXT("Transfer-Encoding: chunked\n"), CHUNKED, 0 },
	{ "chunked, case", TEXT("TRANSFER-encoding: ChUnKeD\r\n"), CHUNKED, 0 },
	{ "chunked, tabs", TEXT("Transfer-Encoding:\t\tchunked\t\r\n"), CHUNKED, 0 },
	{ "chunked last", TEXT("Transfer-Encoding: gzip, chunked\r\n"), CHUNKED, 0 },
	{ "chunked last, no space", TEXT("Transfer-Encoding: gzip,chunked\r\n"), CHUNKED, 0 },
	{ "chunked not last", TEXT("Transfer-Encoding: chunked, gzip\r\n"), CODED, 0 },
	{ "chunked last, in two lines", TEXT("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), CHUNKED, 0 },
	{ "chunked not last, in two lines", TEXT("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), CODED, 0 },
	{ "empty elements of the list", TEXT("Transfer-Encoding: , chunked\r\n"), CHUNKED, 0 },
	{ "gzip", TEXT("Transfer-Encoding: gzip\r\n"), CODED, 0 },
	{ "empty coding", TEXT("Transfer-Encoding:\r\n"), 0, 0 },
	{ "folded", TEXT("Transfer-Encoding:\r\n chunked\r\n"), CHUNKED, 0 },
	{ "folded list", TEXT("Transfer-Encoding: gzip,\r\n\tchunked\r\n"), CHUNKED, 0 },
	{ "folded in the middle of a word", TEXT("Transfer-Encoding:  chun\r\n ked\r\n"), CODED, 0 },
	{ "space before the colon", TEXT("Transfer-Encoding : chunked\r\n"), CHUNKED, 0 },
	{ "identity", TEXT("Transfer-Encoding: identity\r\n"), 0, 0 },
	{ "identity, case, and a length", TEXT("Transfer-Encoding: IDENTITY \r\nContent-Length: 5\r\n"), GOOD, 5 },
	{ "identity and chunked", TEXT("Transfer-Encoding: identity, chunked\r\n"), CHUNKED, 0 },
	{ "chunked and identity", TEXT("Transfer-Encoding: chunked,identity\r\n"), CHUNKED, 0 },
	{ "identityx", TEXT("Transfer-Encoding: identityx\r\n"), CODED, 0 },
	{ "ident", TEXT("Transfer-Encoding: ident\r\n"), CODED, 0 },
	{ "xchunked", TEXT("Transfer-Encoding: xchunked\r\n"), CODED, 0 },
	{ "chunkedx", TEXT("Transfer-Encoding: chunkedx\r\n"), CODED, 0 },
	{ "chunk", TEXT("Transfer-Encoding: chunk\r\n"), CODED, 0 },
	{ "chunked in two words", TEXT("Transfer-Encoding: chun ked\r\n"), CODED, 0 },
	{ "chunked in quotes", TEXT("Transfer-Encoding: \"chunked\"\r\n"), CODED, 0 },
	{ "chunked twice without a comma", TEXT("Transfer-Encoding: chunked chunked\r\n"), CODED, 0 },
	{ "both", TEXT("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), GOOD | CHUNKED, 5 },
	{ "both, in the other order", TEXT("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), GOOD | CHUNKED, 5 },
	{ "a value over several windows", TEXT("Cookie: " REPEAT8(REPEAT8(LONG16)) "\r\nContent-Length: 5\r\n"), GOOD, 5 },
	{ "CR in a value", TEXT("A: b\rContent-Length: 9\r\n"), 0, 0 },
};
/* clang-format on */

static void check_headers(uint8_t phase, const char *before, const char *verdicts)
{
	size_t i;

	for (i = 0; i < ROWS(header_rows); i++) {
		const struct header_row *row = &header_rows[i];
		const struct outcome outcome = parser_outcome_between(
			row->comment, phase, before, row->input, row->length, "\r\nbody");
		const struct http_parser *parser = &outcome.feed.parser;

		if (strcmp(outcome.verdicts, verdicts) ||
		    (parser->flags & FRAMING_FLAGS) != row->flags)
			fail_msg("%s: '%s' flags %u", row->comment, outcome.verdicts,
				 parser->flags);
		if (row->flags == GOOD && parser->length != row->content_length)
			fail_msg("%s: length %llu", row->comment, parser->length);
		assert_int_equal(outcome.left, strlen("body"));
	}
}

static void test_headers(void **state)
{
	(void)state;
	check_headers(PHASE_REQUEST, "POST / HTTP/1.1\r\n", "mth");
	check_headers(PHASE_RESPONSE, "HTTP/1.1 200 OK\r\n", "sh");
}

struct chunk_row {
	const char *comment;
	const char *input;
	size_t length;
	const char *verdicts;
	uint64_t data; /* including the missing bytes of the last chunk */
	size_t left;   /* bytes after the end, not consumed */
};

/* clang-format off */
static const struct chunk_row chunk_rows[] = {
	{ "one chunk", TEXT("5\r\nhello\r\n0\r\n\r\n"), "de", 5, 0 },
	{ "bytes after the end are left", TEXT("1\r\nx\r\n0\r\n\r\nHTTP/1.1"), "de", 1, 8 },
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
	{ "framing field in the trailers is skipped", TEXT("0\r\nContent-Length: 5\r\n\r\nabcde"), "e", 0, 5 },
	{ "bare LF", TEXT("1\nx\n0\n\n"), "de", 1, 0 },
	{ "bare LF in trailers", TEXT("0\nA: b\n\n"), "e", 0, 0 },
	{ "data that looks like framing", TEXT("e\r\n\r\n0\r\n\r\n2\r\n\n0\r\r\n0\r\n\r\n"), "de", 14, 0 },
	{ "a chunk over several windows", TEXT("400\r\n" REPEAT8(REPEAT8(LONG16)) "\r\n0\r\n\r\n"), "de", 1024, 0 },
	{ "no size", TEXT("\r\nx"), "b", 0, 1 },
	{ "extension without a size", TEXT(";a\r\nx"), "b", 0, 1 },
	{ "not a digit", TEXT("g\r\n"), "b", 0, 2 },
	{ "minus", TEXT("-1\r\n"), "b", 0, 3 },
	{ "0x", TEXT("0x5\r\n"), "b", 0, 3 },
	{ "largest size", TEXT("ffffffffffffff0\r\n"), "d", 0xffffffffffffff0, 0 },
	{ "size too large", TEXT("1000000000000000\r\n"), "b", 0, 2 },
	{ "size beyond 64 bits", TEXT("10000000000000005\r\n"), "b", 0, 3 },
	{ "data longer than its size", TEXT("1\r\nxy\r\n0\r\n\r\n"), "db", 1, 7 },
	{ "CR without LF at the end", TEXT("0\r\n\rX"), "b", 0, 0 },
	{ "not complete: size", TEXT("5"), "", 0, 0 },
	{ "not complete: data", TEXT("5\r\nhel"), "d", 5, 0 },
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
			parser_outcome(row->comment, PHASE_CHUNK_SIZE, row->input, row->length);
		const uint64_t data = outcome.data + outcome.feed.parser.remaining;

		if (strcmp(outcome.verdicts, row->verdicts) || data != row->data)
			fail_msg("%s: '%s' data %lu", row->comment, outcome.verdicts, data);
		if (strpbrk(outcome.verdicts, "eb") && outcome.left != row->left)
			fail_msg("%s: %zu bytes left", row->comment, outcome.left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
