/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * phase_table.c - see phase_table.h.
 */
#include "collect/phase_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flush/measure.h"

int phase_table_init(struct phase_table *table, size_t routes)
{
	size_t lists = 1;

	while (lists < routes)
		lists *= 2;
	*table = (struct phase_table){ .route_mask = lists - 1 };
	table->routes = calloc(lists, sizeof(*table->routes));
	return table->routes ? 0 : -ENOMEM;
}

void phase_table_release(struct phase_table *table)
{
	size_t i;

	for (i = 0; table->routes && i <= table->route_mask; i++) {
		struct route_phases *route = table->routes[i], *next;

		for (; route; route = next) {
			next = route->next;
			free(route->route);
			free(route);
		}
	}
	while (table->count > 0) {
		struct phase_series *phase = table->list[--table->count];

		measure_release(&phase->now);
		measure_release(&phase->total);
		free(phase);
	}
	free(table->list);
	free(table->routes);
	memset(table, 0, sizeof(*table));
}

/* djb2, of the route alone: there are few services */
static size_t hash_route(const char *route)
{
	size_t hash = 5381;

	while (route && *route)
		hash = hash * 33 + (unsigned char)*route++;
	return hash;
}

static bool routes_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* One more phase at the end of the list.  Returns NULL when out of memory. */
static struct phase_series *add_phase(struct phase_table *table, const struct route_phases *route,
				      enum request_phase which)
{
	struct phase_series *phase;

	if (table->count == table->room) {
		const size_t room = table->room ? table->room * 2 : 64;
		struct phase_series **grown = reallocarray(table->list, room, sizeof(*grown));

		if (!grown)
			return NULL;
		table->list = grown;
		table->room = room;
	}
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

static struct route_phases *add_route(struct route_phases **place, const char *service,
				      const char *route)
{
	struct route_phases *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->service = service;
	made->route = route ? strdup(route) : NULL;
	if (route && !made->route) {
		free(made);
		return NULL;
	}
	made->next = *place;
	*place = made;
	return made;
}

struct route_phases *phase_table_get(struct phase_table *table, const char *service,
				     const char *route, uint32_t wanted)
{
	struct route_phases **place = &table->routes[hash_route(route) & table->route_mask];
	struct route_phases *found;
	unsigned int phase;

	for (found = *place; found; found = found->next)
		if (found->service == service && routes_equal(found->route, route))
			break;
	if (!found)
		found = add_route(place, service, route);
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
