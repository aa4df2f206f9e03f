/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * target.c - see target.h.
 */
#include "target.h"

#include <stdio.h>
#include <string.h>

#include "route.h"

#define DIGITS "0123456789"
#define HEX_DIGITS DIGITS "abcdefABCDEF"
#define TOKEN_BYTES DIGITS "abcdefghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ-._~!$&'()+@%"
#define QUERY_BYTES TOKEN_BYTES "/?:;#,|{}\"\\<>="
/* Not of the fixed part of the rows below, the rest is. */
#define QUERY_LONG_MAX 7000

/*
 * %d digits, %u a UUID, %h hex of 16 or more, %t a token of 32 bytes or more, %q
 * a query, %Q a long one, %s one-digit segments, so many that they fit, %S more
 * than fit, %p a path that is too long; all else is as it stands.
 */
/* clang-format off */
static const char *const templates[] = {
	"/",
	"/users/%d",
	"/users/%d/orders/%d",
	"/users/%d/",
	"/files/%u/raw",
	"/blob/%h",
	"/blob/deadbeefdeadbee", /* 15 are a word */
	"/session/%t/data",
	"/seg/abcdefghij-abcdefghij-abcdefghi", /* 31 are none */
	"/seg/abcdefghij-abcdefghij-abcdefghij",
	"/static/app.js?v=%d",
	"/search?%q",
	"/search?%Q",
	"/a//b/",
	"//",
	"/matrix;color=%d/more",
	"/frag#%q",
	"/v1.2/12monkeys/0x1f",
	"/{id}/literal",
	"/caf%C3%A9/%7Euser",
	"/caf\xc3\xa9",
	"/quote\"back\\slash,|:=",
	"http://host.example/users/%d?%q",
	"HTTPS://h:8443",
	"http://[::1]:80?x=/y",
	"http://host.example#%q",
	"*",
	"host.example:443",
	"/many%s",
	"/many%S",
	"/long/%p",
	"/n%s/%t",
	/* 128 bytes and 129 */
	"/edge/aaaaaaaaa.aaaaaaaaa.aaaaaaaaa/aaaaaaaaa.aaaaaaaaa.aaaaaaaaa/aaaaaaaaa.aaaaaaaaa."
	"aaaaaaaaa/aaaaaaaaa.aaaaaaaaa.aaaaaa/12.45?%q",
	"/edge/aaaaaaaaa.aaaaaaaaa.aaaaaaaaa/aaaaaaaaa.aaaaaaaaa.aaaaaaaaa/aaaaaaaaa.aaaaaaaaa."
	"aaaaaaaaa/aaaaaaaaa.aaaaaaaaa.aaaaaa/12.456?%q",
};
/* clang-format on */

/* For the methods that are not among the usual: the number of series is kept down. */
static const char *const templates_rare[] = { "/", "/dav/%d", "/dav/%t?%q", "*" };

static const char *const unregistered[] = {
	"BREW",
	"GETS",
	"GE",
	"X",
	"PRIX",
	"patch",
	"!GET",
	"ABCDEFGHIJKLMNOPQRSTUVWXY",
	"#$%&'*+.^_`|~",
	"M-SEARCH",
	"NOTIFY",
	"A1_B-2",
	"UPDATEREDIRECTREFS",
	"ABCDEFGHIJKLMNOPQRSTUVWX", /* ROUTE_METHOD_MAX bytes */
};

static const char *const usual[] = { "GET", "GET",    "GET",  "GET",  "POST",   "POST",
				     "PUT", "DELETE", "HEAD", "HEAD", "OPTIONS" };

static size_t put_bytes(char *text, struct random *random, const char *alphabet, size_t count)
{
	const size_t letters = strlen(alphabet);
	size_t i;

	for (i = 0; i < count; i++)
		text[i] = alphabet[random_below(random, letters)];
	text[count] = '\0';
	return count;
}

static size_t put_uuid(char *text, struct random *random)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };
	size_t used = 0, i;

	for (i = 0; i < 5; i++) {
		if (i > 0)
			text[used++] = '-';
		used += put_bytes(text + used, random, HEX_DIGITS, groups[i]);
	}
	return used;
}

static size_t put_segments(char *text, struct random *random, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		text[2 * i] = '/';
		put_bytes(text + 2 * i + 1, random, DIGITS, 1);
	}
	return 2 * count;
}

static size_t put_field(char *text, struct random *random, char field)
{
	switch (field) {
	case 'd':
		return put_bytes(text, random, DIGITS, random_range(random, 1, 19));
	case 'u':
		return put_uuid(text, random);
	case 'h':
		return put_bytes(text, random, HEX_DIGITS, random_range(random, 16, 64));
	case 't':
		return put_bytes(text, random, TOKEN_BYTES, random_range(random, 32, 90));
	case 'q':
		return put_bytes(text, random, QUERY_BYTES, random_range(random, 0, 60));
	case 'Q':
		return put_bytes(text, random, QUERY_BYTES,
				 random_range(random, 200, QUERY_LONG_MAX));
	case 's': /* a route for each number of them, so only a few */
		return put_segments(text, random, 8 + 4 * random_below(random, 4));
	case 'S':
		return put_segments(text, random, random_range(random, 25, 61));
	default: /* 'p' */
		return put_bytes(text, random, TOKEN_BYTES "/", random_range(random, 123, 900));
	}
}

const char *target_method(struct random *random)
{
	size_t count = 0;

	if (random_chance(random, 850))
		return RANDOM_ROW(random, usual);
	if (random_chance(random, 250))
		return RANDOM_ROW(random, unregistered);
	while (route_methods[count])
		count++;
	return route_methods[random_below(random, count)];
}

static bool is_usual(const char *method)
{
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(usual[i], method) == 0)
			return true;
	return false;
}

void target_make(char *target, struct random *random, const char *method)
{
	const char *at = is_usual(method) ? RANDOM_ROW(random, templates)
					  : RANDOM_ROW(random, templates_rare);
	size_t used = 0;

	if (strcmp(method, "CONNECT") == 0 && random_chance(random, 700))
		at = "host.example:443";
	for (; *at; at++) {
		/* "%C3" is no field: those have small letters, and Q and S */
		if (*at == '%' && strchr("duhtqQsSp", at[1]))
			used += put_field(target + used, random, *++at);
		else
			target[used++] = *at;
	}
	target[used] = '\0';
}
