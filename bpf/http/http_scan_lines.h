/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_scan_lines.h - the short cut over a header section, see http_scan.h: a line
 * a turn, those that decide about framing in the forms that nearly all have.
 *
 * Inputs: a struct http_feed whose window is filled, at a line or in one.  Outputs:
 * what http_head.h would have come to; or it stops in front of a line that is not
 * known here.  Pure.  It must not know first lines.
 */
#ifndef REDTAP_HTTP_SCAN_LINES_H
#define REDTAP_HTTP_SCAN_LINES_H

#include "http/http_word.h"

/* Turns of the loop over a header section: each takes a line, or 64 bytes of one. */
#define HTTP_SCAN_TURNS 32

/* The number that up to seven digits stand for: the first bytes of a word. */
static __always_inline __u64 word_decimal(__u64 word, __u32 digits)
{
	/* right-aligned, zeros in front; then pairs, fours, and all eight */
	word = (word & WORD_BYTES(digits)) << (64 - 8 * digits) & WORD_OF(0x0f);
	word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffULL;
	word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffULL;
	return (word * 10000 + (word >> 32)) & 0xffffffffULL;
}

/*
 * A Content-Length line at its value: at most one space, one to seven digits,
 * CRLF.  Returns the position behind it, or SCAN_NONE.
 */
static __always_inline __u32 http_length_scan(struct http_feed *feed, __u32 at)
{
	struct http_parser *parser = &feed->parser;
	__u64 word = window_word(&feed->window, at), number, marks, others;
	__u8 flags = parser->flags;
	__u32 digits;

	if ((word & 0xff) == ' ')
		word = window_word(&feed->window, ++at);
	marks = word_zero(word ^ WORD_OF('\r'));
	if (marks == 0 || (marks & 0xff)) /* none, or in front of all digits */
		return SCAN_NONE;
	digits = word_marked_end(marks) - 1;
	others = (~word_between(word, '0', '9') | word) & WORD_BYTES(digits) & WORD_HIGH_BITS;
	at += digits + 2;
	if (others || at > feed->window.fill ||
	    (window_word(&feed->window, at - 2) & 0xffff) != WORD_CRLF)
		return SCAN_NONE;
	number = word_decimal(word, digits);
	if ((flags & HTTP_HAS_LENGTH) && parser->length != number)
		flags |= HTTP_LENGTH_BAD;
	parser->flags = flags | HTTP_HAS_LENGTH;
	parser->length = number;
	return at;
}

/* A line "Transfer-Encoding: chunked", and nothing else; likewise. */
static __always_inline __u32 http_coding_scan(struct http_feed *feed, __u32 at)
{
	const struct http_window *window = &feed->window;

	if ((window_word(window, at + 8) | (WORD_LETTERS(7) << 8)) !=
		    HTTP_TOKEN_WORD("-encoding", 0) ||
	    (window_word(window, at + 16) | WORD_LETTERS(1) | (WORD_LETTERS(5) << 24)) !=
		    HTTP_TOKEN_WORD("g: chunk", 0) ||
	    ((window_word(window, at + 24) & WORD_BYTES(4)) | WORD_LETTERS(2)) !=
		    HTTP_TOKEN_WORD("ed\r\n", 0) ||
	    at + 28 > window->fill)
		return SCAN_NONE;
	feed->parser.flags |= HTTP_HAS_CODING | HTTP_CHUNKED;
	return at + 28;
}

/*
 * The line that begins at `at`, if it decides about the framing.  Returns the
 * position behind it, or SCAN_NONE; `at` if it is any other line.
 */
static __always_inline __u32 http_line_scan(struct http_feed *feed, __u32 at, __u64 word)
{
	if ((word | WORD_LETTERS(7)) == HTTP_TOKEN_WORD("content-", 0)) {
		__u64 name = window_word(&feed->window, at + 8) & WORD_BYTES(7);

		if ((name | WORD_LETTERS(6)) == HTTP_TOKEN_WORD("length:", 0))
			return http_length_scan(feed, at + 15);
	} else if ((word | WORD_LETTERS(8)) == HTTP_TOKEN_WORD("transfer", 0)) {
		return http_coding_scan(feed, at);
	}
	return at;
}

