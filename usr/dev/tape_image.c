/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tape images: the frame of an operation, requests to the store, superblock, auxiliary memory,
 * partitions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "dev/tape_priv.h"

/* --- an operation --------------------------------------------------------------------------------- */

static void run_call(struct loop_call *c)
{
	struct tape_image *t = container_of(c, struct tape_image, call);

	t->busy = false;
	t->done(t->arg, t->call_err);
}

struct tape_image *tape_image_new(struct bs *bs)
{
	struct tape_image *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->bs = bs;
	t->loop = bs->loop;
	t->iov = calloc(TAPE_IOV, sizeof(*t->iov));
	t->page = aligned_alloc(4096, TAPE_PAGE);
	loop_call_init(&t->call, LOOP_COMPLETE, run_call);
	if (t->iov && t->page)
		return t;
	tape_image_free(t);
	return NULL;
}

void tape_image_free(struct tape_image *t)
{
	if (!t)
		return;
	loop_call_cancel(&t->call);
	free(t->iov);
	free(t->page);
	free(t);
}

void tape_begin(struct tape_image *t, tape_done *done, void *arg)
{
	assert(!t->busy);
	t->busy = t->starting = true;
	t->done = done;
	t->arg = arg;
	t->stop = TAPE_DONE;
	t->count = 0;
}

void tape_finish(struct tape_image *t, int err)
{
	if (t->starting) {
		t->call_err = err;
		loop_call_queue(t->loop, &t->call);
		return;
	}
	t->busy = false;
	t->done(t->arg, err);
}

static void request_done(struct bs_req *req)
{
	struct tape_image *t = container_of(req, struct tape_image, req);

	t->step(t, req->result);
}

void tape_io(struct tape_image *t, enum bs_op op, uint64_t off, uint64_t len, unsigned int cnt,
	     tape_step *step)
{
	t->starting = false;
	t->step = step;
	t->req.bs = t->bs;
	t->req.op = op;
	t->req.flags = 0;
	t->req.offset = off;
	t->req.len = len;
	t->req.iov = cnt ? t->iov : NULL;
	t->req.iovcnt = cnt;
	t->req.done = request_done;
	bs_submit(&t->req);
}

void tape_io_page(struct tape_image *t, enum bs_op op, uint64_t off, uint64_t len,
		  tape_step *step)
{
	assert(len <= TAPE_PAGE);
	t->iov[0] = (struct iovec){ t->page, (size_t)len };
	tape_io(t, op, off, len, 1, step);
}

void tape_rec_read(struct tape_image *t, uint64_t off, tape_step *step)
{
	tape_io_page(t, BS_READ, off, t->sb.align, step);
}

/* --- superblock ----------------------------------------------------------------------------------- */

void tape_sb_write(struct tape_image *t, tape_step *step)
{
	t->sb.gen++;
	tape_sb_put(&t->sb, t->page);
	tape_io_page(t, BS_WRITE, (t->sb.gen & 1) * TAPE_SB_SIZE, TAPE_SB_SIZE, step);
}

void tape_flush(struct tape_image *t, tape_step *step)
{
	if (t->bs->cap[BS_FLUSH] != BS_CAP_NONE)
		tape_io(t, BS_FLUSH, 0, 0, 0, step);
	else
		step(t, 0);
}

/* --- partitions ----------------------------------------------------------------------------------- */

uint64_t tape_free(const struct tape_image *t, unsigned int part)
{
	const struct tape_part *p = &t->sb.part[part];
	uint64_t end = p->start + p->len - TAPE_MARK_ROOM, at = t->tip[part].at.off;

	return at < end ? end - at : 0;
}

uint64_t tape_early(const struct tape_image *t, unsigned int part)
{
	return min_u64(t->sb.part[part].len / 32, 1 * GiB);
}

void tape_rewind(struct tape_image *t)
{
	t->pos = (struct tape_place){ .off = t->sb.part[t->part].start };
	t->ahead = false;
}

static void formatted(struct tape_image *t, int err)
{
	(void)err; /* what could not be given back is still not part of the tape */
	tape_finish(t, 0);
}

static void format_flushed(struct tape_image *t, int err)
{
	if (err) {
		tape_finish(t, err);
		return;
	}
	for (unsigned int i = 0; i < t->sb.n_parts; i++)
		t->tip[i].at = t->sb.part[i].synced;
	t->part = 0;
	tape_rewind(t);
	t->own_epoch = true;
	t->dirty = false;
	if (t->bs->cap[BS_UNMAP] == BS_CAP_NATIVE && t->sb.size > TAPE_DATA_AT)
		tape_io(t, BS_UNMAP, TAPE_DATA_AT, t->sb.size - TAPE_DATA_AT, 0, formatted);
	else
		tape_finish(t, 0);
}

static void format_written(struct tape_image *t, int err)
{
	if (err)
		tape_finish(t, err);
	else
		tape_flush(t, format_flushed);
}

void tape_format(struct tape_image *t, unsigned int n, const uint64_t *share, tape_done *done,
		 void *arg)
{
	tape_begin(t, done, arg);
	if (!tape_sb_divide(&t->sb, n, share))
		tape_finish(t, -ENOSPC);
	else
		tape_sb_write(t, format_written);
}

/* --- auxiliary memory ----------------------------------------------------------------------------- */

static void mam_flushed(struct tape_image *t, int err)
{
	tape_finish(t, err);
}

static void mam_written(struct tape_image *t, int err)
{
	if (err)
		tape_finish(t, err);
	else
		tape_flush(t, mam_flushed);
}

void tape_mam_save(struct tape_image *t, tape_done *done, void *arg)
{
	tape_begin(t, done, arg);
	t->mam.gen++;
	tape_mam_put(&t->mam, t->sb.id, t->page);
	tape_io_page(t, BS_WRITE, TAPE_MAM_AT + (t->mam.gen & 1) * TAPE_MAM_SIZE, TAPE_MAM_SIZE,
		     mam_written);
}
