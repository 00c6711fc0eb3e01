/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What directives mean, from the text of a file to the state that it asks for; and the
 * way back, from a state to a file.
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

#include "mgmt/conf_model.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"
#include "mgmt/dump_conf.h"

static struct conf_notes notes;

static json_t *model(const char *text)
{
	char path[] = "/tmp/conf_model_test.XXXXXX";
	int fd = mkstemp(path);
	json_t *state;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	strbuf_free(&notes.text);
	memset(&notes, 0, sizeof(notes));
	state = conf_load(path, &notes);
	unlink(path);
	return state;
}

static int forget(void **state)
{
	(void)state;
	strbuf_free(&notes.text);
	return 0;
}

/* The LUN numbers of the first target with the first two letters of their paths' last part. */
static void assert_luns(const char *text, const char *expected)
{
	json_t *state = model(text), *lu;
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	assert_non_null(state);
	json_array_foreach(json_object_get(json_array_get(json_object_get(state, "targets"), 0),
					   "luns"), i, lu)
		strbuf_printf(&sb, "%lld%s ", diff_int(lu, "lun"),
			      diff_str(json_object_get(lu, "new"), "backing-store"));
	assert_string_equal(strbuf_str(&sb), expected);
	strbuf_free(&sb);
	json_decref(state);
}

static void luns_are_numbered_in_the_order_of_their_paths(void **state)
{
	(void)state;
	assert_luns("<target t>\nbacking-store /c\nbacking-store /a\nbacking-store /b\n</target>\n",
		    "1/a 2/b 3/c ");
	assert_luns("<target t>\nbacking-store /c\n<backing-store /b>\n</backing-store>\n"
		    "<backing-store /a>\n</backing-store>\n</target>\n", "1/a 2/b 3/c ");
}

static void a_path_that_is_given_twice_is_one_lun(void **state)
{
	(void)state;
	assert_luns("<target t>\nbacking-store /a\nbacking-store /b\nbacking-store /a\n"
		    "<backing-store /b>\nlun 7\n</backing-store>\n</target>\n", "1/a 7/b ");
	assert_int_equal(notes.warnings, 2);
	assert_non_null(strstr(notes.text.s, ": warning: backing-store /b is given twice"));
}

static void given_numbers_are_kept_free(void **state)
{
	(void)state;
	assert_luns("<target t>\nbacking-store /a\nbacking-store /b\n<backing-store /c>\nlun 2\n"
		    "</backing-store>\n</target>\n", "1/a 3/b 2/c ");
}

static void direct_stores_come_after_backing_stores(void **state)
{
	(void)state;
	assert_luns("<target t>\ndirect-store /d\nbacking-store /b\n</target>\n", "1/b 2/d ");
}

static void a_number_of_the_target_is_that_of_its_lun(void **state)
{
	(void)state;
	assert_luns("<target t>\nbacking-store /a\nlun 10\n</target>\n", "10/a ");
}

static void none_is_no_medium_and_path_is_the_store(void **state)
{
	(void)state;
	assert_luns("<target t>\nbacking-store NONE:1\n<backing-store NONE:2>\npath /x\n"
		    "</backing-store>\n</target>\n", "1 2/x ");
}

static void assert_access(const char *directives, const char *expected)
{
	char text[512], *got;
	json_t *state, *t;

	snprintf(text, sizeof(text), "<target t>\n%s</target>\n", directives);
	state = model(text);
	t = json_array_get(json_object_get(state, "targets"), 0);
	t = json_pack("[O,O]", json_object_get(t, "addresses"), json_object_get(t, "names"));
	got = json_dumps(t, JSON_COMPACT);
	assert_string_equal(got, expected);
	free(got);
	json_decref(t);
	json_decref(state);
}

static void everybody_is_let_in_only_when_no_rule_is_given(void **state)
{
	(void)state;
	assert_access("", "[[\"ALL\"],[]]");
	assert_access("initiator-name a\n", "[[],[\"a\"]]");
	assert_access("initiator-address 10.0.0.1\n", "[[\"10.0.0.1\"],[]]");
	assert_access("initiator-name a\ninitiator-address b\n", "[[\"b\"],[\"a\"]]");
	assert_access("initiator-address none\n", "[[],[]]");
}

