/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_sockets.c - sockets that are passed on and shared in unusual ways: each
 * request is counted once and correctly.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"

#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
/* Bytes read before and after the socket is passed on. */
#define FRONT "POST /handed HTTP/1.1\r\nHost: h\r\nContent-Le"
#define BACK "ngth: 4\r\n\r\nbody"

static const struct puppet_order reply = { .bytes = REPLY, .length = sizeof(REPLY) - 1 };

/* A socket pair between two puppets; created before both. */
static int rights[2];

/* ---- steps ------------------------------------------------------------ */

/* Passes descriptor 0 on and keeps it. */
static long step_hand_over(struct puppet_hands *hands, const struct puppet_order *order)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'x';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	(void)order;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &hands->fds[0], sizeof(int));
	return sendmsg(rights[0], &message, 0) == 1 ? 0 : -errno;
}

static long step_take_over(struct puppet_hands *hands, const struct puppet_order *order)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	(void)order;
	if (recvmsg(rights[1], &message, MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	memcpy(&hands->fds[0], CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return 0;
}

static long step_duplicate(struct puppet_hands *hands, const struct puppet_order *order)
{
	hands->fds[order->fd] = fcntl(hands->fds[0], F_DUPFD_CLOEXEC, 0);
	return hands->fds[order->fd] < 0 ? -errno : 0;
}

/* A child receives the rest and sends the response. */
static long step_finish_by_child(struct puppet_hands *hands, const struct puppet_order *order)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		const struct puppet_order back = { .size = sizeof(BACK) - 1 };
		const bool fine = step_receive(hands, &back) == sizeof(BACK) - 1 &&
				  step_send(hands, order) == (long)order->length;

		_exit(fine ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : -ECHILD;
}

struct work {
	struct puppet_hands *hands;
	const struct puppet_order *order;
	long result;
};

static void *work_in_thread(void *context)
{
	struct work *work = context;
	puppet_step *step = work->order->length ? step_send : step_receive;

	work->result = step(work->hands, work->order);
	return NULL;
}

/* Sends the order's bytes if it has any, else receives. */
static long step_in_thread(struct puppet_hands *hands, const struct puppet_order *order)
{
	struct work work = { hands, order, 0 };
	pthread_t thread;

	if (pthread_create(&thread, NULL, work_in_thread, &work))
		return -EAGAIN;
	pthread_join(thread, NULL);
	return work.result;
}

#define LARGE_BYTES 4000000
#define LARGE_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n"

static pthread_t large_thread;

/* One call: a whole response, and one that is too large for the socket buffer. */
static void *send_large(void *context)
{
	static char bytes[sizeof(REPLY LARGE_HEAD) - 1 + LARGE_BYTES] = REPLY LARGE_HEAD;
	const int fd = *(const int *)context;

	return send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) == sizeof(bytes) ? context : NULL;
}

static long step_begin_large(struct puppet_hands *hands, const struct puppet_order *order)
{
	const int bytes = 8192; /* the call must wait */

	setsockopt(hands->fds[order->fd], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return -pthread_create(&large_thread, NULL, send_large, &hands->fds[order->fd]);
}

static long step_end_large(struct puppet_hands *hands, const struct puppet_order *order)
{
	void *sent;

	(void)hands;
	(void)order;
	pthread_join(large_thread, &sent);
	return sent ? 0 : -EPIPE;
}

/* ---- passing on ------------------------------------------------------- */

static int begin(struct puppet *puppet)
{
	int fd = raw_connect(puppet_port(puppet));

	puppet_accept(puppet, 0);
	raw_say(fd, FRONT);
	puppet_receive_all(puppet, 0, sizeof(FRONT) - 1);
	raw_say(fd, BACK);
	observed_expect("POST", "/handed", 200, NULL, 1, 4, 2);
	return fd;
}

/* The rest of the exchange, by the process that has the socket. */
static void finish(struct puppet *puppet, unsigned int at, int fd)
{
	puppet_receive_all(puppet, at, sizeof(BACK) - 1);
	puppet_say(puppet, at, REPLY);
	raw_wait_for(fd, "ok");
}

static void exchange_whole(struct puppet *puppet, unsigned int at, int fd)
{
	raw_send(fd, FRONT BACK, sizeof(FRONT BACK) - 1);
	puppet_receive_all(puppet, at, sizeof(FRONT BACK) - 1);
	puppet_say(puppet, at, REPLY);
	raw_wait_for(fd, "ok");
	observed_expect("POST", "/handed", 200, NULL, 1, 4, 2);
}

static void handed_to_another_process(void **state)
{
	struct puppet *giver, *taker;
	int fd;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, rights), 0);
	giver = puppet_start();
	taker = puppet_start();
	fd = begin(giver);
	assert_int_equal(puppet_do(giver, step_hand_over, &(struct puppet_order){ 0 }), 0);
	assert_int_equal(puppet_do(taker, step_take_over, &(struct puppet_order){ 0 }), 0);
	finish(taker, 0, fd);
	/* both have it: they take turns, then one of them closes it and exits */
	exchange_whole(giver, 0, fd);
	exchange_whole(taker, 0, fd);
	puppet_close(giver, 0);
	exchange_whole(taker, 0, fd);
	puppet_kill(giver);
	exchange_whole(taker, 0, fd);
	puppet_close(taker, 0);
	raw_finish(fd);
	close(rights[0]);
	close(rights[1]);
	observed_check();
}

