/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * requests.h - the receive part: follows the bytes of requests, from the first byte to
 * the end of the body.
 *
 * Inputs: sequence numbers, lengths of calls, parsed windows, verdicts.  Outputs:
 * events; slots in the ring.  Pure.  Of responses it must know only how many requests
 * wait for one.
 */
#ifndef REDTAP_TRACKER_RECEIVE_H
#define REDTAP_TRACKER_RECEIVE_H

#include "tracker/arrival.h"
#include "tracker/begins.h"
#include "tracker/foreign.h"

/* The request's framing is lost; the next call may begin with a new request. */
static __always_inline void tracker_receive_lose(struct connection *connection,
						 struct tracker_job *job, __u32 reason)
{
	struct request_slot *slot = tracker_reading(connection);
	struct http_parser *parser = &job->feed.parser;

	if (parser->phase > PHASE_METHOD && parser->phase != PHASE_LOST && !slot->approximate)
		slot->approximate = reason;
	parser->phase = PHASE_LOST;
}

/*
 * Skips bytes without parsing, in any phase.  Returns an event: if a request was
 * expected here, at least one began in these bytes; it is lost, and its response will
 * come.
 */
static __always_inline __u32 tracker_receive_pass(struct connection *connection,
						  struct tracker_job *job, __u64 bytes,
						  __u32 reason)
{
	struct http_parser *parser = &job->feed.parser;
	__u8 phase = parser->phase;

	if (phase == PHASE_IGNORE || phase == PHASE_LOST)
		return EVENT_NONE;
	if ((phase == PHASE_BODY || phase == PHASE_CHUNK_DATA) && bytes <= parser->remaining) {
		tracker_reading(connection)->body_bytes += bytes;
		parser->remaining -= bytes;
		if (parser->remaining > 0)
			return EVENT_NONE;
		if (phase == PHASE_CHUNK_DATA)
			parser->phase = PHASE_CHUNK_CRLF;
		else
			http_parser_init(parser, PHASE_REQUEST);
		return EVENT_NONE;
	}
	tracker_receive_lose(connection, job, reason);
	if (!http_phase_is_method(phase))
		return EVENT_NONE;
	tracker_drop(connection, METHOD_NONE);
	job->reason = job->offset ? LOSS_UNREADABLE : LOSS_HOOK_MISSED;
	return EVENT_DROPPED;
}

/* Copies the receive part's parser into the job. */
static __always_inline void tracker_receive_load(struct connection *connection,
						 struct tracker_job *job)
{
	struct receive_part *receive = &connection->receive;
	__u8 phase = receive->parser.phase;

	job->offset = 0;
	job->fresh = !http_phase_is_begun(phase);
	job->looked = 0;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
	job->feed.parser = receive->parser;
	if (http_phase_is_begun(phase) || http_phase_is_target(phase))
		job->feed.line = receive->line;
	if (http_phase_is_target(phase))
		tracker_path_copy(job->feed.path, tracker_reading(connection)->path);
}

/* Copies it back at the end of the call. */
static __always_inline void tracker_receive_store(struct connection *connection,
						  struct tracker_job *job)
{
	struct receive_part *receive = &connection->receive;
	__u8 phase = job->feed.parser.phase;

	receive->parser = job->feed.parser;
	if (http_phase_is_begun(phase) || http_phase_is_target(phase))
		receive->line = job->feed.line;
	if (http_phase_is_begun(phase) && job->fresh)
		receive->begun_ns = job->now_ns;
	if (http_phase_is_target(phase))
		tracker_path_copy(tracker_reading(connection)->path, job->feed.path);
	if (!http_phase_is_begun(phase)) /* its stamp is still needed */
		tracker_arrival_trim(connection);
}

/* A response came that answers no known request: a request was taken for body bytes. */
static __always_inline void tracker_receive_resync(struct connection *connection,
						   struct tracker_job *job)
{
	smp_store_release(&connection->send.resync, 0);
	if (!tracker_phase_is_body(job->feed.parser.phase))
		return;
	tracker_receive_lose(connection, job, APPROXIMATE_NONE);
	connection->receive.resumes = 1;
}

/*
 * Begins a receive call of job->length bytes.  end: copied_seq after it.  Skips the
 * bytes before this call that no hook saw (splice, zero-copy receive).  Returns an
 * event.
 */
static __always_inline __u32 tracker_receive_begin(struct connection *connection,
						   struct tracker_job *job, __u32 end)
{
	struct receive_part *receive = &connection->receive;
	__s32 gap;

	tracker_receive_load(connection, job);
	job->sequence = end - (__u32)job->length;
	gap = (__s32)(job->sequence - receive->sequence);
	receive->sequence = end;
	if (connection->tunnel || connection->ignored || tracker_is_deaf(connection))
		job->feed.parser.phase = PHASE_IGNORE;
	if (READ_ONCE(connection->send.resync))
		tracker_receive_resync(connection, job);
	if (gap > 0)
		return tracker_receive_pass(connection, job, gap, APPROXIMATE_BODY_UNREADABLE);
	if (gap < 0 && job->feed.parser.phase != PHASE_IGNORE)
		tracker_receive_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	return EVENT_NONE;
}

