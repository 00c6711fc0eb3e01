/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spinning before sleeping: only after work, less and less when in vain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop_priv.h"

static void on_byte(struct loop_fd *lf, uint32_t events)
{
	char byte;

	(void)events;
	assert_int_equal(read(lf->fd, &byte, 1), 1);
}

static int setup(void **state)
{
	*state = loop_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	loop_free(*state);
	return 0;
}

/* A turn that gets one byte. */
static void busy_turn(struct loop *loop, int wr)
{
	assert_int_equal(write(wr, "x", 1), 1);
	assert_int_equal(loop_turn(loop, UINT64_MAX), 0);
}

static void spins_in_vain_become_rare_and_one_that_pays_brings_them_back(void **state)
{
	struct loop *loop = *state;
	struct loop_fd lf = { .loop = NULL };
	unsigned int i;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(loop_fd_add(loop, &lf, fds[0], EPOLLIN, on_byte), 0);
	loop_set_spin(loop, 1000);
	for (i = 0; i < 40; i++) {
		loop->spin.worked = true;
		assert_int_equal(loop_spin(loop, 1000), 0);
	}
	assert_true(loop->spin.backoff >= 31);
	loop->spin.skip = 0;
	busy_turn(loop, fds[1]);
	assert_int_equal(loop->spin.backoff, 0);
	loop_fd_del(&lf);
	close(fds[0]);
	close(fds[1]);
}

static void an_idle_loop_does_not_spin(void **state)
{
	struct loop *loop = *state;

	loop_set_spin(loop, 1000);
	assert_int_equal(loop_turn(loop, 1), 0);
	assert_false(loop->spin.worked);
	assert_int_equal(loop_spin(loop, UINT64_MAX), 0);
	assert_int_equal(loop->spin.backoff, 0);
}

static void without_a_budget_there_is_no_spin(void **state)
{
	struct loop *loop = *state;

	loop->spin.worked = true;
	assert_int_equal(loop_spin(loop, UINT64_MAX), 0);
	assert_int_equal(loop->spin.backoff, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			spins_in_vain_become_rare_and_one_that_pays_brings_them_back, setup, teardown),
		cmocka_unit_test_setup_teardown(an_idle_loop_does_not_spin, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_budget_there_is_no_spin, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
