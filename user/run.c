/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * run.c - see run.h.
 */
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/overdue.h"
#include "base/stopwatch.h"
#include "base/wake.h"
#include "collect/collector.h"
#include "health/health.h"
#include "kernel/loader.h"
#include "report/output.h"
#include "report/report.h"
#include "send/repeater.h"
#include "watch/silence.h"
#include "watch/watch.h"

/* Interval between liveness checks of the targets, milliseconds. */
#define TARGET_POLL_MS 100
/*
 * The kernel reports a process's end before it frees its memory and closes its sockets: how
 * long to wait for its open requests, milliseconds.
 */
#define TARGET_EXIT_MS 5000
#define TARGET_EXIT_POLL_MS 5
/* A response of unknown length is complete after this silence, nanoseconds. */
#define SWEEP_SILENCE_NS 1000000000ULL
/* After this time without a request, the user is told why, seconds. */
#define SILENCE_S 10
/* An attach that takes longer says so. */
#define ATTACH_LATE_NS (3 * NS_PER_S)
/* A flush that is late by more than so many intervals says so. */
#define FLUSH_LATE_INTERVALS 3
/* At the end: for standard output since the last flush, and for standard error. */
#define OUTPUT_END_NS NS_PER_S
#define MESSAGES_END_NS (NS_PER_S / 4)
/* Whoever asks for health without end is answered so often. */
#define HEALTH_PAUSE_NS 5000000ULL

struct run {
	const struct options *options;
	struct watch watch;
	struct loader *loader;
	struct collector *collector;
	struct repeater *repeater; /* NULL: no StatsD */
	struct output *output;
	struct report *report;
	struct overdue *late; /* of the next flush */
	struct notify notify;
	struct utsname kernel;
	double flush_s; /* how long the last flush took */
	struct health health;
	int signals;             /* signalfd */
	int timer;               /* timerfd: the next flush */
	uint64_t silence_due_ns; /* when to explain silence; 0: done */
};

/* ---- stages ----------------------------------------------------------- */

static int open_statsd(struct run *run)
{
	const struct options *options = run->options;
	struct statsd_settings settings = options->statsd;

	settings.version = REDTAP_VERSION;
	settings.hooks = loader_hooks(run->loader);
	settings.kernel = run->kernel.release;
	return repeater_open(&run->repeater, options->destinations, options->destination_count,
			     &settings, clock_monotonic_ns());
}

static int open_report(struct run *run)
{
	const int terminal = isatty(STDOUT_FILENO) ? STDOUT_FILENO : -1;
	enum output_kind kind = run->options->output;
	int err = output_open(&run->output, STDOUT_FILENO);

	if (err)
		return err;
	if (kind == OUTPUT_DEFAULT)
		kind = terminal >= 0 ? OUTPUT_TABLE : OUTPUT_NONE;
	run->report = report_open(kind, terminal, output_put, run->output);
	return run->report ? 0 : -ENOMEM;
}

/* The processes of --pid, hooks, then what /proc shows of the targets. */
static int attach(struct run *run, struct overdue *late)
{
	int err;

	overdue_stage(late, "finding the processes");
	err = watch_add_named(&run->watch, run->loader, run->collector);
	overdue_stage(late, "attaching the hooks");
	if (!err)
		err = loader_attach(run->loader);
	overdue_stage(late, "looking for connections in /proc");
	if (!err)
		err = watch_begin(&run->watch, clock_monotonic_ns());
	run->health.attached_ns = run->health.flush_ns = clock_monotonic_ns();
	run->timer = wake_by_timer(run->options->interval_ns);
	if (!err && run->timer < 0)
		err = run->timer;
	run->silence_due_ns = run->health.attached_ns + SILENCE_S * NS_PER_S;
	return err;
}

/* Everything up to live hooks. */
static int open_kernel(struct run *run)
{
	const struct options *options = run->options;
	struct overdue *late =
		overdue_open("attaching takes more than 3 s; redtap goes on with it, "
			     "the machine is busy or has many processes");
	int err = late ? 0 : -ENOMEM;

	if (err)
		return err;
	overdue_expect(late, clock_monotonic_ns() + ATTACH_LATE_NS);
	overdue_stage(late, "looking up the processes");
	err = watch_init(&run->watch, &options->watch);
	overdue_stage(late, "loading the programs, which the kernel verifies");
	if (!err)
		err = loader_open(&run->loader, &options->kernel);
	if (!err)
		err = collector_open(&run->collector, run->loader, &options->kernel,
				     options->routes);
	overdue_stage(late, "resolving the StatsD host");
	if (!err)
		err = open_statsd(run);
	run->signals = wake_by_signals();
	if (!err && run->signals < 0)
		err = run->signals;
	if (!err)
		err = attach(run, late);
	overdue_close(late);
	return err;
}

