/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * phases.h - where the time went, as a flush or total line says.
 *
 * Inputs: a line of redtap's JSON.  Outputs: one phase, or a failed test where the phases do
 * not add up.  It must not know which requests were sent.
 */
#ifndef REDTAP_E2E_PHASES_H
#define REDTAP_E2E_PHASES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The phase of a route; route NULL: that of connections.  NULL: there is none. */
json_t *phase_find(json_t *line, const char *route, const char *phase);

/* Its sum in seconds; fails the test unless it was measured so often. */
double phase_sum(json_t *line, const char *route, const char *phase, uint64_t count);

/*
 * Holds a line to what its phases must add up to: of each service and route that was
 * asked for, sum(duration) = sum(queue) + sum(service) + sum(send) over answered
 * requests, to the nanosecond.  Where some were not answered, their queue is in
 * the second but not in the first: then at most so much.  Returns how many routes
 * were compared; fails the test where one does not fit.
 */
size_t phases_assert_balance(json_t *line);

#endif
