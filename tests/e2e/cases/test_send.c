/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_send.c - a response is counted once and correctly, whatever calls send it; bytes that
 * cannot be read are in the ledger, and the next response on the same connection is exact again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"

/* Rows omit fields that are zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define BODY_BYTES 100000
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define LIKE_AN_ANSWER "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
/* Most bytes that one call accepts. */
#define PARTS 1024
#define CHUNK_BYTES 1000

static long result_of(ssize_t result)
{
	return result < 0 ? -errno : result;
}

/* ---- ways to send; each sends all -------------------------------------- */

static long by_write(struct puppet_hands *hands, const struct puppet_order *order)
{
	return result_of(write(hands->fds[0], order->bytes, order->length));
}

static long by_single_bytes(struct puppet_hands *hands, const struct puppet_order *order)
{
	size_t i;

	for (i = 0; i < order->length; i++)
		if (write(hands->fds[0], order->bytes + i, 1) != 1)
			return -errno;
	return order->length;
}

/* In parts of about the same length, every third one empty. */
static size_t parts_make(struct iovec parts[PARTS], const struct puppet_order *order)
{
	const size_t each = order->length / (PARTS / 2);
	size_t used = 0, i;

	for (i = 0; i + 1 < PARTS; i++) {
		const size_t length = i % 3 == 1 ? 0 : each;

		parts[i] = (struct iovec){ .iov_base = (char *)order->bytes + used,
					   .iov_len = length };
		used += length;
		if (used + each > order->length)
			break;
	}
	parts[i + 1] = (struct iovec){ .iov_base = (char *)order->bytes + used,
				       .iov_len = order->length - used };
	return i + 2;
}

static long by_writev(struct puppet_hands *hands, const struct puppet_order *order)
{
	struct iovec parts[PARTS];

	return result_of(writev(hands->fds[0], parts, parts_make(parts, order)));
}

static long by_sendmsg(struct puppet_hands *hands, const struct puppet_order *order)
{
	struct iovec parts[PARTS];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = parts_make(parts, order) };

	return result_of(sendmsg(hands->fds[0], &message, MSG_NOSIGNAL));
}

