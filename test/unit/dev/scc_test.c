/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller at LUN 0 and the REPORT LUNS well known logical unit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/dev_types.h"
#include "dev_disk.h"
#include "scsi/lun.h"
#include "t_alloc.h"
#include "target/devtype.h"

struct answer {
	struct shot s;
	enum scsi_result result;
	uint8_t data[4096];
};

/* Takes the Unit Attention that a new nexus has. */
static void go_to(struct disk *d, uint64_t lun)
{
	static const uint8_t tur[32] = { 0x00 };
	struct shot s;

	d->lun = lun;
	disk_run(d, &s, tur, NULL, 0, NULL, 0);
}

static int setup_controller(void **state)
{
	*state = disk_new(NULL, "1M", 512);
	go_to(*state, 0);
	return 0;
}

static int setup_wlun(void **state)
{
	*state = disk_new(NULL, "1M", 512);
	go_to(*state, LUN_WLUN_REPORT_LUNS);
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

static void controller_is_no_disk(void **state)
{
	static const uint8_t inquiry[32] = { 0x12, 0, 0, 0, 255 };
	static const uint8_t read[32] = { 0x28 }, capacity[32] = { 0x25 };
	struct answer a;

	ask(&a, *state, inquiry);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(a.data[0], 0x0c);
	assert_memory_equal(a.data + 16, "Controller      ", 16);
	ask(&a, *state, read);
	assert_int_equal(a.result, RES_INVALID_OPCODE);
	ask(&a, *state, capacity);
	assert_int_equal(a.result, RES_INVALID_OPCODE);
}

static void controller_is_always_ready(void **state)
{
	static const uint8_t tur[32] = { 0x00 };

	expect_run(GOOD, *state, tur, NULL, 0, NULL, 0);
}

static void controller_has_mode_pages_and_no_block_descriptor(void **state)
{
	static const uint8_t sense[32] = { 0x1a, 0, 0x3f, 0, 255 };
	static const uint8_t caching[32] = { 0x1a, 0, 0x08, 0, 255 };
	struct answer a;

	ask(&a, *state, sense);
	assert_int_equal(a.result, RES_GOOD);
	assert_int_equal(a.data[0], a.s.in_len - 1);
	assert_int_equal(a.data[2], 0);
	assert_int_equal(a.data[3], 0);
	ask(&a, *state, caching);
	assert_int_equal(a.result, RES_INVALID_FIELD_CDB);
}

static void controller_refuses_any_block_descriptor(void **state)
{
	static const uint8_t select[32] = { 0x15, 0x10, 0, 0, 12 };
	static const uint8_t list[12] = { 0, 0, 0, 8 };

	expect_run(INVALID_FIELD_PARAM, *state, select, list, 12, NULL, 0);
}

static void controller_lists_its_own_commands(void **state)
{
	static const uint8_t rsoc[32] = { 0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 16, 0 };
	struct answer a;

	ask(&a, *state, rsoc);
	assert_int_equal(a.result, RES_GOOD);
	/* All but REPORT and SET TARGET PORT GROUPS: the target has none. */
	assert_int_equal(get_be32(a.data), 8 * (dev_controller.table->count - 2));
}

static void controller_lists_log_page_0_alone(void **state)
{
	static const uint8_t log[32] = { 0x4d, 0, 0x40, 0, 0, 0, 0, 0, 255 };
	struct answer a;

	ask(&a, *state, log);
	assert_int_equal(a.s.in_len, 5);
	assert_int_equal(get_be32(a.data), 1);
}

static void well_known_unit_has_four_commands(void **state)
{
	static const uint8_t known[] = { 0x00, 0x03, 0x12, 0xa0 };
	struct disk *d = *state;
	struct answer a;

	for (unsigned int op = 0; op < 256; op++) {
		uint8_t cdb[32] = { (uint8_t)op };

		ask(&a, d, cdb);
		assert_int_equal(a.result == RES_GOOD,
				 memchr(known, (int)op, sizeof(known)) != NULL);
	}
}

static void well_known_unit_has_its_type_and_names_only_port_and_device(void **state)
{
	static const uint8_t inquiry[32] = { 0x12, 0, 0, 0, 255 };
	static const uint8_t ident[32] = { 0x12, 1, 0x83, 1, 0 };
	struct answer a;

	ask(&a, *state, inquiry);
	assert_int_equal(a.data[0], 0x1e);
	ask(&a, *state, ident);
	assert_int_equal(a.result, RES_GOOD);
	for (unsigned int i = 4; i < a.s.in_len; i += 4u + a.data[i + 3])
		assert_true((a.data[i + 1] & 0x30) != 0);
}

static void attach_once(void *arg)
{
	struct lu *lu = arg;
	struct err err = { .code = ERR_OK };

	if (!lu->dev->attach(lu, &err)) {
		lu->dev->detach(lu);
		assert_null(lu->dev_priv);
		return;
	}
	assert_int_equal(err.code, ERR_NOMEM);
}

static void attaching_survives_failing_allocations(void **state)
{
	struct lu lu = { .dev = &dev_controller };

	(void)state;
	assert_true(t_alloc_each(attach_once, &lu) >= 2);
	lu.dev = &dev_wlun;
	assert_true(t_alloc_each(attach_once, &lu) >= 2);
}

#define with_controller(test) cmocka_unit_test_setup_teardown(test, setup_controller, teardown)
#define with_wlun(test) cmocka_unit_test_setup_teardown(test, setup_wlun, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_controller(controller_is_no_disk),
		with_controller(controller_is_always_ready),
		with_controller(controller_has_mode_pages_and_no_block_descriptor),
		with_controller(controller_refuses_any_block_descriptor),
		with_controller(controller_lists_its_own_commands),
		with_controller(controller_lists_log_page_0_alone),
		with_wlun(well_known_unit_has_four_commands),
		with_wlun(well_known_unit_has_its_type_and_names_only_port_and_device),
		cmocka_unit_test(attaching_survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
