/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WRITE ATOMIC(16): limits, and what others see of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/sbc.h"
#include "dev_disk.h"

#define LEN (4 * 512)

static int setup(void **state)
{
	*state = disk_new(NULL, "40M", 512);
	return 0;
}

/* A write takes a second, as long as the clock isn't moved for ever. */
static int setup_slow(void **state)
{
	*state = disk_new("mem", "delay:write=1s:2M", 512);
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void cdb_atomic(uint8_t *cdb, uint8_t flags, uint64_t lba, uint16_t blocks)
{
	memset(cdb, 0, 32);
	cdb[0] = 0x9c;
	cdb[1] = flags;
	put_be64(cdb + 2, lba);
	put_be16(cdb + 12, blocks);
}

static void what_is_written_is_read(void **state)
{
	uint8_t cdb[32], out[LEN], in[LEN];

	for (unsigned int flags = 0; flags < 0x20; flags += 8) {
		memset(out, 0x11 + (int)flags, sizeof(out));
		cdb_atomic(cdb, (uint8_t)flags, 7, 4);
		expect_run(GOOD, *state, cdb, out, LEN, NULL, 0);
		disk_read(*state, 7, 4, in);
		assert_memory_equal(in, out, LEN);
	}
}

static void the_limits_are_those_of_vpd_b0(void **state)
{
	struct disk *d = *state;
	uint8_t vpd[64], inquiry[32] = { 0x12, 1, 0xb0, 0, 64 }, cdb[32];
	uint8_t *out = calloc(1, 33 * MiB);

	d->lu->bs->atomic_max = 16 * 512;
	expect_run(GOOD, d, inquiry, NULL, 0, vpd, sizeof(vpd));
	assert_int_equal(get_be32(vpd + 44), 16);
	for (unsigned int i = 48; i < 64; i += 4) /* alignment, granularity, boundary */
		assert_int_equal(get_be32(vpd + i), 0);
	cdb_atomic(cdb, 0, 1, 16);
	expect_run(GOOD, d, cdb, out, 16 * 512, NULL, 0);
	cdb_atomic(cdb, 0, 1, 17);
	expect_run(INVALID_FIELD_CDB, d, cdb, out, 17 * 512, NULL, 0);
	d->lu->bs->atomic_max = UINT32_MAX;
	expect_run(GOOD, d, inquiry, NULL, 0, vpd, sizeof(vpd));
	assert_int_equal(get_be32(vpd + 44), get_be32(vpd + 8)); /* MAXIMUM TRANSFER LENGTH */
	free(out);
}

static void a_store_without_atomic_writes_has_no_such_command(void **state)
{
	struct disk *d = *state;
	uint8_t vpd[64], inquiry[32] = { 0x12, 1, 0xb0, 0, 64 }, cdb[32], out[512] = { 0 };

	d->lu->bs->atomic_max = 0;
	cdb_atomic(cdb, 0, 0, 1);
	expect_run(INVALID_OPCODE, d, cdb, out, 512, NULL, 0);
	expect_run(GOOD, d, inquiry, NULL, 0, vpd, sizeof(vpd));
	assert_int_equal(get_be32(vpd + 44), 0);
}

static void boundaries_protection_and_the_end_of_the_medium_are_refused(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], out[512] = { 0 };

	cdb_atomic(cdb, 0, 0, 1);
	cdb[11] = 1;
	expect_run(INVALID_FIELD_CDB, d, cdb, out, 512, NULL, 0);
	cdb_atomic(cdb, 0x20, 0, 1);
	expect_run(INVALID_FIELD_CDB, d, cdb, out, 512, NULL, 0);
	cdb_atomic(cdb, 0, d->lu->blocks, 1);
	expect_run(LBA_RANGE, d, cdb, out, 512, NULL, 0);
	cdb_atomic(cdb, 0, d->lu->blocks, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	cdb_atomic(cdb, 0, d->lu->blocks + 1, 0);
	expect_run(LBA_RANGE, d, cdb, NULL, 0, NULL, 0);
	d->lu->readonly = true;
	cdb_atomic(cdb, 0, 0, 1);
	expect_run(WRITE_PROTECTED, d, cdb, out, 512, NULL, 0);
}

static void data_that_is_not_all_there_is_not_written(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], out[LEN], in[LEN], before[LEN];
	struct shot s;

	memset(before, 0x22, LEN);
	disk_write(d, 0, 4, before);
	memset(out, 0x33, LEN);
	cdb_atomic(cdb, 0, 0, 4);
	assert_int_equal(disk_run(d, &s, cdb, out, 512, NULL, 0), RES_INVALID_CIU);
	disk_read(d, 0, 4, in);
	assert_memory_equal(in, before, LEN);
}

static struct shot *begin(struct disk *d, const uint8_t *cdb, const uint8_t *out, uint32_t out_len,
			  uint8_t *in, uint32_t in_max)
{
	struct shot *s = calloc(1, sizeof(*s));

	memcpy(s->cdb, cdb, 32);
	s->out = out;
	s->out_len = out_len;
	s->in = in;
	s->in_max = in_max;
	shot_start(d, s, d->a);
	return s;
}

static void reads_wait_where_they_could_see_a_part(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32], out[LEN], in[LEN], other[512];
	struct shot *w, *r, *beside;

	assert_true(d->lu->bs->atomic_tears); /* a filter is of several steps */
	memset(out, 0x44, LEN);
	cdb_atomic(cdb, 0, 4, 4);
	w = begin(d, cdb, out, LEN, NULL, 0);
	cdb16(cdb, 0x88, 0, 4, 4);
	r = begin(d, cdb, NULL, 0, in, LEN);
	cdb16(cdb, 0x88, 0, 8, 1);
	beside = begin(d, cdb, NULL, 0, other, 512);
	shot_wait(beside);
	assert_false(w->ended);
	assert_false(r->ended);
	shot_wait(w);
	shot_wait(r);
	assert_memory_equal(in, out, LEN);
	free(w);
	free(r);
	free(beside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(the_limits_are_those_of_vpd_b0, setup, teardown),
		cmocka_unit_test_setup_teardown(a_store_without_atomic_writes_has_no_such_command,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
		    boundaries_protection_and_the_end_of_the_medium_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(data_that_is_not_all_there_is_not_written, setup,
						teardown),
		cmocka_unit_test_setup_teardown(reads_wait_where_they_could_see_a_part, setup_slow,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
