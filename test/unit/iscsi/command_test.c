/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCSI Command PDUs field by field: additional headers, lengths against directions,
 * immediate ones, residuals.
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
#include "t_loop.h"

static uint8_t data[65536];

static void start(struct wire_conn *c, struct wire *w, const char *keys)
{
	wire_open(c, w);
	wire_login(c, keys);
	wire_clear_ua(c);
}

/* The header, then @ahs as it is. */
static uint32_t send_cmd(struct wire_conn *c, struct iscsi_scsi_cmd *h, const void *ahs, size_t n)
{
	uint32_t itt = c->itt++;

	h->opcode |= ISCSI_OP_SCSI_CMD;
	h->ahs_words = (uint8_t)(n / 4);
	h->lun[1] = 1;
	be32_put(&h->itt, itt);
	be32_put(&h->cmd_sn, c->cmd_sn);
	c->cmd_sn += !(h->opcode & ISCSI_IMMEDIATE);
	wire_send_bytes(c, h, sizeof(*h));
	wire_send_bytes(c, ahs, n);
	return itt;
}

/* --- additional header segments (RFC 7143 11.2.2) --------------------------------------------- */

/* TEST UNIT READY with what would be legal, or not, behind it. */
static void additional_headers_are_taken_or_cost_the_connection(void **state)
{
	static const struct {
		const char *what;
		size_t len;
		uint8_t bytes[32];
		bool ok;
	} table[] = {
		{ "an extended CDB of 17 bytes", 8, { 0, 2, 1, 0 }, true },
		{ "one of 32 bytes", 20, { 0, 17, 1, 0 }, true },
		{ "a bidirectional read length", 8, { 0, 5, 2, 0, 0, 0, 2, 0 }, true },
		{ "both", 16, { 0, 2, 1, 0, 0, 0, 0, 0, 0, 5, 2, 0, 0, 0, 2, 0 }, true },
		{ "an extended CDB without bytes", 4, { 0, 1, 1, 0 }, false },
		{ "a length of nothing", 4, { 0, 0, 1, 0 }, false },
		{ "longer than the header says", 8, { 0, 6, 1, 0 }, false },
		{ "much longer", 8, { 0xff, 0xff, 1, 0 }, false },
		{ "an unknown type", 8, { 0, 5, 3, 0 }, false },
		{ "type 0", 8, { 0, 5, 0, 0 }, false },
		{ "two extended CDBs", 16, { 0, 5, 1, 0, 0, 0, 0, 0, 0, 5, 1, 0 }, false },
		{ "two read lengths", 16, { 0, 5, 2, 0, 0, 0, 0, 0, 0, 5, 2, 0 }, false },
		{ "a read length of 3 bytes", 8, { 0, 4, 2, 0 }, false },
		{ "a segment that is cut short", 12, { 0, 5, 2, 0, 0, 0, 0, 0, 0, 9, 1 }, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct iscsi_scsi_cmd h = { .flags = 0x81 };
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;

		start(&c, *state, "");
		send_cmd(&c, &h, table[i].bytes, table[i].len);
		if (!wire_recv(&c, &pdu))
			fail_msg("%s: no answer", table[i].what);
		if (pdu.bhs[0] != (table[i].ok ? ISCSI_OP_SCSI_RSP : ISCSI_OP_REJECT))
			fail_msg("%s: opcode %02x", table[i].what, pdu.bhs[0]);
		assert_int_equal(c.closed || !wire_recv(&c, &pdu), true);
		assert_int_equal(c.closed, !table[i].ok);
		wire_pdu_free(&pdu);
		wire_close(&c);
	}
}

/* A vendor specific opcode that is told by its sense data: the CDB arrived whole, nothing leaks. */
static void a_cdb_may_have_260_bytes_and_no_more(void **state)
{
	uint8_t ahs[4 + 248] = { 0, 1 + 244, ISCSI_AHS_EXT_CDB };
	struct iscsi_scsi_cmd h = { .flags = 0x81, .cdb = { 0x7f, [7] = 252 } };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, *state, "");
	assert_int_equal(wire_status(&c, send_cmd(&c, &h, ahs, 4 + 244), NULL, 0), 2);
	assert_int_equal(wire_status(&c, send_cmd(&c, &h, ahs, 4 + 244), NULL, 0), 2);
	ahs[1] = 1 + 245;
	send_cmd(&c, &h, ahs, 4 + 248);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
	assert_false(wire_recv(&c, &pdu));
	wire_close(&c);
}

/* READ(32) and WRITE(32) are such commands; whether the disk knows them is not ours to say. */
static void a_command_with_an_additional_header_may_carry_data(void **state)
{
	uint8_t bytes[ISCSI_BHS_LEN + 20 + 512] = { 0 };
	struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0x81 | ISCSI_CMD_WRITE,
				    .ahs_words = 5, .cdb = { 0x2a, [8] = 1 } };
	uint8_t back[512];
	struct wire_conn c;
	size_t cut;

	start(&c, *state, "");
	memset(bytes + sizeof(h) + 20, 0x5a, 512);
	h.lun[1] = 1;
	be24_put(&h.data_len, 512);
	be32_put(&h.edtl, 512);
	bytes[sizeof(h) + 1] = 17;
	bytes[sizeof(h) + 2] = ISCSI_AHS_EXT_CDB;
	for (cut = 1; cut < 80; cut++) {
		be32_put(&h.itt, c.itt);
		be32_put(&h.cmd_sn, c.cmd_sn++);
		memcpy(bytes, &h, sizeof(h));
		wire_send_bytes(&c, bytes, cut);
		wire_settle(c.w);
		wire_send_bytes(&c, bytes + cut, sizeof(bytes) - cut);
		assert_int_equal(wire_status(&c, c.itt++, NULL, 0), 0);
	}
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), back, sizeof(back)), 0);
	assert_memory_equal(back, bytes + sizeof(h) + 20, 512);
	wire_close(&c);
}

