/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classic command lines: the requests they become, and what is refused before tgtd
 * is asked. The sentences and codes are the predecessor's.
 */
#include "mgmt/classic_opts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "modules.h"

static struct adm_request req;
static struct adm_fail failure;

/* @line is split at blanks; a word of '' is empty. */
static int parse(const char *line)
{
	static char words[1024];
	static char *argv[64];
	static char name[] = "tgtadm", empty[] = "";
	int argc = 1;

	adm_request_free(&req);
	req = (struct adm_request){ .form = ADM_VERB };
	failure = (struct adm_fail){ .exit_code = 0 };
	snprintf(words, sizeof(words), "%s", line);
	argv[0] = name;
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = strcmp(w, "''") ? w : empty;
	argv[argc] = NULL;
	return classic_opts_parse(argc, argv, modules_verb_tables, &req, &failure);
}

static void expect(const char *line, const char *object, const char *verb, const char *args)
{
	json_t *want = json_loads(args, 0, NULL);

	assert_non_null(want);
	if (parse(line))
		fail_msg("%s: %s %s", line, failure.message, failure.detail);
	assert_string_equal(req.object, object);
	assert_string_equal(req.verb, verb);
	if (!json_equal(req.args, want))
		fail_msg("%s: %s", line, json_dumps(req.args, JSON_COMPACT));
	json_decref(want);
}

static void expect_fail(const char *line, int exit_code, const char *message)
{
	if (!parse(line))
		fail_msg("%s: was accepted", line);
	assert_string_equal(failure.message, message);
	assert_int_equal(failure.exit_code, exit_code);
}

static void targets_are_made_as_cluster_agents_do(void **state)
{
	(void)state;
	expect("--lld iscsi --op new --mode target --tid=1 --targetname=iqn.2001-04.x:a", "target",
	       "new", "{\"tid\":1,\"targetname\":\"iqn.2001-04.x:a\",\"lld\":\"iscsi\"}");
	expect("--lld iscsi --op delete --mode target --force --tid=1", "target", "delete",
	       "{\"tid\":1,\"force\":true}");
	assert_string_equal(req.lld, "iscsi");
	expect("--lld iscsi --op update --mode target --tid=1 --name=MaxBurstLength --value=65536",
	       "target", "update", "{\"tid\":1,\"name\":\"MaxBurstLength\",\"value\":\"65536\"}");
	expect("--lld iscsi --op bind --mode target --tid=1 --initiator-address=ALL", "target",
	       "bind", "{\"tid\":1,\"initiator-address\":\"ALL\"}");
	expect("--lld iscsi --op show --mode target", "target", "show", "{}");
}

static void logical_units_are_made_as_cluster_agents_do(void **state)
{
	(void)state;
	expect("--lld iscsi --op new --mode logicalunit --tid=1 --lun=2 --backing-store /dev/x "
	       "--bstype=rdwr --bsoflags=sync",
	       "logicalunit", "new",
	       "{\"tid\":1,\"lun\":2,\"backing-store\":\"/dev/x\",\"bstype\":\"rdwr\","
	       "\"bsoflags\":\"sync\"}");
	expect("--lld iscsi --op update --mode logicalunit --tid=1 --lun=2 "
	       "--params=scsi_id=a,scsi_sn=b,vendor_id=c,product_id=d",
	       "logicalunit", "update",
	       "{\"tid\":1,\"lun\":2,\"params\":{\"scsi_id\":\"a\",\"scsi_sn\":\"b\","
	       "\"vendor_id\":\"c\",\"product_id\":\"d\"}}");
	expect("--op update --mode lu --tid 1 --lun 2", "logicalunit", "update",
	       "{\"tid\":1,\"lun\":2,\"params\":{}}");
	expect("--op new --mode lu --tid 1 --lun 2 -Y ssc", "logicalunit", "new",
	       "{\"tid\":1,\"lun\":2,\"device-type\":\"tape\"}");
}

