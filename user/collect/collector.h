/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * collector.h - reads the kernel's maps and turns them into flushes.
 *
 * Inputs: the loader's maps, the user's routes.  Output: struct flush.  Kernel
 * counters only grow and nothing is deleted by reading, so nothing is lost
 * between two reads.  It must not know formats.
 *
 * A series of the kernel that has been idle for an hour retires, so that another
 * can have its place: it is found no more after one flush, its values are read a
 * last time at the next one behind the calls that had found it, and its id is given
 * back (collector_retire.c).  The exported series stays, with its totals, and goes on
 * if the name comes back: receivers do not forget it either.  So that these are bounded
 * as well, a run exports at most COLLECTOR_NAMES times as many series as there are places;
 * then none retires any more, and what is new goes the way of a full table.
 */
#ifndef REDTAP_COLLECTOR_H
#define REDTAP_COLLECTOR_H

#include "flush/flush.h"
#include "kernel/loader.h"
#include "collect/routes.h"

/* Exported series of a run, in max_series. */
#define COLLECTOR_NAMES 2

struct collector;

/*
 * settings: those that the loader was given.  routes: the user's patterns, or NULL;
 * the kernel's series whose routes they join are added up.  Loader and routes must
 * outlive the collector.  Returns 0 or -ENOMEM.
 */
int collector_open(struct collector **collector, struct loader *loader,
		   const struct loader_settings *settings, const struct routes *routes);
void collector_close(struct collector *collector);

/*
 * The id of a service name, which is copied.  Returns it, or -ENOSPC if there
 * are SERVICES_MAX already, -ENOMEM.
 */
int collector_service(struct collector *collector, const char *name);

/*
 * Takes a snapshot.  flush: what happened since the last one, valid until the
 * next.  processes: watched now.  last: the final one.  Returns 0 or -errno.
 */
int collector_take(struct collector *collector, size_t processes, bool last,
		   const struct flush **flush);

/* The same at a time of the caller's, monotonic seconds. */
int collector_take_at(struct collector *collector, double now, size_t processes, bool last,
		      const struct flush **flush);

/*
 * The next step for series that are idle, after a flush has been sent and reported; not
 * after the last one.  It does not wait.  Returns 0 or -errno.
 */
int collector_retire(struct collector *collector);

#endif
