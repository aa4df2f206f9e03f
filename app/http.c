/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http.c - see http.h.  The rules are in RFC 9110 and RFC 9112.
 */
#include "http.h"

#include <string.h>
#include <strings.h>

/* Longest chunk-size or trailer line, bytes. */
#define LINE_MAX_BYTES 4096

static bool is_token(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool all_tokens(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (!is_token(text[i]))
			return false;
	return length > 0;
}

/*
 * Finds the line at `at`: sets *end to the end of its text, without CR; returns
 * the start of the next line, or NULL when the line is not complete.  A bare LF
 * ends a line too.
 */
static const char *next_line(const char *at, const char *limit, const char **end)
{
	const char *newline = memchr(at, '\n', (size_t)(limit - at));

	if (!newline) {
		*end = limit;
		return NULL;
	}
	*end = newline > at && newline[-1] == '\r' ? newline - 1 : newline;
	return newline + 1;
}

static enum http_result bad(struct http_request *request, int status)
{
	request->status = status;
	return HTTP_BAD;
}

/* Cuts a request target down to its path. */
static enum http_result parse_target(struct http_request *request, const char *target,
				     size_t length)
{
	const char *end = target + length, *at;

	for (at = target; at < end; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return bad(request, 400);
	if (request->method_bytes == 7 && memcmp(request->method, "CONNECT", 7) == 0) {
		request->path = "";
		return length > 0 ? HTTP_OK : bad(request, 400);
	}
	/* Absolute form, as sent to a proxy: skip everything up to the end of the authority. */
	if (length > 7 && strncasecmp(target, "http://", 7) == 0) {
		target = memchr(target + 7, '/', length - 7);
		if (!target) {
			request->path = "/";
			request->path_bytes = 1;
			return HTTP_OK;
		}
	} else if (length == 0 || (*target != '/' && !(length == 1 && *target == '*'))) {
		return bad(request, 400);
	}
	for (at = target; at < end && *at != '?' && *at != '#'; at++)
		;
	request->path = target;
	request->path_bytes = (size_t)(at - target);
	return HTTP_OK;
}

static enum http_result parse_request_line(struct http_request *request, const char *line,
					   const char *end)
{
	const char *space = memchr(line, ' ', (size_t)(end - line));
	const char *target, *version;

	if (!space || !all_tokens(line, (size_t)(space - line)))
		return bad(request, 400);
	request->method = line;
	request->method_bytes = (size_t)(space - line);
	target = space + 1;
	space = memchr(target, ' ', (size_t)(end - target));
	if (!space)
		return bad(request, 400);
	version = space + 1;
	if (end - version != 8 || memcmp(version, "HTTP/", 5) != 0 || version[6] != '.')
		return bad(request, 400);
	if (version[5] != '1')
		return bad(request, 505);
	if (version[7] < '0' || version[7] > '9')
		return bad(request, 400);
	request->minor_version = version[7] > '0';
	return parse_target(request, target, (size_t)(space - target));
}

static bool value_is(const char *value, size_t length, const char *expected)
{
	return length == strlen(expected) && strncasecmp(value, expected, length) == 0;
}

/* True when a comma-separated list contains the word. */
static bool list_has(const char *list, size_t length, const char *word)
{
	const char *end = list + length, *item, *item_end;

	for (item = list; item < end; item = item_end + 1) {
		item_end = memchr(item, ',', (size_t)(end - item));
		if (!item_end)
			item_end = end;
		while (item < item_end && (*item == ' ' || *item == '\t'))
			item++;
		length = (size_t)(item_end - item);
		while (length > 0 && (item[length - 1] == ' ' || item[length - 1] == '\t'))
			length--;
		if (value_is(item, length, word))
			return true;
	}
	return false;
}

static enum http_result parse_length(struct http_request *request, const char *value, size_t length)
{
	uint64_t number = 0;
	size_t i;

	/* 18 digits fit in 64 bits and are more than any real body needs. */
	if (length == 0 || length > 18)
		return bad(request, 400);
	for (i = 0; i < length; i++) {
		if (value[i] < '0' || value[i] > '9')
			return bad(request, 400);
		number = number * 10 + (uint64_t)(value[i] - '0');
	}
	if (request->has_length && request->content_length != number)
		return bad(request, 400);
	request->has_length = true;
	request->content_length = number;
	return HTTP_OK;
}

static enum http_result parse_field(struct http_request *request, const char *line, const char *end)
{
	const char *colon = memchr(line, ':', (size_t)(end - line));
	const char *value, *at;
	size_t name, length;

	if (!colon || !all_tokens(line, (size_t)(colon - line)))
		return bad(request, 400);
	for (at = colon; at < end; at++)
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
			return bad(request, 400);
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	name = (size_t)(colon - line);
	length = (size_t)(end - value);
	if (value_is(line, name, "content-length"))
		return parse_length(request, value, length);
	if (value_is(line, name, "transfer-encoding")) {
		if (request->chunked || !value_is(value, length, "chunked"))
			return bad(request, 501);
		request->chunked = true;
	} else if (value_is(line, name, "connection")) {
		if (list_has(value, length, "close"))
			request->keep_alive = false;
		else if (request->minor_version == 0 && list_has(value, length, "keep-alive"))
			request->keep_alive = true;
	} else if (value_is(line, name, "expect")) {
		request->expect_continue = value_is(value, length, "100-continue");
	} else if (value_is(line, name, "host")) {
		if (request->has_host)
			return bad(request, 400);
		request->has_host = true;
	}
	return HTTP_OK;
}

/* True when the bytes hold an empty line after a non-empty one. */
static bool head_is_complete(const char *at, const char *limit)
{
	const char *end;

	while (at < limit) {
		const char *next = next_line(at, limit, &end);

		if (!next || end == at)
			return next != NULL;
		at = next;
	}
	return false;
}

enum http_result http_parse_request(struct http_request *request, const char *bytes, size_t count)
{
	const char *limit = bytes + count, *at = bytes, *next, *end;
	enum http_result result;

	*request = (struct http_request){ 0 };
	/* Empty lines before a request are skipped (RFC 9112, section 2.2). */
	while (at < limit && (*at == '\r' || *at == '\n'))
		at++;
	if (!head_is_complete(at, limit))
		return HTTP_PARTIAL;
	next = next_line(at, limit, &end);
	result = parse_request_line(request, at, end);
	request->keep_alive = request->minor_version == 1;
	for (at = next; result == HTTP_OK; at = next) {
		next = next_line(at, limit, &end);
		if (end == at)
			break;
		result = parse_field(request, at, end);
	}
	if (result != HTTP_OK)
		return result;
	request->head_bytes = (size_t)(next - bytes);
	/* Both framings, or chunks in HTTP/1.0, would allow request smuggling. */
	if (request->chunked && (request->has_length || request->minor_version == 0))
		return bad(request, 400);
	if (request->minor_version == 1 && !request->has_host)
		return bad(request, 400);
	return HTTP_OK;
}

void http_body_init(struct http_body *body, const struct http_request *request)
{
	*body = (struct http_body){ 0 };
	if (request->chunked) {
		body->state = BODY_SIZE;
	} else if (request->content_length > 0) {
		body->state = BODY_LENGTH;
		body->remaining = request->content_length;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Parses the line with a chunk's size; false when it is malformed. */
static bool decode_size(struct http_body *body, char c)
{
	const int digit = hex_digit(c);

	if (++body->line_bytes > LINE_MAX_BYTES)
		return false;
	if (body->state == BODY_SIZE && digit >= 0) {
		/* 15 digits fit in 64 bits. */
		if (body->line_bytes > 15)
			return false;
		body->remaining = body->remaining * 16 + (unsigned int)digit;
		return true;
	}
	if (body->line_bytes == 1)
		return false; /* no digit at all */
	if (c == '\n') {
		body->line_bytes = 0;
		body->state = body->remaining > 0 ? BODY_CHUNK : BODY_TRAILER;
		return true;
	}
	if (body->state == BODY_SIZE && c != ';' && c != ' ' && c != '\t' && c != '\r')
		return false;
	body->state = BODY_EXTENSION;
	return true;
}

/* Parses one byte of framing; false when it is malformed. */
static bool decode_framing(struct http_body *body, char c)
{
	switch (body->state) {
	case BODY_SIZE:
	case BODY_EXTENSION:
		return decode_size(body, c);
	case BODY_CHUNK_END:
		if (c == '\n') {
			body->line_bytes = 0;
			body->state = BODY_SIZE;
			return true;
		}
		return c == '\r' && ++body->line_bytes == 1;
	default:
		if (++body->line_bytes > LINE_MAX_BYTES)
			return false;
		if (c == '\n') {
			body->state = body->state == BODY_TRAILER ? BODY_NONE : BODY_TRAILER;
			body->line_bytes = 0;
		} else if (c != '\r') {
			body->state = BODY_TRAILER_LINE;
		}
		return true;
	}
}

enum http_result http_body_decode(struct http_body *body, const char *bytes, size_t count,
				  size_t *used, const char **content, size_t *content_bytes)
{
	*used = 0;
	*content_bytes = 0;
	while (body->state != BODY_NONE && *used < count) {
		if (body->state == BODY_LENGTH || body->state == BODY_CHUNK) {
			*content = bytes + *used;
			*content_bytes = count - *used;
			if (*content_bytes > body->remaining)
				*content_bytes = body->remaining;
			*used += *content_bytes;
			body->remaining -= *content_bytes;
			if (body->remaining == 0)
				body->state = body->state == BODY_CHUNK ? BODY_CHUNK_END
									: BODY_NONE;
			break;
		}
		if (!decode_framing(body, bytes[(*used)++]))
			return HTTP_BAD;
	}
	return body->state == BODY_NONE ? HTTP_OK : HTTP_PARTIAL;
}

const char *http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 300, "Multiple Choices" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 418, "I'm a Teapot" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}
