/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error recovery level 2: connections that are lost, the tasks that they leave behind, and how those
 * go on elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "scsi/scsi.h"
#include "t_loop.h"
#include "target/lu.h"

#define NAMES "InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\n"
#define BYTES 8192u
#define BLOCKS (BYTES / 512)
#define SOLICITED "InitialR2T=Yes\nImmediateData=No\n"
#define RETAINED (23 * NSEC_PER_SEC) /* more than Time2Wait and Time2Retain are by default */

static uint8_t data[BYTES], back[BYTES];

static void allow(struct wire *w, const char *level)
{
	struct err err = { .code = ERR_OK };
	size_t i;

	assert_int_equal(iscsi_transport.target_set(w->target, "ErrorRecoveryLevel", level, &err), 0);
	assert_int_equal(iscsi_transport.target_set(w->target, "MaxConnections", "2", &err), 0);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random();
}

static void start(struct wire_conn *c, struct wire *w, const char *keys)
{
	char text[400];

	allow(w, "2");
	snprintf(text, sizeof(text), "ErrorRecoveryLevel=2\nMaxConnections=2\n%s", keys);
	wire_open(c, w);
	wire_login(c, text);
	wire_clear_ua(c);
}

/* A further connection of @a's session, which goes on with its numbers. */
static void join(struct wire_conn *b, const struct wire_conn *a, uint16_t cid, const char *keys)
{
	char text[400];

	wire_open(b, a->w);
	b->tsih = a->tsih;
	b->cid = cid;
	b->cmd_sn = a->cmd_sn;
	b->itt = a->itt + 100;
	snprintf(text, sizeof(text), NAMES "%s", keys);
	assert_int_equal(wire_login_status(b, 0x87, text), 0);
	assert_int_equal(b->tsih, a->tsih);
}

static void expect_op(struct wire_conn *c, struct wire_pdu *pdu, uint8_t op)
{
	do {
		assert_true(wire_recv(c, pdu));
	} while (pdu->bhs[0] == ISCSI_OP_NOP_IN && op != ISCSI_OP_NOP_IN); /* not a ping */
	assert_int_equal(pdu->bhs[0], op);
}

static void silence(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	if (wire_recv(c, &pdu))
		fail_msg("PDU %02x", pdu.bhs[0]);
	assert_false(c->closed);
}

static void expect_closed(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	assert_false(wire_recv(c, &pdu));
	assert_true(c->closed);
}

static uint32_t tur(struct wire_conn *c)
{
	static const uint8_t cdb[6];

	return wire_cmd(c, cdb, sizeof(cdb), 0x81, 0, NULL, 0);
}

static uint32_t expect_r2t(struct wire_conn *c, uint32_t sn, uint32_t off, uint32_t len)
{
	struct wire_pdu pdu = { .data = NULL };
	uint32_t ttt;

	expect_op(c, &pdu, ISCSI_OP_R2T);
	assert_int_equal(be32_get(pdu.r2t.r2t_sn), sn);
	assert_int_equal(be32_get(pdu.r2t.offset), off);
	assert_int_equal(be32_get(pdu.r2t.length), len);
	ttt = be32_get(pdu.r2t.ttt);
	wire_pdu_free(&pdu);
	return ttt;
}

static void send_tmf(struct wire_conn *c, uint8_t function, uint32_t itt, uint32_t exp_data_sn)
{
	struct iscsi_tmf_req h = { .opcode = ISCSI_OP_TMF_REQ | ISCSI_IMMEDIATE,
				   .flags = 0x80 | function, .lun = { 0, 1 } };

	be32_put(&h.itt, 0x9000);
	be32_put(&h.ref_itt, itt);
	be32_put(&h.ref_cmd_sn, c->cmd_sn - 1);
	be32_put(&h.cmd_sn, c->cmd_sn);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	be32_put(&h.exp_data_sn, exp_data_sn);
	wire_send(c, &h, NULL, 0);
}

static void expect_tmf(struct wire_conn *c, uint8_t response)
{
	struct wire_pdu pdu = { .data = NULL };

	expect_op(c, &pdu, ISCSI_OP_TMF_RSP);
	assert_int_equal(pdu.tmf.response, response);
	c->exp_stat_sn = be32_get(pdu.tmf.stat_sn) + 1;
	wire_pdu_free(&pdu);
}

