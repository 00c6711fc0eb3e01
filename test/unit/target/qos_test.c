/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of commands and bytes a second: who waits, how long, in which order, and who doesn't.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/nexus.h"
#include "target/qos.h"
#include "target/tmf.h"
#include "target_fake.h"

#define MS (NSEC_PER_SEC / 1000)

struct box {
	struct fake *f;
	struct target *t;
	struct lu *lu;
	struct nexus *a, *b; /* of different initiators */
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	b->f = fake_new(NULL);
	b->t = fake_target(b->f, 1, "iqn.t");
	b->lu = fake_disk(b->f, b->t, 1, 100000);
	fake_disk(b->f, b->t, 2, 1000);
	b->a = fake_nexus(b->f, b->t, "iqn.a");
	b->b = fake_nexus(b->f, b->t, "iqn.b");
	for (uint64_t lun = 1; lun <= 2; lun++) {
		fake_clear_ua(b->a, lun);
		fake_clear_ua(b->b, lun);
	}
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	fake_free(b->f);
	free(b);
	return 0;
}

static void limit(struct box *b, const char *name, const char *value)
{
	struct err err = { .code = ERR_OK };

	if (lu_set(b->lu, name, value, &err))
		fail_msg("%s=%s: %s", name, value, err.text);
}

static void rule(struct box *b, const char *text)
{
	struct err err = { .code = ERR_OK };

	if (qos_target_set(b->t, text, &err))
		fail_msg("%s: %s", text, err.text);
}

static struct fake_cmd *rd(struct nexus *n, uint16_t blocks)
{
	return fake_submit(n, 1, FAKE_READ, 0, blocks);
}

static struct fake_cmd *wr(struct nexus *n, uint16_t blocks)
{
	return fake_submit(n, 1, FAKE_WRITE, 0, blocks);
}

static void pass(struct box *b, uint64_t ns)
{
	loop_clock_advance(b->f->loop, ns);
	fake_settle(b->f);
}

static bool ended(const struct fake_cmd *c)
{
	return c->ended && fake_result(c) == RES_GOOD;
}

static void commands_over_the_limit_wait_in_order(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c[4];

	limit(b, "iops", "10");
	limit(b, "iops_burst", "1");
	for (int i = 0; i < 4; i++)
		c[i] = rd(i % 2 ? b->b : b->a, 1);
	assert_true(ended(c[0]));
	for (int i = 1; i < 4; i++) {
		assert_false(c[i]->ended);
		pass(b, 99 * MS);
		assert_false(c[i]->ended);
		pass(b, MS);
		assert_true(ended(c[i]));
		assert_true(i == 3 || !c[i + 1]->ended);
	}
	/* After a pause no more is saved up than the burst. */
	pass(b, 10 * NSEC_PER_SEC);
	assert_true(ended(rd(b->a, 1)));
	assert_false(rd(b->a, 1)->ended);
	assert_int_equal(b->lu->qos->n_waiting, 1);
	assert_int_equal(b->lu->qos->delayed, 4);
	pass(b, NSEC_PER_SEC);
	assert_int_equal(b->lu->qos->n_waiting, 0);
	assert_int_equal(b->lu->qos->delayed_ns, (100 + 200 + 300 + 1000) * MS);
}

static void bytes_are_limited_by_what_is_moved(void **state)
{
	struct box *b = *state;
	struct fake_cmd *big, *small;

	limit(b, "bps", "1M");
	limit(b, "bps_burst", "1");
	big = rd(b->a, 8);
	small = wr(b->a, 2);
	assert_true(ended(big));
	assert_false(small->ended);
	pass(b, 4096 * NSEC_PER_SEC / 1048576 - MS / 10);
	assert_false(small->ended);
	pass(b, MS / 10);
	assert_true(ended(small));
	pass(b, NSEC_PER_SEC);
}

static void a_burst_goes_at_once(void **state)
{
	struct box *b = *state;

	limit(b, "iops", "100");
	limit(b, "iops_burst", "5");
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5; i++)
			assert_true(ended(rd(b->a, 1)));
		assert_false(rd(b->a, 1)->ended);
		pass(b, 10 * MS);
		pass(b, NSEC_PER_SEC);
	}
}

static void reads_and_writes_may_have_limits_of_their_own(void **state)
{
	struct box *b = *state;

	limit(b, "iops_wr", "1");
	limit(b, "iops_burst", "1");
	assert_true(ended(wr(b->a, 1)));
	assert_false(wr(b->a, 1)->ended);
	for (int i = 0; i < 10; i++)
		assert_true(ended(rd(b->a, 1)));
	pass(b, NSEC_PER_SEC);
}

