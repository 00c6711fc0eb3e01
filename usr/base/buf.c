/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data buffers under one budget: a free list a size class, mappings for what is
 * larger. What is handed out and what lies on the free lists together never
 * exceed the hard limit.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/poison.h"
#include "base/pool.h"

static size_t class_size(unsigned int c)
{
	return (size_t)BUF_ALIGN << c;
}

/* BUF_CLASSES for what is mapped. */
static unsigned int class_of(size_t len)
{
	unsigned int c;

	if (len <= BUF_ALIGN)
		return 0;
	c = 64 - (unsigned int)__builtin_clzll((len - 1) / BUF_ALIGN);
	return c < BUF_CLASSES ? c : BUF_CLASSES;
}

/* What @len costs; 0 when it is beyond any limit. */
static size_t cost_of(size_t len, unsigned int c)
{
	if (c < BUF_CLASSES)
		return class_size(c);
	return len > SIZE_MAX / 2 ? 0 : round_up(len, BUF_ALIGN);
}

void bufpool_init(struct bufpool *bp, uint64_t soft, uint64_t hard)
{
	*bp = (struct bufpool){ .soft = min_u64(soft, hard), .hard = hard };
	list_init(&bp->waiters);
}

void bufpool_done(struct bufpool *bp)
{
	assert(!bp->used && list_empty(&bp->waiters));
	buf_trim(bp);
}

static void *free_pop(struct bufpool *bp, unsigned int c)
{
	void *buf = bp->cls[c].free;

	if (!buf)
		return NULL;
	mem_unpoison(buf, class_size(c));
	bp->cls[c].free = *(void **)buf;
	bp->cls[c].n_free--;
	bp->idle -= class_size(c);
	return buf;
}

void buf_trim(struct bufpool *bp)
{
	void *buf;

	for (unsigned int c = 0; c < BUF_CLASSES; c++)
		while ((buf = free_pop(bp, c)))
			free(buf);
}

static void *fresh(unsigned int c, size_t cost)
{
	void *buf;

	if (c < BUF_CLASSES)
		return posix_memalign(&buf, BUF_ALIGN, cost) ? NULL : buf;
	buf = mmap(NULL, cost, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return buf == MAP_FAILED ? NULL : buf;
}

void *buf_get(struct bufpool *bp, size_t len)
{
	unsigned int c = class_of(len);
	size_t cost = cost_of(len, c);
	void *buf;

	if (!cost || cost > bp->hard - bp->used)
		return NULL;
	buf = c < BUF_CLASSES ? free_pop(bp, c) : NULL;
	if (!buf) {
		if (cost > bp->hard - bp->used - bp->idle)
			buf_trim(bp);
		buf = fresh(c, cost);
	}
	if (!buf && bp->idle) {
		buf_trim(bp);
		buf = fresh(c, cost);
	}
	if (buf)
		bp->used += cost;
	return buf;
}

/* Those who wait again in ready() come after those who have not been told. */
static __attribute__((noinline)) void tell_waiters(struct bufpool *bp)
{
	struct list told, *link;

	list_init(&told);
	list_splice_back(&told, &bp->waiters);
	while (!buf_pressed(bp) && (link = list_pop(&told))) {
		struct buf_waiter *w = list_entry(link, struct buf_waiter, link);

		w->ready(w);
	}
	list_splice_back(&told, &bp->waiters);
	list_splice_back(&bp->waiters, &told);
}

void buf_put(struct bufpool *bp, void *buf, size_t len)
{
	unsigned int c;
	size_t cost;

	if (!buf)
		return;
	c = class_of(len);
	cost = cost_of(len, c);
	assert(bp->used >= cost);
	bp->used -= cost;
	if (c < BUF_CLASSES) {
		*(void **)buf = bp->cls[c].free;
		bp->cls[c].free = buf;
		bp->cls[c].n_free++;
		bp->idle += cost;
		mem_poison(buf, cost);
	} else {
		munmap(buf, cost);
	}
	if (unlikely(!list_empty(&bp->waiters)) && !buf_pressed(bp))
		tell_waiters(bp);
}

void buf_wait(struct bufpool *bp, struct buf_waiter *w)
{
	if (!w->link.next)
		list_init(&w->link);
	if (!list_linked(&w->link))
		list_push_back(&bp->waiters, &w->link);
}

void buf_wait_cancel(struct buf_waiter *w)
{
	if (w->link.next)
		list_del(&w->link);
}
