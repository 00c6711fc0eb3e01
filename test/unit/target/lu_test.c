/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logical units: made, found, resized, emptied, deleted under load.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bs/bs.h"
#include "t_alloc.h"
#include "t_loop.h"
#include "target/ua.h"
#include "target_fake.h"

struct box {
	struct fake *f;
	struct target *t;
	struct nexus *n;
};

static int setup(void **state)
{
	static struct box b;

	b.f = fake_new(NULL);
	b.t = fake_target(b.f, 1, "iqn.2001-04.com.example:t");
	b.n = fake_nexus(b.f, b.t, "iqn.a");
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	fake_free(b->f);
	return 0;
}

static void count(void *arg)
{
	++*(int *)arg;
}

static void lun_0_is_a_controller_until_it_is_made_a_disk(void **state)
{
	struct box *b = *state;
	struct err err = { .code = ERR_OK };
	struct lu *lu = target_lu(b->t, 0);
	int deleted = 0;

	assert_int_equal(lu->dev->pdt, PDT_CONTROLLER);
	assert_int_equal(lu_delete(lu, true, NULL, NULL, &err), -EINVAL);
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
	lu = fake_disk(b->f, b->t, 0, 100);
	assert_ptr_equal(target_lu(b->t, 0), lu);
	assert_int_equal(b->t->n_lus, 1);
	assert_int_equal(lu_delete(lu, false, count, &deleted, NULL), 0);
	assert_int_equal(target_lu(b->t, 0)->dev->pdt, PDT_CONTROLLER);
	fake_settle(b->f);
	assert_int_equal(deleted, 1);
	assert_int_equal(b->t->n_lus, 1);
}

static void what_can_not_be_made_is_told_with_its_reason(void **state)
{
	static const struct {
		struct lu_conf conf;
		enum err_code code;
	} rows[] = {
		{ { .lun = 1, .bstype = "mem", .path = "1M" }, ERR_LUN_EXISTS },
		{ { .lun = 16384, .bstype = "mem", .path = "1M" }, ERR_INVALID_REQUEST },
		{ { .lun = 2, .dev_type = "toaster" }, ERR_INVALID_REQUEST },
		{ { .lun = 2, .dev_type = "wlun" }, ERR_INVALID_REQUEST },
		{ { .lun = 2, .bstype = "cloud", .path = "1M" }, ERR_INVALID_REQUEST },
		{ { .lun = 2, .dev_type = "tape", .bstype = "null" }, ERR_INVALID_REQUEST },
		{ { .lun = 2, .path = "1M", .direct = true }, ERR_INVALID_REQUEST },
		{ { .lun = 2, .bstype = "mem", .path = "nonsense" }, ERR_INVALID_REQUEST },
		{ { .lun = 2, .bstype = "mem", .path = "1M", .block_size = 256 },
		  ERR_INVALID_REQUEST },
		{ { .lun = 2, .bstype = "mem", .path = "1M", .block_size = 1000 },
		  ERR_INVALID_REQUEST },
		{ { .lun = 2, .bstype = "mem", .path = "1M", .block_size = 131072 },
		  ERR_INVALID_REQUEST },
	};
	struct box *b = *state;

	fake_disk(b->f, b->t, 1, 100);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(fake_lu_error(b->f, b->t, &rows[i].conf), rows[i].code);
	fake_settle(b->f);
	assert_int_equal(b->t->n_lus, 2);
	assert_int_equal(b->t->n_lus_left, 3); /* with the well known one */
}

static void block_sizes_are_powers_of_two_up_to_64_kib(void **state)
{
	struct box *b = *state;
	uint64_t lun = 1;

	for (uint32_t size = 512; size <= 65536; size *= 2, lun++) {
		struct lu_conf conf = {
			.lun = lun, .bstype = "mem", .path = "1M", .block_size = size
		};
		struct lu *lu = fake_lu(b->f, b->t, &conf);

		assert_int_equal(lu->block_size, size);
		assert_int_equal(1u << lu->block_shift, size);
		assert_int_equal(lu->blocks, 1048576 / size);
	}
}

