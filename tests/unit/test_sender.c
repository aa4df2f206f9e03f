/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_sender.c - UDP datagrams on loopback: how lines are packed into datagrams, how
 * these are paced, and what happens when nothing listens.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "send/sender.h"
#include "statsd/statsd.h"

/* Longer than anything on loopback should take. */
#define DEADLINE_S 10

/* A receiver; port 0: on a free port. */
static int open_receiver(int family, uint16_t *port)
{
	const struct timeval deadline = { .tv_sec = DEADLINE_S };
	const int room = 8 << 20;
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(*port),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(*port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *address = family == AF_INET6 ? (struct sockaddr *)&six
						      : (struct sockaddr *)&four;
	socklen_t size = family == AF_INET6 ? sizeof(six) : sizeof(four);
	const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, address, size) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	/* Try to get a larger buffer; the tests pass without it, too. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)), 0);
	assert_int_equal(getsockname(fd, address, &size), 0);
	*port = ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port);
	return fd;
}

static struct sender *open_sender(const char *host, uint16_t port)
{
	struct destination destination = { .kind = DESTINATION_UDP, .port = port };
	struct sender *sender;

	strcpy(destination.host, host);
	assert_int_equal(sender_open(&sender, &destination, clock_monotonic_ns()), 0);
	assert_non_null(sender);
	return sender;
}

/* The next datagram, or "" if there is none by the deadline. */
static size_t receive(int fd, char *datagram, size_t size)
{
	const ssize_t length = recv(fd, datagram, size - 1, MSG_TRUNC);

	datagram[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

static bool is_empty(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void put(struct sender *sender, const char *line)
{
	sender_line(sender, line, strlen(line));
}

static void test_packing(void **state)
{
	uint16_t port = 0;
	const int fd = open_receiver(AF_INET, &port);
	struct sender *sender = open_sender("127.0.0.1", port);
	char datagram[4096];

	(void)state;
	put(sender, "a:1|c");
	put(sender, "b:2|c");
	assert_true(is_empty(fd));
	sender_flush(sender, clock_monotonic_ns());
	assert_int_equal(receive(fd, datagram, sizeof(datagram)), 11);
	/* No newline at the end: receivers would count one more line. */
	assert_string_equal(datagram, "a:1|c\nb:2|c");
	/* Nothing to send: no datagram. */
	sender_flush(sender, clock_monotonic_ns());
	assert_true(is_empty(fd));
	put(sender, "c:3|c");
	sender_flush(sender, clock_monotonic_ns());
	receive(fd, datagram, sizeof(datagram));
	assert_string_equal(datagram, "c:3|c");
	assert_int_equal(sender_errors(sender), 0);
	sender_close(sender);
	close(fd);
}

static void test_datagram_sizes(void **state)
{
	/* Lengths of two lines, and the number of datagrams for them. */
	static const struct {
		const char *comment;
		size_t first, second, datagrams;
	} rows[] = {
		{ "just fit", 700, SENDER_DATAGRAM_MAX - 701, 1 },
		{ "one byte too many", 700, SENDER_DATAGRAM_MAX - 700, 2 },
		{ "each the longest", STATSD_LINE_MAX, STATSD_LINE_MAX, 2 },
		{ "as large as a datagram", SENDER_DATAGRAM_MAX, SENDER_DATAGRAM_MAX, 2 },
		{ "empty second", SENDER_DATAGRAM_MAX - 1, 0, 1 },
	};
	uint16_t port = 0;
	const int fd = open_receiver(AF_INET, &port);
	struct sender *sender = open_sender("127.0.0.1", port);
	char line[SENDER_DATAGRAM_MAX], datagram[4096];
	size_t i, j;

	(void)state;
	memset(line, 'x', sizeof(line));
	for (i = 0; i < ROWS(rows); i++) {
		size_t length = 0;

		sender_line(sender, line, rows[i].first);
		sender_line(sender, line, rows[i].second);
		sender_flush(sender, clock_monotonic_ns());
		for (j = 0; j < rows[i].datagrams; j++) {
			const size_t one = receive(fd, datagram, sizeof(datagram));

			if (one == 0 || one > SENDER_DATAGRAM_MAX)
				fail_msg("%s: datagram %zu of %zu bytes", rows[i].comment, j, one);
			length += one;
		}
		/* Each datagram has one newline less than lines. */
		if (!is_empty(fd) ||
		    length != rows[i].first + rows[i].second + (rows[i].datagrams == 1))
			fail_msg("%s: %zu bytes in all", rows[i].comment, length);
	}
	sender_close(sender);
	close(fd);
}

/* Reads a datagram, which must end with these lines. */
static void receive_ending(int fd, const char *ending)
{
	char datagram[4096];
	const size_t length = receive(fd, datagram, sizeof(datagram));

	assert_in_range(length, strlen(ending), SENDER_DATAGRAM_MAX);
	assert_string_equal(datagram + length - strlen(ending), ending);
}

/* Each datagram has a counter of 1, the last one also the total; a full datagram has neither. */
static void test_datagrams_are_counted(void **state)
{
	uint16_t port = 0;
	const int fd = open_receiver(AF_INET, &port);
	struct sender *sender = open_sender("127.0.0.1", port);
	char line[SENDER_DATAGRAM_MAX], datagram[4096];

	(void)state;
	sender_identify(sender, "h:1:0");
	memset(line, 'x', sizeof(line));
	sender_line(sender, line, SENDER_DATAGRAM_MAX - 60);
	sender_line(sender, line, SENDER_DATAGRAM_MAX);
	sender_line(sender, line, 700);
	sender_line(sender, line, 700);
	sender_flush(sender, clock_monotonic_ns());
	receive_ending(fd, "x\nredtap.statsd.received:1|c|#sender:h:1:0");
	assert_int_equal(receive(fd, datagram, sizeof(datagram)), SENDER_DATAGRAM_MAX);
	receive_ending(fd, "x\nredtap.statsd.received:1|c|#sender:h:1:0");
	receive_ending(fd, "x\nredtap.statsd.received:1|c|#sender:h:1:0\n"
			   "redtap.statsd.sent:3|g|#sender:h:1:0");
	put(sender, "a:1|c");
	sender_flush(sender, clock_monotonic_ns());
	receive_ending(fd, "a:1|c\nredtap.statsd.received:1|c|#sender:h:1:0\n"
			   "redtap.statsd.sent:4|g|#sender:h:1:0");
	assert_true(is_empty(fd));
	assert_int_equal(sender_errors(sender), 0);
	assert_int_equal(sender_dropped(sender), 0);
	sender_close(sender);
	close(fd);
}

static void test_line_too_long(void **state)
{
	uint16_t port = 0;
	const int fd = open_receiver(AF_INET, &port);
	struct sender *sender = open_sender("127.0.0.1", port);
	char line[SENDER_DATAGRAM_MAX + 1], datagram[64];

	(void)state;
	memset(line, 'x', sizeof(line));
	put(sender, "a:1|c");
	sender_line(sender, line, sizeof(line));
	put(sender, "b:1|c");
	capture_begin();
	sender_flush(sender, clock_monotonic_ns());
	capture_end_with("127.0.0.1:", NULL);
	receive(fd, datagram, sizeof(datagram));
	assert_string_equal(datagram, "a:1|c\nb:1|c");
	assert_int_equal(sender_errors(sender), 1);
	sender_close(sender);
	close(fd);
}

/* All lines arrive, in order, and not all at once; the test sets the time. */
static void test_pacing(void **state)
{
	const unsigned int count = 4 * SENDER_BURST + 1;
	uint16_t port = 0;
	const int fd = open_receiver(AF_INET, &port);
	struct sender *sender = open_sender("127.0.0.1", port);
	char line[1000], datagram[4096];
	uint64_t time_ns = clock_monotonic_ns(), due_ns;
	unsigned int i, received = 0, bursts = 1;

	(void)state;
	/* One datagram for each line. */
	for (i = 0; i < count; i++) {
		memset(line, 'x', sizeof(line));
		snprintf(line, sizeof(line), "%u:", i);
		line[strlen(line)] = 'x';
		sender_line(sender, line, sizeof(line));
	}
	assert_true(is_empty(fd));
	while ((due_ns = sender_pump(sender, time_ns)) != SENDER_NEVER) {
		for (i = 0; i < SENDER_BURST; i++, received++) {
			assert_int_equal(receive(fd, datagram, sizeof(datagram)), sizeof(line));
			assert_int_equal(strtoul(datagram, NULL, 10), received);
		}
		assert_true(is_empty(fd));
		assert_int_equal(due_ns, time_ns + SENDER_PAUSE_NS);
		/* A call that is too early does nothing. */
		assert_int_equal(sender_pump(sender, due_ns - 1), due_ns);
		assert_true(is_empty(fd));
		time_ns = due_ns;
		bursts++;
	}
	assert_int_equal(bursts, 5);
	assert_int_equal(receive(fd, datagram, sizeof(datagram)), sizeof(line));
	assert_int_equal(sender_waiting(sender), 0);
	assert_int_equal(sender_errors(sender) + sender_dropped(sender), 0);
	sender_close(sender);
	close(fd);
}

/* sender_room() says what still fits; lines beyond that are queued up to a limit. */
static void test_queue_is_bounded(void **state)
{
	const size_t count = 2000;
	uint16_t port = 0;
	const int fd = open_receiver(AF_INET, &port);
	struct sender *sender = open_sender("127.0.0.1", port);
	char line[SENDER_DATAGRAM_MAX];
	size_t i;

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(sender_room(sender), SENDER_AHEAD);
	sender_line(sender, line, 99);
	assert_int_equal(sender_room(sender), SENDER_AHEAD - 100);
	for (i = 0; i < SENDER_QUEUE_MAX / sizeof(line) + count; i++)
		sender_line(sender, line, sizeof(line));
	assert_true(sender_waiting(sender) <= SENDER_QUEUE_MAX);
	assert_true(sender_waiting(sender) > SENDER_QUEUE_MAX - 64 * sizeof(line));
	assert_int_equal(sender_room(sender), 0);
	assert_in_range(sender_dropped(sender), count, count + 64);
	assert_int_equal(sender_errors(sender), 0);
	sender_close(sender);
	close(fd);
}

/* Without a receiver, then with one, then without. */
static void test_refused_and_back(void **state)
{
	uint16_t port = 0;
	int fd = open_receiver(AF_INET, &port);
	struct sender *sender = open_sender("127.0.0.1", port);
	const uint64_t now_ns = clock_monotonic_ns();
	char line[1000], datagram[4096];
	unsigned int i;

	(void)state;
	memset(line, 'x', sizeof(line));
	close(fd);
	/* Each failed datagram is counted, also the last one. */
	for (i = 0; i < 5; i++)
		sender_line(sender, line, sizeof(line));
	capture_begin();
	sender_flush(sender, clock_monotonic_ns());
	capture_end_with("redtap: StatsD lines for 'udp://127.0.0.1:", "refused", NULL);
	assert_int_equal(sender_errors(sender), 5);
	assert_int_equal(sender_dropped(sender), 5);
	put(sender, "a:1|c");
	capture_begin();
	sender_flush(sender, clock_monotonic_ns());
	capture_end_with(NULL, NULL); /* one message only */
	assert_int_equal(sender_errors(sender), 6);
	fd = open_receiver(AF_INET, &port);
	assert_true(fd >= 0);
	put(sender, "b:1|c");
	capture_begin();
	sender_flush(sender, now_ns);
	/* The report on what was just sent may come later. */
	sender_flush(sender, now_ns + 3 * NS_PER_S);
	capture_end_with(NULL, NULL);
	capture_begin();
	sender_flush(sender, now_ns + 4 * NS_PER_S);
	capture_end_with("again", NULL);
	assert_int_equal(sender_errors(sender), 6);
	receive(fd, datagram, sizeof(datagram));
	assert_string_equal(datagram, "b:1|c");
	sender_close(sender);
	close(fd);
}

static void test_ipv6(void **state)
{
	uint16_t port = 0;
	const int fd = open_receiver(AF_INET6, &port);
	struct sender *sender;
	char datagram[64];

	(void)state;
	if (fd < 0) {
		print_message("no IPv6 loopback on this machine\n");
		skip();
	}
	sender = open_sender("::1", port);
	put(sender, "a:1|c");
	sender_flush(sender, clock_monotonic_ns());
	receive(fd, datagram, sizeof(datagram));
	assert_string_equal(datagram, "a:1|c");
	sender_close(sender);
	close(fd);
}

static void test_unresolvable(void **state)
{
	struct destination destination = { .kind = DESTINATION_UDP,
					   .host = "host.invalid",
					   .port = 9125 };
	struct sender *sender;
	int err;

	(void)state;
	capture_begin();
	err = sender_open(&sender, &destination, clock_monotonic_ns());
	capture_end_with("redtap: ", "'udp://host.invalid:9125'", "--statsd", NULL);
	assert_true(err < 0);
	assert_null(sender);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packing),
		cmocka_unit_test(test_datagram_sizes),
		cmocka_unit_test(test_datagrams_are_counted),
		cmocka_unit_test(test_line_too_long),
		cmocka_unit_test(test_pacing),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_refused_and_back),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_unresolvable),
	};

	return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
