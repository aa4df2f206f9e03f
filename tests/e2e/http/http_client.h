/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_client.h - an HTTP/1.1 client over a raw socket that knows exactly what
 * it sent, what it received and how long that took: the reference for redtap.
 *
 * Inputs: an address, requests.  Outputs: per response its status, byte counts
 * and latency.  It must not know redtap, cmocka or any server.  http_tally.h
 * sums up results, http_load.h makes many requests at once.
 *
 * Functions that can fail return 0 or -errno; beside the socket's own errors:
 *   -ENODATA    the server closed before the first byte of the response
 *   -ECONNABORTED  it closed in the middle of the response
 *   -EBADMSG    the response is not HTTP/1
 *   -ETIMEDOUT  nothing moved for 30 s
 * After an error other than -EAGAIN the connection can only be closed, with
 * http_close().
 */
#ifndef REDTAP_E2E_HTTP_CLIENT_H
#define REDTAP_E2E_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most outstanding requests of one connection. */
#define HTTP_OUTSTANDING_MAX 64
/* Longest response head; longer ones give -EBADMSG. */
#define HTTP_RESPONSE_HEAD_MAX 16384

/* One request.  The caller owns all pointers; they must be valid until the response is read. */
struct http_request {
	const char *method;
	const char *target;  /* as written on the request line */
	const char *route;   /* route under which it is counted; NULL: target */
	const char *version; /* NULL: "HTTP/1.1" */
	const char *headers; /* whole lines, each with its CRLF, or NULL; Host is always sent */
	const void *body;    /* NULL: no body and no Content-Length */
	size_t body_bytes;
	size_t chunk_bytes; /* > 0: the body is sent chunked, in chunks of this size */
	/* Ascending offsets into the whole request (head and body); each part is a write of its own. */
	const size_t *splits;
	size_t split_count;
	unsigned int split_pause_us; /* pause between two parts, so that they arrive separately */
};

struct http_response {
	const struct http_request *request; /* the request of this response */
	int status;                         /* 100..999, of the final response */
	unsigned int interim;               /* 1xx responses before it */
	bool reusable;                      /* the connection can be used for another request */
	uint64_t request_bytes; /* request bytes after the header section, chunk framing included */
	uint64_t response_bytes; /* the same, for the response */
	uint64_t content_bytes;  /* of the response, without the chunk framing */
	uint32_t content_hash;   /* of the same bytes, see http_hash() */
	uint64_t latency_ns;     /* from just before the first write to the last byte read */
};

struct http_connection; /* owned by the caller, see http_open() */

/*
 * Connects (TCP_NODELAY).  host: a numeric IPv4 or IPv6 address, or NULL for
 * 127.0.0.1.
 */
int http_open(struct http_connection **connection, const char *host, uint16_t port);

/* Closes and frees; NULL is fine. */
void http_close(struct http_connection *connection);

/* Closes by a reset (RST) instead of a FIN, as a client that has gone away; frees. */
void http_reset(struct http_connection *connection);

/* The socket, for operations that this interface does not offer. */
int http_fd(const struct http_connection *connection);

/*
 * False when the server has closed or reset the connection, or has sent
 * unexpected bytes: the check before a kept connection is used again.  Call it
 * only while nothing is outstanding.
 */
bool http_is_open(const struct http_connection *connection);

/* Requests sent whose response has not been read. */
unsigned int http_outstanding(const struct http_connection *connection);

/* -EBUSY when HTTP_OUTSTANDING_MAX are outstanding. */
int http_send(struct http_connection *connection, const struct http_request *request);

/*
 * Pipelines: all requests in one write (their splits are ignored), with the
 * same start time.  They must fit into the socket buffer, because nothing is
 * read meanwhile.
 */
int http_send_batch(struct http_connection *connection, const struct http_request *const *requests,
		    unsigned int count);

/* Reads the response to the oldest outstanding request, -ENOENT when there is none. */
int http_receive(struct http_connection *connection, struct http_response *response);

/*
 * The same without waiting: reads what has arrived; -EAGAIN when the response
 * is not complete yet (poll http_fd() for input, then call again).
 */
int http_receive_ready(struct http_connection *connection, struct http_response *response);

/* http_send(), then http_receive(). */
int http_exchange(struct http_connection *connection, const struct http_request *request,
		  struct http_response *response);

/* FNV-1a over bytes, continuing from hash; start with HTTP_HASH_EMPTY. */
#define HTTP_HASH_EMPTY 2166136261U
uint32_t http_hash(uint32_t hash, const void *bytes, size_t count);

/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t http_clock_ns(void);

#endif
