/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * begins.h - whether a window begins with a message.  Used where the framing does not
 * tell: after it was lost, or where a body may be missing.
 *
 * Inputs: windows.  Outputs: yes or no.  Pure.  It must not know connections.
 */
#ifndef REDTAP_TRACKER_BEGINS_H
#define REDTAP_TRACKER_BEGINS_H

#include "tracker/ring.h"

/* Whether the first line in a window ends with an HTTP version. */
static __always_inline bool tracker_line_has_version(const struct http_window *window)
{
	__u64 marks = 0;
	__u32 at, end;

	for (at = 0; at < HTTP_WINDOW && at < window->fill; at += 8) {
		marks = word_zero(window_word(window, at) ^ WORD_OF('\n'));
		if (marks)
			break;
	}
	end = at + word_marked_end(marks) - 1;
	if (!marks || end >= window->fill || end < 10)
		return false;
	if (window->bytes[index_mask(end - 1, HTTP_WINDOW - 1)] == '\r')
		end--;
	return (window_word(window, end - 9) & WORD_BYTES(6)) == HTTP_TOKEN_WORD(" HTTP/", 0);
}

/*
 * Whether a window begins with a registered method, a space and the first byte of a
 * target: a weaker check would take body text for a request.  whole: the line must be
 * complete and have an HTTP version.
 */
static __always_inline bool tracker_begins_request(const struct http_window *window, bool whole)
{
	__u64 word0 = 0, word1 = 0, word2 = 0;
	__u32 i;

	for (i = 0; i < HTTP_METHOD_KEPT; i++) {
		__u8 byte = window->bytes[i];

		if (i >= window->fill)
			return false;
		if (byte == ' ') {
			byte = window->bytes[i + 1];
			if (i + 1 >= window->fill ||
			    (byte != '/' && byte != '*' && (byte | 0x20) != 'h'))
				return false;
			return http_method_lookup(word0, word1, word2) != METHOD_OTHER &&
			       (!whole || tracker_line_has_version(window));
		}
		if (!(http_class(byte) & CLASS_TOKEN))
			return false;
		if (i < 8)
			word0 |= (__u64)byte << (i * 8 & 63);
		else if (i < 16)
			word1 |= (__u64)byte << (i * 8 & 63);
		else
			word2 |= (__u64)byte << (i * 8 & 63);
	}
	return false;
}

/* Whether a window begins with the version of a status line. */
static __always_inline bool tracker_begins_response(const struct http_window *window)
{
	const __u64 word = word_load(window->bytes);

	return window->fill >= 8 &&
	       ((word & WORD_BYTES(5)) | WORD_LETTERS(4)) == HTTP_TOKEN_WORD("http/", 0) &&
	       http_is_digit(word >> 40) && (word >> 48 & 0xff) == '.';
}

#endif
