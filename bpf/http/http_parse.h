/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_parse.h - resumable HTTP/1 parser: request line, status line, the two
 * header fields that decide framing, chunk sizes (RFC 9112).
 *
 * Inputs: bytes, one window after the other, cut anywhere.  Outputs: a verdict
 * where something has been completed, and the fields of struct http_parser.
 * Pure: no allocation, no clock, no maps; compiled for BPF and user space.  It
 * must not know connections, transactions or where the bytes come from.
 *
 * All state lives in memory, none in registers across bytes: the verifier then
 * sees the same unknown state at each turn of the loop and the cost of
 * verifying it stays linear.
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
 * Feeds the window to one group of phases until something is completed, the
 * group is left, a phase is reached where it pauses, or the window (or as much
 * as is taken in one go) is used up.  One function a group, so that the verifier
 * checks each loop by itself.
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

/* Skips eight bytes without LF. */
static __always_inline bool http_line_skip(struct http_window *window, __u32 at)
{
	if (at + 8 > window->fill || http_word_has_lf(word_load(&window->bytes[at])))
		return false;
	window->position = at + 8;
	return true;
}

static __always_inline bool http_phase_is_status(__u8 phase)
{
	return phase == PHASE_RESPONSE || phase == PHASE_STATUS;
}

#define HTTP_STEP_METHOD(feed, byte) http_method_step(&(feed)->parser, &(feed)->line, byte)
#define HTTP_STEP_TARGET(feed, byte)                                                               \
	http_target_step(&(feed)->parser, &(feed)->line, (feed)->path, byte)
#define HTTP_STEP_STATUS(feed, byte) http_status_step(&(feed)->parser, byte)
#define HTTP_STEP_HEADER(feed, byte) http_header_step(&(feed)->parser, byte)
#define HTTP_STEP_CHUNK(feed, byte) http_chunk_step(&(feed)->parser, byte)

HTTP_FEED_FUNCTION(http_method_feed, http_phase_is_method, HTTP_STEP_METHOD, PHASE_NONE)
HTTP_FEED_FUNCTION(http_target_feed, http_phase_is_target, HTTP_STEP_TARGET, PHASE_NONE)
HTTP_FEED_FUNCTION(http_status_feed, http_phase_is_status, HTTP_STEP_STATUS, PHASE_NONE)
/* Whole lines are for http_scan.h: it is asked again at each. */
HTTP_FEED_FUNCTION(http_header_feed, http_phase_is_header, HTTP_STEP_HEADER, PHASE_LINE)
HTTP_FEED_FUNCTION(http_chunk_feed, http_phase_is_chunk, HTTP_STEP_CHUNK, PHASE_NONE)

#endif
