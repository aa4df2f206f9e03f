/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * notify.h - tells systemd how the service is: the protocol of sd_notify(3).
 *
 * Inputs: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment.  Output: datagrams
 * to systemd; nothing where another one has started redtap.  It must not know what the
 * service does.
 */
#ifndef REDTAP_NOTIFY_H
#define REDTAP_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;               /* -1: nobody wants to know */
	uint64_t period_ns;   /* of the watchdog, half of what systemd allows; 0: none */
	uint64_t watchdog_ns; /* the next one is due */
};

void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* state: "READY=1" and the like, a line each. */
void notify_send(const struct notify *notify, const char *state);

/* Still alive: to be called often; sends when it is due. */
void notify_watchdog(struct notify *notify, uint64_t now_ns);

#endif
