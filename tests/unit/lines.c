/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * lines.c - see lines.h.
 */
#include "unit.h"

#include "lines.h"
#include "statsd/statsd.h"

void lines_take(void *context, const char *line, size_t length)
{
	struct lines *lines = context;

	assert_true(lines->count < LINES_MAX);
	assert_int_equal(strlen(line), length);
	assert_true(length <= STATSD_LINE_MAX);
	assert_null(strchr(line, '\n'));
	lines->items[lines->count++] = strdup(line);
}

void lines_release(struct lines *lines)
{
	while (lines->count > 0)
		free(lines->items[--lines->count]);
}

size_t lines_count(const struct lines *lines, const char *begin)
{
	size_t count = 0, i;

	for (i = 0; i < lines->count; i++)
		count += strncmp(lines->items[i], begin, strlen(begin)) == 0;
	return count;
}

bool lines_have(const struct lines *lines, const char *line)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		if (strcmp(lines->items[i], line) == 0)
			return true;
	return false;
}

void lines_assert(const struct lines *lines, const char *const *expected, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!lines_have(lines, expected[i]))
			fail_msg("no line '%s'", expected[i]);
}

double lines_sum(const struct lines *lines, const char *name, const char *rest)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < lines->count; i++) {
		const char *line = lines->items[i];
		const char *bar = strchr(line, '|');

		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':' &&
		    strcmp(bar, rest) == 0)
			sum += strtod(line + strlen(name) + 1, NULL);
	}
	return sum;
}
