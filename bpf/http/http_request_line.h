/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_request_line.h - parses a request line, byte by byte: its method, and its target
 * folded into a route (RFC 9112, section 3).
 *
 * Inputs: the parser's state and the next byte.  Outputs: a verdict; the method and the
 * route.  Pure, like http_parse.h.  It must not know windows.
 */
#ifndef REDTAP_HTTP_REQUEST_LINE_H
#define REDTAP_HTTP_REQUEST_LINE_H

#include "http/http_foreign.h"
#include "http/http_proxy.h"

/* Clears what is known of the path. */
static __always_inline void http_path_init(struct http_request_line *line)
{
	line->raw_length = 0;
	line->path_length = 0;
	line->segment_start = 0;
	line->segment_length = 0;
	line->segment_digits = 0;
	line->segment_hex = 0;
	line->other = 0;
}

/* A method and the space after it are complete. */
static __always_inline __u32 http_method_end(struct http_parser *parser,
					     struct http_request_line *line)
{
	http_path_init(line);
	parser->phase = PHASE_TARGET;
	return HTTP_METHOD;
}

/* Parses one byte of a method, up to PHASE_PREFACE. */
static __always_inline __u32 http_method_step(struct http_parser *parser,
					      struct http_request_line *line, __u8 byte)
{
	__u32 at = line->method_length;

	if (parser->phase < PHASE_REQUEST)
		return http_proxy_step(parser, byte);
	if (parser->phase == PHASE_TLS)
		return http_tls_step(parser, byte);
	if (parser->phase == PHASE_REQUEST) {
		if (byte == '\r' || byte == '\n')
			return HTTP_MORE;
		if (byte == 0)
			return http_proxy_begin(parser);
		parser->position = byte == TLS_HANDSHAKE;
		if (byte == TLS_HANDSHAKE) {
			parser->phase = PHASE_TLS;
			return HTTP_MORE;
		}
		if (!(http_class(byte) & CLASS_TOKEN))
			return HTTP_BAD;
		line->method[0] = byte;
		line->method[1] = 0;
		line->method[2] = 0;
		line->method_length = 1;
		parser->phase = PHASE_METHOD;
		return HTTP_MORE;
	}
	if (http_is_space(byte)) {
		if (line->method[0] == HTTP_TOKEN_WORD("PRI", 0) && byte == ' ') {
			parser->phase = PHASE_PREFACE;
			return HTTP_MORE;
		}
		return http_method_end(parser, line);
	}
	if (at >= HTTP_METHOD_MAX || !(http_class(byte) & CLASS_TOKEN))
		return HTTP_BAD;
	if (at < HTTP_METHOD_KEPT)
		line->method[at / 8] |= (__u64)byte << (at * 8 & 63);
	line->method_length = at + 1;
	return HTTP_MORE;
}

/*
 * Ends a path segment.  It becomes {id} if it has only digits, only hex digits and at
 * least 16 of them, or at least 32 bytes (so also a UUID).
 */
static __always_inline void http_segment_end(struct http_request_line *line, char *path)
{
	__u8 length = line->segment_length;
	__u32 at = line->segment_start;

	if (length == 0)
		return;
	if (line->segment_digits != length && length < HTTP_SEGMENT_TOKEN &&
	    (line->segment_hex != length || length < HTTP_SEGMENT_HEX)) {
		if (at + length > PATH_MAX_BYTES)
			line->other = 1;
		return;
	}
	if (at + 4 > PATH_MAX_BYTES) {
		line->other = 1;
		return;
	}
	path[index_mask(at, PATH_MAX_BYTES - 1)] = '{';
	path[index_mask(at + 1, PATH_MAX_BYTES - 1)] = 'i';
	path[index_mask(at + 2, PATH_MAX_BYTES - 1)] = 'd';
	path[index_mask(at + 3, PATH_MAX_BYTES - 1)] = '}';
	line->path_length = at + 4;
}

