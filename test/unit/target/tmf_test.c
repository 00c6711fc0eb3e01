/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task management functions: whom they abort, what they wait for, what others
 * learn of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "target/ua.h"
#include "target_fake.h"

struct box {
	struct fake *f;
	struct target *t;
	struct lu *lu, *lu2;
	struct nexus *a, *b;
};

static int setup(void **state)
{
	static struct box b;

	b.f = fake_new(NULL);
	b.t = fake_target(b.f, 1, "iqn.2001-04.com.example:t");
	b.lu = fake_disk(b.f, b.t, 1, 1000);
	b.lu2 = fake_disk(b.f, b.t, 2, 1000);
	b.a = fake_nexus(b.f, b.t, "iqn.a");
	b.b = fake_nexus(b.f, b.t, "iqn.b");
	for (int lun = 1; lun <= 2; lun++) {
		fake_clear_ua(b.a, (uint64_t)lun);
		fake_clear_ua(b.b, (uint64_t)lun);
	}
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	fake_free(b->f);
	return 0;
}

static struct fake_cmd *running(struct box *b, struct nexus *n, uint64_t lun)
{
	struct fake_cmd *c;

	b->f->hold_run = true;
	c = fake_submit(n, lun, FAKE_TUR, 0, 0);
	assert_true(c->running);
	return c;
}

static struct fake_cmd *fetching(struct box *b, struct nexus *n, uint64_t lun)
{
	struct fake_cmd *c;

	b->f->hold_data = true;
	c = fake_submit(n, lun, FAKE_WRITE, 0, 1);
	assert_true(c->data_wanted);
	return c;
}

static void response_is(const struct fake_tmf *t, enum tmf_response want)
{
	assert_true(t->ended);
	assert_int_equal(t->response, want);
}

static void abort_task_waits_for_a_command_in_the_store(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c = running(b, b->a, 1), *other = running(b, b->a, 1);
	struct fake_tmf t;

	fake_tmf(b->a, &t, TMF_ABORT_TASK, 1, c->cmd.tag);
	assert_false(t.ended);
	fake_finish(other, RES_GOOD);
	assert_result(other, GOOD);
	assert_false(t.ended);
	fake_finish(c, RES_GOOD);
	assert_true(c->aborted);
	response_is(&t, TMF_RSP_COMPLETE);
	assert_true(t.ended_at > c->ended_at);
}

static void abort_task_ends_one_that_fetches_data_at_once(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c = fetching(b, b->a, 1);
	struct fake_tmf t;

	fake_tmf(b->a, &t, TMF_ABORT_TASK, 1, c->cmd.tag);
	assert_true(c->aborted);
	response_is(&t, TMF_RSP_COMPLETE);
	assert_int_equal(c->ran, 0);
}

static void abort_task_of_a_dormant_command_lets_those_behind_go_on(void **state)
{
	struct box *b = *state;
	struct fake_cmd *first = running(b, b->a, 1);
	struct fake_cmd *o = fake_submit_attr(b->a, 1, FAKE_TUR, ATTR_ORDERED);
	struct fake_cmd *s = fake_submit_attr(b->a, 1, FAKE_TUR, ATTR_SIMPLE);
	struct fake_tmf t;

	assert_false(s->running);
	fake_tmf(b->a, &t, TMF_ABORT_TASK, 1, o->cmd.tag);
	assert_true(o->aborted);
	response_is(&t, TMF_RSP_COMPLETE);
	assert_true(s->running);
	fake_finish(s, RES_GOOD);
	fake_finish(first, RES_GOOD);
}

static void abort_task_finds_nothing_of_another_nexus_lun_or_tag(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c = running(b, b->a, 1);
	struct fake_tmf t;

	fake_tmf(b->b, &t, TMF_ABORT_TASK, 1, c->cmd.tag);
	response_is(&t, TMF_RSP_NO_TASK);
	fake_tmf(b->a, &t, TMF_ABORT_TASK, 2, c->cmd.tag);
	response_is(&t, TMF_RSP_NO_TASK);
	fake_tmf(b->a, &t, TMF_ABORT_TASK, 1, c->cmd.tag + 1000);
	response_is(&t, TMF_RSP_NO_TASK);
	fake_finish(c, RES_GOOD);
	assert_result(c, GOOD);
}

static void a_command_that_has_ended_is_no_task(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;
	struct fake_tmf t;

	b->f->hold_release = true;
	c = fake_submit(b->a, 1, FAKE_TUR, 0, 0);
	assert_true(c->ended);
	fake_tmf(b->a, &t, TMF_ABORT_TASK, 1, c->cmd.tag);
	response_is(&t, TMF_RSP_NO_TASK);
	fake_tmf(b->a, &t, TMF_QUERY_TASK, 1, c->cmd.tag);
	response_is(&t, TMF_RSP_COMPLETE);
	fake_release(c);
}

