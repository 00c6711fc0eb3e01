/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses in and out, and the networks that access lists are made of.
 */
#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void parse(struct addr *a, const char *text)
{
	struct err err = { .code = ERR_OK };

	if (addr_parse(a, text, 3260, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

static void addresses_are_read_and_written(void **state)
{
	static const char *const rows[][3] = {
		{ "192.0.2.1", "192.0.2.1:3260", "192.0.2.1" },
		{ "192.0.2.1:860", "192.0.2.1:860", "192.0.2.1" },
		{ "192.0.2.1:0", "192.0.2.1:0", "192.0.2.1" },
		{ "2001:db8::1", "[2001:db8::1]:3260", "2001:db8::1" },
		{ "[2001:db8::1]", "[2001:db8::1]:3260", "2001:db8::1" },
		{ "[2001:db8::1]:65535", "[2001:db8::1]:65535", "2001:db8::1" },
		{ "::", "[::]:3260", "::" },
		{ "[::]:1", "[::]:1", "::" },
		{ "fe80::1%1", "[fe80::1%1]:3260", "fe80::1%1" },
		{ "fe80::1%lo", "[fe80::1%1]:3260", "fe80::1%1" },
		{ "::ffff:192.0.2.1", "192.0.2.1:3260", "192.0.2.1" },
		{ "", ":3260", "" },
		{ ":860", ":860", "" },
	};
	char out[ADDR_STRLEN];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(&a, rows[i][0]);
		assert_string_equal(addr_format(&a, out), rows[i][1]);
		assert_string_equal(addr_format_host(&a, out), rows[i][2]);
	}
}

static void what_is_no_address_is_refused_with_a_sentence(void **state)
{
	static const char *const bad[] = {
		"localhost", "192.0.2", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:x",
		"[192.0.2.1]", "[2001:db8::1", "[2001:db8::1]x", "[2001:db8::1]:", "[]", "[]:1",
		"2001:db8::g", "fe80::1%nosuchif", "192.0.2.1 ", " 192.0.2.1", "*", "1.2.3.4.5",
		"192.0.2.1:99999999999999999999",
		"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]",
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { .code = ERR_OK };

		if (!addr_parse(&a, bad[i], 3260, &err))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(err.code, ERR_INVALID_REQUEST);
		assert_non_null(strstr(err.text, "address"));
	}
	assert_true(addr_parse(&a, "x", 1, NULL) < 0);
}

static void families_and_lengths_suit_bind(void **state)
{
	struct addr a;

	(void)state;
	parse(&a, "192.0.2.1");
	assert_int_equal(a.sa.sa_family, AF_INET);
	assert_int_equal(a.len, sizeof(struct sockaddr_in));
	parse(&a, "::1");
	assert_int_equal(a.sa.sa_family, AF_INET6);
	assert_int_equal(a.len, sizeof(struct sockaddr_in6));
	parse(&a, ":77");
	assert_int_equal(a.sa.sa_family, AF_UNSPEC);
	assert_int_equal(addr_port(&a), 77);
}

static bool equal(const char *x, const char *y)
{
	struct addr a, b;

	parse(&a, x);
	parse(&b, y);
	return addr_equal(&a, &b);
}

static void equality_is_of_family_address_scope_and_port(void **state)
{
	(void)state;
	assert_true(equal("192.0.2.1", "192.0.2.1:3260"));
	assert_false(equal("192.0.2.1", "192.0.2.2"));
	assert_false(equal("192.0.2.1", "192.0.2.1:3261"));
	assert_true(equal("2001:db8::1", "[2001:db8:0::1]:3260"));
	assert_false(equal("2001:db8::1", "2001:db8::2"));
	assert_false(equal("fe80::1%1", "fe80::1%2"));
	assert_false(equal("0.0.0.0", "::"));
	assert_true(equal("", ":3260"));
}

static void wildcards_are_told(void **state)
{
	static const char *const yes[] = { "", ":1", "0.0.0.0", "::", "[::]:3260" };
	static const char *const no[] = { "127.0.0.1", "::1", "0.0.0.1" };
	struct addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		parse(&a, yes[i]);
		assert_true(addr_is_wildcard(&a));
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		parse(&a, no[i]);
		assert_false(addr_is_wildcard(&a));
	}
}

static void masks_match_what_is_in_the_network(void **state)
{
	static const struct {
		const char *mask, *addr;
		bool match;
	} rows[] = {
		{ "ALL", "192.0.2.1", true },
		{ "all", "2001:db8::1", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1/32", "192.0.2.1", true },
		{ "192.0.2.1/32", "192.0.2.0", false },
		{ "10.0.0.0/8", "10.255.1.2", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.1.2.3/8", "10.200.0.1", true }, /* host bits are set */
		{ "192.0.2.129/25", "192.0.2.200", true },
		{ "192.0.2.129/25", "192.0.2.127", false },
		{ "192.0.2.0/31", "192.0.2.1", true },
		{ "192.0.2.0/31", "192.0.2.2", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "[2001:db8::1]", "2001:db8::1", true },
		{ "2001:db8::1/128", "2001:db8::1", true },
		{ "2001:db8::1/128", "2001:db8::2", false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "[2001:db8::]/32", "2001:db9::1", false },
		{ "2001:db8::7/127", "2001:db8::6", true },
		{ "2001:db8:8000::/33", "2001:db8:7fff::", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
		{ "192.0.2.0/24", "::ffff:192.0.2.77", true },
		{ "192.0.2.0/24", "::ffff:192.0.3.77", false },
		{ "::ffff:192.0.2.0/120", "192.0.2.77", true },
		{ "::ffff:192.0.2.0/120", "::ffff:192.0.3.1", false },
		{ "::/0", "::ffff:192.0.2.1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr_mask m;
		struct addr a;

		assert_int_equal(addr_mask_parse(&m, rows[i].mask, NULL), 0);
		parse(&a, rows[i].addr);
		if (addr_mask_match(&m, &a) != rows[i].match)
			fail_msg("%s, %s", rows[i].mask, rows[i].addr);
	}
}

static void masks_that_mean_the_same_are_the_same_bytes(void **state)
{
	static const char *const pairs[][2] = {
		{ "10.1.2.3/8", "10.0.0.0/8" },
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "2001:db8::1/33", "[2001:0db8::]/33" },
		{ "::ffff:10.9.8.7/104", "10.0.0.0/8" },
		{ "ALL", "all" },
	};
	struct addr_mask a, b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		assert_int_equal(addr_mask_parse(&a, pairs[i][0], NULL), 0);
		assert_int_equal(addr_mask_parse(&b, pairs[i][1], NULL), 0);
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

static void masks_that_make_no_sense_are_refused(void **state)
{
	static const char *const bad[] = {
		"",	      "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/8x", "2001:db8::/129",
		"example.org", "[192.0.2.0/24", "/24",	    "ALLOW",	    "10/8",
	};
	struct addr_mask m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { .code = ERR_OK };

		if (!addr_mask_parse(&m, bad[i], &err))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(err.code, ERR_INVALID_REQUEST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(what_is_no_address_is_refused_with_a_sentence),
		cmocka_unit_test(families_and_lengths_suit_bind),
		cmocka_unit_test(equality_is_of_family_address_scope_and_port),
		cmocka_unit_test(wildcards_are_told),
		cmocka_unit_test(masks_match_what_is_in_the_network),
		cmocka_unit_test(masks_that_mean_the_same_are_the_same_bytes),
		cmocka_unit_test(masks_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
