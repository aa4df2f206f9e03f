/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_interim.c - interim responses, and connections that stop being HTTP: a
 * request is not counted under 100, 102 or 103; after 101, and after 2xx to
 * CONNECT, nothing is parsed.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <unistd.h>

#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"
#include "harness/servers.h"

#define BODY "hello=world&GET=/&HTTP/1.1"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define LOOKS_LIKE_REQUEST "GET /within HTTP/1.1\r\nHost: h\r\n\r\n"
#define LOOKS_LIKE_RESPONSE "HTTP/1.1 500 Within\r\nContent-Length: 0\r\n\r\n"

/* ---- Expect: 100-continue, by curl -------------------------------------- */

static size_t count_bytes(char *bytes, size_t size, size_t count, void *total)
{
	(void)bytes;
	*(size_t *)total += size * count;
	return count;
}

static size_t count_continues(char *line, size_t size, size_t count, void *total)
{
	if (count >= 12 && memcmp(line, "HTTP/1.1 100", 12) == 0)
		(*(size_t *)total)++;
	return size * count;
}

/*
 * Returns the status; sets body to the bytes of the response body, continues to the number of
 * interim responses.
 */
static long post_by_curl(const char *url, size_t *body, size_t *continues)
{
	struct curl_slist *fields = curl_slist_append(NULL, "Expect: 100-continue");
	CURL *curl = curl_easy_init();
	long status = 0;
	CURLcode code;

	assert_non_null(curl);
	*body = *continues = 0;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
	/* curl must not send the body before the 100 */
	curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 30000L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, BODY);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, count_continues);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, continues);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		fail_msg("%s: %s", url, curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(fields);
	return status;
}

static void expect_by_curl(void **state)
{
	const struct server webapp = server_start_webapp("epoll", 1, NULL);
	const struct server thread = server_start_webapp("thread", 1, NULL);
	/* nginx sends the 100 itself, and its request to the upstream has no Expect */
	const struct server nginx = server_start_nginx_with(
		text_format("location /echo { proxy_pass http://127.0.0.1:%u; }", webapp.port));
	const uint16_t ports[] = { webapp.port, thread.port, nginx.port };
	size_t body, continues, i, turn;

	(void)state;
	for (i = 0; i < ROWS(ports); i++)
		for (turn = 0; turn < 3; turn++) {
			const char *url = text_format("http://127.0.0.1:%u/echo", ports[i]);

			assert_int_equal(post_by_curl(url, &body, &continues), 200);
			assert_int_equal(continues, 1);
			assert_int_equal(body, strlen(BODY));
		}
	/* three by each server, and those of nginx once more by webapp */
	observed_expect("POST", "/echo", 200, NULL, 12, 12 * strlen(BODY), 12 * strlen(BODY));
	observed_check();
}

/* ---- call by call ----------------------------------------------------- */

static int ask(struct puppet *puppet, const char *request)
{
	const int fd = raw_connect(puppet_port(puppet));

	puppet_accept(puppet, 0);
	raw_say(fd, request);
	puppet_receive_all(puppet, 0, strlen(request));
	return fd;
}

static void exchange_after(struct puppet *puppet, int fd)
{
	raw_say(fd, GET);
	puppet_receive_all(puppet, 0, sizeof(GET) - 1);
	puppet_say(puppet, 0, REPLY);
	observed_expect("GET", "/a", 200, NULL, 1, 0, 2);
}

static void finish(struct puppet *puppet, int fd)
{
	puppet_close(puppet, 0);
	raw_finish(fd);
}

