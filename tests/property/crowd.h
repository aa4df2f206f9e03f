/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * crowd.h - the requests and responses of the concurrency test, for both sides.
 *
 * A request's target describes the response: `/WORD/STATUS/BYTES`.  Each connection has
 * its own WORD, STATUS, method and sizes, so if requests are mixed up, there is a row that
 * must not exist, or a wrong sum of bytes.
 */
#ifndef REDTAP_PROPERTY_CROWD_H
#define REDTAP_PROPERTY_CROWD_H

#include <stddef.h>
#include <stdio.h>

/* The server's ports: how connections are served there. */
enum crowd_port {
	CROWD_POOL = 0, /* any free thread receives, another one sends */
	CROWD_PAIR,     /* a thread of its own blocks in receiving, others send */
	CROWD_SHORT,    /* one request, then the server closes */
	CROWD_PORTS,
};

/* A response of this WORD is cut in the middle: the server shuts the connection. */
#define CROWD_CUT "cut"

/* Longest head of either side. */
#define CROWD_HEAD_MAX 256
/* Largest body of either side. */
#define CROWD_BODY_MAX 4096

/* Writes a request's head; returns its length.  body: bytes that follow it. */
static inline size_t crowd_request(char head[CROWD_HEAD_MAX], const char *method, const char *word,
				   unsigned int status, unsigned int bytes, unsigned int body)
{
	return snprintf(head, CROWD_HEAD_MAX,
			"%s /%s/%u/%u HTTP/1.1\r\nHost: h\r\nContent-Length: %u\r\n\r\n", method,
			word, status, bytes, body);
}

/* Likewise a response's. */
static inline size_t crowd_response(char head[CROWD_HEAD_MAX], unsigned int status,
				    unsigned int bytes)
{
	return snprintf(head, CROWD_HEAD_MAX, "HTTP/1.1 %u Fine\r\nContent-Length: %u\r\n\r\n",
			status, bytes);
}

#endif
