/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What librbd tells only to who waits: which parts of the image exist, and its size after its
 * header has changed. Asked for on workers.
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "bs_rbd/rbd.h"

/*
 * Without an object map each object in the range is asked for. What lies behind is said to be
 * mapped, which is never wrong.
 */
#define LOOK_MAX (1ULL << 30)

static void extent_add(struct bs_req *req, uint64_t end, bool mapped)
{
	struct bs_extent *last = req->n_extents ? &req->extents[req->n_extents - 1] : NULL;
	uint64_t at = last ? last->offset + last->len : req->offset;

	if (end <= at)
		return;
	if (last && last->mapped == mapped)
		last->len = end - last->offset;
	else if (req->n_extents < req->max_extents)
		req->extents[req->n_extents++] = (struct bs_extent){ at, end - at, mapped };
}

static int found(uint64_t offset, size_t len, int exists, void *arg)
{
	struct bs_req *req = arg;

	extent_add(req, min_u64(offset, req->offset + req->len), false);
	extent_add(req, min_u64(offset + len, req->offset + req->len), exists);
	return 0;
}

static void extents_run(struct job *job)
{
	struct rbd_io *io = container_of(job, struct rbd_io, job);
	struct bs_req *req = (struct bs_req *)(void *)((char *)io - offsetof(struct bs_req, priv));
	struct rbd_store *st = container_of(req->bs, struct rbd_store, bs);
	uint64_t len = min_u64(req->len, LOOK_MAX);

	io->ret = rbd_diff_iterate2(st->image, NULL, req->offset, len, 1, 1, found, req);
	if (io->ret >= 0) {
		extent_add(req, req->offset + len, false);
		extent_add(req, req->offset + req->len, true);
	}
}

static void extents_ran(struct job *job)
{
	struct rbd_io *io = container_of(job, struct rbd_io, job);
	struct bs_req *req = (struct bs_req *)(void *)((char *)io - offsetof(struct bs_req, priv));

	bs_complete_now(req, io->ret < 0 ? (int)io->ret : 0);
}

void rbd_extents(struct bs_req *req)
{
	struct rbd_io *io = rbd_io(req);

	io->job.run = extents_run;
	io->job.done = extents_ran;
	worker_submit(req->bs->workers, &io->job);
}

/* --- the size ---------------------------------------------------------------------------------- */

void rbd_header_changed(void *arg)
{
	struct rbd_store *st = arg;

	__atomic_store_n(&st->changed, true, __ATOMIC_RELEASE);
	eventfd_write(st->lf.fd, 1);
}

static void size_run(struct job *job)
{
	struct rbd_store *st = container_of(job, struct rbd_store, size_job);

	st->size_ret = rbd_get_size(st->image, &st->new_size);
}

static void size_ran(struct job *job)
{
	struct rbd_store *st = container_of(job, struct rbd_store, size_job);

	st->looking = false;
	if (st->size_ret < 0)
		log_limited(LOG_LVL_WARN, "%s: its size is not known any more", st->bs.path);
	else
		bs_set_size(&st->bs, st->new_size);
	if (st->look_again)
		rbd_size_look(st);
	bs_release(&st->bs);
}

void rbd_size_look(struct rbd_store *st)
{
	st->look_again = st->looking;
	if (st->looking || st->bs.closing)
		return;
	st->looking = true;
	bs_hold(&st->bs);
	st->size_job.run = size_run;
	st->size_job.done = size_ran;
	worker_submit(st->bs.workers, &st->size_job);
}
