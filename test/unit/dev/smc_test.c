/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The changer with two tape drives: what it tells, what it moves, and what it remembers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_tape.h"

#define CHANGER 4
#define DRIVE 1	   /* addresses */
#define DOOR 768
#define SLOT 1024
#define LTO8 0x5e

static struct shot s;
static struct lu *drives[2], *changer;
static uint8_t got[8192];

static void say(const char *name, const char *value)
{
	struct err err = { .code = ERR_OK };

	if (lu_set(changer, name, value, &err))
		fail_msg("%s=%s: %s", name, value, err.text);
}

static int refused(const char *name, const char *value)
{
	struct err err = { .code = ERR_OK };

	return lu_set(changer, name, value, &err) != 0;
}

static void configure(struct disk *d)
{
	say("media_home", d->box->dir);
	say("drives", "1:2+1:3");
	say("slots", "4");
	say("import_export", "2");
	say("barcodes", "A00001L8-A00003L8");
}

static struct disk *library(void)
{
	struct disk *d = disk_new(NULL, "1M", 512);
	char name[16];

	disk_persistent(d);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "A0000%dL8", i + 1);
		tape_file(d, name, 2 * MiB, 0, LTO8);
	}
	drives[0] = disk_add_dev(d, "tape", 2, "rdwr", NULL);
	drives[1] = disk_add_dev(d, "tape", 3, "rdwr", NULL);
	changer = disk_add_dev(d, "changer", CHANGER, NULL, NULL);
	configure(d);
	disk_clear_ua(d);
	return d;
}

static enum scsi_result move(struct disk *d, uint16_t from, uint16_t to)
{
	uint8_t cdb[32] = { 0xa5, 0x80 }; /* SCSI-2's LUN, as ch sends it */

	put_be16(cdb + 4, from);
	put_be16(cdb + 6, to);
	return disk_run(d, &s, cdb, NULL, 0, NULL, 0);
}

static const char *name_of(enum scsi_result r)
{
	return r < RES_COUNT ? scsi_result_info(r)->name : "no result";
}

#define assert_res(x, want) assert_string_equal(name_of(x), #want)

/* READ ELEMENT STATUS into @got. */
static uint32_t status(struct disk *d, uint8_t type, uint16_t start, uint16_t n, bool dvcid)
{
	uint8_t cdb[32] = { 0xb8, (uint8_t)(0x10 | type), 0, 0, 0, 0, dvcid, 0, 0x20, 0 };

	put_be16(cdb + 2, start);
	put_be16(cdb + 4, n);
	assert_res(disk_run(d, &s, cdb, NULL, 0, got, sizeof(got)), GOOD);
	return s.in_len;
}

/* The descriptor of one element, with its volume tag. */
static const uint8_t *element(struct disk *d, uint8_t type, uint16_t addr)
{
	status(d, type, addr, 1, false);
	assert_int_equal(get_be16(got + 16), addr);
	return got + 16;
}

static void expect_volume(struct disk *d, uint8_t type, uint16_t addr, const char *barcode)
{
	const uint8_t *e = element(d, type, addr);

	assert_int_equal(e[2] & 1, barcode != NULL);
	if (barcode)
		assert_memory_equal(e + 12, barcode, strlen(barcode));
}

static enum scsi_result drive_ready(struct disk *d, unsigned int i)
{
	uint8_t cdb[32] = { 0 };
	enum scsi_result r;

	tape_wait_loaded(d, drives[i]);
	d->lun = 2 + i;
	disk_clear_ua(d);
	r = disk_run(d, &s, cdb, NULL, 0, NULL, 0);
	d->lun = CHANGER;
	return r;
}

static void all_elements_are_told(void **state)
{
	struct disk *d = library();
	uint32_t len = status(d, 0, 0, 0xffff, true);

	(void)state;
	assert_int_equal(get_be16(got), DRIVE);
	assert_int_equal(get_be16(got + 2), 1 + 4 + 2 + 2);
	assert_int_equal(get_be24(got + 5), len - 8);
	assert_int_equal(got[8], 1);
	assert_int_equal(got[9], 0x80);
	assert_int_equal(get_be16(got + 10), 12 + 36 + 4 + 60);
	assert_int_equal(get_be24(got + 13), 112);
	assert_int_equal(got[8 + 8 + 112], 2);
	status(d, 4, 0, 0xffff, true);
	assert_memory_equal(got + 16 + 12 + 36 + 4 + 8, "VIRTUAL-TAPE", 12);
	/* NUMBER OF ELEMENTS counts */
	status(d, 2, 0, 2, false);
	assert_int_equal(get_be16(got + 2), 2);
	status(d, 2, SLOT + 3, 10, false);
	assert_int_equal(get_be16(got), SLOT + 3);
	assert_int_equal(get_be16(got + 2), 1);
	expect_volume(d, 2, SLOT, "A00001L8  ");
	expect_volume(d, 2, SLOT + 3, NULL);
	disk_free(d);
}

