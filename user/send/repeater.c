/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * repeater.c - see repeater.h.
 */
#include "send/repeater.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* At the end: longest time without progress, and longest time in total, nanoseconds. */
#define FINISH_STILL_NS 1000000000ULL
#define FINISH_NS 600000000000ULL
#define FINISH_POLL_MS 2
/* In the last flush: a receiver that refuses more datagrams than this is considered absent. */
#define LAST_ERRORS_MAX 20
/* After this time the user is told why redtap does not end, and how to end it, nanoseconds. */
#define FINISH_TELL_NS 1000000000ULL

struct branch {
	char name[DESTINATION_NAME_MAX];
	struct statsd_encoder *encoder;
	struct sender *sender;
	bool behind;     /* part of the flush is not encoded yet */
	uint64_t faults; /* errors and dropped lines of the sender when the flush began */
	uint64_t errors; /* the errors alone */
};

struct repeater {
	struct branch *branches;
	struct statsd_losses *losses; /* of each branch, for the current flush */
	size_t count;
	bool last; /* the current flush is the last */
};

/* Gives the sender a name that is unique among all runs and machines. */
static void identify(struct sender *sender, size_t destination)
{
	char host[HOST_NAME_MAX + 1] = "", escaped[SENDER_NAME_MAX - 32], name[SENDER_NAME_MAX];

	gethostname(host, sizeof(host) - 1);
	snprintf(name, sizeof(name), "%s:%d:%zu",
		 text_escape_statsd(escaped, sizeof(escaped), host), (int)getpid(), destination);
	sender_identify(sender, name);
}

static int open_branches(struct repeater *repeater, const struct destination *destinations,
			 const struct statsd_settings *settings, uint64_t now_ns)
{
	const char **names = calloc(repeater->count, sizeof(*names));
	struct statsd_settings own = *settings;
	int err = names ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !err && i < repeater->count; i++)
		names[i] = destination_name(repeater->branches[i].name, &destinations[i]);
	own.destinations = names;
	own.destination_count = repeater->count;
	for (i = 0; !err && i < repeater->count; i++) {
		struct branch *branch = &repeater->branches[i];

		own.destination = i;
		branch->encoder = statsd_open(&own);
		err = branch->encoder ? sender_open(&branch->sender, &destinations[i], now_ns)
				      : -errno;
		if (!err)
			identify(branch->sender, i);
	}
	free(names);
	return err;
}

int repeater_open(struct repeater **result, const struct destination *destinations, size_t count,
		  const struct statsd_settings *settings, uint64_t now_ns)
{
	struct repeater *repeater;
	int err = -ENOMEM;

	*result = NULL;
	if (count == 0)
		return 0;
	repeater = calloc(1, sizeof(*repeater));
	if (!repeater)
		return -ENOMEM;
	repeater->branches = calloc(count, sizeof(*repeater->branches));
	repeater->losses = calloc(count, sizeof(*repeater->losses));
	if (repeater->branches && repeater->losses) {
		repeater->count = count;
		err = open_branches(repeater, destinations, settings, now_ns);
	}
	if (err) {
		repeater_close(repeater);
		return err;
	}
	*result = repeater;
	return 0;
}

void repeater_close(struct repeater *repeater)
{
	size_t i;

	if (!repeater)
		return;
	for (i = 0; i < repeater->count; i++) {
		statsd_close(repeater->branches[i].encoder);
		sender_close(repeater->branches[i].sender);
	}
	free(repeater->branches);
	free(repeater->losses);
	free(repeater);
}

static uint64_t count_faults(const struct branch *branch)
{
	return sender_errors(branch->sender) + sender_dropped(branch->sender) +
	       sender_moves(branch->sender);
}

/*
 * A lost line may have announced a series to which later lines belong, so the
 * rest of the flush is skipped and the next one starts again.  The last flush
 * has no next one, so it tolerates some losses.
 */
static bool is_away(const struct branch *branch, bool last)
{
	if (last)
		return sender_errors(branch->sender) - branch->errors > LAST_ERRORS_MAX;
	return count_faults(branch) != branch->faults;
}

/* Lets the encoder continue while the sender has room.  Returns 0 or -ENOMEM. */
static int feed(struct branch *branch, bool last)
{
	const size_t room = sender_room(branch->sender);
	int more;

	if (!branch->behind || room == 0)
		return 0;
	if (is_away(branch, last)) {
		branch->behind = false;
		return 0;
	}
	more = statsd_go_on(branch->encoder, room);
	branch->behind = more > 0;
	return more < 0 ? more : 0;
}

/* A receiver that accepts nothing now gets these numbers with a later flush. */
static bool is_stuck(const struct branch *branch, bool last)
{
	return !last && sender_waiting(branch->sender) >= SENDER_AHEAD;
}

