/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * destination.c - see send/destination.h.
 */
#include "send/destination.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/number.h"

const char *destination_parse_host(struct destination *destination, const char *text, size_t length)
{
	size_t i;

	if (length == 0)
		return "the host is empty";
	if (length >= sizeof(destination->host))
		return "the host is too long";
	for (i = 0; i < length; i++)
		/* Names, addresses, and the zone of an IPv6 address (fe80::1%eth0). */
		if (!isalnum((unsigned char)text[i]) && !memchr("-._:%", text[i], 5))
			return "the host has a character that is not allowed in host names";
	memcpy(destination->host, text, length);
	destination->host[length] = '\0';
	return NULL;
}

const char *destination_parse_port(struct destination *destination, const char *text)
{
	uint32_t port;

	if (!number_whole(text, &port) || port < 1 || port > UINT16_MAX)
		return "the port is not a number from 1 to 65535";
	destination->port = (uint16_t)port;
	return NULL;
}

/* HOST:PORT or [IPv6]:PORT */
static const char *parse_host_port(struct destination *destination, const char *host)
{
	const char *end, *port, *wrong;

	if (*host == '[') {
		end = strchr(++host, ']');
		if (!end)
			return "the bracket is not closed";
		port = end + 1;
	} else {
		end = port = host + strcspn(host, ":");
		if (*port && strchr(port + 1, ':'))
			return "an IPv6 address needs brackets";
	}
	if (*port != ':')
		return "the port is missing";
	wrong = destination_parse_host(destination, host, end - host);
	return wrong ? wrong : destination_parse_port(destination, port + 1);
}

static const char *parse_path(struct destination *destination, const char *path)
{
	if (*path != '/')
		return "the path is not absolute; write three slashes, as in unix:///run/x.sock";
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "the path is longer than 107 bytes, the limit for sockets";
	strcpy(destination->host, path);
	return NULL;
}

static const struct {
	const char *prefix;
	enum destination_kind kind;
	const char *(*parse)(struct destination *destination, const char *text);
} schemes[] = {
	{ "udp://", DESTINATION_UDP, parse_host_port },
	{ "tcp://", DESTINATION_TCP, parse_host_port },
	{ "unix://", DESTINATION_UNIX, parse_path },
};

const char *destination_parse(struct destination *destination, const char *text)
{
	size_t i;

	*destination = (struct destination){ .kind = DESTINATION_NONE };
	if (strcmp(text, "none") == 0)
		return NULL;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const size_t length = strlen(schemes[i].prefix);

		if (strncmp(text, schemes[i].prefix, length) != 0)
			continue;
		destination->kind = schemes[i].kind;
		return schemes[i].parse(destination, text + length);
	}
	return "not a destination";
}

char *destination_name(char name[DESTINATION_NAME_MAX], const struct destination *destination)
{
	const char *const scheme = destination->kind == DESTINATION_TCP ? "tcp" : "udp";
	const bool six = strchr(destination->host, ':') != NULL;

	if (destination->kind == DESTINATION_UNIX)
		snprintf(name, DESTINATION_NAME_MAX, "unix://%s", destination->host);
	else if (destination->kind == DESTINATION_NONE)
		strcpy(name, "none");
	else
		snprintf(name, DESTINATION_NAME_MAX, "%s://%s%s%s:%u", scheme, six ? "[" : "",
			 destination->host, six ? "]" : "", destination->port);
	return name;
}
