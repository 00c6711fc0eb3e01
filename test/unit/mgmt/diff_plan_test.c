/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be done to get from a running state, as tgtd shows it, to what a file says.
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

/* A LUN of the target t as tgtd shows a fresh one, and more members. */
#define LUN(more)                                                                                  \
	"{\"lun\":1,\"type\":\"disk\",\"scsi_id\":\"I\",\"scsi_sn\":\"S\",\"vendor_id\":\"IET\","     \
	"\"product_id\":\"VIRTUAL-DISK\",\"product_rev\":\"0001\",\"size\":1,\"block_size\":512,"     \
	"\"online\":true,\"removable\":false,\"readonly\":false,\"readonly_conf\":false,"             \
	"\"swp\":false,\"thin_provisioning\":false,\"bstype\":\"null\",\"path\":\"x\","               \
	"\"flags\":\"\",\"sense_format\":false,\"lbppbe\":0,\"la_lba\":0,\"optimal_xfer_gran\":0,"    \
	"\"optimal_xfer_len\":0,\"rotation_rate\":0,\"write_cache\":true" more "}"
#define TARGET(luns)                                                                               \
	"[{\"tid\":1,\"name\":\"t\",\"driver\":\"iscsi\",\"state\":\"ready\",\"nexuses\":[],"         \
	"\"params\":{},\"initiator_addresses\":[\"ALL\"],\"initiator_names\":[],\"luns\":[" luns "]}]"
#define FILE_OF(directives)                                                                        \
	"<target t>\n<backing-store x>\nbs-type null\n" directives "\n</backing-store>\n</target>\n"
#define OFF "8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0"
#define ON "8:0:18:0x14:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0"
#define SAID(name, value) ",\"said\":[[\"" name "\",\"" value "\"]]"

static json_t *running_state(const char *shown)
{
	json_t *json = json_loads(shown, 0, NULL), *state;

	assert_non_null(json);
	state = diff_state(json);
	json_decref(json);
	return state;
}

static json_t *wanted_state(const char *text)
{
	char path[] = "/tmp/diff_plan_test.XXXXXX";
	struct conf_notes notes = { .text = STRBUF_INIT };
	int fd = mkstemp(path);
	json_t *state;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	state = conf_load(path, &notes);
	unlink(path);
	if (!state)
		fail_msg("%s", strbuf_str(&notes.text));
	strbuf_free(&notes.text);
	return state;
}

static void assert_list(const json_t *steps, const char *expected)
{
	struct strbuf sb = STRBUF_INIT;
	const json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
		strbuf_printf(&sb, "%s %s\n", diff_str(step, "sign"), diff_str(step, "say"));
	assert_string_equal(strbuf_str(&sb), expected);
	strbuf_free(&sb);
}

static void assert_steps(const json_t *running, const json_t *wanted, const char *expected)
{
	static const struct diff_opts opts = { .force = false };
	json_t *steps = diff_plan(running, wanted, &opts);

	assert_list(steps, expected);
	json_decref(steps);
}

/* What tgtd shows, the file, and the steps between them; and nothing is left to do with a dump. */
static void assert_plan(const char *shown, const char *text, const char *expected)
{
	json_t *running = running_state(shown), *wanted = wanted_state(text), *dumped;
	struct strbuf dump = STRBUF_INIT;
	struct err err = { .code = ERR_OK };

	assert_steps(running, wanted, expected);
	assert_int_equal(dump_conf(running, true, &dump, &err), 0);
	dumped = wanted_state(dump.s);
	assert_steps(running, dumped, "");
	json_decref(dumped);
	json_decref(running);
	json_decref(wanted);
	strbuf_free(&dump);
}

