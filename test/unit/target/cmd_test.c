/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands from submission to their end: decoding, gates, lengths, residuals,
 * sense data, errors of transports.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "scsi/lun.h"
#include "t_alloc.h"
#include "target/ua.h"
#include "target_fake.h"

struct box {
	struct fake *f;
	struct target *t;
	struct lu *lu;
	struct nexus *a, *b;
};

static int setup(void **state)
{
	static struct box b;

	b.f = fake_new(NULL);
	b.t = fake_target(b.f, 1, "iqn.2001-04.com.example:t");
	b.lu = fake_disk(b.f, b.t, 1, 1000);
	b.a = fake_nexus(b.f, b.t, "iqn.a");
	b.b = fake_nexus(b.f, b.t, "iqn.b");
	fake_clear_ua(b.a, 1);
	fake_clear_ua(b.b, 1);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	fake_free(b->f);
	return 0;
}

static void a_read_returns_data_and_is_good(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c = fake_submit(b->a, 1, FAKE_READ, 5, 2);

	assert_result(c, GOOD);
	assert_int_equal(c->in_len, 1024);
	assert_int_equal(c->in[1023], 'R');
	assert_false(c->in_res.over || c->in_res.under);
	assert_false(c->out_res.over || c->out_res.under);
	assert_int_equal(b->a->n_cmds, 0);
}

static void a_write_runs_after_its_data_has_arrived(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->f->hold_data = true;
	c = fake_submit(b->a, 1, FAKE_WRITE, 0, 4);
	assert_false(c->ended);
	assert_true(c->data_wanted);
	assert_int_equal(c->cmd.out.len, 2048);
	assert_int_equal(c->ran, 0);
	fake_data(c);
	assert_int_equal(c->ran, 1);
	assert_result(c, GOOD);
}

static void a_transport_that_fails_to_fetch_data_ends_the_command(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->f->hold_data = true;
	c = fake_submit(b->a, 1, FAKE_WRITE, 0, 4);
	target_data_arrived(&c->cmd, RES_AC_PROTOCOL_CRC);
	assert_result(c, AC_PROTOCOL_CRC);
	assert_int_equal(c->ran, 0);
	assert_true(c->out_res.under);
	assert_int_equal(c->out_res.count, 2048);
}

static void an_unknown_opcode_is_invalid_even_with_a_unit_attention(void **state)
{
	struct box *b = *state;
	uint8_t cdb[6] = { 0x01 };

	ua_raise(nexus_itl(b->a, 1), UA_POWER_ON);
	assert_result(fake_run(b->a, 1, cdb, 6, NULL, 0, 0), INVALID_OPCODE);
	assert_true(nexus_itl(b->a, 1)->ua);
}

static void field_is(const struct fake_cmd *c, bool in_cdb, unsigned int byte, int bit)
{
	assert_int_equal(c->sense[15] & 0xf0, in_cdb ? 0xc0 : 0x80);
	assert_int_equal(c->sense[15] & 0x0f, bit < 0 ? 0 : 8 | bit);
	assert_int_equal(get_be16(c->sense + 16), byte);
}

static void an_unknown_or_disabled_service_action_is_an_invalid_field(void **state)
{
	struct box *b = *state;
	uint8_t cdb[10] = { FAKE_RSOC, 0x02 };
	struct fake_cmd *c = fake_run(b->a, 1, cdb, 10, NULL, 0, 0);

	assert_result(c, INVALID_FIELD_CDB);
	field_is(c, true, 1, 4);
	cdb[1] = 1;
	assert_result(fake_run(b->a, 1, cdb, 10, NULL, 0, 0), INVALID_FIELD_CDB);
	b->lu->thin = true;
	assert_result(fake_run(b->a, 1, cdb, 10, NULL, 0, 0), GOOD);
}

static void reserved_bits_are_pointed_at(void **state)
{
	struct box *b = *state;
	uint8_t cdb[10] = { FAKE_READ, 0x20, [8] = 1 };
	struct fake_cmd *c = fake_run(b->a, 1, cdb, 10, NULL, 0, 512);

	assert_result(c, INVALID_FIELD_CDB);
	field_is(c, true, 1, 5);
	assert_true(c->in_res.under);
	assert_int_equal(c->in_res.count, 512);
}

