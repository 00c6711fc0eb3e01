/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared commands with random fields, random parameter lists and buffers in pieces, to be run with
 * sanitizers: every one ends, with data within what was asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "dev_disk.h"
#include "scsi/lun.h"

#define ROUNDS 300
#define DATA_MAX 70000

static const struct opcode_rows rows[] = { SPC_ROWS, SPC_ROWS_DEVICE, OPCODE_ROWS_END };
static uint8_t out[DATA_MAX], in[DATA_MAX];
static uint32_t seed;

/* The same numbers in each run. */
static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed ^ seed >> 15) * below >> 32);
}

static int setup(void **state)
{
	seed = 1;
	*state = disk_new(NULL, "1M", 512);
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

/* Lengths are mostly small, so that truncated lists and answers are frequent. */
static void random_cdb(uint8_t *cdb, const struct opcode *row)
{
	unsigned int len_end = row->len.byte + row->len.bytes;

	memset(cdb, 0, 32);
	for (unsigned int i = 0; i < row->cdb_len; i++)
		cdb[i] = (uint8_t)(rnd(3) ? row->usage[i] & rnd(256) : 0);
	cdb[0] = row->op;
	if (row->sa != OP_NO_SA)
		cdb[1] = (uint8_t)row->sa;
	for (unsigned int i = row->len.byte; i + 1 < len_end; i++)
		cdb[i] = 0;
}

/* Mode parameter lists that are nearly right get further than noise. */
static void random_list(void)
{
	for (unsigned int i = 0; i < 300; i++)
		out[i] = (uint8_t)(rnd(4) ? 0 : rnd(256));
	if (rnd(2)) {
		out[rnd(2) ? 4 : 8] = rnd(2) ? 0x0a : 0x4a;
		out[rnd(2) ? 5 : 9] = rnd(2) ? 0x0a : 0x01;
	}
}

static void shoot(struct disk *d, const struct opcode *row)
{
	uint32_t in_max = rnd(2) ? DATA_MAX : rnd(40);
	uint8_t cdb[32];
	struct shot s;

	random_cdb(cdb, row);
	random_list();
	d->scatter = rnd(2) ? 0 : 1 + rnd(30);
	memset(in, 0xee, sizeof(in));
	disk_run(d, &s, cdb, out, rnd(2) ? DATA_MAX : rnd(40), in, in_max);
	assert_true(s.in_len <= in_max);
	if (s.in_len < sizeof(in))
		assert_int_equal(in[s.in_len], 0xee);
}

static void shoot_all(struct disk *d)
{
	for (const struct opcode_rows *r = rows; r->rows; r++) {
		for (size_t i = 0; i < r->count; i++) {
			for (int n = 0; n < ROUNDS; n++)
				shoot(d, &r->rows[i]);
		}
	}
}

static void commands_on_a_disk_end_whatever_their_fields(void **state)
{
	shoot_all(*state);
}

static void commands_on_other_units_end_whatever_their_fields(void **state)
{
	static const uint64_t luns[] = { 0, LUN_WLUN_REPORT_LUNS, 99 };
	struct disk *d = *state;

	for (size_t i = 0; i < ARRAY_SIZE(luns); i++) {
		d->lun = luns[i];
		shoot_all(d);
	}
}

#define with_disk(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_disk(commands_on_a_disk_end_whatever_their_fields),
		with_disk(commands_on_other_units_end_whatever_their_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
