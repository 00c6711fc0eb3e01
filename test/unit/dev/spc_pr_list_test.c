/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameter lists of PERSISTENT RESERVE OUT: lengths, SPEC_I_PT, ALL_TG_PT, REGISTER
 * AND MOVE, limits; and parameter data of PERSISTENT RESERVE IN.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/util.h"
#include "dev_pr.h"
#include "t_alloc.h"

#define NAME(x) "iqn.2026-01.test:" x

/* A parameter list that grows. */
struct list_out {
	uint8_t buf[65536];
	uint32_t len;
};

static struct list_out l;

static void list_begin(uint64_t key, uint64_t sa_key, uint8_t flags)
{
	memset(&l, 0, sizeof(l));
	put_be64(l.buf, key);
	put_be64(l.buf + 8, sa_key);
	l.buf[20] = flags;
	l.len = flags & P_SPEC_I_PT ? 28 : 24;
}

static void list_id(const char *name, int isid)
{
	uint8_t bytes[6] = { 0x80, 0, 0, 0, 0, (uint8_t)isid };
	struct transportid id;

	transportid_iscsi(&id, name, isid < 0 ? NULL : bytes);
	memcpy(l.buf + l.len, id.bytes, id.len);
	l.len += id.len;
	put_be32(l.buf + 24, l.len - 28);
}

/* REGISTER AND MOVE to one TransportID. */
static void list_move(uint64_t key, uint64_t sa_key, uint8_t flags, uint16_t port, const char *name,
		      int isid)
{
	uint8_t bytes[6] = { 0x80, 0, 0, 0, 0, (uint8_t)isid };
	struct transportid id;

	list_begin(key, sa_key, 0);
	transportid_iscsi(&id, name, isid < 0 ? NULL : bytes);
	memcpy(l.buf + 24, id.bytes, id.len);
	l.buf[17] = flags;
	put_be16(l.buf + 18, port);
	put_be32(l.buf + 20, id.len);
	l.len = 24u + id.len;
}

static enum scsi_result send_list(struct prs *p, struct nexus *n, struct shot *s,
				  enum pr_action action)
{
	return prs_out_list(p, n, s, action, 0, l.buf, l.len);
}

static void a_list_has_24_bytes(void **state)
{
	struct prs *p = *state;

	list_begin(0, KEY_A, 0);
	for (enum pr_action a = PR_REGISTER; a <= PR_REGISTER_AND_MOVE; a++) {
		l.len = 23;
		assert_res(send_list(p, p->a, NULL, a), PARAM_LIST_LENGTH);
		l.len = 0;
		assert_res(send_list(p, p->a, NULL, a), PARAM_LIST_LENGTH);
		l.len = 25;
		if (a != PR_REGISTER_AND_MOVE)
			assert_res(send_list(p, p->a, NULL, a), PARAM_LIST_LENGTH);
	}
	prs_expect_keys(p, 0ULL);
}

static void less_data_than_the_cdb_says_is_refused(void **state)
{
	static const uint8_t cdb[10] = { 0x5f, 0, [8] = 24 };
	struct prs *p = *state;

	list_begin(0, KEY_A, 0);
	assert_res(prs_run(p, p->a, cdb, l.buf, 16, NULL, 0), PARAM_LIST_LENGTH);
	prs_expect_keys(p, 0ULL);
}

