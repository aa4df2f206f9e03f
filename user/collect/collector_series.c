// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * collector_series.c - finds the kernel's series, and reads what they have counted since
 * the last reading.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "collect/collector_private.h"
#include "collect/fold.h"
#include "flush/measure.h"
#include "flush/names.h"

void collector_free_source(struct source *source)
{
	unsigned int phase;

	if (!source)
		return;
	for (phase = 0; phase < REQUEST_PHASE_COUNT; phase++)
		bins_release(&source->phases[phase].bins);
	bins_release(&source->bins);
	free(source);
}

/*
 * The route of a series; path: its path, which is folded in place.  Only what is served makes a
 * suggestion: a scanner's paths are no routes.
 */
static const char *choose_route(struct collector *collector, const struct series_key *key,
				char *path)
{
	const char *route = collector->routes ? routes_match(collector->routes, path) : NULL;
	const char *pattern = NULL;

	if (route)
		return route;
	fold_path(path);
	if (key->status >= 200 && key->status < 300)
		pattern = similar_add(&collector->similar, path);
	if (pattern)
		log_info("more than %d routes differ in one segment only; to count them as one, "
			 "add --route '%s'",
			 SIMILAR_MAX, pattern);
	return path;
}

static int add_source(struct collector *collector, uint32_t id, const struct series_key *key)
{
	size_t length = key->path_length < PATH_MAX_BYTES ? key->path_length : PATH_MAX_BYTES;
	char path[PATH_MAX_BYTES + 1] = "";
	struct series wanted = {
		.service = key->service < collector->service_count &&
					   collector->services[key->service].name
				   ? collector->services[key->service].name
				   : "",
		.method = http_method_name(key->method),
		.status = key->status,
		.error = key->error,
		.server_address = peers_address(&collector->peers, collector->loader, key->peer),
	};
	struct source *source;

	memcpy(path, key->path, length);
	wanted.route = choose_route(collector, key, path);
	if (!collector->sources[id])
		collector->sources[id] = calloc(1, sizeof(*source));
	source = collector->sources[id];
	if (!source)
		return -ENOMEM;
	source->route = wanted.server_address
				? NULL
				: phase_table_get(&collector->phases, wanted.service, wanted.route,
						  collector->route_phases);
	if (!wanted.server_address && !source->route)
		return -ENOMEM;
	source->series = series_table_get(&collector->table, &wanted);
	if (!source->series)
		return -ENOMEM;
	source->key = *key;
	source->base = source->counted;
	source->moved = collector->taken;
	collector->source_count++;
	collector->made++;
	return 0;
}

/*
 * Looks for new series, unless their number in the kernel is unchanged.  Returns 0 or -ENOMEM.
 *
 * A series that is being made may be read before the kernel counts it, and then hide another
 * one until the next flush.  Nothing is lost by that: its counts stay, and before the last
 * flush the programs have ended.
 */
static int read_entries(struct collector *collector)
{
	struct series_entry entry;
	uint32_t id;

	if (loader_ledger(collector->loader)->series == collector->source_count)
		return 0;
	for (id = 0; id < collector->max_series; id++)
		if ((!collector->sources[id] || !collector->sources[id]->series) &&
		    loader_series_entry(collector->loader, id, &entry) &&
		    add_source(collector, id, &entry.key))
			return -ENOMEM;
	/* one that is made after these may need a new name */
	loader_allow_series(collector->loader, collector->made + collector_names_left(collector));
	return 0;
}

static uint64_t advance(uint64_t *last, uint64_t value)
{
	uint64_t difference = value - *last;

	*last = value;
	return difference;
}

/*
 * Reads a phase, whose count is the sum of its bins.  more: the growth since the last
 * reading.  Returns 0 or -ENOMEM.
 */
static int read_phase_value(struct phase_source *last, struct measure *now,
			    const volatile struct phase_value *value, struct phase_sum *more)
{
	more->sum_ns = advance(&last->sum_ns, value->sum_ns);
	now->sum_ns += more->sum_ns;
	return measure_read_bins(now, &last->bins, value->bins, &more->count);
}

static int read_phase(struct collector *collector, uint32_t id, enum request_phase phase)
{
	struct source *source = collector->sources[id];
	struct phase_sum *sum = &source->series->now.phases[phase];
	struct phase_sum more;
	int err;

	/* requests that the service sent have no phases */
	if (!source->route || !source->route->phases[phase])
		return 0;
	err = read_phase_value(&source->phases[phase], &source->route->phases[phase]->now,
			       loader_phase(collector->loader, id, phase), &more);
	sum->count += more.count;
	sum->sum_ns += more.sum_ns;
	return err;
}

/* Every service is shown from its first flush on, even without connections. */
static int read_accepts(struct collector *collector)
{
	struct phase_sum more;
	int err = 0;
	size_t i;

	for (i = 0; collector->accepts && i < collector->service_count && !err; i++) {
		const char *name = collector->services[i].name;
		struct route_phases *phases;

		if (!name)
			continue;
		phases =
			phase_table_get(&collector->phases, name, NULL, 1U << REQUEST_PHASE_ACCEPT);
		if (!phases)
			return -ENOMEM;
		err = read_phase_value(&collector->accepted[i],
				       &phases->phases[REQUEST_PHASE_ACCEPT]->now,
				       loader_accept(collector->loader, i), &more);
	}
	return err;
}

/* Adds what the kernel counted since the last reading. */
static int read_source(struct collector *collector, uint32_t id)
{
	const volatile struct series_value *value = loader_series(collector->loader, id);
	struct source *source = collector->sources[id];
	struct measure *now = &source->series->now;
	uint64_t counted = value->count, more;
	unsigned int phase;
	int err;

	/*
	 * count is written last and read first: if it has not changed, nothing has.
	 * It is not compared with the sum of the bins, which may contain a request whose
	 * other numbers are written only after this reading.
	 */
	/* acknowledgements may come without any request */
	err = read_phase(collector, id, REQUEST_PHASE_DELIVER);
	if (err || counted == source->counted)
		return err;
	source->counted = counted;
	source->moved = collector->taken;
	err = measure_read_bins(now, &source->bins, value->bins, &more);
	now->sum_ns += advance(&source->sum_ns, value->sum_ns);
	now->request_bytes += advance(&source->request_bytes, value->request_bytes);
	now->response_bytes += advance(&source->response_bytes, value->response_bytes);
	for (phase = REQUEST_PHASE_QUEUE; phase <= REQUEST_PHASE_SEND && !err; phase++)
		err = read_phase(collector, id, phase);
	return err;
}

static int read_sources(struct collector *collector)
{
	uint32_t id;
	int err = 0;

	for (id = 0; id < collector->max_series && !err; id++)
		if (collector->sources[id] && collector->sources[id]->series)
			err = read_source(collector, id);
	return err;
}

int collector_read_series(struct collector *collector)
{
	struct series_table *table = &collector->table;
	int err = read_entries(collector);
	size_t i;

	if (err)
		return err;
	for (i = 0; i < table->count; i++)
		measure_clear(&table->list[i]->now);
	phase_table_begin(&collector->phases);
	err = read_sources(collector);
	if (!err)
		err = read_accepts(collector);
	for (i = 0; i < table->count && !err; i++) {
		err = measure_add(&table->list[i]->total, &table->list[i]->now);
		table->list[i]->born = i >= collector->shown;
	}
	collector->shown = table->count;
	return err ? err : phase_table_end(&collector->phases);
}
