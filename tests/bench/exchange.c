// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * exchange.c - see exchange.h.
 */
#include "exchange.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BODY "hello, world\n"

#define FEW_REQUEST_FIELDS "Host: 127.0.0.1:8080\r\n"
#define FEW_RESPONSE_FIELDS                                                                        \
	"Server: bench/1.0\r\n"                                                                    \
	"Date: Mon, 24 Nov 2025 03:54:41 GMT\r\n"                                                  \
	"Content-Type: text/plain\r\n"                                                             \
	"Content-Length: 13\r\n"

/* In the order and with the values of a desktop browser and a web framework. */
#define BROWSER_REQUEST_FIELDS                                                                     \
	"Host: 127.0.0.1:8080\r\n"                                                                 \
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"   \
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"              \
	"Accept-Language: en-US,en;q=0.5\r\n"                                                      \
	"Accept-Encoding: gzip, deflate, br, zstd\r\n"                                             \
	"Connection: keep-alive\r\n"                                                               \
	"Cookie: session=0f1e2d3c4b5a69788796a5b4c3d2e1f0\r\n"                                     \
	"Sec-Fetch-Dest: document\r\n"                                                             \
	"Sec-Fetch-Mode: navigate\r\n"
#define BROWSER_RESPONSE_FIELDS                                                                    \
	"Server: bench/1.0\r\n"                                                                    \
	"Date: Mon, 24 Nov 2025 03:54:41 GMT\r\n"                                                  \
	"Content-Type: text/plain; charset=utf-8\r\n"                                              \
	"Content-Length: 13\r\n"                                                                   \
	"Connection: keep-alive\r\n"                                                               \
	"Cache-Control: private, max-age=0, must-revalidate\r\n"                                   \
	"ETag: \"5f3c-62a1b7c4d9e80\"\r\n"                                                         \
	"Vary: Accept-Encoding, Cookie\r\n"                                                        \
	"X-Content-Type-Options: nosniff\r\n"                                                      \
	"X-Frame-Options: SAMEORIGIN\r\n"                                                          \
	"Referrer-Policy: strict-origin-when-cross-origin\r\n"

/* The first bytes of a TLS record with a ClientHello, for which redtap ignores a connection. */
#define TLS "\x16\3\1\1\1\1"

const struct exchange_row exchange_rows[] = {
	{ "keep_alive", "GET", 80, 160, FEW_REQUEST_FIELDS, FEW_RESPONSE_FIELDS, 1, false, 500 },
	{ "browser_heads", "GET", 500, 500, BROWSER_REQUEST_FIELDS, BROWSER_RESPONSE_FIELDS, 1,
	  false, 500 },
	{ "one_request", "GET", 80, 160, FEW_REQUEST_FIELDS, FEW_RESPONSE_FIELDS, 1, true, 100 },
	{ "routes_500", "GET", 80, 160, FEW_REQUEST_FIELDS, FEW_RESPONSE_FIELDS, 500, false, 500 },
	{ "ignored", TLS "GET", 80, 160, FEW_REQUEST_FIELDS, FEW_RESPONSE_FIELDS, 1, false, 500 },
};
const size_t exchange_row_count = sizeof(exchange_rows) / sizeof(exchange_rows[0]);

unsigned int exchange_requests(const struct exchange_row *row)
{
	return row->method[0] == TLS[0] ? 0 : row->exchanges;
}

/* A head of exactly `size` bytes: the last field is made long enough. */
static size_t head_build(char *text, const char *line, const char *fields, size_t size)
{
	static const char filler[] = "X-Fill: ";
	int used = snprintf(text, MESSAGE_MAX, "%s%s%s", line, fields, filler);

	if (used < 0 || size > MESSAGE_MAX - sizeof(BODY) || (size_t)used + 4 > size)
		errx(1, "a head of %zu bytes is too small for its fields (%d bytes)", size, used);
	memset(text + used, 'f', size - 4 - used);
	memcpy(text + size - 4, "\r\n\r\n", 4);
	return size;
}

static size_t request_build(char *text, const struct exchange_row *row, unsigned int route)
{
	char line[64];

	/* letters: digits would be folded into one route */
	snprintf(line, sizeof(line), "%s /items/page-%c%c%c HTTP/1.1\r\n", row->method,
		 'a' + route / 100 % 10, 'a' + route / 10 % 10, 'a' + route % 10);
	return head_build(text, line, row->request_fields, row->request_head);
}

