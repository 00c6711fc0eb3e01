/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MODE SENSE and MODE SELECT on a disk, whose caching page has WCE to change, and the pages
 * that all device types have.
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
#include "target/lu_record.h"
#include "target/ua.h"

enum { CURRENT, CHANGEABLE, DEFAULT, SAVED };
#define PF 0x10
#define SP 0x01
#define DBD 0x08
#define LLBAA 0x10
#define MODE_UA (1u << UA_MODE_CHANGED)

struct answer {
	struct shot s;
	enum scsi_result result;
	uint8_t data[4096];
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

static void sense6(struct answer *a, struct disk *d, uint8_t flags, unsigned int pc, uint8_t page,
		   uint8_t sub)
{
	uint8_t cdb[32] = { 0x1a, flags, (uint8_t)(pc << 6 | page), sub, 255 };

	memset(a, 0xee, sizeof(*a));
	a->result = disk_run(d, &a->s, cdb, NULL, 0, a->data, sizeof(a->data));
}

static void sense10(struct answer *a, struct disk *d, uint8_t flags, unsigned int pc, uint8_t page,
		    uint8_t sub)
{
	uint8_t cdb[32] = { 0x5a, flags, (uint8_t)(pc << 6 | page), sub };

	put_be16(cdb + 7, sizeof(a->data));
	memset(a, 0xee, sizeof(*a));
	a->result = disk_run(d, &a->s, cdb, NULL, 0, a->data, sizeof(a->data));
}

static enum scsi_result select6(struct disk *d, struct shot *s, uint8_t flags, const uint8_t *list,
				uint8_t len)
{
	uint8_t cdb[32] = { 0x15, flags, 0, 0, len };

	return disk_run(d, s, cdb, list, len, NULL, 0);
}

static enum scsi_result select10(struct disk *d, struct shot *s, const uint8_t *list, uint16_t len)
{
	uint8_t cdb[32] = { 0x55, PF };

