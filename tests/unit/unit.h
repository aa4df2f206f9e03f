/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * unit.h - what all unit tests need: cmocka and its includes, memory that ends at an
 * unreadable page, captured messages.
 */
#ifndef REDTAP_UNIT_H
#define REDTAP_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Bytes directly before a page that can be neither read nor written. */
struct guard {
	char *bytes;
	size_t length;
	void *mapping;
	size_t mapping_size;
};

/* A copy of bytes (NULL: zeros); fails the test on error.  length: 0 or more. */
struct guard guard_init(const void *bytes, size_t length);
void guard_release(struct guard *guard);

/*
 * Between these two calls, standard error goes to memory.  capture_end() returns the text;
 * the caller frees it.
 */
void capture_begin(void);
char *capture_end(void);
/* Ends it; fails if a part (up to a NULL) is missing or, without parts, if there is any text. */
void capture_end_with(const char *part, ...) __attribute__((sentinel));

/* Fails with the comment if text does not contain part. */
void assert_contains(const char *comment, const char *text, const char *part);

#endif
