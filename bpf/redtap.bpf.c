// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * redtap.bpf.c - the BPF object: the programs of all hooks.
 */
#include "hooks/tracepoint.bpf.h"
