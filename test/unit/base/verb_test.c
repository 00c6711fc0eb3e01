/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs: lookup, checking of arguments, arguments from text.
 */
#include "base/verb.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"

static const struct verb_arg new_args[] = {
	{ "tid", VERB_UINT, true, "target id" },
	{ "targetname", VERB_STRING, true, "iSCSI name" },
	{ "force", VERB_BOOL, false, "even when in use" },
	{ "params", VERB_PARAMS, false, "settings" },
	{ "password", VERB_SECRET, false, "CHAP secret" },
	{ .name = NULL },
};
static const struct verb target_verbs[] = {
	{ .object = "target", .verb = "new", .args = new_args },
	{ .object = "target", .verb = "show", .read_only = true },
};
static const struct verb lu_verbs[] = { { .object = "lu", .verb = "new", .args = new_args } };
static const struct verb_table tables[] = {
	{ target_verbs, 2 },
	{ lu_verbs, 1 },
	{ NULL, 0 },
};

static void verbs_are_found_by_object_and_verb(void **state)
{
	(void)state;
	assert_ptr_equal(verb_find(tables, "target", "show"), &target_verbs[1]);
	assert_ptr_equal(verb_find(tables, "lu", "new"), &lu_verbs[0]);
	assert_null(verb_find(tables, "lu", "show"));
	assert_null(verb_find(tables, "nothing", "new"));
}

/* Checks the JSON @text against "target new"; the error's text, or "". */
static const char *check(const char *text)
{
	static struct err err;
	json_t *args = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	int ret;

	err = (struct err){ .code = ERR_OK };
	assert_non_null(args);
	ret = verb_check_args(&target_verbs[0], args, &err);
	assert_int_equal(ret, err.code ? -EINVAL : 0);
	json_decref(args);
	return err.text;
}

static void good_arguments_pass(void **state)
{
	(void)state;
	assert_string_equal(check("{\"tid\":1,\"targetname\":\"iqn\"}"), "");
	assert_string_equal(check("{\"tid\":0,\"targetname\":\"\",\"force\":false,"
				  "\"params\":{\"a\":\"b\"},\"password\":\"p\"}"), "");
}

static void bad_arguments_are_named(void **state)
{
	(void)state;
	assert_string_equal(check("{\"tid\":1,\"targetname\":\"x\",\"lun\":3}"),
			    "unknown argument lun of `tgtadm target new`");
	assert_string_equal(check("{\"tid\":1}"),
			    "`tgtadm target new` needs targetname (iSCSI name)");
	assert_string_equal(check("{\"tid\":\"1\"}"),
			    "tid of `tgtadm target new` must be a number, 0 or above");
	assert_string_equal(check("{\"tid\":-1}"),
			    "tid of `tgtadm target new` must be a number, 0 or above");
	assert_string_equal(check("{\"tid\":1.5}"),
			    "tid of `tgtadm target new` must be a number, 0 or above");
	assert_string_equal(check("{\"targetname\":7}"),
			    "targetname of `tgtadm target new` must be a string");
	assert_string_equal(check("{\"targetname\":\"a\\u0000b\"}"),
			    "targetname of `tgtadm target new` must be a string");
	assert_string_equal(check("{\"force\":1}"),
			    "force of `tgtadm target new` must be true or false");
	assert_string_equal(check("{\"params\":\"a=b\"}"),
			    "params of `tgtadm target new` must be an object whose members are "
			    "strings");
	assert_string_equal(check("{\"params\":{\"a\":1}}"),
			    "params of `tgtadm target new` must be an object whose members are "
			    "strings");
	assert_string_equal(check("[]"), "the arguments of `tgtadm target new` must be an object");
}

static void a_verb_without_arguments_takes_none(void **state)
{
	struct err err = { .code = ERR_OK };
	json_t *none = json_object(), *some = json_pack("{s:i}", "tid", 1);

	(void)state;
	assert_int_equal(verb_check_args(&target_verbs[1], none, &err), 0);
	assert_int_equal(verb_check_args(&target_verbs[1], some, &err), -EINVAL);
	assert_int_equal(verb_check_args(&target_verbs[1], NULL, NULL), -EINVAL);
	json_decref(none);
	json_decref(some);
}

static void arguments_have_defaults(void **state)
{
	struct verb_call call = { .args = json_pack("{s:I,s:s,s:b}", "tid", (json_int_t)INT64_MAX,
						    "targetname", "iqn", "force", 1) };

	(void)state;
	assert_int_equal(verb_uint(&call, "tid", 5), INT64_MAX);
	assert_int_equal(verb_uint(&call, "lun", 5), 5);
	assert_string_equal(verb_str(&call, "targetname"), "iqn");
	assert_null(verb_str(&call, "params"));
	assert_true(verb_bool(&call, "force", false));
	assert_true(verb_bool(&call, "absent", true));
	assert_non_null(verb_arg(&call, "tid"));
	assert_null(verb_arg(&call, "absent"));
	json_decref(call.args);
}

static unsigned int finished;

static void on_finish(struct verb_call *call)
{
	(void)call;
	finished++;
}

static void finishing_tells_the_owner(void **state)
{
	struct verb_call call = { .finished = on_finish };

	(void)state;
	verb_finish(&call);
	assert_int_equal(finished, 1);
}

enum { TID, NAME, FORCE, PARAMS, PASSWORD };

static void expect_json(int arg, const char *text, const char *want)
{
	json_t *v = NULL, *w = json_loads(want, JSON_DECODE_ANY, NULL);

	assert_int_equal(verb_arg_from_text(&new_args[arg], text, &v, NULL), 0);
	if (!json_equal(v, w))
		fail_msg("%s is not %s", text, want);
	json_decref(v);
	json_decref(w);
}

