/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * health.h - how a running redtap is, and `redtap health`, which asks it.
 *
 * Inputs: the other parts' numbers.  Output: a text on a Unix socket, for the one who asks.
 * It must not know how these come about.
 *
 * The socket is abstract: nothing is left in the file system, and containers need no
 * directory that can be written to.  Each redtap has a name of its own,
 * "redtap.health.NUMBER", which /proc/net/unix lists for the network namespace.  Everybody can
 * take such a name; so the kernel's word for who listens decides whom to believe.
 */
#ifndef REDTAP_HEALTH_H
#define REDTAP_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/loader.h"
#include "report/output.h"
#include "send/repeater.h"

#define HEALTH_TEXT_MAX 4096

struct health_destination {
	const char *name;
	uint64_t sent_ns; /* when something was last sent without a failure; 0: never */
	uint64_t errors, dropped;
};

/* All times are those of clock_monotonic_ns(). */
struct health_facts {
	uint64_t now_ns;
	uint64_t attached_ns;
	uint64_t flush_ns; /* the last one; before the first: attached_ns */
	uint64_t interval_ns;
	uint64_t processes;
	uint64_t seen, counted, lost;
	uint64_t output_dropped; /* reports and messages */
	size_t destination_count;
	struct health_destination (*destination)(const void *context, size_t i);
	const void *context;
};

/* "healthy" or "unhealthy: REASON", then a line for each fact.  Returns text. */
char *health_describe(char text[HEALTH_TEXT_MAX], const struct health_facts *facts);

/* ---- the one that runs ------------------------------------------------- */

/* The caller keeps the numbers up to date. */
struct health {
	const struct loader *loader;
	const struct repeater *repeater;
	const struct output *output;
	uint64_t attached_ns; /* when every hook was live */
	uint64_t flush_ns;    /* when the last flush began; before the first: attached_ns */
	uint64_t interval_ns;
	struct tally total; /* of the last flush */
	int listener;       /* readable when somebody asks; -1: none */
	uint64_t next_ns;   /* asked again from then on */
};

/* Opens the socket, or says why not. */
void health_open(struct health *health);
void health_close(struct health *health);

/* Answers those who have asked. */
void health_answer(const struct health *health);

/* ---- the one that asks ------------------------------------------------- */

/*
 * Asks all that this user or root runs; pid: only this one, whoever runs it; 0: all.
 * Prints what they say.  Returns 0 if there is one and all are healthy, or -errno after a
 * message or what they have said.
 */
int health_ask(pid_t pid);

#endif
