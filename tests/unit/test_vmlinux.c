/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_vmlinux.c - compares each type and field of vmlinux.h with the running kernel's BTF.
 * So a field that was renamed or removed, or has another size or kind, is found here, and
 * not by the verifier or by wrong numbers.
 *
 * Input: vmlinux_types.bpf.o, beside this program or named by its argument: the
 * BTF that the compiler made of vmlinux.h, one variable per type.
 */
#include "unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <unistd.h>

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define REASON_SIZE 256

static const char *types_path;

/* A type, and the BTF that it is in. */
struct place {
	const struct btf *btf;
	uint32_t id;
};

static const struct btf_type *place_type(struct place place)
{
	return btf__type_by_id(place.btf, place.id);
}

/* Skips typedef, const, volatile and tags; unlike in libbpf, void is a type. */
static struct place place_resolved(struct place place)
{
	const struct btf_type *type = place_type(place);

	while (btf_is_mod(type) || btf_is_typedef(type)) {
		place.id = type->type;
		type = place_type(place);
	}
	return place;
}

static const char *type_name(struct place place)
{
	return btf__name_by_offset(place.btf, place_type(place)->name_off);
}

static bool type_is_number(const struct btf_type *type)
{
	return btf_is_int(type) || btf_is_any_enum(type);
}

static bool type_is_signed(const struct btf_type *type)
{
	return btf_is_int(type) && btf_int_encoding(type) & BTF_INT_SIGNED;
}

static bool members_match(struct place ours, struct place kernel, char *reason);

/* Whether the kernel's type can be read as ours; if not, writes the reason. */
static bool types_match(struct place ours, struct place kernel, char *reason)
{
	const struct btf_type *our_type, *kernel_type;

	ours = place_resolved(ours);
	kernel = place_resolved(kernel);
	our_type = place_type(ours);
	kernel_type = place_type(kernel);
	if (type_is_number(our_type) && type_is_number(kernel_type)) {
		if (our_type->size == kernel_type->size &&
		    type_is_signed(our_type) == type_is_signed(kernel_type))
			return true;
		snprintf(reason, REASON_SIZE,
			 "%s number of %u bytes here, %s number of %u bytes there",
			 type_is_signed(our_type) ? "signed" : "unsigned", our_type->size,
			 type_is_signed(kernel_type) ? "signed" : "unsigned", kernel_type->size);
		return false;
	}
	if (btf_kind(our_type) != btf_kind(kernel_type)) {
		snprintf(reason, REASON_SIZE, "kind %u here, kind %u there", btf_kind(our_type),
			 btf_kind(kernel_type));
		return false;
	}
	if (btf_is_array(our_type))
		return types_match((struct place){ ours.btf, btf_array(our_type)->type },
				   (struct place){ kernel.btf, btf_array(kernel_type)->type },
				   reason);
	if (btf_is_ptr(our_type)) {
		ours.id = our_type->type;
		kernel.id = kernel_type->type;
		ours = place_resolved(ours);
		kernel = place_resolved(kernel);
		if (btf_is_void(place_type(ours))) /* only an address */
			return true;
	} else if (btf_is_composite(our_type) && our_type->name_off == 0) {
		return members_match(ours, kernel, reason);
	}
	/* members of a named type are compared separately */
	if (strcmp(type_name(ours), type_name(kernel)) == 0)
		return true;
	snprintf(reason, REASON_SIZE, "'%s' here, '%s' there", type_name(ours), type_name(kernel));
	return false;
}

/* Finds a member by name, also inside anonymous members.  Returns false if there is none. */
static bool member_find(struct place place, const char *name, struct place *found, bool *bitfield)
{
	const struct btf_type *type = place_type(place);
	const struct btf_member *members = btf_members(type);
	uint32_t i;

	for (i = 0; i < btf_vlen(type); i++) {
		struct place member = { place.btf, members[i].type };

		if (members[i].name_off == 0) {
			member = place_resolved(member);
			if (btf_is_composite(place_type(member)) &&
			    member_find(member, name, found, bitfield))
				return true;
		} else if (strcmp(btf__name_by_offset(place.btf, members[i].name_off), name) == 0) {
			*found = member;
			*bitfield = btf_member_bitfield_size(type, i) != 0;
			return true;
		}
	}
	return false;
}

/* Whether the kernel has all members of our type. */
static bool members_match(struct place ours, struct place kernel, char *reason)
{
	const struct btf_type *type = place_type(ours);
	const struct btf_member *members = btf_members(type);
	char inner[REASON_SIZE - 64] = "";
	struct place found;
	bool bitfield;
	uint32_t i;

	for (i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(ours.btf, members[i].name_off);
		char why[REASON_SIZE] = "";

		if (!member_find(kernel, name, &found, &bitfield))
			snprintf(why, sizeof(why), "there is no such field");
		else if (bitfield)
			snprintf(why, sizeof(why), "it is a bit field there");
		else if (types_match((struct place){ ours.btf, members[i].type }, found, why))
			continue;
		snprintf(inner, sizeof(inner), "%.180s", why);
		snprintf(reason, REASON_SIZE, "field '%.40s': %s", name, inner);
		return false;
	}
	return true;
}

