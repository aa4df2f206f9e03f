/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_receive.c - a request is counted once and correctly, whatever call receives it and in
 * whatever pieces; bytes that cannot be read are in the ledger, and the next request on the same
 * connection is exact again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"

/* Rows omit fields that are zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define BODY_BYTES 300
/* Content of the server's buffers: reading more than was received would find a request. */
#define STALE "GET /stale HTTP/1.1\r\nHost: h\r\n\r\n"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define PARTS 7

static char buffer[65536];

static void buffer_spoil(void)
{
	size_t at;

	for (at = 0; at + sizeof(STALE) < sizeof(buffer); at += sizeof(STALE) - 1)
		memcpy(buffer + at, STALE, sizeof(STALE) - 1);
}

static long result_of(ssize_t result)
{
	return result < 0 ? -errno : result;
}

/* ---- ways to receive; each takes at most order->size bytes ------------- */

static long by_read(struct puppet_hands *hands, const struct puppet_order *order)
{
	return result_of(read(hands->fds[0], buffer, order->size));
}

static long by_single_bytes(struct puppet_hands *hands, const struct puppet_order *order)
{
	(void)order;
	return result_of(read(hands->fds[0], buffer, 1));
}

static long by_zero_length_first(struct puppet_hands *hands, const struct puppet_order *order)
{
	if (read(hands->fds[0], buffer, 0) != 0 || recv(hands->fds[0], buffer, 0, 0) != 0)
		return -EPROTO;
	return result_of(read(hands->fds[0], buffer, order->size));
}

/* Receives at most `size` bytes into pieces of which every other one is empty. */
static size_t parts_make(struct iovec parts[2 * PARTS], size_t size)
{
	size_t used = 0, i;

	for (i = 0; i < PARTS; i++) {
		const size_t length = i + 1 < PARTS ? size / PARTS : size - used;

		parts[2 * i] = (struct iovec){ .iov_base = buffer + used };
		parts[2 * i + 1] = (struct iovec){ .iov_base = buffer + used, .iov_len = length };
		used += length;
	}
	return 2 * PARTS;
}

static long by_readv(struct puppet_hands *hands, const struct puppet_order *order)
{
	struct iovec parts[2 * PARTS];

	return result_of(readv(hands->fds[0], parts, parts_make(parts, order->size)));
}

static long by_recvmsg(struct puppet_hands *hands, const struct puppet_order *order)
{
	struct iovec parts[2 * PARTS];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = parts_make(parts, order->size) };

	return result_of(recvmsg(hands->fds[0], &message, 0));
}

