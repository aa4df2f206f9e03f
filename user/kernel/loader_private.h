/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * loader_private.h - what the parts of the loader share.
 *
 *   loader.c           the object's life: open, set, load, attach, detach
 *   loader_programs.c  which programs are loaded
 *   loader_maps.c      what is in its maps, and what the programs tell of themselves
 */
#ifndef REDTAP_LOADER_PRIVATE_H
#define REDTAP_LOADER_PRIVATE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stddef.h>

#include "kernel/grace.h"
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
	int *attachments; /* descriptors; closing one detaches */
	size_t attachment_count;
	uint32_t max_series;
	struct mapping entries, series, phases, accepts;
	struct grace grace;
};

/* No series has an id yet: all are free.  Returns 0 or -errno. */
int loader_free_all_series(const struct loader *loader);
/* What a program is attached to, with a slash before its name; NULL: it is run by hand. */
const char *loader_hook_of(const struct bpf_program *program);
/* The second of each pair of programs, see pair.bpf.h. */
bool loader_is_again(const struct bpf_program *program);
/* One for a trace event. */
bool loader_is_event(const struct bpf_program *program);
/*
 * Leaves out what this kernel does not need, and what measures phases (bits of enum
 * request_phase) that nobody asked for.  Returns whether receive and send have pairs.
 */
bool loader_choose(struct bpf_object *object, uint32_t phases);

#endif
