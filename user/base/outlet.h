/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * outlet.h - writes texts to a descriptor, in a thread of its own, so that a reader that
 * takes nothing, a full disk or a closed pipe delays nobody.
 *
 * Inputs: texts, each of whole lines.  Outputs: their bytes, or a count of the texts that
 * were dropped.  It must not know what the texts mean.
 *
 * The descriptor's flags are left alone: others may share it.  In a file a text is whole or
 * absent.  In a pipe a text of more than PIPE_BUF bytes is begun only when the pipe is empty,
 * so that it is whole there, too, unless it is larger than the pipe and its reader stops.
 */
#ifndef REDTAP_OUTLET_H
#define REDTAP_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text that has waited for so long without a byte being taken means that the reader is stuck. */
#define OUTLET_STUCK_NS 2000000000ULL

struct outlet;

struct outlet_state {
	uint64_t dropped; /* texts, since the start */
	int error;        /* errno of the newest text that was tried; 0: written */
	bool stuck;       /* nothing was taken for OUTLET_STUCK_NS */
};

/*
 * fd: not owned.  texts_max: that wait, at most.  Returns NULL and sets errno on failure.
 */
struct outlet *outlet_open(int fd, size_t texts_max);

/*
 * Hands over a copy of a text; last: also where texts_max wait.  Returns false if it was
 * dropped, which is counted.  Never waits for more than a moment.  Any thread.
 */
bool outlet_put(struct outlet *outlet, const char *text, size_t length, bool last);

void outlet_look(struct outlet *outlet, struct outlet_state *state);

/*
 * Waits until everything is written, up to deadline_ns of clock_monotonic_ns(), and drops
 * the rest.  Returns the number of all texts that were dropped.
 */
uint64_t outlet_close(struct outlet *outlet, uint64_t deadline_ns);

#endif
