/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of commands in a task set, from tables: which are enabled at once,
 * which when others have ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/taskset.h"
#include "target_fake.h"

struct box {
	struct fake *f;
	struct nexus *n, *m;
	struct lu *lu;
};

static int setup(void **state)
{
	static struct box b;
	struct target *t;

	b.f = fake_new(NULL);
	t = fake_target(b.f, 1, "iqn.2001-04.com.example:t");
	b.lu = fake_disk(b.f, t, 1, 1000);
	b.n = fake_nexus(b.f, t, "iqn.a");
	b.m = fake_nexus(b.f, t, "iqn.b");
	fake_clear_ua(b.n, 1);
	fake_clear_ua(b.m, 1);
	b.f->hold_run = true;
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	fake_free(b->f);
	return 0;
}

static enum task_attr attr_of(char letter)
{
	switch (letter) {
	case 'O':
		return ATTR_ORDERED;
	case 'H':
		return ATTR_HEAD_OF_QUEUE;
	case 'U':
		return ATTR_UNTAGGED;
	default:
		return ATTR_SIMPLE;
	}
}

/*
 * Commands arrive by their letters: S, U, O, H. A digit ends that command (0 is the first). After
 * "=" stands which of them must be running then, e.g. "SSO=01" or "SSO01=2".
 */
static void play(struct box *b, const char *script)
{
	struct fake_cmd *cmds[16] = { NULL };
	unsigned int n = 0;
	const char *s;

	for (s = script; *s != '='; s++) {
		if (*s >= '0' && *s <= '9') {
			if (!cmds[*s - '0']->running)
				fail_msg("%s: %c does not run", script, *s);
			fake_finish(cmds[*s - '0'], RES_GOOD);
		} else {
			cmds[n++] = fake_submit_attr(b->n, 1, FAKE_TUR, attr_of(*s));
		}
	}
	for (unsigned int i = 0; i < n; i++)
		if (cmds[i]->running != !!strchr(s, (int)('0' + i)))
			fail_msg("%s: command %u runs: %d", script, i, cmds[i]->running);
	for (bool again = true; again;) {
		again = false;
		for (unsigned int i = 0; i < n; i++) {
			if (!cmds[i]->running)
				continue;
			fake_finish(cmds[i], RES_GOOD);
			again = true;
		}
	}
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(cmds[i]->ran, 1);
	assert_int_equal(b->lu->ts.n_tasks, 0);
	assert_int_equal(b->lu->ts.n_enabled + b->lu->ts.n_ordered + b->lu->ts.n_hoq, 0);
}

static void tasks_are_enabled_in_the_order_of_their_attributes(void **state)
{
	static const char *const scripts[] = {
		"S=0", "SSS=012", "SUS=012", "O=0", "H=0",
		/* ORDERED waits for all older, younger wait for it. */
		"SSO=01", "SSO0=1", "SSO01=2", "SSOS=01", "SSOS01=2", "SSOS012=3",
		"OS=0", "OS0=1", "OO=0", "OO0=1", "OOO01=2", "OSSO0=12", "OSSO02=1", "OSSO012=3",
		/* HEAD OF QUEUE runs at once, before all that waits. */
		"SH=01", "SHS=01", "SHS1=02", "SHO=01", "SHO0=1", "SHO1=0", "SHO01=2",
		"OH=01", "OSH=02", "OSH0=2", "OSH2=0", "OSH02=1",
		"HS=0", "HH=01", "HHS0=1", "HHS01=2",
		"SOH=02", "SOH0=2", "SOH02=1", "SOSH03=1", "SOSH0312=",
		"HO=0", "HO0=1", "HOS0=1", "HOS01=2",
	};
	struct box *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		play(b, scripts[i]);
}

static void inquiry_passes_by_and_is_not_waited_for(void **state)
{
	struct box *b = *state;
	struct fake_cmd *o = fake_submit_attr(b->n, 1, FAKE_TUR, ATTR_ORDERED);
	struct fake_cmd *s = fake_submit_attr(b->n, 1, FAKE_TUR, ATTR_SIMPLE);
	struct fake_cmd *i = fake_submit_attr(b->n, 1, FAKE_INQUIRY, ATTR_ORDERED);

	assert_result(i, GOOD);
	assert_false(s->running);
	fake_finish(o, RES_GOOD);
	assert_true(s->running);
	fake_finish(s, RES_GOOD);
}

