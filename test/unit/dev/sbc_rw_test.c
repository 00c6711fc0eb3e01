/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ and WRITE in every length of CDB, their limits and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dev_disk.h"

static const uint8_t reads[] = { 0x08, 0x28, 0xa8, 0x88, CDB32 | 0x9 };
static const uint8_t writes[] = { 0x0a, 0x2a, 0xaa, 0x8a };

static int setup(void **state)
{
	*state = disk_new(NULL, "2M", 512);
	((struct disk *)*state)->lu->cdb32 = true;
	return 0;
}

static int setup_4k(void **state)
{
	*state = disk_new(NULL, "2M", 4096);
	((struct disk *)*state)->lu->cdb32 = true;
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void fill(uint8_t *buf, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(i * 7 + i / 251 + seed);
}

static void what_one_form_writes_every_other_reads(void **state)
{
	struct disk *d = *state;
	uint32_t bs = d->lu->block_size, len = 3 * bs;
	uint8_t *out = malloc(len), *in = malloc(len), cdb[32];

	for (unsigned int w = 0; w < 4; w++) {
		fill(out, len, w);
		cdb_any(cdb, writes[w], 0, 17 + w, 3);
		expect_run(GOOD, d, cdb, out, len, NULL, 0);
		for (unsigned int r = 0; r < 4; r++) {
			memset(in, 0, len);
			cdb_any(cdb, reads[r], 0, 17 + w, 3);
			expect_run(GOOD, d, cdb, NULL, 0, in, len);
			assert_memory_equal(in, out, len);
		}
	}
	free(out);
	free(in);
}

static void scattered_buffers_hold_the_same_data(void **state)
{
	struct disk *d = *state;
	uint8_t *out = malloc(40000), *in = malloc(40000);
	uint32_t blocks = 32768 / d->lu->block_size;

	fill(out, 40000, 3);
	d->scatter = 1000;
	disk_write(d, 5, blocks, out);
	disk_read(d, 5, blocks, in);
	assert_memory_equal(in, out, 32768);
	free(out);
	free(in);
}

static void the_last_block_is_there_and_the_next_is_out_of_range(void **state)
{
	struct disk *d = *state;
	uint32_t bs = d->lu->block_size;
	uint64_t n = d->lu->blocks;
	uint8_t *buf = calloc(2, bs), cdb[32];

	for (unsigned int i = 0; i < 4; i++) {
		cdb_any(cdb, reads[i], 0, n - 1, 1);
		expect_run(GOOD, d, cdb, NULL, 0, buf, bs);
		cdb_any(cdb, writes[i], 0, n - 1, 1);
		expect_run(GOOD, d, cdb, buf, bs, NULL, 0);
		cdb_any(cdb, reads[i], 0, n - 1, 2);
		expect_run(LBA_RANGE, d, cdb, NULL, 0, buf, 2 * bs);
		cdb_any(cdb, writes[i], 0, n - 1, 2);
		expect_run(LBA_RANGE, d, cdb, buf, 2 * bs, NULL, 0);
		cdb_any(cdb, reads[i], 0, n, 1);
		expect_run(LBA_RANGE, d, cdb, NULL, 0, buf, bs);
	}
	cdb16(cdb, 0x88, 0, UINT64_MAX, 1);
	expect_run(LBA_RANGE, d, cdb, NULL, 0, buf, bs);
	cdb16(cdb, 0x8a, 0, UINT64_MAX, 2);
	expect_run(LBA_RANGE, d, cdb, buf, 2 * bs, NULL, 0);
	free(buf);
}

static void a_transfer_length_of_zero_moves_nothing(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32];
	struct shot s;

	for (unsigned int i = 1; i < 4; i++) {
		cdb_any(cdb, reads[i], 0, 3, 0);
		assert_int_equal(disk_run(d, &s, cdb, NULL, 0, NULL, 0), RES_GOOD);
		assert_int_equal(s.in_len, 0);
		cdb_any(cdb, writes[i], 0, 3, 0);
		expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
		cdb_any(cdb, reads[i], 0, d->lu->blocks + 1, 0);
		expect_run(LBA_RANGE, d, cdb, NULL, 0, NULL, 0);
	}
}

