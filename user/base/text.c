/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * text.c - see text.h.
 *
 * Input: NUL-terminated bytes of any kind.  Output: text that is safe in one
 * format.  It must not know what the text means, nor the locale.
 */
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The longest escape of one character: \uNNNN, or \xNN for each of four bytes. */
#define ESCAPE_MAX 16

/* A writer that stops at the first piece that does not fit as a whole. */
struct writer {
	char *buffer;
	size_t size;
	size_t used;
	bool full;
};

static void writer_put(struct writer *writer, const char *bytes, size_t length)
{
	if (writer->full || length >= writer->size - writer->used) {
		writer->full = true;
		return;
	}
	memcpy(writer->buffer + writer->used, bytes, length);
	writer->used += length;
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/*
 * A NUL is not a continuation byte, so reading byte by byte never goes beyond the end.
 */
size_t text_decode(const char *text, uint32_t *codepoint)
{
	/* The smallest code point of each length: anything below is overlong. */
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t value;
	size_t length, i;

	if (bytes[0] < 0x80) {
		*codepoint = bytes[0];
		return bytes[0] != '\0';
	}
	*codepoint = TEXT_INVALID;
	if (bytes[0] >= 0xf8 || is_continuation(bytes[0]))
		return 1;
	length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	value = bytes[0] & (0xff >> (length + 1));
	for (i = 1; i < length; i++) {
		if (!is_continuation(bytes[i]))
			return 1;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 1;
	*codepoint = value;
	return length;
}

/* C0, DEL, C1. */
static bool is_control(uint32_t codepoint)
{
	return codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0);
}

/* Characters that are invisible, or that reorder the text around them. */
static bool is_deceptive(uint32_t codepoint)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00ad, 0x00ad },   /* soft hyphen */
		{ 0x061c, 0x061c },   /* Arabic letter mark */
		{ 0x180e, 0x180e },   /* Mongolian vowel separator */
		{ 0x200b, 0x200f },   /* zero-width spaces and joiners, direction marks */
		{ 0x2028, 0x202e },   /* line and paragraph separators, embeddings, overrides */
		{ 0x2060, 0x206f },   /* word joiner, isolates, deprecated format characters */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xfff9, 0xfffb },   /* interlinear annotation */
		{ 0xe0000, 0xe007f }, /* tags */
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (codepoint >= ranges[i].first && codepoint <= ranges[i].last)
			return true;
	return false;
}

/* prefix and two hexadecimal digits for each byte; prefix: 1 or 2 characters. */
static void put_hex(struct writer *writer, const char *prefix, const char *digits,
		    const char *bytes, size_t length)
{
	char escape[ESCAPE_MAX];
	size_t used = 0, i;

	for (i = 0; i < length; i++) {
		const unsigned char byte = (unsigned char)bytes[i];

		memcpy(escape + used, prefix, strlen(prefix));
		used += strlen(prefix);
		escape[used++] = digits[byte >> 4];
		escape[used++] = digits[byte & 15];
	}
	writer_put(writer, escape, used);
}

/* Puts a character of length bytes, escaped for one format. */
typedef void escape_character(struct writer *writer, const char *text, size_t length,
			      uint32_t codepoint);

static char *escape(char *buffer, size_t size, const char *text, escape_character *put)
{
	struct writer writer = { .buffer = buffer, .size = size };
	uint32_t codepoint;
	size_t length;

	for (; (length = text_decode(text, &codepoint)) > 0; text += length)
		put(&writer, text, length, codepoint);
	buffer[writer.used] = '\0';
	return buffer;
}

static void put_statsd(struct writer *writer, const char *text, size_t length, uint32_t codepoint)
{
	if (codepoint == TEXT_INVALID || codepoint < 0x20 || codepoint == 0x7f ||
	    codepoint == ',' || codepoint == '|' || codepoint == '%')
		put_hex(writer, "%", "0123456789ABCDEF", text, length);
	else
		writer_put(writer, text, length);
}

char *text_escape_statsd(char *buffer, size_t size, const char *text)
{
	return escape(buffer, size, *text ? text : "-", put_statsd);
}

/* \uNNNN of a code point below 0x10000. */
static void put_json_unicode(struct writer *writer, uint32_t codepoint)
{
	static const char digits[] = "0123456789abcdef";
	const char escape[6] = { '\\',
				 'u',
				 digits[codepoint >> 12 & 15],
				 digits[codepoint >> 8 & 15],
				 digits[codepoint >> 4 & 15],
				 digits[codepoint & 15] };

	writer_put(writer, escape, sizeof(escape));
}

static void put_json(struct writer *writer, const char *text, size_t length, uint32_t codepoint)
{
	/* Characters with a two-character escape, and its letter. */
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *at = codepoint < 0x80 ? strchr(plain, (int)codepoint) : NULL;

	if (at)
		writer_put(writer, (char[]){ '\\', letters[at - plain] }, 2);
	else if (codepoint == TEXT_INVALID)
		writer_put(writer, "\xef\xbf\xbd", 3);
	else if (is_control(codepoint) || (codepoint < 0x10000 && is_deceptive(codepoint)))
		put_json_unicode(writer, codepoint);
	else
		writer_put(writer, text, length);
}

char *text_escape_json(char *buffer, size_t size, const char *text)
{
	return escape(buffer, size, text, put_json);
}

static void put_terminal(struct writer *writer, const char *text, size_t length, uint32_t codepoint)
{
	if (codepoint == TEXT_INVALID || is_control(codepoint) || is_deceptive(codepoint))
		put_hex(writer, "\\x", "0123456789abcdef", text, length);
	else
		writer_put(writer, text, length);
}

char *text_escape_terminal(char *buffer, size_t size, const char *text)
{
	return escape(buffer, size, text, put_terminal);
}
