/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hook_kinds.c - see hooks.h.
 */
#include "kernel/hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SUBJECTS_MAX 8
#define KPROBE_TYPE_PATH "/sys/bus/event_source/devices/kprobe/type"
/* Where tracefs is: systemd mounts it at the first, before Linux 4.1 it was in the second. */
#define EVENT_ID_PATH "/sys/kernel/tracing/events/sock/%s/id"
#define EVENT_ID_PATH_OLD "/sys/kernel/debug/tracing/events/sock/%s/id"

/* How a kind differs from the others. */
struct hook_row {
	const char *name;
	bool implemented;
	int kernel_major;                       /* the first of Linux that needs it; 0: all */
	const char *subjects[SUBJECTS_MAX + 1]; /* that redtap attaches to, or would */
	int (*load)(const char *subject);       /* an empty program: descriptor or -errno */
	int (*attach)(const char *subject, int program);
	const char *missing; /* what -ENOENT means */
	const char *refused; /* what -EPERM means */
};

/* return 0: what the verifier wants at least */
static const struct bpf_insn empty_program[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};
#define EMPTY_LENGTH (sizeof(empty_program) / sizeof(empty_program[0]))

static int load_empty(enum bpf_prog_type type, struct bpf_prog_load_opts *options)
{
	int fd = bpf_prog_load(type, "redtap_probe", "GPL", empty_program, EMPTY_LENGTH, options);

	return fd < 0 ? -errno : fd;
}

/* ---- raw tracepoints -------------------------------------------------- */

static int load_tracepoint(const char *subject)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options);

	(void)subject;
	return load_empty(BPF_PROG_TYPE_RAW_TRACEPOINT, &options);
}

static int attach_tracepoint(const char *subject, int program)
{
	int fd = bpf_raw_tracepoint_open(subject, program);

	return fd < 0 ? -errno : fd;
}

/* ---- fentry ----------------------------------------------------------- */

/* The function is fixed when the program is loaded. */
static int load_fentry(const char *subject)
{
	int id = libbpf_find_vmlinux_btf_id(subject, BPF_TRACE_FENTRY);
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = id > 0 ? (uint32_t)id : 0);

	return id <= 0 ? -ENOENT : load_empty(BPF_PROG_TYPE_TRACING, &options);
}

static int attach_fentry(const char *subject, int program)
{
	(void)subject;
	return attach_tracepoint(NULL, program);
}

/* ---- performance events ----------------------------------------------- */

/* Runs the program at each such event, on all CPUs. */
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

/* A number in a file of the kernel's, or -errno. */
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

static int load_trace_event(const char *subject)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options);

	(void)subject;
	return load_empty(BPF_PROG_TYPE_TRACEPOINT, &options);
}

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

static int load_kprobe(const char *subject)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options);

	(void)subject;
	return load_empty(BPF_PROG_TYPE_KPROBE, &options);
}

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

static const struct hook_row rows[HOOK_COUNT] = {
	[HOOK_TRACEPOINT] = {
		.name = "tracepoint",
		.implemented = true,
		.subjects = { "sock_recv_length", "sock_send_length", "sk_data_ready",
			      "inet_sock_set_state", "tcp_destroy_sock", "sched_process_fork",
			      "sched_process_exit" },
		.load = load_tracepoint,
		.attach = attach_tracepoint,
		.missing = "this kernel has no such tracepoint; redtap needs Linux 6.3 or newer",
		.refused = "the kernel refuses it: a capability is missing, or BPF is locked down "
			   "(lockdown=confidentiality, a container's seccomp filter)",
	},
	[HOOK_TRACE_EVENT] = {
		.name = "trace_event",
		.implemented = true,
		.kernel_major = 7,
		.subjects = { "sock_recv_length", "sock_send_length", "inet_sock_set_state" },
		.load = load_trace_event,
		.attach = attach_trace_event,
		.missing = "tracefs is not mounted at /sys/kernel/tracing",
		.refused = "the kernel refuses it: a capability is missing, tracefs is hidden, or "
			   "perf events are forbidden (a container's seccomp filter)",
	},
	[HOOK_FENTRY] = {
		.name = "fentry",
		.subjects = { "tcp_recvmsg", "tcp_sendmsg" },
		.load = load_fentry,
		.attach = attach_fentry,
		.missing = "the kernel has no BTF for this function",
		.refused = "the kernel refuses programs of this type",
	},
	[HOOK_KPROBE] = {
		.name = "kprobe",
		.subjects = { "tcp_recvmsg", "tcp_sendmsg" },
		.load = load_kprobe,
		.attach = attach_kprobe,
		.missing = "the kernel is built without kprobes, or hides them (/sys not mounted)",
		.refused = "the kernel refuses it: a capability is missing, or kprobes are locked down",
	},
};

const char *hook_name(enum hook_kind kind)
{
	return rows[kind].name;
}

bool hook_implemented(enum hook_kind kind)
{
	return rows[kind].implemented;
}

bool hook_needed(enum hook_kind kind)
{
	struct utsname kernel;

	return uname(&kernel) == 0 && atoi(kernel.release) >= rows[kind].kernel_major;
}

const char *const *hook_subjects(enum hook_kind kind)
{
	return rows[kind].subjects;
}

int hook_attach(enum hook_kind kind, const char *subject, int program)
{
	return rows[kind].attach(subject, program);
}

static int probe_subject(const struct hook_row *row, const char *subject)
{
	int program = row->load(subject);
	int attachment;

	if (program < 0)
		return program;
	attachment = row->attach(subject, program);
	if (attachment >= 0)
		close(attachment);
	close(program);
	return attachment < 0 ? attachment : 0;
}

struct hook_probe hook_probe(enum hook_kind kind)
{
	struct hook_probe probe = { 0 };
	const char *const *subject;

	for (subject = rows[kind].subjects; *subject; subject++) {
		probe.error = probe_subject(&rows[kind], *subject);
		if (probe.error == 0)
			continue;
		probe.subject = *subject;
		probe.reason = hook_explain(kind, probe.error);
		break;
	}
	return probe;
}

const char *hook_explain(enum hook_kind kind, int error)
{
	if (error == -ENOENT)
		return rows[kind].missing;
	if (error == -EPERM || error == -EACCES)
		return rows[kind].refused;
	return strerror(-error);
}
