/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Self-tests: in the background and in the foreground, what they find, what ends them, and the log of
 * the last ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"
#include "t_alloc.h"
#include "t_loop.h"

enum { BG_SHORT = 1, BG_LONG = 2, ABORT = 4, FG_SHORT = 5, FG_LONG = 6 };
enum { GOOD = 0, ABORTED = 1, INTERRUPTED = 2, FAILED = 4, RUNS = 15 };

static enum scsi_result self_test(struct disk *d, uint8_t code)
{
	uint8_t cdb[32] = { 0x1d, (uint8_t)(code << 5) };
	struct shot s;

	return disk_run(d, &s, cdb, NULL, 0, NULL, 0);
}

/* Entry @i of the log, newest first: code << 4 | result. @lba may be NULL. */
static unsigned int entry(struct disk *d, unsigned int i, uint64_t *lba)
{
	uint8_t cdb[32] = { 0x4d, 0, 0x50, 0, 0, 0, 0, 0x02, 0 }, buf[512];
	const uint8_t *p = buf + 4 + i * 20;
	struct shot s;

	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, sizeof(buf)), RES_GOOD);
	assert_int_equal(get_be16(buf + 2), 400);
	assert_int_equal(get_be16(p), i + 1);
	assert_int_equal(p[3], 16);
	if (lba)
		*lba = get_be64(p + 8);
	return (unsigned int)(p[4] >> 5) << 4 | (p[4] & 0x0f);
}

static void wait_for_end(struct disk *d)
{
	for (unsigned int i = 0; (entry(d, 0, NULL) & 15) == RUNS; i++) {
		assert_true(i < 10000);
		loop_turn(d->core.loop, NSEC_PER_MSEC);
	}
}

static enum scsi_result tur(struct disk *d)
{
	uint8_t cdb[32] = { 0 };
	struct shot s;

	return disk_run(d, &s, cdb, NULL, 0, NULL, 0);
}

static void tests_read_and_pass(void **state)
{
	struct disk *d = disk_new(NULL, "8M", 512);

	(void)state;
	for (uint8_t code = 1; code < 7; code++) {
		if (code == 3 || code == ABORT)
			continue;
		assert_int_equal(self_test(d, code), RES_GOOD);
		wait_for_end(d);
		assert_int_equal(entry(d, 0, NULL), code << 4 | GOOD);
	}
	assert_int_equal(entry(d, 1, NULL), FG_SHORT << 4);
	assert_int_equal(entry(d, 3, NULL), BG_SHORT << 4);
	assert_int_equal(entry(d, 4, NULL), 0);
	disk_free(d);
}

static void small_disks_have_them_too(void **state)
{
	struct disk *d = disk_new(NULL, "512", 512);

	(void)state;
	for (uint8_t code = FG_SHORT; code <= FG_LONG; code++)
		assert_int_equal(self_test(d, code), RES_GOOD);
	disk_free(d);
}

static void what_cannot_be_read_is_told(void **state)
{
	struct disk *d = disk_new(NULL, "fault:op=read,offset=3M,len=512:8M", 512);
	uint64_t lba;

	(void)state;
	assert_int_equal(self_test(d, BG_LONG), RES_GOOD);
	wait_for_end(d);
	assert_int_equal(entry(d, 0, &lba), BG_LONG << 4 | FAILED);
	assert_int_equal(lba, 3 * MiB / 512);
	assert_int_equal(self_test(d, FG_LONG), RES_HW_SELF_TEST);
	assert_int_equal(entry(d, 0, NULL), FG_LONG << 4 | FAILED);
	assert_int_equal(entry(d, 1, NULL), BG_LONG << 4 | FAILED);
	assert_int_equal(tur(d), RES_GOOD);
	disk_free(d);
}

/* PROGRESS INDICATION of REQUEST SENSE; -1: none. */
static int progress(struct disk *d)
{
	uint8_t cdb[32] = { 0x03, 0, 0, 0, 252 }, sense[252];
	struct shot s;

	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, sense, sizeof(sense)), RES_GOOD);
	if (sense[2] == SK_NO_SENSE)
		return -1;
	assert_int_equal(sense[2], SK_NOT_READY);
	assert_int_equal(get_be16(sense + 12), 0x0409);
	assert_int_equal(sense[15], 0x80);
	return get_be16(sense + 16);
}

