/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * destination.h - where StatsD lines go, as users write it.
 *
 * Input: udp://HOST:PORT, tcp://HOST:PORT (IPv6 in brackets), unix:///PATH or none.
 * Output: struct destination, its syntax checked.  It must not know sockets, names are
 * resolved by sender.c.
 */
#ifndef REDTAP_DESTINATION_H
#define REDTAP_DESTINATION_H

#include <stddef.h>
#include <stdint.h>

enum destination_kind {
	DESTINATION_NONE = 0, /* send nothing */
	DESTINATION_UDP,
	DESTINATION_TCP,
	DESTINATION_UNIX, /* a datagram socket */
};

struct destination {
	enum destination_kind kind;
	char host[256]; /* IPv6 addresses without brackets; DESTINATION_UNIX: the path */
	uint16_t port;
};

/*
 * Each returns NULL and sets the value, or returns an error message to print after "'text': " and
 * leaves the value undefined.
 */
const char *destination_parse(struct destination *destination, const char *text);
/* The parts alone; length: that of text, which has no brackets around an IPv6 address. */
const char *destination_parse_host(struct destination *destination, const char *text,
				   size_t length);
const char *destination_parse_port(struct destination *destination, const char *text);

/* The normalized text of a destination: equal for equal destinations. */
#define DESTINATION_NAME_MAX (sizeof(((struct destination *)0)->host) + 16)
char *destination_name(char name[DESTINATION_NAME_MAX], const struct destination *destination);

#endif
