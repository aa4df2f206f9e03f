/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * outlet.c - see outlet.h.
 *
 * The thread writes with blocking calls; only while it does so can it be cancelled, which is
 * how outlet_close() gets it out of a call that never returns.
 */
#include "base/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/thread.h"

/* What waits, at most, unless it is a single text. */
#define BYTES_MAX ((size_t)8 << 20)
/* For room: a thread that writes may only be waiting for a CPU. */
#define ROOM_WAIT_NS 20000000ULL
/* Between two looks whether a pipe has become empty. */
#define PIPE_POLL_MS 20

struct text {
	struct text *next;
	size_t length;
	char bytes[];
};

struct outlet {
	int fd;
	size_t texts_max;
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	struct text *first, **end; /* the first is being written */
	size_t count, bytes;
	uint64_t dropped;
	uint64_t moved_ns; /* when bytes were taken, or the first text came */
	int error;
	bool full; /* the last text found no room */
	bool over;
};

/* ---- the thread ------------------------------------------------------- */

/* Sleeps until a pipe's reader will get the text whole; see outlet.h. */
static void wait_for_pipe(int fd, size_t length)
{
	struct pollfd out = { .fd = fd, .events = 0 };
	int waiting;

	while (length > PIPE_BUF && fcntl(fd, F_GETPIPE_SZ) > 0 &&
	       ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0)
		/* an error: the reader is gone */
		if (poll(&out, 1, PIPE_POLL_MS) > 0)
			break;
}

static void note_progress(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->moved_ns = clock_monotonic_ns();
	pthread_mutex_unlock(&outlet->lock);
}

/* Takes back the part of a text that a full disk has taken, if nothing follows it. */
static void take_back(int fd, size_t written)
{
	const off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat stat;

	if (written == 0 || end < (off_t)written || fstat(fd, &stat) || !S_ISREG(stat.st_mode) ||
	    stat.st_size != end)
		return;
	if (ftruncate(fd, end - (off_t)written) == 0)
		lseek(fd, end - (off_t)written, SEEK_SET);
}

/* Returns 0 or the errno. */
static int write_text(struct outlet *outlet, const struct text *text)
{
	struct pollfd out = { .fd = outlet->fd, .events = POLLOUT };
	size_t written = 0;
	int state;

	while (written < text->length) {
		ssize_t taken;
		int err;

		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
		if (written == 0)
			wait_for_pipe(outlet->fd, text->length);
		taken = write(outlet->fd, text->bytes + written, text->length - written);
		err = errno;
		/* others may have made it non-blocking */
		if (taken < 0 && err == EAGAIN)
			poll(&out, 1, -1);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
		if (taken < 0 && err != EAGAIN && err != EINTR) {
			take_back(outlet->fd, written);
			return err;
		}
		if (taken > 0) {
			written += (size_t)taken;
			note_progress(outlet);
		}
	}
	return 0;
}

static void *write_texts(void *context)
{
	struct outlet *outlet = context;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_mutex_lock(&outlet->lock);
	while (outlet->first || !outlet->over) {
		struct text *text = outlet->first;
		int err;

		if (!text) {
			pthread_cond_wait(&outlet->changed, &outlet->lock);
			continue;
		}
		pthread_mutex_unlock(&outlet->lock);
		err = write_text(outlet, text);
		pthread_mutex_lock(&outlet->lock);
		outlet->error = err;
		outlet->moved_ns = clock_monotonic_ns();
		outlet->dropped += err != 0;
		outlet->first = text->next;
		if (!outlet->first)
			outlet->end = &outlet->first;
		outlet->count--;
		outlet->bytes -= text->length;
		free(text);
		pthread_cond_broadcast(&outlet->changed);
	}
	pthread_mutex_unlock(&outlet->lock);
	return NULL;
}

/* ---- the others ------------------------------------------------------- */

struct outlet *outlet_open(int fd, size_t texts_max)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	int err;

	if (!outlet)
		return NULL;
	outlet->fd = fd;
	outlet->texts_max = texts_max;
	outlet->end = &outlet->first;
	pthread_mutex_init(&outlet->lock, NULL);
	thread_condition_init(&outlet->changed);
	err = thread_start(&outlet->thread, write_texts, outlet);
	if (err) {
		free(outlet);
		errno = err;
		return NULL;
	}
	return outlet;
}

static bool has_room(const struct outlet *outlet, size_t length)
{
	return outlet->count == 0 ||
	       (outlet->count < outlet->texts_max && outlet->bytes + length <= BYTES_MAX);
}

/* Waits a moment for room, once. */
static bool find_room(struct outlet *outlet, size_t length)
{
	const uint64_t deadline_ns = clock_monotonic_ns() + ROOM_WAIT_NS;

	while (!has_room(outlet, length))
		if (outlet->full ||
		    !thread_wait_until(&outlet->changed, &outlet->lock, deadline_ns))
			return false;
	return true;
}

bool outlet_put(struct outlet *outlet, const char *bytes, size_t length, bool last)
{
	struct text *text = malloc(sizeof(*text) + length);
	bool taken;

	if (text) {
		text->next = NULL;
		text->length = length;
		memcpy(text->bytes, bytes, length);
	}
	pthread_mutex_lock(&outlet->lock);
	taken = text && (last || find_room(outlet, length));
	outlet->full = !taken;
	if (taken) {
		if (!outlet->first)
			outlet->moved_ns = clock_monotonic_ns();
		*outlet->end = text;
		outlet->end = &text->next;
		outlet->count++;
		outlet->bytes += length;
		pthread_cond_broadcast(&outlet->changed);
	} else {
		outlet->dropped++;
	}
	pthread_mutex_unlock(&outlet->lock);
	if (!taken)
		free(text);
	return taken;
}

void outlet_look(struct outlet *outlet, struct outlet_state *state)
{
	pthread_mutex_lock(&outlet->lock);
	state->dropped = outlet->dropped;
	state->error = outlet->error;
	state->stuck = outlet->first && clock_monotonic_ns() - outlet->moved_ns >= OUTLET_STUCK_NS;
	pthread_mutex_unlock(&outlet->lock);
}

uint64_t outlet_close(struct outlet *outlet, uint64_t deadline_ns)
{
	uint64_t dropped;

	pthread_mutex_lock(&outlet->lock);
	outlet->over = true;
	pthread_cond_broadcast(&outlet->changed);
	while (outlet->first && thread_wait_until(&outlet->changed, &outlet->lock, deadline_ns))
		;
	if (outlet->first)
		pthread_cancel(outlet->thread);
	pthread_mutex_unlock(&outlet->lock);
	pthread_join(outlet->thread, NULL);
	dropped = outlet->dropped + outlet->count;
	while (outlet->first) {
		struct text *text = outlet->first;

		outlet->first = text->next;
		free(text);
	}
	pthread_cond_destroy(&outlet->changed);
	pthread_mutex_destroy(&outlet->lock);
	free(outlet);
	return dropped;
}
