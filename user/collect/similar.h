/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * similar.h - routes that differ in one segment only, and the pattern that would fold them.
 *
 * Input: each route that is exported.  Output: a pattern for --route.  It must not know series,
 * nor what is said to the user.
 */
#ifndef REDTAP_SIMILAR_H
#define REDTAP_SIMILAR_H

#include "abi/abi.h"
#include "base/hash.h"

/* A pattern is suggested when more routes than this would become one. */
#define SIMILAR_MAX 50
/* So many patterns in a run, and these segments from the left. */
#define SIMILAR_PATTERNS_MAX 8
#define SIMILAR_SEGMENTS_MAX 8

/* Zeroed: empty. */
struct similar {
	struct hash_table groups; /* of struct group, which it owns */
	unsigned int patterns;    /* suggested so far */
	char pattern[PATH_MAX_BYTES + 1];
};

/*
 * Takes a route; again it does not count.  Returns a pattern that has become worth suggesting, valid until
 * the next call; else NULL.
 */
const char *similar_add(struct similar *similar, const char *route);
void similar_release(struct similar *similar);

#endif
