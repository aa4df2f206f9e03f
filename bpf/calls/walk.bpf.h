/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * walk.bpf.h - going over the bytes of a call: the parser's loops as functions that
 * the verifier checks, and the window that they read.
 *
 * Inputs: the scratch of a call.  Outputs: verdicts; the window filled or stepped
 * over.  It must not know directions.
 */
#ifndef REDTAP_WALK_H
#define REDTAP_WALK_H

#include "calls/connection.bpf.h"

enum walk {
	WALK_ON = 0,
	WALK_DONE,
};

/* The parser's loops; functions of their own, so that the verifier checks each once. */
#define FEED_PROGRAM(name, feed_function)                                                          \
	__noinline int name(__u32 owner)                                                           \
	{                                                                                          \
		struct scratch *scratch = scratch_get(owner);                                      \
                                                                                                   \
		return scratch ? feed_function(&scratch->job.feed) : HTTP_MORE;                    \
	}

FEED_PROGRAM(feed_method, http_method_feed)
FEED_PROGRAM(feed_target, http_target_feed)
FEED_PROGRAM(feed_status, http_status_feed)
FEED_PROGRAM(feed_header, http_header_feed)
FEED_PROGRAM(feed_chunk, http_chunk_feed)
FEED_PROGRAM(scan_lines, http_lines_scan)
FEED_PROGRAM(scan_request, http_request_scan)
FEED_PROGRAM(scan_response, http_response_scan)

/* Whether the window holds more of what was not completed yet. */
static __always_inline bool window_goes_on(const struct tracker_job *job, __u32 verdict)
{
	return verdict == HTTP_MORE && job->feed.window.position < job->feed.window.fill;
}

/* Goes on with a target: up to its end, or the window's. */
static __always_inline __u32 target_parse(struct tracker_job *job, __u32 owner)
{
	__u32 i, verdict = HTTP_MORE;

	for (i = 0; i < HTTP_WINDOW / HTTP_FEED_BYTES; i++) {
		verdict = feed_target(owner);
		if (!window_goes_on(job, verdict) || !http_phase_is_target(job->feed.parser.phase))
			break;
	}
	return verdict;
}

/*
 * Goes on with a header section: in each turn over the lines that the short cut takes,
 * and one that it does not.
 */
static __always_inline __u32 head_parse(struct tracker_job *job, __u32 owner)
{
	__u32 i, verdict = HTTP_MORE;

	for (i = 0; i < TRACKER_HEAD_TURNS; i++) {
		if (http_phase_is_line(job->feed.parser.phase))
			verdict = scan_lines(owner);
		if (!window_goes_on(job, verdict))
			break;
		verdict = feed_header(owner);
		if (!window_goes_on(job, verdict) || !http_phase_is_header(job->feed.parser.phase))
			break;
	}
	return verdict;
}

/* Fills the window if it is used up. */
static __always_inline __u32 window_fill(struct tracker_job *job, struct byte_source *source)
{
	if (job->feed.window.position < job->feed.window.fill)
		return SOURCE_READY;
	return byte_source_fetch(source, &job->feed.window, job->length - job->offset);
}

/* Bytes were stepped over: what the window holds is not what comes next. */
static __always_inline void walk_skip(struct tracker_job *job, struct byte_source *source,
				      __u64 bytes)
{
	job->offset += bytes;
	source->behind += bytes;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
}

#endif
