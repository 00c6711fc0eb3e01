/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FORMAT UNIT: its parameter list, what is on the medium afterwards, progress, failure, and
 * blocks of another size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/keepfile.h"
#include "dev_disk.h"
#include "t_loop.h"
#include "target/ua.h"

#define FMTDATA 0x10
#define LONGLIST 0x20
#define FOV_IP 0x88
#define IMMED 0x02

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

static int setup_fails_once(void **state)
{
	*state = new_disk("fault:op=unmap,count=1:4M");
	return 0;
}

static int teardown(void **state)
{
	keepfile_fault = NULL;
	disk_free(*state);
	return 0;
}

static enum scsi_result ready(struct disk *d)
{
	uint8_t cdb[32] = { 0 };
	struct shot s;

	return disk_run(d, &s, cdb, NULL, 0, NULL, 0);
}

static bool is_ready(void *arg)
{
	return ((struct disk *)arg)->lu->background == RES_GOOD;
}

static void wait_ready(struct disk *d)
{
	assert_true(t_loop_until(d->core.loop, is_ready, d));
}

static enum scsi_result format(struct disk *d, const uint8_t *list, uint32_t len)
{
	uint8_t cdb[32] = { 0x04, len ? FMTDATA : 0 };
	struct shot s;

	return disk_run(d, &s, cdb, list, len, NULL, 0);
}

static void the_header_is_checked(void **state)
{
	static const struct {
		uint8_t flags, header[16];
		uint32_t len;
		enum scsi_result want;
		int field;
	} cases[] = {
		{ 0x00, { 0 }, 0, RES_GOOD, -1 },
		{ 0x10, { 0 }, 4, RES_GOOD, -1 },
		{ 0x10, { 0, 0x02 }, 4, RES_GOOD, -1 },			/* IMMED */
		{ 0x10, { 0, 0x80 }, 4, RES_GOOD, -1 },			/* FOV */
		{ 0x10, { 0, 0x08 }, 8, RES_INVALID_FIELD_PARAM, 0x107 }, /* IP without FOV */
		{ 0x10, { 0, 0x20 }, 4, RES_INVALID_FIELD_PARAM, 0x107 }, /* DCRT without FOV */
		{ 0x10, { 1, 0x00 }, 4, RES_INVALID_FIELD_PARAM, 0x002 }, /* protection */
		{ 0x10, { 0, 0, 0, 4 }, 4, RES_INVALID_FIELD_PARAM, 0x2ff }, /* a defect list */
		{ 0x10, { 0 }, 3, RES_PARAM_LIST_LENGTH, -1 },
		{ 0x10, { 0 }, 0, RES_PARAM_LIST_LENGTH, -1 },
		{ 0x30, { 0 }, 8, RES_GOOD, -1 },
		{ 0x30, { 0 }, 7, RES_PARAM_LIST_LENGTH, -1 },
		{ 0x30, { 0, 0, 0, 0x10 }, 8, RES_INVALID_FIELD_PARAM, 0x3ff },
		{ 0x30, { 0, 0, 0, 0, 0, 0, 0, 1 }, 8, RES_INVALID_FIELD_PARAM, 0x4ff },
		{ 0x80, { 0 }, 0, RES_INVALID_FIELD_CDB, 0x107 },	/* FMTPINFO */
		{ 0x10, { 0, FOV_IP, 0, 0, 0, 1, 0, 1, 'p' }, 9, RES_GOOD, -1 },
		{ 0x10, { 0, FOV_IP, 0, 0, 0, 0, 0, 0 }, 8, RES_GOOD, -1 },
		{ 0x10, { 0, FOV_IP, 0, 0, 0, 1, 0, 1 }, 8, RES_PARAM_LIST_LENGTH, -1 },
		{ 0x10, { 0, FOV_IP }, 7, RES_PARAM_LIST_LENGTH, -1 },
		{ 0x10, { 0, FOV_IP, 0, 0, 0x20 }, 8, RES_INVALID_FIELD_PARAM, 0x405 }, /* SI */
		{ 0x10, { 0, FOV_IP, 0, 0, 0x40 }, 8, RES_INVALID_FIELD_PARAM, 0x407 },
		{ 0x10, { 0, FOV_IP, 0, 0, 0, 2 }, 8, RES_INVALID_FIELD_PARAM, 0x5ff },
		{ 0x10, { 0, FOV_IP, 0, 0, 0, 0, 0, 1, 'p' }, 9, RES_INVALID_FIELD_PARAM, 0x6ff },
		{ 0x10, { 0, FOV_IP, 0, 0, 0, 1, 0, 0 }, 8, RES_INVALID_FIELD_PARAM, 0x6ff },
		{ 0x10, { 0, FOV_IP, 0, 0, 0, 1, 2, 1 }, 8, RES_INVALID_FIELD_PARAM, 0x6ff },
		{ 0x30, { 0, FOV_IP, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 'p' }, 13, RES_GOOD, -1 },
	};
	struct disk *d = *state;
	uint8_t cdb[32] = { 0x04 };
	struct shot s;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		cdb[1] = cases[i].flags;
		assert_int_equal(disk_run(d, &s, cdb, cases[i].header, cases[i].len, NULL, 0),
				 cases[i].want);
		if (cases[i].field >= 0)
			assert_int_equal(shot_field(&s), cases[i].field);
		wait_ready(d);
	}
}