static void naca_and_link_are_refused(void **state)
{
	struct box *b = *state;
	uint8_t cdb[6] = { FAKE_TUR, 0, 0, 0, 0, 0x04 };
	struct fake_cmd *c = fake_run(b->a, 1, cdb, 6, NULL, 0, 0);

	assert_result(c, INVALID_FIELD_CDB);
	field_is(c, true, 5, 2);
	cdb[5] = 0x01;
	assert_result(fake_run(b->a, 1, cdb, 6, NULL, 0, 0), INVALID_FIELD_CDB);
}

static void a_variable_length_cdb_must_have_its_rows_length(void **state)
{
	struct box *b = *state;
	uint8_t cdb[32] = { FAKE_VARIABLE, 0, 0, 0, 0, 0, 0, 0x18, 0x00, 0x32 };
	struct fake_cmd *c;

	assert_result(fake_run(b->a, 1, cdb, 32, NULL, 0, 0), GOOD);
	cdb[7] = 0x10;
	assert_result(fake_run(b->a, 1, cdb, 32, NULL, 0, 0), INVALID_FIELD_CDB);
	cdb[7] = 0x18;
	assert_result(fake_run(b->a, 1, cdb, 16, NULL, 0, 0), INVALID_FIELD_CDB);
	cdb[9] = 0x33;
	c = fake_run(b->a, 1, cdb, 32, NULL, 0, 0);
	assert_result(c, INVALID_FIELD_CDB);
	field_is(c, true, 8, 7);
}

static void the_aca_attribute_is_refused(void **state)
{
	struct box *b = *state;

	assert_result(fake_submit_attr(b->a, 1, FAKE_TUR, ATTR_ACA), INVALID_MESSAGE);
}

static void absent_luns_answer_inquiry_and_nothing_else(void **state)
{
	struct box *b = *state;
	uint8_t cdb[6] = { FAKE_INQUIRY, 0, 0, 0, 96 };
	struct fake_cmd *c = fake_run(b->a, 77, cdb, 6, NULL, 0, 96);

	assert_result(c, GOOD);
	assert_int_equal(c->in_len, 36);
	assert_result(fake_submit(b->a, 77, FAKE_TUR, 0, 0), LUN_NOT_SUPPORTED);
	assert_result(fake_submit(b->a, 77, FAKE_READ, 0, 1), LUN_NOT_SUPPORTED);
	assert_result(fake_submit(b->a, 77, 0xff, 0, 0), LUN_NOT_SUPPORTED);
}

static void a_lun_of_unknown_form_is_absent(void **state)
{
	struct box *b = *state;
	static const uint8_t cdb[6];
	struct fake_cmd *c = fake_prepare(b->a, 1, cdb, 6);

	c->cmd.lun[0] = 0x80;
	fake_send(c);
	assert_result(c, LUN_NOT_SUPPORTED);
}

static void the_well_known_lun_is_there(void **state)
{
	struct box *b = *state;
	uint8_t cdb[6] = { FAKE_INQUIRY, 0, 0, 0, 96 };

	assert_result(fake_run(b->a, LUN_WLUN_REPORT_LUNS, cdb, 6, NULL, 0, 96), GOOD);
	assert_result(fake_submit(b->a, LUN_WLUN_REPORT_LUNS, FAKE_READ, 0, 1), INVALID_OPCODE);
}

static void a_unit_attention_comes_once_and_only_to_its_nexus(void **state)
{
	struct box *b = *state;

	ua_raise(nexus_itl(b->a, 1), UA_MODE_CHANGED);
	assert_result(fake_submit(b->b, 1, FAKE_TUR, 0, 0), GOOD);
	assert_result(fake_submit(b->a, 1, FAKE_INQUIRY, 0, 0), GOOD);
	assert_result(fake_submit(b->a, 1, FAKE_TUR, 0, 0), UA_MODE_CHANGED);
	assert_result(fake_submit(b->a, 1, FAKE_TUR, 0, 0), GOOD);
}

