// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * relay.c - passes datagrams out of a virtual machine that has no network.
 *
 *   relay in PORT FILE    inside: writes what arrives on udp 127.0.0.1:PORT as frames
 *                         into FILE, a serial port; SIGTERM ends it after the last
 *                         datagram is written
 *   relay out PORT FILE   outside: sends frames from FILE as datagrams to udp
 *                         127.0.0.1:PORT; ends at the end of the file
 *
 * A frame is a length of two bytes, high byte first, and a datagram.  It must not know
 * the contents.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_MAX 65535
#define HEADER 2
/* For bursts that are faster than the serial port. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

static volatile sig_atomic_t ending;

static void on_end(int signal_number)
{
	(void)signal_number;
	ending = 1;
}

static int fail(const char *what, const char *subject)
{
	fprintf(stderr, "relay: cannot %s '%s': %s\n", what, subject, strerror(errno));
	return 1;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

/* False at the end of the file. */
static bool read_all(int fd, char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t taken = read(fd, bytes, length);

		if (taken < 0 && errno == EINTR)
			continue;
		if (taken <= 0)
			return false;
		bytes += taken;
		length -= (size_t)taken;
	}
	return true;
}

/* Runs until the signal has come and nothing is left to send. */
static int relay_in(int sock, int file)
{
	static char frame[HEADER + DATAGRAM_MAX];
	const struct sigaction end = { .sa_handler = on_end };
	sigset_t blocked, waiting;

	/* The signal is blocked, except in ppoll(): it cannot come between check and wait. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	sigaction(SIGTERM, &end, NULL);
	for (;;) {
		struct pollfd wait = { .fd = sock, .events = POLLIN };
		const ssize_t length =
			recv(sock, frame + HEADER, DATAGRAM_MAX, MSG_DONTWAIT | MSG_TRUNC);

		if (length >= 0 && length <= DATAGRAM_MAX) {
			frame[0] = (char)(length >> 8);
			frame[1] = (char)length;
			if (!write_all(file, frame, HEADER + (size_t)length))
				return fail("write to", "the file");
		} else if (ending) {
			return 0;
		} else {
			ppoll(&wait, 1, NULL, &waiting);
		}
	}
}

static int relay_out(int sock, int file)
{
	static char bytes[DATAGRAM_MAX];
	unsigned char header[HEADER];

	while (read_all(file, (char *)header, HEADER)) {
		const size_t length = (size_t)header[0] << 8 | header[1];

		if (!read_all(file, bytes, length))
			break;
		/* Nothing listens: ignore it, as for any UDP sender. */
		if (send(sock, bytes, length, 0) < 0 && errno != ECONNREFUSED)
			return fail("send to", "the port");
	}
	return 0;
}

int main(int argc, char **argv)
{
	const bool in = argc == 4 && strcmp(argv[1], "in") == 0;
	const int room = RECEIVE_BUFFER;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int port, sock, file;

	if (argc != 4 || (!in && strcmp(argv[1], "out") != 0) || (port = atoi(argv[2])) <= 0 ||
	    port > 65535) {
		fprintf(stderr, "usage: relay in|out PORT FILE\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)port);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail("make a socket for port", argv[2]);
	if (in && setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if ((in ? bind : connect)(sock, (struct sockaddr *)&address, sizeof(address)))
		return fail("use port", argv[2]);
	file = open(argv[3], (in ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (file < 0)
		return fail("open", argv[3]);
	return in ? relay_in(sock, file) : relay_out(sock, file);
}