static void the_number_is_taken_while_the_store_opens(void **state)
{
	struct box *b = *state;
	struct lu_conf conf = { .lun = 5, .bstype = "mem", .path = "1M" };

	lu_new(b->t, &conf, NULL, NULL);
	assert_null(target_lu(b->t, 5));
	assert_int_equal(fake_lu_error(b->f, b->t, &conf), ERR_LUN_EXISTS);
	fake_settle(b->f);
	assert_non_null(target_lu(b->t, 5));
}

static void luns_are_listed_in_their_order(void **state)
{
	static const uint64_t luns[] = { 9, 3, 16383, 1, 300 };
	struct box *b = *state;
	uint64_t last = 0;
	struct lu *lu;

	for (size_t i = 0; i < ARRAY_SIZE(luns); i++)
		fake_disk(b->f, b->t, luns[i], 10);
	list_for_each(lu, &b->t->lus, link) {
		assert_true(!lu->lun || lu->lun > last);
		last = lu->lun;
	}
	assert_int_equal(last, 16383);
}

static void a_drive_without_a_path_is_removable_and_empty(void **state)
{
	struct box *b = *state;
	struct lu_conf conf = { .lun = 1 };
	struct lu *lu = fake_lu(b->f, b->t, &conf);

	assert_true(lu->removable);
	assert_false(lu->online);
	assert_null(lu->bs);
	assert_int_equal(lu_medium_state(lu), RES_NR_NO_MEDIUM);
	conf = (struct lu_conf){ .lun = 2, .dev_type = "tape", .path = "1M" };
	lu = fake_lu(b->f, b->t, &conf);
	assert_string_equal(lu->bstype, "ram");
	assert_true(lu->removable && lu->online);
}

static void luns_that_come_and_go_raise_a_unit_attention(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);

	fake_clear_ua(b->n, 0);
	fake_clear_ua(b->n, 1);
	fake_disk(b->f, b->t, 2, 100);
	assert_result(fake_submit(b->n, 1, FAKE_TUR, 0, 0), UA_LUNS_CHANGED);
	/* Told once to the nexus is enough. */
	assert_result(fake_submit(b->n, 0, FAKE_TUR, 0, 0), GOOD);
	assert_result(fake_submit(b->n, 2, FAKE_TUR, 0, 0), UA_POWER_ON);
	assert_int_equal(lu_delete(lu, false, NULL, NULL, NULL), 0);
	assert_result(fake_submit(b->n, 2, FAKE_TUR, 0, 0), UA_LUNS_CHANGED);
	assert_result(fake_submit(b->n, 1, FAKE_TUR, 0, 0), LUN_NOT_SUPPORTED);
	ua_luns_changed(target_lu(b->t, 2));
	ua_clear_luns_changed(b->n);
	assert_result(fake_submit(b->n, 0, FAKE_TUR, 0, 0), GOOD);
}

static void a_lun_with_commands_is_only_deleted_by_force(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100), *again;
	struct fake_cmd *run, *dormant, *fetching;
	struct err err = { .code = ERR_OK };
	int deleted = 0;

	fake_clear_ua(b->n, 1);
	b->f->hold_run = b->f->hold_data = true;
	run = fake_submit(b->n, 1, FAKE_TUR, 0, 0);
	fetching = fake_submit(b->n, 1, FAKE_WRITE, 0, 1);
	dormant = fake_submit_attr(b->n, 1, FAKE_TUR, ATTR_ORDERED);
	assert_int_equal(lu_delete(lu, false, count, &deleted, &err), -EINVAL);
	assert_int_equal(err.code, ERR_LUN_ACTIVE);
	assert_int_equal(lu_delete(lu, true, count, &deleted, NULL), 0);
	assert_int_equal(lu_delete(lu, true, NULL, NULL, NULL), -EINVAL);
	assert_result(dormant, LUN_NOT_SUPPORTED);
	assert_int_equal(dormant->ran, 0);
	assert_true(fetching->aborted);
	fake_settle(b->f);
	assert_int_equal(deleted, 0);
	/* The number is free while the old one drains. */
	again = fake_disk(b->f, b->t, 1, 50);
	assert_ptr_not_equal(again, lu);
	b->f->hold_run = false;
	assert_result(fake_submit(b->n, 1, FAKE_TUR, 0, 0), UA_POWER_ON);
	assert_result(fake_submit(b->n, 1, FAKE_READ, 49, 1), GOOD);
	fake_finish(run, RES_GOOD);
	assert_result(run, GOOD);
	fake_settle(b->f);
	assert_int_equal(deleted, 1);
}

