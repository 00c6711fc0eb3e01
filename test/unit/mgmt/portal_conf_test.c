/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Portals and parameters of the daemon in targets.conf: how they are read, the steps to them from
 * what runs, and their dump.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "mgmt/conf_model.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"
#include "mgmt/dump_conf.h"

static struct conf_notes notes;
static char path[] = "/tmp/portal_conf_test.XXXXXX";

static int setup(void **state)
{
	(void)state;
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	close(mkstemp(path));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	strbuf_free(&notes.text);
	return 0;
}

static json_t *try_model(const char *text)
{
	FILE *f = fopen(path, "w");

	strbuf_free(&notes.text);
	notes = (struct conf_notes){ .text = STRBUF_INIT };
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return conf_load(path, &notes);
}

static json_t *model(const char *text)
{
	json_t *state = try_model(text);

	if (!state)
		fail_msg("%s", strbuf_str(&notes.text));
	return state;
}

static void refused(const char *text, const char *why)
{
	json_t *state = try_model(text);

	if (state || !strstr(strbuf_str(&notes.text), why))
		fail_msg("%s: %s", text, strbuf_str(&notes.text));
}

/* What runs: @portals and @system as their verbs show them, with ' for ". */
static json_t *running(const char *portals, const char *system)
{
	json_t *state = json_pack("{s:[] s:{} s:[]}", "targets", "accounts", "discovery"), *shown;
	char buf[2048], *c;

	snprintf(buf, sizeof(buf), "%s", system ? system :
		 "{'debug':false,'state':'ready','trace':'off','slow_command_ms':0,'default_portal':true}");
	for (c = buf; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	shown = json_loads(buf, 0, NULL);
	assert_non_null(shown);
	diff_state_system(state, shown);
	json_decref(shown);
	snprintf(buf, sizeof(buf), "%s", portals);
	for (c = buf; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	shown = json_loads(buf, 0, NULL);
	assert_non_null(shown);
	diff_state_portals(state, shown);
	json_decref(shown);
	return state;
}

#define PORTAL(address, tag, origin, more)                                                         \
	"{'address':'" address "','tag':" #tag ",'origin':'" origin                                \
	"','initiator_addresses':[],'initiator_names':[]," more "}"
#define PLAIN "'own':[]"
#define DEFAULT                                                                                    \
	"[" PORTAL("0.0.0.0:3260", 1, "default", PLAIN) "," PORTAL("[::]:3260", 1, "default", PLAIN) "]"

/* "+ portal ...; - ...": the steps in the order in which they are run, and their arguments. */
static void steps_with(const struct diff_opts *opts, json_t *was, json_t *want, const char *expected)
{
	json_t *plan = diff_plan(was, want, opts), *steps = diff_order(plan), *step;
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	json_array_foreach(steps, i, step)
		strbuf_printf(&sb, "%s %s;", diff_str(step, "sign"), diff_str(step, "say"));
	assert_string_equal(strbuf_str(&sb), expected);
	strbuf_free(&sb);
	json_decref(plan);
	json_decref(steps);
	json_decref(was);
	json_decref(want);
}

static void steps(const char *portals, const char *file, const char *expected)
{
	static const struct diff_opts all = { .force = false };

	steps_with(&all, running(portals, NULL), model(file), expected);
}

static const json_t *portal_of(const json_t *state, const char *key)
{
	const json_t *p = json_object_get(json_object_get(state, "portals"), key);

	if (!p)
		fail_msg("no portal %s", key);
	return p;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void addresses_are_what_tgtd_shows(void **state)
{
	json_t *s = model("portal 192.0.2.1\nportal [2001:DB8::1]:99\nportal 192.0.2.1:3261\n"
			  "portal :860\n<portal front>\naddress 192.0.2.9\ninterface eth1\n</portal>\n");

	(void)state;
	portal_of(s, "192.0.2.1:3260");
	portal_of(s, "[2001:db8::1]:99");
	portal_of(s, "192.0.2.1:3261");
	portal_of(s, ":860");
	portal_of(s, "192.0.2.9:3260 of eth1");
	json_decref(s);
}

static void options_are_brought_into_one_form(void **state)
{
	json_t *s = model("<portal 192.0.2.1>\ndscp AF21\nkeepalive 60:10\nuser-timeout 0x10\ntag 7\n"
			  "initiator-address 10.0.0.0/8\ninitiator-name iqn.a\ninitiator-name iqn.b\n"
			  "</portal>\n");
	const json_t *p = portal_of(s, "192.0.2.1:3260"), *o = json_object_get(p, "options");

	(void)state;
	assert_string_equal(diff_str(o, "dscp"), "18");
	assert_string_equal(diff_str(o, "keepalive"), "60:10:0");
	assert_string_equal(diff_str(o, "user-timeout"), "16");
	assert_int_equal(diff_int(p, "tag"), 7);
	assert_int_equal(json_array_size(json_object_get(p, "addresses")), 1);
	assert_int_equal(json_array_size(json_object_get(p, "names")), 2);
	json_decref(s);
}

static void what_can_be_no_portal_is_refused_with_its_line(void **state)
{
	(void)state;
	refused("\nportal example.com\n", ":2: error: expected an address");
	refused("portal 192.0.2.1:0\n", "expected an address");
	refused("portal 192.0.2.1\nportal 192.0.2.1:3260\n", "a second portal 192.0.2.1:3260");
	refused("<portal 192.0.2.1>\ntag 0\n</portal>\n", "a number from 1 to 65535 after tag");
	refused("<portal 192.0.2.1>\ntag 65536\n</portal>\n", "a number from 1 to 65535");
	refused("<portal 192.0.2.1>\ndscp 64\n</portal>\n", "a number from 0 to 63 or a class");
	refused("<portal 192.0.2.1>\nkeepalive 1:\n</portal>\n", "IDLE[:INTERVAL[:COUNT]]");
	refused("<portal 192.0.2.1>\nkeepalive 1:2:3:4\n</portal>\n", "IDLE[:INTERVAL[:COUNT]]");
	refused("<portal 192.0.2.1>\nuser-timeout soon\n</portal>\n", "a number of seconds");
	refused("<portal 192.0.2.1>\n<tag 1>\n</tag>\n</portal>\n", "expected a value: tag VALUE");
	json_decref(model("<portal 192.0.2.1>\nspeed 9\n</portal>\n"));
	assert_non_null(strstr(strbuf_str(&notes.text), "unknown directive 'speed' for a portal"));
}

static void parameters_of_the_daemon_are_read(void **state)
{
	json_t *s = model("debug yes\nslow-command 500\nstate offline\ntrace login,errors\n"), *sys;

	(void)state;
	sys = json_object_get(s, "system");
	assert_string_equal(diff_str(sys, "debug"), "on");
	assert_string_equal(diff_str(sys, "slow-command"), "500");
	assert_string_equal(diff_str(sys, "State"), "offline");
	assert_string_equal(diff_str(sys, "trace"), "errors,login");
	json_decref(s);
	refused("debug maybe\n", "expected on or off after debug");
	refused("slow-command fast\n", "a number of milliseconds, or off");
	refused("state gone\n", "ready or offline");
	refused("trace everything\n", "task-management");
	refused("debug on\ndebug off\n", "'debug' is given twice");
}

static void portal_groups_are_compared_as_numbers(void **state)
{
	json_t *s = model("<target iqn.a>\nPortalGroups 2, 1,2\nCHAPAlgorithms SHA256:MD5\n</target>\n"
			  "<target iqn.b>\nPortalGroups ALL\n</target>\n"
			  "<target iqn.c>\nPortalGroups 1;2\n</target>\n");
	const json_t *targets = json_object_get(s, "targets");
	static const char *const want[] = { "1,2", "", "1;2" };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_string_equal(diff_str(json_object_get(json_array_get(targets, i), "params"),
					     "PortalGroups"), want[i]);
	assert_string_equal(diff_str(json_object_get(json_array_get(targets, 0), "params"),
				     "CHAPAlgorithms"), "SHA256,MD5");
	json_decref(s);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void a_file_without_portals_changes_none(void **state)
{
	(void)state;
	steps(DEFAULT, "", "");
	steps("[" PORTAL("192.0.2.1:3260", 1, "option", PLAIN) "]", "", "");
	steps("[" PORTAL("192.0.2.1:3260", 1, "added", PLAIN) "]", "", "");
}

static void portals_of_the_file_take_the_place_of_the_default(void **state)
{
	(void)state;
	steps(DEFAULT, "portal 192.0.2.1\n",
	      "- portal 0.0.0.0:3260;- portal [::]:3260;+ portal 192.0.2.1:3260, group 1;");
	steps("[" PORTAL("192.0.2.1:3260", 1, "option", PLAIN) "]", "portal 192.0.2.2\n",
	      "+ portal 192.0.2.2:3260, group 1;");
}

static void both_wildcards_are_one_portal_of_the_file(void **state)
{
	(void)state;
	steps(DEFAULT, "portal :3260\n", "");
	steps("[" PORTAL("0.0.0.0:3260", 1, "default", PLAIN) "]", "portal :3260\n", "");
	steps(DEFAULT, "portal :3261\n",
	      "- portal 0.0.0.0:3260;- portal [::]:3260;+ portal :3261, group 1;");
}

static void what_the_file_has_no_more_goes_and_the_default_comes_back(void **state)
{
	(void)state;
	steps("[" PORTAL("192.0.2.1:3260", 1, "configured", PLAIN) ","
	      PORTAL("192.0.2.2:3260", 1, "configured", PLAIN) "]", "portal 192.0.2.2\n",
	      "- portal 192.0.2.1:3260;");
	steps("[" PORTAL("192.0.2.1:3260", 1, "configured", PLAIN) "]", "",
	      "- portal 192.0.2.1:3260;+ portal :3260, the default;");
	steps("[" PORTAL("192.0.2.1:3260", 1, "configured", PLAIN) ","
	      PORTAL("192.0.2.3:3260", 1, "added", PLAIN) "]", "", "- portal 192.0.2.1:3260;");
}

static void another_group_needs_another_portal_unless_tgtd_was_told_so(void **state)
{
	(void)state;
	steps("[" PORTAL("192.0.2.1:3260", 1, "added", PLAIN) "]",
	      "<portal 192.0.2.1>\ntag 2\n</portal>\n",
	      "- portal 192.0.2.1:3260;+ portal 192.0.2.1:3260, group 2;");
	steps("[" PORTAL("192.0.2.1:3260", 1, "option", PLAIN) "]",
	      "<portal 192.0.2.1>\ntag 2\n</portal>\n",
	      "# portal 192.0.2.1:3260 stays in group 1: who started tgtd has said so;");
}

static void options_are_changed_and_go_back(void **state)
{
	(void)state;
	steps("[" PORTAL("192.0.2.1:3260", 1, "configured", "'own':['dscp','keepalive'],'dscp':18,'keepalive':'60:10:0'") "]",
	      "<portal 192.0.2.1>\ndscp af21\nkeepalive 60:10\n</portal>\n", "");
	steps("[" PORTAL("192.0.2.1:3260", 1, "configured", "'own':['dscp'],'dscp':18") "]",
	      "portal 192.0.2.1\n", "~ portal 192.0.2.1:3260: options;");
	steps("[" PORTAL("192.0.2.1:3260", 1, "option", "'own':['dscp'],'dscp':18") "]",
	      "portal 192.0.2.1\n", "");
	steps("[" PORTAL("192.0.2.1:3260", 1, "configured", "'own':['dscp']") "]",
	      "<portal 192.0.2.1>\ndscp 0\n</portal>\n", "");
}

static void access_is_added_before_it_is_taken_away(void **state)
{
	(void)state;
	steps("[{'address':'192.0.2.1:3260','tag':1,'origin':'configured','own':[],"
	      "'initiator_addresses':['10.0.0.1'],'initiator_names':[]}]",
	      "<portal 192.0.2.1>\ninitiator-address 10.0.0.2\n</portal>\n",
	      "+ portal 192.0.2.1:3260: initiator-address 10.0.0.2;"
	      "- portal 192.0.2.1:3260: initiator-address 10.0.0.1;");
	/* Nobody that may stay is sent away by the first of two names. */
	steps("[" PORTAL("192.0.2.1:3260", 1, "configured", PLAIN) "]",
	      "<portal 192.0.2.1>\ninitiator-name a\ninitiator-name b\n</portal>\n",
	      "+ portal 192.0.2.1:3260: initiator-name ALL;+ portal 192.0.2.1:3260: initiator-name a;"
	      "+ portal 192.0.2.1:3260: initiator-name b;- portal 192.0.2.1:3260: initiator-name ALL;");
}

static void the_way_back_ends_where_it_began(void **state)
{
	static const struct diff_opts exact = { .force = true, .exact = true };
	const char *after = "[" PORTAL("192.0.2.1:3260", 1, "configured", PLAIN) ","
			    PORTAL("192.0.2.5:3260", 1, "added", PLAIN) "]";

	(void)state;
	steps_with(&exact, running(after, NULL), running(DEFAULT, NULL),
		   "- portal 192.0.2.1:3260;- portal 192.0.2.5:3260;"
		   "+ portal 0.0.0.0:3260, group 1;+ portal [::]:3260, group 1;");
}

static void execute_changes_no_portal_that_is_there(void **state)
{
	static const struct diff_opts add_only = { .add_only = true };

	(void)state;
	steps_with(&add_only,
		   running("[" PORTAL("192.0.2.1:3260", 1, "configured", PLAIN) "]", NULL),
		   model("<portal 192.0.2.1>\ntag 2\ndscp ef\n</portal>\nportal 192.0.2.2\n"),
		   "+ portal 192.0.2.2:3260, group 1;");
}

static void an_update_of_one_target_leaves_portals_alone(void **state)
{
	static const struct diff_opts one = { .only = "iqn.x" };

	(void)state;
	steps_with(&one, running(DEFAULT, NULL), model("portal 192.0.2.1\ndebug on\n"), "");
}

static void parameters_of_the_daemon_that_are_not_said_stay(void **state)
{
	static const struct diff_opts all = { .force = false };
	const char *sys = "{'debug':true,'state':'ready','trace':'login','slow_command_ms':20}";

	(void)state;
	steps_with(&all, running("[]", sys), model(""), "");
	steps_with(&all, running("[]", sys), model("debug on\ntrace login\nslow-command 20\n"), "");
	steps_with(&all, running("[]", sys), model("debug off\ntrace off\nslow-command off\n"),
		   "~ system: debug=off;~ system: trace=off;~ system: slow-command=off;");
}

/* --- dump ------------------------------------------------------------------------------------- */

static void a_dump_reads_as_what_was_dumped(void **state)
{
	static const struct diff_opts all = { .exact = true };
	const char *portals =
		"[" PORTAL("192.0.2.1:3260", 2, "configured",
			   "'own':['dscp','keepalive','user-timeout'],'keepalive':'1:2:3'") ","
		PORTAL("192.0.2.1:3260", 1, "added", "'own':[],'interface':'eth1'") ","
		"{'address':'[::1]:3260','tag':1,'origin':'added','own':[],"
		"'initiator_addresses':['10.0.0.1'],'initiator_names':['a','b']}]";
	const char *sys = "{'debug':true,'state':'offline','trace':'login','slow_command_ms':20}";
	json_t *was = running(portals, sys);
	struct err err = { .code = ERR_OK };
	struct strbuf out = STRBUF_INIT;

	(void)state;
	assert_int_equal(dump_conf(was, false, &out, &err), 0);
	assert_non_null(strstr(strbuf_str(&out), "\nstate offline\n"));
	steps_with(&all, was, model(strbuf_str(&out)), "");
	strbuf_free(&out);
}

static void a_dump_leaves_out_what_is_there_without_it(void **state)
{
	json_t *was = running(DEFAULT, NULL);
	struct err err = { .code = ERR_OK };
	struct strbuf out = STRBUF_INIT;

	(void)state;
	assert_int_equal(dump_conf(was, false, &out, &err), 0);
	assert_null(strstr(strbuf_str(&out), "portal"));
	assert_null(strstr(strbuf_str(&out), "debug"));
	strbuf_free(&out);
	json_decref(was);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(addresses_are_what_tgtd_shows),
		T(options_are_brought_into_one_form),
		T(what_can_be_no_portal_is_refused_with_its_line),
		T(parameters_of_the_daemon_are_read),
		T(portal_groups_are_compared_as_numbers),
		T(a_file_without_portals_changes_none),
		T(portals_of_the_file_take_the_place_of_the_default),
		T(both_wildcards_are_one_portal_of_the_file),
		T(what_the_file_has_no_more_goes_and_the_default_comes_back),
		T(another_group_needs_another_portal_unless_tgtd_was_told_so),
		T(options_are_changed_and_go_back),
		T(access_is_added_before_it_is_taken_away),
		T(the_way_back_ends_where_it_began),
		T(execute_changes_no_portal_that_is_there),
		T(an_update_of_one_target_leaves_portals_alone),
		T(parameters_of_the_daemon_that_are_not_said_stay),
		T(a_dump_reads_as_what_was_dumped),
		T(a_dump_leaves_out_what_is_there_without_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