/* Into one message, or into two halves. */
static long receive_messages(int fd, size_t size, unsigned int count)
{
	const size_t first = count == 2 ? size - size / 2 : size;
	struct mmsghdr messages[2] = { 0 };
	struct iovec parts[2] = {
		{ .iov_base = buffer, .iov_len = first },
		{ .iov_base = buffer + first, .iov_len = size - first },
	};
	int received, i;

	for (i = 0; i < 2; i++) {
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	received = recvmmsg(fd, messages, count, MSG_WAITFORONE, NULL);
	if (received <= 0)
		return result_of(received);
	return messages[0].msg_len + (received > 1 ? messages[1].msg_len : 0);
}

static long by_recvmmsg_of_one(struct puppet_hands *hands, const struct puppet_order *order)
{
	return receive_messages(hands->fds[0], order->size, 1);
}

static long by_recvmmsg_of_two(struct puppet_hands *hands, const struct puppet_order *order)
{
	return receive_messages(hands->fds[0], order->size, 2);
}

static long by_recv_after_peeks(struct puppet_hands *hands, const struct puppet_order *order)
{
	const int fd = hands->fds[0];

	if (recv(fd, buffer, order->size, MSG_PEEK) <= 0 || recv(fd, buffer, 5, MSG_PEEK) <= 0 ||
	    recv(fd, buffer, 1, MSG_PEEK | MSG_TRUNC) <= 0)
		return -EPROTO;
	buffer_spoil();
	return result_of(recv(fd, buffer, order->size, 0));
}

/* The bytes are discarded; the buffer is unchanged. */
static long by_recv_truncated(struct puppet_hands *hands, const struct puppet_order *order)
{
	buffer_spoil();
	return result_of(recv(hands->fds[0], buffer, order->size, MSG_TRUNC));
}

static long by_recv_waiting_for_all(struct puppet_hands *hands, const struct puppet_order *order)
{
	return result_of(recv(hands->fds[0], buffer, order->size, MSG_WAITALL));
}

static long by_splice(struct puppet_hands *hands, const struct puppet_order *order)
{
	int ends[2];
	ssize_t moved;

	if (pipe(ends))
		return -errno;
	moved = splice(hands->fds[0], NULL, ends[1], NULL, order->size, SPLICE_F_MOVE);
	close(ends[0]);
	close(ends[1]);
	return result_of(moved);
}

/* ---- rows ------------------------------------------------------------- */

static const struct row {
	const char *comment;
	const char *name; /* its route is /name */
	puppet_step *take_head;
	puppet_step *take_body;
	const char *lost;        /* reason, NULL: counted */
	const char *approximate; /* reason, NULL: exact */
	bool chunked;
	bool body_unknown; /* its bytes are counted, but its end is not seen */
} rows[] = {
	{ "read", "read", by_read, by_read },
	{ "a byte at a time", "bytes", by_single_bytes, by_single_bytes },
	{ "a byte at a time, chunked", "bytes-chunked", by_single_bytes, by_single_bytes,
	  .chunked = true },
	{ "reads of no bytes in between", "zero", by_zero_length_first, by_zero_length_first },
	{ "readv, with empty parts", "readv", by_readv, by_readv },
	{ "recvmsg, with empty parts", "recvmsg", by_recvmsg, by_recvmsg },
	{ "recvmsg, chunked", "recvmsg-chunked", by_recvmsg, by_recvmsg, .chunked = true },
	{ "recvmmsg of one message", "recvmmsg", by_recvmmsg_of_one, by_recvmmsg_of_one },
	{ "recvmmsg of two: which of them is not known", "recvmmsg-2", by_recvmmsg_of_two, by_read,
	  .lost = "unreadable" },
	{ "a body by recvmmsg of two", "recvmmsg-2-body", by_read, by_recvmmsg_of_two },
	{ "MSG_PEEK takes nothing", "peek", by_recv_after_peeks, by_recv_after_peeks },
	{ "MSG_TRUNC of a body into a buffer that holds a request", "trunc-body", by_read,
	  by_recv_truncated },
	{ "MSG_TRUNC of a chunked body", "trunc-chunked", by_read, by_recv_truncated,
	  .chunked = true, .approximate = "body_unreadable", .body_unknown = true },
	{ "MSG_TRUNC of a head into a buffer that holds another", "trunc-head", by_recv_truncated,
	  by_read, .lost = "unreadable" },
	{ "MSG_WAITALL", "waitall", by_recv_waiting_for_all, by_recv_waiting_for_all },
	{ "a body by splice", "splice-body", by_read, by_splice },
	{ "a head by splice", "splice-head", by_splice, by_read, .lost = "hook_missed" },
	{ "head and body by splice", "splice-all", by_splice, by_splice, .lost = "hook_missed" },
};

static size_t make_head(char head[256], const struct row *row)
{
	return snprintf(head, 256, "POST /%s HTTP/1.1\r\nHost: h\r\n%s\r\n", row->name,
			row->chunked ? "Transfer-Encoding: chunked\r\n"
				     : "Content-Length: 300\r\n");
}

/* 300 bytes of body that look like requests. */
static size_t make_body(char body[512], const struct row *row)
{
	char data[BODY_BYTES + 1] = "";

	while (strlen(data) + strlen(STALE) <= BODY_BYTES)
		strcat(data, STALE);
	while (strlen(data) < BODY_BYTES)
		strcat(data, "x");
	if (!row->chunked)
		return snprintf(body, 512, "%s", data);
	return snprintf(body, 512, "64\r\n%.100s\r\nc8;x=y\r\n%.200s\r\n0\r\nA: b\r\n\r\n", data,
			data + 100);
}

/* Receives exactly this many bytes by calls of one kind. */
static void take(struct puppet *puppet, puppet_step *step, size_t size, const char *comment)
{
	while (size > 0) {
		const long taken = puppet_do(puppet, step, &(struct puppet_order){ .size = size });

		if (taken <= 0 || (size_t)taken > size)
			fail_msg("%s: the call returned %ld, %zu bytes were left", comment, taken,
				 size);
		size -= taken;
	}
}

static void exchange_plain(struct puppet *puppet, int fd)
{
	static const char request[] = "GET /after HTTP/1.1\r\nHost: h\r\n\r\n";

	raw_say(fd, request);
	puppet_receive_all(puppet, 0, sizeof(request) - 1);
	puppet_say(puppet, 0, REPLY);
	raw_wait_for(fd, "ok");
	observed_expect("GET", "/after", 200, NULL, 1, 0, 2);
}

static void play_row(struct puppet *puppet, const struct row *row)
{
	char head[256], body[512];
	const size_t head_bytes = make_head(head, row), body_bytes = make_body(body, row);
	int fd = raw_connect(puppet_port(puppet));

	puppet_accept(puppet, 0);
	exchange_plain(puppet, fd);
	raw_send(fd, head, head_bytes);
	raw_send(fd, body, body_bytes);
	take(puppet, row->take_head, head_bytes, row->comment);
	take(puppet, row->take_body, body_bytes, row->comment);
	puppet_say(puppet, 0, REPLY);
	raw_wait_for(fd, "ok");
	exchange_plain(puppet, fd);
	puppet_close(puppet, 0);
	raw_finish(fd);
	if (row->lost)
		observed_expect_reason("lost", row->lost, 1);
	else
		observed_expect("POST", text_format("/%s", row->name), 200, NULL, 1,
				row->body_unknown ? 0 : body_bytes, 2);
	if (row->approximate)
		observed_expect_reason("approximate", row->approximate, 1);
}

static void calls(void **state)
{
	struct puppet *puppet = puppet_start();
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		play_row(puppet, &rows[i]);
	observed_check();
}

/*
 * Several requests are received, the last head by splice, and one send has all responses: when
 * that call begins, redtap does not know yet of the last request.
 */
static void spliced_behind_others(void **state)
{
	static const char before[] = "GET /before HTTP/1.1\r\nHost: h\r\n\r\n";
	static const char spliced[] = "GET /spliced HTTP/1.1\r\nHost: h\r\n\r\n";
	struct puppet *puppet = puppet_start();
	int fd = raw_connect(puppet_port(puppet));

	(void)state;
	puppet_accept(puppet, 0);
	raw_say(fd, before);
	raw_say(fd, before);
	raw_say(fd, spliced);
	puppet_receive_all(puppet, 0, 2 * (sizeof(before) - 1));
	take(puppet, by_splice, sizeof(spliced) - 1, "splice");
	puppet_say(puppet, 0, REPLY REPLY REPLY);
	observed_expect("GET", "/before", 200, NULL, 2, 0, 4);
	observed_expect_reason("lost", "hook_missed", 1);
	raw_wait_for(fd, "okHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	exchange_plain(puppet, fd);
	exchange_plain(puppet, fd);
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_check();
}

/* ---- blocking calls ----------------------------------------------------- */

#define HEAD "POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"
#define WHOLE HEAD "0123456789"

static void on_signal(int number)
{
	(void)number;
}

/* flags: of sigaction(). */
static long handle_signal(struct puppet_hands *hands, const struct puppet_order *order)
{
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = order->flags };

	(void)hands;
	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

static void begin_receive(struct puppet *puppet, int flags)
{
	puppet_begin(puppet, step_receive, &(struct puppet_order){ .size = 4096, .flags = flags });
	puppet_wait_in(puppet, SYS_recvfrom);
}

static void interrupted(void **state)
{
	struct puppet *puppet = puppet_start();
	int fd = raw_connect(puppet_port(puppet));

	(void)state;
	puppet_accept(puppet, 0);
	/* no data: EAGAIN, a timeout, an interruption */
	assert_int_equal(puppet_do(puppet, step_receive,
				   &(struct puppet_order){ .size = 99, .flags = MSG_DONTWAIT }),
			 -EAGAIN);
	puppet_do(puppet, handle_signal, &(struct puppet_order){ .flags = 0 });
	begin_receive(puppet, 0);
	kill(puppet_pid(puppet), SIGUSR1);
	assert_int_equal(puppet_end(puppet), -EINTR);
	/* restarted by the kernel, with the same registers */
	puppet_do(puppet, handle_signal, &(struct puppet_order){ .flags = SA_RESTART });
	begin_receive(puppet, 0);
	kill(puppet_pid(puppet), SIGUSR1);
	pause_briefly();
	raw_send(fd, HEAD "01234", sizeof(HEAD) + 4);
	assert_int_equal(puppet_end(puppet), sizeof(HEAD) + 4);
	raw_send(fd, "56789", 5);
	assert_int_equal(puppet_receive(puppet, 0, 99), 5);
	puppet_say(puppet, 0, REPLY);
	raw_wait_for(fd, "ok");
	observed_expect("POST", "/slow", 200, NULL, 1, 10, 2);
	/* a call that waits for more bytes than it gets */
	puppet_do(puppet, handle_signal, &(struct puppet_order){ .flags = 0 });
	begin_receive(puppet, MSG_WAITALL);
	raw_send(fd, HEAD "0", sizeof(HEAD));
	/* bytes that have arrived are received before the signal is handled */
	kill(puppet_pid(puppet), SIGUSR1);
	assert_int_equal(puppet_end(puppet), sizeof(HEAD));
	begin_receive(puppet, MSG_WAITALL);
	raw_send(fd, "12345", 5);
	raw_send(fd, "6789", 4);
	shutdown(fd, SHUT_WR);
	assert_int_equal(puppet_end(puppet), 9);
	puppet_say(puppet, 0, REPLY);
	observed_expect("POST", "/slow", 200, NULL, 1, 10, 2);
	puppet_close(puppet, 0);
	assert_int_equal(raw_finish(fd), 200);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(calls),
		OBSERVED_TEST(spliced_behind_others),
		OBSERVED_TEST(interrupted),
	};

	return cmocka_run_group_tests_name("receive", tests, observed_group_setup,
					   observed_group_teardown);
}
