/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_scan_lines.h - the fast path for a header section, see http_scan.h: one line in
 * each loop iteration; framing fields only in their usual forms.
 *
 * Inputs: a struct http_feed whose window is filled, at the beginning of a line or in
 * one.  Outputs: the same state as http_head.h would give; stops before a line of an
 * unusual form.  Pure.  It must not know request lines or status lines.
 */
#ifndef REDTAP_HTTP_SCAN_LINES_H
#define REDTAP_HTTP_SCAN_LINES_H

#include "http/http_word.h"

/* Loop iterations over a header section: each parses a line, or 64 bytes of one. */
#define HTTP_SCAN_TURNS 32

/* The value of up to seven decimal digits, which are the first bytes of a word. */
static __always_inline __u64 word_decimal(__u64 word, __u32 digits)
{
	/* right-aligned with leading zeros; then combined to pairs, fours, all eight */
	word = (word & WORD_BYTES(digits)) << (64 - 8 * digits) & WORD_OF(0x0f);
	word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffULL;
	word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffULL;
	return (word * 10000 + (word >> 32)) & 0xffffffffULL;
}

/*
 * Parses a Content-Length value: at most one space, one to seven digits, CRLF.
 * Returns the position after it, or SCAN_NONE.
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
	if (marks == 0 || (marks & 0xff)) /* no CR, or no digit before it */
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

/* Parses exactly "Transfer-Encoding: chunked" and CRLF.  Returns the same. */
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
 * Parses the line at `at` if it is a framing field.  Returns the position after it,
 * SCAN_NONE if its form is unusual, or `at` if it is another field.
 */
static __always_inline __u32 http_line_scan(struct http_feed *feed, __u32 at, __u64 word)
{
	if ((word | WORD_LETTERS(7)) == HTTP_TOKEN_WORD("content-", 0)) {
		__u64 name = window_word(&feed->window, at + 8) | WORD_LETTERS(6);

		if ((name & WORD_BYTES(6)) == HTTP_TOKEN_WORD("length", 0))
			return (name >> 48 & 0xff) == ':' ? http_length_scan(feed, at + 15)
							  : SCAN_NONE;
	} else if ((word | WORD_LETTERS(8)) == HTTP_TOKEN_WORD("transfer", 0)) {
		return http_coding_scan(feed, at);
	}
	return at;
}

/* Words of a line that are checked in one loop iteration. */
#define HTTP_SCAN_WORDS 8
REDTAP_STATIC_ASSERT(HTTP_SCAN_WORDS * 8 <= HTTP_WINDOW_BEHIND,
		     "one iteration stays in the window");

/*
 * Finds the first word with a byte below 0x20.  Returns its marks, 0: no such word.  *at
 * moves to that word, or after all words.  Bytes from 0xa0 on are marked too, and their
 * carry may hide or mark the next byte: only 0x1f can be hidden.
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

/* Skips to the end of the line, at most HTTP_SCAN_WORDS words. */
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
 * One loop iteration over a header section: parses a framing field, or skips another
 * line or a part of it.  Returns HTTP_HEAD at the end of the section, HTTP_BAD if the
 * byte-wise functions have to parse the line.
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
			/* the whole name must be in the window */
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
 * Parses a header section, from PHASE_LINE or PHASE_LINE_SKIP on.  Returns HTTP_HEAD at
 * its end; HTTP_MORE at the end of the window, or before a line that the byte-wise
 * functions have to parse.
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
 * Whether http_lines_scan() can start in this phase.  If it consumes nothing,
 * http_header_feed() consumes at least one byte, and at most the rest of the line.
 */
static __always_inline bool http_phase_is_line(__u8 phase)
{
	return phase == PHASE_LINE || phase == PHASE_LINE_SKIP;
}

#endif
