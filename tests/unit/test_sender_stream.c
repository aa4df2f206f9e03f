/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_sender_stream.c - lines over TCP and Unix datagram sockets: receivers that start
 * late, end, come back, or do not read.  The test sets the time.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "send/sender.h"

#define MS 1000000ULL
#define DEADLINE_MS 10000

/* Reading and accepting fail after the deadline. */
static void set_deadline(int fd)
{
	const struct timeval deadline = { .tv_sec = DEADLINE_MS / 1000 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)), 0);
}

/* port 0: a free one; room: size of the receive buffer, 0: the default. */
static int listen_tcp(uint16_t *port, int room)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(*port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	const int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (room)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 4), 0);
	set_deadline(fd);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static int accept_one(int listener)
{
	const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	set_deadline(fd);
	return fd;
}

/* A text of so many bytes. */
static void read_bytes(int fd, char *text, size_t length)
{
	assert_int_equal(recv(fd, text, length, MSG_WAITALL), length);
	text[length] = '\0';
}

static void assert_read(int fd, const char *expected)
{
	char text[64];

	read_bytes(fd, text, strlen(expected));
	assert_string_equal(text, expected);
}

static bool is_empty(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static int bind_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	unlink(path);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static struct sender *open_tcp(uint16_t port, uint64_t time_ns)
{
	struct destination destination = { .kind = DESTINATION_TCP,
					   .host = "127.0.0.1",
					   .port = port };
	struct sender *sender;

	assert_int_equal(sender_open(&sender, &destination, time_ns), 0);
	return sender;
}

static struct sender *open_unix(const char *path, uint64_t time_ns)
{
	struct destination destination = { .kind = DESTINATION_UNIX };
	struct sender *sender;

	strcpy(destination.host, path);
	assert_int_equal(sender_open(&sender, &destination, time_ns), 0);
	return sender;
}

static void put(struct sender *sender, const char *line)
{
	sender_line(sender, line, strlen(line));
}

static void flush(struct sender *sender, uint64_t time_ns, const char *said)
{
	capture_begin();
	sender_flush(sender, time_ns);
	capture_end_with(said, NULL);
}

static void close_all(struct sender *sender, int fd, int listener)
{
	sender_close(sender);
	close(fd);
	close(listener);
}

/* A socket may report the end of a connection late: pump several times at the same time. */
static void pump_until_errors(struct sender *sender, uint64_t time_ns, uint64_t errors)
{
	unsigned int i;

	for (i = 0; i < DEADLINE_MS && sender_errors(sender) < errors; i++) {
		sender_pump(sender, time_ns);
		usleep(1000);
	}
	assert_int_equal(sender_errors(sender), errors);
}

static void test_tcp_lines(void **state)
{
	uint16_t port = 0;
	const int listener = listen_tcp(&port, 0);
	struct sender *sender = open_tcp(port, 0);
	char text[8192], line[4097];
	int fd;

	(void)state;
	memset(line, 'x', sizeof(line));
	put(sender, "a:1|c");
	put(sender, "b:2|c");
	sender_line(sender, line, 4095);
	assert_int_equal(sender_errors(sender), 0);
	/* With its newline one byte longer than statsd_exporter accepts. */
	sender_line(sender, line, 4096);
	assert_int_equal(sender_errors(sender), 1);
	assert_int_equal(sender_dropped(sender), 1);
	fd = accept_one(listener);
	sender_pump(sender, MS);
	assert_int_equal(sender_waiting(sender), 0);
	read_bytes(fd, text, 12 + 4096);
	assert_memory_equal(text, "a:1|c\nb:2|c\nxxx", 15);
	assert_int_equal(text[12 + 4095], '\n');
	assert_true(is_empty(fd));
	/* Data from the receiver is ignored. */
	assert_int_equal(write(fd, "hello", 5), 5);
	put(sender, "c:3|c");
	sender_pump(sender, 2 * MS);
	assert_read(fd, "c:3|c\n");
	close_all(sender, fd, listener);
}

/* Nothing listens: the sender tries again after 250 ms, 500 ms, ... at most 10 s. */
static void test_tcp_backoff(void **state)
{
	static const uint64_t pauses_ms[] = { 250, 500, 1000, 2000, 4000, 8000, 10000, 10000 };
	uint16_t port = 0;
	int listener = listen_tcp(&port, 0), fd;
	struct sender *sender;
	uint64_t time_ns = 5000 * MS;
	size_t i;

	(void)state;
	close(listener);
	capture_begin();
	sender = open_tcp(port, time_ns);
	pump_until_errors(sender, time_ns, 1);
	capture_end_with("redtap: StatsD lines for 'tcp://127.0.0.1:", "refused", NULL);
	for (i = 0; i < ROWS(pauses_ms); i++) {
		put(sender, "a:1|c");
		assert_int_equal(sender_dropped(sender), i + 1);
		time_ns += pauses_ms[i] * MS;
		flush(sender, time_ns - 1, NULL);
		assert_int_equal(sender_errors(sender), i + 1);
		pump_until_errors(sender, time_ns, i + 2);
	}
	/* Now the receiver listens. */
	listener = listen_tcp(&port, 0);
	time_ns += 10000 * MS;
	sender_pump(sender, time_ns);
	fd = accept_one(listener);
	sender_pump(sender, time_ns);
	put(sender, "b:1|c");
	flush(sender, time_ns, NULL); /* lines have been dropped since the last flush */
	put(sender, "c:1|c");
	flush(sender, time_ns, "taken again");
	assert_read(fd, "b:1|c\nc:1|c\n");
	assert_int_equal(sender_dropped(sender), ROWS(pauses_ms));
	close_all(sender, fd, listener);
}

/* The sender notices that the receiver has closed before it writes a line. */
static void test_tcp_peer_ends(void **state)
{
	uint16_t port = 0;
	const int listener = listen_tcp(&port, 0);
	struct sender *sender = open_tcp(port, 0);
	int fd = accept_one(listener);

	(void)state;
	put(sender, "a:1|c");
	sender_pump(sender, 0);
	assert_read(fd, "a:1|c\n");
	close(fd);
	capture_begin();
	pump_until_errors(sender, 0, 1);
	put(sender, "b:1|c");
	capture_end_with("are lost", NULL);
	assert_int_equal(sender_dropped(sender), 1);
	/* The new connection begins with a whole line. */
	sender_pump(sender, 250 * MS);
	fd = accept_one(listener);
	put(sender, "c:1|c");
	sender_pump(sender, 250 * MS);
	assert_read(fd, "c:1|c\n");
	sender_close(sender);
	close(fd);
	close(listener);
}

/*
 * A receiver that does not read: the queue fills up to its limit, then lines are dropped,
 * and the sender never blocks.  When the receiver reads again, it gets whole lines only;
 * when it closes in the middle of a line, the next connection begins with a whole one.
 */
static void test_tcp_stuck(void **state)
{
	const size_t length = 1000, count = SENDER_QUEUE_MAX / length + 20000;
	uint16_t port = 0;
	const int listener = listen_tcp(&port, 4096);
	struct sender *sender = open_tcp(port, 0);
	char line[1001];
	size_t i, lines, waiting;
	int fd = accept_one(listener);
	uint64_t due_ns;

	(void)state;
	capture_begin();
	for (i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "%06zu:", i);
		memset(line + 7, 'x', length - 7);
		sender_line(sender, line, length);
		/* the kernel's buffers take a few MB, too */
		if (i % 1000 == 0)
			sender_pump(sender, 0);
	}
	due_ns = sender_pump(sender, 0);
	capture_end_with("are lost", NULL);
	assert_true(due_ns > 0 && due_ns <= 20 * MS);
	waiting = sender_waiting(sender);
	assert_true(waiting <= SENDER_QUEUE_MAX && waiting > SENDER_QUEUE_MAX / 2);
	assert_true(sender_dropped(sender) > 0);
	assert_int_equal(sender_errors(sender), 0);
	/* The queue may begin with the rest of a line. */
	for (lines = 0; lines < 3000; lines++) {
		read_bytes(fd, line, length);
		assert_int_equal(strtoul(line, NULL, 10), lines);
		assert_read(fd, "\n");
		sender_pump(sender, 0);
	}
	assert_true(sender_waiting(sender) < waiting);
	close(fd);
	capture_begin();
	pump_until_errors(sender, 0, 1);
	assert_int_equal(sender_waiting(sender), 0);
	/* Every line was read, dropped, or was in the kernel's buffers. */
	assert_true(sender_dropped(sender) + lines < count);
	sender_pump(sender, 250 * MS);
	fd = accept_one(listener);
	put(sender, "whole:1|c");
	sender_pump(sender, 250 * MS);
	assert_read(fd, "whole:1|c\n");
	free(capture_end());
	close_all(sender, fd, listener);
}

