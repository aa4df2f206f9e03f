/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuzz_statsd.c - fuzzes the StatsD encoder: generated flushes, one after the other, the
 * last of them marked as the last.
 *
 * Input: settings, then operations on a few series.  Asserted: every line is well-formed,
 * whatever the texts are, and the sums of all lines equal the totals of the last flush,
 * also if datagrams failed.
 */
#include <inttypes.h>

#include "fuzz.h"
#include "abi/histogram.h"
#include "statsd/statsd.h"

#define SERIES_MAX 8
#define BUCKETS_MAX 12
#define FLUSHES_MAX 12
#define NS_PER_S 1000000000ULL

/* The sums of the lines, over all series: the receiver's counters. */
struct sums {
	uint64_t count;
	uint64_t buckets[BUCKETS_MAX + 1]; /* the last one used: +Inf */
	uint64_t sum_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t observations; /* of timers */
	uint64_t seen, counted, lost, approximate, ignored, errors, dropped;
};

struct made {
	struct flush flush;
	struct series series[SERIES_MAX];
	struct series *list[SERIES_MAX];
	struct service services[2];
	char *texts[SERIES_MAX * 3 + 8];
	size_t text_count;
	double buckets[BUCKETS_MAX];
	uint32_t bins[BUCKETS_MAX]; /* the bins whose upper edges they are */
	size_t bucket_count;
	bool has_timers;
	bool is_flask;
	struct sums sums;
};

static const char *take_text(struct made *made, struct fuzz_input *input)
{
	const char *bytes;
	const size_t length = fuzz_until(input, '\0', &bytes);

	FUZZ_ASSERT(made->text_count < sizeof(made->texts) / sizeof(made->texts[0]), "texts");
	return made->texts[made->text_count++] = fuzz_string(bytes, length);
}

#define DIGITS "0123456789"

/* Digits, perhaps a point and one to nine digits; the result is in billionths. */
static const char *check_value(const char *at, uint64_t *whole, uint64_t *billionths)
{
	const size_t digits = strspn(at, DIGITS);
	size_t places;

	FUZZ_ASSERT(digits >= 1 && digits <= 20, "not a number: '%s'", at);
	*whole = strtoull(at, NULL, 10);
	*billionths = 0;
	at += digits;
	if (*at != '.')
		return at;
	places = strspn(++at, DIGITS);
	FUZZ_ASSERT(places >= 1 && places <= 9, "%zu decimals", places);
	*billionths = strtoull(at, NULL, 10);
	for (at += places; places < 9; places++)
		*billionths *= 10;
	return at;
}

/* key:value[,key:value]... up to the end; no key twice. */
static void check_tags(const char *tags)
{
	static const char keys[] = ",service_name,http_request_method,http_route,error_type,le,"
				   "http_response_status_code,reason,version,hooks,kernel,"
				   "destination,app_name,method,endpoint,status,stream,";
	bool seen[sizeof(keys)] = { false };
	const char *at = tags, *found;
	char key[32];

	for (;; at++) {
		const size_t length = strcspn(at, ",|"), key_length = strcspn(at, ":,|");

		FUZZ_ASSERT(key_length + 1 < length, "not a tag with a value: '%s'", at);
		snprintf(key, sizeof(key), ",%.*s,", (int)key_length, at);
		found = strstr(keys, key);
		FUZZ_ASSERT(found && !seen[found - keys], "the tag '%s'", at);
		seen[found - keys] = true;
		at += length;
		if (*at == '\0')
			return;
		FUZZ_ASSERT(*at == ',', "another section: '%s'", at);
	}
}

/* The bucket of a line: its number, bucket_count for +Inf. */
static size_t find_bucket(const struct made *made, const char *line)
{
	const char *le = strrchr(line, ',');
	char text[32];
	size_t i;

	FUZZ_ASSERT(le && strncmp(le, ",le:", 4) == 0, "a bucket without le: '%s'", line);
	for (i = 0; i < made->bucket_count; i++)
		if (strcmp(le + 4, statsd_format_le(text, made->buckets[i])) == 0)
			return i;
	FUZZ_ASSERT(strcmp(le + 4, "+Inf") == 0, "no such bucket: '%s'", line);
	return i;
}

