/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * observed.h - one redtap for all tests of a program, attached to the program
 * itself and so to every server that it starts; each test is compared with what
 * redtap counted during it.
 *
 * Inputs: what the client sent and received.  Outputs: a test that fails unless
 * redtap's series and every reason of its ledger are equal to that.  It must
 * not know how the requests were made.
 */
#ifndef REDTAP_E2E_OBSERVED_H
#define REDTAP_E2E_OBSERVED_H

#include <stdint.h>

#include "harness/harness.h"

/* Setup and teardown of the group; setup attaches. */
int observed_group_setup(void **state);
int observed_group_teardown(void **state);
/* Setup and teardown of each test; setup waits until all earlier requests have ended. */
int observed_setup(void **state);
int observed_teardown(void **state);

#define OBSERVED_TEST(function)                                                                    \
	cmocka_unit_test_setup_teardown(function, observed_setup, observed_teardown)

/* Expects n requests; error as in counts_add(). */
void observed_expect(const char *method, const char *route, int status, const char *error,
		     uint64_t n, uint64_t request_bytes, uint64_t response_bytes);

/*
 * Expects n more of a reason of the ledger: kind "lost", "approximate" or "ignored". Reasons that
 * are not expected must be 0.
 */
void observed_expect_reason(const char *kind, const char *reason, uint64_t n);

/* Waits until redtap has seen all that is expected; fails the test unless all is equal. */
void observed_check(void);

/* redtap's durations of a series during the test, seconds. */
struct observed_durations {
	double mean;
	double max; /* upper edge of the highest bin */
};

/* After observed_check(). */
struct observed_durations observed_durations(const char *method, const char *route, int status);

/*
 * Fails the test unless the mean duration lies between low and high, seconds.
 * low is reduced by a thousandth, because the clocks are not read at the same
 * instant.
 */
void observed_assert_mean(const char *method, const char *route, int status, double low,
			  double high);

/* The same for the sum of a phase over all requests of a route, seconds. */
double observed_phase_s(const char *route, const char *phase);

/* So far: requests in flight at the last flush, and counted during the test. */
uint64_t observed_in_flight(void);
uint64_t observed_counted(void);

uint64_t observed_seen(void);
/* Of one reason; reason NULL: of all of this kind. */
uint64_t observed_reason(const char *kind, const char *reason);

/* Accepts everything so far as expected: for results that cannot be predicted. */
void observed_accept_all(void);

/* Waits for this many more flushes. */
void observed_wait_flushes(size_t count);

#endif