static void take_over(struct wire_conn *c, uint32_t itt, uint32_t exp_data_sn, uint8_t response)
{
	send_tmf(c, TMF_TASK_REASSIGN, itt, exp_data_sn);
	expect_tmf(c, response);
}

static void logout(struct wire_conn *c, uint8_t reason, uint16_t cid, uint8_t response)
{
	struct iscsi_logout_req h = { .opcode = ISCSI_OP_LOGOUT_REQ | ISCSI_IMMEDIATE,
				      .flags = ISCSI_FINAL | reason };
	struct wire_pdu pdu = { .data = NULL };

	be32_put(&h.itt, 0x8888);
	be16_put(&h.cid, cid);
	be32_put(&h.cmd_sn, c->cmd_sn);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	wire_send(c, &h, NULL, 0);
	expect_op(c, &pdu, ISCSI_OP_LOGOUT_RSP);
	assert_int_equal(pdu.logout.response, response);
	assert_int_equal(be16_get(pdu.logout.time2wait), 2);
	assert_int_equal(be16_get(pdu.logout.time2retain), 20);
	c->exp_stat_sn = be32_get(pdu.logout.stat_sn) + 1;
	wire_pdu_free(&pdu);
}

static void lu_made(void *arg, struct lu *lu, const struct err *err)
{
	(void)err;
	*(int *)arg = lu ? 1 : -1;
}

/* LUN 2: reads take five seconds. */
static void add_slow(struct wire *w, struct wire_conn *c)
{
	static const struct lu_conf conf = { .lun = 2, .path = "delay:read=5s:1M", .bstype = "mem" };
	int made = 0;

	lu_new(w->target, &conf, lu_made, &made);
	assert_true(t_loop_until_set(w->core.loop, &made));
	assert_int_equal(made, 1);
	wire_clear_ua(c);
}

/* A read of LUN 2 that is in the store. */
static uint32_t start_slow(struct wire_conn *c)
{
	struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0x81 | ISCSI_CMD_READ,
				    .lun = { 0, 2 }, .cdb = { 0x28, [8] = 1 } };
	struct wire_pdu pdu = { .data = NULL };

	be32_put(&h.edtl, 512);
	for (;;) {
		be32_put(&h.itt, c->itt++);
		be32_put(&h.cmd_sn, c->cmd_sn++);
		be32_put(&h.exp_stat_sn, c->exp_stat_sn);
		wire_send(c, &h, NULL, 0);
		if (!wire_recv(c, &pdu))
			break;
		c->exp_stat_sn = be32_get(pdu.rsp.stat_sn) + 1;
	}
	wire_pdu_free(&pdu);
	return be32_get(h.itt);
}

/* --- tasks in each state ---------------------------------------------------------------------- */

static void a_read_that_is_in_the_store_goes_on(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;
	uint32_t itt, early;

	start(&a, w, "");
	add_slow(w, &a);
	early = start_slow(&a);
	itt = start_slow(&a);
	wire_close(&a);
	/* One is taken over while it runs, the other when it has ended. */
	join(&b, &a, 0, "");
	take_over(&b, itt, 0, TMF_RSP_COMPLETE);
	silence(&b);
	loop_clock_advance(w->core.loop, 6 * NSEC_PER_SEC);
	assert_int_equal(wire_status(&b, itt, back, 512), 0);
	take_over(&b, early, 0, TMF_RSP_COMPLETE);
	assert_int_equal(wire_status(&b, early, back, 512), 0);
	assert_int_equal(wire_status(&b, tur(&b), NULL, 0), 0);
	assert_int_equal(iscsi.n_conns, 1);
	wire_close(&b);
}

