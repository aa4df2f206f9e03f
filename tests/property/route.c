/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * route.c - see route.h.
 */
#include "route.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HEX "0123456789abcdefABCDEF"
#define SEGMENT_HEX_MIN 16
#define SEGMENT_TOKEN_MIN 32

/* IANA HTTP Method Registry, without PRI and `*`, which no request has. */
/* clang-format off */
const char *const route_methods[] = {
	"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "ACL",
	"BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK",
	"MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE",
	"ORDERPATCH", "PROPFIND", "PROPPATCH", "QUERY", "REBIND", "REPORT", "SEARCH", "UNBIND",
	"UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL", NULL,
};
/* clang-format on */

const char *route_method(const char *method)
{
	const char *const *registered;

	for (registered = route_methods; *registered; registered++)
		if (strcmp(*registered, method) == 0)
			return *registered;
	return "_OTHER";
}

static bool segment_is_id(const char *segment, size_t length)
{
	if (length == 0)
		return false;
	return strspn(segment, "0123456789") >= length || length >= SEGMENT_TOKEN_MIN ||
	       (length >= SEGMENT_HEX_MIN && strspn(segment, HEX) >= length);
}

/* The path within a target: its first byte and its length; false if there is none. */
static bool path_of(const char *target, const char **path, size_t *length)
{
	const char *authority = strstr(target, "://");

	if (target[0] == '/') {
		*path = target;
	} else if (authority && (size_t)(authority - target) == strcspn(target, ":/?#")) {
		*path = authority + 3 + strcspn(authority + 3, "/?#");
		if (**path != '/') {
			*path = "/";
			*length = 1;
			return true;
		}
	} else {
		return false;
	}
	*length = strcspn(*path, "?#;");
	return true;
}

void route_fold(char *route, const char *method, const char *target)
{
	size_t used = 0, length, at;
	const char *path;

	strcpy(route, "other");
	if (strcmp(method, "CONNECT") == 0)
		return;
	if (strcmp(target, "*") == 0) {
		strcpy(route, "*");
		return;
	}
	if (!path_of(target, &path, &length) || length > ROUTE_PATH_MAX)
		return;
	for (at = 0; at < length;) {
		/* a slash and the segment after it */
		const char *segment = path + at + 1;
		const size_t left = length - at - 1;
		const char *slash = memchr(segment, '/', left);
		const size_t size = slash ? (size_t)(slash - segment) : left;
		const bool is_id = segment_is_id(segment, size);
		const size_t folded = 1 + (is_id ? strlen("{id}") : size);

		if (used + folded > ROUTE_PATH_MAX) {
			strcpy(route, "other");
			return;
		}
		used += sprintf(route + used, "/%.*s", is_id ? 4 : (int)size,
				is_id ? "{id}" : segment);
		at += 1 + size;
	}
}
