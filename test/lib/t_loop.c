/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns a loop for a test. A turn that waits for other threads sleeps a short
 * while at most, as what it waits for may not end the loop's sleep.
 */
#include "t_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define LIMIT_S 10
#define NAP_NS (5 * NSEC_PER_MSEC)

void t_loop_turns(struct loop *loop, unsigned int n)
{
	while (n--)
		assert_int_equal(loop_turn(loop, 0), 0);
}

/* The loop's own clock may be frozen. */
static int64_t real_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

bool t_loop_until(struct loop *loop, bool (*pred)(void *arg), void *arg)
{
	int64_t end = real_seconds() + LIMIT_S;

	while (!pred(arg)) {
		if (real_seconds() > end)
			return false;
		assert_int_equal(loop_turn(loop, NAP_NS), 0);
	}
	return true;
}

static bool is_set(void *arg)
{
	return *(const int *)arg != 0;
}

bool t_loop_until_set(struct loop *loop, const int *flag)
{
	return t_loop_until(loop, is_set, (void *)(uintptr_t)flag);
}

struct equal {
	const unsigned int *value;
	unsigned int want;
};

static bool is_equal(void *arg)
{
	const struct equal *e = arg;

	return *e->value == e->want;
}

bool t_loop_until_equal(struct loop *loop, const unsigned int *value, unsigned int want)
{
	struct equal e = { value, want };

	return t_loop_until(loop, is_equal, &e);
}
