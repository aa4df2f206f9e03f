/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * responses.h - the send part: bytes of responses, and whom each answers.
 *
 * Inputs: sequence numbers, lengths of calls, windows that were fed, verdicts; the
 * ring.  Outputs: events, transactions among them.  Pure.  It must not know how
 * requests were read.
 */
#ifndef REDTAP_TRACKER_SEND_H
#define REDTAP_TRACKER_SEND_H

#include "tracker/ring.h"

/* Whom the final response whose head is complete answers. */
static __always_inline __u8 tracker_send_owner(struct connection *connection)
{
	struct send_part *send = &connection->send;
	__u32 dropped = READ_ONCE(connection->receive.dropped);

	if (tracker_outstanding(connection) > 0 &&
	    tracker_slot_oldest(connection)->dropped_before == send->dropped_answered)
		return OWNER_SLOT;
	return dropped != send->dropped_answered ? OWNER_DROPPED : OWNER_UNSOLICITED;
}

/* Whether requests wait for an answer beside the one whose answer is at hand. */
static __always_inline bool tracker_others_wait(struct connection *connection)
{
	struct send_part *send = &connection->send;

	return tracker_outstanding(connection) > (send->owner == OWNER_SLOT) ||
	       READ_ONCE(connection->receive.dropped) != send->dropped_answered;
}

/* The response's framing is lost; what is open stays open until the sweep. */
static __always_inline __u32 tracker_send_lose(struct connection *connection,
					       struct tracker_job *job, __u32 reason)
{
	struct send_part *send = &connection->send;
	__u8 phase = job->feed.parser.phase;

	/* a head that is known up to its status is enough to be counted */
	if (send->owner == OWNER_NONE && http_phase_is_header(phase) &&
	    job->feed.parser.status >= 200)
		send->owner = tracker_send_owner(connection);
	job->feed.parser.phase = PHASE_LOST;
	if (send->owner == OWNER_SLOT) {
		if (!send->approximate)
			send->approximate = reason;
		return EVENT_NONE;
	}
	/* a response was due: whose it was can still be told */
	if (send->owner == OWNER_NONE && phase != PHASE_LOST && phase != PHASE_IGNORE) {
		send->owner = tracker_send_owner(connection);
		send->unsure = 1;
		if (send->owner == OWNER_SLOT)
			return tracker_lose(connection, job,
					    reason == APPROXIMATE_BODY_UNREADABLE ? LOSS_UNREADABLE
										  : LOSS_FRAMING);
	}
	if (send->owner == OWNER_DROPPED)
		send->dropped_answered++;
	send->owner = OWNER_NONE;
	return EVENT_NONE;
}

/* The response at hand is complete. */
static __always_inline __u32 tracker_send_complete(struct connection *connection,
						   struct tracker_job *job)
{
	struct send_part *send = &connection->send;
	__u16 status = job->feed.parser.status;
	__u8 owner = send->owner;

	http_parser_init(&job->feed.parser, connection->tunnel ? PHASE_IGNORE : PHASE_RESPONSE);
	if (owner == OWNER_SLOT)
		return tracker_finish(connection, job, status, ERROR_NONE, send->last_ns);
	if (owner == OWNER_DROPPED)
		send->dropped_answered++;
	send->owner = OWNER_NONE;
	send->body_bytes = 0;
	return EVENT_NONE;
}

/* Bytes that went by without being looked at, in whatever phase. */
static __always_inline __u32 tracker_send_pass(struct connection *connection,
					       struct tracker_job *job, __u64 bytes, __u32 reason)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;

	if (parser->phase == PHASE_IGNORE)
		return EVENT_NONE;
	if (parser->phase == PHASE_LOST || parser->phase == PHASE_CLOSE) {
		if (send->owner != OWNER_NONE)
			send->body_bytes += bytes;
		return EVENT_NONE;
	}
	if ((parser->phase == PHASE_BODY || parser->phase == PHASE_CHUNK_DATA) &&
	    bytes <= parser->remaining) {
		send->body_bytes += bytes;
		parser->remaining -= bytes;
		if (parser->remaining > 0)
			return EVENT_NONE;
		if (parser->phase == PHASE_BODY)
			return tracker_send_complete(connection, job);
		parser->phase = PHASE_CHUNK_CRLF;
		return EVENT_NONE;
	}
	send->body_bytes += bytes;
	return tracker_send_lose(connection, job, reason);
}

/* Takes the send part's parser into the job. */
static __always_inline void tracker_send_load(struct connection *connection,
					      struct tracker_job *job)
{
	job->offset = 0;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
	job->feed.parser = connection->send.parser;
	job->sequence = connection->send.sequence;
}

static __always_inline void tracker_doubt_set(struct connection *connection, struct doubt *doubt)
{
	doubt->pushed = READ_ONCE(connection->receive.pushed);
	doubt->dropped = READ_ONCE(connection->receive.dropped);
}

