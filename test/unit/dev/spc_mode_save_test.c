/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saved mode pages: what MODE SELECT with SP saves is told as saved, survives resets and the daemon,
 * and gives way to what the administrator says later.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/keepfile.h"
#include "dev_disk.h"
#include "t_loop.h"
#include "target/ua.h"

enum { CURRENT, CHANGEABLE, DEFAULT, SAVED };
#define PF 0x10
#define SP 0x01
#define WCE 0x04

static int setup(void **state)
{
	struct disk *d = disk_new(NULL, "1M", 512);

	disk_persistent(d);
	disk_restart(d, NULL);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	keepfile_fault = NULL;
	disk_free(*state);
	return 0;
}

/* The caching page; its byte 2. */
static uint8_t caching(struct disk *d, unsigned int pc)
{
	uint8_t cdb[32] = { 0x1a, 0x08, (uint8_t)(pc << 6 | 0x08), 0, 64 }, buf[64];
	struct shot s;

	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, sizeof(buf)), RES_GOOD);
	assert_int_equal(buf[4], 0x88); /* PS */
	return buf[6];
}

static enum scsi_result set_caching(struct disk *d, uint8_t flags, uint8_t byte)
{
	uint8_t cdb[32] = { 0x15, (uint8_t)(PF | flags), 0, 0, 24 }, list[24] = { [4] = 8, 18 };
	uint8_t sense[32] = { 0x1a, 0x08, 8, 0, 64 }, buf[64];
	struct shot s;

	assert_int_equal(disk_run(d, &s, sense, NULL, 0, buf, sizeof(buf)), RES_GOOD);
	memcpy(list + 6, buf + 6, 18);
	list[6] = byte;
	return disk_run(d, &s, cdb, list, sizeof(list), NULL, 0);
}

static void saved_values_are_told(void **state)
{
	struct disk *d = *state;

	assert_int_equal(caching(d, SAVED), WCE);
	assert_int_equal(set_caching(d, SP, 0), RES_GOOD);
	assert_int_equal(caching(d, SAVED), 0);
	assert_int_equal(caching(d, CURRENT), 0);
	assert_int_equal(caching(d, DEFAULT), WCE);
	assert_int_equal(set_caching(d, 0, WCE), RES_GOOD);
	assert_int_equal(caching(d, CURRENT), WCE);
	assert_int_equal(caching(d, SAVED), 0);
}

static void a_reset_goes_back_to_what_is_saved(void **state)
{
	struct disk *d = *state;

	assert_int_equal(set_caching(d, SP, 0), RES_GOOD);
	assert_int_equal(set_caching(d, 0, WCE), RES_GOOD);
	lu_reset(d->lu, UA_DEVICE_RESET);
	disk_clear_ua(d);
	assert_int_equal(caching(d, CURRENT), 0);
}

static void saved_values_survive_the_daemon(void **state)
{
	struct disk *d = *state;

	assert_int_equal(set_caching(d, SP, 0), RES_GOOD);
	disk_restart(d, NULL);
	assert_int_equal(caching(d, CURRENT), 0);
	assert_int_equal(caching(d, SAVED), 0);
	assert_int_equal(caching(d, DEFAULT), WCE);
}

static void an_empty_list_with_sp_saves_what_is_current(void **state)
{
	const uint8_t cdb[32] = { 0x15, PF | SP };
	struct disk *d = *state;

	assert_int_equal(set_caching(d, 0, 0), RES_GOOD);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	disk_restart(d, NULL);
	assert_int_equal(caching(d, CURRENT), 0);
}

static void a_list_that_is_refused_saves_nothing(void **state)
{
	struct disk *d = *state;

	assert_int_equal(set_caching(d, SP, 0xff), RES_INVALID_FIELD_PARAM);
	disk_restart(d, NULL);
	assert_int_equal(caching(d, CURRENT), WCE);
}

static int no_disk(enum keepfile_step step)
{
	return step == KEEPFILE_SYNC ? -EIO : 0;
}

static void what_cannot_be_written_changes_nothing(void **state)
{
	struct disk *d = *state;

	keepfile_fault = no_disk;
	assert_int_equal(set_caching(d, SP, 0), RES_HW_INTERNAL);
	keepfile_fault = NULL;
	assert_int_equal(caching(d, CURRENT), WCE);
	assert_int_equal(caching(d, SAVED), WCE);
}

static void the_other_initiators_are_told(void **state)
{
	struct disk *d = *state;
	struct shot s = { .in_max = 0 };

	assert_int_equal(set_caching(d, SP, 0), RES_GOOD);
	shot_start(d, &s, d->b);
	shot_wait(&s);
	assert_int_equal(shot_result(&s), RES_UA_MODE_CHANGED);
}

#define OFF "8:0:18:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0"
#define ON "8:0:18:4:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0"

static void configuration_at_the_start_gives_way_to_what_is_saved(void **state)
{
	struct disk *d = *state;

	assert_int_equal(set_caching(d, SP, 0), RES_GOOD);
	disk_restart(d, NULL);
	d->lu->fresh = true;
	disk_set(d, "mode_page", ON);
	d->lu->fresh = false;
	assert_int_equal(caching(d, CURRENT), 0);
	assert_int_equal(caching(d, DEFAULT), WCE);
}

static void what_the_administrator_says_later_is_saved_too(void **state)
{
	struct disk *d = *state;

	assert_int_equal(set_caching(d, SP, WCE), RES_GOOD);
	disk_set(d, "mode_page", OFF);
	assert_int_equal(caching(d, CURRENT), 0);
	disk_restart(d, NULL);
	assert_int_equal(caching(d, CURRENT), 0);
	assert_int_equal(caching(d, SAVED), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(saved_values_are_told),
		T(a_reset_goes_back_to_what_is_saved),
		T(saved_values_survive_the_daemon),
		T(an_empty_list_with_sp_saves_what_is_current),
		T(a_list_that_is_refused_saves_nothing),
		T(what_cannot_be_written_changes_nothing),
		T(the_other_initiators_are_told),
		T(configuration_at_the_start_gives_way_to_what_is_saved),
		T(what_the_administrator_says_later_is_saved_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
