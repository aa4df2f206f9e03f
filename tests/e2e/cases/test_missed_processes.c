/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_missed_processes.c - the kernel has skipped the programs of a fork and of an exit: redtap
 * reads /proc, adds the child and removes ended processes; and a fork for which the table is
 * full.
 *
 * The kernel's count of skipped programs is simulated (the linker replaces the loader's function
 * by __wrap_loader_missed_processes(), see e2e.mk), and so are the missed events; the rest is
 * real redtap on this kernel.
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/observer.h"
#include "harness/puppet.h"
#include "harness/servers.h"

/* Greater than any pid (PID_MAX_LIMIT, 4,194,304). */
#define NOBODYS_PID 5000000

static uint64_t missed;

uint64_t __wrap_loader_missed_processes(const struct loader *loader);
uint64_t __wrap_loader_missed_processes(const struct loader *loader)
{
	(void)loader;
	return missed;
}

/* A free process id: the kernel uses it again only after all others. */
static pid_t pid_of_ended(void)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void look(struct observer *observer)
{
	observer->watch.due_ns = 0;
	assert_int_equal(watch_look(&observer->watch, (uint64_t)(clock_s() * 1e9)), 0);
}

static void found_again(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	const pid_t ended = pid_of_ended();
	struct observer observer;
	pid_t workers[2];

	(void)state;
	assert_int_equal(process_children(server.pid, workers, ROWS(workers)), ROWS(workers));
	observer_begin(&observer, &server.pid, 1);
	assert_int_equal(target_count(observer.loader), 3);
	assert_int_equal(loader_target_remove(observer.loader, workers[1]), 0);
	assert_int_equal(loader_target_add(observer.loader, ended, 0, true), 0);

	look(&observer); /* nothing was missed, so /proc is not read */
	assert_int_equal(loader_target_find(observer.loader, workers[1]), 0);
	assert_int_equal(loader_target_find(observer.loader, ended), 1);

	missed = 1;
	look(&observer);
	assert_int_equal(loader_target_find(observer.loader, workers[1]), 1);
	assert_int_equal(loader_target_find(observer.loader, ended), 0);
	assert_int_equal(target_count(observer.loader), 3);

	/* once for each missed event */
	assert_int_equal(loader_target_remove(observer.loader, workers[0]), 0);
	look(&observer);
	assert_int_equal(loader_target_find(observer.loader, workers[0]), 0);
	observer_end(&observer);
}

/* Forks a child that does nothing until the puppet ends. */
static long step_fork(struct puppet_hands *hands, const struct puppet_order *order)
{
	(void)order;
	hands->child = fork();
	if (hands->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return hands->child < 0 ? -errno : hands->child;
}

/* Processes found by --name have no room either, which is no error.  Returns their number. */
static uint64_t find_puppets(const struct observer *observer)
{
	static char *argv[] = { "redtap", "attach", "--name", "puppet", "--statsd", "none" };
	const uint64_t before = loader_targets_full(observer->loader);
	struct options options;
	struct watch watch;

	assert_int_equal(options_parse(&options, ROWS(argv), argv), 0);
	assert_int_equal(watch_init(&watch, &options.watch), 0);
	assert_int_equal(watch_add_named(&watch, observer->loader, observer->collector), 0);
	assert_int_equal(watch_look(&watch, (uint64_t)(clock_s() * 1e9)), 0);
	assert_true(watch.full);
	watch_release(&watch);
	options_release(&options);
	return loader_targets_full(observer->loader) - before;
}

static void no_room(void **state)
{
	const struct puppet_order none = { .fd = 0 };
	struct puppet *puppet = puppet_start();
	const pid_t parent = puppet_pid(puppet);
	struct observer observer;
	pid_t child, i;

	(void)state;
	missed = 0;
	observer_begin(&observer, &parent, 1);
	for (i = 1; i < TARGETS_MAX; i++)
		assert_int_equal(loader_target_add(observer.loader, NOBODYS_PID + i, 0, true), 0);
	look(&observer); /* the table is full, but no process was left out */
	assert_false(observer.watch.full);

	child = (pid_t)puppet_do(puppet, step_fork, &none);
	assert_true(child > 0);
	assert_int_equal(loader_target_find(observer.loader, child), 0);
	assert_int_equal(loader_targets_full(observer.loader), 1);
	assert_int_equal(loader_target_add(observer.loader, NOBODYS_PID, 0, true), -E2BIG);
	assert_int_equal(loader_targets_full(observer.loader), 2);
	/* at least the child: other tests may run puppets too */
	assert_true(find_puppets(&observer) >= 1);
	look(&observer);
	assert_true(observer.watch.full);

	/* ended processes are removed, so that living ones fit */
	missed = 1;
	look(&observer);
	assert_int_equal(loader_target_find(observer.loader, child), 1);
	assert_int_equal(target_count(observer.loader), 2);
	observer_end(&observer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(found_again),
		E2E_TEST(no_room),
	};

	return cmocka_run_group_tests_name("missed_processes", tests, harness_group_setup,
					   harness_group_teardown);
}
