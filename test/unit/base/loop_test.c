/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors and phases of the event loop, and what may be removed when.
 */
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "t_loop.h"

/* A watched eventfd with a note of its calls. */
struct src {
	struct loop_fd lf;
	unsigned int calls;
	uint32_t last;
	struct src *victim;
};

static void src_note(struct loop_fd *lf, uint32_t events)
{
	struct src *s = container_of(lf, struct src, lf);

	s->calls++;
	s->last = events;
}

static void src_open(struct loop *loop, struct src *s,
		     void (*ready)(struct loop_fd *lf, uint32_t events))
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(loop_fd_add(loop, &s->lf, eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC), EPOLLIN,
				     ready), 0);
}

static void src_close(struct src *s)
{
	loop_fd_del(&s->lf);
	if (s->lf.fd >= 0)
		close(s->lf.fd);
	s->lf.fd = -1;
}

static int setup(void **state)
{
	*state = loop_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	loop_free(*state);
	return 0;
}

static void a_ready_descriptor_is_called_each_turn_until_removed(void **state)
{
	struct loop *loop = *state;
	struct src s;

	src_open(loop, &s, src_note);
	t_loop_turns(loop, 3);
	assert_int_equal(s.calls, 3);
	assert_int_equal(s.last, EPOLLIN);
	loop_fd_del(&s.lf);
	t_loop_turns(loop, 1);
	assert_int_equal(s.calls, 3);
	src_close(&s);
}

static void a_turn_knows_whether_a_descriptor_was_ready(void **state)
{
	struct loop *loop = *state;
	struct src s;

	t_loop_turns(loop, 1);
	assert_false(loop_worked(loop));
	src_open(loop, &s, src_note);
	t_loop_turns(loop, 1);
	assert_true(loop_worked(loop));
	src_close(&s);
	t_loop_turns(loop, 1);
	assert_false(loop_worked(loop));
}

static void events_can_be_changed(void **state)
{
	struct loop *loop = *state;
	struct src s;

	src_open(loop, &s, src_note);
	assert_int_equal(loop_fd_mod(&s.lf, 0), 0);
	t_loop_turns(loop, 1);
	assert_int_equal(s.calls, 0);
	assert_int_equal(loop_fd_mod(&s.lf, EPOLLIN | EPOLLOUT), 0);
	t_loop_turns(loop, 1);
	assert_int_equal(s.last, EPOLLIN | EPOLLOUT);
	src_close(&s);
}

static void a_hangup_is_told_even_when_nothing_is_waited_for(void **state)
{
	struct loop *loop = *state;
	struct src s = { .calls = 0 };
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(loop_fd_add(loop, &s.lf, p[0], 0, src_note), 0);
	close(p[1]);
	t_loop_turns(loop, 1);
	assert_int_equal(s.last, EPOLLHUP);
	src_close(&s);
}

static void what_epoll_refuses_is_not_added(void **state)
{
	struct loop *loop = *state;
	struct src s = { .calls = 0 };
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(loop_fd_add(loop, &s.lf, fd, EPOLLIN, src_note), -EPERM);
	assert_null(s.lf.loop);
	assert_int_equal(loop_fd_add(loop, &s.lf, -1, EPOLLIN, src_note), -EBADF);
	loop_fd_del(&s.lf);
	close(fd);
}

static void kill_victim(struct loop_fd *lf, uint32_t events)
{
	struct src *s = container_of(lf, struct src, lf);

	src_note(lf, events);
	if (s->victim)
		src_close(s->victim);
}

/* Both are in one batch; whichever is called first removes the other. */
static void a_source_removed_by_another_in_the_same_batch_is_not_called(void **state)
{
	struct loop *loop = *state;
	struct src a, b;

	src_open(loop, &a, kill_victim);
	src_open(loop, &b, kill_victim);
	a.victim = &b;
	b.victim = &a;
	t_loop_turns(loop, 1);
	assert_int_equal(a.calls + b.calls, 1);
	src_close(&a);
	src_close(&b);
}

