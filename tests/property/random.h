/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * random.h - pseudo-random numbers that depend only on a seed, so that a seed gives the
 * same numbers again, on every machine.
 *
 * Inputs: a seed and a stream number.  Outputs: numbers.  It must not know what
 * they are used for.
 */
#ifndef REDTAP_PROPERTY_RANDOM_H
#define REDTAP_PROPERTY_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* splitmix64: one addition, then mixing; every state is valid. */
static inline uint64_t random_next(struct random *random)
{
	uint64_t mixed = random->state += 0x9e3779b97f4a7c15ULL;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
	return mixed ^ mixed >> 31;
}

/* The streams of one seed are independent. */
static inline void random_init(struct random *random, uint64_t seed, uint64_t stream)
{
	random->state = seed;
	random->state = random_next(random) ^ stream * 0xd1342543de82ef95ULL;
	random_next(random);
}

/* 0 to n - 1; n > 0. */
static inline uint64_t random_below(struct random *random, uint64_t n)
{
	return random_next(random) % n;
}

/* low to high, both included. */
static inline uint64_t random_range(struct random *random, uint64_t low, uint64_t high)
{
	return low + random_below(random, high - low + 1);
}

/* True in so many of a thousand cases. */
static inline bool random_chance(struct random *random, unsigned int of_thousand)
{
	return random_below(random, 1000) < of_thousand;
}

/* A random row of a table. */
#define RANDOM_ROW(random, table) (table)[random_below(random, sizeof(table) / sizeof((table)[0]))]

#endif
