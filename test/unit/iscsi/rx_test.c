/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receive machine: how bytes are cut makes no difference, and what is out of
 * bounds costs the connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi_wire.h"

/* A login, a write with immediate data, a read, a NOP and a logout, with digests. */
static void conversation(struct wire *w, size_t chop, const char *keys)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	struct iscsi_logout_req out = { .opcode = ISCSI_OP_LOGOUT_REQ, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	uint8_t data[1024], back[1024];
	struct wire_conn c;
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + chop);
	wire_open(&c, w);
	c.chop = chop;
	wire_login(&c, keys);
	wire_clear_ua(&c);
	assert_int_equal(wire_status(&c, wire_write10(&c, 5, 2, data, 1024, true), NULL, 0), 0);
	assert_int_equal(wire_status(&c, wire_read10(&c, 5, 2), back, sizeof(back)), 0);
	assert_memory_equal(data, back, sizeof(data));
	be32_put(&nop.itt, 0x77);
	be32_put(&nop.ttt, ISCSI_RESERVED_TAG);
	be32_put(&nop.cmd_sn, c.cmd_sn);
	wire_send(&c, &nop, "ping!", 5);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_NOP_IN);
	assert_int_equal(pdu.len, 5);
	assert_memory_equal(pdu.data, "ping!", 5);
	be32_put(&out.itt, 0x78);
	be32_put(&out.cmd_sn, c.cmd_sn);
	wire_send(&c, &out, NULL, 0);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_LOGOUT_RSP);
	assert_int_equal(pdu.logout.response, 0);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

static void every_cut_of_the_stream_gives_the_same_conversation(void **state)
{
	size_t chop;

	for (chop = 1; chop < 120; chop++)
		conversation(*state, chop, "HeaderDigest=CRC32C\nDataDigest=CRC32C\n");
	for (chop = 1; chop < 60; chop++)
		conversation(*state, chop, "");
	conversation(*state, 0, "HeaderDigest=CRC32C\n");
	conversation(*state, 0, "DataDigest=CRC32C\n");
}

static void a_wrong_header_digest_ends_the_connection(void **state)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	uint8_t bytes[52] = { 0 };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login(&c, "HeaderDigest=CRC32C\n");
	memcpy(bytes, &nop, sizeof(nop));
	wire_send_bytes(&c, bytes, sizeof(bytes));
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

static void a_wrong_data_digest_of_a_data_out_fails_the_task_only(void **state)
{
	uint8_t data[512] = { 1 };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt;

	wire_open(&c, *state);
	wire_login(&c, "DataDigest=CRC32C\nInitialR2T=Yes\nImmediateData=No\n");
	wire_clear_ua(&c);
	itt = wire_write10(&c, 0, 1, NULL, 0, true);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_R2T);
	c.ddigest = false; /* send zeroes where the digest belongs */
	wire_data_out(&c, itt, be32_get(pdu.r2t.ttt), 0, 0, data, 512, true);
	wire_send_bytes(&c, "\0\0\0\0", 4);
	c.ddigest = true;
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_DATA_DIGEST);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_SCSI_RSP);
	assert_int_equal(pdu.rsp.status, 2);
	assert_int_equal(pdu.data[2 + 2] & 0xf, 0xb);
	assert_int_equal(pdu.data[2 + 12], 0x47);
	wire_pdu_free(&pdu);
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), NULL, 0), 0);
	wire_close(&c);
}

static void a_data_segment_beyond_the_declared_length_ends_the_connection(void **state)
{
	struct iscsi_nop_out nop = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login(&c, "");
	be24_put((struct be24 *)((uint8_t *)&nop + 5), 262144 + 4);
	wire_send_bytes(&c, &nop, sizeof(nop));
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

static void an_unknown_opcode_is_rejected_and_the_session_goes_on(void **state)
{
	uint8_t bhs[48] = { 0x1d, 0x80 };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login(&c, "");
	wire_send(&c, bhs, "some data", 9);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_UNSUPPORTED);
	assert_memory_equal(pdu.data, bhs, 4);
	wire_pdu_free(&pdu);
	wire_clear_ua(&c);
	wire_close(&c);
}

static void garbage_instead_of_a_login_ends_the_connection_only(void **state)
{
	unsigned int seed, i;

	for (seed = 1; seed < 200; seed++) {
		struct wire_pdu pdu = { .data = NULL };
		uint8_t junk[400];
		struct wire_conn c;

		srand(seed);
		for (i = 0; i < sizeof(junk); i++)
			junk[i] = (uint8_t)rand();
		if (seed & 1)
			junk[0] = 0x43;
		wire_open(&c, *state);
		wire_send_bytes(&c, junk, sizeof(junk));
		while (wire_recv(&c, &pdu))
			;
		wire_close(&c);
	}
	conversation(*state, 0, "");
}

/* Valid headers of a random kind with random fields, after a login. */
static void random_pdus_cost_the_connection_at_most(void **state)
{
	static const uint8_t ops[] = { 0x00, 0x40, 0x01, 0x41, 0x02, 0x42, 0x04, 0x44,
				       0x05, 0x06, 0x46, 0x10, 0x43, 0x1c };
	unsigned int seed, i, k;

	for (seed = 1; seed < 400; seed++) {
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;
		uint8_t data[2048];

		srand(seed);
		wire_open(&c, *state);
		wire_login(&c, seed & 1 ? "InitialR2T=Yes\n" : "");
		for (k = 0; k < 30 && !c.closed; k++) {
			uint8_t bhs[48];

			for (i = 0; i < sizeof(bhs); i++)
				bhs[i] = (uint8_t)(rand() % 3 ? 0 : rand());
			for (i = 0; i < sizeof(data); i++)
				data[i] = (uint8_t)rand();
			bhs[0] = ops[(unsigned int)rand() % sizeof(ops)];
			bhs[4] = 0;
			bhs[9] = (uint8_t)(rand() % 3);
			put_be32(bhs + 16, (uint32_t)rand() % 4);
			if (rand() % 2)
				put_be32(bhs + 24, c.cmd_sn++);
			wire_send(&c, bhs, data, (uint32_t)rand() % sizeof(data));
			while (wire_recv(&c, &pdu))
				;
		}
		wire_close(&c);
	}
	conversation(*state, 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_cut_of_the_stream_gives_the_same_conversation,
						wire_setup, wire_teardown),
		cmocka_unit_test_setup_teardown(a_wrong_header_digest_ends_the_connection, wire_setup,
						wire_teardown),
		cmocka_unit_test_setup_teardown(a_wrong_data_digest_of_a_data_out_fails_the_task_only,
						wire_setup, wire_teardown),
		cmocka_unit_test_setup_teardown(
			a_data_segment_beyond_the_declared_length_ends_the_connection, wire_setup,
			wire_teardown),
		cmocka_unit_test_setup_teardown(an_unknown_opcode_is_rejected_and_the_session_goes_on,
						wire_setup, wire_teardown),
		cmocka_unit_test_setup_teardown(garbage_instead_of_a_login_ends_the_connection_only,
						wire_setup, wire_teardown),
		cmocka_unit_test_setup_teardown(random_pdus_cost_the_connection_at_most, wire_setup,
						wire_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