/*
 * A GET or HEAD announced a body, no byte of it has come, and the request is answered: the
 * server may not expect a body here (RFC 9110, section 9.3.1).  Then a new request follows
 * if this call begins with one.
 */
static __always_inline bool tracker_receive_doubts(struct connection *connection,
						   const struct tracker_job *job)
{
	const struct request_slot *slot = tracker_reading(connection);

	return tracker_phase_is_body(job->feed.parser.phase) && job->offset == 0 && !job->looked &&
	       connection->receive.reading != SLOT_SPARE && slot->body_bytes == 0 &&
	       (slot->method == METHOD_GET || slot->method == METHOD_HEAD) &&
	       tracker_idle(connection);
}

/* Whether the parser is in a body or chunk of known length. */
static __always_inline bool tracker_receive_skips(const struct tracker_job *job)
{
	return job->feed.parser.phase == PHASE_BODY || job->feed.parser.phase == PHASE_CHUNK_DATA;
}

/* Skips bytes that need no parsing.  Returns their number, 0: parse the next bytes. */
static __always_inline __u64 tracker_receive_skip(struct connection *connection,
						  struct tracker_job *job)
{
	__u64 left = job->length - job->offset;
	struct http_parser *parser = &job->feed.parser;

	if (parser->phase == PHASE_IGNORE)
		return left;
	if (parser->phase == PHASE_LOST)
		return job->offset == 0 && tracker_may_be_idle(connection) ? 0 : left;
	if (!tracker_receive_skips(job))
		return 0;
	if (tracker_receive_doubts(connection, job))
		return 0;
	if (left > parser->remaining)
		left = parser->remaining;
	tracker_receive_pass(connection, job, left, APPROXIMATE_NONE);
	return left;
}

/*
 * A PROXY header begins.  `phase` is for its rest: the line of version 1, or the
 * parser.remaining bytes of version 2.  Returns false after the first request: then these
 * bytes are no PROXY header.
 */
static __always_inline bool tracker_receive_proxy(struct connection *connection,
						  struct tracker_job *job, __u8 phase)
{
	struct receive_part *receive = &connection->receive;
	struct http_parser *parser = &job->feed.parser;

	if (receive->pushed || receive->dropped)
		return false;
	if (phase == PHASE_BODY && parser->remaining == 0)
		phase = PHASE_REQUEST;
	/* a body without a request: receive->reading is still the spare slot */
	parser->phase = phase;
	parser->position = 0;
	job->fresh = 1;
	return true;
}

/*
 * A method and the space after it are complete: from here on the request exists.
 * sequence: of the method's first byte.
 */
static __always_inline __u32 tracker_receive_seen(struct connection *connection,
						  struct tracker_job *job, __u32 sequence)
{
	struct receive_part *receive = &connection->receive;
	struct http_request_line *line = &job->feed.line;
	struct request_slot *slot = tracker_slot_next(connection);
	__u64 arrived_ns;
	__u32 method;

	if (line->method[0] == HTTP_TOKEN_WORD("PROXY", 0) &&
	    tracker_receive_proxy(connection, job, PHASE_PROXY_LINE))
		return EVENT_NONE;
	method = http_method_lookup(line->method[0], line->method[1], line->method[2]);
	if (tracker_outstanding(connection) >= (job->unsettled ? PIPELINE_SLOTS : PIPELINE_MAX)) {
		receive->reading = SLOT_SPARE;
		tracker_drop(connection, method);
		job->reason = LOSS_PIPELINE_FULL;
		return EVENT_DROPPED;
	}
	slot->received_ns = job->fresh ? job->now_ns : receive->begun_ns;
	job->fresh = 1;
	slot->approximate = APPROXIMATE_NONE;
	arrived_ns = connection->peer ? slot->received_ns
				      : tracker_arrival_find(connection, sequence);
	/* a later stamp: the arrival of these bytes was missed */
	if (arrived_ns == 0 || arrived_ns > slot->received_ns) {
		arrived_ns = slot->received_ns;
		slot->approximate = connection->late ? APPROXIMATE_ATTACHED_LATE
						     : APPROXIMATE_NO_ARRIVAL;
	}
	slot->arrived_ns = arrived_ns;
	slot->body_bytes = 0;
	slot->dropped_before = receive->dropped;
	slot->method = method;
	slot->flags = 0;
	slot->path_length = 0;
	receive->reading = receive->next;
	receive->next = tracker_slot_behind(receive->next);
	smp_store_release(&receive->pushed, receive->pushed + 1);
	return EVENT_SEEN;
}

/* The header section of a request ends: decides its body (RFC 9112, section 6.3). */
static __always_inline void tracker_receive_head(struct connection *connection,
						 struct tracker_job *job)
{
	struct http_parser *parser = &job->feed.parser;
	__u8 flags = parser->flags;