static struct src *reborn;
static unsigned int reborn_calls;

static void reborn_ready(struct loop_fd *lf, uint32_t events)
{
	(void)lf;
	(void)events;
	reborn_calls++;
}

/* Puts a new source, not ready, where the removed one was: same memory, slot and descriptor. */
static void replace_victim(struct loop_fd *lf, uint32_t events)
{
	struct src *s = container_of(lf, struct src, lf);
	struct loop *loop = lf->loop;
	struct src *v = s->victim;
	int fd;

	(void)events;
	if (reborn)
		return;
	reborn = v;
	src_close(v);
	memset(v, 0, sizeof(*v));
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(loop_fd_add(loop, &v->lf, fd, EPOLLIN, reborn_ready), 0);
}

static void stale_events_do_not_reach_a_new_source_at_the_same_address(void **state)
{
	struct loop *loop = *state;
	struct src a, b;

	reborn = NULL;
	reborn_calls = 0;
	src_open(loop, &a, replace_victim);
	src_open(loop, &b, replace_victim);
	a.victim = &b;
	b.victim = &a;
	t_loop_turns(loop, 1);
	assert_non_null(reborn);
	assert_int_equal(reborn_calls, 0);
	assert_int_equal(eventfd_write(reborn->lf.fd, 1), 0);
	t_loop_turns(loop, 1);
	assert_int_equal(reborn_calls, 1);
	src_close(&a);
	src_close(&b);
}

struct late_call {
	struct loop_call call;
	struct loop *loop;
	uint64_t now, late;
};

static void note_late(struct loop_call *c)
{
	struct late_call *l = container_of(c, struct late_call, call);

	l->now = loop_now(l->loop);
	l->late = loop_now_late(l->loop);
}

/* Work of the same turn, for a microsecond of the real clock at least. */
static void spend(struct loop_timer *t)
{
	struct timespec from, to;

	(void)t;
	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &to);
	while (to.tv_sec == from.tv_sec && to.tv_nsec < from.tv_nsec + 1000);
}

static void what_completes_sees_the_time_its_turn_took(void **state)
{
	struct loop *loop = *state;
	struct late_call l = { .loop = loop };
	struct loop_timer t = { .loop = NULL };

	loop_call_init(&l.call, LOOP_COMPLETE, note_late);
	loop_call_queue(loop, &l.call);
	assert_int_equal(loop_timer_set(loop, &t, 0, spend), 0);
	t_loop_turns(loop, 1);
	assert_true(l.late >= l.now + 1000);
	assert_int_equal(loop_now(loop), l.now);
	t_loop_turns(loop, 1);
	assert_int_equal(loop_now_late(loop), loop_now(loop));
	loop_clock_advance(loop, 7);
	assert_int_equal(loop_now_late(loop), loop_now(loop));
}

static void mute_victim(struct loop_fd *lf, uint32_t events)
{
	struct src *s = container_of(lf, struct src, lf);

	src_note(lf, events);
	assert_int_equal(loop_fd_mod(&s->victim->lf, 0), 0);
}

static void events_no_longer_waited_for_are_not_told(void **state)
{
	struct loop *loop = *state;
	struct src a, b;

	src_open(loop, &a, mute_victim);
	src_open(loop, &b, mute_victim);
	a.victim = &b;
	b.victim = &a;
	t_loop_turns(loop, 1);
	assert_int_equal(a.calls + b.calls, 1);
	src_close(&a);
	src_close(&b);
}

static void free_self(struct loop_fd *lf, uint32_t events)
{
	struct src *s = container_of(lf, struct src, lf);

	(void)events;
	src_close(s);
	free(s);
}

static void a_source_may_free_itself(void **state)
{
	struct src *s = malloc(sizeof(*s));

	src_open(*state, s, free_self);
	t_loop_turns(*state, 2);
}

#define MANY 300

