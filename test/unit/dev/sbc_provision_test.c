/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thin provisioning thresholds: where they are, when initiators are told, and what the log page says.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"
#include "t_loop.h"
#include "target/ua.h"

#define PAGE_LEN 32
#define LIST_LEN (8 + PAGE_LEN)

static char path[64];

static int setup(void **state)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/sbc_provision_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 64 * MiB), 0);
	close(fd);
	*state = disk_new("rdwr", path, 512);
	disk_set(*state, "thin_provisioning", "1");
	disk_clear_ua(*state);
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	unlink(path);
	return 0;
}

static enum scsi_result sense(struct disk *d, uint8_t page, uint8_t pc, uint8_t *buf)
{
	uint8_t cdb[32] = { 0x5a, 0x08, (uint8_t)(pc << 6 | page), 2, 0, 0, 0, 0, 64 };
	struct shot s;

	memset(buf, 0, 64);
	return disk_run(d, &s, cdb, NULL, 0, buf, 64);
}

/* Thresholds of @avail and @used mebibytes; UINT32_MAX: off. */
static void set(struct disk *d, uint32_t avail, uint32_t used, bool situa)
{
	const uint8_t cdb[32] = { 0x55, 0x10, 0, 0, 0, 0, 0, 0, LIST_LEN };
	uint8_t buf[64], *p = buf + 8;

	assert_int_equal(sense(d, 0x1c, 0, buf), RES_GOOD);
	memset(buf, 0, 8);
	p[4] = situa;
	p[16] = avail == UINT32_MAX ? 0 : 0x80;
	put_be32(p + 20, avail == UINT32_MAX ? 0 : avail);
	p[24] = (uint8_t)(p[24] | (used == UINT32_MAX ? 0 : 0x80));
	put_be32(p + 28, used == UINT32_MAX ? 0 : used);
	expect_run(GOOD, d, cdb, buf, LIST_LEN, NULL, 0);
}

static enum scsi_result tur(struct disk *d, struct nexus *n)
{
	struct shot s = { .in_max = 0 };

	shot_start(d, &s, n);
	shot_wait(&s);
	return shot_result(&s);
}

/* MODE PARAMETERS CHANGED of set() aside. */
static void settle(struct disk *d)
{
	tur(d, d->b);
}

/* Whether anybody is told within some looks. */
static bool told(struct disk *d)
{
	struct itl *itl;

	for (int i = 0; i < 4; i++) {
		loop_clock_advance(d->core.loop, NSEC_PER_SEC);
		do
			loop_turn(d->core.loop, NSEC_PER_MSEC);
		while (workers_pending(d->core.workers));
		t_loop_turns(d->core.loop, 2);
	}
	list_for_each(itl, &d->lu->itls, lu_link)
		if (itl->ua)
			return true;
	return false;
}

static void page_and_exponent_are_there_where_the_store_can_tell(void **state)
{
	static const uint8_t changeable[PAGE_LEN] = { 0x5c, 2, 0, 28, 1, [16] = 0x80, [20] = 0xff, 0xff,
						      0xff, 0xff, 0x80, [28] = 0xff, 0xff, 0xff, 0xff };
	const uint8_t vpd[32] = { 0x12, 1, 0xb2, 0, 64 };
	struct disk *d = *state;
	struct shot s;
	uint8_t buf[64];

	assert_int_equal(sense(d, 0x1c, 1, buf), RES_GOOD);
	assert_memory_equal(buf + 8, changeable, PAGE_LEN);
	assert_int_equal(sense(d, 0x1c, 2, buf), RES_GOOD);
	assert_int_equal(buf[8 + 16], 0x00);
	assert_int_equal(buf[8 + 17], 0x01);
	assert_int_equal(buf[8 + 24], 0x01);
	assert_int_equal(buf[8 + 25], 0x02);
	assert_int_equal(disk_run(d, &s, vpd, NULL, 0, buf, 64), RES_GOOD);
	assert_int_equal(buf[4], 11);
	disk_set(d, "thin_provisioning", "0");
	disk_clear_ua(d);
	assert_int_equal(sense(d, 0x1c, 0, buf), RES_INVALID_FIELD_CDB);
}

static void memory_has_its_room_from_the_start(void **state)
{
	struct disk *d = disk_new(NULL, "4M", 512);
	uint8_t buf[64];

	(void)state;
	disk_set(d, "thin_provisioning", "1");
	disk_clear_ua(d);
	assert_int_equal(sense(d, 0x1c, 0, buf), RES_INVALID_FIELD_CDB);
	disk_free(d);
}

static void use_above_the_threshold_is_told_once(void **state)
{
	static uint8_t data[4 * MiB];
	struct disk *d = *state;

	set(d, UINT32_MAX, 3, false);
	settle(d);
	assert_false(told(d));
	memset(data, 0xa5, sizeof(data));
	disk_write(d, 0, sizeof(data) / 512, data);
	assert_true(told(d));
	assert_int_equal(tur(d, d->a), RES_UA_THIN_THRESHOLD);
	assert_int_equal(tur(d, d->b), RES_UA_THIN_THRESHOLD);
	assert_false(told(d));
	assert_int_equal(tur(d, d->a), RES_GOOD);
}

static void with_situa_one_is_told(void **state)
{
	struct disk *d = *state;
	enum scsi_result a, b;

	set(d, UINT32_MAX, 0, true);
	settle(d);
	assert_true(told(d));
	a = tur(d, d->a);
	b = tur(d, d->b);
	assert_true((a == RES_UA_THIN_THRESHOLD) != (b == RES_UA_THIN_THRESHOLD));
}

static void little_room_left_is_told(void **state)
{
	struct disk *d = *state;

	set(d, 0x7fffffff, UINT32_MAX, false);
	settle(d);
	assert_true(told(d));
	assert_int_equal(tur(d, d->a), RES_UA_THIN_THRESHOLD);
}

static void a_disk_may_go_while_its_store_is_asked(void **state)
{
	struct disk *d = *state;

	set(d, 0x7fffffff, 0, false);
	loop_turn(d->core.loop, 0);
	disk_restart(d, NULL);
	assert_false(told(d) && tur(d, d->a) == RES_UA_THIN_THRESHOLD);
}

static void log_page_tells_both_counts(void **state)
{
	const uint8_t cdb[32] = { 0x4d, 0, 0x40 | 0x0c, 0, 0, 0, 0, 0, 64 };
	static uint8_t data[5 * MiB];
	struct disk *d = *state;
	struct shot s;
	uint8_t buf[64];

	memset(data, 1, sizeof(data));
	disk_write(d, 0, sizeof(data) / 512, data);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, 64), RES_GOOD);
	assert_int_equal(s.in_len, 28);
	assert_int_equal(get_be16(buf + 4), 1);
	assert_int_equal(buf[12], 2);
	assert_int_equal(get_be16(buf + 16), 2);
	assert_int_equal(get_be32(buf + 20), 5);
	assert_int_equal(buf[24], 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(page_and_exponent_are_there_where_the_store_can_tell),
		cmocka_unit_test(memory_has_its_room_from_the_start),
		T(use_above_the_threshold_is_told_once),
		T(with_situa_one_is_told),
		T(little_room_left_is_told),
		T(a_disk_may_go_while_its_store_is_asked),
		T(log_page_tells_both_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
