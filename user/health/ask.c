/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ask.c - see health/health.h: `redtap health`.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/log.h"
#include "base/text.h"
#include "health/health.h"
#include "health/health_private.h"

/* redtap responds between two of its steps, the longest of which is a flush. */
#define DEADLINE_NS (2 * NS_PER_S)

struct asking {
	pid_t pid; /* 0: all */
	uint64_t deadline_ns;
	size_t found;
	bool is_bad;
	int others; /* sockets with the name that belong to other users */
};

/* ---- one -------------------------------------------------------------- */

/* Everything up to the end, or to the deadline; false: not all. */
static bool receive(int fd, char text[HEALTH_TEXT_MAX], uint64_t deadline_ns)
{
	size_t used = 0;

	for (;;) {
		struct pollfd in = { .fd = fd, .events = POLLIN };
		const uint64_t now_ns = clock_monotonic_ns();
		ssize_t length;

		text[used] = '\0';
		if (now_ns >= deadline_ns ||
		    poll(&in, 1, (int)((deadline_ns - now_ns) / 1000000 + 1)) <= 0)
			return false;
		length = recv(fd, text + used, HEALTH_TEXT_MAX - 1 - used, 0);
		if (length <= 0)
			return length == 0 && used > 0;
		used += (size_t)length;
	}
}

static void print(struct asking *asking, pid_t pid, char *text)
{
	char shown[TEXT_ESCAPED_SIZE(256)];
	char *line, *rest = NULL;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (line == text) {
			asking->is_bad |= strcmp(line, "healthy") != 0;
			printf("redtap %d: ", (int)pid);
		} else {
			printf("  ");
		}
		printf("%s\n", text_escape_terminal(shown, sizeof(shown), line));
	}
}

static bool is_trusted(const struct asking *asking, const struct ucred *peer)
{
	if (asking->pid)
		return peer->pid == asking->pid;
	return peer->uid == 0 || peer->uid == geteuid();
}

static void ask_one(struct asking *asking, uint64_t number)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[HEALTH_TEXT_MAX];
	struct sockaddr_un address;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	/* Refused: it has ended.  Its queue full: somebody else's, as redtap empties its own. */
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address, health_address(&address, number)) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (!is_trusted(asking, &peer)) {
		asking->others++;
		close(fd);
		return;
	}
	asking->found++;
	if (receive(fd, text, asking->deadline_ns)) {
		print(asking, peer.pid, text);
	} else {
		printf("redtap %d: unhealthy: no response\n", (int)peer.pid);
		asking->is_bad = true;
	}
	close(fd);
}

/* ---- all -------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* Of the names in this network namespace, ascending.  Returns 0 or -errno. */
static int list_numbers(uint64_t **numbers, size_t *count)
{
	FILE *file = fopen("/proc/net/unix", "re");
	size_t room = 0;
	char line[256];
	int err = file ? 0 : -errno;

	*numbers = NULL;
	*count = 0;
	while (!err && fgets(line, sizeof(line), file)) {
		const char *name = strstr(line, " @" HEALTH_NAME);

		if (!name)
			continue;
		err = GROW(*numbers, room, *count + 1);
		if (!err)
			(*numbers)[(*count)++] =
				strtoull(name + sizeof(" @" HEALTH_NAME) - 1, NULL, 16);
	}
	if (file)
		fclose(file);
	if (*count > 1)
		qsort(*numbers, *count, sizeof(**numbers), compare_numbers);
	return err;
}

static void fail_none(const struct asking *asking)
{
	if (asking->pid)
		log_error("no redtap has process id %d here, or it is not attached yet; see "
			  "'ps -C redtap', and ask in its network namespace",
			  (int)asking->pid);
	else if (asking->others)
		log_error("no redtap of this user or root is attached, but %d of other users; name "
			  "one with --instance PID",
			  asking->others);
	else
		log_error("no redtap is attached in this network namespace; start one with 'redtap "
			  "attach'");
}

int health_ask(pid_t pid)
{
	struct asking asking = { .pid = pid, .deadline_ns = clock_monotonic_ns() + DEADLINE_NS };
	uint64_t *numbers;
	size_t count, i;
	const int err = list_numbers(&numbers, &count);

	if (err)
		log_error("cannot read '/proc/net/unix': %s", strerror(-err));
	/* a connection has the name of its listener, too */
	for (i = 0; !err && i < count; i++)
		if (i == 0 || numbers[i] != numbers[i - 1])
			ask_one(&asking, numbers[i]);
	free(numbers);
	if (err)
		return err;
	if (asking.found == 0)
		fail_none(&asking);
	return asking.found == 0 ? -ESRCH : asking.is_bad ? -EIO : 0;
}