static void spec_i_pt_registers_ports_that_are_not_there(void **state)
{
	struct prs *p = *state;
	struct nexus *n;

	list_begin(0, KEY_A, P_SPEC_I_PT);
	list_id(NAME("b"), 2);
	list_id(NAME("later"), 9);
	list_id(NAME("b"), 2);
	assert_res(send_list(p, p->a, NULL, PR_REGISTER), GOOD);
	prs_expect_keys(p, KEY_A, KEY_A, KEY_A, 0ULL);
	assert_int_equal(prs_generation(p), 1);
	assert_res(prs_out(p, p->b, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	n = prs_login(p, NAME("later"), 9, 1);
	prs_clear_ua(p);
	assert_res(prs_out(p, n, PR_PREEMPT, 3, KEY_A, KEY_A, 0), GOOD);
	assert_res(prs_write(p, n), GOOD);
	prs_logout(p, n);
}

static void spec_i_pt_leaves_registered_ports_alone(void **state)
{
	struct prs *p = *state;

	assert_res(prs_out(p, p->b, PR_REGISTER, 0, 0, KEY_B, 0), GOOD);
	list_begin(0, KEY_A, P_SPEC_I_PT);
	list_id(NAME("b"), 2);
	list_id(NAME("c"), 3);
	assert_res(send_list(p, p->a, NULL, PR_REGISTER), GOOD);
	prs_expect_keys(p, KEY_B, KEY_A, KEY_A, 0ULL);
}

static void spec_i_pt_of_an_initiator_means_its_ports(void **state)
{
	struct prs *p = *state;
	struct nexus *second = prs_login(p, NAME("b"), 7, 1);

	list_begin(0, KEY_A, P_SPEC_I_PT);
	list_id(NAME("b"), -1);
	assert_res(send_list(p, p->a, NULL, PR_REGISTER), GOOD);
	prs_expect_keys(p, KEY_A, KEY_A, KEY_A, 0ULL);
	list_begin(0, KEY_C, P_SPEC_I_PT);
	list_id(NAME("nobody"), -1);
	assert_res(send_list(p, p->c, NULL, PR_REGISTER), INVALID_FIELD_PARAM);
	prs_logout(p, second);
}

static void spec_i_pt_is_for_register_of_the_unregistered(void **state)
{
	struct prs *p = *state;
	struct shot s;

	list_begin(0, 0, P_SPEC_I_PT);
	list_id(NAME("b"), 2);
	assert_res(send_list(p, p->a, &s, PR_REGISTER), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 20 << 8 | 3);
	list_begin(0, KEY_A, P_SPEC_I_PT);
	list_id(NAME("b"), 2);
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_IGNORE), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 20 << 8 | 3);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_CLEAR, 0, KEY_A, 0, P_SPEC_I_PT), INVALID_FIELD_PARAM);
	list_begin(KEY_A, KEY_B, P_SPEC_I_PT);
	list_id(NAME("b"), 2);
	assert_res(send_list(p, p->a, NULL, PR_REGISTER), INVALID_FIELD_PARAM);
	prs_expect_keys(p, KEY_A, 0ULL);
}

static void a_list_of_transportids_that_is_wrong_registers_nobody(void **state)
{
	struct prs *p = *state;
	struct shot s;

	list_begin(0, KEY_A, P_SPEC_I_PT);
	list_id(NAME("b"), 2);
	l.len -= 4; /* cut off by the CDB's length */
	assert_res(send_list(p, p->a, &s, PR_REGISTER), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 24 << 8 | 0xff);
	put_be32(l.buf + 24, l.len - 28); /* ... and by the list's */
	assert_res(send_list(p, p->a, &s, PR_REGISTER), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 28 << 8 | 0xff);
	list_begin(0, KEY_A, P_SPEC_I_PT);
	list_id(NAME("b"), 2);
	l.len += 24; /* zeroes: a Fibre Channel port */
	put_be32(l.buf + 24, l.len - 28);
	assert_res(send_list(p, p->a, &s, PR_REGISTER), INVALID_FIELD_PARAM);
	l.len = 24;
	assert_res(send_list(p, p->a, &s, PR_REGISTER), INVALID_FIELD_PARAM);
	put_be32(l.buf + 24, 0xfffffffc);
	l.len = 28;
	assert_res(send_list(p, p->a, &s, PR_REGISTER), INVALID_FIELD_PARAM);
	prs_expect_keys(p, 0ULL);
}

