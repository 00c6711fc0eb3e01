/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service actions of PERSISTENT RESERVE OUT, by state and sender; who hears of
 * them; what outlives sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "dev_pr.h"

static const uint8_t types[] = { 1, 3, 5, 6, 7, 8 };

static void register_needs_the_key_that_is_registered(void **state)
{
	struct prs *p = *state;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 5, KEY_A, 0), RESERVATION_CONFLICT);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, 7, 0), RESERVATION_CONFLICT);
	prs_expect_keys(p, KEY_A, 0ULL);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, KEY_A, 7, 0), GOOD);
	prs_expect_keys(p, 7ULL, 0ULL);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 7, 0, 0), GOOD);
	prs_expect_keys(p, 0ULL);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, 0, 0), GOOD);
	prs_expect_keys(p, 0ULL);
}

static void register_and_ignore_takes_any_key(void **state)
{
	struct prs *p = *state;

	assert_res(prs_out(p, p->a, PR_REGISTER_AND_IGNORE, 0, 99, 0, 0), GOOD);
	prs_expect_keys(p, 0ULL);
	assert_res(prs_out(p, p->a, PR_REGISTER_AND_IGNORE, 0, 99, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_REGISTER_AND_IGNORE, 0, 99, 7, 0), GOOD);
	prs_expect_keys(p, 7ULL, 0ULL);
	assert_res(prs_out(p, p->a, PR_REGISTER_AND_IGNORE, 0, 99, 0, 0), GOOD);
	prs_expect_keys(p, 0ULL);
}

/* The sender: unregistered, registered with another key. */
static void actions_are_for_registrants_who_know_their_key(void **state)
{
	static const enum pr_action actions[] = { PR_RESERVE, PR_RELEASE, PR_CLEAR, PR_PREEMPT,
						  PR_PREEMPT_AND_ABORT };
	struct prs *p = *state;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		assert_res(prs_out(p, p->b, actions[i], 1, 0, KEY_A, 0), RESERVATION_CONFLICT);
		assert_res(prs_out(p, p->b, actions[i], 1, KEY_A, KEY_A, 0), RESERVATION_CONFLICT);
		assert_res(prs_out(p, p->a, actions[i], 1, KEY_B, KEY_A, 0), RESERVATION_CONFLICT);
	}
	prs_expect_keys(p, KEY_A, 0ULL);
}

static void a_reservation_of_each_type_is_taken_told_and_released(void **state)
{
	struct prs *p = *state;
	uint64_t key;

	prs_register_all(p);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		bool all = types[i] >= 7;

		assert_res(prs_out(p, p->a, PR_RESERVE, types[i], KEY_A, 0, 0), GOOD);
		assert_int_equal(prs_reservation(p, &key), types[i]);
		assert_int_equal(key, all ? 0 : KEY_A);
		/* Again by the holder, of another type, by others. */
		assert_res(prs_out(p, p->a, PR_RESERVE, types[i], KEY_A, 0, 0), GOOD);
		assert_res(prs_out(p, p->a, PR_RESERVE, types[(i + 1) % 6], KEY_A, 0, 0),
			   RESERVATION_CONFLICT);
		assert_int_equal(prs_out(p, p->b, PR_RESERVE, types[i], KEY_B, 0, 0),
				 all ? RES_GOOD : RES_RESERVATION_CONFLICT);
		/* Not the holder's: nothing. Of another type: an error. */
		assert_int_equal(prs_out(p, p->b, PR_RELEASE, types[(i + 1) % 6], KEY_B, 0, 0),
				 all ? RES_INVALID_RELEASE : RES_GOOD);
		assert_res(prs_out(p, p->a, PR_RELEASE, types[(i + 1) % 6], KEY_A, 0, 0),
			   INVALID_RELEASE);
		assert_res(prs_out(p, p->a, PR_RELEASE, 0x10 | types[i], KEY_A, 0, 0),
			   INVALID_RELEASE);
		assert_int_equal(prs_reservation(p, NULL), types[i]);
		assert_res(prs_out(p, p->a, PR_RELEASE, types[i], KEY_A, 0, 0), GOOD);
		assert_int_equal(prs_reservation(p, NULL), 0);
		/* Of nothing. */
		assert_res(prs_out(p, p->a, PR_RELEASE, types[i], KEY_A, 0, 0), GOOD);
		prs_clear_ua(p);
	}
}

