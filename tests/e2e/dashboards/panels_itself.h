/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * panels_itself.h - checks every query of the dashboard redtap itself, as
 * test_panels.c checks those of redtap RED.
 *
 * Events that must not happen in a good run (losses, failed sends, malformed
 * lines) are sent to the exporter by the test, with a reason of its own.
 */
#ifndef REDTAP_E2E_PANELS_ITSELF_H
#define REDTAP_E2E_PANELS_ITSELF_H

#include "dashboards/panels.h"

/* Before the load: sends the first values of those counters. */
void panels_itself_births(const struct scenario *scenario);

/* After it: increases them, then runs the queries; fails the test for a wrong result. */
void panels_itself_check(struct scenario *scenario);

#endif
