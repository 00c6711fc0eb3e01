/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs of system, drivers, targets and logical units, run as the management
 * server runs them, on the fake transport.
 */
#include "target/target_verbs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "t_loop.h"
#include "target/verb_walk.h"
#include "target_call.h"
#include "target_fake.h"

static int setup(void **state)
{
	struct fake *f = fake_new(NULL);

	fake_target(f, 1, "iqn.2001-04.example:a");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	t_call_forget();
	fake_free(*state);
	return 0;
}

/* Adds LUNs 1 to @n. */
static void add_luns(struct fake *f, unsigned int n)
{
	char json[100];
	unsigned int i;

	for (i = 1; i <= n; i++) {
		snprintf(json, sizeof(json), "{'tid':1,'lun':%u,'bstype':'null'}", i);
		assert_int_equal(t_call_run(f, "logicalunit", "new", json), ERR_OK);
	}
}

static json_t *luns_of(json_t *target)
{
	json_t *luns = json_object_get(target, "luns");

	assert_true(json_is_array(luns));
	return luns;
}

static json_int_t lun_at(json_t *luns, size_t i)
{
	return json_integer_value(json_object_get(json_array_get(luns, i), "lun"));
}

static const char *type_of_lun0(struct fake *f)
{
	assert_int_equal(t_call_run(f, "logicalunit", "show", "{'tid':1,'lun':0}"), ERR_OK);
	return json_string_value(json_object_get(t_answer, "type"));
}

static void targets_are_shown_in_order_with_their_luns(void **state)
{
	struct fake *f = *state;
	json_t *luns;

	fake_target(f, 7, "iqn.2001-04.example:c");
	fake_target(f, 3, "iqn.2001-04.example:b");
	add_luns(f, 3);
	assert_int_equal(t_call_run(f, "target", "show", "{}"), ERR_OK);
	assert_int_equal(json_array_size(t_answer), 3);
	luns = luns_of(json_array_get(t_answer, 0));
	assert_int_equal(json_array_size(luns), 4);
	assert_int_equal(lun_at(luns, 3), 3);
	assert_int_equal(json_array_size(luns_of(json_array_get(t_answer, 2))), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(t_answer, 1), "name")),
			    "iqn.2001-04.example:b");
	assert_int_equal(t_call_run(f, "target", "show", "{'tid':3}"), ERR_OK);
	assert_true(json_is_object(t_answer));
	assert_int_equal(json_integer_value(json_object_get(t_answer, "tid")), 3);
	assert_int_equal(t_call_run(f, "target", "show", "{'tid':4}"), ERR_NO_TARGET);
}

static void no_target_is_an_empty_list(void **state)
{
	struct fake *f = *state;

	assert_int_equal(t_call_run(f, "target", "delete", "{'tid':1}"), ERR_OK);
	assert_int_equal(t_call_run(f, "target", "show", "{}"), ERR_OK);
	assert_int_equal(json_array_size(t_answer), 0);
	assert_true(json_is_array(t_answer));
}

static void a_long_show_leaves_the_loop_to_others(void **state)
{
	struct fake *f = *state;
	unsigned int turns = 0;
	size_t len = 0;

	add_luns(f, 10 * VERB_WALK_STEP);
	assert_false(t_call_start(f, "target", "show", "{}"));
	while (!t_ended) {
		assert_true(t_call.text.len > len);
		len = t_call.text.len;
		loop_turn(f->loop, 0);
		turns++;
	}
	assert_true(turns >= 10);
	t_answer = json_loads(strbuf_str(&t_call.text), 0, NULL);
	assert_int_equal(json_array_size(luns_of(json_array_get(t_answer, 0))),
			 10 * VERB_WALK_STEP + 1);
}

static void always_ready(struct loop_fd *lf, uint32_t events)
{
	(void)lf;
	(void)events;
}

/* How many turns it takes. */
static unsigned int turns_of_a_show(struct fake *f)
{
	unsigned int turns = 0;

	assert_false(t_call_start(f, "target", "show", "{}"));
	for (; !t_ended; turns++)
		loop_turn(f->loop, 0);
	return turns;
}