/* --- lengths and directions ------------------------------------------------------------------- */

static void the_residual_tells_how_lengths_differ(void **state)
{
	static const struct {
		uint8_t op, blocks, flags; /* flags: R or W */
		uint32_t edtl;
		uint8_t want; /* O or U */
		uint32_t residual;
	} table[] = {
		{ 0x28, 2, ISCSI_CMD_READ, 1024, 0, 0 },
		{ 0x28, 2, ISCSI_CMD_READ, 4096, ISCSI_RSP_UNDER, 3072 },
		{ 0x28, 2, ISCSI_CMD_READ, 512, ISCSI_RSP_OVER, 512 },
		{ 0x28, 2, ISCSI_CMD_READ, 0, ISCSI_RSP_OVER, 1024 },
		{ 0x28, 2, 0, 0, ISCSI_RSP_OVER, 1024 },
		{ 0x28, 0, ISCSI_CMD_READ, 512, ISCSI_RSP_UNDER, 512 },
		{ 0x2a, 2, ISCSI_CMD_WRITE, 1024, 0, 0 },
		{ 0x2a, 2, ISCSI_CMD_WRITE, 4096, ISCSI_RSP_UNDER, 3072 },
		{ 0x2a, 2, ISCSI_CMD_WRITE, 512, ISCSI_RSP_OVER, 512 },
		{ 0x00, 0, ISCSI_CMD_READ, 512, ISCSI_RSP_UNDER, 512 },
		{ 0x00, 0, ISCSI_CMD_WRITE, 512, ISCSI_RSP_UNDER, 512 },
		{ 0x00, 0, 0, 0, 0, 0 },
	};
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	size_t i;

	start(&c, *state, "FirstBurstLength=65536\n");
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const uint8_t cdb[10] = { table[i].op, [8] = table[i].blocks };
		bool write = table[i].flags == ISCSI_CMD_WRITE;
		uint8_t flags;

		wire_cmd(&c, cdb, sizeof(cdb), (uint8_t)(0x81 | table[i].flags), table[i].edtl,
			 data, write ? table[i].edtl : 0);
		do {
			assert_true(wire_recv(&c, &pdu));
		} while (pdu.bhs[0] == ISCSI_OP_DATA_IN && !(pdu.bhs[1] & ISCSI_DIN_STATUS));
		flags = pdu.bhs[1] & (ISCSI_RSP_OVER | ISCSI_RSP_UNDER);
		if (flags != table[i].want || be32_get(pdu.rsp.residual) != table[i].residual)
			fail_msg("row %zu: flags %02x residual %u", i, flags,
				 be32_get(pdu.rsp.residual));
	}
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void what_contradicts_itself_ends_the_connection(void **state)
{
	static const struct {
		const char *keys;
		uint8_t flags;
		uint32_t edtl, imm;
	} table[] = {
		{ "", 0x81 | ISCSI_CMD_READ, 512, 512 },	 /* data with a read */
		{ "", 0x81, 0, 512 },				 /* ... with neither */
		{ "", 0x01 | ISCSI_CMD_READ, 512, 0 },		 /* a read that is not final */
		{ "", 0x81 | ISCSI_CMD_WRITE, 512, 1024 },	 /* more than it says */
		{ "ImmediateData=No\n", 0x81 | ISCSI_CMD_WRITE, 512, 512 },
		{ "InitialR2T=Yes\n", 0x01 | ISCSI_CMD_WRITE, 1024, 512 },
		{ "FirstBurstLength=512\n", 0x81 | ISCSI_CMD_WRITE, 1024, 1024 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		static const uint8_t cdb[10] = { 0x2a, [8] = 1 };
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;

		start(&c, *state, table[i].keys);
		wire_cmd(&c, cdb, sizeof(cdb), table[i].flags, table[i].edtl, data, table[i].imm);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
		assert_int_equal(pdu.reject.reason, REJECT_PROTOCOL_ERROR);
		assert_false(wire_recv(&c, &pdu));
		assert_true(c.closed);
		wire_close(&c);
	}
}

/* --- immediate commands ----------------------------------------------------------------------- */

static void immediate_commands_use_no_number_and_are_bounded(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i, r2ts = 0, rejected = 0;
	struct wire_conn c;

	start(&c, *state, "InitialR2T=Yes\nImmediateData=No\n");
	for (i = 0; i < 200; i++) {
		struct iscsi_scsi_cmd h = { .opcode = ISCSI_IMMEDIATE,
					    .flags = 0x80 | ISCSI_CMD_WRITE | 1,
					    .cdb = { 0x2a, [8] = 1 } };

		be32_put(&h.edtl, 512);
		send_cmd(&c, &h, NULL, 0);
	}
	while (wire_recv(&c, &pdu)) {
		r2ts += pdu.bhs[0] == ISCSI_OP_R2T;
		rejected += pdu.bhs[0] == ISCSI_OP_REJECT &&
			    pdu.reject.reason == REJECT_TOO_MANY_IMMEDIATE;
	}
	assert_int_equal(r2ts + rejected, 200);
	assert_in_range(r2ts, 1, 64);
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), NULL, 0), 0);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(additional_headers_are_taken_or_cost_the_connection),
		TEST(a_cdb_may_have_260_bytes_and_no_more),
		TEST(a_command_with_an_additional_header_may_carry_data),
		TEST(the_residual_tells_how_lengths_differ),
		TEST(what_contradicts_itself_ends_the_connection),
		TEST(immediate_commands_use_no_number_and_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