/* Adds a counter's value to its sum; names as in the documentation. */
static void sums_add(struct made *made, const char *line, size_t name_length, uint64_t value,
		     uint64_t billionths)
{
	struct sums *sums = &made->sums;
	struct {
		const char *name;
		uint64_t *sum;
	} rows[] = {
		{ "http.server.request.duration.seconds.count:", &sums->count },
		{ "flask.request_status_total:", &sums->count },
		{ "http.server.request.body.size.bytes.sum:", &sums->request_bytes },
		{ "http.server.response.body.size.bytes.sum:", &sums->response_bytes },
		{ "redtap.requests.seen:", &sums->seen },
		{ "redtap.requests.counted:", &sums->counted },
		{ "redtap.requests.lost:", &sums->lost },
		{ "redtap.requests.approximate:", &sums->approximate },
		{ "redtap.connections.ignored:", &sums->ignored },
		{ "redtap.statsd.errors:", &sums->errors },
		{ "redtap.output.dropped:", &sums->dropped },
	};
	size_t i;

	if (strncmp(line, "http.server.request.duration.seconds.sum:", name_length + 1) == 0) {
		sums->sum_ns += value * NS_PER_S + billionths;
		return;
	}
	FUZZ_ASSERT(billionths == 0, "not an integer: '%s'", line);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(line, rows[i].name, name_length + 1) == 0)
			*rows[i].sum += value;
	if (strncmp(line, "http.server.request.duration.seconds.bucket:", name_length + 1) == 0)
		sums->buckets[find_bucket(made, line)] += value;
}

/* "|ms", perhaps "|@RATE": adds as a receiver does; returns the rest of the line. */
static const char *check_timer(struct made *made, const char *at)
{
	uint64_t weight = 1;
	char *end;

	FUZZ_ASSERT(made->has_timers && strncmp(at, "|ms", 3) == 0, "no type: '%s'", at);
	at += 3;
	if (at[0] == '|' && at[1] == '@') {
		const double rate = strtod(at + 2, &end);

		FUZZ_ASSERT(end > at + 2 && rate > 0 && rate < 1, "no rate: '%s'", at);
		weight = (uint64_t)(1 / rate);
		at = end;
	}
	made->sums.observations += weight;
	return at;
}

static void take_line(void *context, const char *line, size_t length)
{
	struct made *made = context;
	uint64_t whole, billionths;
	const size_t name_length = strspn(line, "abcdefghijklmnopqrstuvwxyz_.");
	const char *at = line + name_length;
	size_t i;
	char type;

	FUZZ_ASSERT(length <= STATSD_LINE_MAX && strlen(line) == length, "length %zu", length);
	FUZZ_ASSERT(fuzz_is_utf8(line, length), "invalid UTF-8");
	for (i = 0; i < length; i++)
		FUZZ_ASSERT((unsigned char)line[i] >= 0x20 && line[i] != 0x7f, "a control byte");
	FUZZ_ASSERT(name_length > 0 && *at == ':', "no name and colon: '%s'", line);
	at = check_value(at + 1, &whole, &billionths);
	type = at[0] == '|' ? at[1] : '\0';
	if (type == 'm') {
		at = check_timer(made, at);
	} else {
		FUZZ_ASSERT(type == 'c' || type == 'g', "no type: '%s'", line);
		at += 2;
	}
	if (*at) {
		FUZZ_ASSERT(at[0] == '|' && at[1] == '#', "not tags: '%s'", line);
		check_tags(at + 2);
	}
	if (strncmp(line, "redtap.flush.seconds:", name_length + 1) == 0)
		FUZZ_ASSERT(whole < 1000000000, "a flush of %" PRIu64 " s", whole);
	if (type == 'c')
		sums_add(made, line, name_length, whole, billionths);
}