static void all_tg_pt_registers_through_each_port(void **state)
{
	struct prs *p = *state;
	struct nexus *two = prs_login(p, NAME("a"), 1, 2), *b2 = prs_login(p, NAME("b"), 2, 2);

	prs_clear_ua(p);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, P_ALL_TG_PT), GOOD);
	prs_expect_keys(p, KEY_A, KEY_A, 0ULL);
	assert_res(prs_out(p, two, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	assert_res(prs_write(p, two), GOOD);
	assert_res(prs_write(p, p->a), RESERVATION_CONFLICT);
	assert_res(prs_write(p, b2), RESERVATION_CONFLICT);
	/* One path unregisters itself; then all. */
	assert_res(prs_out(p, two, PR_REGISTER, 0, KEY_A, 0, 0), GOOD);
	prs_expect_keys(p, KEY_A, 0ULL);
	assert_res(prs_out(p, two, PR_REGISTER_AND_IGNORE, 0, 0, KEY_C, P_ALL_TG_PT), GOOD);
	prs_expect_keys(p, KEY_C, KEY_C, 0ULL);
	assert_res(prs_out(p, two, PR_REGISTER, 0, KEY_C, 0, P_ALL_TG_PT), GOOD);
	prs_expect_keys(p, 0ULL);
	prs_logout(p, two);
	prs_logout(p, b2);
}

/* --- REGISTER AND MOVE (SPC-4 5.9.8) -------------------------------------------------------- */

static void move_passes_the_reservation_on(void **state)
{
	struct prs *p = *state;
	uint64_t key;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	list_move(KEY_A, KEY_B, 0, 1, NAME("b"), 2);
	assert_res(send_list(p, p->a, NULL, PR_REGISTER_AND_MOVE), GOOD);
	prs_expect_keys(p, KEY_A, KEY_B, 0ULL);
	assert_int_equal(prs_reservation(p, &key), 3);
	assert_int_equal(key, KEY_B);
	assert_res(prs_write(p, p->b), GOOD);
	assert_res(prs_write(p, p->a), RESERVATION_CONFLICT);
	assert_int_equal(prs_generation(p), 2);
	/* Back to one that is registered, with another key, and goes away itself. */
	list_move(KEY_B, 99, 0x02, 1, NAME("a"), 1);
	assert_res(send_list(p, p->b, NULL, PR_REGISTER_AND_MOVE), GOOD);
	prs_expect_keys(p, 99ULL, 0ULL);
	assert_res(prs_tur(p, p->a), GOOD);
	assert_res(prs_tur(p, p->b), GOOD);
	assert_res(prs_write(p, p->a), GOOD);
	assert_res(prs_write(p, p->b), RESERVATION_CONFLICT);
}

static void move_is_for_the_holder(void **state)
{
	struct prs *p = *state;
	struct shot s;

	list_move(KEY_A, KEY_C, 0, 1, NAME("c"), 3);
	assert_res(send_list(p, p->a, NULL, PR_REGISTER_AND_MOVE), RESERVATION_CONFLICT);
	prs_register_all(p);
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_MOVE), INVALID_FIELD_CDB);
	assert_res(prs_out(p, p->b, PR_RESERVE, 5, KEY_B, 0, 0), GOOD);
	assert_res(send_list(p, p->a, NULL, PR_REGISTER_AND_MOVE), RESERVATION_CONFLICT);
	assert_res(prs_out(p, p->b, PR_RELEASE, 5, KEY_B, 0, 0), GOOD);
	prs_clear_ua(p);
	assert_res(prs_out(p, p->a, PR_RESERVE, 7, KEY_A, 0, 0), GOOD);
	assert_res(send_list(p, p->a, NULL, PR_REGISTER_AND_MOVE), RESERVATION_CONFLICT);
	prs_expect_keys(p, KEY_A, KEY_B, KEY_C, 0ULL);
}

static void move_checks_where_to(void **state)
{
	struct prs *p = *state;
	struct nexus *b2 = prs_login(p, NAME("b"), 8, 1);
	struct shot s;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_RESERVE, 3, KEY_A, 0, 0), GOOD);
	list_move(KEY_A, 0, 0, 1, NAME("b"), 2);
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_MOVE), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 8 << 8 | 0xff);
	list_move(KEY_A, KEY_A, 0, 1, NAME("a"), 1); /* to itself */
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_MOVE), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 24 << 8 | 0xff);
	list_move(KEY_A, KEY_B, 0, 5, NAME("b"), 2); /* no such port */
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_MOVE), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 18 << 8 | 0xff);
	list_move(KEY_A, KEY_B, 0, 1, NAME("b"), -1); /* has two ports */
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_MOVE), INVALID_FIELD_PARAM);
	list_move(KEY_A, KEY_B, 0x01, 1, NAME("b"), 2); /* APTPL, and nowhere to keep it */
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_MOVE), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 17 << 8 | 0);
	list_move(KEY_A, KEY_B, 0, 1, NAME("b"), 2);
	l.len -= 4;
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_MOVE), INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 20 << 8 | 0xff);
	prs_expect_keys(p, KEY_A, 0ULL);
	list_move(KEY_A, KEY_C, 0, 1, NAME("c"), -1); /* has one */
	assert_res(send_list(p, p->a, &s, PR_REGISTER_AND_MOVE), GOOD);
	prs_expect_keys(p, KEY_A, KEY_C, 0ULL);
	prs_logout(p, b2);
}

