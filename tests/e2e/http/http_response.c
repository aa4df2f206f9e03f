/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_response.c - see http_response.h.
 */
#include "http/http_response.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* Longest chunk-size or trailer line. */
#define LINE_MAX_BYTES 4096

/* How the header fields define the end of the body. */
struct framing {
	bool chunked;
	bool other_coding; /* a transfer coding whose last one is not chunked */
	bool has_length;
	bool close;
	bool keep_alive;
	uint64_t length;
};

static bool text_is(const char *text, size_t length, const char *expected)
{
	return length == strlen(expected) && strncasecmp(text, expected, length) == 0;
}

static int read_field(struct framing *framing, const char *name, size_t name_length,
		      const char *value, size_t length)
{
	unsigned long long number;
	char *end;

	if (text_is(name, name_length, "content-length")) {
		/* The line ends by CRLF, so strtoull() stops within it. */
		number = strtoull(value, &end, 10);
		if (length == 0 || *value < '0' || *value > '9' || end != value + length ||
		    (framing->has_length && framing->length != number))
			return -EBADMSG;
		framing->length = number;
		framing->has_length = true;
	} else if (text_is(name, name_length, "transfer-encoding")) {
		framing->chunked = length >= 7 && text_is(value + length - 7, 7, "chunked");
		framing->other_coding = !framing->chunked;
	} else if (text_is(name, name_length, "connection")) {
		framing->close = framing->close || text_is(value, length, "close");
		framing->keep_alive = framing->keep_alive || text_is(value, length, "keep-alive");
	}
	return 0;
}

/* Parses the header fields from after the status line to end, which is after the empty line. */
static int read_fields(struct framing *framing, const char *line, const char *end)
{
	const char *line_end, *colon, *value;
	int err;

	for (; line < end - 2; line = line_end + 2) {
		line_end = memmem(line, (size_t)(end - line), "\r\n", 2);
		colon = memchr(line, ':', (size_t)(line_end - line));
		if (!colon || colon == line)
			return -EBADMSG;
		value = colon + 1;
		while (value < line_end && (*value == ' ' || *value == '\t'))
			value++;
		err = read_field(framing, line, (size_t)(colon - line), value,
				 (size_t)(line_end - value));
		if (err)
			return err;
	}
	return 0;
}

/* Decides what follows the head (RFC 9112, section 6.3). */
static void begin_body(struct http_reader *reader, const struct framing *framing,
		       const char *method, struct http_response *response)
{
	const bool tunnel = response->status == 101 ||
			    (strcmp(method, "CONNECT") == 0 && response->status / 100 == 2);

	if (tunnel || strcmp(method, "HEAD") == 0 || response->status == 204 ||
	    response->status == 304)
		reader->state = READER_DONE;
	else if (framing->chunked)
		reader->state = READER_CHUNK_SIZE;
	else if (framing->has_length && !framing->other_coding)
		reader->state = framing->length > 0 ? READER_LENGTH : READER_DONE;
	else
		reader->state = READER_CLOSE;
	reader->remaining = framing->length;
	if (tunnel || reader->state == READER_CLOSE)
		response->reusable = false;
}

/* -EAGAIN when the head is not complete. */
static int parse_head(struct http_reader *reader, const char *method,
		      struct http_response *response)
{
	const char *head = reader->buffer + reader->first;
	const size_t size = reader->end - reader->first;
	const char *end = memmem(head, size, "\r\n\r\n", 4);
	const char *fields;
	struct framing framing = { 0 };
	int err;

	if (!end)
		return size < HTTP_RESPONSE_HEAD_MAX ? -EAGAIN : -EBADMSG;
	end += 4;
	fields = (const char *)memmem(head, size, "\r\n", 2) + 2;
	if (fields - head < 14 || memcmp(head, "HTTP/1.", 7) != 0 || head[8] != ' ' ||
	    strspn(head + 9, "0123456789") != 3 || (head[12] != ' ' && head[12] != '\r'))
		return -EBADMSG;
	response->status = (int)strtol(head + 9, NULL, 10);
	if (response->status < 100)
		return -EBADMSG;
	err = read_fields(&framing, fields, end);
	if (err)
		return err;
	reader->first += (size_t)(end - head);
	if (response->status / 100 == 1 && response->status != 101) {
		response->interim++;
		return 0;
	}
	response->reusable = !framing.close && (head[7] != '0' || framing.keep_alive);
	begin_body(reader, &framing, method, response);
	return 0;
}

/*
 * Takes one line, which counts as part of the body; *line is valid until the
 * next receive, *length is without CRLF. -EAGAIN when the line is not complete.
 */
