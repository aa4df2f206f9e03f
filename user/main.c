// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * main.c - the stages of a run, one after the other.
 */
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
#include <time.h>
#include <unistd.h>

#include "collector.h"
#include "loader.h"
#include "log.h"
#include "options.h"
#include "report.h"
#include "sender.h"
#include "statsd.h"
#include "target.h"
#include "text.h"

/* How often it is looked whether the targets live, milliseconds. */
#define TARGET_POLL_MS 100
/* A response of unknown end is over after this silence, nanoseconds. */
#define SWEEP_SILENCE_NS 1000000000ULL

struct run {
	const struct options *options;
	pid_t *pids; /* owned; as given, threads replaced by their process */
	char (*names)[TARGET_NAME_SIZE]; /* owned */
	struct loader *loader;
	struct collector *collector;
	struct statsd_encoder *encoder; /* NULL: no StatsD */
	struct sender *sender;
	struct report *report;
	struct utsname kernel;
	double flush_s; /* time that the last flush took */
	int signals;    /* signalfd */
	int timer;      /* timerfd: the next flush */
};

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static double realtime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* ---- stages ----------------------------------------------------------- */

static int resolve_targets(struct run *run)
{
	const struct options *options = run->options;
	size_t i;

	run->pids = calloc(options->pid_count, sizeof(*run->pids));
	run->names = calloc(options->pid_count, sizeof(*run->names));
	if (!run->pids || !run->names)
		return -ENOMEM;
	for (i = 0; i < options->pid_count; i++) {
		int err;

		run->pids[i] = options->pids[i].pid;
		err = target_resolve(&run->pids[i], run->names[i]);
		if (err)
			return err;
	}
	return 0;
}