static void gates_close_in_the_order_of_the_standard(void **state)
{
	struct box *b = *state;

	/* Everything is wrong; one reason after the other is taken away. */
	ua_raise(nexus_itl(b->a, 1), UA_POWER_ON);
	reserve_take(b->lu, b->b);
	b->lu->background = RES_NR_FORMAT;
	b->lu->progress = 0x1234;
	b->lu->stopped = true;
	b->lu->readonly = b->lu->swp = true;
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 2000, 1), UA_POWER_ON);
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 2000, 1), RESERVATION_CONFLICT);
	reserve_release(b->lu, b->b);
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 2000, 1), NR_FORMAT);
	b->lu->background = RES_GOOD;
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 2000, 1), NR_INIT_REQUIRED);
	b->lu->stopped = false;
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 2000, 1), WRITE_PROTECTED);
	b->lu->readonly = false;
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 2000, 1), SW_WRITE_PROTECTED);
	b->lu->swp = false;
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 2000, 1), LBA_RANGE);
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 20, 1), GOOD);
}

static void format_tells_its_progress(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->lu->background = RES_NR_FORMAT;
	b->lu->progress = 0x1234;
	c = fake_submit(b->a, 1, FAKE_TUR, 0, 0);
	assert_int_equal(c->sense[15], 0x80);
	assert_int_equal(get_be16(c->sense + 16), 0x1234);
	assert_result(fake_submit(b->a, 1, FAKE_INQUIRY, 0, 0), GOOD);
}

static void without_a_medium_only_what_needs_one_fails(void **state)
{
	struct box *b = *state;

	b->lu->online = false;
	assert_result(fake_submit(b->a, 1, FAKE_READ, 0, 1), NR_MANUAL);
	b->lu->removable = true;
	assert_result(fake_submit(b->a, 1, FAKE_READ, 0, 1), NR_NO_MEDIUM);
	assert_result(fake_submit(b->a, 1, FAKE_RESERVE, 0, 0), GOOD);
}

static void ranges_end_at_the_last_block(void **state)
{
	static const struct {
		uint32_t lba;
		uint16_t blocks;
		bool good;
	} rows[] = {
		{ 0, 1000, true },  { 999, 1, true },	      { 1000, 0, true },
		{ 999, 2, false },  { 1000, 1, false },	      { 1001, 0, false },
		{ 0, 1001, false }, { 0xffffffff, 0, false }, { 0xffffffff, 0xffff, false },
	};
	struct box *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_cmd *c = fake_submit(b->a, 1, FAKE_READ, rows[i].lba, rows[i].blocks);

		assert_int_equal(fake_result(c), rows[i].good ? RES_GOOD : RES_LBA_RANGE);
	}
}

static void a_failed_check_fetches_no_data(void **state)
{
	struct box *b = *state;
	uint8_t cdb[10] = { FAKE_WRITE, [6] = 1, [8] = 1 };
	struct fake_cmd *c;

	b->f->hold_data = true;
	c = fake_run(b->a, 1, cdb, 10, NULL, 512, 0);
	assert_result(c, INVALID_FIELD_CDB);
	assert_int_equal(c->out_res.count, 512);
	assert_true(c->out_res.under);
}

