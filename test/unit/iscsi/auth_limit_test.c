/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failed logins by address: how many, how fast they are forgotten, which addresses are one.
 */
#include "iscsi/auth_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/util.h"
#include "iscsi/buckets.h"
#include "t_alloc.h"

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 1, NULL), 0);
	return a;
}

static int begin(void **state)
{
	(void)state;
	auth_limit_init();
	return 0;
}

static int finish(void **state)
{
	(void)state;
	auth_limit_done();
	return 0;
}

static void fail_times(const struct addr *a, unsigned int n, uint64_t now)
{
	while (n--)
		auth_limit_failed(a, now);
}

static void ten_failures_are_borne_and_forgotten_one_in_two_seconds(void **state)
{
	struct addr a = addr("192.0.2.1");
	uint64_t now = 5 * NSEC_PER_SEC;

	(void)state;
	fail_times(&a, 9, now);
	assert_true(auth_limit_ok(&a, now));
	fail_times(&a, 1, now);
	assert_false(auth_limit_ok(&a, now));
	assert_false(auth_limit_ok(&a, now + 2 * NSEC_PER_SEC - 1));
	now += 2 * NSEC_PER_SEC;
	assert_true(auth_limit_ok(&a, now));
	fail_times(&a, 1, now);
	assert_false(auth_limit_ok(&a, now));
	now += 20 * NSEC_PER_SEC;
	fail_times(&a, 9, now);
	assert_true(auth_limit_ok(&a, now));
}

static void one_address_does_not_shut_out_another(void **state)
{
	struct addr a = addr("192.0.2.1"), b = addr("192.0.2.2"), c = addr("[2001:db8::1]");

	(void)state;
	fail_times(&a, 50, 0);
	assert_false(auth_limit_ok(&a, 0));
	assert_true(auth_limit_ok(&b, 0));
	assert_true(auth_limit_ok(&c, 0));
}

static void ports_mapped_addresses_and_a_network_of_64_bits_are_one(void **state)
{
	struct addr a = addr("192.0.2.1:1000"), b = addr("192.0.2.1:2000");
	struct addr m = addr("[::ffff:192.0.2.1]:3000");
	struct addr v6 = addr("[2001:db8:1:2::1]"), near = addr("[2001:db8:1:2:3::1]");
	struct addr far = addr("[2001:db8:1:3::1]");

	(void)state;
	fail_times(&a, 10, 0);
	assert_false(auth_limit_ok(&b, 0));
	assert_false(auth_limit_ok(&m, 0));
	fail_times(&v6, 10, 0);
	assert_false(auth_limit_ok(&near, 0));
	assert_true(auth_limit_ok(&far, 0));
}

static void a_thousand_addresses_are_remembered_and_no_more(void **state)
{
	struct addr first = addr("10.0.0.0"), second = addr("10.0.0.1");
	char text[32];
	unsigned int i;

	(void)state;
	for (i = 0; i < BUCKETS_MAX; i++) {
		struct addr a;

		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		a = addr(text);
		fail_times(&a, 10, 0);
	}
	assert_false(auth_limit_ok(&first, 0));
	fail_times(&first, 1, 0);
	first = addr("10.9.9.9");
	fail_times(&first, 1, 0);
	first = addr("10.0.0.0");
	assert_false(auth_limit_ok(&first, 0));
	assert_true(auth_limit_ok(&second, 0));
}

static void without_memory_nothing_is_remembered(void **state)
{
	struct addr a = addr("192.0.2.1");
	unsigned int n;

	(void)state;
	for (n = 1; n < 3; n++) {
		t_alloc_fail_nth(n);
		auth_limit_failed(&a, 0);
		assert_true(t_alloc_failed());
		t_alloc_fail_nth(0);
		auth_limit_done();
	}
	fail_times(&a, 9, 0);
	assert_true(auth_limit_ok(&a, 0));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_failures_are_borne_and_forgotten_one_in_two_seconds),
		TEST(one_address_does_not_shut_out_another),
		TEST(ports_mapped_addresses_and_a_network_of_64_bits_are_one),
		TEST(a_thousand_addresses_are_remembered_and_no_more),
		TEST(without_memory_nothing_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
