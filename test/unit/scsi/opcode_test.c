/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opcode rows and CDBs: finding a row, reserved bits, fields, lengths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "scsi/opcode.h"

static const struct opcode read6 = {
	.op = 0x08, .sa = OP_NO_SA, .name = "READ(6)", .cdb_len = 6,
	.lba = { 1, 3 }, .len = { 4, 1 }, .usage = { 0x08, 0x1f, 0xff, 0xff, 0xff, 0 },
	.flags = OP_LEN6_ZERO_IS_256,
};
static const struct opcode inquiry = {
	.op = 0x12, .sa = OP_NO_SA, .name = "INQUIRY", .cdb_len = 6, .len = { 3, 2 },
	.usage = { 0x12, 0x01, 0xff, 0xff, 0xff, 0 },
};
static const struct opcode keys = {
	.op = 0x5e, .sa = 0, .name = "READ KEYS", .cdb_len = 10, .len = { 7, 2 },
	.usage = { 0x5e, 0x00, 0, 0, 0, 0, 0, 0xff, 0xff, 0 },
};
static const struct opcode status = {
	.op = 0x5e, .sa = 3, .name = "READ FULL STATUS", .cdb_len = 10, .len = { 7, 2 },
	.usage = { 0x5e, 0x03, 0, 0, 0, 0, 0, 0xff, 0xff, 0 },
};
static const struct opcode capacity16 = {
	.op = 0x9e, .sa = 0x10, .name = "READ CAPACITY(16)", .cdb_len = 16,
	.lba = { 2, 8 }, .len = { 10, 4 }, .usage = { 0x9e, 0x10, [10] = 0xff, 0xff, 0xff, 0xff },
};
static const struct opcode read32 = {
	.op = 0x7f, .sa = 0x0009, .name = "READ(32)", .cdb_len = 32,
	.lba = { 12, 8 }, .len = { 28, 4 },
	.usage = { 0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0x00, 0x09, 0xfe,
		   [12] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		   [28] = 0xff, 0xff, 0xff, 0xff },
};

static const struct opcode *const sorted[] = {
	&read6, &inquiry, &keys, &status, &read32, &capacity16,
};
static const struct optable table = {
	.sorted = sorted,
	.count = 6,
	.first = { [0x08] = 1, [0x12] = 2, [0x5e] = 3, [0x7f] = 5, [0x9e] = 6 },
	.rows = { [0x08] = 1, [0x12] = 1, [0x5e] = 2, [0x7f] = 1, [0x9e] = 1 },
};

static const struct opcode *find(const uint8_t *cdb, size_t len, enum scsi_result *r)
{
	*r = RES_GOOD;
	return optable_find(&table, cdb, len, r);
}

static void rows_are_found_by_opcode_and_service_action(void **state)
{
	enum scsi_result r;

	(void)state;
	assert_ptr_equal(find((uint8_t[6]){ 0x12, 0x1f }, 6, &r), &inquiry);
	assert_ptr_equal(find((uint8_t[10]){ 0x5e, 0x00 }, 10, &r), &keys);
	assert_ptr_equal(find((uint8_t[10]){ 0x5e, 0xe3 }, 10, &r), &status);
	assert_ptr_equal(find((uint8_t[16]){ 0x9e, 0x10 }, 16, &r), &capacity16);
	assert_ptr_equal(find((uint8_t[32]){ 0x7f, [8] = 0, 9 }, 32, &r), &read32);
	assert_int_equal(r, RES_GOOD);
}

static void what_is_not_there_says_why(void **state)
{
	enum scsi_result r;

	(void)state;
	assert_null(find((uint8_t[6]){ 0x00 }, 6, &r));
	assert_int_equal(r, RES_INVALID_OPCODE);
	assert_null(find((uint8_t[10]){ 0x5e, 0x02 }, 10, &r));
	assert_int_equal(r, RES_INVALID_FIELD_CDB);
	assert_null(find((uint8_t[32]){ 0x7f, [8] = 9 }, 32, &r));
	assert_int_equal(r, RES_INVALID_FIELD_CDB);
	assert_null(find((uint8_t[6]){ 0x7f }, 6, &r)); /* too short for a service action */
	assert_int_equal(r, RES_INVALID_FIELD_CDB);
	assert_null(find(NULL, 0, &r));
	assert_int_equal(r, RES_INVALID_OPCODE);
}

