/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_measure.c - distributions: counts of bins, sums, quantiles.
 */
#include "unit.h"

#include <math.h>

#include "abi/histogram.h"
#include "flush/bins.h"
#include "flush/measure.h"

#define MS 1000000ULL
#define US 1000ULL

/* Both ends of the range, and of blocks of memory. */
static const uint32_t edges[] = {
	0, 1, BINS_BLOCK - 1, BINS_BLOCK, 5 * BINS_BLOCK + 7, HISTOGRAM_BINS - 1
};

static void test_counts(void **state)
{
	struct bins bins = { 0 };
	uint32_t bin, found = 0;
	size_t i;

	(void)state;
	assert_int_equal(bins_next(&bins, 0), HISTOGRAM_BINS);
	assert_int_equal(bins_sum(&bins, 0, HISTOGRAM_BINS), 0);
	for (i = 0; i < ROWS(edges); i++)
		assert_int_equal(bins_add(&bins, edges[i], 10 + i), 0);
	i = 0;
	bins_for_each(bin, &bins) {
		assert_int_equal(bin, edges[i]);
		assert_int_equal(bins_get(&bins, bin), 10 + i);
		/* the neighbours are empty, unless they are edges themselves */
		assert_int_equal(bins_sum(&bins, found, bin), 0);
		found = bin + 1;
		i++;
	}
	assert_int_equal(i, ROWS(edges));
	assert_int_equal(bins_sum(&bins, 0, HISTOGRAM_BINS), 10 + 11 + 12 + 13 + 14 + 15);
	assert_int_equal(bins_sum(&bins, 1, BINS_BLOCK), 11 + 12);
	bins_clear(&bins);
	assert_int_equal(bins_next(&bins, 0), HISTOGRAM_BINS);
	bins_release(&bins);
}