/* RFC 7143 11.4.5 and what libiscsi's residual tests want. 0: none, <0 under, >0 over. */
static void residuals_of_reads_and_writes(void **state)
{
	static const struct {
		uint8_t op;
		uint16_t blocks;
		uint32_t edtl, want, in_len;
		int64_t residual;
	} rows[] = {
		{ FAKE_READ, 1, 512, 0, 512, 0 },	{ FAKE_READ, 1, 0, 0, 0, 512 },
		{ FAKE_READ, 1, 10000, 0, 512, -9488 },	{ FAKE_READ, 1, 200, 0, 200, 312 },
		{ FAKE_READ, 2, 512, 0, 512, 512 },	{ FAKE_READ, 0, 512, 0, 0, -512 },
		{ FAKE_WRITE, 1, 512, 512, 0, 0 },	{ FAKE_WRITE, 1, 0, 0, 0, 512 },
		{ FAKE_WRITE, 1, 10000, 512, 0, -9488 }, { FAKE_WRITE, 1, 200, 200, 0, 312 },
		{ FAKE_WRITE, 2, 512, 512, 0, 512 },	{ FAKE_WRITE, 0, 512, 0, 0, -512 },
	};
	static const uint8_t zeroes[10000];
	struct box *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t cdb[10] = { rows[i].op, [8] = (uint8_t)rows[i].blocks };
		bool read = rows[i].op == FAKE_READ;
		struct fake_cmd *c = fake_run(b->a, 1, cdb, 10, zeroes, read ? 0 : rows[i].edtl,
					      read ? rows[i].edtl : 0);
		const struct scsi_residual *r = read ? &c->in_res : &c->out_res;
		const struct scsi_residual *other = read ? &c->out_res : &c->in_res;

		assert_result(c, GOOD);
		assert_int_equal(c->cmd.out_want, rows[i].want);
		assert_int_equal(c->in_len, rows[i].in_len);
		assert_int_equal(r->over, rows[i].residual > 0);
		assert_int_equal(r->under, rows[i].residual < 0);
		assert_int_equal(r->count,
				 rows[i].residual < 0 ? -rows[i].residual : rows[i].residual);
		assert_false(other->over || other->under);
	}
}

static void replies_are_cut_to_the_allocation_length_and_residuals_tell(void **state)
{
	static const struct {
		uint8_t alloc;
		uint32_t edtl, in_len;
		int residual;
	} rows[] = {
		{ 36, 36, 36, 0 }, { 5, 5, 5, 0 }, { 255, 255, 36, -219 }, { 36, 20, 20, 16 },
		{ 255, 20, 20, 16 }, { 5, 20, 5, -15 }, { 0, 20, 0, -20 }, { 0, 0, 0, 0 },
	};
	struct box *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t cdb[6] = { FAKE_INQUIRY, [4] = rows[i].alloc };
		struct fake_cmd *c = fake_run(b->a, 1, cdb, 6, NULL, 0, rows[i].edtl);

		assert_result(c, GOOD);
		assert_int_equal(c->in_len, rows[i].in_len);
		assert_int_equal(c->in_res.count,
				 rows[i].residual < 0 ? -rows[i].residual : rows[i].residual);
		assert_int_equal(c->in_res.under, rows[i].residual < 0);
		assert_int_equal(c->in_res.over, rows[i].residual > 0);
	}
}

static void rows_without_a_length_reply_in_full(void **state)
{
	struct box *b = *state;
	uint8_t cdb[10] = { FAKE_CAPACITY };
	struct fake_cmd *c = fake_run(b->a, 1, cdb, 10, NULL, 0, 8);

	assert_result(c, GOOD);
	assert_int_equal(c->in_len, 8);
	assert_memory_equal(c->in, "CCCCCCCC", 8);
}

static void failed_reads_send_no_data(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->f->hold_run = true;
	c = fake_submit(b->a, 1, FAKE_READ, 0, 2);
	scsi_fail_at(&c->cmd, RES_ME_READ, 1);
	fake_finish(c, RES_ME_READ);
	assert_result(c, ME_READ);
	assert_int_equal(c->in_len, 0);
	assert_true(c->in_res.under);
	assert_int_equal(c->in_res.count, 1024);
	assert_int_equal(c->sense[0], 0xf0);
	assert_int_equal(get_be32(c->sense + 3), 1);
}

static void short_tape_blocks_come_with_their_sense(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->f->hold_run = true;
	c = fake_submit(b->a, 1, FAKE_READ, 0, 2);
	c->cmd.in_len = 100;
	c->cmd.extra.ili = true;
	fake_finish(c, RES_NO_SENSE);
	assert_result(c, NO_SENSE);
	assert_int_equal(c->in_len, 100);
	assert_int_equal(c->in_res.count, 924);
	assert_int_equal(c->sense[2], 0x20);
}