static void what_costs_nothing_does_not_wait_unless_it_is_ordered(void **state)
{
	struct box *b = *state;
	struct fake_cmd *waiting, *ordered, *after;

	limit(b, "iops", "10");
	limit(b, "iops_burst", "1");
	rd(b->a, 1);
	waiting = rd(b->a, 1);
	assert_true(ended(fake_submit(b->a, 1, FAKE_TUR, 0, 0)));
	assert_true(ended(fake_submit(b->a, 1, FAKE_INQUIRY, 0, 0)));
	ordered = fake_submit_attr(b->a, 1, FAKE_TUR, ATTR_ORDERED);
	after = fake_submit(b->a, 1, FAKE_TUR, 0, 0);
	assert_false(ordered->ended);
	assert_false(after->ended);
	assert_true(ended(fake_submit(b->a, 1, FAKE_INQUIRY, 0, 0)));
	pass(b, 100 * MS);
	assert_true(ended(waiting) && ended(ordered) && ended(after));
	assert_true(waiting->ended_at < ordered->ended_at && ordered->ended_at < after->ended_at);
}

static void a_head_of_queue_command_waits_before_the_others(void **state)
{
	struct box *b = *state;
	struct fake_cmd *simple, *urgent;

	limit(b, "iops", "10");
	limit(b, "iops_burst", "1");
	rd(b->a, 1);
	simple = rd(b->a, 1);
	urgent = fake_submit_attr(b->a, 1, FAKE_READ, ATTR_HEAD_OF_QUEUE);
	assert_false(urgent->ended);
	pass(b, 100 * MS);
	assert_true(ended(urgent));
	assert_false(simple->ended);
	pass(b, 100 * MS);
	assert_true(ended(simple));
}

static void other_logical_units_do_not_wait(void **state)
{
	struct box *b = *state;

	limit(b, "iops", "1");
	rd(b->a, 1);
	assert_false(rd(b->a, 1)->ended);
	for (int i = 0; i < 20; i++)
		assert_true(ended(fake_submit(b->a, 2, FAKE_READ, 0, 1)));
	pass(b, 2 * NSEC_PER_SEC);
}

static void an_initiator_has_its_limit_over_all_sessions_and_units(void **state)
{
	struct box *b = *state;
	struct nexus *a2 = fake_nexus(b->f, b->t, "IQN.A");
	struct fake_cmd *second, *third;

	fake_clear_ua(a2, 1);
	rule(b, "iqn.a iops=10,iops_burst=1");
	assert_true(ended(rd(b->a, 1)));
	second = fake_submit(b->a, 2, FAKE_READ, 0, 1);
	third = rd(a2, 1);
	assert_false(second->ended || third->ended);
	for (int i = 0; i < 20; i++)
		assert_true(ended(rd(b->b, 1)));
	pass(b, 100 * MS);
	assert_true(ended(second) && !third->ended);
	pass(b, 100 * MS);
	assert_true(ended(third));
}

static void a_rule_for_all_is_each_ones_own(void **state)
{
	struct box *b = *state;
	struct nexus *c;

	rule(b, "ALL iops=10,iops_burst=1");
	rule(b, "iqn.b iops=1000,iops_burst=5");
	rule(b, "iqn.[ iops=1");
	rule(b, "iqn.c* iops=10,iops_burst=1");
	rule(b, "iqn.* iops=500,iops_burst=100");
	rule(b, "iqn.*");
	c = fake_nexus(b->f, b->t, "iqn.c");
	fake_clear_ua(c, 1);
	assert_true(ended(rd(b->a, 1)));
	assert_true(ended(rd(c, 1)));
	assert_false(rd(b->a, 1)->ended);
	assert_false(rd(c, 1)->ended);
	for (int i = 0; i < 5; i++)
		assert_true(ended(rd(b->b, 1)));
	assert_false(rd(b->b, 1)->ended);
	pass(b, NSEC_PER_SEC);
	/* Without its own rule it has that for all. */
	rule(b, "iqn.b");
	assert_true(ended(rd(b->b, 1)));
	assert_false(rd(b->b, 1)->ended);
	rule(b, "ALL");
	for (int i = 0; i < 5; i++)
		assert_true(ended(rd(b->b, 1)));
}

static void both_limits_hold(void **state)
{
	struct box *b = *state;
	struct fake_cmd *of_a, *of_b;

	limit(b, "iops", "10");
	limit(b, "iops_burst", "1");
	rule(b, "iqn.a iops=5,iops_burst=1");
	assert_true(ended(rd(b->a, 1)));
	of_a = rd(b->a, 1);
	of_b = rd(b->b, 1);
	pass(b, 100 * MS);
	assert_true(ended(of_b) && !of_a->ended);
	of_b = rd(b->b, 1);
	pass(b, 99 * MS);
	assert_false(of_b->ended);
	pass(b, MS);
	/* Both are due now; the one that waited at the logical unit is first there. */
	assert_true(ended(of_b) && !of_a->ended);
	pass(b, 100 * MS);
	assert_true(ended(of_a));
}

