/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSCSI names: which are allowed, which are equal, which match.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "scsi/names.h"

static void names_are_checked(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = {
		{ "iqn.2001-04.com.example:storage.disk1", true },
		{ "iqn.2001-04.com.example", true },
		{ "IQN.2001-04.COM.EXAMPLE:A", true },
		{ "disk1", true },
		{ "eui.02004567A425678D", true },
		{ "eui.02004567A425678", false },
		{ "eui.02004567A425678G", false },
		{ "naa.52004567BA64678D", true },
		{ "naa.62004567BA64678D0123456789ABCDEF", true },
		{ "naa.62004567BA64678D01", false },
		{ "", false },
		{ "iqn.2001-04.com.example:a_b", false },
		{ "iqn.2001-04.com.example:a b", false },
		{ "iqn.2001-04.com.example:a/b", false },
		{ "iqn.2001-04.com.example:\xc3\xa4", false },
		{ "iqn.2001-04.com.example:a\n", false },
	};
	char longest[SCSI_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!name_fault(rows[i].name) != rows[i].ok)
			fail_msg("'%s': %s", rows[i].name, name_fault(rows[i].name));
	memset(longest, 'a', sizeof(longest));
	longest[SCSI_NAME_MAX] = '\0';
	assert_null(name_fault(longest));
	longest[SCSI_NAME_MAX] = 'a';
	longest[SCSI_NAME_MAX + 1] = '\0';
	assert_non_null(name_fault(longest));
}

static void names_are_compared_without_case(void **state)
{
	char folded[SCSI_NAME_MAX + 1], huge[1000];

	(void)state;
	assert_true(name_equal("iqn.A:b", "IQN.a:B"));
	assert_false(name_equal("iqn.a", "iqn.ab"));
	assert_false(name_equal("iqn.ab", "iqn.a"));
	assert_true(name_equal("", ""));
	/* Only letters: '[' and '{' differ in the same bit. */
	assert_false(name_equal("iqn.[", "iqn.{"));
	name_fold(folded, "IQN.2001-04.Com");
	assert_string_equal(folded, "iqn.2001-04.com");
	memset(huge, 'A', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	name_fold(folded, huge);
	assert_int_equal(strlen(folded), SCSI_NAME_MAX);
}

static void patterns_match(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool ok;
	} rows[] = {
		{ "", "", true },	  { "", "a", false },	     { "a", "", false },
		{ "*", "", true },	  { "*", "anything", true }, { "**", "x", true },
		{ "?", "", false },	  { "?", "a", true },	     { "?", "ab", false },
		{ "a*", "abc", true },	  { "a*c", "abc", true },    { "a*c", "abcd", false },
		{ "*c", "abcabc", true }, { "a?c", "abc", true },    { "a?c", "ac", false },
		{ "*ab*", "xxaab", true }, { "*ab", "aab", true },   { "A*", "abc", true },
		{ "a*b*c", "aXbYc", true }, { "a*b*c", "aXcYb", false }, { "*?", "a", true },
		{ "*?", "", false },	  { "iqn.*", "iqn.", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (name_match(rows[i].pattern, rows[i].name) != rows[i].ok)
			fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].name);
}

/* A matcher that tries every '*' anew would take years for this. */
static void patterns_of_many_stars_are_quick(void **state)
{
	char pattern[200], name[200];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(pattern); i += 2) {
		pattern[i] = '*';
		pattern[i + 1] = 'a';
	}
	pattern[sizeof(pattern) - 1] = '\0';
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 2] = 'b';
	name[sizeof(name) - 1] = '\0';
	pattern[sizeof(pattern) - 3] = 'c';
	assert_false(name_match(pattern, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(names_are_compared_without_case),
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(patterns_of_many_stars_are_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
