/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * encoding.h - a StatsD encoder, a hand-made flush as its input, and the lines that it
 * writes.
 */
#ifndef REDTAP_ENCODING_H
#define REDTAP_ENCODING_H

#include "lines.h"
#include "made_flush.h"
#include "statsd/statsd.h"

struct encoding {
	struct made_flush made;
	struct statsd_encoder *encoder;
	struct lines lines;             /* of this flush */
	struct statsd_losses losses[2]; /* of the destinations */
	struct statsd_self self;
};

/* With two destinations (the first is the encoder's own) and fixed version numbers. */
struct encoding *encoding_open(struct statsd_settings settings);
/* A cmocka teardown: *state is a struct encoding. */
int encoding_teardown(void **state);

/* The first begins a flush; the second makes a whole one and begins the next interval. */
void encoding_begin(struct encoding *encoding);
void encoding_flush(struct encoding *encoding);

#endif
