/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * panels.h - sends the queries of a dashboard to Prometheus and compares the
 * results with expectations.
 *
 * Inputs: a dashboard's name, a table of expectations.  Outputs: a failed test
 * for a wrong result, for a query without an expectation, and for an
 * expectation without a query.
 */
#ifndef REDTAP_E2E_PANELS_H
#define REDTAP_E2E_PANELS_H

#include "stack/expectation.h"

/* Value of $__rate_interval and $__range: longer than the scenario. */
#define RATE_INTERVAL "2m"
#define RATE_INTERVAL_S 120.0
#define RANGE "10m"

void panels_check(const struct scenario *scenario, const char *dashboard,
		  const struct expectation *expectations, size_t count);

/* Checks that each query about a service has no result for a service that does not exist. */
void panels_select_service(const struct scenario *scenario, const char *dashboard);

#endif
