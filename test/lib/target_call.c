/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of verbs (target_call.h).
 */
#include "target_call.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "target/target_verbs.h"

static const struct verb_table tables[] = { { target_verbs, ARRAY_SIZE(target_verbs) },
					    { NULL, 0 } };

struct verb_call t_call;
bool t_ended;
json_t *t_answer;

static void finished(struct verb_call *c)
{
	assert_ptr_equal(c, &t_call);
	assert_false(t_ended);
	t_ended = true;
}

void t_call_forget(void)
{
	json_decref(t_call.args);
	json_decref(t_call.result);
	json_decref(t_answer);
	strbuf_free(&t_call.text);
	t_call = (struct verb_call){ .verb = NULL };
	t_answer = NULL;
}

bool t_call_start(struct fake *f, const char *object, const char *verb, const char *json)
{
	char buf[1024];
	int r;

	t_call_forget();
	assert_true(strlen(json) < sizeof(buf));
	strcpy(buf, json);
	for (char *c = buf; *c; c++)
		if (*c == '\'')
			*c = '"';
	t_call = (struct verb_call){
		.verb = verb_find(tables, object, verb),
		.args = json_loads(buf, 0, NULL),
		.admin = true,
		.context = &f->core,
		.finished = finished,
	};
	t_ended = false;
	assert_non_null(t_call.verb);
	if (verb_check_args(t_call.verb, t_call.args, &t_call.err))
		fail_msg("%s", t_call.err.text);
	r = t_call.verb->run(&t_call);
	if (r == -EINPROGRESS)
		return false;
	assert_false(t_ended);
	t_ended = true;
	assert_int_equal(!!r, t_call.err.code != ERR_OK);
	return true;
}

enum err_code t_call_end(struct fake *f)
{
	if (!t_ended) {
		fake_settle(f);
		assert_true(t_ended);
	}
	if (t_call.err.code == ERR_OK && t_call.text.len) {
		t_answer = json_loads(strbuf_str(&t_call.text), 0, NULL);
		if (!t_answer)
			fail_msg("no JSON: %s", strbuf_str(&t_call.text));
	} else {
		t_answer = json_incref(t_call.result);
	}
	return t_call.err.code;
}

enum err_code t_call_run(struct fake *f, const char *object, const char *verb, const char *json)
{
	t_call_start(f, object, verb, json);
	return t_call_end(f);
}
