/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_parse.h - resumable HTTP/1 parser: request line, status line, the two
 * header fields that decide framing, chunk sizes (RFC 9112).
 *
 * Inputs: bytes, one window after the other, cut anywhere.  Outputs: a verdict
 * where something has been completed, and the fields of struct http_parser.
 * Pure: no allocation, no clock, no maps; compiled for BPF and user space.  It
 * must not know connections, transactions or where the bytes come from.
 *
 * All state lives in memory, none in registers across bytes: the verifier then
 * sees the same unknown state at each turn of the loop and the cost of
 * verifying it stays linear.
 */
#ifndef REDTAP_HTTP_PARSE_H
#define REDTAP_HTTP_PARSE_H

#include "abi.h"

/* Bytes that are looked at in one go; a power of two. */
#define HTTP_WINDOW 1024
/* Bytes behind it that may be loaded, whatever they are: see http_scan.h. */
#define HTTP_WINDOW_BEHIND 64
/* Bytes that the byte-wise functions take in one go, for the verifier's sake. */
#define HTTP_FEED_BYTES 64
REDTAP_STATIC_ASSERT((HTTP_WINDOW & (HTTP_WINDOW - 1)) == 0, "the window is masked");
REDTAP_STATIC_ASSERT((PATH_MAX_BYTES & (PATH_MAX_BYTES - 1)) == 0, "the path is masked");

/* A method token longer than this is not taken for HTTP. */
#define HTTP_METHOD_MAX 24
/* Path segments this long, or hex this long, become {id}: see route folding. */
#define HTTP_SEGMENT_TOKEN 32
#define HTTP_SEGMENT_HEX 16
/* A Content-Length or chunk size above this is refused as malformed. */
#define HTTP_LENGTH_MAX (1ULL << 60)

enum http_verdict {
	HTTP_MORE = 0, /* window used up */
	HTTP_METHOD,   /* method and its space accepted: a request is seen */
	HTTP_TARGET,   /* end of the target: the route is complete */
	HTTP_STATUS,   /* status code accepted */
	HTTP_HEAD,     /* end of a header section */
	HTTP_DATA,     /* chunk data follows: `remaining` bytes */
	HTTP_END,      /* end of a chunked body, trailers included */
	HTTP_BAD,      /* not HTTP/1; the parser must not be fed again */
};

/* In groups, each parsed by one function. */
enum http_phase {
	PHASE_NONE = 0,
	/* method; empty lines before it are skipped: RFC 9112, section 2.2 */
	PHASE_REQUEST,
	PHASE_METHOD,
	/* target */
	PHASE_TARGET,
	PHASE_SCHEME,    /* of an absolute-form target */
	PHASE_AUTHORITY, /* likewise */
	PHASE_PATH,
	PHASE_QUERY,
	/* status line up to its code */
	PHASE_RESPONSE,
	PHASE_STATUS,
	/* header section, with what is left of the line before it */
	PHASE_VERSION,
	PHASE_REASON,
	PHASE_LINE,
	PHASE_LINE_SKIP,
	PHASE_HEAD_END,
	PHASE_NAME_LENGTH,
	PHASE_NAME_CODING,
	PHASE_LENGTH,
	PHASE_CODING,
	/* chunked body */
	PHASE_CHUNK_SIZE,
	PHASE_CHUNK_EXTENSION,
	PHASE_CHUNK_CRLF,
	PHASE_TRAILER,
	PHASE_TRAILER_SKIP,
	PHASE_TRAILER_END,
	/* not fed: the tracker's */
	PHASE_CHUNK_DATA, /* `remaining` bytes are skipped */
	PHASE_BODY,       /* `remaining` bytes of a body of known length */
	PHASE_CLOSE,      /* body that ends with the connection */
	PHASE_LOST,       /* framing unknown: a message may begin at the next call */
	PHASE_IGNORE,     /* not HTTP, or no longer */
};

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
	HTTP_LINE_DIGIT = 16, /* a digit was seen in the number at hand */
	HTTP_LINE_SPACE = 32, /* white space behind that number */
	HTTP_LINE_CR = 64,    /* CR seen, LF due */
};
#define HTTP_LINE_FLAGS (HTTP_LINE_DIGIT | HTTP_LINE_SPACE | HTTP_LINE_CR)

/* One direction of one connection.  Zero, then a phase, is its start. */
struct http_parser {
	__u64 length;    /* Content-Length, bytes */
	__u64 number;    /* number at hand: length or chunk size */
	__u64 remaining; /* body or chunk bytes still to come */
	__u16 status;    /* status code, 0: none yet */
	__u8 phase;      /* enum http_phase */
	__u8 position;   /* in the token at hand */
	__u8 flags;      /* enum http_flag */
	__u8 padding[3];
};

