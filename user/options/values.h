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

/* These fit into the table of options: an untyped value, and what is allowed. */

/* uint64_t, nanoseconds: a decimal number with a unit (ms, s, m, h).  allowed: "100ms to 1h". */
const char *value_duration(void *duration_ns, const char *allowed, const char *text);
/* uint32_t: a whole number, decimal digits only.  allowed: "1 to 9". */
const char *value_number(void *number, const char *allowed, const char *text);
/* An enum whose values from 1 on are these words.  allowed: "one, two or three". */
const char *value_word(void *word, const char *allowed, const char *text);
/* uint32_t, bits 1 << enum request_phase: comma-separated names, or none. */
const char *value_phases(void *phases, const char *allowed, const char *text);

/* The name or number of a user. */
const char *value_user(const char *text, uid_t *user);
/* pid_t */
const char *value_process(void *pid, const char *allowed, const char *text);

/* PID or PID=NAME; name points into text, NULL without a NAME. */
const char *value_pid(const char *text, struct watch_pid *pid);

/* A pattern for process names (fnmatch): not empty, and not one that no name is long enough for. */
const char *value_name_pattern(const char *text);

/* Comma-separated le boundaries in seconds; each is the upper edge of a bin of histogram.h. */
const char *value_buckets(const char *text, double buckets[STATSD_BUCKETS_MAX], size_t *count);

#endif
