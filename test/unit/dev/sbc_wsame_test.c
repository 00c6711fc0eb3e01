/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WRITE SAME, UNMAP, GET LBA STATUS.
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

#define CHUNK 65536u /* the RAM disk maps so many bytes at once */

static int setup_thin(void **state)
{
	struct disk *d = disk_new(NULL, "8M", 512);

	disk_set(d, "thin_provisioning", "1");
	d->lu->cdb32 = true;
	*state = d;
	return 0;
}

static int setup_thin_4k(void **state)
{
	struct disk *d = disk_new(NULL, "8M", 4096);

	disk_set(d, "thin_provisioning", "1");
	d->lu->cdb32 = true;
	*state = d;
	return 0;
}

static int setup_full(void **state)
{
	*state = disk_new(NULL, "8M", 512);
	((struct disk *)*state)->lu->cdb32 = true;
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

/* All bytes of blocks @lba .. are @byte. */
static void expect_bytes(struct disk *d, uint64_t lba, uint32_t blocks, uint8_t byte)
{
	uint32_t len = blocks * d->lu->block_size;
	uint8_t *buf = malloc(len);

	disk_read(d, lba, blocks, buf);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(buf[i], byte);
	free(buf);
}

static void fill(struct disk *d, uint64_t lba, uint32_t blocks, uint8_t byte)
{
	uint32_t len = blocks * d->lu->block_size;
	uint8_t *buf = malloc(len);

	memset(buf, byte, len);
	disk_write(d, lba, blocks, buf);
	free(buf);
}

static void wsame(struct disk *d, enum scsi_result want, uint8_t op, uint8_t flags, uint64_t lba,
		  uint32_t blocks, uint8_t byte)
{
	uint8_t *buf = malloc(d->lu->block_size), cdb[32];
	struct shot s;

	memset(buf, byte, d->lu->block_size);
	cdb_any(cdb, op, flags, lba, blocks);
	assert_int_equal(disk_run(d, &s, cdb, buf, flags & 1 ? 0 : d->lu->block_size, NULL, 0), want);
	free(buf);
}

static void write_same_repeats_one_block(void **state)
{
	static const uint8_t ops[] = { 0x41, 0x93, CDB32 | 0xd };
	struct disk *d = *state;
	uint32_t n = 3 * 1024 * 1024 / d->lu->block_size;

	for (int i = 0; i < 2; i++) {
		fill(d, 0, n + 20, 'x');
		wsame(d, RES_GOOD, ops[i], 0, 10, n, 'y');
		expect_bytes(d, 0, 10, 'x');
		expect_bytes(d, 10, n, 'y');
		expect_bytes(d, 10 + n, 10, 'x');
		wsame(d, RES_GOOD, ops[i], 0, 10, 1, 'z');
		expect_bytes(d, 10, 1, 'z');
		wsame(d, RES_GOOD, ops[i], 0, 11, n, 0);
		expect_bytes(d, 10, 1, 'z');
		expect_bytes(d, 11, n, 0);
		wsame(d, RES_GOOD, ops[i], 0x08, 0, n, 'u'); /* UNMAP: whatever the data */
		expect_bytes(d, 0, n, 0);
	}
}

static void a_count_of_zero_reaches_to_the_end(void **state)
{
	struct disk *d = *state;
	uint32_t n = (uint32_t)d->lu->blocks;

	wsame(d, RES_GOOD, 0x41, 0, n - 5, 0, 'e');
	expect_bytes(d, n - 5, 5, 'e');
	wsame(d, RES_GOOD, 0x93, 0x09, 0, 0, 0);
	expect_bytes(d, 0, n, 0);
	wsame(d, RES_LBA_RANGE, 0x93, 0, n + 1, 0, 0);
	wsame(d, RES_LBA_RANGE, 0x93, 0, n - 1, 2, 0);
}

static void without_data_out_zeroes_are_written(void **state)
{
	struct disk *d = *state;

	fill(d, 0, 40, 'x');
	wsame(d, RES_GOOD, 0x93, 0x01, 3, 7, 0);
	expect_bytes(d, 0, 3, 'x');
	expect_bytes(d, 3, 7, 0);
	expect_bytes(d, 10, 30, 'x');
}

static void anchor_and_the_obsolete_bits_are_refused(void **state)
{
	static const struct {
		uint8_t op, flags;
	} bad[] = {
		{ 0x41, 0x10 }, { 0x41, 0x18 }, { 0x41, 0x04 }, { 0x41, 0x02 }, { 0x41, 0x20 },
		{ 0x93, 0x10 }, { 0x93, 0x04 }, { 0x93, 0x02 }, { 0x93, 0x80 },
	};
	struct disk *d = *state;

	fill(d, 0, 2, 'x');
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		wsame(d, RES_INVALID_FIELD_CDB, bad[i].op, bad[i].flags, 0, 1, 'y');
	expect_bytes(d, 0, 2, 'x');
}

static void write_same_needs_its_block(void **state)
{
	struct disk *d = *state;
	uint8_t buf[4096] = { 0 }, cdb[32];

	cdb16(cdb, 0x93, 0, 0, 5);
	expect_run(INVALID_CIU, d, cdb, buf, d->lu->block_size - 1, NULL, 0);
	expect_run(INVALID_CIU, d, cdb, NULL, 0, NULL, 0);
}

/* A descriptor list for UNMAP; returns its length. */
static uint32_t unmap_list(uint8_t *buf, const uint64_t (*ranges)[2], unsigned int n)
{
	memset(buf, 0, 8 + 16 * n);
	put_be16(buf, (uint16_t)(6 + 16 * n));
	put_be16(buf + 2, (uint16_t)(16 * n));
	for (unsigned int i = 0; i < n; i++) {
		put_be64(buf + 8 + 16 * i, ranges[i][0]);
		put_be32(buf + 16 + 16 * i, (uint32_t)ranges[i][1]);
	}
	return 8 + 16 * n;
}

static void unmap_raw(struct disk *d, enum scsi_result want, const uint8_t *list, uint32_t len,
		      uint32_t sent)
{
	uint8_t cdb[32];
	struct shot s;

	cdb10(cdb, 0x42, 0, 0, len);
	assert_int_equal(disk_run(d, &s, cdb, list, sent, NULL, 0), want);
}

static void unmap(struct disk *d, enum scsi_result want, const uint64_t (*ranges)[2],
		  unsigned int n)
{
	uint8_t *buf = malloc(8 + 16 * n);
	uint32_t len = unmap_list(buf, ranges, n);

	unmap_raw(d, want, buf, len, len);
	free(buf);
}

static void unmapped_blocks_read_as_zeroes(void **state)
{
	struct disk *d = *state;
	const uint64_t ranges[][2] = { { 5, 3 }, { 0, 0 }, { 20, 1 }, { 100, 600 } };

	fill(d, 0, 900, 'x');
	unmap(d, RES_GOOD, ranges, 4);
	expect_bytes(d, 0, 5, 'x');
	expect_bytes(d, 5, 3, 0);
	expect_bytes(d, 8, 12, 'x');
	expect_bytes(d, 20, 1, 0);
	expect_bytes(d, 21, 79, 'x');
	expect_bytes(d, 100, 600, 0);
	expect_bytes(d, 700, 200, 'x');
}

static void nothing_is_unmapped_when_one_descriptor_is_bad(void **state)
{
	struct disk *d = *state;
	uint64_t n = d->lu->blocks;
	const uint64_t beyond[][2] = { { 0, 4 }, { n - 1, 2 } };
	const uint64_t far[][2] = { { 0, 4 }, { UINT64_MAX, 1 } };
	const uint64_t at_end[][2] = { { n, 0 } };
	uint64_t many[257][2] = { { 0 } };

	fill(d, 0, 4, 'x');
	unmap(d, RES_LBA_RANGE, beyond, 2);
	unmap(d, RES_LBA_RANGE, far, 2);
	unmap(d, RES_INVALID_FIELD_PARAM, (const uint64_t(*)[2])many, 257);
	expect_bytes(d, 0, 4, 'x');
	unmap(d, RES_GOOD, at_end, 1);
	unmap(d, RES_GOOD, (const uint64_t(*)[2])many, 256);
	unmap(d, RES_GOOD, NULL, 0);
	expect_bytes(d, 0, 4, 'x');
}

static void short_unmap_lists_are_parameter_list_length_errors(void **state)
{
	struct disk *d = *state;
	const uint64_t ranges[][2] = { { 0, 4 }, { 8, 4 } };
	uint8_t buf[40];

	fill(d, 0, 16, 'x');
	unmap_list(buf, ranges, 2);
	for (uint32_t len = 1; len < 40; len++)
		unmap_raw(d, RES_PARAM_LIST_LENGTH, buf, len, len);
	unmap_raw(d, RES_PARAM_LIST_LENGTH, buf, 40, 39); /* announced, not sent */
	unmap_raw(d, RES_PARAM_LIST_LENGTH, buf, 40, 0);
	unmap_raw(d, RES_GOOD, buf, 0, 0);
	expect_bytes(d, 0, 16, 'x');
	put_be16(buf + 2, 0xffff);
	unmap_raw(d, RES_PARAM_LIST_LENGTH, buf, 40, 40);
	put_be16(buf + 2, 31); /* the second is incomplete: ignored */
	unmap_raw(d, RES_GOOD, buf, 40, 40);
	expect_bytes(d, 0, 4, 0);
	expect_bytes(d, 4, 12, 'x');
}

static void unmap_tells_where_it_must_not_exceed_the_limit(void **state)
{
	struct disk *d = disk_new("null", NULL, 512);
	const uint64_t ranges[][2] = { { 0, 0xc0000 }, { 0, 0x40001 } };
	const uint64_t most[][2] = { { 0, 0xc0000 }, { 0, 0x40000 } };

	(void)state;
	disk_set(d, "thin_provisioning", "1");
	unmap(d, RES_INVALID_FIELD_PARAM, ranges, 2);
	unmap(d, RES_GOOD, most, 2);
	disk_free(d);
}

static void full_provisioning_knows_no_unmap(void **state)
{
	struct disk *d = *state;
	const uint64_t ranges[][2] = { { 0, 4 } };
	uint8_t buf[512] = { 0 }, cdb[32];
	struct shot s;

	fill(d, 0, 4, 'x');
	unmap(d, RES_INVALID_OPCODE, ranges, 1);
	cdb16(cdb, 0x93, 0x08, 0, 4);
	assert_int_equal(disk_run(d, &s, cdb, buf, 512, NULL, 0), RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&s), 1 << 8 | 3);
	expect_bytes(d, 0, 4, 'x');
}