static void blocks_are_given_back(void **state)
{
	struct disk *d = *state;
	uint8_t buf[512], status[24], cdb[32];

	memset(buf, 'x', sizeof(buf));
	disk_write(d, 5, 1, buf);
	assert_int_equal(format(d, NULL, 0), RES_GOOD);
	disk_read(d, 5, 1, buf);
	assert_int_equal(buf[0], 0);
	cdb16(cdb, 0x9e, 0x12, 0, 24);
	expect_run(GOOD, d, cdb, NULL, 0, status, 24);
	assert_int_equal(get_be32(status + 16), d->lu->blocks);
	assert_int_equal(status[20], 1);
	d->lu->readonly = true;
	assert_int_equal(format(d, NULL, 0), RES_WRITE_PROTECTED);
}

static void a_pattern_is_on_all_blocks(void **state)
{
	struct disk *d = *state;
	uint8_t list[] = { 0, FOV_IP, 0, 0, 0, 1, 0, 3, 'a', 'b', 'c' }, buf[512];

	assert_int_equal(format(d, list, sizeof(list)), RES_GOOD);
	for (uint64_t lba = 0; lba < d->lu->blocks; lba += 1023) {
		disk_read(d, lba, 1, buf);
		for (unsigned int i = 0; i < 512; i++)
			assert_int_equal(buf[i], "abc"[i % 3]);
	}
	list[5] = list[7] = 0; /* the default pattern */
	assert_int_equal(format(d, list, 8), RES_GOOD);
	disk_read(d, d->lu->blocks - 1, 1, buf);
	assert_int_equal(buf[511], 0);
}

static void immediate_formatting_tells_its_progress(void **state)
{
	uint8_t list[] = { 0, FOV_IP | IMMED, 0, 0, 0, 1, 0, 1, 'a' };
	uint8_t rs[32] = { 0x03, 0, 0, 0, 96 }, sense[96], buf[512];
	struct disk *d = *state;

	assert_int_equal(format(d, list, sizeof(list)), RES_GOOD);
	assert_int_equal(ready(d), RES_NR_FORMAT);
	assert_int_equal(format(d, NULL, 0), RES_NR_FORMAT);
	while (d->lu->progress < 0x8000)
		t_loop_turns(d->core.loop, 1);
	expect_run(GOOD, d, rs, NULL, 0, sense, 96);
	assert_int_equal(get_be16(sense + 12), 0x0404);
	assert_in_range(get_be16(sense + 16), 0x8000, 0xffff);
	wait_ready(d);
	disk_read(d, d->lu->blocks - 1, 1, buf);
	assert_int_equal(buf[511], 'a');
}

static void a_format_that_failed_leaves_nothing_usable_but_another(void **state)
{
	uint8_t cdb[32], buf[512], sanitize[32] = { 0x48, 2 };
	struct disk *d = *state;

	assert_int_equal(format(d, NULL, 0), RES_ME_FORMAT_FAILED);
	assert_int_equal(ready(d), RES_ME_FORMAT_CORRUPT);
	cdb10(cdb, 0x28, 0, 0, 1);
	expect_run(ME_FORMAT_CORRUPT, d, cdb, NULL, 0, buf, 512);
	assert_int_equal(format(d, NULL, 0), RES_GOOD);
	assert_int_equal(ready(d), RES_GOOD);
	disk_restart(d, NULL);
	disk_set(d, "thin_provisioning", "1");
	assert_int_equal(format(d, NULL, 0), RES_ME_FORMAT_FAILED);
	expect_run(GOOD, d, sanitize, NULL, 0, NULL, 0);
	assert_int_equal(ready(d), RES_GOOD);
}

/* MODE SELECT(6) with nothing but a block descriptor. */
static enum scsi_result select_block(struct disk *d, uint32_t blocks, uint32_t len)
{
	uint8_t list[12] = { 0, 0, 0, 8 }, cdb[32] = { 0x15, 0x10, 0, 0, 12 };
	struct shot s;

	put_be32(list + 4, blocks);
	put_be24(list + 9, len);
	return disk_run(d, &s, cdb, list, 12, NULL, 0);
}