static void data_in_is_sent_from_where_it_was_acknowledged(void **state)
{
	static const struct {
		uint32_t acked, first;
	} table[] = { { 0, 0 }, { 3, 3 }, { 8, 8 }, { 9, 0 }, { 0xffffffff, 0 } };
	size_t row;

	for (row = 0; row < ARRAY_SIZE(table); row++) {
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn a, b;
		uint32_t itt, i;

		start(&a, *state, "MaxRecvDataSegmentLength=1024\n");
		assert_int_equal(wire_status(&a, wire_write10(&a, 0, BLOCKS, data, BYTES, true), NULL, 0), 0);
		itt = wire_read10(&a, 0, BLOCKS);
		for (i = 0; i < 8; i++)
			expect_op(&a, &pdu, ISCSI_OP_DATA_IN);
		wire_close(&a);
		/* In segments of the new connection. */
		join(&b, &a, 0, "MaxRecvDataSegmentLength=512\n");
		take_over(&b, itt, table[row].acked, TMF_RSP_COMPLETE);
		memset(back, 0, sizeof(back));
		for (i = table[row].first * 2; i < 16; i++) {
			expect_op(&b, &pdu, ISCSI_OP_DATA_IN);
			assert_int_equal(be32_get(pdu.data_in.data_sn),
					 table[row].first + i - table[row].first * 2);
			assert_int_equal(be32_get(pdu.data_in.offset), i * 512);
			assert_int_equal(pdu.len, 512);
			memcpy(back + i * 512, pdu.data, 512);
		}
		i = table[row].first * 1024;
		assert_memory_equal(back + i, data + i, BYTES - i);
		expect_op(&b, &pdu, ISCSI_OP_SCSI_RSP);
		assert_int_equal(be32_get(pdu.rsp.itt), itt);
		assert_int_equal(pdu.rsp.status, 0);
		assert_int_equal(be32_get(pdu.rsp.exp_data_sn), 16 - table[row].first);
		b.exp_stat_sn = be32_get(pdu.rsp.stat_sn) + 1;
		assert_int_equal(wire_status(&b, tur(&b), NULL, 0), 0);
		wire_pdu_free(&pdu);
		wire_close(&b);
		loop_clock_advance(a.w->core.loop, RETAINED);
		wire_settle(a.w);
	}
}

static void a_write_asks_for_what_is_missing(void **state)
{
	struct wire_conn a, b;
	uint32_t itt, ttt, old;

	start(&a, *state, SOLICITED "MaxBurstLength=4096\nMaxOutstandingR2T=2\n");
	itt = wire_write10(&a, 0, BLOCKS, NULL, 0, true);
	old = expect_r2t(&a, 0, 0, 4096);
	expect_r2t(&a, 1, 4096, 4096);
	wire_data_out(&a, itt, old, 0, 0, data, 1024, false);
	wire_settle(a.w);
	wire_close(&a);
	join(&b, &a, 0, "");
	/* R2TSN 0 has come, 1 has not. */
	take_over(&b, itt, 1, TMF_RSP_COMPLETE);
	ttt = expect_r2t(&b, 1, 1024, 4096);
	wire_data_out(&b, itt, old, 0, 0, back, 4096, true); /* of the old connection: too late */
	wire_data_out(&b, itt, ttt, 0, 1024, data + 1024, 4096, true);
	ttt = expect_r2t(&b, 2, 5120, 3072);
	wire_data_out(&b, itt, ttt, 0, 5120, data + 5120, 3072, true);
	assert_int_equal(wire_status(&b, itt, NULL, 0), 0);
	assert_int_equal(wire_status(&b, wire_read10(&b, 0, BLOCKS), back, BYTES), 0);
	assert_memory_equal(back, data, BYTES);
	wire_close(&b);
}

static void a_write_whose_unsolicited_data_broke_off_goes_on(void **state)
{
	struct wire_conn a, b;
	uint32_t itt, ttt;

	start(&a, *state, "FirstBurstLength=8192\nInitialR2T=No\n");
	itt = wire_write10(&a, 0, BLOCKS, data, 512, false);
	wire_data_out(&a, itt, ISCSI_RESERVED_TAG, 0, 512, data + 512, 512, false);
	wire_settle(a.w);
	wire_close(&a);
	join(&b, &a, 0, "");
	take_over(&b, itt, 0, TMF_RSP_COMPLETE);
	ttt = expect_r2t(&b, 0, 1024, BYTES - 1024);
	wire_data_out(&b, itt, ttt, 0, 1024, data + 1024, BYTES - 1024, true);
	assert_int_equal(wire_status(&b, itt, NULL, 0), 0);
	assert_int_equal(wire_status(&b, wire_read10(&b, 0, BLOCKS), back, BYTES), 0);
	assert_memory_equal(back, data, BYTES);
	wire_close(&b);
}

