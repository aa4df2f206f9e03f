/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * portable.h - integer types and a few macros, so that a header compiles for BPF, for the
 * loader and for the unit tests.
 *
 * Only this file checks which of these it is compiled for.
 */
#ifndef REDTAP_PORTABLE_H
#define REDTAP_PORTABLE_H

#ifdef __bpf__

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define UINT64_MAX (~0ULL)

/*
 * Constant tables in headers.  Not static in BPF: clang gives static variables no offset
 * in the BTF of their section, and the kernel then rejects all BTF; without BTF it does
 * not verify functions separately.
 */
#define CONSTANT_TABLE const

/* Loads eight bytes from any address, in memory order: one instruction. */
static __always_inline __u64 word_load(const void *at)
{
	return *(const __u64 *)at;
}

static __always_inline void word_store(void *at, __u64 word)
{
	*(__u64 *)at = word;
}

#else

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t __u8;
typedef int8_t __s8;
#include <linux/types.h>

#define CONSTANT_TABLE static const

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

static __always_inline __u64 word_load(const void *at)
{
	__u64 word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static __always_inline void word_store(void *at, __u64 word)
{
	memcpy(at, &word, sizeof(word));
}

#endif

/* All memory may have changed: the compiler keeps no values in registers. */
#define COMPILER_BARRIER() __asm__ volatile("" ::: "memory")

/* Reads memory once that others may write at the same time; as in the kernel. */
#define READ_ONCE(place) (*(const volatile __typeof__(place) *)&(place))

/*
 * As in the kernel: a reader that sees the value also sees everything written before it.
 * x86 orders stores by itself; BPF has no release store before kernel 6.15.
 */
#define smp_store_release(at, value)                                                               \
	do {                                                                                       \
		COMPILER_BARRIER();                                                                \
		*(volatile __typeof__(*(at)) *)(at) = (value);                                     \
	} while (0)

/*
 * index & mask; the compiler cannot remove the mask, even if it knows the range of index.
 * The verifier needs the mask.
 */
static __always_inline __u32 index_mask(__u32 index, __u32 mask)
{
	__asm__ volatile("" : "+r"(index));
	return index & mask;
}

/*
 * Hides a value from the compiler.  For indexes: if the compiler merges a comparison with
 * another one, or compares a copy, the verifier does not learn the range.
 */
static __always_inline __u64 value_opaque(__u64 value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

/*
 * Atomic operations other than addition: in BPF since kernel 5.12 (with -mcpu=v3).  The
 * build for older kernels does not use them: two CPUs at the same time may overwrite each
 * other's change there.
 */
#ifdef REDTAP_LEGACY

static __always_inline void atomic_or(__u32 *place, __u32 bits)
{
	*(volatile __u32 *)place |= bits;
}

static __always_inline bool atomic_compare_exchange(__u32 *place, __u32 before, __u32 after)
{
	COMPILER_BARRIER();
	if (*(volatile __u32 *)place != before)
		return false;
	*(volatile __u32 *)place = after;
	return true;
}

static __always_inline __u64 atomic_increment(__u64 *place)
{
	return ++*(volatile __u64 *)place;
}

#else

static __always_inline void atomic_or(__u32 *place, __u32 bits)
{
	__sync_fetch_and_or(place, bits);
}

/* Returns whether the value was `before`, and was exchanged. */
static __always_inline bool atomic_compare_exchange(__u32 *place, __u32 before, __u32 after)
{
	return __sync_val_compare_and_swap(place, before, after) == before;
}

/* Returns the new value. */
static __always_inline __u64 atomic_increment(__u64 *place)
{
	return __sync_fetch_and_add(place, 1) + 1;
}

#endif

#define REDTAP_STATIC_ASSERT(condition, text) _Static_assert(condition, text)

#endif
