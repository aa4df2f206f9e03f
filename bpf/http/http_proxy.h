/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_proxy.h - parses the header of the PROXY protocol, byte by byte.  A load balancer
 * sends it before the first request, to tell the server the client's address.
 *
 * Inputs: the parser's state and the next byte.  Outputs: a verdict; the number of header
 * bytes that follow.  Pure, like http_parse.h.  It must not know addresses.
 *
 * Version 1 is a line, "PROXY TCP4 ...": its first word is parsed as a method.  Version 2
 * is binary: "\r\n\r\n\0\r\nQUIT\n", then four bytes; the last two are the length of the
 * rest.
 */
#ifndef REDTAP_HTTP_PROXY_H
#define REDTAP_HTTP_PROXY_H

#include "http/http_state.h"

CONSTANT_TABLE char http_proxy_mark[8] = "\r\nQUIT\n";
/* Longest line of version 1: 107 bytes, less the six of "PROXY ". */
#define HTTP_PROXY_LINE_BYTES 101
#define HTTP_PROXY_MARK_BYTES 7
#define HTTP_PROXY_SIZE_BYTES 4

/* The NUL of version 2; the empty lines before it have been skipped. */
static __always_inline __u32 http_proxy_begin(struct http_parser *parser)
{
	parser->phase = PHASE_PROXY_MARK;
	parser->position = 0;
	return HTTP_MORE;
}

/* Parses one byte of the header (of version 1: after its first word). */
static __always_inline __u32 http_proxy_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	parser->position = at + 1;
	switch (parser->phase) {
	case PHASE_PROXY_LINE:
		if (byte == '\n')
			http_parser_init(parser, PHASE_REQUEST);
		else if (at + 1 >= HTTP_PROXY_LINE_BYTES)
			return HTTP_BAD;
		return HTTP_MORE;
	case PHASE_PROXY_MARK:
		if (byte != (__u8)http_proxy_mark[at & 7])
			return HTTP_BAD;
		if (at + 1 == HTTP_PROXY_MARK_BYTES) {
			parser->phase = PHASE_PROXY_SIZE;
			parser->position = 0;
		}
		return HTTP_MORE;
	case PHASE_PROXY_SIZE:
		/* only the last two bytes count: version, command and family are skipped */
		parser->number = (parser->number << 8 | byte) & 0xffff;
		if (at + 1 < HTTP_PROXY_SIZE_BYTES)
			return HTTP_MORE;
		parser->remaining = parser->number; /* the caller skips these bytes */
		return HTTP_PROXY;
	default:
		return HTTP_BAD;
	}
}

#endif