static void a_state_that_is_as_the_file_says_needs_nothing(void **state)
{
	(void)state;
	assert_plan(TARGET(LUN("")), FILE_OF(""), "");
	assert_plan(TARGET(LUN(SAID("mode_page", OFF))), FILE_OF("write-cache off"), "");
	assert_plan(TARGET(LUN(SAID("mode_page", "0x8:00:0x12:1:2"))), FILE_OF("mode_page 8:0:18:1:2"),
		    "");
	assert_plan(TARGET(LUN(SAID("swp", "on"))), FILE_OF("swp 1"), "");
}

static void mode_pages_are_compared_with_what_was_said(void **state)
{
	(void)state;
	assert_plan(TARGET(LUN("")), FILE_OF("write-cache off"),
		    "~ LUN 1 of t: mode_page=" OFF "\n");
	assert_plan(TARGET(LUN(SAID("mode_page", OFF))), FILE_OF("write-cache on"),
		    "~ LUN 1 of t: mode_page=" ON "\n");
	assert_plan(TARGET(LUN(SAID("mode_page", OFF))), FILE_OF(""),
		    "~ LUN 1 of t: mode_page=8:0:default\n");
	assert_plan(TARGET(LUN(SAID("mode_page", "10:0:10:1"))), FILE_OF("mode_page 10:0:10:2"),
		    "~ LUN 1 of t: mode_page=10:0:10:2\n");
	assert_plan(TARGET(LUN(SAID("mode_page", "10:0:10:1"))),
		    FILE_OF("mode_page 10:0:10:2\nmode_page 10:0:10:1\nwrite-cache on"), "");
	assert_plan(TARGET(LUN(SAID("mode_page", "10:1:10:1"))), FILE_OF("mode_page 10:0:10:1"),
		    "~ LUN 1 of t: mode_page=10:0:10:1\n~ LUN 1 of t: mode_page=10:1:default\n");
}

static void what_initiators_changed_is_not_changed_back(void **state)
{
	(void)state;
	assert_plan(TARGET("{\"lun\":1,\"type\":\"disk\",\"block_size\":512,\"bstype\":\"null\","
			   "\"path\":\"x\",\"swp\":true,\"sense_format\":true,\"write_cache\":false}"),
		    FILE_OF(""), "");
	assert_plan(TARGET("{\"lun\":1,\"type\":\"disk\",\"block_size\":512,\"bstype\":\"null\","
			   "\"path\":\"x\",\"swp\":true" SAID("swp", "0") "}"),
		    FILE_OF("swp 0"), "");
}

static void a_parameter_that_has_left_the_file_has_its_default(void **state)
{
	(void)state;
	assert_plan(TARGET(LUN(SAID("swp", "1"))), FILE_OF(""), "~ LUN 1 of t: swp=0\n");
	assert_plan(TARGET("{\"lun\":1,\"type\":\"disk\",\"block_size\":512,\"bstype\":\"null\","
			   "\"path\":\"x\",\"vendor_id\":\"ME\"}"),
		    FILE_OF(""), "~ LUN 1 of t: vendor_id=IET\n");
}

#define OTHER                                                                                      \
	"{\"tid\":2,\"name\":\"u\",\"driver\":\"iscsi\",\"state\":\"ready\",\"nexuses\":[%s],"       \
	"\"params\":{},\"initiator_addresses\":[\"ALL\"],\"initiator_names\":[],\"luns\":[]}]"

/* t has number 1 and u 2, with a session or without. */
static void assert_two(const char *nexus, const char *text, const char *expected)
{
	char shown[1024];

	snprintf(shown, sizeof(shown), "%.*s," OTHER, (int)strlen(TARGET("")) - 1, TARGET(""), nexus);
	assert_plan(shown, text, expected);
}

static void who_has_a_number_that_another_is_to_have_gives_it_up(void **state)
{
	(void)state;
	assert_two("", "<target t>\ncontroller_tid 2\n</target>\n<target u>\n</target>\n",
		   "- target t, tid 1: its tid differs\n+ target t, tid 2\n"
		   "+ target t: initiator-address ALL\n"
		   "- target u, tid 2: another target is to have its tid\n+ target u, tid 3\n"
		   "+ target u: initiator-address ALL\n");
	assert_two("", "<target t>\ncontroller_tid 2\n</target>\n<target u>\ncontroller_tid 1\n</target>\n",
		   "- target t, tid 1: its tid differs\n+ target t, tid 2\n"
		   "+ target t: initiator-address ALL\n"
		   "- target u, tid 2: its tid differs\n+ target u, tid 1\n"
		   "+ target u: initiator-address ALL\n");
}

