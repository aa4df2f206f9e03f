/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_hooks.c - the table of hooks: it has one row for each program of the BPF object,
 * with the same hook, and chooses one program for each purpose.
 *
 * Input: redtap.bpf.o, in the directory above this program's.
 */
#include "unit.h"

#include <bpf/libbpf.h>
#include <libgen.h>
#include <limits.h>
#include <unistd.h>

#include "kernel/hooks.h"

#define TRACEPOINT (1U << HOOK_TRACEPOINT)
#define TRACE_EVENT (1U << HOOK_TRACE_EVENT)
#define DELIVER (1U << REQUEST_PHASE_DELIVER)
#define ACCEPT (1U << REQUEST_PHASE_ACCEPT)

static struct bpf_object *object_open(void)
{
	static char path[PATH_MAX + 32];
	char self[PATH_MAX] = "";
	struct bpf_object *object;

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(path, sizeof(path), "%s/../redtap.bpf.o", dirname(self));
	object = bpf_object__open_file(path, NULL);
	if (!object)
		fail_msg("cannot open '%s'", path);
	return object;
}

/* The section name that belongs to a row. */
static const char *section_of(const struct hook *hook)
{
	static const char *const kinds[HOOK_COUNT] = { [HOOK_NONE] = "raw_tp",
						       [HOOK_TRACEPOINT] = "raw_tp/",
						       [HOOK_TRACE_EVENT] = "tracepoint/sock/" };
	static char section[64];

	snprintf(section, sizeof(section), "%s%s", kinds[hook->kind],
		 hook->subject ? hook->subject : "");
	return section;
}

static void test_programs(void **state)
{
	struct bpf_object *object = object_open();
	struct bpf_program *program;
	size_t i, named = 0, programs = 0;

	(void)state;
	bpf_object__for_each_program(program, object) {
		size_t rows = 0;

		for (i = 0; i < HOOK_ROWS; i++) {
			if (!hooks[i].program ||
			    strcmp(hooks[i].program, bpf_program__name(program)) != 0)
				continue;
			assert_string_equal(bpf_program__section_name(program),
					    section_of(&hooks[i]));
			rows++;
		}
		if (rows != 1)
			fail_msg("program '%s' is in %zu rows of the table",
				 bpf_program__name(program), rows);
		programs++;
	}
	for (i = 0; i < HOOK_ROWS; i++)
		named += hooks[i].program != NULL;
	assert_int_equal(named, programs);
	bpf_object__close(object);
}

struct choice_row {
	const char *comment;
	struct hook_choice choice;
	const char *programs[8]; /* of receive, arrival, acknowledgement and accept */
};

static const struct choice_row choice_rows[] = {
	{ "one program; two where a softirq can interrupt the first",
	  { 6, TRACEPOINT, 0 },
	  { "raw_tp_sock_recv_length", "raw_tp_sk_data_ready", "again_sk_data_ready" } },
	{ "a trace event is not needed before Linux 7",
	  { 6, TRACEPOINT | TRACE_EVENT, 0 },
	  { "raw_tp_sock_recv_length", "raw_tp_sk_data_ready", "again_sk_data_ready" } },
	{ "phases",
	  { 6, TRACEPOINT, DELIVER | ACCEPT },
	  { "raw_tp_sock_recv_length", "raw_tp_sk_data_ready", "again_sk_data_ready",
	    "raw_tp_tcp_probe", "again_tcp_probe", "raw_tp_sys_exit" } },
	{ "Linux 7: pairs; at receive the first is a trace event",
	  { 7, TRACEPOINT | TRACE_EVENT, ACCEPT },
	  { "event_sock_recv_length", "again_sock_recv_length", "raw_tp_sk_data_ready",
	    "again_sk_data_ready", "raw_tp_sys_exit", "again_sys_exit" } },
	{ "Linux 7 without trace events",
	  { 7, TRACEPOINT, 0 },
	  { "raw_tp_sock_recv_length", "again_sock_recv_length", "raw_tp_sk_data_ready",
	    "again_sk_data_ready" } },
};

static bool purpose_is_compared(enum hook_purpose purpose)
{
	return purpose == PURPOSE_RECEIVE || purpose == PURPOSE_ARRIVAL ||
	       purpose == PURPOSE_ACKNOWLEDGEMENT || purpose == PURPOSE_ACCEPT;
}

static void check_choice(const struct choice_row *row)
{
	unsigned int firsts[PURPOSE_COUNT] = { 0 }, seconds[PURPOSE_COUNT] = { 0 };
	size_t i, next = 0;

	for (i = 0; i < HOOK_ROWS; i++) {
		const struct hook *hook = &hooks[i];

		if (!hook_is_chosen(hook, &row->choice))
			continue;
		(hook->second ? seconds : firsts)[hook->purpose]++;
		if (!purpose_is_compared(hook->purpose))
			continue;
		if (!row->programs[next] || strcmp(row->programs[next], hook->program) != 0)
			fail_msg("%s: '%s' is loaded", row->comment, hook->program);
		next++;
	}
	if (row->programs[next])
		fail_msg("%s: '%s' is not loaded", row->comment, row->programs[next]);
	for (i = PURPOSE_NONE + 1; i < PURPOSE_COUNT; i++) {
		const bool wanted =
			(i != PURPOSE_ACKNOWLEDGEMENT || row->choice.phases & DELIVER) &&
			(i != PURPOSE_ACCEPT || row->choice.phases & ACCEPT);

		if (firsts[i] != wanted || seconds[i] > wanted)
			fail_msg("%s: %u and %u programs of purpose %zu", row->comment, firsts[i],
				 seconds[i], i);
	}
}

static void test_choice(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(choice_rows); i++)
		check_choice(&choice_rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
