/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stores say of the space they take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bs_box.h"
#include "t_loop.h"

struct told {
	struct bs_usage usage;
	int ended;
};

static void told(struct bs_usage *u)
{
	container_of(u, struct told, usage)->ended = 1;
}

static void ask(struct bs_box *box, struct bs *bs, struct told *t)
{
	*t = (struct told){ .ended = 0 };
	bs_ask_usage(bs, &t->usage, told);
	assert_int_equal(t->ended, 0);
	assert_true(t_loop_until_set(box->loop, &t->ended));
	assert_int_equal(t->usage.result, 0);
}

static void a_file_takes_what_was_written(void **state)
{
	static uint8_t data[MiB];
	struct bs_box *box = *state;
	char path[200];
	struct bs *bs;
	struct told t;

	box_fill(data, sizeof(data), 0, 1);
	snprintf(path, sizeof(path), "delay:read=1ms:%s", box_file(box, "thin", 64 * MiB));
	bs = box_open(box, "rdwr", path, NULL);
	assert_true(bs_has_usage(bs));
	ask(box, bs, &t);
	assert_int_equal(t.usage.used, 0);
	assert_true(t.usage.avail > 0);
	assert_int_equal(box_write(box, bs, 3 * MiB, data, sizeof(data)), 0);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	ask(box, bs, &t);
	assert_in_range(t.usage.used, MiB, 2 * MiB);
	box_close(box, bs);
}

static void others_do_not_know(void **state)
{
	struct bs *bs = box_open(*state, "null", NULL, NULL);

	assert_false(bs_has_usage(bs));
	box_close(*state, bs);
}

static void a_store_stays_until_it_has_told(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "rdwr", box_file(box, "thin", MiB), NULL);
	struct told t = { .ended = 0 };

	bs_ask_usage(bs, &t.usage, told);
	box_close(box, bs);
	assert_int_equal(t.ended, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_takes_what_was_written, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(others_do_not_know, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(a_store_stays_until_it_has_told, box_setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
