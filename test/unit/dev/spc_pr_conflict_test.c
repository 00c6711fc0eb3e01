/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which command meets which reservation: SPC-4 tables 41 to 43 and SBC-3 table 13,
 * written down once more and held against every row of the disk. PREEMPT AND ABORT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "dev/dev_types.h"
#include "dev_pr.h"
#include "scsi/opcode.h"
#include "t_loop.h"
#include "target/devtype.h"
#include "target/reserve.h"

/* What a nexus that the reservation keeps out may do. */
enum outsider {
	ALL,	/* everything: "Allowed" throughout */
	READER, /* passes a write exclusive reservation */
	NONE,	/* "Conflict" throughout */
	OWN,	/* the handler looks */
};

static const struct expected {
	uint8_t op;
	int sa; /* -1: any or none */
	enum outsider may;
	bool spc2; /* passes another's RESERVE (SPC-2 table 10) */
} expected[] = {
	{ 0x00, -1, ALL, false },	/* TEST UNIT READY */
	{ 0x03, -1, ALL, true },	/* REQUEST SENSE */
	{ 0x04, -1, NONE, false },	/* FORMAT UNIT */
	{ 0x07, -1, NONE, false },	/* REASSIGN BLOCKS */
	{ 0x08, -1, READER, false },	/* READ(6) */
	{ 0x0a, -1, NONE, false },	/* WRITE(6) */
	{ 0x12, -1, ALL, true },	/* INQUIRY */
	{ 0x15, -1, NONE, false },	/* MODE SELECT(6) */
	{ 0x16, -1, NONE, false },	/* RESERVE(6) */
	{ 0x17, -1, OWN, true },	/* RELEASE(6) */
	{ 0x1a, -1, READER, false },	/* MODE SENSE(6) */
	{ 0x1b, -1, OWN, true },	/* START STOP UNIT */
	{ 0x1c, -1, READER, false },	/* RECEIVE DIAGNOSTIC RESULTS */
	{ 0x1d, -1, NONE, false },	/* SEND DIAGNOSTIC */
	{ 0x1e, -1, OWN, true },	/* PREVENT ALLOW MEDIUM REMOVAL */
	{ 0x25, -1, ALL, true },	/* READ CAPACITY(10) */
	{ 0x28, -1, READER, false },	/* READ(10) */
	{ 0x2a, -1, NONE, false },	/* WRITE(10) */
	{ 0x2e, -1, NONE, false },	/* WRITE AND VERIFY(10) */
	{ 0x2f, -1, READER, false },	/* VERIFY(10) */
	{ 0x34, -1, READER, false },	/* PRE-FETCH(10) */
	{ 0x35, -1, NONE, false },	/* SYNCHRONIZE CACHE(10) */
	{ 0x37, -1, READER, false },	/* READ DEFECT DATA(10) */
	{ 0x3b, -1, NONE, false },	/* WRITE BUFFER */
	{ 0x3c, -1, READER, false },	/* READ BUFFER */
	{ 0x41, -1, NONE, false },	/* WRITE SAME(10) */
	{ 0x42, -1, NONE, false },	/* UNMAP */
	{ 0x48, -1, NONE, false },	/* SANITIZE */
	{ 0x4c, -1, NONE, false },	/* LOG SELECT */
	{ 0x4d, -1, ALL, true },	/* LOG SENSE */
	{ 0x55, -1, NONE, false },	/* MODE SELECT(10) */
	{ 0x56, -1, NONE, false },	/* RESERVE(10) */
	{ 0x57, -1, OWN, true },	/* RELEASE(10) */
	{ 0x5a, -1, READER, false },	/* MODE SENSE(10) */
	{ 0x5e, -1, ALL, true },	/* PERSISTENT RESERVE IN; SPC-2 reservations by its check */
	{ 0x5f, -1, OWN, true },	/* PERSISTENT RESERVE OUT; likewise */
	{ 0x7f, 0x0009, READER, false }, /* READ(32) */
	{ 0x7f, 0x000a, READER, false }, /* VERIFY(32) */
	{ 0x7f, -1, NONE, false },	/* WRITE(32) and its like */
	{ 0x83, 0x10, READER, false },	/* POPULATE TOKEN */
	{ 0x83, -1, NONE, false },	/* EXTENDED COPY, WRITE USING TOKEN */
	{ 0x84, 0x07, ALL, true },	/* RECEIVE ROD TOKEN INFORMATION */
	{ 0x84, 0x08, ALL, true },	/* REPORT ALL ROD TOKENS */
	{ 0x84, -1, READER, false },	/* RECEIVE COPY RESULTS */
	{ 0x88, -1, READER, false },	/* READ(16) */
	{ 0x89, -1, NONE, false },	/* COMPARE AND WRITE */
	{ 0x8a, -1, NONE, false },	/* WRITE(16) */
	{ 0x8b, -1, NONE, false },	/* ORWRITE */
	{ 0x8e, -1, NONE, false },	/* WRITE AND VERIFY(16) */
	{ 0x8f, -1, READER, false },	/* VERIFY(16) */
	{ 0x90, -1, READER, false },	/* PRE-FETCH(16) */
	{ 0x91, -1, NONE, false },	/* SYNCHRONIZE CACHE(16) */
	{ 0x93, -1, NONE, false },	/* WRITE SAME(16) */
	{ 0x9c, -1, NONE, false },	/* WRITE ATOMIC(16) */
	{ 0x9e, 0x10, ALL, true },	/* READ CAPACITY(16) */
	{ 0x9e, 0x12, READER, false },	/* GET LBA STATUS */
	{ 0xa0, -1, ALL, true },	/* REPORT LUNS */
	{ 0xa3, 0x0c, READER, false },	/* REPORT SUPPORTED OPERATION CODES */
	{ 0xa3, 0x0d, READER, false },	/* REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS */
	{ 0xa3, -1, ALL, true },	/* REPORT TARGET PORT GROUPS, TIMESTAMP, ... */
	{ 0xa4, -1, NONE, false },	/* SET ... */
	{ 0xa8, -1, READER, false },	/* READ(12) */
	{ 0xaa, -1, NONE, false },	/* WRITE(12) */
	{ 0xae, -1, NONE, false },	/* WRITE AND VERIFY(12) */
	{ 0xaf, -1, READER, false },	/* VERIFY(12) */
	{ 0xb7, -1, READER, false },	/* READ DEFECT DATA(12) */
};

