/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * lines.h - StatsD lines as an encoder hands them out, kept and asked for.
 *
 * Input: lines.  Output: which there are, and what they amount to.  It must not
 * know which are due.
 */
#ifndef REDTAP_LINES_H
#define REDTAP_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_MAX 16384

/* Zeroed: none. */
struct lines {
	char *items[LINES_MAX];
	size_t count;
};

/* A statsd_sink: context is a struct lines. */
void lines_take(void *context, const char *line, size_t length);
/* Forgets all. */
void lines_release(struct lines *lines);

/* Lines that begin with a text. */
size_t lines_count(const struct lines *lines, const char *begin);
bool lines_have(const struct lines *lines, const char *line);
/* Fails the test at the first that is not there. */
void lines_assert(const struct lines *lines, const char *const *expected, size_t count);
#define LINES_ASSERT(lines, ...)                                                                   \
	lines_assert(lines, (const char *const[]){ __VA_ARGS__ },                                  \
		     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/*
 * What a receiver that adds up all values of a name has got; rest: what follows
 * the value, "|c|#...".
 */
double lines_sum(const struct lines *lines, const char *name, const char *rest);

#endif
