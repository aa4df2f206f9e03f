/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_chunk.h - the framing of a chunked body, byte by byte: sizes, extensions,
 * trailers (RFC 9112, section 7.1).  The caller skips the chunk data.
 *
 * Inputs: the parser's state and the next byte.  Outputs: a verdict, and the
 * length of the data that follows.  Pure, like http_parse.h.  It must not know windows.
 */
#ifndef REDTAP_HTTP_CHUNK_H
#define REDTAP_HTTP_CHUNK_H

#include "http/http_state.h"

/* The line with the chunk size ends. */
static __always_inline __u32 http_chunk_line_end(struct http_parser *parser)
{
	if (!(parser->flags & HTTP_LINE_DIGIT))
		return HTTP_BAD;
	parser->flags &= ~HTTP_LINE_FLAGS;
	if (parser->number == 0) {
		parser->phase = PHASE_TRAILER;
		return HTTP_MORE;
	}
	parser->remaining = parser->number;
	parser->phase = PHASE_CHUNK_DATA;
	return HTTP_DATA;
}

/* Parses one byte of chunk framing. */
static __always_inline __u32 http_chunk_step(struct http_parser *parser, __u8 byte)
{
	switch (parser->phase) {
	case PHASE_CHUNK_SIZE:
		if (byte == '\n')
			return http_chunk_line_end(parser);
		if (http_class(byte) & CLASS_HEX) {
			if (parser->number > HTTP_LENGTH_MAX / 16 - 1)
				return HTTP_BAD;
			byte = http_is_digit(byte) ? byte - '0' : (byte | 0x20) - 'a' + 10;
			parser->number = parser->number * 16 + byte;
			parser->flags |= HTTP_LINE_DIGIT;
		} else if (byte == ';' || byte == ' ' || byte == '\t' || byte == '\r') {
			parser->phase = PHASE_CHUNK_EXTENSION;
		} else {
			return HTTP_BAD;
		}
		return HTTP_MORE;
	case PHASE_CHUNK_EXTENSION:
		return byte == '\n' ? http_chunk_line_end(parser) : HTTP_MORE;
	case PHASE_CHUNK_CRLF:
		if (byte == '\n') {
			parser->phase = PHASE_CHUNK_SIZE;
			parser->number = 0;
			return HTTP_MORE;
		}
		return byte == '\r' ? HTTP_MORE : HTTP_BAD;
	case PHASE_TRAILER:
		if (byte == '\n')
			return HTTP_END;
		parser->phase = byte == '\r' ? PHASE_TRAILER_END : PHASE_TRAILER_SKIP;
		return HTTP_MORE;
	case PHASE_TRAILER_SKIP:
		if (byte == '\n')
			parser->phase = PHASE_TRAILER;
		return HTTP_MORE;
	case PHASE_TRAILER_END:
		return byte == '\n' ? HTTP_END : HTTP_BAD;
	default:
		return HTTP_BAD;
	}
}

#endif