/* Words that are looked at in one turn of a line. */
#define HTTP_SCAN_WORDS 8
REDTAP_STATIC_ASSERT(HTTP_SCAN_WORDS * 8 <= HTTP_WINDOW_BEHIND, "a turn stays in the window");

/*
 * Marks of the first word of a turn with a byte below 0x20 (or from 0xa0 on, and
 * what a carry from there makes of its neighbour: it can hide 0x1f alone), 0: there
 * is none.  *at moves on to that word, or behind them all.
 */
static __always_inline __u64 http_control_find(const __u8 *bytes, __u32 *at)
{
	__u32 i;

#pragma GCC unroll 8
	for (i = 0; i < HTTP_SCAN_WORDS; i++) {
		__u64 sum = word_load(bytes + i * 8) + WORD_OF(0x60);

		if ((sum & WORD_HIGH_BITS) != WORD_HIGH_BITS) {
			*at += i * 8;
			return ~sum & WORD_HIGH_BITS;
		}
	}
	*at += HTTP_SCAN_WORDS * 8;
	return 0;
}

/* Goes on in a line: to its end, or as far as a turn takes it. */
static __always_inline void http_line_skip_scan(struct http_feed *feed, const __u8 *bytes, __u32 at)
{
	struct http_window *window = &feed->window;
	__u64 marks = http_control_find(bytes, &at), pair;
	__u8 phase = PHASE_LINE_SKIP;

	at += marks ? word_marked_end(marks) : 0;
	if (marks && at <= window->fill) {
		pair = window_word(window, at - 1);
		if ((pair & 0xffff) == WORD_CRLF && at < window->fill) {
			at++;
			phase = PHASE_LINE;
		} else if ((pair & 0xff) == '\n') {
			phase = PHASE_LINE;
		}
	}
	window->position = at < window->fill ? at : window->fill;
	feed->parser.phase = phase;
}

/*
 * One turn over a header section: takes a line up to its end, one that decides
 * about the framing, or bytes of one without its end.  Returns HTTP_HEAD at the
 * section's end; HTTP_BAD where nothing can be taken.
 */
static __always_inline __u32 http_lines_step(struct http_feed *feed, __u32 at)
{
	struct http_window *window = &feed->window;
	const __u8 *bytes = &window->bytes[index_mask(at, HTTP_WINDOW - 1)];

	if (feed->parser.phase == PHASE_LINE) {
		__u64 word = word_load(bytes);
		__u32 first = word & 0xff, end;

		if (first < ' ') {
			if ((word & 0xffff) != WORD_CRLF || at + 2 > window->fill)
				return HTTP_BAD;
			window->position = at + 2;
			return HTTP_HEAD;
		}
		first |= 0x20;
		if (first == 'c' || first == 't') {
			/* the name is to be seen whole, or not to be taken */
			if (at + 16 > window->fill)
				return HTTP_BAD;
			end = http_line_scan(feed, at, word);
			if (end == SCAN_NONE)
				return HTTP_BAD;
			if (end != at) {
				window->position = end;
				return HTTP_MORE;
			}
		}
	}
	http_line_skip_scan(feed, bytes, at);
	return HTTP_MORE;
}

/*
 * Goes through a header section from PHASE_LINE or PHASE_LINE_SKIP on.  Returns
 * HTTP_HEAD at its end; HTTP_MORE where the window ends, or in front of a line
 * that is for the byte-wise functions.
 */
static __always_inline __u32 http_lines_scan(struct http_feed *feed)
{
	__u32 i;

	for (i = 0; i < HTTP_SCAN_TURNS; i++) {
		__u32 at, verdict;

		COMPILER_BARRIER(); /* state stays in memory, see http_parse.h */
		at = feed->window.position;
		if (at >= feed->window.fill)
			return HTTP_MORE;
		verdict = http_lines_step(feed, at);
		if (verdict != HTTP_MORE)
			return verdict == HTTP_HEAD ? HTTP_HEAD : HTTP_MORE;
	}
	return HTTP_MORE;
}

/*
 * Whether http_lines_scan() knows the phase.  It may take nothing: then
 * http_header_feed() takes at least a byte, and at most up to the next line.
 */
static __always_inline bool http_phase_is_line(__u8 phase)
{
	return phase == PHASE_LINE || phase == PHASE_LINE_SKIP;
}

#endif
