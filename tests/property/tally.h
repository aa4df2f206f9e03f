/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tally.h - adds up what plans come to, and compares that with a total line of
 * redtap.
 *
 * Inputs: plans; a total line.  Outputs: equal, or the differences in words.  It
 * must not know how the plans are played.
 */
#ifndef REDTAP_PROPERTY_TALLY_H
#define REDTAP_PROPERTY_TALLY_H

#include <jansson.h>

#include "harness/counts.h"
#include "plan.h"

#define TALLY_REASONS_MAX 48

/* Connections [first, first + count) of a seed, and the side that is observed; SIDES: both. */
struct trial {
	const char *comment;
	uint64_t seed;
	uint32_t first, count;
	enum side side;
};

struct tally_reason {
	const char *kind, *name; /* string literals */
	uint64_t count;
};

struct tally {
	enum side side;          /* of the rows that are added */
	uint64_t counted[SIDES]; /* transactions */
	/* transactions one by one, before they are added up */
	struct count_row *rows;
	size_t count, room;
	struct tally_reason reasons[TALLY_REASONS_MAX];
	size_t reason_count;
	uint64_t lost; /* requests */
	/* how often the server's part went on in another process, and how */
	uint64_t forks, passes, lent, deaths;
};

/* Everything that the trial has to come to. */
void tally_trial(struct tally *tally, const struct trial *trial);
void tally_release(struct tally *tally);

/* Connections that it takes for so many transactions of this side. */
uint32_t tally_connections_for(uint64_t seed, enum side side, uint64_t transactions);

/* Adds equal rows up; the tally's rows are gone then. */
void tally_sum(struct tally *tally, struct counts *counts);

/* False: `why` (size bytes) says which reasons of the ledger differ. */
bool tally_reasons_equal(const struct tally *tally, json_t *total, char *why, size_t size);

#endif
