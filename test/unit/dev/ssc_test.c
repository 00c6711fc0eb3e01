/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tape drive: blocks, filemarks, moving, and what is told at ends and edges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_tape.h"

#define LTO8 0x5e

static uint8_t big[300000], got[300000];
static struct shot s;

static struct disk *drive(void)
{
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 13 + (i >> 8));
	return tape_disk(8 * MiB, 0, LTO8);
}

/* A command without data. */
static enum scsi_result run(struct disk *d, uint8_t op, uint8_t flags, int32_t n)
{
	uint8_t cdb[32];

	cdb_tape(cdb, op, flags, n);
	return disk_run(d, &s, cdb, NULL, 0, NULL, 0);
}

static enum scsi_result write_var(struct disk *d, uint32_t len)
{
	uint8_t cdb[32];

	cdb_tape(cdb, 0x0a, 0, (int32_t)len);
	return disk_run(d, &s, cdb, big, len, NULL, 0);
}

static enum scsi_result read_var(struct disk *d, uint8_t flags, uint32_t len)
{
	uint8_t cdb[32];

	memset(got, 0, sizeof(got));
	cdb_tape(cdb, 0x08, flags, (int32_t)len);
	return disk_run(d, &s, cdb, NULL, 0, got, len);
}

static void block_length(struct disk *d, uint32_t len)
{
	uint8_t cdb[32] = { 0x15, 0x10, 0, 0, 12 }, list[12] = { 0, 0, 0x10, 8 };

	put_be24(list + 9, len);
	expect_run(GOOD, d, cdb, list, 12, NULL, 0);
}

static enum scsi_result fixed(struct disk *d, uint8_t op, uint32_t n, uint32_t block)
{
	uint8_t cdb[32];

	memset(got, 0, sizeof(got));
	cdb_tape(cdb, op, 1, (int32_t)n);
	return op == 0x0a ? disk_run(d, &s, cdb, big, n * block, NULL, 0) :
			    disk_run(d, &s, cdb, NULL, 0, got, n * block);
}

static uint64_t position(struct disk *d)
{
	uint8_t cdb[32] = { 0x34, 0x06 }, buf[32];

	expect_run(GOOD, d, cdb, NULL, 0, buf, sizeof(buf));
	return get_be64(buf + 8);
}

static uint64_t file_number(struct disk *d)
{
	uint8_t cdb[32] = { 0x34, 0x06 }, buf[32];

	expect_run(GOOD, d, cdb, NULL, 0, buf, sizeof(buf));
	return get_be64(buf + 16);
}

#define fm_bit (s.sense[2] & 0x80)
#define eom_bit (s.sense[2] & 0x40)
#define ili_bit (s.sense[2] & 0x20)
#define info_field ((int32_t)get_be32(s.sense + 3))
static const char *name_of(enum scsi_result r)
{
	return r < RES_COUNT ? scsi_result_info(r)->name : "no result";
}

#define assert_res(x, want) assert_string_equal(name_of(x), #want)

/* --- reading and writing -------------------------------------------------------------------------- */

static void variable_blocks_come_back(void **state)
{
	struct disk *d = drive();

	(void)state;
	assert_res(write_var(d, 1000), GOOD);
	assert_res(write_var(d, 65536), GOOD);
	assert_res(run(d, 0x10, 0, 1), GOOD);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	assert_res(read_var(d, 0, 1000), GOOD);
	assert_memory_equal(got, big, 1000);
	assert_res(read_var(d, 0, 65536), GOOD);
	assert_int_equal(s.in_len, 65536);
	assert_memory_equal(got, big, 65536);
	assert_res(read_var(d, 0, 512), FILEMARK);
	assert_true(fm_bit);
	assert_int_equal(info_field, 512);
	assert_int_equal(s.in_len, 0);
	assert_res(read_var(d, 0, 512), EOD);
	assert_false(fm_bit);
	assert_int_equal(info_field, 512);
	assert_int_equal(position(d), 3);
	disk_free(d);
}

static void blocks_of_another_length_are_told(void **state)
{
	struct disk *d = drive();

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_res(write_var(d, 1000), GOOD);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	assert_res(read_var(d, 0, 4096), NO_SENSE);
	assert_true(ili_bit);
	assert_int_equal(info_field, 3096);
	assert_int_equal(s.in_len, 1000);
	assert_memory_equal(got, big, 1000);
	assert_res(read_var(d, 0, 100), NO_SENSE);
	assert_int_equal(info_field, -900);
	assert_int_equal(s.in_len, 100);
	assert_res(read_var(d, 2, 4096), GOOD);
	assert_int_equal(s.in_len, 1000);
	assert_true(s.in_res.under);
	assert_res(read_var(d, 2, 100), GOOD);
	assert_int_equal(position(d), 4);
	disk_free(d);
}

