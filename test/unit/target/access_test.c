/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access lists: who may log in.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "target/access.h"

static bool allowed(const struct access *a, const char *name, const char *address)
{
	struct addr peer;

	assert_int_equal(addr_parse(&peer, address, 0, NULL), 0);
	return access_ok(a, name, &peer);
}

/* Lists as words: addresses, then names; what follows is asked. */
static void lists_admit_who_matches_all_of_their_kinds(void **state)
{
	static const struct {
		const char *addrs[3], *names[3];
		const char *initiator, *peer;
		bool ok;
	} rows[] = {
		{ { 0 }, { 0 }, "iqn.a", "192.0.2.1", false },
		{ { "ALL" }, { 0 }, "iqn.a", "192.0.2.1", true },
		{ { "ALL" }, { 0 }, "iqn.a", "2001:db8::1", true },
		{ { "192.0.2.1" }, { 0 }, "iqn.a", "192.0.2.1", true },
		{ { "192.0.2.1" }, { 0 }, "iqn.a", "192.0.2.2", false },
		{ { "192.0.2.1/32" }, { 0 }, "iqn.a", "192.0.2.1", true },
		{ { "192.0.2.77/24" }, { 0 }, "iqn.a", "192.0.2.2", true },
		{ { "192.0.2.0/24" }, { 0 }, "iqn.a", "192.0.3.2", false },
		{ { "192.0.2.0/24", "10.0.0.0/8" }, { 0 }, "iqn.a", "10.9.8.7", true },
		{ { "192.0.2.0/24" }, { 0 }, "iqn.a", "::ffff:192.0.2.9", true },
		{ { "2001:db8::/32" }, { 0 }, "iqn.a", "2001:db8:1::1", true },
		{ { "2001:db8::/32" }, { 0 }, "iqn.a", "2001:db9::1", false },
		{ { "2001:db8::1/128" }, { 0 }, "iqn.a", "2001:db8::1", true },
		{ { "2001:db8::/32" }, { 0 }, "iqn.a", "192.0.2.1", false },
		{ { 0 }, { "iqn.a" }, "iqn.a", "192.0.2.1", true },
		{ { 0 }, { "iqn.a" }, "iqn.b", "192.0.2.1", false },
		{ { 0 }, { "iqn.A" }, "IQN.a", "192.0.2.1", true },
		{ { 0 }, { "ALL" }, "iqn.b", "192.0.2.1", true },
		{ { 0 }, { "iqn.*:host?" }, "iqn.2001-04.com.example:host7", "192.0.2.1", true },
		{ { 0 }, { "iqn.*:host?" }, "iqn.2001-04.com.example:host77", "192.0.2.1", false },
		/* An address alone does not do where names are listed too, nor a name alone. */
		{ { "192.0.2.1" }, { "iqn.a" }, "iqn.a", "192.0.2.1", true },
		{ { "192.0.2.1" }, { "iqn.a" }, "iqn.b", "192.0.2.1", false },
		{ { "192.0.2.1" }, { "iqn.a" }, "iqn.a", "192.0.2.2", false },
		{ { "ALL" }, { "iqn.a" }, "iqn.b", "192.0.2.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct access a;

		access_init(&a);
		for (int k = 0; k < 3 && rows[i].addrs[k]; k++)
			assert_int_equal(access_add_addr(&a, rows[i].addrs[k], NULL), 0);
		for (int k = 0; k < 3 && rows[i].names[k]; k++)
			assert_int_equal(access_add_name(&a, rows[i].names[k], NULL), 0);
		if (allowed(&a, rows[i].initiator, rows[i].peer) != rows[i].ok)
			fail_msg("row %zu: %s from %s", i, rows[i].initiator, rows[i].peer);
		access_free(&a);
	}
}

static void the_early_check_looks_at_addresses_only(void **state)
{
	struct access a;
	struct addr peer;

	(void)state;
	access_init(&a);
	assert_int_equal(addr_parse(&peer, "192.0.2.1", 0, NULL), 0);
	assert_false(access_addr_ok(&a, &peer));
	assert_int_equal(access_add_name(&a, "iqn.a", NULL), 0);
	assert_true(access_addr_ok(&a, &peer));
	assert_int_equal(access_add_addr(&a, "10.0.0.0/8", NULL), 0);
	assert_false(access_addr_ok(&a, &peer));
	access_free(&a);
}

static void a_peer_without_an_address_matches_only_all(void **state)
{
	struct access a;

	(void)state;
	access_init(&a);
	assert_int_equal(access_add_addr(&a, "10.0.0.0/8", NULL), 0);
	assert_false(access_ok(&a, "iqn.a", NULL));
	assert_int_equal(access_add_addr(&a, "all", NULL), 0);
	assert_true(access_ok(&a, "iqn.a", NULL));
	access_free(&a);
}

static enum err_code code(int r, struct err *err)
{
	enum err_code c = r ? err->code : ERR_OK;

	err->code = ERR_OK;
	return c;
}

static void entries_come_and_go_by_their_meaning(void **state)
{
	struct err err = { .code = ERR_OK };
	struct access a;
	json_t *list;

	(void)state;
	access_init(&a);
	assert_int_equal(code(access_add_addr(&a, "ALL", &err), &err), ERR_OK);
	assert_int_equal(code(access_add_addr(&a, "all", &err), &err), ERR_ACL_EXISTS);
	assert_int_equal(code(access_add_addr(&a, "10.0.0.1", &err), &err), ERR_OK);
	assert_int_equal(code(access_add_addr(&a, "10.0.0.1/32", &err), &err), ERR_ACL_EXISTS);
	assert_int_equal(code(access_add_addr(&a, "10.0.0.1/33", &err), &err), ERR_INVALID_REQUEST);
	assert_int_equal(code(access_add_addr(&a, "somewhere", &err), &err), ERR_INVALID_REQUEST);
	assert_int_equal(code(access_add_name(&a, "iqn.a", &err), &err), ERR_OK);
	assert_int_equal(code(access_add_name(&a, "IQN.A", &err), &err), ERR_ACL_EXISTS);
	assert_int_equal(code(access_add_name(&a, "", &err), &err), ERR_INVALID_REQUEST);
	list = access_show(&a);
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "ALL");
	assert_string_equal(json_string_value(json_array_get(list, 2)), "iqn.a");
	json_decref(list);
	assert_int_equal(code(access_del_addr(&a, "10.0.0.2", &err), &err), ERR_NO_ACL);
	assert_int_equal(code(access_del_addr(&a, "nonsense", &err), &err), ERR_NO_ACL);
	assert_int_equal(code(access_del_addr(&a, "10.0.0.1/32", &err), &err), ERR_OK);
	assert_int_equal(code(access_del_name(&a, "iqn.b", &err), &err), ERR_NO_ACL);
	assert_int_equal(code(access_del_name(&a, "iqn.a", &err), &err), ERR_OK);
	assert_int_equal(code(access_del_name(&a, "iqn.a", &err), &err), ERR_NO_ACL);
	access_free(&a);
}

static void no_memory_is_told(void **state)
{
	struct err err = { .code = ERR_OK };
	struct access a;

	(void)state;
	access_init(&a);
	t_alloc_fail_nth(1);
	assert_int_equal(code(access_add_addr(&a, "ALL", &err), &err), ERR_NOMEM);
	t_alloc_fail_nth(1);
	assert_int_equal(code(access_add_name(&a, "iqn.a", &err), &err), ERR_NOMEM);
	access_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_admit_who_matches_all_of_their_kinds),
		cmocka_unit_test(the_early_check_looks_at_addresses_only),
		cmocka_unit_test(a_peer_without_an_address_matches_only_all),
		cmocka_unit_test(entries_come_and_go_by_their_meaning),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
