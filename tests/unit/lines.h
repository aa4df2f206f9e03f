/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * lines.h - keeps the StatsD lines that an encoder writes, and finds them again.
 *
 * Input: lines.  Output: which lines there are, and the sums of their values.  It must
 * not know which lines are expected.
 */
#ifndef REDTAP_LINES_H
#define REDTAP_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_MAX 16384

/* Zeroed: no lines. */
struct lines {
	char *items[LINES_MAX];
	size_t count;
};

/* A statsd_sink: context is a struct lines. */
void lines_take(void *context, const char *line, size_t length);
/* Frees all lines. */
void lines_release(struct lines *lines);

/* The number of lines that begin with a text. */
size_t lines_count(const struct lines *lines, const char *begin);
bool lines_have(const struct lines *lines, const char *line);
/* Fails the test at the first line that is missing. */
void lines_assert(const struct lines *lines, const char *const *expected, size_t count);
#define LINES_ASSERT(lines, ...)                                                                   \
	lines_assert(lines, (const char *const[]){ __VA_ARGS__ },                                  \
		     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/*
 * The sum of all values of a name, as a receiver would add them; rest: the text after
 * the value, "|c|#...".
 */
double lines_sum(const struct lines *lines, const char *name, const char *rest);

#endif
