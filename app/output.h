/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * output.h - writes one response to a socket, however little that takes at a
 * time.
 *
 * Inputs: a response's description.  Outputs: its bytes, in the way that it
 * asks for.  It must not know requests, routes or when the socket is ready.
 */
#ifndef WEBAPP_OUTPUT_H
#define WEBAPP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routes.h"

/* Content bytes in a chunk of a chunked response. */
#define OUTPUT_CHUNK_BYTES 4096

/* What the request says about the response's form. */
struct output_form {
	int minor_version; /* of the request */
	bool head_only;    /* HEAD */
	bool close;        /* the connection ends with this response */
	bool keep_alive;   /* say that it does not (HTTP/1.0) */
};

struct output {
	enum response_way way;
	size_t head_bytes;
	size_t head_sent;
	const char *content; /* as in struct response; borrowed until the end */
	uint64_t content_bytes;
	uint64_t content_sent; /* for chunks: put into `chunk` */
	size_t chunk_bytes;
	size_t chunk_sent;
	bool last_chunk; /* `chunk` holds the last one */
	char head[1024]; /* and behind it the content of WAY_ONE_WRITE */
	char chunk[OUTPUT_CHUNK_BYTES + 32];
};

/* Begins a response; response has to live until its end. */
void output_begin(struct output *output, const struct response *response,
		  const struct output_form *form);

/* Begins "100 Continue". */
void output_begin_continue(struct output *output);

/*
 * Writes on: 0 when all is written; -EAGAIN when the socket takes no more, or
 * has taken a good deal (so that others have their turn): call again when it
 * is writable.  Else -errno.
 */
int output_advance(struct output *output, int fd);

#endif
