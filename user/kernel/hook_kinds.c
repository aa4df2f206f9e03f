/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hook_kinds.c - see hooks.h: how programs of each kind are loaded and attached.
 */
#include "kernel/hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KPROBE_TYPE_PATH "/sys/bus/event_source/devices/kprobe/type"
/* Where tracefs is: systemd mounts it at the first, before Linux 4.1 it was in the second. */
#define EVENT_ID_PATH "/sys/kernel/tracing/events/sock/%s/id"
#define EVENT_ID_PATH_OLD "/sys/kernel/debug/tracing/events/sock/%s/id"

/* What tells a kind from the others. */
struct kind_row {
	const char *name;
	enum bpf_prog_type type;
	int (*attach)(const char *subject, int program);
	const char *missing; /* what -ENOENT means */
	const char *refused; /* what -EPERM means */
};

/* ---- raw tracepoints -------------------------------------------------- */

static int attach_tracepoint(const char *subject, int program)
{
	int fd = bpf_raw_tracepoint_open(subject, program);

	return fd < 0 ? -errno : fd;
}

/* ---- fentry ----------------------------------------------------------- */

static int attach_fentry(const char *subject, int program)
{
	(void)subject;
	return attach_tracepoint(NULL, program);
}

/* ---- performance events ----------------------------------------------- */

/* Runs the program at each event of this type, on all CPUs. */
static int attach_event(struct perf_event_attr *attributes, int program)
{
	int fd, err;

	attributes->size = sizeof(*attributes);
	fd = syscall(SYS_perf_event_open, attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* Reads a number from a file of the kernel; -errno if it cannot. */
static int read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	int number;

	if (!file)
		return -errno;
	if (fscanf(file, "%d", &number) != 1)
		number = -ENOENT;
	fclose(file);
	return number;
}

/* ---- trace events ----------------------------------------------------- */

static int attach_trace_event(const char *subject, int program)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_TRACEPOINT };
	char path[128];
	int id;

	snprintf(path, sizeof(path), EVENT_ID_PATH, subject);
	id = read_number(path);
	if (id < 0) {
		snprintf(path, sizeof(path), EVENT_ID_PATH_OLD, subject);
		id = read_number(path);
	}
	if (id < 0)
		return id;
	attributes.config = id;
	return attach_event(&attributes, program);
}

/* ---- kprobes ---------------------------------------------------------- */

static int attach_kprobe(const char *subject, int program)
{
	struct perf_event_attr attributes = { .config1 = (uintptr_t)subject /* kprobe_func */ };
	int type = read_number(KPROBE_TYPE_PATH);

	if (type < 0)
		return type;
	attributes.type = type;
	return attach_event(&attributes, program);
}

/* ---- the table -------------------------------------------------------- */

static const struct kind_row rows[HOOK_COUNT] = {
	[HOOK_TRACEPOINT] = {
		.name = "tracepoint",
		.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.attach = attach_tracepoint,
		.missing = "this kernel has no such tracepoint; redtap needs Linux 6.3 or newer",
		.refused = "the kernel refuses it: a capability is missing, or BPF is locked down "
			   "(lockdown=confidentiality, a container's seccomp filter)",
	},
	[HOOK_TRACE_EVENT] = {
		.name = "trace_event",
		.type = BPF_PROG_TYPE_TRACEPOINT,
		.attach = attach_trace_event,
		.missing = "tracefs is not mounted at /sys/kernel/tracing",
		.refused = "the kernel refuses it: a capability is missing, tracefs is hidden, or "
			   "perf events are forbidden (a container's seccomp filter)",
	},
	[HOOK_FENTRY] = {
		.name = "fentry",
		.type = BPF_PROG_TYPE_TRACING,
		.attach = attach_fentry,
		.missing = "the kernel has no BTF for this function",
		.refused = "the kernel refuses programs of this type",
	},
	[HOOK_KPROBE] = {
		.name = "kprobe",
		.type = BPF_PROG_TYPE_KPROBE,
		.attach = attach_kprobe,
		.missing = "the kernel is built without kprobes, or hides them (/sys not mounted)",
		.refused = "the kernel refuses it: a capability is missing, or kprobes are locked down",
	},
};

const char *hook_name(enum hook_kind kind)
{
	return rows[kind].name;
}

int hook_attach(enum hook_kind kind, const char *subject, int program)
{
	return rows[kind].attach(subject, program);
}

/* Loads a program that returns 0.  Returns its descriptor or -errno. */
static int load_empty(enum hook_kind kind, const char *subject)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options);
	int fd, id;

	if (kind == HOOK_FENTRY) { /* the function is chosen at load */
		id = libbpf_find_vmlinux_btf_id(subject, BPF_TRACE_FENTRY);
		if (id <= 0)
			return -ENOENT;
		options.expected_attach_type = BPF_TRACE_FENTRY;
		options.attach_btf_id = (uint32_t)id;
	}
	fd = bpf_prog_load(rows[kind].type, "redtap_probe", "GPL", program,
			   sizeof(program) / sizeof(program[0]), &options);
	return fd < 0 ? -errno : fd;
}

int hook_try(enum hook_kind kind, const char *subject)
{
	int program = load_empty(kind, subject);
	int attachment;

	if (program < 0)
		return program;
	attachment = hook_attach(kind, subject, program);
	if (attachment >= 0)
		close(attachment);
	close(program);
	return attachment < 0 ? attachment : 0;
}

const char *hook_explain(enum hook_kind kind, int error)
{
	if (error == -ENOENT)
		return rows[kind].missing;
	if (error == -EPERM || error == -EACCES)
		return rows[kind].refused;
	return strerror(-error);
}