static uint32_t lba_status(struct disk *d, uint64_t lba, uint8_t *buf, uint32_t max)
{
	uint8_t cdb[32];
	struct shot s;

	cdb16(cdb, 0x9e, 0x12, lba, max);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, max), RES_GOOD);
	return s.in_len;
}

static void expect_status(const uint8_t *d, uint64_t lba, uint64_t blocks, uint8_t status)
{
	assert_int_equal(get_be64(d), lba);
	assert_int_equal(get_be32(d + 8), blocks);
	assert_int_equal(d[12], status);
}

static void lba_status_tells_holes_from_data(void **state)
{
	struct disk *d = *state;
	uint32_t per = CHUNK / d->lu->block_size;
	uint8_t buf[8 + 16 * 8];

	fill(d, 2 * per, 2 * per, 'x');
	assert_int_equal(lba_status(d, 3, buf, sizeof(buf)), 8 + 3 * 16);
	assert_int_equal(get_be32(buf), 4 + 3 * 16);
	expect_status(buf + 8, 3, 2 * per - 3, 1);
	expect_status(buf + 24, 2 * per, 2 * per, 0);
	expect_status(buf + 40, 4 * per, d->lu->blocks - 4 * per, 1);
	assert_int_equal(lba_status(d, 3 * per, buf, 24), 24);
	assert_int_equal(get_be32(buf), 4 + 2 * 16);
	expect_status(buf + 8, 3 * per, per, 0);
	assert_int_equal(lba_status(d, 0, buf, 0), 0);
	assert_int_equal(lba_status(d, 0, buf, 5), 5);
}

