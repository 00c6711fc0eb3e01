/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several connections of one session: how they join, the numbers that they share, the tasks that
 * belong to one of them, and how one goes while others stay.
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

static uint8_t data[8192], back[8192];

static void allow(struct wire *w, const char *connections)
{
	struct err err = { .code = ERR_OK };

	assert_int_equal(iscsi_transport.target_set(w->target, "MaxConnections", connections, &err), 0);
}

/* The first connection, CID 0. */
static void lead(struct wire_conn *a, struct wire *w, const char *keys)
{
	char text[400];

	allow(w, "4");
	snprintf(text, sizeof(text), "MaxConnections=4\n%s", keys);
	wire_open(a, w);
	wire_login(a, text);
	wire_clear_ua(a);
}

static uint16_t try_join(struct wire_conn *b, const struct wire_conn *a, uint16_t cid,
			 const char *keys)
{
	char text[400];

	wire_open(b, a->w);
	b->tsih = a->tsih;
	b->cid = cid;
	b->cmd_sn = a->cmd_sn;
	b->itt = cid * 1000u;
	snprintf(text, sizeof(text), NAMES "%s", keys);
	return wire_login_status(b, 0x87, text);
}

static void join(struct wire_conn *b, const struct wire_conn *a, uint16_t cid, const char *keys)
{
	assert_int_equal(try_join(b, a, cid, keys), 0);
	assert_int_equal(a->tsih, b->tsih);
	b->hdigest = strstr(keys, "HeaderDigest=CRC32C");
	b->ddigest = strstr(keys, "DataDigest=CRC32C");
}

/* The next number is @c's. */
static uint32_t take_sn(struct wire_conn *c, struct wire_conn *other)
{
	uint32_t sn = c->cmd_sn > other->cmd_sn ? c->cmd_sn : other->cmd_sn;

	c->cmd_sn = sn;
	other->cmd_sn = sn + 1;
	return sn;
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

static void works(struct wire_conn *c, struct wire_conn *other)
{
	take_sn(c, other);
	assert_int_equal(wire_status(c, tur(c), NULL, 0), 0);
}

/* A write that waits for its data: the tag of its R2T. */
static uint32_t start_write(struct wire_conn *c, struct wire_conn *other, uint32_t *itt)
{
	struct wire_pdu pdu = { .data = NULL };
	uint32_t ttt;

	take_sn(c, other);
	*itt = wire_write10(c, 0, 16, NULL, 0, true);
	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_R2T);
	ttt = be32_get(pdu.r2t.ttt);
	wire_pdu_free(&pdu);
	return ttt;
}

static void feed(struct wire_conn *c, uint32_t itt, uint32_t ttt)
{
	wire_data_out(c, itt, ttt, 0, 0, data, sizeof(data), true);
	assert_int_equal(wire_status(c, itt, NULL, 0), 0);
}

static void send_logout(struct wire_conn *c, uint8_t reason, uint16_t cid)
{
	struct iscsi_logout_req h = { .opcode = ISCSI_OP_LOGOUT_REQ | ISCSI_IMMEDIATE,
				      .flags = ISCSI_FINAL | reason };

	be32_put(&h.itt, 0x8888);
	be16_put(&h.cid, cid);
	be32_put(&h.cmd_sn, c->cmd_sn);
	wire_send(c, &h, NULL, 0);
}

static void expect_logout(struct wire_conn *c, enum iscsi_logout_response response)
{
	struct wire_pdu pdu = { .data = NULL };

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_LOGOUT_RSP);
	assert_int_equal(be32_get(pdu.logout.itt), 0x8888);
	assert_int_equal(pdu.logout.response, response);
	wire_pdu_free(&pdu);
}

static void expect_drop(struct wire_conn *c, uint16_t cid)
{
	struct wire_pdu pdu = { .data = NULL };

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_ASYNC);
	assert_int_equal(pdu.async.event, ISCSI_ASYNC_DROP_CONN);
	assert_int_equal(be16_get(pdu.async.param1), cid);
	assert_int_equal(be16_get(pdu.async.param3), 0);
	wire_pdu_free(&pdu);
}

/* --- joining ---------------------------------------------------------------------------------- */

static void connections_join_up_to_the_number_agreed_on(void **state)
{
	struct wire_conn a, b, c;

	allow(*state, "2");
	wire_open(&a, *state);
	wire_login(&a, "MaxConnections=8\n");
	wire_clear_ua(&a);
	join(&b, &a, 1, "");
	assert_int_equal(try_join(&c, &a, 2, ""), LOGIN_TOO_MANY_CONNECTIONS);
	wire_close(&c);
	works(&b, &a);
	works(&a, &b);
	wire_close(&b);
	expect_drop(&a, 1);
	join(&c, &a, 2, "");
	works(&c, &a);
	wire_close(&c);
	wire_close(&a);
}