static int take_line(struct http_reader *reader, struct http_response *response, const char **line,
		     size_t *length)
{
	const char *begin = reader->buffer + reader->first;
	const size_t size = reader->end - reader->first;
	const char *end = memmem(begin, size, "\r\n", 2);

	if (!end)
		return size < LINE_MAX_BYTES ? -EAGAIN : -EBADMSG;
	*line = begin;
	*length = (size_t)(end - begin);
	reader->first += *length + 2;
	response->response_bytes += *length + 2;
	return 0;
}

static int parse_chunk_size(struct http_reader *reader, struct http_response *response)
{
	const char *line;
	size_t length;
	char *end;
	int err = take_line(reader, response, &line, &length);

	if (err)
		return err;
	/* strtoull() would accept an empty line, or a sign or blank before the number. */
	if (length == 0 || strspn(line, "0123456789abcdefABCDEF") == 0)
		return -EBADMSG;
	reader->remaining = strtoull(line, &end, 16);
	if (end != line + length && *end != ';' && *end != ' ')
		return -EBADMSG;
	reader->state = reader->remaining > 0 ? READER_CHUNK : READER_TRAILER;
	return 0;
}

static int parse_line(struct http_reader *reader, struct http_response *response)
{
	const char *line;
	size_t length;
	int err = take_line(reader, response, &line, &length);

	if (err)
		return err;
	if (reader->state == READER_TRAILER) {
		if (length == 0)
			reader->state = READER_DONE;
		return 0;
	}
	if (length != 0)
		return -EBADMSG;
	reader->state = READER_CHUNK_SIZE;
	return 0;
}

static int parse_content(struct http_reader *reader, struct http_response *response)
{
	uint64_t size = reader->end - reader->first;

	if (size == 0)
		return -EAGAIN;
	if (reader->state != READER_CLOSE && size > reader->remaining)
		size = reader->remaining;
	response->content_hash =
		http_hash(response->content_hash, reader->buffer + reader->first, size);
	response->content_bytes += size;
	response->response_bytes += size;
	reader->first += size;
	if (reader->state == READER_CLOSE)
		return 0;
	reader->remaining -= size;
	if (reader->remaining == 0)
		reader->state = reader->state == READER_CHUNK ? READER_CHUNK_END : READER_DONE;
	return 0;
}

/* Parses until the response is complete (0) or more bytes are needed (-EAGAIN). */
static int parse(struct http_reader *reader, const char *method, struct http_response *response)
{
	int err = 0;

	while (!err && reader->state != READER_DONE) {
		switch (reader->state) {
		case READER_HEAD:
			err = parse_head(reader, method, response);
			break;
		case READER_CHUNK_SIZE:
			err = parse_chunk_size(reader, response);
			break;
		case READER_CHUNK_END:
		case READER_TRAILER:
			err = parse_line(reader, response);
			break;
		default:
			err = parse_content(reader, response);
			break;
		}
	}
	return err;
}

/* Adds the bytes received to the buffer; returns 0 also at the end of the connection. */
static int receive_more(struct http_reader *reader, int fd)
{
	ssize_t received;

	/* The rest is shorter than a head or a line, so there is room after it. */
	memmove(reader->buffer, reader->buffer + reader->first, reader->end - reader->first);
	reader->end -= reader->first;
	reader->first = 0;
	do {
		/* One byte stays free: strtoull() and strspn() need an end that is no digit. */
		received = recv(fd, reader->buffer + reader->end,
				sizeof(reader->buffer) - reader->end - 1, MSG_DONTWAIT);
	} while (received < 0 && errno == EINTR);
	if (received < 0)
		return -errno;
	if (received > 0)
		reader->received_ns = http_clock_ns();
	reader->ended = received == 0;
	reader->begun = reader->begun || received > 0;
	reader->end += (size_t)received;
	reader->buffer[reader->end] = '\0';
	return 0;
}

int http_reader_advance(struct http_reader *reader, int fd, const char *method,
			struct http_response *response)
{
	int err;

	if (!reader->begun) {
		*response = (struct http_response){ .content_hash = HTTP_HASH_EMPTY };
		reader->begun = reader->end > reader->first;
	}
	while ((err = parse(reader, method, response)) == -EAGAIN) {
		if (reader->ended && reader->state == READER_CLOSE)
			break;
		if (reader->ended)
			return reader->begun ? -ECONNABORTED : -ENODATA;
		err = receive_more(reader, fd);
		if (err)
			return err;
	}
	if (err && !(err == -EAGAIN && reader->state == READER_CLOSE))
		return err;
	reader->state = READER_HEAD;
	reader->begun = false;
	return 0;
}
