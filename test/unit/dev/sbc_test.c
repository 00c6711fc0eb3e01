/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk as a whole: its tables, capacity, pages, cache, START STOP UNIT, defects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/dev_types.h"
#include "dev_disk.h"
#include "dev_rows.h"
#include "t_alloc.h"
#include "t_loop.h"

static int setup(void **state)
{
	*state = disk_new(NULL, "2M", 512);
	return 0;
}

static int setup_4k(void **state)
{
	*state = disk_new(NULL, "2M", 4096);
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void the_tables_hold_what_the_standard_demands(void **state)
{
	/* SBC-4 table 33, mandatory, and what this disk promises beyond. */
	static const struct dev_mandatory own[] = {
		{ 0x04, OP_NO_SA, "FORMAT UNIT" },	    { 0x28, OP_NO_SA, "READ(10)" },
		{ 0x88, OP_NO_SA, "READ(16)" },		    { 0x25, OP_NO_SA, "READ CAPACITY(10)" },
		{ 0x9e, 0x10, "READ CAPACITY(16)" },	    { 0x35, OP_NO_SA, "SYNCHRONIZE CACHE(10)" },
		{ 0x91, OP_NO_SA, "SYNCHRONIZE CACHE(16)" }, { 0x42, OP_NO_SA, "UNMAP" },
		{ 0x9e, 0x12, "GET LBA STATUS(16)" },	    { 0x89, OP_NO_SA, "COMPARE AND WRITE" },
		{ 0x93, OP_NO_SA, "WRITE SAME(16)" },	    { 0x1b, OP_NO_SA, "START STOP UNIT" },
		{ 0, 0, NULL },
	};

	(void)state;
	dev_rows_check(&dev_disk);
	dev_rows_mandatory(&dev_disk, own);
	dev_pages_check(&dev_disk);
}

static void block_sizes_that_no_disk_has_are_refused(void **state)
{
	struct err err = { .code = ERR_OK };

	(void)state;
	assert_null(disk_try(NULL, "2M", 8192, &err));
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
}

static void capacity10_tells_the_last_block(void **state)
{
	struct disk *d = *state;
	uint8_t data[8], cdb[32] = { 0x25 };
	struct shot s;

	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, data, 8), RES_GOOD);
	assert_int_equal(s.in_len, 8);
	assert_int_equal(get_be32(data), d->lu->blocks - 1);
	assert_int_equal(get_be32(data + 4), d->lu->block_size);
	cdb[8] = 1; /* PMI */
	expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, data, 8);
	cdb[8] = 0;
	cdb[5] = 1;
	expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, data, 8);
	d->lu->blocks = 1ULL << 32;
	cdb[5] = 0;
	expect_run(GOOD, d, cdb, NULL, 0, data, 8);
	assert_int_equal(get_be32(data), 0xffffffff);
	d->lu->blocks = (1ULL << 32) + 1;
	expect_run(GOOD, d, cdb, NULL, 0, data, 8);
	assert_int_equal(get_be32(data), 0xffffffff);
	d->lu->blocks = 0;
	expect_run(NR_NO_MEDIUM, d, cdb, NULL, 0, data, 8);
}

static void capacity16_tells_alignment_and_provisioning(void **state)
{
	struct disk *d = *state;
	uint8_t data[32], cdb[32];
	struct shot s;

	cdb16(cdb, 0x9e, 0x10, 0, 32);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, data, 32), RES_GOOD);
	assert_int_equal(s.in_len, 32);
	assert_int_equal(get_be64(data), d->lu->blocks - 1);
	assert_int_equal(get_be32(data + 8), d->lu->block_size);
	assert_int_equal(data[12], 0);
	assert_int_equal(data[14] & 0xc0, 0);
	disk_set(d, "thin_provisioning", "1");
	d->lu->bs->phys_block = 8 * d->lu->block_size;
	d->lu->la_lba = 0x1234;
	expect_run(GOOD, d, cdb, NULL, 0, data, 32);
	assert_int_equal(data[13], 3);
	assert_int_equal(get_be16(data + 14), 0xd234);
	cdb16(cdb, 0x9e, 0x10, 0, 12);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, data, 32), RES_GOOD);
	assert_int_equal(s.in_len, 12);
	cdb16(cdb, 0x9e, 0x11, 0, 12);
	expect_run(INVALID_FIELD_CDB, d, cdb, NULL, 0, data, 32);
}