	put_be16(cdb + 7, len);
	return disk_run(d, s, cdb, list, len, NULL, 0);
}

/* Byte @byte, counted as in the standard, of a page's current values. */
static uint8_t page_byte(struct disk *d, uint8_t page, unsigned int byte)
{
	struct answer a;

	sense6(&a, d, DBD, CURRENT, page, 0);
	assert_int_equal(a.result, RES_GOOD);
	return a.data[4 + byte];
}

/* A list with one page as it is, ready to be changed; returns its length. */
static uint8_t page_list(struct disk *d, uint8_t page, uint8_t *list)
{
	struct answer a;

	sense6(&a, d, DBD, CURRENT, page, 0);
	assert_int_equal(a.result, RES_GOOD);
	memcpy(list, a.data, a.s.in_len);
	memset(list, 0, 4);
	return (uint8_t)a.s.in_len;
}

static void header6_and_block_descriptor_tell_the_capacity(void **state)
{
	static const uint8_t bd[8] = { 0, 0, 8, 0, 0, 0, 2, 0 };
	struct answer a;

	sense6(&a, *state, 0, CURRENT, 0x08, 0);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(a.s.in_len, 4 + 8 + 20);
	assert_int_equal(a.data[0], a.s.in_len - 1);
	assert_int_equal(a.data[3], 8);
	assert_memory_equal(a.data + 4, bd, 8);
	assert_int_equal(a.data[12], 0x08);
	assert_int_equal(a.data[13], 18);
}

static void dbd_leaves_the_block_descriptor_out(void **state)
{
	struct answer a;

	sense6(&a, *state, DBD, CURRENT, 0x0a, 0);
	assert_int_equal(a.s.in_len, 4 + 12);
	assert_int_equal(a.data[3], 0);
	sense10(&a, *state, DBD, CURRENT, 0x0a, 0);
	assert_int_equal(a.s.in_len, 8 + 12);
	assert_int_equal(get_be16(a.data), 18);
	assert_int_equal(get_be16(a.data + 6), 0);
}

static void long_block_descriptor_holds_what_a_short_one_can_not(void **state)
{
	struct disk *d = *state;
	struct answer a;

	d->lu->blocks = 0x123456789aULL;
	sense10(&a, d, 0, CURRENT, 0x0a, 0);
	assert_int_equal(a.data[4], 0);
	assert_int_equal(get_be16(a.data + 6), 8);
	assert_int_equal(get_be32(a.data + 8), 0xffffffff);
	sense10(&a, d, LLBAA, CURRENT, 0x0a, 0);
	assert_int_equal(a.data[4], 1);
	assert_int_equal(get_be16(a.data + 6), 16);
	assert_int_equal(get_be64(a.data + 8), 0x123456789aULL);
	assert_int_equal(get_be32(a.data + 20), 512);
}

/* Pages of a list, one after another; returns how many, subpages counted in *@subs. */
static unsigned int count_pages(const uint8_t *p, uint32_t len, unsigned int *subs)
{
	unsigned int pages = 0;

	*subs = 0;
	while (len) {
		uint32_t n = p[0] & 0x40 ? 4u + get_be16(p + 2) : 2u + p[1];

		assert_true(n <= len);
		assert_int_equal(p[0] & 0x80, 0);
		*subs += (p[0] & 0x40) != 0;
		pages++;
		p += n;
		len -= n;
	}
	return pages;
}

static void all_pages_come_without_and_with_subpages(void **state)
{
	struct disk *d = *state;
	unsigned int all = 0, with = 0, subs;
	struct answer a;

	for (const struct mode_page *p = d->lu->dev->modes; p->name; p++) {
		if (p->enabled && !p->enabled(d->lu))
			continue;
		all++;
		with += p->subpage != 0;
	}
	sense10(&a, d, DBD, CURRENT, 0x3f, 0);
	assert_int_equal(count_pages(a.data + 8, a.s.in_len - 8, &subs), all - with);
	assert_int_equal(subs, 0);
	sense10(&a, d, DBD, CURRENT, 0x3f, 0xff);
	assert_int_equal(count_pages(a.data + 8, a.s.in_len - 8, &subs), all);
	assert_int_equal(subs, with);
	sense10(&a, d, DBD, CURRENT, 0x0a, 0xff);
	assert_int_equal(count_pages(a.data + 8, a.s.in_len - 8, &subs), 2);
	sense10(&a, d, DBD, CURRENT, 0x0a, 0x01);
	assert_int_equal(a.s.in_len, 8 + 32);
}

static void unknown_pages_and_subpages_are_refused_with_pointers(void **state)
{
	struct answer a;

	sense6(&a, *state, 0, CURRENT, 0x2e, 0);
	assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&a.s), 2 << 8 | 5);
	sense6(&a, *state, 0, CURRENT, 0x0a, 0x77);
	assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&a.s), 3 << 8 | 0xff);
	sense6(&a, *state, 0, CURRENT, 0x3f, 0x01);
	assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&a.s), 3 << 8 | 0xff);
}

static void saved_values_are_not_supported(void **state)
{
	struct answer a;

	sense6(&a, *state, 0, SAVED, 0x3f, 0);
	assert_int_equal(a.result, RES_SAVING_UNSUPPORTED);
}

static void changeable_values_are_masks(void **state)
{
	struct answer a;

	sense6(&a, *state, DBD, CHANGEABLE, 0x0a, 0);
	assert_int_equal(a.data[4 + 2], 0x04);
	assert_int_equal(a.data[4 + 3], 0x00);
	assert_int_equal(a.data[4 + 4], 0x08);
	assert_int_equal(a.data[4 + 5], 0x40);
	sense6(&a, *state, 0, CHANGEABLE, 0x08, 0);
	assert_int_equal(get_be64(a.data + 4), 0xffffffff00ffffffULL); /* FORMAT UNIT makes it so */
	assert_int_equal(a.data[12 + 2], 0x04);
}

static void short_allocation_lengths_cut(void **state)
{
	for (uint8_t alloc = 0; alloc < 40; alloc++) {
		uint8_t cdb[32] = { 0x1a, 0, 0x08, 0, alloc }, data[64];
		struct shot s;

		memset(data, 0xee, sizeof(data));
		assert_int_equal(disk_run(*state, &s, cdb, NULL, 0, data, sizeof(data)), RES_GOOD);
		assert_int_equal(s.in_len, alloc < 32 ? alloc : 32);
		assert_int_equal(data[alloc < 32 ? alloc : 32], 0xee);
		assert_true(!alloc || data[0] == 31);
	}
}

