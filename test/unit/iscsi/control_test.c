/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is neither login nor data: task management, NOP, logout, SNACK, Async
 * Messages, connections that vanish.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "iscsi/iscsi.h"
#include "iscsi/iscsi_verbs.h"
#include "iscsi_wire.h"
#include "scsi/scsi.h"
#include "t_loop.h"
#include "target/cmd.h"
#include "target/nexus.h"

static uint8_t data[8192];

static uint8_t tmf_send(struct wire_conn *c, uint8_t function, uint32_t ref_itt, uint32_t ref_sn,
			bool immediate)
{
	struct iscsi_tmf_req h = { .opcode = ISCSI_OP_TMF_REQ, .flags = 0x80 | function };

	h.lun[1] = 1;
	be32_put(&h.itt, 0x9000);
	be32_put(&h.ref_itt, ref_itt);
	be32_put(&h.ref_cmd_sn, ref_sn);
	be32_put(&h.cmd_sn, c->cmd_sn);
	if (immediate)
		h.opcode |= ISCSI_IMMEDIATE;
	else
		c->cmd_sn++;
	wire_send(c, &h, NULL, 0);
	return function;
}

/* The response, with whatever PDUs come before it skipped. */
static uint8_t tmf_response(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };
	uint8_t response;

	do {
		assert_true(wire_recv(c, &pdu));
	} while (pdu.bhs[0] != ISCSI_OP_TMF_RSP);
	assert_int_equal(be32_get(pdu.tmf.itt), 0x9000);
	response = pdu.tmf.response;
	wire_pdu_free(&pdu);
	return response;
}

static void start(struct wire_conn *c, struct wire *w)
{
	wire_open(c, w);
	wire_login(c, "InitialR2T=Yes\nImmediateData=No\n");
	wire_clear_ua(c);
}

/* A write that waits for its data. */
static uint32_t waiting_write(struct wire_conn *c, uint32_t *ttt)
{
	struct wire_pdu pdu = { .data = NULL };
	uint32_t itt = wire_write10(c, 0, 16, NULL, 0, true);

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_R2T);
	*ttt = be32_get(pdu.r2t.ttt);
	wire_pdu_free(&pdu);
	return itt;
}

static void an_aborted_write_takes_no_more_data(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt, ttt;

	start(&c, *state);
	itt = waiting_write(&c, &ttt);
	tmf_send(&c, 1, itt, c.cmd_sn - 1, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_COMPLETE);
	wire_data_out(&c, itt, ttt, 0, 0, data, 8192, true);
	assert_false(wire_recv(&c, &pdu));
	assert_false(c.closed);
	wire_clear_ua(&c);
	/* The tag is free again. */
	itt = waiting_write(&c, &ttt);
	wire_data_out(&c, itt, ttt, 0, 0, data, 8192, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
	wire_close(&c);
}

static void an_abort_may_come_in_the_middle_of_the_data(void **state)
{
	struct iscsi_data_out h = { .opcode = ISCSI_OP_DATA_OUT, .flags = ISCSI_FINAL };
	struct wire *w = *state;
	struct wire_conn c, other;
	uint32_t itt, ttt;

	start(&c, w);
	itt = waiting_write(&c, &ttt);
	h.lun[1] = 1;
	be32_put(&h.itt, itt);
	be32_put(&h.ttt, ttt);
	be24_put(&h.data_len, 8192);
	wire_send_bytes(&c, &h, sizeof(h));
	wire_send_bytes(&c, data, 5000);
	wire_settle(w);
	/* Another session clears the task set while the rest is on its way. */
	wire_open(&other, w);
	other.isid[5] = 4;
	wire_login(&other, "");
	wire_clear_ua(&other);
	tmf_send(&other, 5, 0, 0, true);
	assert_int_equal(tmf_response(&other), TMF_RSP_COMPLETE);
	wire_send_bytes(&c, data, 8192 - 5000);
	wire_clear_ua(&c);
	wire_close(&other);
	wire_close(&c);
}

static void expect_terminated(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_ASYNC);
	assert_int_equal(pdu.async.event, ISCSI_ASYNC_TASKS_TERMINATED);
	assert_int_equal(pdu.async.lun[1], 1);
	wire_pdu_free(&pdu);
}

