/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * queue.h - lines that wait to be sent, in bounded memory.
 *
 * Input: lines.  Output: their bytes from the front, each line ended by a
 * newline.  It must not know sockets.
 */
#ifndef REDTAP_SENDER_QUEUE_H
#define REDTAP_SENDER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: empty.  Memory is allocated when needed. */
struct sender_queue {
	char *bytes; /* owned */
	size_t room;
	size_t begin, end; /* the waiting bytes */
};

void sender_queue_release(struct sender_queue *queue);

/* Adds a line; returns false, and adds nothing, if the queue would exceed limit bytes. */
bool sender_queue_put(struct sender_queue *queue, const char *line, size_t length, size_t limit);

static inline size_t sender_queue_length(const struct sender_queue *queue)
{
	return queue->end - queue->begin;
}

static inline const char *sender_queue_front(const struct sender_queue *queue)
{
	return queue->bytes + queue->begin;
}

/* Bytes of the whole lines at the front that fit into limit, newlines included. */
size_t sender_queue_whole_lines(const struct sender_queue *queue, size_t limit);

/* How many lines end within the first length bytes. */
size_t sender_queue_count(const struct sender_queue *queue, size_t length);

/* Removes length bytes from the front. */
void sender_queue_take(struct sender_queue *queue, size_t length);

#endif
