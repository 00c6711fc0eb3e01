/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File stores, requests that could block: READ and WRITE go to the store's engine, whose
 * batch leaves in the loop's SUBMIT phase, or to worker threads where there is
 * none; all others go to worker threads. file.c hands them over; file_job.c is
 * what the threads do.
 */
#include <errno.h>
#include <limits.h>

#include "base/syscalls.h"
#include "bs/file.h"

void file_slow_begin(struct file *f)
{
	if (!f->slow++)
		f->progress_ns = loop_now(f->bs.loop);
}

void file_slow_end(struct file *f)
{
	f->slow--;
	f->progress_ns = loop_now(f->bs.loop);
}

void file_job_submit(struct file *f, struct file_op *op, void (*run)(struct job *job),
		     void (*done)(struct job *job))
{
	if (!f->jobs)
		f->jobs = workers_new(f->bs.loop, f->max_threads);
	if (!f->jobs)
		f->jobs = f->bs.workers;
	list_init(&op->job.link);
	op->job.run = run;
	op->job.done = done;
	worker_submit(f->jobs, &op->job);
}

static bool takes_span(const struct file *f, const struct bs_req *req)
{
	return f->bs.direct && (req->op == BS_WRITE || req->op == BS_UNMAP || req->op == BS_ZERO);
}

static void slot_take(struct file *f, struct bs_req *req);

static void atomic_next(struct file *f)
{
	struct bs_req *next = file_atomic_done(f);

	if (next)
		file_slow(f, next);
}

static void slow_done(struct file *f, struct bs_req *req, int result)
{
	struct list *next;

	file_slow_end(f);
	/*
	 * The kernel tells of a failed write-back once, perhaps by this call, which waited for
	 * its own bytes only; the next FLUSH must tell as well. (Not of -ENOSPC and the like:
	 * that is this request's own.)
	 */
	if (result == -EIO && req->op != BS_READ && ((req->flags & BS_REQ_FUA) || f->bs.sync))
		f->write_back_error = result;
	if (takes_span(f, req))
		file_span_drop(f, req);
	next = list_pop(&f->slots);
	if (next)
		slot_take(f, list_entry(next, struct bs_req, link));
	if (unlikely(req->flags & BS_REQ_ATOMIC))
		atomic_next(f);
	bs_complete_now(req, result);
}

static void job_done(struct job *job)
{
	struct file_op *op = container_of(job, struct file_op, job);
	struct bs_req *req = file_req(op);

	slow_done(to_file(req->bs), req, op->result);
}

static void to_job(struct file *f, struct bs_req *req)
{
	file_job_submit(f, file_op(req), file_job_run, job_done);
}

static void kio_done(struct kio_op *kio, int res)
{
	struct bs_req *req = file_req(container_of(kio, struct file_op, kio));
	struct file *f = to_file(req->bs);

	if (res >= 0 && (uint64_t)res == req->len)
		slow_done(f, req, 0);
	else if (res >= 0 || res == KIO_NOT_RUN || res == -EAGAIN || res == -EINTR ||
		 res == -EOPNOTSUPP)
		to_job(f, req); /* the rest, or another way to do it, or the true error */
	else
		slow_done(f, req, res);
}

static bool to_kio(struct file *f, struct bs_req *req)
{
	bool write = req->op == BS_WRITE;
	struct file_op *op = file_op(req);
	struct kio_rw rw = {
		.fd = f->fd,
		.write = write,
		.async = req->len > FILE_INLINE_MAX || file_stuck(f),
		.rw_flags = write && (req->flags & BS_REQ_FUA) ? RWF_DSYNC : 0,
		.iov = req->iov,
		.iovcnt = req->iovcnt,
		.offset = req->offset,
	};

	if (!f->kio || !(write || req->op == BS_READ) || op->bounce || req->iovcnt > IOV_MAX ||
	    (req->flags & BS_REQ_ATOMIC))
		return false;
	op->kio.done = kio_done;
	return f->kio->rw(f->kio, &op->kio, &rw);
}

/* The request has all it needs but a place. */
static void slot_take(struct file *f, struct bs_req *req)
{
	if (f->slow >= FILE_SLOW_MAX) {
		list_push_back(&f->slots, &req->link);
		return;
	}
	file_slow_begin(f);
	if (!to_kio(f, req))
		to_job(f, req);
}

void file_span_ready(struct file *f, struct bs_req *req)
{
	slot_take(f, req);
}

void file_slow(struct file *f, struct bs_req *req)
{
	struct file_op *op = file_op(req);

	if (unlikely(req->flags & BS_REQ_ATOMIC) && !file_atomic_turn(f, req))
		return;
	op->bounce = op->rmw = false;
	if (f->bs.direct)
		file_direct_look(f, req);
	if (takes_span(f, req) && !file_span_take(f, req))
		return;
	slot_take(f, req);
}
