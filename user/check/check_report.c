/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * check_report.c - prints the findings of check, as text or as JSON.
 *
 * Input: struct check.  Output: text on a stream.  It must not examine anything
 * by itself, except which capabilities are held.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "check/check_private.h"
#include "kernel/capabilities.h"

#define MB 1e6

/* ---- text ------------------------------------------------------------- */

/* Why a process cannot be examined. */
static const char *process_problem(int error)
{
	if (error == -EACCES || error == -EPERM)
		return "its sockets cannot be seen: CAP_SYS_PTRACE or CAP_DAC_READ_SEARCH missing";
	if (error == -EINVAL)
		return "a kernel thread, which serves nothing";
	return strerror(-error);
}

static void print_kernel(FILE *out, const struct check *check)
{
	fprintf(out, "kernel        %s %s %s\n", check->kernel.sysname, check->kernel.release,
		check->kernel.machine);
	if (check->btf_bytes)
		fprintf(out, "BTF           %s, %.1f MB\n", CHECK_BTF_PATH, check->btf_bytes / MB);
	else
		fprintf(out,
			"BTF           none: %s: %s (the kernel needs CONFIG_DEBUG_INFO_BTF)\n",
			CHECK_BTF_PATH, strerror(-check->btf_error));
	if (!check->lockdown[0])
		fprintf(out,
			"lockdown      unknown: securityfs is not mounted, or has no lockdown\n");
	else
		fprintf(out, "lockdown      %s%s\n", check->lockdown,
			strcmp(check->lockdown, "confidentiality") == 0
				? ": programs must not read kernel memory, which redtap needs"
				: "");
}

static void print_capabilities(FILE *out, const struct check *check)
{
	char missing[CAPABILITY_TEXT_MAX];
	size_t i;

	fprintf(out, "user          uid %u, ", check->user);
	if (capabilities_missing(false, missing) == 0)
		fprintf(out, "no capability is missing\n");
	else
		fprintf(out, "%s missing\n", missing);
	for (i = 0; i < CAPABILITY_COUNT; i++)
		if (!capability_held(&capabilities[i]))
			fprintf(out, "              %s: %s\n", capabilities[i].name,
				capabilities[i].purpose);
}

static void print_hooks(FILE *out, const struct check *check)
{
	enum hook_kind kind;

	for (kind = HOOK_NONE + 1; kind < HOOK_COUNT; kind++) {
		const struct hook_probe *probe = &check->hooks[kind];

		fprintf(out, "%-14s%-12s", kind == HOOK_NONE + 1 ? "hooks" : "", hook_name(kind));
		if (probe->error)
			fprintf(out, "not usable: %s: %s (%s)", probe->subject, probe->reason,
				strerror(-probe->error));
		else
			fputs("usable", out);
		if (!hook_implemented(kind))
			fputs("; not used by this release", out);
		else if (!hook_needed(kind))
			fputs("; not needed on this kernel", out);
		fputc('\n', out);
	}
}

static void print_process(FILE *out, const struct check_process *process)
{
	char name[TEXT_ESCAPED_SIZE(PROC_NAME_SIZE)];
	char path[TEXT_ESCAPED_SIZE(PROC_UNIX_PATH_SIZE)];
	size_t i;

	fprintf(out, "process       %d", process->pid);
	if (process->error) {
		fprintf(out, ": %s\n", process_problem(process->error));
		return;
	}
	fprintf(out, " (%s), %zu worker%s\n",
		text_escape_terminal(name, sizeof(name), process->name), process->workers,
		process->workers == 1 ? "" : "s");
	if (process->port_count == 0)
		fprintf(out, "              listens on no TCP port\n");
	for (i = 0; i < process->port_count; i++)
		fprintf(out, "              listens on port %u, %" PRIu32 " connection%s open\n",
			process->ports[i].port, process->ports[i].connections,
			process->ports[i].connections == 1 ? "" : "s");
	if (process->listens_unix)
		fprintf(out,
			"              listens on the Unix socket '%s'; HTTP over Unix sockets is not\n"
			"              observed yet\n",
			text_escape_terminal(path, sizeof(path), process->unix_path));
}

static void print_observed(FILE *out, const struct check_observed *observed)
{
	const uint64_t *ignored = observed->ignored;

	if (observed->seconds == 0)
		return;
	fprintf(out,
		"traffic       in %.0f s: %" PRIu64 " requests; connections with TLS %" PRIu64
		", HTTP/2 %" PRIu64 ", not HTTP %" PRIu64 "\n"
		"              (TLS and HTTP/2 are not observed yet; they are recognized by a connection's\n"
		"              first bytes, so not on connections that were open before)\n",
		observed->seconds, observed->requests, ignored[IGNORE_TLS], ignored[IGNORE_HTTP2],
		ignored[IGNORE_NOT_HTTP] + ignored[IGNORE_MALFORMED]);
}

/* The first reason why attach would fail. */
static const char *problem(const struct check *check)
{
	static char text[128 + CAPABILITY_TEXT_MAX];
	char missing[CAPABILITY_TEXT_MAX];

	if (check->load_error == -EPERM && capabilities_missing(true, missing)) {
		snprintf(text, sizeof(text), "%s missing; %s", missing, capabilities_advice());
		return text;
	}
	if (check->load_error && check->btf_error)
		return "the kernel has no readable BTF";
	if (check->load_error)
		return strerror(-check->load_error);
	if (check->attach_error)
		return hook_explain(HOOK_TRACEPOINT, check->attach_error);
	return "a process cannot be observed";
}

