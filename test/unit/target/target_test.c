/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets and nexuses: made, found, ended while commands are under way.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "t_loop.h"
#include "target/ua.h"
#include "target_fake.h"

static int setup(void **state)
{
	*state = fake_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	fake_transport.state = TRANSPORT_READY;
	fake_free(*state);
	return 0;
}

static void count(void *arg)
{
	++*(int *)arg;
}

static enum err_code new_error(struct fake *f, uint32_t tid, const char *name, const char *lld)
{
	struct err err = { .code = ERR_OK };
	struct target *t;

	return target_new(&f->core, tid, name, lld, &t, &err) ? err.code : ERR_OK;
}

static void targets_are_found_by_tid_and_by_name_without_case(void **state)
{
	struct fake *f = *state;
	struct target *b = fake_target(f, 7, "iqn.2001-04.com.Example:B");
	struct target *a = fake_target(f, 3, "iqn.2001-04.com.example:a");

	assert_ptr_equal(target_by_tid(&f->core, 7), b);
	assert_ptr_equal(target_by_name(&f->core, "iqn.2001-04.com.example:b"), b);
	assert_null(target_by_name(&f->core, "iqn.2001-04.com.example:c"));
	assert_null(target_by_tid(&f->core, 1));
	assert_ptr_equal(target_next(&f->core, NULL), a);
	assert_ptr_equal(target_next(&f->core, a), b);
	assert_null(target_next(&f->core, b));
}

static void what_can_not_be_made_is_told_with_its_reason(void **state)
{
	struct fake *f = *state;

	fake_target(f, 1, "iqn.2001-04.com.example:t");
	assert_int_equal(new_error(f, 1, "iqn.other", NULL), ERR_TARGET_EXISTS);
	assert_int_equal(new_error(f, 2, "iqn.2001-04.com.EXAMPLE:t", NULL), ERR_TARGET_EXISTS);
	assert_int_equal(new_error(f, 0, "iqn.other", NULL), ERR_INVALID_REQUEST);
	assert_int_equal(new_error(f, 2, "iqn.with_underscore", NULL), ERR_INVALID_REQUEST);
	assert_int_equal(new_error(f, 2, "", NULL), ERR_INVALID_REQUEST);
	assert_int_equal(new_error(f, 2, "iqn.other", "fcoe"), ERR_NO_DRIVER);
	fake_transport.state = TRANSPORT_ERROR;
	assert_int_equal(new_error(f, 2, "iqn.other", "fake"), ERR_NO_DRIVER);
	fake_transport.state = TRANSPORT_READY;
	assert_int_equal(new_error(f, 2, "iqn.other", "fake"), ERR_OK);
}

static void a_transport_that_refuses_leaves_no_target(void **state)
{
	struct fake *f = *state;

	f->fail_added = true;
	assert_int_equal(new_error(f, 2, "iqn.other", NULL), ERR_NOMEM);
	assert_null(target_by_tid(&f->core, 2));
	f->fail_added = false;
	assert_int_equal(new_error(f, 2, "iqn.other", NULL), ERR_OK);
}

static void sessions_are_possible_unless_something_is_offline(void **state)
{
	struct fake *f = *state;
	struct target *t = fake_target(f, 1, "iqn.t");

	assert_true(target_ready(t));
	target_set_offline(t, true);
	assert_false(target_ready(t));
	target_set_offline(t, false);
	f->core.offline = true;
	assert_false(target_ready(t));
	f->core.offline = false;
}

static void a_target_in_use_is_only_deleted_by_force(void **state)
{
	struct fake *f = *state;
	struct target *t = fake_target(f, 1, "iqn.t");
	struct nexus *n = fake_nexus(f, t, "iqn.i");
	struct err err = { .code = ERR_OK };
	struct fake_cmd *c;
	int deleted = 0;

	fake_nexus(f, t, "iqn.j");
	fake_disk(f, t, 1, 100);
	fake_clear_ua(n, 1);
	f->hold_run = true;
	c = fake_submit(n, 1, FAKE_TUR, 0, 0);
	assert_int_equal(target_delete(t, false, count, &deleted, &err), -EINVAL);
	assert_int_equal(err.code, ERR_TARGET_ACTIVE);
	assert_int_equal(target_delete(t, true, count, &deleted, NULL), 0);
	assert_non_null(f->killed);
	assert_null(target_by_tid(&f->core, 1));
	fake_settle(f);
	assert_int_equal(deleted, 0);
	/* Name and number are free again at once. */
	fake_target(f, 1, "iqn.t");
	fake_finish(c, RES_GOOD);
	assert_true(c->aborted);
	fake_settle(f);
	assert_int_equal(deleted, 1);
}