static const struct expected *expect(const struct opcode *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (expected[i].op == row->op && (expected[i].sa < 0 || expected[i].sa == row->sa))
			return &expected[i];
	fail_msg("%s: this test does not know what it may", row->name);
	return NULL;
}

static bool passes(struct prs *p, struct nexus *n, const struct opcode *row)
{
	struct scsi_cmd cmd = { .nexus = n, .lu = p->d->lu, .itl = nexus_itl(n, 1), .op = row };

	return reserve_check(&cmd) == RES_GOOD;
}

static void check(bool is, bool want, const struct opcode *row, uint8_t type, const char *who)
{
	if (is != want)
		fail_msg("%s, type %u, %s: %s", row->name, type, who,
			 is ? "passes" : "is a conflict");
}

static void check_row(struct prs *p, const struct opcode *row, uint8_t type)
{
	const struct expected *e = expect(row);
	bool registrants = type >= 5, write_ex = type == 1 || type == 5 || type == 7;
	bool outsider = e->may == ALL || e->may == OWN || (e->may == READER && write_ex);

	check(passes(p, p->a, row), true, row, type, "the holder");
	check(passes(p, p->b, row), registrants || outsider, row, type, "a registrant");
	check(passes(p, p->c, row), outsider, row, type, "an outsider");
}

static void every_row_meets_every_type_as_the_tables_say(void **state)
{
	static const uint8_t types[] = { 1, 3, 5, 6, 7, 8 };
	struct prs *p = *state;
	const struct optable *t = dev_disk.table;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_REGISTER, 0, 0, KEY_B, 0), GOOD);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		assert_res(prs_out(p, p->a, PR_RESERVE, types[i], KEY_A, 0, 0), GOOD);
		for (size_t r = 0; r < t->count; r++)
			check_row(p, t->sorted[r], types[i]);
		assert_res(prs_out(p, p->a, PR_RELEASE, types[i], KEY_A, 0, 0), GOOD);
		prs_clear_ua(p);
	}
}