/* --- limits --------------------------------------------------------------------------------- */

static void there_is_a_limit_to_registrations(void **state)
{
	struct prs *p = *state;
	uint32_t left = PR_REGS_MAX;
	char name[40];

	for (int round = 0; left; round++) {
		uint32_t n = left > 101 ? 100 : left - 1;
		struct nexus *one;

		snprintf(name, sizeof(name), NAME("r%d"), round);
		one = prs_login(p, name, 1, 1);
		nexus_itl(one, 1)->ua = 0;
		list_begin(0, KEY_A, P_SPEC_I_PT);
		for (uint32_t i = 0; i < n; i++) {
			snprintf(name, sizeof(name), NAME("r%d-%u"), round, i);
			list_id(name, 1);
		}
		assert_res(send_list(p, one, NULL, PR_REGISTER), GOOD);
		left -= n + 1;
		prs_logout(p, one);
	}
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), INSUFFICIENT_REG);
	assert_int_equal(p->d->lu->resv.state->n, PR_REGS_MAX);
}

struct attempt {
	struct prs *p;
	bool registered;
};

static void attempt(void *arg)
{
	struct attempt *t = arg;
	enum scsi_result res;

	list_begin(0, KEY_A, P_SPEC_I_PT);
	list_id(NAME("b"), 2);
	res = send_list(t->p, t->p->a, NULL, PR_REGISTER);
	t->registered = res == RES_GOOD;
	assert_true(res == RES_GOOD || res == RES_BUSY || res == RES_TASK_SET_FULL);
	t_alloc_fail_nth(0);
	if (t->registered)
		prs_expect_keys(t->p, KEY_A, KEY_A, 0ULL);
	else
		prs_expect_keys(t->p, 0ULL);
}

static void without_memory_nothing_is_registered(void **state)
{
	struct attempt t = { .p = *state };
	unsigned long n;

	for (n = 1; !t.registered && n < 100; n++) {
		t_alloc_fail_nth(n);
		attempt(&t);
	}
	assert_true(n > 4 && n < 20);
}

/* --- PERSISTENT RESERVE IN ------------------------------------------------------------------ */

static uint32_t pr_in(struct prs *p, uint8_t sa, uint8_t *buf, uint16_t max)
{
	struct shot s = { .in = buf, .in_max = max };

	s.cdb[0] = 0x5e;
	s.cdb[1] = sa;
	put_be16(s.cdb + 7, max);
	memset(buf, 0xee, max);
	shot_start(p->d, &s, p->c);
	shot_wait(&s);
	assert_int_equal(shot_result(&s), RES_GOOD);
	return s.in_len;
}

static void allocation_length_cuts_the_data_and_not_its_length(void **state)
{
	struct prs *p = *state;
	uint8_t buf[64];

	prs_register_all(p);
	assert_int_equal(pr_in(p, 0, buf, 0), 0);
	assert_int_equal(pr_in(p, 0, buf, 13), 13);
	assert_int_equal(get_be32(buf), 3);
	assert_int_equal(get_be32(buf + 4), 24);
	assert_int_equal(pr_in(p, 0, buf, 64), 32);
	assert_int_equal(pr_in(p, 1, buf, 64), 8);
	assert_int_equal(get_be32(buf + 4), 0);
	assert_res(prs_out(p, p->b, PR_RESERVE, 6, KEY_B, 0, 0), GOOD);
	assert_int_equal(pr_in(p, 1, buf, 64), 24);
	assert_int_equal(get_be64(buf + 8), KEY_B);
	assert_int_equal(buf[21], 0x06);
	assert_int_equal(pr_in(p, 2, buf, 5), 5);
	assert_int_equal(get_be16(buf), 8);
}

