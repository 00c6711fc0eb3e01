/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux AIO: that the kernel does it and no thread, in one call a turn, and what happens when it
 * refuses. What the store does with bytes is in file_test.c and block_test.c.
 */
#include "bs/aio.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bs/bs_core.h"
#include "bs/file.h"
#include "bs_box.h"
#include "t_alloc.h"
#include "t_loop.h"

#define BLOCK 4096U

/* An open store of @n blocks that are written, so that reading waits for nothing but the disk. */
static struct bs *disk(struct bs_box *box, unsigned int n)
{
	struct bs *bs = box_open(box, "aio", box_file(box, "disk", n * BLOCK), NULL);
	uint8_t *buf = aligned_alloc(BLOCK, n * BLOCK);

	box_fill(buf, n * BLOCK, 0, 3);
	assert_int_equal(box_write(box, bs, 0, buf, n * BLOCK), 0);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	free(buf);
	workers_free(to_file(bs)->jobs);
	to_file(bs)->jobs = NULL;
	return bs;
}

static void a_turn_is_one_call_and_no_thread(void **state)
{
	enum { N = 100 };
	struct bs_box *box = *state;
	struct bs *bs = disk(box, N);
	struct box_io *io = calloc(N, sizeof(*io));
	uint8_t *buf = aligned_alloc(BLOCK, N * BLOCK), *want = malloc(N * BLOCK);
	unsigned int before = aio_submits(box->core->aio);

	for (unsigned int i = 0; i < N; i++)
		box_start(&io[i], bs, BS_READ, 0, i * BLOCK, buf + i * BLOCK, BLOCK);
	assert_int_equal(aio_submits(box->core->aio), before);
	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(box_wait(box, &io[i]), 0);
	assert_int_equal(aio_submits(box->core->aio), before + 1);
	box_fill(want, N * BLOCK, 0, 3);
	assert_memory_equal(buf, want, N * BLOCK);
	if (to_file(bs)->jobs)
		print_message("this file system has no RWF_NOWAIT: threads did it\n");
	free(want);
	free(buf);
	free(io);
	box_close(box, bs);
}

struct raw {
	struct kio_op op;
	int res, ended;
};

static void raw_done(struct kio_op *op, int res)
{
	struct raw *raw = container_of(op, struct raw, op);

	raw->res = res;
	raw->ended++;
}

static void what_the_kernel_refuses_is_told_and_the_rest_goes_on(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = disk(box, 4);
	struct kio *k = aio_get(box->core);
	uint8_t *buf = aligned_alloc(BLOCK, BLOCK);
	struct iovec iov = { .iov_base = buf, .iov_len = BLOCK };
	struct raw raw[3] = { 0 };

	for (unsigned int i = 0; i < 3; i++) {
		struct kio_rw rw = { .fd = i == 1 ? -1 : to_file(bs)->fd, .iov = &iov, .iovcnt = 1 };

		raw[i].op.done = raw_done;
		assert_true(k->rw(k, &raw[i].op, &rw));
	}
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(t_loop_until_set(box->loop, &raw[i].ended));
		assert_int_equal(raw[i].ended, 1);
	}
	assert_int_equal(raw[1].res, KIO_NOT_RUN);
	assert_true(raw[0].res == (int)BLOCK || raw[0].res == -EOPNOTSUPP || raw[0].res == -EAGAIN);
	assert_int_equal(raw[2].res, raw[0].res);
	free(buf);
	box_close(box, bs);
}

static void more_than_it_takes_is_refused_and_none_is_lost(void **state)
{
	enum { N = 3000 };
	struct bs_box *box = *state;
	struct bs *bs = disk(box, 4);
	struct kio *k = aio_get(box->core);
	uint8_t *buf = aligned_alloc(BLOCK, BLOCK);
	struct iovec iov = { .iov_base = buf, .iov_len = BLOCK };
	struct kio_rw rw = { .fd = to_file(bs)->fd, .iov = &iov, .iovcnt = 1 };
	struct raw *raw = calloc(N, sizeof(*raw));
	unsigned int taken = 0;

	while (taken < N) {
		raw[taken].op.done = raw_done;
		if (!k->rw(k, &raw[taken].op, &rw))
			break;
		taken++;
	}
	assert_in_range(taken, 256, 1024);
	for (unsigned int i = 0; i < taken; i++)
		assert_true(t_loop_until_set(box->loop, &raw[i].ended));
	t_loop_turns(box->loop, 2);
	for (unsigned int i = 0; i < taken; i++)
		assert_int_equal(raw[i].ended, 1);
	/* And it takes more then. */
	raw[taken].op.done = raw_done;
	assert_true(k->rw(k, &raw[taken].op, &rw));
	assert_true(t_loop_until_set(box->loop, &raw[taken].ended));
	free(raw);
	free(buf);
	box_close(box, bs);
}

static void a_flush_is_the_kernels_too(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = disk(box, 4);

	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	assert_null(to_file(bs)->jobs);
	box_close(box, bs);
}

static void without_memory_the_store_is_refused(void **state)
{
	struct bs_box *box = *state;

	t_alloc_fail_nth(1);
	assert_null(aio_get(box->core));
	assert_true(t_alloc_failed());
	t_alloc_fail_nth(0);
	assert_non_null(aio_get(box->core));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_turn_is_one_call_and_no_thread),
		TEST(what_the_kernel_refuses_is_told_and_the_rest_goes_on),
		TEST(more_than_it_takes_is_refused_and_none_is_lost),
		TEST(a_flush_is_the_kernels_too),
		TEST(without_memory_the_store_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