/* Those who want to know that redtap is up, and how it is later. */
static int announce(struct run *run)
{
	const struct proc_pids *first = &run->watch.first;

	run->health.loader = run->loader;
	run->health.repeater = run->repeater;
	run->health.output = run->output;
	run->health.interval_ns = run->options->interval_ns;
	health_open(&run->health);
	watch_announce(&run->watch);
	notify_send(&run->notify, "READY=1");
	return report_attached(run->report, clock_unix_s(), loader_hooks(run->loader), first->pids,
			       first->count);
}

/* ---- the run ---------------------------------------------------------- */

/*
 * The duration of this is the flush time: until everything is read from the kernel and reported,
 * and the first StatsD lines are sent. repeater_pump() sends the others later and delays no
 * reading.
 */
static int take_flush(struct run *run, bool last, const struct flush **flush)
{
	int err;

	overdue_stage(run->late, "reading the kernel's counters");
	err = loader_sweep(run->loader,
			   last ? run->health.flush_ns : run->health.flush_ns - SWEEP_SILENCE_NS);
	if (err)
		log_detail("cannot end silent responses: %s", strerror(-err));
	err = collector_take(run->collector, target_count(run->loader), last, flush);
	if (err)
		log_error("cannot read the kernel's tables: %s", strerror(-err));
	else
		run->health.total = (*flush)->total;
	return err;
}

static int pass_on(struct run *run, const struct flush *flush)
{
	const struct statsd_self self = { .flush_s = run->flush_s,
					  .dropped_out = output_dropped(run->output),
					  .dropped_err = log_dropped() };
	int err;

	overdue_stage(run->late, "sending StatsD lines");
	err = repeater_flush(run->repeater, flush, &self, clock_monotonic_ns());
	overdue_stage(run->late, "writing the report");
	if (!err)
		err = report_flush(run->report, flush);
	if (!err && flush->last)
		err = report_total(run->report, flush);
	return err;
}

/* When the flush after this one has to come, so that nothing is said. */
static uint64_t late_ns(const struct run *run)
{
	return run->health.flush_ns + (1 + FLUSH_LATE_INTERVALS) * run->options->interval_ns;
}

static int flush(struct run *run, bool last)
{
	struct stopwatch watch;
	const struct flush *flush;
	int err;

	run->health.flush_ns = clock_monotonic_ns();
	stopwatch_start(&watch);
	err = take_flush(run, last, &flush);
	if (err)
		return err;
	err = pass_on(run, flush);
	run->flush_s = stopwatch_elapsed_s(&watch);
	log_detail("flush: %.6f s, of these %.6f s waiting for a CPU", run->flush_s,
		   stopwatch_queued_s(&watch));
	overdue_stage(run->late, "waiting for a CPU");
	if (overdue_expect(run->late, last ? 0 : late_ns(run)))
		log_info("the late flush is done; nothing is lost by it");
	if (last)
		repeater_finish(run->repeater, run->signals);
	/* last, so that the flush does not wait for it */
	else if (!err)
		err = collector_retire(run->collector);
	return err;
}

/* Until the kernel has closed the sockets of exited targets, or a signal. */
static void wait_for_sockets(struct run *run)
{
	struct pollfd signals = { .fd = run->signals, .events = POLLIN };
	uint64_t deadline_ns = clock_monotonic_ns() + TARGET_EXIT_MS * 1000000ULL;

	while (loader_in_flight(run->loader) > 0 && clock_monotonic_ns() < deadline_ns)
		if (poll(&signals, 1, TARGET_EXIT_POLL_MS) > 0)
			break;
}

enum wake {
	WAKE_NONE = 0,
	WAKE_FLUSH,
	WAKE_END,
};

/* Milliseconds until the next action, apart from signals and the timer. */
static int next_look(struct run *run, uint64_t deadline_ns)
{
	uint64_t now = clock_monotonic_ns(), due = now + TARGET_POLL_MS * 1000000ULL;
	const uint64_t pump = repeater_pump(run->repeater, now);

	if (deadline_ns && deadline_ns < due)
		due = deadline_ns;
	if (pump < due)
		due = pump;
	/* Rounded up: never too early, never a loop without a pause. */
	return due > now ? (due - now + 999999) / 1000000 : 0;
}