static void other_types_and_scopes_are_fields_in_error(void **state)
{
	struct prs *p = *state;
	uint8_t list[24] = { [6] = KEY_A >> 8, [7] = KEY_A & 0xff };
	struct shot s;

	prs_register_all(p);
	for (uint8_t type = 0; type < 16; type++) {
		if (pr_type_valid(type))
			continue;
		assert_res(prs_out_list(p, p->a, &s, PR_RESERVE, type, list, 24),
			   INVALID_FIELD_CDB);
		assert_int_equal(shot_field(&s), 2 << 8 | 3);
	}
	assert_res(prs_out_list(p, p->a, &s, PR_RESERVE, 0x21, list, 24), INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&s), 2 << 8 | 7);
}

/* SPC-4 5.9.11.2.2: types 5 to 8 are told to the other registrants. */
static void a_release_is_told_to_those_it_let_in(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		enum scsi_result want = types[i] >= 5 ? RES_UA_RES_RELEASED : RES_GOOD;

		assert_res(prs_out(p, p->a, PR_RESERVE, types[i], KEY_A, 0, 0), GOOD);
		assert_res(prs_out(p, p->a, PR_RELEASE, types[i], KEY_A, 0, 0), GOOD);
		assert_int_equal(prs_tur(p, p->a), RES_GOOD);
		assert_int_equal(prs_tur(p, p->b), want);
		assert_int_equal(prs_tur(p, p->c), want);
		assert_int_equal(prs_tur(p, p->c), RES_GOOD);
	}
}

static void a_holder_that_unregisters_releases(void **state)
{
	struct prs *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		bool told = types[i] == 5 || types[i] == 6, all = types[i] >= 7;

		prs_register_all(p);
		assert_res(prs_out(p, p->a, PR_RESERVE, types[i], KEY_A, 0, 0), GOOD);
		assert_res(prs_out(p, p->a, PR_REGISTER, 0, KEY_A, 0, 0), GOOD);
		assert_int_equal(prs_reservation(p, NULL), all ? types[i] : 0);
		assert_int_equal(prs_tur(p, p->b), told ? RES_UA_RES_RELEASED : RES_GOOD);
		assert_int_equal(prs_tur(p, p->a), RES_GOOD);
		assert_res(prs_out(p, p->b, PR_REGISTER, 0, KEY_B, 0, 0), GOOD);
		assert_int_equal(prs_reservation(p, NULL), all ? types[i] : 0);
		prs_clear_ua(p);
		/* All registrants: held until the last is gone. */
		assert_res(prs_out(p, p->c, PR_REGISTER, 0, KEY_C, 0, 0), GOOD);
		assert_int_equal(prs_reservation(p, NULL), 0);
		prs_expect_keys(p, 0ULL);
	}
}

static void a_holder_that_changes_its_key_holds_on(void **state)
{
	struct prs *p = *state;
	uint64_t key;

	prs_register_all(p);
	assert_res(prs_out(p, p->b, PR_RESERVE, 3, KEY_B, 0, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_REGISTER, 0, KEY_B, 9, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, KEY_A, 0, 0), GOOD);
	assert_int_equal(prs_reservation(p, &key), 3);
	assert_int_equal(key, 9);
	assert_res(prs_write(p, p->b), GOOD);
	assert_res(prs_write(p, p->c), RESERVATION_CONFLICT);
}