	if (flags & HTTP_CHUNKED) {
		parser->phase = PHASE_CHUNK_SIZE;
		parser->number = 0;
		parser->flags = flags & ~HTTP_LINE_FLAGS;
	} else if (flags & (HTTP_HAS_CODING | HTTP_LENGTH_BAD)) {
		/* the server should reject it and close, but may go on */
		tracker_receive_lose(connection, job, APPROXIMATE_NONE);
		connection->receive.resumes = 1;
	} else if (parser->length > 0) {
		parser->phase = PHASE_BODY;
		parser->remaining = parser->length;
	} else {
		http_parser_init(parser, PHASE_REQUEST);
	}
}

/* The route of the request being read is complete. */
static __always_inline void tracker_receive_route(struct connection *connection,
						  struct tracker_job *job)
{
	struct request_slot *slot = tracker_reading(connection);

	if (job->feed.line.other || slot->method == METHOD_CONNECT)
		return;
	tracker_route_set(slot, job->feed.path, job->feed.line.path_length);
}

/* A byte that is not valid here. */
static __always_inline __u32 tracker_receive_stray(struct connection *connection,
						   struct tracker_job *job)
{
	struct http_feed *feed = &job->feed;

	if (!http_phase_is_chunk(feed->parser.phase))
		return tracker_receive_bad(connection, job, IGNORE_NOT_HTTP);
	tracker_receive_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	job->offset = job->length;
	connection->receive.resumes = 1;
	return EVENT_NONE;
}

/*
 * The window is filled.  If framing is lost, or the body of an answered request may be
 * missing, checks whether the call begins with a request.  Returns false if there is
 * nothing to parse.
 */
static __always_inline bool tracker_receive_ready(struct connection *connection,
						  struct tracker_job *job)
{
	struct http_feed *feed = &job->feed;
	__u8 phase = feed->parser.phase;

	if (phase == PHASE_LOST) {
		if (!connection->receive.resumes && !tracker_begins_request(&feed->window, false)) {
			job->offset = job->length;
			return false;
		}
	} else if (!tracker_receive_doubts(connection, job)) {
		return true;
	} else if (!tracker_begins_request(&feed->window, true)) {
		job->looked = 1;
		return true;
	}
	connection->receive.resumes = 0;
	connection->receive.suspect = 0;
	http_parser_init(&feed->parser, PHASE_REQUEST);
	return true;
}

/*
 * The window was parsed from position `before` on, with this verdict: moves job->offset
 * and handles the verdict.  Returns an event.
 */
static __always_inline __u32 tracker_receive_fed(struct connection *connection,
						 struct tracker_job *job, __u32 before,
						 __u32 verdict)
{
	struct http_feed *feed = &job->feed;

	job->offset += feed->window.position - before;
	if (http_phase_is_chunk(feed->parser.phase) || feed->parser.phase == PHASE_CHUNK_DATA)
		tracker_reading(connection)->body_bytes += feed->window.position - before;
	switch (verdict) {
	case HTTP_METHOD: /* its bytes and the space are contiguous */
		return tracker_receive_seen(connection, job,
					    job->sequence + (__u32)job->offset - 1 -
						    feed->line.method_length);
	case HTTP_PROXY:
		if (tracker_receive_proxy(connection, job, PHASE_BODY))
			return EVENT_NONE;
		return tracker_receive_bad(connection, job, IGNORE_NOT_HTTP);
	case HTTP_TLS:
		return tracker_receive_bad(connection, job, IGNORE_TLS);
	case HTTP_PREFACE:
		return tracker_receive_bad(connection, job, IGNORE_HTTP2);
	case HTTP_ODD:
		tracker_receive_odd(connection);
		return EVENT_NONE;
	case HTTP_TARGET:
		tracker_receive_route(connection, job);
		if (feed->parser.phase != PHASE_VERSION)
			tracker_receive_odd(connection);
		return EVENT_NONE;
	case HTTP_HEAD:
		tracker_receive_head(connection, job);
		return EVENT_NONE;
	case HTTP_END:
		http_parser_init(&feed->parser, PHASE_REQUEST);
		return EVENT_NONE;
	case HTTP_BAD:
		return tracker_receive_stray(connection, job);
	default:
		return EVENT_NONE;
	}
}

/*
 * The same after the fast path has parsed a request line and, if the verdict is
 * HTTP_HEAD, the whole head.
 */
static __always_inline __u32 tracker_receive_scanned(struct connection *connection,
						     struct tracker_job *job, __u32 before,
						     __u32 verdict)
{
	__u32 event = tracker_receive_seen(connection, job, job->sequence + (__u32)job->offset);

	job->offset += job->feed.window.position - before;
	tracker_receive_route(connection, job);
	if (verdict == HTTP_HEAD)
		tracker_receive_head(connection, job);
	return event;
}

/*
 * The rest of this call is not parsed: its memory cannot be read, or the step limit of
 * the walk is reached (see reason).  Returns an event.
 */
static __always_inline __u32 tracker_receive_rest(struct connection *connection,
						  struct tracker_job *job, __u32 reason)
{
	__u64 left = job->length - job->offset;

	job->offset = job->length;
	return tracker_receive_pass(connection, job, left, reason);
}

#endif
