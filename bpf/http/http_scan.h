/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_scan.h - the parser's fast path: parses the usual forms of a first line, eight
 * bytes at a time.
 *
 * Inputs: a struct http_feed whose window is filled.  Outputs: the same state as the
 * byte-wise functions of http_parse.h would give; or no change at all, and these
 * functions parse it.  That is so for unusual forms, and for lines that do not end
 * in the window.
 *
 * Positions and counts are in registers.  Those that the verifier compares are loaded
 * from memory first: then it does not know their values, and does not check each value
 * separately.  Bytes after the window's fill are read like all others; a result that
 * includes them has a position beyond the fill and is discarded.
 */
#ifndef REDTAP_HTTP_SCAN_H
#define REDTAP_HTTP_SCAN_H

#include "http/http_parse.h"
#include "http/http_scan_lines.h"

/* Returns the length of a common method at the beginning of word, 0: another method. */
static __always_inline __u32 http_method_scan(__u64 word)
{
	__u64 marks = word_zero(word ^ WORD_OF(' ')), token;
	__u32 end = marks ? word_marked_end(marks) : 0;

	if (end == 0)
		return 0;
	/* compared with its space, so that a NUL before it is not taken for padding */
	token = word & WORD_BYTES(end);
	if (token == HTTP_TOKEN_WORD("GET ", 0) || token == HTTP_TOKEN_WORD("POST ", 0) ||
	    token == HTTP_TOKEN_WORD("PUT ", 0) || token == HTTP_TOKEN_WORD("HEAD ", 0) ||
	    token == HTTP_TOKEN_WORD("PATCH ", 0) || token == HTTP_TOKEN_WORD("DELETE ", 0) ||
	    token == HTTP_TOKEN_WORD("OPTIONS ", 0))
		return end - 1;
	return 0;
}

/* Marks the bytes that end a path: up to space, and # ; ? */
static __always_inline __u64 word_path_end(__u64 word)
{
	/* ';' and '?' differ in one bit */
	return word_at_most(word, ' ') | word_zero(word ^ WORD_OF('#')) |
	       word_zero((word | WORD_OF(0x04)) ^ WORD_OF('?'));
}

/* Returns 1 if no byte is marked, else 0. */
static __always_inline __u64 word_unmarked(__u64 marks)
{
	return ((marks >> 7) - 1) >> 63;
}

/* Returns zero; the verifier does not know the value. */
static __always_inline __u32 scan_zero(struct http_feed *feed)
{
	feed->line.other = 0;
	COMPILER_BARRIER();
	return feed->line.other;
}

/*
 * Copies the path at `at` into feed->path, by words.  Returns its length, 0: too long.
 * *folds is nonzero if a segment may have to be folded: if one begins with a digit, if
 * a word has only hex digits (any 16 of them contain one), or if three words in a row
 * have no slash (any 32 bytes contain three).
 */
static __always_inline __u32 http_path_scan(struct http_feed *feed, __u32 at, __u64 *folds)
{
	__u64 carry = scan_zero(feed); /* the previous word ended with a slash */
	__u64 whole = carry, found = carry;
	__u32 i;

	for (i = 0; i < PATH_MAX_BYTES / 8; i++) {
		__u64 word = window_word(&feed->window, at + i * 8);
		__u64 ends = word_path_end(word);
		__u64 slashes = word_between(word, '/', '/') &
				~word; /* word_between() may mark 0xaf too */
		__u64 digits = word_between(word, '0', '9');

		word_store(&feed->path[i * 8], word);
		if (ends) { /* bytes after the end do not count */
			*folds = found | ((slashes << 8 | carry) & digits & (ends - 1));
			return i * 8 + word_marked_end(ends) - 1;
		}
		found |= (slashes << 8 | carry) & digits;
		carry = slashes >> 56;
		/* one bit for each word, the latest is bit 0: it has no slash */
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
 * Folds the path at `at` into feed->path, byte by byte.  Returns whether the route
 * fits.
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

/* Moves *at over a query, to the space after it; false: no space, or a control byte. */
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

/* Moves *at over " HTTP/1.1" (any minor digit) and CRLF; false: other bytes are there. */
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
 * Parses a request line at the window's position, in PHASE_REQUEST.  Returns whether
 * it was parsed; the next phase is PHASE_LINE.
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
	COMPILER_BARRIER(); /* or the verifier checks each length separately */
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

/* Whether the next byte is the first of a response. */
static __always_inline bool http_response_begins(const struct http_parser *parser)
{
	return parser->phase == PHASE_RESPONSE && parser->position == 0;
}

/*
 * Parses a status line at the window's position, up to the byte after its code.  Returns
 * whether it was parsed; the next phase is PHASE_LINE_SKIP.
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
