/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timestamps and identifying information: what is set is told, to whom it is news, and what stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"
#include "t_loop.h"

static int setup(void **state)
{
	struct disk *d = disk_new(NULL, "1M", 512);

	disk_persistent(d);
	disk_restart(d, NULL);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void cdb_maint(uint8_t *cdb, uint8_t op, uint8_t sa, uint32_t len, uint8_t type)
{
	memset(cdb, 0, 32);
	cdb[0] = op;
	cdb[1] = sa;
	put_be32(cdb + 6, len);
	cdb[10] = (uint8_t)(type << 1);
}

static enum scsi_result turs(struct disk *d, struct nexus *n)
{
	struct shot s = { .in_max = 0 };

	shot_start(d, &s, n);
	shot_wait(&s);
	return shot_result(&s);
}

static uint64_t timestamp(struct disk *d, uint8_t *origin)
{
	uint8_t cdb[32], t[12];
	struct shot s;

	cdb_maint(cdb, 0xa3, 0x0f, sizeof(t), 0);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, t, sizeof(t)), RES_GOOD);
	assert_int_equal(s.in_len, sizeof(t));
	assert_int_equal(get_be16(t), 10);
	*origin = t[2];
	return (uint64_t)get_be16(t + 4) << 32 | get_be32(t + 6);
}

static void timestamp_is_the_hosts_until_it_is_set(void **state)
{
	uint64_t before = (uint64_t)time(NULL) * 1000;
	uint8_t cdb[32], t[12] = { 0 }, origin;
	struct disk *d = *state;
	uint64_t now = timestamp(d, &origin);

	assert_int_equal(origin, 3);
	assert_in_range(now, before, before + 60000);
	put_be16(t + 4, 0x0123);
	put_be32(t + 6, 0x456789ab);
	cdb_maint(cdb, 0xa4, 0x0f, sizeof(t), 0);
	expect_run(GOOD, d, cdb, t, sizeof(t), NULL, 0);
	now = timestamp(d, &origin);
	assert_int_equal(origin, 2);
	assert_in_range(now, 0x0123456789ab, 0x0123456789ab + 5000);
	loop_clock_advance(d->core.loop, 3600 * NSEC_PER_SEC);
	assert_in_range(timestamp(d, &origin), now + 3600000, now + 3605000);
	assert_int_equal(turs(d, d->a), RES_GOOD);
	assert_int_equal(turs(d, d->b), RES_UA_TIMESTAMP_CHANGED);
	assert_int_equal(turs(d, d->b), RES_GOOD);
}

static void half_a_timestamp_sets_nothing(void **state)
{
	uint8_t cdb[32], t[12] = { 0 }, origin;
	struct disk *d = *state;

	cdb_maint(cdb, 0xa4, 0x0f, 11, 0);
	expect_run(PARAM_LIST_LENGTH, d, cdb, t, 11, NULL, 0);
	cdb_maint(cdb, 0xa4, 0x0f, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	timestamp(d, &origin);
	assert_int_equal(origin, 3);
	assert_int_equal(turs(d, d->b), RES_GOOD);
}

static uint32_t ident(struct disk *d, uint8_t type, uint8_t *buf, uint32_t max)
{
	uint8_t cdb[32];
	struct shot s;

	cdb_maint(cdb, 0xa3, 0x05, max, type);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, max), RES_GOOD);
	assert_int_equal(s.in_len, 4 + get_be16(buf + 2));
	return s.in_len - 4;
}

static void identifying_information_stays(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], info[512], buf[600];

	box_fill(info, sizeof(info), 0, 9);
	assert_int_equal(ident(d, 0, buf, sizeof(buf)), 0);
	cdb_maint(cdb, 0xa4, 0x06, sizeof(info), 0);
	expect_run(GOOD, d, cdb, info, sizeof(info), NULL, 0);
	assert_int_equal(turs(d, d->a), RES_GOOD);
	assert_int_equal(turs(d, d->b), RES_UA_IDENT_CHANGED);
	cdb_maint(cdb, 0xa4, 0x06, 7, 2);
	expect_run(GOOD, d, cdb, "d\xc3\xa9j\xc3\xa0", 7, NULL, 0);
	disk_restart(d, NULL);
	assert_int_equal(ident(d, 0, buf, sizeof(buf)), sizeof(info));
	assert_memory_equal(buf + 4, info, sizeof(info));
	cdb_maint(cdb, 0xa4, 0x06, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	assert_int_equal(ident(d, 0, buf, sizeof(buf)), 0);
}

static void identifying_text_is_utf8_that_ends(void **state)
{
	static const struct {
		const char *text;
		uint32_t len;
		int wrong_at;
	} cases[] = {
		{ "rack 3", 7, -1 }, { "\xc3\xa9\xf0\x9f\x92\xbe", 7, -1 }, { "", 1, -1 },
		{ "rack", 4, 3 }, { "a\0b", 4, 2 }, { "a\xc3", 3, 1 }, { "\xed\xa0\x80", 4, 0 },
		{ "\xc0\x80", 3, 0 }, { "ab\xff", 4, 2 },
	};
	struct disk *d = *state;
	uint8_t cdb[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct shot s;
		enum scsi_result r;

		cdb_maint(cdb, 0xa4, 0x06, cases[i].len, 2);
		r = disk_run(d, &s, cdb, cases[i].text, cases[i].len, NULL, 0);
		if (cases[i].wrong_at < 0) {
			assert_int_equal(r, RES_GOOD);
			continue;
		}
		assert_int_equal(r, RES_INVALID_FIELD_PARAM);
		assert_int_equal(shot_field(&s), cases[i].wrong_at << 8 | 0xff);
	}
}

static void types_of_information_are_told_and_others_refused(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 8, 0, 0, 2, 0, 4, 0, 1, 0 };
	uint8_t cdb[32], buf[64], info[513] = { 0 };
	struct disk *d = *state;

	assert_int_equal(ident(d, 0x7f, buf, sizeof(buf)), 8);
	assert_memory_equal(buf, want, sizeof(want));
	cdb_maint(cdb, 0xa3, 0x05, 64, 1);
	expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, buf, sizeof(buf));
	cdb_maint(cdb, 0xa4, 0x06, 4, 0x7f);
	expect_run(INVALID_FIELD_CDB, d, cdb, info, 4, NULL, 0);
	cdb_maint(cdb, 0xa4, 0x06, 513, 0);
	expect_run(INVALID_FIELD_CDB, d, cdb, info, 513, NULL, 0);
	cdb_maint(cdb, 0xa4, 0x06, 257, 2);
	expect_run(INVALID_FIELD_CDB, d, cdb, info, 257, NULL, 0);
}

static void without_a_state_directory_nothing_can_be_set(void **state)
{
	struct disk *d = disk_new(NULL, "1M", 512);
	uint8_t cdb[32], buf[64];

	(void)state;
	cdb_maint(cdb, 0xa4, 0x06, 4, 0);
	expect_run(INVALID_FIELD_CDB, d, cdb, "abcd", 4, NULL, 0);
	assert_int_equal(ident(d, 0, buf, sizeof(buf)), 0);
	disk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(timestamp_is_the_hosts_until_it_is_set, setup, teardown),
		cmocka_unit_test_setup_teardown(half_a_timestamp_sets_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(identifying_information_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(identifying_text_is_utf8_that_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(types_of_information_are_told_and_others_refused, setup, teardown),
		cmocka_unit_test(without_a_state_directory_nothing_can_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
