/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Persistence through power loss (SPC-4 5.9.5): what a restarted daemon knows, when
 * GOOD is told, disks that are full and files that are damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev_pr.h"
#include "t_alloc.h"
#include "t_loop.h"
#include "target/pr_store.h"
#include "target/reserve.h"

static int setup(void **state)
{
	prs_setup(state);
	prs_persistent(*state);
	return 0;
}

static int teardown(void **state)
{
	keepfile_fault = NULL;
	return prs_teardown(state);
}

static void file_path(struct prs *p, char path[PR_PATH_MAX])
{
	const struct pr_owner owner = { p->d->target->name, 1 };

	assert_int_equal(pr_store_path(path, p->dir, &owner), 0);
}

static bool file_exists(struct prs *p)
{
	char path[PR_PATH_MAX];

	file_path(p, path);
	return !access(path, F_OK);
}

static void aptpl_needs_a_place(void **state)
{
	struct prs *p = *state;
	uint8_t list[24] = { [14] = 0xaa, [15] = 0xaa, [20] = P_APTPL };
	struct shot s;

	p->d->core.state_dir = NULL;
	assert_res(prs_out_list(p, p->a, &s, PR_REGISTER, 0, list, 24), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 20 << 8 | 0);
	assert_res(prs_out(p, p->a, PR_REGISTER_AND_IGNORE, 0, 0, KEY_A, P_APTPL),
		   INVALID_FIELD_PARAM);
	p->d->core.state_dir = p->dir;
}

static void registrations_and_reservation_outlive_the_daemon(void **state)
{
	struct prs *p = *state;
	uint64_t key;

	prs_register_all(p);
	assert_res(prs_out(p, p->b, PR_REGISTER, 0, KEY_B, KEY_B, P_APTPL), GOOD);
	assert_res(prs_out(p, p->b, PR_RESERVE, 5, KEY_B, 0, 0), GOOD);
	assert_res(prs_out(p, p->c, PR_PREEMPT, 0, KEY_C, KEY_A, 0), GOOD);
	assert_null(prs_restart(p));
	prs_expect_keys(p, KEY_B, KEY_C, 0ULL);
	assert_int_equal(prs_reservation(p, &key), 5);
	assert_int_equal(key, KEY_B);
	assert_int_equal(prs_generation(p), 0);
	assert_res(prs_write(p, p->b), GOOD);
	assert_res(prs_write(p, p->c), GOOD);
	assert_res(prs_write(p, p->a), RESERVATION_CONFLICT);
	/* And goes on from there. */
	assert_res(prs_out(p, p->c, PR_PREEMPT_AND_ABORT, 8, KEY_C, KEY_B, 0), GOOD);
	assert_null(prs_restart(p));
	prs_expect_keys(p, KEY_C, 0ULL);
	assert_int_equal(prs_reservation(p, NULL), 8);
}

static void every_action_is_kept(void **state)
{
	struct prs *p = *state;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, P_APTPL), GOOD);
	assert_null(prs_restart(p));
	prs_expect_keys(p, KEY_A, 0ULL);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	assert_null(prs_restart(p));
	assert_int_equal(prs_reservation(p, NULL), 3);
	assert_res(prs_out(p, p->a, PR_RELEASE, 3, KEY_A, 0, 0), GOOD);
	assert_null(prs_restart(p));
	assert_int_equal(prs_reservation(p, NULL), 0);
	assert_res(prs_out(p, p->b, PR_REGISTER_AND_IGNORE, 0, 0, KEY_B, P_APTPL), GOOD);
	assert_null(prs_restart(p));
	prs_expect_keys(p, KEY_A, KEY_B, 0ULL);
	assert_res(prs_out(p, p->b, PR_CLEAR, 0, KEY_B, 0, 0), GOOD);
	assert_false(file_exists(p));
	assert_null(prs_restart(p));
	prs_expect_keys(p, 0ULL);
}

static void the_last_aptpl_bit_counts(void **state)
{
	struct prs *p = *state;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, P_APTPL), GOOD);
	assert_true(file_exists(p));
	assert_res(prs_out(p, p->b, PR_REGISTER, 0, 0, KEY_B, 0), GOOD);
	assert_false(file_exists(p));
	assert_null(prs_restart(p));
	prs_expect_keys(p, 0ULL);
}

static void without_aptpl_nothing_is_written(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	assert_false(file_exists(p));
}

/* --- GOOD comes last ------------------------------------------------------------------------ */

static atomic_int go, reached;

static int hold_rename(enum keepfile_step step)
{
	if (step != KEEPFILE_RENAME)
		return 0;
	atomic_store(&reached, 1);
	while (!atomic_load(&go))
		sched_yield();
	return 0;
}

static bool has_reached(void *arg)
{
	(void)arg;
	return atomic_load(&reached);
}

