/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free lists of objects of one size, last in first out so that what is taken
 * is warm. Under AddressSanitizer a free object is poisoned: using one after
 * putting it back is reported as using freed memory is.
 */
#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "base/poison.h"

#define POOL_ALIGN 64

void pool_init(struct pool *p, size_t size, unsigned int keep)
{
	*p = (struct pool){ .size = round_up(max_u64(size, sizeof(void *)), POOL_ALIGN),
			    .keep = keep };
}

void pool_done(struct pool *p)
{
	void *obj;

	assert(!p->n_used);
	while ((obj = p->free)) {
		mem_unpoison(obj, p->size);
		p->free = *(void **)obj;
		free(obj);
	}
	p->n_free = 0;
}

void *pool_get(struct pool *p)
{
	void *obj = p->free;

	if (likely(obj)) {
		mem_unpoison(obj, p->size);
		p->free = *(void **)obj;
		p->n_free--;
	} else if (posix_memalign(&obj, POOL_ALIGN, p->size)) {
		return NULL;
	}
	p->n_used++;
	return obj;
}

void pool_put(struct pool *p, void *obj)
{
	if (!obj)
		return;
	assert(p->n_used);
	p->n_used--;
	if (p->n_free >= p->keep) {
		free(obj);
		return;
	}
	*(void **)obj = p->free;
	p->free = obj;
	p->n_free++;
	mem_poison(obj, p->size);
}
