/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tally.h - adds up the expected counts of plans, and compares them with a total line of
 * redtap.
 *
 * Inputs: plans; a total line.  Outputs: equal, or a text of the differences.  It must not
 * know how the plans are run.
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
	/* one row for each transaction, before they are added up */
	struct count_row *rows;
	size_t count, room;
	struct tally_reason reasons[TALLY_REASONS_MAX];
	size_t reason_count;
	uint64_t lost; /* requests */
	/* how often another process continued the server's side, and how */
	uint64_t forks, passes, lent, deaths;
};

/* All expected counts of the trial. */
void tally_trial(struct tally *tally, const struct trial *trial);
void tally_release(struct tally *tally);

/* The number of connections for so many transactions of this side. */
uint32_t tally_connections_for(uint64_t seed, enum side side, uint64_t transactions);

/* Adds up equal rows; the tally has no rows afterwards. */
void tally_sum(struct tally *tally, struct counts *counts);

/* False: `why` (size bytes) lists the reasons of the ledger that differ. */
bool tally_reasons_equal(const struct tally *tally, json_t *total, char *why, size_t size);

#endif