static void many_sources_are_all_called(void **state)
{
	struct loop *loop = *state;
	static struct src s[MANY];
	unsigned int called = 0;

	for (int i = 0; i < MANY; i++)
		src_open(loop, &s[i], src_note);
	t_loop_turns(loop, 4);
	for (int i = 0; i < MANY; i++)
		called += s[i].calls > 0;
	assert_int_equal(called, MANY);
	for (int i = 0; i < MANY; i++)
		src_close(&s[i]);
}

static char order[64];

struct step {
	struct loop_call c;
	char name;
	struct loop *loop;
	struct step *queue, *cancel;
	unsigned int times;
};

static void step_run(struct loop_call *c)
{
	struct step *s = container_of(c, struct step, c);

	order[strlen(order)] = s->name;
	if (s->cancel)
		loop_call_cancel(&s->cancel->c);
	if (s->queue && s->times) {
		s->times--;
		loop_call_queue(s->loop, &s->queue->c);
	}
}

static void step_init(struct step *s, struct loop *loop, char name, enum loop_phase phase)
{
	*s = (struct step){ .name = name, .loop = loop };
	loop_call_init(&s->c, phase, step_run);
	memset(order, 0, sizeof(order));
}

static void phases_run_in_order_whatever_the_order_of_queueing(void **state)
{
	struct loop *loop = *state;
	struct step s[LOOP_PHASES];

	for (int p = LOOP_PHASES - 1; p >= 0; p--) {
		step_init(&s[p], loop, (char)('a' + p), (enum loop_phase)p);
		loop_call_queue(loop, &s[p].c);
		loop_call_queue(loop, &s[p].c);
	}
	t_loop_turns(loop, 2);
	assert_string_equal(order, "abcd");
}

static void a_later_phase_runs_in_the_same_turn_and_an_earlier_one_in_the_next(void **state)
{
	struct loop *loop = *state;
	struct step submit, complete, flush;

	step_init(&submit, loop, 's', LOOP_SUBMIT);
	step_init(&complete, loop, 'c', LOOP_COMPLETE);
	step_init(&flush, loop, 'f', LOOP_FLUSH);
	submit.queue = &flush;
	flush.queue = &complete;
	submit.times = flush.times = 1;
	loop_call_queue(loop, &submit.c);
	t_loop_turns(loop, 1);
	assert_string_equal(order, "sf");
	t_loop_turns(loop, 1);
	assert_string_equal(order, "sfc");
}

static void a_call_that_queues_itself_runs_next_turn_which_does_not_sleep(void **state)
{
	struct loop *loop = *state;
	struct step s;

	step_init(&s, loop, 'x', LOOP_SUBMIT);
	s.queue = &s;
	s.times = 2;
	loop_call_queue(loop, &s.c);
	for (size_t turn = 1; turn <= 3; turn++) {
		assert_int_equal(loop_turn(loop, UINT64_MAX), 0);
		assert_int_equal(strlen(order), turn);
	}
}

static void a_call_cancelled_by_another_of_its_phase_does_not_run(void **state)
{
	struct loop *loop = *state;
	struct step a, b, c;
	struct loop_call zero = { .run = NULL };

	step_init(&a, loop, 'a', LOOP_FLUSH);
	step_init(&b, loop, 'b', LOOP_FLUSH);
	step_init(&c, loop, 'c', LOOP_FLUSH);
	a.cancel = &b;
	loop_call_queue(loop, &a.c);
	loop_call_queue(loop, &b.c);
	loop_call_queue(loop, &c.c);
	t_loop_turns(loop, 2);
	assert_string_equal(order, "ac");
	loop_call_cancel(&b.c);
	loop_call_cancel(&zero);
}

static void call_free(struct loop_call *c)
{
	free(c);
}

static void a_call_may_free_itself(void **state)
{
	struct loop_call *c = malloc(sizeof(*c));

	loop_call_init(c, LOOP_REAP, call_free);
	loop_call_queue(*state, c);
	t_loop_turns(*state, 1);
}