static void what_is_the_sessions_is_agreed_on_by_its_first_login_only(void **state)
{
	static const char *const keys[] = { "MaxConnections=2\n", "InitialR2T=No\n", "ImmediateData=Yes\n",
					    "MaxBurstLength=65536\n", "FirstBurstLength=65536\n",
					    "MaxOutstandingR2T=1\n", "DataPDUInOrder=Yes\n",
					    "DataSequenceInOrder=Yes\n", "ErrorRecoveryLevel=0\n",
					    "DefaultTime2Wait=2\n", "DefaultTime2Retain=2\n",
					    "TaskReporting=RFC3720\n", "iSCSIProtocolLevel=1\n" };
	struct wire_conn a, b;
	size_t i;

	lead(&a, *state, "");
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_int_equal(try_join(&b, &a, 1, keys[i]), LOGIN_INITIATOR_ERROR);
		wire_close(&b);
	}
	wire_clear_ua(&a);
	wire_close(&a);
}

/* Digests and MaxRecvDataSegmentLength are a connection's own. */
static void each_connection_has_digests_of_its_own(void **state)
{
	struct wire_conn a, b;
	uint32_t itt, ttt;

	lead(&a, *state, "InitialR2T=Yes\nImmediateData=No\nDataDigest=CRC32C\n");
	join(&b, &a, 1, "HeaderDigest=CRC32C\nMaxRecvDataSegmentLength=1024\n");
	ttt = start_write(&b, &a, &itt);
	feed(&b, itt, ttt);
	take_sn(&a, &b);
	assert_int_equal(wire_status(&a, wire_read10(&a, 0, 16), back, sizeof(back)), 0);
	take_sn(&b, &a);
	assert_int_equal(wire_status(&b, wire_read10(&b, 0, 16), back, sizeof(back)), 0);
	assert_memory_equal(data, back, sizeof(back));
	wire_close(&b);
	wire_close(&a);
}

static void a_session_is_of_one_portal_group(void **state)
{
	struct wire_conn a, b;

	lead(&a, *state, "");
	wire_open(&b, *state);
	list_first(&iscsi.logins, struct iscsi_conn, link)->tpgt = 2;
	b.tsih = a.tsih;
	b.cid = 1;
	assert_int_equal(wire_login_status(&b, 0x87, NAMES), LOGIN_CANT_INCLUDE);
	wire_close(&b);
	wire_clear_ua(&a);
	wire_close(&a);
}

static void a_discovery_session_is_not_joined(void **state)
{
	struct wire_conn a, b;

	lead(&a, *state, "");
	wire_open(&b, *state);
	b.tsih = a.tsih;
	b.cid = 1;
	assert_int_equal(wire_login_status(&b, 0x87, "InitiatorName=" WIRE_INITIATOR
						     "\nSessionType=Discovery\n"), LOGIN_NO_SESSION);
	wire_close(&b);
	wire_close(&a);
}

/* --- numbers and allegiance ------------------------------------------------------------------- */

static void commands_run_in_order_over_all_connections(void **state)
{
	uint8_t one[512], two[512];
	struct wire_conn a, b;
	uint32_t sn, itt_a, itt_b;

	memset(one, 1, sizeof(one));
	memset(two, 2, sizeof(two));
	lead(&a, *state, "");
	join(&b, &a, 1, "");
	sn = take_sn(&a, &b);
	/* The later one comes first, with its data, and waits. */
	itt_b = wire_write10(&b, 0, 1, two, 512, true);
	silence(&b);
	a.cmd_sn = sn;
	itt_a = wire_write10(&a, 0, 1, one, 512, true);
	assert_int_equal(wire_status(&a, itt_a, NULL, 0), 0);
	assert_int_equal(wire_status(&b, itt_b, NULL, 0), 0);
	take_sn(&a, &b);
	assert_int_equal(wire_status(&a, wire_read10(&a, 0, 1), back, 512), 0);
	assert_memory_equal(back, two, 512);
	wire_close(&b);
	wire_close(&a);
}

