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

#include "http_parse.h"

/* Turns of the loop over a header section: each takes a line, or 64 bytes of one. */
#define HTTP_SCAN_TURNS 32

/* ---- words ------------------------------------------------------------ */

#define WORD_OF(byte) (0x0101010101010101ULL * (byte))
#define WORD_HIGH_BITS WORD_OF(0x80)

/* 0x80 in the lowest byte that is zero; bytes below it are clear, those above not sure. */
static __always_inline __u64 word_zero(__u64 word)
{
	return (word - WORD_OF(1)) & ~word & WORD_HIGH_BITS;
}

/* Likewise the lowest byte up to `byte`, which is below 0x80. */
static __always_inline __u64 word_at_most(__u64 word, __u8 byte)
{
	return (word - WORD_OF(byte + 1)) & ~word & WORD_HIGH_BITS;
}

/* 0x80 in each byte from `low` to `high`, and perhaps in bytes from 0x80 on. */
static __always_inline __u64 word_between(__u64 word, __u8 low, __u8 high)
{
	__u64 ascii = word & ~WORD_HIGH_BITS;

	return (ascii + WORD_OF(0x80 - low)) & ~(ascii + WORD_OF(0x7f - high)) & WORD_HIGH_BITS;
}

/* Bytes up to and with the lowest that is marked by 0x80. */
static __always_inline __u32 word_marked_end(__u64 marks)
{
	return (((marks - 1) & WORD_OF(1)) * WORD_OF(1)) >> 56;
}

static __always_inline __u64 window_word(const struct http_window *window, __u32 at)
{
	return word_load(&window->bytes[index_mask(at, HTTP_WINDOW - 1)]);
}

/* The two bytes of a line's end. */
#define WORD_CRLF 0x0a0dULL
/* A byte with this bit set is a lower-case letter if it was a letter. */
#define WORD_LETTERS(count) (WORD_OF(0x20) >> (64 - 8 * (count)))
/* The first bytes of a word, as a mask. */
#define WORD_BYTES(count) (~0ULL >> (64 - 8 * (count)))

/* Instead of a position: what is there has another form. */
#define SCAN_NONE 0xffffffffU

/* ---- header section --------------------------------------------------- */

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

/* ---- request line ----------------------------------------------------- */

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
		__u64 slashes = word_between(word, '/', '/');
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
