/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of bytes that came in any order, against a map with one byte each.
 */
#include "iscsi/extents.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"

#define SIZE 300u

/* The first gap as the map has it. */
static bool map_gap(const uint8_t *map, uint32_t from, uint32_t to, uint32_t *gap_from,
		    uint32_t *gap_to)
{
	while (from < to && map[from])
		from++;
	*gap_from = from;
	while (from < to && !map[from])
		from++;
	*gap_to = from;
	return *gap_from < to;
}

static void check(const struct extents *e, const uint8_t *map, uint32_t from, uint32_t to)
{
	uint32_t f, t, mf, mt;
	bool gap = extents_gap(e, from, to, &f, &t);

	assert_int_equal(gap, map_gap(map, from, to, &mf, &mt));
	if (gap) {
		assert_int_equal(f, mf);
		assert_int_equal(t, mt);
	}
}

static void ranges_agree_with_a_map_of_bytes(void **state)
{
	uint8_t map[SIZE] = { 0 };
	struct extents *e = NULL;
	unsigned int i;

	(void)state;
	srandom(1);
	for (i = 0; i < 20000; i++) {
		uint32_t from = (uint32_t)random() % SIZE, len = (uint32_t)random() % 20;
		uint32_t to = from + len > SIZE ? SIZE : from + len;
		bool add = random() % 2;

		assert_int_equal(add ? extents_add(&e, from, to) : extents_del(&e, from, to), 0);
		memset(map + from, add, to - from);
		check(e, map, 0, SIZE);
		check(e, map, from, SIZE);
		check(e, map, (uint32_t)random() % SIZE, (uint32_t)random() % SIZE);
	}
	extents_free(e);
}

static void nothing_came_is_one_gap(void **state)
{
	struct extents *e = NULL;
	uint32_t from, to;

	(void)state;
	assert_int_equal(extents_add(&e, 7, 7), 0);
	assert_int_equal(extents_del(&e, 0, 7), 0);
	assert_null(e);
	assert_true(extents_gap(e, 0, 100, &from, &to));
	assert_int_equal(from, 0);
	assert_int_equal(to, 100);
	assert_false(extents_gap(e, 100, 100, &from, &to));
}

static void the_number_of_ranges_is_bounded(void **state)
{
	struct extents *e = NULL;
	uint32_t i;

	(void)state;
	for (i = 0; i < EXTENTS_MAX; i++)
		assert_int_equal(extents_add(&e, 2 * i, 2 * i + 1), 0);
	assert_int_equal(extents_add(&e, 2 * i, 2 * i + 1), -E2BIG);
	extents_free(e);
}

static void no_memory_changes_nothing(void **state)
{
	struct extents *e = NULL;
	uint32_t from, to, i;

	(void)state;
	t_alloc_fail_nth(1);
	assert_int_equal(extents_add(&e, 0, 1), -ENOMEM);
	t_alloc_fail_nth(0);
	for (i = 0; i < 4; i++)
		assert_int_equal(extents_add(&e, 10 * i, 10 * i + 5), 0);
	t_alloc_fail_nth(1);
	assert_int_equal(extents_del(&e, 2, 3), -ENOMEM);
	t_alloc_fail_nth(0);
	assert_true(extents_gap(e, 0, 100, &from, &to));
	assert_int_equal(from, 5);
	assert_int_equal(to, 10);
	extents_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_agree_with_a_map_of_bytes),
		cmocka_unit_test(nothing_came_is_one_gap),
		cmocka_unit_test(the_number_of_ranges_is_bounded),
		cmocka_unit_test(no_memory_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
