/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command numbers (RFC 7143 4.2.2.1): what is due, early or dropped, around the wrap
 * of 32 bits too, and how the window narrows without ever going back.
 */
#include "iscsi/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "target/core.h"

#define WINDOW 32

static struct core core;
static struct iscsi_session s;

static int setup(void **state)
{
	(void)state;
	memset(&core, 0, sizeof(core));
	memset(&s, 0, sizeof(s));
	bufpool_init(&core.bufs, 64 * KiB, 256 * KiB);
	iscsi.core = &core;
	list_init(&s.early);
	s.params.max_queue_cmd = WINDOW;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bufpool_done(&core.bufs);
	return 0;
}

static void begin_at(uint32_t sn)
{
	s.exp_cmd_sn = sn;
	s.max_cmd_sn = sn - 1;
	session_max_cmd_sn(&s);
}

static void numbers_are_due_early_or_dropped_around_the_wrap(void **state)
{
	static const uint32_t starts[] = { 1,	       1000,	   0x7ffffff0, 0x80000000,
					   0xfffffff0, 0xffffffff, 0 };
	static const struct {
		int32_t off;
		enum window_verdict want;
	} table[] = {
		{ 0, WINDOW_DUE },
		{ 1, WINDOW_EARLY },
		{ WINDOW - 1, WINDOW_EARLY },
		{ WINDOW, WINDOW_DROP },
		{ 100000, WINDOW_DROP },
		{ 0x7fffffff, WINDOW_DROP },
		{ -1, WINDOW_DROP },
		{ -WINDOW, WINDOW_DROP },
		{ -0x7fffffff, WINDOW_DROP },
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		begin_at(starts[i]);
		assert_int_equal(s.max_cmd_sn, starts[i] + WINDOW - 1);
		for (j = 0; j < ARRAY_SIZE(table); j++) {
			uint32_t sn = starts[i] + (uint32_t)table[j].off;

			if (window_check(&s, sn, false) != table[j].want)
				fail_msg("start %x offset %d", starts[i], table[j].off);
			assert_int_equal(window_check(&s, sn, true), WINDOW_DUE);
		}
		assert_int_equal(s.exp_cmd_sn, starts[i]);
	}
}

static void taking_a_number_moves_on_only_when_it_was_due(void **state)
{
	(void)state;
	begin_at(0xffffffff);
	assert_int_equal(window_take(&s, 1, false), WINDOW_EARLY);
	assert_int_equal(window_take(&s, 0xfffffffe, false), WINDOW_DROP);
	assert_int_equal(window_take(&s, 0xffffffff, true), WINDOW_DUE);
	assert_int_equal(s.exp_cmd_sn, 0xffffffff);
	assert_int_equal(window_take(&s, 0xffffffff, false), WINDOW_DUE);
	assert_int_equal(s.exp_cmd_sn, 0);
}

static void a_number_that_waits_is_dropped_when_it_comes_again(void **state)
{
	struct iscsi_task early = { .cmd_sn = 12 }, function = { .cmd_sn = 13, .immediate = true };

	(void)state;
	begin_at(10);
	list_push_back(&s.early, &early.early_link);
	list_push_back(&s.early, &function.early_link);
	assert_int_equal(window_check(&s, 12, false), WINDOW_DROP);
	/* An immediate one has used up no number. */
	assert_int_equal(window_check(&s, 13, false), WINDOW_EARLY);
	assert_int_equal(window_check(&s, 10, false), WINDOW_DUE);
}

static void the_window_holds_so_many_commands_and_never_goes_back(void **state)
{
	uint32_t told;

	(void)state;
	begin_at(100);
	s.exp_cmd_sn += 10;
	s.n_tasks = 10;
	assert_int_equal(session_max_cmd_sn(&s), 100 + WINDOW - 1);
	s.exp_cmd_sn += WINDOW - 10;
	s.n_tasks = WINDOW;
	assert_int_equal(session_max_cmd_sn(&s), s.exp_cmd_sn - 1);
	s.n_tasks = 0;
	told = session_max_cmd_sn(&s);
	assert_int_equal(told, s.exp_cmd_sn + WINDOW - 1);
	s.params.max_queue_cmd = 4;
	assert_int_equal(session_max_cmd_sn(&s), told);
}

static void short_buffers_narrow_the_window_and_never_close_it(void **state)
{
	void *a, *b;

	(void)state;
	a = buf_get(&core.bufs, 64 * KiB);
	b = buf_get(&core.bufs, 64 * KiB);
	assert_non_null(a);
	assert_non_null(b);
	assert_true(buf_pressed(&core.bufs));
	begin_at(1);
	assert_in_range(s.max_cmd_sn, 1, 8);
	s.exp_cmd_sn = s.max_cmd_sn + 1;
	s.n_tasks = WINDOW / 2;
	assert_false(sn_before(session_max_cmd_sn(&s), s.exp_cmd_sn));
	buf_put(&core.bufs, a, 64 * KiB);
	buf_put(&core.bufs, b, 64 * KiB);
	s.n_tasks = 0;
	assert_int_equal(session_max_cmd_sn(&s), s.exp_cmd_sn + WINDOW - 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_are_due_early_or_dropped_around_the_wrap),
		TEST(taking_a_number_moves_on_only_when_it_was_due),
		TEST(a_number_that_waits_is_dropped_when_it_comes_again),
		TEST(the_window_holds_so_many_commands_and_never_goes_back),
		TEST(short_buffers_narrow_the_window_and_never_close_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
