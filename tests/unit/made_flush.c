/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * made_flush.c - see made_flush.h.
 */
#include "unit.h"

#include "abi/histogram.h"
#include "made_flush.h"
#include "flush/measure.h"

void made_flush_init(struct made_flush *made)
{
	memset(made, 0, sizeof(*made));
	made->services[0].name = "web";
	made->flush = (struct flush){
		.time = 1700000000.25,
		.interval_s = 5,
		.run_s = 5,
		.processes = 1,
		.series = made->series,
		.phases = made->phases,
		.services = made->services,
		.service_count = 1,
	};
}

void made_flush_release(struct made_flush *made)
{
	size_t i;

	for (i = 0; i < made->flush.series_count; i++) {
		measure_release(&made->series[i]->now);
		measure_release(&made->series[i]->total);
		free(made->series[i]);
	}
	for (i = 0; i < made->flush.phase_count; i++) {
		measure_release(&made->phases[i]->now);
		measure_release(&made->phases[i]->total);
		free(made->phases[i]);
	}
}

struct series *made_flush_series(struct made_flush *made, const char *service, const char *method,
				 const char *route, uint16_t status, enum transaction_error error)
{
	struct series *series = calloc(1, sizeof(*series));

	assert_non_null(series);
	assert_true(made->flush.series_count < MADE_SERIES_MAX);
	*series = (struct series){ .id = (uint32_t)made->flush.series_count,
				   .service = service,
				   .method = method,
				   .route = route,
				   .status = status,
				   .error = error,
				   .born = true };
	made->series[made->flush.series_count++] = series;
	made->flush.series_in_use = made->flush.series_count;
	return series;
}

static void add(struct measure *measure, uint64_t n, uint64_t duration_ns, uint64_t request_bytes,
		uint64_t response_bytes)
{
	measure->count += n;
	measure->sum_ns += n * duration_ns;
	measure->request_bytes += n * request_bytes;
	measure->response_bytes += n * response_bytes;
	assert_int_equal(bins_add(&measure->bins, histogram_bin(duration_ns), n), 0);
}

void made_flush_add(struct made_flush *made, struct series *series, uint64_t n,
		    uint64_t duration_ns, uint64_t request_bytes, uint64_t response_bytes)
{
	add(&series->now, n, duration_ns, request_bytes, response_bytes);
	add(&series->total, n, duration_ns, request_bytes, response_bytes);
	made->flush.now.seen += n;
	made->flush.now.counted += n;
	made->flush.total.seen += n;
	made->flush.total.counted += n;
}

struct series *made_flush_get(struct made_flush *made, const char *route, uint16_t status,
			      uint64_t n, uint64_t duration_ns)
{
	struct series *series = made_flush_series(made, "web", "GET", route, status, ERROR_NONE);

	made_flush_add(made, series, n, duration_ns, 0, 0);
	return series;
}

struct phase_series *made_flush_phase(struct made_flush *made, enum request_phase phase,
				      const char *service, const char *route)
{
	struct phase_series *series = calloc(1, sizeof(*series));

	assert_non_null(series);
	assert_true(made->flush.phase_count < MADE_SERIES_MAX);
	*series = (struct phase_series){ .id = (uint32_t)made->flush.phase_count,
					 .phase = phase,
					 .service = service,
					 .route = route,
					 .born = true };
	made->phases[made->flush.phase_count++] = series;
	return series;
}

void made_flush_add_phase(struct phase_series *phase, uint64_t n, uint64_t duration_ns)
{
	add(&phase->now, n, duration_ns, 0, 0);
	add(&phase->total, n, duration_ns, 0, 0);
}

void made_flush_add_phase_of(struct phase_series *phase, struct series *series, uint64_t n,
			     uint64_t duration_ns)
{
	struct phase_sum *const sums[] = { &series->now.phases[phase->phase],
					   &series->total.phases[phase->phase] };
	size_t i;

	made_flush_add_phase(phase, n, duration_ns);
	for (i = 0; i < ROWS(sums); i++) {
		sums[i]->count += n;
		sums[i]->sum_ns += n * duration_ns;
	}
}

void made_flush_next(struct made_flush *made)
{
	size_t i;

	memset(&made->flush.now, 0, sizeof(made->flush.now));
	made->flush.time += made->flush.interval_s;
	made->flush.run_s += made->flush.interval_s;
	for (i = 0; i < made->flush.series_count; i++) {
		measure_clear(&made->series[i]->now);
		made->series[i]->born = false;
	}
	for (i = 0; i < made->flush.phase_count; i++) {
		measure_clear(&made->phases[i]->now);
		made->phases[i]->born = false;
	}
}
