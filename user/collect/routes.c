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

/* One segment; of a pattern or of a path, where {id} stands for what the kernel has folded. */
struct segment {
	const char *text;
	size_t length;
	bool placeholder;
	size_t before, after; /* bytes around {name}; without one, before is all */
};

static struct segment segment_at(const char *text)
{
	struct segment segment = { .text = text, .length = strcspn(text, "/") };
	const char *open = memchr(text, '{', segment.length), *close = NULL;

	segment.before = segment.length;
	if (open)
		close = memchr(open, '}', text + segment.length - open);
	if (!close)
		return segment;
	segment.placeholder = true;
	segment.before = open - text;
	segment.after = text + segment.length - close - 1;
	return segment;
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

static const char *check_placeholder(const struct segment *segment)
{
	const size_t end = segment->length - segment->after - 1;
	size_t i;

	if (!segment->placeholder || end == segment->before + 1)
		return "braces must enclose a name: {name}";
	for (i = 0; i < segment->length; i++) {
		const char byte = segment->text[i];
		const bool is_name = i > segment->before && i < end;

		if (is_name && !isalnum((unsigned char)byte) && byte != '_' && byte != '-')
			return "a name in braces has only letters, digits, '_' and '-'";
		if (!is_name && i != segment->before && i != end && (byte == '{' || byte == '}'))
			return "a segment has at most one name in braces";
	}
	return NULL;
}

/* Runs the parser on a path with this one segment. */
static const char *check_segment(const struct segment *segment)
{
	struct http_parser parser;
	struct http_request_line line = { 0 };
	char folded[PATH_MAX_BYTES] = "";
	bool kept;
	size_t i;

	http_parser_init(&parser, PHASE_TARGET);
	http_target_step(&parser, &line, folded, '/');
	for (i = 0; i < segment->length; i++)
		if (http_target_step(&parser, &line, folded, segment->text[i]) != HTTP_MORE ||
		    parser.phase != PHASE_PATH)
			return "an observed path never has a blank, '?', '#', ';' or the end of a line in it";
	http_target_step(&parser, &line, folded, ' ');
	kept = line.path_length == 1 + segment->length &&
	       memcmp(folded + 1, segment->text, segment->length) == 0;
	if (segment->placeholder) /* of the name, at least one byte */
		kept = segment->before + 1 + segment->after < HTTP_SEGMENT_TOKEN;
	if (!kept)
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
		const struct segment segment = segment_at(++at);

		wrong = memchr(at, '{', segment.length) || memchr(at, '}', segment.length)
				? check_placeholder(&segment)
				: NULL;
		if (!wrong)
			wrong = check_segment(&segment);
		if (wrong)
			return wrong;
		at += segment.length;
	}
	return NULL;
}
_Static_assert(PATH_MAX_BYTES == 128, "check_pattern() names the number");

/* Whether every segment that `later` matches is matched by `earlier`. */
static bool segment_covers(const struct segment *earlier, const struct segment *later)
{
	const size_t around = earlier->before + earlier->after;

	if (!earlier->placeholder)
		return earlier->length == later->length &&
		       memcmp(earlier->text, later->text, later->length) == 0;
	if (later->placeholder ? later->before < earlier->before || later->after < earlier->after
			       : later->length <= around)
		return false;
	return memcmp(earlier->text, later->text, earlier->before) == 0 &&
	       memcmp(earlier->text + earlier->length - earlier->after,
		      later->text + later->length - earlier->after, earlier->after) == 0;
}

/* A slash at the end makes no difference. */
static bool is_end(const char *text)
{
	return text[0] == '\0' || (text[0] == '/' && text[1] == '\0');
}

/* Whether every path that `later` matches is matched by `earlier`. */
static bool pattern_covers(const char *earlier, const char *later)
{
	while (!is_end(earlier) && !is_end(later) && *earlier == '/' && *later == '/') {
		const struct segment a = segment_at(++earlier), b = segment_at(++later);

		if (!segment_covers(&a, &b))
			return false;
		earlier += a.length;
		later += b.length;
	}
	return is_end(earlier) && is_end(later);
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
