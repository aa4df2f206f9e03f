/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_retirement.c - series retire and come back, on the kernel's own maps and under
 * load: each request is counted once, in its own series.
 *
 * redtap's collector and loader are in this program, so that it can tell them the time:
 * between two readings, some 20 ms apart, an hour goes by.  Each path is asked for
 * again and again, with pauses of about that length, so that series retire and come
 * back all the time, while programs on both CPUs look for them.
 */
#include <stdio.h>

#include "collector.h"
#include "harness.h"
#include "loader.h"
#include "options.h"
#include "servers.h"
#include "traffic.h"
#include "watch.h"

#define THREADS 8
#define PATHS 32 /* of each thread */
/* Room for all, and for those that are on their way out. */
#define SERIES_MAX "1024"
/* So often the ids go round at least. */
#define RETIREMENTS 2000

struct observer {
	struct options options;
	struct loader *loader;
	struct collector *collector;
	struct watch watch;
	double now;           /* monotonic seconds, as far as the collector knows */
	uint64_t retirements; /* at least so many ids were given back */
	const struct flush *flush;
};

static void observer_begin(struct observer *observer, const struct server *server)
{
	char *argv[] = { "redtap",
			 "attach",
			 "--pid",
			 (char *)text_format("%d=retirement", (int)server->pid),
			 "--max-series",
			 SERIES_MAX,
			 "--statsd",
			 "none",
			 NULL };
	struct loader_settings settings;

	memset(observer, 0, sizeof(*observer));
	assert_int_equal(options_parse(&observer->options, ROWS(argv) - 1, argv), 0);
	settings = (struct loader_settings){ .max_series = observer->options.max_series,
					     .max_connections = observer->options.max_connections,
					     .phases = observer->options.phases };
	assert_int_equal(watch_init(&observer->watch, &observer->options), 0);
	assert_int_equal(loader_open(&observer->loader, &settings), 0);
	assert_int_equal(collector_open(&observer->collector, observer->loader, &settings, NULL),
			 0);
	assert_int_equal(watch_add_named(&observer->watch, observer->loader, observer->collector),
			 0);
	assert_int_equal(loader_attach(observer->loader), 0);
	assert_int_equal(watch_begin(&observer->watch, (uint64_t)(clock_s() * 1e9)), 0);
	observer->now = clock_s();
}

static void observer_end(struct observer *observer)
{
	collector_close(observer->collector);
	loader_close(observer->loader);
	watch_release(&observer->watch);
	options_release(&observer->options);
}

/* An hour later: all that has not counted since the last reading retires. */
static void observer_read(struct observer *observer, bool last)
{
	const volatile struct ledger *ledger = loader_ledger(observer->loader);
	uint64_t before;

	observer->now += SERIES_IDLE_S + 1;
	assert_int_equal(collector_take_at(observer->collector, observer->now, 1, last,
					   &observer->flush),
			 0);
	before = ledger->series;
	if (last)
		return;
	assert_int_equal(collector_retire(observer->collector), 0);
	/* fewer, if new ones came meanwhile */
	if (ledger->series < before)
		observer->retirements += before - ledger->series;
}

/* redtap's own numbers in the form of the client's. */
static void counts_from_flush(struct counts *counts, const struct flush *flush)
{
	size_t i;

	for (i = 0; i < flush->series_count; i++) {
		const struct series *series = flush->series[i];

		counts_add(counts, series->method, series->route, series->status, NULL,
			   series->total.count, series->total.request_bytes,
			   series->total.response_bytes);
	}
}

static uint64_t sum(const uint64_t *numbers, size_t count)
{
	uint64_t total = 0;

	while (count-- > 0)
		total += numbers[count];
	return total;
}

/* What a series has in its phases belongs to its own requests, to the nanosecond. */
static void assert_phases(const struct series *series)
{
	const struct phase_sum *phases = series->total.phases;
	const uint64_t count = series->total.count;

	assert_int_equal(phases[REQUEST_PHASE_SERVICE].count, count);
	assert_int_equal(phases[REQUEST_PHASE_SEND].count, count);
	assert_true(phases[REQUEST_PHASE_QUEUE].count <= count);
	assert_int_equal(phases[REQUEST_PHASE_QUEUE].sum_ns + phases[REQUEST_PHASE_SERVICE].sum_ns +
				 phases[REQUEST_PHASE_SEND].sum_ns,
			 series->total.sum_ns);
	assert_int_equal(bins_sum(&series->total.bins, 0, HISTOGRAM_BINS), count);
}

