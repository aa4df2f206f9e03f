// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * loader_programs.c - the programs, by the table of hooks: which are loaded, where they
 * are attached, and how often the kernel has skipped them.
 */
#include <inttypes.h>

#include "kernel/loader_private.h"
#include "base/log.h"

/* ---- loading and attaching -------------------------------------------- */

/* Kinds that the programs of this kernel can use; a warning if one is missing. */
static uint32_t usable_kinds(void)
{
	const uint32_t always = 1U << HOOK_TRACEPOINT;
	struct hook_probe probe;

	if (!hook_needed(HOOK_TRACE_EVENT))
		return always;
	probe = hook_probe(HOOK_TRACE_EVENT);
	if (!probe.error)
		return always | 1U << HOOK_TRACE_EVENT;
	log_warning(
		"trace event '%s' cannot be used: %s; under load, calls and closed connections may be missed (redtap.hook.missed)",
		probe.subject, probe.reason);
	return always;
}

bool loader_choose(struct bpf_object *object, uint32_t phases)
{
	const struct hook_choice choice = {
		.kernel_major = hook_kernel_major(),
		.kinds = usable_kinds(),
		.phases = phases,
	};
	const struct hook *hook;
	bool pairs = false;

	for (hook = hooks; hook < hooks + HOOK_ROWS; hook++) {
		if (hook_is_chosen(hook, &choice))
			pairs = pairs || (hook->purpose == PURPOSE_RECEIVE && hook->second);
		else if (hook->program)
			bpf_program__set_autoload(
				bpf_object__find_program_by_name(object, hook->program), false);
	}
	return pairs;
}

/* The program of a hook, NULL: it is not loaded. */
static const struct bpf_program *program_loaded(const struct loader *loader,
						const struct hook *hook)
{
	const struct bpf_program *program = NULL;

	if (hook->program)
		program = bpf_object__find_program_by_name(loader->skeleton->obj, hook->program);
	return program && bpf_program__autoload(program) ? program : NULL;
}

static int attach(struct loader *loader, const struct hook *hook)
{
	const struct bpf_program *program = program_loaded(loader, hook);
	int fd;

	if (!program || hook->kind == HOOK_NONE)
		return 0;
	fd = hook_attach(hook->kind, hook->subject, bpf_program__fd(program));
	if (fd < 0) {
		log_error("cannot attach to %s '%s': %s", hook_name(hook->kind), hook->subject,
			  hook_explain(hook->kind, fd));
		return fd;
	}
	loader->attachments[loader->attachment_count++] = fd;
	log_detail("hook: %s at %s %s", hook->program, hook_name(hook->kind), hook->subject);
	return 0;
}

/*
 * The second of each pair after the first.  The kernel frees programs and links with
 * the last descriptor, so nothing stays behind, however redtap ends.
 */
int loader_attach(struct loader *loader)
{
	int second, err = 0;
	size_t i;

	for (second = 0; second < 2; second++)
		for (i = 0; i < HOOK_ROWS && !err; i++)
			if (hooks[i].second == second)
				err = attach(loader, &hooks[i]);
	return err;
}

/* ---- what the kernel has skipped -------------------------------------- */

static uint64_t program_missed(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return 0;
	return info.recursion_misses;
}

/* Events that neither the first nor the second of a pair has seen. */
static uint64_t purpose_missed(const struct loader *loader, enum hook_purpose purpose)
{
	uint64_t by_first = 0, by_second = UINT64_MAX;
	const struct hook *hook;

	for (hook = hooks; hook < hooks + HOOK_ROWS; hook++) {
		const struct bpf_program *program = program_loaded(loader, hook);

		if (!program || hook->purpose != purpose)
			continue;
		*(hook->second ? &by_second : &by_first) = program_missed(program);
	}
	return by_second < by_first ? by_second : by_first;
}

uint64_t loader_missed(const struct loader *loader)
{
	enum hook_purpose purpose;
	uint64_t sum = 0;

	for (purpose = PURPOSE_NONE + 1; purpose < PURPOSE_COUNT; purpose++)
		sum += purpose_missed(loader, purpose);
	return sum;
}

uint64_t loader_missed_processes(const struct loader *loader)
{
	return purpose_missed(loader, PURPOSE_FORK) + purpose_missed(loader, PURPOSE_EXIT);
}

void loader_tell_missed(const struct loader *loader)
{
	const struct hook *hook;

	for (hook = hooks; hook < hooks + HOOK_ROWS; hook++) {
		const struct bpf_program *program = program_loaded(loader, hook);
		const uint64_t missed = program ? program_missed(program) : 0;

		if (missed)
			log_detail("hook: %s was skipped %" PRIu64 " times", hook->program, missed);
	}
	log_detail("the kernel skipped at most %" PRIu64 " events", loader_missed(loader));
}
