/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * metrics.h - a set of metrics with labels and values, filled from StatsD
 * lines, from the text format of /metrics, or from Prometheus's API.
 *
 * Names always have Prometheus's form (`_` for dots), so that one check works
 * for all outputs.  It must not know sockets, nor what the metrics mean.
 */
#ifndef REDTAP_E2E_METRICS_H
#define REDTAP_E2E_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METRIC_LABELS_MAX 12
#define METRIC_TEXT_MAX 192

struct metric_label {
	char key[64];
	char value[METRIC_TEXT_MAX];
};

struct metric {
	char name[96];
	struct metric_label labels[METRIC_LABELS_MAX]; /* ascending by key */
	size_t label_count;
	char type;      /* 'c' or 'g' if the source has a type, else 0 */
	double value;   /* sum of a counter's lines, last value of a gauge */
	double first;   /* value of its first line */
	uint64_t lines; /* number of its lines */
};

struct metrics {
	struct metric *items;
	size_t count;
	size_t room;
	uint32_t *slots; /* hash of name and labels -> index + 1; the size is a power of two */
	size_t slot_count;
};

void metrics_init(struct metrics *metrics);
void metrics_release(struct metrics *metrics);

/*
 * Adds one line `name:value|type|#key:value,...` (no newline).  Returns false
 * and changes nothing if it is not well-formed, is of a type other than c or
 * g, or holds a number that is not finite.
 */
bool metrics_add_statsd(struct metrics *metrics, const char *line, size_t length);

/* Adds the lines of a /metrics page; returns false at the first malformed one. */
bool metrics_add_exposition(struct metrics *metrics, const char *text);

/* Adds the result of an instant query to Prometheus; false if it is malformed. */
bool metrics_add_query(struct metrics *metrics, const char *json);

/* The value of a label, or NULL. */
const char *metric_label(const struct metric *metric, const char *key);

/*
 * True when every label of `with`, except `except` (may be NULL), has the same value in `metric`.
 */
bool metric_same_labels(const struct metric *metric, const struct metric *with, const char *except);

/* Sum over all metrics of that name whose label key has value; key NULL: all. */
double metrics_sum(const struct metrics *metrics, const char *name, const char *key,
		   const char *value);

#endif
