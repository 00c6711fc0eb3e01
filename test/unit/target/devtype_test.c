/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device types whose rows contradict themselves are refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "t_alloc.h"
#include "target/devtype.h"

static enum scsi_result run(struct scsi_cmd *cmd)
{
	(void)cmd;
	return RES_GOOD;
}

static const struct opcode good = {
	.op = 0x28, .sa = OP_NO_SA, .name = "READ(10)", .cdb_len = 10, .dir = DATA_IN,
	.lba = { 2, 4 }, .len = { 7, 2 }, .unit = LEN_BLOCKS, .usage = { 0x28 }, .run = run,
};

static enum err_code init(const struct opcode *rows, size_t n)
{
	const struct opcode_rows list[] = { { rows, n }, { NULL, 0 } };
	static struct optable table;
	const struct dev_type dev = { .name = "x", .rows = list, .table = &table };
	struct err err = { .code = ERR_OK };
	int r = devtype_init(&dev, &err);

	assert_int_equal(r != 0, err.code != ERR_OK);
	if (!r) {
		assert_int_equal(table.count, n);
		assert_int_equal(devtype_init(&dev, NULL), 0);
		devtype_done(&dev);
	}
	assert_null(table.sorted);
	return err.code;
}

static void rows_are_sorted_into_the_table(void **state)
{
	static struct optable table;
	struct opcode a = good, b = good, c = good;
	const struct opcode_rows list[] = { { &a, 1 }, { &b, 1 }, { &c, 1 }, { NULL, 0 } };
	const struct dev_type dev = { .name = "x", .rows = list, .table = &table };

	(void)state;
	b.op = c.op = b.usage[0] = c.usage[0] = 0x5e;
	b.sa = 3;
	c.sa = 1;
	a.op = a.usage[0] = 0xa8;
	a.cdb_len = 12;
	assert_int_equal(devtype_init(&dev, NULL), 0);
	assert_ptr_equal(table.sorted[0], &c);
	assert_ptr_equal(table.sorted[1], &b);
	assert_ptr_equal(table.sorted[2], &a);
	assert_int_equal(table.first[0x5e], 1);
	assert_int_equal(table.rows[0x5e], 2);
	assert_int_equal(table.first[0xa8], 3);
	assert_int_equal(table.first[0x28], 0);
	devtype_done(&dev);
}

static void contradictions_are_refused(void **state)
{
	struct opcode row[2];

	(void)state;
	assert_int_equal(init(&good, 1), ERR_OK);
#define BAD(change)                                                                                \
	do {                                                                                       \
		row[0] = good;                                                                     \
		row[0].change;                                                                     \
		assert_int_equal(init(row, 1), ERR_INVALID_REQUEST);                               \
	} while (0)
	BAD(run = NULL);
	BAD(name = NULL);
	BAD(cdb_len = 12);
	BAD(cdb_len = 0);
	BAD(usage[0] = 0x2a);
	BAD(len.byte = 9);
	BAD(lba.bytes = 9);
	BAD(unit = LEN_PARAM);
	BAD(flags = OP_ANY_LUN; row[0].dir = DATA_OUT);
	BAD(flags = OP_RANGE; row[0].lba.bytes = 0);
	BAD(dir = DATA_NONE; row[0].unit = LEN_ALLOC);
	row[0] = row[1] = good;
	assert_int_equal(init(row, 2), ERR_INVALID_REQUEST);
	row[1].sa = 1;
	assert_int_equal(init(row, 2), ERR_INVALID_REQUEST);
	row[0].sa = 0;
	assert_int_equal(init(row, 2), ERR_OK);
}

static void no_memory_is_told(void **state)
{
	(void)state;
	t_alloc_fail_nth(1);
	assert_int_equal(init(&good, 1), ERR_NOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_into_the_table),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
