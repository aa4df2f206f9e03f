// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * loader_programs.c - which of the programs are loaded on this kernel, see
 * loader_private.h.
 */
#include <string.h>

#include "kernel/hooks.h"
#include "kernel/loader_private.h"
#include "base/log.h"

bool loader_is_again(const struct bpf_program *program)
{
	return strncmp(bpf_program__name(program), "again_", strlen("again_")) == 0;
}

/* Whether a softirq can come to the hook of a program while a system call is in it. */
static bool program_is_interrupted(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);

	return strstr(name, "inet_sock_set_state") || strstr(name, "tcp_destroy_sock") ||
	       strstr(name, "sk_data_ready") || strstr(name, "tcp_probe");
}

bool loader_is_event(const struct bpf_program *program)
{
	return bpf_program__type(program) == BPF_PROG_TYPE_TRACEPOINT;
}

const char *loader_hook_of(const struct bpf_program *program)
{
	return strrchr(bpf_program__section_name(program), '/');
}

/* Whether a program for a trace event can take the place of the first at its hook. */
static bool program_has_event(const struct bpf_object *object, const struct bpf_program *program)
{
	const char *hook = loader_hook_of(program);
	struct bpf_program *other;

	bpf_object__for_each_program(other, object)
		if (hook && loader_is_event(other) && strcmp(loader_hook_of(other), hook) == 0)
			return true;
	return false;
}

/* How calls and changes of state are seen, see redtap.bpf.c. */
enum call_hooks {
	CALL_HOOKS_ONE = 0, /* a program each at a tracepoint */
	CALL_HOOKS_PAIRS,   /* two of them: each can be preempted, Linux 7.0 */
	CALL_HOOKS_EVENTS,  /* there, the first of them at a trace event: it cannot */
};

static enum call_hooks choose_call_hooks(void)
{
	struct hook_probe probe;

	if (!hook_needed(HOOK_TRACE_EVENT))
		return CALL_HOOKS_ONE;
	probe = hook_probe(HOOK_TRACE_EVENT);
	if (!probe.error)
		return CALL_HOOKS_EVENTS;
	log_warning(
		"trace event '%s' cannot be used: %s; under load, calls and closed connections may be missed (redtap.hook.missed)",
		probe.subject, probe.reason);
	return CALL_HOOKS_PAIRS;
}

/* Whether a program has a place in this way of seeing calls. */
static bool program_is_placed(const struct bpf_object *object, const struct bpf_program *program,
			      enum call_hooks calls)
{
	if (loader_is_event(program))
		return calls == CALL_HOOKS_EVENTS;
	if (!loader_is_again(program) && program_has_event(object, program))
		return calls != CALL_HOOKS_EVENTS;
	return !loader_is_again(program) || calls != CALL_HOOKS_ONE ||
	       program_is_interrupted(program);
}

/* Whether what a program measures was asked for. */
static bool program_is_wanted(const struct bpf_program *program, uint32_t phases)
{
	const char *name = bpf_program__name(program);

	if (strstr(name, "tcp_probe"))
		return phases & (1U << REQUEST_PHASE_DELIVER);
	if (strstr(name, "sys_exit"))
		return phases & (1U << REQUEST_PHASE_ACCEPT);
	return true;
}

bool loader_choose(struct bpf_object *object, uint32_t phases)
{
	const enum call_hooks calls = choose_call_hooks();
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
		if (!program_is_wanted(program, phases) ||
		    !program_is_placed(object, program, calls))
			bpf_program__set_autoload(program, false);
	return calls != CALL_HOOKS_ONE;
}
