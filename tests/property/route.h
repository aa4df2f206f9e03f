/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * route.h - which method and route redtap has to report for a request line: a
 * second implementation of its rules, on whole strings and as plain as can be.
 *
 * Inputs: method and target as sent.  Outputs: method and route as reported.
 * It must not know redtap's own code.
 */
#ifndef REDTAP_PROPERTY_ROUTE_H
#define REDTAP_PROPERTY_ROUTE_H

#include <stddef.h>

/* A method in capitals of at most so many bytes is one; longer: no HTTP. */
#define ROUTE_METHOD_MAX 24
/* A path longer than this, as sent or folded, is `other`. */
#define ROUTE_PATH_MAX 128

/* The methods of the registry, NULL at the end. */
extern const char *const route_methods[];

/* Registered methods stay what they are, all others are `_OTHER`. */
const char *route_method(const char *method);

/* route: at least ROUTE_PATH_MAX + 1 bytes. */
void route_fold(char *route, const char *method, const char *target);

#endif