static void clear_removes_everything_and_tells_the_others(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_CLEAR, 0, KEY_B, 0, 0), GOOD);
	assert_res(prs_tur(p, p->a), UA_RES_PREEMPTED);
	assert_res(prs_tur(p, p->b), GOOD);
	assert_res(prs_tur(p, p->c), UA_RES_PREEMPTED);
	assert_res(prs_tur(p, p->c), GOOD);
	prs_expect_keys(p, 0ULL);
	assert_int_equal(prs_reservation(p, NULL), 0);
	assert_null(p->d->lu->resv.state);
}

/* --- PREEMPT (SPC-4 table 48) --------------------------------------------------------------- */

static void preempt_of_the_holder_takes_its_place(void **state)
{
	struct prs *p = *state;
	uint64_t key;

	for (size_t i = 0; i < 4; i++) {
		prs_register_all(p);
		assert_res(prs_out(p, p->a, PR_RESERVE, types[i], KEY_A, 0, 0), GOOD);
		assert_res(prs_out(p, p->b, PR_PREEMPT, 0x10 | 3, KEY_B, KEY_A, 0),
			   INVALID_FIELD_CDB);
		assert_res(prs_out(p, p->b, PR_PREEMPT, 2, KEY_B, KEY_A, 0), INVALID_FIELD_CDB);
		assert_res(prs_out(p, p->b, PR_PREEMPT, 3, KEY_B, KEY_A, 0), GOOD);
		assert_int_equal(prs_reservation(p, &key), 3);
		assert_int_equal(key, KEY_B);
		assert_res(prs_tur(p, p->a), UA_REG_PREEMPTED);
		assert_res(prs_tur(p, p->b), GOOD);
		assert_int_equal(prs_tur(p, p->c), types[i] == 3 ? RES_GOOD : RES_UA_RES_RELEASED);
		assert_res(prs_tur(p, p->c), GOOD);
		prs_expect_keys(p, KEY_B, KEY_C, 0ULL);
		assert_res(prs_out(p, p->b, PR_CLEAR, 0, KEY_B, 0, 0), GOOD);
		prs_clear_ua(p);
	}
}

static void preempt_of_another_removes_its_registration_only(void **state)
{
	struct prs *p = *state;
	uint64_t key;

	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_RESERVE, 1, KEY_A, 0, 0), GOOD);
	/* The type is no matter then. */
	assert_res(prs_out(p, p->b, PR_PREEMPT, 0, KEY_B, KEY_C, 0), GOOD);
	assert_int_equal(prs_reservation(p, &key), 1);
	assert_int_equal(key, KEY_A);
	assert_res(prs_tur(p, p->a), GOOD);
	assert_res(prs_tur(p, p->b), GOOD);
	assert_res(prs_tur(p, p->c), UA_REG_PREEMPTED);
	prs_expect_keys(p, KEY_A, KEY_B, 0ULL);
}

static void preempt_needs_a_key_that_somebody_has(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_PREEMPT, 1, KEY_A, 99, 0), RESERVATION_CONFLICT);
	assert_res(prs_out(p, p->a, PR_PREEMPT, 1, KEY_A, 0, 0), INVALID_FIELD_PARAM);
	assert_res(prs_out(p, p->a, PR_RESERVE, 5, KEY_A, 0, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_PREEMPT, 1, KEY_B, 99, 0), RESERVATION_CONFLICT);
	assert_res(prs_out(p, p->b, PR_PREEMPT, 1, KEY_B, 0, 0), INVALID_FIELD_PARAM);
	prs_expect_keys(p, KEY_A, KEY_B, KEY_C, 0ULL);
}

static void a_holder_may_preempt_itself_to_change_the_type(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_out(p, p->c, PR_REGISTER, 0, KEY_C, KEY_A, 0), GOOD); /* shares the key */
	assert_res(prs_out(p, p->a, PR_RESERVE, 1, KEY_A, 0, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_PREEMPT, 8, KEY_A, KEY_A, 0), GOOD);
	assert_int_equal(prs_reservation(p, NULL), 8);
	prs_expect_keys(p, KEY_A, KEY_B, 0ULL);
	assert_res(prs_tur(p, p->a), GOOD);
	assert_res(prs_tur(p, p->b), UA_RES_RELEASED);
	assert_res(prs_tur(p, p->c), UA_REG_PREEMPTED);
}

