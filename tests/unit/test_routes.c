/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_routes.c - the user's route patterns: which are valid, which matches, what a file
 * may contain.
 */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "collect/routes.h"

#define PATTERNS_MAX 4

static struct routes *open_routes(const char *const *patterns)
{
	struct routes *routes = routes_open();
	size_t i;

	assert_non_null(routes);
	for (i = 0; i < PATTERNS_MAX && patterns[i]; i++) {
		const char *wrong = routes_add(routes, patterns[i]);

		if (wrong)
			fail_msg("'%s': %s", patterns[i], wrong);
	}
	return routes;
}

static const struct {
	const char *comment;
	const char *patterns[PATTERNS_MAX];
	const char *path;
	const char *route; /* NULL: no pattern matches */
} matching_rows[] = {
	{ "no patterns", { NULL }, "/a", NULL },
	{ "literal", { "/a/b" }, "/a/b", "/a/b" },
	{ "literal, longer path", { "/a/b" }, "/a/b/c", NULL },
	{ "literal, shorter path", { "/a/b" }, "/a", NULL },
	{ "literal is not a prefix", { "/a" }, "/ab", NULL },
	{ "path is not a prefix", { "/ab" }, "/a", NULL },
	{ "case matters", { "/a" }, "/A", NULL },
	{ "root", { "/" }, "/", "/" },
	{ "root is no wildcard", { "/" }, "/a", NULL },
	{ "placeholder", { "/users/{name}/orders" }, "/users/bob/orders", "/users/{name}/orders" },
	{ "placeholder takes a folded segment",
	  { "/users/{name}" },
	  "/users/{id}",
	  "/users/{name}" },
	{ "placeholder takes one segment only", { "/users/{name}" }, "/users/a/b", NULL },
	{ "placeholder takes no empty segment", { "/users/{name}" }, "/users/", NULL },
	{ "nor one in the middle", { "/a/{x}/b" }, "/a//b", NULL },
	{ "trailing slash", { "/a/" }, "/a/", "/a/" },
	{ "trailing slash left out", { "/a/" }, "/a", "/a/" },
	{ "trailing slash added", { "/a" }, "/a/", "/a" },
	{ "trailing slash behind a placeholder", { "/a/{x}" }, "/a/b/", "/a/{x}" },
	{ "two of them are another path", { "/a" }, "/a//", NULL },
	{ "text before a placeholder", { "/@{user}" }, "/@bob", "/@{user}" },
	{ "text before it, path without", { "/@{user}" }, "/bob", NULL },
	{ "text before it and nothing more", { "/@{user}" }, "/@", NULL },
	{ "text before it, path folded", { "/@{user}" }, "/{id}", NULL },
	{ "text behind a placeholder", { "/{a}.json" }, "/x.y.json", "/{a}.json" },
	{ "text behind it, path without", { "/{a}.json" }, "/x.xml", NULL },
	{ "text behind it and nothing more", { "/{a}.json" }, "/.json", NULL },
	{ "text around a placeholder", { "/a-{n}-b/c" }, "/a-1-b/c", "/a-{n}-b/c" },
	{ "text around it overlaps", { "/ab{n}bc" }, "/abc", NULL },
	{ "braces in a path", { "/x{n}" }, "/x{a", "/x{n}" },
	{ "empty segment stands for itself", { "/a//b" }, "/a//b", "/a//b" },
	{ "first wins", { "/users/me", "/users/{name}" }, "/users/me", "/users/me" },
	{ "second pattern, if the first does not match",
	  { "/users/me", "/users/{name}" },
	  "/users/you",
	  "/users/{name}" },
	{ "first wins, overlapping", { "/{a}/x", "/y/{b}" }, "/y/x", "/{a}/x" },
	{ "several placeholders", { "/{a}/{b}" }, "/p/q", "/{a}/{b}" },
	{ "name with digits, dash and underline", { "/{a-1_B}" }, "/p", "/{a-1_B}" },
	{ "bytes above 127", { "/caf\xc3\xa9/{x}" }, "/caf\xc3\xa9/1", "/caf\xc3\xa9/{x}" },
	{ "percent-encoding is not decoded", { "/a%20b" }, "/a%20b", "/a%20b" },
	{ "digits and letters are not folded", { "/v1/2x" }, "/v1/2x", "/v1/2x" },
	{ "15 hexadecimal digits are not folded",
	  { "/abcdefabcdefabc" },
	  "/abcdefabcdefabc",
	  "/abcdefabcdefabc" },
	{ "the route 'other'", { "/{x}" }, "other", NULL },
	{ "asterisk form", { "/{x}" }, "*", NULL },
};

static void test_matching(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(matching_rows); i++) {
		struct routes *routes = open_routes(matching_rows[i].patterns);
		const char *route = routes_match(routes, matching_rows[i].path);

		if (!route != !matching_rows[i].route ||
		    (route && strcmp(route, matching_rows[i].route) != 0))
			fail_msg("%s: '%s'", matching_rows[i].comment, route ? route : "none");
		routes_close(routes);
	}
}

