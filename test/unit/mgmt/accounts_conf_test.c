/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounts in targets.conf: the forms they are written in, what is refused without showing a
 * password, the steps to them from what runs, and their dump.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "mgmt/conf_model.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"
#include "mgmt/dump_conf.h"

#define LONG_ENOUGH "0123456789abc"

static struct conf_notes notes;
static char path[] = "/tmp/accounts_conf_test.XXXXXX", secret[sizeof(path) + 8];

static int setup(void **state)
{
	(void)state;
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	close(mkstemp(path));
	snprintf(secret, sizeof(secret), "%s.secret", path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(secret);
	strbuf_free(&notes.text);
	return 0;
}

static void write_to(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(file, 0600);
}

static json_t *model(const char *text)
{
	strbuf_free(&notes.text);
	notes = (struct conf_notes){ .text = STRBUF_INIT };
	write_to(path, text);
	return conf_load(path, &notes);
}

/* "user/password" of all accounts, then "<user>" or "<user out>" of each binding. */
static void assert_accounts(const char *text, const char *expected)
{
	json_t *state = model(text), *v, *t;
	struct strbuf sb = STRBUF_INIT;
	const char *user;
	size_t i;

	if (!state)
		fail_msg("%s", strbuf_str(&notes.text));
	json_object_foreach(json_object_get(state, "accounts"), user, v)
		strbuf_printf(&sb, "%s/%s ", user, diff_str(v, "password"));
	t = json_array_get(json_object_get(state, "targets"), 0);
	t = json_object_get(t ? t : state, t ? "accounts" : "discovery");
	json_array_foreach(t, i, v)
		strbuf_printf(&sb, "<%s%s>", diff_str(v, "user"),
			      json_is_true(json_object_get(v, "outgoing")) ? " out" : "");
	assert_string_equal(strbuf_str(&sb), expected);
	strbuf_free(&sb);
	json_decref(state);
}

static void assert_target(const char *directives, const char *expected)
{
	char text[1024];

	snprintf(text, sizeof(text), "<target t>\n%s</target>\n", directives);
	assert_accounts(text, expected);
}

static void names_and_passwords_are_read_as_people_write_them(void **state)
{
	(void)state;
	assert_target("incominguser joe " LONG_ENOUGH "\n", "joe/" LONG_ENOUGH " <joe>");
	assert_int_equal(notes.warnings, 0);
	assert_target("incominguser  joe \t " LONG_ENOUGH " \n", "joe/" LONG_ENOUGH " <joe>");
	assert_target("incominguser = joe p#q$\n", "joe/p#q$ <joe>");
	assert_target("incominguser joe pass word\n", "joe/pass word <joe>");
	assert_target("incominguser joe \"pass  # word\"\n", "joe/pass  # word <joe>");
	assert_target("incominguser \"joe pass word\"\n", "joe/pass word <joe>");
	assert_target("incominguser \"joe\" \"pass word\"\n", "joe/pass word <joe>");
	assert_target("incominguser \"two words\" \"pass word\"\n", "two words/pass word <two words>");
	assert_target("incominguser \"two words\" password\n", "two words/password <two words>");
	assert_target("incominguser joe \"a\\\"b\"\n", "joe/a\"b <joe>");
	assert_target("incominguser joe \"\n", "joe/\" <joe>");
	assert_target("incominguser joe a\nincominguser moe b\noutgoinguser disk c\n",
		      "joe/a moe/b disk/c <joe><moe><disk out>");
	assert_target("IncomingUser joe a\nOutgoingUser disk b\n", "joe/a disk/b <joe><disk out>");
	assert_accounts("incomingdiscoveryuser joe a\nincomingdiscoveryuser moe b\n"
			"outgoingdiscoveryuser disk c\n", "joe/a moe/b disk/c <joe><moe><disk out>");
	assert_accounts("IncomingUser joe a\nOutgoingUser moe b\n", "joe/a moe/b <joe><moe out>");
}

static void a_password_may_stand_in_a_block_or_in_a_file(void **state)
{
	char text[300];

	(void)state;
	write_to(secret, "pass word of file\n");
	assert_target("<incominguser joe>\npassword \"a b c d e f g\"\n</incominguser>\n",
		      "joe/a b c d e f g <joe>");
	snprintf(text, sizeof(text), "<incominguser joe>\npassword-file %s\n</incominguser>\n", secret);
	assert_target(text, "joe/pass word of file <joe>");
	assert_int_equal(notes.warnings, 0);
	snprintf(text, sizeof(text), "<outgoinguser \"the disk\">\npassword-file \"%s\"\n</outgoinguser>\n",
		 secret);
	assert_target(text, "the disk/pass word of file <the disk out>");
	snprintf(text, sizeof(text), "<incomingdiscoveryuser joe>\npassword-file %s\n"
				     "</incomingdiscoveryuser>\n", secret);
	assert_accounts(text, "joe/pass word of file <joe>");
}

static void one_account_may_serve_many(void **state)
{
	json_t *s;

	(void)state;
	s = model("incomingdiscoveryuser joe " LONG_ENOUGH "\n"
		  "<target a>\nincominguser joe " LONG_ENOUGH "\n</target>\n"
		  "<target b>\nincominguser joe " LONG_ENOUGH "\n</target>\n");
	assert_non_null(s);
	assert_int_equal(json_object_size(json_object_get(s, "accounts")), 1);
	assert_int_equal(notes.warnings, 0);
	json_decref(s);
}

static void what_is_wrong_is_told_without_the_password(void **state)
{
	static const struct {
		const char *text, *note;
	} table[] = {
		{ "incominguser\n", ":2: error: expected a name" },
		{ "incominguser joe\n", ":2: error: expected a password" },
		{ "incominguser joe \"\"\n", ":2: error: expected a password" },
		{ "incominguser joe PLEASE_CORRECT_THE_PASSWORD\n", ":2: error: incominguser: put the" },
		{ "incominguser joe geheim1\noutgoinguser joe geheim2\n", ":3: error: 'joe' has another" },
		{ "<incominguser joe>\n</incominguser>\n", ":2: error: expected password" },
		{ "<incominguser>\npassword geheim\n</incominguser>\n", ":2: error: expected a name" },
		{ "<incominguser joe>\nsecret geheim\n</incominguser>\n", ":3: error: expected password" },
		{ "<incominguser joe>\npassword geheim\npassword geheim\n</incominguser>\n", ":4: error: a second" },
		{ "<incominguser joe>\npassword-file geheim\n</incominguser>\n", ":3: error: password-file is a" },
		{ "<incominguser joe>\npassword-file /no/such\n</incominguser>\n", "/no/such: No such file" },
		{ "<incominguser joe>\npassword-file /dev/null\n</incominguser>\n", "/dev/null is no file" },
	};
	char text[400];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		snprintf(text, sizeof(text), "<target t>\n%s</target>\n", table[i].text);
		if (model(text))
			fail_msg("row %zu was taken", i);
		if (!strstr(strbuf_str(&notes.text), table[i].note) ||
		    (strstr(notes.text.s, "geheim") && i != 9))
			fail_msg("row %zu: %s", i, notes.text.s);
	}
}

