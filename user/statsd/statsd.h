/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd.h - turns a flush into StatsD lines (DogStatsD tags).
 *
 * Input: struct flush.  Output: lines without newline, handed one by one to a
 * sink.  It must not know sockets, datagrams or time.
 */
#ifndef REDTAP_STATSD_H
#define REDTAP_STATSD_H

#include "flush/flush.h"

/* Boundaries of one histogram, at most: each is a line per series and flush. */
#define STATSD_BUCKETS_MAX 100
/* Longest line that is ever produced, in bytes: it fits into one datagram. */
#define STATSD_LINE_MAX 1400

/* Takes one line of length bytes (no newline, NUL-terminated all the same). */
typedef void statsd_sink(void *context, const char *line, size_t length);

/* Names and labels of the lines. */
enum metrics_kind {
	METRICS_DEFAULT = 0, /* taken for METRICS_OTEL */
	METRICS_OTEL,        /* the OpenTelemetry HTTP conventions */
	METRICS_FLASK,       /* those of the StatsD middleware for Flask */
};

/* How a distribution is written. */
enum histogram_kind {
	HISTOGRAM_DEFAULT = 0, /* taken for HISTOGRAM_BUCKETS */
	HISTOGRAM_BUCKETS,     /* exact cumulative counters, one for each le */
	HISTOGRAM_TIMER,       /* weighted timers */
};

struct statsd_settings {
	enum metrics_kind metrics;
	enum histogram_kind histogram;
	const double *buckets; /* le boundaries, seconds, ascending, without +Inf; not for timers */
	size_t bucket_count;
	const char *version; /* for redtap.info */
	const char *hooks;
	const char *kernel;
	const char *const *destinations; /* their names, for redtap.statsd.{errors,dropped} */
	size_t destination_count;
	size_t destination; /* which of them these lines are for */
};

/* What one destination has cost since the start. */
struct statsd_losses {
	uint64_t errors;  /* failed datagrams, failed or lost connections */
	uint64_t dropped; /* lines */
};

struct statsd_encoder;

/* Copies what it keeps of settings.  Returns NULL and sets errno on failure. */
struct statsd_encoder *statsd_open(const struct statsd_settings *settings);
void statsd_close(struct statsd_encoder *encoder);

/*
 * Begins one flush: redtap's own metrics go to the sink at once, all else with
 * statsd_go_on(), and flush has to be there until the next one begins.  Where the
 * one before has not come to its end, this one begins where that stopped, so that
 * each distribution has its turn.
 *
 * A series that is born is sent with 0 everywhere and its values follow a flush
 * later (a counter that is born with a value loses it for rate() and increase()),
 * two where it was not the first piece of its flush; the last flush sends all.
 *
 * losses: of each destination.  Where those of the encoder's own have grown
 * since the last flush, the receiver was away: everything is born again, its
 * values held back until the losses stop.  So there is an encoder for each
 * destination: one that is away, or comes later, costs the others nothing, and
 * what each one has been told is known.
 *
 * flush_s: seconds that the last flush took, for redtap.flush.seconds.
 */
void statsd_begin(struct statsd_encoder *encoder, const struct flush *flush,
		  const struct statsd_losses *losses, double flush_s, statsd_sink *sink,
		  void *context);

/*
 * The next piece of the flush, of so many bytes or up to one distribution more.
 * Returns 1: there is more, 0: that was all, -ENOMEM (the lines that are missing
 * follow with the next flush).
 */
int statsd_go_on(struct statsd_encoder *encoder, size_t bytes);

/*
 * The text of a `le` value, always the same for the same number: shortest
 * decimal with at least one digit behind the point ("0.005", "1.0", "100.0"),
 * no exponent.
 */
char *statsd_format_le(char buffer[32], double seconds);

#endif
