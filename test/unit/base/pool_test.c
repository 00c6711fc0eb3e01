/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Object pools, data buffers under their budget, and those who wait for them.
 */
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/poison.h"
#include "t_alloc.h"

static void the_object_put_last_is_got_first(void **state)
{
	struct pool p;
	void *a, *b;

	(void)state;
	pool_init(&p, 100, 8);
	a = pool_get(&p);
	b = pool_get(&p);
	assert_int_equal((uintptr_t)a % 64, 0);
	assert_int_equal((uintptr_t)b % 64, 0);
	memset(a, 1, 100);
	pool_put(&p, a);
	pool_put(&p, b);
	assert_ptr_equal(pool_get(&p), b);
	assert_ptr_equal(pool_get(&p), a);
	pool_put(&p, a);
	pool_put(&p, b);
	pool_put(&p, NULL);
	pool_done(&p);
}

static void a_pool_keeps_so_many_and_allocates_nothing_in_steady_state(void **state)
{
	struct pool p;
	void *obj[4];
	unsigned long before;

	(void)state;
	pool_init(&p, 1, 2);
	for (int i = 0; i < 4; i++)
		obj[i] = pool_get(&p);
	assert_int_equal(p.n_used, 4);
	for (int i = 0; i < 4; i++)
		pool_put(&p, obj[i]);
	assert_int_equal(p.n_free, 2);
	before = t_alloc_count();
	for (int i = 0; i < 100; i++)
		pool_put(&p, pool_get(&p));
	assert_int_equal(t_alloc_count(), before);
	pool_done(&p);
}

static void a_pool_can_run_out_of_memory(void **state)
{
	struct pool p;

	(void)state;
	pool_init(&p, 64, 1);
	t_alloc_fail_nth(1);
	assert_null(pool_get(&p));
	t_alloc_fail_nth(0);
	assert_int_equal(p.n_used, 0);
	pool_done(&p);
}

static void free_objects_are_poisoned_for_the_sanitizer(void **state)
{
#ifdef POISON_ASAN
	struct pool p;
	struct bufpool bp;
	void *a, *b;

	(void)state;
	pool_init(&p, 64, 1);
	bufpool_init(&bp, MiB, MiB);
	a = pool_get(&p);
	b = buf_get(&bp, 5000);
	assert_null(__asan_region_is_poisoned(a, 64));
	assert_null(__asan_region_is_poisoned(b, 8192));
	pool_put(&p, a);
	buf_put(&bp, b, 5000);
	assert_ptr_equal(__asan_region_is_poisoned(a, 64), a);
	assert_ptr_equal(__asan_region_is_poisoned(b, 8192), b);
	pool_done(&p);
	bufpool_done(&bp);
#else
	(void)state;
	skip();
#endif
}

static void buffers_cost_their_size_class(void **state)
{
	static const struct {
		size_t len, cost;
	} rows[] = {
		{ 0, 4 * KiB },	      { 1, 4 * KiB },	      { 4096, 4 * KiB },
		{ 4097, 8 * KiB },    { 65536, 64 * KiB },    { 65537, 128 * KiB },
		{ MiB, MiB },	      { 2 * MiB, 2 * MiB },   { 2 * MiB + 1, 2 * MiB + 4 * KiB },
		{ 5 * MiB, 5 * MiB },
	};
	struct bufpool bp;
	char *buf;

	(void)state;
	bufpool_init(&bp, 8 * MiB, 8 * MiB);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buf = buf_get(&bp, rows[i].len);
		assert_non_null(buf);
		assert_int_equal((uintptr_t)buf % BUF_ALIGN, 0);
		assert_int_equal(bp.used, rows[i].cost);
		memset(buf, 0x5a, rows[i].len);
		buf_put(&bp, buf, rows[i].len);
		assert_int_equal(bp.used, 0);
		assert_true(bp.idle <= bp.hard);
	}
	buf_trim(&bp);
	assert_int_equal(bp.idle, 0);
	bufpool_done(&bp);
}

static void buffers_are_used_again(void **state)
{
	struct bufpool bp;
	void *a;

	(void)state;
	bufpool_init(&bp, MiB, MiB);
	a = buf_get(&bp, 5000);
	buf_put(&bp, a, 5000);
	assert_ptr_equal(buf_get(&bp, 8192), a);
	buf_put(&bp, a, 8192);
	buf_put(&bp, NULL, 1);
	bufpool_done(&bp);
}