static void assert_maps(const char *directives, const char *expected)
{
	json_t *state, *maps, *map;
	char text[512], *got;
	const char *name;

	snprintf(text, sizeof(text), "<target t>\n%s</target>\n", directives);
	state = model(text);
	assert_non_null(state);
	maps = json_object_get(json_array_get(json_object_get(state, "targets"), 0), "maps");
	json_object_foreach(maps, name, map) {
		assert_string_not_equal(diff_str(map, "where"), "");
		json_object_del(map, "where");
	}
	got = json_dumps(maps, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(got, expected);
	free(got);
	json_decref(state);
}

static void blocks_of_initiators_say_what_they_see(void **state)
{
	(void)state;
	assert_maps("", "{}");
	assert_maps("<initiator a>\nlun 0 5\nlun 1\t6  readonly\nlun 7\nlun 8 readonly\n</initiator>\n",
		    "{\"a\":{\"all\":false,\"luns\":{\"0\":\"5\",\"1\":\"6:ro\",\"7\":\"7\","
		    "\"8\":\"8:ro\"},\"readonly\":false}}");
	assert_maps("<initiator iqn.*>\nreadonly yes\n</initiator>\n<initiator b>\nlun none\n</initiator>\n",
		    "{\"b\":{\"all\":false,\"luns\":{},\"readonly\":false},"
		    "\"iqn.*\":{\"all\":true,\"luns\":{},\"readonly\":true}}");
	assert_maps("<initiator a>\nlun 0\n</initiator>\n<initiator a>\nlun 1\n</initiator>\n",
		    "{\"a\":{\"all\":false,\"luns\":{\"0\":\"0\",\"1\":\"1\"},"
		    "\"readonly\":false}}");
}

static void a_lun_overrides_what_its_target_says(void **state)
{
	json_t *s = model("<target t>\nvendor_id ALL\nwrite-cache off\nmode_page 1:0:0\n"
			  "<backing-store /a>\nvendor_id ONE\nmode_page 2:0:0\nparams a=1,b=x\\,y\n"
			  "</backing-store>\n</target>\n");
	json_t *t = json_array_get(json_object_get(s, "targets"), 0);
	char *got = json_dumps(json_object_get(json_array_get(json_object_get(t, "luns"), 0),
					       "params"), JSON_COMPACT);

	(void)state;
	assert_string_equal(got, "[[\"mode_page\",\"1:0:0\"],[\"mode_page\",\"2:0:0\"],"
				 "[\"write_cache\",\"0\"],[\"vendor_id\",\"ONE\"],[\"a\",\"1\"],"
				 "[\"b\",\"x,y\"]]");
	free(got);
	json_decref(s);
}

static void errors_tell_line_and_reason(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "<target a>\n</target>\n<target A>\n</target>\n", ":1: error: target a is in" },
		{ "<target t>\niops many\nbacking-store /a\n</target>\n", ":2: error: expected a number" },
		{ "<target t>\ninitiator-limit ALL\n</target>\n", ":2: error: expected initiator-limit" },
		{ "<target t>\ninitiator-limit ALL speed=1\n</target>\n", ":2: error: expected init" },
		{ "<target t>\ninitiator-limit a iops=1\ninitiator-limit a iops=2\n</target>\n",
		  ":3: error: 'initiator-limit a' is given twice" },
		{ "iSNS perhaps\n", ":1: error: expected On or Off after iSNS, not 'perhaps'" },
		{ "iSNSServerIP isns.example.org\n", ":1: error: expected a numeric address" },
		{ "iSNSServerIP 192.0.2.1:3205\n", ":1: error: expected a numeric address" },
		{ "iSNSServerPort 70000\n", ":1: error: expected a number from 1 to 65535" },
		{ "default-driver a\ndefault-driver b\n", ":2: error: 'default-driver' is given" },
		{ "<target>\n</target>\n", ":1: error: expected <target NAME>" },
		{ "<target t>\nbacking-store\n</target>\n", ":2: error: expected a path" },
		{ "<target t>\nbacking-store /a\nlun x\n</target>\n", ":3: error: expected a LUN" },
		{ "<target t>\nbacking-store /a\nlun 16384\n</target>\n", "0 to 16383" },
		{ "<target t>\nbacking-store /a\nbacking-store /b\nlun 1\n</target>\n",
		  "has a LUN 1 already" },
		{ "<target t>\nvendor_id a\nvendor_id b\n</target>\n",
		  ":3: error: 'vendor_id' is given twice, first at line 2" },
		{ "<target t>\nMaxBurstLength\n</target>\n", ":2: error: expected a value" },
		{ "<target t>\ncontroller_tid 0\n</target>\n", ":2: error: expected a number" },
		{ "<target t>\ncontroller_tid 1\n</target>\n<target u>\ncontroller_tid 1\n</target>\n",
		  ":5: error: controller_tid 1: a second" },
		{ "<target t>\n<backing-store /a>\nblock-size big\n</backing-store>\n</target>\n",
		  ":3: error: expected a number" },
		{ "<target t>\n<backing-store /a>\nwrite-cache maybe\n</backing-store>\n</target>\n",
		  ":3: error: expected write-cache on or off" },
		{ "<target t>\nbacking-store /a\nparams x\n</target>\n",
		  ":3: error: expected name=value" },
		{ "<target t>\n<initiator a>\nlun x\n</initiator>\n</target>\n",
		  ":3: error: expected lun SEEN" },
		{ "<target t>\n<initiator a>\nlun 16384\n</initiator>\n</target>\n", "0 to 16383" },
		{ "<target t>\n<initiator a>\nlun 1 2ro\n</initiator>\n</target>\n", ":3: error" },
		{ "<target t>\n<initiator a>\nlun 1 2 rw\n</initiator>\n</target>\n", ":3: error" },
		{ "<target t>\n<initiator a>\nlun 1 2 3\n</initiator>\n</target>\n", ":3: error" },
		{ "<target t>\n<initiator a>\nlun 0 5\nlun 0 6\n</initiator>\n</target>\n",
		  ":4: error: this number is given twice: lun 0 6" },
		{ "<target t>\n<initiator a>\nlun 0 5\nlun 1 5\n</initiator>\n</target>\n",
		  ":4: error: this LUN of the target is given twice" },
		{ "<target t>\n<initiator a>\n</initiator>\n<initiator A>\n</initiator>\n</target>\n",
		  ":4: error: this initiator is there already" },
		{ "<target t>\ninitiator a\n</target>\n", ":2: error: expected <initiator NAME>" },
		{ "<target t>\n<initiator>\n</initiator>\n</target>\n", "expected <initiator NAME>" },
		{ "<target t>\n<initiator a>\nreadonly perhaps\n</initiator>\n</target>\n",
		  ":3: error: expected yes or no" },
		{ "<target t>\n<initiator a>\nlun\n</initiator>\n</target>\n",
		  ":3: error: expected a value" },
		{ "<target t>\nTargetAlias \xff\n</target>\n", ":2: error: the value of TargetAlias" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_null(model(rows[i].text));
		if (!strstr(strbuf_str(&notes.text), rows[i].says))
			fail_msg("%s\nsays: %s", rows[i].text, strbuf_str(&notes.text));
	}
}

