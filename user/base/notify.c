/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * notify.c - see notify.h.
 */
#include "base/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Nanoseconds between two signs of life; 0: no watchdog, or that of another process. */
static uint64_t read_period(void)
{
	const char *period_us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!period_us || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(period_us, NULL, 10) * 1000 / 2;
}

void notify_open(struct notify *notify)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	const size_t length = path ? strlen(path) : 0;

	*notify = (struct notify){ .fd = -1 };
	if ((length == 0 || (path[0] != '/' && path[0] != '@')) ||
	    length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	/* an abstract name begins with a NUL */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd >= 0 &&
	    connect(notify->fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0)
		notify_close(notify);
	if (notify->fd >= 0)
		notify->period_ns = read_period();
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
	notify->period_ns = 0;
}

void notify_send(const struct notify *notify, const char *state)
{
	if (notify->fd >= 0)
		send(notify->fd, state, strlen(state), MSG_NOSIGNAL);
}

void notify_watchdog(struct notify *notify, uint64_t now_ns)
{
	if (notify->period_ns == 0 || now_ns < notify->watchdog_ns)
		return;
	notify->watchdog_ns = now_ns + notify->period_ns;
	notify_send(notify, "WATCHDOG=1");
}
