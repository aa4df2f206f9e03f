/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * log.h - messages on standard error, one line each, with "redtap: " before
 * them.  Arguments from outside must have gone through text_escape_terminal().
 */
#ifndef REDTAP_LOG_H
#define REDTAP_LOG_H

#include <stdbool.h>

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

#endif
