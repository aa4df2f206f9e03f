/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tracker.h - finds requests and their responses in the bytes of one connection.
 *
 * Inputs: what arrives, is received and is sent on the connection (sequence
 * numbers, windows of bytes, the time).  Outputs: one event at a time, and with
 * EVENT_FINISHED a transaction.  Pure: no maps, no clock, no helpers; compiled
 * for BPF and for the unit tests.  It must not know which hooks deliver the bytes,
 * nor how transactions are counted.
 *
 * A connection has three parts with one writer each: arrival (softirq, under
 * the socket's lock), receive and send (claimed by the caller).  Requests pass
 * from receive to send through a ring with one producer and one consumer.
 *
 * The names are from the server's view.  A client (connection.peer) sends requests and
 * receives responses: so the caller passes what it sends to the receive part, and what it
 * receives to the send part.  There are no arrivals then, and t1 is the time when the
 * first byte of a request was handed to the kernel.
 */
#ifndef REDTAP_HTTP_TRACKER_H
#define REDTAP_HTTP_TRACKER_H

#include "tracker/requests.h"
#include "tracker/responses.h"

/* ---- end -------------------------------------------------------------- */

/*
 * The target's side of the connection has ended: ends one request that is still open.
 * Call it until it returns EVENT_NONE (at most PIPELINE_SLOTS times).
 */
static __always_inline __u32 tracker_end(struct connection *connection, struct tracker_job *job)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;
	__u8 phase = parser->phase;
	__u16 status = parser->status >= 200 ? parser->status : 0;
	bool reset = connection->end & END_RESET;
	bool peer_first = reset || (connection->end & END_PEER_CLOSED);
	bool client_first = connection->peer ? !peer_first : peer_first;
	__u32 error = ERROR_NONE;

	if (tracker_outstanding(connection) == 0)
		return tracker_give_up(connection, job, true);
	if (send->owner != OWNER_SLOT && tracker_is_foreign(connection))
		return tracker_lose(connection, job, LOSS_MALFORMED);
	if (send->owner != OWNER_SLOT && tracker_send_doubts(connection))
		return tracker_lose(connection, job, LOSS_FRAMING);
	if (phase == PHASE_LOST && send->owner == OWNER_SLOT)
		return tracker_send_complete(connection, job);
	if (send->owner == OWNER_NONE && http_phase_is_header(phase))
		send->owner = tracker_send_owner(connection);
	http_parser_init(parser, phase == PHASE_LOST ? PHASE_LOST : PHASE_RESPONSE);
	/* the current response may belong to another request */
	if (status == 0 || send->owner != OWNER_SLOT) {
		send->body_bytes = 0;
		return tracker_finish(connection, job, 0,
				      client_first ? ERROR_CLIENT_ABORT : ERROR_NO_RESPONSE,
				      job->now_ns);
	}
	/* in the middle of a response */
	if (client_first && (connection->peer || reset || phase != PHASE_CLOSE))
		error = ERROR_CLIENT_ABORT;
	else if (reset || phase != PHASE_CLOSE)
		send->approximate = APPROXIMATE_TRUNCATED;
	return tracker_finish(connection, job, status, error, send->last_ns);
}

/*
 * Ends a response whose end is unknown if nothing was sent since before_ns.
 * Returns an event.
 */
static __always_inline __u32 tracker_sweep(struct connection *connection, struct tracker_job *job,
					   __u64 before_ns)
{
	struct send_part *send = &connection->send;

	if (job->feed.parser.phase != PHASE_LOST || send->owner != OWNER_SLOT ||
	    send->last_ns > before_ns)
		return EVENT_NONE;
	tracker_send_complete(connection, job);
	job->feed.parser.phase = PHASE_LOST;
	return EVENT_FINISHED;
}

/* ---- begin ------------------------------------------------------------ */

/*
 * A connection just established: both directions at the start of a message.
 * received: copied_seq, sent: write_seq.
 */
static __always_inline void tracker_begin(struct connection *connection, __u32 received, __u32 sent)
{
	connection->receive.sequence = received;
	connection->receive.reading = SLOT_SPARE;
	connection->arrival.end = received;
	connection->send.sequence = sent;
	connection->delivery.acked = sent;
	http_parser_init(&connection->receive.parser, PHASE_REQUEST);
	http_parser_init(&connection->send.parser, PHASE_RESPONSE);
}

/* A connection that was open before it was first seen. */
static __always_inline void tracker_begin_late(struct connection *connection, __u32 received,
					       __u32 sent)
{
	tracker_begin(connection, received, sent);
	connection->late = 1;
	connection->receive.parser.phase = PHASE_LOST;
	connection->send.parser.phase = PHASE_LOST;
}

#endif
