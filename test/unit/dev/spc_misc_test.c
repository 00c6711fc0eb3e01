/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared commands that are small: diagnostics, log pages, buffers, RESERVE and RELEASE,
 * PREVENT ALLOW MEDIUM REMOVAL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "dev_disk.h"
#include "t_alloc.h"

struct answer {
	struct shot s;
	enum scsi_result result;
	uint8_t data[70000];
};

static int setup(void **state)
{
	*state = disk_new(NULL, "1M", 512);
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void ask(struct answer *a, struct disk *d, const uint8_t *cdb)
{
	memset(a, 0xee, sizeof(*a));
	a->result = disk_run(d, &a->s, cdb, NULL, 0, a->data, sizeof(a->data));
}

static enum scsi_result by(struct disk *d, struct nexus *n, const uint8_t *cdb)
{
	struct shot s = { .in_max = 0 };

	memcpy(s.cdb, cdb, sizeof(s.cdb));
	shot_start(d, &s, n);
	shot_wait(&s);
	return shot_result(&s);
}

static void self_tests_in_the_foreground_pass(void **state)
{
	static const uint8_t good[] = { 0x04, 0x00, 0xa0, 0xc0, 0x10, 0x07 };
	static const uint8_t bad[] = { 0x60, 0x80, 0xe0, 0xa4 };
	uint8_t cdb[32] = { 0x1d };

	for (size_t i = 0; i < sizeof(good); i++) {
		cdb[1] = good[i];
		expect_run(GOOD, *state, cdb, NULL, 0, NULL, 0);
	}
	for (size_t i = 0; i < sizeof(bad); i++) {
		cdb[1] = bad[i];
		expect_run(INVALID_FIELD_CDB, *state, cdb, NULL, 0, NULL, 0);
	}
}

static void diagnostic_pages_are_the_list_of_pages(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 1, 0 };
	uint8_t send[32] = { 0x1d, 0x10, 0, 0, 4 }, list[8] = { 0 };
	uint8_t receive[32] = { 0x1c, 0x01, 0, 0, 255 };
	struct answer a;

	expect_run(GOOD, *state, send, list, 4, NULL, 0);
	ask(&a, *state, receive);
	assert_int_equal(a.s.in_len, sizeof(want));
	assert_memory_equal(a.data, want, sizeof(want));
	list[0] = 0x40;
	expect_run(INVALID_FIELD_PARAM, *state, send, list, 4, NULL, 0);
	list[0] = 0;
	list[3] = 1;
	expect_run(INVALID_FIELD_PARAM, *state, send, list, 4, NULL, 0);
	send[4] = 3;
	expect_run(PARAM_LIST_LENGTH, *state, send, list, 3, NULL, 0);
	send[1] = 0;
	expect_run(INVALID_FIELD_CDB, *state, send, list, 3, NULL, 0);
	send[1] = 0x14;
	expect_run(INVALID_FIELD_CDB, *state, send, list, 3, NULL, 0);
	receive[2] = 0x40;
	expect_run(INVALID_FIELD_CDB, *state, receive, NULL, 0, NULL, 0);
}

static const uint8_t log_codes[] = { 0x0d, 0x2f };
static const struct spc_log_page logs[] = { SPC_LOG_TEMPERATURE, SPC_LOG_EXCEPTIONS, SPC_LOG_END };
static const struct spc_ops with_logs = { .logs = logs };

static void log_sense(struct answer *a, struct disk *d, uint8_t page, uint8_t sub, uint16_t pointer)
{
	uint8_t cdb[32] = { 0x4d, 0, (uint8_t)(0x40 | page), sub };

	put_be16(cdb + 5, pointer);
	put_be16(cdb + 7, 255);
	ask(a, d, cdb);
}