static void abort_task_set_takes_the_nexus_commands_on_the_lun(void **state)
{
	struct box *b = *state;
	struct fake_cmd *own = running(b, b->a, 1), *own2 = fetching(b, b->a, 1);
	struct fake_cmd *other_lun = running(b, b->a, 2), *other_nexus = running(b, b->b, 1);
	struct fake_tmf t;

	fake_tmf(b->a, &t, TMF_ABORT_TASK_SET, 1, 0);
	assert_true(own2->aborted);
	assert_false(t.ended);
	fake_finish(other_lun, RES_GOOD);
	fake_finish(other_nexus, RES_GOOD);
	assert_false(t.ended);
	fake_finish(own, RES_GOOD);
	response_is(&t, TMF_RSP_COMPLETE);
	assert_result(other_lun, GOOD);
	assert_result(other_nexus, GOOD);
	fake_tmf(b->a, &t, TMF_ABORT_TASK_SET, 1, 0);
	response_is(&t, TMF_RSP_COMPLETE);
}

/* QERR 0 (SPC-4 7.5.8): with a CHECK CONDITION nothing but the command itself ends. */
static void a_command_that_fails_takes_no_other_with_it(void **state)
{
	struct box *b = *state;
	struct fake_cmd *own = running(b, b->a, 1), *other = running(b, b->b, 1),
			*bad = running(b, b->a, 1);

	fake_finish(bad, RES_ME_READ);
	assert_result(bad, ME_READ);
	assert_false(own->ended || other->ended);
	fake_finish(own, RES_GOOD);
	fake_finish(other, RES_GOOD);
	assert_result(own, GOOD);
	assert_result(other, GOOD);
	assert_int_equal(nexus_itl(b->b, 1)->ua, 0);
}

static void clear_task_set_tells_others_by_unit_attention(void **state)
{
	struct box *b = *state;
	struct fake_cmd *own = running(b, b->a, 1), *other = running(b, b->b, 1);
	struct fake_tmf t;

	fake_tmf(b->a, &t, TMF_CLEAR_TASK_SET, 1, 0);
	fake_finish(own, RES_GOOD);
	assert_false(t.ended);
	fake_finish(other, RES_GOOD);
	response_is(&t, TMF_RSP_COMPLETE);
	assert_true(own->aborted && other->aborted);
	b->f->hold_run = false;
	assert_result(fake_submit(b->a, 1, FAKE_TUR, 0, 0), GOOD);
	assert_result(fake_submit(b->b, 1, FAKE_TUR, 0, 0), UA_CLEARED_BY_OTHER);
}

static void clear_task_set_with_tas_tells_others_by_status(void **state)
{
	struct box *b = *state;
	struct fake_cmd *own = fetching(b, b->a, 1), *other = fetching(b, b->b, 1);
	struct fake_cmd *in_store = running(b, b->b, 1);
	struct fake_tmf t;

	b->lu->tas = true;
	fake_tmf(b->a, &t, TMF_CLEAR_TASK_SET, 1, 0);
	assert_true(own->aborted);
	assert_result(other, TASK_ABORTED);
	fake_finish(in_store, RES_GOOD);
	assert_result(in_store, TASK_ABORTED);
	response_is(&t, TMF_RSP_COMPLETE);
	b->f->hold_run = false;
	assert_result(fake_submit(b->b, 1, FAKE_TUR, 0, 0), GOOD);
}

static void clear_task_set_spares_those_who_had_no_commands(void **state)
{
	struct box *b = *state;
	struct fake_cmd *own = running(b, b->a, 1);
	struct fake_tmf t;

	fake_tmf(b->a, &t, TMF_CLEAR_TASK_SET, 1, 0);
	fake_finish(own, RES_GOOD);
	b->f->hold_run = false;
	assert_result(fake_submit(b->b, 1, FAKE_TUR, 0, 0), GOOD);
}

static void dormant_commands_that_are_aborted_never_run(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c[6];
	struct fake_tmf t;

	c[0] = fetching(b, b->a, 1);
	for (int i = 1; i < 6; i++)
		c[i] = fake_submit_attr(i % 2 ? b->a : b->b, 1, FAKE_TUR, ATTR_ORDERED);
	fake_tmf(b->a, &t, TMF_CLEAR_TASK_SET, 1, 0);
	response_is(&t, TMF_RSP_COMPLETE);
	for (int i = 0; i < 6; i++) {
		assert_true(c[i]->aborted);
		assert_int_equal(c[i]->ran, 0);
	}
	assert_int_equal(b->lu->ts.n_tasks, 0);
}

