/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code points by number and by name.
 */
#include "base/dscp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int dscp(const char *text)
{
	uint8_t v;

	return dscp_parse(text, &v) ? v : -1;
}

static void names_are_those_of_the_standards(void **state)
{
	(void)state;
	assert_int_equal(dscp("cs0"), 0);
	assert_int_equal(dscp("CS7"), 56);
	assert_int_equal(dscp("af11"), 10);
	assert_int_equal(dscp("AF43"), 38);
	assert_int_equal(dscp("ef"), 46);
	assert_int_equal(dscp("va"), 44);
}

static void numbers_are_up_to_63(void **state)
{
	(void)state;
	assert_int_equal(dscp("0"), 0);
	assert_int_equal(dscp("0x2e"), 46);
	assert_int_equal(dscp("63"), 63);
	assert_int_equal(dscp("64"), -1);
}

static void nothing_else_is_one(void **state)
{
	(void)state;
	assert_int_equal(dscp(""), -1);
	assert_int_equal(dscp("-1"), -1);
	assert_int_equal(dscp(" 1"), -1);
	assert_int_equal(dscp("1 "), -1);
	assert_int_equal(dscp("af44"), -1);
	assert_int_equal(dscp("fast"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_standards),
		cmocka_unit_test(numbers_are_up_to_63),
		cmocka_unit_test(nothing_else_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