static void what_is_unwise_is_warned_of(void **state)
{
	char text[400];
	json_t *s;

	(void)state;
	s = model("<target t>\nincominguser joe short\noutgoinguser a " LONG_ENOUGH "\n"
		  "outgoinguser b " LONG_ENOUGH "\nincominguser joe short\n</target>\n");
	assert_non_null(s);
	json_decref(s);
	assert_non_null(strstr(notes.text.s, ":2: warning: the password of 'joe' has less than 12"));
	assert_non_null(strstr(notes.text.s, ":4: warning: a second outgoing account, b"));
	assert_non_null(strstr(notes.text.s, ":5: warning: 'joe' is given twice"));
	assert_int_equal(notes.warnings, 3);
	assert_null(strstr(notes.text.s, "short"));
	write_to(secret, LONG_ENOUGH);
	chmod(secret, 0644);
	snprintf(text, sizeof(text), "<target t>\n<incominguser joe>\npassword-file %s\n"
				     "</incominguser>\n</target>\n", secret);
	s = model(text);
	assert_non_null(s);
	json_decref(s);
	assert_non_null(strstr(notes.text.s, ":3: warning: everybody can read"));
}

/* --- steps ------------------------------------------------------------------------------------ */

static json_t *running(const char *targets, const char *accounts)
{
	json_t *shown = json_loads(targets, 0, NULL), *a = json_loads(accounts, 0, NULL), *state;

	assert_non_null(shown);
	assert_non_null(a);
	state = diff_state(shown);
	diff_state_accounts(state, a);
	json_decref(shown);
	json_decref(a);
	return state;
}

