/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data of writes and reads: immediate, unsolicited, by R2T, in segments and bursts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi_wire.h"

#define BYTES 65536u
#define BLOCKS (BYTES / 512)

static uint8_t data[BYTES], back[BYTES];

static void fill(unsigned int seed)
{
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 512 + seed);
}

static void start(struct wire_conn *c, struct wire *w, const char *keys)
{
	wire_open(c, w);
	wire_login(c, keys);
	wire_clear_ua(c);
}

static void check_back(struct wire_conn *c)
{
	memset(back, 0, sizeof(back));
	assert_int_equal(wire_status(c, wire_read10(c, 0, BLOCKS), back, BYTES), 0);
	assert_memory_equal(data, back, BYTES);
}

/* Answers R2Ts until the status comes, @step bytes a PDU; returns it, and the R2Ts seen. */
static uint8_t answer_r2ts(struct wire_conn *c, uint32_t itt, uint32_t step, unsigned int *r2ts)
{
	struct wire_pdu pdu = { .data = NULL };

	*r2ts = 0;
	for (;;) {
		uint32_t off, len, ttt, sn = 0;

		assert_true(wire_recv(c, &pdu));
		assert_int_equal(be32_get(pdu.r2t.itt), itt);
		if (pdu.bhs[0] != ISCSI_OP_R2T) {
			uint8_t status = pdu.rsp.status;

			assert_int_equal(pdu.bhs[0], ISCSI_OP_SCSI_RSP);
			c->exp_stat_sn = be32_get(pdu.rsp.stat_sn) + 1;
			wire_pdu_free(&pdu);
			return status;
		}
		assert_int_equal(be32_get(pdu.r2t.r2t_sn), *r2ts);
		++*r2ts;
		off = be32_get(pdu.r2t.offset);
		len = be32_get(pdu.r2t.length);
		ttt = be32_get(pdu.r2t.ttt);
		while (len) {
			uint32_t n = len < step ? len : step;

			wire_data_out(c, itt, ttt, sn++, off, data + off, n, n == len);
			off += n;
			len -= n;
		}
	}
}

static void every_mix_of_immediate_unsolicited_and_solicited_data_writes_the_same(void **state)
{
	static const struct {
		const char *keys;
		uint32_t imm, unsol;
	} mixes[] = {
		{ "InitialR2T=Yes\nImmediateData=No\nMaxBurstLength=8192\nFirstBurstLength=4096\n", 0, 0 },
		{ "InitialR2T=Yes\nImmediateData=Yes\nMaxBurstLength=16384\nFirstBurstLength=4096\n", 4096, 0 },
		{ "InitialR2T=Yes\nImmediateData=Yes\nFirstBurstLength=4096\n", 3, 0 },
		{ "InitialR2T=No\nImmediateData=No\nMaxBurstLength=8192\nFirstBurstLength=8192\n", 0, 8192 },
		{ "InitialR2T=No\nImmediateData=Yes\nMaxBurstLength=8192\nFirstBurstLength=8192\n", 1024, 7168 },
		{ "InitialR2T=No\nImmediateData=Yes\nFirstBurstLength=65536\n", 65536, 0 },
		{ "InitialR2T=No\nImmediateData=Yes\nFirstBurstLength=65536\n", 512, 65024 },
		{ "InitialR2T=No\nImmediateData=Yes\nMaxBurstLength=512\nFirstBurstLength=512\n", 512, 0 },
		{ "InitialR2T=No\nHeaderDigest=CRC32C\nDataDigest=CRC32C\nFirstBurstLength=8192\n", 8192, 0 },
		{ "InitialR2T=No\nMaxOutstandingR2T=1\nMaxBurstLength=4096\nFirstBurstLength=512\n", 0, 0 },
		{ "InitialR2T=No\nMaxOutstandingR2T=65535\nMaxBurstLength=512\nFirstBurstLength=512\n", 0, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mixes); i++) {
		unsigned int r2ts, sn = 0;
		uint32_t itt, off = mixes[i].imm, left = mixes[i].unsol;
		struct wire_conn c;

		fill((unsigned int)i);
		start(&c, *state, mixes[i].keys);
		itt = wire_write10(&c, 0, BLOCKS, data, mixes[i].imm, !left);
		while (left) {
			uint32_t n = left < 3000 ? left : 3000;

			wire_data_out(&c, itt, ISCSI_RESERVED_TAG, sn++, off, data + off, n, n == left);
			off += n;
			left -= n;
		}
		assert_int_equal(answer_r2ts(&c, itt, 2500, &r2ts), 0);
		assert_int_equal(r2ts == 0, mixes[i].imm + mixes[i].unsol == BYTES);
		check_back(&c);
		wire_close(&c);
	}
}

