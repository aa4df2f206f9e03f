/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * verify.c - loads every program of a BPF object into the running kernel, one by one, to
 * test them with its verifier.
 *
 * Input: the path of an object file built from bpf/redtap.bpf.c.  Outputs: a line for each
 * program and each kind of settings (the constants decide which branches the verifier
 * checks), the end of the verifier's log if it refuses a program, then "verify: N loaded,
 * M failed"; exit status 1 if any failed.  Nothing is attached.  It must not know what the
 * programs do.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "abi/abi.h"

/* Lines to show: the reason is at the end of the log. */
#define LOG_TAIL_LINES 60
#define WARNINGS_TAIL_LINES 8
/* Older kernels refuse a program whose log does not fit, and keep the log's beginning. */
#define LOG_BYTES (64 * 1024 * 1024)

/* linux/bpf_verifier.h: not part of the kernel's interface, stable since 5.2 */
enum log_level {
	LOG_LEVEL_STEPS = 1,
	LOG_LEVEL_STATISTICS = 4,
};

/* One kind of settings, as the loader may choose them. */
struct variant {
	const char *name;
	struct settings settings;
};

static const struct variant variants[] = {
	{ "initial pid namespace", { .max_series = 2048 } },
	{ "with --client", { .max_series = 2048, .client = 1 } },
	{ "other pid namespace", { .pid_namespace = 4026532000u, .max_series = 2048 } },
};

static char *log_buffer;

/* Messages of libbpf during the last load; shown if it failed. */
static char warnings[64 * 1024];

static int keep_warnings(enum libbpf_print_level level, const char *format, va_list arguments)
{
	size_t used = strlen(warnings);

	if (level == LIBBPF_WARN)
		vsnprintf(warnings + used, sizeof(warnings) - used, format, arguments);
	return 0;
}

/* The last lines of a text. */
static void print_tail(const char *text, int lines)
{
	const char *start = text + strlen(text);

	while (start > text && (start[-1] != '\n' || lines-- > 0))
		start--;
	printf("%s\n", start);
}

static bool kernel_older_than(unsigned int major, unsigned int minor)
{
	unsigned int running_major, running_minor;
	struct utsname name;

	if (uname(&name) != 0 ||
	    sscanf(name.release, "%u.%u", &running_major, &running_minor) != 2) {
		fprintf(stderr, "verify: cannot read the kernel's version\n");
		exit(1);
	}
	return running_major < major || (running_major == major && running_minor < minor);
}

/*
 * Allocation in tracing programs is safe from kernel 6.1 on; for older kernels, the maps
 * must be preallocated.  The verifier ignores the number of elements, so they get few:
 * creating them all takes longer than the verifier.
 */
static int preallocate_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	if (!kernel_older_than(6, 1))
		return 0;
	bpf_object__for_each_map(map, object) {
		int err;

		if (bpf_map__type(map) != BPF_MAP_TYPE_HASH)
			continue;
		err = bpf_map__set_max_entries(map, 1);
		if (!err)
			err = bpf_map__set_map_flags(map,
						     bpf_map__map_flags(map) & ~BPF_F_NO_PREALLOC);
		if (err)
			return err;
	}
	return 0;
}

/* Offset of a variable in .rodata, or -ENOENT if there is none of that name and size. */
static long constant_offset(const struct btf *btf, const char *name, size_t size)
{
	__s32 section = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_var_secinfo *variable;
	const struct btf_type *type;
	__u32 i;

	if (section < 0)
		return -ENOENT;
	type = btf__type_by_id(btf, section);
	variable = btf_var_secinfos(type);
	for (i = 0; i < btf_vlen(type); i++, variable++) {
		const struct btf_type *named = btf__type_by_id(btf, variable->type);

		if (strcmp(btf__name_by_offset(btf, named->name_off), name) == 0 &&
		    variable->size == size)
			return variable->offset;
	}
	return -ENOENT;
}

