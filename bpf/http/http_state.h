/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_state.h - the state of the HTTP/1 parser: structures, phases, verdicts, limits,
 * and the table of character classes.
 *
 * Inputs: none.  Outputs: these definitions, and small helpers.  Pure;
 * compiled for BPF and user space.  It must not know how bytes are read.
 */
#ifndef REDTAP_HTTP_STATE_H
#define REDTAP_HTTP_STATE_H

#include "abi/abi.h"
#include "abi/window.h"

/* Bytes that a byte-wise function parses in one call; bounded for the verifier. */
#define HTTP_FEED_BYTES 64
REDTAP_STATIC_ASSERT((PATH_MAX_BYTES & (PATH_MAX_BYTES - 1)) == 0, "must be a power of two");

/* Bytes of a method token that are kept: no registered method is longer. */
#define HTTP_METHOD_KEPT 24
/* A longer token is not accepted as a method. */
#define HTTP_METHOD_MAX 255
/* Segments of at least so many bytes, or hex digits, become {id}: http_segment_end(). */
#define HTTP_SEGMENT_TOKEN 32
#define HTTP_SEGMENT_HEX 16
/* A larger Content-Length or chunk size is malformed. */
#define HTTP_LENGTH_MAX (1ULL << 60)

enum http_verdict {
	HTTP_MORE = 0, /* window used up */
	HTTP_METHOD,   /* method and the space after it are complete: a request is seen */
	HTTP_TARGET,   /* end of the target: the route is complete */
	HTTP_ODD,      /* no HTTP version: the line may belong to another protocol */
	HTTP_STATUS,   /* status code is complete */
	HTTP_TLS,      /* a TLS ClientHello */
	HTTP_PREFACE,  /* the HTTP/2 connection preface */
	HTTP_PROXY,    /* fixed part of a PROXY header: `remaining` more bytes follow */
	HTTP_HEAD,     /* end of a header section */
	HTTP_DATA,     /* chunk data follows: `remaining` bytes */
	HTTP_END,      /* end of a chunked body, trailers included */
	HTTP_BAD,      /* not HTTP/1; the parser must not be fed again */
};

/* In groups; one function parses each group. */
enum http_phase {
	PHASE_NONE = 0,
	/* PROXY header before the first request: see http_proxy.h */
	PHASE_PROXY_LINE, /* version 1: a line */
	PHASE_PROXY_MARK, /* version 2: binary */
	PHASE_PROXY_SIZE,
	/* method; empty lines before it are skipped: RFC 9112, section 2.2 */
	PHASE_REQUEST,
	PHASE_TLS,     /* after the first byte of a TLS record */
	PHASE_PREFACE, /* after "PRI ": rest of the HTTP/2 preface, or a target */
	PHASE_METHOD,
	/* target */
	PHASE_TARGET,
	PHASE_SCHEME,    /* of a target in absolute form */
	PHASE_AUTHORITY, /* likewise */
	PHASE_PATH,
	PHASE_QUERY,
	/* status line up to its code */
	PHASE_RESPONSE,
	PHASE_STATUS,
	/* header section, and the rest of the line before it */
	PHASE_VERSION,
	PHASE_REASON,
	PHASE_LINE,
	PHASE_LINE_SKIP,
	PHASE_HEAD_END,
	PHASE_NAME_LENGTH,
	PHASE_NAME_CODING,
	PHASE_LENGTH,
	PHASE_LENGTH_FOLD, /* after the line; the next may continue it: RFC 9112, section 5.2 */
	PHASE_CODING_FOLD,
	PHASE_CODING,
	/* chunked body */
	PHASE_CHUNK_SIZE,
	PHASE_CHUNK_EXTENSION,
	PHASE_CHUNK_CRLF,
	PHASE_TRAILER,
	PHASE_TRAILER_SKIP,
	PHASE_TRAILER_END,
	/* handled by the tracker, not by the parser */
	PHASE_CHUNK_DATA, /* `remaining` bytes are skipped */
	PHASE_BODY,       /* `remaining` bytes of a body of known length */
	PHASE_CLOSE,      /* body that ends with the connection */
	PHASE_LOST,       /* framing unknown: a message may begin at the next call */
	PHASE_IGNORE,     /* not HTTP, or no longer */
};

static __always_inline bool http_phase_is_method(__u8 phase)
{
	return phase >= PHASE_PROXY_LINE && phase <= PHASE_METHOD;
}

/* A method has begun and is not complete yet. */
static __always_inline bool http_phase_is_begun(__u8 phase)
{
	return phase > PHASE_REQUEST && phase <= PHASE_METHOD;
}

static __always_inline bool http_phase_is_target(__u8 phase)
{
	return phase >= PHASE_TARGET && phase <= PHASE_QUERY;
}

static __always_inline bool http_phase_is_header(__u8 phase)
{
	return phase >= PHASE_VERSION && phase <= PHASE_CODING;
}

static __always_inline bool http_phase_is_chunk(__u8 phase)
{
	return phase >= PHASE_CHUNK_SIZE && phase <= PHASE_TRAILER_END;
}

enum http_flag {
	HTTP_HAS_LENGTH = 1,  /* Content-Length seen, in `length` */
	HTTP_HAS_CODING = 2,  /* Transfer-Encoding seen */
	HTTP_CHUNKED = 4,     /* its last coding is chunked */
	HTTP_LENGTH_BAD = 8,  /* Content-Length malformed or contradictory */
	HTTP_LINE_DIGIT = 16, /* a digit was seen in the current number */
	HTTP_LINE_SPACE = 32, /* white space after that number */
	HTTP_LINE_CR = 64,    /* CR seen, LF expected */
};
#define HTTP_LINE_FLAGS (HTTP_LINE_DIGIT | HTTP_LINE_SPACE | HTTP_LINE_CR)

