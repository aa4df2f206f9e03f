/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd.h - turns a flush into StatsD lines (DogStatsD tags).
 *
 * Input: struct flush.  Output: lines without newline, passed one by one to a sink.  It
 * must not know sockets, datagrams or time.
 */
#ifndef REDTAP_STATSD_H
#define REDTAP_STATSD_H

#include "flush/flush.h"

/* Boundaries of one histogram, at most: each is a line per series and flush. */
#define STATSD_BUCKETS_MAX 100
/* Bytes of the longest line possible: it fits into one datagram. */
#define STATSD_LINE_MAX 1400

/* Takes one line of length bytes, without newline, with a NUL behind. */
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
	const char *const *destinations; /* names, for redtap.statsd.{errors,dropped} */
	size_t destination_count;
	size_t destination; /* index of the one that gets these lines */
};

/* What was lost for one destination since the start. */
struct statsd_losses {
	uint64_t errors;  /* failed datagrams, failed or lost connections */
	uint64_t dropped; /* lines */
	uint64_t moves;   /* to another address of the host: no loss, but another receiver */
};

/* What redtap tells of itself with each flush. */
struct statsd_self {
	double flush_s;       /* how long the last flush took */
	uint64_t dropped_out; /* reports that standard output did not take, since the start */
	uint64_t dropped_err; /* messages that standard error did not take */
};

struct statsd_encoder;

/* Copies what it keeps of settings.  Returns NULL and sets errno on failure. */
struct statsd_encoder *statsd_open(const struct statsd_settings *settings);
void statsd_close(struct statsd_encoder *encoder);

/*
 * Begins a flush: sends redtap's own metrics to the sink at once; statsd_go_on() sends the
 * rest.  flush must stay valid until the next one begins.  If the previous flush was not
 * finished, this one continues at the distribution where that stopped, so that each gets its
 * turn.
 *
 * A new series is sent with zeros first (rate() and increase() do not see the first value of
 * a counter).  Its values follow one flush later, or two if it was not in the first piece of
 * its flush; the last flush sends everything.
 *
 * losses: of each destination.  If those of the encoder's own destination have grown since
 * the last flush, the receiver was away or is another one: everything is sent as new, and values wait until the
 * losses stop.  Each destination has an encoder of its own, which knows what was sent there,
 * so that one receiver that is away does not affect the others.
 */
void statsd_begin(struct statsd_encoder *encoder, const struct flush *flush,
		  const struct statsd_losses *losses, const struct statsd_self *self,
		  statsd_sink *sink, void *context);

/*
 * Sends the next piece of the flush: at least so many bytes, if there are so many, and at
 * most one distribution more.  Returns 1: there is more, 0: that was all, -ENOMEM (missing
 * lines follow with the next flush).
 */
int statsd_go_on(struct statsd_encoder *encoder, size_t bytes);

/*
 * The text of a `le` value: the shortest decimal with at least one digit behind the point and
 * no exponent ("0.005", "1.0", "100.0").
 */
char *statsd_format_le(char buffer[32], double seconds);

#endif
