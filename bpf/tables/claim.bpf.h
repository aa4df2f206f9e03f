/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * claim.bpf.h - who may work on a part of a connection: one CPU at a time, and
 * nobody waits.
 *
 * Inputs: a word of the part, 0 when it is free.  Outputs: had or not.  It must
 * not know what the part holds.
 */
#ifndef REDTAP_CLAIM_H
#define REDTAP_CLAIM_H

#include "abi/portable.h"

static __always_inline bool part_claim(__u32 *claim)
{
#ifdef REDTAP_LEGACY
	/* no compare-and-swap before kernel 5.12: two calls at the very same
	 * instant would both get it */
	if (*(volatile __u32 *)claim)
		return false;
	*(volatile __u32 *)claim = 1;
	return true;
#else
	return __sync_val_compare_and_swap(claim, 0, bpf_get_smp_processor_id() + 1) == 0;
#endif
}

/* Only the owner's own mark is taken away. */
static __always_inline void part_release(__u32 *claim)
{
#ifdef REDTAP_LEGACY
	*(volatile __u32 *)claim = 0;
#else
	__sync_val_compare_and_swap(claim, bpf_get_smp_processor_id() + 1, 0);
#endif
}

#endif