static void a_nexus_ends_when_its_last_command_is_released(void **state)
{
	struct fake *f = *state;
	struct target *t = fake_target(f, 1, "iqn.t");
	struct nexus *n = fake_nexus(f, t, "iqn.i");
	struct fake_cmd *run, *fetching, *dormant, *done;
	int destroyed = 0;

	fake_disk(f, t, 1, 100);
	fake_clear_ua(n, 1);
	f->hold_release = true;
	done = fake_submit(n, 1, FAKE_TUR, 0, 0);
	assert_result(done, GOOD);
	f->hold_run = f->hold_data = true;
	run = fake_submit(n, 1, FAKE_TUR, 0, 0);
	fetching = fake_submit(n, 1, FAKE_WRITE, 0, 1);
	dormant = fake_submit_attr(n, 1, FAKE_TUR, ATTR_ORDERED);
	nexus_destroy(n, count, &destroyed);
	assert_true(fetching->aborted && dormant->aborted);
	assert_false(run->ended);
	fake_release(fetching);
	fake_release(dormant);
	fake_release(done);
	fake_settle(f);
	assert_int_equal(destroyed, 0);
	fake_finish(run, RES_ME_READ);
	assert_true(run->aborted);
	fake_settle(f);
	assert_int_equal(destroyed, 0);
	fake_release(run);
	assert_int_equal(destroyed, 0);
	fake_settle(f);
	assert_int_equal(destroyed, 1);
	assert_int_equal(t->n_nexuses, 0);
}

static void a_nexus_waits_for_its_task_management(void **state)
{
	struct fake *f = *state;
	struct target *t = fake_target(f, 1, "iqn.t");
	struct nexus *n = fake_nexus(f, t, "iqn.i"), *m = fake_nexus(f, t, "iqn.j");
	struct fake_cmd *other;
	struct fake_tmf tmf;
	int destroyed = 0;

	fake_disk(f, t, 1, 100);
	fake_clear_ua(m, 1);
	f->hold_run = true;
	other = fake_submit(m, 1, FAKE_TUR, 0, 0);
	fake_tmf(n, &tmf, TMF_LUN_RESET, 1, 0);
	nexus_destroy(n, count, &destroyed);
	fake_settle(f);
	assert_int_equal(destroyed, 0);
	fake_finish(other, RES_GOOD);
	assert_true(tmf.ended);
	fake_settle(f);
	assert_int_equal(destroyed, 1);
}

static void others_go_on_when_a_nexus_ends(void **state)
{
	struct fake *f = *state;
	struct target *t = fake_target(f, 1, "iqn.t");
	struct nexus *n = fake_nexus(f, t, "iqn.i"), *m = fake_nexus(f, t, "iqn.j");
	struct fake_cmd *ordered, *behind;

	fake_disk(f, t, 1, 100);
	fake_clear_ua(n, 1);
	fake_clear_ua(m, 1);
	f->hold_data = true;
	ordered = fake_prepare(n, 1, (uint8_t[10]){ FAKE_WRITE, [8] = 1 }, 10);
	ordered->cmd.attr = ATTR_ORDERED;
	ordered->cmd.out_edtl = 512;
	fake_send(ordered);
	behind = fake_submit(m, 1, FAKE_READ, 0, 1);
	assert_false(behind->ended);
	nexus_destroy(n, NULL, NULL);
	assert_result(behind, GOOD);
}

static void a_new_nexus_begins_with_power_on(void **state)
{
	struct fake *f = *state;
	struct target *t = fake_target(f, 1, "iqn.t");
	struct nexus *n = fake_nexus(f, t, "iqn.i");

	fake_disk(f, t, 1, 100);
	fake_disk(f, t, 2, 100);
	assert_result(fake_submit(n, 1, FAKE_TUR, 0, 0), UA_POWER_ON);
	assert_result(fake_submit(n, 1, FAKE_TUR, 0, 0), GOOD);
	assert_result(fake_submit(n, 2, FAKE_TUR, 0, 0), UA_POWER_ON);
}