static void log_pages_are_those_of_the_device_type(void **state)
{
	struct disk *d = *state;
	const struct spc_ops *ops = spc_lu(d->lu)->ops;
	struct answer a;

	spc_lu(d->lu)->ops = &with_logs;
	log_sense(&a, d, 0, 0, 0);
	assert_int_equal(get_be32(a.data), 3);
	assert_int_equal(a.data[4], 0);
	assert_memory_equal(a.data + 5, log_codes, 2);
	log_sense(&a, d, 0, 0xff, 0);
	assert_int_equal(get_be32(a.data), 0x40ff0008);
	assert_int_equal(get_be64(a.data + 4), 0x000000ff0d002f00);
	log_sense(&a, d, 0x0d, 0, 0);
	assert_int_equal(a.s.in_len, 10);
	assert_int_equal(a.data[0], 0x0d);
	assert_int_equal(a.data[4 + 5], 0xff);
	log_sense(&a, d, 0x2f, 0, 0);
	assert_int_equal(a.s.in_len, 12);
	assert_int_equal(a.data[4 + 6], 0xff);
	log_sense(&a, d, 0x2f, 0, 1);
	assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&a.s), 5 << 8 | 0xff);
	log_sense(&a, d, 0x33, 0, 0);
	assert_int_equal(shot_field(&a.s), 2 << 8 | 5);
	log_sense(&a, d, 0x2f, 9, 0);
	assert_int_equal(shot_field(&a.s), 3 << 8 | 0xff);
	spc_lu(d->lu)->ops = ops;
}

static void buffer_cdb(uint8_t *cdb, uint8_t op, uint8_t mode, uint32_t offset, uint32_t len)
{
	memset(cdb, 0, 32);
	cdb[0] = op;
	cdb[1] = mode;
	put_be24(cdb + 3, offset);
	put_be24(cdb + 6, len);
}

static void data_buffer_returns_what_was_written(void **state)
{
	uint8_t cdb[32], out[300];
	struct answer a;

	box_fill(out, sizeof(out), 0, 3);
	buffer_cdb(cdb, 0x3c, 0x03, 0, 4);
	ask(&a, *state, cdb);
	assert_int_equal(get_be32(a.data), 65536);
	buffer_cdb(cdb, 0x3b, 0x02, 65536 - 300, 300);
	expect_run(GOOD, *state, cdb, out, 300, NULL, 0);
	buffer_cdb(cdb, 0x3c, 0x02, 65536 - 300, 4000);
	ask(&a, *state, cdb);
	assert_int_equal(a.s.in_len, 300);
	assert_memory_equal(a.data, out, 300);
	buffer_cdb(cdb, 0x3c, 0x02, 0, 66000);
	ask(&a, *state, cdb);
	assert_int_equal(a.s.in_len, 65536);
	assert_memory_equal(a.data + 65536 - 300, out, 300);
}

static void data_buffer_has_an_end(void **state)
{
	uint8_t cdb[32], out[300] = { 0 };

	buffer_cdb(cdb, 0x3b, 0x02, 65536 - 299, 300);
	expect_run(INVALID_FIELD_CDB, *state, cdb, out, 300, NULL, 0);
	buffer_cdb(cdb, 0x3b, 0x02, 65537, 0);
	expect_run(INVALID_FIELD_CDB, *state, cdb, NULL, 0, NULL, 0);
	buffer_cdb(cdb, 0x3c, 0x02, 0xffffff, 1);
	expect_run(INVALID_FIELD_CDB, *state, cdb, NULL, 0, NULL, 0);
	buffer_cdb(cdb, 0x3c, 0x02, 0, 1);
	cdb[2] = 1;
	expect_run(INVALID_FIELD_CDB, *state, cdb, NULL, 0, NULL, 0);
	buffer_cdb(cdb, 0x3b, 0x05, 0, 4);
	expect_run(INVALID_FIELD_CDB, *state, cdb, out, 4, NULL, 0);
	buffer_cdb(cdb, 0x3c, 0x1f, 0, 4);
	expect_run(INVALID_FIELD_CDB, *state, cdb, NULL, 0, NULL, 0);
}

static void echo_buffer_returns_as_much_as_was_written(void **state)
{
	uint8_t cdb[32], out[100];
	struct answer a;

	box_fill(out, sizeof(out), 0, 4);
	buffer_cdb(cdb, 0x3c, 0x0a, 0, 255);
	expect_run(COMMAND_SEQUENCE, *state, cdb, NULL, 0, NULL, 0);
	buffer_cdb(cdb, 0x3c, 0x0b, 0, 4);
	ask(&a, *state, cdb);
	assert_int_equal(get_be32(a.data), 4096);
	buffer_cdb(cdb, 0x3b, 0x0a, 0, 100);
	expect_run(GOOD, *state, cdb, out, 100, NULL, 0);
	buffer_cdb(cdb, 0x3c, 0x0a, 0, 255);
	ask(&a, *state, cdb);
	assert_int_equal(a.s.in_len, 100);
	assert_memory_equal(a.data, out, 100);
	buffer_cdb(cdb, 0x3b, 0x0a, 0, 4097);
	expect_run(INVALID_FIELD_CDB, *state, cdb, NULL, 0, NULL, 0);
}