static long send_messages(int fd, const struct puppet_order *order, unsigned int count)
{
	const size_t first = count == 2 ? order->length / 2 : order->length;
	struct mmsghdr messages[2] = { 0 };
	struct iovec parts[2] = {
		{ .iov_base = (char *)order->bytes, .iov_len = first },
		{ .iov_base = (char *)order->bytes + first, .iov_len = order->length - first },
	};
	int i;

	for (i = 0; i < 2; i++) {
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	if (sendmmsg(fd, messages, count, MSG_NOSIGNAL) != (int)count)
		return -errno;
	return messages[0].msg_len + messages[1].msg_len;
}

static long by_sendmmsg_of_one(struct puppet_hands *hands, const struct puppet_order *order)
{
	return send_messages(hands->fds[0], order, 1);
}

static long by_sendmmsg_of_two(struct puppet_hands *hands, const struct puppet_order *order)
{
	return send_messages(hands->fds[0], order, 2);
}

/* No byte is sent before the last of these calls. */
static long by_send_more(struct puppet_hands *hands, const struct puppet_order *order)
{
	const size_t half = order->length / 2;
	const ssize_t first = send(hands->fds[0], order->bytes, half, MSG_MORE);
	const ssize_t second = send(hands->fds[0], order->bytes + half, order->length - half, 0);

	return first < 0 || second < 0 ? -errno : first + second;
}

static long by_zero_copy(struct puppet_hands *hands, const struct puppet_order *order)
{
	const int on = 1, fd = hands->fds[0];
	struct pollfd wait = { .fd = fd };
	char control[256];
	struct msghdr message = { .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t sent;

	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return -errno;
	sent = send(fd, order->bytes, order->length, MSG_ZEROCOPY);
	/* the kernel uses the bytes until it reports their release in the error queue */
	if (sent > 0 && (poll(&wait, 1, 10000) != 1 || recvmsg(fd, &message, MSG_ERRQUEUE) < 0))
		return -ETIME;
	return result_of(sent);
}

static int file_of(const struct puppet_order *order)
{
	const int file = memfd_create("body", MFD_CLOEXEC);

	if (file >= 0 && write(file, order->bytes, order->length) == (ssize_t)order->length)
		return file;
	close(file);
	return -1;
}

static long by_sendfile(struct puppet_hands *hands, const struct puppet_order *order)
{
	const int file = file_of(order);
	off_t offset = 0;
	size_t sent = 0;

	while (file >= 0 && sent < order->length) {
		const ssize_t part = sendfile(hands->fds[0], file, &offset, order->length - sent);

		if (part <= 0)
			return -errno;
		sent += part;
	}
	close(file);
	return sent;
}

static long by_splice(struct puppet_hands *hands, const struct puppet_order *order)
{
	const int file = file_of(order);
	loff_t offset = 0;
	size_t sent = 0;
	int ends[2];

	if (file < 0 || pipe(ends))
		return -errno;
	while (sent < order->length) {
		ssize_t filled = splice(file, &offset, ends[1], NULL, order->length - sent, 0);

		if (filled <= 0)
			return -errno;
		sent += filled;
		while (filled > 0) {
			const ssize_t part =
				splice(ends[0], NULL, hands->fds[0], NULL, filled, SPLICE_F_MORE);

			if (part <= 0)
				return -errno;
			filled -= part;
		}
	}
	close(ends[0]);
	close(ends[1]);
	close(file);
	return sent;
}

/* Never blocks in the call: bytes that do not fit are sent later. */
static long by_unwaiting_send(struct puppet_hands *hands, const struct puppet_order *order)
{
	const int fd = hands->fds[0], bytes = 8192;
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	size_t sent = 0;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	while (sent < order->length) {
		const ssize_t part = send(fd, order->bytes + sent, order->length - sent,
					  MSG_DONTWAIT | MSG_NOSIGNAL);

		if (part < 0 && errno != EAGAIN)
			return -errno;
		sent += part > 0 ? part : 0;
		if (part < 0)
			poll(&wait, 1, 10000);
	}
	return sent;
}

/* ---- rows ------------------------------------------------------------- */

static const struct row {
	const char *comment;
	const char *name;       /* its route is /name */
	puppet_step *send_head; /* NULL: with the body, by its call */
	puppet_step *send_body;
	const char *lost;        /* reason, NULL: counted */
	const char *approximate; /* reason, NULL: exact */
	bool chunked;
} rows[] = {
	{ "write, head and body", "write", NULL, by_write },
	{ "write", "write-2", by_write, by_write },
	{ "a byte at a time", "bytes", by_single_bytes, by_write },
	{ "writev of 1024 parts", "writev", NULL, by_writev },
	{ "writev, chunked", "writev-chunked", by_write, by_writev, .chunked = true,
	  .approximate = "chunks_too_many" },
	{ "sendmsg of 1024 parts", "sendmsg", NULL, by_sendmsg },
	{ "sendmmsg of one message", "sendmmsg", NULL, by_sendmmsg_of_one },
	{ "sendmmsg of two: which of them is not known", "sendmmsg-2", NULL, by_sendmmsg_of_two,
	  .lost = "unreadable" },
	{ "a body by sendmmsg of two", "sendmmsg-2-body", by_write, by_sendmmsg_of_two },
	{ "MSG_MORE", "more", by_send_more, by_send_more },
	{ "MSG_MORE, chunked", "more-chunked", by_send_more, by_send_more, .chunked = true },
	{ "MSG_ZEROCOPY", "zero-copy", NULL, by_zero_copy },
	{ "MSG_ZEROCOPY, chunked", "zero-copy-chunked", by_write, by_zero_copy, .chunked = true },
	{ "sendfile", "sendfile", by_write, by_sendfile },
	{ "sendfile after MSG_MORE", "sendfile-more", by_send_more, by_sendfile },
	{ "sendfile, chunked: the chunks are not seen", "sendfile-chunked", by_write, by_sendfile,
	  .chunked = true, .approximate = "body_unreadable" },
	{ "sendfile of the head too", "sendfile-head", NULL, by_sendfile, .lost = "unreadable" },
	{ "splice", "splice", by_write, by_splice },
	{ "splice of the head too", "splice-head", NULL, by_splice, .lost = "unreadable" },
	{ "as much as there is room for", "unwaiting", by_write, by_unwaiting_send },
	{ "as much as there is room for, chunked", "unwaiting-chunked", NULL, by_unwaiting_send,
	  .chunked = true },
};

static size_t make_data(char *data, size_t bytes)
{
	size_t at;

	for (at = 0; at < bytes; at++)
		data[at] = LIKE_AN_ANSWER[at % (sizeof(LIKE_AN_ANSWER) - 1)];
	return bytes;
}

/* Makes the body with its framing; returns its length. */
static size_t make_body(char *body, const struct row *row)
{
	char *at = body;
	size_t done;

	if (!row->chunked)
		return make_data(body, BODY_BYTES);
	for (done = 0; done < BODY_BYTES; done += CHUNK_BYTES) {
		at += sprintf(at, "%x;x=y\r\n", CHUNK_BYTES);
		at += make_data(at, CHUNK_BYTES);
		at += sprintf(at, "\r\n");
	}
	at += sprintf(at, "0\r\nA: b\r\n\r\n");
	return at - body;
}

static void give(struct puppet *puppet, puppet_step *step, const char *bytes, size_t length,
		 const char *comment)
{
	const long sent =
		puppet_do(puppet, step, &(struct puppet_order){ .bytes = bytes, .length = length });

	if (sent != (long)length)
		fail_msg("%s: sent %ld of %zu bytes", comment, sent, length);
}

static void ask(struct puppet *puppet, int fd, const char *name)
{
	const char *request = text_format("GET /%s HTTP/1.1\r\nHost: h\r\n\r\n", name);

	raw_say(fd, request);
	puppet_receive_all(puppet, 0, strlen(request));
}

static void exchange_plain(struct puppet *puppet, int fd)
{
	ask(puppet, fd, "after");
	puppet_say(puppet, 0, REPLY);
	observed_expect("GET", "/after", 200, NULL, 1, 0, 2);
}

/* Reads all the time, so that the puppet never waits for buffer space. */
static void *drain(void *context)
{
	const int fd = *(const int *)context;
	char buffer[65536];

	while (recv(fd, buffer, sizeof(buffer), 0) > 0)
		;
	return NULL;
}

static void play_row(struct puppet *puppet, const struct row *row)
{
	static char message[2 * BODY_BYTES];
	int fd = raw_connect(puppet_port(puppet));
	pthread_t reader;
	size_t head, body;

	head = sprintf(message, "HTTP/1.1 203 Fine\r\n%s\r\n",
		       row->chunked ? "Transfer-Encoding: chunked\r\n"
				    : "Content-Length: 100000\r\n");
	body = make_body(message + head, row);
	assert_int_equal(pthread_create(&reader, NULL, drain, &fd), 0);
	puppet_accept(puppet, 0);
	exchange_plain(puppet, fd);
	ask(puppet, fd, row->name);
	if (row->send_head) {
		give(puppet, row->send_head, message, head, row->comment);
		give(puppet, row->send_body, message + head, body, row->comment);
	} else {
		give(puppet, row->send_body, message, head + body, row->comment);
	}
	/* twice: a response of unknown length ends when the next one begins */
	exchange_plain(puppet, fd);
	exchange_plain(puppet, fd);
	puppet_close(puppet, 0);
	pthread_join(reader, NULL);
	close(fd);
	if (row->lost)
		observed_expect_reason("lost", row->lost, 1);
	else
		observed_expect("GET", text_format("/%s", row->name), 203, NULL, 1, 0, body);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(calls),
	};

	return cmocka_run_group_tests_name("send", tests, observed_group_setup,
					   observed_group_teardown);
}