static void a_registrant_may_preempt_its_own_registration(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_PREEMPT, 1, KEY_A, KEY_A, 0), GOOD);
	prs_expect_keys(p, KEY_B, KEY_C, 0ULL);
	assert_res(prs_tur(p, p->a), GOOD);
}

static void all_registrants_are_preempted_by_key_zero(void **state)
{
	struct prs *p = *state;
	uint64_t key;

	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_RESERVE, 7, KEY_A, 0, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_PREEMPT, 7, KEY_B, KEY_A, 0), GOOD);
	assert_res(prs_tur(p, p->a), UA_REG_PREEMPTED);
	assert_res(prs_tur(p, p->c), GOOD);
	assert_int_equal(prs_reservation(p, NULL), 7);
	assert_res(prs_out(p, p->b, PR_PREEMPT, 3, KEY_B, 0, 0), GOOD);
	prs_expect_keys(p, KEY_B, 0ULL);
	assert_int_equal(prs_reservation(p, &key), 3);
	assert_int_equal(key, KEY_B);
	assert_res(prs_tur(p, p->b), GOOD);
	assert_res(prs_tur(p, p->c), UA_REG_PREEMPTED);
}

/* --- sessions ------------------------------------------------------------------------------- */

static void a_registration_waits_for_its_nexus_to_come_back(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_out(p, p->c, PR_RESERVE, 3, KEY_C, 0, 0), GOOD);
	prs_logout(p, p->c);
	assert_int_equal(prs_reservation(p, NULL), 3);
	assert_res(prs_write(p, p->b), RESERVATION_CONFLICT);
	p->c = prs_login(p, "iqn.2026-01.TEST:c", 3, 1);
	prs_clear_ua(p);
	assert_res(prs_write(p, p->c), GOOD);
	assert_res(prs_out(p, p->c, PR_RELEASE, 3, KEY_C, 0, 0), GOOD);
}

static void another_isid_or_target_port_is_another_nexus(void **state)
{
	struct prs *p = *state;
	struct nexus *isid = prs_login(p, "iqn.2026-01.test:c", 4, 1);
	struct nexus *port = prs_login(p, "iqn.2026-01.test:c", 3, 2);

	prs_register_all(p);
	assert_res(prs_out(p, p->c, PR_RESERVE, 5, KEY_C, 0, 0), GOOD);
	prs_clear_ua(p);
	assert_res(prs_write(p, p->b), GOOD);
	assert_res(prs_write(p, isid), RESERVATION_CONFLICT);
	assert_res(prs_write(p, port), RESERVATION_CONFLICT);
	prs_logout(p, isid);
	prs_logout(p, port);
}

static void a_nexus_that_used_nothing_yet_hears_too(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	prs_logout(p, p->c);
	p->c = prs_login(p, "iqn.2026-01.test:c", 3, 1);
	assert_res(prs_out(p, p->a, PR_CLEAR, 0, KEY_A, 0, 0), GOOD);
	assert_res(prs_tur(p, p->c), UA_POWER_ON);
	assert_res(prs_tur(p, p->c), UA_RES_PREEMPTED);
	assert_res(prs_tur(p, p->c), GOOD);
}

static void resets_leave_reservations_alone(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	lu_reset(p->d->lu, UA_DEVICE_RESET);
	prs_clear_ua(p);
	assert_res(prs_write(p, p->b), RESERVATION_CONFLICT);
	assert_res(prs_write(p, p->a), GOOD);
	prs_expect_keys(p, KEY_A, KEY_B, KEY_C, 0ULL);
}