/* Sleeps until something is due. deadline_ns: --duration, 0: none. */
static enum wake wait_for_work(struct run *run, uint64_t deadline_ns)
{
	struct pollfd polls[] = {
		{ .fd = run->signals, .events = POLLIN },
		{ .fd = run->timer, .events = POLLIN },
		{ .fd = clock_monotonic_ns() < run->health.next_ns ? -1 : run->health.listener,
		  .events = POLLIN },
	};
	struct signalfd_siginfo info;
	uint64_t expirations;

	if (poll(polls, 3, next_look(run, deadline_ns)) < 0 && errno != EINTR)
		return WAKE_END;
	if (polls[2].revents & POLLIN) {
		run->health.next_ns = clock_monotonic_ns() + HEALTH_PAUSE_NS;
		health_answer(&run->health);
	}
	if ((polls[0].revents & POLLIN) && read(run->signals, &info, sizeof(info)) > 0) {
		log_detail("ended by signal %u", info.ssi_signo);
		return WAKE_END;
	}
	if (deadline_ns && clock_monotonic_ns() >= deadline_ns)
		return WAKE_END;
	if (watch_is_over(&run->watch)) {
		wait_for_sockets(run);
		log_info("the last watched process has exited");
		return WAKE_END;
	}
	if ((polls[1].revents & POLLIN) && read(run->timer, &expirations, sizeof(expirations)) > 0)
		return WAKE_FLUSH;
	return WAKE_NONE;
}

static int observe(struct run *run)
{
	uint64_t deadline_ns =
		run->options->duration_ns ? clock_monotonic_ns() + run->options->duration_ns : 0;
	int err = 0;

	/* loading and attaching can take seconds, in which nothing is observed */
	collector_begin(run->collector, clock_monotonic_ns() / 1e9);
	while (!err) {
		enum wake wake = wait_for_work(run, deadline_ns);

		if (wake == WAKE_END)
			break;
		if (wake == WAKE_FLUSH)
			err = flush(run, false);
		output_look(run->output, !run->repeater);
		notify_watchdog(&run->notify, clock_monotonic_ns());
		/* without StatsD, nobody gets anything any more */
		if (!err && !run->repeater)
			err = output_error(run->output);
		overdue_stage(run->late, "looking for processes in /proc");
		if (!err)
			err = watch_look(&run->watch, clock_monotonic_ns());
		overdue_stage(run->late, "waiting for a CPU");
		if (run->silence_due_ns && clock_monotonic_ns() >= run->silence_due_ns)
			run->silence_due_ns = silence_tell(run->loader, SILENCE_S);
	}
	notify_send(&run->notify, "STOPPING=1\nWATCHDOG=1");
	/* nothing is counted after the last reading */
	loader_detach(run->loader);
	loader_tell_missed(run->loader);
	return err ? err : flush(run, true);
}

/* In the reverse order of opening. */
static void release(struct run *run)
{
	overdue_close(run->late);
	report_close(run->report);
	output_close(run->output, run->health.flush_ns + OUTPUT_END_NS);
	repeater_close(run->repeater);
	collector_close(run->collector);
	loader_close(run->loader);
	watch_release(&run->watch);
	health_close(&run->health);
	if (run->timer >= 0)
		close(run->timer);
	if (run->signals >= 0)
		close(run->signals);
	notify_close(&run->notify);
	log_end(clock_monotonic_ns() + MESSAGES_END_NS);
}

static int open_late(struct run *run)
{
	run->late =
		overdue_open("a flush is late by more than three intervals; the counters go on, "
			     "and come with the next flush; give redtap more CPU, or a longer "
			     "--interval");
	if (!run->late)
		return -ENOMEM;
	overdue_stage(run->late, "waiting for a CPU");
	overdue_expect(run->late, late_ns(run));
	return 0;
}

int run_attach(const struct options *options)
{
	struct run run = { .options = options, .signals = -1, .timer = -1, .health.listener = -1 };
	int err;

	uname(&run.kernel);
	notify_open(&run.notify);
	err = log_begin();
	if (!err)
		err = open_report(&run);
	if (!err)
		err = open_kernel(&run);
	if (!err)
		err = announce(&run);
	if (!err)
		err = open_late(&run);
	if (!err)
		err = observe(&run);
	if (err == -EPIPE) { /* the reader of the output has closed it: a normal end */
		log_detail("standard output was closed");
		err = 0;
	}
	release(&run);
	return err;
}
