/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * phases.h - the phases in a flush or total line.
 *
 * Inputs: a line of redtap's JSON. Outputs: one phase, or a failed test if the phases do not add
 * up.  It must not know which requests were sent.
 */
#ifndef REDTAP_E2E_PHASES_H
#define REDTAP_E2E_PHASES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The phase of a route; route NULL: that of connections.  Returns NULL if there is none. */
json_t *phase_find(json_t *line, const char *route, const char *phase);

/* Its sum in seconds; fails the test unless it was measured this often. */
double phase_sum(json_t *line, const char *route, const char *phase, uint64_t count);

/*
 * Checks that the phases of a line add up: for each service and route with requests,
 * sum(duration) = sum(queue) + sum(service) + sum(send) over requests with a response, to the
 * nanosecond.  Requests without a response add to queue only, so the right side may then be
 * larger, by at most their duration.  Returns how many routes were compared; fails the test if
 * one is wrong.
 */
size_t phases_assert_balance(json_t *line);

#endif