static void descriptors_come_before_phases(void **state)
{
	struct loop *loop = *state;
	struct step s;
	struct src fd;

	step_init(&s, loop, 'p', LOOP_COMPLETE);
	src_open(loop, &fd, src_note);
	loop_call_queue(loop, &s.c);
	t_loop_turns(loop, 1);
	assert_int_equal(fd.calls, 1);
	assert_string_equal(order, "p");
	src_close(&fd);
}

static void wake_ends_the_sleep(void **state)
{
	struct loop *loop = *state;

	loop_wake(loop);
	loop_wake(loop);
	assert_int_equal(loop_turn(loop, UINT64_MAX), 0);
}

static void stop_call(struct loop_call *c)
{
	struct step *s = container_of(c, struct step, c);

	loop_stop(s->loop);
}

static void run_returns_after_stop_and_can_run_again(void **state)
{
	struct loop *loop = *state;
	struct step s = { .loop = loop };

	loop_call_init(&s.c, LOOP_REAP, stop_call);
	for (int i = 0; i < 2; i++) {
		loop_call_queue(loop, &s.c);
		assert_int_equal(loop_run(loop), 0);
	}
}

static void build_and_free(void *arg)
{
	struct src s = { .lf.fd = -1 };
	struct loop *loop = loop_new();
	int fd, ret;

	(void)arg;
	if (!loop) {
		assert_int_equal(errno, ENOMEM);
		return;
	}
	fd = eventfd(0, EFD_CLOEXEC);
	ret = loop_fd_add(loop, &s.lf, fd, EPOLLIN, src_note);
	assert_true(ret == 0 || ret == -ENOMEM);
	loop_fd_del(&s.lf);
	close(fd);
	loop_free(loop);
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
	int before = dup(0), after;

	(void)state;
	close(before);
	assert_true(t_alloc_each(build_and_free, NULL) > 2);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void growing_the_table_of_sources_can_fail(void **state)
{
	struct loop *loop = *state;
	static struct src s[100];
	int n, fd;

	t_alloc_fail_nth(1);
	for (n = 0; n < 100; n++) {
		memset(&s[n], 0, sizeof(s[n]));
		fd = eventfd(0, EFD_CLOEXEC);
		if (loop_fd_add(loop, &s[n].lf, fd, EPOLLIN, src_note) < 0)
			break;
	}
	assert_true(t_alloc_failed());
	assert_true(n < 100);
	assert_null(s[n].lf.loop);
	t_alloc_fail_nth(0);
	assert_int_equal(loop_fd_add(loop, &s[n].lf, fd, EPOLLIN, src_note), 0);
	for (; n >= 0; n--)
		src_close(&s[n]);
}

#define with_loop(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_loop(a_ready_descriptor_is_called_each_turn_until_removed),
		with_loop(a_turn_knows_whether_a_descriptor_was_ready),
		with_loop(events_can_be_changed),
		with_loop(a_hangup_is_told_even_when_nothing_is_waited_for),
		with_loop(what_epoll_refuses_is_not_added),
		with_loop(a_source_removed_by_another_in_the_same_batch_is_not_called),
		with_loop(what_completes_sees_the_time_its_turn_took),
		with_loop(stale_events_do_not_reach_a_new_source_at_the_same_address),
		with_loop(events_no_longer_waited_for_are_not_told),
		with_loop(a_source_may_free_itself),
		with_loop(many_sources_are_all_called),
		with_loop(phases_run_in_order_whatever_the_order_of_queueing),
		with_loop(a_later_phase_runs_in_the_same_turn_and_an_earlier_one_in_the_next),
		with_loop(a_call_that_queues_itself_runs_next_turn_which_does_not_sleep),
		with_loop(a_call_cancelled_by_another_of_its_phase_does_not_run),
		with_loop(a_call_may_free_itself),
		with_loop(descriptors_come_before_phases),
		with_loop(wake_ends_the_sleep),
		with_loop(run_returns_after_stop_and_can_run_again),
		cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
		with_loop(growing_the_table_of_sources_can_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
