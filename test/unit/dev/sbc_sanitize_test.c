/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SANITIZE: what is on the medium afterwards, what others get meanwhile, what becomes of it
 * when the store fails, the command is aborted, or the daemon ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/keepfile.h"
#include "dev_disk.h"
#include "t_loop.h"
#include "target/ua.h"

enum { OVERWRITE = 1, BLOCK_ERASE = 2, EXIT = 0x1f, AUSE = 0x20, IMMED = 0x80 };

#define BLOCKS (4096 * 2) /* 4 MiB: four requests a pass */

static struct disk *new_disk(const char *path)
{
	struct disk *d = disk_new("mem", path, 512);

	disk_set(d, "thin_provisioning", "1");
	return d;
}

static int setup(void **state)
{
	*state = new_disk("4M");
	return 0;
}

static int setup_slow(void **state)
{
	*state = new_disk("delay:write=100ms:4M");
	return 0;
}

static int setup_third_write_fails(void **state)
{
	*state = new_disk("fault:op=write,after=2,count=1:4M");
	return 0;
}

static int teardown(void **state)
{
	keepfile_fault = NULL;
	disk_free(*state);
	return 0;
}

static void cdb_sanitize(uint8_t *cdb, uint8_t byte1, uint16_t len)
{
	memset(cdb, 0, 32);
	cdb[0] = 0x48;
	cdb[1] = byte1;
	put_be16(cdb + 7, len);
}

/* A parameter list of OVERWRITE; its length. */
static uint16_t list(uint8_t *buf, uint8_t byte0, const char *pattern)
{
	uint16_t len = (uint16_t)strlen(pattern);

	buf[0] = byte0;
	buf[1] = 0;
	put_be16(buf + 2, len);
	memcpy(buf + 4, pattern, len);
	return (uint16_t)(4 + len);
}

static struct shot *overwrite(struct disk *d, uint8_t byte1, uint8_t byte0, const char *pattern)
{
	static uint8_t buf[600];
	struct shot *s = calloc(1, sizeof(*s));

	s->out_len = list(buf, byte0, pattern);
	s->out = buf;
	cdb_sanitize(s->cdb, (uint8_t)(byte1 | OVERWRITE), (uint16_t)s->out_len);
	shot_start(d, s, d->a);
	return s;
}

static void expect_end(struct shot *s, enum scsi_result want)
{
	shot_wait(s);
	assert_int_equal(shot_result(s), want);
	free(s);
}

static void expect_all(struct disk *d, const char *pattern)
{
	size_t len = strlen(pattern);
	uint8_t *buf = malloc(512 * 64);

	for (uint64_t lba = 0; lba < BLOCKS; lba += 64) {
		disk_read(d, lba, 64, buf);
		for (size_t i = 0; i < 512 * 64; i++)
			assert_int_equal(buf[i], (uint8_t)pattern[i % 512 % len]);
	}
	free(buf);
}

static enum scsi_result ready(struct disk *d)
{
	uint8_t cdb[32] = { 0 };
	struct shot s;

	return disk_run(d, &s, cdb, NULL, 0, NULL, 0);
}

static bool is_ready(void *arg)
{
	struct disk *d = arg;

	return d->lu->background == RES_GOOD;
}

static void wait_ready(struct disk *d)
{
	assert_true(t_loop_until(d->core.loop, is_ready, d));
}

static void overwrite_begins_its_pattern_in_each_block(void **state)
{
	expect_end(overwrite(*state, 0, 1, "abcdefg"), RES_GOOD);
	expect_all(*state, "abcdefg");
	expect_end(overwrite(*state, IMMED, 1, "xy"), RES_GOOD);
	wait_ready(*state);
	expect_all(*state, "xy");
}