static void a_prevented_removal_holds_without_force(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);
	struct err err = { .code = ERR_OK };

	nexus_itl(b->n, 1)->prevent = true;
	lu->n_prevent = 1;
	assert_int_equal(lu_delete(lu, false, NULL, NULL, &err), -EINVAL);
	assert_int_equal(err.code, ERR_PREVENT_REMOVAL);
	err.code = ERR_OK;
	assert_int_equal(lu_set(lu, "online", "0", &err), -EINVAL);
	assert_int_equal(err.code, ERR_PREVENT_REMOVAL);
	fake_nexus_end(b->f, b->n);
	assert_int_equal(lu->n_prevent, 0);
	assert_int_equal(lu_delete(lu, false, NULL, NULL, &err), 0);
}

static void a_store_that_grows_raises_capacity_changed(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);

	fake_clear_ua(b->n, 1);
	bs_set_size(lu->bs, 200 * 512);
	assert_int_equal(lu->blocks, 200);
	assert_result(fake_submit(b->n, 1, FAKE_TUR, 0, 0), UA_CAPACITY_CHANGED);
	bs_set_size(lu->bs, 200 * 512 + 100);
	assert_result(fake_submit(b->n, 1, FAKE_TUR, 0, 0), GOOD);
	assert_int_equal(lu->blocks, 200);
}

struct path_end {
	int told;
	enum err_code code;
};

static void path_told(void *arg, const struct err *err)
{
	struct path_end *e = arg;

	e->told++;
	e->code = err ? err->code : ERR_OK;
}

static enum err_code set_path(struct box *b, struct lu *lu, const char *path)
{
	struct path_end e = { .told = 0 };

	lu_set_path(lu, path, path_told, &e);
	assert_int_equal(e.told, 0);
	assert_true(t_loop_until_set(b->f->loop, &e.told));
	assert_int_equal(e.told, 1);
	return e.code;
}

static void a_medium_is_changed_while_offline(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);

	fake_clear_ua(b->n, 1);
	assert_int_equal(lu_set(lu, "removable", "1", NULL), 0);
	assert_int_equal(set_path(b, lu, NULL), ERR_LUN_ACTIVE);
	assert_int_equal(lu_set(lu, "online", "no", NULL), 0);
	fake_clear_ua(b->n, 1);
	assert_result(fake_submit(b->n, 1, FAKE_TUR, 0, 0), NR_NO_MEDIUM);
	assert_int_equal(set_path(b, lu, "2M"), ERR_OK);
	assert_string_equal(lu->path, "2M");
	assert_int_equal(lu->blocks, 4096);
	assert_int_equal(set_path(b, lu, NULL), ERR_OK);
	assert_null(lu->bs);
	assert_int_equal(lu->blocks, 0);
	assert_int_equal(set_path(b, lu, "nonsense"), ERR_INVALID_REQUEST);
	assert_null(lu->bs);
	assert_int_equal(set_path(b, lu, "1M"), ERR_OK);
	assert_int_equal(lu_set(lu, "online", "on", NULL), 0);
	assert_result(fake_submit(b->n, 1, FAKE_TUR, 0, 0), UA_MEDIUM_CHANGED);
	assert_result(fake_submit(b->n, 1, FAKE_READ, 2047, 1), GOOD);
	assert_int_equal(set_path(b, target_lu(b->t, 0), "1M"), ERR_INVALID_REQUEST);
}

