/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http.h - HTTP/1 request heads and bodies.
 *
 * Inputs: bytes as they arrive.  Outputs: a request, its body's content.  Pure
 * functions: it must not know sockets, routes or responses.
 */
#ifndef WEBAPP_HTTP_H
#define WEBAPP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_result {
	HTTP_NONE = 0,
	HTTP_OK,      /* complete */
	HTTP_PARTIAL, /* more bytes are needed */
	HTTP_BAD,     /* malformed; the status to respond with is in `status` */
};

/* A request head.  Text points into the bytes that were parsed. */
struct http_request {
	const char *method;
	size_t method_bytes;
	const char *path; /* without the query; "*" for OPTIONS *, "" for CONNECT */
	size_t path_bytes;
	int minor_version; /* minor version: 0 or 1 */
	bool keep_alive;
	bool expect_continue;
	bool chunked;
	uint64_t content_length; /* 0 without Content-Length */
	bool has_length;
	bool has_host;
	size_t head_bytes; /* including the empty line */
	int status;        /* on HTTP_BAD: 400, 501 or 505 */
};

/* Parses the head at the start of bytes. */
enum http_result http_parse_request(struct http_request *request, const char *bytes, size_t count);

/* Where in a request's body the next byte belongs. */
enum http_body_state {
	BODY_NONE = 0,  /* no body, or its end has been reached */
	BODY_LENGTH,    /* `remaining` bytes of content */
	BODY_SIZE,      /* chunk size: digits */
	BODY_EXTENSION, /* rest of the chunk size's line */
	BODY_CHUNK,     /* `remaining` bytes of content */
	BODY_CHUNK_END, /* the line end after them */
	BODY_TRAILER,   /* at the beginning of a line after the last chunk */
	BODY_TRAILER_LINE,
};

struct http_body {
	enum http_body_state state;
	uint64_t remaining;
	unsigned int line_bytes; /* of the current line, to limit its length */
};

void http_body_init(struct http_body *body, const struct http_request *request);

/*
 * Decodes up to count bytes of the body; *used says how many.  Finds at most one
 * run of content: *content, *content_bytes (0: none).  Returns HTTP_OK at the
 * end of the body, else HTTP_PARTIAL: call again, with more bytes if all were
 * used.
 */
enum http_result http_body_decode(struct http_body *body, const char *bytes, size_t count,
				  size_t *used, const char **content, size_t *content_bytes);

/* Standard phrase for a status, "" if it has none. */
const char *http_reason(int status);

#endif