static uint32_t vpd(struct disk *d, uint8_t page, uint8_t *buf, uint32_t max)
{
	uint8_t cdb[32] = { 0x12, 1, page, (uint8_t)(max >> 8), (uint8_t)max };
	struct shot s;

	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, max), RES_GOOD);
	assert_int_equal(get_be16(buf + 2) + 4, s.in_len);
	return s.in_len;
}

static void block_limits_are_those_that_are_kept(void **state)
{
	struct disk *d = *state;
	uint8_t p[255];

	assert_int_equal(vpd(d, 0xb0, p, 255), 64);
	assert_int_equal(p[5], 255);
	assert_int_equal(get_be16(p + 6), 1);
	assert_int_equal(get_be32(p + 8), 32 * MiB / d->lu->block_size);
	assert_int_equal(get_be32(p + 20), 0);
	assert_int_equal(get_be64(p + 36), 0);
	disk_set(d, "thin_provisioning", "1");
	d->lu->opt_xfer_len = 77;
	d->lu->bs->cap[BS_ZERO] = BS_CAP_EMULATED;
	vpd(d, 0xb0, p, 255);
	assert_int_equal(get_be32(p + 12), 77);
	assert_int_equal(get_be32(p + 20), 1024 * 1024);
	assert_int_equal(get_be32(p + 24), 256);
	assert_int_equal(get_be32(p + 28), 65536 / d->lu->block_size);
	assert_int_equal(get_be32(p + 32), 0x80000000);
	assert_int_equal(get_be64(p + 36), 4 * GiB / d->lu->block_size);
}

static void characteristics_tell_the_rotation(void **state)
{
	struct disk *d = *state;
	uint8_t p[255];

	assert_int_equal(vpd(d, 0xb1, p, 255), 64);
	assert_int_equal(get_be16(p + 4), 1);
	d->lu->bs->rotational = true;
	vpd(d, 0xb1, p, 255);
	assert_int_equal(get_be16(p + 4), 0);
	disk_set(d, "rotation_rate", "7200");
	vpd(d, 0xb1, p, 255);
	assert_int_equal(get_be16(p + 4), 7200);
}

static void provisioning_depends_on_the_store_and_the_administrator(void **state)
{
	struct disk *d = *state;
	uint8_t p[255];

	assert_int_equal(vpd(d, 0xb2, p, 255), 8);
	assert_int_equal(get_be32(p + 4), 0);
	disk_set(d, "thin_provisioning", "1");
	vpd(d, 0xb2, p, 255);
	assert_int_equal(get_be32(p + 4), 0x00e40200);
	d->lu->bs->unmap_zeroes = false;
	vpd(d, 0xb2, p, 255);
	assert_int_equal(get_be32(p + 4), 0x00e00200);
	d->lu->bs->cap[BS_UNMAP] = BS_CAP_NONE;
	vpd(d, 0xb2, p, 255);
	assert_int_equal(get_be32(p + 4), 0);
}

/* MODE SENSE(6) of @page without block descriptor; @pc: 0 current, 1 changeable, 2 default. */
static void mode_sense(struct disk *d, uint8_t pc, uint8_t page, uint8_t *buf)
{
	uint8_t cdb[32] = { 0x1a, 0x08, (uint8_t)(pc << 6 | page), 0, 255 };

	expect_run(GOOD, d, cdb, NULL, 0, buf, 255);
	assert_int_equal(buf[4] & 0x3f, page);
}

static void write_cache(struct disk *d, bool on)
{
	uint8_t list[24] = { 0, 0, 0, 0, 0x08, 0x12, on ? 0x04 : 0 };
	uint8_t cdb[32] = { 0x15, 0x10, 0, 0, sizeof(list) };

	expect_run(GOOD, d, cdb, list, sizeof(list), NULL, 0);
	disk_clear_ua(d);
}

