/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command numbers, tags and the order of what is answered: duplicates, gaps, requests
 * that come before their turn, aborts that cross with data and responses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/iscsi.h"
#include "iscsi_wire.h"
#include "scsi/scsi.h"
#include "t_alloc.h"
#include "t_loop.h"

static uint8_t data[8192];
static const uint8_t tur[6];

static void start(struct wire_conn *c, struct wire *w, const char *keys)
{
	wire_open(c, w);
	wire_login(c, keys);
	wire_clear_ua(c);
}

static void expect_op(struct wire_conn *c, struct wire_pdu *pdu, uint8_t op)
{
	assert_true(wire_recv(c, pdu));
	assert_int_equal(pdu->bhs[0], op);
}

static void silence(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	if (wire_recv(c, &pdu))
		fail_msg("opcode %02x", pdu.bhs[0]);
	assert_false(c->closed);
}

static void send_tmf(struct wire_conn *c, uint8_t function, uint32_t ref_itt, uint32_t cmd_sn,
		     uint32_t ref_sn)
{
	struct iscsi_tmf_req h = { .opcode = ISCSI_OP_TMF_REQ | ISCSI_IMMEDIATE,
				   .flags = 0x80 | function };

	h.lun[1] = 1;
	be32_put(&h.itt, 0x9000);
	be32_put(&h.ref_itt, ref_itt);
	be32_put(&h.ref_cmd_sn, ref_sn);
	be32_put(&h.cmd_sn, cmd_sn);
	wire_send(c, &h, NULL, 0);
}

static void expect_tmf(struct wire_conn *c, uint8_t response)
{
	struct wire_pdu pdu = { .data = NULL };

	expect_op(c, &pdu, ISCSI_OP_TMF_RSP);
	assert_int_equal(pdu.tmf.response, response);
	wire_pdu_free(&pdu);
}

/* TEST UNIT READY with a number and a tag of its own. */
static void send_tur(struct wire_conn *c, uint32_t itt, uint32_t cmd_sn)
{
	uint32_t next = c->cmd_sn;

	c->itt = itt;
	c->cmd_sn = cmd_sn;
	wire_cmd(c, tur, sizeof(tur), 0x81, 0, NULL, 0);
	c->cmd_sn = next;
}

/* RFC 7143 4.2.2.1: duplicates inside the window are silently ignored. */
static void a_number_is_good_for_one_command(void **state)
{
	struct wire_conn c;
	uint32_t sn;

	start(&c, *state, "");
	sn = c.cmd_sn;
	send_tur(&c, 101, sn + 1);
	send_tur(&c, 102, sn + 1);
	send_tur(&c, 101, sn + 1);
	silence(&c);
	send_tur(&c, 100, sn);
	assert_int_equal(wire_status(&c, 100, NULL, 0), 0);
	assert_int_equal(wire_status(&c, 101, NULL, 0), 0);
	silence(&c);
	send_tur(&c, 103, sn + 2);
	assert_int_equal(wire_status(&c, 103, NULL, 0), 0);
	wire_close(&c);
}

