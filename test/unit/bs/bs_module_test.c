/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores that are modules: those of test/module, built beside this program.
 */
#include "bs/bs_module.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bs_box.h"
#include "t_alloc.h"
#include "t_loop.h"

/* BUILD/test/module, from BUILD/test/unit/bs/bs_module_test. */
static const char *modules_dir(void)
{
	static char path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char *end;

	assert_true(n > 0);
	path[n] = 0;
	end = strstr(path, "/unit/");
	assert_non_null(end);
	strcpy(end, "/module");
	return path;
}

static void expect_refused(struct bs_box *box, const char *name, const char *why)
{
	struct bs_conf conf = { .type = name };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(box, &conf, &err));
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static void a_store_of_a_module_serves(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs;
	uint8_t buf[3] = { 0 };

	bs_modules_load(box->core, modules_dir());
	assert_non_null(strstr(bs_type_module(box->core, bs_type_find(box->core, "toy")),
			       "/module/bs_toy.so"));
	assert_null(bs_type_module(box->core, bs_type_find(box->core, "rdwr")));
	bs = box_open(box, "toy", NULL, "size=64K;byte=7");
	assert_int_equal(bs->size, 64 * KiB);
	assert_int_equal(box_read(box, bs, 100, buf, sizeof(buf)), 0);
	assert_memory_equal(buf, "\7\7\7", 3);
	box_close(box, bs);
	expect_refused(box, "toy", "toy: bsopts size=SIZE is needed");
}

static void the_default_stays_what_it_was(void **state)
{
	struct bs_box *box = *state;

	bs_modules_load(box->core, modules_dir());
	assert_string_equal(bs_type_find(box->core, NULL)->name, "rdwr");
}

static void what_does_not_fit_is_refused_and_the_reason_told(void **state)
{
	struct bs_box *box = *state;

	bs_modules_load(box->core, modules_dir());
	expect_refused(box, "old", "it was built for another tgtd: install the one of version");
	expect_refused(box, "wide", "it was built for another tgtd, of version 1.9: install");
	expect_refused(box, "alien", "it has no symbol bs_module");
	assert_null(bs_type_find(box->core, "old"));
}

static void a_name_that_is_taken_is_refused(void **state)
{
	struct bs_box *box = *state;
	char from[PATH_MAX + 64], to[128];

	snprintf(from, sizeof(from), "%s/bs_toy.so", modules_dir());
	snprintf(to, sizeof(to), "%s/bs_twin.so", box->dir);
	assert_int_equal(symlink(from, to), 0);
	bs_modules_load(box->core, modules_dir());
	bs_modules_load(box->core, box->dir);
	assert_non_null(bs_type_find(box->core, "toy"));
	expect_refused(box, "twin", "there is a store toy already");
}

static void a_file_that_is_no_library_is_refused(void **state)
{
	struct bs_box *box = *state;

	box_file(box, "bs_text.so", 100);
	box_file(box, "libother.so", 100);
	bs_modules_load(box->core, box->dir);
	expect_refused(box, "text", "can't be used");
	expect_refused(box, "other", "there is no backing store type 'other'");
}

static void a_module_that_is_not_installed_is_told_with_its_package(void **state)
{
	struct bs_box *box = *state;

	bs_modules_load(box->core, "/nonexistent/dir");
	bs_modules_load(box->core, NULL);
	expect_refused(box, "rbd", "install the package tgt-rbd");
	expect_refused(box, "glfs", "install the package tgt-glusterfs");
	expect_refused(box, "nbd", "install the package tgt-nbd");
	expect_refused(box, "rbdx", "there is no backing store type 'rbdx'");
}

static void looked(void *arg)
{
	++*(int *)arg;
}

static void what_is_installed_later_is_found_when_it_is_asked_for(void **state)
{
	struct bs_box *box = *state;
	char from[PATH_MAX + 64], to[128];
	int n = 0;

	bs_modules_load(box->core, box->dir);
	assert_false(bs_module_look(box->core, "toy", looked, &n));
	assert_false(bs_module_look(box->core, "rdwr", looked, &n));
	assert_false(bs_module_look(box->core, NULL, looked, &n));
	assert_false(bs_module_look(box->core, "../toy", looked, &n));
	/* Broken at first. */
	box_file(box, "bs_toy.so", 100);
	assert_true(bs_module_look(box->core, "toy", looked, &n));
	assert_int_equal(n, 0);
	assert_true(t_loop_until_set(box->loop, &n));
	expect_refused(box, "toy", "can't be used");
	snprintf(from, sizeof(from), "%s/bs_toy.so", modules_dir());
	snprintf(to, sizeof(to), "%s/bs_toy.so", box->dir);
	assert_int_equal(unlink(to), 0);
	assert_int_equal(symlink(from, to), 0);
	n = 0;
	assert_true(bs_module_look(box->core, "toy", looked, &n));
	assert_true(t_loop_until_set(box->loop, &n));
	box_close(box, box_open(box, "toy", NULL, "size=1M"));
	assert_false(bs_module_look(box->core, "toy", looked, &n));
}

static void loading_survives_every_failing_allocation(void **state)
{
	struct bs_box *box = *state;

	for (unsigned int n = 1; n < 40; n++) {
		struct bs_core *core = bs_core_new(box->loop, box->workers, bs_types(box->core));

		t_alloc_fail_nth(n);
		bs_modules_load(core, modules_dir());
		t_alloc_fail_nth(0);
		bs_core_free(core);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_store_of_a_module_serves, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(the_default_stays_what_it_was, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused_and_the_reason_told, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(a_name_that_is_taken_is_refused, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_library_is_refused, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(a_module_that_is_not_installed_is_told_with_its_package,
						box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(what_is_installed_later_is_found_when_it_is_asked_for,
						box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(loading_survives_every_failing_allocation, box_setup,
						box_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
