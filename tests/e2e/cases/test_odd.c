/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_odd.c - requests in forms that some servers take although RFC 9112 does not allow
 * them, sent to six real servers: whatever a server makes of one, ten ordinary requests
 * after it on the same connection are all counted, or the server has closed it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "http/http_client.h"

/* What a server has said by then, it says at all: the others wait for a body. */
#define PATIENCE_MS 300
#define ORDINARY 10

/* The line is METHOD TARGET VERSION: each part may hold what it should not. */
static const struct {
	const char *name; /* a segment of the route of the requests after it */
	const char *method, *target, *version, *headers;
} forms[] = {
	{ "lower", "patch", "/odd", NULL, NULL },
	{ "long-method", "ABCDEFGHIJKLMNOPQRSTUVWXY", "/odd", NULL, NULL },
	{ "exclamation", "!GET", "/odd", NULL, NULL },
	{ "token", "#$%&'*+.^_`|~", "/odd", NULL, NULL },
	{ "no-token", "G@T", "/odd", NULL, NULL },
	{ "high-byte", "G\xc3\x84T", "/odd", NULL, NULL },
	{ "pri", "PRI", "/odd", NULL, NULL },
	{ "preface", "PRI", "*", NULL, NULL },
	{ "preface-whole", "PRI", "*", "HTTP/2.0", NULL },
	{ "tls", "\x16\x03\x01", "/odd", NULL, NULL },
	{ "two-digits", "GET", "/odd", "HTTP/1.10", NULL },
	{ "version-two", "GET", "/odd", "HTTP/2.0", NULL },
	{ "version-lower", "GET", "/odd", "http/1.1", NULL },
	{ "version-other", "GET", "/odd", "FOO/1.1", NULL },
	{ "no-version", "GET", "/odd\r\nX-A:", "b", NULL },
	{ "tabs", "GET\t/odd\tHTTP/1.1\r\nX-A:", "b", "c", NULL },
	{ "spaces", "GET ", " /odd ", "HTTP/1.1 ", NULL },
	{ "space-in-target", "GET", "/odd odd", NULL, NULL },
	{ "no-target", "GET", "HTTP/1.1\r\nX-A:", "b", NULL },
	{ "connect", "CONNECT", "odd:1", NULL, NULL },
	{ "get-length", "GET", "/odd", NULL, "Content-Length: 1000\r\n" },
	{ "head-length", "HEAD", "/odd", NULL, "Content-Length: 1000\r\n" },
	{ "get-chunked", "GET", "/odd", NULL, "Transfer-Encoding: chunked\r\n" },
	{ "coding-folded", "GET", "/odd", NULL, "Transfer-Encoding:\r\n chunked\r\n" },
	{ "coding-spaced", "GET", "/odd", NULL, "Transfer-Encoding : chunked\r\n" },
	{ "coding-other", "GET", "/odd", NULL, "Transfer-Encoding: xchunked\r\n" },
	{ "identity", "GET", "/odd", NULL, "Transfer-Encoding: identity\r\n" },
	{ "length-spaced", "GET", "/odd", NULL, "Content-Length : 0\r\n" },
	{ "length-plus", "GET", "/odd", NULL, "Content-Length: +0\r\n" },
	{ "length-twice", "GET", "/odd", NULL, "Content-Length: 0\r\nContent-Length: 1\r\n" },
	{ "folded", "GET", "/odd", NULL, "X-A: b,\r\n c\r\n" },
	{ "bare-cr", "GET", "/odd", NULL, "X-A: b\rX-B: c\r\n" },
	{ "no-colon", "GET", "/odd", NULL, "X-A\r\n" },
};

/* ---- servers ---------------------------------------------------------- */

static struct server start_webapp(void)
{
	return server_start_webapp("epoll", 1, NULL);
}

static struct server start_apache(void)
{
	const uint16_t port = port_free(SOCK_STREAM);
	const char *file = path_scratch("apache.conf");
	const char *argv[] = { "apache2", "-f", file, "-DFOREGROUND", NULL };
	const char *text = text_format("ServerRoot /usr/lib/apache2\nServerName localhost\n"
				       "PidFile %s\nDefaultRuntimeDir %s\nErrorLog /dev/stderr\n"
				       "LoadModule mpm_event_module modules/mod_mpm_event.so\n"
				       "LoadModule authz_core_module modules/mod_authz_core.so\n"
				       "User www-data\nGroup www-data\nListen 127.0.0.1:%u\n"
				       "StartServers 1\nMaxKeepAliveRequests 0\n"
				       "HttpProtocolOptions Unsafe LenientMethods\n",
				       path_scratch("apache.pid"), path_scratch(""), port);

	file_write(file, text, strlen(text));
	return server_start_command("apache", argv, port);
}

