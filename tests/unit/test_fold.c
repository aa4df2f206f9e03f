/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_fold.c - which segments of real URLs are identifiers, and which pattern is suggested for
 * those that redtap cannot know.
 */
#include "unit.h"

#include "collect/fold.h"
#include "collect/routes.h"
#include "collect/similar.h"

/* As the kernel folds them; folded NULL: stays. */
static const struct {
	const char *path, *folded;
} urls[] = {
	/* numbers */
	{ "/api/orders/ORD-2024-000123", "/api/orders/{id}" },
	{ "/api/invoices/INV-2024-0042.pdf", "/api/invoices/{id}.pdf" },
	{ "/products/SKU00123", "/products/{id}" },
	{ "/products/SKU00123/reviews/", "/products/{id}/reviews/" },
	{ "/title/tt0111161/fullcredits", "/title/{id}/fullcredits" },
	{ "/dp/B00005N5PF", "/dp/{id}" },
	{ "/questions/my-first-question-11227809", "/questions/{id}" },
	{ "/security/CVE-2021-44228", "/security/{id}" },
	{ "/news/world-europe-68123456", "/news/{id}" },
	{ "/wp-content/uploads/IMG_20240501_120000.jpg", "/wp-content/uploads/{id}.jpg" },
	{ "/@user10293847", "/{id}" },
	{ "/v1/customers/{id}/sources/card-000017", "/v1/customers/{id}/sources/{id}" },
	{ "/doi/10.1000.182345", "/doi/{id}" },
	/* dates */
	{ "/calendar/2024-05-01", "/calendar/{id}" },
	{ "/archive/2024-05", "/archive/{id}" },
	{ "/reports/2024-05-01T12:00:00Z", "/reports/{id}" },
	{ "/reports/sales_2024_05_01.csv", "/reports/{id}.csv" },
	{ "/2024-05-01-hello-world.html", "/{id}.html" },
	{ "/backup/31.12.2024", "/backup/{id}" },
	/* random tokens */
	{ "/watch/dQw4w9WgXcQ", "/watch/{id}" },
	{ "/r/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/r/{id}" },
	{ "/s/V1StGXR8_Z5jdHi6B-myT", "/s/{id}" },
	{ "/v1/payment_intents/pi_3MtwBwLkdIwHu7ix28a3tqPa", "/v1/payment_intents/{id}" },
	{ "/files/d/1BxiMVs0XRA5nFMdKvBdBZ", "/files/d/{id}" },
	{ "/sessions/s-8f14e45fceea167a", "/sessions/{id}" },
	/* hashed names of assets */
	{ "/static/js/main.3f2a9c1b.js", "/static/js/{id}.js" },
	{ "/static/js/2.d41d8cd9.chunk.js", "/static/js/{id}.js" },
	{ "/static/css/main.d41d8cd9.css.map", "/static/css/{id}.map" },
	{ "/assets/index-BX7d2k9Q.js", "/assets/{id}.js" },
	{ "/assets/logo-9f1f1c0e3f7a2b1c.svg", "/assets/{id}.svg" },
	{ "/_next/static/media/inter-4de1fea1.woff2", "/_next/static/media/{id}.woff2" },
	/* a number of five digits is one, whatever stands before it: a pattern keeps such a route */
	{ "/standards/iso27001", "/standards/{id}" },
	/* words and versions */
	{ "/oauth2callback", NULL },
	{ "/apis/apps/v1beta1/deployments", NULL },
	{ "/convert/utf8", NULL },
	{ "/api/v2.1/users/{id}", NULL },
	{ "/login/oauth2/code/google", NULL },
	{ "/.well-known/openid-configuration", NULL },
	{ "/hash/sha256", NULL },
	{ "/encode/base64decode", NULL },
	{ "/charset/iso8859-15", NULL },
	{ "/charset/windows1252", NULL },
	{ "/rfc/rfc9110.html", NULL },
	{ "/jquery/jquery-3.6.0.min.js", NULL },
	{ "/download/app-v2.10.3-x86_64.tar.gz", NULL },
	{ "/download/x86w64mingw32", NULL },
	{ "/js/log4j2config.js", NULL },
	{ "/tools/mp4to3gp", NULL },
	{ "/games/face2face", NULL },
	{ "/events/cafe2024", NULL },
	{ "/events/2024", NULL },
	{ "/report-2024/q1", NULL },
	{ "/products/iphone-15-pro-max", NULL },
	{ "/api/getUserInfoV2", NULL },
	{ "/api/OAuth2TokenV2", NULL },
	{ "/com.example.UserServiceV1/GetUser2FA", NULL },
	{ "/wiki/Caf%C3%A9_%2010", NULL },
	{ "/wiki/Top%20100", NULL },
	{ "/wiki/1984-Orwell", NULL },
	{ "/blog/how-to-use-http2-and-http3", NULL },
	{ "/browse/PROJ-1234", NULL },
	{ "/wp-login.php", NULL },
	{ "/", NULL },
	{ "//a//", NULL },
	{ "*", NULL },
	{ "other", NULL },
};

