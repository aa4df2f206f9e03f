/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sender_private.h - what sender.c shares with its transports.
 *
 *   sender.c           the queue, the counting, the messages
 *   send/datagram.c  UDP and Unix datagram sockets: packing and pace
 *   send/stream.c    TCP: connecting, connecting again, parts of lines
 */
#ifndef REDTAP_SENDER_PRIVATE_H
#define REDTAP_SENDER_PRIVATE_H

#include <sys/socket.h>

#include "send/sender.h"
#include "send/queue.h"

/* One after the other is tried. */
#define SENDER_ADDRESSES_MAX 8
/* Between two attempts to connect: doubled after each, nanoseconds. */
#define SENDER_BACKOFF_MIN_NS 250000000ULL
#define SENDER_BACKOFF_MAX_NS 10000000000ULL

struct sender_address {
	struct sockaddr_storage storage;
	socklen_t length;
};

struct sender {
	const struct sender_transport *transport;
	struct sender_address addresses[SENDER_ADDRESSES_MAX];
	size_t address_count;
	size_t next_address; /* the one to try next */
	char *shown;         /* owned: the destination, for messages */
	struct sender_queue queue;
	int fd;          /* -1: none; connecting again is due at retry_ns */
	bool connecting; /* a stream's fd that is not connected yet, given up at retry_ns */
	uint64_t retry_ns;
	uint64_t backoff_ns;
	unsigned int burst;         /* datagrams since the last pause */
	uint64_t resume_ns;         /* end of the pause */
	char name[SENDER_NAME_MAX]; /* "": datagrams are not counted */
	uint64_t datagrams;         /* with the lines that count them */
	size_t lines_last;          /* in the newest datagram: what a late refusal is about */
	uint64_t taken;             /* bytes sent */
	uint64_t errors;
	uint64_t dropped;
	uint64_t faults_flush; /* errors + dropped at the end of the last flush */
	uint64_t faults_pump;  /* and of the last pump */
	int last_error;        /* errno of the newest one */
	bool failing;          /* the user was told */
};

struct sender_transport {
	size_t line_max;
	/* Sends from the queue; returns when it has to go on. */
	uint64_t (*pump)(struct sender *sender, uint64_t now_ns);
	/* Opens and connects the first time, within sender_open().  Returns 0 or -errno. */
	int (*open)(struct sender *sender, uint64_t now_ns);
};

extern const struct sender_transport sender_transport_udp;
extern const struct sender_transport sender_transport_unix;
extern const struct sender_transport sender_transport_tcp;

/* One failure, with so many lines lost by it. */
void sender_fail(struct sender *sender, int err, size_t lines);

/*
 * A failed connection: closes it, drops all that waits, and sets the time to
 * try again.
 */
void sender_disconnect(struct sender *sender, int err, uint64_t now_ns);

#endif
