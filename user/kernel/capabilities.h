/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * capabilities.h - the capabilities that redtap needs: one list for loading, check
 * and messages.
 *
 * Input: this process's capabilities.  Output: names.  It must not know how they are
 * used.
 */
#ifndef REDTAP_CAPABILITIES_H
#define REDTAP_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>

struct capability {
	const char *name;
	const char *purpose;   /* "to ..." */
	bool to_load;          /* nothing can be loaded or attached without it */
	bool admin_stands_for; /* CAP_SYS_ADMIN includes it */
	unsigned int number;   /* linux/capability.h */
};

#define CAPABILITY_COUNT 4
extern const struct capability capabilities[CAPABILITY_COUNT];

/* Whether this process has it in effect. */
bool capability_held(const struct capability *capability);

/*
 * Writes the names of missing capabilities, joined by " and "; to_load: only of those
 * that loading needs.  Returns how many.
 */
#define CAPABILITY_TEXT_MAX 128
size_t capabilities_missing(bool to_load, char text[CAPABILITY_TEXT_MAX]);

/* What to do about missing ones: root, and a user in a container, gain nothing by sudo. */
const char *capabilities_advice(void);

#endif
