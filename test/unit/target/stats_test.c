/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters and latencies: where a command is counted, as what, and for how long; what is
 * left of the counters of things that have gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "target/stats.h"
#include "target/ua.h"
#include "target_fake.h"

#define US 1000ull
#define MS (1000 * US)

struct box {
	struct fake *f;
	struct target *t;
	struct lu *lu;
	struct nexus *n;
};

static int setup(void **state)
{
	static struct box b;

	b.f = fake_new(NULL);
	b.t = fake_target(b.f, 1, "iqn.2001-04.com.example:t");
	b.lu = fake_disk(b.f, b.t, 1, 1000);
	b.n = fake_nexus(b.f, b.t, "iqn.a");
	fake_clear_ua(b.n, 1);
	loop_clock_advance(b.f->loop, 0);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	fake_free(b->f);
	return 0;
}

static struct fake_cmd *take(struct box *b, uint8_t op, uint64_t ns)
{
	struct fake_cmd *c;

	b->f->hold_run = true;
	c = fake_submit(b->n, 1, op, 0, 2);
	loop_clock_advance(b->f->loop, ns);
	fake_finish(c, RES_GOOD);
	b->f->hold_run = false;
	return c;
}

static void buckets_follow_each_other_without_gap(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(latency_bucket(0), 0);
	for (i = 0; i + 1 < LATENCY_BUCKETS; i++) {
		uint64_t above = latency_above(i);

		assert_int_equal(latency_bucket(above - 1), i);
		assert_int_equal(latency_bucket(above), i + 1);
	}
	assert_int_equal(latency_bucket(UINT64_MAX), LATENCY_BUCKETS - 1);
	assert_true(latency_above(LATENCY_BUCKETS - 2) > 60 * NSEC_PER_SEC);
}

static void a_bucket_is_a_quarter_wide_at_most(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 4; i + 1 < LATENCY_BUCKETS; i++) {
		uint64_t from = latency_above(i - 1), to = latency_above(i);

		assert_true((to - from) * 4 <= from);
	}
}

static void commands_are_counted_by_class_and_for_how_long(void **state)
{
	struct box *b = *state;
	const struct stat_class *c = b->lu->stats.cls;

	take(b, FAKE_READ, 5 * MS);
	take(b, FAKE_READ, 7 * MS);
	take(b, FAKE_WRITE, 3 * US);
	take(b, FAKE_TUR, 0);
	assert_int_equal(c[OPC_READ].cmds, 2);
	assert_int_equal(c[OPC_READ].bytes, 4 * 512);
	assert_int_equal(c[OPC_READ].ns, 12 * MS);
	assert_int_equal(c[OPC_READ].hist[latency_bucket(5 * MS)], 1);
	assert_int_equal(c[OPC_READ].hist[latency_bucket(7 * MS)], 1);
	assert_int_equal(c[OPC_WRITE].cmds, 1);
	assert_int_equal(c[OPC_WRITE].bytes, 2 * 512);
	assert_int_equal(c[OPC_WRITE].hist[2], 1);
	assert_int_equal(c[OPC_OTHER].cmds, 1);
	assert_int_equal(c[OPC_OTHER].hist[0], 1);
	assert_null(c[OPC_FLUSH].hist);
	/* The fake transport has no paths: the nexus itself counts. */
	assert_int_equal(b->n->past.cls[OPC_READ].cmds, 2);
	assert_int_equal(b->n->past.cls[OPC_READ].ns, 12 * MS);
}

static void failures_are_counted_by_status_and_sense_key(void **state)
{
	struct box *b = *state;
	const struct io_stats *s = &b->lu->stats;

	ua_raise(nexus_itl(b->n, 1), UA_POWER_ON);
	fake_submit(b->n, 1, FAKE_READ, 0, 1);
	fake_submit(b->n, 1, FAKE_READ, 5000, 1);
	b->f->fail_alloc = 1;
	fake_submit(b->n, 1, FAKE_WRITE, 0, 1);
	assert_int_equal(s->status[STAT_CHECK_CONDITION], 2);
	assert_int_equal(s->key[SK_UNIT_ATTENTION], 1);
	assert_int_equal(s->key[SK_ILLEGAL_REQUEST], 1);
	assert_int_equal(s->status[STAT_BUSY], 1);
	assert_int_equal(s->cls[OPC_READ].cmds, 2);
	assert_int_equal(s->cls[OPC_READ].bytes, 0);
	assert_memory_equal(s->key, b->n->past.key, sizeof(s->key));
}

static void a_command_to_no_lun_is_the_nexus_own(void **state)
{
	struct box *b = *state;

	fake_submit(b->n, 7, FAKE_READ, 0, 1);
	assert_int_equal(b->n->past.cls[OPC_OTHER].cmds, 1);
	assert_int_equal(b->n->past.key[SK_ILLEGAL_REQUEST], 1);
	assert_int_equal(b->lu->stats.cls[OPC_OTHER].cmds, 0);
}

