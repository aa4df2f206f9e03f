/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuzz_text.c - fuzzes the escapes: any text, any size of buffer.
 *
 * Input: a size (two bytes), then the text.  Asserted: the result is valid for its kind of
 * output, is never longer than promised, means the same, and is cut only between
 * characters.
 */
#include <jansson.h>

#include "fuzz.h"
#include "base/text.h"

typedef char *escape_function(char *buffer, size_t size, const char *text);

/* Escapes text into a buffer of exactly this size; the caller frees it. */
static char *escape(escape_function *function, const char *text, size_t size)
{
	char *buffer = malloc(size);

	FUZZ_ASSERT(buffer, "out of memory");
	memset(buffer, 'x', size);
	FUZZ_ASSERT(function(buffer, size, text) == buffer, "another buffer");
	FUZZ_ASSERT(memchr(buffer, '\0', size), "no end within %zu bytes", size);
	FUZZ_ASSERT(fuzz_is_utf8(buffer, strlen(buffer)), "invalid UTF-8: '%s'", buffer);
	return buffer;
}

/* A text that was cut is a beginning of the whole text. */
static void check_cut(escape_function *function, const char *text, const char *whole, size_t size)
{
	char *part = escape(function, text, size);
	const size_t length = strlen(part);

	FUZZ_ASSERT(strncmp(whole, part, length) == 0, "'%s' is not how '%s' begins", part, whole);
	FUZZ_ASSERT(length == strlen(whole) || size - 1 - length < 16,
		    "cut to %zu although %zu bytes were free", length, size);
	free(part);
}

/* An unescaped StatsD text is the text. */
static void check_statsd(const char *text, const char *escaped)
{
	const char *at;

	FUZZ_ASSERT(*escaped, "an empty value");
	if (*text == '\0')
		return;
	for (at = escaped; *at; at++, text++) {
		unsigned int byte = (unsigned char)*at;

		FUZZ_ASSERT(byte >= 0x20 && byte != 0x7f && byte != ',' && byte != '|',
			    "0x%02x in a tag value", byte);
		if (byte == '%') {
			FUZZ_ASSERT(sscanf(at + 1, "%2X", &byte) == 1, "no escape: '%s'", at);
			at += 2;
		}
		FUZZ_ASSERT((unsigned char)*text == byte, "0x%02x became 0x%02x", *text, byte);
	}
	FUZZ_ASSERT(*text == '\0', "the text was cut at '%s'", text);
}

/* A JSON parser reads the same text, except bytes that are not UTF-8. */
static void check_json(const char *text, const char *escaped)
{
	const size_t length = strlen(escaped);
	char *quoted = malloc(length + 3);
	json_error_t error;
	json_t *value;

	FUZZ_ASSERT(quoted, "out of memory");
	snprintf(quoted, length + 3, "\"%s\"", escaped);
	value = json_loads(quoted, JSON_DECODE_ANY, &error);
	FUZZ_ASSERT(value, "%s: %s", error.text, quoted);
	FUZZ_ASSERT(!fuzz_is_utf8(text, strlen(text)) ||
			    strcmp(json_string_value(value), text) == 0,
		    "read as something else: %s", quoted);
	json_decref(value);
	free(quoted);
}

/* No control characters of a terminal: C0, DEL, C1 (in UTF-8: c2 80 to c2 9f). */
static void check_terminal(const char *text, const char *escaped)
{
	const unsigned char *at;

	(void)text;
	for (at = (const unsigned char *)escaped; *at; at++) {
		FUZZ_ASSERT(*at >= 0x20 && *at != 0x7f, "a control byte 0x%02x", *at);
		FUZZ_ASSERT(*at != 0xc2 || at[1] >= 0xa0, "a C1 control 0x%02x", at[1]);
		/* U+200E, U+200F, U+202A..U+202E change the direction of text */
		FUZZ_ASSERT(at[0] != 0xe2 || at[1] != 0x80 ||
				    !(at[2] == 0x8e || at[2] == 0x8f ||
				      (at[2] >= 0xaa && at[2] <= 0xae)),
			    "a direction mark");
	}
}

/* Decoding reaches the end of the text, and agrees about what is valid. */
static void check_decode(const char *text, size_t length)
{
	bool valid = true;
	uint32_t codepoint;
	size_t at = 0, step;

	while ((step = text_decode(text + at, &codepoint)) > 0) {
		FUZZ_ASSERT(step <= 4 && at + step <= length, "%zu bytes at %zu", step, at);
		FUZZ_ASSERT(fuzz_is_utf8(text + at, step) == (codepoint != TEXT_INVALID),
			    "wrong result at byte %zu", at);
		valid = valid && codepoint != TEXT_INVALID;
		at += step;
	}
	FUZZ_ASSERT(at == length, "stopped at %zu of %zu", at, length);
	FUZZ_ASSERT(valid == fuzz_is_utf8(text, length),
		    "valid UTF-8: not the same result as the grammar");
}

void fuzz_one(const uint8_t *data, size_t size)
{
	static const struct {
		escape_function *function;
		void (*check)(const char *text, const char *escaped);
	} escapes[] = {
		{ text_escape_statsd, check_statsd },
		{ text_escape_json, check_json },
		{ text_escape_terminal, check_terminal },
	};
	struct fuzz_input input = { data, size };
	const size_t cut = fuzz_number(&input, 2);
	const char *bytes;
	size_t length, i;
	char *text;

	length = fuzz_until(&input, '\0', &bytes);
	text = fuzz_string(bytes, length);
	check_decode(text, length);
	for (i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		/* an empty text may become one byte */
		const size_t room = TEXT_ESCAPED_SIZE(length ? length : 1);
		char *whole = escape(escapes[i].function, text, room);

		escapes[i].check(text, whole);
		check_cut(escapes[i].function, text, whole, 1 + cut % room);
		free(whole);
	}
	free(text);
}