static void who_is_in_use_keeps_his_number(void **state)
{
	(void)state;
	assert_two("{}", "<target t>\ncontroller_tid 2\n</target>\n<target u>\n</target>\n",
		   "# target t can't have tid 2: target u has it, is in use, and --force was not given\n"
		   "# target u, tid 2, stays, though another target is to have its tid: it is in use, "
		   "and --force was not given\n");
	/* t stays, so that v can't have its number either. */
	assert_two("{}", "<target t>\ncontroller_tid 2\n</target>\n<target u>\n</target>\n"
			 "<target v>\ncontroller_tid 1\n</target>\n",
		   "# target t can't have tid 2: target u has it, is in use, and --force was not given\n"
		   "# target u, tid 2, stays, though another target is to have its tid: it is in use, "
		   "and --force was not given\n"
		   "# target v can't have tid 1: target t has it\n");
	assert_two("{}", "<target t>\n</target>\n<target v>\ncontroller_tid 2\n</target>\n",
		   "# target u, tid 2, stays, though it is not in the configuration: it is in use, "
		   "and --force was not given\n"
		   "# target v can't have tid 2: target u has it, is in use, and --force was not given\n");
}

static void limits_are_compared_as_numbers(void **state)
{
	(void)state;
	assert_plan(TARGET(LUN(",\"limits\":{\"iops\":2048}")), FILE_OF("iops 2K"), "");
	assert_plan(TARGET(LUN(",\"limits\":{\"iops\":2048}")), FILE_OF("params iops=2K"), "");
	assert_plan(TARGET(LUN("")), FILE_OF("iops 2K\nbps_burst 1M"),
		    "~ LUN 1 of t: iops=2048 bps_burst=1048576\n");
	assert_plan(TARGET(LUN(",\"limits\":{\"iops\":2048}")), FILE_OF("bps 0"),
		    "~ LUN 1 of t: iops=0\n");
}

#define LIMITED(limits)                                                                            \
	"[{\"tid\":1,\"name\":\"t\",\"driver\":\"iscsi\",\"state\":\"ready\",\"nexuses\":[],"         \
	"\"params\":{},\"initiator_addresses\":[\"ALL\"],\"initiator_names\":[],\"luns\":[],"             \
	"\"initiator_limits\":[" limits "]}]"

static void limits_of_initiators_are_changed_one_by_one(void **state)
{
	(void)state;
	assert_plan(LIMITED("{\"initiator\":\"ALL\",\"iops\":1000},{\"initiator\":\"iqn.a\",\"bps\":1}"),
		    "<target t>\ninitiator-limit ALL iops=1000\ninitiator-limit iqn.a bps=1\n</target>\n",
		    "");
	assert_plan(LIMITED("{\"initiator\":\"ALL\",\"iops\":1000},{\"initiator\":\"iqn.a\",\"bps\":1}"),
		    "<target t>\ninitiator-limit iqn.b bps_rd=1M,iops=5\n"
		    "initiator-limit ALL iops=10\n</target>\n",
		    "~ target t: initiator-limit iqn.b bps_rd=1048576,iops=5\n"
		    "~ target t: initiator-limit ALL iops=10\n"
		    "- target t: initiator-limit iqn.a none\n");
}

