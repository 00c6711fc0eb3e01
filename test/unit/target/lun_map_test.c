/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LUN maps: whose map it is, what an initiator sees by it, and what happens to its
 * commands and sessions when it changes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scsi/lun.h"
#include "t_alloc.h"
#include "target/nexus_map.h"
#include "target/ua.h"
#include "target_fake.h"

struct box {
	struct fake *f;
	struct target *t;
	struct lu *lu[4]; /* LUNs 1 to 3 */
	struct nexus *a, *b;
};

static struct err err;

static int setup(void **state)
{
	static struct box b;

	b.f = fake_new(NULL);
	b.t = fake_target(b.f, 1, "iqn.2001-04.com.example:t");
	for (uint64_t lun = 1; lun <= 3; lun++)
		b.lu[lun] = fake_disk(b.f, b.t, lun, 1000);
	b.a = fake_nexus(b.f, b.t, "iqn.a");
	b.b = fake_nexus(b.f, b.t, "iqn.b");
	for (uint64_t lun = 0; lun <= 3; lun++) {
		fake_clear_ua(b.a, lun);
		fake_clear_ua(b.b, lun);
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

/* @json with ' for ": luns, all, readonly. The code of the error. */
static enum err_code set(struct target *t, const char *initiator, const char *json, bool update)
{
	struct lun_map_change ch = { .initiator = initiator };
	char text[256];
	json_t *args;
	int r;

	snprintf(text, sizeof(text), "%s", json);
	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	args = json_loads(text, 0, NULL);
	assert_non_null(args);
	ch.luns = json_object_get(args, "luns");
	ch.all = json_object_get(args, "all");
	ch.readonly = json_object_get(args, "readonly");
	err = (struct err){ .code = ERR_OK };
	r = lun_map_set(t, &ch, update, &err);
	assert_int_equal(r ? err.code != ERR_OK : 0, !!r);
	json_decref(args);
	return err.code;
}

static void make(struct box *b, const char *initiator, const char *json)
{
	assert_int_equal(set(b->t, initiator, json, false), ERR_OK);
}

static void update(struct box *b, const char *initiator, const char *json)
{
	assert_int_equal(set(b->t, initiator, json, true), ERR_OK);
}

static enum scsi_result run_one(struct nexus *n, uint64_t lun, uint8_t op)
{
	return fake_result_known(fake_submit(n, lun, op, 0, op == FAKE_TUR ? 0 : 1));
}

static bool has_ua(struct nexus *n, uint64_t lun, enum ua_code ua)
{
	return nexus_itl(n, lun)->ua & 1ULL << ua;
}

static const char *map_of(struct box *b, const char *initiator)
{
	const struct lun_map *map = lun_maps_find(&b->t->lun_maps, initiator);

	return map ? map->initiator : "";
}

static void without_a_map_all_is_seen(void **state)
{
	struct box *b = *state;

	assert_ptr_equal(nexus_lu(b->a, 2, NULL), b->lu[2]);
	assert_int_equal(nexus_lun_of(b->a, b->lu[2]), 2);
	assert_int_equal(run_one(b->a, 2, FAKE_TUR), RES_GOOD);
}

static void a_map_gives_other_numbers_to_its_initiator_alone(void **state)
{
	struct box *b = *state;

	make(b, "iqn.A", "{'luns':{'0':'2','5':'3'}}");
	assert_ptr_equal(nexus_lu(b->a, 0, NULL), b->lu[2]);
	assert_ptr_equal(nexus_lu(b->a, 5, NULL), b->lu[3]);
	assert_null(nexus_lu(b->a, 2, NULL));
	assert_null(nexus_lu(b->a, 1, NULL));
	assert_int_equal(nexus_lun_of(b->a, b->lu[3]), 5);
	assert_int_equal(nexus_lun_of(b->a, b->lu[1]), LUN_INVALID);
	assert_int_equal(run_one(b->a, 1, FAKE_TUR), RES_LUN_NOT_SUPPORTED);
	assert_ptr_equal(nexus_itl(b->a, 0)->lu, b->lu[2]);
	assert_ptr_equal(nexus_lu(b->b, 2, NULL), b->lu[2]);
	assert_int_equal(run_one(b->b, 2, FAKE_TUR), RES_GOOD);
}

static void the_well_known_unit_is_always_seen(void **state)
{
	struct box *b = *state;

	make(b, "iqn.a", "{'all':false}");
	assert_ptr_equal(nexus_lu(b->a, LUN_WLUN_REPORT_LUNS, NULL), b->t->wlun);
	assert_int_equal(nexus_lun_of(b->a, b->t->wlun), LUN_WLUN_REPORT_LUNS);
	assert_null(nexus_lu(b->a, 0, NULL));
}

static void a_session_that_comes_later_has_the_map(void **state)
{
	struct box *b = *state;
	struct nexus *n;

	make(b, "iqn.c", "{'luns':{'0':'2'}}");
	n = fake_nexus(b->f, b->t, "iqn.c");
	assert_ptr_equal(nexus_lu(n, 0, NULL), b->lu[2]);
	assert_null(nexus_lu(n, 2, NULL));
	fake_nexus_end(b->f, n);
}

static void the_best_match_does_not_depend_on_the_order(void **state)
{
	struct box *b = *state;

	make(b, "ALL", "{}");
	make(b, "iqn.2001*", "{}");
	make(b, "iqn.*:b1", "{}");
	make(b, "iqn.2001-04:b1", "{}");
	make(b, "iqn.2001-?4*", "{}");
	make(b, "iqn.2001-0?*", "{}");
	assert_string_equal(map_of(b, "iqn.2001-04:B1"), "iqn.2001-04:b1");
	assert_string_equal(map_of(b, "iqn.2001-04:b2"), "iqn.2001-0?*");
	assert_string_equal(map_of(b, "iqn.2001-14"), "iqn.2001-?4*");
	assert_string_equal(map_of(b, "iqn.1990:b1"), "iqn.*:b1");
	assert_string_equal(map_of(b, "eui.0"), "ALL");
}

static void without_the_best_match_the_next_one_counts(void **state)
{
	struct box *b = *state;

	make(b, "iqn.*", "{'luns':{'0':'1'}}");
	make(b, "iqn.a", "{'luns':{'0':'2'}}");
	assert_ptr_equal(nexus_lu(b->a, 0, NULL), b->lu[2]);
	assert_ptr_equal(nexus_lu(b->b, 0, NULL), b->lu[1]);
	assert_int_equal(lun_map_delete(b->t, "iqn.a", &err), 0);
	assert_ptr_equal(nexus_lu(b->a, 0, NULL), b->lu[1]);
	assert_int_equal(lun_map_delete(b->t, "iqn.*", &err), 0);
	assert_ptr_equal(nexus_lu(b->a, 2, NULL), b->lu[2]);
}

static void a_new_map_is_told_to_its_sessions_by_unit_attention(void **state)
{
	struct box *b = *state;

	make(b, "iqn.a", "{'luns':{'1':'1','2':'2'}}");
	assert_true(has_ua(b->a, 1, UA_LUNS_CHANGED));
	assert_false(has_ua(b->b, 1, UA_LUNS_CHANGED));
	assert_int_equal(run_one(b->a, 1, FAKE_TUR), RES_UA_LUNS_CHANGED);
	assert_int_equal(run_one(b->a, 2, FAKE_TUR), RES_GOOD); /* once is enough */
}

static void a_number_that_leads_elsewhere_starts_anew(void **state)
{
	struct box *b = *state;

	assert_ptr_equal(nexus_itl(b->a, 2)->lu, b->lu[2]);
	make(b, "iqn.a", "{'luns':{'2':'3'}}");
	assert_ptr_equal(nexus_itl(b->a, 2)->lu, b->lu[3]);
	assert_true(has_ua(b->a, 2, UA_POWER_ON));
	assert_true(has_ua(b->a, 2, UA_LUNS_CHANGED));
}

static void what_stays_the_same_is_left_alone(void **state)
{
	struct box *b = *state;
	struct itl *itl;

	make(b, "iqn.a", "{'luns':{'2':'2'}}");
	itl = nexus_itl(b->a, 2);
	fake_clear_ua(b->a, 2);
	update(b, "iqn.a", "{'luns':{'2':'2'}}");
	assert_ptr_equal(nexus_itl(b->a, 2), itl);
	assert_int_equal(itl->ua, 0);
	update(b, "iqn.a", "{'luns':{'3':'3'}}");
	assert_ptr_equal(nexus_itl(b->a, 2), itl);
	assert_true(has_ua(b->a, 2, UA_LUNS_CHANGED));
}

static void commands_in_the_store_end_by_themselves(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->f->hold_run = true;
	c = fake_submit(b->a, 2, FAKE_TUR, 0, 0);
	assert_true(c->running);
	make(b, "iqn.a", "{'luns':{'0':'1'}}");
	assert_false(c->ended);
	fake_finish(c, RES_GOOD);
	assert_int_equal(fake_result_known(c), RES_GOOD);
	/* What is left of it goes with the next change. */
	update(b, "iqn.a", "{'luns':{'2':'2'}}");
	b->f->hold_run = false;
	assert_int_equal(run_one(b->a, 2, FAKE_TUR), RES_UA_POWER_ON);
}

static void commands_that_wait_or_fetch_data_are_refused(void **state)
{
	struct box *b = *state;
	struct fake_cmd *run, *wait, *write, *other;

	b->f->hold_run = b->f->hold_data = true;
	write = fake_submit(b->a, 2, FAKE_WRITE, 0, 1);
	run = fake_submit(b->a, 2, FAKE_TUR, 0, 0);
	wait = fake_submit_attr(b->a, 2, FAKE_TUR, ATTR_ORDERED);
	other = fake_submit_attr(b->b, 2, FAKE_TUR, ATTR_ORDERED);
	make(b, "iqn.a", "{'luns':{'0':'1'}}");
	assert_int_equal(fake_result_known(wait), RES_LUN_NOT_SUPPORTED);
	assert_int_equal(fake_result_known(write), RES_TASK_ABORTED);
	assert_false(other->ended);
	fake_finish(run, RES_GOOD);
	assert_true(other->running);
	fake_finish(other, RES_GOOD);
}

static void a_reservation_ends_with_the_sight_of_the_unit(void **state)
{
	struct box *b = *state;

	assert_int_equal(run_one(b->a, 2, FAKE_RESERVE), RES_GOOD);
	assert_int_equal(run_one(b->b, 2, FAKE_READ), RES_RESERVATION_CONFLICT);
	make(b, "iqn.a", "{'all':false}");
	assert_int_equal(run_one(b->b, 2, FAKE_READ), RES_GOOD);
}

static void readonly_is_per_initiator_and_per_lun(void **state)
{
	struct box *b = *state;

	make(b, "iqn.a", "{'luns':{'1':'1','2':'2:ro'}}");
	fake_clear_ua(b->a, 1);
	fake_clear_ua(b->a, 2);
	assert_int_equal(run_one(b->a, 1, FAKE_WRITE), RES_GOOD);
	assert_int_equal(run_one(b->a, 2, FAKE_WRITE), RES_WRITE_PROTECTED);
	assert_int_equal(run_one(b->a, 2, FAKE_READ), RES_GOOD);
	assert_int_equal(run_one(b->b, 2, FAKE_WRITE), RES_GOOD);
}

static void readonly_of_the_map_holds_for_all_luns(void **state)
{
	struct box *b = *state;

	make(b, "iqn.a", "{'readonly':true}");
	assert_true(has_ua(b->a, 1, UA_MODE_CHANGED));
	assert_false(has_ua(b->a, 1, UA_LUNS_CHANGED));
	fake_clear_ua(b->a, 1);
	fake_clear_ua(b->a, 3);
	assert_int_equal(run_one(b->a, 1, FAKE_WRITE), RES_WRITE_PROTECTED);
	assert_int_equal(run_one(b->a, 3, FAKE_WRITE), RES_WRITE_PROTECTED);
	update(b, "iqn.a", "{'readonly':false}");
	fake_clear_ua(b->a, 1);
	assert_int_equal(run_one(b->a, 1, FAKE_WRITE), RES_GOOD);
}

static void only_those_who_see_a_unit_learn_that_it_comes_and_goes(void **state)
{
	struct box *b = *state;
	struct lu *lu;

	make(b, "iqn.a", "{'luns':{'1':'1','7':'4'}}");
	make(b, "iqn.b", "{'luns':{'1':'1'}}");
	fake_clear_ua(b->a, 1);
	fake_clear_ua(b->b, 1);
	lu = fake_disk(b->f, b->t, 4, 100);
	assert_true(has_ua(b->a, 1, UA_LUNS_CHANGED));
	assert_false(has_ua(b->b, 1, UA_LUNS_CHANGED));
	assert_ptr_equal(nexus_lu(b->a, 7, NULL), lu);
	fake_clear_ua(b->a, 1);
	assert_int_equal(lu_delete(lu, false, NULL, NULL, NULL), 0);
	assert_true(has_ua(b->a, 1, UA_LUNS_CHANGED));
	assert_false(has_ua(b->b, 1, UA_LUNS_CHANGED));
	fake_settle(b->f);
}

static void a_target_reset_leaves_alone_what_its_sender_does_not_see(void **state)
{
	struct box *b = *state;
	struct fake_cmd *seen, *hidden;
	struct fake_tmf tmf;

	make(b, "iqn.a", "{'luns':{'9':'1'}}");
	b->f->hold_run = true;
	seen = fake_submit(b->b, 1, FAKE_TUR, 0, 0);
	hidden = fake_submit(b->b, 2, FAKE_TUR, 0, 0);
	fake_tmf(b->a, &tmf, TMF_TARGET_WARM_RESET, 0, 0);
	assert_false(tmf.ended);
	/* The map that it began with counts to its end. */
	update(b, "iqn.a", "{'luns':{'9':'3'}}");
	fake_finish(seen, RES_GOOD);
	assert_true(tmf.ended);
	assert_int_equal(tmf.response, TMF_RSP_COMPLETE);
	assert_true(seen->aborted);
	fake_finish(hidden, RES_GOOD);
	assert_int_equal(fake_result_known(hidden), RES_GOOD);
	assert_true(has_ua(b->b, 1, UA_BUS_RESET));
	assert_false(has_ua(b->b, 2, UA_BUS_RESET));
}

static void task_management_goes_by_the_initiators_numbers(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;
	struct fake_tmf tmf;

	make(b, "iqn.a", "{'luns':{'9':'1'}}");
	b->f->hold_run = true;
	c = fake_submit(b->b, 1, FAKE_TUR, 0, 0);
	fake_tmf(b->a, &tmf, TMF_CLEAR_TASK_SET, 1, 0);
	assert_int_equal(tmf.response, TMF_RSP_NO_LUN);
	fake_tmf(b->a, &tmf, TMF_CLEAR_TASK_SET, 9, 0);
	fake_finish(c, RES_GOOD);
	assert_int_equal(tmf.response, TMF_RSP_COMPLETE);
	assert_true(has_ua(b->b, 1, UA_CLEARED_BY_OTHER));
	assert_ptr_equal(nexus_itl(b->a, 9)->lu, b->lu[1]);
	nexus_itl(b->a, 9)->ua = 0;
	fake_tmf(b->b, &tmf, TMF_LUN_RESET, 1, 0);
	assert_true(has_ua(b->a, 9, UA_DEVICE_RESET));
}

static void bad_maps_are_refused_whole(void **state)
{
	static const char *const bad[] = {
		"{'luns':{'0':'1','1':'1'}}", /* one unit twice */
		"{'luns':{'0':'16384'}}", "{'luns':{'16384':'0'}}", "{'luns':{'0':''}}",
		"{'luns':{'0':'1:rw'}}", "{'luns':{'':'1'}}", "{'luns':{'0x1':'1'}}",
		"{'luns':{'-1':'1'}}", "{'luns':{'99999999999999999999':'1'}}",
		"{'all':true,'luns':{'0':'1'}}",
	};
	struct box *b = *state;

	make(b, "iqn.b", "{'luns':{'0':'2'}}");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(set(b->t, "iqn.a", bad[i], false), ERR_INVALID_REQUEST);
		if (i)
			assert_int_equal(set(b->t, "iqn.b", bad[i], true), ERR_INVALID_REQUEST);
		assert_ptr_equal(nexus_lu(b->a, 2, NULL), b->lu[2]);
		assert_ptr_equal(nexus_lu(b->b, 0, NULL), b->lu[2]);
		assert_null(nexus_lu(b->b, 1, NULL));
	}
	assert_int_equal(set(b->t, "", "{}", false), ERR_INVALID_REQUEST);
	assert_int_equal(set(b->t, "IQN.B", "{}", false), ERR_ACL_EXISTS);
	assert_int_equal(set(b->t, "iqn.a", "{}", true), ERR_NO_ACL);
	assert_int_equal(set(b->t, "iqn.*", "{}", true), ERR_NO_ACL);
	assert_int_equal(lun_map_delete(b->t, "iqn.a", NULL), -EINVAL);
}

static void numbers_can_be_swapped_in_one_request(void **state)
{
	struct box *b = *state;

	make(b, "iqn.a", "{'luns':{'0':'1','1':'2'}}");
	update(b, "iqn.a", "{'luns':{'0':'2','1':'1'}}");
	assert_ptr_equal(nexus_lu(b->a, 0, NULL), b->lu[2]);
	assert_ptr_equal(nexus_lu(b->a, 1, NULL), b->lu[1]);
}

static void the_last_entry_taken_away_leaves_nothing_not_all(void **state)
{
	struct box *b = *state;

	make(b, "iqn.a", "{'luns':{'0':'1'}}");
	update(b, "iqn.a", "{'luns':{'0':'none'}}");
	assert_null(nexus_lu(b->a, 0, NULL));
	assert_null(nexus_lu(b->a, 1, NULL));
	update(b, "iqn.a", "{'all':true}");
	assert_ptr_equal(nexus_lu(b->a, 1, NULL), b->lu[1]);
	update(b, "iqn.a", "{'luns':{'0':'1'}}");
	assert_null(nexus_lu(b->a, 1, NULL));
}

static void maps_are_shown_as_they_are_written(void **state)
{
	struct box *b = *state;
	json_t *shown;
	char *text;

	make(b, "iqn.*", "{'readonly':true}");
	make(b, "iqn.z", "{'luns':{'10':'1','2':'3:ro'}}");
	shown = lun_maps_show(&b->t->lun_maps);
	text = json_dumps(shown, JSON_COMPACT);
	assert_string_equal(text,
		"[{\"initiator\":\"iqn.z\",\"all\":false,\"readonly\":false,"
		"\"luns\":{\"2\":\"3:ro\",\"10\":\"1\"}},"
		"{\"initiator\":\"iqn.*\",\"all\":true,\"readonly\":true,\"luns\":{}}]");
	free(text);
	json_decref(shown);
}

static void each_change(void *arg)
{
	struct box *b = arg;

	set(b->t, "iqn.a", "{'luns':{'0':'1','3':'2'}}", false);
	set(b->t, "iqn.a", "{'luns':{'0':'3'}}", true);
	assert_int_equal(err.code == ERR_OK || err.code == ERR_NOMEM || err.code == ERR_NO_ACL, 1);
	lun_map_delete(b->t, "iqn.a", NULL);
	assert_ptr_equal(nexus_lu(b->a, 2, NULL), b->lu[2]);
}

static void memory_may_be_short_anywhere(void **state)
{
	assert_true(t_alloc_each(each_change, *state) >= 5);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_a_map_all_is_seen),
		T(a_map_gives_other_numbers_to_its_initiator_alone),
		T(the_well_known_unit_is_always_seen),
		T(a_session_that_comes_later_has_the_map),
		T(the_best_match_does_not_depend_on_the_order),
		T(without_the_best_match_the_next_one_counts),
		T(a_new_map_is_told_to_its_sessions_by_unit_attention),
		T(a_number_that_leads_elsewhere_starts_anew),
		T(what_stays_the_same_is_left_alone),
		T(commands_in_the_store_end_by_themselves),
		T(commands_that_wait_or_fetch_data_are_refused),
		T(a_reservation_ends_with_the_sight_of_the_unit),
		T(readonly_is_per_initiator_and_per_lun),
		T(readonly_of_the_map_holds_for_all_luns),
		T(only_those_who_see_a_unit_learn_that_it_comes_and_goes),
		T(a_target_reset_leaves_alone_what_its_sender_does_not_see),
		T(task_management_goes_by_the_initiators_numbers),
		T(bad_maps_are_refused_whole),
		T(numbers_can_be_swapped_in_one_request),
		T(the_last_entry_taken_away_leaves_nothing_not_all),
		T(maps_are_shown_as_they_are_written),
		T(memory_may_be_short_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
