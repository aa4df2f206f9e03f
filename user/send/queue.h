/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * queue.h - lines that wait to be sent, in a bounded piece of memory.
 *
 * Input: lines.  Output: their bytes from the front, each line ended by a
 * newline.  It must not know sockets.
 */
#ifndef REDTAP_SENDER_QUEUE_H
#define REDTAP_SENDER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: empty.  Memory is taken when it is needed. */
struct sender_queue {
	char *bytes; /* owned */
	size_t room;
	size_t begin, end; /* what waits */
};

void sender_queue_release(struct sender_queue *queue);

/* Adds a line; false, and nothing is added, where the queue would hold more than limit bytes. */
bool sender_queue_put(struct sender_queue *queue, const char *line, size_t length, size_t limit);

static inline size_t sender_queue_length(const struct sender_queue *queue)
{
	return queue->end - queue->begin;
}

static inline const char *sender_queue_front(const struct sender_queue *queue)
{
	return queue->bytes + queue->begin;
}

/* Whole lines at the front: as many bytes, newlines included, as fit into limit. */
size_t sender_queue_whole_lines(const struct sender_queue *queue, size_t limit);

/* How many lines end within the first length bytes. */
size_t sender_queue_count(const struct sender_queue *queue, size_t length);

/* Takes length bytes from the front. */
void sender_queue_take(struct sender_queue *queue, size_t length);

#endif
