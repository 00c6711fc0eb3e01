/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error recovery level 1: what the initiator sent and was lost or damaged on its way is asked for again,
 * or comes again as the same command.
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
#define SOLICITED "InitialR2T=Yes\nImmediateData=No\n"

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

static void check_back(struct wire_conn *c)
{
	memset(back, 0, sizeof(back));
	assert_int_equal(wire_status(c, wire_read10(c, 0, BLOCKS), back, BYTES), 0);
	assert_memory_equal(data, back, BYTES);
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

static void expect_closed(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	while (wire_recv(c, &pdu))
		;
	assert_true(c->closed);
	wire_pdu_free(&pdu);
}

static void expect_r2t(struct wire_conn *c, uint32_t sn, uint32_t off, uint32_t len, uint32_t *ttt)
{
	struct wire_pdu pdu = { .data = NULL };

	expect_op(c, &pdu, ISCSI_OP_R2T);
	assert_int_equal(be32_get(pdu.r2t.r2t_sn), sn);
	assert_int_equal(be32_get(pdu.r2t.offset), off);
	assert_int_equal(be32_get(pdu.r2t.length), len);
	*ttt = be32_get(pdu.r2t.ttt);
	wire_pdu_free(&pdu);
}

static uint32_t tur(struct wire_conn *c)
{
	static const uint8_t cdb[6];

	return wire_cmd(c, cdb, sizeof(cdb), 0x81, 0, NULL, 0);
}

/* --- data of writes --------------------------------------------------------------------------- */

static void a_data_out_with_a_wrong_digest_is_asked_for_again(void **state)
{
	struct wire_conn c;
	uint32_t itt, ttt;
	unsigned int bad;

	for (bad = 0; bad < 4; bad++) {
		uint32_t i;

		start(&c, *state, SOLICITED "DataDigest=CRC32C\n");
		itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
		expect_r2t(&c, 0, 0, BYTES, &ttt);
		for (i = 0; i < 4; i++) {
			c.bad_ddigest = i == bad;
			if (i == bad)
				data[i * 2048 + 5] ^= 1;
			wire_data_out(&c, itt, ttt, i, i * 2048, data + i * 2048, 2048, i == 3);
			if (i == bad)
				data[i * 2048 + 5] ^= 1;
		}
		expect_reject(&c, REJECT_DATA_DIGEST);
		expect_r2t(&c, 1, bad * 2048, 2048, &ttt);
		wire_data_out(&c, itt, ttt, 0, bad * 2048, data + bad * 2048, 2048, true);
		assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
		check_back(&c);
		wire_close(&c);
	}
}

static void a_data_out_that_was_lost_is_asked_for_again(void **state)
{
	struct wire_conn c;
	uint32_t itt, ttt;

	start(&c, *state, "FirstBurstLength=4096\nInitialR2T=No\nMaxBurstLength=4096\n");
	/* Of the unsolicited data and of the R2T's. */
	itt = wire_write10(&c, 0, BLOCKS, data, 512, false);
	wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 1, 1024, data + 1024, 512, false);
	wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 3, 2048, data + 2048, 2048, true);
	expect_r2t(&c, 0, 512, 512, &ttt);
	wire_data_out(&c, itt, ttt, 0, 512, data + 512, 512, true);
	expect_r2t(&c, 1, 1536, 512, &ttt);
	wire_data_out(&c, itt, ttt, 0, 1536, data + 1536, 512, true);
	expect_r2t(&c, 2, 4096, 4096, &ttt);
	wire_data_out(&c, itt, ttt, 1, 5000, data + 5000, 1000, false);
	wire_data_out(&c, itt, ttt, 3, 7000, data + 7000, 1192, true);
	expect_r2t(&c, 3, 4096, 904, &ttt);
	wire_data_out(&c, itt, ttt, 0, 4096, data + 4096, 904, true);
	expect_r2t(&c, 4, 6000, 1000, &ttt);
	wire_data_out(&c, itt, ttt, 0, 6000, data + 6000, 1000, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
	check_back(&c);
	wire_close(&c);
}