static void fixed_blocks_come_back(void **state)
{
	uint8_t sense[32] = { 0x1a, 0, 0, 0, 12 }; /* as st asks */
	struct disk *d = drive();

	(void)state;
	assert_res(fixed(d, 0x08, 1, 512), INVALID_FIELD_CDB);
	block_length(d, 512);
	assert_res(fixed(d, 0x0a, 200, 512), GOOD);
	assert_int_equal(position(d), 200);
	assert_res(disk_run(d, &s, sense, NULL, 0, got, 12), GOOD);
	assert_int_equal(s.in_len, 12);
	assert_int_equal(get_be24(got + 9), 512);
	assert_res(run(d, 0x10, 0, 1), GOOD);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	assert_res(fixed(d, 0x08, 150, 512), GOOD);
	assert_memory_equal(got, big, 150 * 512);
	assert_res(fixed(d, 0x08, 100, 512), FILEMARK);
	assert_int_equal(info_field, 50);
	assert_int_equal(s.in_len, 50 * 512);
	assert_memory_equal(got, big + 150 * 512, 50 * 512);
	assert_res(fixed(d, 0x08, 7, 512), EOD);
	assert_int_equal(info_field, 7);
	/* A block of another length ends it and isn't counted. */
	assert_res(write_var(d, 700), GOOD);
	assert_res(run(d, 0x11, 0, -1), GOOD);
	assert_res(fixed(d, 0x08, 2, 512), NO_SENSE);
	assert_true(ili_bit);
	assert_int_equal(info_field, 2);
	disk_free(d);
}

static void scattered_data_is_the_same(void **state)
{
	struct disk *d = drive();

	(void)state;
	d->scatter = 1000;
	assert_res(write_var(d, 200001), GOOD);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	d->scatter = 777;
	assert_res(read_var(d, 0, 200001), GOOD);
	assert_memory_equal(got, big, 200001);
	disk_free(d);
}

static void verify_looks_without_data(void **state)
{
	struct disk *d = drive();

	(void)state;
	assert_res(write_var(d, 5000), GOOD);
	assert_res(run(d, 0x10, 0, 2), GOOD);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	assert_res(run(d, 0x13, 0, 5000), GOOD);
	assert_res(run(d, 0x13, 0, 5000), FILEMARK);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	assert_res(run(d, 0x13, 0x08, 2), GOOD);
	assert_int_equal(file_number(d), 2);
	disk_free(d);
}

static void the_end_is_told_before_it_comes(void **state)
{
	struct disk *d = tape_disk(2 * MiB, 0, LTO8);
	enum scsi_result r;
	unsigned int early = 0, n = 0;

	(void)state;
	while ((r = write_var(d, 30000)) != RES_VOLUME_OVERFLOW) {
		n++;
		if (r == RES_GOOD) {
			assert_int_equal(early, 0);
			continue;
		}
		assert_res(r, EOM);
		assert_true(eom_bit);
		assert_int_equal(info_field, 0);
		early++;
	}
	assert_true(early >= 1);
	assert_true(eom_bit);
	assert_int_equal(info_field, 30000);
	assert_int_equal(position(d), n);
	assert_res(run(d, 0x10, 0, 1), EOM);
	assert_int_equal(position(d), n + 1);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	disk_free(d);
}

/* --- moving --------------------------------------------------------------------------------------- */

/* Three files of 3, 2 and 4 blocks; objects: bbbFbbFbbbbF */
static struct disk *three_files(void)
{
	static const unsigned int blocks[3] = { 3, 2, 4 };
	struct disk *d = drive();

	for (int f = 0; f < 3; f++) {
		for (unsigned int i = 0; i < blocks[f]; i++)
			assert_res(write_var(d, 1000 + i), GOOD);
		assert_res(run(d, 0x10, 0, 1), GOOD);
	}
	assert_res(run(d, 0x01, 0, 0), GOOD);
	return d;
}

