/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DataPDUInOrder=No: the PDUs of a sequence in any order, with overlaps and with holes; and more
 * R2Ts at once than a task has room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/extents.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi_wire.h"

#define BYTES 65536u
#define BLOCKS (BYTES / 512)
#define STEP 1024u

static uint8_t data[BYTES], back[BYTES];

static void start(struct wire_conn *c, struct wire *w, const char *keys)
{
	struct err err = { .code = ERR_OK };
	size_t i;

	assert_int_equal(iscsi_transport.target_set(w->target, "DataPDUInOrder", "No", &err), 0);
	assert_int_equal(iscsi_transport.target_set(w->target, "DataSequenceInOrder", "No", &err), 0);
	assert_int_equal(iscsi_transport.target_set(w->target, "MaxOutstandingR2T", "65535", &err), 0);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random();
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

/* Bytes @off up to @end in a random order of pieces, the last of them with F. */
static void send_shuffled(struct wire_conn *c, uint32_t itt, uint32_t ttt, uint32_t off,
			  uint32_t end)
{
	uint32_t n = (end - off + STEP - 1) / STEP, piece[BYTES / STEP], i;

	for (i = 0; i < n; i++)
		piece[i] = i;
	for (i = n; i > 1; i--) {
		uint32_t j = (uint32_t)random() % i, swap = piece[j];

		piece[j] = piece[i - 1];
		piece[i - 1] = swap;
	}
	for (i = 0; i < n; i++) {
		uint32_t at = off + piece[i] * STEP, len = end - at < STEP ? end - at : STEP;

		wire_data_out(c, itt, ttt, i, at, data + at, len, i == n - 1);
	}
}

/* Answers R2Ts, each shuffled, until the status; returns it. */
static uint8_t answer_shuffled(struct wire_conn *c, uint32_t itt)
{
	struct wire_pdu pdu = { .data = NULL };
	uint8_t status;

	for (;;) {
		assert_true(wire_recv(c, &pdu));
		if (pdu.bhs[0] != ISCSI_OP_R2T)
			break;
		send_shuffled(c, itt, be32_get(pdu.r2t.ttt), be32_get(pdu.r2t.offset),
			      be32_get(pdu.r2t.offset) + be32_get(pdu.r2t.length));
	}
	assert_int_equal(pdu.bhs[0], ISCSI_OP_SCSI_RSP);
	c->exp_stat_sn = be32_get(pdu.rsp.stat_sn) + 1;
	status = pdu.rsp.status;
	wire_pdu_free(&pdu);
	return status;
}

static void data_in_any_order_writes_the_same(void **state)
{
	static const struct {
		const char *keys;
		uint32_t imm;
		bool final;
	} table[] = {
		{ "DataPDUInOrder=No\nInitialR2T=Yes\nImmediateData=No\n", 0, true },
		{ "DataPDUInOrder=No\nMaxBurstLength=9000\nFirstBurstLength=8192\n", 2048, true },
		{ "DataPDUInOrder=No\nMaxBurstLength=9000\nInitialR2T=No\nFirstBurstLength=8192\n",
		  0, false },
		{ "DataPDUInOrder=No\nMaxBurstLength=9000\nInitialR2T=No\nFirstBurstLength=8192\n"
		  "MaxOutstandingR2T=3\nDataSequenceInOrder=No\n", 1024, false },
		{ "DataPDUInOrder=No\nInitialR2T=No\nFirstBurstLength=65536\n", 512, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct wire_conn c;
		uint32_t itt;

		start(&c, *state, table[i].keys);
		itt = wire_write10(&c, 0, BLOCKS, data, table[i].imm, table[i].final);
		if (!table[i].final)
			send_shuffled(&c, itt, ISCSI_RESERVED_TAG, table[i].imm,
				      i == 4 ? BYTES : 8192);
		assert_int_equal(answer_shuffled(&c, itt), 0);
		check_back(&c);
		wire_close(&c);
	}
}


static void what_did_not_come_unsolicited_is_asked_for(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt;

	start(&c, *state, "DataPDUInOrder=No\nInitialR2T=No\nFirstBurstLength=65536\n");
	itt = wire_write10(&c, 0, BLOCKS, data, 512, false);
	wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 0, 8192, data + 8192, 4096, false);
	wire_data_out(&c, itt, ISCSI_RESERVED_TAG, 1, 4096, data + 4096, 1000, true);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_R2T);
	assert_int_equal(be32_get(pdu.r2t.offset), 512);
	assert_int_equal(be32_get(pdu.r2t.length), 4096 - 512);
	wire_data_out(&c, itt, be32_get(pdu.r2t.ttt), 0, 512, data + 512, 4096 - 512, true);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(be32_get(pdu.r2t.offset), 5096);
	assert_int_equal(be32_get(pdu.r2t.length), 8192 - 5096);
	wire_data_out(&c, itt, be32_get(pdu.r2t.ttt), 0, 5096, data + 5096, 8192 - 5096, true);
	assert_int_equal(answer_shuffled(&c, itt), 0);
	check_back(&c);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void bytes_that_come_twice_are_those_that_came_last(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	static uint8_t junk[8192];
	struct wire_conn c;
	uint32_t itt, ttt;

	start(&c, *state, "DataPDUInOrder=No\nInitialR2T=Yes\nImmediateData=No\n");
	itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
	assert_true(wire_recv(&c, &pdu));
	ttt = be32_get(pdu.r2t.ttt);
	wire_data_out(&c, itt, ttt, 0, 1000, junk, 8192, false);
	wire_data_out(&c, itt, ttt, 1, 2000, data + 2000, BYTES - 2000, false);
	wire_data_out(&c, itt, ttt, 2, 0, data, 4096, true);
	assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
	check_back(&c);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* What was never received must not reach the disk. */
static void a_hole_in_the_answer_to_an_r2t_fails_the_task(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt, ttt;

	start(&c, *state, "DataPDUInOrder=No\nInitialR2T=Yes\nImmediateData=No\n");
	memset(data, 0, sizeof(data));
	itt = wire_write10(&c, 0, BLOCKS, "x", 0, true);
	assert_true(wire_recv(&c, &pdu));
	ttt = be32_get(pdu.r2t.ttt);
	wire_data_out(&c, itt, ttt, 0, 4096, data, BYTES - 4096, true);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_SCSI_RSP);
	assert_int_equal(pdu.rsp.status, 2);
	assert_int_equal(pdu.data[2 + 12], 0x47);
	assert_int_equal(pdu.data[2 + 13], 0x05);
	c.exp_stat_sn = be32_get(pdu.rsp.stat_sn) + 1;
	check_back(&c);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void data_outside_of_what_was_asked_for_ends_the_connection(void **state)
{
	static const struct {
		uint32_t off, len;
	} table[] = { { 0, 8193 }, { 8192, 1 }, { 8191, 2 }, { 0xffffffff, 2 }, { 0xfffffe00, 512 } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;
		uint32_t itt;

		start(&c, *state, "DataPDUInOrder=No\nMaxBurstLength=8192\nInitialR2T=Yes\nImmediateData=No\n");
		itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
		assert_true(wire_recv(&c, &pdu));
		wire_data_out(&c, itt, be32_get(pdu.r2t.ttt), 0, table[i].off, data, table[i].len, false);
		while (wire_recv(&c, &pdu))
			;
		assert_true(c.closed);
		wire_pdu_free(&pdu);
		wire_close(&c);
	}
}

static void data_scattered_over_thousands_of_places_ends_the_connection(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	uint32_t itt, i;

	start(&c, *state, "DataPDUInOrder=No\nInitialR2T=Yes\nImmediateData=No\n");
	itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
	assert_true(wire_recv(&c, &pdu));
	for (i = 0; i <= EXTENTS_MAX && !c.closed; i++)
		wire_data_out(&c, itt, be32_get(pdu.r2t.ttt), i, 2 * i, data, 1, false);
	while (wire_recv(&c, &pdu))
		;
	assert_true(c.closed);
	assert_true(i > EXTENTS_MAX - 10);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* Each may be answered by itself, and in any order where that was agreed on. */
static void as_many_r2ts_as_agreed_are_out_up_to_our_own_bound(void **state)
{
	static const struct {
		const char *keys;
		uint32_t agreed, order;
	} table[] = {
		{ "MaxOutstandingR2T=8\n", 8, 1 },	  { "MaxOutstandingR2T=9\n", 9, 1 },
		{ "MaxOutstandingR2T=100\n", 100, 1 },	  { "MaxOutstandingR2T=65535\n", 128, 1 },
		{ "MaxOutstandingR2T=65535\nDataPDUInOrder=No\n", 128, 0 },
	};
	size_t row;

	for (row = 0; row < ARRAY_SIZE(table); row++) {
		struct {
			uint32_t ttt, off;
		} r2t[BLOCKS];
		uint32_t n = 0, asked, itt, done;
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;
		char keys[200];

		snprintf(keys, sizeof(keys), "MaxBurstLength=512\nInitialR2T=Yes\nImmediateData=No\n%s",
			 table[row].keys);
		start(&c, *state, keys);
		itt = wire_write10(&c, 0, BLOCKS, NULL, 0, true);
		for (asked = 0; wire_recv(&c, &pdu); asked++, n++) {
			r2t[n].ttt = be32_get(pdu.r2t.ttt);
			r2t[n].off = be32_get(pdu.r2t.offset);
			assert_int_equal(be32_get(pdu.r2t.length), 512);
		}
		assert_int_equal(asked, table[row].agreed);
		for (done = 0; done < BLOCKS; done++) {
			uint32_t i = table[row].order ? 0 : (uint32_t)random() % n;

			wire_data_out(&c, itt, r2t[i].ttt, 0, r2t[i].off, data + r2t[i].off, 512, true);
			memmove(r2t + i, r2t + i + 1, (--n - i) * sizeof(r2t[0]));
			if (done == BLOCKS - 1)
				break;
			if (asked < BLOCKS) {
				assert_true(wire_recv(&c, &pdu));
				r2t[n].ttt = be32_get(pdu.r2t.ttt);
				r2t[n++].off = be32_get(pdu.r2t.offset);
				asked++;
			}
		}
		assert_int_equal(wire_status(&c, itt, NULL, 0), 0);
		check_back(&c);
		wire_pdu_free(&pdu);
		wire_close(&c);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(data_in_any_order_writes_the_same),
		TEST(what_did_not_come_unsolicited_is_asked_for),
		TEST(bytes_that_come_twice_are_those_that_came_last),
		TEST(a_hole_in_the_answer_to_an_r2t_fails_the_task),
		TEST(data_outside_of_what_was_asked_for_ends_the_connection),
		TEST(data_scattered_over_thousands_of_places_ends_the_connection),
		TEST(as_many_r2ts_as_agreed_are_out_up_to_our_own_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
