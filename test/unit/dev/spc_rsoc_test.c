/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT SUPPORTED OPERATION CODES and TASK MANAGEMENT FUNCTIONS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"
#include "target/devtype.h"

enum { ALL, OP, OP_SA, OP_MAYBE_SA };
#define RCTD 0x80

struct answer {
	struct shot s;
	enum scsi_result result;
	uint8_t data[8192];
};

static int setup(void **state)
{
	*state = disk_new(NULL, "1M", 512);
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void report(struct answer *a, struct disk *d, uint8_t options, uint8_t op, uint16_t sa)
{
	uint8_t cdb[32] = { 0xa3, 0x0c, options, op };

	put_be16(cdb + 4, sa);
	put_be32(cdb + 6, sizeof(a->data));
	memset(a, 0xee, sizeof(*a));
	a->result = disk_run(d, &a->s, cdb, NULL, 0, a->data, sizeof(a->data));
}

/* SUPPORT field */
static unsigned int support(struct disk *d, uint8_t options, uint8_t op, uint16_t sa)
{
	struct answer a;

	report(&a, d, options, op, sa);
	assert_int_equal(a.result, RES_GOOD);
	return a.data[1] & 7;
}

static void check_descriptor(const uint8_t *p, const struct opcode *row, bool timeouts)
{
	assert_int_equal(p[0], row->op);
	assert_int_equal(get_be16(p + 2), row->sa == OP_NO_SA ? 0 : row->sa);
	assert_int_equal(p[5], (timeouts ? 2 : 0) | (row->sa != OP_NO_SA));
	assert_int_equal(get_be16(p + 6), row->cdb_len);
	if (timeouts)
		assert_int_equal(get_be16(p + 8), 10);
}

static void check_all(struct disk *d, bool timeouts)
{
	const struct optable *t = d->lu->dev->table;
	size_t size = timeouts ? 20 : 8, rows = 0;
	struct answer a;

	report(&a, d, timeouts ? RCTD : 0, 0, 0);
	assert_int_equal(a.result, RES_GOOD);
	for (size_t i = 0; i < t->count; i++) {
		if (!t->sorted[i]->enabled || t->sorted[i]->enabled(d->lu))
			check_descriptor(a.data + 4 + size * rows++, t->sorted[i], timeouts);
	}
	assert_int_equal(a.s.in_len, 4 + size * rows);
	assert_int_equal(get_be32(a.data), size * rows);
}

static void all_commands_are_the_rows_of_the_table(void **state)
{
	check_all(*state, false);
	check_all(*state, true);
	((struct disk *)*state)->scatter = 5;
	check_all(*state, true);
}

static void one_command_comes_with_its_usage_bits(void **state)
{
	static const uint8_t usage[] = { 0x12, 0x01, 0xff, 0xff, 0xff, 0x00 };
	struct answer a;

	report(&a, *state, OP, 0x12, 0);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(a.s.in_len, 10);
	assert_int_equal(a.data[1], 3);
	assert_int_equal(get_be16(a.data + 2), 6);
	assert_memory_equal(a.data + 4, usage, 6);
	report(&a, *state, OP_SA | RCTD, 0xa3, 0x0c);
	assert_int_equal(a.s.in_len, 4 + 12 + 12);
	assert_int_equal(a.data[1], 0x83);
	assert_int_equal(a.data[5], 0x0c);
	assert_int_equal(get_be16(a.data + 16), 10);
}

static void unsupported_commands_are_told_as_such(void **state)
{
	assert_int_equal(support(*state, OP, 0xc5, 0), 1);
	assert_int_equal(support(*state, OP_SA, 0xc5, 1), 1);
	assert_int_equal(support(*state, OP_SA, 0xa3, 0x1e), 1);
	assert_int_equal(support(*state, OP_MAYBE_SA, 0xa3, 0x1e), 1);
	assert_int_equal(support(*state, OP_MAYBE_SA, 0xa3, 0x0d), 3);
	assert_int_equal(support(*state, OP_MAYBE_SA, 0x12, 0), 3);
	assert_int_equal(support(*state, OP_MAYBE_SA, 0x12, 1), 1);
}

static void wrong_kind_of_question_is_refused(void **state)
{
	struct answer a;

	report(&a, *state, OP, 0xa3, 0);
	assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
	report(&a, *state, OP_SA, 0x12, 0);
	assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
	for (uint8_t option = 4; option < 8; option++) {
		report(&a, *state, option, 0x12, 0);
		assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
		assert_int_equal(shot_field(&a.s), 2 << 8 | 2);
	}
}

static void bits_that_no_usage_byte_has_are_refused(void **state)
{
	struct disk *d = *state;
	const struct optable *t = d->lu->dev->table;
	struct shot s;

	for (size_t i = 0; i < t->count; i++) {
		const struct opcode *row = t->sorted[i];
		uint8_t cdb[32] = { row->op, row->sa == OP_NO_SA ? 0 : (uint8_t)row->sa };

		unsigned int control = row->cdb_len - 1u;

		if (row->enabled && !row->enabled(d->lu))
			continue;
		if (row->op == 0x7f) {
			cdb32(cdb, (uint8_t)row->sa, 0, 0, 0);
			control = 1;
		}
		cdb[control] = 0x40;
		assert_int_equal(disk_run(d, &s, cdb, NULL, 0, NULL, 0), RES_INVALID_FIELD_CDB);
		assert_int_equal(shot_field(&s), (int)(control << 8 | 6));
	}
}

static void task_management_functions(struct answer *a, struct disk *d, bool repd, uint32_t alloc)
{
	uint8_t cdb[32] = { 0xa3, 0x0d, repd ? 0x80 : 0 };

	put_be32(cdb + 6, alloc);
	memset(a, 0xee, sizeof(*a));
	a->result = disk_run(d, &a->s, cdb, NULL, 0, a->data, sizeof(a->data));
}

static void task_management_functions_are_listed(void **state)
{
	struct answer a;

	task_management_functions(&a, *state, false, 4);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(a.s.in_len, 4);
	assert_int_equal(a.data[0] & 0xd8, 0xd8);
	assert_int_equal(a.data[3], 0);
	task_management_functions(&a, *state, true, 255);
	assert_int_equal(a.s.in_len, 16);
	assert_int_equal(a.data[3], 12);
}

static void less_than_four_bytes_of_functions_are_refused(void **state)
{
	struct answer a;

	task_management_functions(&a, *state, false, 3);
	assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&a.s), 6 << 8 | 0xff);
}

#define with_disk(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_disk(all_commands_are_the_rows_of_the_table),
		with_disk(one_command_comes_with_its_usage_bits),
		with_disk(unsupported_commands_are_told_as_such),
		with_disk(wrong_kind_of_question_is_refused),
		with_disk(bits_that_no_usage_byte_has_are_refused),
		with_disk(task_management_functions_are_listed),
		with_disk(less_than_four_bytes_of_functions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