static void a_status_that_was_not_acknowledged_comes_again(void **state)
{
	struct wire_conn a, b;
	uint32_t done, bad, acked;

	start(&a, *state, "");
	acked = tur(&a);
	assert_int_equal(wire_status(&a, acked, NULL, 0), 0);
	done = wire_write10(&a, 0, 1, data, 512, true);
	assert_int_equal(wire_status(&a, done, NULL, 0), 0);
	a.exp_stat_sn--;
	bad = wire_read10(&a, 0x7fffff00, 1);
	wire_settle(a.w);
	wire_close(&a);
	join(&b, &a, 0, "");
	take_over(&b, done, 0, TMF_RSP_COMPLETE);
	assert_int_equal(wire_status(&b, done, NULL, 0), 0);
	take_over(&b, bad, 0, TMF_RSP_COMPLETE);
	assert_int_equal(wire_status(&b, bad, NULL, 0), 2);
	take_over(&b, acked, 0, TMF_RSP_NO_TASK);
	/* Only once. */
	take_over(&b, done, 0, TMF_RSP_NO_TASK);
	wire_close(&b);
}

/* --- the rules -------------------------------------------------------------------------------- */

static void a_task_is_taken_over_after_a_logout_for_recovery_only(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn a, b;
	uint32_t itt;

	start(&a, w, "");
	join(&b, &a, 1, "");
	add_slow(w, &a);
	itt = start_slow(&a);
	b.cmd_sn = a.cmd_sn;
	take_over(&b, itt, 0, TMF_RSP_STILL_ALLEGIANT);
	take_over(&a, itt, 0, TMF_RSP_STILL_ALLEGIANT);
	take_over(&b, 0x7777, 0, TMF_RSP_NO_TASK);
	logout(&b, LOGOUT_RECOVERY, 9, LOGOUT_NO_CID);
	wire_close(&a);
	/* Those who stay are told how long there is time. */
	expect_op(&b, &pdu, ISCSI_OP_ASYNC);
	assert_int_equal(pdu.async.event, ISCSI_ASYNC_DROP_CONN);
	assert_int_equal(be16_get(pdu.async.param1), 0);
	assert_int_equal(be16_get(pdu.async.param2), 2);
	assert_int_equal(be16_get(pdu.async.param3), 20);
	take_over(&b, itt, 0, TMF_RSP_STILL_ALLEGIANT);
	logout(&b, LOGOUT_RECOVERY, 0, LOGOUT_OK);
	take_over(&b, itt, 0, TMF_RSP_COMPLETE);
	logout(&b, LOGOUT_RECOVERY, 0, LOGOUT_NO_CID); /* nothing is left of it */
	loop_clock_advance(w->core.loop, 6 * NSEC_PER_SEC);
	assert_int_equal(wire_status(&b, itt, back, 512), 0);
	wire_pdu_free(&pdu);
	wire_close(&b);
}

static void a_connection_that_works_may_be_logged_out_for_recovery(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b, c;
	uint32_t itt, own;

	start(&a, w, "");
	join(&b, &a, 1, "");
	add_slow(w, &a);
	itt = start_slow(&a);
	b.cmd_sn = a.cmd_sn;
	logout(&b, LOGOUT_RECOVERY, 0, LOGOUT_OK);
	expect_closed(&a);
	take_over(&b, itt, 0, TMF_RSP_COMPLETE);
	own = start_slow(&b);
	/* Itself, too. */
	logout(&b, LOGOUT_RECOVERY, 1, LOGOUT_OK);
	expect_closed(&b);
	join(&c, &b, 5, "");
	take_over(&c, own, 0, TMF_RSP_COMPLETE);
	take_over(&c, itt, 0, TMF_RSP_COMPLETE);
	loop_clock_advance(w->core.loop, 6 * NSEC_PER_SEC);
	assert_int_equal(wire_status(&c, itt, back, 512), 0);
	assert_int_equal(wire_status(&c, own, back, 512), 0);
	wire_close(&a);
	wire_close(&b);
	wire_close(&c);
}