static void unit_attentions_come_in_their_order(void **state)
{
	struct fake *f = *state;
	struct target *t = fake_target(f, 1, "iqn.t");
	struct nexus *n = fake_nexus(f, t, "iqn.i"), *m = fake_nexus(f, t, "iqn.j");
	struct lu *lu = fake_disk(f, t, 1, 100);
	struct itl *itl = nexus_itl(n, 1);
	enum scsi_result last = RES_GOOD, r;
	int told = 0;

	fake_clear_ua(m, 1);
	for (int ua = UA_CODES - 1; ua >= 0; ua--)
		ua_raise_lu(lu, (enum ua_code)ua, m);
	assert_int_equal(nexus_itl(m, 1)->ua, 0);
	while ((r = ua_take(itl)) != RES_GOOD) {
		assert_int_equal(scsi_result_info(r)->key, SK_UNIT_ATTENTION);
		assert_true(r != last);
		if (!told++)
			assert_int_equal(r, RES_UA_POWER_ON);
		last = r;
	}
	assert_int_equal(told, UA_CODES - 3); /* of power on and resets one */
}

/* SAM-5 5.14 */
static void of_resets_the_gravest_is_told(void **state)
{
	struct fake *f = *state;
	struct target *t = fake_target(f, 1, "iqn.t");
	struct nexus *n = fake_nexus(f, t, "iqn.i");
	struct itl *itl;

	fake_disk(f, t, 1, 100);
	itl = nexus_itl(n, 1);
	ua_raise(itl, UA_DEVICE_RESET);
	assert_int_equal(ua_take(itl), RES_UA_POWER_ON);
	assert_int_equal(ua_take(itl), RES_GOOD);
	ua_raise(itl, UA_NEXUS_LOSS);
	ua_raise(itl, UA_MODE_CHANGED);
	ua_raise(itl, UA_BUS_RESET);
	ua_raise(itl, UA_DEVICE_RESET);
	assert_int_equal(ua_take(itl), RES_UA_BUS_RESET);
	assert_int_equal(ua_take(itl), RES_UA_MODE_CHANGED);
	assert_int_equal(ua_take(itl), RES_GOOD);
}

static void try_target(void *arg)
{
	struct fake *f = arg;
	struct err err = { .code = ERR_OK };
	struct target *t;

	if (target_new(&f->core, 9, "iqn.nine", NULL, &t, &err))
		assert_int_equal(err.code, ERR_NOMEM);
	else
		assert_int_equal(target_delete(t, false, NULL, NULL, NULL), 0);
	fake_settle(f);
	assert_null(target_by_tid(&f->core, 9));
}

static void any_allocation_of_target_new_may_fail(void **state)
{
	assert_true(t_alloc_each(try_target, *state) > 4);
}

struct try {
	struct fake *f;
	struct target *t;
};

static void try_nexus(void *arg)
{
	struct try *try = arg;
	struct nexus *n = nexus_create(try->t, &fake_transport, "iqn.i", NULL, 1, 1, NULL);
	struct itl *itl = n ? nexus_itl(n, 0) : NULL;

	assert_true((n && itl) || t_alloc_failed());
	if (n)
		fake_nexus_end(try->f, n);
}

static void any_allocation_of_a_nexus_may_fail(void **state)
{
	struct try try = { .f = *state };

	try.t = fake_target(*state, 1, "iqn.t");
	assert_true(t_alloc_each(try_nexus, &try) > 2);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(targets_are_found_by_tid_and_by_name_without_case),
		T(what_can_not_be_made_is_told_with_its_reason),
		T(a_transport_that_refuses_leaves_no_target),
		T(sessions_are_possible_unless_something_is_offline),
		T(a_target_in_use_is_only_deleted_by_force),
		T(a_nexus_ends_when_its_last_command_is_released),
		T(a_nexus_waits_for_its_task_management),
		T(others_go_on_when_a_nexus_ends),
		T(a_new_nexus_begins_with_power_on),
		T(unit_attentions_come_in_their_order),
		T(of_resets_the_gravest_is_told),
		T(any_allocation_of_target_new_may_fail),
		T(any_allocation_of_a_nexus_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
