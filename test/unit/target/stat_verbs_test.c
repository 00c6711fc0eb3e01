/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stat verbs tell, at every level, and that they leave the loop to others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "target/stats.h"
#include "target/verb_walk.h"
#include "target_call.h"

#define MS 1000000ull

struct box {
	struct fake *f;
	struct target *t;
	struct nexus *a, *b;
};

static int setup(void **state)
{
	static struct box b;

	b.f = fake_new(NULL);
	b.t = fake_target(b.f, 1, "iqn.2001-04.example:a");
	fake_disk(b.f, b.t, 1, 8);
	fake_disk(b.f, b.t, 2, 8);
	b.a = fake_nexus(b.f, b.t, "iqn.a");
	b.b = fake_nexus(b.f, b.t, "iqn.b");
	fake_clear_ua(b.a, 1);
	fake_clear_ua(b.b, 1);
	loop_clock_advance(b.f->loop, 0);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	t_call_forget();
	fake_free(((struct box *)*state)->f);
	return 0;
}

/* The number at the end of a path of names and indices: num(answer, "luns", "1", "lun", NULL). */
static json_int_t num(json_t *v, ...)
{
	const char *step;
	va_list ap;

	va_start(ap, v);
	while ((step = va_arg(ap, const char *)))
		v = json_is_array(v) ? json_array_get(v, (size_t)(*step - '0')) :
				       json_object_get(v, step);
	va_end(ap);
	if (!json_is_integer(v))
		fail_msg("no number: %s", strbuf_str(&t_call.text));
	return json_integer_value(v);
}

/* Of two commands of nexus a and one of b, 3 ms each. */
static void some_reads(struct box *b)
{
	struct fake_cmd *c[3];
	unsigned int i;

	b->f->hold_run = true;
	for (i = 0; i < 3; i++)
		c[i] = fake_submit(i ? b->a : b->b, 1, FAKE_READ, 0, 1);
	loop_clock_advance(b->f->loop, 3 * MS);
	for (i = 0; i < 3; i++)
		fake_finish(c[i], RES_GOOD);
	b->f->hold_run = false;
}

static void a_lun_tells_its_commands_and_those_of_each_session(void **state)
{
	struct box *b = *state;
	char json[64];

	some_reads(b);
	assert_int_equal(t_call_run(b->f, "logicalunit", "stat", "{'tid':1,'lun':1}"), ERR_OK);
	assert_int_equal(num(t_answer, "tid", NULL), 1);
	assert_int_equal(num(t_answer, "io", "read", "cmds", NULL), 3);
	assert_int_equal(num(t_answer, "io", "read", "bytes", NULL), 3 * 512);
	assert_int_equal(num(t_answer, "io", "read", "ns", NULL), 9 * MS);
	assert_int_equal(latency_bucket((uint64_t)num(t_answer, "io", "read", "p99_ns", NULL)),
			 latency_bucket(3 * MS));
	assert_int_equal(num(t_answer, "io", "read", "hist", "0", "0", NULL),
			 latency_above(latency_bucket(3 * MS)));
	assert_int_equal(num(t_answer, "io", "read", "hist", "0", "1", NULL), 3);
	assert_null(json_object_get(json_object_get(t_answer, "io"), "write"));
	assert_int_equal(num(t_answer, "peak", NULL), 3);
	assert_int_equal(json_array_size(json_object_get(t_answer, "nexuses")), 2);
	snprintf(json, sizeof(json), "{'tid':1,'lun':1,'sid':%d}", (int)b->a->sid);
	assert_int_equal(t_call_run(b->f, "logicalunit", "stat", json), ERR_OK);
	assert_int_equal(json_array_size(json_object_get(t_answer, "nexuses")), 1);
	assert_int_equal(num(t_answer, "nexuses", "0", "rd_done_bytes", NULL), 1024);
}

static void a_target_adds_its_luns_up(void **state)
{
	struct box *b = *state;

	some_reads(b);
	fake_submit(b->a, 1, FAKE_READ, 5000, 1);
	fake_submit(b->a, 2, FAKE_TUR, 0, 0);
	assert_int_equal(t_call_run(b->f, "target", "stat", "{'tid':1}"), ERR_OK);
	assert_int_equal(json_array_size(json_object_get(t_answer, "luns")), 3);
	assert_int_equal(num(t_answer, "luns", "1", "lun", NULL), 1);
	assert_int_equal(num(t_answer, "io", "read", "cmds", NULL), 4);
	assert_int_equal(num(t_answer, "io", "read", "hist", "1", "1", NULL), 3);
	assert_int_equal(num(t_answer, "io", "other", "cmds", NULL), 1);
	assert_int_equal(num(t_answer, "status", "check_condition", NULL), 2);
	assert_int_equal(num(t_answer, "sense", "illegal_request", NULL), 1);
	assert_int_equal(num(t_answer, "sense", "unit_attention", NULL), 1);
	assert_int_equal(num(t_answer, "nexuses", "0", "sid", NULL), b->a->sid);
	assert_int_equal(num(t_answer, "nexuses", "0", "io", "read", "cmds", NULL), 3);
	assert_int_equal(num(t_answer, "nexuses", "1", "io", "read", "cmds", NULL), 1);
}

