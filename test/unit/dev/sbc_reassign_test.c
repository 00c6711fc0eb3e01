/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REASSIGN BLOCKS: lists of all forms, what becomes of the data, and what is said of errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"

#define BS 512U
#define BLOCKS (MiB / BS)

/* A list of @n LBAs in the form that @flags (LONGLBA, LONGLIST) say; its length. */
static uint32_t list_make(uint8_t *list, uint8_t flags, const uint64_t *lbas, uint32_t n)
{
	uint32_t each = flags & 2 ? 8 : 4, len = n * each;

	memset(list, 0, 4);
	if (flags & 1)
		put_be32(list, len);
	else
		put_be16(list + 2, (uint16_t)len);
	for (uint32_t i = 0; i < n; i++) {
		if (each == 8)
			put_be64(list + 4 + i * 8, lbas[i]);
		else
			put_be32(list + 4 + i * 4, (uint32_t)lbas[i]);
	}
	return 4 + len;
}

static enum scsi_result reassign(struct disk *d, struct shot *s, uint8_t flags,
				 const uint64_t *lbas, uint32_t n)
{
	uint8_t cdb[32] = { 0x07, flags }, list[256];

	return disk_run(d, s, cdb, list, list_make(list, flags, lbas, n), NULL, 0);
}

static void data_stays_as_it_is(void **state)
{
	static const uint64_t lbas[] = { 7, 3, BLOCKS - 1 };
	struct disk *d = disk_new(NULL, "1M", BS);
	uint8_t all[64 * BS], now[64 * BS];
	struct shot s;

	(void)state;
	box_fill(all, sizeof(all), 0, 1);
	disk_write(d, 0, 64, all);
	for (uint8_t flags = 0; flags < 4; flags++)
		assert_int_equal(reassign(d, &s, flags, lbas, 3), RES_GOOD);
	assert_int_equal(reassign(d, &s, 0, lbas, 0), RES_GOOD);
	disk_read(d, 0, 64, now);
	assert_memory_equal(all, now, sizeof(all));
	disk_free(d);
}

static void what_cannot_be_read_becomes_zeroes(void **state)
{
	static const uint64_t lbas[] = { 2, 3, 4 };
	struct disk *d = disk_new(NULL, "fault:op=read,offset=1536,len=512,count=1:1M", BS);
	uint8_t out[BS], in[BS], zero[BS] = { 0 };
	struct shot s;

	(void)state;
	memset(out, 7, sizeof(out));
	for (uint64_t lba = 2; lba < 5; lba++)
		disk_write(d, lba, 1, out);
	assert_int_equal(reassign(d, &s, 0, lbas, 3), RES_GOOD);
	disk_read(d, 3, 1, in);
	assert_memory_equal(in, zero, BS);
	disk_read(d, 4, 1, in);
	assert_memory_equal(in, out, BS);
	disk_free(d);
}

static uint64_t first_left(const struct shot *s)
{
	return get_be32(s->sense + 8);
}

static void first_block_that_is_left_is_told(void **state)
{
	struct disk *d = disk_new(NULL, "fault:op=write,offset=4096,len=512:1M", BS);
	uint64_t lbas[] = { 6, 8, 9 };
	struct shot s;

	(void)state;
	assert_int_equal(reassign(d, &s, 2, lbas, 3), RES_ME_WRITE);
	assert_int_equal(shot_info(&s), 8);
	assert_int_equal(first_left(&s), 8);
	lbas[2] = BLOCKS;
	assert_int_equal(reassign(d, &s, 0, lbas, 3), RES_LBA_RANGE);
	assert_int_equal(shot_info(&s), BLOCKS);
	assert_int_equal(first_left(&s), 6);
	disk_free(d);
}

static void lists_that_are_cut_off_do_nothing(void **state)
{
	static const uint64_t lbas[] = { 1, 2 };
	struct disk *d = disk_new(NULL, "fault:op=write:1M", BS);
	uint8_t list[64], cdb[32] = { 0x07 };
	uint32_t len = list_make(list, 0, lbas, 2);

	(void)state;
	for (uint32_t n = 0; n < len; n++)
		expect_run(PARAM_LIST_LENGTH, d, cdb, list, n, NULL, 0);
	expect_run(ME_WRITE, d, cdb, list, len, NULL, 0);
	list[3] = 6; /* half an LBA */
	expect_run(PARAM_LIST_LENGTH, d, cdb, list, len, NULL, 0);
	put_be32(list, UINT32_MAX);
	cdb[1] = 1;
	expect_run(PARAM_LIST_LENGTH, d, cdb, list, len, NULL, 0);
	disk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_stays_as_it_is),
		cmocka_unit_test(what_cannot_be_read_becomes_zeroes),
		cmocka_unit_test(first_block_that_is_left_is_told),
		cmocka_unit_test(lists_that_are_cut_off_do_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