static void aborts_and_functions_are_counted(void **state)
{
	struct box *b = *state;
	struct fake_tmf tmf = { .ended = false };
	struct fake_cmd *c;

	b->f->hold_run = true;
	c = fake_submit(b->n, 1, FAKE_READ, 0, 1);
	fake_tmf(b->n, &tmf, TMF_LUN_RESET, 1, 0);
	fake_finish(c, RES_GOOD);
	fake_settle(b->f);
	assert_true(tmf.ended);
	assert_int_equal(b->lu->stats.aborted, 1);
	assert_int_equal(b->lu->stats.status[STAT_TASK_ABORTED], 0);
	assert_int_equal(b->lu->resets, 1);
	assert_int_equal(b->t->n_tmf[TMF_LUN_RESET], 1);
	assert_int_equal(b->n->tmfs, 1);
}

static void the_deepest_queue_is_remembered(void **state)
{
	struct box *b = *state;
	struct fake_cmd *c[3];
	unsigned int i;

	b->f->hold_run = true;
	for (i = 0; i < 3; i++)
		c[i] = fake_submit(b->n, 1, FAKE_READ, 0, 1);
	assert_int_equal(b->lu->ts.n_tasks, 3);
	for (i = 0; i < 3; i++)
		fake_finish(c[i], RES_GOOD);
	assert_int_equal(b->lu->ts.n_tasks, 0);
	assert_int_equal(b->lu->ts.peak, 3);
}

static void a_path_counts_its_commands_and_leaves_them_to_the_nexus(void **state)
{
	struct box *b = *state;
	static const uint8_t tur[6];
	struct stat_path *path = calloc(1, sizeof(*path));
	struct fake_cmd *c = fake_prepare(b->n, 1, tur, 6);

	assert_non_null(path);
	stat_path_add(b->n, path);
	c->cmd.io = &path->io;
	fake_send(c);
	assert_int_equal(path->io.cls[OPC_OTHER].cmds, 1);
	assert_int_equal(b->n->past.cls[OPC_OTHER].cmds, 0);
	fake_settle(b->f);
	stat_path_del(path);
	free(path);
	assert_int_equal(b->n->past.cls[OPC_OTHER].cmds, 1);
	assert_int_equal(b->n->past.cls[OPC_OTHER].hist[0], 1);
}

static void a_path_may_outlive_its_nexus(void **state)
{
	struct box *b = *state;
	struct stat_path path = { .nexus = NULL };

	stat_path_add(b->n, &path);
	fake_nexus_end(b->f, b->n);
	assert_null(path.nexus);
	stat_path_del(&path);
}

static void the_target_keeps_what_a_deleted_lun_counted(void **state)
{
	struct box *b = *state;

	take(b, FAKE_READ, 5 * MS);
	assert_int_equal(lu_delete(b->lu, false, NULL, NULL, NULL), 0);
	fake_settle(b->f);
	assert_int_equal(b->t->past.cls[OPC_READ].cmds, 1);
	assert_int_equal(b->t->past.cls[OPC_READ].hist[latency_bucket(5 * MS)], 1);
}

static void without_memory_for_a_histogram_commands_are_counted_all_the_same(void **state)
{
	struct box *b = *state;
	static const uint8_t tur[6];
	struct fake_cmd *c = fake_prepare(b->n, 1, tur, 6);

	t_alloc_fail_nth(1);
	fake_send(c);
	assert_true(t_alloc_failed());
	t_alloc_fail_nth(0);
	assert_result(c, GOOD);
	assert_int_equal(b->n->past.cls[OPC_OTHER].cmds, 1);
	assert_null(b->n->past.cls[OPC_OTHER].hist);
	fake_submit(b->n, 1, FAKE_TUR, 0, 0);
	assert_int_equal(b->n->past.cls[OPC_OTHER].hist[0], 1);
}

static void a_quantile_lies_in_the_bucket_of_its_command(void **state)
{
	uint64_t hist[LATENCY_BUCKETS] = { 0 };
	uint64_t q;

	(void)state;
	assert_int_equal(stats_quantile(NULL, 500), 0);
	assert_int_equal(stats_quantile(hist, 500), 0);
	hist[latency_bucket(100 * US)] = 990;
	hist[latency_bucket(9 * MS)] = 10;
	q = stats_quantile(hist, 500);
	assert_int_equal(latency_bucket(q), latency_bucket(100 * US));
	q = stats_quantile(hist, 999);
	assert_int_equal(latency_bucket(q), latency_bucket(9 * MS));
	/* The 990th of 1000 is the last of the fast ones. */
	assert_true(stats_quantile(hist, 990) <= latency_above(latency_bucket(100 * US)));
	assert_true(stats_quantile(hist, 991) > 8 * MS);
	hist[LATENCY_BUCKETS - 1] = 1000000;
	assert_int_equal(stats_quantile(hist, 1000), latency_above(LATENCY_BUCKETS - 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_each_other_without_gap),
		cmocka_unit_test(a_bucket_is_a_quarter_wide_at_most),
		cmocka_unit_test(a_quantile_lies_in_the_bucket_of_its_command),
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(commands_are_counted_by_class_and_for_how_long),
		T(failures_are_counted_by_status_and_sense_key),
		T(a_command_to_no_lun_is_the_nexus_own),
		T(aborts_and_functions_are_counted),
		T(the_deepest_queue_is_remembered),
		T(a_path_counts_its_commands_and_leaves_them_to_the_nexus),
		T(a_path_may_outlive_its_nexus),
		T(the_target_keeps_what_a_deleted_lun_counted),
		T(without_memory_for_a_histogram_commands_are_counted_all_the_same),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
