/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * places.h - one run of redtap, checked in all four places where its numbers
 * appear: JSON total, captured datagrams, statsd_exporter's /metrics,
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
 * directory, and one statsd_exporter and Prometheus for all its tests.
 */
int places_group_setup(void **state);
int places_group_teardown(void **state);

struct places {
	struct redtap *redtap;
	struct capture *capture;
	char service[32]; /* a name of this test only: the exporter keeps its series */
	bool own;         /* the exporter and Prometheus are not used */
};

/* Attaches redtap to pid; more: further arguments, NULL-terminated, or NULL. */
void places_attach(struct places *places, pid_t pid, const char *const *more);
/*
 * The same, but without the exporter: for thousands of series, with which the shared exporter
 * would need half a minute for one page on a busy machine.  places_assert() then checks the JSON
 * and the datagrams only.
 */
void places_attach_own(struct places *places, pid_t pid, const char *const *more);

/*
 * Call after the last request: waits until redtap has counted all, ends it by
 * SIGINT, and checks all four places, body sizes included if bytes is true.
 * Returns the JSON total.
 */
json_t *places_assert(struct places *places, const struct counts *expected, bool bytes);

/*
 * Call after redtap's end: checks that the three other places agree with its
 * total line, which the test has compared with the client's counts.  For loads
 * where a request that was in progress at attach, or when a server died, may
 * count or not: it must do so in all places.
 */
void places_assert_as_total(struct places *places, json_t *total);

#endif
