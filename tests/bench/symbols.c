// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * symbols.c - see symbols.h.
 */
#include "symbols.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without it, BPF programs have no names in kallsyms. */
static void names_allow(void)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_kallsyms", "w");

	if (!file || fputs("1", file) < 0 || fclose(file))
		err(1, "cannot make the kernel list BPF programs in kallsyms");
}

static void functions_print(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], name[256], type;
	unsigned long address;

	if (!file)
		err(1, "/proc/kallsyms");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx %c %255s", &address, &type, name) == 3 &&
		    strchr("tTwW", type) && address)
			printf("symbol %lx %s\n", address, name);
	fclose(file);
}

/* The line's number and column are one word: linux/bpf.h. */
#define LINE_NUMBER(column) ((column) >> 10)

static void lines_print(const struct bpf_prog_info *info, const uint64_t *places,
			const struct bpf_line_info *lines)
{
	struct btf *btf = btf__load_from_kernel_by_id(info->btf_id);
	uint32_t i;

	if (!btf)
		err(1, "cannot read the BTF of a BPF program");
	for (i = 0; i < info->nr_jited_line_info && i < info->nr_line_info; i++) {
		const char *file = btf__name_by_offset(btf, lines[i].file_name_off);
		const char *text = btf__name_by_offset(btf, lines[i].line_off);
		const char *base = strrchr(file, '/');

		printf("line %llx %s:%u %s\n", (unsigned long long)places[i],
		       base ? base + 1 : file, LINE_NUMBER(lines[i].line_col),
		       text + strspn(text, " \t"));
	}
	btf__free(btf);
}

static void program_print(uint32_t id)
{
	struct bpf_prog_info sizes = { 0 }, info = { 0 };
	uint32_t size = sizeof(sizes);
	int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_line_info *lines;
	uint64_t *places;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &sizes, &size))
		err(1, "cannot read the info of BPF program %u", id);
	places = calloc(sizes.nr_jited_line_info + 1, sizeof(*places));
	lines = calloc(sizes.nr_line_info + 1, sizeof(*lines));
	if (!places || !lines)
		errx(1, "no memory for the lines of a program");
	info.nr_jited_line_info = sizes.nr_jited_line_info;
	info.nr_line_info = sizes.nr_line_info;
	info.jited_line_info_rec_size = sizeof(*places);
	info.line_info_rec_size = sizeof(*lines);
	info.jited_line_info = (uintptr_t)places;
	info.line_info = (uintptr_t)lines;
	size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		err(1, "cannot read the lines of BPF program %u", id);
	if (info.nr_jited_line_info && info.btf_id)
		lines_print(&info, places, lines);
	free(places);
	free(lines);
	close(fd);
}

void symbols_print(void)
{
	uint32_t id = 0;

	names_allow();
	functions_print();
	while (bpf_prog_get_next_id(id, &id) == 0)
		program_print(id);
}
