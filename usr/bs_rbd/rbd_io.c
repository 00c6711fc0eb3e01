/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests. librbd calls back on threads of its own, which leave the request on a list and wake
 * the loop when that was empty. (Its own event descriptor does not tell of a compare-and-write.)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "bs_rbd/rbd.h"

/* On a thread of librbd. */
static void ended(rbd_completion_t completion, void *arg)
{
	struct bs_req *req = arg;
	struct rbd_store *st = container_of(req->bs, struct rbd_store, bs);
	struct rbd_io *io = rbd_io(req);
	struct bs_req *old = __atomic_load_n(&st->ended, __ATOMIC_RELAXED);

	__atomic_add_fetch(&st->callbacks, 1, __ATOMIC_RELAXED);
	io->ret = rbd_aio_get_return_value(completion);
	do
		io->next = old;
	while (!__atomic_compare_exchange_n(&st->ended, &old, req, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	if (!old)
		eventfd_write(st->lf.fd, 1);
	__atomic_sub_fetch(&st->callbacks, 1, __ATOMIC_RELEASE);
}

static bool changes(enum bs_op op)
{
	return op == BS_WRITE || op == BS_ZERO || op == BS_UNMAP || op == BS_COMPARE;
}

/* The OSD does it, within one object: for all clients of the cluster it is one step. */
static int compare(struct rbd_store *st, struct bs_req *req)
{
	struct rbd_io *io = rbd_io(req);
	const char *data = req->iov[0].iov_base;

	if (req->iovcnt != 1 || !st->object ||
	    req->offset / st->object != (req->offset + req->len - 1) / st->object)
		return -EOPNOTSUPP;
	return (int)rbd_aio_compare_and_write(st->image, req->offset, req->len, data, data + req->len,
					      io->completion, &io->differs_at, 0);
}

static int start(struct rbd_store *st, struct bs_req *req)
{
	rbd_completion_t c = rbd_io(req)->completion;

	if (rbd_io(req)->flushing)
		return rbd_aio_flush(st->image, c);
	switch (req->op) {
	case BS_READ:
		return rbd_aio_readv(st->image, req->iov, (int)req->iovcnt, req->offset, c);
	case BS_WRITE:
		return rbd_aio_writev(st->image, req->iov, (int)req->iovcnt, req->offset, c);
	case BS_UNMAP: /* a discard would leave alone what is too small for it */
		return rbd_aio_write_zeroes(st->image, req->offset, req->len, c, 0, 0);
	case BS_ZERO:
		return rbd_aio_write_zeroes(st->image, req->offset, req->len, c,
					    req->flags & BS_REQ_MAY_UNMAP ?
						    0 : RBD_WRITE_ZEROES_FLAG_THICK_PROVISION, 0);
	case BS_COMPARE:
		return compare(st, req);
	default:
		return rbd_aio_flush(st->image, c);
	}
}

static void rbd_send(struct rbd_store *st, struct bs_req *req)
{
	struct rbd_io *io = rbd_io(req);
	int ret = rbd_aio_create_completion(req, ended, &io->completion);

	if (ret < 0) {
		bs_complete_now(req, ret);
		return;
	}
	ret = start(st, req);
	if (ret < 0) {
		rbd_aio_release(io->completion);
		bs_complete_now(req, ret);
	}
}

void rbd_submit(struct bs_req *req)
{
	struct rbd_store *st = container_of(req->bs, struct rbd_store, bs);

	if (req->op == BS_EXTENTS) {
		rbd_extents(req);
		return;
	}
	rbd_io(req)->flushing = false;
	rbd_send(st, req);
}

static void answer(struct rbd_store *st, struct bs_req *req)
{
	struct rbd_io *io = rbd_io(req);
	bool durable = (req->flags & BS_REQ_FUA) || st->bs.sync;

	rbd_aio_release(io->completion);
	if (req->op == BS_COMPARE && io->ret == -EILSEQ) {
		req->differs_at = io->differs_at;
		bs_complete_now(req, -EILSEQ);
	} else if (unlikely(io->ret < 0)) {
		log_limited(LOG_LVL_INFO, "%s: Ceph answers: %s", st->bs.path, strerror((int)-io->ret));
		bs_complete_now(req, (int)io->ret);
	} else if (req->op == BS_READ && (uint64_t)io->ret < req->len) {
		rbd_size_look(st); /* it has become smaller */
		bs_complete_now(req, -EIO);
	} else if (durable && changes(req->op) && !io->flushing && st->bs.volatile_cache) {
		io->flushing = true;
		rbd_send(st, req);
	} else {
		bs_complete_now(req, 0);
	}
}

/* In the order in which they ended. */
static struct bs_req *ended_take(struct rbd_store *st)
{
	struct bs_req *req = __atomic_exchange_n(&st->ended, NULL, __ATOMIC_ACQUIRE), *first = NULL;

	while (req) {
		struct bs_req *next = rbd_io(req)->next;

		rbd_io(req)->next = first;
		first = req;
		req = next;
	}
	return first;
}

void rbd_ready(struct loop_fd *lf, uint32_t events)
{
	struct rbd_store *st = container_of(lf, struct rbd_store, lf);
	struct bs_req *req, *next;
	eventfd_t n;

	(void)events;
	eventfd_read(lf->fd, &n);
	if (__atomic_exchange_n(&st->changed, false, __ATOMIC_ACQUIRE))
		rbd_size_look(st);
	for (req = ended_take(st); req; req = next) {
		next = rbd_io(req)->next;
		answer(st, req);
	}
}
