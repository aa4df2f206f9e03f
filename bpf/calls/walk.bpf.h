/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * walk.bpf.h - what the walk of tracker/walk.h needs in the kernel: the parser's loops
 * and its steps as functions that the verifier checks once each, bytes, events.
 *
 * Inputs: the scratch of a call and its connection.  Outputs: verdicts, events.  It
 * must not know hooks.
 */
#ifndef REDTAP_WALK_BPF_H
#define REDTAP_WALK_BPF_H

#include "calls/call.bpf.h"
#include "tracker/walk.h"

struct walk_context {
	struct scratch *scratch; /* holds the job */
	const struct call *call; /* NULL in a step: the bytes are located already */
	__u64 address;           /* of the connection's socket */
	__u32 owner;             /* of scratch */
};

static __always_inline struct walker walker_init(struct walk_context *context,
						 struct connection *connection)
{
	return (struct walker){ connection, &context->scratch->job, context };
}

/* Looks up the connection and the scratch again.  Returns false if one is gone. */
static __always_inline bool walker_find(struct walker *walker, struct walk_context *context)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &context->address);

	context->scratch = scratch_get(context->owner);
	if (!connection || !context->scratch)
		return false;
	*walker = walker_init(context, connection);
	return true;
}

#define LOOP_PROGRAM(name, function)                                                               \
	__noinline int name(__u32 owner)                                                           \
	{                                                                                          \
		struct scratch *scratch = scratch_get(owner);                                      \
                                                                                                   \
		return scratch ? function(&scratch->job.feed) : HTTP_MORE;                         \
	}

LOOP_PROGRAM(feed_method, http_method_feed)
LOOP_PROGRAM(feed_target, http_target_feed)
LOOP_PROGRAM(feed_status, http_status_feed)
LOOP_PROGRAM(feed_header, http_header_feed)
LOOP_PROGRAM(feed_chunk, http_chunk_feed)
LOOP_PROGRAM(scan_lines, http_lines_scan)
LOOP_PROGRAM(scan_request, http_request_scan)
LOOP_PROGRAM(scan_response, http_response_scan)

static __always_inline __u32 walker_run(struct walker *walker, enum walk_loop loop)
{
	switch (loop) {
	case FEED_METHOD:
		return feed_method(walker->context->owner);
	case FEED_TARGET:
		return feed_target(walker->context->owner);
	case FEED_STATUS:
		return feed_status(walker->context->owner);
	case FEED_HEADER:
		return feed_header(walker->context->owner);
	case FEED_CHUNK:
		return feed_chunk(walker->context->owner);
	case SCAN_LINES:
		return scan_lines(walker->context->owner);
	case SCAN_REQUEST:
		return scan_request(walker->context->owner);
	case SCAN_RESPONSE:
		return scan_response(walker->context->owner);
	}
	return HTTP_MORE;
}

static __always_inline void walker_open(struct walker *walker)
{
	call_source(walker->context->call, &walker->context->scratch->source);
}

static __always_inline __u32 walker_fetch(struct walker *walker)
{
	struct tracker_job *job = walker->job;

	return byte_source_fetch(&walker->context->scratch->source, &job->feed.window, job->offset,
				 job->length);
}

static __always_inline void walker_event(struct walker *walker, __u32 event)
{
	event_enter(walker->context->owner, walker->connection, walker->job, event);
}

#endif
