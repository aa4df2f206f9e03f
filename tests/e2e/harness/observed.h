/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * observed.h - one redtap for all tests of a program, attached to the program
 * itself and so to every server that it starts; each test is held against what
 * happened during it.
 *
 * Inputs: what the client knows that it has sent and got.  Outputs: a test that
 * fails unless redtap's table and ledger, every reason of it, say the same.  It
 * must not know how the requests were made.
 */
#ifndef REDTAP_E2E_OBSERVED_H
#define REDTAP_E2E_OBSERVED_H

#include <stdint.h>

#include "harness/harness.h"

/* Of the group; setup attaches. */
int observed_group_setup(void **state);
int observed_group_teardown(void **state);
/* Of each test; setup waits until all that came before has ended. */
int observed_setup(void **state);
int observed_teardown(void **state);

#define OBSERVED_TEST(function)                                                                    \
	cmocka_unit_test_setup_teardown(function, observed_setup, observed_teardown)

/* n requests that redtap has to count; error as in counts_add(). */
void observed_expect(const char *method, const char *route, int status, const char *error,
		     uint64_t n, uint64_t request_bytes, uint64_t response_bytes);

/*
 * n more of a reason of the ledger: kind "lost", "approximate" or "ignored".  What
 * is not expected must be 0.
 */
void observed_expect_reason(const char *kind, const char *reason, uint64_t n);

/* Waits until redtap has seen as much as is expected; fails the test unless all is equal. */
void observed_check(void);

/* What redtap says of the durations of a series during the test, seconds. */
struct observed_durations {
	double mean;
	double max; /* upper edge of the highest bin */
};

/* After observed_check(). */
struct observed_durations observed_durations(const char *method, const char *route, int status);

/*
 * Fails the test unless the mean duration lies between low and high, seconds: a
 * thousandth less, for clocks that are read one after the other.
 */
void observed_assert_mean(const char *method, const char *route, int status, double low,
			  double high);

/* Likewise, the sum of a phase of all that was asked of a route, seconds. */
double observed_phase_s(const char *route, const char *phase);

/* So far: requests in flight at the last flush, and counted during the test. */
uint64_t observed_in_flight(void);
uint64_t observed_counted(void);

uint64_t observed_seen(void);
/* Of one reason; reason NULL: of all of this kind. */
uint64_t observed_reason(const char *kind, const char *reason);

/* Takes whatever happened so far as expected: for what cannot be foretold. */
void observed_accept_all(void);

/* Waits for so many flushes more. */
void observed_wait_flushes(size_t count);

#endif
