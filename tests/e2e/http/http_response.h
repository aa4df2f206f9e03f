/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_response.h - the response parser of http_client.
 *
 * Inputs: a socket, the request's method.  Outputs: one response at a time,
 * with its exact number of bytes.  It must not know what was sent or when.
 */
#ifndef REDTAP_E2E_HTTP_RESPONSE_H
#define REDTAP_E2E_HTTP_RESPONSE_H

#include "http/http_client.h"

/* Where the next byte of a response belongs. */
enum http_reader_state {
	READER_HEAD = 0,   /* status line and header fields, to the empty line */
	READER_LENGTH,     /* body of `remaining` bytes */
	READER_CHUNK_SIZE, /* line with a chunk's size */
	READER_CHUNK,      /* chunk of `remaining` bytes */
	READER_CHUNK_END,  /* the CRLF after it */
	READER_TRAILER,    /* lines after the last chunk, to the empty one */
	READER_CLOSE,      /* body to the end of the connection */
	READER_DONE,       /* the response is complete */
};

/* Embedded in a connection; all zero at its start. */
struct http_reader {
	enum http_reader_state state;
	bool begun; /* a byte of the current response has been received */
	bool ended; /* the server has sent its FIN */
	uint64_t remaining;
	uint64_t received_ns; /* when the newest byte was read, CLOCK_MONOTONIC */
	size_t first;         /* buffer[first .. end) is not parsed yet */
	size_t end;
	char buffer[4 * HTTP_RESPONSE_HEAD_MAX];
};

/*
 * Continues to read the response; fills all fields except request,
 * request_bytes and latency_ns.  Pass the same response until this returns 0.
 * Never waits: -EAGAIN when more bytes are needed.  Other errors: see
 * http_client.h.
 */
int http_reader_advance(struct http_reader *reader, int fd, const char *method,
			struct http_response *response);

#endif
