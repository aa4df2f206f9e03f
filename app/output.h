/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * output.h - writes one response to a socket, in as many partial writes as
 * needed.
 *
 * Inputs: a response's description.  Outputs: its bytes, by the system calls it
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

/* What the request asks of the response. */
struct output_form {
	int minor_version; /* HTTP minor version of the request */
	bool head_only;    /* HEAD */
	bool close;        /* the connection ends with this response */
	bool keep_alive;   /* send "Connection: keep-alive" (HTTP/1.0) */
};

struct output {
	enum response_way way;
	size_t head_bytes;
	size_t head_sent;
	const char *content; /* as in struct response; borrowed until the end */
	uint64_t content_bytes;
	uint64_t content_sent; /* chunked: content bytes copied into `chunk` */
	size_t chunk_bytes;
	size_t chunk_sent;
	bool last_chunk; /* `chunk` holds the last chunk */
	char head[1024]; /* and after it the content of WAY_ONE_WRITE */
	char chunk[OUTPUT_CHUNK_BYTES + 32];
};

/* Begins a response; *response must stay valid until it is written. */
void output_begin(struct output *output, const struct response *response,
		  const struct output_form *form);

/* Begins "100 Continue". */
void output_begin_continue(struct output *output);

/*
 * Writes more: 0 when all is written; -EAGAIN when the socket is full or the
 * turn is over: call again when it is writable.  Else -errno.
 */
int output_advance(struct output *output, int fd);

#endif