static const struct {
	const char *comment;
	const char *patterns[PATTERNS_MAX]; /* the last is refused */
	const char *said;
} refused_rows[] = {
	{ "empty", { "" }, "begins with '/'" },
	{ "no slash", { "users" }, "begins with '/'" },
	{ "asterisk", { "*" }, "begins with '/'" },
	{ "digits fold", { "/users/42" }, "folded to {id}" },
	{ "one digit folds", { "/a/1/b" }, "folded to {id}" },
	{ "16 hexadecimal digits fold", { "/abcdefabcdefabcd" }, "folded to {id}" },
	{ "a UUID folds", { "/123e4567-e89b-12d3-a456-426614174000" }, "folded to {id}" },
	{ "32 bytes fold", { "/x/abcdefghijklmnopqrstuvwxyzabcdef/y" }, "folded to {id}" },
	{ "query", { "/a?b" }, "never has a blank" },
	{ "fragment", { "/a#b" }, "never has a blank" },
	{ "parameter", { "/a;b" }, "never has a blank" },
	{ "blank", { "/a b" }, "never has a blank" },
	{ "line feed", { "/a\n" }, "never has a blank" },
	{ "open brace", { "/{a" }, "brace" },
	{ "closing brace", { "/a}" }, "brace" },
	{ "closing before opening", { "/}a{" }, "brace" },
	{ "two names in a segment", { "/{a}.{b}" }, "at most one name" },
	{ "a brace behind a name", { "/{a}}" }, "at most one name" },
	{ "a brace in a name", { "/{a{b}" }, "only letters" },
	{ "a blank beside a name", { "/a {b}" }, "never has a blank" },
	{ "too long beside a name", { "/abcdefghijklmnopqrstuvwxyzabcde{x}" }, "folded to {id}" },
	{ "empty name", { "/{}" }, "brace" },
	{ "name with a blank", { "/{a b}" }, "only letters" },
	{ "name with a star", { "/{*rest}" }, "only letters" },
	{ "the same again", { "/a", "/a" }, "an earlier pattern" },
	{ "the same with another name", { "/{a}", "/{b}" }, "an earlier pattern" },
	{ "shadowed", { "/users/{a}", "/users/me" }, "an earlier pattern" },
	{ "the same but for a slash", { "/a", "/a/" }, "an earlier pattern" },
	{ "shadowed with text", { "/a{x}", "/ab{y}.js" }, "an earlier pattern" },
	{ "shadowed by the first of two", { "/{a}/{b}", "/x", "/y/z" }, "an earlier pattern" },
};

static void test_refused(void **state)
{
	char long_pattern[] = "/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa"
			      "/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaa/aaaaaaaz";
	struct routes *routes;
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(refused_rows); i++) {
		const char *wrong = NULL;

		routes = routes_open();
		for (j = 0; j < PATTERNS_MAX && refused_rows[i].patterns[j]; j++) {
			if (wrong)
				fail_msg("%s: refused too early: %s", refused_rows[i].comment,
					 wrong);
			wrong = routes_add(routes, refused_rows[i].patterns[j]);
		}
		if (!wrong)
			fail_msg("%s: taken", refused_rows[i].comment);
		assert_contains(refused_rows[i].comment, wrong, refused_rows[i].said);
		assert_int_equal(routes_count(routes), j - 1);
		routes_close(routes);
	}
	routes = routes_open();
	assert_int_equal(strlen(long_pattern), 129);
	assert_contains("129 bytes", routes_add(routes, long_pattern), "128");
	long_pattern[128] = '\0';
	assert_null(routes_add(routes, long_pattern));
	routes_close(routes);
}

/* A file in memory; its path. */
static FILE *make_file(char path[64], const char *bytes, size_t length)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fflush(file), 0);
	snprintf(path, 64, "/proc/self/fd/%d", fileno(file));
	return file;
}

static void test_file(void **state)
{
	static const char text[] =
		"# routes of the shop\n\n/a\n  /b/{x}  # and its parts\r\n\t\n/c";
	struct routes *routes = routes_open();
	struct routes_fault fault;
	char path[64];
	FILE *file = make_file(path, text, sizeof(text) - 1);

	(void)state;
	assert_int_equal(routes_read(routes, path, &fault), 0);
	assert_int_equal(routes_count(routes), 3);
	assert_string_equal(routes_match(routes, "/b/1"), "/b/{x}");
	assert_string_equal(routes_match(routes, "/c"), "/c");
	fclose(file);
	routes_close(routes);
}

static void test_bad_file(void **state)
{
	static const struct {
		const char *comment, *text;
		size_t length; /* 0: of text */
		size_t line;
		const char *pattern, *said;
	} rows[] = {
		{ "bad in the first line", "users\n/a\n", 0, 1, "users", "begins with" },
		{ "comments and empty lines count", "# x\n\n/a\n /b/7 # y\n", 0, 4, "/b/7",
		  "folded" },
		{ "last line without an end", "/a\n/a", 0, 2, "/a", "an earlier pattern" },
		{ "two words", "/a /b\n", 0, 1, "/a /b", "never has a blank" },
		{ "NUL", "/a\n/b\0c\n", 8, 2, "/b", "NUL" },
		{ "NUL alone", "\0", 1, 1, "", "NUL" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct routes *routes = routes_open();
		struct routes_fault fault;
		char path[64];
		FILE *file = make_file(path, rows[i].text,
				       rows[i].length ? rows[i].length : strlen(rows[i].text));

		if (routes_read(routes, path, &fault) != -EINVAL)
			fail_msg("%s: taken", rows[i].comment);
		assert_int_equal(fault.line, rows[i].line);
		assert_string_equal(fault.text, rows[i].pattern);
		assert_contains(rows[i].comment, fault.reason, rows[i].said);
		free(fault.text);
		fclose(file);
		routes_close(routes);
	}
}

static void test_no_file(void **state)
{
	struct routes *routes = routes_open();
	struct routes_fault fault;

	(void)state;
	assert_int_equal(routes_read(routes, "/nonexistent/routes", &fault), -ENOENT);
	assert_int_equal(fault.line, 0);
	assert_null(fault.text);
	assert_non_null(fault.reason);
	assert_int_equal(routes_read(routes, "/", &fault), -EISDIR);
	assert_null(fault.text);
	assert_contains("directory", fault.reason, "directory");
	routes_close(routes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matching), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_file),     cmocka_unit_test(test_bad_file),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
