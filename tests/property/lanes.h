/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * lanes.h - which lane runs which plan, for both sides.
 *
 * A lane runs its plans one after the other; the lanes run at the same time.  Lane l runs
 * the plans with number modulo LANES equal to l.  Each lane has its own port, so a
 * connection needs no number of its plan.
 */
#ifndef REDTAP_PROPERTY_LANES_H
#define REDTAP_PROPERTY_LANES_H

#include <stdint.h>
#include <stdio.h>

#define LANES 4

/* Pipes in the directory of the run: "up" to the server, "down" to the client. */
static inline void lane_channel(char path[256], const char *directory, unsigned int lane,
				const char *way)
{
	snprintf(path, 256, "%s/lane%u.%s", directory, lane, way);
}

/* The lane's first plan with a number of at least first. */
static inline uint32_t lane_first(uint32_t first, unsigned int lane)
{
	return first + (lane + LANES - first % LANES) % LANES;
}

#endif
