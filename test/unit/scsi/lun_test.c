/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LUNs on the wire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "scsi/lun.h"

static void every_lun_survives_the_wire(void **state)
{
	uint8_t wire[SCSI_LUN_LEN];

	(void)state;
	for (uint64_t lun = 0; lun <= LUN_MAX; lun++) {
		lun_encode(wire, lun);
		assert_int_equal(wire[0] >> 6, lun > 255);
		assert_int_equal(lun_decode(wire), lun);
	}
	lun_encode(wire, LUN_WLUN_REPORT_LUNS);
	assert_memory_equal(wire, "\xc1\x01\0\0\0\0\0\0", 8);
	assert_int_equal(lun_decode(wire), LUN_WLUN_REPORT_LUNS);
}

static void only_known_forms_are_luns(void **state)
{
	static const struct {
		uint8_t wire[SCSI_LUN_LEN];
		uint64_t lun;
	} rows[] = {
		{ { 0x00, 0x05 }, 5 },
		{ { 0x40, 0x05 }, 5 }, /* flat space addressing of a small number */
		{ { 0x7f, 0xff }, 16383 },
		{ { 0x01, 0x05 }, LUN_INVALID }, /* bus 1 */
		{ { 0x80, 0x05 }, LUN_INVALID }, /* logical unit addressing */
		{ { 0xc1, 0x02 }, LUN_INVALID }, /* ACCESS CONTROLS */
		{ { 0xc1, 0x01, 0, 1 }, LUN_INVALID },
		{ { 0xff, 0xff }, LUN_INVALID },
		{ { 0x00, 0x05, 0x00, 0x01 }, LUN_INVALID }, /* a second level */
		{ { 0x00, 0x05, 0, 0, 0, 0, 0, 1 }, LUN_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(lun_decode(rows[i].wire), rows[i].lun);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_lun_survives_the_wire),
		cmocka_unit_test(only_known_forms_are_luns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