/* The last pass is the pattern as given, so a second one that fails leaves its inverse. */
static void invert_inverts_between_passes(void **state)
{
	struct disk *d = *state;
	uint8_t buf[512];

	expect_end(overwrite(d, 0, 0x80 | 2, "\x0f"), RES_GOOD);
	expect_all(d, "\x0f");
	disk_restart(d, "fault:op=write,after=7,count=1:4M");
	expect_end(overwrite(d, AUSE, 0x80 | 2, "\x0f"), RES_ME_SANITIZE_FAILED);
	cdb_sanitize(buf, EXIT, 0);
	expect_run(GOOD, d, buf, NULL, 0, NULL, 0);
	disk_read(d, 0, 1, buf);
	assert_int_equal(buf[0], 0x0f);
	disk_read(d, BLOCKS - 1, 1, buf);
	assert_int_equal(buf[0], 0xf0);
}

static void block_erase_leaves_unmapped_zeroes(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], buf[512], status[64], vpd[64], inquiry[32] = { 0x12, 1, 0xb1, 0, 64 };

	memset(buf, 1, sizeof(buf));
	disk_write(d, 9, 1, buf);
	cdb_sanitize(cdb, BLOCK_ERASE, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	disk_read(d, 9, 1, buf);
	assert_int_equal(buf[0], 0);
	cdb16(cdb, 0x9e, 0x12, 0, 64);
	expect_run(GOOD, d, cdb, NULL, 0, status, 64);
	assert_int_equal(get_be32(status + 8 + 8), BLOCKS);
	assert_int_equal(status[8 + 12], 1); /* deallocated */
	expect_run(GOOD, d, inquiry, NULL, 0, vpd, 64);
	assert_int_equal(vpd[7], 0x40); /* WABEREQ */

	disk_set(d, "thin_provisioning", "0");
	cdb_sanitize(cdb, BLOCK_ERASE, 0);
	expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, NULL, 0);
	expect_run(GOOD, d, inquiry, NULL, 0, vpd, 64);
	assert_int_equal(vpd[7], 0);
}

static void expect_refused(struct disk *d, uint8_t byte1, uint16_t len, uint8_t *out,
			   enum scsi_result want, int field)
{
	uint8_t cdb[32];
	struct shot s;

	cdb_sanitize(cdb, byte1, len);
	assert_int_equal(disk_run(d, &s, cdb, out, len, NULL, 0), want);
	if (field >= 0)
		assert_int_equal(shot_field(&s), field);
	assert_int_equal(d->lu->background, RES_GOOD);
}

static void wrong_fields_are_pointed_at(void **state)
{
	struct disk *d = *state;
	uint8_t buf[600] = { 1, 0, 0, 1 };

	expect_refused(d, OVERWRITE, 0, buf, RES_INVALID_FIELD_CDB, 7 << 8 | 0xff);
	expect_refused(d, OVERWRITE, 4, buf, RES_INVALID_FIELD_CDB, 7 << 8 | 0xff);
	expect_refused(d, OVERWRITE, 517, buf, RES_INVALID_FIELD_CDB, 7 << 8 | 0xff);
	expect_refused(d, BLOCK_ERASE, 4, buf, RES_INVALID_FIELD_CDB, 7 << 8 | 0xff);
	expect_refused(d, EXIT, 4, buf, RES_INVALID_FIELD_CDB, 7 << 8 | 0xff);
	expect_refused(d, 0x40 | OVERWRITE, 5, buf, RES_INVALID_FIELD_CDB, 1 << 8 | 6); /* ZNR */
	expect_refused(d, 3, 0, buf, RES_INVALID_FIELD_CDB, 1 << 8 | 4);
	buf[0] = 0;
	expect_refused(d, OVERWRITE, 5, buf, RES_INVALID_FIELD_PARAM, 0 << 8 | 4);
	buf[0] = 0x21;
	expect_refused(d, OVERWRITE, 5, buf, RES_INVALID_FIELD_PARAM, 0 << 8 | 6);
	buf[0] = 1;
	buf[3] = 0;
	expect_refused(d, OVERWRITE, 5, buf, RES_INVALID_FIELD_PARAM, 2 << 8 | 0xff);
	put_be16(buf + 2, 513);
	expect_refused(d, OVERWRITE, 516, buf, RES_INVALID_FIELD_PARAM, 2 << 8 | 0xff);
	put_be16(buf + 2, 512);
	expect_refused(d, OVERWRITE, 515, buf, RES_PARAM_LIST_LENGTH, -1);
	/* Nothing has failed, so there is nothing to exit from. */
	expect_refused(d, EXIT, 0, NULL, RES_GOOD, -1);
}