/* A store whose holes are not those of blocks. */
static const struct bs_type *spied;

static void odd_extents(struct bs_req *req)
{
	static const struct bs_extent odd[] = {
		{ 0, 1000, true }, { 1000, 20000, false }, { 21000, 500, true },
		{ 21500, 1000, false }, { 22500, 8 * MiB - 22500, true },
	};

	if (req->op != BS_EXTENTS) {
		spied->submit(req);
		return;
	}
	memcpy(req->extents, odd, sizeof(odd));
	req->n_extents = ARRAY_SIZE(odd);
	bs_complete(req, 0);
}

static void a_block_is_deallocated_only_as_a_whole(void **state)
{
	struct disk *d = *state;
	uint8_t buf[8 + 16 * 8];
	struct bs_type spy;

	spied = d->lu->bs->type;
	spy = *spied;
	spy.submit = odd_extents;
	d->lu->bs->type = &spy;
	assert_int_equal(lba_status(d, 0, buf, sizeof(buf)), 8 + 3 * 16);
	expect_status(buf + 8, 0, 1, 0);
	expect_status(buf + 24, 1, 4, 1);
	expect_status(buf + 40, 5, d->lu->blocks - 5, 0);
	d->lu->bs->type = spied;
}

static void lba_status_is_bounded(void **state)
{
	struct disk *d = disk_new(NULL, "64M", 512);
	uint8_t *buf = malloc(65536);

	(void)state;
	disk_set(d, "thin_provisioning", "1");
	for (uint64_t i = 0; i < 400; i++)
		fill(d, i * 256, 1, 'x');
	assert_int_equal(lba_status(d, 0, buf, 65536), 8 + 128 * 16);
	expect_status(buf + 8 + 127 * 16, 127 * 128, 128, 1);
	free(buf);
	disk_free(d);
}