/* Puts it back at the end of the call. */
static __always_inline void tracker_send_store(struct connection *connection,
					       struct tracker_job *job)
{
	connection->send.parser = job->feed.parser;
	if (connection->send.unsure)
		tracker_doubt_set(connection, &connection->send.doubt);
}

/* Requests that wait, and whose answer may have gone by unseen. */
static __always_inline bool tracker_send_doubts(struct connection *connection)
{
	return connection->send.unsure &&
	       (__s32)(connection->send.doubt.pushed - connection->send.answered) > 0;
}

/*
 * Where it is not known how many answers went by: a client asks anew when it has
 * been answered, so new requests end the doubt, and what waited before is lost.
 * To be called, before a send call begins, until it returns EVENT_NONE (at most
 * PIPELINE_SLOTS times).
 */
static __always_inline __u32 tracker_send_resync(struct connection *connection,
						 struct tracker_job *job)
{
	struct send_part *send = &connection->send;

	if (send->owner == OWNER_SLOT || send->owner == OWNER_DROPPED)
		return EVENT_NONE; /* in the middle of its answer */
	if (tracker_idle(connection)) {
		send->unsure = 0;
		return EVENT_NONE;
	}
	if (!tracker_doubt_is_old(connection))
		return EVENT_NONE;
	if (tracker_send_doubts(connection))
		return tracker_lose(connection, job, LOSS_FRAMING);
	/* nor does anybody wait for the answers to those that were not kept */
	if ((__s32)(send->doubt.dropped - send->dropped_answered) > 0)
		send->dropped_answered = send->doubt.dropped;
	send->unsure = 0;
	return EVENT_NONE;
}

/* A call that will not be looked at; by one who has not the part's claim. */
static __always_inline void tracker_send_contended(struct connection *connection)
{
	tracker_doubt_set(connection, &connection->send.contended);
	smp_store_release(&connection->send.contention, 1);
}

/*
 * Whether such calls have cost the track of answers: then it is to be resynchronised
 * when a send call has begun, as new requests may have come since.
 */
static __always_inline bool tracker_send_contention(struct connection *connection,
						    const struct tracker_job *job)
{
	struct send_part *send = &connection->send;

	if (!READ_ONCE(send->contention))
		return false;
	smp_store_release(&send->contention, 0);
	if (job->feed.parser.phase != PHASE_LOST)
		return false;
	send->doubt = send->contended;
	send->unsure = 1;
	return true;
}

/*
 * Begins a send call of job->length bytes.  end: write_seq behind it.  Returns
 * an event (bytes that no hook showed may have completed a response).
 */
static __always_inline __u32 tracker_send_begin(struct connection *connection,
						struct tracker_job *job, __u32 end)
{
	struct send_part *send = &connection->send;
	__u32 event;
	__s32 gap;

	tracker_send_load(connection, job);
	job->sequence = end - (__u32)job->length;
	gap = (__s32)(job->sequence - send->sequence);
	send->sequence = end;
	if (gap == 0 || job->feed.parser.phase == PHASE_IGNORE)
		return EVENT_NONE;
	if (gap > 0)
		event = tracker_send_pass(connection, job, gap, APPROXIMATE_BODY_UNREADABLE);
	else
		event = tracker_send_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	if (job->feed.parser.phase == PHASE_LOST)
		send->unsure = 1;
	return event;
}

/*
 * Consumes what needs no look: returns how many bytes, 0: show me the next.
 * *event: what that completed.
 */
static __always_inline __u64 tracker_send_skip(struct connection *connection,
					       struct tracker_job *job, __u32 *event)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;
	__u64 left = job->length - job->offset;

	*event = EVENT_NONE;
	if (parser->phase == PHASE_LOST && job->offset == 0)
		return 0;
	if (parser->phase != PHASE_BODY && parser->phase != PHASE_CHUNK_DATA &&
	    parser->phase != PHASE_CLOSE && parser->phase != PHASE_LOST &&
	    parser->phase != PHASE_IGNORE)
		return 0;
	send->last_ns = job->now_ns;
	if ((parser->phase == PHASE_BODY || parser->phase == PHASE_CHUNK_DATA) &&
	    left > parser->remaining)
		left = parser->remaining;
	*event = tracker_send_pass(connection, job, left, APPROXIMATE_NONE);
	return left;
}