static void what_is_deleted_stays_in_the_sum(void **state)
{
	struct box *b = *state;

	some_reads(b);
	assert_int_equal(t_call_run(b->f, "logicalunit", "delete", "{'tid':1,'lun':1}"), ERR_OK);
	assert_int_equal(t_call_run(b->f, "system", "stat", "{}"), ERR_OK);
	assert_int_equal(num(t_answer, "targets", "0", "io", "read", "cmds", NULL), 3);
	assert_int_equal(num(t_answer, "targets", "0", "in_flight", NULL), 0);
}

static void commands_under_way_are_told_with_the_age_of_the_oldest(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c, *d;

	b->f->hold_run = true;
	c = fake_submit(b->a, 1, FAKE_READ, 0, 1);
	loop_clock_advance(b->f->loop, 5 * MS);
	d = fake_submit(b->a, 1, FAKE_READ, 0, 1);
	assert_int_equal(t_call_run(b->f, "target", "stat", "{'tid':1}"), ERR_OK);
	assert_int_equal(num(t_answer, "in_flight", NULL), 2);
	assert_int_equal(num(t_answer, "nexuses", "0", "in_flight", NULL), 2);
	assert_int_equal(num(t_answer, "luns", "1", "in_flight", NULL), 2);
	assert_int_equal(num(t_answer, "luns", "1", "oldest_ns", NULL), 5 * MS);
	assert_int_equal(num(t_answer, "luns", "2", "oldest_ns", NULL), 0);
	fake_finish(c, RES_GOOD);
	fake_finish(d, RES_GOOD);
}

static void functions_are_told_by_name(void **state)
{
	struct box *b = *state;
	struct fake_tmf tmf = { .ended = false };

	fake_tmf(b->a, &tmf, TMF_LUN_RESET, 1, 0);
	fake_settle(b->f);
	assert_int_equal(t_call_run(b->f, "target", "stat", "{'tid':1}"), ERR_OK);
	assert_int_equal(num(t_answer, "tmf", "lun_reset", NULL), 1);
	assert_int_equal(num(t_answer, "luns", "1", "resets", NULL), 1);
}

static void no_target_is_an_empty_list(void **state)
{
	struct box *b = *state;

	assert_int_equal(t_call_run(b->f, "target", "delete", "{'tid':1,'force':true}"), ERR_OK);
	assert_int_equal(t_call_run(b->f, "system", "stat", "{}"), ERR_OK);
	assert_int_equal(json_array_size(json_object_get(t_answer, "targets")), 0);
	assert_int_equal(num(t_answer, "time_ns", NULL), loop_now(b->f->loop));
}

/* A show of thousands of sessions and LUNs, during which some of both go. */
static void sessions_that_go_while_they_are_told_of_do_no_harm(void **state)
{
	struct box *b = *state;
	struct nexus *n[4 * VERB_WALK_STEP];
	json_t *list;
	size_t i;
	int last = 0;

	for (i = 0; i < ARRAY_SIZE(n); i++)
		n[i] = fake_nexus(b->f, b->t, "iqn.many");
	assert_false(t_call_start(b->f, "target", "stat", "{'tid':1}"));
	/* Where the walk stands, and around it. */
	for (i = VERB_WALK_STEP - 8; i < VERB_WALK_STEP + 8; i++)
		fake_nexus_end(b->f, n[i]);
	assert_int_equal(t_call_end(b->f), ERR_OK);
	list = json_object_get(t_answer, "nexuses");
	assert_true(json_array_size(list) >= ARRAY_SIZE(n) + 2 - 16);
	for (i = 0; i < json_array_size(list); i++) {
		json_t *sid = json_object_get(json_array_get(list, i), "sid");

		assert_true(json_integer_value(sid) > last);
		last = (int)json_integer_value(sid);
	}
	assert_int_equal(json_array_size(json_object_get(t_answer, "luns")), 3);
}

static void stat_each(void *arg)
{
	struct box *b = arg;

	t_call_start(b->f, "system", "stat", "{}");
	t_call_end(b->f);
	assert_true(t_call.err.code == ERR_OK || t_call.err.code == ERR_NOMEM);
}

static void an_allocation_that_fails_ends_in_an_error_or_a_sum_without_histogram(void **state)
{
	struct box *b = *state;

	some_reads(b);
	assert_true(t_alloc_each(stat_each, b) > 3);
	assert_int_equal(num(t_answer, "targets", "0", "io", "read", "cmds", NULL), 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_lun_tells_its_commands_and_those_of_each_session),
		T(a_target_adds_its_luns_up),
		T(what_is_deleted_stays_in_the_sum),
		T(commands_under_way_are_told_with_the_age_of_the_oldest),
		T(functions_are_told_by_name),
		T(no_target_is_an_empty_list),
		T(sessions_that_go_while_they_are_told_of_do_no_harm),
		T(an_allocation_that_fails_ends_in_an_error_or_a_sum_without_histogram),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
