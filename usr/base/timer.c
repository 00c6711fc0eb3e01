/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop's timers: a binary heap by {due time, order of arming}. Most timers
 * are timeouts that are armed again, later, before they expire; that only
 * writes the timer. The heap entry keeps its old key, which is a lower bound,
 * and is brought up to date when it comes to the top.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/loop_priv.h"

static bool before(const struct loop_heap_entry *a, const struct loop_heap_entry *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->seq < b->seq;
}

static void place(struct loop *loop, size_t i, struct loop_heap_entry e)
{
	loop->heap[i] = e;
	e.t->heap_index = i + 1;
}

static void sift_up(struct loop *loop, size_t i, struct loop_heap_entry e)
{
	while (i && before(&e, &loop->heap[(i - 1) / 2])) {
		place(loop, i, loop->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(loop, i, e);
}

static void sift_down(struct loop *loop, size_t i, struct loop_heap_entry e)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= loop->n_heap)
			break;
		if (child + 1 < loop->n_heap &&
		    before(&loop->heap[child + 1], &loop->heap[child]))
			child++;
		if (!before(&loop->heap[child], &e))
			break;
		place(loop, i, loop->heap[child]);
		i = child;
	}
	place(loop, i, e);
}

/* Puts @e where position @i became free. */
static void resettle(struct loop *loop, size_t i, struct loop_heap_entry e)
{
	if (i && before(&e, &loop->heap[(i - 1) / 2]))
		sift_up(loop, i, e);
	else
		sift_down(loop, i, e);
}

static int heap_room(struct loop *loop)
{
	size_t cap = loop->cap_heap ? loop->cap_heap * 2 : 64;
	struct loop_heap_entry *heap;

	if (loop->n_heap < loop->cap_heap)
		return 0;
	heap = realloc(loop->heap, cap * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	loop->heap = heap;
	loop->cap_heap = cap;
	return 0;
}

int loop_timer_set(struct loop *loop, struct loop_timer *t, uint64_t in_ns,
		   void (*expired)(struct loop_timer *t))
{
	uint64_t due = in_ns < UINT64_MAX - 1 - loop->now ? loop->now + in_ns : UINT64_MAX - 1;
	struct loop_heap_entry e = { due, loop->timer_seq + 1, t };

	assert(!t->heap_index || t->loop == loop);
	if (!t->heap_index && heap_room(loop) < 0)
		return -ENOMEM;
	t->loop = loop;
	t->due_ns = due;
	t->seq = ++loop->timer_seq;
	t->expired = expired;
	if (!t->heap_index)
		sift_up(loop, loop->n_heap++, e);
	else if (before(&e, &loop->heap[t->heap_index - 1]))
		sift_up(loop, t->heap_index - 1, e);
	return 0;
}

void loop_timer_cancel(struct loop_timer *t)
{
	struct loop *loop = t->loop;
	size_t i = t->heap_index - 1;

	if (!t->heap_index)
		return;
	t->heap_index = 0;
	loop->n_heap--;
	if (i < loop->n_heap)
		resettle(loop, i, loop->heap[loop->n_heap]);
}

static struct loop_timer *first(struct loop *loop)
{
	while (loop->n_heap) {
		struct loop_heap_entry e = loop->heap[0];

		if (e.seq == e.t->seq)
			return e.t;
		e.due_ns = e.t->due_ns;
		e.seq = e.t->seq;
		sift_down(loop, 0, e);
	}
	return NULL;
}

uint64_t loop_timers_first(struct loop *loop)
{
	struct loop_timer *t = first(loop);

	return t ? t->due_ns : UINT64_MAX;
}

/*
 * A timer that is armed here with no delay gets a sequence number beyond the
 * limit and waits for the next turn, so this ends.
 */
void loop_timers_expire(struct loop *loop)
{
	uint64_t limit = loop->timer_seq;
	struct loop_timer *t;

	while ((t = first(loop)) && t->due_ns <= loop->now && t->seq <= limit) {
		loop_timer_cancel(t);
		t->expired(t);
	}
}
