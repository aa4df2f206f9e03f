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
#include "measure.h"
#include "peers.h"
#include "phase_table.h"
#include "series_table.h"

/* Keys read with one system call. */
#define KEYS_BATCH 256
/* Readings of the ledger until it is given up to find it at rest. */
#define LEDGER_TRIES 1000

/* What was read last of one phase of a series, since its bins wrap. */
struct phase_source {
	uint64_t sum_ns;
	uint32_t bins[HISTOGRAM_BINS];
};

/*
 * One id of the kernel: what was read of it last, since its counters only grow (and
 * its bins wrap), and where its requests are added.  When its series retires, the
 * next one with this id goes on from there.
 */
struct source {
	struct series *series; /* NULL: the id is free */
	struct route_phases *route;
	struct series_key key;
	double moved;   /* when it last counted, monotonic seconds */
	bool forgotten; /* its key has been taken away: it retires */
	struct phase_source *phases[REQUEST_PHASE_COUNT]; /* NULL: not asked for */
	uint64_t counted; /* the kernel's count, read before the bins */
	uint64_t sum_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint32_t bins[HISTOGRAM_BINS];
};

struct collector {
	struct loader *loader;
	uint32_t max_series;
	const struct routes *routes; /* NULL: none */
	struct source **sources;     /* by the kernel's id; NULL: not met yet */
	size_t source_count;         /* of these, in use */
	size_t forgotten_count;      /* of these, on their way out */
	struct series_table table;   /* what is exported */
	size_t shown;                /* of these, in a flush before */
	struct phase_table phases;   /* exported beside it */
	uint32_t route_phases;       /* of a request: bits 1 << enum request_phase */
	bool accepts;                /* that of connections is asked for, too */
	struct phase_source *accepted[SERVICES_MAX]; /* by service; NULL: not met yet */
	struct series_key *keys;
	uint32_t *ids;
	struct service services[SERVICES_MAX];
	struct peers peers;
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
	collector->keys = calloc(KEYS_BATCH, sizeof(*collector->keys));
	collector->ids = calloc(KEYS_BATCH, sizeof(*collector->ids));
	if (series_table_init(&collector->table, (size_t)max_series * COLLECTOR_NAMES) ||
	    phase_table_init(&collector->phases, max_series) || !collector->sources ||
	    !collector->keys || !collector->ids) {
		collector_close(collector);
		return -ENOMEM;
	}
	collector->started = collector->taken = seconds(CLOCK_MONOTONIC);
	*result = collector;
	return 0;
}

static void free_source(struct source *source)
{
	unsigned int phase;

	for (phase = 0; source && phase < REQUEST_PHASE_COUNT; phase++)
		free(source->phases[phase]);
	free(source);
}

