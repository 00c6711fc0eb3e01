/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of all device types, read against themselves and the standards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dev/dev_types.h"
#include "dev/spc.h"
#include "dev_rows.h"

static const struct dev_type *const types[] = { &dev_controller, &dev_disk, &dev_tape, &dev_changer, &dev_wlun };

static void no_row_contradicts_itself_or_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		dev_rows_check(types[i]);
}

static void every_page_table_is_sorted_and_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		dev_pages_check(types[i]);
}

static void mandatory_commands_are_there(void **state)
{
	/* SPC-4 table 136, SBC-3 table 14, SAM-5: what any initiator may count on */
	static const struct dev_mandatory shared[] = {
		{ 0x03, OP_NO_SA, "REQUEST SENSE" },
		{ 0x1a, OP_NO_SA, "MODE SENSE(6)" },
		{ 0x1d, OP_NO_SA, "SEND DIAGNOSTIC" },
		{ 0x5a, OP_NO_SA, "MODE SENSE(10)" },
		{ 0xa3, 0x0c, "REPORT SUPPORTED OPERATION CODES" },
		{ 0xa3, 0x0d, "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS" },
		{ 0, 0, NULL },
	};
	static const struct dev_mandatory wlun[] = {
		{ 0x03, OP_NO_SA, "REQUEST SENSE" }, /* SPC-4 8.2 */
		{ 0, 0, NULL },
	};

	/* SSC-4 table 20 */
	static const struct dev_mandatory tape[] = {
		{ 0x01, OP_NO_SA, "REWIND" },
		{ 0x05, OP_NO_SA, "READ BLOCK LIMITS" },
		{ 0x08, OP_NO_SA, "READ(6)" },
		{ 0x0a, OP_NO_SA, "WRITE(6)" },
		{ 0x10, OP_NO_SA, "WRITE FILEMARKS(6)" },
		{ 0x11, OP_NO_SA, "SPACE(6)" },
		{ 0x15, OP_NO_SA, "MODE SELECT(6)" },
		{ 0x19, OP_NO_SA, "ERASE(6)" },
		{ 0x1b, OP_NO_SA, "LOAD UNLOAD" },
		{ 0x34, 0x00, "READ POSITION, short form" },
		{ 0x44, OP_NO_SA, "REPORT DENSITY SUPPORT" },
		{ 0x4d, OP_NO_SA, "LOG SENSE" },
		{ 0, 0, NULL },
	};

	/* SMC-3 table 5 */
	static const struct dev_mandatory changer[] = {
		{ 0xa5, OP_NO_SA, "MOVE MEDIUM" },
		{ 0xb8, OP_NO_SA, "READ ELEMENT STATUS" },
		{ 0, 0, NULL },
	};

	(void)state;
	dev_rows_mandatory(&dev_changer, shared);
	dev_rows_mandatory(&dev_changer, changer);
	dev_rows_mandatory(&dev_tape, shared);
	dev_rows_mandatory(&dev_tape, tape);
	dev_rows_mandatory(&dev_controller, shared);
	dev_rows_mandatory(&dev_disk, shared);
	dev_rows_mandatory(&dev_wlun, wlun);
}

static enum scsi_result nothing(struct scsi_cmd *cmd)
{
	(void)cmd;
	return RES_GOOD;
}

/* A row without fault, which each case spoils in one way. */
static const struct opcode good = {
	.op = 0x28, .sa = OP_NO_SA, .name = "READ(10)", .cdb_len = 10, .dir = DATA_IN,
	.lba = { 2, 4 }, .len = { 7, 2 }, .unit = LEN_BLOCKS,
	.usage = { 0x28, 0xf8, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff, 0 },
	.flags = OP_NEEDS_MEDIUM | OP_RANGE, .cls = OPC_READ, .resv = RESV_READ, .run = nothing,
};

#define expect_fault(field, value)                                                                 \
	do {                                                                                       \
		struct opcode row_ = good;                                                         \
		row_.field = value;                                                                \
		assert_non_null(dev_row_fault(&row_));                                             \
	} while (0)

static void the_checker_sees_spoilt_rows(void **state)
{
	(void)state;
	assert_null(dev_row_fault(&good));
	expect_fault(run, NULL);
	expect_fault(cls, OPC_OTHER);
	expect_fault(cls, OPC_WRITE);
	expect_fault(cls, OPC_COUNT);
	expect_fault(cdb_len, 12);
	expect_fault(cdb_len, 40);
	expect_fault(usage[0], 0x2a);
	expect_fault(usage[3], 0x7f);
	expect_fault(usage[8], 0);
	expect_fault(usage[9], 0x04);
	expect_fault(usage[11], 1);
	expect_fault(sa, 3);
	expect_fault(lba.byte, 4);
	expect_fault(len.byte, 9);
	expect_fault(len.bytes, 0);
	expect_fault(unit, LEN_NONE);
	expect_fault(unit, LEN_PARAM);
	expect_fault(lba.bytes, 0);
	expect_fault(flags, OP_RANGE);
	expect_fault(flags, OP_NEEDS_MEDIUM | OP_WRITES);
	expect_fault(flags, OP_ANY_LUN);
	expect_fault(flags, OP_LEN6_ZERO_IS_256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_row_contradicts_itself_or_another),
		cmocka_unit_test(every_page_table_is_sorted_and_fits),
		cmocka_unit_test(mandatory_commands_are_there),
		cmocka_unit_test(the_checker_sees_spoilt_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
