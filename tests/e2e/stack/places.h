/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * places.h - one run of redtap watched in all four places where its numbers
 * come out: JSON total, captured datagrams, statsd_exporter's /metrics,
 * Prometheus's API.
 *
 * Inputs: a server's pid, then the client's counts.  Outputs: a test that
 * fails unless all four are equal to them.  It must not know which requests
 * were sent.
 */
#ifndef REDTAP_E2E_PLACES_H
#define REDTAP_E2E_PLACES_H

#include <sys/types.h>

#include "harness/capture.h"
#include "harness/counts.h"
#include "harness/redtap_run.h"
#include "stack/stack.h"

/*
 * Group setup and teardown of a test program that uses places: the scratch
 * directory and one statsd_exporter and Prometheus for all its tests.
 */
int places_group_setup(void **state);
int places_group_teardown(void **state);

struct places {
	struct redtap *redtap;
	struct capture *capture;
	char service[32]; /* unlike that of any other test: the exporter keeps what it has got */
	bool own;         /* the exporter and Prometheus get nothing */
};

/* Attaches redtap to pid; more: further arguments, NULL-terminated, or NULL. */
void places_attach(struct places *places, pid_t pid, const char *const *more);
/*
 * The same, and what redtap sends goes nowhere else: for thousands of series, with
 * which the exporter of all tests takes half a minute for a page on a busy machine.
 * places_assert() then looks at the JSON and the datagrams.
 */
void places_attach_own(struct places *places, pid_t pid, const char *const *more);

/*
 * After the last request: waits until redtap has counted all, ends it by
 * SIGINT, and checks all four places, body sizes included if bytes is true.
 * Returns the JSON total.
 */
json_t *places_assert(struct places *places, const struct counts *expected, bool bytes);

/*
 * After redtap's end: the three other places say what its total line says, which
 * the test has compared with the client's counts.  For loads where a request that
 * was under way at attach, or at a server's death, may count or not: it does so
 * everywhere.
 */
void places_assert_as_total(struct places *places, json_t *total);

#endif
