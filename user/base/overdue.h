/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * overdue.h - says that something takes too long while it does so: by a thread of its own,
 * as the one that does it is busy.
 *
 * Inputs: what is expected, and when.  Output: a message on standard error.  It must not know
 * what is expected.
 */
#ifndef REDTAP_OVERDUE_H
#define REDTAP_OVERDUE_H

#include <stdbool.h>
#include <stdint.h>

/* After a message there is none for so long. */
#define OVERDUE_QUIET_NS 60000000000ULL

struct overdue;

/* message: a literal, what is late and what that means.  NULL and errno on failure. */
struct overdue *overdue_open(const char *message);
/* NULL: nothing. */
void overdue_close(struct overdue *overdue);

/*
 * What was expected before has come, whether in time or not; the next is due at due_ns of
 * clock_monotonic_ns().  Returns whether the user was told that it was late.
 */
bool overdue_expect(struct overdue *overdue, uint64_t due_ns);

/* What is being done, for the message: a literal. */
void overdue_stage(struct overdue *overdue, const char *stage);

#endif