static void every_row_meets_reserve_as_spc2_says(void **state)
{
	static const uint8_t reserve6[10] = { 0x16 };
	struct prs *p = *state;
	const struct optable *t = dev_disk.table;

	assert_res(prs_run(p, p->a, reserve6, NULL, 0, NULL, 0), GOOD);
	for (size_t r = 0; r < t->count; r++) {
		check(passes(p, p->a, t->sorted[r]), true, t->sorted[r], 0, "the holder");
		check(passes(p, p->b, t->sorted[r]), expect(t->sorted[r])->spc2, t->sorted[r], 0,
		      "another");
	}
}

static void reads_and_writes_pass_or_not(void **state)
{
	static const struct {
		uint8_t type;
		enum scsi_result b_read, b_write, c_read, c_write;
	} rows[] = {
#define X RES_RESERVATION_CONFLICT
		{ 1, RES_GOOD, X, RES_GOOD, X },
		{ 3, X, X, X, X },
		{ 5, RES_GOOD, RES_GOOD, RES_GOOD, X },
		{ 6, RES_GOOD, RES_GOOD, X, X },
		{ 7, RES_GOOD, RES_GOOD, RES_GOOD, X },
		{ 8, RES_GOOD, RES_GOOD, X, X },
#undef X
	};
	struct prs *p = *state;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_REGISTER, 0, 0, KEY_B, 0), GOOD);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_res(prs_out(p, p->a, PR_RESERVE, rows[i].type, KEY_A, 0, 0), GOOD);
		assert_res(prs_read(p, p->a), GOOD);
		assert_res(prs_write(p, p->a), GOOD);
		assert_int_equal(prs_read(p, p->b), rows[i].b_read);
		assert_int_equal(prs_write(p, p->b), rows[i].b_write);
		assert_int_equal(prs_read(p, p->c), rows[i].c_read);
		assert_int_equal(prs_write(p, p->c), rows[i].c_write);
		assert_res(prs_tur(p, p->c), GOOD);
		assert_res(prs_out(p, p->a, PR_RELEASE, rows[i].type, KEY_A, 0, 0), GOOD);
		prs_clear_ua(p);
	}
}

/* START without a power condition, and to allow removal, are no conflicts. */
static void some_conflicts_depend_on_fields(void **state)
{
	static const uint8_t start[10] = { 0x1b, [4] = 0x01 }, stop[10] = { 0x1b },
			     power[10] = { 0x1b, [4] = 0x21 }, prevent[10] = { 0x1e, [4] = 1 },
			     allow[10] = { 0x1e };
	struct prs *p = *state;

	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_RESERVE, 5, KEY_A, 0, 0), GOOD);
	assert_res(prs_run(p, p->b, start, NULL, 0, NULL, 0), GOOD);
	assert_res(prs_run(p, p->b, stop, NULL, 0, NULL, 0), RESERVATION_CONFLICT);
	assert_res(prs_run(p, p->b, power, NULL, 0, NULL, 0), RESERVATION_CONFLICT);
	assert_res(prs_run(p, p->b, prevent, NULL, 0, NULL, 0), RESERVATION_CONFLICT);
	assert_res(prs_run(p, p->b, allow, NULL, 0, NULL, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_REGISTER, 0, 0, KEY_B, 0), GOOD);
	assert_res(prs_run(p, p->b, prevent, NULL, 0, NULL, 0), GOOD);
}

/* --- PREEMPT AND ABORT (SPC-4 5.9.11.5) ----------------------------------------------------- */

static void out_begin(struct prs *p, struct shot *s, struct nexus *n, uint8_t *list,
		      enum pr_action action, uint16_t key, uint16_t sa_key, uint8_t aptpl)
{
	*s = (struct shot){ .out = list, .out_len = 24 };
	list[6] = (uint8_t)(key >> 8);
	list[7] = (uint8_t)key;
	list[14] = (uint8_t)(sa_key >> 8);
	list[15] = (uint8_t)sa_key;
	list[20] = aptpl;
	s->cdb[0] = 0x5f;
	s->cdb[1] = (uint8_t)action;
	s->cdb[2] = 3;
	s->cdb[8] = 24;
	shot_start(p->d, s, n);
}

