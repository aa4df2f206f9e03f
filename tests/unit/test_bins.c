/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_bins.c - counts by bin: as if all of them were there.
 */
#include "unit.h"

#include "flush/bins.h"
#include "flush/measure.h"

/* The ends of the range and of blocks of memory. */
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
	for (i = 0, bin = bins_next(&bins, 0); bin < HISTOGRAM_BINS;
	     bin = bins_next(&bins, bin + 1), i++) {
		assert_int_equal(bin, edges[i]);
		assert_int_equal(bins_get(&bins, bin), 10 + i);
		/* its neighbours have none, unless they are edges themselves */
		assert_int_equal(bins_sum(&bins, found, bin), 0);
		found = bin + 1;
	}
	assert_int_equal(i, ROWS(edges));
	assert_int_equal(bins_sum(&bins, 0, HISTOGRAM_BINS), 10 + 11 + 12 + 13 + 14 + 15);
	assert_int_equal(bins_sum(&bins, 1, BINS_BLOCK), 11 + 12);
	bins_clear(&bins);
	assert_int_equal(bins_next(&bins, 0), HISTOGRAM_BINS);
	bins_release(&bins);
}

/* The kernel's counters wrap; what was read is not read again. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