static void without_aptpl_a_restart_forgets(void **state)
{
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	assert_null(prs_restart(p));
	prs_expect_keys(p, 0ULL);
	assert_int_equal(prs_generation(p), 0);
	assert_res(prs_write(p, p->b), GOOD);
}

/* SPC-4 6.15.2 */
static void prgeneration_counts_changes_of_registrations(void **state)
{
	struct prs *p = *state;

	assert_int_equal(prs_generation(p), 0);
	prs_register_all(p);
	assert_int_equal(prs_generation(p), 3);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_RELEASE, 3, KEY_A, 0, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 1, 2, 0), RESERVATION_CONFLICT);
	assert_res(prs_out(p, p->a, PR_PREEMPT, 1, KEY_A, 99, 0), RESERVATION_CONFLICT);
	assert_int_equal(prs_generation(p), 3);
	assert_res(prs_out(p, p->a, PR_PREEMPT, 1, KEY_A, KEY_B, 0), GOOD);
	assert_int_equal(prs_generation(p), 4);
	assert_res(prs_out(p, p->a, PR_REGISTER_AND_IGNORE, 0, 0, 5, 0), GOOD);
	assert_int_equal(prs_generation(p), 5);
	assert_res(prs_out(p, p->a, PR_CLEAR, 1, 5, 0, 0), GOOD);
	assert_int_equal(prs_generation(p), 6);
}

/* SPC-2 5.5.1, CRH 0 */
static void reserve_and_persistent_reservations_exclude_each_other(void **state)
{
	static const uint8_t reserve6[10] = { 0x16 }, release6[10] = { 0x17 };
	static const uint8_t read_keys[10] = { 0x5e, [8] = 8 };
	struct prs *p = *state;
	uint8_t buf[8];

	assert_res(prs_run(p, p->a, reserve6, NULL, 0, NULL, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), RESERVATION_CONFLICT);
	assert_res(prs_run(p, p->a, read_keys, NULL, 0, buf, 8), RESERVATION_CONFLICT);
	assert_res(prs_tur(p, p->b), RESERVATION_CONFLICT);
	assert_res(prs_run(p, p->a, release6, NULL, 0, NULL, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_run(p, p->a, reserve6, NULL, 0, NULL, 0), RESERVATION_CONFLICT);
	assert_res(prs_run(p, p->b, reserve6, NULL, 0, NULL, 0), RESERVATION_CONFLICT);
	assert_res(prs_run(p, p->b, release6, NULL, 0, NULL, 0), RESERVATION_CONFLICT);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, KEY_A, 0, 0), GOOD);
	assert_res(prs_run(p, p->b, reserve6, NULL, 0, NULL, 0), GOOD);
}

#define T(name) cmocka_unit_test_setup_teardown(name, prs_setup, prs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(register_needs_the_key_that_is_registered),
		T(register_and_ignore_takes_any_key),
		T(actions_are_for_registrants_who_know_their_key),
		T(a_reservation_of_each_type_is_taken_told_and_released),
		T(other_types_and_scopes_are_fields_in_error),
		T(a_release_is_told_to_those_it_let_in),
		T(a_holder_that_unregisters_releases),
		T(a_holder_that_changes_its_key_holds_on),
		T(clear_removes_everything_and_tells_the_others),
		T(preempt_of_the_holder_takes_its_place),
		T(preempt_of_another_removes_its_registration_only),
		T(preempt_needs_a_key_that_somebody_has),
		T(a_holder_may_preempt_itself_to_change_the_type),
		T(a_registrant_may_preempt_its_own_registration),
		T(all_registrants_are_preempted_by_key_zero),
		T(a_registration_waits_for_its_nexus_to_come_back),
		T(another_isid_or_target_port_is_another_nexus),
		T(a_nexus_that_used_nothing_yet_hears_too),
		T(resets_leave_reservations_alone),
		T(without_aptpl_a_restart_forgets),
		T(prgeneration_counts_changes_of_registrations),
		T(reserve_and_persistent_reservations_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
