/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT LUNS, TEST UNIT READY and REQUEST SENSE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"
#include "scsi/lun.h"
#include "target/lun_map.h"
#include "t_loop.h"
#include "target/ua.h"

#define ABSENT_LUN 77

struct answer {
	struct shot s;
	enum scsi_result result;
	uint8_t data[65536];
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

static void report(struct answer *a, struct disk *d, uint8_t select, uint32_t alloc)
{
	uint8_t cdb[32] = { 0xa0, 0, select };

	put_be32(cdb + 6, alloc);
	memset(a, 0xee, sizeof(*a));
	a->result = disk_run(d, &a->s, cdb, NULL, 0, a->data, sizeof(a->data));
}

/* REQUEST SENSE; returns key, ASC and ASCQ as one number. */
static unsigned int sense(struct answer *a, struct disk *d, bool desc)
{
	uint8_t cdb[32] = { 0x03, desc, 0, 0, 252 };

	memset(a, 0xee, sizeof(*a));
	a->result = disk_run(d, &a->s, cdb, NULL, 0, a->data, sizeof(a->data));
	assert_int_equal(a->result, RES_GOOD);
	assert_int_equal(a->data[0] & 0x7f, desc ? 0x72 : 0x70);
	if (desc)
		return a->data[1] << 16 | a->data[2] << 8 | a->data[3];
	return (unsigned int)(a->data[2] & 15) << 16 | a->data[12] << 8 | a->data[13];
}

static void created(void *arg, struct lu *lu, const struct err *err)
{
	(void)err;
	*(struct lu **)arg = lu;
}

static void add_lu(struct disk *d, uint64_t lun)
{
	struct lu_conf conf = { .lun = lun, .dev_type = "disk", .bstype = "null", .path = "1M" };
	struct lu *lu = NULL;

	lu_new(d->target, &conf, created, &lu);
	for (int i = 0; i < 100 && !lu; i++)
		t_loop_turns(d->core.loop, 1);
	assert_non_null(lu);
}

static void luns_are_listed_in_order(void **state)
{
	static const uint64_t luns[] = { 300, 2, 16383 };
	static const uint8_t want[] = { 0, 0, 0, 40, 0, 0, 0, 0,
					0, 0, 0, 0,  0, 0, 0, 0,
					0, 1, 0, 0,  0, 0, 0, 0,
					0, 2, 0, 0,  0, 0, 0, 0,
					0x41, 0x2c, 0, 0, 0, 0, 0, 0,
					0x7f, 0xff, 0, 0, 0, 0, 0, 0 };
	struct answer a;

	for (size_t i = 0; i < ARRAY_SIZE(luns); i++)
		add_lu(*state, luns[i]);
	report(&a, *state, 0, 256);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(a.s.in_len, sizeof(want));
	assert_memory_equal(a.data, want, sizeof(want));
}

/* @luns and @readonly as the administrator says them, for the nexus that shots come from. */
static void map(struct disk *d, const char *luns, bool readonly)
{
	struct lun_map_change ch = {
		.initiator = d->a->initiator,
		.luns = json_loads(luns, 0, NULL),
		.readonly = json_boolean(readonly),
	};

	assert_int_equal(lun_map_set(d->target, &ch, false, NULL), 0);
	json_decref((json_t *)ch.luns);
}

static void a_map_is_listed_by_the_initiators_numbers(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 16, 0, 0, 0, 0,
					0, 0, 0, 0,  0, 0, 0, 0,
					0x41, 0x2c, 0, 0, 0, 0, 0, 0 };
	static const uint8_t wlun[8] = { 0xc1, 0x01 };
	struct disk *d = *state;
	struct answer a;

	add_lu(d, 2);
	add_lu(d, 3);
	map(d, "{\"300\":\"1\",\"0\":\"3\",\"8\":\"77\"}", false); /* there is no LUN 77 */
	d->lun = 0;
	report(&a, d, 0, 256);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(a.s.in_len, sizeof(want));
	assert_memory_equal(a.data, want, sizeof(want));
	report(&a, d, 2, 256);
	assert_int_equal(a.s.in_len, 32);
	assert_memory_equal(a.data + 24, wlun, 8);
}