static void a_path_is_changed_under_load(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);
	struct fake_cmd *under_way, *later, *urgent, *inquiry;
	struct path_end e = { .told = 0 };

	fake_clear_ua(b->n, 1);
	b->f->hold_run = true;
	under_way = fake_submit(b->n, 1, FAKE_READ, 0, 1);
	lu_set_path(lu, "2M", path_told, &e);
	fake_settle(b->f);
	/* The new store is open; what comes now waits, in order, but for what never does. */
	later = fake_submit(b->n, 1, FAKE_READ, 4000, 1);
	urgent = fake_submit_attr(b->n, 1, FAKE_READ, ATTR_HEAD_OF_QUEUE);
	inquiry = fake_submit(b->n, 1, FAKE_INQUIRY, 0, 0);
	assert_result(inquiry, GOOD);
	assert_false(later->running);
	assert_false(urgent->running);
	assert_int_equal(lu->blocks, 100);
	assert_int_equal(e.told, 0);
	b->f->hold_run = false;
	fake_finish(under_way, RES_GOOD);
	assert_true(t_loop_until_set(b->f->loop, &e.told));
	assert_int_equal(e.code, ERR_OK);
	assert_result(under_way, GOOD);
	assert_int_equal(lu->blocks, 4096);
	assert_string_equal(lu->path, "2M");
	/* Told in order of precedence, one a command. */
	assert_result(urgent, UA_MEDIUM_CHANGED);
	assert_result(later, UA_CAPACITY_CHANGED);
	assert_result(fake_submit(b->n, 1, FAKE_READ, 4000, 1), GOOD);
}

static void a_path_that_can_not_be_had_changes_nothing(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);
	struct bs *before = lu->bs;

	fake_clear_ua(b->n, 1);
	assert_int_equal(set_path(b, lu, "nonsense"), ERR_INVALID_REQUEST);
	assert_ptr_equal(lu->bs, before);
	assert_int_equal(lu->blocks, 100);
	assert_result(fake_submit(b->n, 1, FAKE_READ, 99, 1), GOOD);
}

static void a_command_that_never_ends_keeps_the_path(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);
	struct path_end e = { .told = 0 };
	struct fake_cmd *stuck, *later;

	fake_clear_ua(b->n, 1);
	b->f->hold_run = true;
	stuck = fake_submit(b->n, 1, FAKE_READ, 0, 1);
	lu_set_path(lu, "2M", path_told, &e);
	fake_settle(b->f);
	b->f->hold_run = false;
	later = fake_submit(b->n, 1, FAKE_READ, 1, 1);
	assert_false(later->ended);
	loop_clock_advance(b->f->loop, 11 * NSEC_PER_SEC);
	assert_true(t_loop_until_set(b->f->loop, &e.told));
	assert_int_equal(e.code, ERR_LUN_ACTIVE);
	assert_result(later, GOOD);
	assert_int_equal(lu->blocks, 100);
	fake_finish(stuck, RES_GOOD);
	assert_result(stuck, GOOD);
}

static void a_lun_deleted_while_its_new_store_waits_goes_afterwards(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);
	struct path_end e = { .told = 0 };
	struct fake_cmd *under_way, *later;
	int deleted = 0;

	fake_clear_ua(b->n, 1);
	b->f->hold_run = true;
	under_way = fake_submit(b->n, 1, FAKE_READ, 0, 1);
	lu_set_path(lu, "2M", path_told, &e);
	fake_settle(b->f);
	later = fake_submit(b->n, 1, FAKE_READ, 0, 1);
	assert_int_equal(lu_delete(lu, true, count, &deleted, NULL), 0);
	assert_result(later, LUN_NOT_SUPPORTED);
	fake_settle(b->f);
	assert_int_equal(e.told, 1);
	assert_int_equal(e.code, ERR_NO_LUN);
	assert_int_equal(deleted, 0);
	fake_finish(under_way, RES_GOOD);
	fake_settle(b->f);
	assert_int_equal(deleted, 1);
}

