/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * health_private.h - what both ends of the socket know.
 */
#ifndef REDTAP_HEALTH_PRIVATE_H
#define REDTAP_HEALTH_PRIVATE_H

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define HEALTH_NAME "redtap.health."

/* An abstract name begins with a NUL.  Returns the length of the address. */
static inline socklen_t health_address(struct sockaddr_un *address, uint64_t number)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
					    HEALTH_NAME "%016" PRIx64, number));
}

#endif
