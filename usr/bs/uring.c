/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring: made at the first use on the loop thread (a ring of a single issuer
 * belongs to the thread that made it), watched through an eventfd. (Newer kernels
 * don't make the ring's own descriptor readable for work that waits for its thread.)
 */
#include "bs/uring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bs/bs_core.h"

#ifdef WITH_URING
#include <liburing.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ENTRIES 256
#define CQ_ENTRIES 4096
/* A hung disk holds a kernel thread for each operation it was handed: leave some for the others. */
#define IO_WQ_BOUNDED 512
#define IO_WQ_UNBOUNDED 64

struct uring {
	struct kio kio;
	struct bs_core *core;
	struct io_uring ring;
	struct loop_fd lf; /* the eventfd; edge triggered, so it is never read */
	struct loop_call submit;
	struct kio_op *pending[ENTRIES]; /* prepared, the kernel has not seen them */
	unsigned int n_pending;
	bool dead;
};

/* Hands back what was not submitted; what was may still end. */
static void ring_die(struct uring *u, int err)
{
	struct kio_op *op[ENTRIES];
	unsigned int n = u->n_pending;

	log_err("io_uring failed (%s): worker threads take over", strerror(-err));
	u->dead = true;
	memcpy(op, u->pending, n * sizeof(op[0]));
	u->n_pending = 0;
	for (unsigned int i = 0; i < n; i++)
		op[i]->done(op[i], KIO_NOT_RUN);
}

/* Tells the kernel of all that is pending, and lets it do what it put off until now. */
static void ring_enter(struct uring *u)
{
	int n = u->n_pending ? io_uring_submit_and_get_events(&u->ring) :
			       io_uring_get_events(&u->ring);

	if (n == -EAGAIN || n == -EBUSY || n == -EINTR)
		n = 0;
	if (n < 0) {
		ring_die(u, n);
		return;
	}
	u->n_pending -= (unsigned int)n;
	if (n && u->n_pending)
		memmove(u->pending, u->pending + n, u->n_pending * sizeof(u->pending[0]));
	if (u->n_pending)
		loop_call_queue(u->core->loop, &u->submit);
}

static void ring_reap(struct uring *u)
{
	struct io_uring_cqe *cqe;

	while (io_uring_peek_cqe(&u->ring, &cqe) == 0) {
		struct kio_op *op = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&u->ring, cqe);
		op->done(op, res);
	}
}

/* The eventfd tells also of what was reaped already: no system call for that. */
static bool ring_wants_enter(struct uring *u)
{
	return u->n_pending || (IO_URING_READ_ONCE(*u->ring.sq.kflags) &
				(IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW));
}

static void submit_run(struct loop_call *c)
{
	struct uring *u = container_of(c, struct uring, submit);

	if (!u->dead && ring_wants_enter(u))
		ring_enter(u);
	ring_reap(u); /* a dead ring may still tell of what it took before */
}

/* Something ended: reaped in this turn's SUBMIT phase, by the one call that submits as well. */
static void ring_ready(struct loop_fd *lf, uint32_t events)
{
	struct uring *u = container_of(lf, struct uring, lf);

	(void)events;
	loop_call_queue(u->core->loop, &u->submit);
}

static struct io_uring_sqe *sqe_get(struct kio *k, struct kio_op *op)
{
	struct uring *u = container_of(k, struct uring, kio);
	struct io_uring_sqe *sqe;

	if (u->n_pending == ENTRIES && !u->dead)
		ring_enter(u);
	if (u->dead || u->n_pending == ENTRIES)
		return NULL;
	sqe = io_uring_get_sqe(&u->ring);
	if (!sqe)
		return NULL;
	u->pending[u->n_pending++] = op;
	loop_call_queue(u->core->loop, &u->submit);
	return sqe;
}

static bool uring_rw(struct kio *k, struct kio_op *op, const struct kio_rw *rw)
{
	struct io_uring_sqe *sqe = sqe_get(k, op);

	if (!sqe)
		return false;
	if (rw->write)
		io_uring_prep_writev2(sqe, rw->fd, rw->iov, rw->iovcnt, rw->offset, rw->rw_flags);
	else
		io_uring_prep_readv2(sqe, rw->fd, rw->iov, rw->iovcnt, rw->offset, rw->rw_flags);
	if (rw->async)
		io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	io_uring_sqe_set_data(sqe, op);
	return true;
}

static bool uring_fdatasync(struct kio *k, struct kio_op *op, int fd)
{
	struct io_uring_sqe *sqe = sqe_get(k, op);

	if (!sqe)
		return false;
	io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
	io_uring_sqe_set_data(sqe, op);
	return true;
}

static int ring_init(struct io_uring *ring)
{
	static const unsigned int kinds[] = {
		/* Linux 6.1 */
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		/* 5.19 */
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		0,
	};
	int ret = -EINVAL;

	for (unsigned int i = 0; ret == -EINVAL && i < ARRAY_SIZE(kinds); i++) {
		struct io_uring_params p = {
			.flags = kinds[i] | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
			.cq_entries = CQ_ENTRIES,
		};

		ret = io_uring_queue_init_params(ENTRIES, ring, &p);
		if (!ret && !(p.features & IORING_FEAT_NODROP)) { /* before 5.5: too old */
			io_uring_queue_exit(ring);
			ret = -ENOSYS;
		}
	}
	return ret;
}

static int ring_watch(struct uring *u)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	ret = io_uring_register_eventfd(&u->ring, fd);
	if (!ret)
		ret = loop_fd_add(u->core->loop, &u->lf, fd, EPOLLIN | EPOLLET, ring_ready);
	if (ret)
		close(fd);
	return ret;
}

static struct uring *ring_new(struct bs_core *core)
{
	unsigned int workers[2] = { IO_WQ_BOUNDED, IO_WQ_UNBOUNDED };
	struct uring *u = calloc(1, sizeof(*u));
	int ret;

	if (!u)
		return NULL;
	u->kio = (struct kio){ .rw = uring_rw, .fdatasync = uring_fdatasync };
	u->core = core;
	ret = ring_init(&u->ring);
	if (!ret) {
		io_uring_register_iowq_max_workers(&u->ring, workers); /* 5.15; else as it is */
		ret = ring_watch(u);
		if (ret)
			io_uring_queue_exit(&u->ring);
	}
	if (ret) {
		log_notice("no io_uring here (%s): worker threads do what would block",
			   strerror(-ret));
		free(u);
		return NULL;
	}
	loop_call_init(&u->submit, LOOP_SUBMIT, submit_run);
	return u;
}

struct kio *uring_get(struct bs_core *core)
{
	const char *no = getenv("TGT_NO_URING");

	if (!core->uring_tried && !(no && !strcmp(no, "1")))
		core->uring = ring_new(core);
	core->uring_tried = true;
	return core->uring && !core->uring->dead ? &core->uring->kio : NULL;
}

void uring_free(struct uring *u)
{
	if (!u)
		return;
	loop_call_cancel(&u->submit);
	loop_fd_del(&u->lf);
	io_uring_queue_exit(&u->ring);
	close(u->lf.fd);
	free(u);
}

int uring_fd(const struct uring *u)
{
	return u->ring.ring_fd;
}

#else /* !WITH_URING */

struct kio *uring_get(struct bs_core *core)
{
	core->uring_tried = true;
	return NULL;
}

void uring_free(struct uring *u)
{
	(void)u;
}

int uring_fd(const struct uring *u)
{
	(void)u;
	return -1;
}
#endif