static void finished_by_a_child(void **state)
{
	struct puppet *puppet = puppet_start();
	const int fd = begin(puppet);

	(void)state;
	assert_int_equal(puppet_do(puppet, step_finish_by_child, &reply), 0);
	raw_wait_for(fd, "ok");
	/* the end of the child is not the end of the connection */
	exchange_whole(puppet, 0, fd);
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_check();
}

static void duplicated(void **state)
{
	struct puppet *puppet = puppet_start();
	const int fd = begin(puppet), other = raw_connect(puppet_port(puppet));

	(void)state;
	assert_int_equal(puppet_do(puppet, step_duplicate, &(struct puppet_order){ .fd = 1 }), 0);
	puppet_close(puppet, 0);
	/* its descriptor number is reused at once by another connection */
	puppet_accept(puppet, 0);
	exchange_whole(puppet, 0, other);
	finish(puppet, 1, fd);
	exchange_whole(puppet, 0, other);
	exchange_whole(puppet, 1, fd);
	puppet_close(puppet, 0);
	puppet_close(puppet, 1);
	raw_finish(fd);
	raw_finish(other);
	observed_check();
}

static void used_by_threads(void **state)
{
	struct puppet *puppet = puppet_start();
	const int fd = begin(puppet);
	const struct puppet_order take = { .size = 4096 };

	(void)state;
	assert_int_equal(puppet_do(puppet, step_in_thread, &take), sizeof(BACK) - 1);
	assert_int_equal(puppet_do(puppet, step_in_thread, &reply), reply.length);
	raw_wait_for(fd, "ok");
	exchange_whole(puppet, 0, fd);
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_check();
}

/*
 * The first of 16 responses has arrived, but the call that sent it is still running: a 17th
 * request is not too many.
 */
static void received_while_another_sends(void **state)
{
	static const char request[] = "GET /full HTTP/1.1\r\nHost: h\r\n\r\n";
	const size_t large = sizeof(LARGE_HEAD) - 1 + LARGE_BYTES;
	struct puppet *puppet = puppet_start();
	const int fd = raw_connect(puppet_port(puppet));
	char *bytes = malloc(large);
	int i;

	(void)state;
	assert_non_null(bytes);
	puppet_accept(puppet, 0);
	for (i = 0; i < 16; i++)
		raw_say(fd, request);
	puppet_receive_all(puppet, 0, 16 * (sizeof(request) - 1));
	assert_int_equal(puppet_do(puppet, step_begin_large, &(struct puppet_order){ .fd = 0 }), 0);
	assert_int_equal(recv(fd, bytes, sizeof(REPLY) - 1, MSG_WAITALL), sizeof(REPLY) - 1);
	raw_say(fd, request);
	puppet_receive_all(puppet, 0, sizeof(request) - 1);
	assert_int_equal(recv(fd, bytes, large, MSG_WAITALL), large);
	assert_int_equal(puppet_do(puppet, step_end_large, &(struct puppet_order){ .fd = 0 }), 0);
	for (i = 0; i < 15; i++)
		puppet_say(puppet, 0, REPLY);
	observed_expect("GET", "/full", 200, NULL, 17, 0, LARGE_BYTES + 16 * 2);
	puppet_close(puppet, 0);
	raw_finish(fd);
	free(bytes);
	observed_check();
}