static void expect_capacity(struct disk *d, uint64_t blocks, uint32_t len, uint64_t told_blocks,
			    uint32_t told_len)
{
	uint8_t capacity[8], cdb[32] = { 0x25 }, sense[32] = { 0x1a, 0, 0x0a, 0, 24 }, mode[24];

	expect_run(GOOD, d, cdb, NULL, 0, capacity, 8);
	assert_int_equal(get_be32(capacity), blocks - 1);
	assert_int_equal(get_be32(capacity + 4), len);
	expect_run(GOOD, d, sense, NULL, 0, mode, 24);
	assert_int_equal(get_be32(mode + 4), told_blocks);
	assert_int_equal(get_be24(mode + 9), told_len);
}

static void blocks_of_another_size_come_with_the_next_format(void **state)
{
	struct disk *d = *state;
	uint8_t buf[4096];

	disk_persistent(d);
	assert_int_equal(select_block(d, 0, 4096), RES_GOOD);
	expect_capacity(d, 8192, 512, 1024, 4096);
	disk_clear_ua(d);
	assert_int_equal(format(d, NULL, 0), RES_GOOD);
	assert_int_equal(nexus_itl(d->a, 1)->ua, 0);
	assert_int_equal(nexus_itl(d->b, 1)->ua, 1 << UA_CAPACITY_CHANGED);
	expect_capacity(d, 1024, 4096, 1024, 4096);
	memset(buf, 'y', sizeof(buf));
	disk_write(d, 1023, 1, buf);
	disk_read(d, 1023, 1, buf);
	assert_int_equal(buf[4095], 'y');
	/* They stay, unless the medium is another or the administrator wants others. */
	disk_restart(d, NULL);
	expect_capacity(d, 1024, 4096, 1024, 4096);
	assert_int_equal(d->lu->block_conf, 512);
	disk_restart(d, "8M");
	expect_capacity(d, 16384, 512, 16384, 512);
	d->block_size = 1024;
	disk_restart(d, "4M");
	expect_capacity(d, 4096, 1024, 4096, 1024);
	d->block_size = 512;
	disk_restart(d, NULL);
	assert_int_equal(select_block(d, 8192, 512), RES_GOOD);
	assert_int_equal(format(d, NULL, 0), RES_GOOD);
	disk_restart(d, NULL);
	expect_capacity(d, 8192, 512, 8192, 512);
}

static void only_possible_sizes_are_taken(void **state)
{
	static const uint32_t bad[] = { 0, 256, 520, 768, 8192 };
	struct disk *d = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(select_block(d, 0, bad[i]), RES_INVALID_FIELD_PARAM);
	assert_int_equal(select_block(d, 8192, 4096), RES_INVALID_FIELD_PARAM);
	assert_int_equal(select_block(d, 1024, 4096), RES_GOOD);
	assert_int_equal(select_block(d, UINT32_MAX, 4096), RES_GOOD);
	/* A reset, or asking for the size it has, takes it back. */
	lu_reset(d->lu, UA_DEVICE_RESET);
	disk_clear_ua(d);
	expect_capacity(d, 8192, 512, 8192, 512);
	assert_int_equal(select_block(d, 0, 2048), RES_GOOD);
	assert_int_equal(select_block(d, 0, 512), RES_GOOD);
	assert_int_equal(format(d, NULL, 0), RES_GOOD);
	expect_capacity(d, 8192, 512, 8192, 512);
}

static int no_write(enum keepfile_step step)
{
	return step == KEEPFILE_WRITE ? -5 : 0;
}

static void a_size_that_can_not_be_kept_is_a_failed_format(void **state)
{
	struct disk *d = *state;

	disk_persistent(d);
	assert_int_equal(select_block(d, 0, 4096), RES_GOOD);
	keepfile_fault = no_write;
	assert_int_equal(format(d, NULL, 0), RES_ME_FORMAT_FAILED);
	assert_int_equal(d->lu->block_size, 512);
	keepfile_fault = NULL;
	assert_int_equal(format(d, NULL, 0), RES_GOOD);
	assert_int_equal(d->lu->block_size, 4096);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_header_is_checked),
		test(blocks_are_given_back),
		test(a_pattern_is_on_all_blocks),
		cmocka_unit_test_setup_teardown(immediate_formatting_tells_its_progress, setup_slow,
						teardown),
		cmocka_unit_test_setup_teardown(
		    a_format_that_failed_leaves_nothing_usable_but_another, setup_fails_once,
		    teardown),
		test(blocks_of_another_size_come_with_the_next_format),
		test(only_possible_sizes_are_taken),
		test(a_size_that_can_not_be_kept_is_a_failed_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