static void reserved_bits_are_found_from_the_left(void **state)
{
	static const struct {
		const struct opcode *row;
		uint8_t cdb[32];
		int byte, bit; /* byte 0: none */
	} rows[] = {
		{ &inquiry, { 0x12, 0x01, 0x83, 0xff, 0xff, 0 }, 0, 0 },
		{ &inquiry, { 0x12, 0x02 }, 1, 1 },
		{ &inquiry, { 0x12, 0xfe }, 1, 7 },
		{ &inquiry, { 0x12, 0x01, 0, 0, 0, 0x40 }, 5, 6 },
		{ &keys, { 0x5e, 0x00, 0x01 }, 2, 0 },
		{ &status, { 0x5e, 0x03 }, 0, 0 },
		{ &status, { 0x5e, 0x23 }, 1, 5 },
		{ &capacity16, { 0x9e, 0x10, 0x01 }, 2, 0 },
		{ &read32, { 0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0x00, 0x09 }, 0, 0 },
		{ &read32, { 0x7f, 0, 0, 0, 0, 0, 0x08, 0x18, 0x00, 0x09 }, 6, 3 },
		{ &read32, { 0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0x00, 0x09, 0x01 }, 10, 0 },
		{ &read6, { 0x08, 0x20 }, 1, 5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint16_t byte = 0;
		int8_t bit = 0;

		assert_int_equal(opcode_reserved_bit(rows[i].row, rows[i].cdb, &byte, &bit),
				 rows[i].byte != 0);
		assert_int_equal(byte, rows[i].byte);
		assert_int_equal(bit, rows[i].bit);
	}
}

static void fields_are_read(void **state)
{
	uint8_t cdb[32] = { 0x7f, [12] = 1, 2, 3, 4, 5, 6, 7, 8, [28] = 0x80, 0, 0, 9 };

	(void)state;
	assert_int_equal(opcode_lba(&read32, cdb), 0x0102030405060708);
	assert_int_equal(opcode_len(&read32, cdb), 0x80000009);
	/* 21 bits of LBA: the three above them are reserved. */
	assert_int_equal(opcode_lba(&read6, (uint8_t[6]){ 0x08, 0xff, 0xff, 0xff }), 0x1fffff);
	assert_int_equal(opcode_len(&read6, (uint8_t[6]){ 0x08, 0, 0, 0, 7 }), 7);
	assert_int_equal(opcode_len(&read6, (uint8_t[6]){ 0x08 }), 256);
	assert_int_equal(opcode_len(&inquiry, (uint8_t[6]){ 0x12 }), 0);
	assert_int_equal(opcode_lba(&inquiry, (uint8_t[6]){ 0x12, 0xff, 0xff }), 0);
}

static void lengths_follow_the_group_code(void **state)
{
	static const struct {
		uint8_t op;
		unsigned int len;
	} rows[] = {
		{ 0x00, 6 }, { 0x1f, 6 }, { 0x20, 10 }, { 0x5f, 10 }, { 0x60, 0 }, { 0x7e, 0 },
		{ 0x80, 16 }, { 0x9f, 16 }, { 0xa0, 12 }, { 0xbf, 12 }, { 0xc0, 0 }, { 0xff, 0 },
	};
	uint8_t variable[8] = { 0x7f, [7] = 24 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(cdb_length(&rows[i].op, 1), rows[i].len);
	assert_int_equal(cdb_length(variable, 8), 32);
	assert_int_equal(cdb_length(variable, 7), 0);
	assert_int_equal(cdb_length(variable, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found_by_opcode_and_service_action),
		cmocka_unit_test(what_is_not_there_says_why),
		cmocka_unit_test(reserved_bits_are_found_from_the_left),
		cmocka_unit_test(fields_are_read),
		cmocka_unit_test(lengths_follow_the_group_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