static void assert_flush(const struct flush *flush, const struct counts *expected)
{
	const struct tally *total = &flush->total;
	struct counts actual;
	size_t i;

	counts_init(&actual);
	counts_from_flush(&actual, flush);
	counts_assert_equal(expected, &actual, true, "the collector");
	counts_release(&actual);
	assert_int_equal(total->seen, counts_total(expected));
	assert_int_equal(total->counted, total->seen);
	assert_int_equal(flush->in_flight, 0);
	assert_int_equal(sum(total->lost, LOSS_COUNT), 0);
	/* that there was room for all */
	assert_int_equal(total->approximate[APPROXIMATE_ROUTE_OTHER], 0);
	for (i = 0; i < flush->series_count; i++)
		assert_phases(flush->series[i]);
}

/* Every path a name of its own. */
static void make_kinds(struct request_kind *kinds, char (*targets)[32], unsigned int thread)
{
	unsigned int i;

	for (i = 0; i < PATHS; i++) {
		snprintf(targets[i], sizeof(targets[i]), "/users/x-%u-%u", thread, i);
		kinds[i] = (struct request_kind){ .method = "GET",
						  .target = targets[i],
						  .route = targets[i] };
	}
}

static void under_load(void **state)
{
	static char targets[THREADS][PATHS][32];
	static struct request_kind kinds[THREADS][PATHS];
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct background *loads[THREADS];
	struct observer observer;
	struct counts expected;
	double end;
	size_t i;

	(void)state;
	counts_init(&expected);
	observer_begin(&observer, &server);
	for (i = 0; i < THREADS; i++) {
		make_kinds(kinds[i], targets[i], i);
		loads[i] = background_start(&(struct traffic){ .port = server.port,
							       .kinds = kinds[i],
							       .kind_count = PATHS,
							       .connections = 1 });
	}
	end = clock_s() + DEADLINE_S;
	while (observer.retirements < RETIREMENTS && clock_s() < end) {
		observer_read(&observer, false);
		/* so that the paths' turns and the readings do not go in step */
		if (observer.retirements % 3 == 0)
			pause_briefly();
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(background_stop(loads[i], &expected, NULL), 0);
	loader_detach(observer.loader);
	observer_read(&observer, true);
	fprintf(stderr, "  %llu requests, %zu names, %llu retirements\n",
		(unsigned long long)counts_total(&expected), observer.flush->series_count,
		(unsigned long long)observer.retirements);
	assert_true(observer.retirements >= RETIREMENTS);
	assert_flush(observer.flush, &expected);
	observer_end(&observer);
	counts_release(&expected);
}

/* One at a time: the series goes, its place is free, and it comes back as the same one. */
static void one_by_one(void **state)
{
	static const struct request_kind idle = { .method = "GET",
						  .target = "/users/idle",
						  .route = "/users/idle" };
	static const struct request_kind busy = { .method = "GET",
						  .target = "/users/busy",
						  .route = "/users/busy" };
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct observer observer;
	struct line *line;
	struct counts expected;
	size_t round;

	(void)state;
	counts_init(&expected);
	observer_begin(&observer, &server);
	line = line_open(server.port);
	for (round = 1; round <= 5; round++) {
		line_exchange(line, &idle, &expected);
		line_exchange(line, &busy, &expected);
		observer_read(&observer, false);
		line_exchange(line, &busy, &expected);
		observer_read(&observer, false); /* it is forgotten */
		assert_int_equal(observer.flush->series_in_use, 2);
		line_exchange(line, &busy, &expected);
		observer_read(&observer, false); /* and its place given back */
		line_exchange(line, &busy, &expected);
		observer_read(&observer, false);
		assert_int_equal(observer.flush->series_in_use, 1);
		assert_int_equal(observer.flush->series_count, 2);
		assert_int_equal(observer.retirements, round);
	}
	loader_detach(observer.loader);
	observer_read(&observer, true);
	assert_flush(observer.flush, &expected);
	observer_end(&observer);
	counts_release(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(one_by_one),
		E2E_TEST(under_load),
	};

	return cmocka_run_group_tests_name("retirement", tests, harness_group_setup,
					   harness_group_teardown);
}