static void a_lun_reset_clears_reservation_modes_and_tells_everybody(void **state)
{
	struct box *b = *state;
	struct fake_cmd *other;
	struct fake_tmf t;

	assert_result(fake_submit(b->b, 1, FAKE_RESERVE, 0, 0), GOOD);
	b->lu->tas = true; /* which the reset clears, after it has decided over the commands */
	nexus_itl(b->b, 1)->prevent = true;
	b->lu->n_prevent = 1;
	other = running(b, b->b, 1);
	fake_tmf(b->a, &t, TMF_LUN_RESET, 1, 0);
	assert_false(t.ended);
	fake_finish(other, RES_GOOD);
	assert_result(other, TASK_ABORTED);
	response_is(&t, TMF_RSP_COMPLETE);
	assert_null(b->lu->resv.holder);
	assert_int_equal(b->lu->n_prevent, 0);
	assert_int_equal(b->f->resets, 1);
	b->f->hold_run = false;
	assert_result(fake_submit(b->a, 1, FAKE_TUR, 0, 0), UA_DEVICE_RESET);
	assert_result(fake_submit(b->b, 1, FAKE_TUR, 0, 0), UA_DEVICE_RESET);
	assert_result(fake_submit(b->b, 2, FAKE_TUR, 0, 0), GOOD);
}

static void commands_after_a_reset_run_while_it_still_waits(void **state)
{
	struct box *b = *state;
	struct fake_cmd *old = running(b, b->a, 1), *new;
	struct fake_tmf t;

	fake_tmf(b->a, &t, TMF_LUN_RESET, 1, 0);
	assert_result(fake_submit(b->a, 1, FAKE_TUR, 0, 0), UA_DEVICE_RESET);
	new = running(b, b->a, 1);
	fake_finish(new, RES_GOOD);
	assert_result(new, GOOD);
	assert_false(t.ended);
	fake_finish(old, RES_GOOD);
	response_is(&t, TMF_RSP_COMPLETE);
}

static void target_resets_reach_every_lun(void **state)
{
	static const enum tmf_function functions[] = { TMF_TARGET_WARM_RESET,
						       TMF_TARGET_COLD_RESET };
	struct box *b = *state;
	struct fake_tmf t;

	for (int i = 0; i < 2; i++) {
		struct fake_cmd *x = running(b, b->a, 1), *y = running(b, b->b, 2);

		fake_tmf(b->a, &t, functions[i], 999, 0);
		fake_finish(x, RES_GOOD);
		assert_false(t.ended);
		fake_finish(y, RES_GOOD);
		response_is(&t, TMF_RSP_COMPLETE);
		assert_true(x->aborted && y->aborted);
		b->f->hold_run = false;
		assert_result(fake_submit(b->a, 1, FAKE_TUR, 0, 0), UA_BUS_RESET);
		assert_result(fake_submit(b->a, 2, FAKE_TUR, 0, 0), UA_BUS_RESET);
		assert_result(fake_submit(b->b, 1, FAKE_TUR, 0, 0), UA_BUS_RESET);
		assert_result(fake_submit(b->b, 2, FAKE_TUR, 0, 0), UA_BUS_RESET);
	}
}

static void a_nexus_reset_is_as_if_the_nexus_were_lost(void **state)
{
	struct box *b = *state;
	struct fake_cmd *x, *y, *other;
	struct fake_tmf t;

	assert_result(fake_submit(b->a, 1, FAKE_RESERVE, 0, 0), GOOD);
	x = fetching(b, b->a, 1);
	y = fetching(b, b->a, 2);
	other = fetching(b, b->b, 2);
	fake_tmf(b->a, &t, TMF_NEXUS_RESET, 0, 0);
	response_is(&t, TMF_RSP_COMPLETE);
	assert_true(x->aborted && y->aborted);
	assert_false(other->ended);
	assert_null(b->lu->resv.holder);
	assert_result(fake_submit(b->a, 1, FAKE_TUR, 0, 0), UA_NEXUS_LOSS);
	assert_result(fake_submit(b->a, 2, FAKE_TUR, 0, 0), UA_NEXUS_LOSS);
	assert_result(fake_submit(b->b, 2, FAKE_TUR, 0, 0), GOOD);
	fake_data(other);
}