/* REQUEST SENSE: the sense data that tells of the background operation; the progress. */
static unsigned int progress(struct disk *d)
{
	uint8_t cdb[32] = { 0x03, 0, 0, 0, 96 }, sense[96] = { 0 };

	expect_run(GOOD, d, cdb, NULL, 0, sense, sizeof(sense));
	assert_int_equal(sense[2], 2);
	assert_int_equal(get_be16(sense + 12), 0x041b);
	assert_int_equal(sense[15] & 0x80, 0x80);
	return get_be16(sense + 16);
}

static bool half_done(void *arg)
{
	return ((struct disk *)arg)->lu->progress >= 0x8000;
}

static void others_are_told_of_it_and_of_its_progress(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], buf[512] = { 0 }, inquiry[32] = { 0x12, 0, 0, 0, 36 };
	struct shot *s = overwrite(d, 0, 1, "z"), *second;

	t_loop_turns(d->core.loop, 3);
	assert_int_equal(progress(d), 0);
	assert_int_equal(ready(d), RES_NR_SANITIZE);
	cdb10(cdb, 0x2a, 0, 0, 1);
	expect_run(NR_SANITIZE, d, cdb, buf, 512, NULL, 0);
	cdb6(cdb, 0x1b, 0, 1); /* START STOP UNIT */
	expect_run(NR_SANITIZE, d, cdb, NULL, 0, NULL, 0);
	expect_run(GOOD, d, inquiry, NULL, 0, buf, 36);
	second = overwrite(d, 0, 1, "y");
	expect_end(second, RES_NR_SANITIZE);
	assert_true(t_loop_until(d->core.loop, half_done, d));
	assert_in_range(progress(d), 0x8000, 0xffff);
	assert_false(s->ended);
	expect_end(s, RES_GOOD);
	assert_int_equal(ready(d), RES_GOOD);
	expect_all(d, "z");
}

static void neither_abort_nor_reset_ends_it(void **state)
{
	struct disk *d = *state;
	struct shot *s = overwrite(d, 0, 1, "z");

	t_loop_turns(d->core.loop, 3);
	shot_abort(s);
	assert_true(s->aborted);
	free(s);
	assert_int_equal(ready(d), RES_NR_SANITIZE);
	lu_reset(d->lu, UA_DEVICE_RESET);
	disk_clear_ua(d);
	assert_int_equal(ready(d), RES_NR_SANITIZE);
	wait_ready(d);
	expect_all(d, "z");
}

static void it_waits_for_writes_and_ends_those_that_wait_for_it(void **state)
{
	struct disk *d = *state;
	uint8_t buf[512];
	struct shot *before = calloc(1, sizeof(*before)), *behind = calloc(1, sizeof(*behind)), *s;

	memset(buf, 'w', sizeof(buf));
	cdb10(before->cdb, 0x2a, 0, 0, 1);
	before->out = behind->out = buf;
	before->out_len = behind->out_len = 512;
	shot_start(d, before, d->a);
	s = overwrite(d, 0, 1, "z");
	cdb10(behind->cdb, 0x2a, 0, 1, 1);
	shot_start(d, behind, d->b);
	assert_int_equal(ready(d), RES_GOOD); /* it hasn't begun */
	expect_end(before, RES_GOOD);
	expect_end(behind, RES_NR_SANITIZE);
	expect_end(s, RES_GOOD);
	expect_all(d, "z");
}

