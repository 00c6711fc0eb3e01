/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From request lines to response lines.
 */
#include "mgmt/dispatch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"

static unsigned int runs;
static struct verb_call *waiting;

static int echo(struct verb_call *call)
{
	runs++;
	assert_ptr_equal(call->context, &runs);
	call->result = json_copy(call->args);
	return call->result ? 0 : -ENOMEM;
}

static int quiet(struct verb_call *call)
{
	(void)call;
	runs++;
	return 0;
}

static int refuse(struct verb_call *call)
{
	return err_set(&call->err, ERR_NO_TARGET, "tid %llu", (unsigned long long)
		       verb_uint(call, "tid", 0));
}

static int fail_silently(struct verb_call *call)
{
	(void)call;
	return -EIO;
}

static int fail_in_pieces(struct verb_call *call)
{
	/* What a message cut in the middle of a character looks like. */
	return err_set(&call->err, ERR_INVALID_REQUEST, "caf\xc3");
}

static int text(struct verb_call *call)
{
	strbuf_puts(&call->text, "[");
	verb_put(call, "", json_integer(1));
	verb_put(call, ",", json_pack("{s:s}", "a", "b"));
	strbuf_puts(&call->text, "]");
	return strbuf_ok(&call->text) ? 0 : -ENOMEM;
}

static int later(struct verb_call *call)
{
	waiting = call;
	return -EINPROGRESS;
}

static const struct verb_arg args[] = {
	{ "tid", VERB_UINT, true, "number" },
	{ "name", VERB_STRING, false, "name" },
	{ .name = NULL },
};
static const struct verb verbs[] = {
	{ .object = "t", .verb = "echo", .args = args, .read_only = true, .run = echo },
	{ .object = "t", .verb = "fail", .args = args, .run = refuse },
	{ .object = "t", .verb = "later", .run = later },
	{ .object = "t", .verb = "pieces", .run = fail_in_pieces },
	{ .object = "t", .verb = "quiet", .run = quiet },
	{ .object = "t", .verb = "silent", .run = fail_silently },
	{ .object = "t", .verb = "text", .run = text },
};
static const struct verb_table tables[] = { { verbs, 7 }, { NULL, 0 } };

static unsigned int finishes;
static char response[2048];

static void finished(struct mgmt_request *req)
{
	char *line = mgmt_response(req);
	struct strbuf rest = mgmt_response_text(req);

	finishes++;
	snprintf(response, sizeof(response), "%s%s", line ? line : "(none)", strbuf_str(&rest));
	free(line);
	strbuf_free(&rest);
	mgmt_request_done(req);
}

static const char *ask_as(bool admin, const char *line, size_t len)
{
	static struct mgmt_request req;

	req = (struct mgmt_request){ .finished = finished };
	finishes = 0;
	mgmt_request_run(&req, tables, &runs, admin, line, len);
	return response;
}

static const char *ask(const char *line)
{
	ask_as(true, line, strlen(line));
	assert_int_equal(finishes, 1);
	return response;
}

static void expect_error(const char *line, const char *code, const char *detail)
{
	json_t *r = json_loads(ask(line), 0, NULL), *error = json_object_get(r, "error");

	assert_non_null(r);
	assert_true(json_is_false(json_object_get(r, "ok")));
	assert_string_equal(json_string_value(json_object_get(error, "code")), code);
	assert_string_equal(json_string_value(json_object_get(error, "message")),
			    err_sentence(err_from_name(code)));
	if (!strstr(json_string_value(json_object_get(error, "detail")), detail))
		fail_msg("%s: \"%s\" is not in %s", line, detail, response);
	json_decref(r);
}

static void a_result_comes_back_with_the_id(void **state)
{
	(void)state;
	assert_string_equal(ask("{\"object\":\"t\",\"verb\":\"echo\",\"args\":{\"tid\":5},"
				"\"id\":[1,null]}"),
			    "{\"ok\":true,\"result\":{\"tid\":5},\"id\":[1,null]}\n");
	assert_string_equal(ask("{\"object\":\"t\",\"verb\":\"quiet\"}"), "{\"ok\":true}\n");
}

static void a_result_may_be_made_as_text(void **state)
{
	(void)state;
	assert_string_equal(ask("{\"object\":\"t\",\"verb\":\"text\"}"),
			    "{\"ok\":true,\"result\":[1,{\"a\":\"b\"}]}\n");
	assert_string_equal(ask("{\"object\":\"t\",\"verb\":\"text\",\"id\":\"x\"}"),
			    "{\"ok\":true,\"id\":\"x\",\"result\":[1,{\"a\":\"b\"}]}\n");
}

static void what_is_no_request_is_refused(void **state)
{
	(void)state;
	runs = 0;
	expect_error("", "invalid-request", "not JSON");
	expect_error("GET / HTTP/1.1\r", "invalid-request", "not JSON");
	expect_error("[]", "invalid-request", "bad request");
	expect_error("{\"object\":\"t\",\"verb\":\"quiet\"} x", "invalid-request", "not JSON");
	expect_error("{\"object\":\"t\",\"object\":\"t\",\"verb\":\"quiet\"}", "invalid-request",
		     "duplicate");
	expect_error("{\"object\":\"t\"}", "invalid-request", "verb");
	expect_error("{\"object\":1,\"verb\":\"quiet\"}", "invalid-request", "bad request");
	expect_error("{\"object\":\"t\\u0000\",\"verb\":\"quiet\"}", "invalid-request", "");
	expect_error("{\"object\":\"t\",\"verb\":\"quiet\",\"args\":[]}", "invalid-request",
		     "object");
	expect_error("{\"object\":\"t\",\"verb\":\"quiet\",\"args\":null}", "invalid-request",
		     "object");
	assert_int_equal(runs, 0);
}

