/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * log.h - messages on standard error, one line each, with "redtap: " before
 * them.  Arguments from outside must have gone through text_escape_terminal().
 */
#ifndef REDTAP_LOG_H
#define REDTAP_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* Detail messages (-v) are printed only while this is true. */
extern bool log_verbose;

/* What failed, the subject in quotes, why, what to do next. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A problem that does not end the run. */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Progress, always shown: "attached ...". */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Shown with -v only. */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Between the two, messages are written by a thread (outlet.h), so that nobody waits for a
 * reader that takes nothing.  Returns 0 or -errno.
 */
int log_begin(void);
/* Waits until deadline_ns of clock_monotonic_ns() for what is not written yet. */
void log_end(uint64_t deadline_ns);
/* Messages that were dropped since log_begin(). */
uint64_t log_dropped(void);

#endif
