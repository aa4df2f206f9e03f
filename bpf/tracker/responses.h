/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * responses.h - the send part: follows the bytes of responses, and finds the request of
 * each.
 *
 * Inputs: sequence numbers, lengths of calls, parsed windows, verdicts; the ring.
 * Outputs: events and transactions.  Pure.  It must not know how requests were read.
 */
#ifndef REDTAP_TRACKER_SEND_H
#define REDTAP_TRACKER_SEND_H

#include "tracker/begins.h"
#include "tracker/foreign.h"
#include "tracker/resync.h"

/* Which request is answered by the final response whose head is complete. */
static __always_inline __u8 tracker_send_owner(struct connection *connection)
{
	struct send_part *send = &connection->send;
	__u32 dropped = READ_ONCE(connection->receive.dropped);

	if (tracker_outstanding(connection) > 0 &&
	    tracker_slot_oldest(connection)->dropped_before == send->dropped_answered)
		return OWNER_SLOT;
	return dropped != send->dropped_answered ? OWNER_DROPPED : OWNER_UNSOLICITED;
}

/* Whether requests wait, besides the one whose response is being sent. */
static __always_inline bool tracker_others_wait(struct connection *connection)
{
	struct send_part *send = &connection->send;

	return tracker_outstanding(connection) > (send->owner == OWNER_SLOT) ||
	       READ_ONCE(connection->receive.dropped) != send->dropped_answered;
}

/* The response's framing is lost; an open response stays open until the sweep. */
static __always_inline __u32 tracker_send_lose(struct connection *connection,
					       struct tracker_job *job, __u32 reason)
{
	struct send_part *send = &connection->send;
	__u8 phase = job->feed.parser.phase;

	/* a status is enough to count the request */
	if (send->owner == OWNER_NONE && http_phase_is_header(phase) &&
	    job->feed.parser.status >= 200)
		send->owner = tracker_send_owner(connection);
	job->feed.parser.phase = PHASE_LOST;
	if (send->owner == OWNER_SLOT) {
		if (!send->approximate)
			send->approximate = reason;
		return EVENT_NONE;
	}
	/* a response was expected, so its request is known */
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

/* The current response is complete. */
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

/* Skips bytes without parsing, in any phase. */
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

/* Copies the send part's parser into the job. */
static __always_inline void tracker_send_load(struct connection *connection,
					      struct tracker_job *job)
{
	job->offset = 0;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
	job->feed.parser = connection->send.parser;
	job->sequence = connection->send.sequence;
}

/* Copies it back at the end of the call. */
static __always_inline void tracker_send_store(struct connection *connection,
					       struct tracker_job *job)
{
	connection->send.parser = job->feed.parser;
	if (connection->send.unsure)
		tracker_doubt_set(connection, &connection->send.doubt);
}

/*
 * Begins a send call of job->length bytes.  end: write_seq after it.  Returns an event:
 * bytes that no hook saw may have completed a response.
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
 * Skips bytes that need no parsing.  Returns their number, 0: parse the next bytes.
 * *event: set if they complete a response.
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

/*
 * A response without a known request.  If the receive part is in a body, or has skipped
 * bytes, it answers a request that was not seen.  Returns an event.
 */
static __always_inline __u32 tracker_send_unsolicited(struct connection *connection,
						      struct tracker_job *job, __u16 status)
{
	const __u8 phase = READ_ONCE(connection->receive.parser.phase);

	if (tracker_phase_is_body(phase))
		smp_store_release(&connection->send.resync, 1);
	else if (phase != PHASE_LOST || !READ_ONCE(connection->receive.resumes)) {
		job->reason = status == 408 ? IGNORE_REQUEST_TIMEOUT : IGNORE_UNSOLICITED;
		return EVENT_IGNORED;
	}
	job->reason = LOSS_FRAMING;
	return EVENT_DROPPED;
}

/* A head is complete: whether it is an interim response (RFC 9110, section 15.2). */
static __always_inline bool tracker_send_interim(struct connection *connection,
						 struct tracker_job *job)
{
	const __u16 status = job->feed.parser.status;