static struct server start_haproxy(void)
{
	const struct server webapp = start_webapp();
	const uint16_t port = port_free(SOCK_STREAM);
	const char *file = path_scratch("haproxy.conf");
	const char *argv[] = { "haproxy", "-db", "-f", file, NULL };
	const char *text = text_format("defaults\n mode http\n timeout connect 5s\n"
				       " timeout client 10s\n timeout server 10s\n"
				       " option accept-invalid-http-request\n"
				       "listen all\n bind 127.0.0.1:%u\n server one 127.0.0.1:%u\n",
				       port, webapp.port);

	file_write(file, text, strlen(text));
	return server_start_command("haproxy", argv, port);
}

static struct server start_tornado(void)
{
	const uint16_t port = port_free(SOCK_STREAM);
	const char *argv[] = { "/usr/bin/python3", "-B",
			       path_source("tests/e2e/apps/tornado_app.py"),
			       text_format("%u", port), NULL };

	return server_start_command("tornado", argv, port);
}

/* With h11 as its parser. */
static struct server start_uvicorn(void)
{
	const uint16_t port = port_free(SOCK_STREAM);
	const char *argv[] = { "/usr/bin/python3",
			       "-B",
			       "-m",
			       "uvicorn",
			       "--http",
			       "h11",
			       "--log-level",
			       "error",
			       "--app-dir",
			       path_source("tests/e2e/apps"),
			       "--port",
			       text_format("%u", port),
			       "asgi_app:app",
			       NULL };

	return server_start_command("uvicorn", argv, port);
}

static const struct {
	const char *name;
	struct server (*start)(void);
} servers[] = {
	{ "webapp", start_webapp },   { "nginx", server_start_nginx }, { "apache", start_apache },
	{ "haproxy", start_haproxy }, { "tornado", start_tornado },    { "uvicorn", start_uvicorn },
};

/* ---- requests --------------------------------------------------------- */

/* Whether the server answers, and keeps the connection. */
static bool goes_on(struct http_connection *connection)
{
	struct pollfd ready = { .fd = http_fd(connection), .events = POLLIN };
	struct http_response response;
	int err;

	do {
		if (poll(&ready, 1, PATIENCE_MS) != 1)
			return false;
		err = http_receive_ready(connection, &response);
	} while (err == -EAGAIN);
	return err == 0 && response.reusable;
}

/* Sends a form and what comes after it; counts what is answered of that. */
static void send_form(const struct server *server, size_t form, const char *route,
		      struct counts *expected)
{
	const struct http_request odd = { .method = forms[form].method,
					  .target = forms[form].target,
					  .version = forms[form].version,
					  .headers = forms[form].headers };
	const struct http_request ordinary = { .method = "GET", .target = route };
	struct http_connection *connection;
	struct http_response response;
	int i;

	assert_int_equal(http_open(&connection, NULL, server->port), 0);
	if (http_send(connection, &odd) == 0 && goes_on(connection)) {
		for (i = 0; i < ORDINARY; i++) {
			if (http_exchange(connection, &ordinary, &response))
				break;
			counts_add(expected, "GET", route, response.status, NULL, 1, 0,
				   response.response_bytes);
			if (!response.reusable)
				break;
		}
	}
	http_close(connection);
}

/* The ordinary ones: what became of the odd ones is the server's affair. */
static void keep_ordinary(struct counts *counts)
{
	size_t i, kept = 0;

	for (i = 0; i < counts->count; i++)
		if (strncmp(counts->rows[i].route, "/after/", 7) == 0 && counts->rows[i].status)
			counts->rows[kept++] = counts->rows[i];
	counts->count = kept;
}

static void every_form(void **state)
{
	const char *more[2 * ROWS(servers) + 1] = { NULL };
	struct counts expected, actual;
	struct server started[ROWS(servers)];
	struct redtap *redtap;
	json_t *total;
	size_t i, form;

	(void)state;
	counts_init(&expected);
	counts_init(&actual);
	for (i = 0; i < ROWS(servers); i++) {
		started[i] = servers[i].start();
		more[2 * i] = "--pid";
		more[2 * i + 1] = text_format("%d=%s", started[i].pid, servers[i].name);
	}
	redtap = redtap_attach(&(struct redtap_options){ .more = more });
	for (i = 0; i < ROWS(servers); i++) {
		const uint64_t before = counts_total(&expected);

		for (form = 0; form < ROWS(forms); form++)
			send_form(&started[i], form,
				  text_format("/after/%s/%s", servers[i].name, forms[form].name),
				  &expected);
		/* a server that closes after each of them proves nothing */
		if (counts_total(&expected) - before < 3 * ORDINARY)
			fail_msg("%s has answered only %lu requests after odd ones",
				 servers[i].name,
				 (unsigned long)(counts_total(&expected) - before));
	}
	total = redtap_finish(redtap, SIGINT);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	keep_ordinary(&actual);
	counts_assert_equal(&expected, &actual, true, "requests after odd ones");
	counts_release(&expected);
	counts_release(&actual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_form, harness_setup, harness_teardown),
	};

	return cmocka_run_group_tests_name("odd", tests, harness_group_setup,
					   harness_group_teardown);
}
