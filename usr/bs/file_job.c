/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File store, on worker threads: whole requests by calls that block. Touches the
 * request, its file_op, and of the store only what is constant. Started by
 * file_slow.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/iov.h"
#include "base/syscalls.h"
#include "bs/file.h"

#define SLICE 64U	       /* iovecs a call */
#define ZEROES (64 * KiB)      /* of the constant buffer */
#define PREFETCH_MAX (256 * MiB) /* beyond it, the hint is for the beginning */

static int rw_flags(const struct bs_req *req)
{
	return req->op != BS_READ && (req->flags & (BS_REQ_FUA | BS_REQ_ATOMIC)) ? RWF_DSYNC : 0;
}

/* Continues until all is moved. Bytes that the file doesn't have are an error, not zeroes. */
static int job_rw(struct file *f, struct bs_req *req)
{
	struct iovec iov[SLICE];
	uint64_t done = 0;

	if (f->bs.direct && file_op(req)->bounce)
		return file_direct_rw(f, req->op == BS_WRITE, req->offset, req->len, req->iov,
				      req->iovcnt, rw_flags(req));
	while (done < req->len) {
		int cnt = (int)iov_slice(req->iov, req->iovcnt, (size_t)done,
					 (size_t)(req->len - done), iov, SLICE);
		off_t at = (off_t)(req->offset + done);
		ssize_t n = req->op == BS_READ ? preadv(f->fd, iov, cnt, at) :
						 pwritev2(f->fd, iov, cnt, at, rw_flags(req));

		if (n == 0)
			return -EIO;
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}

static int zeroes_write(struct file *f, uint64_t offset, uint64_t len)
{
	static const uint8_t zeroes[ZEROES];
	struct iovec iov[16];

	if (f->bs.direct)
		return file_direct_rw(f, true, offset, len, NULL, 0, 0);
	while (len) {
		uint64_t left = len;
		int cnt = 0;
		ssize_t n;

		for (; left && cnt < (int)ARRAY_SIZE(iov); cnt++) {
			iov[cnt].iov_base = (void *)(uintptr_t)zeroes;
			iov[cnt].iov_len = (size_t)min_u64(left, ZEROES);
			left -= iov[cnt].iov_len;
		}
		n = pwritev(f->fd, iov, cnt, (off_t)offset);
		if (n == 0)
			return -EIO;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			offset += (uint64_t)n;
			len -= (uint64_t)n;
		}
	}
	return 0;
}

static int range_fallocate(struct file *f, int mode, uint64_t offset, uint64_t len)
{
	int ret;

	do {
		ret = fallocate(f->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len);
	} while (ret && errno == EINTR);
	return ret ? -errno : 0;
}

static bool unsupported(int ret)
{
	return ret == -EOPNOTSUPP || ret == -ENOSYS || ret == -ENOTTY;
}

/* A block device's part of the range in whole blocks; the ends are written. */
static int block_range(struct file *f, uint64_t offset, uint64_t len, int mode)
{
	uint64_t unit = f->dio_align, first = round_up(offset, unit), end = offset + len;
	uint64_t last = end & ~(unit - 1);
	int ret;

	if (first >= last)
		return zeroes_write(f, offset, len);
	ret = range_fallocate(f, mode, first, last - first);
	if (!ret && first > offset)
		ret = zeroes_write(f, offset, first - offset);
	if (!ret && end > last)
		ret = zeroes_write(f, last, end - last);
	return ret;
}

static int range_zero(struct file *f, uint64_t offset, uint64_t len, int mode)
{
	return f->block ? block_range(f, offset, len, mode) : range_fallocate(f, mode, offset, len);
}

static int job_zero(struct file *f, struct bs_req *req)
{
	int ret = -EOPNOTSUPP;

	if (req->flags & BS_REQ_MAY_UNMAP)
		ret = range_zero(f, req->offset, req->len, FALLOC_FL_PUNCH_HOLE);
	if (unsupported(ret))
		ret = range_zero(f, req->offset, req->len, FALLOC_FL_ZERO_RANGE);
	if (unsupported(ret))
		ret = zeroes_write(f, req->offset, req->len);
	return ret;
}

/* Promises nothing of what is read then, so the ends may stay. */
static int block_discard(struct file *f, uint64_t offset, uint64_t len)
{
	uint64_t unit = f->dio_align, first = round_up(offset, unit);
	uint64_t last = (offset + len) & ~(unit - 1);
	uint64_t range[2] = { first, last - first };

	if (first >= last)
		return 0;
	return ioctl(f->fd, BLKDISCARD, range) ? -errno : 0;
}

