/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * check_report.c - what check found, to be read or as JSON.
 *
 * Input: struct check.  Output: text on a stream.  It must not find out
 * anything by itself but which capabilities are held.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/capabilities.h"
#include "check/check_private.h"
#include "base/text.h"

#define MB 1e6
#define TEXT_MAX 1024

/* ---- to be read ------------------------------------------------------- */

/* Why a process cannot be looked at. */
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
			"lockdown      not known: securityfs is not mounted, or has no lockdown\n");
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
}

static void print_observed(FILE *out, const struct check_observed *observed)
{
	const uint64_t *ignored = observed->ignored;

	if (observed->seconds == 0)
		return;
	fprintf(out,
		"traffic       in %.0f s: %" PRIu64 " requests; connections with TLS %" PRIu64
		", HTTP/2 %" PRIu64 ", not HTTP %" PRIu64 "\n"
		"              (TLS and HTTP/2 are not observed yet, and told by a connection's first\n"
		"              bytes: of connections opened before, none can be known)\n",
		observed->seconds, observed->requests, ignored[IGNORE_TLS], ignored[IGNORE_HTTP2],
		ignored[IGNORE_NOT_HTTP] + ignored[IGNORE_MALFORMED]);
}

/* The first thing that keeps attach from working. */
static const char *problem(const struct check *check)
{
	static char text[64 + CAPABILITY_TEXT_MAX];
	char missing[CAPABILITY_TEXT_MAX];

	if (check->load_error == -EPERM && capabilities_missing(true, missing)) {
		snprintf(text, sizeof(text), "%s missing; run with sudo", missing);
		return text;
	}
	if (check->load_error && check->btf_error)
		return "the kernel has no BTF that can be read";
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

static void put_text(FILE *out, const char *key, const char *text)
{
	char escaped[TEXT_MAX];

	if (text)
		fprintf(out, "\"%s\":\"%s\"", key,
			text_escape_json(escaped, sizeof(escaped), text));
	else
		fprintf(out, "\"%s\":null", key);
}

static const char *json_bool(bool value)
{
	return value ? "true" : "false";
}

static void put_hooks(FILE *out, const struct check *check)
{
	const char *subject;
	enum hook_kind kind;
	size_t i;

	fputs(",\"hooks\":[", out);
	for (kind = HOOK_NONE + 1; kind < HOOK_COUNT; kind++) {
		const struct hook_probe *probe = &check->hooks[kind];

		fputs(kind > HOOK_NONE + 1 ? ",{" : "{", out);
		put_text(out, "kind", hook_name(kind));
		fprintf(out, ",\"usable\":%s,\"implemented\":%s,\"needed\":%s,\"errno\":%d,",
			json_bool(!probe->error), json_bool(hook_implemented(kind)),
			json_bool(hook_implemented(kind) && hook_needed(kind)), -probe->error);
		put_text(out, "subject", probe->subject);
		fputc(',', out);
		put_text(out, "reason", probe->reason);
		fputs(",\"subjects\":[", out);
		for (i = 0; (subject = hook_subject(kind, i)); i++)
			fprintf(out, "%s\"%s\"", i ? "," : "", subject);
		fputs("]}", out);
	}
	fputc(']', out);
}

static void put_process(FILE *out, const struct check_process *process)
{
	size_t i;

	fprintf(out, "{\"pid\":%d,", process->pid);
	put_text(out, "error", process->error ? process_problem(process->error) : NULL);
	fputc(',', out);
	put_text(out, "name", process->name);
	fprintf(out, ",\"workers\":%zu,\"ports\":[", process->workers);
	for (i = 0; i < process->port_count; i++)
		fprintf(out, "%s{\"port\":%u,\"connections\":%" PRIu32 "}", i ? "," : "",
			process->ports[i].port, process->ports[i].connections);
	fputs("]}", out);
}

static void put_observed(FILE *out, const struct check_observed *observed)
{
	const uint64_t *ignored = observed->ignored;

	if (observed->seconds == 0) {
		fputs(",\"observed\":null", out);
		return;
	}
	fprintf(out,
		",\"observed\":{\"seconds\":%.3f,\"requests\":%" PRIu64 ",\"tls\":%" PRIu64
		",\"http2\":%" PRIu64 ",\"not_http\":%" PRIu64 "}",
		observed->seconds, observed->requests, ignored[IGNORE_TLS], ignored[IGNORE_HTTP2],
		ignored[IGNORE_NOT_HTTP] + ignored[IGNORE_MALFORMED]);
}

static void put_missing(FILE *out)
{
	const char *separator = "";
	size_t i;

	fputs(",\"capabilities_missing\":[", out);
	for (i = 0; i < CAPABILITY_COUNT; i++) {
		if (capability_held(&capabilities[i]))
			continue;
		fprintf(out, "%s\"%s\"", separator, capabilities[i].name);
		separator = ",";
	}
	fputc(']', out);
}

void check_print_json(FILE *out, const struct check *check, double time)
{
	const struct options *options = check->options;
	size_t i;

	fprintf(out, "{\"type\":\"check\",\"time\":%.9f,", time);
	put_text(out, "version", REDTAP_VERSION);
	fputc(',', out);
	put_text(out, "kernel", check->kernel.release);
	fputc(',', out);
	put_text(out, "machine", check->kernel.machine);
	fprintf(out, ",\"btf_bytes\":%" PRIu64 ",", check->btf_bytes);
	put_text(out, "lockdown", check->lockdown[0] ? check->lockdown : NULL);
	fprintf(out, ",\"uid\":%u", check->user);
	put_missing(out);
	put_hooks(out, check);
	fprintf(out,
		",\"memory\":{\"max_series\":%u,\"max_connections\":%u,\"now_bytes\":%" PRIu64
		",\"full_bytes\":%" PRIu64 "},\"processes\":[",
		options->kernel.max_series, options->kernel.max_connections, check->memory_now,
		check->memory_full);
	for (i = 0; i < options->watch.pid_count; i++) {
		fputs(i ? "," : "", out);
		put_process(out, &check->processes[i]);
	}
	fputc(']', out);
	put_observed(out, &check->observed);
	fprintf(out, ",\"attach\":{\"works\":%s,", json_bool(check->works));
	put_text(out, "hooks", check->works ? hook_name(HOOK_TRACEPOINT) : NULL);
	fputc(',', out);
	put_text(out, "reason", check->works ? NULL : problem(check));
	fputs("}}\n", out);
}
