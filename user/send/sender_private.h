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

#include "send/queue.h"
#include "send/resolver.h"
#include "send/sender.h"

/* Between two attempts to connect: doubled after each, nanoseconds. */
#define SENDER_BACKOFF_MIN_NS 250000000ULL
#define SENDER_BACKOFF_MAX_NS 10000000000ULL
/* Between two lookups of the host, without and with failures, nanoseconds. */
#define SENDER_LOOKUP_NS 60000000000ULL
#define SENDER_LOOKUP_SOON_NS 2000000000ULL

struct sender {
	const struct sender_transport *transport;
	struct resolver *resolver;           /* owned; NULL: nothing to resolve */
	struct resolver_addresses addresses; /* one after the other is tried */
	struct resolver_address address;     /* the one of fd */
	size_t next_address;                 /* the one to try next */
	uint64_t lookup_ns;                  /* the last lookup */
	uint64_t lookup_faults;              /* faults before it */
	uint64_t moves;                      /* to another address */
	char *shown;                         /* owned: the destination, for messages */
	struct sender_queue queue;
	int fd;          /* -1: none; reconnect at retry_ns */
	bool connecting; /* a stream's fd is not connected yet; give up at retry_ns */
	uint64_t retry_ns;
	uint64_t backoff_ns;
	unsigned int burst;         /* datagrams since the last pause */
	uint64_t resume_ns;         /* end of the pause */
	char name[SENDER_NAME_MAX]; /* "": datagrams are not counted */
	uint64_t datagrams;         /* datagrams sent with the lines that count them */
	size_t lines_last; /* lines in the newest datagram, lost if its refusal arrives late */
	uint64_t taken;    /* bytes sent */
	uint64_t errors;
	uint64_t dropped;
	uint64_t sent_ns;      /* the last pump that sent something, without a failure */
	uint64_t clean_ns;     /* the first flush that was sent without a failure since; 0: none */
	uint64_t faults_flush; /* errors + dropped at the end of the last flush */
	uint64_t faults_pump;  /* the same at the end of the last pump */
	int last_error;        /* errno of the newest error */
	bool failing;          /* the user has been warned */
};

struct sender_transport {
	size_t line_max;
	/* A failure may be reported so long after sending, nanoseconds; 0: it is known at once. */
	uint64_t late_ns;
	/* Sends from the queue; returns when it has to go on. */
	uint64_t (*pump)(struct sender *sender, uint64_t now_ns);
	/* Opens and connects the first time, within sender_open().  Returns 0 or -errno. */
	int (*open)(struct sender *sender, uint64_t now_ns);
	/* NULL, or: takes new addresses, of which none is the one in use. */
	void (*move)(struct sender *sender);
};

extern const struct sender_transport sender_transport_udp;
extern const struct sender_transport sender_transport_unix;
extern const struct sender_transport sender_transport_tcp;

/* Counts one failure, and the lines lost by it. */
void sender_fail(struct sender *sender, int err, size_t lines);

/*
 * Closes a failed connection, drops the queue, and sets the time of the next
 * attempt.
 */
void sender_disconnect(struct sender *sender, int err, uint64_t now_ns);

#endif
