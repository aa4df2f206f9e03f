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
#include "script.h"

/* What the connection needs this exchange to be. */
enum exchange_role {
	ROLE_ORDINARY = 0,
	ROLE_PIPELINED,       /* small, so that a batch fits the socket buffers */
	ROLE_CROWDED,         /* smaller still, so that more of them do */
	ROLE_GIANT,           /* a request's head beyond what redtap looks at in one call */
	ROLE_CHOPPED,         /* a response of more chunks than that */
	ROLE_CLOSE_DELIMITED, /* the response ends with the connection */
	ROLE_TUNNEL,          /* CONNECT, answered by 2xx */
	ROLE_SWITCH,          /* answered by 101 */
	ROLE_REFUSED,         /* the final response comes instead of 100 Continue */
	ROLE_MALFORMED, /* no HTTP/1 behind the target, perhaps nothing; answered by an error */
};

struct exchange_wish {
	enum exchange_role role;
	bool odd;          /* its line may be one that only some servers take */
	bool recognisable; /* behind bytes that redtap could not follow: it must be told anew */
};

struct exchange {
	char method[ROUTE_METHOD_MAX + 1]; /* as reported */
	char route[ROUTE_PATH_MAX + 1];    /* likewise */
	int status;                        /* of the final response */
	bool recognisable;
	bool close_delimited;
	bool chopped;
	bool expects; /* the client waits for an interim response before the body */
	bool early;   /* the server answers before it has read the body */
	/* Offsets in the stream of requests. */
	size_t begin;
	size_t seen_at;  /* behind the method and its space */
	size_t route_at; /* behind the target and the byte that ends it */
	size_t request_head_end;
	size_t request_end;
	/* Offsets in the stream of responses. */
	size_t answer_begin;
	size_t interim_end; /* of the interim responses, where the final one begins */
	size_t status_at;   /* behind the three digits of the final status */
	size_t answer_head_end;
	size_t answer_end;
	/*
	 * What redtap cannot look at where it observes that side; the plan's to decide.
	 * Offsets from which on to the end of the message, SIZE_MAX: nothing.
	 */
	size_t request_hidden[SIDES];
	size_t response_hidden[SIDES];
	bool request_missed;      /* by the server: no hook shows it either */
	bool request_long[SIDES]; /* a giant, by one call */
};

void exchange_make(struct exchange *exchange, struct random *random,
		   const struct exchange_wish *wish, struct stream *requests,
		   struct stream *responses);

#endif