static void a_change_takes_effect_and_is_told_to_others(void **state)
{
	struct disk *d = *state;
	uint8_t list[64], len = page_list(d, 0x08, list);
	struct answer a;
	struct shot s;

	assert_int_equal(list[4 + 2] & 0x04, 0x04);
	list[4 + 2] &= (uint8_t)~0x04;
	assert_int_equal(select6(d, &s, PF, list, len), RES_GOOD);
	assert_int_equal(page_byte(d, 0x08, 2) & 0x04, 0);
	assert_int_equal(nexus_itl(d->a, 1)->ua, 0);
	assert_int_equal(nexus_itl(d->b, 1)->ua, MODE_UA);
	sense6(&a, d, DBD, DEFAULT, 0x08, 0);
	assert_int_equal(a.data[4 + 2] & 0x04, 0x04);
}

static void no_change_is_told_to_nobody(void **state)
{
	struct disk *d = *state;
	uint8_t list[64], len = page_list(d, 0x08, list);
	struct shot s;

	assert_int_equal(select6(d, &s, PF, list, len), RES_GOOD);
	assert_int_equal(nexus_itl(d->b, 1)->ua, 0);
	assert_int_equal(select6(d, &s, PF, NULL, 0), RES_GOOD);
	assert_int_equal(nexus_itl(d->b, 1)->ua, 0);
}

static void control_page_rules_sense_format_and_write_protection(void **state)
{
	struct disk *d = *state;
	uint8_t list[64], len = page_list(d, 0x0a, list);
	uint8_t write[32] = { 0x2a, 0, 0, 0, 0, 0, 0, 0, 1 }, block[512] = { 0 };
	struct shot s;

	list[4 + 2] |= 0x04;
	list[4 + 4] |= 0x08;
	list[4 + 5] |= 0x40;
	assert_int_equal(select6(d, &s, PF, list, len), RES_GOOD);
	assert_true(d->lu->descriptor_sense && d->lu->swp && d->lu->tas);
	disk_run(d, &s, write, block, 512, NULL, 0);
	assert_int_equal(s.status, SAM_CHECK_CONDITION);
	assert_int_equal(s.sense[0], 0x72);
	assert_int_equal(s.sense[1], SK_DATA_PROTECT);
	d->lu->dev->reset(d->lu);
	assert_false(d->lu->descriptor_sense || d->lu->swp || d->lu->tas);
}

static void update_of_the_lu_shows_in_the_control_page_and_outlives_a_reset(void **state)
{
	struct disk *d = *state;
	struct answer a;

	disk_set(d, "sense_format", "1");
	assert_int_equal(page_byte(d, 0x0a, 2) & 0x04, 0x04);
	sense6(&a, d, DBD, DEFAULT, 0x0a, 0);
	assert_int_equal(a.data[4 + 2] & 0x04, 0x04);
	d->lu->dev->reset(d->lu);
	assert_true(d->lu->descriptor_sense);
	disk_set(d, "sense_format", "0");
	assert_int_equal(page_byte(d, 0x0a, 2) & 0x04, 0);
	d->lu->dev->reset(d->lu);
	assert_false(d->lu->descriptor_sense);
}

static void bits_that_can_not_change_are_refused_with_a_pointer(void **state)
{
	struct disk *d = *state;
	uint8_t list[64], len = page_list(d, 0x0a, list);
	struct shot s;

	list[4 + 3] ^= 0x06; /* QERR */
	assert_int_equal(select6(d, &s, PF, list, len), RES_INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), (4 + 3) << 8 | 2);
	assert_int_equal(s.sense[15] & 0x40, 0);
}

