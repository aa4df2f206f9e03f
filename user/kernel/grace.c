// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * grace.c - see grace.h.
 *
 * The kernel offers this in one place: a bpf() call that replaces a map in a map of maps
 * returns only when no program can use the old one any more (kernel/bpf/syscall.c,
 * maybe_wait_bpf_programs(), since Linux 5.0).  So there is such a map, which no program
 * uses.  membarrier() would do the same, but not on a machine with a single CPU or with
 * CPUs in nohz_full.
 */
#include "kernel/grace.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#define GRACE_PENDING 1

int grace_open(struct grace *grace)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);

	*grace = (struct grace){ .outer = -1 };
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
	if (grace->begun)
		pthread_join(grace->thread, NULL);
	grace->begun = false;
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

static void *wait_beside(void *context)
{
	struct grace *grace = context;

	__atomic_store_n(&grace->result, grace_wait(grace), __ATOMIC_RELEASE);
	return NULL;
}

/* A new thread each time: it is rare, and leaves nothing behind. */
void grace_begin(struct grace *grace)
{
	sigset_t all, before;

	grace->result = GRACE_PENDING;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	grace->begun = pthread_create(&grace->thread, NULL, wait_beside, grace) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!grace->begun) /* no thread can be made: wait here */
		grace->result = grace_wait(grace);
}

int grace_is_over(struct grace *grace)
{
	const int result = __atomic_load_n(&grace->result, __ATOMIC_ACQUIRE);

	if (result == GRACE_PENDING)
		return 0;
	if (grace->begun)
		pthread_join(grace->thread, NULL);
	grace->begun = false;
	return result < 0 ? result : 1;
}
