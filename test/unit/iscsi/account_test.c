/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of accounts: what names and secrets may be, bindings, and what a deletion takes along.
 */
#include "iscsi/account.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/chap_hash.h"
#include "t_alloc.h"
#include "target/target.h"

static struct target targets[2] = { { .name = "iqn.a" }, { .name = "iqn.b" } };
static struct account_set a, b, discovery;

static int begin(void **state)
{
	(void)state;
	accounts_init();
	account_set_init(&a, &targets[0]);
	account_set_init(&b, &targets[1]);
	account_set_init(&discovery, NULL);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	accounts_done();
	return !list_empty(&a.incoming) || a.outgoing;
}

/* What the administrator is told. */
static enum err_code new_code(const char *name, const char *secret)
{
	struct err err = { .code = ERR_OK };

	account_new(name, secret, &err);
	return err.code;
}

static enum err_code bind_code(struct account_set *set, const char *name, bool outgoing)
{
	struct err err = { .code = ERR_OK };

	account_bind(set, name, outgoing, &err);
	return err.code;
}

static enum err_code unbind_code(struct account_set *set, const char *name, bool outgoing)
{
	struct err err = { .code = ERR_OK };

	account_unbind(set, name, outgoing, &err);
	return err.code;
}

static void names_and_secrets_have_1_to_255_bytes(void **state)
{
	char longest[257];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	assert_int_equal(new_code("joe", "s"), ERR_OK);
	assert_int_equal(new_code(longest, longest), ERR_OK);
	assert_int_equal(new_code("two words", "#$ \"'\\"), ERR_OK);
	longest[255] = 'x';
	longest[256] = '\0';
	assert_int_equal(new_code(longest, "s"), ERR_INVALID_REQUEST);
	assert_int_equal(new_code("x", longest), ERR_INVALID_REQUEST);
	assert_int_equal(new_code("", "s"), ERR_INVALID_REQUEST);
	assert_int_equal(new_code("x", ""), ERR_INVALID_REQUEST);
	assert_int_equal(new_code("a\nb", "s"), ERR_INVALID_REQUEST);
	assert_int_equal(new_code("x", "a\tb"), ERR_INVALID_REQUEST);
	assert_int_equal(new_code("joe", "other"), ERR_USER_EXISTS);
	assert_string_equal(account_find("joe")->secret, "s");
	assert_null(account_find("Joe"));
}

static void a_secret_is_replaced(void **state)
{
	struct err err = { .code = ERR_OK };

	(void)state;
	assert_int_equal(new_code("joe", "old"), ERR_OK);
	assert_int_equal(account_set_secret("joe", "new", NULL), 0);
	assert_string_equal(account_find("joe")->secret, "new");
	assert_int_not_equal(account_set_secret("joe", "", NULL), 0);
	assert_int_not_equal(account_set_secret("bob", "new", &err), 0);
	assert_int_equal(err.code, ERR_NO_USER);
	assert_string_equal(account_find("joe")->secret, "new");
}

static void bindings_are_refused_as_ever(void **state)
{
	(void)state;
	new_code("joe", "s1");
	new_code("bob", "s2");
	assert_int_equal(bind_code(&a, "moe", false), ERR_NO_USER);
	assert_int_equal(bind_code(&a, "joe", false), ERR_OK);
	assert_int_equal(bind_code(&a, "joe", false), ERR_USER_EXISTS);
	assert_int_equal(bind_code(&a, "bob", true), ERR_OK);
	assert_int_equal(bind_code(&a, "bob", true), ERR_OUTGOING_EXISTS);
	assert_int_equal(bind_code(&a, "joe", true), ERR_OUTGOING_EXISTS);
	assert_int_equal(bind_code(&a, "bob", false), ERR_OK);
	assert_int_equal(bind_code(&b, "joe", false), ERR_OK);
	assert_int_equal(bind_code(&discovery, "joe", false), ERR_OK);
	assert_int_equal(unbind_code(&a, "joe", true), ERR_NO_USER);
	assert_int_equal(unbind_code(&b, "bob", false), ERR_NO_USER);
	assert_int_equal(unbind_code(&a, "moe", false), ERR_NO_USER);
	assert_int_equal(unbind_code(&a, "bob", true), ERR_OK);
	assert_null(a.outgoing);
	assert_non_null(account_incoming(&a, "bob"));
	assert_int_equal(unbind_code(&a, "bob", false), ERR_OK);
	assert_null(account_incoming(&a, "bob"));
	assert_non_null(account_incoming(&a, "joe"));
	assert_non_null(account_incoming(&b, "joe"));
	assert_int_equal(unbind_code(&a, "joe", false), ERR_OK);
	assert_int_equal(unbind_code(&a, "joe", false), ERR_NO_USER);
}

