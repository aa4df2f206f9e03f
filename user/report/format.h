/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * format.h - numbers as the columns of the table show them.
 *
 * Inputs: numbers.  Outputs: short texts; each function returns its buffer or a constant.
 * It must not know the order of the columns.
 */
#ifndef REDTAP_REPORT_FORMAT_H
#define REDTAP_REPORT_FORMAT_H

#include "flush/flush.h"

/* Three significant digits and a unit, at most six columns; negative: "-". */
const char *format_duration(char text[16], double seconds);
const char *format_rate(char text[16], double rate);
/* Percent. */
const char *format_share(char text[16], uint64_t part, uint64_t whole);
/* The longest duration. */
const char *format_max(char text[16], const struct measure *measure);

/* Width of a phase: a blank and its mean. */
#define PHASE_COLUMNS 7

/* Phases of requests have columns, in the order of the enum. */
static inline bool phase_has_column(unsigned int phase)
{
	return phase != REQUEST_PHASE_NONE && phase != REQUEST_PHASE_ACCEPT;
}

/* The phases in a flush that have columns, bits 1 << enum request_phase. */
uint32_t phases_shown(const struct flush *flush);
unsigned int phases_count(uint32_t phases);

/* Their titles, and their means in a measure, PHASE_COLUMNS each. */
const char *format_phase_titles(char *text, size_t size, uint32_t phases);
const char *format_phases(char *text, size_t size, uint32_t phases, const struct measure *measure);

/* "12 accepted, after 1.20ms on average (p50 ..., p99 ..., max ...)" */
const char *format_accept(char *text, size_t size, const struct measure *measure);

#endif