	connection->send.speaks_http = 1;
	if (status >= 200 || status == 101)
		return false;
	http_parser_init(&job->feed.parser, PHASE_RESPONSE);
	return true;
}

/* The header section of a response ends: decides its body (RFC 9112, section 6.3). */
static __always_inline __u32 tracker_send_head(struct connection *connection,
					       struct tracker_job *job)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;
	__u8 flags = parser->flags;
	__u16 status = parser->status;
	__u8 method = METHOD_NONE;
	__u32 event = EVENT_NONE;
	__u64 length;
	bool unsolicited, odd;

	if (tracker_send_interim(connection, job))
		return EVENT_NONE;
	odd = tracker_send_is_odd(connection);
	send->owner = tracker_send_owner(connection);
	if (send->owner == OWNER_SLOT)
		method = tracker_slot_oldest(connection)->method;
	else if (send->owner == OWNER_DROPPED &&
		 connection->receive.dropped_heads >> (send->dropped_answered & 63) & 1)
		method = METHOD_HEAD;
	send->body_bytes = 0;
	send->approximate = APPROXIMATE_NONE;
	unsolicited = send->owner == OWNER_UNSOLICITED;
	if (status == 101)
		connection->tunnel = 1;
	if (method == METHOD_CONNECT && status < 300) {
		/* a tunnel: may carry HTTP or not, like a new connection */
		event = tracker_send_complete(connection, job);
		send->speaks_http = 0;
	} else if (connection->tunnel || method == METHOD_HEAD || status == 204 || status == 304) {
		length = method == METHOD_HEAD && !(flags & HTTP_HAS_CODING) ? parser->length : 0;
		event = tracker_send_complete(connection, job);
		/* if a forbidden body follows, its first bytes show it: tracker_send_bad() */
		parser->remaining = length;
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
	if (odd) {
		job->reason = LOSS_MALFORMED;
		return EVENT_DROPPED;
	}
	return unsolicited ? tracker_send_unsolicited(connection, job, status) : event;
}

/* A response begins with this call's next byte. */
static __always_inline void tracker_send_starts(struct connection *connection,
						struct tracker_job *job)
{
	connection->send.first_ns = job->now_ns;
	connection->send.last_ns = job->now_ns;
}

/*
 * The window is filled.  If framing is lost and the call begins with a response, the open
 * response ends before this call (*event).  Returns false if there is nothing to
 * parse.
 */
static __always_inline bool tracker_send_ready(struct connection *connection,
					       struct tracker_job *job, __u32 *event)
{
	struct send_part *send = &connection->send;

	*event = EVENT_NONE;
	if (job->feed.parser.phase != PHASE_LOST) {
		/* only once, also if the status line is in several calls */
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
	} else {
		*event = tracker_give_up(connection, job, false);
	}
	job->offset = job->length;
	return false;
}

/*
 * A malformed response.  If its status is known, the request is counted with it; else
 * with ERROR_BAD_RESPONSE, unless it is given up as foreign.  Returns an event.
 */
static __always_inline __u32 tracker_send_bad(struct connection *connection,
					      struct tracker_job *job)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;
	__u32 event;

	if (parser->phase == PHASE_RESPONSE && parser->remaining > parser->position) {
		/* a body after the response to HEAD: skipped */
		parser->remaining -= parser->position + 1;
		if (parser->remaining)
			parser->phase = PHASE_BODY;
		else
			http_parser_init(parser, PHASE_RESPONSE);
		return EVENT_NONE;
	}
	send->body_bytes += job->length - job->offset;
	job->offset = job->length;
	if (parser->status >= 200 || send->owner != OWNER_NONE)
		return tracker_send_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	event = tracker_give_up(connection, job, false);
	if (event == EVENT_NONE && tracker_send_owner(connection) != OWNER_SLOT)
		return tracker_send_lose(connection, job, APPROXIMATE_NONE);
	parser->phase = PHASE_LOST;
	send->unsure = tracker_outstanding(connection) > (event == EVENT_NONE);
	send->body_bytes = 0;
	if (event != EVENT_NONE)
		return event;
	return tracker_finish(connection, job, 0, ERROR_BAD_RESPONSE, send->last_ns);
}

/*
 * The window was parsed from position `before` on, with this verdict: moves job->offset
 * and handles the verdict.  Returns an event.
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
		return tracker_send_bad(connection, job);
	default:
		return EVENT_NONE;
	}
}

/*
 * The rest of this call is not parsed: its memory cannot be read, or the step limit of the
 * walk is reached (it may hold the responses to all waiting requests).  Returns an event.
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