static void text_becomes_json_by_type(void **state)
{
	(void)state;
	expect_json(TID, "0", "0");
	expect_json(TID, "010", "10");
	expect_json(TID, "0x10", "16");
	expect_json(TID, "9223372036854775807", "9223372036854775807");
	expect_json(NAME, "iqn.2001-04.com.example:x", "\"iqn.2001-04.com.example:x\"");
	expect_json(NAME, "", "\"\"");
	expect_json(NAME, "\xc3\xa4", "\"\xc3\xa4\"");
	expect_json(FORCE, "on", "true");
	expect_json(FORCE, "Yes", "true");
	expect_json(FORCE, "1", "true");
	expect_json(FORCE, "off", "false");
	expect_json(FORCE, "no", "false");
	expect_json(FORCE, "0", "false");
	expect_json(PARAMS, "a=b", "{\"a\":\"b\"}");
	expect_json(PARAMS, "a=b\\,c,d=\\x,e=\\\\", "{\"a\":\"b,c\",\"d\":\"\\\\x\",\"e\":\"\\\\\\\\\"}");
	expect_json(PARAMS, "a=b\\,", "{\"a\":\"b,\"}");
	expect_json(PARAMS, "a=b,c=d=e,f=", "{\"a\":\"b\",\"c\":\"d=e\",\"f\":\"\"}");
	expect_json(PARAMS, ",a=b,,c=d,", "{\"a\":\"b\",\"c\":\"d\"}");
	expect_json(PARAMS, "mode_page=8:0:18:0x10", "{\"mode_page\":\"8:0:18:0x10\"}");
	expect_json(PARAMS, "", "{}");
	expect_json(PASSWORD, "secret", "\"secret\"");
}

static void text_that_does_not_fit_is_refused(void **state)
{
	static const struct {
		int arg;
		const char *text, *says;
	} rows[] = {
		{ TID, "", "tid must be a number: 16 or 0x10, not \"\"" },
		{ TID, "-1", "tid must be a number: 16 or 0x10, not \"-1\"" },
		{ TID, " 1", "tid must be a number: 16 or 0x10, not \" 1\"" },
		{ TID, "1x", "tid must be a number: 16 or 0x10, not \"1x\"" },
		{ TID, "0x", "tid must be a number: 16 or 0x10, not \"0x\"" },
		{ TID, "9223372036854775808", "9223372036854775808" },
		{ TID, "99999999999999999999", "99999999999999999999" },
		{ FORCE, "maybe", "force must be on or off, not \"maybe\"" },
		{ NAME, "\xff", "targetname must be text in UTF-8" },
		{ PARAMS, "a", "params must be key=value" },
		{ PARAMS, "=a", "params must be key=value" },
		{ PARAMS, "a=b,a=c", "every key once" },
		{ PARAMS, "a=\xff", "params must be" },
		{ PARAMS, "\xff=a", "params must be" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { .code = ERR_OK };
		json_t *v;

		assert_int_equal(verb_arg_from_text(&new_args[rows[i].arg], rows[i].text, &v, &err),
				 -EINVAL);
		assert_null(v);
		assert_int_equal(err.code, ERR_INVALID_REQUEST);
		if (!strstr(err.text, rows[i].says))
			fail_msg("%s: %s", rows[i].text, err.text);
	}
}

static void a_secret_is_not_shown_in_an_error(void **state)
{
	struct err err = { .code = ERR_OK };
	json_t *v;

	(void)state;
	assert_int_equal(verb_arg_from_text(&new_args[PASSWORD], "hush\xff", &v, &err), -EINVAL);
	assert_null(strstr(err.text, "hush"));
}

static void convert_all(void *arg)
{
	static const char *const text[] = { "5", "name", "on", "a=b,c=d", "pw" };

	(void)arg;
	for (int i = TID; i <= PASSWORD; i++) {
		struct err err = { .code = ERR_OK };
		json_t *v;
		int ret = verb_arg_from_text(&new_args[i], text[i], &v, &err);

		assert_true(ret == 0 || err.code != ERR_OK);
		assert_int_equal(ret == 0, v != NULL);
		json_decref(v);
	}
}

static void a_result_may_be_put_together_from_pieces(void **state)
{
	struct verb_call call = { .result = NULL };

	(void)state;
	assert_int_equal(verb_put(&call, "[", json_pack("{s:i}", "a", 1)), 0);
	assert_int_equal(verb_put(&call, ",", json_string("b")), 0);
	assert_string_equal(strbuf_str(&call.text), "[{\"a\":1},\"b\"");
	assert_int_equal(verb_put(&call, ",", NULL), -ENOMEM);
	strbuf_free(&call.text);
}

static void a_failed_allocation_is_an_error_and_no_leak(void **state)
{
	(void)state;
	t_alloc_jansson();
	assert_true(t_alloc_each(convert_all, NULL) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_are_found_by_object_and_verb),
		cmocka_unit_test(good_arguments_pass),
		cmocka_unit_test(bad_arguments_are_named),
		cmocka_unit_test(a_verb_without_arguments_takes_none),
		cmocka_unit_test(arguments_have_defaults),
		cmocka_unit_test(finishing_tells_the_owner),
		cmocka_unit_test(text_becomes_json_by_type),
		cmocka_unit_test(text_that_does_not_fit_is_refused),
		cmocka_unit_test(a_secret_is_not_shown_in_an_error),
		cmocka_unit_test(a_result_may_be_put_together_from_pieces),
		cmocka_unit_test(a_failed_allocation_is_an_error_and_no_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