/* The kernel's counters wrap around; what was read before is not counted again. */
static void test_reading(void **state)
{
	uint32_t counters[HISTOGRAM_BINS] = { 0 };
	struct bins last = { 0 };
	struct measure now = { 0 };
	uint64_t count;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(edges); i++)
		counters[edges[i]] = UINT32_MAX - 1;
	assert_int_equal(measure_read_bins(&now, &last, counters, &count), 0);
	assert_int_equal(count, ROWS(edges) * (uint64_t)(UINT32_MAX - 1));
	measure_clear(&now);
	assert_int_equal(now.count + bins_sum(&now.bins, 0, HISTOGRAM_BINS), 0);
	counters[edges[3]] = 2; /* four more */
	counters[HISTOGRAM_BINS - 1]++;
	assert_int_equal(measure_read_bins(&now, &last, counters, &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(now.count, 5);
	assert_int_equal(bins_get(&now.bins, edges[3]), 4);
	assert_int_equal(bins_get(&now.bins, HISTOGRAM_BINS - 1), 1);
	assert_int_equal(measure_read_bins(&now, &last, counters, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(now.count, 5);
	bins_release(&last);
	measure_release(&now);
}

static void test_sums(void **state)
{
	struct measure sum = { 0 }, more = { .count = 3, .sum_ns = 30 };

	(void)state;
	assert_int_equal(bins_add(&more.bins, 7, 2), 0);
	assert_int_equal(bins_add(&more.bins, 700, 1), 0);
	assert_int_equal(measure_add(&sum, &more), 0);
	assert_int_equal(measure_add(&sum, &more), 0);
	assert_int_equal(sum.count, 6);
	assert_int_equal(sum.sum_ns, 60);
	assert_int_equal(bins_get(&sum.bins, 7), 4);
	assert_int_equal(bins_get(&sum.bins, 700), 2);
	assert_int_equal(bins_get(&more.bins, 7), 2);
	measure_release(&sum);
	measure_release(&more);
	assert_int_equal(sum.count + bins_get(&sum.bins, 7), 0);
}

static void test_quantiles(void **state)
{
	/* Up to three groups of requests with equal durations. */
	static const struct {
		const char *comment;
		struct {
			uint64_t n, ns;
		} groups[3];
		double q, expected;
	} rows[] = {
		{ "nothing", { { 0, 0 } }, 0.5, -1 },
		{ "one request: the bin's middle", { { 1, 100 * MS } }, 0.5, 0.0995 },
		{ "one request: the highest quantile", { { 1, 100 * MS } }, 1, 0.0995 },
		{ "one request: the lowest quantile", { { 1, 100 * MS } }, 0, 0.0995 },
		{ "four in one bin", { { 4, 20 * MS } }, 0.25, 0.0195 },
		{ "on the border of two bins", { { 5, 10 * MS }, { 5, 2000 * MS } }, 0.5, 0.00995 },
		{ "after the border", { { 5, 10 * MS }, { 5, 2000 * MS } }, 0.6, 1.95 },
		{ "the tail", { { 99, 10 * MS }, { 1, 5000 * MS } }, 0.99, 0.00995 },
		{ "beyond the tail", { { 99, 10 * MS }, { 1, 5000 * MS } }, 0.995, 4.95 },
		{ "below 1 us", { { 2, 10 } }, 0.5, 0.0000005 },
		{ "above 100 s", { { 2, 200000 * MS } }, 0.5, 100 },
		{ "above 100 s, the end", { { 2, 200000 * MS } }, 1, 100 },
		{ "three", { { 1, 10 * US }, { 1, MS }, { 1, 100 * MS } }, 0.5, 0.000995 },
	};
	struct measure measure = { 0 };
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		double got;

		measure_release(&measure);
		for (j = 0; j < 3; j++)
			bins_add(&measure.bins, histogram_bin(rows[i].groups[j].ns),
				 rows[i].groups[j].n);
		got = measure_quantile(&measure, rows[i].q);
		if (fabs(got - rows[i].expected) > 1e-9 * fabs(rows[i].expected))
			fail_msg("%s: %.9f instead of %.9f", rows[i].comment, got,
				 rows[i].expected);
	}
	measure_release(&measure);
}

/* Compared with sorted durations: the error is at most the width of a bin. */
static void test_quantiles_of_random(void **state)
{
	static const double qs[] = { 0.01, 0.1, 0.5, 0.9, 0.99, 1 };
	struct measure measure = { 0 };
	uint64_t values[1000];
	unsigned int seed = 3;
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(values); i++) {
		/* Ascending: 1 us, then up to 2 % more each time. */
		values[i] = i ? values[i - 1] + values[i - 1] * (rand_r(&seed) % 20) / 1000 + 1
			      : 1000;
		bins_add(&measure.bins, histogram_bin(values[i]), 1);
	}
	for (j = 0; j < ROWS(qs); j++) {
		const uint64_t exact = values[(size_t)ceil(qs[j] * ROWS(values)) - 1];
		const uint32_t bin = histogram_bin(exact);
		const double got = measure_quantile(&measure, qs[j]) * 1e9;

		assert_true(got >= histogram_lower_ns(bin) - 1 &&
			    got <= histogram_upper_ns(bin) + 1);
	}
	measure_release(&measure);
}

static void test_max(void **state)
{
	static const struct {
		uint64_t ns;
		double expected;
	} rows[] = {
		{ 1, 0.000001 },        { 1500, 0.0000015 },  { 100 * MS, 0.1 },
		{ 100 * MS + 1, 0.11 }, { 100000 * MS, 100 }, { 100001 * MS, 100 },
	};
	struct measure measure = { 0 };
	size_t i;

	(void)state;
	assert_true(measure_max(&measure) == -1);
	/* Each larger than the one before. */
	for (i = 0; i < ROWS(rows); i++) {
		bins_add(&measure.bins, histogram_bin(rows[i].ns), 1);
		assert_true(fabs(measure_max(&measure) - rows[i].expected) < 1e-12);
	}
	measure_release(&measure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_quantiles_of_random),
		cmocka_unit_test(test_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
