/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_listeners.c - a server that listens on one port after the other, as some do for
 * days, is observed on the last like on the first; and one that listens with Multipath
 * TCP, by clients that speak TCP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"

#define PORTS 5000 /* different ones */
#define TURNS_MAX 200000
#define REQUEST "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* Returns the port, or -errno. */
static long listen_anywhere(int fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) || listen(fd, 8) ||
	    getsockname(fd, (struct sockaddr *)&address, &length))
		return -errno;
	return ntohs(address.sin_port);
}

/* Returns the last of the ports, on which it listens still. */
static long step_listen_often(struct puppet_hands *hands, const struct puppet_order *order)
{
	static bool seen[65536];
	int turn, ports = 0;

	(void)order;
	for (turn = 0; turn < TURNS_MAX; turn++) {
		long port;

		close(hands->listener);
		hands->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		port = listen_anywhere(hands->listener);
		if (port < 0)
			return port;
		ports += !seen[port];
		if (ports == PORTS)
			return port;
		seen[port] = true;
	}
	return -ENOSPC;
}

/* One request on this port. */
static void exchange(struct puppet *puppet, uint16_t port)
{
	int fd = raw_connect(port);

	puppet_accept(puppet, 0);
	raw_say(fd, REQUEST);
	puppet_receive_all(puppet, 0, sizeof(REQUEST) - 1);
	puppet_say(puppet, 0, REPLY);
	raw_wait_for(fd, "ok");
	observed_expect("GET", "/", 200, NULL, 1, 0, 2);
	puppet_close(puppet, 0);
	raw_finish(fd);
}

static void one_after_the_other(void **state)
{
	struct puppet *puppet = puppet_start();
	const long port = puppet_do(puppet, step_listen_often, &(struct puppet_order){ 0 });

	(void)state;
	assert_in_range(port, 1, 65535);
	exchange(puppet, port);
	observed_check();
}

/* Returns the port, or -errno. */
static long step_listen_multipath(struct puppet_hands *hands, const struct puppet_order *order)
{
	(void)order;
	close(hands->listener);
	hands->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	return listen_anywhere(hands->listener);
}

static void multipath(void **state)
{
	struct puppet *puppet = puppet_start();
	const long port = puppet_do(puppet, step_listen_multipath, &(struct puppet_order){ 0 });

	(void)state;
	if (port == -EPROTONOSUPPORT || port == -ENOPROTOOPT) {
		print_message("this kernel has no Multipath TCP: %s\n", strerror(-port));
		skip();
	}
	assert_in_range(port, 1, 65535);
	exchange(puppet, port);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(one_after_the_other),
		OBSERVED_TEST(multipath),
	};

	return cmocka_run_group_tests_name("listeners", tests, observed_group_setup,
					   observed_group_teardown);
}