int repeater_flush(struct repeater *repeater, const struct flush *flush,
		   const struct statsd_self *self, uint64_t now_ns)
{
	int err = 0;
	size_t i;

	if (!repeater)
		return 0;
	repeater->last = flush->last;
	for (i = 0; i < repeater->count; i++) {
		const struct sender *sender = repeater->branches[i].sender;

		/* Losses since the last flush must be known before new series are announced. */
		sender_pump(repeater->branches[i].sender, now_ns);
		repeater->losses[i].errors = sender_errors(sender);
		repeater->losses[i].dropped = sender_dropped(sender);
		repeater->losses[i].moves = sender_moves(sender);
	}
	for (i = 0; !err && i < repeater->count; i++) {
		struct branch *branch = &repeater->branches[i];

		if (is_stuck(branch, flush->last))
			continue;
		statsd_begin(branch->encoder, flush, repeater->losses, self, sender_line,
			     branch->sender);
		branch->behind = true;
		branch->faults = count_faults(branch);
		branch->errors = sender_errors(branch->sender);
		err = feed(branch, flush->last);
		sender_flush(branch->sender, now_ns);
	}
	return err;
}

/* When out of memory, the rest follows with the next flush. */
static uint64_t pump_branch(struct branch *branch, bool last, uint64_t now_ns)
{
	uint64_t due_ns = sender_pump(branch->sender, now_ns);

	if (!branch->behind)
		return due_ns;
	if (feed(branch, last))
		branch->behind = false;
	due_ns = sender_pump(branch->sender, now_ns);
	return branch->behind && sender_room(branch->sender) > 0 ? now_ns : due_ns;
}

uint64_t repeater_pump(struct repeater *repeater, uint64_t now_ns)
{
	uint64_t due_ns = SENDER_NEVER;
	size_t i;

	for (i = 0; repeater && i < repeater->count; i++) {
		const uint64_t one_ns = pump_branch(&repeater->branches[i], repeater->last, now_ns);

		due_ns = one_ns < due_ns ? one_ns : due_ns;
	}
	return due_ns;
}

size_t repeater_count(const struct repeater *repeater)
{
	return repeater ? repeater->count : 0;
}

void repeater_describe(const struct repeater *repeater, size_t i, const char **name,
		       uint64_t *sent_ns, uint64_t *errors, uint64_t *dropped)
{
	const struct branch *branch = &repeater->branches[i];

	*name = branch->name;
	*sent_ns = sender_sent_ns(branch->sender);
	*errors = sender_errors(branch->sender);
	*dropped = sender_dropped(branch->sender);
}

/* ---- the end ---------------------------------------------------------- */

static bool is_unsent(const struct branch *branch)
{
	return (branch->behind && sender_is_open(branch->sender)) ||
	       sender_waiting(branch->sender) > 0;
}

static bool are_unsent(const struct repeater *repeater)
{
	size_t i;

	for (i = 0; i < repeater->count; i++)
		if (is_unsent(&repeater->branches[i]))
			return true;
	return false;
}

/* Bytes accepted by all destinations; one without a connection accepts none. */
static uint64_t count_taken(const struct repeater *repeater)
{
	uint64_t taken = 0;
	size_t i;

	for (i = 0; i < repeater->count; i++)
		taken += sender_taken(repeater->branches[i].sender);
	return taken;
}

/* Returns whether it was interrupted. */
static bool finish(struct repeater *repeater, int interrupt)
{
	const uint64_t begin_ns = clock_monotonic_ns();
	uint64_t now_ns = begin_ns, moved_ns = begin_ns, taken = count_taken(repeater);
	struct pollfd wait = { .fd = -1, .events = POLLIN };

	while (are_unsent(repeater) && now_ns - moved_ns < FINISH_STILL_NS &&
	       now_ns - begin_ns < FINISH_NS) {
		if (wait.fd < 0 && now_ns - begin_ns >= FINISH_TELL_NS) {
			log_info("sending the remaining StatsD lines; Ctrl-C discards them");
			wait.fd = interrupt;
		}
		if (poll(&wait, 1, FINISH_POLL_MS) > 0)
			return true;
		now_ns = clock_monotonic_ns();
		repeater_pump(repeater, now_ns);
		if (count_taken(repeater) != taken) {
			taken = count_taken(repeater);
			moved_ns = now_ns;
		}
	}
	return false;
}

void repeater_finish(struct repeater *repeater, int interrupt)
{
	bool interrupted;
	size_t i;

	if (!repeater)
		return;
	interrupted = finish(repeater, interrupt);
	for (i = 0; i < repeater->count; i++)
		if (is_unsent(&repeater->branches[i]))
			log_warning("the last values for the StatsD destination '%s' are lost: %s",
				    repeater->branches[i].name,
				    interrupted ? "interrupted"
						: "it accepts no data; check that it is running");
}