static void a_long_show_does_less_in_turns_that_have_other_work(void **state)
{
	struct fake *f = *state;
	struct loop_fd busy = { .loop = NULL };
	int fd = eventfd(1, EFD_CLOEXEC);
	unsigned int alone;

	add_luns(f, 10 * VERB_WALK_STEP);
	fake_settle(f);
	alone = turns_of_a_show(f);
	assert_int_equal(loop_fd_add(f->loop, &busy, fd, EPOLLIN, always_ready), 0);
	loop_turn(f->loop, 0);
	assert_true(turns_of_a_show(f) > 3 * alone);
	loop_fd_del(&busy);
	close(fd);
}

static void luns_that_go_while_they_are_shown_do_no_harm(void **state)
{
	struct fake *f = *state;
	struct target *t = target_by_tid(&f->core, 1);
	json_t *luns;
	size_t i;
	int last;

	add_luns(f, 4 * VERB_WALK_STEP);
	assert_false(t_call_start(f, "target", "show", "{}"));
	/* Where the walk stands, and around it. */
	for (i = VERB_WALK_STEP - 8; i < VERB_WALK_STEP + 8; i++)
		assert_int_equal(lu_delete(target_lu(t, i), true, NULL, NULL, NULL), 0);
	fake_settle(f);
	assert_true(t_ended);
	t_answer = json_loads(strbuf_str(&t_call.text), 0, NULL);
	luns = luns_of(json_array_get(t_answer, 0));
	for (i = 0, last = -1; i < json_array_size(luns); i++) {
		assert_true(lun_at(luns, i) > last);
		last = (int)lun_at(luns, i);
	}
	assert_int_equal(last, 4 * VERB_WALK_STEP);
	assert_true(json_array_size(luns) >= 4 * VERB_WALK_STEP + 1 - 16);
}

static void a_target_that_goes_while_it_is_shown_does_no_harm(void **state)
{
	struct fake *f = *state;

	fake_target(f, 2, "iqn.2001-04.example:b");
	add_luns(f, 3 * VERB_WALK_STEP);
	assert_false(t_call_start(f, "target", "show", "{}"));
	assert_int_equal(target_delete(target_by_tid(&f->core, 1), true, NULL, NULL, NULL), 0);
	fake_settle(f);
	assert_true(t_ended);
	t_answer = json_loads(strbuf_str(&t_call.text), 0, NULL);
	assert_int_equal(json_array_size(t_answer), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(t_answer, 1), "tid")), 2);
}

static void lun_0_gives_way_only_when_asked_plainly(void **state)
{
	struct fake *f = *state;

	assert_int_equal(t_call_run(f, "logicalunit", "new", "{'tid':1,'lun':0,'bstype':'null'}"),
			 ERR_LUN_EXISTS);
	assert_string_equal(type_of_lun0(f), "controller");
	assert_int_equal(t_call_run(f, "logicalunit", "delete", "{'tid':1,'lun':0}"),
			 ERR_INVALID_REQUEST);
	assert_int_equal(t_call_run(f, "logicalunit", "new",
			     "{'tid':1,'lun':0,'bstype':'null','device-type':'disk'}"), ERR_OK);
	assert_string_equal(type_of_lun0(f), "disk");
	assert_int_equal(t_call_run(f, "logicalunit", "new",
			     "{'tid':1,'lun':0,'bstype':'null','device-type':'disk'}"),
			 ERR_LUN_EXISTS);
	assert_int_equal(t_call_run(f, "logicalunit", "delete", "{'tid':1,'lun':0}"), ERR_OK);
	assert_string_equal(type_of_lun0(f), "controller");
}

static void a_disk_that_fails_leaves_the_controller_at_lun_0(void **state)
{
	struct fake *f = *state;

	assert_int_not_equal(t_call_run(f, "logicalunit", "new",
				 "{'tid':1,'lun':0,'backing-store':'no size',"
				 "'device-type':'disk'}"), ERR_OK);
	assert_string_equal(type_of_lun0(f), "controller");
	assert_int_not_equal(t_call_run(f, "logicalunit", "new",
				 "{'tid':1,'lun':0,'bstype':'null','device-type':'disk',"
				 "'params':{'frob':'1'}}"), ERR_OK);
	assert_string_equal(type_of_lun0(f), "controller");
}

