/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_text.c - escaping: bytes of every kind, for each kind of output.
 */
#include "unit.h"

#include "base/text.h"

#define RESULT_MAX 4096

typedef char *escape_function(char *buffer, size_t size, const char *text);

static escape_function *const functions[] = {
	text_escape_statsd,
	text_escape_json,
	text_escape_terminal,
};

struct row {
	const char *comment;
	const char *input;
	const char *statsd, *json, *terminal;
};

#define FFFD "\xef\xbf\xbd"

static const struct row rows[] = {
	{ "empty", "", "-", "", "" },
	{ "plain path", "/users/{id}", "/users/{id}", "/users/{id}", "/users/{id}" },
	{ "what StatsD reads as syntax", "a,b|c:d#e@f", "a%2Cb%7Cc:d#e@f", "a,b|c:d#e@f",
	  "a,b|c:d#e@f" },
	{ "percent, so that escapes stay apart", "%2C", "%252C", "%2C", "%2C" },
	{ "an injected metric", "a\nx:1|c", "a%0Ax:1%7Cc", "a\\nx:1|c", "a\\x0ax:1|c" },
	{ "what JSON reads as syntax", "\"\\/", "\"\\/", "\\\"\\\\/", "\"\\/" },
	{ "escapes of JSON", "\b\f\n\r\t", "%08%0C%0A%0D%09", "\\b\\f\\n\\r\\t",
	  "\\x08\\x0c\\x0a\\x0d\\x09" },
	{ "colours", "\x1b[31mred", "%1B[31mred", "\\u001b[31mred", "\\x1b[31mred" },
	{ "delete", "\x7f", "%7F", "\\u007f", "\\x7f" },
	{ "C1 control CSI",
	  "\xc2\x9b"
	  "31m",
	  "\xc2\x9b"
	  "31m",
	  "\\u009b31m", "\\xc2\\x9b31m" },
	{ "first after C1", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" },
	{ "two, three and four bytes", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "right-to-left override",
	  "a\xe2\x80\xae"
	  "b",
	  "a\xe2\x80\xae"
	  "b",
	  "a\\u202eb", "a\\xe2\\x80\\xaeb" },
	{ "zero-width space", "\xe2\x80\x8b", "\xe2\x80\x8b", "\\u200b", "\\xe2\\x80\\x8b" },
	{ "isolate", "\xe2\x81\xa6", "\xe2\x81\xa6", "\\u2066", "\\xe2\\x81\\xa6" },
	{ "byte order mark", "\xef\xbb\xbf", "\xef\xbb\xbf", "\\ufeff", "\\xef\\xbb\\xbf" },
	{ "tag character", "\xf3\xa0\x81\x81", "\xf3\xa0\x81\x81", "\xf3\xa0\x81\x81",
	  "\\xf3\\xa0\\x81\\x81" },
	{ "lone continuation",
	  "a\x80"
	  "b",
	  "a%80b", "a" FFFD "b", "a\\x80b" },
	{ "overlong slash of two", "\xc0\xaf", "%C0%AF", FFFD FFFD, "\\xc0\\xaf" },
	{ "overlong of two, largest", "\xc1\xbf", "%C1%BF", FFFD FFFD, "\\xc1\\xbf" },
	{ "overlong of three, largest", "\xe0\x9f\xbf", "%E0%9F%BF", FFFD FFFD FFFD,
	  "\\xe0\\x9f\\xbf" },
	{ "overlong of four, largest", "\xf0\x8f\xbf\xbf", "%F0%8F%BF%BF", FFFD FFFD FFFD FFFD,
	  "\\xf0\\x8f\\xbf\\xbf" },
	{ "smallest of three", "\xe0\xa0\x80", "\xe0\xa0\x80", "\xe0\xa0\x80", "\xe0\xa0\x80" },
	{ "smallest of four", "\xf0\x90\x80\x80", "\xf0\x90\x80\x80", "\xf0\x90\x80\x80",
	  "\xf0\x90\x80\x80" },
	{ "before the surrogates", "\xed\x9f\xbf", "\xed\x9f\xbf", "\xed\x9f\xbf", "\xed\x9f\xbf" },
	{ "first surrogate", "\xed\xa0\x80", "%ED%A0%80", FFFD FFFD FFFD, "\\xed\\xa0\\x80" },
	{ "last surrogate", "\xed\xbf\xbf", "%ED%BF%BF", FFFD FFFD FFFD, "\\xed\\xbf\\xbf" },
	{ "after the surrogates", "\xee\x80\x80", "\xee\x80\x80", "\xee\x80\x80", "\xee\x80\x80" },
	{ "U+10FFFF", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf",
	  "\xf4\x8f\xbf\xbf" },
	{ "U+110000", "\xf4\x90\x80\x80", "%F4%90%80%80", FFFD FFFD FFFD FFFD,
	  "\\xf4\\x90\\x80\\x80" },
	{ "lead byte of five", "\xf8\x88\x80\x80\x80", "%F8%88%80%80%80", FFFD FFFD FFFD FFFD FFFD,
	  "\\xf8\\x88\\x80\\x80\\x80" },
	{ "truncated after one of two", "a\xc3", "a%C3", "a" FFFD, "a\\xc3" },
	{ "truncated after two of three", "a\xe2\x82", "a%E2%82", "a" FFFD FFFD, "a\\xe2\\x82" },
	{ "truncated after three of four", "a\xf0\x9f\x98", "a%F0%9F%98", "a" FFFD FFFD FFFD,
	  "a\\xf0\\x9f\\x98" },
	{ "truncated, then ASCII",
	  "\xe2\x82"
	  "a",
	  "%E2%82a", FFFD FFFD "a", "\\xe2\\x82a" },
	{ "truncated, then a whole one", "\xe2\xc3\xa9", "%E2\xc3\xa9", FFFD "\xc3\xa9",
	  "\\xe2\xc3\xa9" },
};

static void test_rows(void **state)
{
	char result[RESULT_MAX];
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const char *const expected[] = { rows[i].statsd, rows[i].json, rows[i].terminal };

		for (j = 0; j < ROWS(functions); j++) {
			/* The NUL is the last byte that may be read. */
			struct guard guard = guard_init(rows[i].input, strlen(rows[i].input) + 1);

			assert_ptr_equal(functions[j](result, sizeof(result), guard.bytes), result);
			if (strcmp(result, expected[j]) != 0)
				fail_msg("%s, function %zu: '%s' instead of '%s'", rows[i].comment,
					 j, result, expected[j]);
			guard_release(&guard);
		}
	}
}