static void a_command_that_is_sent_again_is_ignored_while_it_runs(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt;

	start(&c, *state, "InitialR2T=Yes\nImmediateData=No\n");
	itt = wire_write10(&c, 0, 1, NULL, 0, true);
	expect_op(&c, &pdu, ISCSI_OP_R2T);
	c.itt = itt;
	c.cmd_sn--;
	wire_write10(&c, 0, 1, NULL, 0, true);
	silence(&c);
	wire_data_out(&c, itt, be32_get(pdu.r2t.ttt), 0, 0, data, 512, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* RFC 7143 7.3: the number of a rejected command is still free. */
static void a_rejected_command_leaves_its_number_to_the_next(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt;

	start(&c, *state, "InitialR2T=Yes\nImmediateData=No\n");
	itt = wire_write10(&c, 0, 1, NULL, 0, true);
	expect_op(&c, &pdu, ISCSI_OP_R2T);
	c.itt = itt;
	wire_read10(&c, 0, 1);
	c.cmd_sn--;
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_TASK_IN_PROGRESS);
	c.itt = itt + 50;
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void the_reserved_tag_is_no_command(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, *state, "");
	c.itt = ISCSI_RESERVED_TAG;
	wire_read10(&c, 0, 1);
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

static void an_early_command_may_be_aborted_before_its_turn(void **state)
{
	struct wire_conn c;
	uint32_t sn;

	start(&c, *state, "InitialR2T=No\n");
	sn = c.cmd_sn;
	c.cmd_sn = sn + 1;
	c.itt = 101;
	wire_write10(&c, 0, 4, data, 1024, false);
	send_tmf(&c, TMF_ABORT_TASK, 101, sn + 2, sn + 1);
	expect_tmf(&c, TMF_RSP_COMPLETE);
	/* Its unsolicited data may still be on its way, and its copy too. */
	wire_data_out(&c, 101, ISCSI_RESERVED_TAG, 0, 1024, data, 1024, true);
	send_tur(&c, 101, sn + 1);
	silence(&c);
	send_tur(&c, 100, sn);
	assert_int_equal(wire_status(&c, 100, NULL, 0), 0);
	silence(&c);
	send_tur(&c, 101, sn + 2);
	assert_int_equal(wire_status(&c, 101, NULL, 0), 0);
	wire_close(&c);
}

/* RFC 7143 11.5.5: should it come later, it is ignored. */
static void a_command_that_was_aborted_before_it_came_is_ignored(void **state)
{
	struct wire_conn c;
	uint32_t sn;

	start(&c, *state, "InitialR2T=No\n");
	sn = c.cmd_sn;
	send_tmf(&c, TMF_ABORT_TASK, 101, sn + 2, sn + 1);
	expect_tmf(&c, TMF_RSP_COMPLETE);
	c.cmd_sn = sn + 1;
	c.itt = 101;
	wire_write10(&c, 0, 4, data, 1024, false);
	wire_data_out(&c, 101, ISCSI_RESERVED_TAG, 0, 1024, data, 1024, true);
	silence(&c);
	send_tur(&c, 100, sn);
	assert_int_equal(wire_status(&c, 100, NULL, 0), 0);
	send_tur(&c, 102, sn + 2);
	assert_int_equal(wire_status(&c, 102, NULL, 0), 0);
	silence(&c);
	wire_close(&c);
}

/* RFC 7143 4.2.3.3: every command with a lower number is affected, so it must be there first. */
static void a_task_set_function_waits_for_the_commands_before_it(void **state)
{
	static const uint8_t functions[] = { TMF_ABORT_TASK_SET, TMF_CLEAR_TASK_SET, TMF_LUN_RESET,
					     TMF_TARGET_WARM_RESET };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;
		uint32_t sn;

		start(&c, *state, "InitialR2T=Yes\nImmediateData=No\n");
		sn = c.cmd_sn;
		c.cmd_sn = sn + 1;
		wire_write10(&c, 0, 4, NULL, 0, true);
		send_tmf(&c, functions[i], 0, sn + 2, 0);
		silence(&c);
		c.cmd_sn = sn;
		wire_write10(&c, 0, 4, NULL, 0, true);
		expect_op(&c, &pdu, ISCSI_OP_R2T);
		expect_op(&c, &pdu, ISCSI_OP_R2T);
		expect_tmf(&c, TMF_RSP_COMPLETE);
		c.cmd_sn = sn + 2;
		wire_clear_ua(&c);
		wire_pdu_free(&pdu);
		wire_close(&c);
	}
}

/* A number far away is no gap that will be filled: the function is not held up. */
static void a_task_set_function_with_any_number_is_done(void **state)
{
	struct wire_conn c;

	start(&c, *state, "");
	send_tmf(&c, TMF_ABORT_TASK_SET, 0, c.cmd_sn - 1, 0);
	expect_tmf(&c, TMF_RSP_COMPLETE);
	send_tmf(&c, TMF_ABORT_TASK_SET, 0, c.cmd_sn + 1000000, 0);
	expect_tmf(&c, TMF_RSP_COMPLETE);
	wire_close(&c);
}

/*
 * The target is done with a command that failed, its response waits for the end of the unsolicited
 * data; the initiator that aborts it sends no more of that and uses the tag again.
 */
static void a_response_that_is_held_back_is_dropped_by_an_abort(void **state)
{
	static const uint8_t functions[] = { TMF_ABORT_TASK, TMF_ABORT_TASK_SET, TMF_CLEAR_TASK_SET,
					     TMF_LUN_RESET, TMF_TARGET_WARM_RESET };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct wire_conn c;
		uint32_t itt;

		start(&c, *state, "InitialR2T=No\nFirstBurstLength=8192\n");
		itt = wire_write10(&c, 0x7fffff00, 16, data, 1024, false);
		silence(&c);
		send_tmf(&c, functions[i], itt, c.cmd_sn, c.cmd_sn - 1);
		expect_tmf(&c, TMF_RSP_COMPLETE);
		wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 0, 1024, data, 1024, true);
		silence(&c);
		wire_clear_ua(&c);
		send_tur(&c, itt, c.cmd_sn++);
		assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
		wire_close(&c);
	}
}

