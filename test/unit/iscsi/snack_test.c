/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error recovery level 1: what the target sent and the initiator did not get is sent again on demand.
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

#define BYTES 8192u
#define BLOCKS (BYTES / 512)

enum snack_type { SNACK_DATA, SNACK_STATUS, SNACK_DATA_ACK, SNACK_RESEGMENT };

static uint8_t data[BYTES], back[BYTES];

static void start(struct wire_conn *c, struct wire *w, const char *keys)
{
	struct err err = { .code = ERR_OK };
	char text[400];
	size_t i;

	assert_int_equal(iscsi_transport.target_set(w->target, "ErrorRecoveryLevel", "1", &err), 0);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random();
	snprintf(text, sizeof(text), "ErrorRecoveryLevel=1\n%s", keys);
	wire_open(c, w);
	wire_login(c, text);
	wire_clear_ua(c);
}

static void snack(struct wire_conn *c, enum snack_type type, uint32_t itt, uint32_t ttt,
		  uint32_t first, uint32_t run)
{
	struct iscsi_snack h = { .opcode = ISCSI_OP_SNACK, .flags = (uint8_t)(0x80 | type) };

	h.lun[1] = 1;
	be32_put(&h.itt, itt);
	be32_put(&h.ttt, ttt);
	be32_put(&h.beg_run, first);
	be32_put(&h.run_length, run);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	wire_send(c, &h, NULL, 0);
}

static void expect_op(struct wire_conn *c, struct wire_pdu *pdu, uint8_t op)
{
	assert_true(wire_recv(c, pdu));
	assert_int_equal(pdu->bhs[0], op);
}

static void expect_reject(struct wire_conn *c, enum iscsi_reject_reason reason)
{
	struct wire_pdu pdu = { .data = NULL };

	expect_op(c, &pdu, ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, reason);
	c->exp_stat_sn = be32_get(pdu.reject.stat_sn) + 1;
	wire_pdu_free(&pdu);
}

static void silence(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	if (wire_recv(c, &pdu))
		fail_msg("PDU %02x", pdu.bhs[0]);
	assert_false(c->closed);
}

static uint32_t tur(struct wire_conn *c)
{
	static const uint8_t cdb[6];

	return wire_cmd(c, cdb, sizeof(cdb), 0x81, 0, NULL, 0);
}

/* Asks for nothing; only tells what has come. */
static void acknowledge(struct wire_conn *c)
{
	struct iscsi_nop_out h = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };

	be32_put(&h.itt, ISCSI_RESERVED_TAG);
	be32_put(&h.ttt, ISCSI_RESERVED_TAG);
	be32_put(&h.cmd_sn, c->cmd_sn);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	wire_send(c, &h, NULL, 0);
}

/* --- statuses --------------------------------------------------------------------------------- */

static void a_status_is_sent_again_until_it_is_acknowledged(void **state)
{
	struct wire_pdu first = { .data = NULL }, pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t sn;

	start(&c, *state, "HeaderDigest=CRC32C\n");
	sn = c.exp_stat_sn;
	tur(&c);
	tur(&c);
	expect_op(&c, &first, ISCSI_OP_SCSI_RSP);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, sn, 1);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_memory_equal(pdu.bhs, first.bhs, 28); /* up to ExpCmdSN and MaxCmdSN */
	assert_memory_equal(pdu.bhs + 36, first.bhs + 36, ISCSI_BHS_LEN - 36);
	silence(&c);
	/* All that are not acknowledged; from one on; and once more. */
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, 0, 0);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.stat_sn), sn);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.stat_sn), sn + 1);
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, sn + 1, 0);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.stat_sn), sn + 1);
	silence(&c);
	c.exp_stat_sn = sn + 1;
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, 0, 0);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.stat_sn), sn + 1);
	silence(&c);
	wire_pdu_free(&first);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void what_was_acknowledged_or_never_sent_is_not_sent_again(void **state)
{
	struct wire_conn c;
	uint32_t sn;

	start(&c, *state, "");
	sn = c.exp_stat_sn;
	assert_int_equal(wire_status(&c, tur(&c), NULL, 0), 0);
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, sn, 1);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, c.exp_stat_sn, 1);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, c.exp_stat_sn, 0x80000000);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	snack(&c, SNACK_DATA, 0x7777, ISCSI_RESERVED_TAG, 0, 0);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	snack(&c, SNACK_RESEGMENT, 0x7777, 5, 0, 0);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	snack(&c, (enum snack_type)4, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, 0, 0);
	expect_reject(&c, REJECT_INVALID_FIELD);
	/* None of it did any harm. */
	assert_int_equal(wire_status(&c, tur(&c), NULL, 0), 0);
	wire_close(&c);
}