static int job_unmap(struct file *f, struct bs_req *req)
{
	if (f->discard_only)
		return block_discard(f, req->offset, req->len);
	return range_zero(f, req->offset, req->len, FALLOC_FL_PUNCH_HOLE);
}

static int durable(struct file *f, struct bs_req *req, int ret)
{
	if (!ret && ((req->flags & BS_REQ_FUA) || (req->op == BS_COPY && f->bs.sync)))
		ret = fdatasync(f->fd) ? -errno : 0;
	return ret;
}

/* Where the run that begins at @at ends, and whether it is data. The file may shrink meanwhile. */
static uint64_t run_end(struct file *f, uint64_t at, uint64_t end, bool *mapped)
{
	off_t data = lseek(f->fd, (off_t)at, SEEK_DATA), hole;

	if (data < 0) {
		*mapped = errno != ENXIO; /* ENXIO: a hole up to the end; else nothing is known */
		return end;
	}
	*mapped = (uint64_t)data == at;
	if (!*mapped)
		return min_u64((uint64_t)data, end);
	hole = lseek(f->fd, (off_t)at, SEEK_HOLE);
	return hole <= (off_t)at ? end : min_u64((uint64_t)hole, end);
}

static int job_extents(struct file *f, struct bs_req *req)
{
	uint64_t at = req->offset, end = at + req->len;

	while (at < end && req->n_extents < req->max_extents) {
		struct bs_extent *e = &req->extents[req->n_extents++];

		e->offset = at;
		e->mapped = true;
		e->len = (f->block ? end : run_end(f, at, end, &e->mapped)) - at;
		at += e->len;
	}
	return 0;
}

/* Whether the page cache holds all of the range; unknown (before Linux 6.5) counts as no. */
static bool range_cached(struct file *f, uint64_t offset, uint64_t len)
{
#ifndef SYS_cachestat
#define SYS_cachestat 451 /* the same on all architectures */
#endif
	struct {
		uint64_t off, len;
	} range = { offset, len };
	struct {
		uint64_t cached, dirty, writeback, evicted, recently_evicted;
	} stat = { 0 };

	if (syscall(SYS_cachestat, f->fd, &range, &stat, 0))
		return false;
	return stat.cached >= (offset + len - 1) / 4096 - offset / 4096 + 1;
}

static int job_prefetch(struct file *f, struct bs_req *req)
{
	uint64_t len = min_u64(req->len, PREFETCH_MAX);

	if (f->in_memory)
		return 0;
	if (f->bs.direct)
		return 1;
	if (range_cached(f, req->offset, req->len))
		return 0;
	posix_fadvise(f->fd, (off_t)req->offset, (off_t)len, POSIX_FADV_WILLNEED);
	return 1;
}

/* Shared extents where the file system has them, else within the kernel. */
static int job_copy(struct file *f, struct bs_req *req)
{
	struct file *src = to_file(req->src);
	off_t from = (off_t)req->src_offset, to = (off_t)req->offset;

	for (uint64_t left = req->len; left;) {
		ssize_t n = copy_file_range(src->fd, &from, f->fd, &to, (size_t)left, 0);

		if (n == 0) /* the source has shrunk */
			return -EIO;
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
			      errno == EOPNOTSUPP || errno == EPERM || errno == EBADF))
			return -EOPNOTSUPP;
		if (n < 0 && errno != EINTR)
			return -errno;
		left -= n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}

void file_job_run(struct job *job)
{
	struct file_op *op = container_of(job, struct file_op, job);
	struct bs_req *req = file_req(op);
	struct file *f = to_file(req->bs);

	switch (req->op) {
	case BS_UNMAP:
		op->result = durable(f, req, job_unmap(f, req));
		break;
	case BS_ZERO:
		op->result = durable(f, req, job_zero(f, req));
		break;
	case BS_EXTENTS:
		op->result = job_extents(f, req);
		break;
	case BS_PREFETCH:
		op->result = job_prefetch(f, req);
		break;
	case BS_COPY:
		op->result = durable(f, req, job_copy(f, req));
		break;
	default: /* READ, WRITE; a FLUSH has its own job */
		op->result = req->flags & BS_REQ_ATOMIC ? file_atomic_run(f, req, job_rw)
							: job_rw(f, req);
		break;
	}
}