static void order_holds_across_nexuses(void **state)
{
	struct box *b = *state;
	struct fake_cmd *o = fake_submit_attr(b->n, 1, FAKE_TUR, ATTR_ORDERED);
	struct fake_cmd *s = fake_submit_attr(b->m, 1, FAKE_TUR, ATTR_SIMPLE);

	assert_false(s->running);
	fake_finish(o, RES_GOOD);
	assert_true(s->running);
	fake_finish(s, RES_GOOD);
}

static void data_is_not_asked_for_before_the_turn(void **state)
{
	struct box *b = *state;
	struct fake_cmd *o = fake_submit_attr(b->n, 1, FAKE_TUR, ATTR_ORDERED), *w;

	b->f->hold_data = true;
	w = fake_submit(b->n, 1, FAKE_WRITE, 0, 1);
	assert_int_equal(w->cmd.state, CMD_DORMANT);
	assert_int_equal(w->cmd.out.len, 512);
	assert_false(w->data_wanted);
	fake_finish(o, RES_GOOD);
	assert_true(w->data_wanted);
	fake_data(w);
	fake_finish(w, RES_GOOD);
}

static void gates_are_passed_when_the_turn_comes(void **state)
{
	struct box *b = *state;
	struct fake_cmd *o = fake_submit_attr(b->n, 1, FAKE_TUR, ATTR_ORDERED);
	struct fake_cmd *w = fake_submit(b->n, 1, FAKE_WRITE, 0, 1);

	b->lu->readonly = true;
	assert_false(w->ended);
	fake_finish(o, RES_GOOD);
	assert_result(w, WRITE_PROTECTED);
	assert_false(w->data_wanted);
	assert_int_equal(w->ran, 0);
}

/* Each ends inside the enabling of the next: a recursion would fill the stack. */
static void thousands_of_dormant_commands_end_in_one_go(void **state)
{
	struct box *b = *state;
	struct fake_cmd *o = fake_submit_attr(b->n, 1, FAKE_TUR, ATTR_ORDERED);
	struct fake_cmd *last = NULL;

	for (int i = 0; i < LU_TASKS_MAX - 1; i++)
		last = fake_submit_attr(b->n, 1, FAKE_TUR, i % 2 ? ATTR_ORDERED : ATTR_SIMPLE);
	b->f->hold_run = false;
	fake_finish(o, RES_GOOD);
	assert_result(last, GOOD);
	assert_int_equal(b->lu->ts.n_tasks, 0);
}

static struct fake_cmd *submit_priority(struct box *b, enum task_attr attr, uint8_t priority)
{
	static const uint8_t cdb[10] = { FAKE_TUR };
	struct fake_cmd *c = fake_prepare(b->n, 1, cdb, 10);

	c->cmd.attr = attr;
	c->cmd.priority = priority;
	fake_send(c);
	return c;
}

/* The priorities of the commands in @list, in its order. */
static const char *priorities(const struct list *list)
{
	static char text[256];
	const struct scsi_cmd *cmd;
	size_t n = 0;

	list_for_each(cmd, list, lu_link)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%u", n ? " " : "",
				      cmd->order == ATTR_ORDERED ? "O" : "", cmd->priority);
	return text;
}