static void elements_are_added_in_place_and_else_made_anew(void **state)
{
	(void)state;
	assert_plan(TARGET(LUN(",\"said\":[[\"element_type\",\"4\"],[\"address\",\"1\"]]")),
		    FILE_OF("params element_type=4,address=1"), "");
	assert_plan(TARGET(LUN(",\"said\":[[\"element_type\",\"4\"],[\"address\",\"1\"]]")),
		    FILE_OF("params element_type=4,address=1\nparams element_type=2,address=${tid}"),
		    "~ LUN 1 of t: element_type=2 address=1\n");
	assert_plan(TARGET(LUN(",\"said\":[[\"element_type\",\"4\"],[\"address\",\"1\"]]")),
		    FILE_OF("params element_type=4,address=2"),
		    "- LUN 1 of t: what it was told of its elements differs\n+ LUN 1 of t: x\n");
}

static void assert_order(const char *shown, const char *text, const char *expected)
{
	static const struct diff_opts opts = { .force = true };
	json_t *running = running_state(shown), *wanted = wanted_state(text);
	json_t *steps = diff_plan(running, wanted, &opts), *ordered = diff_order(steps);

	assert_int_equal(json_array_size(steps), json_array_size(ordered));
	assert_list(ordered, expected);
	json_decref(ordered);
	json_decref(steps);
	json_decref(running);
	json_decref(wanted);
}

#define MAPPED(maps)                                                                               \
	"[{\"tid\":1,\"name\":\"t\",\"driver\":\"iscsi\",\"state\":\"ready\",\"nexuses\":[],"         \
	"\"params\":{},\"initiator_addresses\":[\"ALL\"],\"initiator_names\":[],\"luns\":[" LUN("") \
	"],\"lun_maps\":[" maps "]}]"
#define MAP(name, luns)                                                                            \
	"{\"initiator\":\"" name "\",\"all\":false,\"readonly\":false,\"luns\":{" luns "}}"
#define MAP_ALL(name, ro)                                                                          \
	"{\"initiator\":\"" name "\",\"all\":true,\"readonly\":" ro ",\"luns\":{}}"
#define INITIATOR(name, lines)                                                                     \
	"<target t>\n<backing-store x>\nbs-type null\n</backing-store>\n<initiator " name ">\n" lines   \
	"</initiator>\n</target>\n"
#define MAP_OF "LUN map of target t for "

static void maps_are_compared_by_initiator(void **state)
{
	(void)state;
	assert_plan(MAPPED(MAP("a", "\"0\":\"5:ro\"")), INITIATOR("A", "lun 0 5 readonly\n"), "");
	assert_plan(MAPPED(MAP_ALL("a", "true")), INITIATOR("a", "readonly yes\n"), "");
	assert_plan(MAPPED(""), INITIATOR("a", "lun 0 5\nlun 1\n"), "+ " MAP_OF "a: 0=5 1=1\n");
	assert_plan(MAPPED(""), INITIATOR("a", "lun none\n"), "+ " MAP_OF "a: nothing\n");
	assert_plan(MAPPED(MAP("a", "")), FILE_OF(""), "- " MAP_OF "a\n");
	assert_plan(MAPPED(MAP_ALL("a", "false")), INITIATOR("a", "lun 0 1\nreadonly yes\n"),
		    "~ " MAP_OF "a: 0=1 readonly=yes\n");
	assert_plan(MAPPED(MAP("a", "\"0\":\"1\"")), INITIATOR("a", ""),
		    "~ " MAP_OF "a: all LUNs\n");
}

static void what_is_taken_from_an_initiator_goes_before_what_it_is_given(void **state)
{
	(void)state;
	assert_order(MAPPED(MAP("a", "\"0\":\"5\",\"1\":\"6\",\"2\":\"7\",\"3\":\"8:ro\"")),
		     "<target t>\n<backing-store y>\nlun 1\nbs-type null\n</backing-store>\n"
		     "<initiator a>\nlun 0 6\nlun 1 5\nlun 2 7 readonly\nlun 4 9\nlun 3 8\n"
		     "</initiator>\n</target>\n",
		     "~ " MAP_OF "a: 2=7:ro\n"
		     "~ LUN 1 of t: path=y\n"
		     "~ " MAP_OF "a: 0=6 1=5 4=9 3=8\n");
	assert_order(MAPPED(MAP("a", "\"0\":\"5\",\"1\":\"6\"")),
		     INITIATOR("a", "lun 1 6\nlun 2 5\n"),
		     "~ " MAP_OF "a: 0=none\n~ " MAP_OF "a: 2=5\n");
}