static void interim_answers(void **state)
{
	struct puppet *puppet = puppet_start();
	int fd;

	(void)state;
	/* in separate writes, in pieces, with fields that look like framing */
	fd = ask(puppet, GET);
	puppet_say(puppet, 0, "HTTP/1.1 102 Processing\r\n\r\n");
	puppet_say(puppet, 0, "HTTP/1.1 103 Early Hints\r\nLink: </s>\r\nContent-Le");
	puppet_say(puppet, 0, "ngth: 7\r\nTransfer-Encoding: chunked\r\n\r");
	puppet_say(puppet, 0, "\nHTTP/1.1 1");
	puppet_say(puppet, 0, "03 Again\r\n\r\n");
	puppet_say(puppet, 0, "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nno.");
	observed_expect("GET", "/a", 404, NULL, 1, 0, 3);
	exchange_after(puppet, fd);
	finish(puppet, fd);
	/* all in one write, for two requests */
	fd = ask(puppet, GET GET);
	puppet_say(puppet, 0,
		   "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 100 x\r\n\r\n" REPLY
		   "HTTP/1.1 102 x\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
	observed_expect("GET", "/a", 200, NULL, 1, 0, 2);
	observed_expect("GET", "/a", 503, NULL, 1, 0, 0);
	exchange_after(puppet, fd);
	finish(puppet, fd);
	observed_check();
}

/* The duration ends with the final response; the wait for the body counts as service. */
static void the_final_answer_counts(void **state)
{
	struct puppet *puppet = puppet_start();
	double begun, ended, service_s;
	int fd;

	(void)state;
	begun = clock_s();
	fd = ask(puppet, "POST /slow HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
			 "Content-Length: 4\r\n\r\n");
	puppet_say(puppet, 0, "HTTP/1.1 100 Continue\r\n\r\n");
	raw_wait_for(fd, "100 Continue\r\n\r\n");
	usleep(80000);
	raw_say(fd, "body");
	puppet_receive_all(puppet, 0, 4);
	usleep(40000);
	puppet_say(puppet, 0, REPLY);
	ended = clock_s();
	observed_expect("POST", "/slow", 200, NULL, 1, 4, 2);
	finish(puppet, fd);
	observed_check();
	observed_assert_mean("POST", "/slow", 200, 0.120, ended - begun);
	service_s = observed_phase_s("/slow", "service");
	/* a thousandth, because the clocks are read one after the other */
	if (service_s < 0.119 || service_s > ended - begun)
		fail_msg("service: %.6f s, expected 0.120 to %.6f", service_s, ended - begun);
}

static void tunnels(void **state)
{
	static const struct {
		const char *request, *answer, *method, *route;
		int status;
	} rows[] = {
		{ "GET /ws HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "GET", "/ws", 101 },
		{ "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 Fine\r\n\r\n",
		  "CONNECT", "other", 200 },
		{ "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
		  "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n", "CONNECT", "other", 204 },
	};
	struct puppet *puppet = puppet_start();
	size_t i, turn;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const int fd = ask(puppet, rows[i].request);

		puppet_say(puppet, 0, rows[i].answer);
		observed_expect(rows[i].method, rows[i].route, rows[i].status, NULL, 1, 0, 0);
		for (turn = 0; turn < 3; turn++) {
			raw_say(fd, LOOKS_LIKE_REQUEST);
			puppet_receive_all(puppet, 0, sizeof(LOOKS_LIKE_REQUEST) - 1);
			puppet_say(puppet, 0, LOOKS_LIKE_RESPONSE);
			/* a server may answer CONNECT like any other request, and go on */
			if (rows[i].status != 101)
				observed_expect("GET", "/within", 500, "500", 1, 0, 0);
		}
		finish(puppet, fd);
	}
	observed_check();
}

/* ---- a WebSocket ------------------------------------------------------ */

#define HANDSHAKE                                                                                  \
	"GET /socket/12345 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"   \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"             \
	"Sec-WebSocket-Protocol: binary\r\n\r\n"

/* A binary frame with the text, masked by zeros. */
static void send_frame(int fd, const char *text)
{
	char frame[128] = { (char)0x82, (char)(0x80 | strlen(text)) };

	assert_true(strlen(text) < 126 && strlen(text) + 6 <= sizeof(frame));
	memcpy(frame + 6, text, strlen(text));
	raw_send(fd, frame, 6 + strlen(text));
}

/*
 * The server behind websockify gets requests on its own connection: only those
 * are counted, not the same bytes inside the frames.
 */
static void websocket(void **state)
{
	struct puppet *puppet = puppet_start();
	const struct server server = server_start_websockify(puppet_port(puppet));
	const int fd = raw_connect(server.port);
	size_t turn;

	(void)state;
	raw_say(fd, HANDSHAKE);
	raw_wait_for(fd, "HTTP/1.1 101");
	observed_expect("GET", "/socket/{id}", 101, NULL, 1, 0, 0);
	puppet_accept(puppet, 0);
	for (turn = 0; turn < 3; turn++) {
		send_frame(fd, LOOKS_LIKE_REQUEST);
		puppet_receive_all(puppet, 0, sizeof(LOOKS_LIKE_REQUEST) - 1);
		puppet_say(puppet, 0, LOOKS_LIKE_RESPONSE);
		raw_wait_for(fd, "Within");
	}
	observed_expect("GET", "/within", 500, NULL, 3, 0, 0);
	finish(puppet, fd);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(expect_by_curl),
		OBSERVED_TEST(interim_answers),
		OBSERVED_TEST(the_final_answer_counts),
		OBSERVED_TEST(tunnels),
		OBSERVED_TEST(websocket),
	};

	return cmocka_run_group_tests_name("interim", tests, observed_group_setup,
					   observed_group_teardown);
}
