/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * collector.h - reads the kernel's maps and turns them into flushes.
 *
 * Inputs: the loader's maps, the user's routes.  Output: struct flush.  Kernel
 * counters only grow and nothing is deleted by reading, so nothing is lost
 * between two reads.  It must not know formats.
 *
 * A series of the kernel that was idle for an hour retires, so that another can use its place;
 * if more than a quarter of the places are in use, it does so after two minutes for each request
 * that it has counted: what came once gives its place back soon.  It is removed from the kernel's
 * lookup after a flush, read a last time when no program uses it any more, and its id is given
 * back (collector_retire.c).  The exported series stays, with its totals, and continues if the
 * name comes back: receivers do not forget it either.  To bound these too, a run exports at most
 * SERIES_NAMES times as many series as there are places: the kernel is told how many more it may
 * begin, and leaves new routes out while there are places or names for known ones only.
 */
#ifndef REDTAP_COLLECTOR_H
#define REDTAP_COLLECTOR_H

#include "flush/flush.h"
#include "kernel/loader.h"
#include "collect/routes.h"

struct collector;

/*
 * settings: as given to the loader.  routes: the user's patterns, or NULL; series of the
 * kernel that match one pattern are added up.  Loader and routes must outlive the collector.
 * Returns 0 or -ENOMEM.
 */
int collector_open(struct collector **collector, struct loader *loader,
		   const struct loader_settings *settings, const struct routes *routes);
void collector_close(struct collector *collector);

/* The run, and the first interval, begin now (monotonic seconds): not before the hooks are live. */
void collector_begin(struct collector *collector, double now);

/* The service of all that find no name free. */
#define SERVICE_SHARED "other"

/*
 * Returns the id of a service name, which is copied; that of SERVICE_SHARED if all names are
 * in use; or -ENOMEM.
 */
int collector_service(struct collector *collector, const char *name);
const char *collector_service_name(const struct collector *collector, int id);

/* Whether so many names are in use that it is worth looking for unused ones. */
bool collector_services_are_scarce(const struct collector *collector);
/*
 * Gives the ids of services back that no process has (watched: by id), now and at the last
 * call, and which have no requests, connections or exported series.
 */
void collector_give_back_services(struct collector *collector, const bool watched[SERVICES_MAX]);

/*
 * Reads everything.  flush: what happened since the last call, valid until the next one.
 * processes: how many are watched now.  last: the final flush.  Returns 0 or -errno.
 */
int collector_take(struct collector *collector, size_t processes, bool last,
		   const struct flush **flush);

/* The same with a given time, monotonic seconds. */
int collector_take_at(struct collector *collector, double now, size_t processes, bool last,
		      const struct flush **flush);

/*
 * Retires idle series, one step at a time: call it when a flush has been sent and reported,
 * but not after the last one.  It does not wait.  Returns 0 or -errno.
 */
int collector_retire(struct collector *collector);

#endif
