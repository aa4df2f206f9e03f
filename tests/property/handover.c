/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * handover.c - see handover.h.
 */
#include "handover.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int compare_numbers(const void *a, const void *b)
{
	const int left = *(const int *)a, right = *(const int *)b;

	return (left > right) - (left < right);
}

static void close_all_but(int *kept, size_t count)
{
	unsigned int from = STDERR_FILENO + 1;
	size_t i;

	qsort(kept, count, sizeof(*kept), compare_numbers);
	for (i = 0; i < count; i++) {
		const unsigned int fd = kept[i];

		if (kept[i] < 0 || fd < from)
			continue;
		if (fd > from)
			close_range(from, fd - 1, 0);
		from = fd + 1;
	}
	close_range(from, ~0U, 0);
}

pid_t handover_fork(int *kept, size_t count)
{
	const pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	close_all_but(kept, count);
	return 0;
}

int handover_channel(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ? -errno : 0;
}

int handover_send(int channel, const struct handover *handover, int socket)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { .iov_base = (void *)handover, .iov_len = sizeof(*handover) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (socket >= 0) {
		struct cmsghdr *header;

		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &socket, sizeof(int));
	}
	return sendmsg(channel, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int handover_receive(int channel, struct handover *handover, int *socket)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { .iov_base = handover, .iov_len = sizeof(*handover) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	const struct cmsghdr *header;
	ssize_t received;

	do {
		received = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	} while (received < 0 && errno == EINTR);
	*socket = -1;
	if (received <= 0)
		return received < 0 ? -errno : 0;
	header = CMSG_FIRSTHDR(&message);
	if (header)
		memcpy(socket, CMSG_DATA(header), sizeof(int));
	return received == sizeof(*handover) ? 1 : -EPROTO;
}