static void a_medium_goes_to_a_drive_and_back(void **state)
{
	struct disk *d = library();

	(void)state;
	assert_res(drive_ready(d, 0), NR_NO_MEDIUM);
	assert_res(move(d, SLOT + 1, DRIVE), GOOD);
	assert_res(drive_ready(d, 0), GOOD);
	assert_res(drive_ready(d, 1), NR_NO_MEDIUM);
	expect_volume(d, 4, DRIVE, "A00002L8");
	assert_int_equal(got[16 + 9], 0x80);
	assert_int_equal(get_be16(got + 16 + 10), SLOT + 1);
	assert_int_equal(got[16 + 2] & 0x08, 0); /* not accessible while it is loaded */
	expect_volume(d, 2, SLOT + 1, NULL);
	assert_res(move(d, DRIVE, DOOR), GOOD);
	assert_res(drive_ready(d, 0), NR_NO_MEDIUM);
	expect_volume(d, 3, DOOR, "A00002L8");
	disk_free(d);
}

static void what_cannot_be_moved_is_refused(void **state)
{
	struct disk *d = library();
	uint8_t prevent[32] = { 0x1e, 0, 0, 0, 1 };

	(void)state;
	assert_res(move(d, 9999, SLOT), ELEMENT_ADDRESS);
	assert_res(move(d, SLOT, 9999), ELEMENT_ADDRESS);
	assert_res(move(d, SLOT, 500), ELEMENT_ADDRESS);
	assert_res(move(d, SLOT + 3, DRIVE), SOURCE_EMPTY);
	assert_res(move(d, SLOT, SLOT + 1), DESTINATION_FULL);
	assert_res(move(d, SLOT, DRIVE), GOOD);
	assert_res(drive_ready(d, 0), GOOD);
	d->lun = 2;
	assert_res(disk_run(d, &s, prevent, NULL, 0, NULL, 0), GOOD);
	d->lun = CHANGER;
	assert_res(move(d, DRIVE, SLOT), REMOVAL_PREVENTED);
	assert_res(drive_ready(d, 0), GOOD);
	/* A volume without an image. */
	say("element_type", "2");
	say("address", "1027");
	say("barcode", "NOTTHERE");
	disk_clear_ua(d);
	assert_res(move(d, SLOT + 3, DRIVE + 1), HW_MECHANICAL);
	disk_free(d);
}

static void media_are_exchanged(void **state)
{
	struct disk *d = library();
	uint8_t cdb[32] = { 0xa6 };

	(void)state;
	assert_res(move(d, SLOT, DRIVE), GOOD);
	put_be16(cdb + 4, SLOT + 1);
	put_be16(cdb + 6, DRIVE);
	put_be16(cdb + 8, SLOT + 1);
	tape_wait_loaded(d, drives[0]);
	assert_res(disk_run(d, &s, cdb, NULL, 0, NULL, 0), GOOD);
	expect_volume(d, 4, DRIVE, "A00002L8");
	expect_volume(d, 2, SLOT + 1, "A00001L8");
	assert_res(drive_ready(d, 0), GOOD);
	put_be16(cdb + 8, SLOT + 2);
	assert_res(disk_run(d, &s, cdb, NULL, 0, NULL, 0), DESTINATION_FULL);
	disk_free(d);
}

static void places_are_remembered(void **state)
{
	struct disk *d = library();
	struct err err = { .code = ERR_OK };

	(void)state;
	assert_res(move(d, SLOT, SLOT + 3), GOOD);
	assert_res(move(d, SLOT + 1, DRIVE + 1), GOOD);
	tape_wait_loaded(d, drives[1]);
	assert_int_equal(lu_delete(changer, true, NULL, NULL, &err), 0);
	assert_int_equal(lu_delete(drives[1], true, NULL, NULL, &err), 0);
	for (int i = 0; i < 100; i++)
		loop_turn(d->core.loop, 0);
	drives[1] = disk_add_dev(d, "tape", 3, "rdwr", NULL);
	changer = disk_add_dev(d, "changer", CHANGER, NULL, NULL);
	configure(d);
	disk_clear_ua(d);
	expect_volume(d, 2, SLOT, NULL);
	expect_volume(d, 2, SLOT + 1, NULL);
	expect_volume(d, 2, SLOT + 2, "A00003L8");
	expect_volume(d, 2, SLOT + 3, "A00001L8");
	expect_volume(d, 4, DRIVE + 1, "A00002L8");
	while (!drives[1]->bs)
		loop_turn(d->core.loop, 1000000000);
	assert_res(drive_ready(d, 1), GOOD);
	disk_free(d);
}

