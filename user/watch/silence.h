/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * silence.h - explains why no request has been counted, as far as known.
 *
 * Input: numbers of the kernel side.  Output: one sentence.  It must not know when it is
 * called.
 */
#ifndef REDTAP_SILENCE_H
#define REDTAP_SILENCE_H

#include "abi/abi.h"

#define SILENCE_TEXT_MAX 1024
#define SILENCE_PORTS_MAX 8

struct loader;

/* Numbers since attach, unless marked "now". */
struct silence_facts {
	unsigned int seconds; /* without a request */
	uint64_t processes;   /* watched now */
	uint64_t in_flight;   /* requests seen and not finished, now */
	uint64_t lost;        /* requests seen and lost */
	uint64_t connections; /* of targets, that have carried data; open now */
	uint64_t ignored[IGNORE_COUNT];
	uint16_t ports[SILENCE_PORTS_MAX]; /* on which targets listen: the first few */
	size_t port_count;                 /* how many there are in all */
};

/*
 * Tells the user why there was no request for so long, unless there was one
 * (silence_tell.c).  Returns 0: never again.
 */
uint64_t silence_tell(const struct loader *loader, unsigned int seconds);

/* Writes the sentence, NUL-terminated; returns buffer. */
char *silence_explain(char buffer[SILENCE_TEXT_MAX], const struct silence_facts *facts);

#endif