static void as_many_r2ts_are_outstanding_as_were_agreed(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	unsigned int n = 0;
	struct wire_conn c;

	start(&c, *state, "InitialR2T=Yes\nImmediateData=No\nMaxOutstandingR2T=3\nMaxBurstLength=4096\n"
			  "FirstBurstLength=4096\n");
	wire_write10(&c, 0, BLOCKS, NULL, 0, true);
	while (wire_recv(&c, &pdu)) {
		assert_int_equal(pdu.bhs[0], ISCSI_OP_R2T);
		assert_int_equal(be32_get(pdu.r2t.offset), n * 4096);
		n++;
	}
	assert_int_equal(n, 3);
	wire_close(&c);
}

static void a_read_is_cut_into_segments_and_bursts(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	uint32_t off = 0, sn = 0;
	struct wire_conn c;

	start(&c, *state, "MaxRecvDataSegmentLength=3000\nMaxBurstLength=7000\nFirstBurstLength=512\n");
	wire_read10(&c, 0, BLOCKS);
	while (off < BYTES) {
		uint32_t burst = off % 7000, want = 7000 - burst < 3000 ? 7000 - burst : 3000;
		bool last;

		if (want > BYTES - off)
			want = BYTES - off;
		last = off + want == BYTES;
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.bhs[0], ISCSI_OP_DATA_IN);
		assert_int_equal(pdu.len, want);
		assert_int_equal(be32_get(pdu.data_in.data_sn), sn++);
		assert_int_equal(be32_get(pdu.data_in.offset), off);
		assert_int_equal(!!(pdu.bhs[1] & ISCSI_FINAL), last || burst + want == 7000);
		assert_int_equal(!!(pdu.bhs[1] & ISCSI_DIN_STATUS), last);
		off += want;
	}
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* Each must end the connection, and must not touch memory that is not the command's. */
static void data_out_of_bounds_ends_the_connection(void **state)
{
	static const struct {
		uint32_t sn, off, len;
		bool final;
	} bad[] = {
		{ 0, 4096, 512, true },	      /* not where the R2T began */
		{ 0, 0, 8192, true },	      /* more than was asked for */
		{ 0, 0, 4096, false },	      /* all of it, and no F */
		{ 0, 0, 512, true },	      /* F, and not all of it */
		{ 0, 0xfffffe00, 512, true }, /* wraps around */
	};
	size_t i;

	fill(1);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;
		uint32_t itt;

		start(&c, *state, "InitialR2T=Yes\nImmediateData=No\nMaxBurstLength=4096\n"
				  "FirstBurstLength=4096\nMaxOutstandingR2T=1\n");
		itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
		assert_true(wire_recv(&c, &pdu));
		wire_data_out(&c, itt, be32_get(pdu.r2t.ttt), bad[i].sn, bad[i].off, data, bad[i].len,
			      bad[i].final);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
		assert_false(wire_recv(&c, &pdu));
		assert_true(c.closed);
		wire_close(&c);
	}
}

/* RFC 7143 7.9: as if data before it had been lost. */
static void a_wrong_data_sn_fails_the_task_only(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt;

	start(&c, *state, "InitialR2T=Yes\nImmediateData=No\n");
	itt = wire_write10(&c, 0, 1, NULL, 0, true);
	assert_true(wire_recv(&c, &pdu));
	wire_data_out(&c, itt, be32_get(pdu.r2t.ttt), 27, 0, data, 512, true);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_SCSI_RSP);
	assert_int_equal(pdu.rsp.status, 2);
	assert_int_equal(pdu.data[2 + 12], 0x47);
	wire_pdu_free(&pdu);
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), NULL, 0), 0);
	wire_close(&c);
}

static void data_for_a_task_that_is_not_there_is_dropped(void **state)
{
	struct wire_conn c;

	fill(3);
	start(&c, *state, "");
	wire_data_out(&c, 99, 0x1234, 0, 0, data, 4096, true);
	wire_data_out(&c, 99, ISCSI_RESERVED_TAG, 0, 0, data, 4096, true);
	wire_data_out(&c, 99, 0xfffffffe, 0, 0, data, 4096, true);
	assert_int_equal(wire_status(&c, wire_write10(&c, 0, BLOCKS, data, BYTES, true), NULL, 0), 0);
	check_back(&c);
	wire_close(&c);
}