#define TARGET(name, sessions, accounts)                                                           \
	"{\"tid\":1,\"name\":\"" name "\",\"driver\":\"iscsi\",\"state\":\"ready\",\"nexuses\":["     \
	sessions "],\"params\":{},\"initiator_addresses\":[\"ALL\"],\"initiator_names\":[],"          \
	"\"luns\":[],\"accounts\":[" accounts "]}"
#define IN(user) "{\"user\":\"" user "\",\"outgoing\":false}"
#define OUT(user) "{\"user\":\"" user "\",\"outgoing\":true}"
#define ACCOUNT(user, password, bound)                                                             \
	"{\"user\":\"" user "\",\"password\":\"" password "\",\"bound\":[" bound "]}"
#define T1 "{\"tid\":1,\"outgoing\":false}"
#define T1_OUT "{\"tid\":1,\"outgoing\":true}"
#define DISCOVERY "{\"outgoing\":false}"

static void assert_steps(const json_t *was, const char *text, const struct diff_opts *opts,
			 const char *expected)
{
	json_t *wanted = model(text), *steps, *ordered, *step;
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	if (!wanted)
		fail_msg("%s", strbuf_str(&notes.text));
	steps = diff_plan(was, wanted, opts);
	ordered = diff_order(steps);
	json_array_foreach(ordered, i, step)
		strbuf_printf(&sb, "%s %s\n", diff_str(step, "sign"), diff_str(step, "say"));
	assert_string_equal(strbuf_str(&sb), expected);
	strbuf_free(&sb);
	json_decref(steps);
	json_decref(ordered);
	json_decref(wanted);
}

static const struct diff_opts all = { .only = NULL };

static void nothing_differs_nothing_is_done(void **state)
{
	json_t *was = running("[" TARGET("t", "", IN("joe") "," OUT("disk")) "]",
			      "[" ACCOUNT("joe", "a", T1 "," DISCOVERY) "," ACCOUNT("disk", "b", T1_OUT) ","
			      ACCOUNT("spare", "c", "") "]");
	struct strbuf dump = STRBUF_INIT;
	struct err err = { .code = ERR_OK };

	(void)state;
	assert_steps(was, "incomingdiscoveryuser joe a\n<target t>\nincominguser joe a\n"
			  "outgoinguser disk b\n</target>\n", &all, "");
	assert_int_equal(dump_conf(was, true, &dump, &err), 0);
	assert_steps(was, dump.s, &all, "");
	strbuf_free(&dump);
	assert_int_equal(dump_conf(was, false, &dump, &err), 0);
	assert_non_null(strstr(dump.s, "\nincomingdiscoveryuser joe PLEASE_CORRECT_THE_PASSWORD\n"));
	assert_non_null(strstr(dump.s, "    incominguser joe PLEASE_CORRECT_THE_PASSWORD\n"
				       "    outgoinguser disk PLEASE_CORRECT_THE_PASSWORD\n"));
	strbuf_free(&dump);
	json_decref(was);
}

static void passwords_of_any_kind_are_dumped_as_they_are(void **state)
{
	json_t *was = running(
		"[" TARGET("t", "", IN("a b") "," IN("\\\"q\\\"") "," IN("c") "," IN("\\\"# $\\\\") ","
			      OUT("\\\\d")) "]",
		"[" ACCOUNT("a b", "x y", T1) "," ACCOUNT("\\\"q\\\"", "\\\"q\\\" \\\"r\\\"", T1) ","
		ACCOUNT("\\\"# $\\\\", "p", T1) "," ACCOUNT("c", " # $x \\\\", T1) "," ACCOUNT("\\\\d", "</target>", T1_OUT) "]");
	struct strbuf dump = STRBUF_INIT;
	struct err err = { .code = ERR_OK };

	(void)state;
	assert_int_equal(dump_conf(was, true, &dump, &err), 0);
	assert_steps(was, dump.s, &all, "");
	strbuf_free(&dump);
	json_decref(was);
}

