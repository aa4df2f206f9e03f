// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * collector_service.c - the names of services, and which of them are in use.
 *
 * Whoever may listen on a watched port, or choose the name of a process, could use up all names.
 * So those that are unused are given back, and one is kept for all that find none free.
 *
 * A program may have read a service from a process that has ended meanwhile.  So a name is
 * unused only if it was so at two calls, with a reading of all series in between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/collector_private.h"

/* The id of a name; if it is new, one below `limit`, or -ENOSPC, -ENOMEM. */
static int find_or_add(struct collector *collector, const char *name, int limit)
{
	struct service *services = collector->services;
	int id, free_id = -1;

	for (id = SERVICES_MAX - 1; id >= 0; id--) {
		if (!services[id].name)
			free_id = id < limit ? id : free_id;
		else if (strcmp(services[id].name, name) == 0)
			return id;
	}
	if (free_id < 0)
		return -ENOSPC;
	services[free_id].name = strdup(name);
	if (!services[free_id].name)
		return -ENOMEM;
	if (collector->service_count <= (size_t)free_id)
		collector->service_count = free_id + 1;
	return free_id;
}

int collector_service(struct collector *collector, const char *name)
{
	const int id = find_or_add(collector, name, SERVICES_MAX - 1);

	return id == -ENOSPC ? find_or_add(collector, SERVICE_SHARED, SERVICES_MAX) : id;
}

const char *collector_service_name(const struct collector *collector, int id)
{
	return collector->services[id].name;
}

bool collector_services_are_scarce(const struct collector *collector)
{
	size_t i, used = 0;

	for (i = 0; i < collector->service_count; i++)
		used += collector->services[i].name != NULL;
	return used > SERVICES_MAX / 2;
}

/* Marks services whose name is needed for what was counted. */
static void mark_exported(const struct collector *collector, bool exported[SERVICES_MAX])
{
	size_t i, id;

	for (id = 0; id < collector->service_count; id++) {
		const char *name = collector->services[id].name;

		for (i = 0; i < collector->table.count && !exported[id]; i++)
			exported[id] = collector->table.list[i]->service == name;
		for (i = 0; i < collector->phases.count && !exported[id]; i++)
			exported[id] = collector->phases.list[i]->service == name;
	}
}

void collector_give_back_services(struct collector *collector, const bool watched[SERVICES_MAX])
{
	const volatile struct ledger *ledger = loader_ledger(collector->loader);
	bool exported[SERVICES_MAX] = { false };
	size_t id;

	mark_exported(collector, exported);
	for (id = 0; id < collector->service_count; id++) {
		const volatile struct service_gauges *gauges = &ledger->services[id];
		struct service *service = &collector->services[id];
		uint64_t *since = &collector->unused_since[id];

		if (!service->name || watched[id] || exported[id] || gauges->active_requests ||
		    gauges->open_connections || gauges->client_requests) {
			*since = 0;
		} else if (!*since) {
			*since = collector->taken_count + 1;
		} else if (collector->taken_count >= *since) {
			free((char *)service->name);
			*service = (struct service){ .name = NULL };
			*since = 0;
		}
	}
}