static size_t response_build(char *text, const struct exchange_row *row)
{
	size_t length =
		head_build(text, "HTTP/1.1 200 OK\r\n", row->response_fields, row->response_head);

	memcpy(text + length, BODY, sizeof(BODY) - 1);
	return length + sizeof(BODY) - 1;
}

/* ---- server ----------------------------------------------------------- */

/* Reads `length` bytes; false at the end of the stream. */
static bool read_whole(int fd, char *buffer, size_t length)
{
	size_t taken = 0;

	while (taken < length) {
		ssize_t count = read(fd, buffer + taken, length - taken);

		if (count == 0 && taken == 0)
			return false;
		if (count <= 0)
			err(1, "read() at byte %zu of %zu", taken, length);
		taken += count;
	}
	return true;
}

static void write_whole(int fd, const char *buffer, size_t length)
{
	ssize_t count = write(fd, buffer, length);

	if (count != (ssize_t)length)
		err(1, "write() took %zd of %zu bytes", count, length);
}

/* Serves one connection after the other, without end.  at: the row of the responses. */
static void server_serve(int listener, const unsigned int *at)
{
	static char responses[sizeof(exchange_rows) / sizeof(exchange_rows[0])][MESSAGE_MAX];
	size_t lengths[sizeof(exchange_rows) / sizeof(exchange_rows[0])], i;
	char request[MESSAGE_MAX];

	for (i = 0; i < exchange_row_count; i++)
		lengths[i] = response_build(responses[i], &exchange_rows[i]);
	for (;;) {
		const struct exchange_row *row;
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			err(1, "accept()");
		i = *(const volatile unsigned int *)at;
		row = &exchange_rows[i];
		while (read_whole(fd, request, row->request_head)) {
			write_whole(fd, responses[i], lengths[i]);
			if (row->close_each)
				break;
		}
		close(fd);
	}
}

void exchange_server_start(struct exchange_server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	server->row = mmap(NULL, sizeof(*server->row), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (server->row == MAP_FAILED || listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, size) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		err(1, "cannot set up the server");
	server->port = ntohs(address.sin_port);
	fflush(NULL);
	server->pid = fork();
	if (server->pid < 0)
		err(1, "fork()");
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		server_serve(listener, server->row);
	}
	close(listener);
}

void exchange_server_stop(struct exchange_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	munmap(server->row, sizeof(*server->row));
}

/* ---- client ----------------------------------------------------------- */

static int client_connect(const struct exchange_client *client)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(client->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "cannot connect to the server");
	return fd;
}

void exchange_client_open(struct exchange_client *client, struct exchange_server *server,
			  unsigned int row)
{
	char response[MESSAGE_MAX];
	unsigned int i;

	*server->row = row;
	client->row = &exchange_rows[row];
	client->port = server->port;
	client->requests = calloc(client->row->routes, sizeof(*client->requests));
	if (!client->requests)
		err(1, "no memory for %u requests", client->row->routes);
	for (i = 0; i < client->row->routes; i++)
		client->request_length = request_build(client->requests[i], client->row, i);
	client->response_length = response_build(response, client->row);
	client->fd = client->row->close_each ? -1 : client_connect(client);
}

void exchange_client_close(struct exchange_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->requests);
}

static void exchange_one(struct exchange_client *client, const char *request)
{
	char response[MESSAGE_MAX];
	int fd = client->fd >= 0 ? client->fd : client_connect(client);

	write_whole(fd, request, client->request_length);
	if (!read_whole(fd, response, client->response_length))
		errx(1, "the server has closed the connection");
	if (client->fd < 0) {
		if (read_whole(fd, response, 1))
			errx(1, "the server has sent more than its response");
		close(fd);
	}
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

uint64_t exchange_round(struct exchange_client *client)
{
	uint64_t begun = clock_ns();
	unsigned int i, route = 0;

	for (i = 0; i < client->row->exchanges; i++) {
		exchange_one(client, client->requests[route]);
		if (++route == client->row->routes)
			route = 0;
	}
	return clock_ns() - begun;
}
