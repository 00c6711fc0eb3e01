/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COPY: from one store to another and within one, against a model; and where it is refused, so
 * that the bytes have to be read and written.
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

#include "bs_box.h"
#include "t_loop.h"

#define SIZE (4 * MiB)

struct copying {
	struct bs_req req;
	int ended;
};

static void ended(struct bs_req *req)
{
	container_of(req, struct copying, req)->ended = 1;
}

static int copy(struct bs_box *box, struct bs *dst, uint64_t to, struct bs *src, uint64_t from,
		uint64_t len)
{
	struct copying c = { .req = { .bs = dst, .op = BS_COPY, .offset = to, .len = len,
				      .src = src, .src_offset = from, .done = ended } };

	bs_hold(src);
	bs_submit(&c.req);
	assert_true(t_loop_until_set(box->loop, &c.ended));
	bs_release(src);
	return c.req.result;
}

static void expect_same(struct bs_box *box, struct bs *bs, const uint8_t *model)
{
	uint8_t *buf = malloc(SIZE);

	assert_int_equal(box_read(box, bs, 0, buf, SIZE), 0);
	assert_memory_equal(buf, model, SIZE);
	free(buf);
}

static uint64_t rnd(uint64_t below)
{
	static uint64_t state = 7;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static void agree_with_the_model(struct bs_box *box, struct bs *a, struct bs *b)
{
	struct bs *bs[2] = { a, b };
	uint8_t *model[2] = { calloc(1, SIZE), calloc(1, SIZE) }, buf[3000];
	unsigned int done = 0;

	for (unsigned int i = 0; i < 300; i++) {
		unsigned int s = (unsigned int)rnd(2), d = (unsigned int)rnd(2);
		uint64_t len = rnd(3) ? rnd(5000) + 1 : rnd(SIZE / 2) + 1;
		uint64_t from = rnd(SIZE - len), to = rnd(SIZE - len), at = rnd(SIZE - 3000);
		int r;

		box_fill(buf, sizeof(buf), at, i);
		assert_int_equal(box_write(box, bs[s], at, buf, sizeof(buf)), 0);
		memcpy(model[s] + at, buf, sizeof(buf));
		r = copy(box, bs[d], to, bs[s], from, len);
		if (r == -EOPNOTSUPP) {
			assert_ptr_equal(bs[d], bs[s]);
			assert_true(from < to + len && to < from + len);
			continue;
		}
		assert_int_equal(r, 0);
		memmove(model[d] + to, model[s] + from, len);
		done++;
	}
	assert_true(done > 200);
	expect_same(box, a, model[0]);
	expect_same(box, b, model[1]);
	free(model[0]);
	free(model[1]);
	box_close(box, a);
	box_close(box, b);
}

static void disks_in_memory_copy_to_each_other(void **state)
{
	struct bs_box *box = *state;

	agree_with_the_model(box, box_open(box, "mem", "4M", NULL), box_open(box, "mem", "4M", NULL));
}

static void files_copy_to_each_other(void **state)
{
	struct bs_box *box = *state;
	struct bs *a = box_open(box, "rdwr", box_file(box, "a", SIZE), NULL);

	agree_with_the_model(box, a, box_open(box, "rdwr", box_file(box, "b", SIZE), NULL));
}

static void holes_of_memory_stay_holes(void **state)
{
	struct bs_box *box = *state;
	struct bs *a = box_open(box, "mem", "4M", NULL), *b = box_open(box, "mem", "4M", NULL);
	uint8_t *buf = malloc(MiB);
	struct bs_extent ext[3];

	memset(buf, 1, MiB);
	assert_int_equal(box_write(box, b, 0, buf, MiB), 0);
	assert_int_equal(box_write(box, a, 65536, buf, 100), 0);
	assert_int_equal(copy(box, b, 0, a, 0, MiB), 0);
	assert_int_equal(box_extents(box, b, 0, SIZE, ext, 3), 3);
	assert_false(ext[0].mapped);
	assert_int_equal(ext[0].len, 65536);
	assert_int_equal(ext[1].len, 65536);
	free(buf);
	box_close(box, a);
	box_close(box, b);
}

static void what_does_not_match_is_refused(void **state)
{
	struct bs_box *box = *state;
	struct bs_conf ro = { .type = "rdwr", .path = box_file(box, "r", SIZE), .readonly = true };
	struct bs *mem = box_open(box, "mem", "4M", NULL), *r = box_open_conf(box, &ro, NULL);
	struct bs *file = box_open(box, "rdwr", box_file(box, "a", SIZE), NULL);
	struct bs *filter = box_open(box, "mem", "delay:read=1ms:4M", NULL);

	assert_int_equal(copy(box, file, 0, mem, 0, 512), -EOPNOTSUPP);
	assert_int_equal(copy(box, mem, 0, filter, 0, 512), -EOPNOTSUPP);
	assert_int_equal(copy(box, filter, 0, mem, 0, 512), -EOPNOTSUPP);
	assert_int_equal(copy(box, r, 0, file, 0, 512), -EROFS);
	assert_int_equal(copy(box, file, 0, r, 0, 512), 0);
	assert_int_equal(copy(box, mem, 0, mem, SIZE, 512), -EINVAL);
	assert_int_equal(copy(box, mem, SIZE, mem, 0, 512), -EINVAL);
	box_close(box, mem);
	box_close(box, r);
	box_close(box, file);
	box_close(box, filter);
}

#define test(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(disks_in_memory_copy_to_each_other),
		test(files_copy_to_each_other),
		test(holes_of_memory_stay_holes),
		test(what_does_not_match_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
