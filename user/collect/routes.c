/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * routes.c - see routes.h.
 *
 * It runs the kernel side's parser (http_parse.h) on each segment, so that both always agree
 * on how paths are folded.
 */
#include "collect/routes.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "http/http_parse.h"

struct routes {
	char **patterns; /* each owned; checked by routes_add() */
	size_t count, room;
};

/* Bytes of the segment that begins here. */
static size_t segment_length(const char *text)
{
	return strcspn(text, "/");
}

/* {name} */
static bool segment_is_placeholder(const char *text, size_t length)
{
	return length > 2 && text[0] == '{' && text[length - 1] == '}';
}

struct routes *routes_open(void)
{
	return calloc(1, sizeof(struct routes));
}

void routes_close(struct routes *routes)
{
	if (!routes)
		return;
	while (routes->count > 0)
		free(routes->patterns[--routes->count]);
	free(routes->patterns);
	free(routes);
}

size_t routes_count(const struct routes *routes)
{
	return routes->count;
}

/* ---- what can be a pattern -------------------------------------------- */

static const char *check_placeholder(const char *text, size_t length)
{
	size_t i;

	if (!segment_is_placeholder(text, length))
		return "braces must enclose a whole segment: /{name}/";
	for (i = 1; i < length - 1; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return "a name in braces has only letters, digits, '_' and '-'";
	return NULL;
}

/* Runs the parser on a path with this one segment. */
static const char *check_literal(const char *text, size_t length)
{
	struct http_parser parser;
	struct http_request_line line = { 0 };
	char folded[PATH_MAX_BYTES] = "";
	size_t i;

	http_parser_init(&parser, PHASE_TARGET);
	http_target_step(&parser, &line, folded, '/');
	for (i = 0; i < length; i++)
		if (http_target_step(&parser, &line, folded, text[i]) != HTTP_MORE ||
		    parser.phase != PHASE_PATH)
			return "an observed path never has a blank, '?', '#', ';' or the end of a line in it";
	http_target_step(&parser, &line, folded, ' ');
	if (line.path_length != 1 + length || memcmp(folded + 1, text, length) != 0)
		return "a segment of digits, of 16 or more hexadecimal digits, or of 32 or more bytes is "
		       "folded to {id} first, so it can never match; write {name} instead";
	return NULL;
}

static const char *check_pattern(const char *pattern)
{
	const char *at = pattern, *wrong;

	if (*pattern != '/')
		return "a pattern begins with '/'";
	if (strlen(pattern) > PATH_MAX_BYTES)
		return "longer than 128 bytes";
	while (*at == '/') {
		const size_t length = segment_length(++at);

		wrong = memchr(at, '{', length) || memchr(at, '}', length)
				? check_placeholder(at, length)
				: check_literal(at, length);
		if (wrong)
			return wrong;
		at += length;
	}
	return NULL;
}
_Static_assert(PATH_MAX_BYTES == 128, "check_pattern() names the number");

/* Whether every path that `later` matches is matched by `earlier`. */
static bool pattern_covers(const char *earlier, const char *later)
{
	while (*earlier == '/' && *later == '/') {
		const size_t a = segment_length(++earlier), b = segment_length(++later);

		if (segment_is_placeholder(earlier, a) ? b == 0
						       : a != b || memcmp(earlier, later, a) != 0)
			return false;
		earlier += a;
		later += b;
	}
	return *earlier == *later;
}

const char *routes_add(struct routes *routes, const char *pattern)
{
	const char *wrong = check_pattern(pattern);
	size_t i;

	if (wrong)
		return wrong;
	for (i = 0; i < routes->count; i++)
		if (pattern_covers(routes->patterns[i], pattern))
			return "it can never match: an earlier pattern matches all of its paths";
	if (GROW(routes->patterns, routes->room, routes->count + 1))
		return "out of memory";
	routes->patterns[routes->count] = strdup(pattern);
	if (!routes->patterns[routes->count])
		return "out of memory";
	routes->count++;
	return NULL;
}

/* ---- file ------------------------------------------------------------- */

/* Removes the comment and the blanks around the pattern.  Returns the rest. */
static char *line_pattern(char *line)
{
	size_t length = strcspn(line, "#");

	while (length > 0 && isspace((unsigned char)line[length - 1]))
		length--;
	line[length] = '\0';
	return line + strspn(line, " \t");
}

int routes_read(struct routes *routes, const char *path, struct routes_fault *fault)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int err = 0;

	*fault = (struct routes_fault){ .reason = NULL };
	while (file && (errno = 0, length = getline(&line, &room, file)) >= 0) {
		const bool binary = strlen(line) != (size_t)length;
		const char *pattern = line_pattern(line);

		fault->line++;
		if (!binary && *pattern == '\0')
			continue;
		fault->reason = binary ? "a NUL byte: is this a text file?"
				       : routes_add(routes, pattern);
		if (!fault->reason)
			continue;
		fault->text = strdup(pattern);
		err = fault->text ? -EINVAL : -ENOMEM;
		break;
	}
	if (!file || (!err && ferror(file))) {
		err = errno ? -errno : -EIO;
		*fault = (struct routes_fault){ .reason = strerror(-err) };
	}
	if (file)
		fclose(file);
	free(line);
	return err;
}

/* ---- matching --------------------------------------------------------- */

static bool pattern_matches(const char *pattern, const char *path)
{
	/* A path is a pattern without placeholders, except for {id}. */
	return pattern_covers(pattern, path);
}

const char *routes_match(const struct routes *routes, const char *path)
{
	size_t i;

	if (*path != '/') /* `*`, `other` */
		return NULL;
	for (i = 0; i < routes->count; i++)
		if (pattern_matches(routes->patterns[i], path))
			return routes->patterns[i];
	return NULL;
}