static void test_urls(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(urls); i++) {
		char *path = strdup(urls[i].path); /* exactly its bytes, for the sanitizer */

		fold_path(path);
		if (strcmp(path, urls[i].folded ? urls[i].folded : urls[i].path) != 0)
			fail_msg("%s: %s", urls[i].path, path);
		fold_path(path);
		if (strcmp(path, urls[i].folded ? urls[i].folded : urls[i].path) != 0)
			fail_msg("%s, twice: %s", urls[i].path, path);
		free(path);
	}
}

/* What a route is made of: %c%c are two letters that differ in each. */
static void test_suggestions(void **state)
{
	static const struct {
		const char *comment, *route;
		const char *pattern; /* NULL: nothing is suggested */
	} rows[] = {
		{ "last segment", "/shop/x%c%c", "/shop/{name}" },
		{ "segment in the middle", "/u/{id}/x%c%c/edit", "/u/{id}/{name}/edit" },
		{ "extension", "/docs/x%c%c.html", "/docs/{name}.html" },
		{ "folded with an extension", "/a/{id}.js/x%c%c", "/a/{id}.js/{name}" },
		{ "part of a segment", "/@%c%c", "/{name}" },
		{ "two segments differ", "/%c/%c", NULL },
		{ "always the same", "/shop/x", NULL },
		{ "what a shell would run", "/x'`reboot`'%c/a%c", NULL },
		{ "braces of a client", "/{x/a%c%c", NULL },
		{ "a route that is no path", "other%c%c", NULL },
	};
	char route[64];
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct similar similar = { 0 };
		struct routes *routes = routes_open();

		for (j = 0; j < 4 * SIMILAR_MAX; j++) {
			const char *pattern;

			/* each route twice: it counts once */
			snprintf(route, sizeof(route), rows[i].route, 'a' + (int)j / 2 % 26,
				 'A' + (int)j / 2 / 26);
			pattern = similar_add(&similar, route);
			if (!pattern != !(rows[i].pattern && j == 2 * SIMILAR_MAX))
				fail_msg("%s: route %zu: '%s'", rows[i].comment, j, pattern);
			if (!pattern)
				continue;
			assert_string_equal(pattern, rows[i].pattern);
			assert_null(routes_add(routes, pattern));
			assert_string_equal(routes_match(routes, route), pattern);
		}
		routes_close(routes);
		similar_release(&similar);
	}
}

/* An attacker's routes do not fill standard error. */
static void test_suggestions_end(void **state)
{
	struct similar similar = { 0 };
	unsigned int said = 0;
	char route[64];
	size_t i, j;

	(void)state;
	for (i = 0; i < 20; i++)
		for (j = 0; j < 2 * SIMILAR_MAX; j++) {
			snprintf(route, sizeof(route), "/%zu/a%zu", i, j);
			said += similar_add(&similar, route) != NULL;
		}
	assert_int_equal(said, SIMILAR_PATTERNS_MAX);
	similar_release(&similar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_suggestions_end),
	};

	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