static void secrets_are_not_in_messages(void **state)
{
	(void)state;
	assert_null(model("<target t>\nincominguser joe top#secret\nincominguser joe other#secret\n</target>\n"));
	assert_null(strstr(notes.text.s, "secret"));
}

static void unknown_directives_are_warnings(void **state)
{
	json_t *s = model("color 1\n<target t>\nIFMarker No\nsize 2\n<backing-store /a>\nsmell 3\n"
			  "</backing-store>\n</target>\n");

	(void)state;
	assert_non_null(s);
	assert_int_equal(notes.warnings, 4);
	assert_non_null(strstr(notes.text.s, ":6: warning: unknown directive 'smell'"));
	json_decref(s);
}

/* Hostile values come back as they were, and the plan between the two is empty. */
static void a_dump_is_read_as_what_was_dumped(void **state)
{
	static const struct diff_opts opts = { .only = NULL };
	json_t *was = json_loads(
		"[{\"tid\":3,\"name\":\"t\",\"driver\":\"iscsi\",\"state\":\"offline\",\"nexuses\":[],"
		"\"nop_interval\":4,\"alias\":\" a \\\"#\\\\ # \",\"params\":{\"MaxBurstLength\":\"512\"},"
		"\"initiator_addresses\":[\"::1\"],\"initiator_names\":[\"ALL\",\"x y\"],\"luns\":["
		"{\"lun\":0,\"type\":\"controller\"},"
		"{\"lun\":9,\"type\":\"disk\",\"path\":\"/a <b>/# c/\",\"bstype\":\"aio\","
		"\"flags\":\"sync:direct\",\"bsopts\":\"k=v;$x\",\"block_size\":4096,"
		"\"vendor_id\":\"\\\\\",\"scsi_sn\":\"\\\"\",\"online\":false,\"write_cache\":false}]}]",
		0, NULL);
	json_t *running = diff_state(was), *wanted, *steps;
	struct strbuf text = STRBUF_INIT;
	struct err err = { .code = ERR_OK };
	char *got;

	(void)state;
	assert_int_equal(dump_conf(running, true, &text, &err), 0);
	wanted = model(text.s);
	assert_non_null(wanted);
	steps = diff_plan(running, wanted, &opts);
	got = json_dumps(steps, 0);
	assert_string_equal(got, "[]");
	free(got);
	strbuf_reset(&text);
	json_array_clear(json_object_get(wanted, "targets"));
	json_decref(steps);
	steps = diff_plan(running, wanted, &opts);
	assert_int_equal(json_array_size(steps), 1);
	json_decref(steps);
	json_decref(wanted);
	json_decref(running);
	json_decref(was);
	strbuf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(luns_are_numbered_in_the_order_of_their_paths),
		cmocka_unit_test(a_path_that_is_given_twice_is_one_lun),
		cmocka_unit_test(given_numbers_are_kept_free),
		cmocka_unit_test(direct_stores_come_after_backing_stores),
		cmocka_unit_test(a_number_of_the_target_is_that_of_its_lun),
		cmocka_unit_test(none_is_no_medium_and_path_is_the_store),
		cmocka_unit_test(blocks_of_initiators_say_what_they_see),
		cmocka_unit_test(everybody_is_let_in_only_when_no_rule_is_given),
		cmocka_unit_test(a_lun_overrides_what_its_target_says),
		cmocka_unit_test(errors_tell_line_and_reason),
		cmocka_unit_test(secrets_are_not_in_messages),
		cmocka_unit_test(unknown_directives_are_warnings),
		cmocka_unit_test(a_dump_is_read_as_what_was_dumped),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
