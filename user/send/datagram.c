/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * datagram.c - lines as datagrams, UDP or Unix, paced.
 *
 * Input: the queue.  Output: datagrams of whole lines.  It must not know what
 * the lines mean; the two that it adds count the datagrams (sender_identify()).
 *
 * The socket is connected, so that the kernel reports a UDP port on which
 * nothing listens; the error is returned by the call after the refused
 * datagram.  When a receiver binds its Unix socket again, the old connection is
 * useless: the sender reconnects, with growing pauses.  A slow Unix receiver
 * makes send() fail with EAGAIN, and the lines wait in the queue.
 */
#include "send/sender_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

/* A Unix datagram crosses no network, and its receiver's queue counts datagrams: 8 KiB. */
#define UNIX_DATAGRAM_MAX 8192
/* A receiver whose queue is full is tried again after this time, nanoseconds. */
#define FULL_PAUSE_NS 10000000ULL
/*
 * A host that is gone is reported by its neighbour lookup, three seconds later; a router may
 * send one report a second.  At least a flush later in any case, as this is more than none.
 */
#define UDP_LATE_NS 4000000000ULL

/* Both lines that count datagrams, with newlines. */
#define MARK_MAX (2 * SENDER_NAME_MAX + 96)

/* The next datagram: lines from the front of the queue, and the lines that count it. */
struct datagram {
	size_t length;       /* length of the queued lines, newlines included */
	char mark[MARK_MAX]; /* the lines that count it; "": none */
};

static int open_datagram(struct sender *sender, uint64_t now_ns)
{
	int err = EADDRNOTAVAIL;
	size_t i;

	(void)now_ns;
	for (i = 0; i < sender->addresses.count; i++) {
		const struct resolver_address *address = &sender->addresses.list[i];
		const int fd = socket(address->storage.ss_family,
				      SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd >= 0 &&
		    connect(fd, (const struct sockaddr *)&address->storage, address->length) == 0) {
			sender->fd = fd;
			sender->address = *address;
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
	return 0; /* the receiver may start later */
}

/* If there is no way to the new addresses, the old one stays until the next lookup. */
static void move_udp(struct sender *sender)
{
	const int before = sender->fd;
	const int err = open_datagram(sender, 0);

	if (err) {
		sender_fail(sender, -err, 0);
		return;
	}
	close(before);
	sender->moves++;
	log_info("the StatsD host of '%s' has another address; lines go there now", sender->shown);
}

/* A report about the datagram before, if there is one. */
static void take_late_error(struct sender *sender)
{
	socklen_t size = sizeof(int);
	int err = 0;

	if (getsockopt(sender->fd, SOL_SOCKET, SO_ERROR, &err, &size) == 0 && err != 0)
		sender_fail(sender, err, sender->lines_last);
}

/*
 * The last waiting datagram carries the total since the start: an increment
 * would be lost together with the datagrams that it counts.
 */
static void make_mark(char mark[MARK_MAX], const struct sender *sender, bool last)
{
	const int used =
		snprintf(mark, MARK_MAX, "redtap.statsd.received:1|c|#sender:%s\n", sender->name);

	if (last)
		snprintf(mark + used, MARK_MAX - used, "redtap.statsd.sent:%llu|g|#sender:%s\n",
			 (unsigned long long)sender->datagrams + 1, sender->name);
}

/* max: bytes of a datagram. */
static void pack_datagram(struct datagram *datagram, const struct sender *sender, size_t max)
{
	const struct sender_queue *queue = &sender->queue;
	const size_t all = sender_queue_length(queue);
	/* Without the last newline: it would count as one more line. */
	const size_t limit = max + 1;
	size_t before_both, before_one;

	if (sender->name[0] != '\0') {
		make_mark(datagram->mark, sender, true);
		before_both = sender_queue_whole_lines(queue, limit - strlen(datagram->mark));
		datagram->length = before_both;
		if (before_both == all)
			return;
		make_mark(datagram->mark, sender, false);
		before_one = sender_queue_whole_lines(queue, limit - strlen(datagram->mark));
		/* The remaining lines go into the last datagram, with room for the total. */
		if (before_one < all || before_both == 0)
			datagram->length = before_one;
		if (datagram->length > 0)
			return;
	}
	/* Not enabled, or a line so long that nothing else fits into the datagram. */
	datagram->mark[0] = '\0';
	datagram->length = sender_queue_whole_lines(queue, limit);
}

/* Returns 0, or the errno of sendmsg(). */
static int send_datagram(struct sender *sender, const struct datagram *datagram)
{
	const size_t mark_length = strlen(datagram->mark);
	struct iovec parts[] = {
		{ .iov_base = (void *)sender_queue_front(&sender->queue),
		  .iov_len = datagram->length - (mark_length == 0) },
		{ .iov_base = (void *)datagram->mark, .iov_len = mark_length - (mark_length > 0) },
	};
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(sender->fd, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

static void take_datagram(struct sender *sender, const struct datagram *datagram)
{
	sender->lines_last = sender_queue_count(&sender->queue, datagram->length);
	sender_queue_take(&sender->queue, datagram->length);
	sender->taken += datagram->length;
	sender->burst++;
	sender->datagrams += datagram->mark[0] != '\0';
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
	struct datagram datagram;
	int err;

	while (sender_queue_length(&sender->queue) > 0) {
		if (!is_due(sender, now_ns))
			return sender->resume_ns;
		pack_datagram(&datagram, sender, SENDER_DATAGRAM_MAX);
		err = send_datagram(sender, &datagram);
		if (err == ECONNREFUSED) {
			/* The error was about the previous datagram: this one is still unsent. */
			sender_fail(sender, err, sender->lines_last);
			err = send_datagram(sender, &datagram);
		}
		if (err == EAGAIN || err == ENOBUFS)
			return now_ns + FULL_PAUSE_NS;
		take_datagram(sender, &datagram);
		if (err)
			sender_fail(sender, err, sender->lines_last);
	}
	/* On loopback, the refusal of the last datagram has arrived by now. */
	take_late_error(sender);
	return SENDER_NEVER;
}

static uint64_t pump_unix(struct sender *sender, uint64_t now_ns)
{
	struct datagram datagram;
	int err;

	if (sender->fd < 0 && now_ns >= sender->retry_ns)
		open_unix(sender, now_ns);
	while (sender->fd >= 0 && sender_queue_length(&sender->queue) > 0) {
		pack_datagram(&datagram, sender, UNIX_DATAGRAM_MAX);
		err = send_datagram(sender, &datagram);
		if (err == EAGAIN || err == ENOBUFS)
			return now_ns + FULL_PAUSE_NS;
		if (err)
			sender_disconnect(sender, err, now_ns);
		else
			take_datagram(sender, &datagram);
	}
	return SENDER_NEVER;
}

const struct sender_transport sender_transport_udp = {
	.line_max = SENDER_DATAGRAM_MAX,
	.late_ns = UDP_LATE_NS,
	.pump = pump_udp,
	.open = open_datagram,
	.move = move_udp,
};

const struct sender_transport sender_transport_unix = {
	.line_max = SENDER_DATAGRAM_MAX,
	.pump = pump_unix,
	.open = open_unix,
};