static void make_path(char path[64])
{
	snprintf(path, 64, "/tmp/redtap_sender_%d.sock", (int)getpid());
}

static void test_unix_datagrams(void **state)
{
	char path[64], text[16384], line[1000];
	struct sender *sender;
	unsigned int i;
	int fd;

	(void)state;
	make_path(path);
	unlink(path);
	/* The socket does not exist yet. */
	capture_begin();
	sender = open_unix(path, 0);
	put(sender, "a:1|c");
	sender_flush(sender, 0);
	capture_end_with("'unix:///tmp/redtap_sender_", "No such file", NULL);
	assert_int_equal(sender_errors(sender), 1);
	assert_int_equal(sender_dropped(sender), 1);
	fd = bind_unix(path);
	flush(sender, 100 * MS, NULL);
	sender_pump(sender, 250 * MS);
	/* Nine lines of 1,000 bytes need two datagrams. */
	memset(line, 'x', sizeof(line));
	for (i = 0; i < 9; i++)
		sender_line(sender, line, sizeof(line));
	sender_pump(sender, 250 * MS);
	assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), 8 * 1001 - 1);
	assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), 1000);
	/* The receiver starts again, with another socket of the same name. */
	close(fd);
	fd = bind_unix(path);
	put(sender, "b:1|c");
	capture_begin();
	sender_pump(sender, 300 * MS);
	free(capture_end());
	assert_int_equal(sender_errors(sender), 2);
	assert_int_equal(sender_dropped(sender), 2);
	sender_pump(sender, 550 * MS);
	put(sender, "c:1|c");
	sender_pump(sender, 550 * MS);
	assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), 5);
	assert_memory_equal(text, "c:1|c", 5);
	sender_close(sender);
	close(fd);
	unlink(path);
}