static void read_begin(struct prs *p, struct shot *s, struct nexus *n, uint8_t *block)
{
	*s = (struct shot){ .in = block, .in_max = 512, .cdb = { 0x28, [8] = 1 } };
	shot_start(p->d, s, n);
}

static void preempt_and_abort_waits_for_what_it_aborts(void **state)
{
	struct prs *p = *state;
	uint8_t block[3][512], list[24] = { 0 };
	struct shot a, b, c, out;

	prs_register_all(p);
	assert_res(prs_out(p, p->b, PR_RESERVE, 5, KEY_B, 0, 0), GOOD);
	read_begin(p, &a, p->a, block[0]);
	read_begin(p, &b, p->b, block[1]);
	read_begin(p, &c, p->c, block[2]);
	assert_true(a.in_flight && b.in_flight && c.in_flight);
	out_begin(p, &out, p->a, list, PR_PREEMPT_AND_ABORT, KEY_A, KEY_B, 0);
	assert_true(out.in_flight);
	/* The reservation has changed hands already. */
	assert_int_equal(prs_reservation(p, NULL), 3);
	shot_wait(&out);
	assert_int_equal(shot_result(&out), RES_GOOD);
	assert_true(b.aborted);
	shot_wait(&a);
	shot_wait(&c);
	assert_int_equal(shot_result(&a), RES_GOOD);
	assert_int_equal(shot_result(&c), RES_GOOD);
	assert_res(prs_tur(p, p->b), UA_REG_PREEMPTED);
	prs_expect_keys(p, KEY_A, KEY_C, 0ULL);
}

static void with_tas_the_aborted_are_told_so(void **state)
{
	struct prs *p = *state;
	uint8_t block[512], list[24] = { 0 };
	struct shot b, out;

	prs_register_all(p);
	p->d->lu->tas = true;
	read_begin(p, &b, p->b, block);
	out_begin(p, &out, p->a, list, PR_PREEMPT_AND_ABORT, KEY_A, KEY_B, 0);
	shot_wait(&out);
	assert_int_equal(shot_result(&out), RES_GOOD);
	assert_false(b.aborted);
	assert_int_equal(shot_result(&b), RES_TASK_ABORTED);
}

static void preempt_and_abort_allows_removal_again(void **state)
{
	static const uint8_t prevent[10] = { 0x1e, [4] = 1 };
	struct prs *p = *state;

	prs_register_all(p);
	assert_res(prs_run(p, p->b, prevent, NULL, 0, NULL, 0), GOOD);
	assert_res(prs_run(p, p->c, prevent, NULL, 0, NULL, 0), GOOD);
	assert_res(prs_out(p, p->a, PR_PREEMPT_AND_ABORT, 1, KEY_A, KEY_B, 0), GOOD);
	assert_int_equal(p->d->lu->n_prevent, 1);
}

static void plain_preempt_leaves_commands_alone(void **state)
{
	struct prs *p = *state;
	uint8_t block[512];
	struct shot b;

	prs_register_all(p);
	read_begin(p, &b, p->b, block);
	assert_res(prs_out(p, p->a, PR_PREEMPT, 1, KEY_A, KEY_B, 0), GOOD);
	shot_wait(&b);
	assert_int_equal(shot_result(&b), RES_GOOD);
}

/* The first waits for the others' commands, which wait for their turn; but not for ever. */
static void requests_that_wait_for_their_turn_are_aborted_too(void **state)
{
	struct prs *p = *state;
	uint8_t block[512], list_a[24] = { 0 }, list_b[24] = { 0 }, list_c[24] = { 0 };
	struct shot c, by_a, by_b, by_c;

	prs_persistent(p);
	prs_register_all(p);
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, KEY_A, KEY_A, P_APTPL), GOOD);
	read_begin(p, &c, p->c, block);
	out_begin(p, &by_a, p->a, list_a, PR_PREEMPT_AND_ABORT, KEY_A, KEY_C, 0);
	out_begin(p, &by_c, p->c, list_c, PR_CLEAR, KEY_C, 0, 0);
	out_begin(p, &by_b, p->b, list_b, PR_REGISTER, KEY_B, 9, 0);
	assert_true(by_a.in_flight && by_b.in_flight && by_c.in_flight);
	shot_wait(&by_b);
	assert_true(by_a.ended && by_c.ended);
	assert_int_equal(shot_result(&by_a), RES_GOOD);
	assert_int_equal(shot_result(&by_b), RES_GOOD);
	assert_true(by_c.aborted);
	prs_expect_keys(p, KEY_A, 9ULL, 0ULL);
	shot_wait(&c);
}

