/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests on their way into a store and back. Device types call bs_submit();
 * stores end each request with bs_complete(), and done() is called from the
 * loop: what was finished inside bs_submit() in the COMPLETE phase of the turn,
 * what an event finished at once.
 */
#include "bs/bs.h"

#include <errno.h>
#include <stdlib.h>

#include "bs/aio.h"
#include "bs/bs_core.h"
#include "bs/bs_module.h"
#include "bs/uring.h"

#ifdef TGT_DEBUG
/* Odd values, as a request that was never submitted may hold any. */
enum { REQ_STORE = 0x5b5e0001, REQ_READY = 0x5b5e0002, REQ_DONE = 0x5b5e0003 };

static void req_move(struct bs_req *req, int from, int to)
{
	if (from)
		assert(req->debug_state == from);
	else
		assert(req->debug_state != REQ_STORE && req->debug_state != REQ_READY);
	req->debug_state = to;
}
#else
#define req_move(req, from, to) ((void)0)
#endif

static bool op_writes(enum bs_op op)
{
	return op == BS_WRITE || op == BS_UNMAP || op == BS_ZERO || op == BS_COPY ||
	       op == BS_COMPARE;
}

/* 0, or why @req->src is none. */
static int copy_fault(const struct bs *bs, const struct bs_req *req)
{
	const struct bs *src = req->src;

	if (src->closing)
		return -ENODEV;
	if (src->type != bs->type || src->cap[BS_COPY] == BS_CAP_NONE)
		return -EOPNOTSUPP;
	if (req->src_offset > src->size || req->len > src->size - req->src_offset ||
	    (req->src_offset & (src->align - 1)))
		return -EINVAL;
	return 0;
}

/* 0: the store's turn. Else the request ends here, with *result. */
static bool ends_here(const struct bs *bs, const struct bs_req *req, int *result)
{
	if (unlikely(bs->closing))
		*result = -ENODEV;
	else if (unlikely(bs->readonly && op_writes(req->op)))
		*result = -EROFS;
	else if (unlikely(bs->cap[req->op] == BS_CAP_NONE))
		*result = -EOPNOTSUPP;
	else if (req->op == BS_FLUSH || req->op == BS_PASS)
		return false;
	else if (unlikely(req->offset > bs->size || req->len > bs->size - req->offset ||
			  ((req->offset | req->len) & (bs->align - 1))))
		*result = -EINVAL;
	else if (unlikely((req->flags & BS_REQ_ATOMIC) && req->len > bs->atomic_max))
		*result = -EOPNOTSUPP;
	else if (unlikely(req->len == 0))
		*result = 0;
	else if (unlikely(req->op == BS_COPY) && copy_fault(bs, req))
		*result = copy_fault(bs, req);
	else
		return false;
	return true;
}

void bs_submit(struct bs_req *req)
{
	struct bs *bs = req->bs;
	int result;

	assert((unsigned int)req->op < BS_OPS);
	req_move(req, 0, REQ_STORE);
	req->n_extents = 0;
	bs->inflight++;
	if (ends_here(bs, req, &result)) {
		bs_complete(req, result);
		return;
	}
	bs->core->submitting++;
	bs->type->submit(req);
	bs->core->submitting--;
}

void bs_hold(struct bs *bs)
{
	bs->inflight++;
}

void bs_release(struct bs *bs)
{
	assert(bs->inflight);
	if (--bs->inflight == 0 && unlikely(bs->closing))
		bs_drained(bs);
}

static void req_deliver(struct bs_req *req)
{
	req_move(req, REQ_READY, REQ_DONE);
	bs_release(req->bs);
	req->done(req);
}

void bs_complete(struct bs_req *req, int result)
{
	struct bs_core *core = req->bs->core;

	req_move(req, REQ_STORE, REQ_READY);
	req->result = result;
	list_push_back(&core->ready, &req->link);
	loop_call_queue(core->loop, &core->deliver);
}

void bs_complete_now(struct bs_req *req, int result)
{
	if (unlikely(req->bs->core->submitting)) {
		bs_complete(req, result);
		return;
	}
	req_move(req, REQ_STORE, REQ_READY);
	req->result = result;
	req_deliver(req);
}

/* Takes what is there now: what a done() submits and completes is for the next turn. */
static void deliver(struct loop_call *c)
{
	struct bs_core *core = container_of(c, struct bs_core, deliver);
	struct list batch, *l;

	list_init(&batch);
	list_splice_back(&batch, &core->ready);
	while ((l = list_pop(&batch)) != NULL)
		req_deliver(list_entry(l, struct bs_req, link));
}

void bs_set_size(struct bs *bs, uint64_t size)
{
	if (bs->size == size)
		return;
	bs->size = size;
	if (bs->resized)
		bs->resized(bs, bs->resized_arg);
}

void bs_probe(struct bs *bs)
{
	while (bs->child)
		bs = bs->child;
	if (bs->type->probe && !bs->closing)
		bs->type->probe(bs);
}

const struct bs_type *bs_base_type(const struct bs *bs)
{
	while (bs->child)
		bs = bs->child;
	return bs->type;
}

struct bs_core *bs_core_new(struct loop *loop, struct workers *workers,
			    const struct bs_type *const *types)
{
	struct bs_core *core = calloc(1, sizeof(*core));

	if (!core)
		return NULL;
	core->loop = loop;
	core->workers = workers;
	core->types = types;
	list_init(&core->ready);
	list_init(&core->modules);
	loop_call_init(&core->deliver, LOOP_COMPLETE, deliver);
	return core;
}

void bs_core_free(struct bs_core *core)
{
	if (!core)
		return;
	assert(core->n_stores == 0 && list_empty(&core->ready));
	loop_call_cancel(&core->deliver);
	uring_free(core->uring);
	aio_free(core->aio);
	bs_modules_free(core);
	free(core);
}
