/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_balanced.c - servers behind a load balancer that sends the client's address by the PROXY
 * protocol: the requests after its header are counted exactly, and the header is not counted as a
 * request.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"
#include "harness/servers.h"

/* Rows omit fields that are zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define TEXT(literal) literal, sizeof(literal) - 1
#define MARK "\r\n\r\n\0\r\nQUIT\n"
#define REPLY "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"
#define GET_A "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_B "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
#define LAST "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static const struct header_row {
	const char *comment;
	const char *bytes;
	size_t length;
} headers[] = {
	{ "a line", TEXT("PROXY TCP4 192.0.2.1 198.51.100.2 40000 80\r\n") },
	{ "a line, IPv6", TEXT("PROXY TCP6 2001:db8::1 2001:db8::2 40000 80\r\n") },
	{ "a line without addresses", TEXT("PROXY UNKNOWN\r\n") },
	{ "binary", TEXT(MARK "\x21\x11\0\x0cGET \r\n\r\n\x9c\x40\0\x50") },
	{ "binary, with an extension",
	  TEXT(MARK "\x21\x11\0\x13\1\2\3\4\5\6\7\x8\x9c\x40\0\x50\4\0\4GET ") },
	{ "binary, the balancer's own", TEXT(MARK "\x20\0\0\0") },
};

/* Received in one call, and byte by byte; two requests at once, then one more. */
static void whatever_is_received_at_once(void **state)
{
	struct puppet *puppet = puppet_start();
	size_t i, at, whole;

	(void)state;
	for (i = 0; i < ROWS(headers) * 2; i++) {
		const struct header_row *row = &headers[i / 2];
		const int fd = raw_connect(puppet_port(puppet));

		puppet_accept(puppet, 0);
		raw_send(fd, row->bytes, row->length);
		raw_say(fd, GET_A GET_B);
		whole = row->length + strlen(GET_A GET_B);
		for (at = 0; i % 2 && at < whole; at++)
			assert_int_equal(puppet_receive(puppet, 0, 1), 1);
		if (i % 2 == 0)
			puppet_receive_all(puppet, 0, whole);
		puppet_say(puppet, 0, REPLY);
		puppet_say(puppet, 0, REPLY);
		raw_say(fd, GET_A);
		puppet_receive_all(puppet, 0, strlen(GET_A));
		puppet_say(puppet, 0, REPLY);
		puppet_close(puppet, 0);
		raw_finish(fd);
		observed_expect("GET", "/a", 404, NULL, 2, 0, 4);
		observed_expect("GET", "/b", 404, NULL, 1, 0, 2);
	}
	observed_check();
}

/* nginx peeks at the header first (MSG_PEEK), then receives it by a separate call. */
static void nginx(void **state)
{
	const uint16_t port = port_free(SOCK_STREAM);
	size_t i;

	(void)state;
	server_start_nginx_with(text_format("listen 127.0.0.1:%u proxy_protocol;", port));
	for (i = 0; i < ROWS(headers); i++) {
		const struct header_row *row = &headers[i];
		int fd = raw_connect(port);

		raw_send(fd, row->bytes, row->length);
		raw_say(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n" LAST);
		if (raw_finish(fd) != 200)
			fail_msg("%s: not accepted", row->comment);
		observed_expect("GET", "/hello", 200, NULL, 2, 0, 12);
		/* a balancer's health check */
		fd = raw_connect(port);
		raw_send(fd, row->bytes, row->length);
		shutdown(fd, SHUT_WR);
		assert_int_equal(raw_finish(fd), 0);
	}
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(whatever_is_received_at_once),
		OBSERVED_TEST(nginx),
	};

	return cmocka_run_group_tests_name("balanced", tests, observed_group_setup,
					   observed_group_teardown);
}