/* One direction of one connection.  To start: all zero, and a phase. */
struct http_parser {
	__u64 length;    /* Content-Length, bytes */
	__u64 number;    /* current number: length or chunk size */
	__u64 remaining; /* body or chunk bytes still to come */
	__u16 status;    /* status code, 0: none yet */
	__u8 phase;      /* enum http_phase */
	__u8 position;   /* in the current token */
	__u8 flags;      /* enum http_flag */
	__u8 padding[3];
};

/* Additional state of a request line.  `path` is http_feed.path: the route is built there. */
struct http_request_line {
	__u64 method[3]; /* token, little endian, zero padded, at most HTTP_METHOD_KEPT bytes */
	__u8 method_length;
	__u8 raw_length;     /* bytes of the path as sent */
	__u8 path_length;    /* bytes of `path`, folded so far */
	__u8 segment_start;  /* in `path`, after the slash */
	__u8 segment_length; /* as sent */
	__u8 segment_digits; /* of these, digits */
	__u8 segment_hex;    /* of these, hexadecimal digits */
	__u8 other;          /* the route is `other` */
};

/* Everything that the parser needs; owned by the caller (scratch memory). */
struct http_feed {
	struct http_parser parser;
	struct http_request_line line;
	char path[PATH_MAX_BYTES]; /* route of the request line, folded so far */
	struct http_window window;
};

/* Eight bytes of a literal from offset o on, packed as in method[]. */
#define HTTP_TOKEN_BYTE(text, i)                                                                   \
	((__u64)(__u8)((text "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")[i]))
#define HTTP_TOKEN_WORD(text, o)                                                                   \
	(HTTP_TOKEN_BYTE(text, o) | HTTP_TOKEN_BYTE(text, (o) + 1) << 8 |                          \
	 HTTP_TOKEN_BYTE(text, (o) + 2) << 16 | HTTP_TOKEN_BYTE(text, (o) + 3) << 24 |             \
	 HTTP_TOKEN_BYTE(text, (o) + 4) << 32 | HTTP_TOKEN_BYTE(text, (o) + 5) << 40 |             \
	 HTTP_TOKEN_BYTE(text, (o) + 6) << 48 | HTTP_TOKEN_BYTE(text, (o) + 7) << 56)

/* Looks up the enum http_method of a token that is packed as in http_request_line. */
static __always_inline __u32 http_method_lookup(__u64 word0, __u64 word1, __u64 word2)
{
#define METHOD_ROW(name, token)                                                                    \
	if (word0 == HTTP_TOKEN_WORD(token, 0) && word1 == HTTP_TOKEN_WORD(token, 8) &&            \
	    word2 == HTTP_TOKEN_WORD(token, 16))                                                   \
		return METHOD_##name;
	HTTP_METHODS(METHOD_ROW)
#undef METHOD_ROW
	return METHOD_OTHER;
}

/* Prepares the parser for a message that begins with the next byte. */
static __always_inline void http_parser_init(struct http_parser *parser, __u8 phase)
{
	parser->length = 0;
	parser->number = 0;
	parser->remaining = 0;
	parser->status = 0;
	parser->phase = phase;
	parser->position = 0;
	parser->flags = 0;
}

/* Nonzero if one of the eight bytes is LF (the lowest marked byte is exact). */
static __always_inline __u64 http_word_has_lf(__u64 word)
{
	word ^= 0x0a0a0a0a0a0a0a0aULL;
	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

enum http_class {
	CLASS_DIGIT = 1,
	CLASS_HEX = 2,
	CLASS_TOKEN = 4,    /* RFC 9110, section 5.6.2 */
	CLASS_PATH_END = 8, /* ends the path, not the target: ? # ; */
};

CONSTANT_TABLE __u8 http_class_table[256] = {
	['0' ... '9'] = CLASS_DIGIT | CLASS_HEX | CLASS_TOKEN,
	['A' ... 'F'] = CLASS_HEX | CLASS_TOKEN,
	['G' ... 'Z'] = CLASS_TOKEN,
	['a' ... 'f'] = CLASS_HEX | CLASS_TOKEN,
	['g' ... 'z'] = CLASS_TOKEN,
	['!'] = CLASS_TOKEN,
	['$' ... '\''] = CLASS_TOKEN, /* $ % & ' */
	['*' ... '+'] = CLASS_TOKEN,
	['-' ... '.'] = CLASS_TOKEN,
	['^' ... '`'] = CLASS_TOKEN, /* ^ _ ` */
	['|'] = CLASS_TOKEN,
	['~'] = CLASS_TOKEN,
	['?'] = CLASS_PATH_END,
	['#'] = CLASS_PATH_END | CLASS_TOKEN,
	[';'] = CLASS_PATH_END,
};

static __always_inline __u8 http_class(__u8 byte)
{
	return http_class_table[byte];
}

static __always_inline bool http_is_digit(__u8 byte)
{
	return (__u8)(byte - '0') < 10;
}

static __always_inline bool http_is_space(__u8 byte)
{
	return byte == ' ' || byte == '\t';
}

static __always_inline __u8 http_lower(__u8 byte)
{
	return (__u8)(byte - 'A') < 26 ? byte | 0x20 : byte;
}

#endif
