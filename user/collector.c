// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * collector.c - see collector.h.
 */
#include "collector.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"

/* Keys read with one system call. */
#define KEYS_BATCH 256
/* Readings of the ledger until it is given up to find it at rest. */
#define LEDGER_TRIES 1000

/* One series and what is needed to read it. */
struct entry {
	struct series series; /* first: the outputs see this part */
	char route[PATH_MAX_BYTES + 1];
	uint32_t bins[HISTOGRAM_BINS]; /* as last read: they wrap */
	bool shown; /* was in a flush before */
};

struct collector {
	struct loader *loader;
	uint32_t max_series;
	struct entry **entries; /* by id */
	struct series **list;   /* the same, without gaps */
	size_t count;
	struct series_key *keys;
	uint32_t *ids;
	struct service services[SERVICES_MAX];
	size_t service_count;
	struct flush flush;
	double started; /* monotonic, seconds */
	double taken;
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

int collector_open(struct collector **result, struct loader *loader, uint32_t max_series)
{
	struct collector *collector = calloc(1, sizeof(*collector));

	if (!collector)
		return -ENOMEM;
	collector->loader = loader;
	collector->max_series = max_series;
	collector->entries = calloc(max_series, sizeof(*collector->entries));
	collector->list = calloc(max_series, sizeof(*collector->list));
	collector->keys = calloc(KEYS_BATCH, sizeof(*collector->keys));
	collector->ids = calloc(KEYS_BATCH, sizeof(*collector->ids));
	if (!collector->entries || !collector->list || !collector->keys || !collector->ids) {
		collector_close(collector);
		return -ENOMEM;
	}
	collector->started = collector->taken = seconds(CLOCK_MONOTONIC);
	*result = collector;
	return 0;
}

void collector_close(struct collector *collector)
{
	size_t i;

	if (!collector)
		return;
	for (i = 0; i < collector->count; i++)
		free(collector->list[i]); /* the entry begins with it */
	for (i = 0; i < collector->service_count; i++)
		free((char *)collector->services[i].name);
	free(collector->entries);
	free(collector->list);
	free(collector->keys);
	free(collector->ids);
	free(collector);
}

int collector_service(struct collector *collector, const char *name)
{
	size_t i;

	for (i = 0; i < collector->service_count; i++)
		if (strcmp(collector->services[i].name, name) == 0)
			return i;
	if (collector->service_count == SERVICES_MAX)
		return -ENOSPC;
	collector->services[i].name = strdup(name);
	if (!collector->services[i].name)
		return -ENOMEM;
	collector->service_count++;
	return i;
}

/* ---- series ----------------------------------------------------------- */

static int add_entry(struct collector *collector, uint32_t id, const struct series_key *key)
{
	struct entry *entry;
	size_t length = key->path_length < PATH_MAX_BYTES ? key->path_length : PATH_MAX_BYTES;

	if (id >= collector->max_series || collector->entries[id])
		return 0;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	memcpy(entry->route, key->path, length);
	entry->series.id = id;
	entry->series.service = key->service < collector->service_count
					? collector->services[key->service].name
					: "";
	entry->series.method = http_method_name(key->method);
	entry->series.route = entry->route;
	entry->series.status = key->status;
	entry->series.error = key->error;
	collector->entries[id] = entry;
	collector->list[collector->count++] = &entry->series;
	return 0;
}

/* Reads the keys of all series, if there are new ones. Returns 0 or -errno. */
static int read_keys(struct collector *collector)
{
	int fd = loader_series_ids_fd(collector->loader);
	uint32_t in, out;
	void *position = NULL;
	int err = 0;

	if (loader_ledger(collector->loader)->series == collector->count)
		return 0;
	do {
		uint32_t i, count = KEYS_BATCH;

		err = bpf_map_lookup_batch(fd, position, &out, collector->keys, collector->ids,
					   &count, NULL)
			      ? -errno
			      : 0;
		if (err && err != -ENOENT)
			return err;
		for (i = 0; i < count; i++)
			if (add_entry(collector, collector->ids[i], &collector->keys[i]))
				return -ENOMEM;
		in = out;
		position = &in;
	} while (!err);
	return 0;
}

/* What a series counted since the last reading; its total moves on. */
static void read_series(struct collector *collector, struct entry *entry)
{
	const volatile struct series_value *value =
		loader_series(collector->loader, entry->series.id);
	struct measure *now = &entry->series.now, *total = &entry->series.total;
	uint64_t sum_ns, request_bytes, response_bytes;
	size_t i;

	entry->series.born = !entry->shown;
	entry->shown = true;
	memset(now, 0, sizeof(*now));
	/* count is written last: if it has not moved, nothing has */
	if (value->count == total->count)
		return;
	for (i = 0; i < HISTOGRAM_BINS; i++) {
		uint32_t bin = value->bins[i];

		now->bins[i] = (uint32_t)(bin - entry->bins[i]);
		entry->bins[i] = bin;
		now->count += now->bins[i];
		total->bins[i] += now->bins[i];
	}
	sum_ns = value->sum_ns;
	request_bytes = value->request_bytes;
	response_bytes = value->response_bytes;
	now->sum_ns = sum_ns - total->sum_ns;
	now->request_bytes = request_bytes - total->request_bytes;
	now->response_bytes = response_bytes - total->response_bytes;
	total->sum_ns = sum_ns;
	total->request_bytes = request_bytes;
	total->response_bytes = response_bytes;
	total->count += now->count;
}

/* ---- ledger ----------------------------------------------------------- */

static uint64_t sum(const uint64_t *values, size_t count)
{
	uint64_t total = 0;

	while (count-- > 0)
		total += values[count];
	return total;
}

static void copy_tally(struct tally *tally, uint64_t *in_flight, uint64_t *seen_after,
		       const volatile struct ledger *ledger, size_t services)
{
	size_t i;

	tally->seen = ledger->seen;
	tally->counted = ledger->counted;
	for (i = 0; i < LOSS_COUNT; i++)
		tally->lost[i] = ledger->lost[i];
	*in_flight = 0;
	for (i = 0; i < services; i++)
		*in_flight += ledger->services[i].active_requests;
	*seen_after = ledger->seen;
}

/*
 * The counters are independent words, and a request moves from one to another
 * in two steps.  Read until seen_before <= counted + in_flight + lost <=
 * seen_after holds, which a reading that fell between two steps may not do.
 */
static void read_tally(struct collector *collector, struct tally *tally, uint64_t *in_flight)
{
	const volatile struct ledger *ledger = loader_ledger(collector->loader);
	uint64_t seen_after, found;
	int tries = 0;
	size_t i;

	do {
		copy_tally(tally, in_flight, &seen_after, ledger, collector->service_count);
		found = tally->counted + *in_flight + sum(tally->lost, LOSS_COUNT);
	} while ((found < tally->seen || found > seen_after) && ++tries < LEDGER_TRIES);
	if (tries == LEDGER_TRIES)
		log_detail("ledger out of balance: seen %lu, found %lu", tally->seen, found);
	for (i = 0; i < APPROXIMATE_COUNT; i++)
		tally->approximate[i] = ledger->approximate[i];
	for (i = 0; i < IGNORE_COUNT; i++)
		tally->ignored[i] = ledger->ignored[i];
}

static void subtract(uint64_t *result, const uint64_t *now, const uint64_t *before, size_t count)
{
	while (count-- > 0)
		result[count] = now[count] - before[count];
}

static void read_ledger(struct collector *collector)
{
	const volatile struct ledger *ledger = loader_ledger(collector->loader);
	struct flush *flush = &collector->flush;
	struct tally before = flush->total;
	size_t i;

	read_tally(collector, &flush->total, &flush->in_flight);
	flush->now.seen = flush->total.seen - before.seen;
	flush->now.counted = flush->total.counted - before.counted;
	subtract(flush->now.lost, flush->total.lost, before.lost, LOSS_COUNT);
	subtract(flush->now.approximate, flush->total.approximate, before.approximate,
		 APPROXIMATE_COUNT);
	subtract(flush->now.ignored, flush->total.ignored, before.ignored, IGNORE_COUNT);
	flush->connections = 0;
	for (i = 0; i < collector->service_count; i++) {
		struct service *service = &collector->services[i];

		service->active_requests = ledger->services[i].active_requests;
		service->open_connections = ledger->services[i].open_connections;
		flush->connections += service->open_connections;
	}
	flush->services = collector->services;
	flush->service_count = collector->service_count;
}

int collector_take(struct collector *collector, size_t processes, bool last,
		   const struct flush **result)
{
	struct flush *flush = &collector->flush;
	double begin = seconds(CLOCK_MONOTONIC);
	size_t i;
	int err;

	flush->time = seconds(CLOCK_REALTIME);
	flush->interval_s = begin - collector->taken;
	flush->run_s = begin - collector->started;
	flush->last = last;
	flush->processes = processes;
	collector->taken = begin;
	read_ledger(collector);
	err = read_keys(collector);
	if (err)
		return err;
	for (i = 0; i < collector->count; i++)
		read_series(collector, (struct entry *)collector->list[i]);
	flush->series = collector->list;
	flush->series_count = collector->count;
	flush->collect_s = seconds(CLOCK_MONOTONIC) - begin;
	*result = flush;
	return 0;
}
