/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux AIO: one context, one io_submit() a turn, an eventfd in the loop. By the kernel's
 * interface itself, which is four system calls. RWF_NOWAIT keeps io_submit() from
 * blocking: what would wait comes back with -EAGAIN and is for a worker thread.
 */
#include "bs/aio.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bs/bs_core.h"

#define DEPTH 1024 /* fs.aio-max-nr is 65536 for the whole machine unless told otherwise */
#define PENDING 256
#define EVENTS 64

struct aio {
	struct kio kio;
	struct bs_core *core;
	aio_context_t ctx;
	struct loop_fd lf; /* the eventfd; edge triggered, so it is never read */
	struct loop_call submit;
	unsigned int in_kernel;
	unsigned int submits;
	unsigned int n_pending;
	struct iocb pending[PENDING]; /* the kernel has not seen them; it copies them */
};

static struct kio_op *iocb_op(const struct iocb *cb)
{
	return (struct kio_op *)(uintptr_t)cb->aio_data;
}

/* The first @n of those pending are gone. */
static void pending_drop(struct aio *a, unsigned int n)
{
	a->n_pending -= n;
	memmove(a->pending, a->pending + n, a->n_pending * sizeof(a->pending[0]));
}

/* The first of those pending is refused, for what it is or because nothing is taken now. */
static void refuse_first(struct aio *a, int err)
{
	struct kio_op *op = iocb_op(&a->pending[0]);

	pending_drop(a, 1);
	op->done(op, err == EOPNOTSUPP ? -err : KIO_NOT_RUN);
}

/* False: the rest waits for an end of what the kernel has. */
static bool submit_some(struct aio *a)
{
	struct iocb *cbs[PENDING];
	long n;

	for (unsigned int i = 0; i < a->n_pending; i++)
		cbs[i] = &a->pending[i];
	a->submits++;
	n = syscall(SYS_io_submit, a->ctx, (long)a->n_pending, cbs);
	if (n > 0) {
		a->in_kernel += (unsigned int)n;
		pending_drop(a, (unsigned int)n);
	} else if (n < 0 && errno == EAGAIN && a->in_kernel) {
		return false;
	} else {
		refuse_first(a, n < 0 ? errno : EAGAIN);
	}
	return true;
}

static void submit_run(struct loop_call *c)
{
	struct aio *a = container_of(c, struct aio, submit);

	while (a->n_pending && submit_some(a))
		;
}

static void reap(struct loop_fd *lf, uint32_t events)
{
	struct aio *a = container_of(lf, struct aio, lf);
	static const struct timespec at_once;
	struct io_event ev[EVENTS];
	long n;

	(void)events;
	do {
		n = syscall(SYS_io_getevents, a->ctx, 0L, (long)EVENTS, ev, &at_once);
		for (long i = 0; i < n; i++) {
			struct kio_op *op = (struct kio_op *)(uintptr_t)ev[i].data;

			a->in_kernel--;
			op->done(op, (int)ev[i].res);
		}
	} while (n == EVENTS || (n < 0 && errno == EINTR));
	if (a->n_pending)
		loop_call_queue(a->core->loop, &a->submit);
}

/* Room for one more, or NULL. */
static struct iocb *iocb_get(struct aio *a, struct kio_op *op, int fd)
{
	struct iocb *cb;

	if (a->n_pending == PENDING)
		submit_some(a);
	if (a->n_pending == PENDING || a->in_kernel + a->n_pending >= DEPTH)
		return NULL;
	cb = &a->pending[a->n_pending++];
	*cb = (struct iocb){
		.aio_data = (uintptr_t)op,
		.aio_fildes = (uint32_t)fd,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)a->lf.fd,
	};
	loop_call_queue(a->core->loop, &a->submit);
	return cb;
}

static bool aio_rw(struct kio *k, struct kio_op *op, const struct kio_rw *rw)
{
	struct iocb *cb;

	if (rw->async)
		return false;
	cb = iocb_get(container_of(k, struct aio, kio), op, rw->fd);
	if (!cb)
		return false;
	cb->aio_lio_opcode = rw->write ? IOCB_CMD_PWRITEV : IOCB_CMD_PREADV;
	cb->aio_rw_flags = rw->rw_flags | RWF_NOWAIT;
	cb->aio_buf = (uintptr_t)rw->iov;
	cb->aio_nbytes = rw->iovcnt;
	cb->aio_offset = (int64_t)rw->offset;
	return true;
}

static bool aio_fdatasync(struct kio *k, struct kio_op *op, int fd)
{
	struct iocb *cb = iocb_get(container_of(k, struct aio, kio), op, fd);

	if (cb)
		cb->aio_lio_opcode = IOCB_CMD_FDSYNC;
	return cb;
}

static int aio_init(struct aio *a)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_io_setup, DEPTH, &a->ctx) ? -errno : 0;
	if (!ret) {
		ret = loop_fd_add(a->core->loop, &a->lf, fd, EPOLLIN | EPOLLET, reap);
		if (ret)
			syscall(SYS_io_destroy, a->ctx);
	}
	if (ret)
		close(fd);
	return ret;
}

struct kio *aio_get(struct bs_core *core)
{
	struct aio *a = core->aio;
	int ret;

	if (a)
		return &a->kio;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->kio = (struct kio){ .rw = aio_rw, .fdatasync = aio_fdatasync };
	a->core = core;
	loop_call_init(&a->submit, LOOP_SUBMIT, submit_run);
	ret = aio_init(a);
	if (ret) {
		free(a);
		errno = -ret;
		return NULL;
	}
	core->aio = a;
	return &a->kio;
}

void aio_free(struct aio *a)
{
	if (!a)
		return;
	loop_call_cancel(&a->submit);
	loop_fd_del(&a->lf);
	syscall(SYS_io_destroy, a->ctx);
	close(a->lf.fd);
	free(a);
}

unsigned int aio_submits(const struct aio *a)
{
	return a->submits;
}
