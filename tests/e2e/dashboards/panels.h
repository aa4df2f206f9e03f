/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * panels.h - the queries of a dashboard, asked of Prometheus and held against
 * expectations.
 *
 * Inputs: a dashboard's name, a table of expectations.  Outputs: a failed test
 * for a wrong answer, for a query that nothing is expected of, and for an
 * expectation without a query.
 */
#ifndef REDTAP_E2E_PANELS_H
#define REDTAP_E2E_PANELS_H

#include "stack/expectation.h"

/* What is put in for $__rate_interval and $__range: longer than the scenario. */
#define RATE_INTERVAL "2m"
#define RATE_INTERVAL_S 120.0
#define RANGE "10m"

void panels_check(const struct scenario *scenario, const char *dashboard,
		  const struct expectation *expectations, size_t count);

/* Each query about a service, asked for one that does not exist, answers nothing. */
void panels_select_service(const struct scenario *scenario, const char *dashboard);

#endif