static void a_length_of_zero_in_six_bytes_means_256_blocks(void **state)
{
	struct disk *d = *state;
	uint32_t len = 256 * d->lu->block_size;
	uint8_t *out = malloc(len), *in = malloc(len), cdb[32];

	fill(out, len, 9);
	cdb6(cdb, 0x0a, 1, 0);
	expect_run(GOOD, d, cdb, out, len, NULL, 0);
	cdb6(cdb, 0x08, 1, 0);
	expect_run(GOOD, d, cdb, NULL, 0, in, len);
	assert_memory_equal(in, out, len);
	free(out);
	free(in);
}

static void more_than_the_maximum_transfer_length_is_an_invalid_field(void **state)
{
	struct disk *d = disk_new("null", NULL, 512);
	uint8_t cdb[32], *buf = malloc(32 * MiB);
	struct shot s;

	(void)state;
	cdb16(cdb, 0x88, 0, 0, 65537);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, 32 * MiB), RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&s), 10 << 8 | 0xff);
	cdb12(cdb, 0xaa, 0, 0, 0x7fffffff);
	assert_int_equal(disk_run(d, &s, cdb, buf, 512, NULL, 0), RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&s), 6 << 8 | 0xff);
	cdb16(cdb, 0x88, 0, 0, 65536);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, 32 * MiB), RES_GOOD);
	assert_int_equal(s.in_len, 32 * MiB);
	free(buf);
	disk_free(d);
}

static void protection_group_and_naca_bits_are_refused(void **state)
{
	static const struct {
		uint8_t op, byte, bits;
	} bad[] = {
		{ 0x28, 1, 0x20 }, { 0x2a, 1, 0xe0 }, { 0x88, 1, 0x40 }, { 0x8a, 1, 0x20 },
		{ 0xa8, 1, 0x80 }, { 0xaa, 1, 0x20 }, { 0x28, 6, 0x01 }, { 0x8a, 15, 0x04 },
	};
	struct disk *d = *state;
	uint8_t cdb[32], *buf = calloc(1, d->lu->block_size);
	bool writes_data;
	struct shot s;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		cdb_any(cdb, bad[i].op, 0, 0, 1);
		cdb[bad[i].byte] |= bad[i].bits;
		writes_data = bad[i].op & 2;
		assert_int_equal(disk_run(d, &s, cdb, buf, writes_data ? d->lu->block_size : 0, buf,
					  writes_data ? 0 : d->lu->block_size),
				 RES_INVALID_FIELD_CDB);
		assert_int_equal(shot_field(&s) >> 8, bad[i].byte);
	}
	free(buf);
}

static void dpo_and_fua_are_accepted(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], *buf = calloc(1, d->lu->block_size);

	for (unsigned int i = 1; i < 4; i++) {
		for (unsigned int f = 0; f < 8; f++) {
			uint8_t flags = (f & 1 ? 0x10 : 0) | (f & 2 ? 8 : 0) | (f & 4 ? 2 : 0);

			cdb_any(cdb, writes[i], flags, 0, 1);
			expect_run(GOOD, d, cdb, buf, d->lu->block_size, NULL, 0);
			cdb_any(cdb, reads[i], flags, 0, 1);
			expect_run(GOOD, d, cdb, NULL, 0, buf, d->lu->block_size);
		}
	}
	free(buf);
}

static void less_data_than_the_cdb_asks_for_writes_whole_blocks_only(void **state)
{
	struct disk *d = *state;
	uint32_t bs = d->lu->block_size;
	uint8_t *buf = malloc(3 * bs), cdb[32];
	struct shot s;

	memset(buf, 'a', 3 * bs);
	disk_write(d, 0, 3, buf);
	memset(buf, 'b', 3 * bs);
	cdb10(cdb, 0x2a, 0, 0, 3);
	assert_int_equal(disk_run(d, &s, cdb, buf, bs + 200, NULL, 0), RES_GOOD);
	assert_true(s.out_res.over);
	assert_int_equal(s.out_res.count, 2 * bs - 200);
	disk_read(d, 0, 3, buf);
	assert_int_equal(buf[bs - 1], 'b');
	assert_int_equal(buf[bs], 'a');
	assert_int_equal(disk_run(d, &s, cdb, buf, 0, NULL, 0), RES_GOOD);
	assert_int_equal(s.out_res.count, 3 * bs);
	free(buf);
}

