// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * loader_maps.c - what is in the maps, and how it is changed.
 */
#include <errno.h>
#include <stdio.h>

#include "kernel/loader_private.h"

static const void *mapped_value(const struct mapping *mapping, size_t index)
{
	return (const char *)mapping->values + index * mapping->step;
}

/* ---- orders ----------------------------------------------------------- */

/* Runs the program `control` for an order.  Returns what that returns, or -errno. */
static int control(const struct loader *loader, enum control_order order, uint64_t first,
		   uint64_t second, uint64_t third)
{
	uint64_t arguments[] = { order, first, second, third };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = arguments, .ctx_size_in = sizeof(arguments));

	if (bpf_prog_test_run_opts(bpf_program__fd(loader->skeleton->progs.control), &run))
		return -errno;
	return (int)run.retval;
}

int loader_target_add(const struct loader *loader, pid_t pid, uint16_t service, bool follow)
{
	return control(loader, CONTROL_TARGET_ADD, pid, service, follow);
}

uint64_t loader_targets_full(const struct loader *loader)
{
	return __atomic_load_n(&loader->skeleton->bss->targets_full, __ATOMIC_RELAXED);
}

int loader_target_follow(const struct loader *loader, pid_t parent, pid_t child)
{
	return control(loader, CONTROL_TARGET_FOLLOW, parent, child, 0);
}

int loader_target_find(const struct loader *loader, pid_t pid)
{
	return control(loader, CONTROL_TARGET_FIND, pid, 0, 0);
}

int loader_target_remove(const struct loader *loader, pid_t pid)
{
	return control(loader, CONTROL_TARGET_REMOVE, pid, 0, 0);
}

int loader_listen(const struct loader *loader, const struct listener_key *key)
{
	return control(loader, CONTROL_LISTEN, key->netns, key->port, 0);
}

int loader_series_forget(const struct loader *loader, uint32_t id)
{
	return control(loader, CONTROL_SERIES_FORGET, id, 0, 0);
}

int loader_series_give_back(struct loader *loader, uint32_t id)
{
	int err = control(loader, CONTROL_SERIES_GIVE_BACK, id, 1, 0);

	if (!err)
		__atomic_fetch_sub(&loader->skeleton->bss->ledger.series, 1, __ATOMIC_RELAXED);
	return err;
}

void loader_allow_series(struct loader *loader, uint64_t count)
{
	__atomic_store_n(&loader->skeleton->bss->series_allowed, count, __ATOMIC_RELAXED);
}

int loader_free_all_series(const struct loader *loader)
{
	uint32_t id;
	int err = 0;

	for (id = 0; id < loader->max_series && !err; id += GIVE_BACK_MAX) {
		const uint32_t rest = loader->max_series - id;

		err = control(loader, CONTROL_SERIES_GIVE_BACK, id,
			      rest < GIVE_BACK_MAX ? rest : GIVE_BACK_MAX, 0);
	}
	return err;
}

/* ---- lists ------------------------------------------------------------ */

/* Walking over keys, unlike a lookup, keeps no program from running: bpf/control.bpf.h. */
bool loader_next_target(const struct loader *loader, pid_t *pid)
{
	const uint32_t last = *pid;
	uint32_t next;

	if (bpf_map_get_next_key(bpf_map__fd(loader->skeleton->maps.targets), last ? &last : NULL,
				 &next))
		return false;
	*pid = next;
	return true;
}

bool loader_next_listener(const struct loader *loader, struct listener_key *key)
{
	const struct listener_key last = *key;

	return bpf_map_get_next_key(bpf_map__fd(loader->skeleton->maps.listeners),
				    last.port ? &last : NULL, key) == 0;
}

/* ---- what is mapped --------------------------------------------------- */

bool loader_series_entry(const struct loader *loader, uint32_t id, struct series_entry *entry)
{
	const struct series_entry *there = mapped_value(&loader->entries, id);

	if (!__atomic_load_n(&there->live, __ATOMIC_ACQUIRE))
		return false;
	*entry = *there;
	return true;
}

const struct peer_key *loader_peer(const struct loader *loader, uint8_t number)
{
	return &loader->skeleton->bss->peer_keys[number];
}

const volatile struct ledger *loader_ledger(const struct loader *loader)
{
	return &loader->skeleton->bss->ledger;
}

uint64_t loader_in_flight(const struct loader *loader)
{
	const volatile struct service_gauges *service = loader_ledger(loader)->services;
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < SERVICES_MAX; i++)
		count += service[i].active_requests + service[i].client_requests;
	return count;
}

const volatile struct series_value *loader_series(const struct loader *loader, uint32_t id)
{
	return mapped_value(&loader->series, id);
}

const volatile struct phase_value *loader_phase(const struct loader *loader, uint32_t id,
						enum request_phase phase)
{
	const struct settings *settings = (const void *)&loader->skeleton->rodata->settings;
	const uint32_t place = settings->phase_places[phase];

	if (!place)
		return NULL;
	return mapped_value(&loader->phases, (size_t)id * settings->phase_count + place - 1);
}

const volatile struct phase_value *loader_accept(const struct loader *loader, uint32_t service)
{
	return mapped_value(&loader->accepts, service);
}

/* Memory of a map as the kernel reports it, bytes; since 6.4 what is in use. */
static uint64_t map_memory_now(int fd)
{
	char path[64], line[128];
	unsigned long bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %lu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

/* What a map can grow to if it allocates as needed; its elements have a header of 48 bytes. */
static uint64_t map_memory_full(const struct bpf_map *map, uint64_t now)
{
	uint64_t element =
		48 + ((bpf_map__key_size(map) + 7) & ~7U) + ((bpf_map__value_size(map) + 7) & ~7U);
	uint64_t all = element * bpf_map__max_entries(map);

	if (bpf_map__type(map) != BPF_MAP_TYPE_HASH ||
	    !(bpf_map__map_flags(map) & BPF_F_NO_PREALLOC))
		return now;
	return now > all ? now : now + all;
}

void loader_memory(const struct loader *loader, uint64_t *now, uint64_t *full)
{
	struct bpf_map *map;

	*now = *full = 0;
	bpf_object__for_each_map(map, loader->skeleton->obj) {
		uint64_t bytes = map_memory_now(bpf_map__fd(map));

		*now += bytes;
		*full += map_memory_full(map, bytes);
	}
}

int loader_sweep(struct loader *loader, uint64_t before_ns)
{
	int program = bpf_program__fd(loader->skeleton->progs.sweep);
	int map = bpf_map__fd(loader->skeleton->maps.open_ended);
	uint64_t address, next;
	int more = bpf_map_get_next_key(map, NULL, &next);

	/* the next key first: after a key that is deleted, the kernel starts again */
	while (more == 0) {
		uint64_t arguments[2] = { next, before_ns };
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = arguments,
			    .ctx_size_in = sizeof(arguments));

		address = next;
		more = bpf_map_get_next_key(map, &address, &next);
		if (bpf_prog_test_run_opts(program, &run))
			return -errno;
	}
	return 0;
}