static void lower_levels_take_over_nothing(void **state)
{
	struct wire *w = *state;
	struct wire_conn a;

	allow(w, "2");
	wire_open(&a, w);
	wire_login(&a, "ErrorRecoveryLevel=1\n");
	wire_clear_ua(&a);
	logout(&a, LOGOUT_RECOVERY, 0, LOGOUT_NO_RECOVERY);
	take_over(&a, 1, 0, TMF_RSP_NO_REASSIGN);
	wire_close(&a);
	assert_int_equal(w->target->n_nexuses, 0);
}

/* A command that ExpCmdSN has not passed is not a task yet: it comes again. */
static void a_command_before_its_turn_comes_again(void **state)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn a, b;
	uint32_t itt;

	start(&a, *state, "");
	be32_put(&nop.itt, 0x70);
	be32_put(&nop.ttt, ISCSI_RESERVED_TAG);
	be32_put(&nop.cmd_sn, a.cmd_sn + 2);
	be32_put(&nop.exp_stat_sn, a.exp_stat_sn);
	wire_send(&a, &nop, NULL, 0);
	expect_op(&a, &pdu, ISCSI_OP_NOP_IN);
	a.cmd_sn++;
	itt = tur(&a);
	silence(&a);
	wire_close(&a);
	a.cmd_sn -= 2;
	join(&b, &a, 0, "");
	take_over(&b, itt, 0, TMF_RSP_NO_TASK);
	assert_int_equal(wire_status(&b, tur(&b), NULL, 0), 0);
	assert_int_equal(wire_status(&b, tur(&b), NULL, 0), 0);
	b.cmd_sn++; /* the ping's number was received, and stays so */
	assert_int_equal(wire_status(&b, tur(&b), NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&b);
}

static void functions_reach_tasks_without_a_connection(void **state)
{
	static const uint8_t functions[] = { TMF_ABORT_TASK, TMF_ABORT_TASK_SET, TMF_LUN_RESET };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct wire_conn a, b;
		uint32_t waits, done;

		start(&a, *state, SOLICITED);
		waits = wire_write10(&a, 0, BLOCKS, NULL, 0, true);
		expect_r2t(&a, 0, 0, BYTES);
		done = tur(&a);
		wire_settle(a.w);
		wire_close(&a);
		join(&b, &a, 0, "");
		send_tmf(&b, functions[i], waits, 0);
		expect_tmf(&b, TMF_RSP_COMPLETE);
		take_over(&b, waits, 0, TMF_RSP_NO_TASK);
		if (functions[i] == TMF_ABORT_TASK) {
			send_tmf(&b, TMF_ABORT_TASK, done, 0);
			expect_tmf(&b, TMF_RSP_COMPLETE);
		}
		take_over(&b, done, 0, TMF_RSP_NO_TASK);
		wire_clear_ua(&b);
		logout(&b, LOGOUT_SESSION, 0, LOGOUT_OK);
		wire_close(&b);
		assert_int_equal(iscsi.n_conns, 0);
	}
}

/* --- time ------------------------------------------------------------------------------------- */

static void what_nobody_takes_over_ends_with_its_time(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;
	uint32_t itt;

	start(&a, w, SOLICITED);
	join(&b, &a, 1, "");
	b.cmd_sn = a.cmd_sn;
	itt = wire_write10(&b, 0, BLOCKS, NULL, 0, true);
	expect_r2t(&b, 0, 0, BYTES);
	a.cmd_sn = b.cmd_sn;
	wire_close(&b);
	{
		struct wire_pdu pdu = { .data = NULL };

		expect_op(&a, &pdu, ISCSI_OP_ASYNC);
		a.exp_stat_sn = be32_get(pdu.async.stat_sn) + 1;
		wire_pdu_free(&pdu);
	}
	assert_int_equal(iscsi.n_conns, 2);
	loop_clock_advance(w->core.loop, RETAINED);
	wire_settle(w);
	assert_int_equal(iscsi.n_conns, 1);
	take_over(&a, itt, 0, TMF_RSP_NO_TASK);
	/* The session itself, too, when it has no connections. */
	wire_close(&a);
	wire_settle(w);
	assert_int_equal(w->target->n_nexuses, 1);
	loop_clock_advance(w->core.loop, RETAINED - 2 * NSEC_PER_SEC);
	wire_settle(w);
	assert_int_equal(w->target->n_nexuses, 1);
	loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	wire_settle(w);
	assert_int_equal(w->target->n_nexuses, 0);
	assert_int_equal(iscsi.n_conns, 0);
}