static void an_initiator_that_takes_less_gets_less_and_a_residual(void **state)
{
	struct disk *d = *state;
	uint32_t bs = d->lu->block_size;
	uint8_t *buf = malloc(3 * bs), cdb[32];
	struct shot s;

	fill(buf, 3 * bs, 1);
	disk_write(d, 0, 3, buf);
	cdb10(cdb, 0x28, 0, 0, 3);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, 100), RES_GOOD);
	assert_int_equal(s.in_len, 100);
	assert_true(s.in_res.over);
	assert_int_equal(s.in_res.count, 3 * bs - 100);
	free(buf);
}

static void a_read_only_disk_is_read_only(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], *buf = calloc(1, d->lu->block_size);

	d->lu->readonly = true;
	for (unsigned int i = 0; i < 4; i++) {
		cdb_any(cdb, writes[i], 0, 0, 1);
		expect_run(WRITE_PROTECTED, d, cdb, buf, d->lu->block_size, NULL, 0);
		cdb_any(cdb, reads[i], 0, 0, 1);
		expect_run(GOOD, d, cdb, NULL, 0, buf, d->lu->block_size);
	}
	d->lu->readonly = false;
	d->lu->swp = true;
	cdb_any(cdb, 0x2a, 0, 0, 1);
	expect_run(SW_WRITE_PROTECTED, d, cdb, buf, d->lu->block_size, NULL, 0);
	free(buf);
}

static void a_shortage_of_memory_is_busy(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], *buf = calloc(2, d->lu->block_size);

	d->core.bufs.hard = 0;
	cdb10(cdb, 0x2a, 0, 0, 2);
	expect_run(BUSY, d, cdb, buf, d->lu->block_size + 1, NULL, 0);
	free(buf);
}

#define both_sizes(f)                                                                              \
	cmocka_unit_test_setup_teardown(f, setup, teardown),                                       \
		cmocka_unit_test_setup_teardown(f, setup_4k, teardown)

static void cdbs_of_32_bytes_are_for_who_asks(void **state)
{
	static const uint8_t other[32] = { 0x7f, [7] = 24, [9] = 3 };
	struct disk *d = disk_new(NULL, "2M", 512);
	uint8_t cdb[32], buf[512];

	(void)state;
	cdb32(cdb, 0x9, 0, 0, 1);
	expect_run(INVALID_OPCODE, d, cdb, NULL, 0, buf, sizeof(buf));
	disk_set(d, "cdb32", "1");
	expect_run(GOOD, d, cdb, NULL, 0, buf, sizeof(buf));
	expect_run(INVALID_FIELD_CDB, d, other, NULL, 0, buf, sizeof(buf));
	disk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cdbs_of_32_bytes_are_for_who_asks),
		both_sizes(what_one_form_writes_every_other_reads),
		both_sizes(scattered_buffers_hold_the_same_data),
		both_sizes(the_last_block_is_there_and_the_next_is_out_of_range),
		both_sizes(a_transfer_length_of_zero_moves_nothing),
		both_sizes(a_length_of_zero_in_six_bytes_means_256_blocks),
		cmocka_unit_test(more_than_the_maximum_transfer_length_is_an_invalid_field),
		both_sizes(protection_group_and_naca_bits_are_refused),
		both_sizes(dpo_and_fua_are_accepted),
		both_sizes(less_data_than_the_cdb_asks_for_writes_whole_blocks_only),
		both_sizes(an_initiator_that_takes_less_gets_less_and_a_residual),
		both_sizes(a_read_only_disk_is_read_only),
		both_sizes(a_shortage_of_memory_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
