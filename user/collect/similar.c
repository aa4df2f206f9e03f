/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * similar.c - see similar.h.
 *
 * A group is a pattern with one {name}.  It is known by its hash alone: two that meet would bring
 * forward a suggestion.
 */
#include "collect/similar.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/fold.h"

struct group {
	uint64_t hash;
	unsigned int routes;
};

/* A hash_equal. */
static bool group_equal(const void *entry, const void *wanted)
{
	return ((const struct group *)entry)->hash == *(const uint64_t *)wanted;
}

/*
 * Clients choose paths, and people paste what redtap suggests into a shell: only bytes that mean
 * nothing there, and no braces but those of {id}.
 */
static bool is_harmless(const char *route)
{
	for (; *route; route++) {
		if (strncmp(route, "/{id}", 5) == 0)
			route += 4;
		else if (!isalnum((unsigned char)*route) && !strchr("/-._%@+:,=", *route))
			return false;
	}
	return true;
}

/* Counts in the group of a text, and returns how many it has; 0: out of memory. */
static unsigned int count_in_group(struct similar *similar, const char *text)
{
	const uint64_t hash = hash_bytes(HASH_START, text, strlen(text));
	struct group *group = hash_find(&similar->groups, hash, group_equal, &hash);

	if (!group) {
		group = calloc(1, sizeof(*group));
		if (!group)
			return 0;
		group->hash = hash;
		if (hash_add(&similar->groups, hash, group)) {
			free(group);
			return 0;
		}
	}
	return ++group->routes;
}

/* The route with {name} for a segment; the extension stays.  Returns false if there is no room. */
static bool make_pattern(char pattern[PATH_MAX_BYTES + 1], const char *route, const char *segment,
			 size_t length)
{
	return snprintf(pattern, PATH_MAX_BYTES + 1, "%.*s{name}%s", (int)(segment - route), route,
			segment + fold_stem(segment, length)) <= PATH_MAX_BYTES;
}

const char *similar_add(struct similar *similar, const char *route)
{
	const char *segment = route, *found = NULL;
	char pattern[PATH_MAX_BYTES + 1];
	size_t length, i;

	/* a route is a group of itself: it is taken once */
	if (*route != '/' || !is_harmless(route) || count_in_group(similar, route) != 1)
		return NULL;
	for (i = 0; i < SIMILAR_SEGMENTS_MAX && *segment == '/'; i++, segment += length) {
		length = strcspn(++segment, "/");
		if (length == 0 || memchr(segment, '{', length) ||
		    !make_pattern(pattern, route, segment, length) ||
		    count_in_group(similar, pattern) != SIMILAR_MAX + 1 || found ||
		    similar->patterns == SIMILAR_PATTERNS_MAX)
			continue;
		similar->patterns++;
		found = strcpy(similar->pattern, pattern);
	}
	return found;
}

void similar_release(struct similar *similar)
{
	size_t i;

	for (i = 0; i < similar->groups.room; i++)
		free(similar->groups.slots[i].entry);
	hash_release(&similar->groups);
}
