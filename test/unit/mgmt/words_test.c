/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines in words, and the help about them.
 */
#include "mgmt/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mgmt/verb_help.h"
#include "modules.h"

static struct adm_request req;
static struct adm_fail failure;
static char words[1024];
static char *argv[64];
static int argc;

static void split(const char *line)
{
	static char name[] = "tgtadm";

	argc = 1;
	argv[0] = name;
	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
}

static int parse(const char *line)
{
	adm_request_free(&req);
	req = (struct adm_request){ .form = ADM_VERB };
	failure = (struct adm_fail){ .exit_code = 0 };
	split(line);
	assert_true(words_used(argc, argv));
	return words_parse(argc, argv, modules_verb_tables, &req, &failure);
}

static void expect(const char *line, const char *object, const char *verb, const char *args)
{
	json_t *want = json_loads(args, 0, NULL);

	assert_non_null(want);
	if (parse(line))
		fail_msg("%s: %s %s", line, failure.message, failure.detail);
	assert_string_equal(req.object, object);
	assert_string_equal(req.verb, verb);
	assert_true(json_equal(req.args, want));
	json_decref(want);
}

static void expect_fail(const char *line, const char *text)
{
	if (!parse(line))
		fail_msg("%s: was accepted", line);
	assert_int_equal(failure.exit_code, 22);
	if (!strstr(failure.message, text) && !strstr(failure.detail, text))
		fail_msg("%s: %s: %s", line, failure.message, failure.detail);
}

static bool in_words(const char *line)
{
	split(line);
	return words_used(argc, argv);
}

static void the_first_word_decides(void **state)
{
	(void)state;
	assert_true(in_words("target show"));
	assert_true(in_words("--json -C 3 --debug target show"));
	assert_true(in_words("-C3 --control-port=3 help"));
	assert_true(in_words("--json -"));
	assert_false(in_words(""));
	assert_false(in_words("--mode target --op show"));
	assert_false(in_words("--json --mode target --op show"));
	assert_false(in_words("--op show --mode target extra"));
	assert_false(in_words("-C"));
	assert_false(in_words("--help"));
}

static void arguments_come_from_the_table(void **state)
{
	(void)state;
	expect("target show --tid 1", "target", "show", "{\"tid\":1}");
	expect("lu new --tid 1 --lun=1 --backing-store F --params removable=1,vendor_id=x",
	       "logicalunit", "new",
	       "{\"tid\":1,\"lun\":1,\"backing-store\":\"F\","
	       "\"params\":{\"removable\":\"1\",\"vendor_id\":\"x\"}}");
	expect("target delete --tid 0x10 --force", "target", "delete",
	       "{\"tid\":16,\"force\":true}");
	expect("target delete --tid 1 --force=no", "target", "delete",
	       "{\"tid\":1,\"force\":false}");
	expect("tgt bind --ti 1 --initiator-a ALL", "target", "bind",
	       "{\"tid\":1,\"initiator-address\":\"ALL\"}");
	expect("lld show", "lld", "show", "{}");
}

static void common_options_stand_anywhere(void **state)
{
	(void)state;
	expect("--json -C 3 portal show", "portal", "show", "{}");
	assert_true(req.json);
	assert_int_equal(req.control_port, 3);
	expect("portal show --json --control-port=4 -d", "portal", "show", "{}");
	assert_true(req.json && req.debug);
	assert_int_equal(req.control_port, 4);
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	expect_fail("frob show", "unknown object 'frob'");
	expect_fail("target frob", "target has no verb 'frob'");
	expect_fail("target", "name a verb");
	expect_fail("target new", "needs tid");
	expect_fail("target new --tid x --targetname a", "tid must be a number");
	expect_fail("target show --lun 1", "unrecognized option '--lun'");
	expect_fail("target show --tid", "'--tid' requires an argument");
	expect_fail("target show 1", "unexpected argument '1'");
	expect_fail("lu update --tid 1 --lun 1 --params a", "key=value");
	expect_fail("-C x target show", "--control-port is a number");
	expect_fail("-", "tgtadm --json -");
}

