/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * stream.c - see stream.h.
 */
#include "stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRINT_MAX 512

/* Text in a body that looks like HTTP, but is only data. */
static const char *const lookalikes[] = {
	"GET /not-a-request HTTP/1.1\r\nHost: h\r\n\r\n",
	"\r\n\r\nPOST /not-a-request HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
	"HTTP/1.1 500 Not A Response\r\nContent-Length: 9\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"0\r\n\r\n",
	"\r\n5\r\nhello\r\n0\r\n\r\n",
	"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n",
};

void stream_release(struct stream *stream)
{
	free(stream->bytes);
	free(stream->kinds);
	memset(stream, 0, sizeof(*stream));
}

void stream_clear(struct stream *stream)
{
	stream->length = 0;
}

static void make_room(struct stream *stream, size_t count)
{
	if (stream->room - stream->length >= count)
		return;
	stream->room = (stream->length + count) * 2;
	stream->bytes = realloc(stream->bytes, stream->room);
	stream->kinds = realloc(stream->kinds, stream->room);
	if (!stream->bytes || !stream->kinds) {
		fputs("out of memory for a stream\n", stderr);
		abort();
	}
}

void stream_bytes(struct stream *stream, const void *bytes, size_t count, enum stream_kind kind)
{
	make_room(stream, count);
	memcpy(stream->bytes + stream->length, bytes, count);
	memset(stream->kinds + stream->length, kind, count);
	stream->length += count;
}

void stream_print(struct stream *stream, const char *format, ...)
{
	char text[PRINT_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0 || length >= PRINT_MAX) {
		fprintf(stderr, "text from '%s' is too long\n", format);
		abort();
	}
	stream_bytes(stream, text, length, STREAM_TEXT);
}

void stream_fill(struct stream *stream, char byte, size_t count)
{
	make_room(stream, count);
	memset(stream->bytes + stream->length, byte, count);
	memset(stream->kinds + stream->length, STREAM_TEXT, count);
	stream->length += count;
}

void stream_body(struct stream *stream, struct random *random, size_t count)
{
	const bool noise = random_chance(random, 500);
	const size_t end = stream->length + count;

	make_room(stream, count);
	while (stream->length < end) {
		const uint64_t word = random_next(random);
		const char *text = RANDOM_ROW(random, lookalikes);
		const void *piece = noise ? (const void *)&word : text;
		size_t length = noise ? sizeof(word) : strlen(text);

		if (length > end - stream->length)
			length = end - stream->length;
		stream_bytes(stream, piece, length, STREAM_DATA);
	}
}

void stream_mark(struct stream *stream, size_t from, size_t to, enum stream_kind kind)
{
	for (; from < to; from++)
		stream->kinds[from] |= kind;
}

size_t stream_run(const struct stream *stream, size_t at, size_t limit)
{
	size_t end = at;

	while (end < limit && stream->kinds[end] == stream->kinds[at])
		end++;
	return end - at;
}
