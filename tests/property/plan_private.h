/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * plan_private.h - between plan.c, plan_batch.c, plan_end.c and plan_process.c: a
 * connection is batches of exchanges, and an end; processes take turns.
 */
#ifndef REDTAP_PROPERTY_PLAN_PRIVATE_H
#define REDTAP_PROPERTY_PLAN_PRIVATE_H

#include "plan.h"

/* How a connection ends; some need the last exchange to be of a kind. */
enum finale {
	FINALE_CLIENT_CLOSES = 0,
	FINALE_SERVER_CLOSES,
	FINALE_HALF_CLOSE,
	FINALE_CLOSE_DELIMITED,
	FINALE_HALF_CLOSE_DELIMITED, /* both */
	FINALE_TUNNEL,
	FINALE_SWITCH,
	FINALE_REFUSED,
	FINALE_NOISE,
	FINALE_UNSOLICITED,
	FINALE_MALFORMED,
	/* in the middle of the last batch: */
	FINALE_CLIENT_ABORTS,
	FINALE_CLIENT_RESETS,
	FINALE_SERVER_CUTS,
	FINALE_COUNT,
};

/* What the client says and the server never reads must fit the socket buffers. */
#define UNREAD_MAX 20000

/* "HTTP/1.1": by so much redtap tells a response where it had lost track. */
#define PLAN_VERSION_BYTES 8

/* Where an unfinished batch stops. */
struct limits {
	size_t client_sends; /* offsets */
	size_t server_receives;
	size_t server_sends;
};

/* Exchanges [from, plan->exchange_count), all of them answered. */
void plan_play_batch(struct plan *plan, size_t from, enum finale finale);

/* The client sends and receives what the limits leave of exchanges [from, ...). */
void plan_ask(struct plan *plan, size_t from, const struct limits *limits);
/* The server receives and answers exchanges [from, to) within the limits. */
void plan_serve(struct plan *plan, size_t from, size_t to, const struct limits *limits);

/* In the middle of exchanges [from, plan->exchange_count) something happens. */
void plan_play_cut(struct plan *plan, size_t from, enum finale finale);
/* What the server says in another protocol behind its last response. */
void plan_add_beyond(struct plan *plan);
/* All is answered, or ends with the connection: what else is said, and who closes. */
void plan_play_close(struct plan *plan, enum finale finale);

/*
 * Which processes play the server's script, now that it is there; as redtap watches
 * all of them, it makes no difference.
 */
void plan_spread(struct plan *plan);

#endif