static void mode_pages_tell_cache_and_protection(void **state)
{
	struct disk *d = *state;
	uint8_t buf[255];

	mode_sense(d, 0, 0x08, buf);
	assert_int_equal(buf[2], 0x10); /* DPOFUA */
	assert_int_equal(buf[6], 0x04); /* WCE */
	mode_sense(d, 1, 0x08, buf);
	assert_int_equal(buf[6], 0x04);
	write_cache(d, false);
	mode_sense(d, 0, 0x08, buf);
	assert_int_equal(buf[6], 0x00);
	mode_sense(d, 2, 0x08, buf);
	assert_int_equal(buf[6], 0x04);
	mode_sense(d, 0, 0x01, buf);
	assert_int_equal(buf[6], 0xc0);
	d->lu->readonly = true;
	mode_sense(d, 0, 0x08, buf);
	assert_int_equal(buf[2], 0x90);
	lu_reset(d->lu, 0);
	disk_clear_ua(d);
	mode_sense(d, 0, 0x08, buf);
	assert_int_equal(buf[6], 0x04);
}

static void start_stop(struct disk *d, enum scsi_result want, uint8_t byte1, uint8_t byte4)
{
	uint8_t cdb[32] = { 0x1b, byte1, 0, 0, byte4 };
	struct shot s;

	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, NULL, 0), want);
}

static void test_unit_ready(struct disk *d, enum scsi_result want)
{
	uint8_t cdb[32] = { 0 };
	struct shot s;

	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, NULL, 0), want);
}

static void a_fixed_disk_stops_and_starts(void **state)
{
	struct disk *d = *state;
	uint8_t block[4096], cdb[32];

	start_stop(d, RES_GOOD, 1, 0);
	test_unit_ready(d, RES_NR_INIT_REQUIRED);
	cdb10(cdb, 0x28, 0, 0, 1);
	expect_run(NR_INIT_REQUIRED, d, cdb, NULL, 0, block, d->lu->block_size);
	start_stop(d, RES_GOOD, 0, 1);
	test_unit_ready(d, RES_GOOD);
	for (uint8_t pc = 1; pc < 16; pc++)
		start_stop(d, RES_GOOD, 0, (uint8_t)(pc << 4 | 2));
	test_unit_ready(d, RES_GOOD);
	start_stop(d, RES_INVALID_FIELD_CDB, 0, 2);
	start_stop(d, RES_INVALID_FIELD_CDB, 0, 3);
	test_unit_ready(d, RES_GOOD);
}

static void a_removable_disk_ejects_and_loads(void **state)
{
	struct disk *d = *state;

	d->lu->removable = true;
	start_stop(d, RES_GOOD, 0, 0);
	test_unit_ready(d, RES_GOOD);
	d->lu->n_prevent = 1;
	start_stop(d, RES_REMOVAL_PREVENTED, 0, 2);
	d->lu->n_prevent = 0;
	start_stop(d, RES_GOOD, 1, 2);
	test_unit_ready(d, RES_NR_NO_MEDIUM);
	start_stop(d, RES_GOOD, 0, 3);
	test_unit_ready(d, RES_GOOD);
	assert_true(nexus_itl(d->b, 1)->ua);
	disk_clear_ua(d);
	start_stop(d, RES_GOOD, 0, 3); /* loaded already: no change to tell */
	assert_false(nexus_itl(d->b, 1)->ua);
}

static void another_initiators_reservation_keeps_a_disk_from_stopping(void **state)
{
	struct disk *d = *state;

	d->lu->resv.holder = d->b;
	start_stop(d, RES_GOOD, 0, 1);
	start_stop(d, RES_RESERVATION_CONFLICT, 0, 0);
	start_stop(d, RES_RESERVATION_CONFLICT, 0, 0x11);
	d->lu->resv.holder = d->a;
	start_stop(d, RES_GOOD, 0, 0);
	d->lu->resv.holder = NULL;
}

static void read_capacity_sees_at_once_that_a_file_has_grown(void **state)
{
	char path[] = "/tmp/tgt-grow-XXXXXX";
	int fd = mkstemp(path);
	struct shot s;
	uint8_t cdb[32], data[8];
	struct disk *d;

	(void)state;
	assert_true(fd >= 0 && !ftruncate(fd, 64 * 512));
	d = disk_new("rdwr", path, 512);
	disk_clear_ua(d);
	cdb10(cdb, 0x25, 0, 0, 0);
	for (uint32_t blocks = 64; blocks < 67; blocks++) {
		assert_int_equal(ftruncate(fd, blocks * 512), 0);
		assert_int_equal(disk_run(d, &s, cdb, NULL, 0, data, sizeof(data)), RES_GOOD);
		assert_int_equal(get_be32(data), blocks - 1);
		disk_clear_ua(d);
	}
	disk_free(d);
	close(fd);
	unlink(path);
}