/* Another implementation of UTF-8, by the table of RFC 3629, section 4. */
static size_t valid_length(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return s[1] >> 6 == 2 ? 2 : 0;
	if (s[0] >= 0xe0 && s[0] <= 0xef) {
		const unsigned char low = s[0] == 0xe0 ? 0xa0 : 0x80;
		const unsigned char high = s[0] == 0xed ? 0x9f : 0xbf;

		return s[1] >= low && s[1] <= high && s[2] >> 6 == 2 ? 3 : 0;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		const unsigned char low = s[0] == 0xf0 ? 0x90 : 0x80;
		const unsigned char high = s[0] == 0xf4 ? 0x8f : 0xbf;

		return s[1] >= low && s[1] <= high && s[2] >> 6 == 2 && s[3] >> 6 == 2 ? 4 : 0;
	}
	return 0;
}

/* What no output may contain, whatever the input. */
static void assert_safe(size_t function, const char *result)
{
	const unsigned char *at = (const unsigned char *)result;
	size_t length;

	for (; *at; at += length) {
		length = valid_length(at);
		if (length == 0)
			fail_msg("function %zu: invalid UTF-8 in '%s'", function, result);
		if (*at < 0x20 || *at == 0x7f)
			fail_msg("function %zu: control byte %#x", function, *at);
		if (function == 0 && (*at == ',' || *at == '|'))
			fail_msg("StatsD syntax in '%s'", result);
		if (function != 0 && at[0] == 0xc2 && at[1] < 0xa0)
			fail_msg("function %zu: C1 control", function);
		if (function == 1 && *at == '"')
			fail_msg("a bare quote in '%s'", result);
		if (function == 1 && *at == '\\') {
			assert_non_null(strchr("\"\\bfnrtu", at[1]));
			length = 2;
		}
	}
}

