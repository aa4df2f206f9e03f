/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * observer.c - see observer.h.
 */
#include "harness/observer.h"

#include <stdio.h>

#include "harness/harness.h"
#include "kernel/loader.h"

/* Twice the number that the tests use, because retiring series still occupy their places. */
#define SERIES_MAX "2048"
#define PIDS_MAX 4

void observer_begin(struct observer *observer, const pid_t *pids, size_t count)
{
	char *argv[6 + 2 * PIDS_MAX + 1] = { "redtap",   "attach",   "--max-series",
					     SERIES_MAX, "--statsd", "none" };
	int argc = 6;
	size_t i;

	memset(observer, 0, sizeof(*observer));
	assert_true(count <= PIDS_MAX);
	for (i = 0; i < count; i++) {
		argv[argc++] = "--pid";
		argv[argc++] = (char *)text_format("%d=observed", (int)pids[i]);
	}
	assert_int_equal(options_parse(&observer->options, argc, argv), 0);
	assert_int_equal(watch_init(&observer->watch, &observer->options.watch), 0);
	assert_int_equal(loader_open(&observer->loader, &observer->options.kernel), 0);
	assert_int_equal(collector_open(&observer->collector, observer->loader,
					&observer->options.kernel, NULL),
			 0);
	assert_int_equal(watch_add_named(&observer->watch, observer->loader, observer->collector),
			 0);
	assert_int_equal(loader_attach(observer->loader), 0);
	assert_int_equal(watch_begin(&observer->watch, (uint64_t)(clock_s() * 1e9)), 0);
	observer->now = clock_s();
}

void observer_end(struct observer *observer)
{
	collector_close(observer->collector);
	loader_close(observer->loader);
	watch_release(&observer->watch);
	options_release(&observer->options);
}

static void take(struct observer *observer, bool last)
{
	observer->now += SERIES_IDLE_S + 1;
	assert_int_equal(collector_take_at(observer->collector, observer->now, 1, last,
					   &observer->flush),
			 0);
}

void observer_read(struct observer *observer)
{
	const volatile struct ledger *ledger = loader_ledger(observer->loader);
	uint64_t before;

	take(observer, false);
	before = ledger->series;
	assert_int_equal(collector_retire(observer->collector), 0);
	/* fewer, if new series appeared meanwhile */
	if (ledger->series < before)
		observer->retirements += before - ledger->series;
}

static bool is_quiet(void *context)
{
	const struct observer *observer = context;

	return loader_is_quiet(observer->loader) == 1;
}

void observer_read_quietly(struct observer *observer)
{
	observer_read(observer);
	assert_true(wait_until(is_quiet, observer, DEADLINE_S));
}

void observer_finish(struct observer *observer)
{
	loader_detach(observer->loader);
	take(observer, true);
}

/* redtap's counts in the form of the client's. */
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

/* The phases of a series are those of its own requests, to the nanosecond. */
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

void observer_assert(const struct observer *observer, const struct counts *expected)
{
	const struct flush *flush = observer->flush;
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
	/* nothing was lost for lack of room */
	assert_int_equal(total->approximate[APPROXIMATE_ROUTE_OTHER], 0);
	for (i = 0; i < flush->series_count; i++)
		assert_phases(flush->series[i]);
}