/* Before load.  0 or -errno. */
static int settings_set(struct bpf_object *object, const struct settings *settings)
{
	long offset = constant_offset(bpf_object__btf(object), "settings", sizeof(*settings));
	struct bpf_map *map;
	int err = -ENOENT;

	if (offset < 0)
		return offset;
	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);
		size_t size = bpf_map__value_size(map);
		const void *initial;
		char *bytes;

		if (strlen(name) < 7 || strcmp(name + strlen(name) - 7, ".rodata") != 0)
			continue;
		initial = bpf_map__initial_value(map, &size);
		bytes = malloc(size);
		if (initial && bytes && offset + sizeof(*settings) <= size) {
			memcpy(bytes, initial, size);
			memcpy(bytes + offset, settings, sizeof(*settings));
			err = bpf_map__set_initial_value(map, bytes, size);
		}
		free(bytes);
	}
	return err;
}

/* 0 or -errno; the verifier's log is in log_buffer either way. */
static int load_alone(const char *path, const char *name, const struct variant *variant,
		      enum log_level level)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	int err;

	if (!object)
		return -errno;
	log_buffer[0] = '\0';
	warnings[0] = '\0';
	err = settings_set(object, &variant->settings);
	if (!err)
		err = preallocate_maps(object);
	if (err)
		goto out;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
	program = bpf_object__find_program_by_name(object, name);
	if (!program) {
		err = -ENOENT;
		goto out;
	}
	bpf_program__set_log_buf(program, log_buffer, LOG_BYTES);
	bpf_program__set_log_level(program, level);
	err = bpf_object__load(object);
out:
	bpf_object__close(object);
	return err;
}

/* The number after a text in the verifier's statistics; 0 if there is none. */
static unsigned long log_number(const char *text)
{
	const char *found = strstr(log_buffer, text);

	return found ? strtoul(found + strlen(text), NULL, 10) : 0;
}

/* True if the kernel accepts the program. */
static bool verify_program(const char *path, const char *name, const struct variant *variant)
{
	int err = load_alone(path, name, variant, LOG_LEVEL_STATISTICS);

	if (!err) {
		printf("ok %s insns=%lu ms=%lu (%s)\n", name, log_number("processed "),
		       log_number("verification time ") / 1000, variant->name);
		return true;
	}
	/* Load it again, with a log.  For a program that is too complex (E2BIG) no log helps. */
	if (err != -E2BIG)
		err = load_alone(path, name, variant, LOG_LEVEL_STEPS);
	printf("FAILED %s (%s): %s\n", name, variant->name, strerror(-err));
	print_tail(warnings, WARNINGS_TAIL_LINES);
	print_tail(log_buffer, LOG_TAIL_LINES);
	return false;
}

/*
 * The kernel must accept the object's type information, too.  libbpf continues without it,
 * but then programs have no function names and line numbers, and every user sees a page of
 * warnings.
 */
static bool verify_types(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	bool taken;
	int err;

	if (!object)
		return false;
	warnings[0] = '\0';
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	err = preallocate_maps(object);
	if (!err)
		err = bpf_object__load(object);
	taken = !err && bpf_object__btf_fd(object) >= 0;
	bpf_object__close(object);
	if (taken) {
		printf("ok types\n");
	} else {
		printf("FAILED types: %s\n", err ? strerror(-err) : "the kernel refuses the BTF");
		print_tail(warnings, WARNINGS_TAIL_LINES);
	}
	return taken;
}

int main(int argc, char **argv)
{
	unsigned int loaded = 0, failed = 0;
	struct bpf_program *program;
	struct bpf_object *object;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: verify OBJECT\n");
		return 2;
	}
	libbpf_set_print(keep_warnings);
	log_buffer = malloc(LOG_BYTES);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || !log_buffer) {
		fprintf(stderr, "verify: cannot open '%s': %s\n", argv[1], strerror(errno));
		return 1;
	}
	bpf_object__for_each_program(program, object) {
		for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
			if (verify_program(argv[1], bpf_program__name(program), &variants[i]))
				loaded++;
			else
				failed++;
			fflush(stdout);
		}
	}
	if (!verify_types(argv[1]))
		failed++;
	bpf_object__close(object);
	free(log_buffer);
	printf("verify: %u loaded, %u failed\n", loaded, failed);
	return failed || !loaded;
}
