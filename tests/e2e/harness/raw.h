/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * raw.h - sends exact bytes on a TCP connection, also bytes that a correct
 * client would never send.
 *
 * Inputs: bytes.  Outputs: bytes.  It must not know redtap.
 */
#ifndef REDTAP_E2E_RAW_H
#define REDTAP_E2E_RAW_H

#include <stddef.h>
#include <stdint.h>

/* Connects to 127.0.0.1, with TCP_NODELAY.  Fails the test on error. */
int raw_connect(uint16_t port);

/* Sends all of it. */
void raw_send(int fd, const void *bytes, size_t length);
void raw_say(int fd, const char *text);

/* Receives until text has arrived; fails the test at end of stream or after a deadline. */
void raw_wait_for(int fd, const char *text);

/*
 * Receives to the end of the stream (a reset counts as one) and closes.
 * Returns the status of the final response, 0 if there was none; fails the
 * test after a deadline.
 */
int raw_finish(int fd);
/* The same; also sets the number of bytes after the head of the final response. */
int raw_finish_body(int fd, size_t *body_bytes);

/* Closes by a reset, like a client that has died. */
void raw_abort(int fd);

#endif