static void space_over_blocks_stops_at_filemarks(void **state)
{
	struct disk *d = three_files();

	(void)state;
	assert_res(run(d, 0x11, 0, 2), GOOD);
	assert_int_equal(position(d), 2);
	assert_res(run(d, 0x11, 0, 5), FILEMARK);
	assert_true(fm_bit);
	assert_int_equal(info_field, 4);
	assert_int_equal(position(d), 4);
	assert_res(run(d, 0x11, 0, -2), FILEMARK);
	assert_int_equal(info_field, 2);
	assert_int_equal(position(d), 3);
	assert_res(run(d, 0x11, 0, -4), BOP);
	assert_true(eom_bit);
	assert_int_equal(info_field, 1);
	assert_int_equal(position(d), 0);
	assert_res(run(d, 0x11, 3, 0), GOOD);
	assert_int_equal(position(d), 12);
	assert_res(run(d, 0x11, 0, 1), EOD);
	assert_int_equal(info_field, 1);
	disk_free(d);
}

static void space_over_filemarks(void **state)
{
	struct disk *d = three_files();

	(void)state;
	assert_res(run(d, 0x11, 1, 2), GOOD);
	assert_int_equal(position(d), 7);
	assert_res(run(d, 0x11, 1, -1), GOOD);
	assert_int_equal(position(d), 6);
	assert_int_equal(file_number(d), 1);
	assert_res(run(d, 0x11, 1, 5), EOD);
	assert_int_equal(info_field, 3);
	assert_int_equal(position(d), 12);
	assert_res(run(d, 0x11, 1, -4), BOP);
	assert_int_equal(info_field, 1);
	assert_int_equal(position(d), 0);
	assert_res(run(d, 0x11, 4, 1), INVALID_FIELD_CDB); /* setmarks */
	disk_free(d);
}

static void space_over_sequential_filemarks(void **state)
{
	struct disk *d = three_files();

	(void)state;
	assert_res(run(d, 0x11, 3, 0), GOOD);
	assert_res(write_var(d, 100), GOOD);
	assert_res(run(d, 0x10, 0, 2), GOOD);
	assert_res(write_var(d, 100), GOOD);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	assert_res(run(d, 0x11, 2, 2), GOOD);
	assert_int_equal(position(d), 15);
	assert_res(run(d, 0x11, 2, 2), EOD);
	assert_int_equal(position(d), 16);
	assert_res(run(d, 0x11, 2, -2), GOOD);
	assert_int_equal(position(d), 13);
	assert_res(run(d, 0x11, 2, -2), BOP);
	assert_int_equal(position(d), 0);
	disk_free(d);
}

static void space16_takes_large_numbers(void **state)
{
	struct disk *d = three_files();
	uint8_t cdb[32] = { 0x91, 0x01 };

	(void)state;
	put_be64(cdb + 4, 2);
	assert_res(disk_run(d, &s, cdb, NULL, 0, NULL, 0), GOOD);
	assert_int_equal(position(d), 7);
	put_be64(cdb + 4, (uint64_t)-9);
	assert_res(disk_run(d, &s, cdb, NULL, 0, NULL, 0), BOP);
	assert_int_equal(info_field, 7);
	disk_free(d);
}

static void locate_finds_blocks_files_and_the_end(void **state)
{
	struct disk *d = three_files();
	uint8_t cdb[32] = { 0x2b }, cdb16[32] = { 0x92, 0x08 };

	(void)state;
	put_be32(cdb + 3, 5);
	assert_res(disk_run(d, &s, cdb, NULL, 0, NULL, 0), GOOD);
	assert_int_equal(position(d), 5);
	assert_res(read_var(d, 0, 1001), GOOD);
	put_be32(cdb + 3, 13);
	assert_res(disk_run(d, &s, cdb, NULL, 0, NULL, 0), EOD);
	assert_int_equal(position(d), 12);
	put_be64(cdb16 + 4, 2);
	assert_res(disk_run(d, &s, cdb16, NULL, 0, NULL, 0), GOOD);
	assert_int_equal(position(d), 7);
	cdb16[1] = 0x18;
	assert_res(disk_run(d, &s, cdb16, NULL, 0, NULL, 0), GOOD);
	assert_int_equal(position(d), 12);
	cdb[1] = 0x02;
	cdb[8] = 1;
	assert_res(disk_run(d, &s, cdb, NULL, 0, NULL, 0), INVALID_FIELD_CDB);
	disk_free(d);
}