static void failed_writes_have_taken_what_came(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->f->hold_run = true;
	c = fake_submit(b->a, 1, FAKE_WRITE, 0, 2);
	fake_finish(c, RES_ME_WRITE);
	assert_result(c, ME_WRITE);
	assert_false(c->out_res.under || c->out_res.over);
}

static void sense_is_in_descriptor_format_when_the_lu_says_so(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->lu->descriptor_sense = true;
	c = fake_submit(b->a, 1, FAKE_READ, 5000, 1);
	assert_result(c, LBA_RANGE);
	assert_int_equal(c->sense[0], 0x72);
}

static void parameters_are_read_within_what_came(void **state)
{
	static const uint8_t list[8] = { 0, 1, 2, 3 };
	struct box *b = *state;
	uint8_t cdb[10] = { FAKE_SELECT, [8] = 8 }, buf[8];
	struct fake_cmd *c;

	assert_result(fake_run(b->a, 1, cdb, 10, list, 8, 0), GOOD);
	c = fake_run(b->a, 1, cdb, 10, list + 1, 4, 0);
	assert_result(c, INVALID_FIELD_PARAM);
	field_is(c, false, 0, 7);
	b->f->hold_release = true;
	c = fake_run(b->a, 1, cdb, 10, list, 4, 0);
	assert_int_equal(scsi_cmd_param(&c->cmd, 2, buf, 8), 2);
	assert_int_equal(buf[1], 3);
	assert_int_equal(scsi_cmd_param(&c->cmd, 4, buf, 8), 0);
	assert_non_null(scsi_cmd_out_flat(&c->cmd));
	fake_release(c);
}

static void no_memory_for_data_out_is_busy_or_task_set_full(void **state)
{
	struct box *b = *state;
	struct fake_cmd *first;

	b->f->fail_alloc = 1;
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 0, 1), BUSY);
	b->f->hold_run = true;
	first = fake_submit(b->a, 1, FAKE_TUR, 0, 0);
	b->f->fail_alloc = 1;
	assert_result(fake_submit(b->a, 1, FAKE_WRITE, 0, 1), TASK_SET_FULL);
	fake_finish(first, RES_GOOD);
}

static void no_memory_for_data_in_is_busy(void **state)
{
	struct box *b = *state;

	b->f->fail_alloc = 1;
	assert_result(fake_submit(b->a, 1, FAKE_READ, 0, 1), BUSY);
}

static void no_memory_for_the_itl_is_busy(void **state)
{
	struct box *b = *state;
	static const uint8_t cdb[6];
	struct nexus *n = fake_nexus(b->f, b->t, "iqn.c");
	struct fake_cmd *c = fake_prepare(n, 1, cdb, 6);

	t_alloc_fail_nth(1);
	fake_send(c);
	assert_true(t_alloc_failed());
	assert_result(c, BUSY);
	assert_result(fake_submit(n, 1, FAKE_TUR, 0, 0), UA_POWER_ON);
}

static void the_task_set_is_bounded(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c;

	b->f->hold_run = true;
	for (int i = 0; i < LU_TASKS_MAX; i++)
		assert_false(fake_submit(b->a, 1, FAKE_TUR, 0, 0)->ended);
	c = fake_submit(b->a, 1, FAKE_TUR, 0, 0);
	assert_result(c, TASK_SET_FULL);
	c = fake_submit(b->b, 1, FAKE_TUR, 0, 0);
	assert_result(c, BUSY);
}

static void statistics_count_bytes_and_errors(void **state)
{
	struct box *b = *state;
	struct itl_stats *s = &nexus_itl(b->a, 1)->stats;

	fake_submit(b->a, 1, FAKE_READ, 0, 2);
	fake_submit(b->a, 1, FAKE_WRITE, 0, 3);
	fake_submit(b->a, 1, FAKE_READ, 5000, 4);
	assert_int_equal(s->rd_subm_cmds, 2);
	assert_int_equal(s->rd_subm_bytes, 6 * 512);
	assert_int_equal(s->rd_done_cmds, 1);
	assert_int_equal(s->rd_done_bytes, 2 * 512);
	assert_int_equal(s->wr_subm_cmds, 1);
	assert_int_equal(s->wr_done_bytes, 3 * 512);
	assert_int_equal(s->errs, 1);
}