/* RFC 7143 4.2.3.4 and 4.2.3.5: whoever agreed on FastAbort; one message for the logical unit. */
static void fast_abort_tells_others_at_once(void **state)
{
	static const uint8_t functions[] = { TMF_CLEAR_TASK_SET, TMF_LUN_RESET, TMF_TARGET_WARM_RESET };
	struct wire_pdu pdu = { .data = NULL };
	struct wire *w = *state;
	struct wire_conn c, fast, slow;
	uint32_t ttt;
	size_t i;

	start(&c, w);
	wire_open(&slow, w);
	slow.isid[5] = 4;
	wire_login(&slow, "InitialR2T=Yes\nImmediateData=No\nTaskReporting=ResponseFence\n");
	wire_open(&fast, w);
	fast.isid[5] = 5;
	wire_login(&fast, "InitialR2T=Yes\nImmediateData=No\nTaskReporting=FastAbort\n");
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		wire_clear_ua(&slow);
		wire_clear_ua(&fast);
		waiting_write(&slow, &ttt);
		waiting_write(&fast, &ttt);
		waiting_write(&fast, &ttt);
		tmf_send(&c, functions[i], 0, 0, true);
		assert_int_equal(tmf_response(&c), TMF_RSP_COMPLETE);
		expect_terminated(&fast);
		assert_false(wire_recv(&fast, &pdu));
		assert_false(wire_recv(&slow, &pdu));
	}
	/* Its own, and one that finds nothing, need not be told. */
	wire_clear_ua(&fast);
	waiting_write(&fast, &ttt);
	tmf_send(&fast, TMF_ABORT_TASK_SET, 0, 0, true);
	assert_int_equal(tmf_response(&fast), TMF_RSP_COMPLETE);
	tmf_send(&c, TMF_LUN_RESET, 0, 0, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_COMPLETE);
	assert_false(wire_recv(&fast, &pdu));
	wire_close(&fast);
	wire_close(&slow);
	wire_close(&c);
}

/* RFC 7144: the functions of SAM-4 and SAM-5. */
static void queries_and_nexus_reset_answer(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt, ttt;

	wire_open(&c, *state);
	wire_login(&c, "InitialR2T=Yes\nImmediateData=No\niSCSIProtocolLevel=2\n");
	tmf_send(&c, TMF_QUERY_ASYNC_EVENT, 0, 0, true);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.tmf.response, TMF_RSP_SUCCEEDED);
	assert_memory_equal(pdu.tmf.info, "\x16\x29\x00", 3);
	wire_clear_ua(&c);
	itt = waiting_write(&c, &ttt);
	tmf_send(&c, TMF_QUERY_TASK, itt, c.cmd_sn - 1, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_SUCCEEDED);
	tmf_send(&c, TMF_QUERY_TASK, itt + 77, c.cmd_sn - 1, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_COMPLETE);
	tmf_send(&c, TMF_QUERY_TASK_SET, 0, 0, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_SUCCEEDED);
	/* The session goes, and all that it has. */
	tmf_send(&c, TMF_NEXUS_RESET, 0, 0, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_COMPLETE);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
	assert_true(list_empty(&iscsi.sessions));
}

/* 6.4.1: the additional information stands where the LUN would. */
static void a_query_tells_what_is_pending(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login(&c, "iSCSIProtocolLevel=2\n");
	tmf_send(&c, TMF_QUERY_ASYNC_EVENT, 0, 0, true);
	assert_true(wire_recv(&c, &pdu));
	assert_memory_equal(pdu.bhs + 8, "\x16\x29\x00\0\0\0\0\0", 8);
	wire_pdu_free(&pdu);
	wire_clear_ua(&c);
	tmf_send(&c, TMF_QUERY_TASK_SET, 0, 0, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_COMPLETE);
	wire_close(&c);
}

/* 6.3: they need protocol level 2; before, their codes mean nothing. */
static void the_new_functions_need_their_protocol_level(void **state)
{
	struct wire_conn c;
	uint8_t function;

	wire_open(&c, *state);
	wire_login(&c, "iSCSIProtocolLevel=1\n");
	for (function = TMF_QUERY_TASK; function <= TMF_QUERY_ASYNC_EVENT; function++) {
		tmf_send(&c, function, 0, 0, true);
		assert_int_equal(tmf_response(&c), TMF_RSP_NOT_SUPPORTED);
	}
	wire_clear_ua(&c);
	wire_close(&c);
}

