/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * stream.h - all bytes that one side of a connection sends, and how each must be moved.
 *
 * Inputs: bytes, in order.  Outputs: the stream.  It must not know HTTP.
 */
#ifndef REDTAP_PROPERTY_STREAM_H
#define REDTAP_PROPERTY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

/* How a byte must be moved; a mask. */
enum stream_kind {
	STREAM_TEXT = 0, /* needed for framing: only by calls whose memory redtap can read */
	STREAM_DATA = 1, /* body data: also by calls without readable memory */
	/* Only by calls whose memory redtap cannot read; for this side only: */
	STREAM_HIDDEN_BY_SERVER = 2,
	STREAM_HIDDEN_BY_CLIENT = 4,
	STREAM_MISSED_BY_SERVER = 8, /* only by calls that no hook shows */
};

/* Embedded; the owner calls stream_release(). */
struct stream {
	uint8_t *bytes;
	uint8_t *kinds; /* mask of enum stream_kind, for each byte */
	size_t length;
	size_t room;
};

void stream_release(struct stream *stream);
/* Empty again; the memory is kept. */
void stream_clear(struct stream *stream);

void stream_bytes(struct stream *stream, const void *bytes, size_t count, enum stream_kind kind);
/* The text of a format, STREAM_TEXT; at most 511 bytes. */
void stream_print(struct stream *stream, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* One byte, count times. */
void stream_fill(struct stream *stream, char byte, size_t count);
/* Body data: random, or text that looks like messages and chunks. */
void stream_body(struct stream *stream, struct random *random, size_t count);

/* Adds to the kind of bytes [from, to). */
void stream_mark(struct stream *stream, size_t from, size_t to, enum stream_kind kind);

/* The number of bytes of one kind from `at` on, at most up to `limit`. */
size_t stream_run(const struct stream *stream, size_t at, size_t limit);

#endif