static void capabilities_tell_what_is_there(void **state)
{
	struct prs *p = *state;
	uint8_t buf[8];

	assert_int_equal(pr_in(p, 2, buf, 8), 8);
	assert_int_equal(buf[2], 0x0c); /* SIP_C, ATP_C; no CRH, nowhere to keep anything */
	assert_int_equal(buf[3], 0xb0);
	assert_int_equal(buf[4], 0xea);
	assert_int_equal(buf[5], 0x01);
	prs_persistent(p);
	pr_in(p, 2, buf, 8);
	assert_int_equal(buf[2], 0x0d);
	assert_int_equal(buf[3], 0xb0);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, P_APTPL), GOOD);
	pr_in(p, 2, buf, 8);
	assert_int_equal(buf[3], 0xb1);
}

static void full_status_tells_who_is_who(void **state)
{
	struct prs *p = *state;
	struct transportid id;
	uint8_t buf[512];
	uint32_t len, off = 8;
	const uint64_t keys[] = { KEY_A, KEY_B, KEY_C };
	struct nexus *nexuses[] = { p->a, p->b, p->c };

	prs_register_all(p);
	assert_res(prs_out(p, p->b, PR_RESERVE, 3, KEY_B, 0, 0), GOOD);
	len = pr_in(p, 3, buf, sizeof(buf));
	assert_int_equal(get_be32(buf), 3);
	assert_int_equal(get_be32(buf + 4), len - 8);
	for (int i = 0; i < 3; i++) {
		const uint8_t *d = buf + off;

		pr_nexus_id(nexuses[i], &id);
		assert_int_equal(get_be64(d), keys[i]);
		assert_int_equal(d[12], i == 1);
		assert_int_equal(d[13], i == 1 ? 3 : 0);
		assert_int_equal(get_be16(d + 18), 1);
		assert_int_equal(get_be32(d + 20), id.len);
		assert_memory_equal(d + 24, id.bytes, id.len);
		off += 24u + id.len;
	}
	assert_int_equal(off, len);
	assert_res(prs_out(p, p->b, PR_PREEMPT, 8, KEY_B, KEY_B, 0), GOOD);
	prs_clear_ua(p);
	pr_in(p, 3, buf, sizeof(buf));
	assert_int_equal(buf[8 + 12], 1);
	assert_int_equal(buf[8 + 13], 8);
}

static void unknown_service_actions_are_fields_of_the_cdb(void **state)
{
	static const uint8_t in[10] = { 0x5e, 4, [8] = 8 }, out[10] = { 0x5f, 8, [8] = 24 };
	struct prs *p = *state;
	uint8_t buf[24] = { 0 };

	assert_res(prs_run(p, p->a, in, NULL, 0, buf, 8), INVALID_FIELD_CDB);
	assert_res(prs_run(p, p->a, out, buf, 24, NULL, 0), INVALID_FIELD_CDB);
}

#define T(name) cmocka_unit_test_setup_teardown(name, prs_setup, prs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_list_has_24_bytes),
		T(less_data_than_the_cdb_says_is_refused),
		T(spec_i_pt_registers_ports_that_are_not_there),
		T(spec_i_pt_leaves_registered_ports_alone),
		T(spec_i_pt_of_an_initiator_means_its_ports),
		T(spec_i_pt_is_for_register_of_the_unregistered),
		T(a_list_of_transportids_that_is_wrong_registers_nobody),
		T(all_tg_pt_registers_through_each_port),
		T(move_passes_the_reservation_on),
		T(move_is_for_the_holder),
		T(move_checks_where_to),
		T(there_is_a_limit_to_registrations),
		T(without_memory_nothing_is_registered),
		T(allocation_length_cuts_the_data_and_not_its_length),
		T(capabilities_tell_what_is_there),
		T(full_status_tells_who_is_who),
		T(unknown_service_actions_are_fields_of_the_cdb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