static void a_request_that_waits_may_be_aborted(void **state)
{
	struct prs *p = *state;
	uint8_t list_a[24] = { 0 }, list_b[24] = { 0 }, list_c[24] = { 0 };
	struct shot by_a, by_b, by_c;

	prs_persistent(p);
	prs_register_all(p);
	out_begin(p, &by_a, p->a, list_a, PR_REGISTER, KEY_A, 7, P_APTPL);
	out_begin(p, &by_b, p->b, list_b, PR_REGISTER, KEY_B, 8, P_APTPL);
	out_begin(p, &by_c, p->c, list_c, PR_REGISTER, KEY_C, 9, P_APTPL);
	assert_true(by_a.in_flight && by_b.in_flight && by_c.in_flight);
	shot_abort(&by_b);
	assert_true(by_b.aborted);
	shot_wait(&by_c);
	assert_int_equal(shot_result(&by_a), RES_GOOD);
	assert_int_equal(shot_result(&by_c), RES_GOOD);
	prs_expect_keys(p, 7ULL, KEY_B, 9ULL, 0ULL);
}

static void a_session_that_ends_takes_its_waiting_requests_along(void **state)
{
	struct prs *p = *state;
	uint8_t list_a[24] = { 0 }, list_c[24] = { 0 };
	struct shot by_a, by_c;

	prs_persistent(p);
	prs_register_all(p);
	out_begin(p, &by_a, p->a, list_a, PR_REGISTER, KEY_A, 7, P_APTPL);
	out_begin(p, &by_c, p->c, list_c, PR_REGISTER, KEY_C, 9, P_APTPL);
	prs_logout(p, p->c);
	p->c = NULL;
	shot_wait(&by_a);
	assert_true(by_c.aborted);
	prs_expect_keys(p, 7ULL, KEY_B, KEY_C, 0ULL);
}

/* The change is made all the same: it was on its way to the disk. */
static void a_session_may_end_while_its_request_is_saved(void **state)
{
	struct prs *p = *state;
	uint8_t list[24] = { 0 };
	struct shot by_c;

	prs_persistent(p);
	prs_register_all(p);
	out_begin(p, &by_c, p->c, list, PR_REGISTER, KEY_C, 9, P_APTPL);
	prs_logout(p, p->c);
	p->c = NULL;
	assert_true(by_c.aborted);
	prs_expect_keys(p, KEY_A, KEY_B, 9ULL, 0ULL);
}

static void the_lu_may_be_deleted_while_a_request_is_saved(void **state)
{
	struct prs *p = *state;
	uint8_t list_a[24] = { 0 }, list_b[24] = { 0 };
	struct shot by_a, by_b;

	prs_persistent(p);
	out_begin(p, &by_a, p->a, list_a, PR_REGISTER, 0, KEY_A, P_APTPL);
	out_begin(p, &by_b, p->b, list_b, PR_REGISTER, 0, KEY_B, P_APTPL);
	assert_null(prs_restart(p));
	assert_true(by_a.ended && by_b.ended);
	prs_expect_keys(p, KEY_A, KEY_B, 0ULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, prs_setup, prs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_row_meets_every_type_as_the_tables_say),
		T(every_row_meets_reserve_as_spc2_says),
		T(reads_and_writes_pass_or_not),
		T(some_conflicts_depend_on_fields),
		T(preempt_and_abort_waits_for_what_it_aborts),
		T(with_tas_the_aborted_are_told_so),
		T(preempt_and_abort_allows_removal_again),
		T(plain_preempt_leaves_commands_alone),
		T(requests_that_wait_for_their_turn_are_aborted_too),
		T(a_request_that_waits_may_be_aborted),
		T(a_session_that_ends_takes_its_waiting_requests_along),
		T(a_session_may_end_while_its_request_is_saved),
		T(the_lu_may_be_deleted_while_a_request_is_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