static void good_is_told_when_it_is_on_disk(void **state)
{
	struct prs *p = *state;
	uint8_t list[24] = { [14] = 0xaa, [15] = 0xaa, [20] = P_APTPL };
	struct shot s = { .out = list, .out_len = 24, .cdb = { 0x5f, [8] = 24 } };

	atomic_store(&go, 0);
	atomic_store(&reached, 0);
	keepfile_fault = hold_rename;
	shot_start(p->d, &s, p->a);
	while (!has_reached(NULL))
		t_loop_turns(p->d->core.loop, 1);
	t_loop_turns(p->d->core.loop, 5);
	assert_true(s.in_flight);
	/* Until then the old state counts, and other commands go on. */
	prs_expect_keys(p, 0ULL);
	assert_res(prs_write(p, p->b), GOOD);
	atomic_store(&go, 1);
	shot_wait(&s);
	assert_int_equal(shot_result(&s), RES_GOOD);
	prs_expect_keys(p, KEY_A, 0ULL);
}

static enum keepfile_step failing;

static int fail_step(enum keepfile_step step)
{
	return step == failing ? -EIO : 0;
}

static void what_can_not_be_kept_is_not_done(void **state)
{
	static const enum keepfile_step steps[] = { KEEPFILE_MKDIR, KEEPFILE_OPEN, KEEPFILE_WRITE,
						    KEEPFILE_SYNC, KEEPFILE_RENAME };
	struct prs *p = *state;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, P_APTPL), GOOD);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		failing = steps[i];
		keepfile_fault = fail_step;
		assert_res(prs_out(p, p->b, PR_REGISTER, 0, 0, KEY_B, P_APTPL), HW_INTERNAL);
		assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), HW_INTERNAL);
		assert_res(prs_tur(p, p->b), GOOD);
		prs_expect_keys(p, KEY_A, 0ULL);
		assert_int_equal(prs_reservation(p, NULL), 0);
		assert_int_equal(prs_generation(p), i ? 0 : 1);
		keepfile_fault = NULL;
		assert_null(prs_restart(p));
		prs_expect_keys(p, KEY_A, 0ULL);
	}
}

/* --- damaged files -------------------------------------------------------------------------- */

static void a_damaged_file_keeps_the_lu_from_starting(void **state)
{
	struct prs *p = *state;
	char path[PR_PATH_MAX];
	const char *why;
	int fd;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, P_APTPL), GOOD);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	file_path(p, path);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "4", 1, 80), 1);
	close(fd);
	why = prs_restart(p);
	assert_non_null(why);
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, "delete it"));
	assert_non_null(strstr(why, "LUN 1"));
	/* What the message says helps. */
	assert_int_equal(unlink(path), 0);
	assert_null(prs_restart(p));
	prs_expect_keys(p, 0ULL);
}

static void another_lu_s_file_is_not_taken(void **state)
{
	const struct pr_owner other = { "iqn.2026-01.test:disk", 2 };
	struct prs *p = *state;
	char path[PR_PATH_MAX], wrong[PR_PATH_MAX];
	struct pr_state *s;
	struct err err = { .code = ERR_OK };

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, P_APTPL), GOOD);
	file_path(p, path);
	assert_int_equal(pr_store_path(wrong, p->dir, &other), 0);
	assert_int_equal(rename(path, wrong), 0);
	assert_true(pr_store_load(wrong, &other, &s, &err) < 0);
	assert_non_null(strstr(err.text, "another logical unit"));
}

/* --- show ----------------------------------------------------------------------------------- */

static void show_tells_who_holds_what(void **state)
{
	static const char want[] =
		"{\"aptpl\": true, \"generation\": 3, \"registrations\": ["
		"{\"holder\": true, \"initiator\": \"iqn.2026-01.test:a,i,0x800000000001\", "
		"\"key\": \"0x000000000000aaaa\", \"port\": 1}, "
		"{\"holder\": false, \"initiator\": \"iqn.2026-01.test:b,i,0x800000000002\", "
		"\"key\": \"0x000000000000bbbb\", \"port\": 1}], "
		"\"type\": \"write-exclusive-registrants-only\"}";
	struct prs *p = *state;
	json_t *obj = reserve_to_json(p->d->lu);
	char *text;

	assert_true(json_is_null(obj));
	json_decref(obj);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_REGISTER, 0, 0, KEY_B, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_RESERVE, 5, KEY_A, 0, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, KEY_A, KEY_A, P_APTPL), GOOD);
	obj = reserve_to_json(p->d->lu);
	text = json_dumps(obj, JSON_SORT_KEYS);
	assert_string_equal(text, want);
	free(text);
	json_decref(obj);
	p->d->lu->resv.holder = p->b;
	obj = reserve_to_json(p->d->lu);
	assert_string_equal(json_string_value(json_object_get(obj, "type")), "reserve");
	json_decref(obj);
	p->d->lu->resv.holder = NULL;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(aptpl_needs_a_place),
		T(registrations_and_reservation_outlive_the_daemon),
		T(every_action_is_kept),
		T(the_last_aptpl_bit_counts),
		T(without_aptpl_nothing_is_written),
		T(good_is_told_when_it_is_on_disk),
		T(what_can_not_be_kept_is_not_done),
		T(a_damaged_file_keeps_the_lu_from_starting),
		T(another_lu_s_file_is_not_taken),
		T(show_tells_who_holds_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
