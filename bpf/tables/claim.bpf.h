/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * claim.bpf.h - who may work on a part of a connection: one CPU at a time, and
 * nobody waits.
 *
 * Inputs: a word of the part, 0 when it is free.  Outputs: claimed or not.  It must
 * not know what the part holds.
 */
#ifndef REDTAP_CLAIM_H
#define REDTAP_CLAIM_H

#include "abi/portable.h"

static __always_inline bool part_claim(__u32 *claim)
{
	return atomic_compare_exchange(claim, 0, bpf_get_smp_processor_id() + 1);
}

/* Only the owner's own mark is cleared. */
static __always_inline void part_release(__u32 *claim)
{
	atomic_compare_exchange(claim, bpf_get_smp_processor_id() + 1, 0);
}

#endif