/* RFC 7143 11.5.1 and RFC 7144 6.3: a function is nothing to be aborted, or asked after. */
static void a_function_that_names_a_function_is_rejected(void **state)
{
	static const uint8_t functions[] = { TMF_ABORT_TASK, TMF_QUERY_TASK };
	struct wire_conn c;
	size_t i;

	wire_open(&c, *state);
	wire_login(&c, "iSCSIProtocolLevel=2\n");
	wire_clear_ua(&c);
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		tmf_send(&c, functions[i], 0x9000, c.cmd_sn, true); /* itself */
		assert_int_equal(tmf_response(&c), TMF_RSP_REJECTED);
	}
	wire_clear_ua(&c);
	wire_close(&c);
}

/* RFC 7144 6.3.3, RFC 7143 11.6.1. */
static void a_query_finds_what_waits_for_its_turn_and_plugs_what_is_lost(void **state)
{
	static const uint8_t cdb[6];
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt, lost;

	wire_open(&c, *state);
	wire_login(&c, "iSCSIProtocolLevel=2\n");
	wire_clear_ua(&c);
	lost = c.cmd_sn++;
	itt = wire_cmd(&c, cdb, sizeof(cdb), 0x81, 0, NULL, 0);
	assert_false(wire_recv(&c, &pdu));
	tmf_send(&c, TMF_QUERY_TASK, itt, lost + 1, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_SUCCEEDED);
	tmf_send(&c, TMF_QUERY_TASK, 0x4711, lost, true);
	assert_true(wire_recv(&c, &pdu));
	if (pdu.bhs[0] == ISCSI_OP_TMF_RSP) {
		assert_int_equal(pdu.tmf.response, TMF_RSP_COMPLETE);
		assert_true(wire_recv(&c, &pdu));
	}
	assert_int_equal(pdu.bhs[0], ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.itt), itt);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* 4.2: 0960h and the protocol level. */
static void inquiry_tells_the_protocol_level(void **state)
{
	static const uint8_t inquiry[] = { 0x12, 0, 0, 0, 96, 0 };
	static const struct {
		const char *keys;
		uint16_t version;
	} levels[] = { { "", 0x0961 }, { "iSCSIProtocolLevel=2\n", 0x0962 }, { "iSCSIProtocolLevel=0\n", 0x0960 } };
	struct wire_conn c;
	uint8_t std[96];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		wire_open(&c, *state);
		wire_login(&c, levels[i].keys);
		assert_int_equal(wire_status(&c, wire_cmd(&c, inquiry, 6, 0xc1, 96, NULL, 0), std, 96),
				 0);
		assert_int_equal(get_be16(std + 64), levels[i].version);
		wire_close(&c);
	}
}

/* RFC 7144 5.1.1: PRI is the upper half of its byte, and reserved before protocol level 2. */
static void the_priority_of_a_command_reaches_the_target(void **state)
{
	static const char *const keys[] = { "InitialR2T=Yes\nImmediateData=No\niSCSIProtocolLevel=1\n",
					    "InitialR2T=Yes\nImmediateData=No\niSCSIProtocolLevel=2\n" };
	struct wire *w = *state;
	uint8_t i;

	for (i = 0; i < 2; i++) {
		struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0xa1, .priority = 0x5f,
					    .cdb = { 0x2a, [8] = 1 } };
		struct wire_conn c;
		struct nexus *n;

		wire_open(&c, w);
		wire_login(&c, keys[i]);
		wire_clear_ua(&c);
		h.lun[1] = 1;
		be32_put(&h.itt, 0x77);
		be32_put(&h.edtl, 512);
		be32_put(&h.cmd_sn, c.cmd_sn++);
		wire_send(&c, &h, NULL, 0);
		wire_settle(w);
		n = list_first(&w->target->nexuses, struct nexus, link);
		assert_int_equal(list_first(&n->cmds, struct scsi_cmd, nexus_link)->priority, i ? 5 : 0);
		wire_close(&c);
	}
}

