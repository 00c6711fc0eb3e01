/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests. gfapi calls back on threads of its own, which leave the request on a list and wake the
 * loop when that was empty.
 *
 * A flush that fails is told and never tried again: Gluster's write-behind drops what it could not
 * write, and the next fsync of the same file succeeds.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "bs_glfs/glfs_store.h"

/* On a thread of gfapi. */
static void ended(glfs_fd_t *file, ssize_t ret, struct glfs_stat *before, struct glfs_stat *after,
		  void *arg)
{
	int error = errno;
	struct bs_req *req = arg;
	struct glfs_store *st = container_of(req->bs, struct glfs_store, bs);
	struct glfs_io *io = glfs_io(req);
	struct bs_req *old = __atomic_load_n(&st->ended, __ATOMIC_RELAXED);

	(void)file;
	(void)before;
	(void)after;
	__atomic_add_fetch(&st->callbacks, 1, __ATOMIC_RELAXED);
	io->ret = ret < 0 ? -(error ? error : EIO) : ret;
	do
		io->next = old;
	while (!__atomic_compare_exchange_n(&st->ended, &old, req, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	if (!old)
		eventfd_write(st->lf.fd, 1);
	__atomic_sub_fetch(&st->callbacks, 1, __ATOMIC_RELEASE);
}

static bool durable(const struct bs_req *req)
{
	return (req->flags & BS_REQ_FUA) && !req->bs->sync;
}

static int start(struct glfs_store *st, struct bs_req *req)
{
	off_t at = (off_t)req->offset;

	if (glfs_io(req)->syncing)
		return glfs_fdatasync_async(st->file, ended, req);
	switch (req->op) {
	case BS_READ:
		return glfs_preadv_async(st->file, req->iov, (int)req->iovcnt, at, 0, ended, req);
	case BS_WRITE:
		return glfs_pwritev_async(st->file, req->iov, (int)req->iovcnt, at,
					  durable(req) ? O_DSYNC : 0, ended, req);
	case BS_UNMAP:
		return glfs_discard_async(st->file, at, req->len, ended, req);
	case BS_ZERO:
		return glfs_zerofill_async(st->file, at, (off_t)req->len, ended, req);
	default:
		return glfs_fdatasync_async(st->file, ended, req);
	}
}

static void glfs_send(struct glfs_store *st, struct bs_req *req)
{
	errno = 0;
	if (start(st, req) < 0)
		bs_complete_now(req, errno ? -errno : -EIO);
}

void glfs_submit(struct bs_req *req)
{
	struct glfs_store *st = container_of(req->bs, struct glfs_store, bs);

	if (req->op == BS_EXTENTS) {
		glfs_extents(req);
		return;
	}
	glfs_io(req)->syncing = false;
	glfs_send(st, req);
}

static void answer(struct glfs_store *st, struct bs_req *req)
{
	struct glfs_io *io = glfs_io(req);
	bool moves = req->op == BS_READ || req->op == BS_WRITE;

	if (unlikely(io->ret < 0)) {
		log_limited(LOG_LVL_INFO, "%s: Gluster answers: %s", st->bs.path, strerror((int)-io->ret));
		bs_complete_now(req, (int)io->ret);
	} else if (unlikely(moves && !io->syncing && (uint64_t)io->ret != req->len)) {
		bs_complete_now(req, -EIO); /* the file has become shorter, or its disk is full */
	} else if ((req->op == BS_ZERO || req->op == BS_UNMAP) && durable(req) && !io->syncing) {
		io->syncing = true;
		glfs_send(st, req);
	} else {
		bs_complete_now(req, 0);
	}
}

/* In the order in which they ended. */
static struct bs_req *ended_take(struct glfs_store *st)
{
	struct bs_req *req = __atomic_exchange_n(&st->ended, NULL, __ATOMIC_ACQUIRE), *first = NULL;

	while (req) {
		struct bs_req *next = glfs_io(req)->next;

		glfs_io(req)->next = first;
		first = req;
		req = next;
	}
	return first;
}

void glfs_ready(struct loop_fd *lf, uint32_t events)
{
	struct glfs_store *st = container_of(lf, struct glfs_store, lf);
	struct bs_req *req, *next;
	eventfd_t n;

	(void)events;
	eventfd_read(lf->fd, &n);
	for (req = ended_take(st); req; req = next) {
		next = glfs_io(req)->next;
		answer(st, req);
	}
}
