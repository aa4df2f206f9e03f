/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * panels_itself.h - every query of the dashboard redtap itself, as
 * test_panels.c asks those of redtap RED.
 *
 * What must not happen in a good run (losses, failed sends, lines that are
 * none) is sent to the exporter by the test, under a reason of its own.
 */
#ifndef REDTAP_E2E_PANELS_ITSELF_H
#define REDTAP_E2E_PANELS_ITSELF_H

#include "dashboards/panels.h"

/* Before the load: where those counters begin. */
void panels_itself_births(const struct scenario *scenario);

/* After it: how they grow; then asks, and fails the test for a wrong answer. */
void panels_itself_check(struct scenario *scenario);

#endif
