/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What errors of stores look like to initiators, command by command; aborts of commands
 * in the store; the flags that requests carry.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev_disk.h"
#include "t_loop.h"

#define BS 512u

static void every_errno_has_its_sense(void **state)
{
	static const struct {
		int error;
		enum scsi_result read, write;
	} cases[] = {
		{ EIO, RES_ME_READ, RES_ME_WRITE },
		{ EBADMSG, RES_ME_READ, RES_ME_WRITE },
		{ EILSEQ, RES_ME_READ, RES_ME_WRITE },
		{ ENODATA, RES_ME_READ, RES_ME_WRITE },
		{ ENOSPC, RES_SPACE_ALLOC_FAILED, RES_SPACE_ALLOC_FAILED },
		{ EDQUOT, RES_SPACE_ALLOC_FAILED, RES_SPACE_ALLOC_FAILED },
		{ EROFS, RES_WRITE_PROTECTED, RES_WRITE_PROTECTED },
		{ ENOMEDIUM, RES_NR_NO_MEDIUM, RES_NR_NO_MEDIUM },
		{ ENODEV, RES_HW_COMM, RES_HW_COMM },
		{ ENOTCONN, RES_HW_COMM, RES_HW_COMM },
		{ ETIMEDOUT, RES_HW_COMM, RES_HW_COMM },
		{ ENOMEM, RES_BUSY, RES_BUSY },
		{ EOPNOTSUPP, RES_INVALID_OPCODE, RES_INVALID_OPCODE },
		{ EINVAL, RES_HW_INTERNAL, RES_HW_INTERNAL },
		{ EDOM, RES_HW_INTERNAL, RES_HW_INTERNAL },
	};
	uint8_t buf[BS] = { 0 }, cdb[32];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[64];
		struct disk *d;
		struct shot s;

		snprintf(path, sizeof(path), "fault:errno=%d:2M", cases[i].error);
		d = disk_new(NULL, path, BS);
		cdb10(cdb, 0x28, 0, 77, 1);
		assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, BS), cases[i].read);
		assert_int_equal(s.in_len, 0);
		if (cases[i].read == RES_ME_READ)
			assert_int_equal(shot_info(&s), 77);
		cdb10(cdb, 0x2a, 0, 78, 1);
		assert_int_equal(disk_run(d, &s, cdb, buf, BS, NULL, 0), cases[i].write);
		if (cases[i].write == RES_ME_WRITE)
			assert_int_equal(shot_info(&s), 78);
		disk_free(d);
	}
}

/* One command of each kind, with data where it takes some. */
static const struct {
	const char *name;
	uint8_t op, flags;
	uint32_t len, out, in;
	enum scsi_result on[BS_OPS]; /* with EIO in that operation; 0: it is not used */
} commands[] = {
	{ "READ(6)", 0x08, 0, 4, 0, 4 * BS, { [BS_READ] = RES_ME_READ } },
	{ "READ(10)", 0x28, 0, 4, 0, 4 * BS, { [BS_READ] = RES_ME_READ } },
	{ "READ(10) FUA", 0x28, 8, 4, 0, 4 * BS,
	  { [BS_READ] = RES_ME_READ, [BS_FLUSH] = RES_ME_WRITE } },
	{ "WRITE(16)", 0x8a, 0, 4, 4 * BS, 0, { [BS_WRITE] = RES_ME_WRITE } },
	{ "VERIFY(10)", 0x2f, 0, 4, 0, 0, { [BS_READ] = RES_ME_READ } },
	{ "VERIFY(16)", 0x8f, 2, 4, 4 * BS, 0, { [BS_READ] = RES_ME_READ } },
	{ "WRITE AND VERIFY(10)", 0x2e, 2, 4, 4 * BS, 0,
	  { [BS_READ] = RES_ME_READ, [BS_WRITE] = RES_ME_WRITE } },
	{ "ORWRITE(16)", 0x8b, 0, 4, 4 * BS, 0,
	  { [BS_READ] = RES_ME_READ, [BS_WRITE] = RES_ME_WRITE } },
	{ "WRITE SAME(10) zeroes", 0x41, 0, 4, BS, 0, { [BS_ZERO] = RES_ME_WRITE } },
	{ "WRITE SAME(16) NDOB", 0x93, 9, 4, 0, 0, { [BS_ZERO] = RES_ME_WRITE } },
	{ "SYNCHRONIZE CACHE(10)", 0x35, 0, 4, 0, 0, { [BS_FLUSH] = RES_ME_WRITE } },
	{ "PRE-FETCH(10)", 0x34, 0, 4, 0, 0, { [BS_PREFETCH] = RES_ME_READ } },
	{ "GET LBA STATUS(16)", 0x9e, 0x12, 64, 0, 64, { [BS_EXTENTS] = RES_ME_READ } },
	/* The last, as it closes the medium. */
	{ "FORMAT UNIT", 0x04, 0, 0, 0, 0,
	  { [BS_UNMAP] = RES_ME_FORMAT_FAILED, [BS_FLUSH] = RES_ME_FORMAT_FAILED } },
};

