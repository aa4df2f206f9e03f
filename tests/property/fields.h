/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fields.h - header fields and bodies of messages, in all forms that HTTP/1 allows.
 *
 * Inputs: random numbers, a style.  Outputs: bytes at the end of a stream.  It
 * must not know requests from responses.
 */
#ifndef REDTAP_PROPERTY_FIELDS_H
#define REDTAP_PROPERTY_FIELDS_H

#include "stream.h"

/* How one message is written. */
struct style {
	const char *line_end;
	bool small;
	size_t body_max;
	size_t chunks;     /* exactly so many; 0: random */
	size_t chunks_max; /* and then at most so many */
};

/* A random length of a body, 0 to about max, more often a small one. */
size_t body_size(struct random *random, size_t max);

/* Fields that say nothing about framing, though some look like it. */
void fields_put_others(struct stream *stream, struct random *random, const struct style *style);
/* A field that is longer than what redtap reads in one call. */
void fields_put_giant(struct stream *stream, struct random *random, const struct style *style);
/* Content-Length, Transfer-Encoding, and the chunked body of so many bytes of data. */
void fields_put_length(struct stream *stream, struct random *random, const struct style *style,
		       size_t length);
void fields_put_coding(struct stream *stream, struct random *random, const struct style *style);
void fields_put_chunks(struct stream *stream, struct random *random, const struct style *style,
		       size_t length);

#endif