static void a_new_target_has_its_accounts_before_anybody_is_let_in(void **state)
{
	json_t *was = running("[]", "[]");

	(void)state;
	assert_steps(was, "<target t>\nincominguser joe a\noutgoinguser disk b\n</target>\n", &all,
		     "+ account joe\n+ account disk\n+ target t, tid 1\n+ target t: account joe\n"
		     "+ target t: account disk (outgoing)\n+ target t: initiator-address ALL\n");
	json_decref(was);
}

static void a_target_is_never_without_an_account_meanwhile(void **state)
{
	json_t *was = running("[" TARGET("t", "", IN("joe") "," OUT("disk")) "]",
			      "[" ACCOUNT("joe", "a", T1) "," ACCOUNT("disk", "b", T1_OUT) "]");

	(void)state;
	assert_steps(was, "<target t>\nincominguser moe a\noutgoinguser tape b\n</target>\n", &all,
		     "+ account moe\n+ account tape\n- target t: account disk (outgoing)\n"
		     "+ target t: account moe\n+ target t: account tape (outgoing)\n"
		     "- target t: account joe\n- account joe\n- account disk\n");
	json_decref(was);
}

static void another_password_is_one_step(void **state)
{
	static const struct diff_opts add = { .add_only = true };
	static const char text[] = "<target t>\nincominguser joe new\n</target>\n";
	json_t *was = running("[" TARGET("t", "{}", IN("joe")) "]", "[" ACCOUNT("joe", "old", T1) "]");

	(void)state;
	assert_steps(was, text, &all, "~ account joe: another password\n");
	assert_steps(was, text, &add, "# account joe has another password and keeps it\n");
	json_object_del(json_object_get(json_object_get(was, "accounts"), "joe"), "password");
	assert_steps(was, text, &all, "");
	json_decref(was);
}

static void accounts_of_a_target_that_stays_in_use_stay(void **state)
{
	json_t *was = running("[" TARGET("t", "{}", IN("joe")) "]",
			      "[" ACCOUNT("joe", "a", T1) "," ACCOUNT("moe", "b", DISCOVERY) ","
			      ACCOUNT("spare", "c", "") "]");
	static const struct diff_opts exact = { .exact = true, .force = true };
	static const struct diff_opts add = { .add_only = true };

	(void)state;
	assert_steps(was, "", &all,
		     "- discovery: account moe\n"
		     "# target t, tid 1, stays, though it is not in the configuration: it is in use, "
		     "and --force was not given\n- account moe\n");
	assert_steps(was, "", &exact,
		     "- discovery: account moe\n- target t, tid 1: it is not in the configuration\n"
		     "- account joe\n- account moe\n- account spare\n");
	assert_steps(was, "<target t>\n</target>\nincomingdiscoveryuser joe a\n", &add,
		     "+ discovery: account joe\n");
	json_decref(was);
}

static void one_target_alone_needs_its_accounts_alone(void **state)
{
	static const struct diff_opts one = { .only = "T" };
	json_t *was = running("[" TARGET("t", "", IN("joe")) "]", "[" ACCOUNT("joe", "a", T1) "]");

	(void)state;
	assert_steps(was, "incomingdiscoveryuser moe x\n<target t>\nincominguser zoe a\n</target>\n"
			  "<target u>\nincominguser joe b\n</target>\n", &one,
		     "+ account zoe\n+ target t: account zoe\n- target t: account joe\n");
	json_decref(was);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_and_passwords_are_read_as_people_write_them),
		TEST(a_password_may_stand_in_a_block_or_in_a_file),
		TEST(one_account_may_serve_many),
		TEST(what_is_wrong_is_told_without_the_password),
		TEST(what_is_unwise_is_warned_of),
		TEST(nothing_differs_nothing_is_done),
		TEST(passwords_of_any_kind_are_dumped_as_they_are),
		TEST(a_new_target_has_its_accounts_before_anybody_is_let_in),
		TEST(a_target_is_never_without_an_account_meanwhile),
		TEST(another_password_is_one_step),
		TEST(accounts_of_a_target_that_stays_in_use_stay),
		TEST(one_target_alone_needs_its_accounts_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
