/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_foreign.h - the first bytes of two other protocols, byte by byte: a TLS ClientHello
 * and the HTTP/2 connection preface.
 *
 * Inputs: the parser's state and the next byte.  Outputs: a verdict.  Pure, like
 * http_parse.h.  Some servers accept a part of them as a request, so only the whole is
 * proof of the other protocol.
 */
#ifndef REDTAP_HTTP_FOREIGN_H
#define REDTAP_HTTP_FOREIGN_H

#include "http/http_state.h"

/* The first byte of a handshake record (RFC 8446, section 5.1). */
#define TLS_HANDSHAKE 0x16

/* After "PRI " (RFC 9113, section 3.4); padded to a power of two. */
CONSTANT_TABLE char http_preface[32] = "* HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define HTTP_PREFACE_BYTES 20

/*
 * Parses one byte of a record after its first: version 3.0 to 3.4, a length of at most
 * 2^14, and a ClientHello in it (RFC 8446, sections 4 and 5.1).
 */
static __always_inline __u32 http_tls_step(struct http_parser *parser, __u8 byte)
{
	switch (parser->position++) {
	case 1:
		return byte == 3 ? HTTP_MORE : HTTP_BAD;
	case 2:
		return byte <= 4 ? HTTP_MORE : HTTP_BAD;
	case 3:
		return byte <= 0x40 ? HTTP_MORE : HTTP_BAD;
	case 4:
		return HTTP_MORE;
	default:
		return byte == 1 ? HTTP_TLS : HTTP_BAD;
	}
}

/* Parses one byte of the preface, from its asterisk on. */
static __always_inline __u32 http_preface_step(struct http_parser *parser, __u8 byte)
{
	__u8 at = parser->position;

	if (byte != (__u8)http_preface[at & 31])
		return HTTP_BAD;
	parser->position = at + 1;
	return at + 1 == HTTP_PREFACE_BYTES ? HTTP_PREFACE : HTTP_MORE;
}

#endif
