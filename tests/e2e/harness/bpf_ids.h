/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf_ids.h - the BPF programs, maps and links that a process has brought into
 * the kernel.
 *
 * Inputs: a pid.  Outputs: kernel ids, and whether they are gone.  It must not
 * know redtap.  Looking at one process only, it never blames another run on the
 * same machine.
 */
#ifndef REDTAP_E2E_BPF_IDS_H
#define REDTAP_E2E_BPF_IDS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum bpf_kind {
	BPF_KIND_PROGRAM,
	BPF_KIND_MAP,
	BPF_KIND_LINK,
	BPF_KIND_COUNT,
};

struct bpf_ids {
	uint32_t ids[BPF_KIND_COUNT][256];
	size_t count[BPF_KIND_COUNT];
};

/*
 * What the file descriptors of process pid refer to.  Fails the test when they
 * can not be read, or when there is no program, map or link among them.
 */
void bpf_ids_of_process(struct bpf_ids *ids, pid_t pid);

/* Fails the test if one of them is still there after a while: the kernel frees a little later. */
void bpf_ids_assert_gone(const struct bpf_ids *ids);

#endif
