// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * grace.c - see grace.h.
 *
 * The kernel promises it for one thing: when a map of maps is given another map from
 * user space, the call returns only after the programs that may still use the old one
 * (kernel/bpf/syscall.c, maybe_wait_bpf_programs(), since Linux 5.0).  So there is such
 * a map, which no program uses.  membarrier() would do the same as long as the machine
 * has more than one CPU and none of them is in nohz_full.
 */
#include "grace.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

int grace_open(struct grace *grace)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);

	grace->outer = -1;
	grace->inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "grace_inner", sizeof(uint32_t),
				      sizeof(uint32_t), 1, NULL);
	if (grace->inner < 0)
		return -errno;
	options.inner_map_fd = grace->inner;
	grace->outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "grace_outer", sizeof(uint32_t),
				      sizeof(uint32_t), 1, &options);
	return grace->outer < 0 ? -errno : 0;
}

void grace_close(struct grace *grace)
{
	if (grace->outer >= 0)
		close(grace->outer);
	if (grace->inner >= 0)
		close(grace->inner);
	grace->outer = grace->inner = -1;
}

int grace_wait(const struct grace *grace)
{
	const uint32_t place = 0;

	return bpf_map_update_elem(grace->outer, &place, &grace->inner, BPF_ANY) ? -errno : 0;
}