static void luns_are_reported_though_lun_0_is_hidden(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 8, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0 };
	uint8_t inquiry[32] = { 0x12, 0, 0, 0, 36 }, data[36];
	struct disk *d = *state;
	struct answer a;

	map(d, "{\"4\":\"1\"}", false);
	d->lun = 0;
	report(&a, d, 0, 256);
	assert_int_equal(a.s.in_len, sizeof(want));
	assert_memory_equal(a.data, want, sizeof(want));
	/* SPC-4 6.4.2: no unit there, and none can be. */
	expect_run(GOOD, d, inquiry, NULL, 0, data, sizeof(data));
	assert_int_equal(data[0], 0x7f);
	d->lun = 4;
	expect_run(GOOD, d, inquiry, NULL, 0, data, sizeof(data));
	assert_int_equal(data[0], 0x00);
}

static void mode_sense_tells_whom_it_is_readonly_to(void **state)
{
	uint8_t sense6[32] = { 0x1a, 0, 0x3f, 0, 255 }, data[255];
	struct disk *d = *state;
	struct shot s = { .d = d, .in = data, .in_max = sizeof(data) };

	map(d, "{\"1\":\"1\"}", true);
	disk_clear_ua(d);
	expect_run(GOOD, d, sense6, NULL, 0, data, sizeof(data));
	assert_int_equal(data[2] & 0x80, 0x80);
	memcpy(s.cdb, sense6, sizeof(s.cdb));
	shot_start(d, &s, d->b);
	shot_wait(&s);
	assert_int_equal(s.status, SAM_GOOD);
	assert_int_equal(data[2] & 0x80, 0);
}

static void well_known_lun_is_listed_when_asked_for(void **state)
{
	static const uint8_t wlun[8] = { 0xc1, 0x01 };
	struct answer a;

	report(&a, *state, 0x01, 256);
	assert_int_equal(a.s.in_len, 16);
	assert_memory_equal(a.data + 8, wlun, 8);
	report(&a, *state, 0x02, 256);
	assert_int_equal(a.s.in_len, 32);
	assert_memory_equal(a.data + 24, wlun, 8);
}

static void there_are_no_administrative_units(void **state)
{
	struct answer a;

	report(&a, *state, 0x10, 256);
	assert_int_equal(a.s.in_len, 8);
	report(&a, *state, 0x11, 256);
	assert_int_equal(a.s.in_len, 24);
	report(&a, *state, 0x12, 256);
	assert_int_equal(a.s.in_len, 8);
	assert_int_equal(a.data[3], 0);
}

static void reserved_select_report_is_refused(void **state)
{
	struct answer a;

	for (unsigned int select = 0x03; select <= 0xff; select++) {
		if (select >= 0x10 && select <= 0x12)
			continue;
		report(&a, *state, (uint8_t)select, 256);
		assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
		assert_int_equal(shot_field(&a.s), 2 << 8 | 0xff);
	}
}

static void length_of_the_list_does_not_depend_on_the_allocation_length(void **state)
{
	static const uint32_t lens[] = { 0, 1, 4, 8, 15, 16, 20, 24 };
	struct answer a;

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		report(&a, *state, 0, lens[i]);
		assert_int_equal(a.result, RES_GOOD);
		assert_int_equal(a.s.in_len, lens[i]);
		if (lens[i] >= 4)
			assert_int_equal(get_be32(a.data), 16);
		assert_int_equal(a.data[lens[i]], 0xee);
	}
}

static void scattered_lists_are_whole(void **state)
{
	struct disk *d = *state;
	struct answer flat, pieces;

	for (uint64_t lun = 2; lun < 300; lun++)
		add_lu(d, lun);
	report(&flat, d, 0, 65536);
	assert_int_equal(flat.s.in_len, 8 + 8 * 300);
	d->scatter = 13;
	report(&pieces, d, 0, 65536);
	assert_memory_equal(flat.data, pieces.data, flat.s.in_len);
}

static void asking_clears_the_attention_about_luns(void **state)
{
	struct disk *d = *state;
	struct answer a;

	add_lu(d, 5);
	assert_int_equal(nexus_itl(d->a, 1)->ua, 1u << UA_LUNS_CHANGED);
	report(&a, d, 0, 16);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(nexus_itl(d->a, 1)->ua, 0);
	assert_int_equal(nexus_itl(d->b, 1)->ua, 1u << UA_LUNS_CHANGED);
}