/* The data of the earlier command is still on its way when the later one is there. */
static void a_command_waits_for_the_data_that_came_with_the_one_before(void **state)
{
	struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0x81 | ISCSI_CMD_WRITE,
				    .lun = { 0, 1 }, .cdb = { 0x2a, [8] = 1 } };
	struct wire_conn a, b;
	uint32_t itt;

	lead(&a, *state, "");
	join(&b, &a, 1, "");
	be32_put(&h.cmd_sn, take_sn(&a, &b) + 1);
	be32_put(&h.itt, 0x500);
	be32_put(&h.edtl, 512);
	be24_put(&h.data_len, 512);
	memset(data, 7, 512);
	wire_send_bytes(&a, &h, sizeof(h));
	wire_send_bytes(&a, data, 100);
	wire_settle(a.w);
	/* The one that was missing. */
	b.cmd_sn--;
	assert_int_equal(wire_status(&b, tur(&b), NULL, 0), 0);
	silence(&a);
	b.cmd_sn++;
	itt = wire_read10(&b, 0, 1);
	silence(&b);
	wire_send_bytes(&a, data, 412);
	assert_int_equal(wire_status(&a, 0x500, NULL, 0), 0);
	assert_int_equal(wire_status(&b, itt, back, 512), 0);
	assert_memory_equal(back, data, 512);
	wire_close(&b);
	wire_close(&a);
}

static void data_comes_on_the_connection_of_its_command(void **state)
{
	struct wire_conn a, b;
	uint32_t itt, ttt;

	lead(&a, *state, "InitialR2T=Yes\nImmediateData=No\n");
	join(&b, &a, 1, "");
	ttt = start_write(&a, &b, &itt);
	wire_data_out(&b, itt, ttt, 0, 0, data, sizeof(data), true);
	silence(&b);
	silence(&a);
	feed(&a, itt, ttt);
	wire_close(&b);
	wire_close(&a);
}

static void a_function_reaches_the_tasks_of_all_connections(void **state)
{
	static const uint8_t functions[] = { TMF_ABORT_TASK, TMF_ABORT_TASK_SET, TMF_LUN_RESET };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn a, b;
	size_t i;

	lead(&a, *state, "InitialR2T=Yes\nImmediateData=No\n");
	join(&b, &a, 1, "");
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct iscsi_tmf_req h = { .opcode = ISCSI_OP_TMF_REQ | ISCSI_IMMEDIATE,
					   .flags = 0x80 | functions[i], .lun = { 0, 1 } };
		uint32_t itt, ttt;

		ttt = start_write(&b, &a, &itt);
		be32_put(&h.itt, 0x9000);
		be32_put(&h.ref_itt, itt);
		be32_put(&h.ref_cmd_sn, a.cmd_sn - 1);
		be32_put(&h.cmd_sn, a.cmd_sn);
		wire_send(&a, &h, NULL, 0);
		assert_true(wire_recv(&a, &pdu));
		assert_int_equal(pdu.bhs[0], ISCSI_OP_TMF_RSP);
		assert_int_equal(pdu.tmf.response, TMF_RSP_COMPLETE);
		wire_data_out(&b, itt, ttt, 0, 0, data, sizeof(data), true);
		silence(&b);
	}
	wire_pdu_free(&pdu);
	wire_close(&b);
	wire_close(&a);
}

/* --- one goes, others stay -------------------------------------------------------------------- */

static void lu_made(void *arg, struct lu *lu, const struct err *err)
{
	(void)err;
	*(int *)arg = lu ? 1 : -1;
}

/* LUN 2: reads take ten seconds. LUN 1 tells @c of it. */
static void add_slow(struct wire *w, struct wire_conn *c)
{
	static const struct lu_conf conf = { .lun = 2, .path = "delay:read=10s:1M", .bstype = "mem" };
	int made = 0;

	lu_new(w->target, &conf, lu_made, &made);
	assert_true(t_loop_until_set(w->core.loop, &made));
	assert_int_equal(made, 1);
	wire_clear_ua(c);
}

static void send_read_slow(struct wire_conn *c, uint32_t itt)
{
	struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0x81 | ISCSI_CMD_READ,
				    .lun = { 0, 2 }, .cdb = { 0x28, [8] = 1 } };

	be32_put(&h.itt, itt);
	be32_put(&h.edtl, 512);
	be32_put(&h.cmd_sn, c->cmd_sn++);
	wire_send(c, &h, NULL, 0);
}

/* A read of LUN 2 that is in the store. */
static void start_slow(struct wire_conn *c, struct wire_conn *other)
{
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i;

	for (i = 0; i < 8; i++) {
		take_sn(c, other);
		send_read_slow(c, 0x700 + i);
		if (!wire_recv(c, &pdu))
			break;
	}
	assert_true(i < 8);
	wire_pdu_free(&pdu);
}