static void two_changes_of_path_at_once_are_one_too_many(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);
	struct path_end first = { .told = 0 };
	struct err err = { .code = ERR_OK };

	assert_int_equal(lu_set(lu, "online", "off", NULL), 0);
	lu_set_path(lu, "1M", path_told, &first);
	assert_int_equal(lu_set(lu, "online", "on", &err), -EINVAL);
	assert_int_equal(set_path(b, lu, "2M"), ERR_LUN_ACTIVE);
	assert_true(t_loop_until_set(b->f->loop, &first.told));
	assert_int_equal(first.code, ERR_OK);
	assert_string_equal(lu->path, "1M");
}

static void a_lun_deleted_while_its_path_changes_goes_afterwards(void **state)
{
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);
	struct path_end e = { .told = 0 };
	int deleted = 0;

	assert_int_equal(lu_set(lu, "online", "off", NULL), 0);
	lu_set_path(lu, "1M", path_told, &e);
	assert_int_equal(lu_delete(lu, false, count, &deleted, NULL), 0);
	fake_settle(b->f);
	assert_int_equal(e.told, 1);
	assert_int_equal(e.code, ERR_NO_LUN);
	assert_int_equal(deleted, 1);
}

static void parameters_are_checked_and_tell_their_change(void **state)
{
	static const struct {
		const char *name, *value;
		enum err_code code;
		int ua; /* -1: none */
	} rows[] = {
		{ "vendor_id", "ACME", ERR_OK, UA_INQUIRY_CHANGED },
		{ "vendor_id", "ACME", ERR_OK, -1 },
		{ "vendor_id", "NINECHARS", ERR_INVALID_REQUEST, -1 },
		{ "product_id", "sixteen letters.", ERR_OK, UA_INQUIRY_CHANGED },
		{ "product_id", "tab\t", ERR_INVALID_REQUEST, -1 },
		{ "product_rev", "12345", ERR_INVALID_REQUEST, -1 },
		{ "scsi_sn", "serial", ERR_OK, UA_INQUIRY_CHANGED },
		{ "scsi_id", "1234567890123456789012345678901234567", ERR_INVALID_REQUEST, -1 },
		{ "readonly", "TRUE", ERR_OK, UA_MODE_CHANGED },
		{ "readonly", "2", ERR_INVALID_REQUEST, -1 },
		{ "swp", "on", ERR_OK, UA_MODE_CHANGED },
		{ "sense_format", "1", ERR_OK, UA_MODE_CHANGED },
		{ "removable", "false", ERR_OK, -1 },
		{ "lbppbe", "3", ERR_OK, UA_CAPACITY_CHANGED },
		{ "lbppbe", "16", ERR_INVALID_REQUEST, -1 },
		{ "lbppbe", "0x3", ERR_OK, -1 },
		{ "la_lba", "-1", ERR_INVALID_REQUEST, -1 },
		{ "optimal_xfer_len", "4294967296", ERR_INVALID_REQUEST, -1 },
		{ "optimal_xfer_len", "128", ERR_OK, UA_INQUIRY_CHANGED },
		{ "optimal_xfer_gran", "8k", ERR_INVALID_REQUEST, -1 },
		{ "rotation_rate", "", ERR_INVALID_REQUEST, -1 },
		{ "rotation_rate", "1", ERR_OK, UA_INQUIRY_CHANGED },
		{ "own", "1", ERR_OK, -1 },
		{ "own", "bad", ERR_INVALID_REQUEST, -1 },
		{ "colour", "red", ERR_UNKNOWN_PARAM, -1 },
	};
	struct box *b = *state;
	struct lu *lu = fake_disk(b->f, b->t, 1, 100);
	struct itl *itl = nexus_itl(b->n, 1);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { .code = ERR_OK };
		int r;

		itl->ua = 0;
		r = lu_set(lu, rows[i].name, rows[i].value, &err);
		if (!!r != (rows[i].code != ERR_OK) || err.code != rows[i].code)
			fail_msg("%s=%s: %s", rows[i].name, rows[i].value, err.text);
		if (itl->ua != (rows[i].ua < 0 ? 0 : 1ULL << rows[i].ua))
			fail_msg("%s=%s: Unit Attentions %llx", rows[i].name, rows[i].value,
				 (unsigned long long)itl->ua);
		assert_true(!r || *err.text);
	}
	itl->ua = 0;
	assert_int_equal(lu_set(lu, "thin_provisioning", "yes", NULL), 0);
	assert_int_equal(itl->ua, 1ULL << UA_INQUIRY_CHANGED | 1ULL << UA_CAPACITY_CHANGED);
	assert_string_equal(lu->id.vendor, "ACME");
	assert_true(lu->readonly && lu->swp && lu->descriptor_sense && lu->thin);
	assert_int_equal(lu->lbppbe, 3);
	assert_int_equal(lu->opt_xfer_len, 128);
}

