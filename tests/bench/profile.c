// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * profile.c [-l] SYMBOLS TRACE - how many instructions of an exchange each function, or
 * with -l each line of a BPF program, has executed.
 *
 * Inputs: SYMBOLS, the output of symbols_print(); TRACE, qemu's trace of executed blocks
 * of one instruction each ("Trace 0: ... [base/pc/flags/...]").  Only instructions inside
 * BPF programs are counted: their own, and those of the kernel functions that they call.
 * Outputs: a table.  It must not know what the programs do.
 *
 * Calls and returns are found in the trace alone: a program begins at the address of its
 * symbol, and ends with a jump to the address after the instruction that called it.
 */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longest instruction of x86: the return address is at most so many bytes after the call. */
#define CALL_BYTES_MAX 15
#define PROGRAM_PREFIX "bpf_prog_"
/*
 * The hook by which exchanges are counted: its first program runs twice in each of them,
 * at both ends.
 */
#define EXCHANGE_PROGRAM "_sock_recv_length"
#define SECOND_PROGRAM "_again_"
#define EXCHANGE_RUNS 2
#define TEXT_MAX 160

struct place {
	uint64_t address;
	char text[TEXT_MAX];
};

struct places {
	struct place *list;
	size_t count, room;
};

/* Instructions executed at one place while one program was running. */
struct row {
	size_t program; /* of functions */
	size_t place;   /* of functions or lines */
	uint64_t instructions;
};

static struct places functions, lines;

static void places_add(struct places *places, uint64_t address, const char *text)
{
	struct place *place;

	if (places->count == places->room) {
		places->room = places->room ? places->room * 2 : 4096;
		places->list = realloc(places->list, places->room * sizeof(*places->list));
		if (!places->list)
			errx(1, "no memory for symbols");
	}
	place = &places->list[places->count++];
	place->address = address;
	snprintf(place->text, sizeof(place->text), "%s", text);
	place->text[strcspn(place->text, "\r\n")] = '\0';
}

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

static void symbols_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1024];

	if (!file)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		unsigned long long address;
		int at = 0;

		if (sscanf(line, "symbol %llx %n", &address, &at) == 1 && at)
			places_add(&functions, address, line + at);
		else if (sscanf(line, "line %llx %n", &address, &at) == 1 && at)
			places_add(&lines, address, line + at);
	}
	fclose(file);
	qsort(functions.list, functions.count, sizeof(struct place), compare_places);
	qsort(lines.list, lines.count, sizeof(struct place), compare_places);
}

/* The last place at or before an address; -1: none. */
static long place_find(const struct places *places, uint64_t address)
{
	size_t low = 0, high = places->count;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (places->list[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return (long)low - 1;
}

/* ---- counting --------------------------------------------------------- */

static struct row *rows;
static size_t row_count, row_room;

static void row_add(size_t program, size_t place)
{
	static size_t last;
	size_t i;

	if (last < row_count && rows[last].program == program && rows[last].place == place) {
		rows[last].instructions++;
		return;
	}
	for (i = 0; i < row_count; i++)
		if (rows[i].program == program && rows[i].place == place)
			break;
	if (i == row_count) {
		if (row_count == row_room) {
			row_room = row_room ? row_room * 2 : 256;
			rows = realloc(rows, row_room * sizeof(*rows));
			if (!rows)
				errx(1, "no memory for rows");
		}
		rows[row_count++] = (struct row){ program, place, 0 };
	}
	rows[i].instructions++;
	last = i;
}

static bool is_program(long function)
{
	return function >= 0 &&
	       strncmp(functions.list[function].text, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)) == 0;
}

/* The state while the trace is read. */
struct walk {
	long program;     /* that is running, -1: none */
	uint64_t entered; /* from this instruction */
	uint64_t before;  /* the instruction before */
	bool by_line;
	bool counting;
	uint64_t marks; /* runs of the program by which exchanges are counted */
	uint64_t total;
};

static void walk_step(struct walk *walk, uint64_t pc)
{
	const long function = place_find(&functions, pc);
	long place = function;

	if (walk->program >= 0 && pc > walk->entered && pc <= walk->entered + CALL_BYTES_MAX)
		walk->program = -1;
	if (walk->program < 0 && is_program(function) && functions.list[function].address == pc) {
		walk->program = function;
		walk->entered = walk->before;
		if (strstr(functions.list[function].text, EXCHANGE_PROGRAM) &&
		    !strstr(functions.list[function].text, SECOND_PROGRAM)) {
			walk->counting = true;
			walk->marks++;
		}
	}
	walk->before = pc;
	if (walk->program < 0 || !walk->counting)
		return;
	walk->total++;
	if (walk->by_line) {
		/* the kernel's functions count as the line that calls them */
		static long last;

		place = is_program(function) ? place_find(&lines, pc) : last;
		last = place;
	}
	if (place >= 0)
		row_add(walk->program, place);
}

static void trace_read(struct walk *walk, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];

	if (!file)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		const char *at = strncmp(line, "Trace ", 6) == 0 ? strchr(line, '/') : NULL;

		if (at)
			walk_step(walk, strtoull(at + 1, NULL, 16));
	}
	fclose(file);
}

/* ---- output ----------------------------------------------------------- */

static uint64_t program_sum(size_t program)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < row_count; i++)
		if (rows[i].program == program)
			sum += rows[i].instructions;
	return sum;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->program != b->program)
		return a->program < b->program ? -1 : 1;
	return (a->instructions < b->instructions) - (a->instructions > b->instructions);
}

/* A program's name without its tag: bpf_prog_TAG_name. */
static const char *function_name(const char *text)
{
	const char *tag = strncmp(text, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)) == 0
				  ? strchr(text + strlen(PROGRAM_PREFIX), '_')
				  : NULL;

	return tag ? tag + 1 : text;
}

static void rows_print(const struct walk *walk)
{
	const struct places *places = walk->by_line ? &lines : &functions;
	const double exchanges = (double)walk->marks / EXCHANGE_RUNS;
	size_t i;

	printf("%.0f exchanges, %.1f instructions inside of BPF programs in each\n", exchanges,
	       walk->total / exchanges);
	qsort(rows, row_count, sizeof(*rows), compare_rows);
	for (i = 0; i < row_count; i++) {
		if (i == 0 || rows[i].program != rows[i - 1].program)
			printf("%9.1f  %s\n", program_sum(rows[i].program) / exchanges,
			       function_name(functions.list[rows[i].program].text));
		if (rows[i].instructions / exchanges >= 0.5)
			printf("     %9.1f  %s\n", rows[i].instructions / exchanges,
			       function_name(places->list[rows[i].place].text));
	}
}

int main(int argc, char **argv)
{
	struct walk walk = { .program = -1 };
	int option;

	while ((option = getopt(argc, argv, "l")) != -1) {
		if (option != 'l')
			return 2;
		walk.by_line = true;
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: profile [-l] SYMBOLS TRACE\n");
		return 2;
	}
	symbols_read(argv[optind]);
	trace_read(&walk, argv[optind + 1]);
	if (walk.marks == 0)
		errx(1, "no program has run in '%s'", argv[optind + 1]);
	rows_print(&walk);
	return 0;
}
