/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mover.c - see mover.h.
 */
#include "mover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PARTS_MAX 64

int mover_open(struct mover *mover)
{
	if (pipe2(mover->pipe, O_CLOEXEC))
		return -errno;
	mover->file = memfd_create("bytes", MFD_CLOEXEC);
	return mover->file < 0 ? -errno : 0;
}

void mover_close(struct mover *mover)
{
	close(mover->pipe[0]);
	close(mover->pipe[1]);
	close(mover->file);
}

/* Cuts a buffer into parts; every fourth is empty.  Returns how many there are. */
static size_t cut(struct iovec *parts, size_t count, void *buffer, size_t size)
{
	uint8_t *at = buffer;
	size_t i, used = 0;

	if (count > PARTS_MAX)
		count = PARTS_MAX;
	for (i = 0; i + 1 < count; i++) {
		const size_t length = i % 4 == 1 ? 0 : 1 + (size - used) / (count + 3);

		if (length > size - used)
			break;
		parts[i] = (struct iovec){ .iov_base = at + used, .iov_len = length };
		used += length;
	}
	parts[i++] = (struct iovec){ .iov_base = at + used, .iov_len = size - used };
	return i;
}

/* Two messages of one call: a half each. */
static size_t halve(struct mmsghdr messages[2], struct iovec parts[2], void *buffer, size_t size)
{
	const size_t half = size / 2;

	parts[0] = (struct iovec){ .iov_base = buffer, .iov_len = size - half };
	parts[1] = (struct iovec){ .iov_base = (uint8_t *)buffer + size - half, .iov_len = half };
	memset(messages, 0, 2 * sizeof(*messages));
	messages[0].msg_hdr.msg_iov = &parts[0];
	messages[0].msg_hdr.msg_iovlen = 1;
	messages[1].msg_hdr.msg_iov = &parts[1];
	messages[1].msg_hdr.msg_iovlen = 1;
	return half > 0 ? 2 : 1;
}

static ssize_t receive_messages(int socket, void *buffer, size_t size)
{
	struct mmsghdr messages[2];
	struct iovec parts[2];
	const size_t count = halve(messages, parts, buffer, size);
	const int received = recvmmsg(socket, messages, count, MSG_WAITFORONE, NULL);

	if (received <= 0)
		return received;
	/* the second message is after the room of the first: move it up */
	if (received == 2)
		memmove((uint8_t *)buffer + messages[0].msg_len, parts[1].iov_base,
			messages[1].msg_len);
	return messages[0].msg_len + (received == 2 ? messages[1].msg_len : 0);
}

static ssize_t send_messages(int socket, void *bytes, size_t size)
{
	struct mmsghdr messages[2];
	struct iovec parts[2];
	const size_t count = halve(messages, parts, bytes, size);
	int sent;

	/* after a short message, the second one would leave a gap in the stream */
	if (fcntl(socket, F_GETFL) & O_NONBLOCK)
		return sendmmsg(socket, messages, 1, MSG_NOSIGNAL) == 1
			       ? (ssize_t)messages[0].msg_len
			       : -1;
	sent = sendmmsg(socket, messages, count, MSG_NOSIGNAL);
	if (sent <= 0)
		return sent;
	return messages[0].msg_len + (sent == 2 ? messages[1].msg_len : 0);
}

/* One message with all bytes and an empty one: redtap cannot know which of the two has them. */
static void with_empty(struct mmsghdr messages[2], struct iovec *part, void *buffer, size_t size)
{
	*part = (struct iovec){ .iov_base = buffer, .iov_len = size };
	memset(messages, 0, 2 * sizeof(*messages));
	messages[0].msg_hdr.msg_iov = part;
	messages[0].msg_hdr.msg_iovlen = 1;
}

static ssize_t receive_with_empty(int socket, void *buffer, size_t size)
{
	struct mmsghdr messages[2];
	struct iovec part;
	int received;

	with_empty(messages, &part, buffer, size);
	received = recvmmsg(socket, messages, 2, MSG_WAITFORONE, NULL);
	return received <= 0 ? received : (ssize_t)messages[0].msg_len;
}

static ssize_t send_with_empty(int socket, const void *bytes, size_t size)
{
	struct mmsghdr messages[2];
	struct iovec part;
	int sent;

	with_empty(messages, &part, (void *)bytes, size);
	sent = sendmmsg(socket, messages, 2, MSG_NOSIGNAL);
	return sent <= 0 ? sent : (ssize_t)messages[0].msg_len;
}

static ssize_t read_after_nothing(int socket, void *buffer, size_t size)
{
	if (read(socket, buffer, 0) != 0)
		return -1;
	/* waits for data, but does not receive it */
	if (recv(socket, buffer, 0, 0) != 0)
		return -1;
	return read(socket, buffer, size);
}

