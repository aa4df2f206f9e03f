/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_parse.h - resumable HTTP/1 parser: request line, status line, the two
 * header fields that decide framing, chunk sizes (RFC 9112).
 *
 * Inputs: bytes in windows, which may end anywhere in a message.  Outputs: a verdict
 * when an element is complete, and the fields of struct http_parser.
 * Pure: no allocation, no clock, no maps; compiled for BPF and user space.  It
 * must not know connections, transactions or where the bytes come from.
 *
 * Between two bytes all state is in memory, none in registers: so the verifier sees the
 * same unknown state in each loop iteration, and its cost stays linear.
 */
#ifndef REDTAP_HTTP_PARSE_H
#define REDTAP_HTTP_PARSE_H

#include "http/http_chunk.h"
#include "http/http_head.h"
#include "http/http_request_line.h"

/* Phases in which everything up to the next LF is skipped. */
static __always_inline bool http_phase_skips_line(__u8 phase)
{
	return phase == PHASE_LINE_SKIP || phase == PHASE_TRAILER_SKIP ||
	       phase == PHASE_CHUNK_EXTENSION;
}

/*
 * Feeds the window to one group of phases.  Returns when an element is complete, when the
 * next phase belongs to another group or is `pause`, at the window's end, or after
 * HTTP_FEED_BYTES.  One function for each group, so that the verifier checks each loop
 * alone.
 */
#define HTTP_FEED_FUNCTION(name, is_group, step, pause)                                            \
	static __always_inline __u32 name(struct http_feed *feed)                                  \
	{                                                                                          \
		__u32 i;                                                                           \
                                                                                                   \
		for (i = 0; i < HTTP_FEED_BYTES; i++) {                                            \
			__u32 at, verdict;                                                         \
			__u8 phase;                                                                \
                                                                                                   \
			COMPILER_BARRIER(); /* state stays in memory, see above */                 \
			at = feed->window.position;                                                \
			phase = feed->parser.phase;                                                \
			if (at >= feed->window.fill || at >= HTTP_WINDOW || !is_group(phase))      \
				return HTTP_MORE;                                                  \
			at = index_mask(at, HTTP_WINDOW - 1);                                      \
			if (http_phase_skips_line(phase) && http_line_skip(&feed->window, at))     \
				continue;                                                          \
			feed->window.position = at + 1;                                            \
			verdict = step(feed, feed->window.bytes[at]);                              \
			if (verdict != HTTP_MORE || feed->parser.phase == (pause))                 \
				return verdict;                                                    \
		}                                                                                  \
		return HTTP_MORE;                                                                  \
	}

/* Skips eight bytes if none of them is LF. */
static __always_inline bool http_line_skip(struct http_window *window, __u32 at)
{
	if (at + 8 > window->fill || http_word_has_lf(word_load(&window->bytes[at])))
		return false;
	window->position = at + 8;
	return true;
}

/*
 * Parses one byte of a method.  After "PRI ", an asterisk belongs to the HTTP/2 preface;
 * any other byte is the first of the target and stays in the window.
 */
static __always_inline __u32 http_method_feed_step(struct http_feed *feed, __u8 byte)
{
	if (feed->parser.phase != PHASE_PREFACE)
		return http_method_step(&feed->parser, &feed->line, byte);
	if (feed->parser.position || byte == '*')
		return http_preface_step(&feed->parser, byte);
	feed->window.position--;
	return http_method_end(&feed->parser, &feed->line);
}

static __always_inline bool http_phase_is_status(__u8 phase)
{
	return phase == PHASE_RESPONSE || phase == PHASE_STATUS;
}

#define HTTP_STEP_METHOD(feed, byte) http_method_feed_step(feed, byte)
#define HTTP_STEP_TARGET(feed, byte)                                                               \
	http_target_step(&(feed)->parser, &(feed)->line, (feed)->path, byte)
#define HTTP_STEP_STATUS(feed, byte) http_status_step(&(feed)->parser, byte)
#define HTTP_STEP_HEADER(feed, byte) http_header_step(&(feed)->parser, byte)
#define HTTP_STEP_CHUNK(feed, byte) http_chunk_step(&(feed)->parser, byte)

HTTP_FEED_FUNCTION(http_method_feed, http_phase_is_method, HTTP_STEP_METHOD, PHASE_NONE)
HTTP_FEED_FUNCTION(http_target_feed, http_phase_is_target, HTTP_STEP_TARGET, PHASE_NONE)
HTTP_FEED_FUNCTION(http_status_feed, http_phase_is_status, HTTP_STEP_STATUS, PHASE_NONE)
/* Pauses at each line, so that http_scan.h can try it first. */
HTTP_FEED_FUNCTION(http_header_feed, http_phase_is_header, HTTP_STEP_HEADER, PHASE_LINE)
HTTP_FEED_FUNCTION(http_chunk_feed, http_phase_is_chunk, HTTP_STEP_CHUNK, PHASE_NONE)

#endif