static void commands_go_on_meanwhile(void **state)
{
	struct disk *d = disk_new(NULL, "delay:read=20ms:8M", 512);
	uint8_t buf[512] = { 0 };

	(void)state;
	assert_int_equal(progress(d), -1);
	assert_int_equal(self_test(d, BG_LONG), RES_GOOD);
	assert_int_equal(entry(d, 0, NULL), BG_LONG << 4 | RUNS);
	assert_int_equal(tur(d), RES_GOOD);
	disk_write(d, 0, 1, buf);
	assert_true(progress(d) >= 0);
	assert_int_equal(self_test(d, BG_SHORT), RES_NR_SELF_TEST);
	assert_int_equal(self_test(d, FG_SHORT), RES_NR_SELF_TEST);
	while (progress(d) == 0)
		loop_turn(d->core.loop, NSEC_PER_MSEC);
	wait_for_end(d);
	assert_int_equal(progress(d), -1);
	assert_int_equal(entry(d, 0, NULL), BG_LONG << 4 | GOOD);
	disk_free(d);
}

static void an_abort_ends_one_in_the_background(void **state)
{
	struct disk *d = disk_new(NULL, "delay:read=20ms:8M", 512);

	(void)state;
	assert_int_equal(self_test(d, ABORT), RES_INVALID_FIELD_CDB);
	assert_int_equal(self_test(d, BG_LONG), RES_GOOD);
	assert_int_equal(self_test(d, ABORT), RES_GOOD);
	assert_int_equal(entry(d, 0, NULL), BG_LONG << 4 | ABORTED);
	assert_int_equal(self_test(d, BG_SHORT), RES_GOOD);
	lu_reset(d->lu, 0);
	disk_clear_ua(d);
	assert_int_equal(entry(d, 0, NULL), BG_SHORT << 4 | INTERRUPTED);
	disk_free(d);
}

static void a_stop_ends_it(void **state)
{
	struct disk *d = disk_new(NULL, "delay:read=20ms:8M", 512);
	uint8_t cdb[32] = { 0x1b };

	(void)state;
	assert_int_equal(self_test(d, BG_LONG), RES_GOOD);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	wait_for_end(d);
	assert_int_equal(entry(d, 0, NULL), BG_LONG << 4 | INTERRUPTED);
	assert_int_equal(self_test(d, BG_LONG), RES_NR_INIT_REQUIRED);
	disk_free(d);
}

static void in_the_foreground_others_wait(void **state)
{
	struct disk *d = disk_new(NULL, "delay:read=20ms:8M", 512);
	struct shot s = { .cdb = { 0x1d, FG_LONG << 5 } };

	(void)state;
	shot_start(d, &s, d->a);
	assert_int_equal(tur(d), RES_NR_SELF_TEST);
	assert_true(progress(d) >= 0);
	shot_abort(&s);
	shot_wait(&s);
	assert_true(s.aborted);
	assert_int_equal(tur(d), RES_GOOD);
	assert_int_equal(entry(d, 0, NULL), FG_LONG << 4 | INTERRUPTED);
	disk_free(d);
}

static void results_are_kept(void **state)
{
	struct disk *d = disk_new(NULL, "1M", 512);

	(void)state;
	disk_persistent(d);
	disk_restart(d, NULL);
	for (unsigned int i = 0; i < 21; i++)
		assert_int_equal(self_test(d, i == 2 ? FG_LONG : FG_SHORT), RES_GOOD);
	disk_restart(d, NULL);
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(entry(d, i, NULL), (i == 18 ? FG_LONG : FG_SHORT) << 4);
	disk_free(d);
}

static void a_disk_that_goes_takes_its_test_along(void **state)
{
	struct disk *d = disk_new(NULL, "delay:read=20ms:8M", 512);

	(void)state;
	assert_int_equal(self_test(d, BG_LONG), RES_GOOD);
	loop_turn(d->core.loop, 0);
	disk_free(d);
}

static void without_memory_it_is_busy(void **state)
{
	struct disk *d = disk_new(NULL, "1M", 512);

	(void)state;
	for (unsigned int n = 1; n < 3; n++) {
		t_alloc_fail_nth(n);
		assert_int_equal(self_test(d, BG_SHORT), RES_BUSY);
		assert_true(t_alloc_failed());
	}
	assert_int_equal(self_test(d, FG_SHORT), RES_GOOD);
	disk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tests_read_and_pass),
		cmocka_unit_test(small_disks_have_them_too),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(commands_go_on_meanwhile),
		cmocka_unit_test(an_abort_ends_one_in_the_background),
		cmocka_unit_test(a_stop_ends_it),
		cmocka_unit_test(in_the_foreground_others_wait),
		cmocka_unit_test(results_are_kept),
		cmocka_unit_test(a_disk_that_goes_takes_its_test_along),
		cmocka_unit_test(without_memory_it_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