static int open_statsd(struct run *run)
{
	const struct options *options = run->options;
	struct statsd_settings settings = {
		.buckets = options->buckets,
		.bucket_count = options->bucket_count,
		.version = REDTAP_VERSION,
		.hooks = loader_hooks(run->loader),
		.kernel = run->kernel.release,
	};
	int err = sender_open(&run->sender, &options->statsd);

	if (err || !run->sender)
		return err;
	run->encoder = statsd_open(&settings);
	return run->encoder ? 0 : -errno;
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

/* The processes that were named, with the services they stand for. */
static int add_targets(struct run *run)
{
	const struct options *options = run->options;
	int targets = loader_targets_fd(run->loader);
	size_t i;

	for (i = 0; i < options->pid_count; i++) {
		const char *name = options->pids[i].name  ? options->pids[i].name
				   : options->service     ? options->service
							  : run->names[i];
		int service = collector_service(run->collector, name);
		int err = service < 0 ? service
				      : target_add(targets, run->pids[i], service, options->follow);

		if (err) {
			log_error("cannot watch pid '%d': %s", run->pids[i], strerror(-err));
			return err;
		}
	}
	return 0;
}

/*
 * The hooks first, then /proc, and that twice: a child or a port that comes
 * while /proc is read is seen by one or the other.
 */
static int attach(struct run *run)
{
	int targets = loader_targets_fd(run->loader);
	int listeners = loader_listeners_fd(run->loader);
	int pass, err;

	err = add_targets(run);
	if (!err)
		err = loader_attach(run->loader);
	for (pass = 0; pass < 2 && !err; pass++) {
		err = target_add_children(targets);
		if (err >= 0)
			err = target_remove_dead(targets);
		if (err >= 0)
			err = target_add_listeners(targets, listeners);
		err = err < 0 ? err : 0;
		if (err)
			log_error("cannot read the targets' processes: %s", strerror(-err));
	}
	return err;
}

static int open_timer(struct run *run)
{
	uint64_t interval = run->options->interval_ns;
	struct itimerspec spec = {
		.it_interval = { interval / 1000000000, interval % 1000000000 },
		.it_value = { interval / 1000000000, interval % 1000000000 },
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
	const struct options *options = run->options;
	size_t processes = target_count(loader_targets_fd(run->loader));
	char name[TEXT_ESCAPED_SIZE(TARGET_NAME_SIZE)];

	text_escape_terminal(name, sizeof(name), run->names[0]);
	log_info("attached to pid %d (%s)%s, %zu process%s, by %ss", run->pids[0], name,
		 options->pid_count > 1 ? " and others" : "", processes,
		 processes == 1 ? "" : "es", loader_hooks(run->loader));
	return report_attached(run->report, realtime(), loader_hooks(run->loader), run->pids,
			       options->pid_count);
}

/* ---- the run ---------------------------------------------------------- */

static int flush(struct run *run, bool last)
{
	uint64_t begin = monotonic_ns();
	const struct flush *flush;
	int err;

	err = loader_sweep(run->loader, last ? begin : begin - SWEEP_SILENCE_NS);
	if (err)
		log_detail("sweep: %s", strerror(-err));
	err = collector_take(run->collector, target_count(loader_targets_fd(run->loader)), last,
			     &flush);
	if (err) {
		log_error("cannot read the kernel's tables: %s", strerror(-err));
		return err;
	}
	if (run->encoder) {
		err = statsd_encode(run->encoder, flush, sender_errors(run->sender), run->flush_s,
				    sender_line, run->sender);
		sender_flush(run->sender);
		if (err)
			return err;
	}
	err = report_flush(run->report, flush);
	if (!err && last)
		err = report_total(run->report, flush);
	run->flush_s = (monotonic_ns() - begin) / 1e9;
	return err;
}

enum wake {
	WAKE_NONE = 0,
	WAKE_FLUSH,
	WAKE_END,
};

/* Sleeps until something is due. deadline_ns: --duration, 0: none. */
static enum wake wait_for_work(struct run *run, uint64_t deadline_ns)
{
	struct pollfd polls[] = {
		{ .fd = run->signals, .events = POLLIN },
		{ .fd = run->timer, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	uint64_t expirations, now = monotonic_ns();
	int timeout = TARGET_POLL_MS;

	if (deadline_ns && deadline_ns < now + TARGET_POLL_MS * 1000000ULL)
		timeout = deadline_ns > now ? (deadline_ns - now) / 1000000 + 1 : 0;
	if (poll(polls, 2, timeout) < 0 && errno != EINTR)
		return WAKE_END;
	if ((polls[0].revents & POLLIN) && read(run->signals, &info, sizeof(info)) > 0) {
		log_detail("ended by signal %u", info.ssi_signo);
		return WAKE_END;
	}
	if (deadline_ns && monotonic_ns() >= deadline_ns)
		return WAKE_END;
	if (target_count(loader_targets_fd(run->loader)) == 0) {
		log_info("the last watched process has exited");
		return WAKE_END;
	}
	if ((polls[1].revents & POLLIN) &&
	    read(run->timer, &expirations, sizeof(expirations)) > 0)
		return WAKE_FLUSH;
	return WAKE_NONE;
}

static int observe(struct run *run)
{
	uint64_t deadline_ns =
		run->options->duration_ns ? monotonic_ns() + run->options->duration_ns : 0;
	int err = 0;

	while (!err) {
		enum wake wake = wait_for_work(run, deadline_ns);

		if (wake == WAKE_END)
			break;
		if (wake == WAKE_FLUSH)
			err = flush(run, false);
	}
	/* at rest from here on: nothing is counted behind the last reading */
	loader_detach(run->loader);
	log_detail("the kernel skipped %" PRIu64 " program runs", loader_missed(run->loader));
	return err ? err : flush(run, true);
}

static int run_attach(const struct options *options)
{
	struct run run = { .options = options, .signals = -1, .timer = -1 };
	struct loader_settings settings = {
		.max_series = options->max_series,
		.max_connections = options->max_connections,
	};
	int err;

	uname(&run.kernel);
	err = resolve_targets(&run);
	if (!err)
		err = loader_open(&run.loader, &settings);
	if (!err)
		err = collector_open(&run.collector, run.loader, options->max_series);
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
	if (err == -EPIPE) { /* whoever read the output has gone: ended as asked */
		log_detail("standard output was closed");
		err = 0;
	}

	report_close(run.report);
	statsd_close(run.encoder);
	sender_close(run.sender);
	collector_close(run.collector);
	loader_close(run.loader);
	if (run.timer >= 0)
		close(run.timer);
	if (run.signals >= 0)
		close(run.signals);
	free(run.pids);
	free(run.names);
	return err;
}

int main(int argc, char **argv)
{
	struct options options;
	int err = options_parse(&options, argc, argv);

	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	log_verbose = options.verbose;
	switch (options.command) {
	case COMMAND_ATTACH:
		err = run_attach(&options);
		break;
	case COMMAND_VERSION:
		printf("redtap %s\n", REDTAP_VERSION);
		break;
	default:
		err = options_print_help();
		break;
	}
	options_release(&options);
	if (!err && fflush(stdout) && errno != EPIPE)
		err = -errno;
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