static void short_names_and_prefixes_mean_the_same(void **state)
{
	static const char args[] = "{\"tid\":1,\"lun\":2,\"backing-store\":\"f\",\"blocksize\":4096}";

	(void)state;
	expect("-L iscsi -o new -m lu -t 1 -l 2 -b f -y 4096", "logicalunit", "new", args);
	expect("--ll iscsi --op new --mo lu --ti 1 --lu 2 --ba f --bl 4096", "logicalunit", "new",
	       args);
	expect("-mtgt -oshow -t3", "target", "show", "{\"tid\":3}");
	expect("-m pt -o new --param portal=[::1]:3260", "portal", "new",
	       "{\"portal\":\"[::1]:3260\"}");
	expect("-m sess -o stat -s 1", "session", "stat", "{\"sid\":1}");
	expect("-m sys -o update -n debug -v on", "system", "update",
	       "{\"name\":\"debug\",\"value\":\"on\"}");
}

static void params_mean_the_same_before_and_after_the_mode(void **state)
{
	(void)state;
	expect("--param portal=1.2.3.4:1 --op new --mode portal", "portal", "new",
	       "{\"portal\":\"1.2.3.4:1\"}");
	expect("--mode portal --op new --param portal=1.2.3.4:1,tag=2", "portal", "new",
	       "{\"portal\":\"1.2.3.4:1\",\"tag\":2}");
	expect("--mode portal --op new --param portal=1.2.3.4:1,interface=eth1,dscp=ef,user-timeout=7",
	       "portal", "new", "{\"portal\":\"1.2.3.4:1\",\"interface\":\"eth1\",\"dscp\":\"ef\","
	       "\"user-timeout\":\"7\"}");
	expect("-P a=b\\,c -o update -m lu -t 1 -l 1", "logicalunit", "update",
	       "{\"tid\":1,\"lun\":1,\"params\":{\"a\":\"b,c\"}}");
}

static void numbers_may_be_hexadecimal_and_octal(void **state)
{
	(void)state;
	expect("-m target -o show -t 0x10", "target", "show", "{\"tid\":16}");
	expect("-m target -o show -t 010", "target", "show", "{\"tid\":8}");
	expect("-m target -o show -t 0", "target", "show", "{\"tid\":0}");
}

static void numbers_that_do_not_read_are_refused(void **state)
{
	(void)state;
	expect_fail("-m target -o show -t x", 22, "-t argument value 'x' invalid");
	assert_true(failure.bare && failure.hint);
	expect_fail("-m target -o show -t -1", 22, "-t argument value '-1' invalid");
	expect_fail("-m target -o show -t ''", 22, "-t argument value '' invalid");
	expect_fail("-m target -o show -t 2147483648", 22,
		    "-t argument value '2147483648' out of range");
	expect_fail("-m target -o show -C 32768", 22, "-C argument value '32768' out of range");
	expect_fail("-m lu -o new -y 4k", 22, "-y argument value '4k' invalid");
}

static void connections_of_nothing_are_asked_for_as_before(void **state)
{
	(void)state;
	expect("-m conn -o show", "connection", "show", "{\"tid\":0}");
	expect("-m conn -o stat -s 1", "connection", "stat", "{\"sid\":1,\"cid\":0}");
	expect("-m sess -o bind -t 1", "session", "bind", "{}");
}

/* A file with this text; its name. */
static const char *file(const char *text, size_t len)
{
	static char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/classic_opts_test.%d", (int)getpid());
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite(text, 1, len, f);
	fclose(f);
	return path;
}

static void passwords_come_from_the_line_a_file_or_standard_input(void **state)
{
	static const char want[] = "{\"user\":\"a\",\"password\":\"b c\"}";
	char line[200];

	(void)state;
	expect("-m account -o new -u a -p b", "account", "new", "{\"user\":\"a\",\"password\":\"b\"}");
#ifdef __GLIBC__ /* others find it ambiguous, though both options have the same letter */
	expect("-m account -o new -u a --pass b", "account", "new",
	       "{\"user\":\"a\",\"password\":\"b\"}");
#endif
	snprintf(line, sizeof(line), "-m account -o new -u a --password-file %s", file("b c\n", 4));
	expect(line, "account", "new", want);
	snprintf(line, sizeof(line), "-m account -o new -u a --password-f=%s", file("b c\r\n", 5));
	expect(line, "account", "new", want);
	assert_non_null(freopen(file("b c", 3), "r", stdin));
	expect("-m account -o new -u a -p -", "account", "new", want);
	assert_non_null(freopen(file("b c", 3), "r", stdin));
	expect("-m account -o update -u a --password-file -", "account", "update", want);
	expect_fail("-m account -o new -u a -p b -p c", 22, "a second password");
	expect_fail("-m account -o new -u a --password-file /nonexistent", 22, "invalid request");
	assert_non_null(strstr(failure.detail, "/nonexistent"));
	remove(file("", 0));
}

