/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stores without a file: null and mem.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bs_box.h"
#include "bs_model.h"
#include "t_loop.h"

static void null_reads_zeroes_and_keeps_nothing(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "null", NULL, NULL);
	struct bs_extent ext[2];
	uint8_t buf[1024], zero[1024] = { 0 };

	assert_int_equal(bs->size, 1024 * GiB);
	memset(buf, 0x5a, sizeof(buf));
	assert_int_equal(box_write(box, bs, 0, buf, sizeof(buf)), 0);
	assert_int_equal(box_read(box, bs, 0, buf, sizeof(buf)), 0);
	assert_memory_equal(buf, zero, sizeof(buf));
	assert_int_equal(box_extents(box, bs, 512, 4096, ext, 2), 1);
	assert_int_equal(ext[0].offset, 512);
	assert_int_equal(ext[0].len, 4096);
	assert_false(ext[0].mapped);
	assert_int_equal(box_extents(box, bs, 512, 4096, ext, 0), 0);
	for (int op = 0; op < BS_PASS; op++)
		assert_int_equal(bs->cap[op], BS_CAP_NATIVE);
	assert_int_equal(box_io(box, bs, BS_UNMAP, 0, 0, NULL, GiB), 0);
	assert_int_equal(box_io(box, bs, BS_PREFETCH, 0, 0, NULL, GiB), 0);
	box_close(box, bs);
}

static void a_bad_size_is_refused(void **state)
{
	struct bs_conf null_conf = { .type = "null", .opts = "size=big" };
	struct bs_conf mem_conf = { .type = "mem", .path = "some" };
	struct bs_conf huge_conf = { .type = "mem", .path = "7E" };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(*state, &null_conf, &err));
	assert_non_null(strstr(err.text, "size=big"));
	err.code = ERR_OK;
	assert_null(box_open_conf(*state, &mem_conf, &err));
	assert_non_null(strstr(err.text, "size"));
	err.code = ERR_OK;
	assert_null(box_open_conf(*state, &huge_conf, &err));
	assert_int_equal(err.code, ERR_NOMEM);
}

static void mem_keeps_what_was_written_at_any_alignment(void **state)
{
	static const struct {
		uint64_t offset, len;
	} cases[] = { { 0, 1 }, { 511, 2 }, { 65535, 2 }, { 65536, 65536 }, { 100, 200000 },
		      { MiB - 1, 1 }, { 0, MiB } };
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "1M", NULL);
	uint8_t *want = calloc(1, MiB), *got = malloc(MiB);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		box_fill(want + cases[i].offset, cases[i].len, cases[i].offset, i);
		assert_int_equal(box_write(box, bs, cases[i].offset, want + cases[i].offset,
					   cases[i].len), 0);
		assert_int_equal(box_read(box, bs, 0, got, MiB), 0);
		assert_memory_equal(got, want, MiB);
	}
	free(want);
	free(got);
	box_close(box, bs);
}

static void mem_scatters_and_gathers(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", NULL, "size=256K");
	uint8_t *a = malloc(100000), *b = malloc(100000);
	struct iovec out[3] = { { a, 1 }, { a + 1, 69999 }, { a + 70000, 30000 } };
	struct iovec in[2] = { { b, 50000 }, { b + 50000, 50000 } };
	struct box_io io;

	box_fill(a, 100000, 0, 1);
	box_start(&io, bs, BS_READ, 0, 0, b, 0); /* makes a request to change */
	box_wait(box, &io);
	io.ended = 0;
	io.req.op = BS_WRITE;
	io.req.offset = 30000;
	io.req.len = 100000;
	io.req.iov = out;
	io.req.iovcnt = 3;
	bs_submit(&io.req);
	assert_int_equal(box_wait(box, &io), 0);
	io.ended = 0;
	io.req.op = BS_READ;
	io.req.iov = in;
	io.req.iovcnt = 2;
	bs_submit(&io.req);
	assert_int_equal(box_wait(box, &io), 0);
	assert_memory_equal(a, b, 100000);
	free(a);
	free(b);
	box_close(box, bs);
}

static void mem_unmap_makes_holes_that_read_zero(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "1000000", NULL);
	uint8_t *want = malloc(1000000), *got = malloc(1000000);
	struct bs_extent ext[8];

	assert_int_equal(box_extents(box, bs, 0, 1000000, ext, 8), 1);
	assert_false(ext[0].mapped);
	box_fill(want, 1000000, 0, 3);
	assert_int_equal(box_write(box, bs, 0, want, 1000000), 0);
	assert_int_equal(box_io(box, bs, BS_UNMAP, 0, 100001, NULL, 300003), 0);
	memset(want + 100001, 0, 300003);
	assert_int_equal(box_read(box, bs, 0, got, 1000000), 0);
	assert_memory_equal(got, want, 1000000);
	assert_int_equal(box_extents(box, bs, 0, 1000000, ext, 8), 3);
	assert_true(ext[0].mapped);
	assert_int_equal(ext[0].len, 131072);
	assert_false(ext[1].mapped);
	assert_int_equal(ext[1].offset, 131072);
	assert_int_equal(ext[1].len, 393216 - 131072);
	assert_true(ext[2].mapped);
	assert_int_equal(ext[2].offset + ext[2].len, 1000000);
	/* Up to the end, where no whole chunk is left. */
	assert_int_equal(box_io(box, bs, BS_ZERO, 0, 999000, NULL, 1000), 0);
	memset(want + 999000, 0, 1000);
	assert_int_equal(box_read(box, bs, 0, got, 1000000), 0);
	assert_memory_equal(got, want, 1000000);
	free(want);
	free(got);
	box_close(box, bs);
}

static void mem_unmaps_a_large_range_in_several_turns(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "1G", NULL);
	struct box_io all, some;
	uint8_t b = 1, got = 1;

	assert_int_equal(box_write(box, bs, GiB - 1, &b, 1), 0);
	box_start(&all, bs, BS_UNMAP, 0, 0, NULL, GiB);
	box_start(&some, bs, BS_UNMAP, 0, 0, NULL, MiB);
	t_loop_turns(box->loop, 2);
	assert_int_equal(some.ended, 1);
	assert_int_equal(all.ended, 0);
	assert_int_equal(box_wait(box, &all), 0);
	assert_int_equal(box_read(box, bs, GiB - 1, &got, 1), 0);
	assert_int_equal(got, 0);
	box_close(box, bs);
}

#define box_test(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

static void mem_agrees_with_the_model(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "3M", NULL);

	free(model_run(box, bs, 7, 300, NULL, NULL));
	box_close(box, bs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		box_test(null_reads_zeroes_and_keeps_nothing),
		box_test(a_bad_size_is_refused),
		box_test(mem_keeps_what_was_written_at_any_alignment),
		box_test(mem_agrees_with_the_model),
		box_test(mem_scatters_and_gathers),
		box_test(mem_unmap_makes_holes_that_read_zero),
		box_test(mem_unmaps_a_large_range_in_several_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