/* From memory that is unmapped after the call; the kernel still holds the pages. */
static ssize_t send_zero_copy(int socket, const void *bytes, size_t size)
{
	const int on = 1;
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t sent;
	int err;

	if (pages == MAP_FAILED)
		return -1;
	memcpy(pages, bytes, size);
	setsockopt(socket, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
	sent = send(socket, pages, size, MSG_NOSIGNAL | MSG_ZEROCOPY);
	/* there is no room for the kernel's report */
	if (sent < 0 && errno == ENOBUFS)
		sent = send(socket, pages, size, MSG_NOSIGNAL);
	err = errno;
	munmap(pages, size);
	mover_take_reports(socket);
	errno = err;
	return sent;
}

bool mover_take_reports(int socket)
{
	char control[256];
	bool some = false;

	for (;;) {
		struct msghdr message = { .msg_control = control,
					  .msg_controllen = sizeof(control) };

		if (recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return some;
		some = true;
	}
}

/* A call that waits until all bytes are moved, also on a non-blocking socket. */
static ssize_t move_whole(int socket, void *bytes, size_t size, bool sends)
{
	const int flags = fcntl(socket, F_GETFL);
	ssize_t moved;
	int err;

	fcntl(socket, F_SETFL, flags & ~O_NONBLOCK);
	moved = sends ? send(socket, bytes, size, MSG_NOSIGNAL)
		      : recv(socket, bytes, size, MSG_WAITALL);
	err = errno;
	fcntl(socket, F_SETFL, flags);
	errno = err;
	return moved;
}

static ssize_t receive_by_pipe(struct mover *mover, int socket, void *buffer, size_t size)
{
	ssize_t moved = splice(socket, NULL, mover->pipe[1], NULL, size, SPLICE_F_MOVE);
	ssize_t taken = 0;

	while (moved > 0 && taken < moved) {
		ssize_t part = read(mover->pipe[0], (uint8_t *)buffer + taken, moved - taken);

		if (part <= 0)
			return -1;
		taken += part;
	}
	return moved;
}

static ssize_t send_by_pipe(struct mover *mover, int socket, const void *bytes, size_t size)
{
	/* fits the pipe, however the bytes are split into pages */
	ssize_t filled = write(mover->pipe[1], bytes, size < 16384 ? size : 16384);
	ssize_t sent = 0;

	while (filled > 0 && sent < filled) {
		ssize_t part = splice(mover->pipe[0], NULL, socket, NULL, filled - sent, 0);

		/* the pipe must be empty before anything else is sent */
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0 && errno == EAGAIN) {
			usleep(100);
			continue;
		}
		if (part <= 0)
			return -1;
		sent += part;
	}
	return filled < 0 ? -1 : sent;
}

static ssize_t send_file(struct mover *mover, int socket, const void *bytes, size_t size)
{
	off_t offset = 0;

	/* data in flight still refers to the pages: do not write them again */
	if (ftruncate(mover->file, 0) || pwrite(mover->file, bytes, size, 0) != (ssize_t)size)
		return -1;
	return sendfile(socket, mover->file, &offset, size);
}

ssize_t mover_receive(struct mover *mover, int socket, enum call call, unsigned int parts,
		      void *buffer, size_t size)
{
	struct iovec vector[PARTS_MAX];
	struct msghdr message = { .msg_iov = vector };
	ssize_t result = -1;

	message.msg_iovlen = cut(vector, parts, buffer, size);
	errno = EINVAL;
	switch (call) {
	case CALL_READ:
		result = read(socket, buffer, size);
		break;
	case CALL_RECV:
		result = recv(socket, buffer, size, 0);
		break;
	case CALL_RECV_PEEK:
		result = recv(socket, buffer, size, MSG_PEEK);
		if (result > 0)
			result = recv(socket, buffer, result, 0);
		break;
	case CALL_RECV_WAITALL:
		result = recv(socket, buffer, size, MSG_WAITALL);
		break;
	case CALL_READV:
		result = readv(socket, vector, message.msg_iovlen);
		break;
	case CALL_PREADV2:
		result = preadv2(socket, vector, message.msg_iovlen, -1, 0);
		break;
	case CALL_RECVMSG:
		result = recvmsg(socket, &message, 0);
		break;
	case CALL_READ_NOTHING:
		result = read_after_nothing(socket, buffer, size);
		break;
	case CALL_RECV_WHOLE:
		result = move_whole(socket, buffer, size, false);
		break;
	case CALL_RECVMMSG:
		result = receive_messages(socket, buffer, size);
		break;
	case CALL_RECVMMSG_EMPTY:
		result = receive_with_empty(socket, buffer, size);
		break;
	case CALL_RECV_TRUNC:
		result = recv(socket, buffer, size, MSG_TRUNC);
		break;
	case CALL_SPLICE_FROM:
		result = receive_by_pipe(mover, socket, buffer, size);
		break;
	default:
		break;
	}
	return result < 0 ? -errno : result;
}

ssize_t mover_send(struct mover *mover, int socket, enum call call, unsigned int parts,
		   const void *bytes, size_t size)
{
	struct iovec vector[PARTS_MAX];
	struct msghdr message = { .msg_iov = vector };
	ssize_t result = -1;

	message.msg_iovlen = cut(vector, parts, (void *)bytes, size);
	errno = EINVAL;
	switch (call) {
	case CALL_WRITE:
		result = write(socket, bytes, size);
		break;
	case CALL_SEND:
		result = send(socket, bytes, size, MSG_NOSIGNAL);
		break;
	case CALL_SEND_MORE:
		result = send(socket, bytes, size, MSG_NOSIGNAL | MSG_MORE);
		break;
	case CALL_WRITEV:
		result = writev(socket, vector, message.msg_iovlen);
		break;
	case CALL_PWRITEV2:
		result = pwritev2(socket, vector, message.msg_iovlen, -1, 0);
		break;
	case CALL_SENDMSG:
		result = sendmsg(socket, &message, MSG_NOSIGNAL);
		break;
	case CALL_SEND_ZEROCOPY:
		result = send_zero_copy(socket, bytes, size);
		break;
	case CALL_SEND_WHOLE:
		result = move_whole(socket, (void *)bytes, size, true);
		break;
	case CALL_SENDMMSG:
		result = send_messages(socket, (void *)bytes, size);
		break;
	case CALL_SENDMMSG_EMPTY:
		result = send_with_empty(socket, bytes, size);
		break;
	case CALL_SENDFILE:
		result = send_file(mover, socket, bytes, size);
		break;
	case CALL_SPLICE_TO:
		result = send_by_pipe(mover, socket, bytes, size);
		break;
	default:
		break;
	}
	return result < 0 ? -errno : result;
}
