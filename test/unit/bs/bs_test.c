/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core: opening and closing, what bs_submit() refuses, and when done() is
 * called.
 */
#include "bs/bs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bs/bs_core.h"
#include "bs_box.h"
#include "t_alloc.h"
#include "t_loop.h"

static void opening_an_unknown_type_is_told_from_the_loop(void **state)
{
	struct bs_conf conf = { .type = "tape" };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(*state, &conf, &err));
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
	assert_non_null(strstr(err.text, "tape"));
}

static void the_first_type_is_the_default(void **state)
{
	struct bs_box *box = *state;

	assert_string_equal(bs_type_find(box->core, NULL)->name, "rdwr");
	assert_string_equal(bs_type_find(box->core, "mem")->name, "mem");
	assert_null(bs_type_find(box->core, "fault"));
}

static void a_type_that_needs_a_path_says_so(void **state)
{
	struct bs_conf conf = { .type = "rdwr" };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(*state, &conf, &err));
	assert_non_null(strstr(err.text, "needs a path"));
}

static void a_type_without_a_flag_refuses_it(void **state)
{
	static const struct bs_type plain = {
		.name = "plain", .abi_size = sizeof(struct bs_type), .size = sizeof(struct bs),
	};
	static const struct bs_type *const types[] = { &plain, NULL };
	struct bs_box *box = *state, own = *box;
	struct bs_conf conf = { .sync = true };
	struct err err = { .code = ERR_OK };

	own.core = bs_core_new(box->loop, box->workers, types);
	assert_null(box_open_conf(&own, &conf, &err));
	assert_non_null(strstr(err.text, "sync"));
	bs_core_free(own.core);
}

static void a_type_of_another_abi_is_not_found(void **state)
{
	static const struct bs_type old = { .name = "old", .abi_size = 8 };
	static const struct bs_type *const types[] = { &old, NULL };
	struct bs_box *box = *state;
	struct bs_core *core = bs_core_new(box->loop, box->workers, types);

	assert_null(bs_type_find(core, "old"));
	bs_core_free(core);
}

static void what_is_outside_is_refused(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "null", NULL, "size=1M");
	uint8_t buf[4096];

	assert_int_equal(bs->size, MiB);
	assert_int_equal(box_read(box, bs, MiB - 512, buf, 512), 0);
	assert_int_equal(box_read(box, bs, MiB - 512, buf, 1024), -EINVAL);
	assert_int_equal(box_read(box, bs, MiB, buf, 0), 0);
	assert_int_equal(box_read(box, bs, MiB + 1, buf, 0), -EINVAL);
	assert_int_equal(box_read(box, bs, UINT64_MAX - 511, buf, 1024), -EINVAL);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, UINT64_MAX, NULL, 9), 0);
	bs->align = 512;
	assert_int_equal(box_read(box, bs, 256, buf, 512), -EINVAL);
	assert_int_equal(box_read(box, bs, 512, buf, 256), -EINVAL);
	bs->cap[BS_UNMAP] = BS_CAP_NONE;
	assert_int_equal(box_io(box, bs, BS_UNMAP, 0, 0, NULL, 512), -EOPNOTSUPP);
	bs->readonly = true;
	assert_int_equal(box_write(box, bs, 0, buf, 512), -EROFS);
	assert_int_equal(box_io(box, bs, BS_UNMAP, 0, 0, NULL, 512), -EROFS);
	assert_int_equal(box_io(box, bs, BS_ZERO, 0, 0, NULL, 512), -EROFS);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	box_close(box, bs);
}

static void what_was_submitted_before_the_turn_completes_in_it(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "null", NULL, NULL);
	struct box_io io[3];
	uint8_t buf[512];

	for (int i = 0; i < 3; i++)
		box_start(&io[i], bs, BS_READ, 0, 0, buf, sizeof(buf));
	assert_int_equal(io[0].ended, 0);
	t_loop_turns(box->loop, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(io[i].ended, 1);
	box_close(box, bs);
}

/* --- a store that a test completes by hand */

struct hand {
	struct bs bs;
	struct list held;
};

static int hand_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct hand *h = container_of(bs, struct hand, bs);

	(void)err;
	if (conf->path && !strcmp(conf->path, "bad"))
		return -EACCES;
	list_init(&h->held);
	bs->size = MiB;
	bs->align = 1;
	bs->cap[BS_READ] = BS_CAP_NATIVE;
	return 0;
}