static void read_position_has_three_forms(void **state)
{
	struct disk *d = three_files();
	uint8_t cdb[32] = { 0x34, 0x00 }, buf[32];

	(void)state;
	assert_res(disk_run(d, &s, cdb, NULL, 0, buf, 32), GOOD);
	assert_int_equal(s.in_len, 20);
	assert_int_equal(buf[0], 0x80);
	assert_res(run(d, 0x11, 1, 1), GOOD);
	assert_res(disk_run(d, &s, cdb, NULL, 0, buf, 32), GOOD);
	assert_int_equal(buf[0], 0);
	assert_int_equal(get_be32(buf + 4), 4);
	cdb[1] = 0x08;
	put_be16(cdb + 7, 32);
	assert_res(disk_run(d, &s, cdb, NULL, 0, buf, 32), GOOD);
	assert_int_equal(s.in_len, 32);
	assert_int_equal(get_be64(buf + 8), 4);
	cdb[1] = 0x02;
	assert_res(disk_run(d, &s, cdb, NULL, 0, buf, 32), INVALID_FIELD_CDB);
	disk_free(d);
}

static void writing_in_the_middle_ends_the_tape(void **state)
{
	struct disk *d = three_files();

	(void)state;
	assert_res(run(d, 0x11, 1, 1), GOOD);
	assert_res(write_var(d, 10), GOOD);
	assert_res(read_var(d, 0, 10), EOD);
	assert_int_equal(position(d), 5);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	assert_res(run(d, 0x19, 0, 0), GOOD);
	assert_res(read_var(d, 0, 10), EOD);
	disk_free(d);
}

/* --- media ---------------------------------------------------------------------------------------- */

static void unload_and_load(void **state)
{
	struct disk *d = three_files();
	uint8_t unload[32] = { 0x1b }, load[32] = { 0x1b, 0, 0, 0, 1 }, prevent[32] = { 0x1e, 0, 0, 0, 1 };

	(void)state;
	assert_res(disk_run(d, &s, prevent, NULL, 0, NULL, 0), GOOD);
	assert_res(disk_run(d, &s, unload, NULL, 0, NULL, 0), REMOVAL_PREVENTED);
	prevent[4] = 0;
	assert_res(disk_run(d, &s, prevent, NULL, 0, NULL, 0), GOOD);
	assert_res(disk_run(d, &s, unload, NULL, 0, NULL, 0), GOOD);
	assert_res(run(d, 0x00, 0, 0), NR_NO_MEDIUM);
	assert_res(read_var(d, 0, 10), NR_NO_MEDIUM);
	assert_res(disk_run(d, &s, load, NULL, 0, NULL, 0), GOOD);
	assert_res(read_var(d, 0, 1000), GOOD);
	disk_free(d);
}

static void partitions_are_made_and_used(void **state)
{
	struct disk *d = drive();
	uint8_t sense[32] = { 0x1a, 0x08, 0x11, 0, 64 }, page[64] = { 0 };
	uint8_t select[32] = { 0x15, 0x10, 0, 0, 16 }, format[32] = { 0x04, 0, 1 };
	uint8_t locate[32] = { 0x2b, 0x02, 0, 0, 0, 0, 0, 0, 1 };

	(void)state;
	assert_res(disk_run(d, &s, sense, NULL, 0, page, 64), GOOD);
	assert_int_equal(page[4] & 0x3f, 0x11);
	assert_int_equal(page[5], 10);
	assert_int_equal(page[7], 0);
	page[0] = 0;
	page[7] = 1;
	page[8] = 0x34; /* IDP, PSUM MB, POFM */
	page[10] = 0;
	put_be16(page + 12, 2);
	put_be16(page + 14, 0xffff);
	page[2] = 0x10;
	assert_res(disk_run(d, &s, select, page, 16, NULL, 0), GOOD);
	assert_res(disk_run(d, &s, format, NULL, 0, NULL, 0), GOOD);
	assert_res(write_var(d, 100), GOOD);
	assert_res(disk_run(d, &s, locate, NULL, 0, NULL, 0), GOOD);
	assert_res(read_var(d, 0, 100), EOD);
	assert_res(write_var(d, 200), GOOD);
	assert_res(write_var(d, 300), GOOD);
	locate[8] = 0;
	assert_res(disk_run(d, &s, locate, NULL, 0, NULL, 0), GOOD);
	assert_res(read_var(d, 0, 100), GOOD);
	assert_res(read_var(d, 0, 100), EOD);
	assert_res(disk_run(d, &s, format, NULL, 0, NULL, 0), POSITION_PAST_BEGINNING);
	assert_res(disk_run(d, &s, sense, NULL, 0, page, 64), GOOD);
	assert_int_equal(page[7], 1);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	format[2] = 0;
	assert_res(disk_run(d, &s, format, NULL, 0, NULL, 0), GOOD);
	assert_res(disk_run(d, &s, sense, NULL, 0, page, 64), GOOD);
	assert_int_equal(page[7], 0);
	disk_free(d);
}

