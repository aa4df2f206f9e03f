/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * output.c - see output.h.
 */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Bytes written in a row before other connections get their turn. */
#define TURN_BYTES (1 << 20)
/* Content pieces in one writev. */
#define PIECES 8

static void append(struct output *output, const char *text)
{
	const size_t length = strlen(text);

	/* The longest head that output_begin() builds is about 400 bytes. */
	if (length > sizeof(output->head) - output->head_bytes)
		return;
	memcpy(output->head + output->head_bytes, text, length);
	output->head_bytes += length;
}

static void append_field(struct output *output, const char *name, const char *value)
{
	append(output, name);
	append(output, ": ");
	append(output, value);
	append(output, "\r\n");
}

static void append_date(struct output *output)
{
	const time_t now = time(NULL);
	char text[40];
	struct tm utc;

	if (gmtime_r(&now, &utc) &&
	    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0)
		append_field(output, "Date", text);
}

/* Fields that say where the body ends. */
static void append_framing(struct output *output, const struct response *response)
{
	char text[24];

	if (response->status == 204 || response->status == 304)
		return;
	append_field(output, "Content-Type", response->content_type);
	if (output->way == WAY_CHUNKED) {
		append_field(output, "Transfer-Encoding", "chunked");
	} else if (response->way != WAY_CHUNKED) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)response->content_bytes);
		append_field(output, "Content-Length", text);
	}
}

void output_begin(struct output *output, const struct response *response,
		  const struct output_form *form)
{
	char line[80];

	output->way = response->way;
	/* HTTP/1.0 has no chunks: the end of the connection is the end of the content. */
	if (output->way == WAY_CHUNKED && form->minor_version == 0)
		output->way = WAY_TWO_WRITES;
	output->head_bytes = output->head_sent = 0;
	output->content = response->content;
	output->content_bytes = form->head_only ? 0 : response->content_bytes;
	output->content_sent = 0;
	output->chunk_bytes = output->chunk_sent = 0;
	output->last_chunk = form->head_only;

	snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\n", response->status,
		 http_reason(response->status));
	append(output, line);
	append_field(output, "Server", "webapp");
	append_date(output);
	append_framing(output, response);
	if (response->allow)
		append_field(output, "Allow", response->allow);
	if (form->close)
		append_field(output, "Connection", "close");
	else if (form->keep_alive)
		append_field(output, "Connection", "keep-alive");
	append(output, "\r\n");

	if (output->way == WAY_ONE_WRITE && output->content_bytes > 0 &&
	    output->content_bytes <= sizeof(output->head) - output->head_bytes) {
		memcpy(output->head + output->head_bytes, output->content, output->content_bytes);
		output->head_bytes += output->content_bytes;
		output->content_bytes = 0;
	}
}

void output_begin_continue(struct output *output)
{
	output->way = WAY_ONE_WRITE;
	output->head_bytes = output->head_sent = 0;
	output->content_bytes = output->content_sent = 0;
	append(output, "HTTP/1.1 100 Continue\r\n\r\n");
}

/* Content not sent yet, as at most count pieces; returns how many. */
static int next_pieces(const struct output *output, struct iovec *pieces, int count)
{
	uint64_t place = output->content_sent;
	const char *base;
	size_t length;
	int i;

	for (i = 0; i < count && place < output->content_bytes; i++) {
		length = output->content_bytes - place;
		base = output->content ? output->content + place
				       : route_alphabet(place, length, &length);
		pieces[i] = (struct iovec){ .iov_base = (char *)base, .iov_len = length };
		place += length;
	}
	return i;
}

/* Notes that count bytes of head and content have been written. */
static void advance(struct output *output, size_t count)
{
	size_t head = output->head_bytes - output->head_sent;

	if (head > count)
		head = count;
	output->head_sent += head;
	output->content_sent += count - head;
}

static ssize_t write_vector(struct output *output, int fd)
{
	struct iovec pieces[1 + PIECES];
	int count = 0;

	if (output->head_sent < output->head_bytes) {
		pieces[0].iov_base = output->head + output->head_sent;
		pieces[0].iov_len = output->head_bytes - output->head_sent;
		count = 1;
	}
	count += next_pieces(output, pieces + count, PIECES);
	return writev(fd, pieces, count);
}

static ssize_t write_file(struct output *output, int fd)
{
	const uint64_t left = output->content_bytes - output->content_sent;
	off_t place;
	size_t length;
	int file = route_file(output->content_sent, left < TURN_BYTES ? left : TURN_BYTES, &place,
			      &length);

	return sendfile(fd, file, &place, length);
}

/* Builds the next chunk, perhaps the last one, in `chunk`. */
static void make_chunk(struct output *output)
{
	uint64_t left = output->content_bytes - output->content_sent;
	const char *piece;
	size_t length;
	int size;

	output->chunk_sent = 0;
	if (left == 0) {
		output->last_chunk = true;
		output->chunk_bytes = 5;
		memcpy(output->chunk, "0\r\n\r\n", 5);
		return;
	}
	piece = route_alphabet(output->content_sent,
			       left < OUTPUT_CHUNK_BYTES ? left : OUTPUT_CHUNK_BYTES, &length);
	size = snprintf(output->chunk, sizeof(output->chunk), "%zx\r\n", length);
	memcpy(output->chunk + size, piece, length);
	memcpy(output->chunk + size + length, "\r\n", 2);
	output->chunk_bytes = (size_t)size + length + 2;
	output->content_sent += length;
}

static ssize_t write_chunk(struct output *output, int fd)
{
	ssize_t written;

	if (output->chunk_sent == output->chunk_bytes)
		make_chunk(output);
	written = write(fd, output->chunk + output->chunk_sent,
			output->chunk_bytes - output->chunk_sent);
	if (written > 0)
		output->chunk_sent += (size_t)written;
	return written;
}

/* Makes one write system call. */
static ssize_t write_some(struct output *output, int fd)
{
	struct iovec piece;
	ssize_t written;

	if (output->head_sent < output->head_bytes && output->way != WAY_WRITEV)
		written = write(fd, output->head + output->head_sent,
				output->head_bytes - output->head_sent);
	else if (output->way == WAY_CHUNKED)
		return write_chunk(output, fd);
	else if (output->way == WAY_SENDFILE)
		written = write_file(output, fd);
	else if (output->way == WAY_WRITEV)
		written = write_vector(output, fd);
	else if (next_pieces(output, &piece, 1) == 1)
		written = write(fd, piece.iov_base, piece.iov_len);
	else
		return 0;
	if (written > 0)
		advance(output, (size_t)written);
	return written;
}

static bool is_complete(const struct output *output)
{
	if (output->head_sent < output->head_bytes || output->content_sent < output->content_bytes)
		return false;
	return output->way != WAY_CHUNKED ||
	       (output->last_chunk && output->chunk_sent == output->chunk_bytes);
}

int output_advance(struct output *output, int fd)
{
	size_t turn = 0;
	ssize_t written;

	while (!is_complete(output)) {
		if (turn >= TURN_BYTES)
			return -EAGAIN;
		written = write_some(output, fd);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		if (written == 0)
			return -EIO;
		turn += (size_t)written;
	}
	return 0;
}