static void lba_status_of_huge_runs_is_cut_to_32_bits(void **state)
{
	uint8_t buf[8 + 16 * 3];
	struct disk *d;

	(void)state;
	if (sizeof(size_t) < 8)
		skip(); /* no memory is that large */
	d = disk_new("mem", "4T", 512);
	disk_set(d, "thin_provisioning", "1");
	assert_int_equal(lba_status(d, 0, buf, sizeof(buf)), 8 + 2 * 16 + 16);
	expect_status(buf + 8, 0, 0xffffffff, 1);
	expect_status(buf + 24, 0xffffffff, 0xffffffff, 1);
	disk_free(d);
}

static void lba_status_beyond_the_end_is_out_of_range(void **state)
{
	struct disk *d = *state;
	uint8_t buf[24], cdb[32];

	cdb16(cdb, 0x9e, 0x12, d->lu->blocks, 24);
	expect_run(LBA_RANGE, d, cdb, NULL, 0, buf, 24);
	cdb16(cdb, 0x9e, 0x12, UINT64_MAX, 24);
	expect_run(LBA_RANGE, d, cdb, NULL, 0, buf, 24);
	assert_int_equal(lba_status(d, d->lu->blocks - 1, buf, 24), 24);
	expect_status(buf + 8, d->lu->blocks - 1, 1, d->lu->thin ? 1 : 0);
}

static void full_provisioning_is_all_mapped(void **state)
{
	struct disk *d = *state;
	uint8_t buf[24];

	assert_int_equal(lba_status(d, 7, buf, 24), 24);
	expect_status(buf + 8, 7, d->lu->blocks - 7, 0);
}

#define thin(f) cmocka_unit_test_setup_teardown(f, setup_thin, teardown)
#define both_sizes(f) thin(f), cmocka_unit_test_setup_teardown(f, setup_thin_4k, teardown)
#define full(f) cmocka_unit_test_setup_teardown(f, setup_full, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		both_sizes(write_same_repeats_one_block),
		both_sizes(a_count_of_zero_reaches_to_the_end),
		both_sizes(without_data_out_zeroes_are_written),
		thin(anchor_and_the_obsolete_bits_are_refused),
		both_sizes(write_same_needs_its_block),
		both_sizes(unmapped_blocks_read_as_zeroes),
		thin(nothing_is_unmapped_when_one_descriptor_is_bad),
		thin(short_unmap_lists_are_parameter_list_length_errors),
		cmocka_unit_test(unmap_tells_where_it_must_not_exceed_the_limit),
		full(full_provisioning_knows_no_unmap),
		both_sizes(lba_status_tells_holes_from_data),
		cmocka_unit_test_setup_teardown(a_block_is_deallocated_only_as_a_whole, setup_thin_4k,
						teardown),
		cmocka_unit_test(lba_status_is_bounded),
		cmocka_unit_test(lba_status_of_huge_runs_is_cut_to_32_bits),
		thin(lba_status_beyond_the_end_is_out_of_range),
		full(lba_status_beyond_the_end_is_out_of_range),
		full(full_provisioning_is_all_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