/* ---- at the same instant ---------------------------------------------- */

#define ROUNDS 300
#define EACH 8
#define EMPTY "HTTP/1.1 204 No Content\r\n\r\n"

struct sender {
	pthread_barrier_t *start;
	int fd;
};

static void *send_answers(void *context)
{
	const struct sender *sender = context;
	int i;

	pthread_barrier_wait(sender->start);
	for (i = 0; i < EACH; i++)
		if (send(sender->fd, EMPTY, sizeof(EMPTY) - 1, MSG_NOSIGNAL) != sizeof(EMPTY) - 1)
			return NULL;
	return context;
}

/*
 * Two threads send responses at once, without synchronization.  All responses
 * are equal, so the client gets valid HTTP in any order.
 */
static long step_answer_by_two(struct puppet_hands *hands, const struct puppet_order *order)
{
	pthread_barrier_t start;
	struct sender sender = { &start, hands->fds[order->fd] };
	pthread_t threads[2];
	void *done[2];
	int i;

	pthread_barrier_init(&start, NULL, 2);
	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, send_answers, &sender))
			return -EAGAIN;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], &done[i]);
	pthread_barrier_destroy(&start);
	return done[0] && done[1] ? 0 : -EPIPE;
}

static void read_answers(int fd, size_t count)
{
	char buffer[4096];
	size_t left = count * (sizeof(EMPTY) - 1);

	while (left > 0) {
		const ssize_t received = recv(fd, buffer, sizeof(buffer), 0);

		assert_true(received > 0 && (size_t)received <= left);
		left -= received;
	}
}

/*
 * The calls do not show the order of their bytes on the connection: each request is counted, or
 * its loss has a reason; later requests are exact again.
 */
static void answered_by_two_at_once(void **state)
{
	struct puppet *puppet = puppet_start();
	const int fd = raw_connect(puppet_port(puppet));
	char requests[4096] = "";
	int i;

	(void)state;
	for (i = 0; i < 2 * EACH; i++)
		strcat(requests, "GET /both HTTP/1.1\r\nHost: h\r\n\r\n");
	puppet_accept(puppet, 0);
	for (i = 0; i < ROUNDS; i++) {
		raw_say(fd, requests);
		puppet_receive_all(puppet, 0, strlen(requests));
		assert_int_equal(puppet_do(puppet, step_answer_by_two, &(struct puppet_order){ 0 }),
				 0);
		read_answers(fd, 2 * EACH);
	}
	/* if it is unclear which requests got a response, the next request ends them */
	exchange_whole(puppet, 0, fd);
	observed_wait_flushes(2);
	assert_int_equal(observed_seen(), ROUNDS * 2 * EACH + 1);
	assert_int_equal(observed_counted() + observed_reason("lost", NULL), observed_seen());
	assert_int_equal(observed_in_flight(), 0);
	fprintf(stderr, "  counted %lu, lost %lu\n", observed_counted(),
		observed_reason("lost", NULL));
	observed_accept_all();
	exchange_whole(puppet, 0, fd);
	exchange_whole(puppet, 0, fd);
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(handed_to_another_process),
		OBSERVED_TEST(finished_by_a_child),
		OBSERVED_TEST(duplicated),
		OBSERVED_TEST(used_by_threads),
		OBSERVED_TEST(received_while_another_sends),
		OBSERVED_TEST(answered_by_two_at_once),
	};

	return cmocka_run_group_tests_name("sockets", tests, observed_group_setup,
					   observed_group_teardown);
}
