/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * check.c - see check.h: tries and collects.
 */
#include "check/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "check/check_private.h"
#include "kernel/loader.h"
#include "watch/namespaces.h"
#include "watch/target.h"

#define LOCKDOWN_PATH "/sys/kernel/security/lockdown"
/* How long processes are observed, milliseconds. */
#define OBSERVE_MS 1000
#define PORTS 65536

/* ---- kernel ----------------------------------------------------------- */

static void look_at_btf(struct check *check)
{
	int fd = open(CHECK_BTF_PATH, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		check->btf_error = -errno;
	else
		check->btf_bytes = status.st_size;
	if (fd >= 0)
		close(fd);
}

/* The file lists all modes, with the one in force in brackets. */
static void look_at_lockdown(struct check *check)
{
	FILE *file = fopen(LOCKDOWN_PATH, "re");
	char text[128] = "", *begin, *end;

	if (!file)
		return;
	if (fgets(text, sizeof(text), file) && (begin = strchr(text, '[')) &&
	    (end = strchr(begin, ']'))) {
		*end = '\0';
		snprintf(check->lockdown, sizeof(check->lockdown), "%s", begin + 1);
	}
	fclose(file);
}

static void look_at_hooks(struct check *check)
{
	enum hook_kind kind;

	for (kind = HOOK_NONE + 1; kind < HOOK_COUNT; kind++)
		check->hooks[kind] = hook_probe(kind);
}

/* As attach does it; the messages are attach's as well. */
static struct loader *load(struct check *check)
{
	struct loader *loader = NULL;

	check->load_error = loader_open(&loader, &check->options->kernel);
	if (check->load_error)
		return NULL;
	loader_memory(loader, &check->memory_now, &check->memory_full);
	check->attach_error = loader_attach(loader);
	return loader;
}

/* ---- processes -------------------------------------------------------- */

/* The sockets of a process and its workers, by local port. */
struct census {
	struct proc_inodes inodes;
	bool listens[PORTS];
	uint32_t connections[PORTS];
};

static bool count_socket(void *context, const struct proc_socket *socket)
{
	struct census *census = context;

	if (!proc_inodes_hold(&census->inodes, socket->inode))
		return true;
	if (socket->state == PROC_TCP_LISTEN)
		census->listens[socket->port] = true;
	else if (socket->state == PROC_TCP_ESTABLISHED || socket->state == PROC_TCP_CLOSE_WAIT)
		census->connections[socket->port]++;
	return true;
}

/* In any network namespace. */
static int count_sockets(struct census *census)
{
	struct namespaces namespaces = { 0 };
	int err = namespaces_read(&namespaces);
	size_t i;

	for (i = 0; i < namespaces.count && !err; i++)
		proc_visit_sockets(namespaces.list[i].pid, count_socket, census);
	namespaces_release(&namespaces);
	return err;
}

static int read_inodes(struct proc_inodes *all, const struct proc_pids *family)
{
	int err = 0;
	size_t i;

	for (i = 0; i < family->count && !err; i++) {
		err = proc_inodes_read(all, family->pids[i]);
		if (err == -ENOENT || err == -ESRCH) /* ended meanwhile */
			err = 0;
	}
	return err;
}

static int list_ports(struct check_process *process, const struct census *census)
{
	uint32_t port;

	for (port = 1; port < PORTS; port++)
		process->port_count += census->listens[port];
	process->ports = calloc(process->port_count + 1, sizeof(*process->ports));
	if (!process->ports)
		return -ENOMEM;
	process->port_count = 0;
	for (port = 1; port < PORTS; port++)
		if (census->listens[port])
			process->ports[process->port_count++] =
				(struct check_port){ port, census->connections[port] };
	return 0;
}

/* Fills process except its pid. */
static int look_at_process(struct check_process *process)
{
	struct census *census = calloc(1, sizeof(*census));
	struct proc_pids family = { 0 };
	pid_t pid = process->pid;
	uint32_t netns;
	int err = census ? target_resolve(&pid, process->name) : -ENOMEM;

	if (!err) /* attach needs it */
		err = proc_read_netns(pid, &netns);
	if (!err)
		err = proc_pids_add(&family, pid);
	if (!err)
		err = proc_pids_add_children(&family);
	if (!err) {
		process->workers = family.count - 1;
		err = read_inodes(&census->inodes, &family);
	}
	if (!err)
		process->listens_unix =
			proc_find_unix_listener(pid, &census->inodes, process->unix_path);
	if (!err)
		err = count_sockets(census);
	if (!err)
		err = list_ports(process, census);
	proc_pids_release(&family);
	if (census)
		proc_inodes_release(&census->inodes);
	free(census);
	return err;
}

static int look_at_processes(struct check *check)
{
	size_t i, count = check->options->watch.pid_count;

	check->processes = calloc(count + 1, sizeof(*check->processes));
	if (!check->processes)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		check->processes[i].pid = check->options->watch.pids[i].pid;
		check->processes[i].error = look_at_process(&check->processes[i]);
	}
	return 0;
}

/* Lets the attached programs count for a moment, as attach would.  Returns 0 or -errno. */
static int observe(struct check *check, struct loader *loader)
{
	const volatile struct ledger *ledger = loader_ledger(loader);
	int err = 0;
	size_t i;

	for (i = 0; i < check->options->watch.pid_count && !err; i++) {
		pid_t pid = check->processes[i].pid;
		char name[TARGET_NAME_SIZE];

		if (!check->processes[i].error && target_resolve(&pid, name) == 0)
			err = loader_target_add(loader, pid, 0, true);
		if (err == -EEXIST)
			err = 0;
	}
	if (!err)
		err = target_add_children(loader);
	if (err >= 0)
		err = target_add_listeners(loader);
	if (err < 0)
		return err;
	poll(NULL, 0, OBSERVE_MS);
	check->observed.seconds = OBSERVE_MS / 1000.0;
	check->observed.requests = ledger->seen;
	for (i = 0; i < IGNORE_COUNT; i++)
		check->observed.ignored[i] = ledger->ignored[i];
	return 0;
}

/* ---- all of it -------------------------------------------------------- */

static bool all_processes_fit(const struct check *check)
{
	size_t i;

	for (i = 0; i < check->options->watch.pid_count; i++)
		if (check->processes[i].error)
			return false;
	return true;
}

static int print(const struct check *check)
{
	if (check->options->output == OUTPUT_JSON)
		check_print_json(stdout, check, clock_unix_s());
	else if (check->options->output != OUTPUT_NONE)
		check_print_table(stdout, check);
	return fflush(stdout) || ferror(stdout) ? -EIO : 0;
}

int check_run(const struct options *options)
{
	struct check check = { .options = options, .user = geteuid() };
	struct loader *loader;
	size_t i;
	int err;

	uname(&check.kernel);
	look_at_btf(&check);
	look_at_lockdown(&check);
	loader = load(&check);
	look_at_hooks(&check);
	err = look_at_processes(&check);
	if (!err && loader && !check.attach_error && options->watch.pid_count > 0)
		err = observe(&check, loader);
	loader_close(loader);
	if (!err) {
		check.works = !check.load_error && !check.attach_error && all_processes_fit(&check);
		err = print(&check);
	} else {
		log_error("cannot examine the processes: %s", strerror(-err));
	}
	for (i = 0; check.processes && i < options->watch.pid_count; i++)
		free(check.processes[i].ports);
	free(check.processes);
	return err ? err : check.works ? 0 : -ENOTSUP;
}
