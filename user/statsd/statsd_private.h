/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_private.h - what the parts of the encoder share.
 *
 *   statsd.c          births, differences, what is held back: what is due
 *   statsd_otel.c     names and labels of the OpenTelemetry conventions
 *   statsd_flask.c    those of the StatsD middleware for Flask
 *   statsd_self.c     redtap's own metrics: the ledger and the gauges
 *   statsd_buckets.c  a distribution as counters, le by le
 *   statsd_timer.c    a distribution as weighted timers
 *   statsd_line.c     how a line is written
 */
#ifndef REDTAP_STATSD_PRIVATE_H
#define REDTAP_STATSD_PRIVATE_H

#include "statsd/statsd.h"

/* Escaped texts are cut to this: the longest path at three bytes for one. */
#define STATSD_TEXT_MAX (3 * PATH_MAX_BYTES + 1)
#define STATSD_SHORT_MAX 129 /* versions, names of methods, hooks and reasons */
#define STATSD_TAGS_MAX (2 * STATSD_TEXT_MAX + STATSD_SHORT_MAX + 192) /* with the keys */
#define STATSD_NAME_MAX 64
#define STATSD_VALUE_MAX 32 /* 2^64 - 1 and nine decimals */
#define STATSD_LE_MAX 32

_Static_assert(STATSD_NAME_MAX + 2 * STATSD_VALUE_MAX + STATSD_TAGS_MAX + STATSD_LE_MAX + 16 <=
		       STATSD_LINE_MAX,
	       "the longest line fits");

/* A boundary: its text, and the last bin that counts for it. */
struct statsd_bucket {
	char le[STATSD_LE_MAX];
	uint32_t last_bin;
};

/* A counter of the ledger. */
struct statsd_counter {
	uint64_t sent;
	bool announced;
};

/* What of a distribution was sent. */
struct statsd_sent {
	bool announced;
	bool late;             /* not in the first piece of its flush */
	uint64_t announced_at; /* which flush that was */
	bool heralded;         /* timers: by an observation, in the last flush */
	uint32_t herald_bin;   /* the one that it was of */
	uint64_t herald_ns;
	uint64_t count;
	uint64_t sum_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t buckets[]; /* cumulative, without +Inf, which is count; timers: each bin */
};

/* The counters of one destination's losses. */
struct statsd_destination {
	char *tags; /* owned */
	struct statsd_counter errors, dropped;
};

/* Of many distributions, by number; NULL: none yet. */
struct statsd_table {
	struct statsd_sent **items;
	size_t count;
};

/* The names under which a distribution goes out. */
struct statsd_names {
	const char *duration;      /* the timer; for buckets, .bucket, .sum and .count behind it */
	const char *requests;      /* a counter of its own; NULL: none */
	const char *request_body;  /* bytes, with .sum and .count behind it; NULL: none */
	const char *response_body; /* likewise */
};

/* Which distribution this is to the receiver. */
struct statsd_identity {
	const struct statsd_names *names;
	char duration_tags[STATSD_TAGS_MAX];
	char counter_tags[STATSD_TAGS_MAX]; /* of the other names */
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
	size_t destination; /* the encoder's own */
	struct statsd_counter seen, counted, hooks_missed;
	struct statsd_counter lost[LOSS_COUNT];
	struct statsd_counter approximate[APPROXIMATE_COUNT];
	struct statsd_counter ignored[IGNORE_COUNT];
	uint64_t losses_before; /* of the own destination, at the last flush */
	/* Of the flush under way: */
	const struct flush *flush;
	uint64_t serial; /* from 1 on */
	statsd_sink *sink;
	void *context;
	bool last;
	bool late;        /* what is handed out now goes out after the flush */
	size_t left;      /* distributions that have not been looked at */
	bool phases_next; /* the next one is a phase, else a series */
	size_t next;      /* its place among these */
	size_t bytes;     /* handed out */
	double share;     /* of the observations that are due, those that are sent: timers */
	uint64_t backlog;
	/* Scratch: */
	struct statsd_identity identity;
};

/* ---- statsd_otel.c, statsd_flask.c ------------------------------------ */

/* Which distribution a series or a phase is to the receiver. */
void statsd_otel_series(struct statsd_identity *identity, const struct series *series);
void statsd_otel_phase(struct statsd_identity *identity, const struct phase_series *phase);
void statsd_flask_series(struct statsd_identity *identity, const struct series *series);

/* The gauge flask.info. */
void statsd_flask_info(struct statsd_encoder *encoder, const struct flush *flush);

/* ---- statsd_buckets.c, statsd_timer.c --------------------------------- */

/*
 * The durations of a distribution from what was sent to what there is now, as
 * lines; sent becomes what has been sent then.
 */
void statsd_send_buckets(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			 struct statsd_sent *sent, const struct measure *total);
void statsd_send_timer(struct statsd_encoder *encoder, const struct statsd_identity *identity,
		       struct statsd_sent *sent, const struct measure *total);

/*
 * The same of a distribution that is born: zeros.  A timer cannot be announced
 * with 0, so one observation goes ahead of the others; it is taken back where
 * that flush was lost.
 */
void statsd_announce_buckets(struct statsd_encoder *encoder,
			     const struct statsd_identity *identity);
void statsd_herald_timer(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			 struct statsd_sent *sent, const struct measure *total);
void statsd_recall_timer(struct statsd_sent *sent);

/* What is due of a distribution's timers. */
uint64_t statsd_timers_due(const struct statsd_sent *sent, const struct measure *total);

/* How much of the flush's timers is sent: sets encoder->share and encoder->backlog. */
void statsd_bound_timers(struct statsd_encoder *encoder, const struct flush *flush);

/* ---- statsd_self.c ---------------------------------------------------- */

void statsd_encode_self(struct statsd_encoder *encoder, const struct flush *flush,
			const struct statsd_losses *losses, double flush_s);

/* All counters of the ledger are to be born again. */
void statsd_forget_self(struct statsd_encoder *encoder);

/* ---- statsd_line.c ---------------------------------------------------- */

/* Nanoseconds in a unit of 10^digits, exactly: 9 for seconds, 6 for milliseconds. */
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