static void a_device_type_that_refuses_leaves_nothing(void **state)
{
	struct box *b = *state;
	struct lu_conf conf = { .lun = 0, .bstype = "mem", .path = "1M" };

	b->f->fail_attach = true;
	assert_int_equal(fake_lu_error(b->f, b->t, &conf), ERR_NOMEM);
	b->f->fail_attach = false;
	fake_settle(b->f);
	conf.lun = 1;
	fake_lu(b->f, b->t, &conf);
}

static void a_target_deleted_while_a_store_opens_waits_for_it(void **state)
{
	struct box *b = *state;
	struct target *t = fake_target(b->f, 2, "iqn.2001-04.com.example:u");
	struct lu_conf conf = { .lun = 5, .bstype = "mem", .path = "1M" };
	int deleted = 0;

	lu_new(t, &conf, NULL, NULL);
	assert_int_equal(target_delete(t, false, count, &deleted, NULL), 0);
	fake_settle(b->f);
	assert_int_equal(deleted, 1);
}

struct attempt {
	struct box *b;
	int told, failed;
};

static void attempt_told(void *arg, struct lu *lu, const struct err *err)
{
	struct attempt *a = arg;

	a->told++;
	if (!lu) {
		a->failed++;
		assert_int_equal(err->code, ERR_NOMEM);
	} else {
		assert_int_equal(lu_delete(lu, false, NULL, NULL, NULL), 0);
	}
}

static void make_and_delete(void *arg)
{
	struct attempt *a = arg;
	struct lu_conf conf = { .lun = 7, .bstype = "mem", .path = "1M" };

	a->told = 0;
	lu_new(a->b->t, &conf, attempt_told, a);
	fake_settle(a->b->f);
	assert_int_equal(a->told, 1);
	assert_null(target_lu(a->b->t, 7));
}

static void any_allocation_of_lu_new_may_fail(void **state)
{
	struct attempt a = { .b = *state };

	make_and_delete(&a); /* what grows once */
	assert_true(t_alloc_each(make_and_delete, &a) > 3);
	assert_true(a.failed > 2);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lun_0_is_a_controller_until_it_is_made_a_disk),
		T(what_can_not_be_made_is_told_with_its_reason),
		T(block_sizes_are_powers_of_two_up_to_64_kib),
		T(the_number_is_taken_while_the_store_opens),
		T(luns_are_listed_in_their_order),
		T(a_drive_without_a_path_is_removable_and_empty),
		T(luns_that_come_and_go_raise_a_unit_attention),
		T(a_lun_with_commands_is_only_deleted_by_force),
		T(a_prevented_removal_holds_without_force),
		T(a_store_that_grows_raises_capacity_changed),
		T(a_medium_is_changed_while_offline),
		T(a_path_is_changed_under_load),
		T(a_path_that_can_not_be_had_changes_nothing),
		T(a_command_that_never_ends_keeps_the_path),
		T(a_lun_deleted_while_its_new_store_waits_goes_afterwards),
		T(two_changes_of_path_at_once_are_one_too_many),
		T(a_lun_deleted_while_its_path_changes_goes_afterwards),
		T(parameters_are_checked_and_tell_their_change),
		T(a_device_type_that_refuses_leaves_nothing),
		T(a_target_deleted_while_a_store_opens_waits_for_it),
		T(any_allocation_of_lu_new_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
