/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * values.h - the texts that stand for values on the command line.
 *
 * Input: one text.  Output: the value, or a reason why there is none.  It must
 * not know which option the text belongs to, and prints nothing.
 */
#ifndef REDTAP_OPTION_VALUES_H
#define REDTAP_OPTION_VALUES_H

#include "abi/abi.h"
#include "options/options.h"

/* le boundaries of one histogram: each is a line per series and flush. */
#define BUCKETS_MAX 100
/* What costs no hook of its own. */
#define PHASES_DEFAULT                                                                             \
	(1U << REQUEST_PHASE_QUEUE | 1U << REQUEST_PHASE_SERVICE | 1U << REQUEST_PHASE_SEND)
/*
 * Each returns NULL and sets the value, or returns what is wrong with the text,
 * ready to stand behind "'text': " in a message; the value is undefined then.
 */

/* A decimal number with a unit (ms, s, m, h) within lowest .. highest nanoseconds. */
const char *value_duration(const char *text, uint64_t lowest_ns, uint64_t highest_ns,
			   uint64_t *duration_ns);

/* A whole number within lowest .. highest, decimal digits only. */
const char *value_number(const char *text, uint32_t lowest, uint32_t highest, uint32_t *number);

/* PID or PID=NAME; name points into text, NULL without a NAME. */
const char *value_pid(const char *text, struct pid_option *pid);

/* udp:// or tcp:// with HOST:PORT or [IPv6]:PORT; unix:///PATH; none. */
const char *value_statsd(const char *text, struct statsd_option *statsd);

/* The other way round, always the same for the same destination. */
#define STATSD_DESTINATION_MAX (sizeof(((struct statsd_option *)0)->host) + 16)
char *statsd_option_name(char name[STATSD_DESTINATION_MAX], const struct statsd_option *statsd);

/* What may stand in statsd_option.host, without brackets around IPv6 addresses. */
const char *value_host(const char *text, size_t length, struct statsd_option *statsd);
const char *value_port(const char *text, uint16_t *port);

/* One of the words that stand for an enumerator. */
const char *value_output(const char *text, enum output_kind *output);
const char *value_metrics(const char *text, enum metrics_kind *metrics);
const char *value_histogram(const char *text, enum histogram_kind *histogram);

/* A pattern for process names (fnmatch): not empty, and not one that no name is long enough for. */
const char *value_name_pattern(const char *text);

/* Comma-separated names of phases, or none; bits 1 << enum request_phase. */
const char *value_phases(const char *text, uint32_t *phases);

/* Comma-separated le boundaries in seconds; each is the upper edge of a bin of histogram.h. */
const char *value_buckets(const char *text, double buckets[BUCKETS_MAX], size_t *count);

#endif
