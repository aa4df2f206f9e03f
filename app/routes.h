/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * routes.h - the responses of the sample application.
 *
 * Inputs: a request with its body.  Outputs: a description of the response.
 * It must not know sockets, nor how the response is written.
 */
#ifndef WEBAPP_ROUTES_H
#define WEBAPP_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "http.h"

/* Which system calls send the bytes: real applications differ, so the routes do too. */
enum response_way {
	WAY_NONE = 0,   /* closed without a response */
	WAY_ONE_WRITE,  /* head and body together in one write */
	WAY_WRITEV,     /* head and body from two places by writev */
	WAY_TWO_WRITES, /* head, then body */
	WAY_SENDFILE,   /* head, then the body from a file */
	WAY_CHUNKED,    /* head, then chunks */
};

/* What `content` points to may be `text`, so it must not be copied. */
struct response {
	int status;
	enum response_way way;
	const char *content_type;
	const char *allow;   /* the Allow field of a 405, else NULL */
	const char *content; /* NULL: the repeated alphabet, see route_alphabet() */
	uint64_t content_bytes;
	char text[128]; /* storage for content made for this response */
};

/* Largest body of a request, bytes of content. */
#define ROUTE_BODY_MAX (16ULL << 20)
/* Largest n of /bytes/{n}, /chunked/{n} and /file/{n}. */
#define ROUTE_CONTENT_MAX (1ULL << 30)

/* Makes the file that WAY_SENDFILE sends from; before any fork.  0 or -errno. */
int routes_init(void);

/*
 * Fills the response to a request; blocks while the route does its work. body:
 * the content of the request; the response may point into it.
 */
void route_request(const struct http_request *request, const char *body, uint64_t body_bytes,
		   struct response *response);

/* A response with only a status, for requests that reach no route. */
void route_status(int status, struct response *response);

/*
 * Content byte number i is letter i % 26.  Returns a pointer to the content at
 * offset and how many bytes follow it in one piece, at most max.
 */
const char *route_alphabet(uint64_t offset, size_t max, size_t *length);

/* The same for the file: fd, and the position of offset in it. */
int route_file(uint64_t offset, size_t max, off_t *place, size_t *length);

#endif