static void the_last_data_out_that_was_lost_is_asked_for_after_a_while(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;
	uint32_t itt, ttt, late;

	start(&c, w, SOLICITED);
	itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
	expect_r2t(&c, 0, 0, BYTES, &late);
	wire_data_out(&c, itt, late, 0, 0, data, 4096, false);
	wire_settle(w);
	loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	silence(&c);
	loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	expect_r2t(&c, 1, 4096, 4096, &ttt);
	/* What comes for the old one is too late. */
	memset(back, 0, sizeof(back));
	wire_data_out(&c, itt, late, 1, 4096, back, 4096, true);
	silence(&c);
	wire_data_out(&c, itt, ttt, 0, 4096, data + 4096, 4096, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
	check_back(&c);
	wire_close(&c);
}

static void unsolicited_data_without_an_end_is_asked_for_after_a_while(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;
	uint32_t itt, ttt;

	start(&c, w, "FirstBurstLength=8192\nInitialR2T=No\n");
	itt = wire_write10(&c, 0, BLOCKS, data, 1024, false);
	wire_settle(w);
	loop_clock_advance(w->core.loop, 4 * NSEC_PER_SEC);
	expect_r2t(&c, 0, 1024, BYTES - 1024, &ttt);
	wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 0, 1024, back, BYTES - 1024, true);
	wire_data_out(&c, itt, ttt, 0, 1024, data + 1024, BYTES - 1024, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
	check_back(&c);
	/* A write that failed at once waits for the end of its data, too. */
	itt = wire_write10(&c, 0x7fffff00, BLOCKS, data, 1024, false);
	silence(&c);
	loop_clock_advance(w->core.loop, 4 * NSEC_PER_SEC);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 2);
	wire_close(&c);
}

static void an_initiator_that_never_sends_the_data_fails_its_write(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i, r2ts = 0;
	struct wire_conn c;

	start(&c, w, SOLICITED);
	wire_write10(&c, 0, BLOCKS, NULL, 0, true);
	for (i = 0; i < 200; i++) {
		loop_clock_advance(w->core.loop, NSEC_PER_SEC);
		while (wire_recv(&c, &pdu) && pdu.bhs[0] == ISCSI_OP_R2T)
			r2ts++;
		if (pdu.data && pdu.bhs[0] == ISCSI_OP_SCSI_RSP)
			break;
	}
	assert_true(i > 30 && i < 120);
	assert_true(r2ts > 3 && r2ts < 10);
	assert_int_equal(pdu.rsp.status, 2);
	assert_int_equal(pdu.data[2 + 12], 0x47);
	c.exp_stat_sn = be32_get(pdu.rsp.stat_sn) + 1;
	memset(data, 0, sizeof(data));
	check_back(&c);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* What is there already must not be lost to a copy that is damaged. */
static void a_damaged_copy_counts_for_nothing(void **state)
{
	struct wire_conn c;
	uint32_t itt, ttt;

	start(&c, *state, SOLICITED "DataDigest=CRC32C\n");
	itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
	expect_r2t(&c, 0, 0, BYTES, &ttt);
	wire_data_out(&c, itt, ttt, 0, 0, data, BYTES / 2, false);
	memset(back, 0x55, sizeof(back));
	c.bad_ddigest = true;
	wire_data_out(&c, itt, ttt, 1, 1024, back, 512, false);
	expect_reject(&c, REJECT_DATA_DIGEST);
	wire_data_out(&c, itt, ttt, 2, BYTES / 2, data + BYTES / 2, BYTES / 2, true);
	expect_r2t(&c, 1, 1024, 512, &ttt);
	wire_data_out(&c, itt, ttt, 0, 1024, data + 1024, 512, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
	check_back(&c);
	wire_close(&c);
}

static void r2ts_are_sent_again(void **state)
{
	struct wire_conn c;
	uint32_t itt, ttt[4], again;

	start(&c, *state, SOLICITED "MaxBurstLength=2048\nMaxOutstandingR2T=3\n");
	itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
	expect_r2t(&c, 0, 0, 2048, &ttt[0]);
	expect_r2t(&c, 1, 2048, 2048, &ttt[1]);
	expect_r2t(&c, 2, 4096, 2048, &ttt[2]);
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 1, 2);
	expect_r2t(&c, 1, 2048, 2048, &again);
	assert_int_equal(again, ttt[1]);
	expect_r2t(&c, 2, 4096, 2048, &again);
	assert_int_equal(again, ttt[2]);
	wire_data_out(&c, itt, ttt[0], 0, 0, data, 2048, true);
	expect_r2t(&c, 3, 6144, 2048, &ttt[3]);
	/* The first was answered; there is no fifth. */
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 0, 0);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 3, 2);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	snack(&c, SNACK_DATA, itt, ISCSI_RESERVED_TAG, 1, 0);
	expect_r2t(&c, 1, 2048, 2048, &again);
	expect_r2t(&c, 2, 4096, 2048, &again);
	expect_r2t(&c, 3, 6144, 2048, &again);
	wire_data_out(&c, itt, ttt[1], 0, 2048, data + 2048, 2048, true);
	wire_data_out(&c, itt, ttt[2], 0, 4096, data + 4096, 2048, true);
	wire_data_out(&c, itt, ttt[3], 0, 6144, data + 6144, 2048, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
	check_back(&c);
	wire_close(&c);
}

static void write_all(struct wire_conn *c)
{
	assert_int_equal(wire_status(c, wire_write10(c, 0, BLOCKS, data, BYTES, true), NULL, 0), 0);
}

/* --- requests --------------------------------------------------------------------------------- */

