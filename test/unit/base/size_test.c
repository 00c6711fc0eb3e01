/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes in words (base/size.h).
 */
#include "base/size.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"

static void a_letter_is_a_power_of_1024_and_a_bare_number_counts_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t unit, size;
	} rows[] = {
		{ "512", 1, 512 },	    { "0", 1, 0 },	  { "10", MiB, 10 * MiB },
		{ "10k", MiB, 10 * KiB },   { "64M", 1, 64 * MiB }, { "1t", 1, 1024 * GiB },
		{ "7E", MiB, 7ull << 60 },  { "2P", 1, 2ull << 50 },
		{ "9223372036854775807", 1, INT64_MAX },
	};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(size_parse(rows[i].text, rows[i].unit, &v), 0);
		assert_int_equal(v, rows[i].size);
	}
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const bad[] = { "", "M", "1MB", "-1", "1 M", " 1", "1.5G", "0x10", "1Z",
					   "1\x80" };
	static const char *const big[] = { "8E", "9223372036854775808", "99999999999999999999",
					   "8796093022208M" };
	uint64_t v = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(size_parse(bad[i], 1, &v), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(big); i++)
		assert_int_equal(size_parse(big[i], 1, &v), -ERANGE);
	assert_int_equal(size_parse("8796093022208", MiB, &v), -ERANGE);
	assert_int_equal(v, 42);
}

static void sizes_are_written_with_a_tenth_and_never_too_big(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} rows[] = {
		{ 0, "0 bytes" },	     { 1023, "1023 bytes" },	{ 1024, "1.0 KiB" },
		{ 1024 * 1024 - 1, "1023.9 KiB" }, { 1536 * MiB, "1.5 GiB" },
		{ 10 * GiB - 1, "9.9 GiB" }, { UINT64_MAX, "15.9 EiB" },
	};
	char out[SIZE_STRLEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(size_format(rows[i].size, out), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_is_a_power_of_1024_and_a_bare_number_counts_units),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(sizes_are_written_with_a_tenth_and_never_too_big),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