static void a_connection_that_breaks_takes_its_own_tasks_only(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;
	uint32_t itt, ttt;

	lead(&a, w, "InitialR2T=Yes\nImmediateData=No\n");
	join(&b, &a, 1, "");
	add_slow(w, &a);
	start_slow(&b, &a);
	start_write(&b, &a, &itt);
	ttt = start_write(&a, &b, &itt);
	wire_close(&b);
	expect_drop(&a, 1);
	feed(&a, itt, ttt);
	assert_int_equal(w->target->n_nexuses, 1);
	works(&a, &b);
	loop_clock_advance(w->core.loop, 11 * NSEC_PER_SEC);
	wire_settle(w);
	assert_int_equal(iscsi.n_conns, 1);
	works(&a, &b);
	wire_close(&a);
	assert_int_equal(w->target->n_nexuses, 0);
}

/* Neither the target nor ExpCmdSN has seen it: the initiator sends it again elsewhere. */
static void an_early_command_of_a_lost_connection_may_be_sent_again(void **state)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn a, b;
	uint32_t sn, itt;

	lead(&a, *state, "");
	join(&b, &a, 1, "");
	sn = take_sn(&a, &b);
	b.cmd_sn = sn + 1;
	itt = wire_write10(&b, 0, 1, data, 512, true);
	wire_settle(b.w);
	wire_close(&b);
	expect_drop(&a, 1);
	a.cmd_sn = sn;
	assert_int_equal(wire_status(&a, tur(&a), NULL, 0), 0);
	a.itt = itt;
	assert_int_equal(wire_status(&a, wire_write10(&a, 0, 1, data, 512, true), NULL, 0), 0);
	/* A ping that was answered before its turn stays received. */
	join(&b, &a, 1, "");
	be32_put(&nop.itt, 0x70);
	be32_put(&nop.ttt, ISCSI_RESERVED_TAG);
	be32_put(&nop.cmd_sn, sn + 3);
	wire_send(&b, &nop, NULL, 0);
	assert_true(wire_recv(&b, &pdu));
	wire_close(&b);
	expect_drop(&a, 1);
	assert_int_equal(a.cmd_sn, sn + 2);
	assert_int_equal(wire_status(&a, tur(&a), NULL, 0), 0);
	a.cmd_sn = sn + 4;
	assert_int_equal(wire_status(&a, tur(&a), NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&a);
}

static void the_same_cid_again_replaces_the_connection_only(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b, again;
	uint32_t itt, ttt;

	lead(&a, w, "InitialR2T=Yes\nImmediateData=No\n");
	join(&b, &a, 1, "");
	add_slow(w, &a);
	start_slow(&b, &a);
	ttt = start_write(&a, &b, &itt);
	/* The login waits for what the store still has. */
	wire_open(&again, w);
	again.tsih = a.tsih;
	again.cid = 1;
	wire_login_request(&again, 0x87, NAMES);
	silence(&again);
	expect_closed(&b);
	loop_clock_advance(w->core.loop, 11 * NSEC_PER_SEC);
	{
		struct wire_pdu pdu = { .data = NULL };

		assert_true(wire_recv(&again, &pdu));
		assert_int_equal(pdu.login.status_class, 0);
		wire_pdu_free(&pdu);
	}
	feed(&a, itt, ttt);
	silence(&a);
	works(&again, &a);
	wire_close(&b);
	wire_close(&again);
	wire_close(&a);
}

/* The only connection of a session, too: its numbers go on. */
static void a_session_outlives_the_replacement_of_its_only_connection(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b, c;

	wire_open(&a, w);
	wire_login(&a, "");
	wire_clear_ua(&a);
	join(&b, &a, 0, "");
	expect_closed(&a);
	assert_int_equal(wire_status(&b, tur(&b), NULL, 0), 0); /* no Unit Attention */
	/* Two at once: one stays. */
	wire_close(&a);
	wire_open(&a, w);
	wire_open(&c, w);
	a.tsih = c.tsih = b.tsih;
	wire_login_request(&a, 0x87, NAMES);
	wire_login_request(&c, 0x87, NAMES);
	wire_settle(w);
	assert_int_equal(iscsi.n_conns, 1);
	assert_int_equal(w->target->n_nexuses, 1);
	wire_close(&a);
	wire_close(&b);
	wire_close(&c);
	assert_int_equal(w->target->n_nexuses, 0);
}

