/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * run.c - see run.h.
 */
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "collect/collector.h"
#include "kernel/loader.h"
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

struct run {
	const struct options *options;
	struct watch watch;
	struct loader *loader;
	struct collector *collector;
	struct repeater *repeater; /* NULL: no StatsD */
	struct report *report;
	struct utsname kernel;
	double flush_s;          /* how long the last flush took */
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
	enum output_kind kind = run->options->output;
	bool terminal = isatty(STDOUT_FILENO);

	if (kind == OUTPUT_DEFAULT)
		kind = terminal ? OUTPUT_TABLE : OUTPUT_NONE;
	run->report = report_open(kind, stdout, terminal);
	return run->report ? 0 : -ENOMEM;
}

/* The processes of --pid, hooks, then what /proc shows of the targets. */
static int attach(struct run *run)
{
	int err = watch_add_named(&run->watch, run->loader, run->collector);

	if (!err)
		err = loader_attach(run->loader);
	if (!err)
		err = watch_begin(&run->watch, clock_monotonic_ns());
	run->silence_due_ns = clock_monotonic_ns() + SILENCE_S * NS_PER_S;
	return err;
}

static int open_timer(struct run *run)
{
	uint64_t interval = run->options->interval_ns;
	struct itimerspec spec = {
		.it_interval = { interval / NS_PER_S, interval % NS_PER_S },
		.it_value = { interval / NS_PER_S, interval % NS_PER_S },
	};

	run->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (run->timer < 0 || timerfd_settime(run->timer, 0, &spec, NULL))
		return -errno;
	return 0;
}

static int open_signals(struct run *run)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signals < 0 ? -errno : 0;
}

static int announce(struct run *run)
{
	const struct proc_pids *first = &run->watch.first;

	watch_announce(&run->watch);
	return report_attached(run->report, clock_unix_s(), loader_hooks(run->loader), first->pids,
			       first->count);
}

/* ---- the run ---------------------------------------------------------- */

/*
 * The duration of this is the flush time: until everything is read from the kernel and reported,
 * and the first StatsD lines are sent. repeater_pump() sends the others later and delays no
 * reading.
 */
static int flush(struct run *run, bool last)
{
	const uint64_t begin = clock_monotonic_ns();
	struct stopwatch watch;
	const struct flush *flush;
	int err;

	stopwatch_start(&watch);
	err = loader_sweep(run->loader, last ? begin : begin - SWEEP_SILENCE_NS);
	if (err)
		log_detail("cannot end silent responses: %s", strerror(-err));
	err = collector_take(run->collector, target_count(run->loader), last, &flush);
	if (err) {
		log_error("cannot read the kernel's tables: %s", strerror(-err));
		return err;
	}
	err = repeater_flush(run->repeater, flush, run->flush_s, clock_monotonic_ns());
	if (!err)
		err = report_flush(run->report, flush);
	if (!err && last)
		err = report_total(run->report, flush);
	run->flush_s = stopwatch_elapsed_s(&watch);
	log_detail("flush: %.6f s, of these %.6f s waiting for a CPU", run->flush_s,
		   stopwatch_queued_s(&watch));
	if (last)
		repeater_finish(run->repeater, run->signals);
	/* last, so that the flush does not wait for it */
	else if (!err)
		err = collector_retire(run->collector);
	return err;
}

static uint64_t requests_in_flight(const struct loader *loader)
{
	const volatile struct ledger *ledger = loader_ledger(loader);
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < SERVICES_MAX; i++)
		count += ledger->services[i].active_requests + ledger->services[i].client_requests;
	return count;
}

static void collect_facts(const struct run *run, struct silence_facts *facts)
{
	const volatile struct ledger *ledger = loader_ledger(run->loader);
	size_t i;

	facts->processes = target_count(run->loader);
	facts->in_flight = requests_in_flight(run->loader);
	facts->port_count = target_ports(run->loader, facts->ports, SILENCE_PORTS_MAX);
	for (i = 0; i < LOSS_COUNT; i++)
		facts->lost += ledger->lost[i];
	for (i = 0; i < IGNORE_COUNT; i++)
		facts->ignored[i] = ledger->ignored[i];
	for (i = 0; i < SERVICES_MAX; i++)
		facts->connections += ledger->services[i].open_connections;
}

/* Tells the user once why no request was seen. */
static void explain_silence(struct run *run)
{
	struct silence_facts facts = { .seconds = SILENCE_S };
	char text[SILENCE_TEXT_MAX];

	run->silence_due_ns = 0;
	if (loader_ledger(run->loader)->counted)
		return;
	collect_facts(run, &facts);
	log_warning("%s", silence_explain(text, &facts));
}

/* Waits until the kernel has closed the sockets of exited targets, or for a signal. */
static void wait_for_sockets(struct run *run)
{
	struct pollfd signals = { .fd = run->signals, .events = POLLIN };
	uint64_t deadline_ns = clock_monotonic_ns() + TARGET_EXIT_MS * 1000000ULL;

	while (requests_in_flight(run->loader) > 0 && clock_monotonic_ns() < deadline_ns)
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
	};
	struct signalfd_siginfo info;
	uint64_t expirations;

	if (poll(polls, 2, next_look(run, deadline_ns)) < 0 && errno != EINTR)
		return WAKE_END;
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

	while (!err) {
		enum wake wake = wait_for_work(run, deadline_ns);

		if (wake == WAKE_END)
			break;
		if (wake == WAKE_FLUSH)
			err = flush(run, false);
		if (!err)
			err = watch_look(&run->watch, clock_monotonic_ns());
		if (run->silence_due_ns && clock_monotonic_ns() >= run->silence_due_ns)
			explain_silence(run);
	}
	/* nothing may be counted after the last reading */
	loader_detach(run->loader);
	loader_tell_missed(run->loader);
	return err ? err : flush(run, true);
}

/* In the reverse order of opening. */
static void release(struct run *run)
{
	report_close(run->report);
	repeater_close(run->repeater);
	collector_close(run->collector);
	loader_close(run->loader);
	watch_release(&run->watch);
	if (run->timer >= 0)
		close(run->timer);
	if (run->signals >= 0)
		close(run->signals);
}

int run_attach(const struct options *options)
{
	struct run run = { .options = options, .signals = -1, .timer = -1 };
	int err;

	uname(&run.kernel);
	err = watch_init(&run.watch, &options->watch);
	if (!err)
		err = loader_open(&run.loader, &options->kernel);
	if (!err)
		err = collector_open(&run.collector, run.loader, &options->kernel, options->routes);
	if (!err)
		err = open_statsd(&run);
	if (!err)
		err = open_report(&run);
	if (!err)
		err = open_signals(&run);
	if (!err)
		err = attach(&run);
	if (!err)
		err = open_timer(&run);
	if (!err)
		err = announce(&run);
	if (!err)
		err = observe(&run);
	if (err == -EPIPE) { /* the reader of the output has closed it: a normal end */
		log_detail("standard output was closed");
		err = 0;
	}
	release(&run);
	return err;
}
