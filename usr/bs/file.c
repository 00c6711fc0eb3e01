/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stores that are files and block devices. "rdwr" does inline what will not block, by
 * preadv2(RWF_NOWAIT) or by a write into the page cache, and completes it in the same
 * turn; all else goes to file_slow.c, as does all of "uring" and "aio", whose engine
 * then gets a turn's requests in one batch. Called through bs_submit().
 *
 * The DPO flag is not used. bsoflags sync opens with O_DSYNC, direct with O_DIRECT.
 */
#include "bs/file.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/syscalls.h"
#include "bs/aio.h"
#include "bs/bs_types.h"
#include "bs/uring.h"

#define PAGE 4096U

static_assert(sizeof(struct file_op) <= sizeof(((struct bs_req *)0)->priv), "file_op must fit");

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Of an inline call that moved @n bytes or failed with errno: whether the request is done. */
static bool inline_done(const struct bs_req *req, ssize_t n, int *result)
{
	*result = 0;
	if (likely(n == (ssize_t)req->len))
		return true;
	/* Short: the rest is not cached, or is beyond the end; whoever may block finds out. */
	if (n >= 0 || errno == EAGAIN || errno == EINTR || errno == EOPNOTSUPP)
		return false;
	*result = -errno;
	return true;
}

static bool inline_size_ok(const struct bs_req *req)
{
	return req->len <= FILE_INLINE_MAX && req->iovcnt <= IOV_MAX;
}

static bool read_inline(struct file *f, struct bs_req *req, int *result)
{
	ssize_t n;

	if (f->bs.direct || !inline_size_ok(req))
		return false;
	if (f->nowait_read) {
		n = preadv2(f->fd, req->iov, (int)req->iovcnt, (off_t)req->offset, RWF_NOWAIT);
		if (likely(n >= 0) || errno != EOPNOTSUPP)
			return inline_done(req, n, result);
		f->nowait_read = false; /* tmpfs, FUSE: not asked again */
	}
	if (!f->in_memory)
		return false;
	n = preadv(f->fd, req->iov, (int)req->iovcnt, (off_t)req->offset);
	return inline_done(req, n, result);
}

static bool page_cached(const struct file *f, uint64_t offset)
{
	uint8_t byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };

	return f->nowait_read && preadv2(f->fd, &iov, 1, (off_t)offset, RWF_NOWAIT) == 1;
}

/* A page that is written in part is read from the disk first unless it is cached. */
static bool edges_cached(const struct file *f, const struct bs_req *req)
{
	uint64_t end = req->offset + req->len;

	if (f->in_memory)
		return true;
	return (req->offset % PAGE == 0 || page_cached(f, req->offset)) &&
	       (end % PAGE == 0 || page_cached(f, end - 1));
}

/* The policy: see bs/stall.h for the gate. */
static bool write_may_inline(const struct file *f, const struct bs_req *req)
{
	return !(req->flags & (BS_REQ_FUA | BS_REQ_ATOMIC)) && inline_size_ok(req) &&
	       stall_open(&f->stall, loop_now(f->bs.loop)) && !file_stuck(f);
}

static bool write_inline(struct file *f, struct bs_req *req, int *result)
{
	uint64_t began;
	ssize_t n;
	int err;

	if (!(f->nowait_write || f->write_inline) || !write_may_inline(f, req))
		return false;
	if (f->nowait_write) {
		n = pwritev2(f->fd, req->iov, (int)req->iovcnt, (off_t)req->offset, RWF_NOWAIT);
		if (n >= 0 || errno != EOPNOTSUPP)
			return inline_done(req, n, result);
		f->nowait_write = false; /* ext4 */
	}
	if (!f->write_inline || !edges_cached(f, req))
		return false;
	began = clock_ns();
	n = pwritev(f->fd, req->iov, (int)req->iovcnt, (off_t)req->offset);
	err = errno;
	stall_note(&f->stall, loop_now(f->bs.loop), clock_ns() - began);
	errno = err;
	return inline_done(req, n, result);
}

static void file_submit(struct bs_req *req)
{
	struct file *f = to_file(req->bs);
	int result;

	if (req->op == BS_FLUSH)
		file_flush(f, req);
	else if ((req->op == BS_READ && read_inline(f, req, &result)) ||
		 (req->op == BS_WRITE && write_inline(f, req, &result)))
		bs_complete(req, result);
	else
		file_slow(f, req);
}

static void file_submit_batch(struct bs_req *req)
{
	struct file *f = to_file(req->bs);

	if (req->op == BS_FLUSH)
		file_flush(f, req);
	else
		file_slow(f, req);
}

/* Without an engine worker threads do it. */
static int file_attach(struct bs *bs, struct err *err)
{
	(void)err;
	to_file(bs)->kio = uring_get(bs->core);
	return 0;
}

static int uring_attach(struct bs *bs, struct err *err)
{
	file_attach(bs, err);
	if (to_file(bs)->kio)
		return 0;
	return err_set(err, ERR_INVALID_REQUEST, "there is no io_uring here: see the sysctl "
		       "kernel.io_uring_disabled, or take the store rdwr, which does without");
}

/* Linux AIO blocks without O_DIRECT. */
static int aio_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct bs_conf direct = *conf;

	bs->direct = direct.direct = true;
	return file_open(bs, &direct, err);
}

static int aio_attach(struct bs *bs, struct err *err)
{
	to_file(bs)->kio = aio_get(bs->core);
	if (to_file(bs)->kio)
		return 0;
	return err_set(err, ERR_INVALID_REQUEST, "no AIO context (%s): raise the sysctl "
		       "fs.aio-max-nr, or take the store rdwr, which does without", strerror(errno));
}

static void file_detach(struct bs *bs)
{
	struct file *f = to_file(bs);

	if (f->jobs != bs->workers)
		workers_free(f->jobs);
	f->jobs = NULL;
}

static void file_probe(struct bs *bs)
{
	int64_t size = file_size(to_file(bs));

	if (size >= 0)
		bs_set_size(bs, (uint64_t)size);
}

/* Of a block device nobody knows. */
static int file_usage(struct bs *bs, struct bs_usage *u)
{
	const struct file *f = to_file(bs);
	struct statvfs fs;
	struct stat st;

	if (fstat(f->fd, &st) || fstatvfs(f->fd, &fs))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EOPNOTSUPP;
	u->used = (uint64_t)st.st_blocks * 512;
	u->avail = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

#define FILE_TYPE                                                                                  \
	.abi_size = sizeof(struct bs_type), .size = sizeof(struct file), .flag_sync = true,        \
	.flag_direct = true, .needs_path = true, .detach = file_detach, .close = file_close,       \
	.probe = file_probe, .usage = file_usage

const struct bs_type bs_file_type = {
	.name = "rdwr",
	.open = file_open,
	.attach = file_attach,
	.submit = file_submit,
	FILE_TYPE,
};

const struct bs_type bs_uring_type = {
	.name = "uring",
	.open = file_open,
	.attach = uring_attach,
	.submit = file_submit_batch,
	FILE_TYPE,
};

const struct bs_type bs_aio_type = {
	.name = "aio",
	.open = aio_open,
	.attach = aio_attach,
	.submit = file_submit_batch,
	FILE_TYPE,
};
