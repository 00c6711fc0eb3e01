/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VERIFY and WRITE AND VERIFY with every BYTCHK.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dev_disk.h"

static const uint8_t verifies[] = { 0x2f, 0xaf, 0x8f, CDB32 | 0xa };
static const uint8_t write_verifies[] = { 0x2e, 0xae, 0x8e };

static int setup(void **state)
{
	*state = disk_new(NULL, "8M", 512);
	((struct disk *)*state)->lu->cdb32 = true;
	return 0;
}

static int setup_4k(void **state)
{
	*state = disk_new(NULL, "8M", 4096);
	((struct disk *)*state)->lu->cdb32 = true;
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void verify_without_data_reads_any_length(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32];

	for (unsigned int i = 0; i < 3; i++) {
		cdb_any(cdb, verifies[i], 0, 0, (uint32_t)d->lu->blocks);
		expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
		cdb_any(cdb, verifies[i], 0, 1, (uint32_t)d->lu->blocks);
		expect_run(LBA_RANGE, d, cdb, NULL, 0, NULL, 0);
		cdb_any(cdb, verifies[i], 2, 0, 0);
		expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	}
}

static void verify_compares_all_bytes_and_tells_the_block(void **state)
{
	struct disk *d = *state;
	uint32_t bs = d->lu->block_size, n = 3 * 1024 * 1024 / bs, len = n * bs;
	uint8_t *buf = malloc(len), cdb[32];
	struct shot s;

	for (uint32_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(i >> 9);
	d->scatter = 100000;
	disk_write(d, 7, n, buf);
	for (unsigned int i = 0; i < 3; i++) {
		cdb_any(cdb, verifies[i], 2, 7, n);
		assert_int_equal(disk_run(d, &s, cdb, buf, len, NULL, 0), RES_GOOD);
		buf[len - 1] ^= 1;
		assert_int_equal(disk_run(d, &s, cdb, buf, len, NULL, 0), RES_MISCOMPARE_VERIFY);
		assert_int_equal(shot_info(&s), 7 + n - 1);
		buf[len - 1] ^= 1;
		buf[0] ^= 1;
		assert_int_equal(disk_run(d, &s, cdb, buf, len, NULL, 0), RES_MISCOMPARE_VERIFY);
		assert_int_equal(shot_info(&s), 7);
		buf[0] ^= 1;
	}
	free(buf);
}

static void bytchk_3_compares_every_block_with_one(void **state)
{
	struct disk *d = *state;
	uint32_t bs = d->lu->block_size, n = 8 * 1024 * 1024 / bs;
	uint8_t *block = malloc(bs), cdb[32];
	struct shot s;

	memset(block, 0, bs);
	cdb_any(cdb, 0x8f, 6, 0, n);
	assert_int_equal(disk_run(d, &s, cdb, block, bs, NULL, 0), RES_GOOD);
	block[bs - 1] = 1;
	disk_write(d, n - 1, 1, block);
	assert_int_equal(disk_run(d, &s, cdb, block, bs, NULL, 0), RES_MISCOMPARE_VERIFY);
	assert_int_equal(shot_info(&s), 0);
	block[bs - 1] = 0;
	assert_int_equal(disk_run(d, &s, cdb, block, bs, NULL, 0), RES_MISCOMPARE_VERIFY);
	assert_int_equal(shot_info(&s), n - 1);
	free(block);
}

static void reserved_bytchk_and_vrprotect_are_refused(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32];
	struct shot s;

	for (unsigned int i = 0; i < 3; i++) {
		cdb_any(cdb, verifies[i], 4, 0, 1);
		assert_int_equal(disk_run(d, &s, cdb, NULL, 0, NULL, 0), RES_INVALID_FIELD_CDB);
		assert_int_equal(shot_field(&s), 1 << 8 | 2);
		cdb_any(cdb, verifies[i], 0x20, 0, 1);
		expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, NULL, 0);
		cdb_any(cdb, write_verifies[i], 6, 0, 1);
		expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, NULL, 0);
	}
}

static void a_comparison_needs_all_of_its_data(void **state)
{
	struct disk *d = *state;
	uint8_t *buf = calloc(2, d->lu->block_size), cdb[32];

	cdb_any(cdb, 0x2f, 2, 0, 2);
	expect_run(INVALID_CIU, d, cdb, buf, d->lu->block_size, NULL, 0);
	cdb_any(cdb, 0x2f, 6, 0, 2);
	expect_run(INVALID_CIU, d, cdb, buf, d->lu->block_size - 1, NULL, 0);
	/* A write that verifies is a write: the block that came is written. */
	cdb_any(cdb, 0x2e, 2, 0, 2);
	expect_run(GOOD, d, cdb, buf, d->lu->block_size, NULL, 0);
	cdb_any(cdb, 0x2e, 2, 0, 3);
	expect_run(GOOD, d, cdb, buf, d->lu->block_size + 1, NULL, 0);
	cdb_any(cdb, 0x2e, 2, 0, 2);
	expect_run(GOOD, d, cdb, buf, d->lu->block_size - 1, NULL, 0);
	free(buf);
}

static void write_and_verify_writes(void **state)
{
	struct disk *d = *state;
	uint32_t bs = d->lu->block_size;
	uint8_t *buf = malloc(5 * bs), *in = malloc(5 * bs), cdb[32];

	for (unsigned int i = 0; i < 6; i++) {
		memset(buf, 'A' + (int)i, 5 * bs);
		cdb_any(cdb, write_verifies[i % 3], i < 3 ? 0 : 2, 9, 5);
		expect_run(GOOD, d, cdb, buf, 5 * bs, NULL, 0);
		disk_read(d, 9, 5, in);
		assert_memory_equal(in, buf, 5 * bs);
	}
	cdb_any(cdb, 0x2e, 2, 9, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	cdb_any(cdb, 0x2e, 2, d->lu->blocks - 1, 2);
	expect_run(LBA_RANGE, d, cdb, buf, 2 * bs, NULL, 0);
	free(buf);
	free(in);
}

/* What was written comes back different: the store forgets. */
static void write_and_verify_notices_a_medium_that_forgets(void **state)
{
	struct disk *d = disk_new("null", NULL, 512);
	uint8_t buf[1024], cdb[32];
	struct shot s;

	(void)state;
	memset(buf, 1, sizeof(buf));
	cdb_any(cdb, 0x8e, 2, 4, 2);
	assert_int_equal(disk_run(d, &s, cdb, buf, sizeof(buf), NULL, 0), RES_MISCOMPARE_VERIFY);
	assert_int_equal(shot_info(&s), 4);
	disk_free(d);
}

#define both_sizes(f)                                                                              \
	cmocka_unit_test_setup_teardown(f, setup, teardown),                                       \
		cmocka_unit_test_setup_teardown(f, setup_4k, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		both_sizes(verify_without_data_reads_any_length),
		both_sizes(verify_compares_all_bytes_and_tells_the_block),
		both_sizes(bytchk_3_compares_every_block_with_one),
		both_sizes(reserved_bytchk_and_vrprotect_are_refused),
		both_sizes(a_comparison_needs_all_of_its_data),
		both_sizes(write_and_verify_writes),
		cmocka_unit_test(write_and_verify_notices_a_medium_that_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
