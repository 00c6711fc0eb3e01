/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything at once, by chance: commands held at every place, task management, limits,
 * sessions, logical units and stores that come and go. Every command and function must
 * end exactly once (the fake transport checks that), and nothing may be left.
 * STORM_SEED in the environment chooses one sequence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/qos.h"
#include "t_loop.h"
#include "target_fake.h"

#define NEXUSES 3
#define LUNS 4 /* 1 .. LUNS */
#define TMFS 64

struct storm {
	struct fake *f;
	struct target *t;
	struct nexus *nexus[NEXUSES];
	struct fake_tmf *tmfs[TMFS];
	unsigned int n_tmfs, seed;
	uint64_t last_tag;
};

static unsigned int pick(struct storm *s, unsigned int n)
{
	return (unsigned int)rand_r(&s->seed) % n;
}

static void submit(struct storm *s)
{
	static const uint8_t ops[] = { FAKE_TUR, FAKE_READ, FAKE_WRITE, FAKE_WRITE, FAKE_INQUIRY,
				       FAKE_RESERVE, FAKE_RELEASE, FAKE_READ };
	static const enum task_attr attrs[] = { ATTR_SIMPLE, ATTR_SIMPLE, ATTR_SIMPLE, ATTR_ORDERED,
						ATTR_HEAD_OF_QUEUE };
	uint8_t cdb[10] = { ops[pick(s, sizeof(ops))] };
	struct fake_cmd *c;

	if (cdb[0] == FAKE_READ || cdb[0] == FAKE_WRITE)
		cdb[8] = (uint8_t)pick(s, 3);
	c = fake_prepare(s->nexus[pick(s, NEXUSES)], 1 + pick(s, LUNS), cdb, 10);
	c->cmd.attr = attrs[pick(s, ARRAY_SIZE(attrs))];
	c->cmd.out_edtl = cdb[0] == FAKE_WRITE ? 512 * pick(s, 4) : 0;
	c->cmd.in_edtl = 512 * pick(s, 4);
	s->last_tag = c->cmd.tag;
	s->f->fail_alloc = pick(s, 20) ? 0 : 1;
	fake_send(c);
	s->f->fail_alloc = 0;
}

/* Lets some of the held commands go on. */
static void let_go(struct storm *s, unsigned int one_in)
{
	struct fake_cmd *c, *tmp;

	list_for_each_safe(c, tmp, &s->f->all, link) {
		if (pick(s, one_in))
			continue;
		if (c->data_wanted)
			fake_data(c);
		else if (c->running)
			fake_finish(c, pick(s, 5) ? RES_GOOD : RES_ME_WRITE);
		else if (c->ended && !c->released)
			fake_release(c);
		if (c->released) {
			list_del(&c->link);
			free(c);
		}
	}
}

static void manage(struct storm *s)
{
	struct fake_tmf *t;

	if (s->n_tmfs == TMFS)
		return;
	t = calloc(1, sizeof(*t));
	assert_non_null(t);
	s->tmfs[s->n_tmfs++] = t;
	fake_tmf(s->nexus[pick(s, NEXUSES)], t, (enum tmf_function)(1 + pick(s, 12)),
		 1 + pick(s, LUNS), s->last_tag - pick(s, 4));
}

static void forget_tmfs(struct storm *s)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < s->n_tmfs; i++) {
		if (s->tmfs[i]->ended)
			free(s->tmfs[i]);
		else
			s->tmfs[left++] = s->tmfs[i];
	}
	s->n_tmfs = left;
}

static void change_luns(struct storm *s)
{
	uint64_t lun = 1 + pick(s, LUNS);
	struct lu *lu = target_lu(s->t, lun);
	struct lu_conf conf = { .lun = lun, .path = "1M" };

	if (!lu)
		lu_new(s->t, &conf, NULL, NULL);
	else if (pick(s, 3))
		lu_delete(lu, pick(s, 2), NULL, NULL, NULL);
	else
		lu->tas = pick(s, 2);
}

