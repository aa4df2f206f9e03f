/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * check.h - `redtap check`: what this kernel and this user allow, and what
 * attach would use.
 *
 * Inputs: struct options, the kernel.  Output: a report on standard output.  It
 * tries what attach does, with the same functions, and must not have rules of
 * its own.
 */
#ifndef REDTAP_CHECK_H
#define REDTAP_CHECK_H

#include "options/options.h"

/* Returns 0 if attach would work, else -errno; the report is printed in any case. */
int check_run(const struct options *options);

#endif
