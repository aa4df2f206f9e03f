/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_requests.c - valid and invalid request lines: which method and route is counted, and for
 * which reason a connection is ignored, on a server that responds to anything, and on nginx.
 */
#include <stdio.h>
#include <sys/socket.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"
#include "harness/servers.h"

/* Rows omit fields that are zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define REST " HTTP/1.1\r\nHost: h\r\n\r\n"
#define REPLY "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"
#define P31 "/abcdefghijklmnopqrstuvwxyz_abc"
#define P124 P31 P31 P31 P31
#define TEXT(literal) literal, sizeof(literal) - 1

static const struct form_row {
	const char *line; /* method and target */
	const char *method, *route;
} forms[] = {
	{ "GET /", "GET", "/" },
	{ "GET //", "GET", "//" },
	{ "GET /users/123?q=/1/2", "GET", "/users/{id}" },
	{ "GET /users/123#x", "GET", "/users/{id}" },
	{ "GET /users/123;v=1/2", "GET", "/users/{id}" },
	{ "GET /%41%2F", "GET", "/%41%2F" },
	{ "GET /deadbeefdeadbeef/x", "GET", "/{id}/x" },
	{ "GET /123e4567-e89b-12d3-a456-426614174000", "GET", "/{id}" },
	{ "GET /abcdefghij_abcdefghij_abcdefghij/", "GET", "/{id}/" },
	{ "GET http://h", "GET", "/" },
	{ "GET http://h:80/a/7?x", "GET", "/a/{id}" },
	{ "GET https://u@[::1]:80/b", "GET", "/b" },
	{ "OPTIONS *", "OPTIONS", "*" },
	{ "OPTIONS http://h", "OPTIONS", "/" },
	{ "GET h:80", "GET", "other" },
	{ "GET a", "GET", "other" },
	{ "GET " P124 "/ab", "GET", P124 "/ab" },
	{ "GET " P124 "/abc", "GET", P124 "/abc" },
	{ "GET " P124 "/abcd", "GET", "other" },
	{ "GET " P124 "/12", "GET", "other" },
	{ "GET " P124 P124 P124, "GET", "other" },
	{ "VERSION-CONTROL /v", "VERSION-CONTROL", "/v" },
	{ "UPDATEREDIRECTREF /u", "UPDATEREDIRECTREF", "/u" },
	{ "PROPFIND /p", "PROPFIND", "/p" },
	{ "QUERY /q", "QUERY", "/q" },
	{ "BREW /pot", "_OTHER", "/pot" },
	{ "GETS /g", "_OTHER", "/g" },
	{ "GE /g", "_OTHER", "/g" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWX /24", "_OTHER", "/{id}" },
	{ "X-A_1 /x", "_OTHER", "/x" },
	{ "CONNECT h:443", "CONNECT", "other" },
	{ "GET   /spaces", "GET", "/spaces" },
	{ "GET /spaces  ", "GET", "/spaces" },
};

/* On one connection, one after the other. */
static void forms_of_request_lines(void **state)
{
	struct puppet *puppet = puppet_start();
	const int fd = raw_connect(puppet_port(puppet));
	size_t i;

	(void)state;
	puppet_accept(puppet, 0);
	for (i = 0; i < ROWS(forms); i++) {
		const char *request = text_format("%s%s", forms[i].line, REST);

		raw_say(fd, request);
		puppet_receive_all(puppet, 0, strlen(request));
		puppet_say(puppet, 0, REPLY);
		observed_expect(forms[i].method, forms[i].route, 404, NULL, 1, 0, 2);
	}
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_check();
}

/* Each says what becomes of it where nothing is answered, and where a status line is. */
static const struct noise_row {
	const char *comment;
	const char *bytes;
	size_t length;
	const char *ignored; /* not HTTP: ignored, or lost where it is answered */
	bool decides;        /* ignored in any case */
	const char *method;  /* a request; without a version it is lost where it is not answered */
	const char *route;
	bool malformed;
} noises[] = {
	{ "a TLS handshake record", TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "tls",
	  true },
	{ "the HTTP/2 preface", TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0"), "http2", true },
	{ "binary noise", TEXT("\x00\xff\x80 / HTTP/1.1\r\n\r\n"), "not_http" },
	{ "noise after letters", TEXT("GE\x80 / HTTP/1.1\r\n\r\n"), "not_http" },
	{ "SSH", TEXT("SSH-2.0-OpenSSH_9.2\r\n"), "not_http" },
	{ "SMTP", TEXT("EHLO\r\n"), "not_http" },
	{ "a space before the method", TEXT(" GET / HTTP/1.1\r\n\r\n"), "not_http" },
	{ "lower case", TEXT("get / HTTP/1.1\r\nHost: h\r\n\r\n"), NULL, false, "_OTHER", "/" },
	{ "mixed case", TEXT("Get / HTTP/1.1\r\nHost: h\r\n\r\n"), NULL, false, "_OTHER", "/" },
	{ "a method of 25 letters", TEXT("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1\r\n\r\n"), NULL,
	  false, "_OTHER", "/" },
	{ "a tab after the method", TEXT("GET\t/ HTTP/1.1\r\n\r\n"), NULL, false, "GET", "/" },
	{ "another version", TEXT("GET /v HTTP/2.0\r\n\r\n"), NULL, false, "GET", "/v" },
	{ "no target", TEXT("GET  HTTP/1.1\r\n\r\n"), NULL, false, "GET", "other", true },
	{ "HTTP/0.9", TEXT("GET /\r\n"), NULL, false, "GET", "/", true },
	{ "another protocol", TEXT("GET /v FTP/1.1\r\n\r\n"), NULL, false, "GET", "/v", true },
	{ "more after the version", TEXT("GET /v HTTP/1.1 x\r\n\r\n"), NULL, false, "GET", "/v",
	  true },
	{ "nothing", TEXT("") },
	{ "half a method", TEXT("GE") },
	{ "empty lines", TEXT("\r\n\r\n\n") },
};

static void expect_noise(const struct noise_row *row, int status, size_t bytes)
{
	if (row->ignored && (row->decides || !status)) {
		observed_expect_reason("ignored", row->ignored, 1);
	} else if (row->ignored || (row->malformed && !status)) {
		observed_expect_reason("lost", "malformed", 1);
		if (row->malformed)
			observed_expect_reason("ignored", "malformed", 1);
	} else if (row->method) {
		observed_expect(row->method, row->route, status, status ? NULL : "no_response", 1,
				0, bytes);
	} else if (status) {
		observed_expect_reason("ignored", "unsolicited", 1);
	}
}

/* A request follows: it is counted if the noise was answered by a status line. */
static void play_noise(struct puppet *puppet, const struct noise_row *row, bool answered)
{
	const int fd = raw_connect(puppet_port(puppet));

	puppet_accept(puppet, 0);
	if (row->length) {
		raw_send(fd, row->bytes, row->length);
		puppet_receive_all(puppet, 0, row->length);
	}
	if (answered)
		puppet_say(puppet, 0, "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
	expect_noise(row, answered ? 400 : 0, 0);
	if (row->ignored) {
		raw_say(fd, "GET /behind HTTP/1.1\r\nHost: h\r\n\r\n");
		puppet_receive(puppet, 0, 99);
		if (answered && !row->decides)
			observed_expect("GET", "/behind", 0, "no_response", 1, 0, 0);
	}
	puppet_close(puppet, 0);
	raw_finish(fd);
}

static void noise(void **state)
{
	struct puppet *puppet = puppet_start();
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(noises); i++) {
		play_noise(puppet, &noises[i], false);
		play_noise(puppet, &noises[i], true);
	}
	observed_check();
}

static void noise_to_nginx(void **state)
{
	const struct server nginx = server_start_nginx();
	size_t i, bytes;

	(void)state;
	for (i = 0; i < ROWS(noises); i++) {
		const int fd = raw_connect(nginx.port);
		int status;

		raw_send(fd, noises[i].bytes, noises[i].length);
		shutdown(fd, SHUT_WR);
		status = raw_finish_body(fd, &bytes);
		expect_noise(&noises[i], status, bytes);
	}
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(forms_of_request_lines),
		OBSERVED_TEST(noise),
		OBSERVED_TEST(noise_to_nginx),
	};

	return cmocka_run_group_tests_name("requests", tests, observed_group_setup,
					   observed_group_teardown);
}