static void every_command_tells_of_every_failing_operation(void **state)
{
	static const char *const ops[BS_OPS] = { "read", "write",   "flush",   "unmap",
						 "zero", "extents", "prefetch", "copy", "pass", "compare" };
	static uint8_t out[4 * BS], in[4 * BS];
	uint8_t cdb[32];

	(void)state;
	for (int op = 0; op < BS_OPS; op++) {
		char path[64];
		struct disk *d;
		struct shot s;

		snprintf(path, sizeof(path), "fault:op=%s:2M", ops[op]);
		d = disk_new(NULL, path, BS);
		disk_set(d, "thin_provisioning", "1");
		d->lu->bs->volatile_cache = true;
		for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
			enum scsi_result r, want = commands[i].on[op];

			cdb_any(cdb, commands[i].op, commands[i].flags, 0, commands[i].len);
			r = disk_run(d, &s, cdb, out, commands[i].out, in, commands[i].in);
			if (r == RES_CONDITION_MET)
				r = RES_GOOD;
			if (r != want)
				fail_msg("%s with failing %s ends as %s", commands[i].name, ops[op],
					 scsi_result_info(r)->name);
			assert_int_equal(d->core.bufs.used, 0);
		}
		disk_free(d);
	}
}

static void caw_that_fails_in_either_half_has_its_sense_and_its_range_is_free(void **state)
{
	static const struct {
		const char *path;
		enum scsi_result want;
	} cases[] = {
		{ "fault:op=read,count=1:2M", RES_ME_READ },
		{ "fault:op=write,count=1:2M", RES_ME_WRITE },
		{ "fault:op=write,errno=ENOSPC,count=1:2M", RES_SPACE_ALLOC_FAILED },
	};
	uint8_t data[2 * BS] = { 0 }, cdb[32];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct disk *d = disk_new(NULL, cases[i].path, BS);
		struct shot s;

		cdb16(cdb, 0x89, 0, 5, 1);
		assert_int_equal(disk_run(d, &s, cdb, data, sizeof(data), NULL, 0), cases[i].want);
		assert_int_equal(disk_run(d, &s, cdb, data, sizeof(data), NULL, 0), RES_GOOD);
		assert_true(list_empty(&d->lu->ranges));
		disk_free(d);
	}
}

static void unmap_and_pattern_writes_fail_with_their_block(void **state)
{
	struct disk *d = disk_new(NULL, "fault:op=unmap+op=write,offset=1M,len=512:2M", BS);
	uint8_t list[24] = { 0, 22, 0, 16 }, cdb[32];
	uint8_t block[BS];
	struct shot s;

	(void)state;
	disk_set(d, "thin_provisioning", "1");
	put_be64(list + 8, 9);
	put_be32(list + 16, 2);
	cdb10(cdb, 0x42, 0, 0, 24);
	assert_int_equal(disk_run(d, &s, cdb, list, 24, NULL, 0), RES_ME_WRITE);
	assert_int_equal(shot_info(&s), 9);
	memset(block, 1, BS);
	cdb16(cdb, 0x93, 0, 0, 4096);
	assert_int_equal(disk_run(d, &s, cdb, block, BS, NULL, 0), RES_ME_WRITE);
	assert_int_equal(shot_info(&s), 2048); /* the piece that holds it */
	disk_free(d);
}

