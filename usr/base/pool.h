/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is needed again and again: objects of one size (pool), and data
 * buffers by size class under one budget (buf). Neither shrinks while in steady
 * use; buf_trim() gives unused buffers back.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/* Objects of one size. Embedded in its owner. */
struct pool {
	size_t size;
	void *free;		/* singly linked through the objects' first word */
	unsigned int n_free, n_used, keep; /* at most @keep free ones are kept */
};

void pool_init(struct pool *p, size_t size, unsigned int keep);
/* Every object must have been put back. */
void pool_done(struct pool *p);
/* Not zeroed; NULL when there is no memory. 64-byte aligned. */
void *pool_get(struct pool *p);
/* NULL is allowed. */
void pool_put(struct pool *p, void *obj);

#define BUF_ALIGN 4096U
#define BUF_CLASSES 10 /* 4 KiB .. 2 MiB by powers of two; larger ones are mapped one by one */

/* Data buffers. Embedded in its owner (the daemon has one). */
struct bufpool {
	uint64_t used;	/* bytes handed out, by class size */
	uint64_t idle;	/* bytes on the free lists */
	uint64_t soft;	/* above it, callers should close their windows: buf_pressed() */
	uint64_t hard;	/* above it, buf_get() fails; used + idle never exceed it */
	struct {
		void *free;
		unsigned int n_free;
	} cls[BUF_CLASSES];
	struct list waiters; /* struct buf_waiter */
};

/*
 * Told once, from buf_put(), when the use has fallen to soft again. Embedded, zeroed, in its owner.
 * ready() may get, put and wait again. It comes only while something is handed out that can be put.
 */
struct buf_waiter {
	struct list link;
	void (*ready)(struct buf_waiter *w);
};

void bufpool_init(struct bufpool *bp, uint64_t soft, uint64_t hard);
void bufpool_done(struct bufpool *bp);
/* At least @len bytes, page aligned, not zeroed. NULL: no memory or hard limit. */
void *buf_get(struct bufpool *bp, size_t len);
/* @len must be what buf_get() was given. NULL is allowed. */
void buf_put(struct bufpool *bp, void *buf, size_t len);
/* Once, however often it is called before ready(). */
void buf_wait(struct bufpool *bp, struct buf_waiter *w);
/* Safe on a waiter that does not wait or is all zero. */
void buf_wait_cancel(struct buf_waiter *w);
void buf_trim(struct bufpool *bp);

static inline int buf_pressed(const struct bufpool *bp)
{
	return bp->used > bp->soft;
}

#endif