static void nothing_of_a_refused_list_is_applied(void **state)
{
	struct disk *d = *state;
	uint8_t list[64], second[64], len = page_list(d, 0x08, list);
	uint8_t both = (uint8_t)(len + page_list(d, 0x0a, second) - 4);
	struct shot s;

	list[4 + 2] &= (uint8_t)~0x04;
	memcpy(list + len, second + 4, both - len);
	list[len + 8] ^= 0x01;
	assert_int_equal(select6(d, &s, PF, list, both), RES_INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), (len + 8) << 8 | 0);
	assert_int_equal(page_byte(d, 0x08, 2) & 0x04, 0x04);
	assert_int_equal(nexus_itl(d->b, 1)->ua, 0);
	list[len + 8] ^= 0x01;
	assert_int_equal(select6(d, &s, PF, list, both), RES_GOOD);
	assert_int_equal(page_byte(d, 0x08, 2) & 0x04, 0);
}

static void truncated_lists_are_refused_at_every_length(void **state)
{
	struct disk *d = *state;
	uint8_t list[64], len = page_list(d, 0x08, list);
	struct shot s;

	list[4 + 2] &= (uint8_t)~0x04;
	for (uint8_t n = 1; n < len; n++) {
		if (n == 4)
			assert_int_equal(select6(d, &s, PF, list, n), RES_GOOD);
		else
			assert_int_equal(select6(d, &s, PF, list, n), RES_PARAM_LIST_LENGTH);
	}
	assert_int_equal(page_byte(d, 0x08, 2) & 0x04, 0x04);
}

static void wrong_page_lengths_and_formats_are_refused(void **state)
{
	struct disk *d = *state;
	uint8_t list[64], len = page_list(d, 0x08, list);
	struct shot s;

	list[5]--;
	assert_int_equal(select6(d, &s, PF, list, len), RES_INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 5 << 8 | 0xff);
	list[5]++;
	list[4] = 0x2e;
	assert_int_equal(select6(d, &s, PF, list, len), RES_INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 4 << 8 | 5);
	list[4] = 0x48;
	list[5] = 0;
	assert_int_equal(select6(d, &s, PF, list, len), RES_INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 4 << 8 | 6);
}

static void saving_and_vendor_formats_are_refused(void **state)
{
	struct disk *d = *state;
	uint8_t list[64], len = page_list(d, 0x08, list);
	struct shot s;

	assert_int_equal(select6(d, &s, PF | SP, list, len), RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&s), 1 << 8 | 0);
	assert_int_equal(select6(d, &s, 0, list, len), RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&s), 1 << 8 | 4);
}

static void block_descriptor_asks_only_for_what_can_be(void **state)
{
	struct disk *d = *state;
	uint8_t list[12] = { 0, 0, 0, 8, 0, 0, 8, 0, 0, 0, 2, 0 };
	struct shot s;

	assert_int_equal(select6(d, &s, PF, list, 12), RES_GOOD);
	list[6] = 0; /* 0 blocks: as many as there are */
	assert_int_equal(select6(d, &s, PF, list, 12), RES_GOOD);
	list[6] = 4;
	assert_int_equal(select6(d, &s, PF, list, 12), RES_INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 4 << 8 | 0xff);
	list[6] = 8;
	list[10] = 0x03;
	assert_int_equal(select6(d, &s, PF, list, 12), RES_INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 9 << 8 | 0xff);
	list[3] = 4;
	assert_int_equal(select6(d, &s, PF, list, 12), RES_INVALID_FIELD_PARAM);
	assert_int_equal(shot_field(&s), 3 << 8 | 0xff);
	list[3] = 16;
	assert_int_equal(select6(d, &s, PF, list, 12), RES_PARAM_LIST_LENGTH);
}

static void select10_takes_a_long_block_descriptor_and_a_subpage(void **state)
{
	struct disk *d = *state;
	struct answer a;
	struct shot s;

	sense10(&a, d, LLBAA, CURRENT, 0x0a, 0xff);
	assert_int_equal(a.s.in_len, 8 + 16 + 12 + 32);
	put_be16(a.data, 0);
	a.data[3] = 0;
	a.data[8 + 16 + 2] |= 0x04;
	assert_int_equal(select10(d, &s, a.data, (uint16_t)a.s.in_len), RES_GOOD);
	assert_true(d->lu->descriptor_sense);
	a.data[8 + 12] = 1;
	assert_int_equal(select10(d, &s, a.data, (uint16_t)a.s.in_len), RES_COUNT);
	assert_int_equal(s.sense[2], 0x26);
}