static void buffers_without_memory_are_busy(void **state)
{
	static const uint8_t modes[] = { 0x02, 0x0a };
	uint8_t cdb[32];

	for (size_t i = 0; i < sizeof(modes); i++) {
		buffer_cdb(cdb, 0x3b, modes[i], 0, 0);
		t_alloc_fail_nth(1);
		expect_run(BUSY, *state, cdb, NULL, 0, NULL, 0);
		assert_true(t_alloc_failed());
		expect_run(GOOD, *state, cdb, NULL, 0, NULL, 0);
	}
}

static void reservation_keeps_others_out_until_it_is_released(void **state)
{
	static const uint8_t ops[][2] = { { 0x16, 0x17 }, { 0x56, 0x57 } };
	static const uint8_t read[32] = { 0x28, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct disk *d = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		uint8_t reserve[32] = { ops[i][0] }, release[32] = { ops[i][1] };

		assert_int_equal(by(d, d->a, reserve), RES_GOOD);
		assert_int_equal(by(d, d->a, reserve), RES_GOOD);
		assert_int_equal(by(d, d->b, reserve), RES_RESERVATION_CONFLICT);
		assert_int_equal(by(d, d->b, read), RES_RESERVATION_CONFLICT);
		assert_int_equal(by(d, d->a, read), RES_GOOD);
		assert_int_equal(by(d, d->b, release), RES_GOOD);
		assert_int_equal(by(d, d->b, read), RES_RESERVATION_CONFLICT);
		assert_int_equal(by(d, d->a, release), RES_GOOD);
		assert_int_equal(by(d, d->b, read), RES_GOOD);
	}
}

static void third_parties_and_extents_are_refused(void **state)
{
	uint8_t cdb[32] = { 0 };

	for (unsigned int op = 0x16; op <= 0x57; op += 0x40) {
		for (unsigned int i = 0; i < 2; i++) {
			cdb[0] = (uint8_t)(op + i);
			for (unsigned int bit = 0; bit < 5; bit++) {
				cdb[1] = (uint8_t)(1 << bit);
				expect_run(INVALID_FIELD_CDB, *state, cdb, NULL, 0, NULL, 0);
			}
		}
	}
}

static void removal_is_prevented_per_nexus(void **state)
{
	static const uint8_t prevent[32] = { 0x1e, 0, 0, 0, 1 }, allow[32] = { 0x1e };
	static const uint8_t reserve[32] = { 0x16 };
	struct disk *d = *state;

	assert_int_equal(by(d, d->a, prevent), RES_GOOD);
	assert_int_equal(by(d, d->a, prevent), RES_GOOD);
	assert_int_equal(d->lu->n_prevent, 1);
	assert_int_equal(by(d, d->b, prevent), RES_GOOD);
	assert_int_equal(d->lu->n_prevent, 2);
	assert_int_equal(by(d, d->a, allow), RES_GOOD);
	assert_int_equal(by(d, d->a, allow), RES_GOOD);
	assert_int_equal(d->lu->n_prevent, 1);
	assert_int_equal(by(d, d->a, reserve), RES_GOOD);
	assert_int_equal(by(d, d->b, prevent), RES_RESERVATION_CONFLICT);
	assert_int_equal(by(d, d->b, allow), RES_GOOD);
	assert_int_equal(d->lu->n_prevent, 0);
}

#define with_disk(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_disk(self_tests_in_the_foreground_pass),
		with_disk(diagnostic_pages_are_the_list_of_pages),
		with_disk(log_pages_are_those_of_the_device_type),
		with_disk(data_buffer_returns_what_was_written),
		with_disk(data_buffer_has_an_end),
		with_disk(echo_buffer_returns_as_much_as_was_written),
		with_disk(buffers_without_memory_are_busy),
		with_disk(reservation_keeps_others_out_until_it_is_released),
		with_disk(third_parties_and_extents_are_refused),
		with_disk(removal_is_prevented_per_nexus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