static void answers_to_all_requests_are_kept(void **state)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	struct iscsi_text_req text = { .opcode = ISCSI_OP_TEXT_REQ | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	struct iscsi_tmf_req tmf = { .opcode = ISCSI_OP_TMF_REQ | ISCSI_IMMEDIATE,
				     .flags = 0x80 | TMF_LUN_RESET, .lun = { 0, 1 } };
	static const uint8_t ops[] = { ISCSI_OP_NOP_IN, ISCSI_OP_TEXT_RSP, ISCSI_OP_TMF_RSP };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	unsigned int round;
	size_t i;

	start(&c, *state, "DataDigest=CRC32C\n");
	be32_put(&nop.itt, 0x70);
	be32_put(&nop.ttt, ISCSI_RESERVED_TAG);
	be32_put(&nop.cmd_sn, c.cmd_sn);
	be32_put(&nop.exp_stat_sn, c.exp_stat_sn);
	wire_send(&c, &nop, "echo", 4);
	be32_put(&text.itt, 0x71);
	be32_put(&text.ttt, ISCSI_RESERVED_TAG);
	be32_put(&text.cmd_sn, c.cmd_sn);
	be32_put(&text.exp_stat_sn, c.exp_stat_sn);
	wire_send(&c, &text, "X-a=1", 6);
	be32_put(&tmf.itt, 0x72);
	be32_put(&tmf.cmd_sn, c.cmd_sn);
	be32_put(&tmf.exp_stat_sn, c.exp_stat_sn);
	wire_send(&c, &tmf, NULL, 0);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(ops); i++) {
			expect_op(&c, &pdu, ops[i]);
			assert_int_equal(be32_get(pdu.nop.stat_sn), c.exp_stat_sn + i);
			assert_true(i != 0 || !memcmp(pdu.data, "echo", 4));
			assert_true(i != 1 || !strcmp((char *)pdu.data, "X-a=NotUnderstood"));
		}
		snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, 0, 0);
	}
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* The initiator may use the tag again as soon as it has the status. */
static void a_tag_that_is_used_again_acknowledges_its_status(void **state)
{
	struct wire_conn c;
	uint32_t sn;

	start(&c, *state, "");
	sn = c.exp_stat_sn;
	assert_int_equal(wire_status(&c, tur(&c), NULL, 0), 0);
	c.exp_stat_sn = sn;
	c.itt--;
	assert_int_equal(wire_status(&c, tur(&c), NULL, 0), 0);
	wire_close(&c);
}