static void set_capacity_makes_it_smaller(void **state)
{
	struct disk *d = drive();
	uint8_t cdb[32] = { 0x0b, 0, 0, 0x7f, 0xff };
	unsigned int n = 0;

	(void)state;
	assert_res(disk_run(d, &s, cdb, NULL, 0, NULL, 0), GOOD);
	while (write_var(d, 300000) != RES_VOLUME_OVERFLOW)
		n++;
	assert_true(n < 14);
	disk_free(d);
}

static void worm_media_take_no_second_write(void **state)
{
	struct disk *d = tape_disk(8 * MiB, TAPE_WORM, LTO8);
	uint8_t format[32] = { 0x04 };

	(void)state;
	assert_res(write_var(d, 1000), GOOD);
	assert_res(run(d, 0x10, 0, 1), GOOD);
	assert_res(run(d, 0x01, 0, 0), GOOD);
	assert_res(write_var(d, 1000), WORM_OVERWRITE);
	assert_res(run(d, 0x19, 0, 0), WORM_OVERWRITE);
	assert_res(disk_run(d, &s, format, NULL, 0, NULL, 0), WORM_OVERWRITE);
	assert_res(run(d, 0x11, 3, 0), GOOD);
	assert_res(write_var(d, 1000), GOOD);
	disk_free(d);
}

static void a_drive_takes_media_of_its_generations(void **state)
{
	struct disk *d = tape_disk(8 * MiB, 0, 0x5a);

	(void)state;
	disk_set(d, "generation", "lto8");
	assert_res(run(d, 0x00, 0, 0), ME_INCOMPATIBLE);
	disk_set(d, "generation", "lto7");
	assert_res(write_var(d, 10), GOOD);
	disk_set(d, "generation", "lto5");
	assert_res(run(d, 0x00, 0, 0), ME_INCOMPATIBLE);
	disk_free(d);
}

static void what_is_no_tape_is_no_medium(void **state)
{
	struct disk *d = disk_new(NULL, "1M", 512);

	(void)state;
	d->lu = disk_add_dev(d, "tape", TAPE_LUN, "rdwr", box_file(d->box, "none", 1 * MiB));
	tape_wait_loaded(d, d->lu);
	disk_clear_ua(d);
	assert_res(run(d, 0x00, 0, 0), ME_UNKNOWN_FORMAT);
	assert_res(read_var(d, 0, 10), ME_UNKNOWN_FORMAT);
	disk_free(d);
}

static void a_new_medium_is_told(void **state)
{
	struct disk *d = disk_new(NULL, "1M", 512);
	struct err err = { .code = ERR_OK };

	(void)state;
	d->lu = disk_add_dev(d, "tape", TAPE_LUN, "rdwr", NULL);
	disk_clear_ua(d);
	assert_res(run(d, 0x00, 0, 0), NR_NO_MEDIUM);
	lu_set_path(d->lu, tape_file(d, "new", 4 * MiB, 0, LTO8), NULL, NULL);
	while (!d->lu->bs)
		loop_turn(d->core.loop, 1000000000);
	assert_int_equal(lu_set(d->lu, "online", "1", &err), 0);
	tape_wait_loaded(d, d->lu);
	assert_res(run(d, 0x00, 0, 0), UA_MEDIUM_CHANGED);
	assert_res(run(d, 0x00, 0, 0), GOOD);
	assert_res(write_var(d, 100), GOOD);
	disk_free(d);
}

