/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_head.h - a status line, and a header section of either direction, byte by
 * byte: the code, and the two fields that decide framing (RFC 9112, sections 4 to 6).
 *
 * Inputs: the parser's state and the next byte.  Outputs: a verdict; the code, the
 * length and the flags of the body that follows.  Pure, like http_parse.h.  It must
 * not know windows, nor what is made of the framing.
 */
#ifndef REDTAP_HTTP_HEAD_H
#define REDTAP_HTTP_HEAD_H

#include "http/http_state.h"

CONSTANT_TABLE char http_version_text[8] = "HTTP/1.";
CONSTANT_TABLE char http_name_length[16] = "content-length:";
CONSTANT_TABLE char http_name_coding[32] = "transfer-encoding:";
CONSTANT_TABLE char http_coding_chunked[8] = "chunked";

/* "HTTP/1." and a digit; returns 1 at the digit, 0 before it, -1 if malformed. */
static __always_inline int http_version_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	if (at < 7) {
		if (byte != (__u8)http_version_text[at & 7])
			return -1;
		parser->position = at + 1;
		return 0;
	}
	if (at > 7 || !http_is_digit(byte))
		return -1;
	parser->position = 8;
	return 1;
}

/* One byte of a status line, up to the last digit of its code. */
static __always_inline __u32 http_status_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	if (parser->phase == PHASE_RESPONSE) {
		int result = http_version_step(parser, byte);

		if (result > 0) {
			parser->phase = PHASE_STATUS;
			parser->position = 0;
		}
		return result < 0 ? HTTP_BAD : HTTP_MORE;
	}
	parser->position = at + 1;
	if (at == 0) /* the space before the code */
		return byte == ' ' ? HTTP_MORE : HTTP_BAD;
	if (!http_is_digit(byte))
		return HTTP_BAD;
	parser->status = parser->status * 10 + (byte - '0');
	if (at < 3)
		return HTTP_MORE;
	parser->phase = PHASE_REASON;
	return parser->status < 100 ? HTTP_BAD : HTTP_STATUS;
}

/* ---- header section --------------------------------------------------- */

/* End of a Content-Length line: takes the number, or notes that it is wrong. */
static __always_inline void http_length_end(struct http_parser *parser)
{
	__u8 flags = parser->flags;

	if (!(flags & HTTP_LINE_DIGIT))
		flags |= HTTP_LENGTH_BAD;
	if ((flags & HTTP_HAS_LENGTH) && parser->length != parser->number)
		flags |= HTTP_LENGTH_BAD;
	parser->length = parser->number;
	parser->flags = (flags | HTTP_HAS_LENGTH) & ~HTTP_LINE_FLAGS;
	parser->phase = PHASE_LINE;
}

/* One byte of a Content-Length value: 1*DIGIT (RFC 9110, section 8.6). */
static __always_inline void http_length_step(struct http_parser *parser, __u8 byte)
{
	__u8 flags = parser->flags;

	if (byte == '\n') {
		http_length_end(parser);
		return;
	}
	if (http_is_digit(byte) && !(flags & (HTTP_LINE_SPACE | HTTP_LINE_CR))) {
		flags |= HTTP_LINE_DIGIT;
		if (parser->number > HTTP_LENGTH_MAX / 10 - 1)
			flags |= HTTP_LENGTH_BAD;
		else
			parser->number = parser->number * 10 + (byte - '0');
	} else if (byte == '\r') {
		flags |= HTTP_LINE_CR;
	} else if (byte == ' ' || byte == '\t') {
		if (flags & HTTP_LINE_DIGIT)
			flags |= HTTP_LINE_SPACE;
	} else {
		flags |= HTTP_LENGTH_BAD;
	}
	parser->flags = flags;
}

/* Position of a coding that is not chunked. */
#define HTTP_CODING_DIFFERS 0xff

/* One byte of a Transfer-Encoding value: only its last coding matters. */
static __always_inline void http_coding_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	if (byte == '\n') {
		parser->flags |= HTTP_HAS_CODING;
		if (at == 7)
			parser->flags |= HTTP_CHUNKED;
		else
			parser->flags &= ~HTTP_CHUNKED;
		parser->phase = PHASE_LINE;
		return;
	}
	if (byte == ',')
		at = 0;
	else if (byte == ' ' || byte == '\t' || byte == '\r')
		at = at == 0 || at == 7 ? at : HTTP_CODING_DIFFERS;
	else if (at < 7 && http_lower(byte) == (__u8)http_coding_chunked[at & 7])
		at++;
	else
		at = HTTP_CODING_DIFFERS;
	parser->position = at;
}

/* One byte of a header section. */
static __always_inline __u32 http_header_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	switch (parser->phase) {
	case PHASE_VERSION:
		/* spaces before and behind the version: RFC 9112, section 3 */
		if (byte == ' ' && (at == 0 || at == 8))
			return HTTP_MORE;
		if (at < 8)
			return http_version_step(parser, byte) < 0 ? HTTP_BAD : HTTP_MORE;
		if (byte == '\n') /* behind the version: the line's end */
			parser->phase = PHASE_LINE;
		return byte == '\n' || byte == '\r' ? HTTP_MORE : HTTP_BAD;
	case PHASE_REASON: /* behind the code: a space, or the line's end */
		parser->phase = byte == '\n' ? PHASE_LINE : PHASE_LINE_SKIP;
		return byte == '\n' || byte == '\r' || byte == ' ' ? HTTP_MORE : HTTP_BAD;
	case PHASE_LINE:
		parser->position = 1;
		if (byte == '\n')
			return HTTP_HEAD;
		if (byte == '\r')
			parser->phase = PHASE_HEAD_END;
		else if ((byte | 0x20) == 'c')
			parser->phase = PHASE_NAME_LENGTH;
		else if ((byte | 0x20) == 't')
			parser->phase = PHASE_NAME_CODING;
		else
			parser->phase = PHASE_LINE_SKIP;
		return HTTP_MORE;
	case PHASE_HEAD_END:
		return byte == '\n' ? HTTP_HEAD : HTTP_BAD;
	case PHASE_LINE_SKIP:
		if (byte == '\n')
			parser->phase = PHASE_LINE;
		return HTTP_MORE;
	case PHASE_NAME_LENGTH:
		if (http_lower(byte) != (__u8)http_name_length[at & 15]) {
			parser->phase = byte == '\n' ? PHASE_LINE : PHASE_LINE_SKIP;
		} else if (byte == ':') {
			parser->phase = PHASE_LENGTH;
			parser->number = 0;
			parser->flags &= ~HTTP_LINE_FLAGS;
		}
		parser->position = at + 1;
		return HTTP_MORE;
	case PHASE_NAME_CODING:
		if (http_lower(byte) != (__u8)http_name_coding[at & 31]) {
			parser->phase = byte == '\n' ? PHASE_LINE : PHASE_LINE_SKIP;
		} else if (byte == ':') {
			parser->phase = PHASE_CODING;
			at = (__u8)-1; /* to 0 below */
		}
		parser->position = at + 1;
		return HTTP_MORE;
	case PHASE_LENGTH:
		http_length_step(parser, byte);
		return HTTP_MORE;
	case PHASE_CODING:
		http_coding_step(parser, byte);
		return HTTP_MORE;
	default:
		return HTTP_BAD;
	}
}

#endif
