/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_listeners.c - a server that listens on many ports, one after the other, is observed on all
 * of them; also one that listens with Multipath TCP (with plain TCP clients), one that never
 * binds, and one that accepts data in the SYN.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"

#define PORTS 5000 /* number of different ports */
#define TURNS_MAX 200000
#define REQUEST "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
/* A request in two halves. */
#define FRONT "POST /halves HTTP/1.1\r\nHost: h\r\nContent-Le"
#define BACK "ngth: 4\r\n\r\nbody"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/*
 * Opens the puppet's listener again: bound to 127.0.0.1, or (is_bound false) on a port that the
 * kernel chooses at listen(). Returns the port, or -errno.
 */
static long listen_anew(struct puppet_hands *hands, int protocol, bool is_bound)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd;

	close(hands->listener);
	fd = hands->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);
	if (fd < 0 || (is_bound && bind(fd, (struct sockaddr *)&address, length)) ||
	    listen(fd, 8) || getsockname(fd, (struct sockaddr *)&address, &length))
		return -errno;
	return ntohs(address.sin_port);
}

/* Returns the last port, on which it still listens. */
static long step_listen_often(struct puppet_hands *hands, const struct puppet_order *order)
{
	static bool seen[65536];
	int turn, ports = 0;

	(void)order;
	for (turn = 0; turn < TURNS_MAX; turn++) {
		const long port = listen_anew(hands, 0, true);

		if (port < 0)
			return port;
		ports += !seen[port];
		if (ports == PORTS)
			return port;
		seen[port] = true;
	}
	return -ENOSPC;
}

/* Sends one request to this port. */
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

static long step_listen_multipath(struct puppet_hands *hands, const struct puppet_order *order)
{
	(void)order;
	return listen_anew(hands, IPPROTO_MPTCP, true);
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

static long step_listen_unbound(struct puppet_hands *hands, const struct puppet_order *order)
{
	(void)order;
	return listen_anew(hands, 0, false);
}

static void without_bind(void **state)
{
	struct puppet *puppet = puppet_start();
	long port;
	int turn, fd;

	(void)state;
	for (turn = 0; turn < 3; turn++) {
		port = puppet_do(puppet, step_listen_unbound, &(struct puppet_order){ 0 });
		assert_in_range(port, 1, 65535);
		/* one request and half of a head before accept */
		fd = raw_connect(port);
		raw_say(fd, FRONT);
		puppet_accept(puppet, 0);
		puppet_receive_all(puppet, 0, sizeof(FRONT) - 1);
		raw_say(fd, BACK);
		observed_expect("POST", "/halves", 200, NULL, 1, 4, 2);
		puppet_receive_all(puppet, 0, sizeof(BACK) - 1);
		puppet_say(puppet, 0, REPLY);
		raw_wait_for(fd, "ok");
		puppet_close(puppet, 0);
		raw_finish(fd);
	}
	observed_check();
}

/*
 * Enters its own network namespace, where TCP Fast Open works without a cookie
 * for servers and clients.
 */
static long step_open_network(struct puppet_hands *hands, const struct puppet_order *order)
{
	static const char fast_open[] = "/proc/sys/net/ipv4/tcp_fastopen";
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	(void)hands;
	(void)order;
	if (unshare(CLONE_NEWNET))
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &loopback))
		return -errno;
	close(fd);
	fd = open(fast_open, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "519", 3) != 3) /* 1, 2, 4 and 0x200 */
		return -errno;
	close(fd);
	return 0;
}

/*
 * Makes the server ignore ACKs without data: the handshake stays open until the client sends
 * more.
 */
static int refuse_bare_acknowledgements(int fd)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), /* flags */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x10, 0, 7),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 12), /* length of the TCP header */
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
	};
	const struct sock_fprog program = { .len = ROWS(steps), .filter = steps };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Opens the listener, and accepts as descriptor 1 a client whose first bytes are in its SYN. */
static long step_fast_open(struct puppet_hands *hands, const struct puppet_order *order)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const long port = listen_anew(hands, 0, true);
	const int waiting = 8;

	address.sin_port = htons(port);
	if (port < 0 ||
	    setsockopt(hands->listener, IPPROTO_TCP, TCP_FASTOPEN, &waiting, sizeof(waiting)) ||
	    refuse_bare_acknowledgements(hands->listener))
		return -errno;
	hands->fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return sendto(hands->fds[1], order->bytes, order->length, MSG_FASTOPEN,
		      (struct sockaddr *)&address, sizeof(address)) == (ssize_t)order->length
		       ? 0
		       : -errno;
}

static long step_tcp_state(struct puppet_hands *hands, const struct puppet_order *order)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	if (getsockopt(hands->fds[order->fd], IPPROTO_TCP, TCP_INFO, &info, &length))
		return -errno;
	return info.tcpi_state;
}

/* Requests are served before and after the end of the handshake. */
static void fast_open(void **state)
{
	struct puppet *puppet = puppet_start();
	const struct puppet_order front = { .bytes = FRONT, .length = sizeof(FRONT) - 1 };
	const struct puppet_order whole = { .bytes = FRONT BACK, .length = sizeof(FRONT BACK) - 1 };
	int turn;

	(void)state;
	assert_int_equal(puppet_do(puppet, step_open_network, &(struct puppet_order){ 0 }), 0);
	for (turn = 0; turn < 2; turn++) {
		assert_int_equal(puppet_do(puppet, step_fast_open, turn ? &front : &whole), 0);
		puppet_accept(puppet, 0);
		assert_int_equal(puppet_do(puppet, step_tcp_state, &(struct puppet_order){ 0 }),
				 TCP_SYN_RECV);
		puppet_receive_all(puppet, 0, turn ? front.length : whole.length);
		if (turn) { /* the second half of the head ends the handshake */
			puppet_send(puppet, 1, BACK, sizeof(BACK) - 1);
			puppet_receive_all(puppet, 0, sizeof(BACK) - 1);
		}
		puppet_say(puppet, 0, REPLY);
		puppet_receive_all(puppet, 1, sizeof(REPLY) - 1);
		puppet_send(puppet, 1, whole.bytes, whole.length);
		puppet_receive_all(puppet, 0, whole.length);
		assert_int_equal(puppet_do(puppet, step_tcp_state, &(struct puppet_order){ 0 }),
				 TCP_ESTABLISHED);
		puppet_say(puppet, 0, REPLY);
		puppet_receive_all(puppet, 1, sizeof(REPLY) - 1);
		puppet_close(puppet, 0);
		puppet_close(puppet, 1);
	}
	observed_expect("POST", "/halves", 200, NULL, 4, 16, 8);
	/* no hook reports when the bytes of the SYN arrive */
	observed_expect_reason("approximate", "no_arrival", 2);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(one_after_the_other),
		OBSERVED_TEST(multipath),
		OBSERVED_TEST(without_bind),
		OBSERVED_TEST(fast_open),
	};

	return cmocka_run_group_tests_name("listeners", tests, observed_group_setup,
					   observed_group_teardown);
}
