/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * watch.c - see watch.h.
 */
#include "watch/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

static int resolve_named(struct watch *watch)
{
	const struct watch_settings *settings = watch->settings;
	size_t i;

	watch->pids = calloc(settings->pid_count, sizeof(*watch->pids));
	watch->names = calloc(settings->pid_count, sizeof(*watch->names));
	if (!watch->pids || !watch->names)
		return -ENOMEM;
	for (i = 0; i < settings->pid_count; i++) {
		int err;

		watch->pids[i] = settings->pids[i].pid;
		err = target_resolve(&watch->pids[i], watch->names[i]);
		if (err)
			return err;
	}
	return 0;
}

int watch_init(struct watch *watch, const struct watch_settings *settings)
{
	int err;

	*watch = (struct watch){ .settings = settings };
	err = resolve_named(watch);
	if (!err && settings->selection.port_count + settings->selection.name_count > 0)
		err = selection_open(&watch->selection, &settings->selection);
	return err;
}

void watch_release(struct watch *watch)
{
	selection_close(watch->selection);
	proc_pids_release(&watch->first);
	free(watch->pids);
	free(watch->names);
}

/* Adds a process under its service.  Returns 1, 0 if it was added before, or -errno. */
static int enter(struct watch *watch, pid_t pid, const char *own_service, const char *name)
{
	const struct watch_settings *settings = watch->settings;
	const char *service = own_service         ? own_service
			      : settings->service ? settings->service
						  : name;
	int id = collector_service(watch->collector, service);
	int err = id < 0 ? id : loader_target_add(watch->loader, pid, id, !settings->no_follow);

	if (err)
		return err == -EEXIST ? 0 : err;
	watch->added++;
	if (!watch->crowded && strcmp(collector_service_name(watch->collector, id), service) != 0) {
		watch->crowded = true;
		log_warning(
			"all %d service names are in use, so pid %d and others are counted under the service '%s'; use --service to give all one name, or --user or --netns to leave others' processes out",
			SERVICES_MAX, pid, SERVICE_SHARED);
	}
	if (watch->begun)
		return 1;
	if (watch->first.count == 0)
		memcpy(watch->first_name, name, sizeof(watch->first_name));
	return proc_pids_add(&watch->first, pid) ?: 1;
}

int watch_add_named(struct watch *watch, struct loader *loader, struct collector *collector)
{
	const struct watch_settings *settings = watch->settings;
	size_t i;

	watch->loader = loader;
	watch->collector = collector;
	for (i = 0; i < settings->pid_count; i++) {
		int err = enter(watch, watch->pids[i], settings->pids[i].name, watch->names[i]);

		if (err < 0) {
			log_error("cannot watch pid '%d': %s", watch->pids[i], strerror(-err));
			return err;
		}
	}
	return 0;
}

/* Adds children and ports of targets; those that have ended make room. */
static int complete_targets(struct watch *watch)
{
	int err;

	target_remove_dead(watch->loader);
	err = target_add_children(watch->loader);
	if (err < 0)
		return err;
	return target_add_listeners(watch->loader);
}

/* A selection_found. */
static int take_selected(void *context, pid_t pid, const char name[TARGET_NAME_SIZE],
			 const char *reason)
{
	char shown[TEXT_ESCAPED_SIZE(TARGET_NAME_SIZE)];
	struct watch *watch = context;
	int err;

	/* a child, or given by --pid, perhaps under another service */
	if (loader_target_find(watch->loader, pid) > 0)
		return 0;
	err = enter(watch, pid, NULL, name);
	text_escape_terminal(shown, sizeof(shown), name);
	if (err > 0 && watch->begun) {
		/* before the message: it must be true when it is printed */
		err = complete_targets(watch);
		log_info("watching pid %d (%s) from now on: it %s", pid, shown, reason);
	}
	return err < 0 && err != -E2BIG ? err : 0;
}

/* Adds new processes that match --port and --name. */
static int look(struct watch *watch)
{
	watch->added = 0;
	return watch->selection ? selection_look(watch->selection, take_selected, watch) : 0;
}

/* Reports problems of a look.  Returns err. */
static int conclude(struct watch *watch, int err)
{
	if (err)
		log_error("cannot find the processes to watch in /proc: %s", strerror(-err));
	if (!watch->full && loader_targets_full(watch->loader) > 0) {
		watch->full = true;
		log_warning("%d processes are watched, which is the limit; others are not",
			    TARGETS_MAX);
	}
	return err;
}

/* Of services whose processes have all ended. */
static void give_back_services(struct watch *watch)
{
	bool watched[SERVICES_MAX] = { false };
	pid_t pid = 0;
	int found;

	if (!collector_services_are_scarce(watch->collector))
		return;
	while (loader_next_target(watch->loader, &pid)) {
		found = loader_target_find(watch->loader, pid);
		if (found > 0)
			watched[found - 1] = true;
	}
	collector_give_back_services(watch->collector, watched);
}

/* Twice: one of the two finds a process, child or port that comes while /proc is read. */
int watch_begin(struct watch *watch, uint64_t now_ns)
{
	int pass, err = 0;

	for (pass = 0; pass < 2 && !err; pass++) {
		err = complete_targets(watch);
		if (!err)
			err = look(watch);
		if (!err && watch->added > 0)
			err = complete_targets(watch);
	}
	watch->begun = true;
	watch->due_ns = now_ns + WATCH_PERIOD_NS;
	return conclude(watch, err);
}

int watch_look(struct watch *watch, uint64_t now_ns)
{
	uint64_t missed;
	int err;

	if (now_ns < watch->due_ns)
		return 0;
	watch->due_ns = now_ns + WATCH_PERIOD_NS;
	give_back_services(watch);
	err = look(watch);
	missed = loader_missed_processes(watch->loader);
	if (!err && missed != watch->missed) {
		watch->missed = missed;
		err = complete_targets(watch);
	}
	return conclude(watch, err);
}

bool watch_is_over(const struct watch *watch)
{
	return !watch->selection && target_count(watch->loader) == 0;
}

void watch_announce(const struct watch *watch)
{
	size_t processes = target_count(watch->loader);
	char name[TEXT_ESCAPED_SIZE(TARGET_NAME_SIZE)];
	char path[PROC_UNIX_PATH_SIZE], shown[TEXT_ESCAPED_SIZE(PROC_UNIX_PATH_SIZE)];

	text_escape_terminal(name, sizeof(name), watch->first_name);
	if (watch->first.count == 0)
		log_info("attached to no process yet, by %ss", loader_hooks(watch->loader));
	else
		log_info("attached to pid %d (%s)%s, %zu process%s, by %ss", watch->first.pids[0],
			 name, watch->first.count > 1 ? " and others" : "", processes,
			 processes == 1 ? "" : "es", loader_hooks(watch->loader));
	if (watch->selection)
		selection_explain_missing(watch->selection);
	if (target_ports(watch->loader, NULL, 0) == 0 &&
	    target_find_unix_listener(watch->loader, path))
		log_warning("the watched processes listen on the Unix socket '%s' and on no TCP "
			    "port; HTTP over Unix sockets is not observed yet",
			    text_escape_terminal(shown, sizeof(shown), path));
}
