/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_scan.h - the parser's short cut: the forms that nearly all heads have,
 * eight bytes at a time.
 *
 * Inputs: a struct http_feed whose window is filled.  Outputs: exactly what the
 * byte-wise functions of http_parse.h would have come to; or nothing has changed,
 * and these go on from where they were.  So a form that is not known here, and
 * whatever the window does not hold to its end, is none of its business.
 *
 * Positions and counts are kept in registers.  Those that the verifier compares
 * start from memory, where it does not know them: it would follow each value by
 * itself.  Bytes behind the window's fill are looked at like all others; what is
 * found there is thrown away with the position, which is beyond the fill.
 */
#ifndef REDTAP_HTTP_SCAN_H
#define REDTAP_HTTP_SCAN_H

#include "http/http_parse.h"
#include "http/http_scan_lines.h"

/* The length of a frequent method, 0: another one.  word: begins with it. */
static __always_inline __u32 http_method_scan(__u64 word)
{
	__u64 marks = word_zero(word ^ WORD_OF(' ')), token;
	__u32 end = marks ? word_marked_end(marks) : 0;

	if (end == 0)
		return 0;
	/* with its space: a NUL in front of that one is no padding */
	token = word & WORD_BYTES(end);
	if (token == HTTP_TOKEN_WORD("GET ", 0) || token == HTTP_TOKEN_WORD("POST ", 0) ||
	    token == HTTP_TOKEN_WORD("PUT ", 0) || token == HTTP_TOKEN_WORD("HEAD ", 0) ||
	    token == HTTP_TOKEN_WORD("PATCH ", 0) || token == HTTP_TOKEN_WORD("DELETE ", 0) ||
	    token == HTTP_TOKEN_WORD("OPTIONS ", 0))
		return end - 1;
	return 0;
}

/* Bytes that end what is known here as a path: up to space, and # ; ? */
static __always_inline __u64 word_path_end(__u64 word)
{
	/* ';' and '?' differ in one bit */
	return word_at_most(word, ' ') | word_zero(word ^ WORD_OF('#')) |
	       word_zero((word | WORD_OF(0x04)) ^ WORD_OF('?'));
}

/* 1 if a word of marks has none, else 0. */
static __always_inline __u64 word_unmarked(__u64 marks)
{
	return ((marks >> 7) - 1) >> 63;
}

/* Zero, of which the verifier knows nothing. */
static __always_inline __u32 scan_zero(struct http_feed *feed)
{
	feed->line.other = 0;
	COMPILER_BARRIER();
	return feed->line.other;
}

/*
 * Copies the path at `at` into feed->path, by words.  Returns its length, 0: it
 * is too long.  *folds is nonzero if a segment may have to be folded: one that
 * begins with a digit; 16 hexadecimal digits have a word of their own whatever
 * the words' beginning is, and 32 bytes have three without a slash.
 */
static __always_inline __u32 http_path_scan(struct http_feed *feed, __u32 at, __u64 *folds)
{
	__u64 carry = scan_zero(feed); /* the word before has ended with a slash */
	__u64 whole = carry, found = carry;
	__u32 i;

	for (i = 0; i < PATH_MAX_BYTES / 8; i++) {
		__u64 word = window_word(&feed->window, at + i * 8);
		__u64 ends = word_path_end(word);
		__u64 slashes = word_between(word, '/', '/') & ~word; /* not 0xaf, too */
		__u64 digits = word_between(word, '0', '9');

		word_store(&feed->path[i * 8], word);
		if (ends) { /* what lies behind is no part of it */
			*folds = found | ((slashes << 8 | carry) & digits & (ends - 1));
			return i * 8 + word_marked_end(ends) - 1;
		}
		found |= (slashes << 8 | carry) & digits;
		carry = slashes >> 56;
		/* a bit for each word, the last lowest: no slash in it */
		whole = whole << 1 | word_unmarked(slashes);
		if (slashes)
			continue;
		digits |= word_between(word | WORD_OF(0x20), 'a', 'f');
		found |= word_unmarked(~digits & WORD_HIGH_BITS);
		found |= whole & whole >> 1 & whole >> 2 & 1;
	}
	return 0;
}

/*
 * Folds the path of this length at `at` into feed->path, byte by byte as the
 * byte-wise functions do.  Returns whether it fits.
 */
