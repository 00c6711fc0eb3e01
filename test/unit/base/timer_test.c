/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers: order, arming anew, cancelling, sleeping; against a plain list as the
 * model. And signals, which are the loop's other clockwork.
 */
#include "base/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "t_loop.h"

struct alarm {
	struct loop_timer t;
	char name;
	unsigned int fired;
	struct alarm *cancel;
	bool again;
};

static char order[64];

static void ring(struct loop_timer *t)
{
	struct alarm *a = container_of(t, struct alarm, t);

	assert_false(loop_timer_armed(t));
	a->fired++;
	if (strlen(order) < sizeof(order) - 1)
		order[strlen(order)] = a->name;
	if (a->cancel)
		loop_timer_cancel(&a->cancel->t);
	if (a->again)
		assert_int_equal(loop_timer_set(t->loop, t, 0, ring), 0);
}

static void set(struct loop *loop, struct alarm *a, uint64_t in)
{
	assert_int_equal(loop_timer_set(loop, &a->t, in, ring), 0);
}

static void advance(struct loop *loop, uint64_t ns)
{
	loop_clock_advance(loop, ns);
	t_loop_turns(loop, 1);
}

static int setup(void **state)
{
	*state = loop_new();
	memset(order, 0, sizeof(order));
	if (*state)
		loop_clock_advance(*state, 0);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	loop_free(*state);
	return 0;
}

static void timers_fire_in_the_order_of_time_then_of_arming(void **state)
{
	struct loop *loop = *state;
	struct alarm a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' },
		     d = { .name = 'd' };

	set(loop, &a, 300);
	set(loop, &b, 100);
	set(loop, &c, 200);
	set(loop, &d, 100);
	advance(loop, 99);
	assert_string_equal(order, "");
	advance(loop, 1);
	assert_string_equal(order, "bd");
	advance(loop, 1000);
	assert_string_equal(order, "bdca");
	advance(loop, 1000);
	assert_string_equal(order, "bdca");
}

static void arming_anew_replaces_the_time(void **state)
{
	struct loop *loop = *state;
	struct alarm a = { .name = 'a' }, b = { .name = 'b' };

	set(loop, &a, 100);
	set(loop, &b, 150);
	set(loop, &a, 200);
	advance(loop, 160);
	assert_string_equal(order, "b");
	set(loop, &a, 20);
	advance(loop, 20);
	assert_string_equal(order, "ba");
	assert_false(loop_timer_armed(&a.t));
}

static void timers_armed_later_keep_the_order_of_arming(void **state)
{
	struct loop *loop = *state;
	struct alarm a = { .name = 'a' }, b = { .name = 'b' };

	set(loop, &a, 10);
	set(loop, &b, 100);
	set(loop, &a, 100);
	advance(loop, 100);
	assert_string_equal(order, "ba");
}

static void a_timer_cancelled_by_another_that_is_due_does_not_fire(void **state)
{
	struct loop *loop = *state;
	struct alarm a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' }, zero = { 0 };

	a.cancel = &b;
	set(loop, &a, 1);
	set(loop, &b, 2);
	set(loop, &c, 3);
	advance(loop, 10);
	assert_string_equal(order, "ac");
	loop_timer_cancel(&b.t);
	loop_timer_cancel(&zero.t);
}

static void a_timer_armed_with_no_delay_by_itself_fires_once_a_turn(void **state)
{
	struct loop *loop = *state;
	struct alarm a = { .name = 'a', .again = true }, b = { .name = 'b' };

	set(loop, &a, 0);
	set(loop, &b, 0);
	t_loop_turns(loop, 1);
	assert_string_equal(order, "ab");
	t_loop_turns(loop, 2);
	assert_string_equal(order, "abaa");
	loop_timer_cancel(&a.t);
}

static void the_longest_delay_is_for_ever(void **state)
{
	struct loop *loop = *state;
	struct alarm a = { .name = 'a' };

	set(loop, &a, UINT64_MAX);
	advance(loop, 1000000 * NSEC_PER_SEC);
	assert_int_equal(a.fired, 0);
	loop_timer_cancel(&a.t);
}

static void the_heap_can_fail_to_grow_but_not_for_an_armed_timer(void **state)
{
	struct loop *loop = *state;
	struct alarm a = { .name = 'a' };

	t_alloc_fail_nth(1);
	assert_int_equal(loop_timer_set(loop, &a.t, 1, ring), -ENOMEM);
	assert_false(loop_timer_armed(&a.t));
	t_alloc_fail_nth(0);
	set(loop, &a, 5);
	t_alloc_fail_nth(1);
	set(loop, &a, 1);
	set(loop, &a, 9);
	t_alloc_fail_nth(0);
	advance(loop, 9);
	assert_int_equal(a.fired, 1);
}

