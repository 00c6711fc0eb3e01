/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sense data byte by byte, and the table of results.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "scsi/sense.h"

static void is(bool descriptor, enum scsi_result r, const struct sense_extra *ex, const char *bytes,
	       uint8_t len)
{
	uint8_t buf[SCSI_SENSE_MAX];

	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(sense_build(buf, descriptor, r, ex), len);
	assert_memory_equal(buf, bytes, len);
	assert_int_equal(buf[len], 0xee);
	assert_int_equal(buf[7], len - 8);
}

static void a_plain_triple(void **state)
{
	(void)state;
	is(false, RES_LBA_RANGE, NULL, "\x70\0\5\0\0\0\0\x0a\0\0\0\0\x21\0\0\0\0\0", 18);
	is(true, RES_LBA_RANGE, NULL, "\x72\5\x21\0\0\0\0\0", 8);
	is(false, RES_UA_LUNS_CHANGED, NULL, "\x70\0\6\0\0\0\0\x0a\0\0\0\0\x3f\x0e\0\0\0\0", 18);
}

static void information(void **state)
{
	struct sense_extra ex = { .info_valid = true, .info = 0x12345678 };

	(void)state;
	is(false, RES_ME_READ, &ex, "\xf0\0\3\x12\x34\x56\x78\x0a\0\0\0\0\x11\0\0\0\0\0", 18);
	is(true, RES_ME_READ, &ex, "\x72\3\x11\0\0\0\0\x0c\0\x0a\x80\0\0\0\0\0\x12\x34\x56\x78",
	   20);
	/* SPC-4 4.5.3: VALID is 0 for what four bytes can't hold. */
	ex.info = 0x112345678;
	is(false, RES_ME_READ, &ex, "\x70\0\3\0\0\0\0\x0a\0\0\0\0\x11\0\0\0\0\0", 18);
	is(true, RES_ME_READ, &ex, "\x72\3\x11\0\0\0\0\x0c\0\x0a\x80\0\0\0\0\1\x12\x34\x56\x78",
	   20);
}

static void command_information(void **state)
{
	struct sense_extra ex = { .cmd_info_valid = true, .cmd_info = 0x0102 };

	(void)state;
	is(false, RES_NO_SENSE, &ex, "\x70\0\0\0\0\0\0\x0a\0\0\1\2\0\0\0\0\0\0", 18);
	is(true, RES_NO_SENSE, &ex, "\x72\0\0\0\0\0\0\x0c\1\x0a\0\0\0\0\0\0\0\0\1\2", 20);
}

static void field_pointers(void **state)
{
	struct sense_extra ex = {
		.field_valid = true, .field_in_cdb = true, .field_byte = 0x102, .field_bit = 5
	};

	(void)state;
	is(false, RES_INVALID_FIELD_CDB, &ex, "\x70\0\5\0\0\0\0\x0a\0\0\0\0\x24\0\0\xcd\1\2", 18);
	is(true, RES_INVALID_FIELD_CDB, &ex, "\x72\5\x24\0\0\0\0\x08\2\6\0\0\xcd\1\2\0", 16);
	ex.field_in_cdb = false;
	ex.field_bit = -1;
	is(false, RES_INVALID_FIELD_PARAM, &ex, "\x70\0\5\0\0\0\0\x0a\0\0\0\0\x26\0\0\x80\1\2", 18);
}

static void progress(void **state)
{
	struct sense_extra ex = { .progress_valid = true, .progress = 0x8000 };

	(void)state;
	is(false, RES_NR_FORMAT, &ex, "\x70\0\2\0\0\0\0\x0a\0\0\0\0\x04\x04\0\x80\x80\0", 18);
	is(true, RES_NR_FORMAT, &ex, "\x72\2\4\4\0\0\0\x08\2\6\0\0\x80\x80\0\0", 16);
}

static void stream_bits(void **state)
{
	struct sense_extra ex = { .filemark = true, .ili = true };

	(void)state;
	is(false, RES_NO_SENSE, &ex, "\x70\0\xa0\0\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0", 18);
	is(true, RES_NO_SENSE, &ex, "\x72\0\0\0\0\0\0\4\4\2\0\xa0", 12);
	ex = (struct sense_extra){ .eom = true };
	is(true, RES_NO_SENSE, &ex, "\x72\0\0\0\0\0\0\4\4\2\0\x40", 12);
}

static void everything_at_once_fits(void **state)
{
	struct sense_extra ex = {
		.info_valid = true, .cmd_info_valid = true, .field_valid = true, .eom = true
	};
	uint8_t buf[SCSI_SENSE_MAX];

	(void)state;
	assert_int_equal(sense_build(buf, true, RES_NO_SENSE, &ex), 8 + 12 + 12 + 8 + 4);
}

static void results_are_of_one_piece(void **state)
{
	(void)state;
	for (int r = 0; r < RES_COUNT; r++) {
		const struct scsi_result_info *i = scsi_result_info((enum scsi_result)r);

		assert_non_null(i->name);
		assert_non_null(i->text);
		if (i->status != SAM_CHECK_CONDITION)
			assert_int_equal(i->key | i->asc | i->ascq, 0);
		for (int k = 0; k < r; k++) {
			const struct scsi_result_info *j = scsi_result_info((enum scsi_result)k);

			assert_false(i->status == j->status && i->key == j->key &&
				     i->asc == j->asc && i->ascq == j->ascq);
		}
	}
	assert_int_equal(scsi_result_info(RES_GOOD)->status, SAM_GOOD);
}

static void key_and_code_are_read_from_either_format(void **state)
{
	static const uint8_t fixed[] = { 0x70, 0, 0x46, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x28, 0x01 };
	static const uint8_t descriptor[] = { 0x72, 0x05, 0x24, 0x07 };

	(void)state;
	assert_int_equal(sense_key(fixed, sizeof(fixed)), 6);
	assert_int_equal(sense_asc(fixed, sizeof(fixed)), 0x2801);
	assert_int_equal(sense_key(descriptor, sizeof(descriptor)), 5);
	assert_int_equal(sense_asc(descriptor, sizeof(descriptor)), 0x2407);
	for (uint32_t len = 0; len < 3; len++)
		assert_int_equal(sense_key(fixed, len) | sense_asc(fixed, len), 0);
	assert_int_equal(sense_asc(fixed, 13), 0);
	assert_int_equal(sense_asc(descriptor, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_triple),
		cmocka_unit_test(key_and_code_are_read_from_either_format),
		cmocka_unit_test(information),
		cmocka_unit_test(command_information),
		cmocka_unit_test(field_pointers),
		cmocka_unit_test(progress),
		cmocka_unit_test(stream_bits),
		cmocka_unit_test(everything_at_once_fits),
		cmocka_unit_test(results_are_of_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