static __always_inline bool http_path_fold(struct http_feed *feed, __u32 at, __u32 length)
{
	struct http_request_line *line = &feed->line;
	__u32 i;

	http_path_init(line);
	for (i = 0; i < PATH_MAX_BYTES; i++) {
		__u8 byte;

		COMPILER_BARRIER(); /* state stays in memory, see http_parse.h */
		if (i >= length)
			break;
		byte = feed->window.bytes[index_mask(at + i, HTTP_WINDOW - 1)];
		if (byte == '/')
			http_path_slash(line, feed->path);
		else
			http_path_append(line, feed->path, byte);
	}
	http_segment_end(line, feed->path);
	return !line->other;
}

/* Goes on to the space behind the query that begins at *at; false: none is plain. */
static __always_inline bool http_query_scan(const struct http_feed *feed, __u32 *at)
{
	__u32 i;

	for (i = 0; i < HTTP_WINDOW / 8 && *at < feed->window.fill; i++) {
		__u64 marks = word_at_most(window_word(&feed->window, *at), ' ');

		if (marks) {
			*at += word_marked_end(marks) - 1;
			return true;
		}
		*at += 8;
	}
	return false;
}

/* Goes over " HTTP/1.1" and the line's end; false: it is not that. */
static __always_inline bool http_version_scan(const struct http_feed *feed, __u32 *at)
{
	__u64 word = window_word(&feed->window, *at + 1);

	if ((window_word(&feed->window, *at) & 0xff) != ' ' ||
	    (word & WORD_BYTES(7)) != HTTP_TOKEN_WORD("HTTP/1.", 0) || !http_is_digit(word >> 56) ||
	    (window_word(&feed->window, *at + 9) & 0xffff) != WORD_CRLF ||
	    *at + 11 > feed->window.fill)
		return false;
	*at += 11;
	return true;
}

/*
 * The first line of a request that begins at the window's position, at
 * PHASE_REQUEST.  Returns whether it was taken; what follows is PHASE_LINE.
 */
static __always_inline bool http_request_scan(struct http_feed *feed)
{
	struct http_request_line *line = &feed->line;
	__u32 begin = feed->window.position;
	__u64 word = window_word(&feed->window, begin), folds = 0;
	__u32 method = http_method_scan(word), path = begin + method + 1, at;

	if (method == 0 || (window_word(&feed->window, path) & 0xff) != '/')
		return false;
	line->path_length = http_path_scan(feed, path, &folds);
	COMPILER_BARRIER(); /* or the verifier follows each length by itself */
	if (line->path_length == 0)
		return false;
	at = path + line->path_length;
	if ((window_word(&feed->window, at) & 0xff) > ' ' && !http_query_scan(feed, &at))
		return false;
	if (!http_version_scan(feed, &at))
		return false;
	line->raw_length = line->path_length;
	if (folds && !http_path_fold(feed, path, line->path_length))
		return false;
	line->method[0] = word & WORD_BYTES(method);
	line->method[1] = 0;
	line->method[2] = 0;
	line->method_length = method;
	line->other = 0;
	feed->parser.phase = PHASE_LINE;
	feed->window.position = at;
	return true;
}

/* ---- status line ------------------------------------------------------ */

/* Whether the next byte is a response's first. */
static __always_inline bool http_response_begins(const struct http_parser *parser)
{
	return parser->phase == PHASE_RESPONSE && parser->position == 0;
}

/*
 * A response that begins at the window's position: its status line, up to the code.  Returns whether it was taken; what follows is
 * PHASE_LINE_SKIP.
 */
static __always_inline bool http_response_scan(struct http_feed *feed)
{
	struct http_window *window = &feed->window;
	__u32 begin = window->position;
	__u64 version = window_word(window, begin), code = window_word(window, begin + 8);
	__u32 hundreds = (code >> 8 & 0xff) - '0', tens = (code >> 16 & 0xff) - '0';
	__u32 ones = (code >> 24 & 0xff) - '0', behind = code >> 32 & 0xff;

	if ((version & WORD_BYTES(7)) != HTTP_TOKEN_WORD("HTTP/1.", 0) ||
	    !http_is_digit(version >> 56) || (code & 0xff) != ' ' || hundreds - 1 > 8 || tens > 9 ||
	    ones > 9 || (behind != ' ' && behind != '\r') || begin + 13 > window->fill)
		return false;
	feed->parser.status = hundreds * 100 + tens * 10 + ones;
	feed->parser.phase = PHASE_LINE_SKIP;
	window->position = begin + 13;
	return true;
}

#endif