void check_print_table(FILE *out, const struct check *check)
{
	const struct options *options = check->options;
	size_t i;

	print_kernel(out, check);
	print_capabilities(out, check);
	print_hooks(out, check);
	if (check->memory_now)
		fprintf(out,
			"memory        %.1f MB for the kernel's tables, about %.0f MB when they are full "
			"(--max-series %u, --max-connections %u)\n",
			check->memory_now / MB, check->memory_full / MB, options->kernel.max_series,
			options->kernel.max_connections);
	for (i = 0; i < options->watch.pid_count; i++)
		print_process(out, &check->processes[i]);
	print_observed(out, &check->observed);
	if (check->works)
		fprintf(out, "attach        would work, by %ss\n", hook_name(HOOK_TRACEPOINT));
	else
		fprintf(out, "attach        would not work: %s\n", problem(check));
}

/* ---- JSON ------------------------------------------------------------- */

static void put_hooks(struct json *json, const struct check *check)
{
	const char *subject;
	enum hook_kind kind;
	size_t i;

	json_open(json, "hooks", '[');
	for (kind = HOOK_NONE + 1; kind < HOOK_COUNT; kind++) {
		const struct hook_probe *probe = &check->hooks[kind];

		json_open(json, NULL, '{');
		json_put_text(json, "kind", hook_name(kind));
		json_put_bool(json, "usable", !probe->error);
		json_put_bool(json, "implemented", hook_implemented(kind));
		json_put_bool(json, "needed", hook_implemented(kind) && hook_needed(kind));
		json_put_count(json, "errno", (uint64_t)-probe->error);
		json_put_text(json, "subject", probe->subject);
		json_put_text(json, "reason", probe->reason);
		json_open(json, "subjects", '[');
		for (i = 0; (subject = hook_subject(kind, i)); i++)
			json_put_text(json, NULL, subject);
		json_close(json, ']');
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_process(struct json *json, const struct check_process *process)
{
	size_t i;

	json_open(json, NULL, '{');
	json_put_count(json, "pid", (uint64_t)process->pid);
	json_put_text(json, "error", process->error ? process_problem(process->error) : NULL);
	json_put_text(json, "name", process->name);
	json_put_count(json, "workers", process->workers);
	json_open(json, "ports", '[');
	for (i = 0; i < process->port_count; i++) {
		json_open(json, NULL, '{');
		json_put_count(json, "port", process->ports[i].port);
		json_put_count(json, "connections", process->ports[i].connections);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_put_text(json, "unix_socket", process->listens_unix ? process->unix_path : NULL);
	json_close(json, '}');
}

static void put_observed(struct json *json, const struct check_observed *observed)
{
	const uint64_t *ignored = observed->ignored;

	if (observed->seconds == 0) {
		json_put_null(json, "observed");
		return;
	}
	json_open(json, "observed", '{');
	json_put_number(json, "seconds", observed->seconds);
	json_put_count(json, "requests", observed->requests);
	json_put_count(json, "tls", ignored[IGNORE_TLS]);
	json_put_count(json, "http2", ignored[IGNORE_HTTP2]);
	json_put_count(json, "not_http", ignored[IGNORE_NOT_HTTP] + ignored[IGNORE_MALFORMED]);
	json_close(json, '}');
}

static void put_kernel(struct json *json, const struct check *check)
{
	size_t i;

	json_put_text(json, "kernel", check->kernel.release);
	json_put_text(json, "machine", check->kernel.machine);
	json_put_count(json, "btf_bytes", check->btf_bytes);
	json_put_text(json, "lockdown", check->lockdown[0] ? check->lockdown : NULL);
	json_put_count(json, "uid", check->user);
	json_open(json, "capabilities_missing", '[');
	for (i = 0; i < CAPABILITY_COUNT; i++)
		if (!capability_held(&capabilities[i]))
			json_put_text(json, NULL, capabilities[i].name);
	json_close(json, ']');
}

static void put_memory(struct json *json, const struct check *check)
{
	json_open(json, "memory", '{');
	json_put_count(json, "max_series", check->options->kernel.max_series);
	json_put_count(json, "max_connections", check->options->kernel.max_connections);
	json_put_count(json, "now_bytes", check->memory_now);
	json_put_count(json, "full_bytes", check->memory_full);
	json_close(json, '}');
}

void check_print_json(FILE *out, const struct check *check, double time)
{
	struct json json = { .out = out };
	size_t i;

	json_open(&json, NULL, '{');
	json_put_text(&json, "type", "check");
	json_put_number(&json, "time", time);
	json_put_text(&json, "version", REDTAP_VERSION);
	put_kernel(&json, check);
	put_hooks(&json, check);
	put_memory(&json, check);
	json_open(&json, "processes", '[');
	for (i = 0; i < check->options->watch.pid_count; i++)
		put_process(&json, &check->processes[i]);
	json_close(&json, ']');
	put_observed(&json, &check->observed);
	json_open(&json, "attach", '{');
	json_put_bool(&json, "works", check->works);
	json_put_text(&json, "hooks", check->works ? hook_name(HOOK_TRACEPOINT) : NULL);
	json_put_text(&json, "reason", check->works ? NULL : problem(check));
	json_close(&json, '}');
	json_close(&json, '}');
	fputc('\n', out);
}
