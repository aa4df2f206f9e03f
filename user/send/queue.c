/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * queue.c - see send/queue.h.
 *
 * One contiguous buffer, not a ring, so that any number of lines can be passed
 * to the kernel without copying; the gap at the front is closed when room is
 * needed.
 */
#include "send/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

void sender_queue_release(struct sender_queue *queue)
{
	free(queue->bytes);
	memset(queue, 0, sizeof(*queue));
}

static bool make_room(struct sender_queue *queue, size_t wanted)
{
	if (queue->end + wanted <= queue->room)
		return true;
	if (queue->begin > 0)
		memmove(queue->bytes, queue->bytes + queue->begin, sender_queue_length(queue));
	queue->end -= queue->begin;
	queue->begin = 0;
	/* Keep half of it free, or it would move bytes all the time. */
	return GROW(queue->bytes, queue->room, 2 * (queue->end + wanted)) == 0 ||
	       queue->end + wanted <= queue->room;
}

bool sender_queue_put(struct sender_queue *queue, const char *line, size_t length, size_t limit)
{
	if (sender_queue_length(queue) + length + 1 > limit || !make_room(queue, length + 1))
		return false;
	memcpy(queue->bytes + queue->end, line, length);
	queue->end += length;
	queue->bytes[queue->end++] = '\n';
	return true;
}

size_t sender_queue_whole_lines(const struct sender_queue *queue, size_t limit)
{
	const size_t length = sender_queue_length(queue);
	const char *last;

	if (length <= limit)
		return length;
	last = memrchr(sender_queue_front(queue), '\n', limit);
	return last ? (size_t)(last + 1 - sender_queue_front(queue)) : 0;
}

size_t sender_queue_count(const struct sender_queue *queue, size_t length)
{
	const char *at = sender_queue_front(queue), *end = at + length;
	size_t count = 0;

	while (at < end && (at = memchr(at, '\n', end - at))) {
		count++;
		at++;
	}
	return count;
}

void sender_queue_take(struct sender_queue *queue, size_t length)
{
	queue->begin += length;
	if (queue->begin == queue->end)
		queue->begin = queue->end = 0;
}