/* End of a response's header section: what follows it (RFC 9112, section 6.3). */
static __always_inline __u32 tracker_send_head(struct connection *connection,
					       struct tracker_job *job)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;
	__u8 flags = parser->flags;
	__u16 status = parser->status;
	__u8 method = METHOD_NONE;
	__u32 event = EVENT_NONE;
	bool unsolicited;

	if (status < 200 && status != 101) {
		http_parser_init(parser, PHASE_RESPONSE);
		return EVENT_NONE;
	}
	send->owner = tracker_send_owner(connection);
	if (send->owner == OWNER_SLOT)
		method = tracker_slot_oldest(connection)->method;
	else if (send->owner == OWNER_DROPPED &&
		 connection->receive.dropped_heads >> (send->dropped_answered & 63) & 1)
		method = METHOD_HEAD;
	send->body_bytes = 0;
	send->approximate = APPROXIMATE_NONE;
	unsolicited = send->owner == OWNER_UNSOLICITED;
	if (status == 101 || (method == METHOD_CONNECT && status < 300))
		connection->tunnel = 1;
	if (connection->tunnel || method == METHOD_HEAD || status == 204 || status == 304) {
		event = tracker_send_complete(connection, job);
	} else if (flags & HTTP_CHUNKED) {
		parser->phase = PHASE_CHUNK_SIZE;
		parser->number = 0;
		parser->flags = flags & ~HTTP_LINE_FLAGS;
	} else if ((flags & HTTP_HAS_CODING) || !(flags & HTTP_HAS_LENGTH)) {
		parser->phase = PHASE_CLOSE;
	} else if (flags & HTTP_LENGTH_BAD) {
		event = tracker_send_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	} else if (parser->length == 0) {
		event = tracker_send_complete(connection, job);
	} else {
		parser->phase = PHASE_BODY;
		parser->remaining = parser->length;
	}
	if (unsolicited) {
		job->reason = status == 408 ? IGNORE_REQUEST_TIMEOUT : IGNORE_UNSOLICITED;
		return EVENT_IGNORED;
	}
	return event;
}

/* Whether a window begins with the version of a status line. */
static __always_inline bool tracker_begins_response(const struct http_window *window)
{
	return window->fill >= 8 &&
	       (word_load(window->bytes) & WORD_BYTES(7)) == HTTP_TOKEN_WORD("HTTP/1.", 0);
}

/* A response begins with this call's next byte. */
static __always_inline void tracker_send_starts(struct connection *connection,
						struct tracker_job *job)
{
	connection->send.first_ns = job->now_ns;
	connection->send.last_ns = job->now_ns;
}

/*
 * The window is filled.  If the call begins while framing is lost, and with a
 * response, the one that is open ends with what was sent before: *event.
 * Returns false if there is nothing to parse in it.
 */
static __always_inline bool tracker_send_ready(struct connection *connection,
					       struct tracker_job *job, __u32 *event)
{
	struct send_part *send = &connection->send;

	*event = EVENT_NONE;
	if (job->feed.parser.phase != PHASE_LOST) {
		/* not again where the status line goes on in another call */
		if (http_response_begins(&job->feed.parser))
			send->first_ns = job->now_ns;
		send->last_ns = job->now_ns;
		return true;
	}
	if (tracker_begins_response(&job->feed.window) &&
	    (send->owner != OWNER_SLOT || tracker_outstanding(connection) > 1)) {
		*event = tracker_send_complete(connection, job);
		send->first_ns = job->now_ns;
		send->last_ns = job->now_ns;
		return true;
	}
	if (send->owner != OWNER_NONE) {
		send->body_bytes += job->length - job->offset;
		send->last_ns = job->now_ns;
	}
	job->offset = job->length;
	return false;
}

/*
 * The window was fed from position `before` on by the function of the parser's
 * phase, with this verdict; job->offset moves on.  Returns an event.
 */
static __always_inline __u32 tracker_send_fed(struct connection *connection,
					      struct tracker_job *job, __u32 before, __u32 verdict)
{
	struct send_part *send = &connection->send;
	__u8 phase = job->feed.parser.phase;

	job->offset += job->feed.window.position - before;
	if (http_phase_is_chunk(phase) || phase == PHASE_CHUNK_DATA)
		send->body_bytes += job->feed.window.position - before;
	switch (verdict) {
	case HTTP_HEAD:
		return tracker_send_head(connection, job);
	case HTTP_END:
		return tracker_send_complete(connection, job);
	case HTTP_BAD:
		send->body_bytes += job->length - job->offset;
		job->offset = job->length;
		/* with its status known, it is counted */
		return tracker_send_lose(connection, job,
					 job->feed.parser.status >= 200
						 ? APPROXIMATE_BODY_UNREADABLE
						 : APPROXIMATE_NONE);
	default:
		return EVENT_NONE;
	}
}

/*
 * The rest of this call cannot be looked at (reason: unreadable memory) or will not be
 * (the walk's bound: then answers to all that wait may lie in it).  Returns an event.
 */
static __always_inline __u32 tracker_send_rest(struct connection *connection,
					       struct tracker_job *job, __u32 reason)
{
	struct send_part *send = &connection->send;
	__u64 left = job->length - job->offset;
	__u32 event;

	job->offset = job->length;
	send->last_ns = job->now_ns;
	event = tracker_send_pass(connection, job, left, reason);
	if (reason != APPROXIMATE_BODY_UNREADABLE && job->feed.parser.phase == PHASE_LOST &&
	    tracker_others_wait(connection))
		send->unsure = 1;
	return event;
}

#endif