static void parameters_of_a_new_lun_are_set_or_it_is_not_made(void **state)
{
	struct fake *f = *state;

	assert_int_equal(t_call_run(f, "logicalunit", "new",
			     "{'tid':1,'lun':1,'bstype':'null','params':{'vendor_id':'ACME',"
			     "'removable':'1'}}"), ERR_OK);
	assert_int_equal(t_call_run(f, "logicalunit", "show", "{'tid':1,'lun':1}"), ERR_OK);
	assert_string_equal(json_string_value(json_object_get(t_answer, "vendor_id")), "ACME");
	assert_true(json_is_true(json_object_get(t_answer, "removable")));
	assert_int_equal(t_call_run(f, "logicalunit", "new",
			     "{'tid':1,'lun':2,'bstype':'null','params':{'frob':'1'}}"),
			 ERR_UNKNOWN_PARAM);
	assert_int_equal(t_call_run(f, "logicalunit", "show", "{'tid':1,'lun':2}"), ERR_NO_LUN);
}

static void parameters_are_set_in_the_order_given(void **state)
{
	struct fake *f = *state;

	assert_int_equal(t_call_run(f, "logicalunit", "new",
			     "{'tid':1,'lun':1,'backing-store':'1m','params':{'removable':'1'}}"),
			 ERR_OK);
	assert_int_equal(t_call_run(f, "logicalunit", "update",
			     "{'tid':1,'lun':1,'params':{'path':''}}"), ERR_LUN_ACTIVE);
	assert_int_equal(t_call_run(f, "logicalunit", "update",
			     "{'tid':1,'lun':1,'params':{'online':'0','path':'2m'}}"), ERR_OK);
	assert_int_equal(t_call_run(f, "logicalunit", "update",
			     "{'tid':1,'lun':1,'params':{'path':'4m','online':'1',"
			     "'product_id':'after'}}"), ERR_OK);
	assert_int_equal(t_call_run(f, "logicalunit", "show", "{'tid':1,'lun':1}"), ERR_OK);
	assert_string_equal(json_string_value(json_object_get(t_answer, "path")), "4m");
	assert_string_equal(json_string_value(json_object_get(t_answer, "product_id")), "after");
	assert_true(json_is_true(json_object_get(t_answer, "online")));
	assert_int_equal(json_integer_value(json_object_get(t_answer, "size")), 4 << 20);
	assert_int_equal(t_call_run(f, "logicalunit", "update", "{'tid':1,'lun':1,'params':{}}"), ERR_OK);
}

static void both_access_lists_change_or_neither(void **state)
{
	struct fake *f = *state;
	const char *both = "{'tid':1,'initiator-address':'10.0.0.0/8','initiator-name':'iqn.i'}";

	assert_int_equal(t_call_run(f, "target", "bind", "{'tid':1,'initiator-name':'iqn.i'}"), ERR_OK);
	assert_int_equal(t_call_run(f, "target", "bind", both), ERR_ACL_EXISTS);
	assert_int_equal(t_call_run(f, "target", "show", "{'tid':1}"), ERR_OK);
	assert_int_equal(json_array_size(json_object_get(t_answer, "acl")), 1);
	assert_int_equal(t_call_run(f, "target", "unbind", "{'tid':1,'initiator-name':'iqn.i'}"), ERR_OK);
	assert_int_equal(t_call_run(f, "target", "bind", both), ERR_OK);
	assert_int_equal(t_call_run(f, "target", "unbind", both), ERR_OK);
	assert_int_equal(t_call_run(f, "target", "unbind", both), ERR_NO_ACL);
	assert_int_equal(t_call_run(f, "target", "bind", "{'tid':1}"), ERR_INVALID_REQUEST);
	assert_int_equal(t_call_run(f, "target", "bind", "{'tid':1,'host':1}"), ERR_UNSUPPORTED);
}

