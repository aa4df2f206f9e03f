/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sender.c - packs lines into datagrams and sends them, paced.
 *
 * The socket is connected, so that the kernel reports a port that nobody
 * listens on; such a report arrives with the call after the datagram it is
 * about.
 */
#include "sender.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

/* Between two bursts: time for the receiver to take the first from its buffer. */
#define PAUSE_NS 5000000L

struct sender {
	int fd;
	char destination[TEXT_ESCAPED_SIZE(256) + 8]; /* for messages */
	char datagram[SENDER_DATAGRAM_MAX];
	size_t used;
	unsigned int burst; /* datagrams since the last pause */
	uint64_t errors;
	uint64_t errors_before; /* at the end of the last flush */
	int last_error;         /* errno of the newest one */
	bool failing;           /* the last flush had errors, and the user was told */
};

static int open_socket(const struct addrinfo *addresses)
{
	const struct addrinfo *address;
	int err = EADDRNOTAVAIL;

	for (address = addresses; address; address = address->ai_next) {
		int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0)
			return fd;
		err = errno;
		if (fd >= 0)
			close(fd);
	}
	return -err;
}

static int fail_resolve(int result, const char *host)
{
	/* errno is meant only with EAI_SYSTEM. */
	const int err = result == EAI_SYSTEM ? errno : 0;

	log_error("cannot resolve the StatsD host '%s': %s; check --statsd or STATSD_HOST, or "
		  "give an address",
		  host, err ? strerror(err) : gai_strerror(result));
	if (result == EAI_MEMORY)
		return -ENOMEM;
	return err ? -err : -EHOSTUNREACH;
}

int sender_open(struct sender **result, const struct statsd_option *destination)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_DGRAM,
					.ai_flags = AI_NUMERICSERV };
	char host[TEXT_ESCAPED_SIZE(sizeof(destination->host))], port[8];
	struct addrinfo *addresses;
	struct sender *sender;
	int err;

	*result = NULL;
	if (destination->scheme == STATSD_NONE)
		return 0;
	text_escape_terminal(host, sizeof(host), destination->host);
	snprintf(port, sizeof(port), "%u", destination->port);
	err = getaddrinfo(destination->host, port, &hints, &addresses);
	if (err)
		return fail_resolve(err, host);
	sender = calloc(1, sizeof(*sender));
	err = sender ? open_socket(addresses) : -ENOMEM;
	freeaddrinfo(addresses);
	if (err < 0) {
		log_error("cannot send to the StatsD host '%s', port %s: %s; check --statsd and "
			  "the network",
			  host, port, strerror(-err));
		free(sender);
		return err;
	}
	sender->fd = err;
	snprintf(sender->destination, sizeof(sender->destination), "%s:%s", host, port);
	*result = sender;
	return 0;
}

void sender_close(struct sender *sender)
{
	if (!sender)
		return;
	close(sender->fd);
	free(sender);
}

static void count_error(struct sender *sender, int err)
{
	sender->errors++;
	sender->last_error = err;
}

static void send_datagram(struct sender *sender)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	ssize_t sent;

	if (sender->used == 0)
		return;
	if (sender->burst == SENDER_BURST) {
		/* A signal cuts the pause short, which does no harm. */
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		sender->burst = 0;
	}
	sent = send(sender->fd, sender->datagram, sender->used, MSG_NOSIGNAL);
	if (sent < 0 && errno == ECONNREFUSED) {
		/* That was about the datagram before: this one has not been sent yet. */
		count_error(sender, errno);
		sent = send(sender->fd, sender->datagram, sender->used, MSG_NOSIGNAL);
	}
	if (sent < 0)
		count_error(sender, errno);
	sender->burst++;
	sender->used = 0;
}

void sender_line(void *context, const char *line, size_t length)
{
	struct sender *sender = context;

	if (length > SENDER_DATAGRAM_MAX) {
		count_error(sender, EMSGSIZE);
		return;
	}
	if (sender->used > 0 && sender->used + 1 + length > SENDER_DATAGRAM_MAX)
		send_datagram(sender);
	if (sender->used > 0)
		sender->datagram[sender->used++] = '\n';
	memcpy(sender->datagram + sender->used, line, length);
	sender->used += length;
}

/* Tells the user when sending begins to fail, and when it works again. */
static void report_change(struct sender *sender)
{
	const bool failing = sender->errors > sender->errors_before;

	if (failing && !sender->failing)
		log_warning("StatsD datagrams to '%s' fail: %s; redtap goes on; check that "
			    "statsd_exporter listens there",
			    sender->destination, strerror(sender->last_error));
	else if (!failing && sender->failing)
		log_info("StatsD datagrams to '%s' are taken again", sender->destination);
	sender->failing = failing;
	sender->errors_before = sender->errors;
}

void sender_flush(struct sender *sender)
{
	socklen_t size = sizeof(int);
	int err = 0;

	if (!sender)
		return;
	send_datagram(sender);
	/* On loopback the refusal of the last datagram is there by now. */
	if (getsockopt(sender->fd, SOL_SOCKET, SO_ERROR, &err, &size) == 0 && err != 0)
		count_error(sender, err);
	report_change(sender);
	sender->burst = 0;
}

uint64_t sender_errors(const struct sender *sender)
{
	return sender ? sender->errors : 0;
}
