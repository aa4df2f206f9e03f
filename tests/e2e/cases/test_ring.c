/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_ring.c - bytes received by io_uring cannot be read, and no other bytes may be used
 * instead: the ledger has the loss, and the next request is exact again.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"

/* Content of another call's buffer: reading that would find a request. */
#define STALE "GET /stale HTTP/1.1\r\nHost: h\r\n\r\n"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static char ring_buffer[4096];

static void *ring_map(int ring, size_t size, off_t part)
{
	void *there = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, part);

	return there == MAP_FAILED ? NULL : there;
}

/* Submits one receive; returns the tail of the completion queue, which is 1 when it is done. */
static unsigned int *ring_submit(int ring, const struct io_uring_params *params, int fd)
{
	char *submissions = ring_map(ring, params->sq_off.array + sizeof(int), IORING_OFF_SQ_RING);
	char *completions = ring_map(ring, params->cq_off.cqes + 2 * sizeof(struct io_uring_cqe),
				     IORING_OFF_CQ_RING);
	struct io_uring_sqe *entry = ring_map(ring, sizeof(*entry), IORING_OFF_SQES);

	if (!submissions || !completions || !entry)
		return NULL;
	*entry = (struct io_uring_sqe){ .opcode = IORING_OP_RECV,
					.fd = fd,
					.addr = (uintptr_t)ring_buffer,
					.len = sizeof(ring_buffer) };
	__atomic_store_n((unsigned int *)(submissions + params->sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) != 1)
		return NULL;
	return (unsigned int *)(completions + params->cq_off.tail);
}

/*
 * The ring receives when the data arrives, while the puppet is inside another receive call whose
 * buffer holds a request.
 */
static long by_ring_in_another_call(struct puppet_hands *hands, const struct puppet_order *order)
{
	static char buffer[] = STALE;
	const struct timeval pause = { .tv_usec =
					       100000 }; /* with one, no system call is restarted */
	struct io_uring_params params = { 0 };
	const struct io_uring_cqe *result;
	unsigned int *done;
	int pair[2], ring = syscall(SYS_io_uring_setup, 1, &params);

	(void)order;
	if (ring < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof(pause)))
		return -errno;
	done = ring_submit(ring, &params, hands->fds[0]);
	if (!done)
		return -EPROTO;
	while (!__atomic_load_n(done, __ATOMIC_ACQUIRE))
		if (recv(pair[0], buffer, sizeof(buffer), 0) >= 0)
			return -EPROTO;
	result = (const void *)((char *)done - params.cq_off.tail + params.cq_off.cqes);
	close(pair[0]);
	close(pair[1]);
	close(ring);
	return result->res;
}

static bool rings_are_allowed(void)
{
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 1, &params);

	if (ring < 0)
		return false;
	close(ring);
	return true;
}

static void exchange_plain(struct puppet *puppet, int fd)
{
	static const char request[] = "GET /plain HTTP/1.1\r\nHost: h\r\n\r\n";

	raw_say(fd, request);
	puppet_receive_all(puppet, 0, sizeof(request) - 1);
	puppet_say(puppet, 0, REPLY);
	raw_wait_for(fd, "ok");
	observed_expect("GET", "/plain", 200, NULL, 1, 0, 2);
}

/* The call in the registers is not the one that has received. */
static void received_by_ring(void **state)
{
	static const char request[] = "GET /ring HTTP/1.1\r\nHost: h\r\n\r\n";
	struct puppet *puppet;
	int fd;

	(void)state;
	if (!rings_are_allowed()) {
		print_message("io_uring is not allowed here: %s\n", strerror(errno));
		skip();
	}
	puppet = puppet_start();
	fd = raw_connect(puppet_port(puppet));
	puppet_accept(puppet, 0);
	exchange_plain(puppet, fd);
	puppet_begin(puppet, by_ring_in_another_call, &(struct puppet_order){ 0 });
	puppet_wait_in(puppet, SYS_recvfrom);
	raw_say(fd, request);
	assert_int_equal(puppet_end(puppet), sizeof(request) - 1);
	puppet_say(puppet, 0, REPLY);
	raw_wait_for(fd, "ok");
	observed_expect_reason("lost", "unreadable", 1);
	exchange_plain(puppet, fd);
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(received_by_ring),
	};

	return cmocka_run_group_tests_name("ring", tests, observed_group_setup,
					   observed_group_teardown);
}
