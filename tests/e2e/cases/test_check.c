/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_check.c - `redtap check`: reports whether attach would work, and if not, why.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/process.h"
#include "harness/raw.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

enum { ARGUMENTS_MAX = 16, SUBJECTS_MAX = 32 };

static const char tls_hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
static const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* Runs `redtap check` with further arguments (NULL-terminated) to its end. */
static struct process *check_start(const char *const *more)
{
	const char *argv[ARGUMENTS_MAX] = { path_build("redtap"), "check" };
	size_t i;

	for (i = 0; more[i]; i++)
		argv[i + 2] = more[i];
	return process_start(&(struct process_options){ .name = "check", .argv = argv });
}

#define CHECK(...) check_start((const char *const[]){ __VA_ARGS__, NULL })

/* The one JSON line that it printed; the caller releases it. */
static json_t *check_json(struct process *process)
{
	char *text = process_out(process);
	json_error_t error;
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!line)
		fail_msg("not JSON (%s): '%s'; standard error: %s", error.text, text,
			 process_err(process));
	assert_string_equal(json_string_value(json_object_get(line, "type")), "check");
	free(text);
	return line;
}

static json_t *hook_of(json_t *line, const char *kind)
{
	json_t *hook;
	size_t i;

	json_array_foreach(json_object_get(line, "hooks"), i,
			   hook) if (strcmp(json_string_value(json_object_get(hook, "kind")),
					    kind) == 0) return hook;
	fail_msg("no hook '%s'", kind);
	return NULL;
}

static bool works(json_t *line)
{
	return json_is_true(json_object_get(json_object_get(line, "attach"), "works"));
}

static json_int_t integer(json_t *object, const char *key)
{
	json_t *number = json_object_get(object, key);

	if (!json_is_integer(number))
		fail_msg("no number '%s'", key);
	return json_integer_value(number);
}

/* Every kind of hook has a result; an unusable one has a subject, a reason and an error. */
static void kernel_and_hooks(void **state)
{
	static const char *const kinds[] = { "tracepoint", "trace_event", "fentry", "kprobe" };
	struct process *process = CHECK("--output", "json", "--max-series", "512");
	json_t *line, *memory;
	size_t i;

	(void)state;
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	line = check_json(process);
	for (i = 0; i < ROWS(kinds); i++) {
		json_t *hook = hook_of(line, kinds[i]);
		const bool usable = json_is_true(json_object_get(hook, "usable"));

		assert_int_equal(usable, integer(hook, "errno") == 0);
		assert_int_equal(usable, json_is_null(json_object_get(hook, "reason")));
		assert_int_equal(usable, json_is_null(json_object_get(hook, "subject")));
	}
	assert_true(json_is_true(json_object_get(hook_of(line, "tracepoint"), "usable")));
	assert_true(json_is_true(json_object_get(hook_of(line, "tracepoint"), "needed")));
	assert_int_equal(json_is_true(json_object_get(hook_of(line, "trace_event"), "needed")),
			 kernel_major() >= 7);
	assert_true(works(line));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(line, "attach"), "hooks")),
		"tracepoint");
	assert_true(integer(line, "btf_bytes") > 0);
	assert_int_equal(integer(line, "uid"), geteuid());
	memory = json_object_get(line, "memory");
	assert_int_equal(integer(memory, "max_series"), 512);
	assert_true(integer(memory, "now_bytes") > 0);
	/* an open connection takes about 3.5 KB */
	assert_true(integer(memory, "full_bytes") > integer(memory, "now_bytes") + 65536LL * 3000);
	json_decref(line);
}

/* The reported memory follows the limits: more series need more memory. */
static void memory_follows_the_limits(void **state)
{
	struct process *small =
		CHECK("--output", "json", "--max-series", "1", "--max-connections", "1");
	struct process *large;
	json_t *one, *other;

	(void)state;
	process_wait(small, DEADLINE_S);
	one = json_object_get(check_json(small), "memory");
	large = CHECK("--output", "json", "--max-series", "4096", "--max-connections", "1");
	process_wait(large, DEADLINE_S);
	other = json_object_get(check_json(large), "memory");
	assert_true(integer(other, "now_bytes") > integer(one, "now_bytes") + 4000LL * 2900);
	/* of the memory allocated at load, only the table of listeners is large */
	assert_true(integer(one, "full_bytes") < integer(one, "now_bytes") + 65536LL * 64 + 100000);
}