static void a_command_that_waits_can_be_aborted(void **state)
{
	struct box *b = *state;
	struct fake_cmd *first, *second;
	struct fake_tmf tmf;

	limit(b, "iops", "10");
	limit(b, "iops_burst", "1");
	rd(b->a, 1);
	first = rd(b->a, 1);
	second = rd(b->a, 1);
	fake_tmf(b->a, &tmf, TMF_ABORT_TASK, 1, first->cmd.tag);
	assert_true(tmf.ended);
	assert_int_equal(tmf.response, TMF_RSP_COMPLETE);
	assert_true(first->ended && first->aborted);
	assert_int_equal(b->lu->qos->n_waiting, 1);
	pass(b, 100 * MS);
	assert_true(ended(second));
}

static void what_waits_goes_with_its_unit_or_its_session(void **state)
{
	struct box *b = *state;
	struct fake_cmd *of_a, *of_b;
	struct nexus *a2 = fake_nexus(b->f, b->t, "iqn.a");

	fake_clear_ua(a2, 1);
	limit(b, "iops", "1");
	limit(b, "iops_burst", "1");
	rule(b, "iqn.a iops=1,iops_burst=1");
	rd(b->a, 1);
	of_a = rd(a2, 1);
	of_b = rd(b->b, 1);
	fake_nexus_end(b->f, a2);
	assert_true(of_a->aborted);
	of_a = rd(b->a, 1);
	assert_int_equal(lu_delete(b->lu, true, NULL, NULL, NULL), 0);
	assert_int_equal(fake_result(of_a), RES_LUN_NOT_SUPPORTED);
	assert_int_equal(fake_result(of_b), RES_LUN_NOT_SUPPORTED);
	fake_settle(b->f);
	b->lu = NULL;
}

static void a_limit_that_is_raised_or_taken_away_lets_go(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c[20];

	limit(b, "iops", "1");
	limit(b, "iops_burst", "1");
	for (int i = 0; i < 20; i++)
		c[i] = rd(b->a, 1);
	limit(b, "iops_burst", "4");
	for (int i = 0; i < 5; i++)
		assert_true(ended(c[i]));
	assert_false(c[5]->ended);
	limit(b, "iops", "0");
	for (int i = 5; i < 20; i++)
		assert_true(ended(c[i]));
	assert_false(nexus_itl(b->a, 1)->limited);
}

static void values_are_checked(void **state)
{
	static const char *const bad[] = {
		"iqn.a iops", "iqn.a iops=", "iqn.a iops=-1", "iqn.a speed=1", "", "iqn.a bps=17G",
		"iqn.a iops=2000000000",
	};
	struct box *b = *state;
	struct err err = { .code = ERR_OK };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(qos_target_set(b->t, bad[i], &err), -EINVAL);
		assert_true(*err.text);
		err = (struct err){ .code = ERR_OK };
	}
	assert_int_equal(lu_set(b->lu, "iops", "many", &err), -EINVAL);
	assert_null(b->lu->qos);
	assert_false(nexus_itl(b->a, 1)->limited);
}

/* Whatever comes when: in no second more than the rate and the burst. */
static void no_second_has_more_than_rate_and_burst(void **state)
{
	enum { RATE = 50, BURST = 7, COUNT = 3000 };
	struct box *b = *state;
	static uint64_t at[COUNT];
	unsigned int n = 0, sent = 0;

	limit(b, "iops", "50");
	limit(b, "iops_burst", "7");
	srandom(3);
	while (n < COUNT) {
		unsigned int now = (unsigned int)(sent - b->lu->qos->n_waiting);

		for (; n < now && n < COUNT; n++)
			at[n] = loop_now(b->f->loop);
		if (b->lu->qos->n_waiting < 20)
			for (long k = random() % 15; k > 0; k--, sent++)
				rd(random() % 2 ? b->a : b->b, 1);
		pass(b, (uint64_t)(random() % 120) * MS);
	}
	for (unsigned int i = 0; i + RATE + BURST < COUNT; i++)
		assert_true(at[i + RATE + BURST] - at[i] >= NSEC_PER_SEC - 120 * MS);
	/* And it is made use of. */
	assert_true(at[COUNT - 1] - at[0] < (uint64_t)COUNT * NSEC_PER_SEC / RATE * 13 / 10);
	pass(b, NSEC_PER_SEC);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(commands_over_the_limit_wait_in_order),
		T(bytes_are_limited_by_what_is_moved),
		T(a_burst_goes_at_once),
		T(reads_and_writes_may_have_limits_of_their_own),
		T(what_costs_nothing_does_not_wait_unless_it_is_ordered),
		T(a_head_of_queue_command_waits_before_the_others),
		T(other_logical_units_do_not_wait),
		T(an_initiator_has_its_limit_over_all_sessions_and_units),
		T(a_rule_for_all_is_each_ones_own),
		T(both_limits_hold),
		T(a_command_that_waits_can_be_aborted),
		T(what_waits_goes_with_its_unit_or_its_session),
		T(a_limit_that_is_raised_or_taken_away_lets_go),
		T(values_are_checked),
		T(no_second_has_more_than_rate_and_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