#define GROUPED(groups)                                                                            \
	"[{\"tid\":1,\"name\":\"t\",\"driver\":\"iscsi\",\"state\":\"ready\",\"nexuses\":[],"         \
	"\"params\":{},\"initiator_addresses\":[\"ALL\"],\"initiator_names\":[],\"luns\":[" LUN("") \
	"],\"port_groups\":[" groups "]}]"
#define GROUP(id, ports, remote, state)                                                            \
	"{\"group\":" id ",\"state\":\"offline\",\"state_conf\":\"" state "\",\"preferred\":false,"    \
	"\"portal_groups\":\"" ports "\",\"remote_ports\":\"" remote "\"}"
#define PORT_GROUP(id, lines) "<port-group " id ">\n" lines "</port-group>\n"
#define GROUP_FILE(groups)                                                                         \
	"<target t>\n<backing-store x>\nbs-type null\n</backing-store>\n" groups "</target>\n"
#define GROUP_OF "target t: target port group "
#define ACTIVE "active/optimized"

static void port_groups_are_made_changed_and_removed(void **state)
{
	(void)state;
	assert_plan(GROUPED(""), GROUP_FILE(PORT_GROUP("07", "portal-groups 1,2=5\npreferred yes\n")),
		    "+ " GROUP_OF "7: portal-groups=1,2=5 state=" ACTIVE " preferred=yes\n");
	assert_plan(GROUPED(GROUP("7", "1", "", "standby")),
		    GROUP_FILE(PORT_GROUP("7", "portal-groups 1\nstate standby\n")), "");
	assert_plan(GROUPED(GROUP("7", "1", "", "standby")),
		    GROUP_FILE(PORT_GROUP("7", "portal-groups 1\n")),
		    "~ " GROUP_OF "7: state=" ACTIVE "\n");
	assert_plan(GROUPED(GROUP("7", "1", "", "standby")), FILE_OF(""), "- " GROUP_OF "7\n");
}

static void a_group_gives_a_port_up_before_another_takes_it(void **state)
{
	(void)state;
	assert_order(GROUPED(GROUP("1", "1", "", ACTIVE) "," GROUP("2", "2,3", "9", ACTIVE)),
		     GROUP_FILE(PORT_GROUP("1", "portal-groups 1,3\n") PORT_GROUP("2",
				"portal-groups 2\nremote-ports 9\n")),
		     "~ " GROUP_OF "2: portal-groups=2\n~ " GROUP_OF "1: portal-groups=1,3\n");
	assert_order(GROUPED(GROUP("1", "1", "", ACTIVE) "," GROUP("2", "2", "", "standby")),
		     GROUP_FILE(PORT_GROUP("1", "portal-groups 2\n") PORT_GROUP("2",
				"portal-groups 1\nstate standby\n")),
		     "- " GROUP_OF "1\n~ " GROUP_OF "2: portal-groups=1\n"
		     "+ " GROUP_OF "1: portal-groups=2 state=" ACTIVE "\n");
}