static void well_known_unit_answers_and_absent_ones_do_not(void **state)
{
	struct disk *d = *state;
	struct answer a;

	d->lun = LUN_WLUN_REPORT_LUNS;
	report(&a, d, 0, 256);
	if (a.result == RES_UA_POWER_ON)
		report(&a, d, 0, 256);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(a.s.in_len, 24);
	d->lun = ABSENT_LUN;
	report(&a, d, 0, 256);
	assert_int_equal(a.result, RES_LUN_NOT_SUPPORTED);
}

static void request_sense_without_cause_is_no_sense(void **state)
{
	struct answer a;

	assert_int_equal(sense(&a, *state, false), 0);
	assert_int_equal(a.s.in_len, 18);
	assert_int_equal(sense(&a, *state, true), 0);
	assert_int_equal(a.s.in_len, 8);
}

static void request_sense_takes_a_unit_attention(void **state)
{
	struct disk *d = *state;
	struct answer a;

	ua_raise(nexus_itl(d->a, 1), UA_CAPACITY_CHANGED);
	ua_raise(nexus_itl(d->a, 1), UA_MODE_CHANGED);
	assert_int_equal(sense(&a, d, true), 0x062a09);
	assert_int_equal(sense(&a, d, false), 0x062a01);
	assert_int_equal(sense(&a, d, false), 0);
}

static void request_sense_tells_that_there_is_no_unit(void **state)
{
	struct disk *d = *state;
	struct answer a;

	d->lun = ABSENT_LUN;
	assert_int_equal(sense(&a, d, false), 0x052500);
	assert_int_equal(sense(&a, d, true), 0x052500);
}

static void request_sense_tells_progress(void **state)
{
	struct disk *d = *state;
	struct answer a;

	d->lu->background = RES_NR_FORMAT;
	d->lu->progress = 0x4567;
	assert_int_equal(sense(&a, d, false), 0x020404);
	assert_int_equal(a.data[15] & 0x80, 0x80);
	assert_int_equal(get_be16(a.data + 16), 0x4567);
	d->lu->background = RES_GOOD;
}

static void unit_is_ready_unless_formatting_or_offline(void **state)
{
	static const uint8_t tur[32] = { 0x00 };
	struct disk *d = *state;
	struct shot s;

	expect_run(GOOD, d, tur, NULL, 0, NULL, 0);
	d->lu->background = RES_NR_FORMAT;
	d->lu->progress = 0x8000;
	assert_int_equal(disk_run(d, &s, tur, NULL, 0, NULL, 0), RES_NR_FORMAT);
	assert_int_equal(s.sense[15], 0x80);
	assert_int_equal(get_be16(s.sense + 16), 0x8000);
	d->lu->background = RES_GOOD;
	disk_set(d, "online", "0");
	expect_run(NR_MANUAL, d, tur, NULL, 0, NULL, 0);
	d->lun = ABSENT_LUN;
	expect_run(LUN_NOT_SUPPORTED, d, tur, NULL, 0, NULL, 0);
}

#define with_disk(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_disk(luns_are_listed_in_order),
		with_disk(a_map_is_listed_by_the_initiators_numbers),
		with_disk(luns_are_reported_though_lun_0_is_hidden),
		with_disk(mode_sense_tells_whom_it_is_readonly_to),
		with_disk(well_known_lun_is_listed_when_asked_for),
		with_disk(there_are_no_administrative_units),
		with_disk(reserved_select_report_is_refused),
		with_disk(length_of_the_list_does_not_depend_on_the_allocation_length),
		with_disk(scattered_lists_are_whole),
		with_disk(asking_clears_the_attention_about_luns),
		with_disk(well_known_unit_answers_and_absent_ones_do_not),
		with_disk(request_sense_without_cause_is_no_sense),
		with_disk(request_sense_takes_a_unit_attention),
		with_disk(request_sense_tells_that_there_is_no_unit),
		with_disk(request_sense_tells_progress),
		with_disk(unit_is_ready_unless_formatting_or_offline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
