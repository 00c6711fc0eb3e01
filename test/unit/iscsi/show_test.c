/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verbs tell of sessions and connections, and that they leave the loop to others.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iscsi/iscsi.h"
#include "iscsi/iscsi_verbs.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "t_alloc.h"
#include "target/verb_walk.h"

#define MANY 100

static const struct verb_table tables[] = { { iscsi_verbs, ARRAY_SIZE(iscsi_verbs) }, { NULL, 0 } };
static struct wire_conn conns[MANY];
static struct verb_call call;
static bool ended;

static void finished(struct verb_call *c)
{
	(void)c;
	ended = true;
}

static void log_in_many(struct wire *w)
{
	size_t i;

	for (i = 0; i < MANY; i++) {
		wire_open(&conns[i], w);
		conns[i].isid[5] = (uint8_t)i;
		wire_login(&conns[i], "");
	}
}

static void log_out_many(void)
{
	size_t i;

	for (i = 0; i < MANY; i++)
		wire_close(&conns[i]);
}

/* What run() returned; 0: it has ended. */
static int begin(struct wire *w)
{
	int r;

	call = (struct verb_call){
		.verb = verb_find(tables, "connection", "show"),
		.args = json_pack("{s:i}", "tid", 1),
		.context = &w->core,
		.finished = finished,
	};
	ended = false;
	assert_non_null(call.args);
	r = call.verb->run(&call);
	ended = r != -EINPROGRESS;
	return r;
}

/* How many sessions it told of. */
static size_t end(void)
{
	json_t *answer = json_loads(strbuf_str(&call.text), 0, NULL);
	size_t n = json_array_size(answer);

	assert_true(ended);
	if (!answer)
		fail_msg("no JSON: %s", strbuf_str(&call.text));
	json_decref(answer);
	json_decref(call.args);
	strbuf_free(&call.text);
	return n;
}

static void sessions_are_told_of_with_their_connections(void **state)
{
	struct wire *w = *state;
	json_t *answer;
	const char *name, *address;

	wire_open(&conns[0], w);
	wire_login(&conns[0], "InitiatorAlias=me\n");
	assert_int_equal(begin(w), 0);
	answer = json_loads(strbuf_str(&call.text), 0, NULL);
	assert_int_equal(json_unpack(answer, "[{s:s s:[{s:s}]}]", "initiator", &name, "connections",
				     "address", &address), 0);
	assert_string_equal(name, WIRE_INITIATOR);
	json_decref(answer);
	assert_int_equal(end(), 1);
	wire_close(&conns[0]);
}

static void no_session_is_an_empty_list(void **state)
{
	assert_int_equal(begin(*state), 0);
	assert_string_equal(strbuf_str(&call.text), "[]");
	end();
}

static void many_sessions_are_told_of_in_steps(void **state)
{
	struct wire *w = *state;
	size_t before, turns = 0;

	log_in_many(w);
	assert_int_equal(begin(w), -EINPROGRESS);
	while (!ended) {
		before = call.text.len;
		loop_turn(w->core.loop, 0);
		assert_true(call.text.len - before < VERB_WALK_STEP * 256);
		turns++;
	}
	assert_true(turns >= MANY / VERB_WALK_STEP - 1);
	assert_int_equal(end(), MANY);
	log_out_many();
}

static void sessions_that_go_meanwhile_do_no_harm(void **state)
{
	struct wire *w = *state;
	struct iscsi_session *s, *next;
	size_t n;

	log_in_many(w);
	assert_int_equal(begin(w), -EINPROGRESS);
	list_for_each_safe(s, next, &iscsi.sessions, link)
		session_close(s, "test", NULL, NULL);
	wire_settle(w);
	n = end();
	assert_true(n > 0 && n < MANY);
	log_out_many();
}

static void once_without_memory(void *arg)
{
	struct wire *w = arg;
	int r = begin(w);

	if (r == -EINPROGRESS)
		wire_settle(w);
	assert_true(call.err.code == ERR_OK || call.err.code == ERR_NOMEM);
	json_decref(call.args);
	strbuf_free(&call.text);
}

static void without_memory_it_fails_and_says_so(void **state)
{
	struct wire *w = *state;

	log_in_many(w);
	assert_true(t_alloc_each(once_without_memory, w) > 3);
	log_out_many();
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sessions_are_told_of_with_their_connections),
		TEST(no_session_is_an_empty_list),
		TEST(many_sessions_are_told_of_in_steps),
		TEST(sessions_that_go_meanwhile_do_no_harm),
		TEST(without_memory_it_fails_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