static void with_no_time_to_retain_nothing_is_kept(void **state)
{
	struct wire *w = *state;
	struct wire_conn a;

	start(&a, w, "DefaultTime2Retain=0\n");
	wire_close(&a);
	assert_int_equal(w->target->n_nexuses, 0);
}

static void the_end_of_a_session_ends_what_was_kept(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	start(&a, w, SOLICITED);
	wire_write10(&a, 0, BLOCKS, NULL, 0, true);
	expect_r2t(&a, 0, 0, BYTES);
	wire_close(&a);
	assert_int_equal(w->target->n_nexuses, 1);
	/* By reinstatement ... */
	start(&b, w, SOLICITED);
	assert_int_equal(w->target->n_nexuses, 1);
	assert_int_equal(iscsi.n_conns, 1);
	/* ... by logout ... */
	join(&a, &b, 1, "");
	wire_close(&a);
	{
		struct wire_pdu pdu = { .data = NULL };

		expect_op(&b, &pdu, ISCSI_OP_ASYNC);
		b.exp_stat_sn = be32_get(pdu.async.stat_sn) + 1;
		wire_pdu_free(&pdu);
	}
	logout(&b, LOGOUT_SESSION, 0, LOGOUT_OK);
	expect_closed(&b);
	wire_close(&b);
	assert_int_equal(w->target->n_nexuses, 0);
	assert_int_equal(iscsi.n_conns, 0);
	/* ... and by the end of the daemon, at once (the teardown). */
	start(&a, w, "");
	wire_close(&a);
	assert_int_equal(w->target->n_nexuses, 1);
}

static void a_closed_connection_may_be_logged_out_for_good(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;
	uint32_t itt;

	start(&a, w, SOLICITED);
	itt = wire_write10(&a, 0, BLOCKS, NULL, 0, true);
	expect_r2t(&a, 0, 0, BYTES);
	wire_close(&a);
	join(&b, &a, 1, "");
	logout(&b, LOGOUT_CONNECTION, 0, LOGOUT_OK);
	assert_int_equal(iscsi.n_conns, 1);
	take_over(&b, itt, 0, TMF_RSP_NO_TASK);
	wire_close(&b);
}

static void as_many_lost_connections_are_kept_as_there_may_be(void **state)
{
	struct wire *w = *state;
	struct wire_conn c[5];
	unsigned int i;

	start(&c[0], w, "");
	for (i = 1; i < ARRAY_SIZE(c); i++) {
		wire_close(&c[i - 1]);
		join(&c[i], &c[i - 1], (uint16_t)i, "");
	}
	assert_int_equal(iscsi.n_conns, 1 + 2);
	assert_int_equal(wire_status(&c[4], tur(&c[4]), NULL, 0), 0);
	wire_close(&c[4]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_read_that_is_in_the_store_goes_on),
		TEST(data_in_is_sent_from_where_it_was_acknowledged),
		TEST(a_write_asks_for_what_is_missing),
		TEST(a_write_whose_unsolicited_data_broke_off_goes_on),
		TEST(a_status_that_was_not_acknowledged_comes_again),
		TEST(a_task_is_taken_over_after_a_logout_for_recovery_only),
		TEST(a_connection_that_works_may_be_logged_out_for_recovery),
		TEST(lower_levels_take_over_nothing),
		TEST(a_command_before_its_turn_comes_again),
		TEST(functions_reach_tasks_without_a_connection),
		TEST(what_nobody_takes_over_ends_with_its_time),
		TEST(with_no_time_to_retain_nothing_is_kept),
		TEST(the_end_of_a_session_ends_what_was_kept),
		TEST(a_closed_connection_may_be_logged_out_for_good),
		TEST(as_many_lost_connections_are_kept_as_there_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
