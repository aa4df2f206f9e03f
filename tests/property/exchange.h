/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * exchange.h - makes one request and its response, of all forms that HTTP/1
 * has, and knows what redtap has to say about them.
 *
 * Inputs: random numbers, what the connection asks for.  Outputs: bytes at the
 * end of two streams, and where in them what happens.  It must not know
 * sockets, calls or redtap.
 */
#ifndef REDTAP_PROPERTY_EXCHANGE_H
#define REDTAP_PROPERTY_EXCHANGE_H

#include "route.h"
#include "stream.h"

/* What the connection needs this exchange to be. */
enum exchange_role {
	ROLE_ORDINARY = 0,
	ROLE_PIPELINED,       /* small, so that a batch fits the socket buffers */
	ROLE_CLOSE_DELIMITED, /* the response ends with the connection */
	ROLE_TUNNEL,          /* CONNECT, answered by 2xx */
	ROLE_MALFORMED,       /* no HTTP/1 behind the target; answered by an error */
};

struct exchange {
	char method[ROUTE_METHOD_MAX + 1]; /* as reported */
	char route[ROUTE_PATH_MAX + 1];    /* likewise */
	int status;                        /* of the final response */
	bool close_delimited;
	bool expects; /* the client waits for an interim response before the body */
	bool early;   /* the server answers before it has read the body */
	/* Offsets in the stream of requests. */
	size_t begin;
	size_t seen_at;  /* behind the method and its space */
	size_t route_at; /* behind the target and its space; SIZE_MAX: never */
	size_t request_head_end;
	size_t request_end;
	/* Offsets in the stream of responses. */
	size_t answer_begin;
	size_t interim_end; /* of the interim responses, where the final one begins */
	size_t status_at;   /* behind the three digits of the final status */
	size_t answer_head_end;
	size_t answer_end;
};

void exchange_make(struct exchange *exchange, struct random *random, enum exchange_role role,
		   struct stream *requests, struct stream *responses);

/* Bytes of a body that are sent, 0 to about max, small ones more often. */
size_t exchange_size(struct random *random, size_t max);

#endif