static void what_a_store_cannot_do_after_all_is_done_otherwise_or_left(void **state)
{
	struct disk *d = disk_new(NULL, "fault:errno=EOPNOTSUPP,op=zero+errno=EOPNOTSUPP,op=unmap+"
					"errno=EOPNOTSUPP,op=extents+errno=EOPNOTSUPP,op=flush+"
					"errno=EOPNOTSUPP,op=prefetch:2M", BS);
	uint8_t block[4 * BS], in[24], cdb[32];

	(void)state;
	disk_set(d, "thin_provisioning", "1");
	d->lu->bs->volatile_cache = true;
	memset(block, 'x', sizeof(block));
	disk_write(d, 0, 4, block);
	cdb16(cdb, 0x93, 0x09, 1, 2);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	disk_read(d, 0, 4, block);
	assert_int_equal(block[BS - 1], 'x');
	assert_int_equal(block[BS], 0);
	assert_int_equal(block[3 * BS - 1], 0);
	assert_int_equal(block[3 * BS], 'x');
	memset(cdb, 0, sizeof(cdb));
	cdb[0] = 0x04;
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	cdb10(cdb, 0x35, 0, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	cdb10(cdb, 0x34, 0, 0, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	cdb10(cdb, 0x28, 8, 0, 4);
	expect_run(GOOD, d, cdb, NULL, 0, block, 4 * BS);
	cdb16(cdb, 0x9e, 0x12, 0, 24);
	expect_run(GOOD, d, cdb, NULL, 0, in, 24);
	assert_int_equal(in[20], 0);
	disk_free(d);
}

static void a_store_that_has_shrunk_is_out_of_range(void **state)
{
	struct disk *d = disk_new(NULL, "2M", BS);
	uint8_t buf[BS], cdb[32];

	(void)state;
	d->lu->blocks += 8;
	cdb10(cdb, 0x28, 0, d->lu->blocks - 1, 1);
	expect_run(LBA_RANGE, d, cdb, NULL, 0, buf, BS);
	disk_free(d);
}

/* An abort waits for the request that runs, not for the whole command. */
static void an_aborted_long_command_ends_after_its_piece(void **state)
{
	static const struct {
		uint8_t op, flags;
		uint32_t out;
	} cases[] = { { 0x8f, 0, 0 }, { 0x8f, 6, BS }, { 0x93, 0, BS } };
	struct disk *d = disk_new(NULL, "delay:read=10ms,write=10ms:64M", BS);
	uint8_t block[BS];

	(void)state;
	memset(block, 0, BS);
	loop_clock_advance(d->core.loop, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct shot s = { .out = block, .out_len = cases[i].out };
		unsigned int pieces = 0;

		block[0] = cases[i].op == 0x93;
		cdb16(s.cdb, cases[i].op, cases[i].flags, 0, 131072);
		shot_start(d, &s, d->a);
		for (int n = 0; n < 2; n++) {
			loop_clock_advance(d->core.loop, 10 * NSEC_PER_MSEC);
			t_loop_turns(d->core.loop, 3);
		}
		assert_false(s.ended);
		s.cmd.aborted = true; /* as a task management function does */
		for (; !s.ended && pieces < 10; pieces++) {
			loop_clock_advance(d->core.loop, 10 * NSEC_PER_MSEC);
			t_loop_turns(d->core.loop, 3);
		}
		assert_true(s.ended && s.aborted);
		assert_int_equal(pieces, 1);
		assert_int_equal(d->core.bufs.used, 0);
	}
	disk_free(d);
}

/* A store that writes down the flags of the last request of each operation. */
static uint32_t seen_flags[BS_OPS];
static const struct bs_type *spied;
static struct bs_type spy;

static void spy_submit(struct bs_req *req)
{
	seen_flags[req->op] = req->flags;
	spied->submit(req);
}

static void spy_begin(struct disk *d)
{
	spied = d->lu->bs->type;
	spy = *spied;
	spy.submit = spy_submit;
	d->lu->bs->type = &spy;
}

static void mode_wce(struct disk *d, bool on)
{
	uint8_t list[24] = { 0, 0, 0, 0, 0x08, 0x12, on ? 0x04 : 0 };
	uint8_t cdb[32] = { 0x15, 0x10, 0, 0, sizeof(list) };

	expect_run(GOOD, d, cdb, list, sizeof(list), NULL, 0);
	disk_clear_ua(d);
}

static uint32_t flags_of(struct disk *d, uint8_t op, uint8_t flags, uint32_t out, enum bs_op bs_op)
{
	static uint8_t data[2 * BS], in[BS];
	uint8_t cdb[32];
	struct shot s;

	seen_flags[bs_op] = UINT32_MAX;
	cdb_any(cdb, op, flags, 0, 1);
	memset(data, 0, sizeof(data));
	disk_run(d, &s, cdb, data, out, in, out ? 0 : BS);
	return seen_flags[bs_op];
}

static void fua_dpo_and_wce_reach_the_store(void **state)
{
	struct disk *d = disk_new(NULL, "2M", BS);

	(void)state;
	disk_set(d, "thin_provisioning", "1");
	spy_begin(d);
	assert_int_equal(flags_of(d, 0x0a, 0, BS, BS_WRITE), 0);
	assert_int_equal(flags_of(d, 0x2a, 0, BS, BS_WRITE), 0);
	assert_int_equal(flags_of(d, 0x2a, 0x08, BS, BS_WRITE), BS_REQ_FUA);
	assert_int_equal(flags_of(d, 0x8a, 0x02, BS, BS_WRITE), BS_REQ_FUA);
	assert_int_equal(flags_of(d, 0xaa, 0x18, BS, BS_WRITE), BS_REQ_FUA | BS_REQ_DPO);
	assert_int_equal(flags_of(d, 0x28, 0x10, 0, BS_READ), BS_REQ_DPO);
	assert_int_equal(flags_of(d, 0x2e, 0, BS, BS_WRITE), BS_REQ_FUA);
	assert_int_equal(flags_of(d, 0x89, 0x08, 2 * BS, BS_COMPARE), BS_REQ_FUA);
	assert_int_equal(flags_of(d, 0x93, 0x08, BS, BS_ZERO), BS_REQ_MAY_UNMAP);
	assert_int_equal(flags_of(d, 0x93, 0x00, BS, BS_ZERO), 0);
	mode_wce(d, false);
	assert_int_equal(flags_of(d, 0x0a, 0, BS, BS_WRITE), BS_REQ_FUA);
	assert_int_equal(flags_of(d, 0x2a, 0, BS, BS_WRITE), BS_REQ_FUA);
	assert_int_equal(flags_of(d, 0x89, 0, 2 * BS, BS_COMPARE), BS_REQ_FUA);
	assert_int_equal(flags_of(d, 0x93, 0x08, BS, BS_ZERO), BS_REQ_FUA | BS_REQ_MAY_UNMAP);
	mode_wce(d, true);
	assert_int_equal(flags_of(d, 0x2a, 0, BS, BS_WRITE), 0);
	d->lu->bs->type = spied;
	disk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_errno_has_its_sense),
		cmocka_unit_test(every_command_tells_of_every_failing_operation),
		cmocka_unit_test(caw_that_fails_in_either_half_has_its_sense_and_its_range_is_free),
		cmocka_unit_test(unmap_and_pattern_writes_fail_with_their_block),
		cmocka_unit_test(what_a_store_cannot_do_after_all_is_done_otherwise_or_left),
		cmocka_unit_test(a_store_that_has_shrunk_is_out_of_range),
		cmocka_unit_test(an_aborted_long_command_ends_after_its_piece),
		cmocka_unit_test(fua_dpo_and_wce_reach_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