/* What a request line adds. The folded route is built in place in `path`. */
struct http_request_line {
	__u64 method[3]; /* token, little endian, zero padded */
	__u8 method_length;
	__u8 raw_length;     /* bytes of the path as sent */
	__u8 path_length;    /* bytes of `path`, folded so far */
	__u8 segment_start;  /* in `path`, behind the slash */
	__u8 segment_length; /* as sent */
	__u8 segment_digits; /* of these, digits */
	__u8 segment_hex;    /* of these, hexadecimal digits */
	__u8 other;          /* the route is `other` */
};

/* The window; words are loaded at its end too. */
struct http_window {
	__u32 fill;     /* valid bytes */
	__u32 position; /* next byte to consume */
	__u8 bytes[HTTP_WINDOW + HTTP_WINDOW_BEHIND];
};

/* The eight bytes of a token literal from offset on, packed as in method[]. */
#define HTTP_TOKEN_BYTE(text, i)                                                                   \
	((__u64)(__u8)((text "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")[i]))
#define HTTP_TOKEN_WORD(text, o)                                                                   \
	(HTTP_TOKEN_BYTE(text, o) | HTTP_TOKEN_BYTE(text, (o) + 1) << 8 |                          \
	 HTTP_TOKEN_BYTE(text, (o) + 2) << 16 | HTTP_TOKEN_BYTE(text, (o) + 3) << 24 |             \
	 HTTP_TOKEN_BYTE(text, (o) + 4) << 32 | HTTP_TOKEN_BYTE(text, (o) + 5) << 40 |             \
	 HTTP_TOKEN_BYTE(text, (o) + 6) << 48 | HTTP_TOKEN_BYTE(text, (o) + 7) << 56)

/* The enum http_method of a token packed as in http_request_line. */
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

/* Readies the parser for a message that begins with the next byte. */
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

