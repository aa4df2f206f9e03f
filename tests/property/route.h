/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * route.h - which method and route redtap must report for a request line: a second, simple
 * implementation of its rules, on whole strings.
 *
 * Inputs: method and target as sent.  Outputs: method and route as reported.
 * It must not know redtap's own code.
 */
#ifndef REDTAP_PROPERTY_ROUTE_H
#define REDTAP_PROPERTY_ROUTE_H

#include <stddef.h>

/* The longest method of the generator. */
#define ROUTE_METHOD_MAX 25
/* A path longer than this, as sent or folded, is `other`. */
#define ROUTE_PATH_MAX 128

/* The methods of the registry, NULL at the end. */
extern const char *const route_methods[];

/* A registered method is reported by its name, any other as `_OTHER`. */
const char *route_method(const char *method);

/* route: at least ROUTE_PATH_MAX + 1 bytes. */
void route_fold(char *route, const char *method, const char *target);

#endif