/* SAM-5 8.7: among SIMPLE commands that wait, never past others. */
static void simple_commands_are_enabled_by_priority(void **state)
{
	struct box *b = *state;
	struct fake_cmd *first = submit_priority(b, ATTR_ORDERED, 0);
	static const uint8_t before[] = { 0, 5, 15, 1, 5, 8, 9 }, after[] = { 2, 1, 15 };
	struct fake_cmd *cmds[ARRAY_SIZE(before) + ARRAY_SIZE(after)], *ordered;
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(before); i++)
		cmds[n++] = submit_priority(b, ATTR_SIMPLE, before[i]);
	ordered = submit_priority(b, ATTR_ORDERED, 1);
	for (i = 0; i < ARRAY_SIZE(after); i++)
		cmds[n++] = submit_priority(b, ATTR_SIMPLE, after[i]);
	assert_string_equal(priorities(&b->lu->ts.dormant), "1 5 5 0 8 9 15 O1 1 2 15");
	fake_finish(first, RES_GOOD);
	assert_string_equal(priorities(&b->lu->ts.enabled), "1 5 5 0 8 9 15");
	for (i = 0; i < ARRAY_SIZE(before); i++)
		fake_finish(cmds[i], RES_GOOD);
	fake_finish(ordered, RES_GOOD);
	assert_string_equal(priorities(&b->lu->ts.enabled), "1 2 15");
	for (; i < n; i++)
		fake_finish(cmds[i], RES_GOOD);
	assert_int_equal(b->lu->ts.n_tasks, 0);
}

static void a_command_is_passed_by_a_bounded_number(void **state)
{
	enum { MANY = 100 };
	struct box *b = *state;
	struct fake_cmd *first = submit_priority(b, ATTR_ORDERED, 0), *cmds[MANY + 1];
	const struct scsi_cmd *cmd;
	unsigned int i, behind = 0;

	for (i = 0; i < MANY; i++)
		cmds[i] = submit_priority(b, ATTR_SIMPLE, 15);
	cmds[MANY] = submit_priority(b, ATTR_SIMPLE, 1);
	list_for_each(cmd, &b->lu->ts.dormant, lu_link)
		behind = cmd == &cmds[MANY]->cmd ? 0 : behind + 1;
	assert_int_equal(behind, 64);
	fake_finish(first, RES_GOOD);
	for (i = 0; i <= MANY; i++)
		fake_finish(cmds[i], RES_GOOD);
}

/* Against a plain model: every command that may run runs, at every step of random scripts. */
static void random_orders_agree_with_the_rules(void **state)
{
	enum { MAX = 24 };
	struct box *b = *state;
	unsigned int seed = 12345;

	for (int round = 0; round < 300; round++) {
		struct fake_cmd *cmds[MAX] = { NULL };
		unsigned int n = 0, ended = 0;

		while (ended < MAX) {
			unsigned int r = (unsigned int)rand_r(&seed);

			if (n < MAX && (r & 1))
				cmds[n++] = fake_submit_attr(b->n, 1, FAKE_TUR,
							     attr_of("SSOHS"[(r >> 8) % 5]));
			else if (n && cmds[(r >> 8) % n]->running)
				ended++, fake_finish(cmds[(r >> 8) % n], RES_GOOD);
			for (unsigned int i = 0; i < n; i++) {
				bool hoq = false, older = false, older_ordered = false, may;

				for (unsigned int k = 0; k < n; k++) {
					bool here = !cmds[k]->ended && k != i;

					hoq |= here && cmds[k]->cmd.attr == ATTR_HEAD_OF_QUEUE;
					older |= here && k < i;
					older_ordered |= here && k < i &&
							 cmds[k]->cmd.attr == ATTR_ORDERED;
				}
				if (cmds[i]->ended)
					continue;
				if (cmds[i]->cmd.attr == ATTR_HEAD_OF_QUEUE)
					may = true;
				else if (cmds[i]->cmd.attr == ATTR_ORDERED)
					may = !hoq && !older;
				else
					may = !hoq && !older_ordered;
				/* A HEAD OF QUEUE that comes later changes nothing. */
				if (may)
					assert_true(cmds[i]->running);
				if (cmds[i]->running && !may)
					assert_true(hoq);
			}
		}
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(tasks_are_enabled_in_the_order_of_their_attributes),
		T(inquiry_passes_by_and_is_not_waited_for),
		T(order_holds_across_nexuses),
		T(data_is_not_asked_for_before_the_turn),
		T(gates_are_passed_when_the_turn_comes),
		T(thousands_of_dormant_commands_end_in_one_go),
		T(simple_commands_are_enabled_by_priority),
		T(a_command_is_passed_by_a_bounded_number),
		T(random_orders_agree_with_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