static void what_is_no_single_line_is_no_password(void **state)
{
	char line[200], many[300];

	(void)state;
	memset(many, 'x', sizeof(many));
	snprintf(line, sizeof(line), "-m account -o new -u a --password-file %s", file("", 0));
	expect_fail(line, 22, "invalid request");
	file("\n", 1);
	expect_fail(line, 22, "invalid request");
	file("eins\nzwei\n", 10);
	expect_fail(line, 22, "invalid request");
	assert_null(strstr(failure.detail, "eins"));
	file("nul\0", 4);
	expect_fail(line, 22, "invalid request");
	file(many, 256);
	expect_fail(line, 22, "invalid request");
	many[255] = '\n';
	file(many, 256);
	assert_int_equal(parse(line), 0);
	remove(file("", 0));
}

/* Everybody sees the arguments of a process. */
static void a_password_on_the_line_is_overwritten(void **state)
{
	static char words[][12] = { "tgtadm", "-m", "account", "-o", "new", "-u", "a", "-p", "secret" };
	char *argv[ARRAY_SIZE(words) + 1] = { NULL };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		argv[i] = words[i];
	adm_request_free(&req);
	req = (struct adm_request){ .form = ADM_VERB };
	assert_int_equal(classic_opts_parse((int)i, argv, modules_verb_tables, &req, &failure), 0);
	assert_string_equal(words[8], "xxxxxx");
	assert_string_equal(json_string_value(json_object_get(req.args, "password")), "secret");
}

static void drivers_have_a_default(void **state)
{
	(void)state;
	expect("-m lld -o start", "lld", "start", "{\"lld\":\"iscsi\"}");
	expect("-m lld -o stop -L iser", "lld", "stop", "{\"lld\":\"iser\"}");
	assert_null(req.lld);
	expect("-m sys -o show -L foo", "system", "show", "{}");
	assert_string_equal(req.lld, "foo");
}

static void unknown_modes_and_operations_end_in_1(void **state)
{
	(void)state;
	expect_fail("--mode foo --op show", 1, "unknown mode: foo");
	expect_fail("--op foo", 1, "unknown operation: foo");
}