/* A request has 65536 bytes at most. */
static void long_maps_go_in_several_requests(void **state)
{
	struct strbuf text = STRBUF_INIT;
	json_t *running = running_state(MAPPED("")), *wanted, *steps, *step;
	static const struct diff_opts opts = { .force = false };
	size_t i, n = 0;

	(void)state;
	strbuf_puts(&text, "<target t>\n<backing-store x>\nbs-type null\n</backing-store>\n"
			   "<initiator a>\n");
	for (i = 0; i <= CONF_LUN_MAX; i++)
		strbuf_printf(&text, "lun %zu %zu readonly\n", i, CONF_LUN_MAX - i);
	strbuf_puts(&text, "</initiator>\n</target>\n");
	wanted = wanted_state(text.s);
	steps = diff_plan(running, wanted, &opts);
	json_array_foreach(steps, i, step) {
		char *args = json_dumps(json_object_get(step, "args"), JSON_COMPACT);

		assert_true(strlen(args) < 60000);
		assert_string_equal(diff_str(step, "verb"), i ? "update" : "new");
		n += json_object_size(json_object_get(json_object_get(step, "args"), "luns"));
		free(args);
	}
	assert_int_equal(n, CONF_LUN_MAX + 1);
	json_decref(steps);
	json_decref(wanted);
	json_decref(running);
	strbuf_free(&text);
}

static void what_can_fail_is_done_before_what_can_not_be_undone(void **state)
{
	(void)state;
	assert_order(TARGET(LUN("")),
		     "<target u>\n<backing-store y>\nbs-type null\n</backing-store>\n</target>\n",
		     "+ target u, tid 2\n+ LUN 1 of u: y\n"
		     "- target t, tid 1: it is not in the configuration\n"
		     "+ target u: initiator-address ALL\n");
	assert_order(TARGET(LUN("")),
		     "<target t>\n<backing-store y>\nbs-type null\nlun 2\n</backing-store>\n"
		     "initiator-address ::1\nTargetAlias a\n</target>\n",
		     "~ target t: TargetAlias=a\n+ LUN 2 of t: y\n+ target t: initiator-address ::1\n"
		     "- LUN 1 of t: it is not in the configuration\n"
		     "- target t: initiator-address ALL\n");
}

static void a_number_or_store_that_another_has_is_waited_for(void **state)
{
	(void)state;
	assert_order(TARGET(LUN("")),
		     "<target u>\n<backing-store x>\nbs-type null\n</backing-store>\n</target>\n",
		     "+ target u, tid 2\n- target t, tid 1: it is not in the configuration\n"
		     "+ LUN 1 of u: x\n+ target u: initiator-address ALL\n");
	assert_order(TARGET(LUN("")),
		     "<target u>\ncontroller_tid 1\n<backing-store y>\nbs-type null\n"
		     "</backing-store>\n</target>\n",
		     "- target t, tid 1: it is not in the configuration\n+ target u, tid 1\n"
		     "+ LUN 1 of u: y\n+ target u: initiator-address ALL\n");
	assert_order(TARGET(""), "<target t>\ncontroller_tid 3\n</target>\n",
		     "- target t, tid 1: its tid differs\n+ target t, tid 3\n"
		     "+ target t: initiator-address ALL\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_that_is_as_the_file_says_needs_nothing),
		cmocka_unit_test(mode_pages_are_compared_with_what_was_said),
		cmocka_unit_test(what_initiators_changed_is_not_changed_back),
		cmocka_unit_test(a_parameter_that_has_left_the_file_has_its_default),
		cmocka_unit_test(maps_are_compared_by_initiator),
		cmocka_unit_test(port_groups_are_made_changed_and_removed),
		cmocka_unit_test(a_group_gives_a_port_up_before_another_takes_it),
		cmocka_unit_test(what_is_taken_from_an_initiator_goes_before_what_it_is_given),
		cmocka_unit_test(long_maps_go_in_several_requests),
		cmocka_unit_test(what_can_fail_is_done_before_what_can_not_be_undone),
		cmocka_unit_test(a_number_or_store_that_another_has_is_waited_for),
		cmocka_unit_test(who_has_a_number_that_another_is_to_have_gives_it_up),
		cmocka_unit_test(who_is_in_use_keeps_his_number),
		cmocka_unit_test(limits_are_compared_as_numbers),
		cmocka_unit_test(limits_of_initiators_are_changed_one_by_one),
		cmocka_unit_test(elements_are_added_in_place_and_else_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