/* Boundaries that are edges of bins, ascending. */
static void make_buckets(struct made *made, struct fuzz_input *input)
{
	const size_t count = fuzz_byte(input) % (BUCKETS_MAX + 1);
	uint32_t bin = 0;

	while (made->bucket_count < count) {
		bin += 1 + fuzz_byte(input);
		if (bin >= HISTOGRAM_OVERFLOW)
			break;
		made->bins[made->bucket_count] = bin;
		made->buckets[made->bucket_count++] = (double)histogram_upper_ns(bin) / NS_PER_S;
	}
}

static struct series *make_series(struct made *made, struct fuzz_input *input)
{
	struct series *series = &made->series[made->flush.series_count];

	*series = (struct series){
		.id = (uint32_t)made->flush.series_count * (1 + fuzz_byte(input) % 3),
		.service = take_text(made, input),
		.method = take_text(made, input),
		.route = take_text(made, input),
		.status = (uint16_t)fuzz_number(input, 2),
		.error = fuzz_byte(input) % ERROR_COUNT,
		.born = true,
	};
	/* ids are distinct */
	if (made->flush.series_count && series->id <= series[-1].id)
		series->id = series[-1].id + 1;
	made->list[made->flush.series_count++] = series;
	return series;
}

static void add_requests(struct made *made, struct series *series, struct fuzz_input *input)
{
	const uint32_t bin = fuzz_number(input, 2) % HISTOGRAM_BINS;
	const uint64_t count = fuzz_number(input, 1 + (bin & 3));

	FUZZ_ASSERT(bins_add(&series->total.bins, bin, count) == 0, "no memory");
	series->total.count += count;
	series->total.sum_ns += fuzz_number(input, 5);
	series->total.request_bytes += fuzz_number(input, 4);
	series->total.response_bytes += fuzz_number(input, 6);
	made->flush.total.seen += count;
	made->flush.total.counted += count;
}

static void add_ledger(struct made *made, struct fuzz_input *input)
{
	struct tally *total = &made->flush.total;

	total->seen += fuzz_byte(input);
	total->lost[1 + fuzz_byte(input) % (LOSS_COUNT - 1)] += fuzz_byte(input);
	total->approximate[1 + fuzz_byte(input) % (APPROXIMATE_COUNT - 1)] += fuzz_byte(input);
	total->ignored[1 + fuzz_byte(input) % (IGNORE_COUNT - 1)] += fuzz_byte(input);
}

static void check_sums(const struct made *made, uint64_t errors)
{
	const struct tally *total = &made->flush.total;
	struct sums want = { .errors = errors, .dropped = errors };
	const uint64_t *wanted = (const uint64_t *)&want, *sent = (const uint64_t *)&made->sums;
	size_t i, bucket;

	for (i = 0; i < made->flush.series_count; i++) {
		const struct measure *measure = &made->series[i].total;

		for (bucket = 0; bucket < made->bucket_count && !made->has_timers; bucket++)
			want.buckets[bucket] += bins_sum(&measure->bins, 0, made->bins[bucket] + 1);
		/* Timers and the Flask names have other lines instead, or none. */
		want.count += made->has_timers && !made->is_flask ? 0 : measure->count;
		want.observations += made->has_timers ? measure->count : 0;
		want.request_bytes += made->is_flask ? 0 : measure->request_bytes;
		want.response_bytes += made->is_flask ? 0 : measure->response_bytes;
		if (made->has_timers)
			continue;
		want.buckets[bucket] += measure->count;
		want.sum_ns += measure->sum_ns;
	}
	for (i = 1; i < LOSS_COUNT; i++)
		want.lost += total->lost[i];
	for (i = 1; i < APPROXIMATE_COUNT; i++)
		want.approximate += total->approximate[i];
	for (i = 1; i < IGNORE_COUNT; i++)
		want.ignored += total->ignored[i];
	want.seen = total->seen;
	want.counted = total->counted;
	for (i = 0; i < sizeof(want) / sizeof(*wanted); i++)
		FUZZ_ASSERT(sent[i] == wanted[i], "number %zu: %" PRIu64 " sent for %" PRIu64, i,
			    sent[i], wanted[i]);
}

