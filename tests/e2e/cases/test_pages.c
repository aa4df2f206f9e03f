/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_pages.c - what a user sees: Prometheus's page with the query for rates,
 * and, if GRAFANA_HOME names an unpacked Grafana, every panel of the
 * dashboards, in a headless Chromium.  Screenshots: screenshots/ below the
 * build directory.
 */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dashboards/dashboards.h"
#include "harness/harness.h"
#include "harness/process.h"
#include "stack/scenario.h"

/* Time for a page to load everything, milliseconds of the browser's virtual clock. */
#define PAGE_MS "15000"
/* Seconds for all of Grafana's pages. */
#define GRAFANA_S 900

static struct scenario scenario;

/* On Ubuntu, chromium may be a script that only asks to install the snap. */
static bool program_works(const char *program)
{
	const char *argv[] = { program, "--version", NULL };

	return process_wait(
		       process_start(&(struct process_options){ .name = "chromium", .argv = argv }),
		       DEADLINE_S) == 0;
}

static const char *chromium_program(void)
{
	static const char *const programs[] = { "/usr/bin/chromium", "/usr/bin/chromium-browser",
						"/snap/bin/chromium" };
	size_t i;

	for (i = 0; i < ROWS(programs); i++)
		if (access(programs[i], X_OK) == 0 && program_works(programs[i]))
			return programs[i];
	fail_msg(
		"no Chromium works: 'sudo make deps-test' installs Debian's; on Ubuntu, 'snap install chromium'");
	return NULL;
}

/* Opens a page; output: option that selects the output.  Returns Chromium's standard output. */
static char *run_chromium(const char *url, const char *output)
{
	static unsigned int serial;
	const char *profile = path_scratch(text_format("chromium-%u", ++serial));
	const char *argv[] = { chromium_program(),
			       "--headless",
			       "--no-sandbox",
			       "--disable-gpu",
			       "--disable-quic",
			       "--disable-dev-shm-usage",
			       "--no-first-run",
			       "--disable-background-networking",
			       "--disable-component-update",
			       "--disable-sync",
			       "--window-size=1400,1200",
			       "--virtual-time-budget=" PAGE_MS,
			       text_format("--user-data-dir=%s", profile),
			       output,
			       url,
			       NULL };
	struct process *process =
		process_start(&(struct process_options){ .name = "chromium", .argv = argv });

	process_wait(process, 2 * DEADLINE_S);
	process_assert_exit(process, 0);
	return process_out(process);
}

/* The page's elements, once its scripts have run. */
static char *page_text(const char *url)
{
	return run_chromium(url, "--dump-dom");
}

static void page_screenshot(const char *url, const char *name)
{
	const char *file = path_build(text_format("screenshots/%s.png", name));
	static const char signature[] = "\x89PNG";
	size_t length;
	char *bytes;

	if (mkdir(path_build("screenshots"), 0755) != 0)
		assert_int_equal(errno, EEXIST);
	unlink(file);
	free(run_chromium(url, text_format("--screenshot=%s", file)));
	bytes = file_read(file, &length);
	assert_true(length > 5000);
	assert_memory_equal(bytes, signature, strlen(signature));
	free(bytes);
	print_message("screenshot: %s\n", file);
}

/* The query does not contain the routes: if the page shows them, it shows the result. */
static void prometheus_shows_rates(void **state)
{
	static const char *const routes[] = { "/users/{id}", "/sleep/{id}", "/status/{id}", "/echo",
					      "/drop" };
	char *query = curl_easy_escape(
		NULL,
		"sum by (http_route) (rate(http_server_request_duration_seconds_count"
		"{service_name=\"" SHOP "\"}[1m]))",
		0);
	const char *url =
		text_format("http://127.0.0.1:%u/graph?g0.expr=%s&g0.tab=0&g0.range_input=2m",
			    scenario.prometheus.port, query);
	char *text = page_text(url);
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(routes); i++)
		if (!strstr(text, text_format("http_route=\"%s\"", routes[i])) &&
		    !strstr(text, text_format("http_route=&quot;%s&quot;", routes[i])))
			fail_msg("the page does not show %s; it is: %.2000s", routes[i], text);
	page_screenshot(url, "prometheus-red");
	free(text);
	curl_free(query);
}

