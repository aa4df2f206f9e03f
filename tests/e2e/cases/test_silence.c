/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_silence.c - what redtap says by itself: why it shows nothing, once, after ten
 * seconds; and which pattern would fold many routes.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "harness/harness.h"
#include "harness/raw.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

/* Ten seconds, and delays on a busy machine. */
#define SILENCE_DEADLINE_S 30.0

static const char introduction[] = "redtap: no request was completed in 10 s: ";
static const char tls_hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
static const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static const char endless_request[] = "GET /sleep/60000 HTTP/1.1\r\nHost: a\r\n\r\n";

/* One run each, all at the same time: each takes ten seconds. */
struct silent {
	struct server server;
	struct redtap *redtap;
};

static struct silent silent_start(void)
{
	struct silent silent = { .server = server_start_webapp("epoll", 1, NULL) };

	silent.redtap = redtap_attach(&(struct redtap_options){ .pid = silent.server.pid });
	return silent;
}

/* Waits for a server on an unused port. */
static struct silent silent_start_without_process(void)
{
	const char *more[] = { "--port", text_format("%u", port_free(SOCK_STREAM)), NULL };

	return (struct silent){ .redtap = redtap_attach(&(struct redtap_options){ .more = more }) };
}

static int send_bytes(const struct silent *silent, const void *bytes, size_t length)
{
	const int fd = raw_connect(silent->server.port);

	raw_send(fd, bytes, length);
	return fd;
}

/* The text after the introduction must begin with this, and the message appears once. */
static void assert_said(const struct silent *silent, const char *expected)
{
	struct process *process = redtap_process(silent->redtap);
	char *err, *at;

	process_wait_err(process, text_format("%s%s", introduction, expected), SILENCE_DEADLINE_S);
	redtap_finish(silent->redtap, SIGINT);
	err = process_err(process);
	at = strstr(err, introduction);
	assert_null(strstr(at + 1, introduction));
	free(err);
}

static void each_reason(void **state)
{
	/* attached first, so that its ten seconds end first */
	const struct silent busy = silent_start();
	const struct request_kind root = { .method = "GET", .target = "/", .route = "/" };
	struct line *line = line_open(busy.server.port);
	struct silent nobody, tls, text, unfinished, nothing;
	char *err;

	(void)state;
	/* each at once, because attaching all the others can take more than ten seconds */
	assert_int_equal(line_exchange(line, &root, NULL), 200);
	nobody = silent_start();
	tls = silent_start();
	send_bytes(&tls, tls_hello, sizeof(tls_hello) - 1);
	send_bytes(&tls, tls_hello, sizeof(tls_hello) - 1);
	send_bytes(&tls, http2_preface, sizeof(http2_preface) - 1);
	text = silent_start();
	close(send_bytes(&text, "hello, are you there?",
			 21)); /* a status line would make it HTTP */
	unfinished = silent_start();
	send_bytes(&unfinished, endless_request, sizeof(endless_request) - 1);
	nothing = silent_start_without_process();
	assert_said(&nobody, text_format("no connection carried data; the watched processes listen "
					 "on port %u\n",
					 nobody.server.port));
	assert_said(&tls, "2 connections encrypted by TLS, which redtap does not observe yet; "
			  "1 connection with HTTP/2, which redtap does not observe yet\n");
	assert_said(&text, "1 connection with something other than HTTP\n");
	assert_said(&nothing, "there is no process to watch yet\n");
	process_wait_err(redtap_process(unfinished.redtap),
			 text_format("%s1 request started, without a response so far\n",
				     introduction),
			 SILENCE_DEADLINE_S);
	redtap_finish(busy.redtap, SIGINT);
	err = process_err(redtap_process(busy.redtap));
	assert_null(strstr(err, introduction));
	free(err);
}

/* A server behind a Unix socket: attach says so at once, check too. */
static void unix_socket(void **state)
{
	const char *path = path_scratch("server.sock");
	const char *server_argv[] = { "python3", "-c",
				      "import socket, sys, time\n"
				      "listener = socket.socket(socket.AF_UNIX)\n"
				      "listener.bind(sys.argv[1])\n"
				      "listener.listen()\n"
				      "print('ready', flush=True)\n"
				      "time.sleep(600)\n",
				      path, NULL };
	struct process *server =
		process_start(&(struct process_options){ .name = "server", .argv = server_argv });
	const char *pid = text_format("%d", (int)server->pid);
	const char *check_argv[] = {
		path_build("redtap"), "check", "--output", "table", "-p", pid, NULL
	};
	struct redtap *redtap;
	struct process *check;
	char *text;

	(void)state;
	process_wait_out(server, "ready", DEADLINE_S);
	redtap = redtap_attach(&(struct redtap_options){ .pid = server->pid });
	process_wait_err(redtap_process(redtap),
			 text_format("the Unix socket '%s' and on no TCP port; HTTP over Unix "
				     "sockets is not observed yet",
				     path),
			 DEADLINE_S);
	redtap_finish(redtap, SIGINT);
	check = process_start(&(struct process_options){ .name = "check", .argv = check_argv });
	process_wait(check, DEADLINE_S);
	process_assert_exit(check, 0);
	text = process_out(check);
	assert_non_null(strstr(text, text_format("listens on the Unix socket '%s'; HTTP", path)));
	free(text);
}

/* A pattern for routes that no rule can fold is suggested once. */
static void a_pattern_is_suggested(void **state)
{
	static const char said[] = "add --route '/users/{name}'";
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	struct line *line = line_open(server.port);
	char target[32], *err;
	unsigned int i;

	(void)state;
	for (i = 0; i < 60; i++) {
		snprintf(target, sizeof(target), "/users/x%u", i);
		line_exchange(line,
			      &(struct request_kind){
				      .method = "GET", .target = target, .route = target },
			      NULL);
	}
	process_wait_err(redtap_process(redtap), said, DEADLINE_S);
	redtap_finish(redtap, SIGINT);
	err = process_err(redtap_process(redtap));
	assert_null(strstr(strstr(err, said) + 1, said));
	free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(each_reason),
		E2E_TEST(unix_socket),
		E2E_TEST(a_pattern_is_suggested),
	};

	return cmocka_run_group_tests_name("silence", tests, harness_group_setup,
					   harness_group_teardown);
}