/* A Unix receiver that does not read: lines wait, none is lost. */
static void test_unix_slow(void **state)
{
	char path[64], line[SENDER_DATAGRAM_MAX], text[16384];
	const unsigned int count = 10000;
	struct sender *sender;
	unsigned int i, lines = 0;
	uint64_t due_ns;
	ssize_t length;
	int fd;

	(void)state;
	make_path(path);
	fd = bind_unix(path);
	sender = open_unix(path, 0);
	for (i = 0; i < count; i++) {
		length = snprintf(line, sizeof(line), "line%u:1|c|#%0300d", i, 0);
		sender_line(sender, line, (size_t)length);
	}
	for (;;) {
		due_ns = sender_pump(sender, 0);
		while ((length = recv(fd, text, sizeof(text), MSG_DONTWAIT)) > 0)
			for (i = 0, lines++; i < length; i++)
				lines += text[i] == '\n';
		if (due_ns == SENDER_NEVER)
			break;
		assert_int_equal(due_ns, 10 * MS);
	}
	assert_int_equal(lines, count);
	assert_int_equal(sender_errors(sender) + sender_dropped(sender), 0);
	sender_close(sender);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_lines),      cmocka_unit_test(test_tcp_backoff),
		cmocka_unit_test(test_tcp_peer_ends),  cmocka_unit_test(test_tcp_stuck),
		cmocka_unit_test(test_unix_datagrams), cmocka_unit_test(test_unix_slow),
	};

	return cmocka_run_group_tests_name("sender_stream", tests, NULL, NULL);
}