static void a_nul_in_a_line_ends_no_parsing(void **state)
{
	static const char line[] = "{\"object\":\"t\",\0\"verb\":\"quiet\"}";

	(void)state;
	runs = 0;
	ask_as(true, line, sizeof(line) - 1);
	assert_non_null(strstr(response, "invalid-request"));
	assert_int_equal(runs, 0);
}

static void deep_nesting_is_refused(void **state)
{
	char line[20001];

	(void)state;
	memset(line, '[', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	expect_error(line, "invalid-request", "not JSON");
}

static void unknown_words_are_named(void **state)
{
	(void)state;
	expect_error("{\"object\":\"t\",\"verb\":\"nothing\"}", "invalid-request", "'t nothing'");
	expect_error("{\"object\":\"floppy\",\"verb\":\"new\"}", "unsupported", "'floppy'");
}

static void arguments_are_checked_before_the_verb_runs(void **state)
{
	(void)state;
	runs = 0;
	expect_error("{\"object\":\"t\",\"verb\":\"echo\"}", "invalid-request", "needs tid");
	expect_error("{\"object\":\"t\",\"verb\":\"echo\",\"args\":{\"tid\":\"1\"}}",
		     "invalid-request", "must be a number");
	expect_error("{\"object\":\"t\",\"verb\":\"echo\",\"args\":{\"tid\":1,\"lun\":1}}",
		     "invalid-request", "unknown argument lun");
	expect_error("{\"object\":\"t\",\"verb\":\"echo\",\"args\":{\"tid\":-1}}",
		     "invalid-request", "must be a number");
	expect_error("{\"object\":\"t\",\"verb\":\"echo\",\"args\":{\"tid\":99999999999999999999}}",
		     "invalid-request", "");
	assert_int_equal(runs, 0);
}

static void errors_carry_code_sentence_and_detail(void **state)
{
	(void)state;
	assert_string_equal(ask("{\"object\":\"t\",\"verb\":\"fail\",\"args\":{\"tid\":7}}"),
			    "{\"ok\":false,\"error\":{\"code\":\"no-target\",\"message\":"
			    "\"can't find the target\",\"detail\":\"tid 7\"}}\n");
	expect_error("{\"object\":\"t\",\"verb\":\"silent\"}", "unknown", strerror(EIO));
}

static void a_detail_that_is_no_utf8_is_still_told(void **state)
{
	(void)state;
	expect_error("{\"object\":\"t\",\"verb\":\"pieces\"}", "invalid-request", "caf?");
}

static void who_may_only_look_changes_nothing(void **state)
{
	static const char change[] = "{\"object\":\"t\",\"verb\":\"quiet\"}";
	static const char look[] = "{\"object\":\"t\",\"verb\":\"echo\",\"args\":{\"tid\":1}}";

	(void)state;
	runs = 0;
	ask_as(false, change, strlen(change));
	assert_non_null(strstr(response, "only look"));
	assert_int_equal(runs, 0);
	ask_as(false, look, strlen(look));
	assert_int_equal(runs, 1);
}

static void a_verb_that_ends_later_answers_then(void **state)
{
	static const char line[] = "{\"object\":\"t\",\"verb\":\"later\",\"id\":3}";

	(void)state;
	ask_as(true, line, strlen(line));
	assert_int_equal(finishes, 0);
	err_set(&waiting->err, ERR_LUN_ACTIVE, "%s", "");
	verb_finish(waiting);
	assert_int_equal(finishes, 1);
	assert_non_null(strstr(response, "\"lun-active\""));
	assert_non_null(strstr(response, "\"id\":3"));
}

static void ask_echo(void *arg)
{
	static const char line[] = "{\"object\":\"t\",\"verb\":\"echo\",\"args\":{\"tid\":5},\"id\":1}";

	(void)arg;
	ask_as(true, line, strlen(line));
	assert_int_equal(finishes, 1);
}

static void failing_allocations_are_survived(void **state)
{
	(void)state;
	t_alloc_jansson();
	assert_true(t_alloc_each(ask_echo, NULL) > 5);
	assert_string_equal(response, "{\"ok\":true,\"result\":{\"tid\":5},\"id\":1}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_comes_back_with_the_id),
		cmocka_unit_test(a_result_may_be_made_as_text),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(a_nul_in_a_line_ends_no_parsing),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(unknown_words_are_named),
		cmocka_unit_test(arguments_are_checked_before_the_verb_runs),
		cmocka_unit_test(errors_carry_code_sentence_and_detail),
		cmocka_unit_test(a_detail_that_is_no_utf8_is_still_told),
		cmocka_unit_test(who_may_only_look_changes_nothing),
		cmocka_unit_test(a_verb_that_ends_later_answers_then),
		cmocka_unit_test(failing_allocations_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
