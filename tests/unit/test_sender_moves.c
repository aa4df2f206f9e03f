/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_sender_moves.c - a host that gets another address, and a name service that is away.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "send/sender.h"
#include "statsd/statsd.h"

/* What this program's own name service knows of the host "moving": 0: nothing at the moment. */
static atomic_uint moving_address;
static atomic_uint lookups;

/* In place of the C library's, for that host alone. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const struct in_addr address = { .s_addr = htonl(moving_address) };
	char text[INET_ADDRSTRLEN];

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (strcmp(host, "moving") != 0)
		return real(host, service, hints, result);
	lookups++;
	if (moving_address == 0)
		return EAI_AGAIN;
	return real(inet_ntop(AF_INET, &address, text, sizeof(text)), service, hints, result);
}

/* Lets a lookup come to its end, if one begins at that time. */
static unsigned int pump_lookup(struct sender *sender, uint64_t now_ns)
{
	const unsigned int before = lookups;
	int i;

	for (i = 0; i < 100; i++) {
		sender_pump(sender, now_ns);
		usleep(1000);
	}
	return lookups - before;
}

static void test_host_moves(void **state)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(own);
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct destination destination = { .kind = DESTINATION_UDP, .host = "moving" };
	uint64_t now_ns = clock_monotonic_ns();
	struct sender *sender;
	char datagram[64];

	(void)state;
	/* Where nobody listens. */
	moving_address = 0x7f000002;
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
	destination.port = ntohs(own.sin_port);
	assert_int_equal(sender_open(&sender, &destination, now_ns), 0);
	assert_int_equal(pump_lookup(sender, now_ns), 0);
	/* Every minute; the same address is no move, nor is a name service that is away. */
	now_ns += 61 * NS_PER_S;
	assert_int_equal(pump_lookup(sender, now_ns), 1);
	moving_address = 0;
	now_ns += 61 * NS_PER_S;
	assert_int_equal(pump_lookup(sender, now_ns), 1);
	assert_int_equal(sender_moves(sender), 0);
	/* And soon after a failure. */
	moving_address = INADDR_LOOPBACK;
	sender_line(sender, "a:1|c", 5);
	capture_begin();
	sender_pump(sender, now_ns + 1);
	assert_int_equal(sender_errors(sender), 1);
	now_ns += 3 * NS_PER_S;
	assert_int_equal(pump_lookup(sender, now_ns), 1);
	capture_end_with("refused", "another address", NULL);
	assert_int_equal(sender_moves(sender), 1);
	sender_line(sender, "b:1|c", 5);
	sender_flush(sender, now_ns);
	assert_int_equal(recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT), 5);
	assert_memory_equal(datagram, "b:1|c", 5);
	sender_close(sender);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_moves),
	};

	return cmocka_run_group_tests_name("sender_moves", tests, NULL, NULL);
}