/* ---- Grafana ---- */

static bool grafana_answers(void *context)
{
	char *body = http_get(context);

	free(body);
	return body != NULL;
}

/* Starts it and returns its port. */
static uint16_t start_grafana(const char *home)
{
	const uint16_t port = port_free(SOCK_STREAM);
	const char *argv[] = { text_format("%s/bin/grafana", home), "server", "--homepath", home,
			       NULL };
	const char *environment[] = {
		"GF_SERVER_HTTP_ADDR=127.0.0.1",
		text_format("GF_SERVER_HTTP_PORT=%u", port),
		text_format("GF_PATHS_DATA=%s", path_scratch("grafana")),
		text_format("GF_PATHS_LOGS=%s", path_scratch("grafana")),
		text_format("GF_PATHS_PROVISIONING=%s", path_source("stack/grafana/provisioning")),
		"GF_AUTH_ANONYMOUS_ENABLED=true",
		"GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer",
		"GF_ANALYTICS_REPORTING_ENABLED=false",
		"GF_ANALYTICS_CHECK_FOR_UPDATES=false",
		text_format("PROMETHEUS_URL=http://127.0.0.1:%u", scenario.prometheus.port),
		text_format("DASHBOARDS=%s", path_source("stack/grafana/dashboards")),
		NULL,
	};

	process_start(&(struct process_options){ .name = "grafana",
						 .argv = argv,
						 .environment = environment,
						 .death_signal = SIGTERM });
	if (!wait_until(grafana_answers,
			(void *)text_format("http://127.0.0.1:%u/api/dashboards/uid/redtap-red",
					    port),
			2 * DEADLINE_S))
		fail_msg("Grafana does not show the dashboards");
	return port;
}

/* Panels without data in a good run. */
static bool may_be_empty(const char *title)
{
	return strcmp(title, "Firing alerts") == 0;
}

static void assert_panels(uint16_t port, const char *name)
{
	json_t *dashboard = dashboard_load(name), *panel;
	size_t i;

	json_array_foreach(json_object_get(dashboard, "panels"), i, panel)
	{
		const char *title = json_string_value(json_object_get(panel, "title"));
		char *text;

		if (panel_is_row(panel))
			continue;
		text = page_text(
			text_format("http://127.0.0.1:%u/d-solo/%s?panelId=%lld&from=now-5m&to=now",
				    port, name, json_integer_value(json_object_get(panel, "id"))));
		if (!strstr(text, title))
			fail_msg("the panel '%s' is not shown", title);
		if (strstr(text, "Panel status error") ||
		    (strstr(text, "No data") && !may_be_empty(title)))
			fail_msg("the panel '%s' has an error or no data", title);
		free(text);
	}
	json_decref(dashboard);
	page_screenshot(
		text_format("http://127.0.0.1:%u/d/%s?kiosk&from=now-5m&to=now", port, name), name);
}

static void grafana_shows_dashboards(void **state)
{
	const char *home = getenv("GRAFANA_HOME");
	uint16_t port;

	(void)state;
	if (!home) {
		print_message("there is no Grafana: GRAFANA_HOME does not name one\n");
		skip();
	}
	/* A page for each panel takes longer than a test usually may. */
	alarm(GRAFANA_S);
	port = start_grafana(home);
	assert_panels(port, "redtap-red");
	assert_panels(port, "redtap-itself");
}

static int group_setup(void **state)
{
	if (harness_group_setup(state) != 0)
		return -1;
	scenario_play(&scenario, NULL);
	return 0;
}

static int group_teardown(void **state)
{
	scenario_release(&scenario);
	harness_release_kept();
	return harness_group_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(prometheus_shows_rates),
		E2E_TEST(grafana_shows_dashboards),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
