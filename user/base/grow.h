/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * grow.h - room in an array that grows.
 *
 * Inputs: an owned array (NULL: empty), its room, the number of elements wanted.
 * Output: an array with at least that room.  It must not know the elements.
 */
#ifndef REDTAP_GROW_H
#define REDTAP_GROW_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define GROW_FIRST 16 /* elements */

/*
 * Makes room for `count` elements.  The room doubles, so that adding one by one is
 * cheap; new elements are not cleared.  Returns 0, or -ENOMEM with nothing changed.
 */
#define GROW(array, room, count) grow_array(&(array), &(room), (count), sizeof(*(array)))

/* array: the address of a pointer, whatever its type; memcpy() keeps that legal. */
static inline int grow_array(void *array, size_t *room, size_t count, size_t size)
{
	size_t larger = *room ? *room : GROW_FIRST;
	void *memory;

	if (count <= *room)
		return 0;
	while (larger < count)
		larger *= 2;
	memcpy(&memory, array, sizeof(memory));
	memory = reallocarray(memory, larger, size);
	if (!memory)
		return -ENOMEM;
	memcpy(array, &memory, sizeof(memory));
	*room = larger;
	return 0;
}

#endif