static void more_unsolicited_data_than_agreed_ends_the_connection(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt;

	start(&c, *state, "InitialR2T=No\nImmediateData=Yes\nFirstBurstLength=1024\n");
	itt = wire_write10(&c, 0, BLOCKS, data, 1024, false);
	wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 0, 1024, data, 512, true);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
	assert_false(wire_recv(&c, &pdu));
	wire_close(&c);
}

static void a_failed_write_swallows_its_unsolicited_data_before_the_status(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt;

	fill(9);
	start(&c, *state, "InitialR2T=No\nImmediateData=Yes\nFirstBurstLength=8192\n");
	/* Far behind the end of the medium. */
	itt = wire_write10(&c, 0x7fffff00, 16, data, 1024, false);
	assert_false(wire_recv(&c, &pdu));
	wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 0, 1024, data, 3072, false);
	assert_false(wire_recv(&c, &pdu));
	wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 1, 4096, data, 4096, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 2);
	wire_close(&c);
}

static uint32_t ordered_write(struct wire_conn *c)
{
	const uint8_t cdb[10] = { 0x2a, [7] = BLOCKS >> 8, BLOCKS & 0xff };

	return wire_cmd(c, cdb, sizeof(cdb), 0x80 | ISCSI_CMD_WRITE | 2, BYTES, data, BYTES);
}

/* A command whose number is not due waits for the one before it; data with it is kept. */
static void commands_run_in_the_order_of_their_numbers(void **state)
{
	struct wire_conn c;
	uint32_t late, early;
	uint32_t first;

	fill(4);
	start(&c, *state, "");
	first = c.cmd_sn;
	c.cmd_sn = first + 1;
	late = ordered_write(&c);
	c.cmd_sn = first;
	fill(5);
	early = ordered_write(&c);
	c.cmd_sn = first + 2;
	assert_int_equal(wire_status(&c, early, NULL, 0), 0);
	assert_int_equal(wire_status(&c, late, NULL, 0), 0);
	fill(4);
	check_back(&c);
	wire_close(&c);
}

static void commands_outside_the_window_are_ignored(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t good;

	start(&c, *state, "");
	good = c.cmd_sn;
	c.cmd_sn = good - 1;
	wire_read10(&c, 0, 1);
	c.cmd_sn = good + 5000;
	wire_read10(&c, 0, 1);
	assert_false(wire_recv(&c, &pdu));
	c.cmd_sn = good;
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), NULL, 0), 0);
	wire_close(&c);
}

static void the_window_opens_as_commands_end(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	unsigned int i;

	start(&c, *state, "");
	for (i = 0; i < 500; i++) {
		uint32_t itt = wire_read10(&c, 0, 1);

		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(be32_get(pdu.data_in.itt), itt);
		assert_int_equal(be32_get(pdu.data_in.exp_cmd_sn), c.cmd_sn);
		assert_int_equal(be32_get(pdu.data_in.max_cmd_sn), c.cmd_sn + 127);
	}
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void a_task_tag_in_use_is_rejected(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, *state, "InitialR2T=Yes\nImmediateData=No\n");
	c.itt = 50;
	wire_write10(&c, 0, 8, NULL, 0, true);
	assert_true(wire_recv(&c, &pdu));
	c.itt = 50;
	wire_read10(&c, 0, 8);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_TASK_IN_PROGRESS);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_mix_of_immediate_unsolicited_and_solicited_data_writes_the_same),
		TEST(as_many_r2ts_are_outstanding_as_were_agreed),
		TEST(a_read_is_cut_into_segments_and_bursts),
		TEST(data_out_of_bounds_ends_the_connection),
		TEST(a_wrong_data_sn_fails_the_task_only),
		TEST(data_for_a_task_that_is_not_there_is_dropped),
		TEST(more_unsolicited_data_than_agreed_ends_the_connection),
		TEST(a_failed_write_swallows_its_unsolicited_data_before_the_status),
		TEST(commands_run_in_the_order_of_their_numbers),
		TEST(commands_outside_the_window_are_ignored),
		TEST(the_window_opens_as_commands_end),
		TEST(a_task_tag_in_use_is_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