static void who_never_acknowledges_is_asked_and_then_cut_off(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i, statuses = 0, pings = 0;
	struct wire_conn c;

	start(&c, *state, "");
	for (i = 0; i < 5000; i++) {
		tur(&c); /* with the same ExpStatSN */
		if (i % 64)
			continue;
		while (wire_recv(&c, &pdu)) {
			statuses += pdu.bhs[0] == ISCSI_OP_SCSI_RSP;
			pings += pdu.bhs[0] == ISCSI_OP_NOP_IN;
		}
		if (c.closed)
			break;
	}
	assert_true(c.closed);
	assert_true(statuses > 4000 && statuses < 4200);
	assert_int_equal(pings, 1);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void an_idle_initiator_is_asked_what_it_has(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct iscsi_nop_out h = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	struct wire_conn c;

	start(&c, w, "");
	assert_int_equal(wire_status(&c, tur(&c), NULL, 0), 0);
	loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	expect_op(&c, &pdu, ISCSI_OP_NOP_IN);
	h.lun[1] = pdu.nop.lun[1];
	be32_put(&h.itt, ISCSI_RESERVED_TAG);
	h.ttt = pdu.nop.ttt;
	be32_put(&h.cmd_sn, c.cmd_sn);
	be32_put(&h.exp_stat_sn, c.exp_stat_sn);
	wire_send(&c, &h, NULL, 0);
	/* Nothing is left to ask for. */
	loop_clock_advance(w->core.loop, 10 * NSEC_PER_SEC);
	silence(&c);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* --- data of reads ---------------------------------------------------------------------------- */

/* Takes @n Data-In of @len bytes from @sn and @off on into back; the last with status if @status. */
static void take_data_in(struct wire_conn *c, uint32_t sn, uint32_t off, unsigned int n,
			 uint32_t len, bool status)
{
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i;

	for (i = 0; i < n; i++) {
		expect_op(c, &pdu, ISCSI_OP_DATA_IN);
		assert_int_equal(be32_get(pdu.data_in.data_sn), sn + i);
		assert_int_equal(be32_get(pdu.data_in.offset), off + i * len);
		assert_int_equal(pdu.len, len);
		assert_int_equal(pdu.data_in.flags & ISCSI_DIN_STATUS, status && i == n - 1);
		memcpy(back + off + i * len, pdu.data, len);
	}
	wire_pdu_free(&pdu);
}

static void write_all(struct wire_conn *c)
{
	assert_int_equal(wire_status(c, wire_write10(c, 0, BLOCKS, data, BYTES, true), NULL, 0), 0);
}

static void data_in_is_sent_again(void **state)
{
	struct wire_conn c;
	uint32_t itt;

	start(&c, *state, "MaxRecvDataSegmentLength=1024\nDataDigest=CRC32C\n");
	write_all(&c);
	itt = wire_read10(&c, 0, BLOCKS);
	take_data_in(&c, 0, 0, 8, 1024, true);
	memset(back, 0, sizeof(back));
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 2, 3);
	take_data_in(&c, 2, 2048, 3, 1024, false);
	assert_memory_equal(back + 2048, data + 2048, 3072);
	silence(&c);
	/* With RunLength 0 all the rest, the status included. */
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 5, 0);
	take_data_in(&c, 5, 5 * 1024, 3, 1024, true);
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 0, 0);
	take_data_in(&c, 0, 0, 8, 1024, true);
	assert_memory_equal(back, data, BYTES);
	silence(&c);
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 7, 2);
	c.exp_stat_sn++;
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	/* The reject's number told that the status is there: the task is gone. */
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 0, 0);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	wire_close(&c);
}

static void acknowledge_data(struct wire_conn *c, uint32_t ttt, uint32_t sn)
{
	snack(c, SNACK_DATA_ACK, ISCSI_RESERVED_TAG, ttt, sn, 0);
}

