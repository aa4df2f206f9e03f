/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * capture.h - a UDP socket that keeps every datagram and can forward each one
 * unchanged, so that the lines that reach statsd_exporter are known.
 *
 * Inputs: datagrams on 127.0.0.1.  Outputs: their bytes, their lines as
 * metrics.  It must not know what the metrics mean.
 */
#ifndef REDTAP_E2E_CAPTURE_H
#define REDTAP_E2E_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/metrics.h"

struct capture; /* owned by the harness, freed at the test's teardown */

/* Opens it on a free port; forward_port 0: do not forward. */
struct capture *capture_open(uint16_t forward_port);
/*
 * Forwards to a Unix datagram socket instead.  On a busy machine the buffer of
 * a UDP socket overflows before its owner gets a CPU; a Unix socket makes the
 * capture wait.
 */
void capture_forward(struct capture *capture, const char *path);
uint16_t capture_port(const struct capture *capture);

/* Datagrams so far. */
size_t capture_datagrams(struct capture *capture);

/*
 * Reads the rest of the socket and stops receiving.  Fails the test if the
 * kernel dropped a datagram, because the results below would be incomplete.
 */
void capture_finish(struct capture *capture);

/* After capture_finish(): */

/* All bytes, datagrams ended by a newline each. */
const char *capture_bytes(const struct capture *capture, size_t *length);
/* Payload of the longest datagram. */
size_t capture_longest(const struct capture *capture);
/* Every line; fails the test at a malformed one. */
void capture_metrics(const struct capture *capture, struct metrics *metrics);

#endif