static void a_steady_command_allocates_nothing(void **state)
{
	struct box *b = *state;
	static const uint8_t cdb[6];
	struct fake_cmd *c = fake_prepare(b->a, 1, cdb, 6);
	unsigned long before;

	/* The first of its class makes the histograms. */
	fake_submit(b->a, 1, FAKE_TUR, 0, 0);
	before = t_alloc_count();
	fake_send(c);
	assert_int_equal(t_alloc_count(), before);
	assert_result(c, GOOD);
}

static void a_reservation_of_another_nexus_conflicts(void **state)
{
	struct box *b = *state;

	assert_result(fake_submit(b->a, 1, FAKE_RESERVE, 0, 0), GOOD);
	assert_result(fake_submit(b->a, 1, FAKE_READ, 0, 1), GOOD);
	assert_result(fake_submit(b->b, 1, FAKE_READ, 0, 1), RESERVATION_CONFLICT);
	assert_result(fake_submit(b->b, 1, FAKE_RESERVE, 0, 0), RESERVATION_CONFLICT);
	assert_result(fake_submit(b->b, 1, FAKE_INQUIRY, 0, 0), GOOD);
	assert_result(fake_submit(b->b, 1, FAKE_RELEASE, 0, 0), GOOD);
	assert_result(fake_submit(b->b, 1, FAKE_READ, 0, 1), RESERVATION_CONFLICT);
	assert_result(fake_submit(b->a, 1, FAKE_RELEASE, 0, 0), GOOD);
	assert_result(fake_submit(b->b, 1, FAKE_READ, 0, 1), GOOD);
}

static void a_reservation_ends_with_its_nexus(void **state)
{
	struct box *b = *state;

	assert_result(fake_submit(b->a, 1, FAKE_RESERVE, 0, 0), GOOD);
	fake_nexus_end(b->f, b->a);
	assert_result(fake_submit(b->b, 1, FAKE_READ, 0, 1), GOOD);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_read_returns_data_and_is_good),
		T(a_write_runs_after_its_data_has_arrived),
		T(a_transport_that_fails_to_fetch_data_ends_the_command),
		T(an_unknown_opcode_is_invalid_even_with_a_unit_attention),
		T(an_unknown_or_disabled_service_action_is_an_invalid_field),
		T(reserved_bits_are_pointed_at),
		T(naca_and_link_are_refused),
		T(a_variable_length_cdb_must_have_its_rows_length),
		T(the_aca_attribute_is_refused),
		T(absent_luns_answer_inquiry_and_nothing_else),
		T(a_lun_of_unknown_form_is_absent),
		T(the_well_known_lun_is_there),
		T(a_unit_attention_comes_once_and_only_to_its_nexus),
		T(gates_close_in_the_order_of_the_standard),
		T(format_tells_its_progress),
		T(without_a_medium_only_what_needs_one_fails),
		T(ranges_end_at_the_last_block),
		T(a_failed_check_fetches_no_data),
		T(residuals_of_reads_and_writes),
		T(replies_are_cut_to_the_allocation_length_and_residuals_tell),
		T(rows_without_a_length_reply_in_full),
		T(failed_reads_send_no_data),
		T(short_tape_blocks_come_with_their_sense),
		T(failed_writes_have_taken_what_came),
		T(sense_is_in_descriptor_format_when_the_lu_says_so),
		T(parameters_are_read_within_what_came),
		T(no_memory_for_data_out_is_busy_or_task_set_full),
		T(no_memory_for_data_in_is_busy),
		T(no_memory_for_the_itl_is_busy),
		T(the_task_set_is_bounded),
		T(statistics_count_bytes_and_errors),
		T(a_steady_command_allocates_nothing),
		T(a_reservation_of_another_nexus_conflicts),
		T(a_reservation_ends_with_its_nexus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