static void attributes_are_read_and_written(void **state)
{
	struct disk *d = drive();
	uint8_t rd[32] = { 0x8c, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x06, 0, 0, 0x02, 0 };
	uint8_t wr[32] = { 0x8d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14 }, buf[512];
	uint8_t list[14] = { 0, 0, 0, 10, 0x08, 0x01, 0x01, 0, 5, 't', 'a', 'p', 'e', 's' };

	(void)state;
	assert_res(disk_run(d, &s, rd, NULL, 0, buf, 512), GOOD);
	assert_int_equal(get_be32(buf), 37);
	assert_memory_equal(buf + 9, "T00001L8  ", 10);
	assert_res(disk_run(d, &s, wr, list, 14, NULL, 0), GOOD);
	rd[9] = 0x01;
	assert_res(disk_run(d, &s, rd, NULL, 0, buf, 512), GOOD);
	assert_int_equal(get_be16(buf + 4), 0x0801);
	assert_memory_equal(buf + 9, "tapes", 5);
	list[4] = 0x00; /* CAPACITY is not the host's */
	assert_res(disk_run(d, &s, wr, list, 14, NULL, 0), INVALID_FIELD_PARAM);
	rd[1] = 5;
	assert_res(disk_run(d, &s, rd, NULL, 0, buf, 512), GOOD);
	disk_free(d);
}

static void the_drive_tells_of_itself(void **state)
{
	struct disk *d = drive();
	uint8_t limits[32] = { 0x05 }, density[32] = { 0x44, 1, 0, 0, 0, 0, 0, 2, 0 }, buf[512];
	uint8_t log[32] = { 0x4d, 0, 0x6e, 0, 0, 0, 0, 2, 0 };
	static const uint8_t pages[] = { 0x0c, 0x17, 0x2e, 0x31 };

	(void)state;
	assert_res(disk_run(d, &s, limits, NULL, 0, buf, 6), GOOD);
	assert_int_equal(get_be24(buf + 1), 0xffffff);
	assert_int_equal(get_be16(buf + 4), 1);
	assert_res(disk_run(d, &s, density, NULL, 0, buf, 512), GOOD);
	assert_int_equal(s.in_len, 56);
	assert_int_equal(buf[4], LTO8);
	density[1] = 0;
	assert_res(disk_run(d, &s, density, NULL, 0, buf, 512), GOOD);
	assert_int_equal(s.in_len, 4 + 5 * 52);
	for (size_t i = 0; i < sizeof(pages); i++) {
		log[2] = 0x40 | pages[i];
		assert_res(disk_run(d, &s, log, NULL, 0, buf, 512), GOOD);
		assert_int_equal(s.in_len, 4 + get_be16(buf + 2));
		assert_true(s.in_len > 30);
	}
	disk_free(d);
}

/* Commands that arrive together run one after another, in their order. */
static void commands_have_their_turns(void **state)
{
	struct disk *d = drive();
	struct shot many[8];

	(void)state;
	memset(many, 0, sizeof(many));
	for (unsigned int i = 0; i < 8; i++) {
		cdb_tape(many[i].cdb, 0x0a, 0, (int32_t)(100 + i));
		many[i].out = big;
		many[i].out_len = 100 + i;
		shot_start(d, &many[i], d->a);
	}
	for (unsigned int i = 0; i < 8; i++) {
		shot_wait(&many[i]);
		assert_res(shot_result(&many[i]), GOOD);
	}
	assert_res(run(d, 0x01, 0, 0), GOOD);
	for (unsigned int i = 0; i < 8; i++)
		assert_res(read_var(d, 0, 100 + i), GOOD);
	disk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variable_blocks_come_back),
		cmocka_unit_test(blocks_of_another_length_are_told),
		cmocka_unit_test(fixed_blocks_come_back),
		cmocka_unit_test(scattered_data_is_the_same),
		cmocka_unit_test(verify_looks_without_data),
		cmocka_unit_test(the_end_is_told_before_it_comes),
		cmocka_unit_test(space_over_blocks_stops_at_filemarks),
		cmocka_unit_test(space_over_filemarks),
		cmocka_unit_test(space_over_sequential_filemarks),
		cmocka_unit_test(space16_takes_large_numbers),
		cmocka_unit_test(locate_finds_blocks_files_and_the_end),
		cmocka_unit_test(read_position_has_three_forms),
		cmocka_unit_test(writing_in_the_middle_ends_the_tape),
		cmocka_unit_test(unload_and_load),
		cmocka_unit_test(partitions_are_made_and_used),
		cmocka_unit_test(set_capacity_makes_it_smaller),
		cmocka_unit_test(worm_media_take_no_second_write),
		cmocka_unit_test(a_drive_takes_media_of_its_generations),
		cmocka_unit_test(what_is_no_tape_is_no_medium),
		cmocka_unit_test(a_new_medium_is_told),
		cmocka_unit_test(attributes_are_read_and_written),
		cmocka_unit_test(the_drive_tells_of_itself),
		cmocka_unit_test(commands_have_their_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
