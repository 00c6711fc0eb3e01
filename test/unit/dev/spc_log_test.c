/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log pages of a disk: what they count, in which form, and how LOG SELECT sets and resets it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"

#define BS 512U

enum { CUMULATIVE = 1, DEFAULTS = 3 };

static int setup(void **state)
{
	*state = disk_new(NULL, "fault:op=read,offset=512K,len=4K+op=write,offset=512K,len=4K:1M", BS);
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

/* LOG SENSE of all of a page into @buf; its result. */
static enum scsi_result sense(struct disk *d, uint8_t pc, uint8_t page, uint8_t *buf, uint32_t max)
{
	uint8_t cdb[32] = { 0x4d, 0, (uint8_t)(pc << 6 | page) };
	struct shot s;

	put_be16(cdb + 7, (uint16_t)max);
	memset(buf, 0xee, max);
	return disk_run(d, &s, cdb, NULL, 0, buf, max);
}

/* The parameter @code of a page that is there. */
static const uint8_t *param(struct disk *d, uint8_t pc, uint8_t page, uint16_t code, uint8_t *buf,
			    uint32_t max)
{
	uint32_t end, at = 4;

	assert_int_equal(sense(d, pc, page, buf, max), RES_GOOD);
	assert_int_equal(buf[0] & 0x3f, page);
	end = 4U + get_be16(buf + 2);
	while (at < end && get_be16(buf + at) != code)
		at += 4U + buf[at + 3];
	assert_true(at < end);
	return buf + at;
}

static uint64_t counter_pc(struct disk *d, uint8_t pc, uint8_t page, uint16_t code)
{
	uint8_t buf[512];
	const uint8_t *p = param(d, pc, page, code, buf, sizeof(buf));

	return p[3] == 8 ? get_be64(p + 4) : get_be32(p + 4);
}

static uint64_t counter(struct disk *d, uint8_t page, uint16_t code)
{
	return counter_pc(d, CUMULATIVE, page, code);
}

static enum scsi_result rw(struct disk *d, uint8_t op, uint32_t lba, uint16_t blocks)
{
	static uint8_t data[64 * BS];
	uint8_t cdb[32];
	struct shot s;

	cdb10(cdb, op, op == 0x2f ? 2 : 0, lba, blocks);
	if (op == 0x28)
		return disk_run(d, &s, cdb, NULL, 0, data, blocks * BS);
	return disk_run(d, &s, cdb, data, blocks * BS, NULL, 0);
}

static enum scsi_result log_select(struct disk *d, uint8_t flags, uint8_t pc, uint8_t page,
				   const uint8_t *list, uint16_t len)
{
	uint8_t cdb[32] = { 0x4c, flags, (uint8_t)(pc << 6 | page) };
	struct shot s;

	put_be16(cdb + 7, len);
	return disk_run(d, &s, cdb, list, len, NULL, 0);
}

static enum scsi_result turs(struct disk *d, struct nexus *n)
{
	struct shot s = { .in_max = 0 };

	shot_start(d, &s, n);
	shot_wait(&s);
	return shot_result(&s);
}

static void error_counters_tell_bytes_and_errors(void **state)
{
	struct disk *d = *state;

	assert_int_equal(rw(d, 0x2a, 0, 8), RES_GOOD);
	assert_int_equal(rw(d, 0x28, 0, 3), RES_GOOD);
	assert_int_equal(rw(d, 0x2f, 0, 2), RES_GOOD);
	assert_int_equal(rw(d, 0x28, 1024, 1), RES_ME_READ);
	assert_int_equal(rw(d, 0x28, 1025, 1), RES_ME_READ);
	assert_int_equal(rw(d, 0x2a, 1024, 1), RES_ME_WRITE);
	assert_int_equal(rw(d, 0x2f, 1024, 1), RES_ME_READ);
	assert_int_equal(counter(d, 0x02, 5), 8 * BS);
	assert_int_equal(counter(d, 0x02, 6), 1);
	assert_int_equal(counter(d, 0x03, 5), 3 * BS);
	assert_int_equal(counter(d, 0x03, 6), 2);
	assert_int_equal(counter(d, 0x05, 5), 2 * BS);
	assert_int_equal(counter(d, 0x05, 6), 1);
	assert_int_equal(counter(d, 0x06, 0), 0);
	assert_int_equal(counter_pc(d, DEFAULTS, 0x02, 5), 0);
	assert_true(counter_pc(d, 0, 0x02, 5) == UINT64_MAX);
	assert_int_equal(counter_pc(d, 2, 0x02, 6), UINT32_MAX);
}

static void performance_is_one_list_and_its_unit_of_time(void **state)
{
	struct disk *d = *state;
	uint8_t buf[512];
	const uint8_t *p;

	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(rw(d, i < 2 ? 0x2a : 0x28, 0, 4), RES_GOOD);
	p = param(d, CUMULATIVE, 0x19, 1, buf, sizeof(buf));
	assert_int_equal(p[3], 64);
	assert_int_equal(p[2] & 3, 3);
	assert_int_equal(get_be64(p + 4), 3);
	assert_int_equal(get_be64(p + 12), 2);
	assert_int_equal(get_be64(p + 20), 8);
	assert_int_equal(get_be64(p + 28), 12);
	p = param(d, CUMULATIVE, 0x19, 3, buf, sizeof(buf));
	assert_int_equal(get_be32(p + 4), 6);
	assert_int_equal(get_be32(p + 8), 1);
}

static void thin_disks_tell_what_they_take(void **state)
{
	struct disk *d = disk_new(NULL, "1M", BS);
	static uint8_t data[MiB];
	uint8_t buf[512], old_lun;
	const uint8_t *p;
	struct lu *lu;

	(void)state;
	box_fill(data, sizeof(data), 0, 1);
	lu = disk_add_lu(d, NULL, 2, "rdwr", box_file(d->box, "thin", 64 * MiB), BS);
	nexus_itl(d->a, 2)->ua = 0;
	d->a->luns_changed = d->b->luns_changed = false;
	disk_clear_ua(d);
	old_lun = (uint8_t)d->lun;
	d->lun = 2;
	assert_int_equal(sense(d, CUMULATIVE, 0x0c, buf, sizeof(buf)), RES_INVALID_FIELD_CDB);
	assert_int_equal(lu_set(lu, "thin_provisioning", "1", NULL), 0);
	nexus_itl(d->a, 2)->ua = 0;
	p = param(d, CUMULATIVE, 0x0c, 2, buf, sizeof(buf));
	assert_int_equal(p[3], 8);
	assert_int_equal(get_be32(p + 4), 0);
	assert_int_equal(p[8], 1);
	for (uint64_t at = 0; at < 3; at++)
		assert_int_equal(box_write(d->box, lu->bs, at * 8 * MiB, data, sizeof(data)), 0);
	assert_int_equal(box_io(d->box, lu->bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	assert_in_range(counter(d, 0x0c, 2) >> 32, 3, 4);
	p = param(d, CUMULATIVE, 0x0c, 1, buf, sizeof(buf));
	assert_int_equal(p[8], 2);
	{
		uint8_t cdb[32] = { 0x12, 1, 0xb2, 0, 64 };

		expect_run(GOOD, d, cdb, NULL, 0, buf, 64);
		assert_int_equal(buf[4], 11);
	}
	d->lun = old_lun;
	disk_free(d);
}

static void starts_are_counted(void **state)
{
	struct disk *d = *state;
	uint8_t cdb[32] = { 0x1b };

	for (unsigned int i = 0; i < 3; i++) {
		cdb[4] = 0;
		expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
		cdb[4] = 1;
		expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
		expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	}
	assert_int_equal(counter(d, 0x0e, 4), 3);
	assert_int_equal(counter(d, 0x0e, 6), 0);
}

static void reset_begins_the_page_anew(void **state)
{
	struct disk *d = *state;

	assert_int_equal(rw(d, 0x2a, 0, 8), RES_GOOD);
	assert_int_equal(rw(d, 0x28, 0, 8), RES_GOOD);
	assert_int_equal(log_select(d, 2, 0, 0x02, NULL, 0), RES_GOOD);
	assert_int_equal(counter(d, 0x02, 5), 0);
	assert_int_equal(counter(d, 0x03, 5), 8 * BS);
	assert_int_equal(rw(d, 0x2a, 0, 1), RES_GOOD);
	assert_int_equal(counter(d, 0x02, 5), BS);
	assert_int_equal(turs(d, d->a), RES_GOOD);
	assert_int_equal(turs(d, d->b), RES_UA_LOG_CHANGED);
	assert_int_equal(log_select(d, 0, DEFAULTS, 0, NULL, 0), RES_GOOD);
	assert_int_equal(counter(d, 0x02, 5), 0);
	assert_int_equal(counter(d, 0x03, 5), 0);
	assert_int_equal(counter(d, 0x19, 1), 0);
	disk_clear_ua(d);
	assert_int_equal(log_select(d, 0, CUMULATIVE, 0x02, NULL, 0), RES_GOOD);
	assert_int_equal(turs(d, d->b), RES_GOOD);
}

static void counters_are_set_by_a_list(void **state)
{
	uint8_t list[4 + 12 + 8] = { 0x03, 0, 0, 20, 0, 5, 2, 8 };
	struct disk *d = *state;

	put_be64(list + 8, 1000);
	put_be16(list + 16, 6);
	list[18] = 2;
	list[19] = 4;
	put_be32(list + 20, 77);
	assert_int_equal(log_select(d, 0, CUMULATIVE, 0, list, sizeof(list)), RES_GOOD);
	assert_int_equal(rw(d, 0x28, 0, 1), RES_GOOD);
	assert_int_equal(counter(d, 0x03, 5), 1000 + BS);
	assert_int_equal(counter(d, 0x03, 6), 77);
	assert_int_equal(turs(d, d->b), RES_UA_LOG_CHANGED);
	/* Thresholds are what they are. */
	assert_int_equal(log_select(d, 0, 0, 0, list, sizeof(list)), RES_INVALID_FIELD_PARAM);
	memset(list + 8, 0xff, 8);
	memset(list + 20, 0xff, 4);
	assert_int_equal(log_select(d, 0, 0, 0, list, sizeof(list)), RES_GOOD);
	assert_int_equal(counter(d, 0x03, 6), 77);
}

static void lists_with_a_fault_set_nothing(void **state)
{
	static const struct {
		uint8_t at, value;
		enum scsi_result result;
	} faults[] = {
		{ 0, 0x3e, RES_INVALID_FIELD_PARAM }, { 0, 0x0d, RES_INVALID_FIELD_PARAM },
		{ 3, 21, RES_PARAM_LIST_LENGTH },     { 3, 19, RES_PARAM_LIST_LENGTH },
		{ 17, 9, RES_INVALID_FIELD_PARAM },   { 18, 0x12, RES_INVALID_FIELD_PARAM },
		{ 19, 3, RES_INVALID_FIELD_PARAM },   { 19, 5, RES_PARAM_LIST_LENGTH },
	};
	struct disk *d = *state;

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		uint8_t list[24] = { 0x02, 0, 0, 20, 0, 5, 2, 8, [15] = 99, [17] = 6, 2, 4 };

		list[faults[i].at] = faults[i].value;
		assert_int_equal(log_select(d, 0, CUMULATIVE, 0, list, sizeof(list)),
				 faults[i].result);
		assert_int_equal(counter(d, 0x02, 5), 0);
	}
}

static void counters_that_are_saved_go_on_after_a_restart(void **state)
{
	struct disk *d = disk_new(NULL, "1M", BS);
	uint8_t cdb[32] = { 0x4d, 1, 0x42, [8] = 255 }, buf[255];

	(void)state;
	disk_persistent(d);
	disk_restart(d, NULL);
	assert_int_equal(rw(d, 0x2a, 0, 8), RES_GOOD);
	assert_int_equal(log_select(d, 1, 1, 0, NULL, 0), RES_GOOD);
	assert_int_equal(rw(d, 0x2a, 0, 3), RES_GOOD);
	disk_restart(d, NULL);
	assert_int_equal(counter(d, 0x02, 5), 8 * BS);
	assert_int_equal(rw(d, 0x2a, 0, 1), RES_GOOD);
	assert_int_equal(counter(d, 0x02, 5), 9 * BS);
	expect_run(GOOD, d, cdb, NULL, 0, buf, sizeof(buf));
	assert_int_equal(buf[0], 0x02);
	assert_int_equal(log_select(d, 2, 0, 0x02, NULL, 0), RES_GOOD);
	disk_restart(d, NULL);
	assert_int_equal(counter(d, 0x02, 5), 9 * BS);
	assert_int_equal(log_select(d, 3, 0, 0x02, NULL, 0), RES_GOOD);
	disk_restart(d, NULL);
	assert_int_equal(counter(d, 0x02, 5), 0);
	disk_free(d);
}

static void what_log_select_has_not_is_refused(void **state)
{
	static const uint8_t list[4] = { 0x02 };
	struct disk *d = *state;

	assert_int_equal(log_select(d, 1, 1, 0, NULL, 0), RES_INVALID_FIELD_CDB);
	assert_int_equal(log_select(d, 2, 1, 0, list, 4), RES_INVALID_FIELD_CDB);
	assert_int_equal(log_select(d, 0, 1, 2, list, 4), RES_INVALID_FIELD_CDB);
	assert_int_equal(log_select(d, 0, 3, 0, list, 4), RES_INVALID_FIELD_CDB);
	assert_int_equal(log_select(d, 2, 1, 0x3e, NULL, 0), RES_INVALID_FIELD_CDB);
	assert_int_equal(log_select(d, 0, 1, 0, list, 4), RES_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(error_counters_tell_bytes_and_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(performance_is_one_list_and_its_unit_of_time, setup, teardown),
		cmocka_unit_test(thin_disks_tell_what_they_take),
		cmocka_unit_test_setup_teardown(starts_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_begins_the_page_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_are_set_by_a_list, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_with_a_fault_set_nothing, setup, teardown),
		cmocka_unit_test(counters_that_are_saved_go_on_after_a_restart),
		cmocka_unit_test_setup_teardown(what_log_select_has_not_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