static void each_function_answers_as_it_should(void **state)
{
	static const struct {
		uint8_t function, response;
	} table[] = {
		{ 1, TMF_RSP_NO_TASK },	     { 2, TMF_RSP_COMPLETE },	{ 3, TMF_RSP_NOT_SUPPORTED },
		{ 4, TMF_RSP_COMPLETE },     { 5, TMF_RSP_COMPLETE },	{ 6, TMF_RSP_COMPLETE },
		{ 8, TMF_RSP_NO_REASSIGN },  { 99, TMF_RSP_NOT_SUPPORTED },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct wire_conn c;
		unsigned int imm;

		for (imm = 0; imm < 2; imm++) {
			start(&c, *state);
			tmf_send(&c, table[i].function, 0x123, c.cmd_sn - 1, imm);
			assert_int_equal(tmf_response(&c), table[i].response);
			wire_clear_ua(&c);
			wire_close(&c);
		}
	}
}

static void a_cold_reset_ends_the_sessions_after_its_response(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, *state);
	tmf_send(&c, 7, 0, 0, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_COMPLETE);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

/* RFC 7143 11.5.5: the number of a command that was lost counts as received. */
static void aborting_a_command_that_never_came_fills_its_place(void **state)
{
	struct wire_conn c;
	uint32_t lost;

	start(&c, *state);
	lost = c.cmd_sn++;
	tmf_send(&c, 1, 0x4444, lost, true);
	assert_int_equal(tmf_response(&c), TMF_RSP_COMPLETE);
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), NULL, 0), 0);
	wire_close(&c);
}

static void logout_ends_what_it_names(void **state)
{
	static const struct {
		uint8_t reason;
		uint16_t cid;
		uint8_t response;
		bool closes;
	} table[] = {
		{ 0, 0, LOGOUT_OK, true },
		{ 1, 0, LOGOUT_OK, true },
		{ 1, 7, LOGOUT_NO_CID, false },
		{ 2, 0, LOGOUT_NO_RECOVERY, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct iscsi_logout_req h = { .opcode = ISCSI_OP_LOGOUT_REQ | ISCSI_IMMEDIATE };
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;

		start(&c, *state);
		h.flags = 0x80 | table[i].reason;
		be16_put(&h.cid, table[i].cid);
		be32_put(&h.cmd_sn, c.cmd_sn);
		wire_send(&c, &h, NULL, 0);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.bhs[0], ISCSI_OP_LOGOUT_RSP);
		assert_int_equal(pdu.logout.response, table[i].response);
		assert_false(wire_recv(&c, &pdu));
		assert_int_equal(c.closed, table[i].closes);
		wire_close(&c);
	}
}

static void pings_go_out_when_idle_and_silence_ends_the_connection(void **state)
{
	struct wire *w = *state;
	struct err err = { .code = ERR_OK };
	struct wire_pdu pdu = { .data = NULL };
	struct iscsi_nop_out pong = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	struct wire_conn c;
	unsigned int i;

	assert_int_equal(iscsi_transport.target_set(w->target, "nop_interval", "5", &err), 0);
	assert_int_equal(iscsi_transport.target_set(w->target, "nop_count", "2", &err), 0);
	loop_clock_advance(w->core.loop, 1);
	start(&c, w);
	for (i = 0; i < 5; i++) {
		loop_clock_advance(w->core.loop, 6 * NSEC_PER_SEC);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.bhs[0], ISCSI_OP_NOP_IN);
		be32_put(&pong.itt, ISCSI_RESERVED_TAG);
		pong.ttt = pdu.nop.ttt;
		be32_put(&pong.cmd_sn, c.cmd_sn);
		wire_send(&c, &pong, NULL, 0);
		wire_settle(w);
	}
	for (i = 0; i < 3; i++) {
		loop_clock_advance(w->core.loop, 6 * NSEC_PER_SEC);
		assert_int_equal(wire_recv(&c, &pdu), i < 2);
	}
	assert_true(c.closed);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void the_time_of_a_ping_is_in_the_statistics(void **state)
{
	struct iscsi_nop_out pong = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	struct verb_call call = { .admin = true };
	struct wire_pdu pdu = { .data = NULL };
	struct wire *w = *state;
	struct err err = { .code = ERR_OK };
	struct wire_conn c;

	assert_int_equal(iscsi_transport.target_set(w->target, "nop_interval", "5", &err), 0);
	loop_clock_advance(w->core.loop, 1);
	start(&c, w);
	loop_clock_advance(w->core.loop, 6 * NSEC_PER_SEC);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_NOP_IN);
	be32_put(&pong.itt, ISCSI_RESERVED_TAG);
	pong.ttt = pdu.nop.ttt;
	be32_put(&pong.cmd_sn, c.cmd_sn);
	loop_clock_advance(w->core.loop, NSEC_PER_SEC);
	wire_send(&c, &pong, NULL, 0);
	wire_settle(w);
	call.args = json_pack("{s:i s:i}", "sid", c.tsih, "cid", c.cid);
	call.context = &w->core;
	assert_int_equal(connection_verb_stat(&call), 0);
	if (!strstr(strbuf_str(&call.text), "\"nop_rtt_us\":1000") ||
	    !strstr(strbuf_str(&call.text), "\"nops_unanswered\":0"))
		fail_msg("%s", strbuf_str(&call.text));
	json_decref(call.args);
	strbuf_free(&call.text);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void a_snack_is_refused_at_recovery_level_0(void **state)
{
	struct iscsi_snack h = { .opcode = ISCSI_OP_SNACK, .flags = 0x80 };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, *state);
	wire_send(&c, &h, NULL, 0);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_SNACK);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void who_is_no_longer_admitted_is_dropped(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, w);
	access_del_addr(&w->target->access, "ALL", NULL);
	iscsi_transport.access_changed(w->target);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

