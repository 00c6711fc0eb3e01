/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random service actions of three initiators against a model that knows three
 * keys, a type and a holder; keys, reservation, access and Unit Attentions are
 * compared after each step. Sessions come and go, the daemon restarts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dev_pr.h"

#define STEPS 6000
#define WHO 3
#define NOBODY (-1)

/* Written from SPC-4 5.9 as a reader would, without regard for the code. */
struct model {
	uint64_t key[WHO];	/* 0: not registered */
	int order[WHO];		/* who registered when */
	int clock;
	int type, holder;	/* holder of types 1 to 6 */
	bool aptpl;
	int ua[WHO];		/* RES_ of the one that is expected; 0: none */
};

static uint64_t seed;

static unsigned int dice(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % n;
}

static bool all_registrants(const struct model *m)
{
	return m->type >= 7;
}

static bool holds(const struct model *m, int who)
{
	return m->type && m->key[who] && (all_registrants(m) || m->holder == who);
}

static void tell_registered(struct model *m, int but, enum scsi_result ua)
{
	for (int i = 0; i < WHO; i++)
		if (i != but && m->key[i])
			m->ua[i] = (int)ua;
}

static void drop_reservation(struct model *m)
{
	m->type = 0;
	m->holder = NOBODY;
}

static void unregister(struct model *m, int who)
{
	int type = m->type, left = 0;
	bool held_alone = holds(m, who) && !all_registrants(m);

	m->key[who] = 0;
	for (int i = 0; i < WHO; i++)
		left += m->key[i] != 0;
	if (held_alone || !left)
		drop_reservation(m);
	if (held_alone && type >= 5)
		tell_registered(m, who, RES_UA_RES_RELEASED);
}

static enum scsi_result model_register(struct model *m, int who, uint64_t sa_key, bool aptpl)
{
	m->aptpl = aptpl;
	if (!m->key[who] && sa_key)
		m->order[who] = m->clock++;
	if (sa_key)
		m->key[who] = sa_key;
	else if (m->key[who])
		unregister(m, who);
	return RES_GOOD;
}

static bool type_valid(int type)
{
	return type == 1 || type == 3 || (type >= 5 && type <= 8);
}

static enum scsi_result model_reserve(struct model *m, int who, int type)
{
	if (!type_valid(type))
		return RES_INVALID_FIELD_CDB;
	if (m->type)
		return holds(m, who) && m->type == type ? RES_GOOD : RES_RESERVATION_CONFLICT;
	m->type = type;
	m->holder = who;
	return RES_GOOD;
}

static enum scsi_result model_release(struct model *m, int who, int type)
{
	if (!holds(m, who))
		return RES_GOOD;
	if (m->type != type)
		return RES_INVALID_RELEASE;
	drop_reservation(m);
	if (type >= 5)
		tell_registered(m, who, RES_UA_RES_RELEASED);
	return RES_GOOD;
}

static void preempt_keys(struct model *m, int who, uint64_t sa_key, bool spare)
{
	for (int i = 0; i < WHO; i++) {
		if (!m->key[i] || (sa_key && m->key[i] != sa_key) || (spare && i == who))
			continue;
		m->key[i] = 0;
		if (i != who)
			m->ua[i] = RES_UA_REG_PREEMPTED;
	}
}

static enum scsi_result model_preempt(struct model *m, int who, int type, uint64_t sa_key)
{
	bool known = false, of_holder;
	int left = 0;

	if (!sa_key && !all_registrants(m))
		return RES_INVALID_FIELD_PARAM;
	for (int i = 0; i < WHO; i++)
		known |= m->key[i] && m->key[i] == sa_key;
	if (sa_key && !known)
		return RES_RESERVATION_CONFLICT;
	of_holder = all_registrants(m) ? !sa_key : m->type && m->key[m->holder] == sa_key;
	if (of_holder && !type_valid(type))
		return RES_INVALID_FIELD_CDB;
	preempt_keys(m, who, sa_key, of_holder);
	for (int i = 0; i < WHO; i++)
		left += m->key[i] != 0;
	if (!left)
		drop_reservation(m);
	if (!of_holder)
		return RES_GOOD;
	if (m->type != type)
		tell_registered(m, who, RES_UA_RES_RELEASED);
	m->type = type;
	m->holder = who;
	return RES_GOOD;
}

static enum scsi_result model_out(struct model *m, int who, enum pr_action action, int type,
				  uint64_t key, uint64_t sa_key, bool aptpl)
{
	if (action == PR_REGISTER_AND_IGNORE)
		return model_register(m, who, sa_key, aptpl);
	if (key != m->key[who] || (!m->key[who] && action != PR_REGISTER))
		return RES_RESERVATION_CONFLICT;
	switch (action) {
	case PR_REGISTER:
		return model_register(m, who, sa_key, aptpl);
	case PR_RESERVE:
		return model_reserve(m, who, type);
	case PR_RELEASE:
		return model_release(m, who, type);
	case PR_CLEAR:
		tell_registered(m, who, RES_UA_RES_PREEMPTED);
		memset(m->key, 0, sizeof(m->key));
		drop_reservation(m);
		return RES_GOOD;
	default:
		return model_preempt(m, who, type, sa_key);
	}
}

