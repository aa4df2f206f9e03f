/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * memory.bpf.h - reads the kernel's memory.
 *
 * Inputs: addresses.  Outputs: typed pointers, and fields behind them.  It must not
 * know which structures there are.
 *
 * From kernel 6.2 on, bpf_rdonly_cast gives a typed pointer, and a read is one load;
 * before, each read is a call of bpf_probe_read_kernel.
 */
#ifndef REDTAP_MEMORY_H
#define REDTAP_MEMORY_H

#include "abi/portable.h"
#include <bpf/bpf_core_read.h>

#ifdef REDTAP_LEGACY

#define KERNEL_POINTER(type, address) ((type *)(address))
#define KERNEL_READ(pointer, field) BPF_CORE_READ(pointer, field)

#else

extern void *bpf_rdonly_cast(const void *address, __u32 btf_id) __ksym;

#define KERNEL_POINTER(type, address)                                                              \
	((type *)bpf_rdonly_cast((const void *)(address), bpf_core_type_id_kernel(type)))
#define KERNEL_READ(pointer, field) ((pointer)->field)

#endif

#endif