static void check_all(const char *input)
{
	const size_t size = TEXT_ESCAPED_SIZE(strlen(input) + 1);
	struct guard guard = guard_init(input, strlen(input) + 1);
	size_t i;

	for (i = 0; i < ROWS(functions); i++) {
		struct guard buffer = guard_init(NULL, size);

		functions[i](buffer.bytes, size, guard.bytes);
		assert_safe(i, buffer.bytes);
		guard_release(&buffer);
	}
	guard_release(&guard);
}

static void test_every_byte(void **state)
{
	char input[4];
	unsigned int a, b;

	(void)state;
	for (a = 1; a < 256; a++) {
		snprintf(input, sizeof(input), "%c", a);
		check_all(input);
		snprintf(input, sizeof(input), "x%cy", a);
		check_all(input);
	}
	/* Pairs: every lead byte before each kind of second byte. */
	for (a = 0xc0; a < 256; a++) {
		for (b = 0x70; b < 0xd0; b++) {
			snprintf(input, sizeof(input), "%c%c", a, b);
			check_all(input);
		}
	}
}

static void test_random_bytes(void **state)
{
	unsigned int seed = 1, round;
	char input[65];
	size_t length, i;

	(void)state;
	for (round = 0; round < 5000; round++) {
		length = (size_t)rand_r(&seed) % (sizeof(input) - 1);
		for (i = 0; i < length; i++) {
			const int byte = rand_r(&seed) >> 8;

			/* Half of the bytes are from 0x80 on, as in UTF-8. */
			input[i] = (char)(byte & 0x100 ? 0x80 | (byte & 0x7f) : 1 + (byte & 0x7e));
		}
		input[length] = '\0';
		check_all(input);
	}
}

/* For every size of the buffer: no overflow, terminated, cut only between characters. */
static void test_cut(void **state)
{
	static const char input[] = "ab,\x1b\xc3\xa9\xe2\x82\xac\"\xf0\x9f\x98\x80\xff|z";
	char whole[RESULT_MAX];
	size_t i, size;

	(void)state;
	for (i = 0; i < ROWS(functions); i++) {
		const size_t length = strlen(functions[i](whole, sizeof(whole), input));

		for (size = 1; size <= length + 2; size++) {
			struct guard buffer = guard_init(NULL, size);
			size_t cut;

			functions[i](buffer.bytes, size, input);
			cut = strlen(buffer.bytes);
			assert_true(cut < size);
			assert_memory_equal(buffer.bytes, whole, cut);
			assert_safe(i, buffer.bytes);
			/* An escape has at most 16 bytes, so at most that much stays unused. */
			assert_true(cut + 16 > size || cut == length);
			assert_true(size <= length || cut == length);
			guard_release(&buffer);
		}
	}
}

/* No escape is cut in the middle. */
static void test_cut_between_escapes(void **state)
{
	static const struct {
		const char *comment;
		size_t function, size;
		const char *input, *expected;
	} cuts[] = {
		{ "percent escape, one short", 0, 4, "a,", "a" },
		{ "percent escape, just fits", 0, 5, "a,", "a%2C" },
		{ "nothing after a character that did not fit", 0, 4, "a,b", "a" },
		{ "room only for the terminating NUL", 0, 1, "", "" },
		{ "JSON escape, one short", 1, 7, "a\x01", "a" },
		{ "JSON escape, just fits", 1, 8, "a\x01", "a\\u0001" },
		{ "UTF-8, one short", 1, 4, "a\xe2\x82\xac", "a" },
		{ "all bytes of a character or none", 2, 12, "\xe2\x80\xae", "" },
		{ "all bytes of a character", 2, 13, "\xe2\x80\xae", "\\xe2\\x80\\xae" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(cuts); i++) {
		struct guard buffer = guard_init(NULL, cuts[i].size);

		functions[cuts[i].function](buffer.bytes, cuts[i].size, cuts[i].input);
		if (strcmp(buffer.bytes, cuts[i].expected) != 0)
			fail_msg("%s: '%s'", cuts[i].comment, buffer.bytes);
		guard_release(&buffer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_between_escapes),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
