/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * values.h - the texts that stand for values on the command line.
 *
 * Input: one text, and what is allowed.  Output: the value, or a reason why there is
 * none.  It must not know which option the text belongs to, and prints nothing.
 */
#ifndef REDTAP_OPTION_VALUES_H
#define REDTAP_OPTION_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "statsd/statsd.h"
#include "watch/watch.h"

/*
 * Each returns NULL and sets the value, or returns what is wrong with the text,
 * to be printed behind "'text': "; the value is undefined then.
 */

/* A decimal number with a unit (ms, s, m, h).  allowed: "100ms to 1h". */
const char *value_duration(const char *text, const char *allowed, uint64_t *duration_ns);

/* A whole number, decimal digits only.  allowed: "1 to 9". */
const char *value_number(const char *text, const char *allowed, uint32_t *number);

/* A word as its place, from 1 on.  allowed: "one, two or three". */
const char *value_word(const char *text, const char *allowed, int *place);

/* PID or PID=NAME; name points into text, NULL without a NAME. */
const char *value_pid(const char *text, struct watch_pid *pid);

/* A pattern for process names (fnmatch): not empty, and not one that no name is long enough for. */
const char *value_name_pattern(const char *text);

/* Comma-separated names of phases, or none; bits 1 << enum request_phase. */
const char *value_phases(const char *text, uint32_t *phases);

/* Comma-separated le boundaries in seconds; each is the upper edge of a bin of histogram.h. */
const char *value_buckets(const char *text, double buckets[STATSD_BUCKETS_MAX], size_t *count);

#endif