static void without_a_path_there_is_a_drive_without_a_medium(void **state)
{
	struct disk *d = disk_new("rdwr", NULL, 512);
	uint8_t block[512], cdb[32];

	(void)state;
	assert_true(d->lu->removable);
	test_unit_ready(d, RES_NR_NO_MEDIUM);
	cdb10(cdb, 0x28, 0, 0, 1);
	expect_run(NR_NO_MEDIUM, d, cdb, NULL, 0, block, 512);
	start_stop(d, RES_NR_NO_MEDIUM, 0, 3);
	start_stop(d, RES_GOOD, 0, 2);
	assert_int_equal(vpd(d, 0xb0, block, 255), 64);
	vpd(d, 0xb2, block, 255);
	disk_free(d);
}

static void defect_lists_are_empty(void **state)
{
	struct disk *d = *state;
	uint8_t buf[16], cdb[32];
	struct shot s;

	cdb10(cdb, 0x37, 0, 0, 16);
	cdb[2] = 0x1d;
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, 16), RES_GOOD);
	assert_int_equal(s.in_len, 4);
	assert_int_equal(get_be32(buf), 0x001d0000);
	cdb12(cdb, 0xb7, 0x08, 0, 16);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, 16), RES_GOOD);
	assert_int_equal(s.in_len, 8);
	assert_int_equal(get_be64(buf), 0x0008000000000000);
}

/* What a command needs beyond its data buffers comes from pools. */
static void reads_and_writes_allocate_nothing_but_their_data(void **state)
{
	struct disk *d = *state;
	uint8_t *buf = calloc(8, d->lu->block_size);
	unsigned long before;

	disk_write(d, 0, 8, buf);
	disk_read(d, 0, 8, buf);
	before = t_alloc_count();
	disk_write(d, 0, 8, buf);
	disk_read(d, 0, 8, buf);
	assert_int_equal(t_alloc_count() - before, 4); /* the test transport: iovec and bytes */
	free(buf);
}

static void out_of_memory_body(void *arg)
{
	struct disk *d = arg;
	uint8_t buf[4096] = { 0 }, cdb[32];
	struct shot s;

	d->lu->bs->volatile_cache = true;
	buf_trim(&d->core.bufs);
	cdb16(cdb, 0x89, 0, 0, 1);
	disk_run(d, &s, cdb, buf, 1024, NULL, 0);
	buf_trim(&d->core.bufs);
	cdb10(cdb, 0x35, 2, 0, 0);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, NULL, 0), RES_GOOD);
	t_loop_turns(d->core.loop, 3);
	cdb16(cdb, 0x9e, 0x12, 0, 24);
	disk_run(d, &s, cdb, NULL, 0, buf, 24);
	cdb10(cdb, 0x2f, 0, 0, 1);
	disk_run(d, &s, cdb, NULL, 0, NULL, 0);
}

static void every_allocation_may_fail(void **state)
{
	struct disk *d = *state;

	assert_true(t_alloc_each(out_of_memory_body, d) > 4);
}

#define disk_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define both_sizes(f) disk_test(f), cmocka_unit_test_setup_teardown(f, setup_4k, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_hold_what_the_standard_demands),
		cmocka_unit_test(block_sizes_that_no_disk_has_are_refused),
		both_sizes(capacity10_tells_the_last_block),
		both_sizes(capacity16_tells_alignment_and_provisioning),
		both_sizes(block_limits_are_those_that_are_kept),
		disk_test(characteristics_tell_the_rotation),
		disk_test(provisioning_depends_on_the_store_and_the_administrator),
		disk_test(mode_pages_tell_cache_and_protection),
		both_sizes(a_fixed_disk_stops_and_starts),
		disk_test(a_removable_disk_ejects_and_loads),
		disk_test(another_initiators_reservation_keeps_a_disk_from_stopping),
		cmocka_unit_test(read_capacity_sees_at_once_that_a_file_has_grown),
		cmocka_unit_test(without_a_path_there_is_a_drive_without_a_medium),
		disk_test(defect_lists_are_empty),
		both_sizes(reads_and_writes_allocate_nothing_but_their_data),
		disk_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