static void change_limits(struct storm *s)
{
	static const char *const params[][2] = {
		{ "iops", "0" }, { "iops", "50" }, { "iops_wr", "5" }, { "iops_wr", "0" },
		{ "bps", "20K" }, { "bps", "0" }, { "iops_burst", "1" }, { "iops_burst", "20" },
	};
	const char *const *param = params[pick(s, ARRAY_SIZE(params))];
	static const char *const rules[] = { "iqn.i", "iqn.i iops=20", "iqn.again bps=10K",
					     "ALL iops=50,iops_burst=2", "ALL" };
	struct lu *lu = target_lu(s->t, 1 + pick(s, LUNS));

	if (lu && pick(s, 3))
		lu_set(lu, param[0], param[1], NULL);
	else
		qos_target_set(s->t, rules[pick(s, ARRAY_SIZE(rules))], NULL);
	loop_clock_advance(s->f->loop, pick(s, 200) * NSEC_PER_SEC / 1000);
}

static void change_path(struct storm *s)
{
	static const char *const paths[] = { "1M", "2M", "nonsense", NULL };
	struct lu *lu = target_lu(s->t, 1 + pick(s, LUNS));

	if (lu && !pick(s, 4))
		lu_set(lu, "online", pick(s, 2) ? "1" : "0", NULL);
	else if (lu)
		lu_set_path(lu, paths[pick(s, ARRAY_SIZE(paths))], NULL, NULL);
}

static void relogin(struct storm *s)
{
	unsigned int i = pick(s, NEXUSES);

	nexus_destroy(s->nexus[i], NULL, NULL);
	s->nexus[i] = fake_nexus(s->f, s->t, pick(s, 2) ? "iqn.again" : "iqn.i");
}

static void step(struct storm *s)
{
	s->f->hold_run = pick(s, 2);
	s->f->hold_data = pick(s, 2);
	s->f->hold_release = pick(s, 2);
	switch (pick(s, 42)) {
	case 0:
		relogin(s);
		break;
	case 1:
	case 2:
		change_luns(s);
		break;
	case 3:
	case 4:
	case 5:
		manage(s);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
		let_go(s, 3);
		t_loop_turns(s->f->loop, 1);
		forget_tmfs(s);
		break;
	case 11:
		change_limits(s);
		break;
	case 12:
		change_path(s);
		break;
	default:
		submit(s);
	}
}

static void storm(unsigned int seed)
{
	struct storm s = { .seed = seed };

	s.f = fake_new(NULL);
	s.t = fake_target(s.f, 1, "iqn.t");
	for (uint64_t lun = 1; lun <= LUNS; lun++)
		fake_disk(s.f, s.t, lun, 100);
	for (int i = 0; i < NEXUSES; i++)
		s.nexus[i] = fake_nexus(s.f, s.t, "iqn.i");
	for (int i = 0; i < 1500; i++)
		step(&s);
	s.f->hold_run = s.f->hold_data = s.f->hold_release = false;
	if (pick(&s, 2))
		assert_int_equal(target_delete(s.t, true, NULL, NULL, NULL), 0);
	for (int i = 0; i < 500 && !list_empty(&s.f->all); i++) {
		let_go(&s, 1);
		loop_clock_advance(s.f->loop, NSEC_PER_SEC);
		fake_settle(s.f);
	}
	forget_tmfs(&s);
	assert_int_equal(s.n_tmfs, 0);
	assert_true(list_empty(&s.f->all));
	fake_free(s.f);
}

static void everything_ends_exactly_once(void **state)
{
	const char *seed = getenv("STORM_SEED");

	(void)state;
	if (seed) {
		storm((unsigned int)strtoul(seed, NULL, 0));
		return;
	}
	for (unsigned int i = 1; i <= 60; i++)
		storm(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_ends_exactly_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
