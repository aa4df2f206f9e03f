/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * target.h - makes methods and request targets.
 *
 * Inputs: random numbers.  Outputs: text.  The number of different routes and
 * methods stays small; identifiers, tokens and queries differ each time.
 */
#ifndef REDTAP_PROPERTY_TARGET_H
#define REDTAP_PROPERTY_TARGET_H

#include <stddef.h>

#include "random.h"

/* Longest target that is made, its NUL included. */
#define TARGET_MAX 8192

/* A registered method or a token of that form, as sent. */
const char *target_method(struct random *random);

/* target: TARGET_MAX bytes. */
void target_make(char *target, struct random *random, const char *method);

#endif
