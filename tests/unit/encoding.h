/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * encoding.h - a StatsD encoder, a flush made by hand to feed it with, and the
 * lines that come out.
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

/* Two destinations, of which the first is the encoder's own; versions of its own. */
struct encoding *encoding_open(struct statsd_settings settings);
/* A cmocka teardown: *state is a struct encoding. */
int encoding_teardown(void **state);

/* Begins a flush; then all of one, and the next interval. */
void encoding_begin(struct encoding *encoding);
void encoding_flush(struct encoding *encoding);

#endif
