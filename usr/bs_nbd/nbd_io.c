/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests. Each goes to a connection piece by piece, as long as the server allows, one piece at a
 * time; a flush stands for FUA where the server has none. libnbd's callbacks only take note, as
 * they may not call libnbd: nbd_answers() goes on.
 */
#include "bs_nbd/nbd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/iov.h"
#include "base/log.h"

/* Servers may have to write them; and their answer is waited for only so long. */
#define ZERO_MAX (64U << 20)
/* Bytes asked about at once: the answer's length is a 32-bit number. */
#define EXTENTS_MAX (1U << 30)

void nbd_io_end(struct bs_req *req, int result)
{
	struct nbd_io *io = nbd_io(req);

	if (unlikely(io->bounce)) {
		if (!result && req->op == BS_READ)
			iov_from_buf(req->iov, req->iovcnt, 0, io->bounce, req->len);
		free(io->bounce);
	}
	bs_complete_now(req, result);
}

void nbd_submit(struct bs_req *req)
{
	struct nbd_store *st = container_of(req->bs, struct nbd_store, bs);
	struct nbd_io *io = nbd_io(req);

	*io = (struct nbd_io){ .conn = NULL };
	if (req->op == BS_EXTENTS && !st->exp.extents) {
		req->n_extents = req->max_extents ? 1 : 0;
		if (req->max_extents)
			req->extents[0] = (struct bs_extent){ req->offset, req->len, true };
		bs_complete(req, 0);
		return;
	}
	if (req->op == BS_FLUSH && !st->exp.flush) { /* what was answered is there */
		bs_complete(req, 0);
		return;
	}
	if (req->op == BS_FLUSH && st->lost) {
		st->lost = false; /* told once, as of a file */
		bs_complete(req, -EIO);
		return;
	}
	if ((req->op == BS_READ || req->op == BS_WRITE) && unlikely(req->iovcnt != 1)) {
		io->bounce = malloc(req->len);
		if (!io->bounce) {
			bs_complete(req, -ENOMEM);
			return;
		}
		if (req->op == BS_WRITE)
			iov_to_buf(req->iov, req->iovcnt, 0, io->bounce, req->len);
	}
	nbd_dispatch(req);
}

/* --- callbacks of libnbd ----------------------------------------------------------------------- */

static int answered(void *arg, int *error)
{
	struct bs_req *req = arg;
	struct nbd_io *io = nbd_io(req);
	struct nbd_conn *c = io->conn;

	if (!c)
		return 1;
	io->error = *error;
	c->n_answers++;
	c->n_inflight--;
	list_del(&req->link);
	list_push_back(&c->st->answered, &req->link);
	return 1;
}

/* One more, or more of the last. */
static void extent_add(struct bs_req *req, uint64_t offset, uint64_t len, bool mapped)
{
	struct bs_extent *last = req->n_extents ? &req->extents[req->n_extents - 1] : NULL;

	if (last && last->mapped == mapped)
		last->len += len;
	else if (req->n_extents < req->max_extents)
		req->extents[req->n_extents++] = (struct bs_extent){ offset, len, mapped };
}

/* A server may tell less than was asked for, and of the last extent more. */
static int told_extents(void *arg, const char *context, uint64_t offset, uint32_t *entries,
			size_t n, int *error)
{
	struct bs_req *req = arg;
	struct nbd_io *io = nbd_io(req);
	uint32_t left = io->piece, told = 0;
	uint32_t hole = LIBNBD_STATE_HOLE | (req->bs->unmap_zeroes ? LIBNBD_STATE_ZERO : 0);

	(void)error;
	if (!io->conn || strcmp(context, LIBNBD_CONTEXT_BASE_ALLOCATION))
		return 0;
	for (size_t i = 0; i + 1 < n && left; i += 2) {
		uint32_t len = min_u32(entries[i], left);

		if (len)
			extent_add(req, offset + told, len, (entries[i + 1] & hole) != hole);
		told += len;
		left -= len;
	}
	io->piece = told;
	return 0;
}

/* --- sending ----------------------------------------------------------------------------------- */

static uint32_t piece_max(const struct nbd_store *st, enum bs_op op)
{
	if (op == BS_READ || op == BS_WRITE)
		return st->exp.max;
	return op == BS_EXTENTS ? EXTENTS_MAX : ZERO_MAX;
}

static uint8_t *data_at(const struct bs_req *req)
{
	const struct nbd_io *io = nbd_io((struct bs_req *)(uintptr_t)req);

	return (io->bounce ? (uint8_t *)io->bounce : req->iov[0].iov_base) + io->done;
}

static uint32_t fua_of(const struct nbd_store *st, const struct bs_req *req)
{
	bool fua = (req->flags & BS_REQ_FUA) || st->bs.sync;

	return fua && st->exp.fua ? LIBNBD_CMD_FLAG_FUA : 0;
}