static void readable(void **state)
{
	static const char *const words[] = { "\nBTF ",
					     "kernel  ",
					     "tracepoint  usable",
					     "fentry ",
					     "kprobe ",
					     "no capability is missing",
					     "--max-series 2048",
					     "attach        would work, by tracepoints\n" };
	struct process *process = CHECK("--output", "table");
	char *text, *err;
	size_t i;

	(void)state;
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	text = process_out(process);
	for (i = 0; i < ROWS(words); i++)
		if (!strstr(text, words[i]))
			fail_msg("no '%s' in: %s", words[i], text);
	free(text);
	err = process_err(process);
	assert_string_equal(err, "");
	free(err);
	process = CHECK("--output", "none");
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	text = process_out(process);
	assert_string_equal(text, "");
	free(text);
}

/* check tries exactly the tracepoints that attach uses. */
static void probes_are_those_of_attach(void **state)
{
	static const char *const more[] = { "-v", NULL };
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct redtap *redtap =
		redtap_attach(&(struct redtap_options){ .pid = server.pid, .more = more });
	struct process *check = CHECK("--output", "json");
	json_t *line, *subject;
	size_t i, attached = 0;
	char *said, *at;

	(void)state;
	redtap_finish(redtap, SIGINT);
	said = process_err(redtap_process(redtap));
	process_wait(check, DEADLINE_S);
	line = check_json(check);
	json_array_foreach(json_object_get(hook_of(line, "tracepoint"), "subjects"), i,
			   subject) if (!strstr(said, text_format("raw_tp_%s at tracepoint %s\n",
								  json_string_value(subject),
								  json_string_value(subject))))
		fail_msg("attach does not use '%s'", json_string_value(subject));
	for (at = said; (at = strstr(at, "hook: raw_tp_")); at++)
		attached++;
	assert_int_equal(attached, i);
	free(said);
	json_decref(line);
}

/* The server reads all bytes, then the end of the stream, and closes. */
static void send_and_end(uint16_t port, const void *bytes, size_t length)
{
	const int fd = raw_connect(port);

	raw_send(fd, bytes, length);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	raw_finish(fd);
}

/* Opens connections of all kinds, one after the other, until the check has ended. */
static void send_all_kinds(struct process *check, uint16_t port)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

	while (process_is_running(check)) {
		send_and_end(port, request, sizeof(request) - 1);
		send_and_end(port, tls_hello, sizeof(tls_hello) - 1);
		send_and_end(port, http2_preface, sizeof(http2_preface) - 1);
		send_and_end(port, "hello, are you there?\r\n", 23);
	}
}

static void process_and_traffic(void **state)
{
	const struct server server = server_start_webapp("epoll", 3, NULL);
	struct line *lines[2] = { line_open(server.port), line_open(server.port) };
	const struct request_kind root = { .method = "GET", .target = "/", .route = "/" };
	struct process *check;
	json_t *line, *process, *port, *observed;

	(void)state;
	/* after a response they are accepted: two connections that stay open */
	assert_int_equal(line_exchange(lines[0], &root, NULL), 200);
	assert_int_equal(line_exchange(lines[1], &root, NULL), 200);
	check = CHECK("--output", "json", "-p", text_format("%d", (int)server.pid));
	send_all_kinds(check, server.port);
	process_assert_exit(check, 0);
	line = check_json(check);
	process = json_array_get(json_object_get(line, "processes"), 0);
	assert_int_equal(integer(process, "pid"), server.pid);
	assert_string_equal(json_string_value(json_object_get(process, "name")), "webapp");
	assert_int_equal(integer(process, "workers"), 3);
	assert_int_equal(json_array_size(json_object_get(process, "ports")), 1);
	port = json_array_get(json_object_get(process, "ports"), 0);
	assert_int_equal(integer(port, "port"), server.port);
	/* /proc/net/tcp is no snapshot: it may also list some of the short connections */
	assert_in_range(integer(port, "connections"), 2, 10);
	observed = json_object_get(line, "observed");
	assert_true(integer(observed, "requests") > 0);
	assert_true(integer(observed, "tls") > 0);
	assert_true(integer(observed, "http2") > 0);
	assert_true(integer(observed, "not_http") > 0);
	json_decref(line);
}

static void process_without_a_port(void **state)
{
	const char *argv[] = { "sleep", "600", NULL };
	struct process *sleeper =
		process_start(&(struct process_options){ .name = "sleep", .argv = argv });
	struct process *check = CHECK("-p", text_format("%d", (int)sleeper->pid));
	char *text;

	(void)state;
	process_wait(check, DEADLINE_S);
	process_assert_exit(check, 0);
	text = process_out(check);
	assert_non_null(strstr(text, "(sleep), 0 workers\n"));
	assert_non_null(strstr(text, "listens on no TCP port"));
	free(text);
}

