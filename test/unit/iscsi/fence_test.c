/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Response Fence of RFC 7143 4.2.2.3: what waits for whose acknowledgement.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "scsi/scsi.h"
#include "t_loop.h"

static void open_two(struct wire_conn *a, struct wire_conn *b, struct wire *w, const char *reporting)
{
	char text[120];

	iscsi_target_of(w->target)->params.max_connections = 4;
	snprintf(text, sizeof(text), "MaxConnections=4\nTaskReporting=%s\n", reporting);
	wire_open(a, w);
	wire_login(a, text);
	wire_clear_ua(a);
	wire_open(b, w);
	b->tsih = a->tsih;
	b->cid = 1;
	b->cmd_sn = a->cmd_sn;
	b->itt = 1000;
	wire_login(b, "");
}

static void silence(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	if (wire_recv(c, &pdu))
		fail_msg("PDU %02x", pdu.bhs[0]);
	assert_false(c->closed);
}

static uint32_t tur(struct wire_conn *c, struct wire_conn *other)
{
	static const uint8_t cdb[6];

	c->cmd_sn = c->cmd_sn > other->cmd_sn ? c->cmd_sn : other->cmd_sn;
	return wire_cmd(c, cdb, sizeof(cdb), 0x81, 0, NULL, 0);
}

/* Received, but the target does not know it before the next PDU. */
static void expect_status(struct wire_conn *c, uint32_t itt, uint8_t status)
{
	struct wire_pdu pdu = { .data = NULL };

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.itt), itt);
	assert_int_equal(pdu.rsp.status, status);
	c->exp_stat_sn = be32_get(pdu.rsp.stat_sn) + 1;
	wire_pdu_free(&pdu);
}

static void send_tmf(struct wire_conn *c, uint8_t function)
{
	struct iscsi_tmf_req h = { .opcode = ISCSI_OP_TMF_REQ | ISCSI_IMMEDIATE, .flags = 0x80 | function };

	h.lun[1] = 1;
	be32_put(&h.itt, 0x9000);
	be32_put(&h.ref_itt, ISCSI_RESERVED_TAG);
	be32_put(&h.cmd_sn, c->cmd_sn);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	wire_send(c, &h, NULL, 0);
}

static void expect_tmf(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	do {
		assert_true(wire_recv(c, &pdu));
	} while (pdu.bhs[0] == ISCSI_OP_ASYNC); /* another connection has gone */
	assert_int_equal(pdu.bhs[0], ISCSI_OP_TMF_RSP);
	assert_int_equal(pdu.tmf.response, TMF_RSP_COMPLETE);
	c->exp_stat_sn = be32_get(pdu.tmf.stat_sn) + 1;
	wire_pdu_free(&pdu);
}

/* The target asks, and is told what has come. */
static void answer_ping(struct wire_conn *c, const struct wire_conn *other)
{
	struct iscsi_nop_out h = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_NOP_IN);
	assert_int_not_equal(be32_get(pdu.nop.ttt), ISCSI_RESERVED_TAG);
	be32_put(&h.itt, ISCSI_RESERVED_TAG);
	h.ttt = pdu.nop.ttt;
	be32_put(&h.cmd_sn, c->cmd_sn > other->cmd_sn ? c->cmd_sn : other->cmd_sn);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	wire_pdu_free(&pdu);
	wire_send(c, &h, NULL, 0);
	wire_settle(c->w);
}

static void a_function_of_many_tasks_waits_for_what_was_before_it(void **state)
{
	static const char *const reporting[] = { "ResponseFence", "FastAbort" };
	struct wire *w = *state;
	struct wire_conn a, b;
	uint32_t itt;

	for (size_t i = 0; i < ARRAY_SIZE(reporting); i++) {
		open_two(&a, &b, w, reporting[i]);
		expect_status(&b, tur(&b, &a), SAM_GOOD);
		send_tmf(&a, TMF_LUN_RESET);
		silence(&a);
		answer_ping(&b, &a);
		expect_tmf(&a);
		/* What follows waits in its turn. */
		itt = tur(&b, &a);
		silence(&b);
		answer_ping(&a, &b);
		/* A Unit Attention is a fence of its own. */
		expect_status(&b, itt, SAM_CHECK_CONDITION);
		itt = tur(&a, &b);
		silence(&a);
		answer_ping(&b, &a);
		expect_status(&a, itt, SAM_GOOD);
		/* And then nobody waits any more. */
		expect_status(&b, tur(&b, &a), SAM_GOOD);
		expect_status(&a, tur(&a, &b), SAM_GOOD);
		silence(&b);
		wire_close(&a);
		wire_close(&b);
	}
}

static void without_an_agreement_nothing_waits(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	open_two(&a, &b, w, "RFC3720");
	expect_status(&b, tur(&b, &a), SAM_GOOD);
	send_tmf(&a, TMF_LUN_RESET);
	expect_tmf(&a);
	expect_status(&b, tur(&b, &a), SAM_CHECK_CONDITION);
	expect_status(&a, tur(&a, &b), SAM_GOOD);
	wire_close(&a);
	wire_close(&b);
}

