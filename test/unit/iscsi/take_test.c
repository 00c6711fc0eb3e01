/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trials of how much a turn takes, against clients whose speed is a function of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iscsi/iscsi_proto.h"
#include "iscsi/take.h"

#define US 1000ull

/* A client with @depth reads under way whose turns cost @all_us, or @part_us when split. */
struct client {
	unsigned int depth;
	uint64_t all_us, part_us;
	uint64_t now, small_bytes, bytes;
};

static void turns(struct take *t, struct client *c, unsigned int n)
{
	while (n--) {
		size_t all = c->depth * (size_t)ISCSI_BHS_LEN;
		size_t got = t->small && t->bytes < all ? t->bytes : all;
		uint64_t us = got < all ? c->part_us * got / all : c->all_us;

		c->now += us * US;
		c->bytes += got;
		c->small_bytes += t->small ? got : 0;
		take_note(t, got, c->now);
	}
}

static void a_client_that_goes_on_meanwhile_is_served_in_parts(void **state)
{
	struct take t;
	struct client c = { .depth = 32, .all_us = 100, .part_us = 60 };

	(void)state;
	take_init(&t);
	assert_false(t.small);
	turns(&t, &c, 2000);
	assert_true(t.small);
	assert_int_equal(t.bytes, 8 * ISCSI_BHS_LEN);
	c.bytes = c.small_bytes = 0;
	turns(&t, &c, 20000);
	assert_true(c.small_bytes > c.bytes / 2);
}

static void a_client_that_waits_for_all_is_served_at_once(void **state)
{
	struct take t;
	struct client c = { .depth = 32, .all_us = 40, .part_us = 50 };

	(void)state;
	take_init(&t);
	turns(&t, &c, 100000);
	/* Trials cost little. */
	assert_true(c.small_bytes < c.bytes / 50);
}

static void a_few_commands_are_not_split(void **state)
{
	struct take t;
	struct client c = { .depth = 4, .all_us = 20, .part_us = 1 };

	(void)state;
	take_init(&t);
	turns(&t, &c, 100000);
	assert_int_equal(c.small_bytes, 0);
}

static void when_the_client_changes_the_way_does(void **state)
{
	struct take t;
	struct client c = { .depth = 32, .all_us = 100, .part_us = 60 };

	(void)state;
	take_init(&t);
	turns(&t, &c, 5000);
	assert_true(t.small);
	c.part_us = 130;
	turns(&t, &c, 20000);
	c.bytes = c.small_bytes = 0;
	turns(&t, &c, 20000);
	assert_true(c.small_bytes < c.bytes / 10);
}

static void pauses_are_not_measured(void **state)
{
	struct take t;
	struct client c = { .depth = 32, .all_us = 2000, .part_us = 2000 };

	(void)state;
	take_init(&t);
	turns(&t, &c, 10000);
	assert_false(t.small);
	assert_false(t.trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_goes_on_meanwhile_is_served_in_parts),
		cmocka_unit_test(a_client_that_waits_for_all_is_served_at_once),
		cmocka_unit_test(a_few_commands_are_not_split),
		cmocka_unit_test(when_the_client_changes_the_way_does),
		cmocka_unit_test(pauses_are_not_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