static void a_batch_is_asked_for_with_json(void **state)
{
	(void)state;
	assert_int_equal(parse("--json -"), 0);
	assert_int_equal(req.form, ADM_BATCH);
}

static const char *help(const char *object, const char *verb)
{
	static struct strbuf out;

	strbuf_reset(&out);
	if (verb_help(modules_verb_tables, object, verb, &out, &failure))
		return "";
	return strbuf_str(&out);
}

static void help_tells_of_every_verb_and_argument(void **state)
{
	const struct verb_table *table;

	(void)state;
	for (table = modules_verb_tables; table->verbs; table++)
		for (size_t i = 0; i < table->count; i++) {
			const struct verb *v = &table->verbs[i];
			const struct verb_arg *arg;

			assert_non_null(strstr(help(NULL, NULL), v->help));
			assert_non_null(strstr(help(v->object, NULL), v->help));
			for (arg = v->args; arg && arg->name; arg++)
				assert_non_null(strstr(help(v->object, v->verb), arg->help));
		}
	assert_string_equal(help("frob", NULL), "");
	assert_string_equal(help("target", "frob"), "");
}

static void completion_is_told_every_word(void **state)
{
	(void)state;
	assert_non_null(strstr(help("--completion", NULL),
			       "\ntarget new --tid= --targetname= --lld=\n"));
	assert_non_null(strstr(help("--completion", NULL), " --tid= --lun= --force\n"));
	assert_non_null(strstr(help("--completion", NULL), "\nclassic - --backing-store= "));
	assert_non_null(strstr(help("--completion", NULL), " --force --help "));
}

static void help_is_found_in_three_ways(void **state)
{
	(void)state;
	assert_int_equal(parse("help lu new"), 0);
	assert_int_equal(req.form, ADM_HELP);
	assert_string_equal(req.object, "logicalunit");
	assert_int_equal(parse("lu new --help"), 0);
	assert_int_equal(req.form, ADM_HELP);
	assert_int_equal(parse("lu --help"), 0);
	assert_int_equal(req.form, ADM_HELP);
	assert_null(req.verb);
}

static int cleanup(void **state)
{
	(void)state;
	adm_request_free(&req);
	return 0;
}

static void secrets_come_from_the_line_a_file_or_standard_input(void **state)
{
	char path[64], line[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/words_test.%d", (int)getpid());
	snprintf(line, sizeof(line), "account new --user a --password-file %s", path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("b c\n", f);
	fclose(f);
	expect("account new --user a --password b", "account", "new",
	       "{\"user\":\"a\",\"password\":\"b\"}");
	assert_string_equal(argv[6], "x");
	expect(line, "account", "new",
	       "{\"user\":\"a\",\"password\":\"b c\"}");
	assert_non_null(freopen(path, "r", stdin));
	expect("account update --user a --password -", "account", "update",
	       "{\"user\":\"a\",\"password\":\"b c\"}");
	assert_non_null(freopen(path, "r", stdin));
	expect("account update --user a --password-file -", "account", "update",
	       "{\"user\":\"a\",\"password\":\"b c\"}");
	expect_fail("account new --user a --password b --password-file /dev/null", "a second password");
	expect_fail("account new --user a --password-file /dev/null", "one line");
	expect_fail("account new --user a", "password");
	remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_come_from_the_line_a_file_or_standard_input),
		cmocka_unit_test(the_first_word_decides),
		cmocka_unit_test(arguments_come_from_the_table),
		cmocka_unit_test(common_options_stand_anywhere),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_batch_is_asked_for_with_json),
		cmocka_unit_test(help_tells_of_every_verb_and_argument),
		cmocka_unit_test(completion_is_told_every_word),
		cmocka_unit_test(help_is_found_in_three_ways),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
