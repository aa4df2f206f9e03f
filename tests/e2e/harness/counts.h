/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * counts.h - counts of requests of each kind: the common form in which the
 * client's counts and redtap's outputs are compared.
 *
 * Inputs: a client's tally, redtap's JSON, metrics.  Outputs: equal, or the
 * differences as text.  It must not know sockets or processes.
 */
#ifndef REDTAP_E2E_COUNTS_H
#define REDTAP_E2E_COUNTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/metrics.h"

struct count_row {
	char method[40];
	char route[160];
	char error[24]; /* error_type; empty: none */
	int status;     /* 0: no response */
	uint64_t count;
	uint64_t request_bytes;  /* after the header section */
	uint64_t response_bytes; /* the same, for the response */
};

struct counts {
	struct count_row *rows; /* one per method, route, status and error */
	size_t count;
	size_t room;
};

void counts_init(struct counts *counts);
void counts_release(struct counts *counts);

/*
 * Adds n requests.  error NULL: redtap's error_type for an ordinary response
 * with that status (the status as text from 500 on, else none).
 */
void counts_add(struct counts *counts, const char *method, const char *route, int status,
		const char *error, uint64_t n, uint64_t request_bytes, uint64_t response_bytes);

/* Adds all of from's rows. */
void counts_add_all(struct counts *counts, const struct counts *from);

/* The row, or NULL; error as in counts_add(). */
const struct count_row *counts_find(const struct counts *counts, const char *method,
				    const char *route, int status, const char *error);

uint64_t counts_total(const struct counts *counts);

/*
 * From the `series` array of a flush or total line, servers and clients alike; only those of
 * service, NULL: all.
 */
void counts_from_json(struct counts *counts, json_t *series, const char *service);

/* Only what was sent to the server at this address. */
void counts_from_json_client(struct counts *counts, json_t *series, const char *server);

/*
 * From the duration and body size metrics of a service.  Counters that are
 * still 0 are left out: every series starts with 0.
 */
void counts_from_metrics(struct counts *counts, const struct metrics *metrics, const char *service);

/*
 * Compares; bytes: the body sizes too.  When different: false, and `why` (size
 * bytes) lists the rows that differ.
 */
bool counts_equal(const struct counts *expected, const struct counts *actual, bool bytes, char *why,
		  size_t size);

/* Fails the test with the list unless equal; place is for the message. */
void counts_assert_equal(const struct counts *expected, const struct counts *actual, bool bytes,
			 const char *place);

/*
 * Checks every duration histogram of service: buckets do not decrease as `le`
 * increases, and the +Inf bucket is the count.  Else returns false and a text
 * in why.
 */
bool histograms_sound(const struct metrics *metrics, const char *service, char *why, size_t size);

#endif
