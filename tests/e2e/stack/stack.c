/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * stack.c - see stack.h.
 */
#include "stack/stack.h"

#include <curl/curl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/harness.h"

struct body {
	char *bytes;
	size_t length;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct body *body = context;
	char *longer = realloc(body->bytes, body->length + size * count + 1);

	if (!longer)
		return 0;
	memcpy(longer + body->length, bytes, size * count);
	body->bytes = longer;
	body->length += size * count;
	body->bytes[body->length] = '\0';
	return size * count;
}

char *http_get(const char *url)
{
	struct body body = { 0 };
	CURL *curl = curl_easy_init();
	long status = 0;

	assert_non_null(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (status == 200 && body.bytes)
		return body.bytes;
	free(body.bytes);
	return NULL;
}

/* A request that is repeated until a starting server responds. */
struct question {
	struct process *process;
	const char *url;
};

static bool answers(void *context)
{
	const struct question *question = context;
	char *body;

	/* A server that has ended is detected below. */
	if (!process_is_running(question->process))
		return true;
	body = http_get(question->url);
	free(body);
	return body != NULL;
}

static void wait_for_answer(struct process *process, const char *url)
{
	struct question question = { .process = process, .url = url };

	if (!wait_until(answers, &question, DEADLINE_S) || !process_is_running(process))
		fail_msg("%s does not respond at %s; standard error: %s", process->name, url,
			 process_err(process));
}

static const char *exporter_program(void)
{
	const char *built = path_build("tools/statsd_exporter");

	return access(built, X_OK) == 0 ? built : "statsd_exporter";
}

struct exporter exporter_restart(const struct exporter *before)
{
	struct exporter exporter = *before;
	const char *argv[] = {
		exporter_program(),
		text_format("--statsd.listen-udp=127.0.0.1:%u", exporter.statsd_port),
		text_format("--statsd.listen-tcp=127.0.0.1:%u", exporter.tcp_port),
		text_format("--statsd.listen-unixgram=%s", exporter.socket),
		text_format("--web.listen-address=127.0.0.1:%u", exporter.web_port),
		text_format("--statsd.mapping-config=%s", path_source("stack/statsd_mapping.yml")),
		NULL,
	};

	/* Left by an exporter that was killed. */
	unlink(exporter.socket);
	exporter.process =
		process_start(&(struct process_options){ .name = "statsd_exporter", .argv = argv });
	wait_for_answer(exporter.process,
			text_format("http://127.0.0.1:%u/metrics", exporter.web_port));
	return exporter;
}

struct exporter exporter_start(void)
{
	struct exporter ports = {
		.statsd_port = port_free(SOCK_DGRAM),
		.tcp_port = port_free(SOCK_STREAM),
		.web_port = port_free(SOCK_STREAM),
	};

	snprintf(ports.socket, sizeof(ports.socket), "%s",
		 path_scratch(text_format("statsd-%u.sock", ports.statsd_port)));
	return exporter_restart(&ports);
}

void exporter_metrics(const struct exporter *exporter, struct metrics *metrics)
{
	char *page = http_get(text_format("http://127.0.0.1:%u/metrics", exporter->web_port));

	if (!page)
		fail_msg("statsd_exporter does not respond; standard error: %s",
			 process_err(exporter->process));
	if (!metrics_add_exposition(metrics, page))
		fail_msg("statsd_exporter's /metrics cannot be parsed");
	free(page);
}

/* Returns text with the only `from` in it replaced; takes text over. */
static char *replace(char *text, const char *from, const char *to)
{
	char *at = strstr(text, from), *replaced;

	if (!at || strstr(at + 1, from))
		fail_msg("stack/prometheus.yml: '%s' does not occur exactly once", from);
	replaced = malloc(strlen(text) + strlen(to) + 1);
	assert_non_null(replaced);
	sprintf(replaced, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	free(text);
	return replaced;
}

/* The configuration of stack/, with this exporter and the tests' intervals. */
static const char *write_configuration(const struct exporter *exporter, const char *interval)
{
	const char *file = path_scratch("prometheus.yml");
	char *text = file_read(path_source("stack/prometheus.yml"), NULL);

	text = replace(text, "scrape_interval: 5s", text_format("scrape_interval: %s", interval));
	text = replace(text, "evaluation_interval: 15s", "evaluation_interval: 500ms");
	text = replace(text, "rules/redtap.yml", path_source("stack/rules/redtap.yml"));
	text = replace(text, "statsd_exporter:9102",
		       text_format("127.0.0.1:%u", exporter->web_port));
	file_write(file, text, strlen(text));
	free(text);
	return file;
}

static struct prometheus start_prometheus(const struct exporter *exporter, const char *interval,
					  const char *feature)
{
	struct prometheus prometheus = { .port = port_free(SOCK_STREAM) };
	const char *argv[] = {
		"prometheus",
		text_format("--config.file=%s", write_configuration(exporter, interval)),
		text_format("--storage.tsdb.path=%s",
			    path_scratch(text_format("prometheus-%u", prometheus.port))),
		text_format("--web.listen-address=127.0.0.1:%u", prometheus.port),
		feature,
		NULL,
	};

	prometheus.process =
		process_start(&(struct process_options){ .name = "prometheus", .argv = argv });
	wait_for_answer(prometheus.process,
			text_format("http://127.0.0.1:%u/-/ready", prometheus.port));
	return prometheus;
}

struct prometheus prometheus_start(const struct exporter *exporter, const char *interval)
{
	return start_prometheus(exporter, interval, NULL);
}

struct prometheus prometheus_start_native(const struct exporter *exporter, const char *interval)
{
	return start_prometheus(exporter, interval, "--enable-feature=native-histograms");
}

void prometheus_ask_at(const struct prometheus *prometheus, const char *query, double time,
		       struct metrics *metrics)
{
	char *escaped = curl_easy_escape(NULL, query, 0), *at = NULL, *url, *answer;

	assert_non_null(escaped);
	assert_true(asprintf(&at, "&time=%.3f", time) > 0);
	assert_true(asprintf(&url, "http://127.0.0.1:%u/api/v1/query?query=%s%s", prometheus->port,
			     escaped, time > 0 ? at : "") > 0);
	curl_free(escaped);
	answer = http_get(url);
	free(url);
	free(at);
	if (!answer)
		fail_msg("Prometheus does not respond to '%s'; standard error: %s", query,
			 process_err(prometheus->process));
	if (!metrics_add_query(metrics, answer))
		fail_msg("Prometheus's response to '%s' cannot be parsed", query);
	free(answer);
}

void prometheus_ask(const struct prometheus *prometheus, const char *query, struct metrics *metrics)
{
	prometheus_ask_at(prometheus, query, 0, metrics);
}

json_t *prometheus_rules(const struct prometheus *prometheus)
{
	char *body = http_get(text_format("http://127.0.0.1:%u/api/v1/rules", prometheus->port));
	json_t *rules = body ? json_loads(body, 0, NULL) : NULL;

	assert_non_null(rules);
	free(body);
	return rules;
}

static bool has_scraped(void *context)
{
	struct metrics metrics;
	bool scraped;

	metrics_init(&metrics);
	prometheus_ask(context, "up == 1", &metrics);
	scraped = metrics.count == 1;
	metrics_release(&metrics);
	return scraped;
}

void prometheus_wait(const struct prometheus *prometheus)
{
	if (!wait_until(has_scraped, (void *)prometheus, DEADLINE_S))
		fail_msg("Prometheus does not scrape");
}

void prometheus_metrics(const struct prometheus *prometheus, const char *service,
			struct metrics *metrics)
{
	prometheus_ask(prometheus, text_format("{service_name=\"%s\"}", service), metrics);
}