static void configuration_says_what_is_wrong(void **state)
{
	struct disk *d = library();

	(void)state;
	assert_true(refused("quantity", "many"));
	say("element_type", "2");
	say("start_address", "1024");
	assert_true(refused("quantity", "1"));
	assert_true(refused("element_type", "5"));
	assert_true(refused("barcode", "A1"));
	say("element_type", "2");
	say("address", "1024");
	assert_true(refused("barcode", "../passwd"));
	assert_true(refused("barcode", "B00001L8"));
	say("clear_slot", "1");
	say("barcode", "B00001L8");
	disk_clear_ua(d);
	expect_volume(d, 2, SLOT, "B00001L8");
	assert_true(refused("barcodes", "A1-"));
	assert_true(refused("media_home", "here"));
	disk_free(d);
}

/* As scripts of the predecessor say it. */
static void initiators_are_told_of_what_the_operator_does(void **state)
{
	struct disk *d = library();
	uint8_t tur[32] = { 0 };

	(void)state;
	say("element_type", "3");
	say("address", "769");
	say("barcode", "NEW001L8");
	assert_res(disk_run(d, &s, tur, NULL, 0, NULL, 0), UA_ELEMENT_ACCESSED);
	assert_res(disk_run(d, &s, tur, NULL, 0, NULL, 0), GOOD);
	assert_int_equal(element(d, 3, DOOR + 1)[2] & 0x03, 0x03);
	disk_free(d);
}

static void volumes_are_found_by_name(void **state)
{
	struct disk *d = library();
	uint8_t send[32] = { 0xb6, 0, 0, 0, 0, 0, 0, 0, 0, 40 }, list[40] = "A0000?L8";
	uint8_t request[32] = { 0xb5, 0x10, 0, 0, 0xff, 0xff, 0, 0, 0x20, 0 };

	(void)state;
	assert_res(disk_run(d, &s, send, list, 40, NULL, 0), GOOD);
	assert_res(disk_run(d, &s, request, NULL, 0, got, sizeof(got)), GOOD);
	assert_int_equal(get_be16(got + 2), 3);
	memset(list, 0, sizeof(list));
	memcpy(list, "*3*", 4);
	assert_res(disk_run(d, &s, send, list, 40, NULL, 0), GOOD);
	assert_res(disk_run(d, &s, request, NULL, 0, got, sizeof(got)), GOOD);
	assert_int_equal(get_be16(got + 2), 1);
	assert_int_equal(get_be16(got + 16), SLOT + 2);
	send[5] = 0x0a;
	put_be16(send + 2, SLOT);
	memset(list, ' ', 32);
	memcpy(list, "RENAMED", 7);
	assert_res(disk_run(d, &s, send, list, 40, NULL, 0), GOOD);
	expect_volume(d, 2, SLOT, "RENAMED ");
	disk_free(d);
}

static void pages_tell_of_the_elements(void **state)
{
	struct disk *d = library();
	uint8_t cdb[32] = { 0x1a, 0x68, 0x1d, 0, 64 }, buf[64]; /* ch's LUN 3 */

	(void)state;
	assert_res(disk_run(d, &s, cdb, NULL, 0, buf, 64), GOOD);
	assert_int_equal(buf[4] & 0x3f, 0x1d);
	assert_int_equal(get_be16(buf + 6), 500);
	assert_int_equal(get_be16(buf + 10), SLOT);
	assert_int_equal(get_be16(buf + 12), 4);
	assert_int_equal(get_be16(buf + 18), DRIVE);
	assert_int_equal(get_be16(buf + 20), 2);
	cdb[2] = 0x1f;
	assert_res(disk_run(d, &s, cdb, NULL, 0, buf, 64), GOOD);
	assert_int_equal(buf[6], 0x0e);
	disk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_elements_are_told),
		cmocka_unit_test(a_medium_goes_to_a_drive_and_back),
		cmocka_unit_test(what_cannot_be_moved_is_refused),
		cmocka_unit_test(media_are_exchanged),
		cmocka_unit_test(places_are_remembered),
		cmocka_unit_test(configuration_says_what_is_wrong),
		cmocka_unit_test(initiators_are_told_of_what_the_operator_does),
		cmocka_unit_test(volumes_are_found_by_name),
		cmocka_unit_test(pages_tell_of_the_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