static __always_inline void http_path_append(struct http_request_line *line, char *path, __u8 byte)
{
	__u32 at = line->path_length;
	__u8 class = http_class(byte);

	/* a path cannot contain NUL */
	if (line->raw_length >= PATH_MAX_BYTES || byte == 0) {
		line->other = 1;
		return;
	}
	line->raw_length++;
	/* a segment that is too long here may fit after folding */
	if (at < PATH_MAX_BYTES) {
		path[index_mask(at, PATH_MAX_BYTES - 1)] = byte;
		line->path_length = at + 1;
	}
	line->segment_length++;
	line->segment_digits += class & CLASS_DIGIT;
	line->segment_hex += (class & CLASS_HEX) / CLASS_HEX;
}

/* A slash ends one segment and begins the next. */
static __always_inline void http_path_slash(struct http_request_line *line, char *path)
{
	http_segment_end(line, path);
	if (line->path_length >= PATH_MAX_BYTES)
		line->other = 1;
	http_path_append(line, path, '/');
	line->segment_start = line->path_length;
	line->segment_length = 0;
	line->segment_digits = 0;
	line->segment_hex = 0;
}

/* Parses one byte of the target before its path (RFC 9112, section 3.2). */
static __always_inline void http_target_begin_step(struct http_parser *parser,
						   struct http_request_line *line, char *path,
						   __u8 byte)
{
	__u8 at = parser->position;

	switch (parser->phase) {
	case PHASE_TARGET:
		parser->position = 0;
		parser->phase = PHASE_SCHEME;
		if (byte == '/' || byte == '*') {
			http_path_append(line, path, byte);
			parser->phase = byte == '/' ? PHASE_PATH : PHASE_QUERY;
			line->segment_start = 1;
			line->segment_length = 0;
		}
		break;
	case PHASE_SCHEME: /* scheme "://" authority; any other form has no path */
		if ((byte == ':' && at == 0) || (byte == '/' && at == 1)) {
			parser->position = at + 1;
		} else if (byte == '/' && at == 2) {
			parser->phase = PHASE_AUTHORITY;
		} else if (at != 0) {
			line->other = 1;
			parser->phase = PHASE_QUERY;
		}
		break;
	default: /* PHASE_AUTHORITY; an empty path is "/": RFC 9110, section 4.2.3 */
		if (byte == '/' || byte == '?' || byte == '#') {
			http_path_append(line, path, '/');
			parser->phase = byte == '/' ? PHASE_PATH : PHASE_QUERY;
			line->segment_start = 1;
			line->segment_length = 0;
		}
		break;
	}
}

/* The space or tab after the target. */
static __always_inline __u32 http_target_end(struct http_parser *parser,
					     struct http_request_line *line, char *path)
{
	__u8 phase = parser->phase;

	if (phase == PHASE_TARGET) /* more than one space: RFC 9112, section 3 */
		return HTTP_MORE;
	if (phase == PHASE_PATH)
		http_segment_end(line, path);
	else if (phase == PHASE_AUTHORITY)
		http_path_append(line, path, '/');
	else if (phase == PHASE_SCHEME)
		line->other = 1;
	parser->phase = PHASE_VERSION;
	parser->position = 0;
	return HTTP_TARGET;
}

/* The line ends after the target: as in HTTP/0.9 and in other protocols. */
static __always_inline __u32 http_target_last(struct http_parser *parser,
					      struct http_request_line *line, char *path, __u8 byte)
{
	if (parser->phase == PHASE_TARGET)
		line->other = 1;
	else
		http_target_end(parser, line, path);
	parser->phase = byte == '\n' ? PHASE_LINE : PHASE_LINE_SKIP;
	return HTTP_TARGET;
}

/* Parses one byte of a target. */
static __always_inline __u32 http_target_step(struct http_parser *parser,
					      struct http_request_line *line, char *path, __u8 byte)
{
	if (http_is_space(byte))
		return http_target_end(parser, line, path);
	if (byte == '\r' || byte == '\n')
		return http_target_last(parser, line, path, byte);
	if (parser->phase == PHASE_QUERY)
		return HTTP_MORE;
	if (parser->phase != PHASE_PATH) {
		http_target_begin_step(parser, line, path, byte);
	} else if (byte == '/') {
		http_path_slash(line, path);
	} else if (http_class(byte) & CLASS_PATH_END) {
		http_segment_end(line, path);
		parser->phase = PHASE_QUERY;
	} else {
		http_path_append(line, path, byte);
	}
	return HTTP_MORE;
}

#endif
