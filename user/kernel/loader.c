// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * loader.c - see loader.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/capabilities.h"
#include "kernel/loader_private.h"
#include "base/log.h"

/* include/linux/proc_ns.h: inode of the initial pid namespace */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[1024];

	if (level == LIBBPF_DEBUG || !log_verbose)
		return 0;
	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_detail("libbpf: %s", text);
	return 0;
}

/* Returns 0, or -EPERM after a message. */
static int check_capabilities(void)
{
	char missing[CAPABILITY_TEXT_MAX];

	if (capabilities_missing(true, missing) == 0)
		return 0;
	log_error("cannot load BPF programs: %s missing; %s", missing, capabilities_advice());
	return -EPERM;
}

uint32_t loader_pid_namespace(void)
{
	struct stat status;

	if (stat("/proc/self/ns/pid", &status) || status.st_ino == INITIAL_PID_NAMESPACE)
		return 0;
	return status.st_ino;
}

/* Gives each phase that is asked for a place in phase_values. */
static void place_phases(struct settings *values, uint32_t phases)
{
	unsigned int phase;

	for (phase = REQUEST_PHASE_NONE + 1; phase < REQUEST_PHASE_COUNT; phase++)
		if (phases & (1U << phase) && phase != REQUEST_PHASE_ACCEPT)
			values->phase_places[phase] = ++values->phase_count;
	values->phase_places[REQUEST_PHASE_ACCEPT] = phases >> REQUEST_PHASE_ACCEPT & 1;
}

/* A map has at least one element. */
static int set_sizes(struct redtap_bpf *skeleton, const struct loader_settings *limits,
		     const struct settings *values)
{
	const uint32_t series = limits->max_series;
	const struct {
		struct bpf_map *map;
		uint32_t elements;
	} rows[] = {
		{ skeleton->maps.connections, limits->max_connections },
		{ skeleton->maps.open_ended, limits->max_connections },
		{ skeleton->maps.series_ids, series },
		{ skeleton->maps.known_routes, series },
		{ skeleton->maps.series_entries, series },
		{ skeleton->maps.series_values, series },
		{ skeleton->maps.free_series, series },
		{ skeleton->maps.phase_values,
		  values->phase_count ? values->phase_count * series : 1 },
		{ skeleton->maps.accept_values,
		  values->phase_places[REQUEST_PHASE_ACCEPT] ? SERVICES_MAX : 1 },
	};
	int err = 0;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && !err; i++)
		err = bpf_map__set_max_entries(rows[i].map, rows[i].elements);
	return err;
}

static int configure(struct redtap_bpf *skeleton, const struct loader_settings *settings)
{
	struct settings *values = (struct settings *)&skeleton->rodata->settings;

	values->pid_namespace = loader_pid_namespace();
	values->max_series = settings->max_series;
	skeleton->bss->series_allowed = (uint64_t)settings->max_series * SERIES_NAMES;
	place_phases(values, settings->phases);
	values->client = settings->client;
	if (getrandom(&values->series_seed, sizeof(values->series_seed), 0) !=
	    sizeof(values->series_seed))
		return -errno;
	skeleton->rodata->calls_repeated = loader_choose(skeleton->obj, settings->phases);
	return set_sizes(skeleton, settings, values);
}

static int explain_load_failure(int err)
{
	if (err == -EPERM || err == -EACCES)
		log_error(
			"the kernel refuses to load BPF programs: %s; is BPF locked down (lockdown=confidentiality, a container's seccomp filter)?",
			strerror(-err));
	else if (err == -ENOMEM)
		log_error(
			"no memory for the kernel tables; lower --max-series or --max-connections");
	else
		log_error("cannot load the BPF programs: %s; use -v to see the verifier's log",
			  strerror(-err));
	return err;
}

static int map_values(struct mapping *mapping, const struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);

	/* array maps keep their elements 8-byte aligned */
	mapping->step = (bpf_map__value_size(map) + 7) & ~7UL;
	mapping->size = (mapping->step * bpf_map__max_entries(map) + page - 1) & ~(page - 1);
	mapping->values = mmap(NULL, mapping->size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (mapping->values == MAP_FAILED) {
		mapping->values = NULL;
		return -errno;
	}
	return 0;
}

static void unmap_values(struct mapping *mapping)
{
	if (mapping->values)
		munmap(mapping->values, mapping->size);
}

int loader_open(struct loader **result, const struct loader_settings *settings)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct loader *loader;
	int err;

	libbpf_set_print(print_libbpf);
	err = check_capabilities();
	if (err)
		return err;
	/* Kernels before 5.11 charge maps to RLIMIT_MEMLOCK; not allowed everywhere. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	loader = calloc(1, sizeof(*loader));
	if (!loader)
		return -ENOMEM;
	loader->max_series = settings->max_series;
	loader->grace = (struct grace){ .outer = -1, .inner = -1 };
	loader->skeleton = redtap_bpf__open();
	if (!loader->skeleton) {
		err = explain_load_failure(-errno);
		goto fail;
	}
	err = configure(loader->skeleton, settings);
	if (!err)
		err = redtap_bpf__load(loader->skeleton);
	if (!err)
		err = grace_open(&loader->grace);
	if (!err)
		err = loader_free_all_series(loader);
	if (!err)
		err = map_values(&loader->entries, loader->skeleton->maps.series_entries);
	if (!err)
		err = map_values(&loader->series, loader->skeleton->maps.series_values);
	if (!err)
		err = map_values(&loader->phases, loader->skeleton->maps.phase_values);
	if (!err)
		err = map_values(&loader->accepts, loader->skeleton->maps.accept_values);
	if (err) {
		explain_load_failure(err);
		goto fail;
	}
	*result = loader;
	return 0;
fail:
	loader_close(loader);
	return err;
}

void loader_close(struct loader *loader)
{
	if (!loader)
		return;
	loader_detach(loader);
	unmap_values(&loader->entries);
	unmap_values(&loader->series);
	unmap_values(&loader->phases);
	unmap_values(&loader->accepts);
	grace_close(&loader->grace);
	redtap_bpf__destroy(loader->skeleton);
	free(loader);
}

/*
 * First makes all programs ignore every socket, by what they check first: detaching
 * takes a while for each, and the last ones would see a part of the events only.
 * Returns when none of them is running any more.
 */
void loader_detach(struct loader *loader)
{
	size_t i;

	if (loader->attachment_count > 0) {
		loader->skeleton->bss->stopped = 1;
		memset(loader->skeleton->bss->ports, 0, sizeof(loader->skeleton->bss->ports));
	}
	for (i = 0; i < loader->attachment_count; i++)
		close(loader->attachments[i]);
	if (loader->attachment_count > 0)
		grace_wait(&loader->grace);
	loader->attachment_count = 0;
}

void loader_quiet_begin(struct loader *loader)
{
	grace_begin(&loader->grace);
}

int loader_is_quiet(struct loader *loader)
{
	return grace_is_over(&loader->grace);
}

const char *loader_hooks(const struct loader *loader)
{
	(void)loader;
	return hook_name(HOOK_TRACEPOINT);
}