static void a_deletion_unbinds_everywhere(void **state)
{
	struct err err = { .code = ERR_OK };

	(void)state;
	new_code("joe", "s");
	bind_code(&a, "joe", false);
	bind_code(&b, "joe", true);
	bind_code(&discovery, "joe", false);
	assert_int_equal(account_delete("joe", NULL), 0);
	assert_true(list_empty(&a.incoming) && list_empty(&discovery.incoming) && !b.outgoing);
	assert_int_not_equal(account_delete("joe", &err), 0);
	assert_int_equal(err.code, ERR_NO_USER);
}

static void a_target_that_goes_leaves_the_accounts(void **state)
{
	(void)state;
	new_code("joe", "s");
	bind_code(&a, "joe", false);
	bind_code(&a, "joe", true);
	account_set_clear(&a);
	assert_true(list_empty(&a.incoming) && !a.outgoing);
	assert_non_null(account_find("joe"));
	assert_true(list_empty(&account_find("joe")->bindings));
}

static void one_secret_for_both_directions_is_noticed(void **state)
{
	(void)state;
	new_code("in1", "same");
	new_code("in2", "other");
	new_code("out", "same");
	bind_code(&a, "in1", false);
	assert_null(account_shared_secret(&a, "in1"));
	bind_code(&a, "in2", false);
	bind_code(&a, "out", true);
	assert_ptr_equal(account_shared_secret(&a, "out"), account_find("in1"));
	assert_ptr_equal(account_shared_secret(&a, "in1"), account_find("in1"));
	assert_null(account_shared_secret(&a, "in2"));
	account_set_secret("in1", "changed", NULL);
	assert_null(account_shared_secret(&a, "out"));
	bind_code(&a, "out", false);
	assert_ptr_equal(account_shared_secret(&a, "out"), account_find("out"));
}

static void what_is_shown_has_no_secret(void **state)
{
	json_t *shown, *want;

	(void)state;
	new_code("bob", "hidden");
	new_code("joe", "hidden too");
	bind_code(&a, "bob", true);
	bind_code(&a, "joe", false);
	shown = account_set_show(&a);
	want = json_pack("[{s:s s:b}{s:s s:b}]", "user", "joe", "outgoing", 0, "user", "bob",
			 "outgoing", 1);
	assert_true(json_equal(shown, want));
	json_decref(shown);
	json_decref(want);
}

static void a_walk_survives_deletions(void **state)
{
	struct account_walk w;

	(void)state;
	account_walk_begin(&w);
	assert_null(account_walk_next(&w));
	account_walk_end(&w);
	new_code("1", "s");
	new_code("2", "s");
	new_code("3", "s");
	new_code("4", "s");
	account_walk_begin(&w);
	assert_string_equal(account_walk_next(&w)->name, "1");
	account_delete("1", NULL);
	account_delete("2", NULL);
	assert_string_equal(account_walk_next(&w)->name, "3");
	account_delete("4", NULL);
	assert_null(account_walk_next(&w));
	account_walk_end(&w);
}

static void many_accounts_are_bound_and_found(void **state)
{
	char name[16];
	int i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		assert_int_equal(new_code(name, name), ERR_OK);
		assert_int_equal(bind_code(i % 2 ? &a : &b, name, false), ERR_OK);
	}
	assert_non_null(account_incoming(&a, "user4999"));
	assert_null(account_incoming(&a, "user4998"));
	assert_string_equal(account_incoming(&b, "user4998")->secret, "user4998");
}

static void without_memory_nothing_is_half_done(void **state)
{
	struct err err = { .code = ERR_OK };
	unsigned int n;

	(void)state;
	for (n = 1;; n++) {
		t_alloc_fail_nth(n);
		account_new("joe", "s", &err);
		if (!t_alloc_failed())
			break;
		assert_null(account_find("joe"));
	}
	assert_true(n > 2);
	for (n = 1;; n++) {
		t_alloc_fail_nth(n);
		account_bind(&a, "joe", false, &err);
		if (!t_alloc_failed())
			break;
		assert_true(list_empty(&a.incoming));
	}
	t_alloc_fail_nth(0);
	assert_non_null(account_incoming(&a, "joe"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_and_secrets_have_1_to_255_bytes),
		TEST(a_secret_is_replaced),
		TEST(bindings_are_refused_as_ever),
		TEST(a_deletion_unbinds_everywhere),
		TEST(a_target_that_goes_leaves_the_accounts),
		TEST(one_secret_for_both_directions_is_noticed),
		TEST(what_is_shown_has_no_secret),
		TEST(a_walk_survives_deletions),
		TEST(many_accounts_are_bound_and_found),
		TEST(without_memory_nothing_is_half_done),
	};
	struct chap_order usable;

	chap_order_default(&usable);
	if (!usable.n) {
		puts("[  SKIPPED ] all of it: no algorithm of CHAP can be used here");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
