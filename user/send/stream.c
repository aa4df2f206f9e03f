/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * stream.c - lines over TCP, ended by a newline each.
 *
 * Input: the queue.  Output: a stream of whole lines.  It must not know what
 * the lines mean.
 *
 * Connecting, sending and detecting the peer's close never block.  When a
 * connection is lost, the queue is dropped: the lines of one flush belong
 * together (statsd.h), and a partly sent line must not be continued on another
 * connection.
 */
#include "send/sender_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

/* statsd_exporter closes the connection when a line is longer. */
#define STREAM_LINE_MAX 4096
/* Time limit for connecting, nanoseconds. */
#define CONNECT_NS 10000000000ULL
/* Time after which unacknowledged data end the connection, ms. */
#define UNACKNOWLEDGED_MS 30000
/* Wait before a receiver that accepts nothing is tried again, nanoseconds. */
#define FULL_PAUSE_NS 10000000ULL

static void begin_connect(struct sender *sender, uint64_t now_ns)
{
	const struct resolver_address *address = &sender->addresses.list[sender->next_address];
	const int on = 1, unacknowledged_ms = UNACKNOWLEDGED_MS;
	const int fd =
		socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sender->next_address = (sender->next_address + 1) % sender->addresses.count;
	if (fd < 0) {
		sender_disconnect(sender, errno, now_ns);
		return;
	}
	sender->fd = fd;
	/* Whole flushes are written at once, so delaying small segments has no benefit. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
		   sizeof(unacknowledged_ms));
	sender->connecting = true;
	sender->retry_ns = now_ns + CONNECT_NS;
	if (connect(fd, (const struct sockaddr *)&address->storage, address->length) &&
	    errno != EINPROGRESS)
		sender_disconnect(sender, errno, now_ns);
}

/* Takes the result of connect(), if it is known. */
static void end_connect(struct sender *sender, uint64_t now_ns)
{
	struct pollfd out = { .fd = sender->fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int err = 0;

	if (poll(&out, 1, 0) <= 0) {
		if (now_ns >= sender->retry_ns)
			sender_disconnect(sender, ETIMEDOUT, now_ns);
		return;
	}
	if (getsockopt(sender->fd, SOL_SOCKET, SO_ERROR, &err, &size) != 0)
		err = errno;
	if (err) {
		sender_disconnect(sender, err, now_ns);
		return;
	}
	sender->connecting = false;
	sender->backoff_ns = SENDER_BACKOFF_MIN_NS;
}

/* The peer should send nothing: discards what it sends, and detects its close. */
static void look_at_peer(struct sender *sender, uint64_t now_ns)
{
	char bytes[512];
	const ssize_t length = recv(sender->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length == 0)
		sender_disconnect(sender, ECONNRESET, now_ns);
	else if (length < 0 && errno != EAGAIN && errno != EINTR)
		sender_disconnect(sender, errno, now_ns);
}

static int open_stream(struct sender *sender, uint64_t now_ns)
{
	begin_connect(sender, now_ns);
	return 0; /* the receiver may start later */
}

static uint64_t pump_stream(struct sender *sender, uint64_t now_ns)
{
	size_t length;
	ssize_t sent;

	if (sender->fd < 0 && now_ns >= sender->retry_ns)
		begin_connect(sender, now_ns);
	if (sender->fd >= 0 && sender->connecting)
		end_connect(sender, now_ns);
	if (sender->fd < 0 || sender->connecting)
		return SENDER_NEVER;
	look_at_peer(sender, now_ns);
	while (sender->fd >= 0 && (length = sender_queue_length(&sender->queue)) > 0) {
		sent = send(sender->fd, sender_queue_front(&sender->queue), length, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN)
			return now_ns + FULL_PAUSE_NS;
		if (sent < 0) {
			sender_disconnect(sender, errno, now_ns);
			break;
		}
		sender_queue_take(&sender->queue, (size_t)sent);
		sender->taken += (uint64_t)sent;
	}
	return SENDER_NEVER;
}

const struct sender_transport sender_transport_tcp = {
	.line_max = STREAM_LINE_MAX - 1,
	.pump = pump_stream,
	.open = open_stream,
};
