/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * watch.h - which processes are watched, and under which service: those of
 * --pid, and those that --port and --name find, now and later.
 *
 * Inputs: its settings, /proc.  Outputs: entries of the loader's maps, service
 * names in the collector.  It must not know programs, series or formats.
 */
#ifndef REDTAP_WATCH_H
#define REDTAP_WATCH_H

#include "collect/collector.h"
#include "watch/selection.h"
#include "watch/target.h"

/* Time between two looks of watch_look(), nanoseconds. */
#define WATCH_PERIOD_NS 1000000000ULL

/* --pid PID[=NAME] */
struct watch_pid {
	pid_t pid;
	const char *name; /* of its service; NULL: settings.service, else the process's name */
};

struct watch_settings {
	struct watch_pid *pids;
	size_t pid_count;
	struct selection_settings selection;
	bool no_follow;      /* neither their children nor what they fork later */
	const char *service; /* NULL: none given */
};

struct watch {
	const struct watch_settings *settings;
	struct loader *loader;
	struct collector *collector;
	pid_t *pids;                       /* owned; --pid, threads replaced by their process */
	char (*names)[TARGET_NAME_SIZE];   /* owned; of the same */
	struct selection *selection;       /* owned; NULL: neither --port nor --name */
	struct proc_pids first;            /* owned; those that were there at the start ... */
	char first_name[TARGET_NAME_SIZE]; /* ... and the first one's name */
	bool begun;                        /* watch_begin() is done */
	bool crowded;                      /* the user was told of too many services */
	bool full;                         /* the user was told of too many processes */
	size_t added;                      /* at this look */
	uint64_t due_ns;                   /* the next look */
	uint64_t missed;                   /* forks and exits, at the last look */
};

/*
 * Finds the processes of --pid; settings must outlive the watch.  Returns 0, or
 * -errno after a message; watch_release() is due in both cases.
 */
int watch_init(struct watch *watch, const struct watch_settings *settings);
void watch_release(struct watch *watch);

/* Adds the processes of --pid, before the hooks are live.  0, or -errno after a message. */
int watch_add_named(struct watch *watch, struct loader *loader, struct collector *collector);

/*
 * Adds their children and ports, and what is selected, once the hooks are live.  Returns 0,
 * or -errno after a message.
 */
int watch_begin(struct watch *watch, uint64_t now_ns);

/*
 * If due, looks for new processes, and for those whose fork or exit the programs have missed.
 * Returns 0, or -errno after a message.
 */
int watch_look(struct watch *watch, uint64_t now_ns);

/* Whether there is nothing to watch and nothing to wait for. */
bool watch_is_over(const struct watch *watch);

/* Prints what is watched, and what is waited for. */
void watch_announce(const struct watch *watch);

#endif
