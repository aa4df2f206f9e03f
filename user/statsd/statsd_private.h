/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_private.h - what the parts of the encoder share.
 *
 *   statsd.c          what is due: announcements, differences, what has to wait
 *   statsd_otel.c     names and labels of the OpenTelemetry conventions
 *   statsd_flask.c    those of the StatsD middleware for Flask
 *   statsd_self.c     redtap's own metrics: the ledger and the gauges
 *   statsd_buckets.c  a distribution as counters, one for each le
 *   statsd_timer.c    a distribution as weighted timers
 *   statsd_line.c     the form of a line
 */
#ifndef REDTAP_STATSD_PRIVATE_H
#define REDTAP_STATSD_PRIVATE_H

#include "statsd/statsd.h"

/* Escaped texts are cut to this: the longest path, three bytes for each of its bytes. */
#define STATSD_TEXT_MAX (3 * PATH_MAX_BYTES + 1)
#define STATSD_SHORT_MAX 129 /* versions, names of methods, hooks and reasons */
#define STATSD_TAGS_MAX (2 * STATSD_TEXT_MAX + STATSD_SHORT_MAX + 192) /* with the keys */
#define STATSD_NAME_MAX 64
#define STATSD_VALUE_MAX 32 /* 2^64 - 1 with nine decimals */
#define STATSD_LE_MAX 32

_Static_assert(STATSD_NAME_MAX + 2 * STATSD_VALUE_MAX + STATSD_TAGS_MAX + STATSD_LE_MAX + 16 <=
		       STATSD_LINE_MAX,
	       "the longest line fits");

/* A boundary: its text, and the last bin below it. */
struct statsd_bucket {
	char le[STATSD_LE_MAX];
	uint32_t last_bin;
};

/* A counter of the ledger. */
struct statsd_counter {
	uint64_t sent;
	bool announced;
};

/* What was sent of a distribution. */
struct statsd_sent {
	bool announced;
	bool late;             /* announced, but not in the first piece of its flush */
	uint64_t announced_at; /* serial number of that flush */
	bool heralded;         /* timers: announced by an observation in the last flush */
	uint32_t herald_bin;   /* the bin of that observation */
	uint64_t herald_ns;
	uint64_t count;
	uint64_t sum_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t buckets[]; /* cumulative, without +Inf, which is count; timers: every bin */
};

/* Counters of what was lost for one destination. */
struct statsd_destination {
	char *tags; /* owned */
	struct statsd_counter errors, dropped;
};

/* By id of the distribution; NULL: nothing sent yet. */
struct statsd_table {
	struct statsd_sent **items;
	size_t count;
};

/* The metric names of a distribution. */
struct statsd_names {
	const char *duration;      /* the timer; buckets append .bucket, .sum, .count */
	const char *requests;      /* a counter; NULL: none */
	const char *request_body;  /* bytes, with .sum and .count; NULL: none */
	const char *response_body; /* likewise */
};

/* How the receiver knows a distribution. */
struct statsd_identity {
	const struct statsd_names *names;
	char duration_tags[STATSD_TAGS_MAX];
	char counter_tags[STATSD_TAGS_MAX]; /* for the other names */
};

struct statsd_encoder {
	enum metrics_kind metrics;
	enum histogram_kind histogram;
	struct statsd_bucket *buckets;
	size_t bucket_count;
	char version[STATSD_SHORT_MAX];
	char hooks[STATSD_SHORT_MAX];
	char kernel[STATSD_SHORT_MAX];
	struct statsd_table series; /* by series id */
	struct statsd_table phases; /* by phase id */
	struct statsd_destination *destinations;
	size_t destination_count;
	size_t destination; /* index of the encoder's own */
	struct statsd_counter seen, counted, hooks_missed, dropped_out, dropped_err;
	struct statsd_counter lost[LOSS_COUNT];
	struct statsd_counter approximate[APPROXIMATE_COUNT];
	struct statsd_counter ignored[IGNORE_COUNT];
	uint64_t losses_before; /* of its own destination, at the last flush */
	/* Of the current flush: */
	const struct flush *flush;
	uint64_t serial; /* from 1 on */
	statsd_sink *sink;
	void *context;
	bool last;
	bool late;        /* behind the first piece */
	size_t left;      /* distributions not visited yet */
	bool phases_next; /* the next one is a phase, else a series */
	size_t next;      /* its index */
	size_t bytes;     /* sent in this piece */
	double share;     /* timers: sent part of the observations that are due */
	uint64_t backlog; /* timers: how many of these wait */
	/* Scratch: */
	struct statsd_identity identity;
};

/* ---- statsd_otel.c, statsd_flask.c ------------------------------------ */

/* Names and tags of a series or a phase. */
void statsd_otel_series(struct statsd_identity *identity, const struct series *series);
void statsd_otel_phase(struct statsd_identity *identity, const struct phase_series *phase);
void statsd_flask_series(struct statsd_identity *identity, const struct series *series);

/* The gauge flask.info. */
void statsd_flask_info(struct statsd_encoder *encoder, const struct flush *flush);

/* ---- statsd_buckets.c, statsd_timer.c --------------------------------- */

/* Sends the durations that are in total and were not sent before; updates sent. */
void statsd_send_buckets(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			 struct statsd_sent *sent, const struct measure *total);
void statsd_send_timer(struct statsd_encoder *encoder, const struct statsd_identity *identity,
		       struct statsd_sent *sent, const struct measure *total);

/*
 * Announces a new distribution: buckets with zeros.  A timer has no zero, so one observation
 * is sent ahead of the others (the herald), and recalled if that flush was lost.
 */
void statsd_announce_buckets(struct statsd_encoder *encoder,
			     const struct statsd_identity *identity);
void statsd_herald_timer(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			 struct statsd_sent *sent, const struct measure *total);
void statsd_recall_timer(struct statsd_sent *sent);

/* How many observations of a distribution are due. */
uint64_t statsd_timers_due(const struct statsd_sent *sent, const struct measure *total);

/* Limits the observations of a flush: sets encoder->share and encoder->backlog. */
void statsd_bound_timers(struct statsd_encoder *encoder, const struct flush *flush);

/* ---- statsd_self.c ---------------------------------------------------- */

void statsd_encode_self(struct statsd_encoder *encoder, const struct flush *flush,
			const struct statsd_losses *losses, const struct statsd_self *self);

/* All of its counters will be announced again. */
void statsd_forget_self(struct statsd_encoder *encoder);

/* ---- statsd_line.c ---------------------------------------------------- */

/* Nanoseconds in units of 10^digits ns, exact: 9 for seconds, 6 for milliseconds. */
char *statsd_format_ns(char buffer[STATSD_VALUE_MAX], uint64_t ns, unsigned int digits);

/*
 * name.suffix:value|type|#tags,le:le; suffix, tags and le may be NULL, le only
 * with tags.  type: "c", "g", "ms", or "ms|@RATE".
 */
void statsd_emit(struct statsd_encoder *encoder, const char *name, const char *suffix,
		 const char *value, const char *type, const char *tags, const char *le);
void statsd_emit_count(struct statsd_encoder *encoder, const char *name, const char *suffix,
		       uint64_t value, const char *tags, const char *le);
void statsd_emit_gauge(struct statsd_encoder *encoder, const char *name, uint64_t value,
		       const char *tags);

#endif
