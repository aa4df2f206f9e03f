/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * loader_private.h - what the parts of the loader share.
 *
 *   loader.c           the object's life: open, set, load, detach
 *   loader_programs.c  which programs are loaded, attached, and were skipped
 *   loader_maps.c      what is in its maps
 */
#ifndef REDTAP_LOADER_PRIVATE_H
#define REDTAP_LOADER_PRIVATE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stddef.h>

#include "kernel/grace.h"
#include "kernel/hooks.h"
#include "kernel/loader.h"
#include "redtap.skel.h"

/* An array of the kernel, mapped. */
struct mapping {
	void *values; /* NULL: none */
	size_t size;
	size_t step; /* from one value to the next */
};

struct loader {
	struct redtap_bpf *skeleton;
	int attachments[HOOK_ROWS]; /* descriptors; closing one detaches */
	size_t attachment_count;
	uint32_t max_series;
	struct mapping entries, series, phases, accepts;
	struct grace grace;
};

/* No series has an id yet: all are free.  Returns 0 or -errno. */
int loader_free_all_series(const struct loader *loader);
/*
 * Leaves out programs that this kernel does not need, or no phase (bits of enum
 * request_phase) that is asked for.  Returns whether receive and send have pairs.
 */
bool loader_choose(struct bpf_object *object, uint32_t phases);

#endif