static void what_is_missing_is_named(void **state)
{
	static const char *const lines[][2] = {
		{ "", "specify the operation type" },
		{ "-m target", "specify the operation type" },
		{ "-o new", "specify the mode" },
		{ "-o new -m target", "'tid' option is necessary" },
		{ "-o start -m target", "'tid' option is necessary" },
		{ "-o new -m target -t 0", "'tid' cannot be 0" },
		{ "-o new -m target -t 1", "creating new target requires a name, use --targetname" },
		{ "-o update -m target -t 1 -n x",
		  "update operation requires 'name' and 'value' options" },
		{ "-o bind -m target -t 1",
		  "bind operation requires initiator-address, initiator-name or bus" },
		{ "-o new -m lu", "'tid' option is necessary" },
		{ "-o delete -m lu -t 0 -l 1", "'tid' must not be 0" },
		{ "-o new -m lu -t 1", "'lun' option is necessary" },
		{ "-o new -m lu -t 1 -l 1 -Y changer", "'backing-store' option is necessary" },
		{ "-o new -m lu -t 1 -l 1 -Y foo", "unknown target type: foo" },
		{ "-o new -m portal", "you must specify --param portal=<portal>" },
		{ "-o new -m portal -P foo=1", "you must specify --param portal=<portal>" },
		{ "-o new -m account -u a", "'user' and 'password' options are required" },
		{ "-o bind -m account -t 1", "'user' option is necessary" },
		{ "-o update -m sys -n a", "update operation requires 'name' and 'value' options" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect_fail(lines[i][0], 22, lines[i][1]);
}

static void what_does_not_belong_is_named(void **state)
{
	static const char *const lines[][2] = {
		{ "-o new -m target -t 1 -T a -l 1",
		  "target mode: option '-l' is not allowed/supported" },
		{ "-o show -m target --force", "target mode: option '-F' is not allowed/supported" },
		{ "-o update -m target -t 1 -P x=y",
		  "target mode: option '-P' is not allowed/supported" },
		{ "-o delete -m lu -t 1 -l 1 -b x",
		  "logicalunit mode: option '-b' is not allowed/supported" },
		{ "-o update -m lu -t 1 -l 1 -n a -v b",
		  "option '-n' not supported in logicalunit mode" },
		{ "-o new -m portal -t 1 -P portal=x",
		  "portal mode: option '-t' is not allowed/supported" },
		{ "-o show -m portal -t 1", "option '-t' not supported in portal mode" },
		{ "-o show -m account -t 1", "account mode: option '-t' is not allowed/supported" },
		{ "-o show -m lu -t 1 -l 1", "operation show not supported in logicalunit mode" },
		{ "-o start -m target -t 1", "operation start not supported in target mode" },
		{ "-o bind -m sys", "operation bind not supported in system mode" },
		{ "-o update -m portal", "operation update not supported in portal mode" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect_fail(lines[i][0], 22, lines[i][1]);
	assert_int_equal(parse("-o show -m sys -t 1"), 0);
}

static void bad_options_are_named(void **state)
{
	(void)state;
	expect_fail("--foo", 22, "unrecognized option '--foo'");
	assert_true(failure.hint);
	expect_fail("-o show -m target extra", 22, "unrecognized option 'extra'");
	expect_fail("-Z", 22, "invalid option -- 'Z'");
	expect_fail("--op", 22, "option '--op' requires an argument");
	expect_fail("-o", 22, "option requires an argument -- 'o'");
	expect_fail("--force=1", 22, "option '--force' doesn't allow an argument");
	expect_fail("--t 1", 22,
		    "option '--t' is ambiguous; possibilities: '--targetname' '--tid'");
}

static void a_name_that_is_no_utf8_is_refused(void **state)
{
	(void)state;
	expect_fail("-m lu -o new -t 1 -l 1 -b a\xff", 22, "invalid request");
	assert_non_null(strstr(failure.detail, "UTF-8"));
}

static void help_and_version_need_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(parse("-h"), 0);
	assert_int_equal(req.form, ADM_HELP);
	assert_int_equal(parse("--version --op"), 0);
	assert_int_equal(req.form, ADM_VERSION);
	assert_int_equal(parse("--json -C 0x7 -m target -o show"), 0);
	assert_true(req.json);
	assert_int_equal(req.control_port, 7);
}

static int cleanup(void **state)
{
	(void)state;
	adm_request_free(&req);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_made_as_cluster_agents_do),
		cmocka_unit_test(logical_units_are_made_as_cluster_agents_do),
		cmocka_unit_test(short_names_and_prefixes_mean_the_same),
		cmocka_unit_test(params_mean_the_same_before_and_after_the_mode),
		cmocka_unit_test(numbers_may_be_hexadecimal_and_octal),
		cmocka_unit_test(numbers_that_do_not_read_are_refused),
		cmocka_unit_test(connections_of_nothing_are_asked_for_as_before),
		cmocka_unit_test(passwords_come_from_the_line_a_file_or_standard_input),
		cmocka_unit_test(what_is_no_single_line_is_no_password),
		cmocka_unit_test(a_password_on_the_line_is_overwritten),
		cmocka_unit_test(drivers_have_a_default),
		cmocka_unit_test(unknown_modes_and_operations_end_in_1),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(what_does_not_belong_is_named),
		cmocka_unit_test(bad_options_are_named),
		cmocka_unit_test(a_name_that_is_no_utf8_is_refused),
		cmocka_unit_test(help_and_version_need_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