/* One of two processes cannot be observed: reported for that process and in the exit status. */
static void bad_process(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct process *check = CHECK("--output", "json", "-p", "2147483647", "-p",
				      text_format("%d", (int)server.pid));
	json_t *line, *processes;
	char *err;

	(void)state;
	process_wait(check, DEADLINE_S);
	process_assert_exit(check, 1);
	line = check_json(check);
	assert_false(works(line));
	processes = json_object_get(line, "processes");
	assert_int_equal(json_array_size(processes), 2);
	assert_non_null(
		strstr(json_string_value(json_object_get(json_array_get(processes, 0), "error")),
		       "No such process"));
	assert_true(json_is_null(json_object_get(json_array_get(processes, 1), "error")));
	json_decref(line);
	err = process_err(check);
	assert_non_null(strstr(err, "no process with pid '2147483647'"));
	free(err);
}

/* Without a capability: its name is reported, and the exit status is 1. */
static void missing_capability(void **state)
{
	static const struct {
		const char *bounding_set, *missing, *reason;
	} rows[] = {
		{ "--bounding-set=-bpf,-sys_admin", "CAP_BPF", "CAP_BPF missing" },
		{ "--bounding-set=-perfmon,-sys_admin", "CAP_PERFMON", "CAP_PERFMON missing" },
		{ "--bounding-set=-sys_ptrace", "CAP_SYS_PTRACE", "a process cannot be observed" },
	};
	const struct server server = server_start_webapp("epoll", 1, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		/*
		 * root without a capability that the server has: its descriptors are not readable
		 */
		const char *argv[] = { "setpriv",
				       rows[i].bounding_set,
				       path_build("redtap"),
				       "check",
				       "--output",
				       "json",
				       "-p",
				       text_format("%d", (int)server.pid),
				       NULL };
		struct process *check =
			process_start(&(struct process_options){ .name = "check", .argv = argv });
		const char *reason;
		json_t *line, *missing;

		process_wait(check, DEADLINE_S);
		process_assert_exit(check, 1);
		line = check_json(check);
		assert_false(works(line));
		missing = json_object_get(line, "capabilities_missing");
		assert_int_equal(json_array_size(missing), 1);
		assert_string_equal(json_string_value(json_array_get(missing, 0)), rows[i].missing);
		reason = json_string_value(
			json_object_get(json_object_get(line, "attach"), "reason"));
		assert_ptr_equal(strstr(reason, rows[i].reason), reason);
		/* it is root already */
		assert_null(strstr(reason, "sudo"));
		json_decref(line);
	}
}

/* A process name is untrusted text. */
static void name_is_escaped(void **state)
{
	const char *copy = path_scratch("a\x1b[2J\"\n\xff");
	const char *argv[] = { copy, "600", NULL };
	size_t length;
	char *bytes = file_read("/usr/bin/sleep", &length), *text;
	struct process *odd, *check;
	json_t *line;

	(void)state;
	file_write(copy, bytes, length);
	free(bytes);
	assert_int_equal(chmod(copy, 0755), 0);
	odd = process_start(&(struct process_options){ .name = "odd", .argv = argv });
	/* its name is the test's until exec */
	while (process_is_running(odd)) {
		bytes = file_read(text_format("/proc/%d/comm", (int)odd->pid), NULL);
		if (bytes[0] == 'a' && bytes[1] == '\x1b')
			break;
		free(bytes);
		pause_briefly();
	}
	free(bytes);
	check = CHECK("-p", text_format("%d", (int)odd->pid));
	process_wait(check, DEADLINE_S);
	text = process_out(check);
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "(a\\x1b[2J\"\\x0a\\xff), 0 workers"));
	free(text);
	check = CHECK("--output", "json", "-p", text_format("%d", (int)odd->pid));
	process_wait(check, DEADLINE_S);
	line = check_json(check);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(line, "processes"), 0), "name")),
			    "a\x1b[2J\"\n\xef\xbf\xbd");
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(kernel_and_hooks),
		E2E_TEST(memory_follows_the_limits),
		E2E_TEST(readable),
		E2E_TEST(probes_are_those_of_attach),
		E2E_TEST(process_and_traffic),
		E2E_TEST(process_without_a_port),
		E2E_TEST(bad_process),
		E2E_TEST(missing_capability),
		E2E_TEST(name_is_escaped),
	};

	return cmocka_run_group_tests_name("check", tests, harness_group_setup,
					   harness_group_teardown);
}
