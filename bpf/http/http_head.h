/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_head.h - parses a status line, and the header section of a request or response,
 * byte by byte: the status code, and the two fields that decide the framing (RFC 9112,
 * sections 4 to 6).
 *
 * Inputs: the parser's state and the next byte.  Outputs: a verdict; the status code,
 * the Content-Length and the framing flags.  Pure, like http_parse.h.  It must not know
 * windows, nor how the body is read.
 */
#ifndef REDTAP_HTTP_HEAD_H
#define REDTAP_HTTP_HEAD_H

#include "http/http_state.h"

CONSTANT_TABLE char http_version_text[8] = "http/";
CONSTANT_TABLE char http_name_length[16] = "content-length:";
CONSTANT_TABLE char http_name_coding[32] = "transfer-encoding:";
CONSTANT_TABLE char http_coding_chunked[8] = "chunked";
CONSTANT_TABLE char http_coding_identity[8] = "identity";

/* Positions in a version: after "HTTP/", the major digits, '.', the minor digits. */
enum version_position {
	VERSION_NAME_END = 5,
	VERSION_MAJOR,
	VERSION_POINT,
	VERSION_MINOR,
};

/*
 * Parses one byte of a version: "HTTP/", digits, '.', digits.  RFC 9112, section 2.3
 * allows one digit each; some servers and clients accept more.  Returns false if the
 * byte does not fit.  From VERSION_MINOR on the version is complete.
 */
static __always_inline bool http_version_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	if (at < VERSION_NAME_END) {
		if (http_lower(byte) != (__u8)http_version_text[at & 7])
			return false;
		parser->position = at + 1;
		return true;
	}
	if (byte == '.' && at == VERSION_MAJOR) {
		parser->position = VERSION_POINT;
		return true;
	}
	parser->position = at < VERSION_POINT ? VERSION_MAJOR : VERSION_MINOR;
	return http_is_digit(byte);
}

/* Parses one byte of a status line, up to the last digit of the status code. */
static __always_inline __u32 http_status_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	if (parser->phase == PHASE_RESPONSE) {
		if (at == 0 &&
		    (byte == '\r' || byte == '\n')) /* empty lines, as before a request */
			return HTTP_MORE;
		if (at == VERSION_MINOR && http_is_space(byte)) {
			parser->phase = PHASE_STATUS;
			parser->position = 0;
			return HTTP_MORE;
		}
		return http_version_step(parser, byte) ? HTTP_MORE : HTTP_BAD;
	}
	if (at == 0 && http_is_space(byte))
		return HTTP_MORE;
	if (!http_is_digit(byte))
		return HTTP_BAD;
	parser->position = at + 1;
	parser->status = parser->status * 10 + (byte - '0');
	if (at < 2)
		return HTTP_MORE;
	parser->phase = PHASE_REASON;
	return parser->status < 100 ? HTTP_BAD : HTTP_STATUS;
}

/* ---- header section --------------------------------------------------- */

/* A Content-Length line ends: stores its number, or marks it as malformed. */
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

