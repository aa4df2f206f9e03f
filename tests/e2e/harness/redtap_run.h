/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * redtap_run.h - one run of redtap: start, wait, read its output, end.
 *
 * Inputs: what to attach to.  Outputs: its JSON lines, after checks that apply
 * to every run.  It must not know which requests were sent.
 */
#ifndef REDTAP_E2E_REDTAP_RUN_H
#define REDTAP_E2E_REDTAP_RUN_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/counts.h"
#include "harness/process.h"

struct redtap; /* owned by the harness, freed at the test's teardown */

struct redtap_options {
	pid_t pid;                 /* 0: `more` has the targets */
	const char *service;       /* NULL: not given */
	uint16_t statsd_port;      /* UDP on 127.0.0.1; 0: --statsd none */
	const char *const *statsd; /* NULL-terminated destinations instead of the port, or NULL */
	const char *output;        /* NULL: json */
	const char *interval;      /* NULL: 200ms */
	const char *const *more;   /* NULL-terminated further arguments, or NULL */
	int out_fd;                /* > 0: standard output goes there */
};

/* Starts it; does not wait. */
struct redtap *redtap_start(const struct redtap_options *options);

/* Starts it and waits until it reports that it is attached; fails the test if it does not. */
struct redtap *redtap_attach(const struct redtap_options *options);

struct process *redtap_process(struct redtap *redtap);

/*
 * Whole lines printed so far, as an array that redtap owns until the next
 * call.  Fails the test if one is not JSON.
 */
json_t *redtap_lines(struct redtap *redtap);

/*
 * Waits until the flush lines add up to n counted requests and none is in
 * flight.  Returns after a deadline in any case: the comparison that follows
 * gives a better message.
 */
void redtap_wait_counted(struct redtap *redtap, uint64_t n);

/* Waits until at least n requests are counted; fails the test after a deadline. */
void redtap_wait_at_least(struct redtap *redtap, uint64_t n);

/*
 * Sends the signal (0: none, it ends by itself), waits for exit status 0, and
 * returns the total line after these checks: it is the last line and the only
 * one of its type, the first line is "attached", the flush lines add up to it,
 * the ledger balances, and the phases add up (unless `more` selects phases).
 */
json_t *redtap_finish(struct redtap *redtap, int signal_number);

/*
 * Waits until the requests are counted, then the same with SIGINT; also checks that the series
 * are the client's counts and nothing is lost.
 */
json_t *redtap_finish_counted(struct redtap *redtap, const struct counts *expected);

/* A count of a flush or total line; fails the test if it is missing. */
uint64_t redtap_count(json_t *line, const char *key);

/* Fails the test unless every loss is 0. */
void redtap_assert_nothing_lost(json_t *total);

/* The series; fails the test if it is missing.  service NULL: any; status 0: no response. */
json_t *redtap_series(json_t *total, const char *service, const char *method, const char *route,
		      int status);

/* A number of a series in seconds. */
double redtap_seconds(json_t *series, const char *key);

/* What `redtap health` prints of one, malloc'd; its exit status. */
char *redtap_health(pid_t pid, int *status);

#endif