static void mode_page_parameter_sets_defaults_that_outlive_a_reset(void **state)
{
	struct disk *d = *state;
	struct err err = { .code = ERR_OK };

	disk_set(d, "mode_page", "8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:"
				 "0xff:0xff:0x80:0x14:0:0:0:0:0:0");
	assert_int_equal(page_byte(d, 0x08, 2), 0);
	d->lu->dev->reset(d->lu);
	assert_int_equal(page_byte(d, 0x08, 2), 0);
	assert_true(lu_set(d->lu, "mode_page", "8:0:18:1:2", &err) < 0);
	err.code = ERR_OK;
	assert_true(lu_set(d->lu, "mode_page", "46:0:1:1", &err) < 0);
	err.code = ERR_OK;
	assert_true(lu_set(d->lu, "mode_page", "8:0:2:0:0", &err) < 0);
	err.code = ERR_OK;
	assert_true(lu_set(d->lu, "mode_page", "8:0", &err) < 0);
}

static void assert_said(const struct disk *d, const char *expected)
{
	json_t *said = lu_records_show(d->lu);
	char *got = json_dumps(said, JSON_COMPACT);

	assert_string_equal(got, expected);
	free(got);
	json_decref(said);
}

static void what_was_said_of_modes_is_kept_apart_from_what_they_are(void **state)
{
	struct disk *d = *state;
	struct err err = { .code = ERR_OK };

	disk_set(d, "vendor_id", "CO");
	assert_said(d, "[]");
	disk_set(d, "swp", "on");
	disk_set(d, "mode_page", "10:0:10:0:0:0:0:0:0:0:0:0:0");
	disk_set(d, "mode_page", "0xa:0:10:0:0:0x40:0:0:0:0:0:0:0");
	assert_said(d, "[[\"swp\",\"on\"],[\"mode_page\",\"0xa:0:10:0:0:0x40:0:0:0:0:0:0:0\"]]");
	disk_set(d, "swp", "0");
	assert_true(lu_set(d->lu, "swp", "maybe", &err) < 0);
	assert_true(lu_set(d->lu, "colour", "blue", &err) < 0);
	disk_set(d, "mode_page", "10:0:default");
	assert_said(d, "[[\"swp\",\"0\"]]");
}

static void a_page_of_default_is_as_the_device_type_has_it(void **state)
{
	struct disk *d = *state;

	disk_set(d, "mode_page", "8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:"
				 "0xff:0xff:0x80:0x14:0:0:0:0:0:0");
	assert_int_equal(page_byte(d, 0x08, 2) & 4, 0);
	disk_set(d, "mode_page", "8:0:default");
	assert_int_equal(page_byte(d, 0x08, 2) & 4, 4);
}

#define with_disk(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_disk(what_was_said_of_modes_is_kept_apart_from_what_they_are),
		with_disk(a_page_of_default_is_as_the_device_type_has_it),
		with_disk(header6_and_block_descriptor_tell_the_capacity),
		with_disk(dbd_leaves_the_block_descriptor_out),
		with_disk(long_block_descriptor_holds_what_a_short_one_can_not),
		with_disk(all_pages_come_without_and_with_subpages),
		with_disk(unknown_pages_and_subpages_are_refused_with_pointers),
		with_disk(saved_values_are_not_supported),
		with_disk(changeable_values_are_masks),
		with_disk(short_allocation_lengths_cut),
		with_disk(a_change_takes_effect_and_is_told_to_others),
		with_disk(no_change_is_told_to_nobody),
		with_disk(control_page_rules_sense_format_and_write_protection),
		with_disk(update_of_the_lu_shows_in_the_control_page_and_outlives_a_reset),
		with_disk(bits_that_can_not_change_are_refused_with_a_pointer),
		with_disk(nothing_of_a_refused_list_is_applied),
		with_disk(truncated_lists_are_refused_at_every_length),
		with_disk(wrong_page_lengths_and_formats_are_refused),
		with_disk(saving_and_vendor_formats_are_refused),
		with_disk(block_descriptor_asks_only_for_what_can_be),
		with_disk(select10_takes_a_long_block_descriptor_and_a_subpage),
		with_disk(mode_page_parameter_sets_defaults_that_outlive_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