#define MODEL_TIMERS 200

static struct {
	struct loop_timer t;
	uint64_t due;
	bool armed, fired;
} model[MODEL_TIMERS];

static void model_fire(struct loop_timer *t)
{
	size_t i = (size_t)((char *)t - (char *)model) / sizeof(model[0]);

	assert_true(model[i].armed);
	model[i].armed = false;
	model[i].fired = true;
}

static void any_mix_of_arming_and_cancelling_fires_what_is_due(void **state)
{
	struct loop *loop = *state;

	memset(model, 0, sizeof(model));
	srandom(7);
	for (int round = 0; round < 20000; round++) {
		size_t i = (size_t)random() % MODEL_TIMERS;
		uint64_t in = (uint64_t)random() % 1000;

		if (random() % 4) {
			assert_int_equal(loop_timer_set(loop, &model[i].t, in, model_fire), 0);
			model[i].due = loop_now(loop) + in;
			model[i].armed = true;
		} else {
			loop_timer_cancel(&model[i].t);
			model[i].armed = false;
		}
		if (round % 5)
			continue;
		advance(loop, (uint64_t)random() % 50);
		for (i = 0; i < MODEL_TIMERS; i++)
			assert_true(!model[i].armed || model[i].due > loop_now(loop));
	}
	for (size_t i = 0; i < MODEL_TIMERS; i++)
		loop_timer_cancel(&model[i].t);
}

static uint64_t real_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void a_turn_sleeps_until_the_first_timer_and_no_longer(void **state)
{
	struct loop *loop = loop_new();
	struct alarm a = { .name = 'a' }, late = { .name = 'l' };
	uint64_t begin = real_now();

	(void)state;
	assert_non_null(loop);
	set(loop, &a, 2500000);
	set(loop, &late, 3600 * NSEC_PER_SEC);
	assert_int_equal(loop_turn(loop, UINT64_MAX), 0);
	assert_int_equal(a.fired, 1);
	assert_true(real_now() - begin >= 2500000);
	loop_timer_cancel(&late.t);
	loop_free(loop);
}

/* One wake-up: a timer that was armed later must not wake at its former time. */
static void arming_later_saves_the_earlier_wakeup(void **state)
{
	struct loop *loop = loop_new();
	struct alarm a = { .name = 'a' };

	(void)state;
	assert_non_null(loop);
	set(loop, &a, 1000000);
	set(loop, &a, 4000000);
	assert_int_equal(loop_turn(loop, UINT64_MAX), 0);
	assert_int_equal(a.fired, 1);
	loop_free(loop);
}

struct caught {
	int signo, times;
};

static void on_signal(struct loop *loop, int signo, void *arg)
{
	struct caught *c = arg;

	(void)loop;
	c->signo = signo;
	c->times++;
}

static void a_signal_is_a_call_on_the_loop(void **state)
{
	struct loop *loop = *state;
	struct caught usr1 = { 0 }, usr2 = { 0 };

	assert_int_equal(loop_signal(loop, SIGUSR1, on_signal, &usr1), 0);
	assert_int_equal(loop_signal(loop, SIGUSR2, on_signal, &usr2), 0);
	raise(SIGUSR2);
	raise(SIGUSR1);
	assert_int_equal(usr1.times, 0);
	t_loop_turns(loop, 2);
	assert_int_equal(usr1.times, 1);
	assert_int_equal(usr1.signo, SIGUSR1);
	assert_int_equal(usr2.times, 1);
	assert_int_equal(usr2.signo, SIGUSR2);
	assert_int_equal(loop_signal(loop, 0, on_signal, NULL), -EINVAL);
}

static void watching_a_signal_can_fail(void **state)
{
	struct caught c = { 0 };

	t_alloc_fail_nth(1);
	assert_int_equal(loop_signal(*state, SIGUSR1, on_signal, &c), -ENOMEM);
	t_alloc_fail_nth(0);
}

#define with_loop(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_loop(timers_fire_in_the_order_of_time_then_of_arming),
		with_loop(arming_anew_replaces_the_time),
		with_loop(timers_armed_later_keep_the_order_of_arming),
		with_loop(a_timer_cancelled_by_another_that_is_due_does_not_fire),
		with_loop(a_timer_armed_with_no_delay_by_itself_fires_once_a_turn),
		with_loop(the_longest_delay_is_for_ever),
		with_loop(the_heap_can_fail_to_grow_but_not_for_an_armed_timer),
		with_loop(any_mix_of_arming_and_cancelling_fires_what_is_due),
		cmocka_unit_test(a_turn_sleeps_until_the_first_timer_and_no_longer),
		cmocka_unit_test(arming_later_saves_the_earlier_wakeup),
		with_loop(a_signal_is_a_call_on_the_loop),
		with_loop(watching_a_signal_can_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