/* Parses one byte of a Content-Length value: 1*DIGIT (RFC 9110, section 8.6). */
static __always_inline void http_length_step(struct http_parser *parser, __u8 byte)
{
	__u8 flags = parser->flags;

	if (byte == '\n') {
		parser->phase = PHASE_LENGTH_FOLD;
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

/* Positions in a transfer coding: in "chunked", in "identity", in another coding. */
enum coding_position {
	CODING_CHUNKED = 7,         /* after "chunked" */
	CODING_IDENTITY_BEGIN = 16, /* before "identity" */
	CODING_IDENTITY = 24,       /* after "identity" */
	CODING_OTHER = 255,
};

/* A coding ends.  The last one decides; `identity` is skipped (removed by RFC 7230). */
static __always_inline void http_coding_end(struct http_parser *parser)
{
	__u8 at = parser->position;

	parser->position = 0;
	if (at == 0 || at == CODING_IDENTITY)
		return;
	parser->flags |= HTTP_HAS_CODING | HTTP_CHUNKED;
	if (at != CODING_CHUNKED)
		parser->flags &= ~HTTP_CHUNKED;
}

/* Parses one byte of a Transfer-Encoding value. */
static __always_inline void http_coding_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	if (byte == '\n') {
		parser->phase = PHASE_CODING_FOLD;
		return;
	}
	if (byte == ',') {
		http_coding_end(parser);
		return;
	}
	if (at == 0 && http_lower(byte) == 'i')
		at = CODING_IDENTITY_BEGIN;
	if (http_is_space(byte) || byte == '\r')
		at = at == 0 || at == CODING_CHUNKED || at == CODING_IDENTITY ? at : CODING_OTHER;
	else if (at < CODING_CHUNKED && http_lower(byte) == (__u8)http_coding_chunked[at & 7])
		at++;
	else if (at >= CODING_IDENTITY_BEGIN && at < CODING_IDENTITY &&
		 http_lower(byte) == (__u8)http_coding_identity[at & 7])
		at++;
	else
		at = CODING_OTHER;
	parser->position = at;
}

/* The first byte after the line of a framing field: white space continues the line. */
static __always_inline void http_fold_step(struct http_parser *parser, __u8 byte)
{
	if (parser->phase == PHASE_LENGTH_FOLD) {
		if (http_is_space(byte)) {
			parser->phase = PHASE_LENGTH;
			parser->flags &= ~HTTP_LINE_CR;
			http_length_step(parser, byte);
		} else {
			http_length_end(parser);
		}
	} else if (http_is_space(byte)) {
		parser->phase = PHASE_CODING;
	} else {
		http_coding_end(parser);
		parser->phase = PHASE_LINE;
	}
}

/*
 * Parses one byte of a name that may be that of a framing field.  wanted: the byte that
 * this name has here; value: the phase of its value.  RFC 9112, section 5.1 forbids
 * spaces before the colon; some servers and clients accept them.
 */
static __always_inline void http_name_step(struct http_parser *parser, __u8 byte, char wanted,
					   __u8 value)
{
	if (http_is_space(byte) && wanted == ':')
		return;
	parser->position++;
	if (http_lower(byte) != (__u8)wanted) {
		parser->phase = byte == '\n' ? PHASE_LINE : PHASE_LINE_SKIP;
	} else if (byte == ':') {
		parser->phase = value;
		parser->position = 0;
		parser->number = 0;
		parser->flags &= ~HTTP_LINE_FLAGS;
	}
}

/*
 * Parses one byte of a request line after its target: spaces may stand before and after
 * the version (RFC 9112, section 3).  Anything else gives HTTP_ODD, and the header section
 * is parsed as usual.
 */
static __always_inline __u32 http_request_end_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	if (http_is_space(byte) && (at == 0 || at == VERSION_MINOR))
		return HTTP_MORE;
	if (byte != '\r' && byte != '\n' && http_version_step(parser, byte))
		return HTTP_MORE;
	parser->phase = byte == '\n' ? PHASE_LINE : PHASE_LINE_SKIP;
	return at == VERSION_MINOR && (byte == '\r' || byte == '\n') ? HTTP_MORE : HTTP_ODD;
}

/* Parses one byte of a header section. */
static __always_inline __u32 http_header_step(struct http_parser *parser, __u8 byte)
{
	__u8 at;

	if (parser->phase == PHASE_LENGTH_FOLD || parser->phase == PHASE_CODING_FOLD) {
		http_fold_step(parser, byte);
		if (parser->phase != PHASE_LINE)
			return HTTP_MORE;
	}
	at = parser->position;
	switch (parser->phase) {
	case PHASE_VERSION:
		return http_request_end_step(parser, byte);
	case PHASE_REASON: /* after the status code: a space, or the line's end */
		parser->phase = byte == '\n' ? PHASE_LINE : PHASE_LINE_SKIP;
		return byte == '\n' || byte == '\r' || http_is_space(byte) ? HTTP_MORE : HTTP_BAD;
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
		parser->phase = PHASE_LINE_SKIP;
		return byte == '\n' ? HTTP_HEAD : HTTP_MORE;
	case PHASE_LINE_SKIP:
		if (byte == '\n')
			parser->phase = PHASE_LINE;
		return HTTP_MORE;
	case PHASE_NAME_LENGTH:
		http_name_step(parser, byte, http_name_length[at & 15], PHASE_LENGTH);
		return HTTP_MORE;
	case PHASE_NAME_CODING:
		http_name_step(parser, byte, http_name_coding[at & 31], PHASE_CODING);
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