static void queries_tell_what_is_there(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;
	struct fake_tmf t;

	fake_tmf(b->a, &t, TMF_QUERY_TASK_SET, 1, 0);
	response_is(&t, TMF_RSP_COMPLETE);
	fake_tmf(b->a, &t, TMF_QUERY_ASYNC_EVENT, 1, 0);
	response_is(&t, TMF_RSP_COMPLETE);
	c = running(b, b->a, 1);
	fake_tmf(b->a, &t, TMF_QUERY_TASK, 1, c->cmd.tag);
	response_is(&t, TMF_RSP_SUCCEEDED);
	fake_tmf(b->a, &t, TMF_QUERY_TASK, 1, c->cmd.tag + 1);
	response_is(&t, TMF_RSP_COMPLETE);
	fake_tmf(b->a, &t, TMF_QUERY_TASK_SET, 1, 0);
	response_is(&t, TMF_RSP_SUCCEEDED);
	fake_tmf(b->b, &t, TMF_QUERY_TASK_SET, 1, 0);
	response_is(&t, TMF_RSP_COMPLETE);
	ua_raise(nexus_itl(b->a, 1), UA_MODE_CHANGED);
	fake_tmf(b->a, &t, TMF_QUERY_ASYNC_EVENT, 1, 0);
	response_is(&t, TMF_RSP_SUCCEEDED);
	assert_memory_equal(t.tmf.info, "\x16\x2a\x01", 3);
	ua_raise(nexus_itl(b->a, 1), UA_DEVICE_RESET);
	fake_tmf(b->a, &t, TMF_QUERY_ASYNC_EVENT, 1, 0);
	assert_memory_equal(t.tmf.info, "\x26\x29\x03", 3);
	fake_finish(c, RES_GOOD);
}

static void functions_that_do_not_exist_are_not_supported(void **state)
{
	static const uint8_t functions[] = { 0, TMF_CLEAR_ACA, TMF_TASK_REASSIGN, 13, 255 };
	struct box *b = *state;
	struct fake_tmf t;

	for (size_t i = 0; i < sizeof(functions); i++) {
		fake_tmf(b->a, &t, (enum tmf_function)functions[i], 1, 0);
		response_is(&t, TMF_RSP_NOT_SUPPORTED);
	}
}

static void functions_need_a_lun_that_exists(void **state)
{
	static const uint8_t functions[] = { TMF_ABORT_TASK, TMF_ABORT_TASK_SET, TMF_CLEAR_TASK_SET,
					     TMF_LUN_RESET, TMF_QUERY_TASK, TMF_QUERY_TASK_SET,
					     TMF_QUERY_ASYNC_EVENT };
	struct box *b = *state;
	struct fake_tmf t;

	for (size_t i = 0; i < sizeof(functions); i++) {
		fake_tmf(b->a, &t, (enum tmf_function)functions[i], 77, 0);
		response_is(&t, TMF_RSP_NO_LUN);
	}
}

static void a_reset_waits_for_writes_of_a_nexus_that_has_gone(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c = running(b, b->b, 1);
	struct fake_tmf t;

	nexus_destroy(b->b, NULL, NULL);
	fake_settle(b->f);
	fake_tmf(b->a, &t, TMF_LUN_RESET, 1, 0);
	assert_false(t.ended);
	fake_finish(c, RES_GOOD);
	response_is(&t, TMF_RSP_COMPLETE);
}

static void two_functions_may_wait_for_one_command(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c = running(b, b->b, 1);
	struct fake_tmf t, u;

	b->lu->tas = true;
	fake_tmf(b->a, &t, TMF_CLEAR_TASK_SET, 1, 0);
	fake_tmf(b->b, &u, TMF_ABORT_TASK, 1, c->cmd.tag);
	fake_finish(c, RES_GOOD);
	response_is(&t, TMF_RSP_COMPLETE);
	response_is(&u, TMF_RSP_COMPLETE);
	/* Its own initiator has aborted it as well, and awaits no status. */
	assert_true(c->aborted);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(abort_task_waits_for_a_command_in_the_store),
		T(abort_task_ends_one_that_fetches_data_at_once),
		T(abort_task_of_a_dormant_command_lets_those_behind_go_on),
		T(abort_task_finds_nothing_of_another_nexus_lun_or_tag),
		T(a_command_that_has_ended_is_no_task),
		T(abort_task_set_takes_the_nexus_commands_on_the_lun),
		T(a_command_that_fails_takes_no_other_with_it),
		T(clear_task_set_tells_others_by_unit_attention),
		T(clear_task_set_with_tas_tells_others_by_status),
		T(clear_task_set_spares_those_who_had_no_commands),
		T(dormant_commands_that_are_aborted_never_run),
		T(a_lun_reset_clears_reservation_modes_and_tells_everybody),
		T(commands_after_a_reset_run_while_it_still_waits),
		T(target_resets_reach_every_lun),
		T(a_nexus_reset_is_as_if_the_nexus_were_lost),
		T(queries_tell_what_is_there),
		T(functions_that_do_not_exist_are_not_supported),
		T(functions_need_a_lun_that_exists),
		T(a_reset_waits_for_writes_of_a_nexus_that_has_gone),
		T(two_functions_may_wait_for_one_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