static int hand_attach(struct bs *bs, struct err *err)
{
	if (bs->path && !strcmp(bs->path, "lame"))
		return err_set(err, ERR_INVALID_REQUEST, "it is lame");
	return 0;
}

static void hand_submit(struct bs_req *req)
{
	list_push_back(&container_of(req->bs, struct hand, bs)->held, &req->link);
}

static bool hand_closed;

static void hand_close(struct bs *bs)
{
	assert_int_equal(bs->inflight, 0);
	hand_closed = true;
}

static const struct bs_type hand_type = {
	.name = "hand", .abi_size = sizeof(struct bs_type), .size = sizeof(struct hand),
	.open = hand_open, .attach = hand_attach, .submit = hand_submit, .close = hand_close,
};
static const struct bs_type *const hand_types[] = { &hand_type, NULL };

static struct bs_req *hand_take(struct bs *bs)
{
	return list_entry(list_pop(&container_of(bs, struct hand, bs)->held), struct bs_req, link);
}

static struct bs_box hand_box(struct bs_box *box)
{
	struct bs_box own = *box;

	own.core = bs_core_new(box->loop, box->workers, hand_types);
	assert_non_null(own.core);
	hand_closed = false;
	return own;
}

/* Waits until the store that is being closed is gone. */
static void hand_end(struct bs_box *own)
{
	assert_true(t_loop_until_equal(own->loop, &own->core->n_stores, 0));
	assert_true(hand_closed);
	bs_core_free(own->core);
}

static void an_error_of_open_has_a_sentence(void **state)
{
	struct bs_box own = hand_box(*state);
	struct bs_conf conf = { .path = "bad" };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(&own, &conf, &err));
	assert_non_null(strstr(err.text, "bad: Permission denied"));
	bs_core_free(own.core);
}

static void a_store_that_fails_to_attach_is_closed(void **state)
{
	struct bs_box own = hand_box(*state);
	struct bs_conf conf = { .path = "lame" };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(&own, &conf, &err));
	assert_string_equal(err.text, "it is lame");
	hand_end(&own);
}

static void closing_waits_for_what_is_in_flight(void **state)
{
	struct bs_box own = hand_box(*state);
	struct bs *bs = box_open(&own, NULL, NULL, NULL);
	struct box_io io, late;
	uint8_t b;

	box_start(&io, bs, BS_READ, 0, 0, &b, 1);
	bs_close(bs, NULL, NULL);
	box_start(&late, bs, BS_READ, 0, 0, &b, 1);
	t_loop_turns(own.loop, 5);
	assert_int_equal(late.ended, 1);
	assert_int_equal(late.req.result, -ENODEV);
	assert_int_equal(own.core->n_stores, 1);
	assert_false(hand_closed);
	bs_complete(hand_take(bs), 0);
	assert_int_equal(box_wait(&own, &io), 0);
	hand_end(&own);
}

static void a_hold_keeps_a_closing_store(void **state)
{
	struct bs_box own = hand_box(*state);
	struct bs *bs = box_open(&own, NULL, NULL, NULL);

	bs_hold(bs);
	bs_close(bs, NULL, NULL);
	t_loop_turns(own.loop, 3);
	assert_false(hand_closed);
	bs_release(bs);
	hand_end(&own);
}

static struct bs_req *now_req;
static int flush_saw = -1;
static struct box_io now_io;

static void complete_in_submit(struct loop_call *c)
{
	(void)c;
	bs_complete_now(now_req, 0);
}

static void look_in_flush(struct loop_call *c)
{
	(void)c;
	flush_saw = now_io.ended;
}

static void an_event_of_the_submit_phase_is_told_before_the_flush_phase(void **state)
{
	struct bs_box own = hand_box(*state);
	struct bs *bs = box_open(&own, NULL, NULL, NULL);
	struct loop_call submit, flush;
	uint8_t b;

	box_start(&now_io, bs, BS_READ, 0, 0, &b, 1);
	now_req = hand_take(bs);
	loop_call_init(&submit, LOOP_SUBMIT, complete_in_submit);
	loop_call_init(&flush, LOOP_FLUSH, look_in_flush);
	loop_call_queue(own.loop, &submit);
	loop_call_queue(own.loop, &flush);
	t_loop_turns(own.loop, 1);
	assert_int_equal(flush_saw, 1);
	box_close(&own, bs);
	bs_core_free(own.core);
}