static void data_that_was_acknowledged_is_not_sent_again(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt, ttt = 0, i;

	start(&c, *state, "MaxRecvDataSegmentLength=1024\nMaxBurstLength=2048\n");
	write_all(&c);
	itt = wire_read10(&c, 0, BLOCKS);
	for (i = 0; i < 8; i++) {
		bool end = i % 2 && i != 7;

		expect_op(&c, &pdu, ISCSI_OP_DATA_IN);
		assert_int_equal(!!(pdu.data_in.flags & ISCSI_DIN_ACK), end);
		if (end) {
			ttt = be32_get(pdu.data_in.ttt);
			assert_int_equal(pdu.data_in.lun[1], 1);
			assert_int_equal(pdu.data_in.flags & ISCSI_FINAL, ISCSI_FINAL);
		} else {
			assert_int_equal(be32_get(pdu.data_in.ttt), ISCSI_RESERVED_TAG);
		}
	}
	assert_int_not_equal(ttt, ISCSI_RESERVED_TAG);
	acknowledge_data(&c, ttt, 4);
	acknowledge_data(&c, ttt, 2); /* an old one says nothing new */
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 4, 2);
	take_data_in(&c, 4, 4096, 2, 1024, false);
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 3, 1);
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_PROTOCOL_ERROR);
	acknowledge_data(&c, ttt, 9);
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_INVALID_DATA_ACK);
	/* Everything else has come. */
	c.exp_stat_sn += 3;
	acknowledge(&c);
	acknowledge_data(&c, ttt, 6);
	silence(&c);
	assert_int_equal(wire_status(&c, tur(&c), NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* RFC 7143 11.16.3 */
static void data_is_cut_anew_for_a_smaller_segment_length(void **state)
{
	struct iscsi_text_req h = { .opcode = ISCSI_OP_TEXT_REQ | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	static const char smaller[] = "MaxRecvDataSegmentLength=512";
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt, sn;

	start(&c, *state, "MaxRecvDataSegmentLength=1024\nMaxBurstLength=4096\n");
	write_all(&c);
	itt = wire_read10(&c, 0, BLOCKS);
	take_data_in(&c, 0, 0, 3, 1024, false);
	expect_op(&c, &pdu, ISCSI_OP_DATA_IN);
	acknowledge_data(&c, be32_get(pdu.data_in.ttt), 4);
	take_data_in(&c, 4, 4096, 4, 1024, true);
	sn = c.exp_stat_sn;
	be32_put(&h.itt, 0x71);
	be32_put(&h.ttt, ISCSI_RESERVED_TAG);
	be32_put(&h.cmd_sn, c.cmd_sn);
	be32_put(&h.exp_stat_sn, c.exp_stat_sn);
	wire_send(&c, &h, smaller, sizeof(smaller));
	expect_op(&c, &pdu, ISCSI_OP_TEXT_RSP);
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 4, 1);
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	memset(back, 0, sizeof(back));
	snack(&c, SNACK_RESEGMENT, itt, 0xabcd, 0, 0);
	take_data_in(&c, 4, 4096, 8, 512, false);
	assert_memory_equal(back + 4096, data + 4096, 4096);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.stat_sn), sn);
	assert_int_equal(be32_get(pdu.rsp.snack_tag), 0xabcd);
	assert_int_equal(be32_get(pdu.rsp.exp_data_sn), 12);
	assert_int_equal(be32_get(pdu.rsp.itt), itt);
	/* Of these, too, some may be asked for; and the status, with the tag. */
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 11, 1);
	take_data_in(&c, 11, 4096 + 7 * 512, 1, 512, false);
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, sn, 1);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.snack_tag), 0xabcd);
	snack(&c, SNACK_RESEGMENT, itt, 0xabce, 0, 0);
	take_data_in(&c, 4, 4096, 8, 512, false);
	expect_op(&c, &pdu, ISCSI_OP_SCSI_RSP);
	assert_int_equal(be32_get(pdu.rsp.stat_sn), sn);
	assert_int_equal(be32_get(pdu.rsp.snack_tag), 0xabce);
	c.exp_stat_sn = sn + 3;
	assert_int_equal(wire_status(&c, tur(&c), NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_status_is_sent_again_until_it_is_acknowledged),
		TEST(what_was_acknowledged_or_never_sent_is_not_sent_again),
		TEST(answers_to_all_requests_are_kept),
		TEST(a_tag_that_is_used_again_acknowledges_its_status),
		TEST(who_never_acknowledges_is_asked_and_then_cut_off),
		TEST(an_idle_initiator_is_asked_what_it_has),
		TEST(data_in_is_sent_again),
		TEST(data_that_was_acknowledged_is_not_sent_again),
		TEST(data_is_cut_anew_for_a_smaller_segment_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