/*
 * Compares a type of ours with the kernel's types of that name: there can be several, and
 * relocation uses those that fit.
 */
static bool type_matches_kernel(struct place ours, const struct btf *kernel, char *reason)
{
	const char *name = type_name(ours);
	const uint32_t kind = btf_kind(place_type(ours));
	uint32_t id;

	snprintf(reason, REASON_SIZE, "there is no such type");
	for (id = 1; id < btf__type_cnt(kernel); id++) {
		const struct place candidate = { kernel, id };

		if (btf_kind(place_type(candidate)) != kind || strcmp(type_name(candidate), name))
			continue;
		if (members_match(place_resolved(ours), place_resolved(candidate), reason))
			return true;
	}
	return false;
}

static struct btf *btf_open(const char *path, const char *hint)
{
	struct btf *btf = btf__parse(path, NULL);

	if (!btf)
		fail_msg("cannot read types from '%s': %s; %s", path, strerror(errno), hint);
	return btf;
}

/* ---- the tests -------------------------------------------------------- */

static void test_fields(void **state)
{
	struct btf *ours = btf_open(types_path, "build it with make");
	struct btf *kernel = btf_open(KERNEL_BTF, "the kernel needs CONFIG_DEBUG_INFO_BTF");
	char reason[REASON_SIZE];
	size_t compared = 0, failed = 0;
	uint32_t id;

	(void)state;
	for (id = 1; id < btf__type_cnt(ours); id++) {
		const struct btf_type *type = btf__type_by_id(ours, id);
		struct place place = { ours, 0 };

		if (!btf_is_var(type))
			continue;
		place.id = type->type;
		compared++;
		if (type_matches_kernel(place, kernel, reason))
			continue;
		print_error("vmlinux.h: '%s': %s\n", type_name(place), reason);
		failed++;
	}
	/* at least sock, tcp_sock, task_struct and pt_regs */
	assert_true(compared >= 4);
	assert_int_equal(failed, 0);
	btf__free(ours);
	btf__free(kernel);
}

/* A field as vmlinux.h could declare it wrongly. */
struct wrong_row {
	const char *comment;
	const char *type;
	const char *field;
	uint32_t bytes; /* size of the declared number */
	bool is_signed;
	bool is_pointer;
	const char *reason; /* NULL: correct */
};

static const struct wrong_row wrong_rows[] = {
	{ "right", "sock", "sk_protocol", 2, false, false, NULL },
	{ "correct, in an anonymous member", "sock_common", "skc_num", 2, false, false, NULL },
	{ "no such type", "sock_of_ours", "sk_protocol", 2, false, false, "no such type" },
	{ "no such field", "sock", "sk_protocol_of_ours", 2, false, false, "no such field" },
	{ "too wide", "sock", "sk_protocol", 4, false, false, "number of 2 bytes there" },
	{ "signed", "sock", "sk_protocol", 2, true, false, "signed number of 2 bytes here" },
	{ "no pointer", "sock", "sk_protocol", 8, false, true, "kind 2 here" },
	{ "a pointer", "sock", "sk_socket", 8, false, false, "kind 1 here" },
	{ "a pointer to something else", "sock", "sk_socket", 8, false, true,
	  "'number' here, 'socket' there" },
};

static void test_wrong_fields(void **state)
{
	struct btf *kernel = btf_open(KERNEL_BTF, "the kernel needs CONFIG_DEBUG_INFO_BTF");
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(wrong_rows); i++) {
		const struct wrong_row *row = &wrong_rows[i];
		struct btf *ours = btf__new_empty();
		char reason[REASON_SIZE] = "";
		struct place place = { ours, 0 };
		bool matches;
		int number;

		assert_non_null(ours);
		number = btf__add_int(ours, "number", row->bytes,
				      row->is_signed ? BTF_INT_SIGNED : 0);
		if (row->is_pointer)
			number = btf__add_ptr(ours, number);
		place.id = btf__add_struct(ours, row->type, row->bytes);
		assert_int_equal(btf__add_field(ours, row->field, number, 0, 0), 0);
		matches = type_matches_kernel(place, kernel, reason);
		if (matches != !row->reason)
			fail_msg("%s: '%s'", row->comment, reason);
		if (row->reason)
			assert_contains(row->comment, reason, row->reason);
		btf__free(ours);
	}
	btf__free(kernel);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_wrong_fields),
	};
	static char beside[PATH_MAX + 32];
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	snprintf(beside, sizeof(beside), "%s/vmlinux_types.bpf.o", dirname(self));
	types_path = argc > 1 ? argv[1] : beside;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
