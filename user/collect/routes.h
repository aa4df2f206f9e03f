/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * routes.h - the user's route patterns (--route, --routes).
 *
 * Inputs: patterns, then routes as the kernel has folded them.  Output: the
 * route to export.  It must not know maps, series or formats.
 *
 * A pattern is a path of segments.  {name} matches a whole segment that is not empty, or what is
 * between fixed text: /@{user}, /{name}.json.  All else matches byte for byte, but a slash at the
 * end makes no difference.  The first pattern that matches wins, and its text is the route.
 */
#ifndef REDTAP_ROUTES_H
#define REDTAP_ROUTES_H

#include <stddef.h>

struct routes; /* owned by whoever opened it */

/* No patterns yet.  Returns NULL when there is no memory. */
struct routes *routes_open(void);
void routes_close(struct routes *routes);

/*
 * Adds a copy of a pattern behind the others.  Returns NULL, or the reason why not (it is no
 * pattern, or can never match), to be printed behind "'pattern': ".
 */
const char *routes_add(struct routes *routes, const char *pattern);

/* What is wrong in a file. */
struct routes_fault {
	size_t line; /* from 1 on; 0: the file itself */
	char *text;  /* the pattern, owned by the caller; NULL: the file itself */
	const char *reason;
};

/*
 * Adds the patterns of a file, one a line.  Empty lines and text behind a `#` (which no path
 * can hold) are ignored.  Returns 0, or -errno and fills *fault: -EINVAL for a pattern that
 * routes_add() refuses.
 */
int routes_read(struct routes *routes, const char *path, struct routes_fault *fault);

/*
 * The first pattern that matches a folded path, valid as long as routes; NULL: none does.
 */
const char *routes_match(const struct routes *routes, const char *path);

size_t routes_count(const struct routes *routes);

#endif
