/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File store, FLUSH: one fdatasync at a time; those that come while it runs are
 * served together by the next one. Its error goes to all of them and is not tried
 * again: the kernel tells of a failed write-back once, drops the pages, and says
 * success the next time.
 */
#include <errno.h>
#include <unistd.h>

#include "bs/file.h"

static void flush_start(struct file *f);

static void flush_done(struct file *f, int result)
{
	struct list served, *l;

	file_slow_end(f);
	f->flush_runs = false;
	if (!result)
		result = f->write_back_error;
	f->write_back_error = 0;
	list_init(&served);
	list_splice_back(&served, &f->flush_now);
	flush_start(f);
	/* The last of these may close the store: no f beyond this loop. */
	while ((l = list_pop(&served)) != NULL)
		bs_complete_now(list_entry(l, struct bs_req, link), result);
}

static void flush_run(struct job *job)
{
	struct file_op *op = container_of(job, struct file_op, job);
	struct file *f = container_of(op, struct file, flush_op);

	op->result = fdatasync(f->fd) ? -errno : 0;
}

static void flush_ran(struct job *job)
{
	struct file_op *op = container_of(job, struct file_op, job);

	flush_done(container_of(op, struct file, flush_op), op->result);
}

static void flush_kio_done(struct kio_op *kio, int res)
{
	struct file_op *op = container_of(kio, struct file_op, kio);
	struct file *f = container_of(op, struct file, flush_op);

	if (res == KIO_NOT_RUN || res == -EOPNOTSUPP || res == -EINVAL)
		file_job_submit(f, op, flush_run, flush_ran);
	else
		flush_done(f, res);
}

static void flush_start(struct file *f)
{
	if (f->flush_runs || list_empty(&f->flush_next))
		return;
	f->flush_runs = true;
	list_splice_back(&f->flush_now, &f->flush_next);
	file_slow_begin(f);
	f->flush_op.kio.done = flush_kio_done;
	if (!f->kio || !f->kio->fdatasync(f->kio, &f->flush_op.kio, f->fd))
		file_job_submit(f, &f->flush_op, flush_run, flush_ran);
}

void file_flush(struct file *f, struct bs_req *req)
{
	list_push_back(&f->flush_next, &req->link);
	flush_start(f);
}