void collector_close(struct collector *collector)
{
	size_t i;

	if (!collector)
		return;
	for (i = 0; collector->sources && i < collector->max_series; i++)
		free_source(collector->sources[i]);
	for (i = 0; i < collector->service_count; i++) {
		free((char *)collector->services[i].name);
		free(collector->accepted[i]);
	}
	peers_release(&collector->peers);
	free(collector->sources);
	series_table_release(&collector->table);
	phase_table_release(&collector->phases);
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

/* Memory for an id of the kernel that is new.  Returns NULL when there is none. */
static struct source *make_source(const struct collector *collector)
{
	struct source *source = calloc(1, sizeof(*source));
	unsigned int phase;

	for (phase = 0; source && phase < REQUEST_PHASE_COUNT; phase++) {
		if (!(collector->route_phases & (1U << phase)))
			continue;
		source->phases[phase] = calloc(1, sizeof(*source->phases[phase]));
		if (!source->phases[phase]) {
			free_source(source);
			return NULL;
		}
	}
	return source;
}

static int add_source(struct collector *collector, uint32_t id, const struct series_key *key)
{
	size_t length = key->path_length < PATH_MAX_BYTES ? key->path_length : PATH_MAX_BYTES;
	char path[PATH_MAX_BYTES + 1] = "";
	const char *route;
	struct series wanted = {
		.service = key->service < collector->service_count
				   ? collector->services[key->service].name
				   : "",
		.method = http_method_name(key->method),
		.route = path,
		.status = key->status,
		.error = key->error,
		.server_address = peers_address(&collector->peers,
						loader_peers_fd(collector->loader), key->peer),
	};
	struct source *source;

	if (id >= collector->max_series ||
	    (collector->sources[id] && collector->sources[id]->series))
		return 0;
	memcpy(path, key->path, length);
	route = collector->routes ? routes_match(collector->routes, path) : NULL;
	if (route)
		wanted.route = route;
	if (!collector->sources[id])
		collector->sources[id] = make_source(collector);
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
	source->moved = collector->taken;
	collector->source_count++;
	return 0;
}

/* Reads the keys of all series, if there are new ones. Returns 0 or -errno. */
static int read_keys(struct collector *collector)
{
	int fd = loader_series_ids_fd(collector->loader);
	uint32_t in, out;
	void *position = NULL;
	int err = 0;

	if (loader_ledger(collector->loader)->series == collector->source_count)
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
			if (add_source(collector, collector->ids[i], &collector->keys[i]))
				return -ENOMEM;
		in = out;
		position = &in;
	} while (!err);
	return 0;
}

static uint64_t advance(uint64_t *last, uint64_t value)
{
	uint64_t difference = value - *last;

	*last = value;
	return difference;
}

/*
 * Likewise of a phase, which has no count but its bins'.  Returns what there is more
 * of than when it was last read.
 */
static struct phase_sum read_phase_value(struct phase_source *last, struct measure *now,
					 const volatile struct phase_value *value)
{
	struct phase_sum more = { .sum_ns = advance(&last->sum_ns, value->sum_ns) };

	now->sum_ns += more.sum_ns;
	more.count = measure_read_bins(now, last->bins, value->bins);
	return more;
}

static void read_phase(struct collector *collector, uint32_t id, enum request_phase phase)
{
	struct source *source = collector->sources[id];
	struct phase_sum *sum = &source->series->now.phases[phase];
	struct phase_sum more;

	/* of what is asked of another server, there is a duration and nothing else */
	if (!source->route || !source->phases[phase])
		return;
	more = read_phase_value(source->phases[phase], &source->route->phases[phase]->now,
				loader_phase(collector->loader, id, phase));
	sum->count += more.count;
	sum->sum_ns += more.sum_ns;
}

/* A service is shown from its first flush on, connections or not. */
static int read_accepts(struct collector *collector)
{
	size_t i;

	for (i = 0; collector->accepts && i < collector->service_count; i++) {
		struct route_phases *phases = phase_table_get(&collector->phases,
							      collector->services[i].name, NULL,
							      1U << REQUEST_PHASE_ACCEPT);

		if (!collector->accepted[i])
			collector->accepted[i] = calloc(1, sizeof(*collector->accepted[i]));
		if (!phases || !collector->accepted[i])
			return -ENOMEM;
		read_phase_value(collector->accepted[i], &phases->phases[REQUEST_PHASE_ACCEPT]->now,
				 loader_accept(collector->loader, i));
	}
	return 0;
}

/* Adds what the kernel counted since the last reading. */
static void read_source(struct collector *collector, uint32_t id)
{
	const volatile struct series_value *value = loader_series(collector->loader, id);
	struct source *source = collector->sources[id];
	struct measure *now = &source->series->now;
	uint64_t counted = value->count;
	unsigned int phase;

	/*
	 * count is written last, and read first: if it has not moved, nothing has.
	 * It is not compared with the bins' sum, which may hold a request whose
	 * other numbers came after they were read.
	 */
	/* acknowledgements come when they come */
	read_phase(collector, id, REQUEST_PHASE_DELIVER);
	if (counted == source->counted)
		return;
	source->counted = counted;
	source->moved = collector->taken;
	measure_read_bins(now, source->bins, value->bins);
	now->sum_ns += advance(&source->sum_ns, value->sum_ns);
	now->request_bytes += advance(&source->request_bytes, value->request_bytes);
	now->response_bytes += advance(&source->response_bytes, value->response_bytes);
	for (phase = REQUEST_PHASE_QUEUE; phase <= REQUEST_PHASE_SEND; phase++)
		read_phase(collector, id, phase);
}

