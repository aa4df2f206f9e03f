/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * harness.h - what every end-to-end test uses: paths, a scratch directory,
 * time, waiting with a deadline, setup and teardown.
 *
 * Inputs: the environment, REDTAP_BUILD (directory of redtap and webapp;
 * default: the one above the test program's own), REDTAP_SOURCE (root of
 * the source tree; default: the one above the build directory), REDTAP_TESTS (a
 * pattern with `*` and `?`: only tests with such a name) and REDTAP_PATIENCE (a
 * factor of all deadlines, for slow machines).  Outputs: a
 * test that fails with a message instead of one that hangs.  It must not know
 * HTTP, StatsD or redtap's formats.
 */
#ifndef REDTAP_E2E_HARNESS_H
#define REDTAP_E2E_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Rows of a constant table. */
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Seconds after which an operation counts as stuck. */
#define DEADLINE_S (50.0 * harness_patience())

/* REDTAP_PATIENCE: factor by which this machine is slower; default 1. */
double harness_patience(void);

/* Longest path that the harness builds. */
#define HARNESS_PATH_MAX 512

/*
 * Each writes a path into a static ring of buffers (valid for the next 63
 * calls) and fails the test if it does not fit.
 */
const char *path_build(const char *name);   /* below REDTAP_BUILD */
const char *path_source(const char *name);  /* below REDTAP_SOURCE */
const char *path_scratch(const char *name); /* below this program's own directory in /tmp */

/* printf into the same ring of buffers. */
const char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes a file; fails the test if it can not. */
void file_write(const char *path, const void *bytes, size_t length);
/* Whole file, NUL-terminated, malloc'd; *length may be NULL.  Fails the test on error. */
char *file_read(const char *path, size_t *length);
/* True when needle (bytes) occurs in haystack. */
bool bytes_contain(const void *haystack, size_t haystack_length, const char *needle);

/* Monotonic clock, seconds. */
double clock_s(void);
/* The first number of the running kernel's release. */
int kernel_major(void);

/* A short pause between two checks of a condition. */
void pause_briefly(void);
/* Checks condition(context) until it is true (returns true) or seconds have passed (false). */
bool wait_until(bool (*condition)(void *context), void *context, double seconds);

/*
 * For tests that measure time in the client: it must not wait for a CPU between the arrival of a
 * response and its reading.  So the client gets real-time priority, and the CPUs are kept from
 * sleeping, because waking a virtual CPU takes 100 us and more.  Threads inherit the priority; if
 * it is not allowed, times are less exact.
 */
void realtime_set(bool on);

/* A TCP or UDP port of 127.0.0.1 that was free just now. */
uint16_t port_free(int socket_type);

/*
 * For cmocka: group setup makes the scratch directory; test setup arms a
 * watchdog that ends the program if a test hangs; test teardown ends every
 * process and capture that the test has left, also after a failure.
 */
int harness_group_setup(void **state);
int harness_group_teardown(void **state);
int harness_setup(void **state);
int harness_teardown(void **state);

/* Registers something that teardown releases, last in first out. */
void harness_on_teardown(void (*release)(void *object), void *object);
/* Releases what was registered last, as teardown would. */
void harness_release_newest(void);

/* What is registered so far stays for all tests of the group ... */
void harness_keep(void);
/* ... until group teardown calls this. */
void harness_release_kept(void);

#define E2E_TEST(function)                                                                         \
	cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

#endif
