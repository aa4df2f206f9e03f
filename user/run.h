/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * run.h - `redtap attach`: the stages of a run, one after the other.
 *
 * Input: struct options.  Output: whatever the options ask for.  It must not
 * know how any stage does its work.
 */
#ifndef REDTAP_RUN_H
#define REDTAP_RUN_H

#include "options/options.h"

/* Attaches, observes to the end.  Returns 0, or -errno after a message. */
int run_attach(const struct options *options);

#endif
