/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * wire.h - two network namespaces and a link with a delay between them.
 *
 * Inputs: the delay of each direction.  Outputs: two network namespaces, with
 * an address each.  Packets go through two TUN devices and a thread of this
 * program that delays them, so it works on kernels without netem.  It must not
 * know HTTP.
 */
#ifndef REDTAP_E2E_WIRE_H
#define REDTAP_E2E_WIRE_H

#include <stdint.h>

enum wire_end {
	WIRE_SERVER = 0,
	WIRE_CLIENT,
	WIRE_ENDS,
};

#define WIRE_SERVER_ADDRESS "10.77.0.1"
#define WIRE_CLIENT_ADDRESS "10.77.0.2"

struct wire; /* owned by the harness, gone at the test's teardown */

/* delay_ms: in each direction.  Fails the test on error. */
struct wire *wire_open(unsigned int delay_ms);

/* Moves the calling thread, and what it starts, to this end ... */
void wire_enter(const struct wire *wire, enum wire_end end);
/* ... and back to the namespace in which the test began. */
void wire_leave(const struct wire *wire);

#endif