static void after_an_error_only_another_leads_out(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], buf[512];

	expect_end(overwrite(d, 0, 1, "z"), RES_ME_SANITIZE_FAILED);
	assert_int_equal(ready(d), RES_ME_SANITIZE_FAILED);
	cdb10(cdb, 0x28, 0, 0, 1);
	expect_run(ME_SANITIZE_FAILED, d, cdb, NULL, 0, buf, 512);
	cdb_sanitize(cdb, EXIT, 0);
	expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, NULL, 0);
	expect_end(overwrite(d, AUSE, 1, "z"), RES_INVALID_FIELD_CDB);
	expect_end(overwrite(d, 0, 1, "z"), RES_GOOD);
	assert_int_equal(ready(d), RES_GOOD);
	expect_all(d, "z");
}

static void with_ause_an_error_can_be_left_behind(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32];

	disk_persistent(d);
	expect_end(overwrite(d, AUSE | IMMED, 1, "z"), RES_GOOD);
	while (d->lu->background == RES_NR_SANITIZE)
		t_loop_turns(d->core.loop, 1);
	assert_int_equal(ready(d), RES_ME_SANITIZE_FAILED);
	disk_restart(d, NULL);
	assert_int_equal(ready(d), RES_ME_SANITIZE_FAILED);
	cdb_sanitize(cdb, EXIT, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	assert_int_equal(ready(d), RES_GOOD);
	disk_restart(d, NULL);
	assert_int_equal(ready(d), RES_GOOD);
}

static void a_new_daemon_goes_on_with_it(void **state)
{
	struct disk *d = *state;

	disk_persistent(d);
	expect_end(overwrite(d, IMMED, 1, "zyx"), RES_GOOD);
	disk_restart(d, NULL);
	assert_int_equal(ready(d), RES_NR_SANITIZE);
	wait_ready(d);
	expect_all(d, "zyx");
	disk_restart(d, NULL);
	assert_int_equal(ready(d), RES_GOOD);
}

static void another_medium_is_never_sanitized(void **state)
{
	struct disk *d = *state;

	disk_persistent(d);
	expect_end(overwrite(d, IMMED, 1, "z"), RES_GOOD);
	disk_restart(d, "delay:write=200ms:4M");
	assert_int_equal(ready(d), RES_GOOD);
}

static int no_write(enum keepfile_step step)
{
	return step == KEEPFILE_WRITE ? -5 : 0;
}

static void what_can_not_be_kept_does_not_begin(void **state)
{
	struct disk *d = *state;
	uint8_t buf[512] = { 7 };

	disk_persistent(d);
	disk_write(d, 0, 1, buf);
	keepfile_fault = no_write;
	expect_end(overwrite(d, 0, 1, "z"), RES_HW_INTERNAL);
	assert_int_equal(ready(d), RES_GOOD);
	disk_read(d, 0, 1, buf);
	assert_int_equal(buf[0], 7);
}

static void the_administrator_can_not_take_the_medium_away(void **state)
{
	struct disk *d = *state;
	struct err err = { .code = ERR_OK };

	disk_set(d, "removable", "1");
	expect_end(overwrite(d, IMMED, 1, "z"), RES_GOOD);
	assert_true(lu_set(d->lu, "online", "0", &err) < 0);
	assert_true(lu_delete(d->lu, false, NULL, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "sanitized"));
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define slow_test(f) cmocka_unit_test_setup_teardown(f, setup_slow, teardown)
#define fault_test(f) cmocka_unit_test_setup_teardown(f, setup_third_write_fails, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(overwrite_begins_its_pattern_in_each_block),
		test(invert_inverts_between_passes),
		test(block_erase_leaves_unmapped_zeroes),
		test(wrong_fields_are_pointed_at),
		slow_test(others_are_told_of_it_and_of_its_progress),
		slow_test(neither_abort_nor_reset_ends_it),
		slow_test(it_waits_for_writes_and_ends_those_that_wait_for_it),
		fault_test(after_an_error_only_another_leads_out),
		fault_test(with_ause_an_error_can_be_left_behind),
		slow_test(a_new_daemon_goes_on_with_it),
		slow_test(another_medium_is_never_sanitized),
		test(what_can_not_be_kept_does_not_begin),
		slow_test(the_administrator_can_not_take_the_medium_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