static int read_all_series(struct collector *collector)
{
	struct series_table *table = &collector->table;
	uint32_t id;
	size_t i;
	int err;

	for (i = 0; i < table->count; i++)
		memset(&table->list[i]->now, 0, sizeof(table->list[i]->now));
	phase_table_begin(&collector->phases);
	for (id = 0; id < collector->max_series; id++)
		if (collector->sources[id] && collector->sources[id]->series)
			read_source(collector, id);
	err = read_accepts(collector);
	for (i = 0; i < table->count; i++) {
		measure_add(&table->list[i]->total, &table->list[i]->now);
		table->list[i]->born = i >= collector->shown;
	}
	collector->shown = table->count;
	phase_table_end(&collector->phases);
	return err;
}

/* ---- retirement ------------------------------------------------------- */

/* Whether the names of a run may become so many, if every free id got a new one. */
static bool names_may_grow(const struct collector *collector, const struct series_key *key)
{
	const size_t free_ids =
		collector->max_series - collector->source_count + collector->forgotten_count;
	size_t limit = (size_t)collector->max_series * COLLECTOR_NAMES;

	/* What is likely noise must not use all of it up. */
	if (key->status == 400 || key->status == 404 || key->status == 405)
		limit -= (limit - collector->max_series) / 2;
	return collector->table.count + free_ids < limit;
}

/* The two steps, see collector.h; what is forgotten has been read a last time by now. */
static int retire(struct collector *collector)
{
	uint32_t id;
	int err = 0;

	for (id = 0; id < collector->max_series && !err; id++) {
		struct source *source = collector->sources[id];

		if (!source || !source->series)
			continue;
		if (source->forgotten) {
			source->forgotten = false;
			source->series = NULL;
			collector->forgotten_count--;
			collector->source_count--;
			err = loader_series_give_back(collector->loader, id);
		} else if (collector->taken - source->moved >= COLLECTOR_IDLE_S &&
			   names_may_grow(collector, &source->key)) {
			err = loader_series_forget(collector->loader, &source->key);
			source->forgotten = true;
			collector->forgotten_count++;
		}
	}
	return err;
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
		*in_flight +=
			ledger->services[i].active_requests + ledger->services[i].client_requests;
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
	tally->hooks_missed = loader_missed(collector->loader);
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
	flush->now.hooks_missed = flush->total.hooks_missed - before.hooks_missed;
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
	return collector_take_at(collector, seconds(CLOCK_MONOTONIC), processes, last, result);
}

int collector_take_at(struct collector *collector, double now, size_t processes, bool last,
		      const struct flush **result)
{
	struct flush *flush = &collector->flush;
	const double begin = seconds(CLOCK_MONOTONIC);
	int err;

	flush->time = seconds(CLOCK_REALTIME);
	flush->interval_s = now - collector->taken;
	flush->run_s = now - collector->started;
	flush->last = last;
	flush->processes = processes;
	collector->taken = now;
	read_ledger(collector);
	err = read_keys(collector);
	if (err)
		return err;
	err = read_all_series(collector);
	if (!err && !last)
		err = retire(collector);
	if (err)
		return err;
	flush->series_in_use = collector->source_count;
	flush->series = collector->table.list;
	flush->series_count = collector->table.count;
	flush->phases = collector->phases.list;
	flush->phase_count = collector->phases.count;
	flush->collect_s = seconds(CLOCK_MONOTONIC) - begin;
	*result = flush;
	return 0;
}