/* A NOP has its number, and its answer, like anything else; it need not wait for its turn. */
static void numbered_requests_that_are_no_tasks_leave_no_gap(void **state)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t sn;

	start(&c, *state, "");
	sn = c.cmd_sn;
	be32_put(&nop.itt, 0x70);
	be32_put(&nop.ttt, ISCSI_RESERVED_TAG);
	be32_put(&nop.cmd_sn, sn + 1);
	wire_send(&c, &nop, "x", 1);
	expect_op(&c, &pdu, ISCSI_OP_NOP_IN);
	assert_int_equal(be32_get(pdu.nop.exp_cmd_sn), sn);
	wire_send(&c, &nop, "x", 1);
	silence(&c);
	send_tur(&c, 100, sn);
	assert_int_equal(wire_status(&c, 100, NULL, 0), 0);
	send_tur(&c, 101, sn + 2);
	assert_int_equal(wire_status(&c, 101, NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void a_text_request_need_not_wait_for_its_turn(void **state)
{
	struct iscsi_text_req req = { .opcode = ISCSI_OP_TEXT_REQ, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t sn;

	start(&c, *state, "");
	sn = c.cmd_sn;
	be32_put(&req.itt, 0x70);
	be32_put(&req.ttt, ISCSI_RESERVED_TAG);
	be32_put(&req.cmd_sn, sn + 1);
	wire_send(&c, &req, "X-a=1", 6);
	expect_op(&c, &pdu, ISCSI_OP_TEXT_RSP);
	assert_string_equal((char *)pdu.data, "X-a=NotUnderstood");
	assert_int_equal(be32_get(pdu.text.exp_cmd_sn), sn);
	wire_send(&c, &req, "X-a=1", 6);
	silence(&c);
	send_tur(&c, 100, sn);
	assert_int_equal(wire_status(&c, 100, NULL, 0), 0);
	send_tur(&c, 101, sn + 2);
	assert_int_equal(wire_status(&c, 101, NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void a_rejected_text_request_leaves_its_number(void **state)
{
	struct iscsi_text_req req = { .opcode = ISCSI_OP_TEXT_REQ, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, *state, "");
	be32_put(&req.itt, 0x70);
	be32_put(&req.ttt, 0x1234); /* of no exchange */
	be32_put(&req.cmd_sn, c.cmd_sn);
	wire_send(&c, &req, "X-a=1", 6);
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	assert_int_equal(be32_get(pdu.reject.exp_cmd_sn), c.cmd_sn);
	send_tur(&c, 100, c.cmd_sn);
	assert_int_equal(wire_status(&c, 100, NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void a_ping_with_a_wrong_digest_may_be_sent_again(void **state)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, *state, "DataDigest=CRC32C\n");
	be32_put(&nop.itt, 0x70);
	be32_put(&nop.ttt, ISCSI_RESERVED_TAG);
	be32_put(&nop.cmd_sn, c.cmd_sn);
	c.ddigest = false;
	wire_send(&c, &nop, "ping", 4);
	wire_send_bytes(&c, "\0\0\0\0", 4);
	c.ddigest = true;
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_DATA_DIGEST);
	wire_send(&c, &nop, "ping", 4);
	expect_op(&c, &pdu, ISCSI_OP_NOP_IN);
	assert_int_equal(be32_get(pdu.nop.exp_cmd_sn), c.cmd_sn + 1);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* RFC 7143 11.15: nothing follows a Logout Response on its connection. */
static void nothing_follows_a_logout_response(void **state)
{
	struct iscsi_logout_req h = { .opcode = ISCSI_OP_LOGOUT_REQ | ISCSI_IMMEDIATE,
				      .flags = ISCSI_FINAL };
	const uint8_t cdb[10] = { 0x28, [8] = 1 };
	uint8_t bytes[3 * ISCSI_BHS_LEN];
	struct wire_pdu pdu = { .data = NULL };
	struct iscsi_scsi_cmd cmd = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0xc1 };
	struct wire_conn c;

	start(&c, *state, "");
	memcpy(cmd.cdb, cdb, sizeof(cdb));
	cmd.lun[1] = 1;
	be32_put(&cmd.edtl, 512);
	be32_put(&cmd.itt, 100);
	be32_put(&cmd.cmd_sn, c.cmd_sn);
	be32_put(&h.cmd_sn, c.cmd_sn + 1);
	memcpy(bytes, &cmd, sizeof(cmd));
	memcpy(bytes + ISCSI_BHS_LEN, &h, sizeof(h));
	be32_put(&cmd.itt, 101);
	be32_put(&cmd.cmd_sn, c.cmd_sn + 1);
	memcpy(bytes + 2 * ISCSI_BHS_LEN, &cmd, sizeof(cmd));
	/* All at once: the read ends in the turn that sends the response to the logout. */
	wire_send_bytes(&c, bytes, sizeof(bytes));
	do {
		assert_true(wire_recv(&c, &pdu));
	} while (pdu.bhs[0] != ISCSI_OP_LOGOUT_RSP);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

/* A Unit Attention is told once: its sense data must not be lost for want of memory. */
static void sense_data_needs_no_memory(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	unsigned long before;
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login(&c, "");
	wire_clear_ua(&c);
	/* Once, so that pools are warm. */
	c.itt = 50;
	wire_cmd(&c, (const uint8_t[6]){ 0xff }, 6, 0x81, 0, NULL, 0);
	assert_int_equal(wire_status(&c, 50, NULL, 0), 2);
	{
		struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0x81 };

		h.cdb[0] = 0xff;
		h.lun[1] = 1;
		be32_put(&h.itt, 51);
		be32_put(&h.cmd_sn, c.cmd_sn++);
		wire_send_bytes(&c, &h, sizeof(h));
	}
	before = t_alloc_count();
	wire_settle(c.w);
	assert_int_equal(t_alloc_count(), before);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_int_equal(pdu.rsp.status, 2);
	assert_true(pdu.len >= 2 + 18);
	assert_int_equal(get_be16(pdu.data), pdu.len - 2);
	assert_int_equal(pdu.data[2 + 2] & 0xf, SK_ILLEGAL_REQUEST);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_number_is_good_for_one_command),
		TEST(a_command_that_is_sent_again_is_ignored_while_it_runs),
		TEST(a_rejected_command_leaves_its_number_to_the_next),
		TEST(the_reserved_tag_is_no_command),
		TEST(an_early_command_may_be_aborted_before_its_turn),
		TEST(a_command_that_was_aborted_before_it_came_is_ignored),
		TEST(a_task_set_function_waits_for_the_commands_before_it),
		TEST(a_task_set_function_with_any_number_is_done),
		TEST(a_response_that_is_held_back_is_dropped_by_an_abort),
		TEST(numbered_requests_that_are_no_tasks_leave_no_gap),
		TEST(a_text_request_need_not_wait_for_its_turn),
		TEST(a_rejected_text_request_leaves_its_number),
		TEST(a_ping_with_a_wrong_digest_may_be_sent_again),
		TEST(nothing_follows_a_logout_response),
		TEST(sense_data_needs_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
