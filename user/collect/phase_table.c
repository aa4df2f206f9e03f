/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * phase_table.c - see phase_table.h.
 */
#include "collect/phase_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "flush/measure.h"

void phase_table_release(struct phase_table *table)
{
	size_t i;

	for (i = 0; i < table->names.room; i++) {
		struct route_phases *route = table->names.slots[i].entry;

		if (route)
			free(route->route);
		free(route);
	}
	while (table->count > 0) {
		struct phase_series *phase = table->list[--table->count];

		measure_release(&phase->now);
		measure_release(&phase->total);
		free(phase);
	}
	free(table->list);
	hash_release(&table->names);
	memset(table, 0, sizeof(*table));
}

/* One more phase at the end of the list.  Returns NULL when out of memory. */
static struct phase_series *add_phase(struct phase_table *table, const struct route_phases *route,
				      enum request_phase which)
{
	struct phase_series *phase;

	if (GROW(table->list, table->room, table->count + 1))
		return NULL;
	phase = calloc(1, sizeof(*phase));
	if (!phase)
		return NULL;
	phase->id = table->count;
	phase->phase = which;
	phase->service = route->service;
	phase->route = route->route;
	table->list[table->count++] = phase;
	return phase;
}

static uint64_t hash_route(const char *service, const char *route)
{
	/* of each service there is one copy of the name */
	const uint64_t hash = hash_bytes(HASH_START, &service, sizeof(service));

	return route ? hash_bytes(hash, route, strlen(route) + 1) : hash;
}

/* A hash_equal. */
static bool routes_equal(const void *entry, const void *wanted)
{
	const struct route_phases *a = entry, *b = wanted;

	if (a->service != b->service)
		return false;
	return a->route && b->route ? strcmp(a->route, b->route) == 0 : a->route == b->route;
}

/* wanted: service and route; both are kept, the route as a copy. */
static struct route_phases *add_route(struct phase_table *table, uint64_t hash,
				      const struct route_phases *wanted)
{
	struct route_phases *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->service = wanted->service;
	made->route = wanted->route ? strdup(wanted->route) : NULL;
	if ((wanted->route && !made->route) || hash_add(&table->names, hash, made)) {
		free(made->route);
		free(made);
		return NULL;
	}
	return made;
}

struct route_phases *phase_table_get(struct phase_table *table, const char *service,
				     const char *route, uint32_t wanted)
{
	const struct route_phases name = { .service = service, .route = (char *)route };
	const uint64_t hash = hash_route(service, route);
	struct route_phases *found = hash_find(&table->names, hash, routes_equal, &name);
	unsigned int phase;

	if (!found)
		found = add_route(table, hash, &name);
	for (phase = REQUEST_PHASE_NONE + 1; found && phase < REQUEST_PHASE_COUNT; phase++) {
		if (!(wanted & (1U << phase)) || found->phases[phase])
			continue;
		found->phases[phase] = add_phase(table, found, phase);
		if (!found->phases[phase])
			return NULL;
	}
	return found;
}

void phase_table_begin(struct phase_table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		measure_clear(&table->list[i]->now);
}

int phase_table_end(struct phase_table *table)
{
	size_t i;
	int err = 0;

	for (i = 0; i < table->count && !err; i++) {
		err = measure_add(&table->list[i]->total, &table->list[i]->now);
		table->list[i]->born = i >= table->shown;
	}
	table->shown = table->count;
	return err;
}