static void a_target_with_sessions_is_deleted_by_force_only(void **state)
{
	struct fake *f = *state;

	fake_nexus(f, target_by_tid(&f->core, 1), "iqn.i");
	assert_int_equal(t_call_run(f, "target", "delete", "{'tid':1}"), ERR_TARGET_ACTIVE);
	assert_int_equal(t_call_run(f, "target", "delete", "{'tid':1,'force':true}"), ERR_OK);
	assert_int_equal(t_call_run(f, "target", "delete", "{'tid':1,'force':true}"), ERR_NO_TARGET);
}

static void drivers_are_listed_with_their_targets(void **state)
{
	struct fake *f = *state;
	json_t *lld;

	fake_target(f, 2, "iqn.2001-04.example:b");
	assert_int_equal(t_call_run(f, "lld", "show", "{}"), ERR_OK);
	assert_int_equal(json_array_size(t_answer), 1);
	lld = json_array_get(t_answer, 0);
	assert_string_equal(json_string_value(json_object_get(lld, "name")), "fake");
	assert_int_equal(json_array_size(json_object_get(lld, "targets")), 2);
	assert_int_equal(t_call_run(f, "lld", "stop", "{'lld':'fake'}"), ERR_DRIVER_BUSY);
	assert_int_equal(t_call_run(f, "lld", "start", "{'lld':'frob'}"), ERR_NO_DRIVER);
}

static void the_system_is_shown_and_changed(void **state)
{
	struct fake *f = *state;

	assert_int_equal(t_call_run(f, "system", "update", "{'name':'State','value':'offline'}"), ERR_OK);
	assert_int_equal(t_call_run(f, "system", "show", "{}"), ERR_OK);
	assert_string_equal(json_string_value(json_object_get(t_answer, "state")), "offline");
	assert_int_equal(t_call_run(f, "system", "update", "{'name':'State','value':'ready'}"), ERR_OK);
	assert_false(f->core.offline);
	assert_int_equal(t_call_run(f, "system", "update", "{'name':'State','value':'x'}"),
			 ERR_INVALID_REQUEST);
	assert_int_equal(t_call_run(f, "system", "update", "{'name':'frob','value':'x'}"),
			 ERR_INVALID_REQUEST);
	assert_int_equal(t_call_run(f, "system", "delete", "{}"), ERR_INVALID_REQUEST);
}

static void tables_are_sorted_and_have_help(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(target_verbs); i++) {
		const struct verb *v = &target_verbs[i];

		assert_non_null(v->run);
		assert_true(strlen(v->help) > 5);
		if (!i)
			continue;
		assert_true(strcmp(v[-1].object, v->object) < 0 ||
			    (!strcmp(v[-1].object, v->object) && strcmp(v[-1].verb, v->verb) < 0));
	}
}

static void show_once(void *arg)
{
	struct fake *f = arg;

	if (!t_call_start(f, "target", "show", "{}"))
		while (!t_ended)
			loop_turn(f->loop, 0);
	assert_true(t_call.err.code == ERR_OK || t_call.err.code == ERR_NOMEM);
}

static void a_show_survives_failing_allocations(void **state)
{
	struct fake *f = *state;

	add_luns(f, 40);
	assert_true(t_alloc_each(show_once, f) > 1);
	t_answer = json_loads(strbuf_str(&t_call.text), 0, NULL);
	assert_int_equal(json_array_size(luns_of(json_array_get(t_answer, 0))), 41);
}

#define test(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(targets_are_shown_in_order_with_their_luns),
		test(no_target_is_an_empty_list),
		test(a_long_show_leaves_the_loop_to_others),
		test(a_long_show_does_less_in_turns_that_have_other_work),
		test(luns_that_go_while_they_are_shown_do_no_harm),
		test(a_target_that_goes_while_it_is_shown_does_no_harm),
		test(lun_0_gives_way_only_when_asked_plainly),
		test(a_disk_that_fails_leaves_the_controller_at_lun_0),
		test(parameters_of_a_new_lun_are_set_or_it_is_not_made),
		test(parameters_are_set_in_the_order_given),
		test(both_access_lists_change_or_neither),
		test(a_target_with_sessions_is_deleted_by_force_only),
		test(drivers_are_listed_with_their_targets),
		test(the_system_is_shown_and_changed),
		test(tables_are_sorted_and_have_help),
		test(a_show_survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
