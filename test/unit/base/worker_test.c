/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs on threads: what runs where, how many threads, what an end waits for.
 */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "t_loop.h"

static struct loop *loop;
static unsigned int n_done;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

struct task {
	struct job job;
	pthread_t ran_on;
	bool ran, signals_blocked;
	struct workers *more; /* done() submits next to it */
	struct task *next;
};

static void task_run(struct job *job)
{
	struct task *t = container_of(job, struct task, job);
	sigset_t mask;

	pthread_mutex_lock(&gate); /* held by tests that want jobs to block */
	pthread_mutex_unlock(&gate);
	t->ran = true;
	t->ran_on = pthread_self();
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	t->signals_blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGUSR1);
}

static void task_done(struct job *job)
{
	struct task *t = container_of(job, struct task, job);

	assert_true(t->ran);
	n_done++;
	if (t->next)
		worker_submit(t->more, &t->next->job);
}

#define TASK { .job = { .run = task_run, .done = task_done } }

static int setup(void **state)
{
	(void)state;
	loop = loop_new();
	n_done = 0;
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void a_job_runs_on_a_thread_and_is_done_on_the_loop(void **state)
{
	struct workers *w = workers_new(loop, 2);
	struct task t = TASK;

	(void)state;
	assert_int_equal(workers_threads(w), 0);
	worker_submit(w, &t.job);
	assert_int_equal(n_done, 0);
	assert_int_equal(workers_pending(w), 1);
	assert_true(t_loop_until_equal(loop, &n_done, 1));
	assert_int_equal(workers_pending(w), 0);
	assert_false(pthread_equal(t.ran_on, pthread_self()));
	assert_true(t.signals_blocked);
	workers_free(w);
}

static void threads_start_on_demand_up_to_the_maximum(void **state)
{
	struct workers *w = workers_new(loop, 3);
	struct task t[20];

	(void)state;
	pthread_mutex_lock(&gate);
	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = (struct task)TASK;
		worker_submit(w, &t[i].job);
		assert_int_equal(workers_threads(w), i < 3 ? i + 1 : 3);
	}
	pthread_mutex_unlock(&gate);
	assert_true(t_loop_until_equal(loop, &n_done, ARRAY_SIZE(t)));
	workers_free(w);
}

/* A thread may be late to idle again, but not each time. */
static void an_idle_thread_is_used_before_another_starts(void **state)
{
	struct workers *w = workers_new(loop, 200);
	struct task t = TASK;

	(void)state;
	for (unsigned int i = 1; i <= 200; i++) {
		worker_submit(w, &t.job);
		assert_true(t_loop_until_equal(loop, &n_done, i));
	}
	assert_true(workers_threads(w) < 100);
	workers_free(w);
}

static bool no_threads(void *arg)
{
	return workers_threads(arg) == 0;
}

static void idle_threads_end_and_start_again(void **state)
{
	struct workers *w = workers_new(loop, 2);
	struct task a = TASK, b = TASK;

	(void)state;
	workers_set_idle(w, NSEC_PER_MSEC);
	worker_submit(w, &a.job);
	assert_true(t_loop_until(loop, no_threads, w));
	assert_true(t_loop_until_equal(loop, &n_done, 1));
	worker_submit(w, &b.job);
	assert_true(t_loop_until_equal(loop, &n_done, 2));
	workers_free(w);
}

static void freeing_finishes_what_is_queued_and_what_that_submits(void **state)
{
	struct workers *w = workers_new(loop, 1);
	struct task a = TASK, b = TASK, c = TASK, d = TASK;

	(void)state;
	a.more = c.more = w;
	a.next = &c;
	c.next = &d;
	worker_submit(w, &a.job);
	worker_submit(w, &b.job);
	workers_free(w);
	assert_int_equal(n_done, 4);
}

static void without_any_thread_the_job_runs_here_and_is_done_later(void **state)
{
	struct workers *w = workers_new(loop, 1);
	struct task a = TASK;

	(void)state;
	t_alloc_fail_nth(1);
	worker_submit(w, &a.job);
	assert_true(t_alloc_failed());
	t_alloc_fail_nth(0);
	assert_true(a.ran);
	assert_true(pthread_equal(a.ran_on, pthread_self()));
	assert_int_equal(n_done, 0);
	t_loop_turns(loop, 1);
	assert_int_equal(n_done, 1);
	workers_free(w);
}

static void when_no_further_thread_starts_the_job_waits_for_one(void **state)
{
	struct workers *w = workers_new(loop, 2);
	struct task a = TASK, b = TASK;

	(void)state;
	pthread_mutex_lock(&gate);
	worker_submit(w, &a.job);
	t_alloc_fail_nth(1);
	worker_submit(w, &b.job);
	t_alloc_fail_nth(0);
	assert_int_equal(workers_threads(w), 1);
	pthread_mutex_unlock(&gate);
	assert_true(t_loop_until_equal(loop, &n_done, 2));
	assert_true(pthread_equal(a.ran_on, b.ran_on));
	workers_free(w);
}

static void job_free(struct job *job)
{
	free(container_of(job, struct task, job));
	n_done++;
}

static void many_jobs_may_free_themselves(void **state)
{
	struct workers *w = workers_new(loop, 4);

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct task *t = calloc(1, sizeof(*t));

		t->job.run = task_run;
		t->job.done = job_free;
		worker_submit(w, &t->job);
		if (i % 100 == 0)
			t_loop_turns(loop, 1);
	}
	assert_true(t_loop_until_equal(loop, &n_done, 2000));
	workers_free(w);
}

static void none_without_memory(void **state)
{
	(void)state;
	t_alloc_fail_nth(1);
	assert_null(workers_new(loop, 1));
	assert_int_equal(errno, ENOMEM);
	t_alloc_fail_nth(0);
	workers_free(NULL);
}

#define with_loop(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_loop(a_job_runs_on_a_thread_and_is_done_on_the_loop),
		with_loop(threads_start_on_demand_up_to_the_maximum),
		with_loop(an_idle_thread_is_used_before_another_starts),
		with_loop(idle_threads_end_and_start_again),
		with_loop(freeing_finishes_what_is_queued_and_what_that_submits),
		with_loop(without_any_thread_the_job_runs_here_and_is_done_later),
		with_loop(when_no_further_thread_starts_the_job_waits_for_one),
		with_loop(many_jobs_may_free_themselves),
		with_loop(none_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
