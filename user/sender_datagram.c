/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sender_datagram.c - lines as datagrams, UDP or Unix, paced.
 *
 * Input: the queue.  Output: datagrams of whole lines.  It must not know what
 * the lines mean.
 *
 * The socket is connected, so that the kernel reports a UDP port that nobody
 * listens on; such a report arrives with the call after the datagram it is
 * about.  A Unix socket that has been bound anew is another one: it is
 * connected again, with growing pauses.  A Unix receiver that does not keep up
 * makes send() fail with EAGAIN, and the queue waits for it.
 */
#include "sender_private.h"

#include <errno.h>
#include <unistd.h>

/* A Unix datagram crosses no network, and its receiver's queue counts datagrams: 8 KiB. */
#define UNIX_DATAGRAM_MAX 8192
/* A receiver whose queue is full is tried again after this time, nanoseconds. */
#define FULL_PAUSE_NS 10000000ULL

static int open_datagram(struct sender *sender, uint64_t now_ns)
{
	int err = EADDRNOTAVAIL;
	size_t i;

	(void)now_ns;
	for (i = 0; i < sender->address_count; i++) {
		const struct sender_address *address = &sender->addresses[i];
		const int fd = socket(address->storage.ss_family,
				      SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd >= 0 &&
		    connect(fd, (const struct sockaddr *)&address->storage, address->length) == 0) {
			sender->fd = fd;
			return 0;
		}
		err = errno;
		if (fd >= 0)
			close(fd);
	}
	return -err;
}

static int open_unix(struct sender *sender, uint64_t now_ns)
{
	const int err = open_datagram(sender, now_ns);

	if (err)
		sender_disconnect(sender, -err, now_ns);
	else
		sender->backoff_ns = SENDER_BACKOFF_MIN_NS;
	return 0; /* it may come yet */
}

/* A report about the datagram before, if there is one. */
static void take_late_error(struct sender *sender)
{
	socklen_t size = sizeof(int);
	int err = 0;

	if (getsockopt(sender->fd, SOL_SOCKET, SO_ERROR, &err, &size) == 0 && err != 0)
		sender_fail(sender, err, sender->lines_last);
}

/* Returns 0, or the errno of send(). */
static int send_front(struct sender *sender, size_t length)
{
	/* Without the last newline: it would count as one more line. */
	return send(sender->fd, sender_queue_front(&sender->queue), length - 1, MSG_NOSIGNAL) < 0
		       ? errno
		       : 0;
}

static void take_front(struct sender *sender, size_t length)
{
	sender->lines_last = sender_queue_count(&sender->queue, length);
	sender_queue_take(&sender->queue, length);
	sender->burst++;
}

/* Whether the pause between two bursts is over. */
static bool is_due(struct sender *sender, uint64_t now_ns)
{
	if (sender->burst < SENDER_BURST)
		return true;
	if (sender->resume_ns == 0)
		sender->resume_ns = now_ns + SENDER_PAUSE_NS;
	if (now_ns < sender->resume_ns)
		return false;
	sender->burst = 0;
	sender->resume_ns = 0;
	return true;
}

static uint64_t pump_udp(struct sender *sender, uint64_t now_ns)
{
	size_t length;
	int err;

	while (sender_queue_length(&sender->queue) > 0) {
		if (!is_due(sender, now_ns))
			return sender->resume_ns;
		length = sender_queue_whole_lines(&sender->queue, SENDER_DATAGRAM_MAX + 1);
		err = send_front(sender, length);
		if (err == ECONNREFUSED) {
			/* That was about the datagram before: this one has not been sent yet. */
			sender_fail(sender, err, sender->lines_last);
			err = send_front(sender, length);
		}
		if (err == EAGAIN || err == ENOBUFS)
			return now_ns + FULL_PAUSE_NS;
		take_front(sender, length);
		if (err)
			sender_fail(sender, err, sender->lines_last);
	}
	/* On loopback the refusal of the last datagram is there by now. */
	take_late_error(sender);
	return SENDER_NEVER;
}

static uint64_t pump_unix(struct sender *sender, uint64_t now_ns)
{
	size_t length;
	int err;

	if (sender->fd < 0 && now_ns >= sender->retry_ns)
		open_unix(sender, now_ns);
	while (sender->fd >= 0 && sender_queue_length(&sender->queue) > 0) {
		length = sender_queue_whole_lines(&sender->queue, UNIX_DATAGRAM_MAX + 1);
		err = send_front(sender, length);
		if (err == EAGAIN || err == ENOBUFS)
			return now_ns + FULL_PAUSE_NS;
		if (err)
			sender_disconnect(sender, err, now_ns);
		else
			take_front(sender, length);
	}
	return SENDER_NEVER;
}

const struct sender_transport sender_transport_udp = {
	.line_max = SENDER_DATAGRAM_MAX,
	.pump = pump_udp,
	.open = open_datagram,
	.may_wait = true,
};

const struct sender_transport sender_transport_unix = {
	.line_max = SENDER_DATAGRAM_MAX,
	.pump = pump_unix,
	.open = open_unix,
};
