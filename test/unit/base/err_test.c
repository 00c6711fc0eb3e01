/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error names, and the sentences that scripts of the predecessor match.
 */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_sentences_are_those_that_scripts_know(void **state)
{
	static const char *const known[] = {
		"success", "unknown error", "out of memory", "can't find the driver",
		"can't find the target", "can't find the logical unit", "can't find the session",
		"can't find the connection", "can't find the binding", "this target already exists",
		"this binding already exists", "this logical unit number already exists",
		"this access control rule already exists",
		"this access control rule does not exist", "this account already exists",
		"can't find the account", "too many accounts", "invalid request",
		"this target already has an outgoing account", "this target is still active",
		"this logical unit is still active", "this driver is busy",
		"this operation isn't supported", "unknown parameter",
		"this device has Prevent Removal set",
	};

	(void)state;
	assert_int_equal(ARRAY_SIZE(known), ERR_CODES);
	for (int i = 0; i < ERR_CODES; i++)
		assert_string_equal(err_sentence((enum err_code)i), known[i]);
}

static void names_are_unique_and_lead_back(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_CODES; i++)
		assert_int_equal(err_from_name(err_name((enum err_code)i)), i);
	assert_string_equal(err_name(ERR_NO_TARGET), "no-target");
	assert_int_equal(err_from_name("no-such-name"), ERR_UNKNOWN);
	assert_string_equal(err_name((enum err_code)99), "unknown");
}

static void the_first_error_stays(void **state)
{
	struct err err = { .code = ERR_OK };

	(void)state;
	assert_int_equal(err_set(&err, ERR_NO_TARGET, "no target %d", 7), -EINVAL);
	assert_int_equal(err_set(&err, ERR_NOMEM, "later"), -EINVAL);
	assert_int_equal(err.code, ERR_NO_TARGET);
	assert_string_equal(err.text, "no target 7");
	assert_int_equal(err_set(NULL, ERR_NOMEM, "nobody listens"), -EINVAL);
}

static void a_long_text_is_cut(void **state)
{
	struct err err = { .code = ERR_OK };

	(void)state;
	err_set(&err, ERR_INVALID_REQUEST, "%2000s", "x");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sentences_are_those_that_scripts_know),
		cmocka_unit_test(names_are_unique_and_lead_back),
		cmocka_unit_test(the_first_error_stays),
		cmocka_unit_test(a_long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