/* 4.2.2.3.3 a. */
static void on_a_single_connection_nothing_waits(void **state)
{
	struct wire *w = *state;
	struct wire_conn a;

	iscsi_target_of(w->target)->params.max_connections = 4;
	wire_open(&a, w);
	wire_login(&a, "MaxConnections=4\nTaskReporting=FastAbort\n");
	wire_clear_ua(&a);
	send_tmf(&a, TMF_LUN_RESET);
	expect_tmf(&a);
	a.exp_stat_sn--;
	expect_status(&a, tur(&a, &a), SAM_CHECK_CONDITION);
	wire_close(&a);
}

static void preempt_and_abort_is_fenced(void **state)
{
	static const uint8_t reg[] = { 0x5f, 0x00, 0, 0, 0, 0, 0, 0, 24, 0 };
	static const uint8_t preempt[] = { 0x5f, 0x05, 0x03, 0, 0, 0, 0, 0, 24, 0 };
	uint8_t list[24] = { [15] = 7 };
	struct wire *w = *state;
	struct wire_conn a, b;
	uint32_t itt;

	open_two(&a, &b, w, "ResponseFence");
	expect_status(&a, wire_cmd(&a, reg, 10, 0xa1, 24, list, 24), SAM_GOOD);
	b.cmd_sn = a.cmd_sn;
	expect_status(&b, tur(&b, &a), SAM_GOOD);
	list[7] = 7;
	a.cmd_sn = b.cmd_sn;
	itt = wire_cmd(&a, preempt, 10, 0xa1, 24, list, 24);
	silence(&a);
	answer_ping(&b, &a);
	expect_status(&a, itt, SAM_GOOD);
	wire_close(&a);
	wire_close(&b);
}

static void pass(struct wire *w, unsigned int seconds)
{
	while (seconds--) {
		loop_clock_advance(w->core.loop, NSEC_PER_SEC);
		wire_settle(w);
	}
}

static void who_never_acknowledges_loses_the_connection(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn a, b;

	open_two(&a, &b, w, "ResponseFence");
	expect_status(&b, tur(&b, &a), SAM_GOOD);
	send_tmf(&a, TMF_LUN_RESET);
	pass(w, 29);
	silence(&a);
	assert_true(wire_recv(&b, &pdu)); /* the ping, and no second one */
	silence(&b);
	pass(w, 2);
	assert_false(wire_recv(&b, &pdu));
	assert_true(b.closed);
	expect_tmf(&a);
	wire_close(&a);
	wire_close(&b);
}

static void a_connection_that_closes_is_waited_for_no_more(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b, c;
	uint32_t itt;

	open_two(&a, &b, w, "ResponseFence");
	wire_open(&c, w);
	c.tsih = a.tsih;
	c.cid = 2;
	c.cmd_sn = b.cmd_sn;
	c.itt = 2000;
	wire_login(&c, "");
	/* One that has to acknowledge what was before. */
	expect_status(&b, tur(&b, &a), SAM_GOOD);
	a.cmd_sn = b.cmd_sn;
	send_tmf(&a, TMF_LUN_RESET);
	silence(&a);
	wire_close(&b);
	expect_tmf(&a);
	/* The one that carried the fenced response. */
	itt = tur(&c, &a);
	c.cmd_sn = a.cmd_sn > c.cmd_sn ? a.cmd_sn : c.cmd_sn;
	wire_close(&a);
	for (;;) {
		struct wire_pdu pdu = { .data = NULL };

		assert_true(wire_recv(&c, &pdu));
		if (pdu.bhs[0] == ISCSI_OP_SCSI_RSP) {
			assert_int_equal(be32_get(pdu.rsp.itt), itt);
			wire_pdu_free(&pdu);
			break;
		}
		wire_pdu_free(&pdu);
	}
	wire_close(&c);
}

static void a_session_may_end_while_responses_are_held(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	open_two(&a, &b, w, "ResponseFence");
	expect_status(&b, tur(&b, &a), SAM_GOOD);
	send_tmf(&a, TMF_LUN_RESET);
	b.exp_stat_sn--;
	tur(&a, &b);
	tur(&b, &a);
	tur(&b, &a);
	silence(&a);
	wire_close(&b);
	wire_close(&a);
	assert_true(list_empty(&iscsi.sessions));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_function_of_many_tasks_waits_for_what_was_before_it),
		TEST(without_an_agreement_nothing_waits),
		TEST(on_a_single_connection_nothing_waits),
		TEST(preempt_and_abort_is_fenced),
		TEST(who_never_acknowledges_loses_the_connection),
		TEST(a_connection_that_closes_is_waited_for_no_more),
		TEST(a_session_may_end_while_responses_are_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