static void a_command_with_damaged_data_may_be_sent_again(void **state)
{
	static const uint8_t immediate[] = { 0, ISCSI_IMMEDIATE };
	struct wire_conn c;
	size_t i;

	start(&c, *state, "DataDigest=CRC32C\n");
	write_all(&c);
	for (i = 0; i < ARRAY_SIZE(immediate); i++) {
		struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD | immediate[i],
					    .flags = 0x81 | ISCSI_CMD_WRITE, .lun = { 0, 1 },
					    .cdb = { 0x2a, [8] = 2 } };
		uint8_t bytes[1024];

		memset(bytes, (int)i + 1, sizeof(bytes));
		be32_put(&h.itt, 0x600);
		be32_put(&h.edtl, 1024);
		be32_put(&h.cmd_sn, c.cmd_sn);
		be32_put(&h.exp_stat_sn, c.exp_stat_sn);
		c.bad_ddigest = true;
		wire_send(&c, &h, bytes, sizeof(bytes));
		expect_reject(&c, REJECT_DATA_DIGEST);
		silence(&c);
		/* Nothing of it was written; the number is still the next. An immediate one needs no turn. */
		be32_put(&h.exp_stat_sn, c.exp_stat_sn);
		be32_put(&h.cmd_sn, c.cmd_sn + !!immediate[i]);
		wire_send(&c, &h, bytes, sizeof(bytes));
		c.cmd_sn += !immediate[i];
		assert_int_equal(wire_status(&c, 0x600, NULL, 0), 0);
		memcpy(data, bytes, sizeof(bytes));
		check_back(&c);
	}
	wire_close(&c);
}

static void a_header_with_a_wrong_digest_is_skipped(void **state)
{
	struct wire_conn c;
	uint32_t first, second;

	start(&c, *state, "HeaderDigest=CRC32C\nDataDigest=CRC32C\n");
	write_all(&c);
	/* With its data; a later command has to wait, as the number is missing. */
	memset(data, 9, 512);
	c.bad_hdigest = true;
	first = wire_write10(&c, 0, 1, data, 512, true);
	second = tur(&c);
	silence(&c);
	c.itt = first;
	c.cmd_sn -= 2;
	wire_write10(&c, 0, 1, data, 512, true);
	assert_int_equal(wire_status(&c, second, NULL, 0), 0); /* it waits for no disk */
	assert_int_equal(wire_status(&c, first, NULL, 0), 0);
	c.cmd_sn++;
	c.itt = second + 1;
	check_back(&c);
	wire_close(&c);
}

static void a_header_that_cannot_be_skipped_ends_the_connection(void **state)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	uint8_t bytes[ISCSI_BHS_LEN + 4] = { 0 };
	struct wire_conn c;

	/* Two in a row. */
	start(&c, *state, "HeaderDigest=CRC32C\n");
	c.bad_hdigest = true;
	tur(&c);
	c.bad_hdigest = true;
	tur(&c);
	expect_closed(&c);
	wire_close(&c);
	/* The length was wrong, so that what follows is no header. */
	start(&c, *state, "HeaderDigest=CRC32C\n");
	memcpy(bytes, &nop, sizeof(nop));
	bytes[7] = 60;
	wire_send_bytes(&c, bytes, sizeof(bytes));
	tur(&c);
	tur(&c);
	tur(&c);
	expect_closed(&c);
	wire_close(&c);
	/* ... and more than was declared. */
	start(&c, *state, "HeaderDigest=CRC32C\n");
	bytes[5] = 0xff;
	wire_send_bytes(&c, bytes, sizeof(bytes));
	expect_closed(&c);
	wire_close(&c);
}

static void level_0_ends_the_connection_where_level_1_goes_on(void **state)
{
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login(&c, "HeaderDigest=CRC32C\n");
	wire_clear_ua(&c);
	snack(&c, SNACK_STATUS, ISCSI_RESERVED_TAG, ISCSI_RESERVED_TAG, 0, 0);
	expect_reject(&c, REJECT_SNACK);
	c.bad_hdigest = true;
	tur(&c);
	expect_closed(&c);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_data_out_with_a_wrong_digest_is_asked_for_again),
		TEST(a_data_out_that_was_lost_is_asked_for_again),
		TEST(the_last_data_out_that_was_lost_is_asked_for_after_a_while),
		TEST(unsolicited_data_without_an_end_is_asked_for_after_a_while),
		TEST(an_initiator_that_never_sends_the_data_fails_its_write),
		TEST(a_damaged_copy_counts_for_nothing),
		TEST(r2ts_are_sent_again),
		TEST(a_command_with_damaged_data_may_be_sent_again),
		TEST(a_header_with_a_wrong_digest_is_skipped),
		TEST(a_header_that_cannot_be_skipped_ends_the_connection),
		TEST(level_0_ends_the_connection_where_level_1_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