/* A peer that sends commands and takes no answers must not make us keep all of them. */
static void a_client_that_does_not_read_is_not_read_from(void **state)
{
	struct wire *w = *state;
	const uint8_t cdb[10] = { 0x28, [7] = 0x20 };
	struct wire_conn c;
	unsigned int i;

	wire_open(&c, w);
	wire_login(&c, "MaxRecvDataSegmentLength=262144\n");
	wire_clear_ua(&c);
	for (i = 0; i < 120; i++)
		wire_cmd(&c, cdb, sizeof(cdb), 0x80 | ISCSI_CMD_READ | 1, 0x2000 * 512, NULL, 0);
	wire_settle(w);
	assert_true(w->core.bufs.used <= w->core.bufs.hard);
	wire_close(&c);
	assert_int_equal(w->core.bufs.used, 0);
}

static void a_connection_may_vanish_at_any_byte_of_a_write(void **state)
{
	struct wire *w = *state;
	size_t cut;

	for (cut = 1; cut < 48 + 1024; cut += 7) {
		struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0xa1 };
		uint8_t bytes[48 + 1024] = { 0 };
		struct wire_conn c;

		wire_open(&c, w);
		wire_login(&c, "");
		wire_clear_ua(&c);
		h.lun[1] = 1;
		be24_put(&h.data_len, 1024);
		be32_put(&h.itt, 1000);
		be32_put(&h.edtl, 1024);
		be32_put(&h.cmd_sn, c.cmd_sn);
		h.cdb[0] = 0x2a;
		h.cdb[8] = 2;
		memcpy(bytes, &h, sizeof(h));
		wire_send_bytes(&c, bytes, cut);
		wire_settle(w);
		wire_close(&c);
	}
	assert_int_equal(w->core.bufs.used, 0);
	assert_int_equal(iscsi.n_conns, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_aborted_write_takes_no_more_data),
		TEST(an_abort_may_come_in_the_middle_of_the_data),
		TEST(fast_abort_tells_others_at_once),
		TEST(queries_and_nexus_reset_answer),
		TEST(a_query_tells_what_is_pending),
		TEST(the_new_functions_need_their_protocol_level),
		TEST(a_function_that_names_a_function_is_rejected),
		TEST(a_query_finds_what_waits_for_its_turn_and_plugs_what_is_lost),
		TEST(inquiry_tells_the_protocol_level),
		TEST(the_priority_of_a_command_reaches_the_target),
		TEST(each_function_answers_as_it_should),
		TEST(a_cold_reset_ends_the_sessions_after_its_response),
		TEST(aborting_a_command_that_never_came_fills_its_place),
		TEST(logout_ends_what_it_names),
		TEST(pings_go_out_when_idle_and_silence_ends_the_connection),
		TEST(the_time_of_a_ping_is_in_the_statistics),
		TEST(a_snack_is_refused_at_recovery_level_0),
		TEST(who_is_no_longer_admitted_is_dropped),
		TEST(a_client_that_does_not_read_is_not_read_from),
		TEST(a_connection_may_vanish_at_any_byte_of_a_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