/* In pieces; only the last flush must be complete. */
static void encode(struct statsd_encoder *encoder, struct made *made,
		   const struct statsd_losses *losses, double flush_s, struct fuzz_input *input)
{
	const struct statsd_self self = { .flush_s = flush_s, .dropped_out = losses->errors };
	const uint8_t pieces = fuzz_byte(input);
	unsigned int i;
	int more = 1;

	statsd_begin(encoder, &made->flush, losses, &self, take_line, made);
	for (i = 0; more > 0 && (made->flush.last || i < pieces % 8); i++)
		more = statsd_go_on(encoder, 1 + pieces / 8 * 100);
	FUZZ_ASSERT(more >= 0, "no memory");
}

static struct statsd_encoder *open_encoder(struct made *made, struct fuzz_input *input)
{
	const char *const destination = take_text(made, input);
	const uint8_t kind = fuzz_byte(input);
	const struct statsd_settings settings = {
		.metrics = kind % 4 == 3 ? METRICS_FLASK : METRICS_OTEL,
		.histogram = kind % 4 >= 2 ? HISTOGRAM_TIMER : HISTOGRAM_BUCKETS,
		.version = take_text(made, input),
		.hooks = take_text(made, input),
		.kernel = take_text(made, input),
		.buckets = made->buckets,
		.bucket_count = made->bucket_count,
		.destinations = &destination,
		.destination_count = 1,
	};
	struct statsd_encoder *encoder = statsd_open(&settings);

	FUZZ_ASSERT(encoder, "no encoder");
	made->has_timers = settings.histogram == HISTOGRAM_TIMER;
	made->is_flask = settings.metrics == METRICS_FLASK;
	return encoder;
}

/* One operation.  Returns whether a flush is due, and its duration. */
static bool operate(struct made *made, struct statsd_losses *losses, double *flush_s,
		    struct fuzz_input *input)
{
	const uint8_t operation = fuzz_byte(input);
	const size_t count = made->flush.series_count;
	struct series *series = count ? &made->series[operation / 8 % count] : NULL;
	const unsigned int what = operation % 8;

	if (what > 5) {
		const uint64_t bits = fuzz_number(input, 8);

		memcpy(flush_s, &bits, sizeof(*flush_s));
		return true;
	}
	if (what == 4)
		add_ledger(made, input);
	else if (what ==
		 5) /* not with timers: the observation that is sent first would count twice */
		losses->errors += made->has_timers ? 0 : fuzz_byte(input);
	else if (what < 2 && count < SERIES_MAX)
		add_requests(made, make_series(made, input), input);
	else if (series)
		add_requests(made, series, input);
	return false;
}

static void run(struct made *made, struct fuzz_input *input)
{
	struct statsd_encoder *encoder = open_encoder(made, input);
	struct statsd_losses losses = { 0 };
	size_t flushes = 0;

	made->services[0].name = take_text(made, input);
	made->services[1].name = take_text(made, input);
	while (!made->flush.last) {
		double flush_s = 0;
		const bool due = operate(made, &losses, &flush_s, input);

		made->flush.last = input->left == 0 || (due && ++flushes == FLUSHES_MAX);
		if (due || made->flush.last)
			encode(encoder, made, &losses, flush_s, input);
	}
	check_sums(made, losses.errors);
	statsd_close(encoder);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct made *made = calloc(1, sizeof(*made));
	size_t i;

	FUZZ_ASSERT(made, "out of memory");
	made->flush.series = made->list;
	made->flush.services = made->services;
	made->flush.service_count = 2;
	make_buckets(made, &input);
	run(made, &input);
	for (i = 0; i < made->flush.series_count; i++)
		bins_release(&made->series[i].total.bins);
	for (i = 0; i < made->text_count; i++)
		free(made->texts[i]);
	free(made);
}