static void a_login_that_waits_to_replace_may_give_up(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	wire_open(&a, w);
	wire_login(&a, "");
	wire_clear_ua(&a);
	add_slow(w, &a);
	b.cmd_sn = 0;
	start_slow(&a, &b);
	wire_open(&b, w);
	b.tsih = a.tsih;
	wire_login_request(&b, 0x87, NAMES);
	silence(&b);
	wire_close(&b);
	loop_clock_advance(w->core.loop, 11 * NSEC_PER_SEC);
	wire_settle(w);
	assert_int_equal(iscsi.n_conns, 0);
	assert_int_equal(w->target->n_nexuses, 0);
	wire_close(&a);
}

/* --- logout ----------------------------------------------------------------------------------- */

static void a_connection_logs_out_another(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	lead(&a, w, "");
	join(&b, &a, 1, "");
	send_logout(&a, LOGOUT_CONNECTION, 9);
	expect_logout(&a, LOGOUT_NO_CID);
	add_slow(w, &a);
	start_slow(&b, &a);
	send_logout(&a, LOGOUT_CONNECTION, 1);
	/* Its tasks are still in the store. */
	silence(&a);
	expect_closed(&b);
	send_logout(&a, LOGOUT_CONNECTION, 1);
	{
		struct wire_pdu pdu = { .data = NULL };

		assert_true(wire_recv(&a, &pdu));
		assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
		wire_pdu_free(&pdu);
	}
	loop_clock_advance(w->core.loop, 11 * NSEC_PER_SEC);
	expect_logout(&a, LOGOUT_OK);
	works(&a, &b);
	send_logout(&a, LOGOUT_CONNECTION, 1);
	expect_logout(&a, LOGOUT_NO_CID);
	wire_close(&b);
	wire_close(&a);
}

static void a_connection_logs_itself_out_and_others_go_on(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	lead(&a, w, "");
	join(&b, &a, 1, "");
	add_slow(w, &a);
	start_slow(&a, &b);
	send_logout(&a, LOGOUT_CONNECTION, 0);
	silence(&a);
	works(&b, &a);
	loop_clock_advance(w->core.loop, 11 * NSEC_PER_SEC);
	expect_logout(&a, LOGOUT_OK);
	expect_closed(&a);
	works(&b, &a);
	silence(&b);
	/* The last one: the session ends. */
	send_logout(&b, LOGOUT_CONNECTION, 1);
	expect_logout(&b, LOGOUT_OK);
	expect_closed(&b);
	assert_int_equal(w->target->n_nexuses, 0);
	wire_close(&b);
	wire_close(&a);
}

static void a_session_logs_out_on_any_connection(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	lead(&a, w, "");
	join(&b, &a, 1, "");
	send_logout(&b, LOGOUT_SESSION, 0);
	expect_logout(&b, LOGOUT_OK);
	expect_closed(&b);
	expect_closed(&a);
	assert_int_equal(w->target->n_nexuses, 0);
	wire_close(&b);
	wire_close(&a);
}

static void who_waits_for_a_logout_may_go_first(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	lead(&a, w, "");
	join(&b, &a, 1, "");
	add_slow(w, &a);
	start_slow(&b, &a);
	send_logout(&a, LOGOUT_CONNECTION, 1);
	silence(&a);
	wire_close(&a);
	loop_clock_advance(w->core.loop, 11 * NSEC_PER_SEC);
	wire_settle(w);
	assert_int_equal(iscsi.n_conns, 0);
	assert_int_equal(w->target->n_nexuses, 0);
	wire_close(&b);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connections_join_up_to_the_number_agreed_on),
		TEST(what_is_the_sessions_is_agreed_on_by_its_first_login_only),
		TEST(each_connection_has_digests_of_its_own),
		TEST(a_session_is_of_one_portal_group),
		TEST(a_discovery_session_is_not_joined),
		TEST(commands_run_in_order_over_all_connections),
		TEST(a_command_waits_for_the_data_that_came_with_the_one_before),
		TEST(data_comes_on_the_connection_of_its_command),
		TEST(a_function_reaches_the_tasks_of_all_connections),
		TEST(a_connection_that_breaks_takes_its_own_tasks_only),
		TEST(an_early_command_of_a_lost_connection_may_be_sent_again),
		TEST(the_same_cid_again_replaces_the_connection_only),
		TEST(a_session_outlives_the_replacement_of_its_only_connection),
		TEST(a_login_that_waits_to_replace_may_give_up),
		TEST(a_connection_logs_out_another),
		TEST(a_connection_logs_itself_out_and_others_go_on),
		TEST(a_session_logs_out_on_any_connection),
		TEST(who_waits_for_a_logout_may_go_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
