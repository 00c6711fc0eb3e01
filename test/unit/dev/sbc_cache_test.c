/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYNCHRONIZE CACHE, PRE-FETCH, and who else flushes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dev_disk.h"
#include "t_loop.h"

/* A flush that fails shows which commands flush. */
static void flushes_come_where_they_must(void **state)
{
	struct disk *d = disk_new(NULL, "fault:op=flush:2M", 512);
	uint8_t block[512] = { 0 }, cdb[32];
	struct shot s;

	(void)state;
	cdb10(cdb, 0x35, 0, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0); /* nothing volatile to flush */
	d->lu->bs->volatile_cache = true;
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, NULL, 0), RES_ME_WRITE);
	assert_int_equal(s.sense[0] & 0x80, 0); /* no block to tell */
	cdb16(cdb, 0x91, 0, 5, 3);
	expect_run(ME_WRITE, d, cdb, NULL, 0, NULL, 0);
	cdb16(cdb, 0x91, 0, d->lu->blocks, 1);
	expect_run(LBA_RANGE, d, cdb, NULL, 0, NULL, 0);
	cdb10(cdb, 0x28, 0x08, 0, 1); /* READ, FUA */
	expect_run(ME_WRITE, d, cdb, NULL, 0, block, 512);
	cdb10(cdb, 0x28, 0x00, 0, 1);
	expect_run(GOOD, d, cdb, NULL, 0, block, 512);
	memset(cdb, 0, sizeof(cdb));
	cdb[0] = 0x1b; /* stop */
	expect_run(ME_WRITE, d, cdb, NULL, 0, NULL, 0);
	cdb[4] = 0x04; /* stop, NO_FLUSH */
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	d->lu->stopped = false;
	d->lu->bs->readonly = true;
	cdb10(cdb, 0x35, 0, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	disk_free(d);
}

static void an_immediate_flush_that_fails_is_told_by_the_next_one(void **state)
{
	struct disk *d = disk_new(NULL, "fault:op=flush,count=1:2M", 512);
	uint8_t cdb[32];

	(void)state;
	d->lu->bs->volatile_cache = true;
	cdb10(cdb, 0x35, 0x02, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0); /* joins the one that runs */
	t_loop_turns(d->core.loop, 5);
	cdb10(cdb, 0x35, 0x00, 0, 0);
	expect_run(ME_WRITE, d, cdb, NULL, 0, NULL, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	disk_free(d);
}

/* The second covers writes that came after the first had started: it must be a flush of its own. */
static void an_immediate_flush_during_another_flushes_again(void **state)
{
	struct disk *d = disk_new(NULL, "delay:flush=10ms:fault:op=flush,after=1,count=1:2M", 512);
	uint8_t cdb[32];

	(void)state;
	loop_clock_advance(d->core.loop, 0);
	d->lu->bs->volatile_cache = true;
	cdb10(cdb, 0x35, 0x02, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	for (int i = 0; i < 4; i++) {
		loop_clock_advance(d->core.loop, 10 * NSEC_PER_MSEC);
		t_loop_turns(d->core.loop, 3);
	}
	expect_run(ME_WRITE, d, cdb, NULL, 0, NULL, 0);
	disk_free(d);
}

static void a_disk_may_go_while_an_immediate_flush_runs(void **state)
{
	struct disk *d = disk_new(NULL, "delay:flush=3600s:2M", 512);
	uint8_t cdb[32];

	(void)state;
	d->lu->bs->volatile_cache = true;
	cdb10(cdb, 0x35, 0x02, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	disk_free(d);
}

static void pre_fetch_says_whether_all_is_cached(void **state)
{
	struct disk *d = disk_new(NULL, "2M", 512);
	uint8_t cdb[32];

	(void)state;
	cdb10(cdb, 0x34, 0, 0, 8);
	expect_run(CONDITION_MET, d, cdb, NULL, 0, NULL, 0);
	cdb16(cdb, 0x90, 2, 1, 0);
	expect_run(CONDITION_MET, d, cdb, NULL, 0, NULL, 0);
	cdb16(cdb, 0x90, 0, d->lu->blocks, 1);
	expect_run(LBA_RANGE, d, cdb, NULL, 0, NULL, 0);
	d->lu->readonly = true;
	cdb10(cdb, 0x34, 0, 0, 8);
	expect_run(CONDITION_MET, d, cdb, NULL, 0, NULL, 0);
	d->lu->bs->cap[BS_PREFETCH] = BS_CAP_NONE;
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	disk_free(d);
}

static void pre_fetch_of_more_than_a_cache_holds_is_only_good(void **state)
{
	struct disk *d = disk_new("null", NULL, 512);
	uint8_t cdb[32];

	(void)state;
	cdb16(cdb, 0x90, 0, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	disk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flushes_come_where_they_must),
		cmocka_unit_test(an_immediate_flush_that_fails_is_told_by_the_next_one),
		cmocka_unit_test(an_immediate_flush_during_another_flushes_again),
		cmocka_unit_test(a_disk_may_go_while_an_immediate_flush_runs),
		cmocka_unit_test(pre_fetch_says_whether_all_is_cached),
		cmocka_unit_test(pre_fetch_of_more_than_a_cache_holds_is_only_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
