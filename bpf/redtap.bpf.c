// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * redtap.bpf.c - the BPF object: the programs of all hooks.  user/kernel/hooks.c lists
 * them, and says which of them are loaded when.
 */
#include "hooks/prog_run.bpf.h"
#include "hooks/trace_event.bpf.h"
#include "hooks/tracepoint.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
