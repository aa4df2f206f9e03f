// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * collector.c - see collector.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "collect/collector_private.h"

/* For series that other CPUs make while one looks whether it may. */
#define NAMES_SPARE 8192

static double monotonic_s(void)
{
	return clock_monotonic_ns() / 1e9;
}

int collector_open(struct collector **result, struct loader *loader,
		   const struct loader_settings *settings, const struct routes *routes)
{
	const uint32_t max_series = settings->max_series;
	struct collector *collector = calloc(1, sizeof(*collector));

	if (!collector)
		return -ENOMEM;
	collector->loader = loader;
	collector->max_series = max_series;
	collector->routes = routes;
	collector->route_phases = settings->phases & ~(1U << REQUEST_PHASE_ACCEPT);
	collector->accepts = settings->phases & (1U << REQUEST_PHASE_ACCEPT);
	collector->sources = calloc(max_series, sizeof(*collector->sources));
	if (!collector->sources) {
		collector_close(collector);
		return -ENOMEM;
	}
	collector->names = (size_t)max_series * SERIES_NAMES;
	series_table_init(&collector->table, collector->names + NAMES_SPARE);
	collector_begin(collector, monotonic_s());
	*result = collector;
	return 0;
}

void collector_close(struct collector *collector)
{
	size_t i;

	if (!collector)
		return;
	for (i = 0; collector->sources && i < collector->max_series; i++)
		collector_free_source(collector->sources[i]);
	for (i = 0; i < collector->service_count; i++) {
		free((char *)collector->services[i].name);
		bins_release(&collector->accepted[i].bins);
	}
	peers_release(&collector->peers);
	similar_release(&collector->similar);
	free(collector->sources);
	series_table_release(&collector->table);
	phase_table_release(&collector->phases);
	free(collector);
}

void collector_begin(struct collector *collector, double now)
{
	collector->started = collector->taken = now;
}

int collector_take(struct collector *collector, size_t processes, bool last,
		   const struct flush **result)
{
	return collector_take_at(collector, monotonic_s(), processes, last, result);
}

int collector_take_at(struct collector *collector, double now, size_t processes, bool last,
		      const struct flush **result)
{
	struct flush *flush = &collector->flush;
	const double begin = monotonic_s();
	int err;

	/* asked before anything is read: see collector_retire.c */
	collector->quiet = loader_is_quiet(collector->loader);
	flush->time = clock_unix_s();
	flush->interval_s = now - collector->taken;
	flush->run_s = now - collector->started;
	flush->last = last;
	flush->processes = processes;
	collector->taken = now;
	collector->taken_count++;
	collector_read_ledger(collector);
	err = collector_read_series(collector);
	if (err)
		return err;
	flush->series_in_use = collector->source_count;
	flush->series = collector->table.list;
	flush->series_count = collector->table.count;
	flush->phases = collector->phases.list;
	flush->phase_count = collector->phases.count;
	flush->collect_s = monotonic_s() - begin;
	*result = flush;
	return 0;
}
