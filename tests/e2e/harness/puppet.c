/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * puppet.c - see puppet.h.
 */
#include "harness/puppet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/process.h"

#define BYTES_MAX (1 << 20)

struct puppet {
	struct process *process;
	int strings; /* the test's end of a socket pair */
	uint16_t port;
};

struct message {
	puppet_step *step;
	struct puppet_order order;
};

/* ---- the child -------------------------------------------------------- */

struct stage {
	int listener;
	int strings;
};

static bool take(int fd, void *bytes, size_t length)
{
	char *at = bytes;

	while (length > 0) {
		const ssize_t taken = read(fd, at, length);

		if (taken < 0 && errno == EINTR)
			continue;
		if (taken <= 0)
			return false;
		at += taken;
		length -= taken;
	}
	return true;
}

static bool give(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		const ssize_t given = write(fd, at, length);

		if (given <= 0)
			return false;
		at += given;
		length -= given;
	}
	return true;
}

static int perform(void *context)
{
	const struct stage *stage = context;
	struct puppet_hands hands = { .listener = stage->listener };
	static char bytes[BYTES_MAX];
	struct message message;
	size_t i;

	prctl(PR_SET_NAME, "puppet");
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < PUPPET_FDS; i++)
		hands.fds[i] = -1;
	while (take(stage->strings, &message, sizeof(message)) &&
	       take(stage->strings, bytes, message.order.length)) {
		long result;

		message.order.bytes = bytes;
		result = message.step(&hands, &message.order);
		if (!give(stage->strings, &result, sizeof(result)))
			break;
	}
	return 0;
}

/* ---- the test's side -------------------------------------------------- */

static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void puppet_release(void *object)
{
	struct puppet *puppet = object;

	close(puppet->strings);
	free(puppet);
}

struct puppet *puppet_start(void)
{
	struct puppet *puppet = calloc(1, sizeof(*puppet));
	struct stage stage;
	int ends[2];

	assert_non_null(puppet);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	puppet->strings = ends[0];
	stage = (struct stage){ listen_somewhere(&puppet->port), ends[1] };
	puppet->process = process_start(
		&(struct process_options){ .name = "puppet", .run = perform, .context = &stage });
	harness_on_teardown(puppet_release, puppet);
	close(stage.listener);
	close(ends[1]);
	return puppet;
}

pid_t puppet_pid(const struct puppet *puppet)
{
	return puppet->process->pid;
}

uint16_t puppet_port(const struct puppet *puppet)
{
	return puppet->port;
}

void puppet_begin(struct puppet *puppet, puppet_step *step, const struct puppet_order *order)
{
	const struct message message = { step, *order };

	assert_true(order->length <= BYTES_MAX);
	assert_true(give(puppet->strings, &message, sizeof(message)));
	assert_true(give(puppet->strings, order->bytes, order->length));
}

long puppet_end(struct puppet *puppet)
{
	long result = 0;

	if (!take(puppet->strings, &result, sizeof(result)))
		fail_msg("the puppet has ended; standard error: %s", process_err(puppet->process));
	return result;
}

long puppet_do(struct puppet *puppet, puppet_step *step, const struct puppet_order *order)
{
	puppet_begin(puppet, step, order);
	return puppet_end(puppet);
}

void puppet_kill(struct puppet *puppet)
{
	process_end(puppet->process, SIGKILL);
}

/* ---- steps ------------------------------------------------------------ */

long step_accept(struct puppet_hands *hands, const struct puppet_order *order)
{
	hands->fds[order->fd] = accept4(hands->listener, NULL, NULL, SOCK_CLOEXEC);
	return hands->fds[order->fd] < 0 ? -errno : 0;
}

long step_receive(struct puppet_hands *hands, const struct puppet_order *order)
{
	static char buffer[BYTES_MAX];
	const size_t size = order->size < sizeof(buffer) ? order->size : sizeof(buffer);
	const ssize_t received = recv(hands->fds[order->fd], buffer, size, order->flags);

	return received < 0 ? -errno : received;
}

static long step_receive_all(struct puppet_hands *hands, const struct puppet_order *order)
{
	static char buffer[BYTES_MAX];
	size_t received = 0;

	while (received < order->size) {
		const size_t left = order->size - received;
		const ssize_t part = recv(hands->fds[order->fd], buffer,
					  left < sizeof(buffer) ? left : sizeof(buffer), 0);

		if (part <= 0)
			return part < 0 ? -errno : -ENODATA;
		received += part;
	}
	return received;
}

long step_send(struct puppet_hands *hands, const struct puppet_order *order)
{
	const ssize_t sent = send(hands->fds[order->fd], order->bytes, order->length,
				  order->flags | MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent;
}

long step_close(struct puppet_hands *hands, const struct puppet_order *order)
{
	close(hands->fds[order->fd]);
	hands->fds[order->fd] = -1;
	return 0;
}

long step_shut(struct puppet_hands *hands, const struct puppet_order *order)
{
	return shutdown(hands->fds[order->fd], order->flags) ? -errno : 0;
}

struct in_call {
	pid_t pid;
	long call;
};

static bool is_in_call(void *context)
{
	const struct in_call *in = context;
	char *text = file_read(text_format("/proc/%d/syscall", (int)in->pid), NULL);
	const bool is = atol(text) == in->call;

	free(text);
	return is;
}

void puppet_wait_in(struct puppet *puppet, long call)
{
	struct in_call in = { puppet_pid(puppet), call };

	if (!wait_until(is_in_call, &in, DEADLINE_S))
		fail_msg("the puppet is not in system call %ld", call);
}

static long must(const char *what, long result)
{
	if (result < 0)
		fail_msg("the puppet cannot %s: %s", what, strerror(-result));
	return result;
}

void puppet_accept(struct puppet *puppet, unsigned int fd)
{
	must("accept", puppet_do(puppet, step_accept, &(struct puppet_order){ .fd = fd }));
}

size_t puppet_receive(struct puppet *puppet, unsigned int fd, size_t size)
{
	return must("receive", puppet_do(puppet, step_receive,
					 &(struct puppet_order){ .fd = fd, .size = size }));
}

void puppet_receive_all(struct puppet *puppet, unsigned int fd, size_t size)
{
	must("receive",
	     puppet_do(puppet, step_receive_all, &(struct puppet_order){ .fd = fd, .size = size }));
}

void puppet_send(struct puppet *puppet, unsigned int fd, const char *bytes, size_t length)
{
	const struct puppet_order order = { .fd = fd, .bytes = bytes, .length = length };

	assert_int_equal(must("send", puppet_do(puppet, step_send, &order)), length);
}

void puppet_say(struct puppet *puppet, unsigned int fd, const char *text)
{
	puppet_send(puppet, fd, text, strlen(text));
}

void puppet_close(struct puppet *puppet, unsigned int fd)
{
	must("close", puppet_do(puppet, step_close, &(struct puppet_order){ .fd = fd }));
}
