/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_histogram.c - index and bounds of bins: every edge, and values in between, compared
 * with a slow and simple computation.
 */
#include "unit.h"

#include "abi/histogram.h"

/* The edges one by one: 1 us, then each decade's 1.1, 1.2 ... 10 times its lower edge. */
static uint64_t edges[HISTOGRAM_BINS - 1];

static int make_edges(void **state)
{
	uint64_t lower = 1000;
	size_t used = 0, decade, tenths;

	(void)state;
	edges[used++] = lower;
	for (decade = 0; decade < HISTOGRAM_DECADES; decade++, lower *= 10)
		for (tenths = 11; tenths <= 100; tenths++)
			edges[used++] = lower / 10 * tenths;
	return used == ROWS(edges) ? 0 : -1;
}

/* The first bin whose edge is not below the value. */
static uint32_t naive_bin(uint64_t value_ns)
{
	uint32_t bin;

	for (bin = 0; bin < ROWS(edges); bin++)
		if (value_ns <= edges[bin])
			return bin;
	return HISTOGRAM_OVERFLOW;
}

static void test_edges(void **state)
{
	uint32_t bin;

	(void)state;
	for (bin = 0; bin < ROWS(edges); bin++) {
		assert_int_equal(histogram_upper_ns(bin), edges[bin]);
		assert_int_equal(histogram_lower_ns(bin), bin ? edges[bin - 1] : 0);
		assert_int_equal(histogram_bin(edges[bin] - 1), bin);
		assert_int_equal(histogram_bin(edges[bin]), bin);
		assert_int_equal(histogram_bin(edges[bin] + 1), bin + 1);
	}
}

static void test_ends(void **state)
{
	(void)state;
	assert_int_equal(edges[0], HISTOGRAM_LOWEST_NS);
	assert_int_equal(edges[ROWS(edges) - 1], HISTOGRAM_HIGHEST_NS);
	assert_int_equal(histogram_bin(0), 0);
	assert_int_equal(histogram_bin(1), 0);
	assert_int_equal(histogram_bin(HISTOGRAM_HIGHEST_NS + 1), HISTOGRAM_OVERFLOW);
	assert_int_equal(histogram_bin(UINT64_MAX), HISTOGRAM_OVERFLOW);
	assert_int_equal(histogram_upper_ns(HISTOGRAM_OVERFLOW), UINT64_MAX);
	assert_int_equal(histogram_lower_ns(HISTOGRAM_OVERFLOW), HISTOGRAM_HIGHEST_NS);
}

static void test_monotonic(void **state)
{
	uint64_t value;
	uint32_t last = 0, bin;

	(void)state;
	/* Steps of less than a tenth of a bin, so that none is skipped. */
	for (value = 1; value < 2 * HISTOGRAM_HIGHEST_NS; value += value / 1000 + 1) {
		bin = histogram_bin(value);
		assert_true(bin == last || bin == last + 1);
		last = bin;
	}
	assert_int_equal(last, HISTOGRAM_OVERFLOW);
}

/* Every number of two significant digits from 0.000001 to 100 seconds. */
static void test_le_are_edges(void **state)
{
	uint64_t power, digits;

	(void)state;
	for (power = 100; power <= HISTOGRAM_HIGHEST_NS; power *= 10) {
		for (digits = 1; digits <= 99; digits++) {
			const uint64_t le = power * digits;

			if (le < HISTOGRAM_LOWEST_NS || le > HISTOGRAM_HIGHEST_NS)
				continue;
			assert_int_equal(histogram_upper_ns(histogram_bin(le)), le);
		}
	}
}

static void test_random_values(void **state)
{
	uint64_t random = 88172645463325252ULL;
	unsigned int i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		uint64_t value;

		/* xorshift; shifted, so that all magnitudes occur. */
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		value = random >> (i % 64);
		if (histogram_bin(value) != naive_bin(value))
			fail_msg("%llu ns: bin %u instead of %u", (unsigned long long)value,
				 histogram_bin(value), naive_bin(value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),         cmocka_unit_test(test_ends),
		cmocka_unit_test(test_monotonic),     cmocka_unit_test(test_le_are_edges),
		cmocka_unit_test(test_random_values),
	};

	return cmocka_run_group_tests_name("histogram", tests, make_edges, NULL);
}
