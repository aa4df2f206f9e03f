/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * output.h - reports on standard output: one that does not take them delays nothing, and
 * the user is told.
 *
 * Input: whole reports.  Outputs: a descriptor's bytes, messages, a count of what was
 * dropped.  It must not know what a report looks like.
 */
#ifndef REDTAP_OUTPUT_H
#define REDTAP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output;

/* Returns 0, or -errno after a message. */
int output_open(struct output **output, int fd);

/* A report_sink: context is a struct output. */
void output_put(void *context, const char *text, size_t length, bool last);

/*
 * Tells the user when reports begin to be dropped, and when they are taken again.  alone:
 * nothing else is sent anywhere, so a reader that is gone is a normal end.
 */
void output_look(struct output *output, bool alone);

/* 0, or -errno if the newest report could not be written (-EPIPE: its reader is gone). */
int output_error(const struct output *output);

/* Reports that were dropped since the start. */
uint64_t output_dropped(const struct output *output);

/* Waits until deadline_ns of clock_monotonic_ns() for what is not written yet.  NULL: nothing. */
void output_close(struct output *output, uint64_t deadline_ns);

#endif