static void resized(struct bs *bs, void *arg)
{
	*(uint64_t *)arg = bs->size;
}

static void a_new_size_is_told_once(void **state)
{
	struct bs_box own = hand_box(*state);
	struct bs *bs = box_open(&own, NULL, NULL, NULL);
	uint64_t told = 0;

	bs->resized = resized;
	bs->resized_arg = &told;
	bs_set_size(bs, MiB);
	assert_int_equal(told, 0);
	bs_set_size(bs, 2 * MiB);
	assert_int_equal(told, 2 * MiB);
	bs_probe(bs);
	box_close(&own, bs);
	bs_core_free(own.core);
}

static void open_and_close(void *arg)
{
	struct bs_box *box = arg;
	struct bs_conf conf = { .type = "mem", .path = "trace::delay::fault::64K" };
	struct err err = { .code = ERR_OK };
	struct bs *bs = box_open_conf(box, &conf, &err);
	char buf[512] = "";
	int ret;

	if (!bs) {
		assert_int_not_equal(err.code, ERR_OK);
		return;
	}
	ret = box_write(box, bs, 0, buf, sizeof(buf));
	assert_true(ret == 0 || ret == -ENOMEM);
	box_close(box, bs);
}

static void any_allocation_may_fail_while_opening_and_working(void **state)
{
	assert_true(t_alloc_each(open_and_close, *state) > 5);
}

static void options_are_found_by_their_whole_name(void **state)
{
	bool found;
	char *v;

	(void)state;
	v = bs_opt_get("conf=/a;id=x;size=", ';', "id", &found);
	assert_true(found);
	assert_string_equal(v, "x");
	free(v);
	v = bs_opt_get("conf=/a;id=x;size=", ';', "size", &found);
	assert_true(found);
	assert_string_equal(v, "");
	free(v);
	assert_null(bs_opt_get("confid=1;id", ';', "id", &found));
	assert_false(found);
	assert_null(bs_opt_get(NULL, ';', "id", &found));
	assert_false(found);
}

static void sizes_are_powers_of_1024(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(bs_size_parse("512", &v), 0);
	assert_int_equal(v, 512);
	assert_int_equal(bs_size_parse("64M", &v), 0);
	assert_int_equal(v, 64 * MiB);
	assert_int_equal(bs_size_parse("1t", &v), 0);
	assert_int_equal(v, 1024 * GiB);
	assert_int_equal(bs_size_parse("7E", &v), 0);
	assert_int_equal(bs_size_parse("8E", &v), -ERANGE);
	assert_int_equal(bs_size_parse("99999999999999999999", &v), -ERANGE);
	assert_int_equal(bs_size_parse("", &v), -EINVAL);
	assert_int_equal(bs_size_parse("M", &v), -EINVAL);
	assert_int_equal(bs_size_parse("1MB", &v), -EINVAL);
	assert_int_equal(bs_size_parse("-1", &v), -EINVAL);
	assert_int_equal(bs_size_parse("1 M", &v), -EINVAL);
}

#define box_test(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		box_test(opening_an_unknown_type_is_told_from_the_loop),
		box_test(the_first_type_is_the_default),
		box_test(a_type_that_needs_a_path_says_so),
		box_test(a_type_without_a_flag_refuses_it),
		box_test(a_type_of_another_abi_is_not_found),
		box_test(what_is_outside_is_refused),
		box_test(what_was_submitted_before_the_turn_completes_in_it),
		box_test(an_error_of_open_has_a_sentence),
		box_test(a_store_that_fails_to_attach_is_closed),
		box_test(closing_waits_for_what_is_in_flight),
		box_test(a_hold_keeps_a_closing_store),
		box_test(an_event_of_the_submit_phase_is_told_before_the_flush_phase),
		box_test(a_new_size_is_told_once),
		box_test(any_allocation_may_fail_while_opening_and_working),
		cmocka_unit_test(options_are_found_by_their_whole_name),
		cmocka_unit_test(sizes_are_powers_of_1024),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