static bool may(const struct model *m, int who, bool write)
{
	bool write_ex = m->type == 1 || m->type == 5 || m->type == 7;

	if (!m->type || holds(m, who) || (m->type >= 5 && m->key[who]))
		return true;
	return !write && write_ex;
}

/* --- the disk ------------------------------------------------------------------------------- */

static struct nexus **nexus_of(struct prs *p, int who)
{
	return who == 0 ? &p->d->a : who == 1 ? &p->d->b : &p->c;
}

static void compare_keys(struct prs *p, const struct model *m, int step)
{
	uint64_t keys[8], want[WHO];
	unsigned int n = prs_keys(p, keys), n_want = 0;

	for (int t = 0; t < m->clock; t++)
		for (int i = 0; i < WHO; i++)
			if (m->key[i] && m->order[i] == t)
				want[n_want++] = m->key[i];
	if (n != n_want || memcmp(keys, want, n * sizeof(keys[0])))
		fail_msg("step %d: %u keys, %u expected, or others", step, n, n_want);
}

static void compare(struct prs *p, struct model *m, int step)
{
	uint64_t key, want = m->type && !all_registrants(m) ? m->key[m->holder] : 0;

	compare_keys(p, m, step);
	if (prs_reservation(p, &key) != m->type || key != want)
		fail_msg("step %d: the reservation is another", step);
	for (int i = 0; i < WHO; i++) {
		struct nexus *n = *nexus_of(p, i);

		if (m->ua[i])
			assert_string_equal(prs_name(prs_tur(p, n)),
					    prs_name((enum scsi_result)m->ua[i]));
		m->ua[i] = 0;
		assert_string_equal(prs_name(prs_tur(p, n)), "GOOD");
		if ((prs_read(p, n) == RES_GOOD) != may(m, i, false) ||
		    (prs_write(p, n) == RES_GOOD) != may(m, i, true))
			fail_msg("step %d: initiator %d, type %d: access is wrong", step, i,
				 m->type);
	}
}

/* Mostly what makes sense, sometimes not. */
static void one_action(struct prs *p, struct model *m, int step)
{
	static const uint64_t all_keys[] = { 0, 1, 2, 3 };
	static const int all_types[] = { 1, 3, 5, 6, 7, 8, 2 };
	int who = (int)dice(WHO), type = all_types[dice(20) ? dice(6) : 6];
	enum pr_action action = (enum pr_action)dice(PR_REGISTER_AND_MOVE);
	uint64_t key = dice(8) ? m->key[who] : dice(4), sa_key = all_keys[dice(4)];
	bool aptpl = dice(2);
	enum scsi_result want, is;

	if (action == PR_RELEASE && m->type && dice(4))
		type = m->type;
	if (action == PR_CLEAR && dice(4))
		action = PR_RESERVE;
	want = model_out(m, who, action, type, key, sa_key, aptpl);
	is = prs_out(p, *nexus_of(p, who), action, (uint8_t)type, key, sa_key, aptpl ? P_APTPL : 0);
	if (is != want)
		fail_msg("step %d: action %d of %d, type %d: %s instead of %s", step, (int)action,
			 who, type, prs_name(is), prs_name(want));
}

static void relogin(struct prs *p, int who)
{
	static const char *const names[] = { "iqn.2026-01.test:a", "iqn.2026-01.test:b",
					     "iqn.2026-01.test:c" };
	struct nexus **n = nexus_of(p, who);

	prs_logout(p, *n);
	*n = prs_login(p, names[who], (uint8_t)(who + 1), 1);
	prs_clear_ua(p);
}

static void restart(struct prs *p, struct model *m)
{
	assert_null(prs_restart(p));
	if (m->aptpl)
		return;
	memset(m->key, 0, sizeof(m->key));
	drop_reservation(m);
}

static void chance_finds_no_difference_from_the_model(void **state)
{
	const char *env = getenv("SEED");
	struct model m = { .holder = NOBODY };
	struct prs *p = *state;

	seed = env ? strtoull(env, NULL, 0) : 20260117;
	prs_persistent(p);
	for (int step = 0; step < STEPS; step++) {
		unsigned int what = dice(100);

		if (what == 0)
			restart(p, &m);
		else if (what < 4)
			relogin(p, (int)dice(WHO));
		else
			one_action(p, &m, step);
		compare(p, &m, step);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chance_finds_no_difference_from_the_model,
						prs_setup, prs_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