static int64_t send_unmap(struct nbd_store *st, struct bs_req *req, uint64_t at, uint32_t len,
			  nbd_completion_callback cb, uint32_t fua)
{
	struct nbd_handle *h = nbd_io(req)->conn->h;

	return st->bs.unmap_zeroes ? nbd_aio_zero(h, len, at, cb, fua) :
				     nbd_aio_trim(h, len, at, cb, fua);
}

/* The cookie, or -1: then there will be no callback. */
static int64_t send_piece(struct nbd_store *st, struct nbd_handle *h, struct bs_req *req)
{
	struct nbd_io *io = nbd_io(req);
	uint64_t at = req->offset + io->done;
	uint32_t fua = fua_of(st, req);
	nbd_completion_callback cb = { .callback = answered, .user_data = req };

	if (io->flushing)
		return nbd_aio_flush(h, cb, 0);
	switch (req->op) {
	case BS_READ:
		return nbd_aio_pread(h, data_at(req), io->piece, at, cb, 0);
	case BS_WRITE:
		return nbd_aio_pwrite(h, data_at(req), io->piece, at, cb, fua);
	case BS_UNMAP:
		return send_unmap(st, req, at, io->piece, cb, fua);
	case BS_ZERO:
		return nbd_aio_zero(h, io->piece, at, cb, fua | (req->flags & BS_REQ_MAY_UNMAP ? 0 :
								 LIBNBD_CMD_FLAG_NO_HOLE));
	case BS_PREFETCH:
		return nbd_aio_cache(h, io->piece, at, cb, 0);
	default:
		return nbd_aio_block_status(h, io->piece, at,
					    (nbd_extent_callback){ .callback = told_extents,
								   .user_data = req }, cb, 0);
	}
}

void nbd_io_send(struct nbd_conn *c, struct bs_req *req)
{
	struct nbd_store *st = c->st;
	struct nbd_io *io = nbd_io(req);

	if (req->op == BS_FLUSH)
		io->flushing = true;
	io->piece = (uint32_t)min_u64(req->len - io->done, piece_max(st, req->op));
	io->conn = c;
	io->sent_ns = loop_now(st->bs.loop);
	io->covers = st->n_writes;
	list_push_back(&c->inflight, &req->link);
	c->n_inflight++;
	if (unlikely(send_piece(st, c->h, req) == -1)) {
		int error = nbd_get_errno();

		if (nbd_aio_is_dead(c->h) || nbd_aio_is_closed(c->h)) {
			nbd_conn_lose(c, nbd_get_error());
			return;
		}
		answered(req, &(int){ error ? error : EIO });
	}
	if (unlikely(!list_empty(&st->answered)))
		loop_call_queue(st->bs.loop, &st->answers);
	nbd_conn_rearm(c);
	nbd_watch(st);
}

/* --- answers ----------------------------------------------------------------------------------- */

static bool changes(enum bs_op op)
{
	return op == BS_WRITE || op == BS_ZERO || op == BS_UNMAP;
}

/* FUA that the server lacks: the flush is still to come. */
static bool wants_flush(const struct nbd_store *st, const struct bs_req *req)
{
	return changes(req->op) && ((req->flags & BS_REQ_FUA) || st->bs.sync) && !st->exp.fua &&
	       st->exp.flush;
}

static void finished(struct nbd_store *st, struct bs_req *req)
{
	struct nbd_io *io = nbd_io(req);

	if (io->flushing)
		st->n_flushed = max_u64(st->n_flushed, io->covers);
	else if (changes(req->op) && !fua_of(st, req))
		st->n_writes++;
	nbd_io_end(req, 0);
}

static void go_on(struct nbd_store *st, struct bs_req *req)
{
	struct nbd_io *io = nbd_io(req);
	bool full = req->op == BS_EXTENTS && req->n_extents == req->max_extents;

	if (io->flushing) {
		finished(st, req);
		return;
	}
	if (!io->piece) { /* extents: the server told of none */
		nbd_io_end(req, -EIO);
		return;
	}
	io->done += io->piece;
	if (io->done < req->len && !full) {
		nbd_dispatch(req);
	} else if (wants_flush(st, req)) {
		st->n_writes++;
		io->flushing = true;
		nbd_dispatch(req);
	} else {
		finished(st, req);
	}
}

static void answer(struct nbd_store *st, struct bs_req *req)
{
	struct nbd_io *io = nbd_io(req);
	struct nbd_conn *c = io->conn;
	int error = io->error;

	if (likely(!error)) {
		go_on(st, req);
	} else if (error == ENOTCONN || error == ESHUTDOWN) { /* libnbd's; the server's farewell */
		io->conn = NULL;
		if (c->state == NBD_READY)
			nbd_conn_lose(c, error == ESHUTDOWN ? "the server shuts down" :
							      "the server closed the connection");
		nbd_wait_again(req);
	} else {
		log_limited(LOG_LVL_INFO, "%s: the server answers: %s", st->bs.path, strerror(error));
		nbd_io_end(req, -error);
	}
}

void nbd_answers(struct nbd_store *st)
{
	struct list *l;

	while ((l = list_pop(&st->answered)) != NULL)
		answer(st, list_entry(l, struct bs_req, link));
}
