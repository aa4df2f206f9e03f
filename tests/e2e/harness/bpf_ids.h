/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf_ids.h - the BPF programs, maps and links that a process has loaded into
 * the kernel.
 *
 * Inputs: a pid.  Outputs: kernel ids, and whether they are gone.  It must not
 * know redtap.  It reads one process only, so other runs on the same machine do
 * not matter.
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
 * Finds what the file descriptors of process pid refer to.  Fails the test if
 * they cannot be read, or if there is no program, map or link among them.
 */
void bpf_ids_of_process(struct bpf_ids *ids, pid_t pid);

/*
 * Fails the test if one of them still exists after a while: the kernel frees them a little later.
 */
void bpf_ids_assert_gone(const struct bpf_ids *ids);

#endif
