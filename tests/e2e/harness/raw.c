/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * raw.c - see raw.h.
 */
#include "harness/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/harness.h"

#define RESPONSE_MAX 65536

int raw_connect(uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		fail_msg("cannot connect to port %u: %s", port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void raw_send(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent < 0)
			fail_msg("cannot send: %s", strerror(errno));
		at += sent;
		length -= sent;
	}
}

void raw_say(int fd, const char *text)
{
	raw_send(fd, text, strlen(text));
}

/* Receives at most size bytes; returns 0 at the end of the stream. */
static size_t receive(int fd, char *buffer, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t length;

	if (poll(&wait, 1, (int)(DEADLINE_S * 1000)) != 1)
		fail_msg("no response within %.0f s", DEADLINE_S);
	length = recv(fd, buffer, size, 0);
	return length > 0 ? length : 0;
}

void raw_wait_for(int fd, const char *text)
{
	char buffer[4096];
	size_t used = 0;

	buffer[0] = '\0';
	while (!strstr(buffer, text)) {
		size_t length = receive(fd, buffer + used, sizeof(buffer) - 1 - used);

		if (length == 0)
			fail_msg("the connection ended before '%s'", text);
		used += length;
		buffer[used] = '\0';
	}
}

/* Status of the final response: interim responses (1xx) before it do not count. */
static const char *final_response(const char *response, int *status)
{
	*status = 0;
	while (sscanf(response, "HTTP/1.%*1[01] %3d", status) == 1 && *status < 200 &&
	       *status != 101) {
		response = strstr(response, "\r\n\r\n");
		*status = 0;
		if (!response)
			return NULL;
		response += 4;
	}
	return response;
}

int raw_finish_body(int fd, size_t *body_bytes)
{
	static char response[RESPONSE_MAX];
	char rest[65536];
	size_t used = 0, all = 0, length;
	const char *final, *body;
	int status;

	while ((length = receive(fd, rest, sizeof(rest))) > 0) {
		all += length;
		if (length > sizeof(response) - 1 - used)
			length = sizeof(response) - 1 - used;
		memcpy(response + used, rest, length);
		used += length;
	}
	response[used] = '\0';
	close(fd);
	final = final_response(response, &status);
	body = final ? strstr(final, "\r\n\r\n") : NULL;
	*body_bytes = body ? all - (body + 4 - response) : 0;
	return status;
}

int raw_finish(int fd)
{
	size_t body_bytes;

	return raw_finish_body(fd, &body_bytes);
}

void raw_abort(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}