/* Nonzero if one of the eight bytes is LF (an exact test for the lowest one). */
static __always_inline __u64 http_word_has_lf(__u64 word)
{
	word ^= 0x0a0a0a0a0a0a0a0aULL;
	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

enum http_class {
	CLASS_DIGIT = 1,
	CLASS_HEX = 2,
	CLASS_METHOD = 4,
	CLASS_PATH_END = 8, /* ends the path, not the target: ? # ; */
};

/*
 * Classes of bytes.  Method tokens are upper case by convention (RFC 9110,
 * section 9.1), and the grammar's other characters are kept to those that
 * registered methods use: the more narrow, the less noise is taken for HTTP.
 */
CONSTANT_TABLE __u8 http_class_table[256] = {
	['0' ... '9'] = CLASS_DIGIT | CLASS_HEX | CLASS_METHOD,
	['A' ... 'F'] = CLASS_HEX | CLASS_METHOD,
	['G' ... 'Z'] = CLASS_METHOD,
	['a' ... 'f'] = CLASS_HEX,
	['-'] = CLASS_METHOD,
	['_'] = CLASS_METHOD,
	['?'] = CLASS_PATH_END,
	['#'] = CLASS_PATH_END,
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

static __always_inline __u8 http_lower(__u8 byte)
{
	return (__u8)(byte - 'A') < 26 ? byte | 0x20 : byte;
}

/* ---- request line ----------------------------------------------------- */

/* Nothing of a path is known yet. */
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

/* One byte of a method. */
static __always_inline __u32 http_method_step(struct http_parser *parser,
					      struct http_request_line *line, __u8 byte)
{
	__u32 at = line->method_length;

	if (parser->phase == PHASE_REQUEST) {
		if (byte == '\r' || byte == '\n')
			return HTTP_MORE;
		if ((__u8)(byte - 'A') >= 26)
			return HTTP_BAD;
		line->method[0] = byte;
		line->method[1] = 0;
		line->method[2] = 0;
		line->method_length = 1;
		parser->phase = PHASE_METHOD;
		return HTTP_MORE;
	}
	if (byte == ' ') {
		http_path_init(line);
		parser->phase = PHASE_TARGET;
		return HTTP_METHOD;
	}
	if (at >= HTTP_METHOD_MAX || !(http_class(byte) & CLASS_METHOD))
		return HTTP_BAD;
	line->method[at / 8] |= (__u64)byte << (at * 8 & 63);
	line->method_length = at + 1;
	return HTTP_MORE;
}

/*
 * Ends a path segment: all digits, hex of 16 or more, and any 32 bytes or more
 * (so also a UUID) become {id}.
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

	/* a NUL can not be part of a path's text */
	if (line->raw_length >= PATH_MAX_BYTES || byte == 0) {
		line->other = 1;
		return;
	}
	line->raw_length++;
	/* {id} is longer than a digit: a segment that does not fit here may once it is folded */
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

/* One byte of the target before its path, if it has one (RFC 9112, section 3.2). */
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
	case PHASE_SCHEME: /* scheme "://" authority; else nothing that has a path */
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

/* The space behind the target. */
static __always_inline __u32 http_target_end(struct http_parser *parser,
					     struct http_request_line *line, char *path)
{
	__u8 phase = parser->phase;

	if (phase == PHASE_TARGET)
		return HTTP_BAD;
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

/* One byte of a target. */
static __always_inline __u32 http_target_step(struct http_parser *parser,
					      struct http_request_line *line, char *path, __u8 byte)
{
	if (byte == ' ')
		return http_target_end(parser, line, path);
	if (byte == '\r' || byte == '\n')
		return HTTP_BAD;
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

/* ---- status line ------------------------------------------------------ */

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

/* ---- chunked body ----------------------------------------------------- */

/* End of the line that holds a chunk's size. */
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

/* One byte of a chunked body outside chunk data (RFC 9112, section 7.1). */
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

/* ---- feeding ---------------------------------------------------------- */

/* Phases in which everything up to the next LF is skipped. */
static __always_inline bool http_phase_skips_line(__u8 phase)
{
	return phase == PHASE_LINE_SKIP || phase == PHASE_TRAILER_SKIP ||
	       phase == PHASE_CHUNK_EXTENSION;
}

/* Everything that feeding needs: the caller's scratch memory. */
struct http_feed {
	struct http_parser parser;
	struct http_request_line line;
	char path[PATH_MAX_BYTES]; /* route of the request line, folded so far */
	struct http_window window;
};

/*
 * Feeds the window to one group of phases until something is completed, the
 * group is left, a phase is reached where it pauses, or the window (or as much
 * as is taken in one go) is used up.  One function a group, so that the verifier
 * checks each loop by itself.
 */
#define HTTP_FEED_FUNCTION(name, is_group, step, pause)                                            \
	static __always_inline __u32 name(struct http_feed *feed)                                  \
	{                                                                                          \
		__u32 i;                                                                           \
                                                                                                   \
		for (i = 0; i < HTTP_FEED_BYTES; i++) {                                            \
			__u32 at, verdict;                                                         \
			__u8 phase;                                                                \
                                                                                                   \
			COMPILER_BARRIER(); /* state stays in memory, see above */                 \
			at = feed->window.position;                                                \
			phase = feed->parser.phase;                                                \
			if (at >= feed->window.fill || at >= HTTP_WINDOW || !is_group(phase))      \
				return HTTP_MORE;                                                  \
			at = index_mask(at, HTTP_WINDOW - 1);                                      \
			if (http_phase_skips_line(phase) && http_line_skip(&feed->window, at))     \
				continue;                                                          \
			feed->window.position = at + 1;                                            \
			verdict = step(feed, feed->window.bytes[at]);                              \
			if (verdict != HTTP_MORE || feed->parser.phase == (pause))                 \
				return verdict;                                                    \
		}                                                                                  \
		return HTTP_MORE;                                                                  \
	}

/* Skips eight bytes without LF. */
static __always_inline bool http_line_skip(struct http_window *window, __u32 at)
{
	if (at + 8 > window->fill || http_word_has_lf(word_load(&window->bytes[at])))
		return false;
	window->position = at + 8;
	return true;
}

static __always_inline bool http_phase_is_method(__u8 phase)
{
	return phase == PHASE_REQUEST || phase == PHASE_METHOD;
}

static __always_inline bool http_phase_is_status(__u8 phase)
{
	return phase == PHASE_RESPONSE || phase == PHASE_STATUS;
}

#define HTTP_STEP_METHOD(feed, byte) http_method_step(&(feed)->parser, &(feed)->line, byte)
#define HTTP_STEP_TARGET(feed, byte)                                                               \
	http_target_step(&(feed)->parser, &(feed)->line, (feed)->path, byte)
#define HTTP_STEP_STATUS(feed, byte) http_status_step(&(feed)->parser, byte)
#define HTTP_STEP_HEADER(feed, byte) http_header_step(&(feed)->parser, byte)
#define HTTP_STEP_CHUNK(feed, byte) http_chunk_step(&(feed)->parser, byte)

HTTP_FEED_FUNCTION(http_method_feed, http_phase_is_method, HTTP_STEP_METHOD, PHASE_NONE)
HTTP_FEED_FUNCTION(http_target_feed, http_phase_is_target, HTTP_STEP_TARGET, PHASE_NONE)
HTTP_FEED_FUNCTION(http_status_feed, http_phase_is_status, HTTP_STEP_STATUS, PHASE_NONE)
/* Whole lines are for http_scan.h: it is asked again at each. */
HTTP_FEED_FUNCTION(http_header_feed, http_phase_is_header, HTTP_STEP_HEADER, PHASE_LINE)
HTTP_FEED_FUNCTION(http_chunk_feed, http_phase_is_chunk, HTTP_STEP_CHUNK, PHASE_NONE)

#endif
