/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf_ids.c - see bpf_ids.h.
 */
#include "harness/bpf_ids.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "harness/harness.h"

static const struct {
	const char *name;
	const char *field; /* in /proc/PID/fdinfo/FD */
	int (*open_by_id)(__u32 id);
} kinds[BPF_KIND_COUNT] = {
	[BPF_KIND_PROGRAM] = { "program", "prog_id:", bpf_prog_get_fd_by_id },
	[BPF_KIND_MAP] = { "map", "map_id:", bpf_map_get_fd_by_id },
	[BPF_KIND_LINK] = { "link", "link_id:", bpf_link_get_fd_by_id },
};

static void add_id(struct bpf_ids *ids, enum bpf_kind kind, uint32_t id)
{
	size_t i;

	for (i = 0; i < ids->count[kind]; i++)
		if (ids->ids[kind][i] == id)
			return;
	assert_true(ids->count[kind] < ROWS(ids->ids[kind]));
	ids->ids[kind][ids->count[kind]++] = id;
}

static void add_descriptor(struct bpf_ids *ids, const char *path)
{
	char line[256];
	FILE *file = fopen(path, "r");

	/* Descriptors may open and close while the directory is read. */
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		int kind;

		for (kind = 0; kind < BPF_KIND_COUNT; kind++) {
			const size_t length = strlen(kinds[kind].field);
			unsigned int id;

			if (strncmp(line, kinds[kind].field, length) == 0 &&
			    sscanf(line + length, "%u", &id) == 1)
				add_id(ids, kind, id);
		}
	}
	fclose(file);
}

void bpf_ids_of_process(struct bpf_ids *ids, pid_t pid)
{
	DIR *directory = opendir(text_format("/proc/%d/fdinfo", (int)pid));
	struct dirent *entry;
	int kind;

	if (!directory)
		fail_msg("cannot read /proc/%d/fdinfo: %s", (int)pid, strerror(errno));
	memset(ids, 0, sizeof(*ids));
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			add_descriptor(ids,
				       text_format("/proc/%d/fdinfo/%s", (int)pid, entry->d_name));
	closedir(directory);
	for (kind = 0; kind < BPF_KIND_COUNT; kind++)
		if (ids->count[kind] == 0)
			fail_msg("process %d holds no BPF %s", (int)pid, kinds[kind].name);
}

/* Returns one that still exists, or NULL. */
static const char *find_left(const struct bpf_ids *ids)
{
	int kind;
	size_t i;

	for (kind = 0; kind < BPF_KIND_COUNT; kind++) {
		for (i = 0; i < ids->count[kind]; i++) {
			const int fd = kinds[kind].open_by_id(ids->ids[kind][i]);

			if (fd < 0 && (fd == -ENOENT || errno == ENOENT))
				continue;
			if (fd >= 0)
				close(fd);
			return text_format("%s %u", kinds[kind].name, ids->ids[kind][i]);
		}
	}
	return NULL;
}

static bool all_gone(void *context)
{
	return find_left(context) == NULL;
}

void bpf_ids_assert_gone(const struct bpf_ids *ids)
{
	if (!wait_until(all_gone, (void *)ids, DEADLINE_S))
		fail_msg("BPF %s was not removed", find_left(ids));
}