static void the_hard_limit_is_never_exceeded(void **state)
{
	struct bufpool bp;
	void *a, *b;

	(void)state;
	bufpool_init(&bp, 8 * KiB, 16 * KiB);
	assert_null(buf_get(&bp, 16 * KiB + 1));
	assert_null(buf_get(&bp, 3 * MiB));
	assert_null(buf_get(&bp, SIZE_MAX));
	a = buf_get(&bp, 8 * KiB);
	assert_false(buf_pressed(&bp));
	b = buf_get(&bp, 8 * KiB);
	assert_true(buf_pressed(&bp));
	assert_null(buf_get(&bp, 1));
	buf_put(&bp, a, 8 * KiB);
	/* The idle 8 KiB must go before 4 KiB of another class come. */
	a = buf_get(&bp, 1);
	assert_non_null(a);
	assert_true(bp.used + bp.idle <= bp.hard);
	buf_put(&bp, a, 1);
	buf_put(&bp, b, 8 * KiB);
	a = buf_get(&bp, 16 * KiB);
	assert_non_null(a);
	buf_put(&bp, a, 16 * KiB);
	bufpool_done(&bp);
}

static void out_of_memory_gives_idle_buffers_back_and_tries_again(void **state)
{
	struct bufpool bp;
	void *a;

	(void)state;
	bufpool_init(&bp, MiB, MiB);
	t_alloc_fail_nth(1);
	assert_null(buf_get(&bp, 1));
	t_alloc_fail_nth(0);
	assert_int_equal(bp.used, 0);
	buf_put(&bp, buf_get(&bp, 1), 1);
	t_alloc_fail_nth(1);
	a = buf_get(&bp, 8 * KiB);
	t_alloc_fail_nth(0);
	assert_non_null(a);
	assert_int_equal(bp.idle, 0);
	buf_put(&bp, a, 8 * KiB);
	bufpool_done(&bp);
}

struct waiting {
	struct buf_waiter w;
	struct bufpool *bp;
	unsigned int told;
	size_t want;
	bool again;
	void *got;
};

static void told(struct buf_waiter *w)
{
	struct waiting *me = container_of(w, struct waiting, w);

	me->told++;
	if (me->want)
		me->got = buf_get(me->bp, me->want);
	if (me->again)
		buf_wait(me->bp, w);
}

static void waiters_are_told_once_when_use_falls_to_soft(void **state)
{
	struct bufpool bp;
	struct waiting w = { .w.ready = told }, gone = { .w.ready = told };
	void *a, *b, *c;

	(void)state;
	bufpool_init(&bp, 4 * KiB, 64 * KiB);
	a = buf_get(&bp, 1);
	b = buf_get(&bp, 1);
	c = buf_get(&bp, 1);
	buf_wait(&bp, &w.w);
	buf_wait(&bp, &w.w);
	buf_wait(&bp, &gone.w);
	buf_wait_cancel(&gone.w);
	buf_put(&bp, a, 1);
	assert_int_equal(w.told, 0);
	buf_put(&bp, b, 1);
	assert_int_equal(w.told, 1);
	buf_put(&bp, c, 1);
	assert_int_equal(w.told, 1);
	assert_int_equal(gone.told, 0);
	buf_wait_cancel(&w.w);
	bufpool_done(&bp);
}

static void a_waiter_that_fills_the_pool_leaves_the_others_waiting(void **state)
{
	struct bufpool bp;
	struct waiting greedy = { .w.ready = told, .bp = &bp, .want = 16 * KiB, .again = true };
	struct waiting second = { .w.ready = told, .bp = &bp };
	void *a;

	(void)state;
	bufpool_init(&bp, 4 * KiB, 16 * KiB);
	a = buf_get(&bp, 8 * KiB);
	buf_wait(&bp, &greedy.w);
	buf_wait(&bp, &second.w);
	buf_put(&bp, a, 8 * KiB);
	assert_non_null(greedy.got);
	assert_int_equal(second.told, 0);
	/* The second comes first now, and both are told. */
	greedy.want = 0;
	buf_put(&bp, greedy.got, 16 * KiB);
	assert_int_equal(second.told, 1);
	assert_int_equal(greedy.told, 2);
	buf_wait_cancel(&greedy.w);
	bufpool_done(&bp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_object_put_last_is_got_first),
		cmocka_unit_test(a_pool_keeps_so_many_and_allocates_nothing_in_steady_state),
		cmocka_unit_test(a_pool_can_run_out_of_memory),
		cmocka_unit_test(free_objects_are_poisoned_for_the_sanitizer),
		cmocka_unit_test(buffers_cost_their_size_class),
		cmocka_unit_test(buffers_are_used_again),
		cmocka_unit_test(the_hard_limit_is_never_exceeded),
		cmocka_unit_test(out_of_memory_gives_idle_buffers_back_and_tries_again),
		cmocka_unit_test(waiters_are_told_once_when_use_falls_to_soft),
		cmocka_unit_test(a_waiter_that_fills_the_pool_leaves_the_others_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
