/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File store with O_DIRECT: what isn't aligned as the device wants it goes through
 * a bounce buffer, and a write that begins or ends within a block reads that block
 * first. Runs on worker threads, called by file_job.c; file_span.c keeps other
 * writes away from the blocks. The file's size is a multiple of dio_align.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/iov.h"
#include "base/syscalls.h"
#include "bs/file.h"

#define BOUNCE_MAX (1 * MiB)
#define BOUNCE_ALIGN 4096U

void file_direct_look(const struct file *f, struct bs_req *req)
{
	struct file_op *op = file_op(req);
	uint64_t ends = (req->offset | req->len) & (f->dio_align - 1);

	op->rmw = ends && req->op != BS_READ;
	op->bounce = ends != 0;
	if (req->op != BS_READ && req->op != BS_WRITE)
		return;
	for (unsigned int i = 0; !op->bounce && i < req->iovcnt; i++)
		op->bounce = ((uintptr_t)req->iov[i].iov_base & (f->mem_align - 1)) ||
			     (req->iov[i].iov_len & (f->dio_align - 1));
}

/* Whole blocks, all of them. 0 or -errno; -EIO at the end of the file. */
static int blocks_read(const struct file *f, void *buf, size_t len, uint64_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(f->fd, (char *)buf + done, len - done, (off_t)(offset + done));

		if (n == 0)
			return -EIO;
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int blocks_write(const struct file *f, void *buf, size_t len, uint64_t offset, int rw_flags)
{
	for (size_t done = 0; done < len;) {
		struct iovec iov = { .iov_base = (char *)buf + done, .iov_len = len - done };
		ssize_t n = pwritev2(f->fd, &iov, 1, (off_t)(offset + done), rw_flags);

		if (n == 0)
			return -EIO;
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* One bounce buffer's worth: bytes @at .. @to lie in the blocks @lo .. @hi. */
struct piece {
	uint64_t lo, hi, at, to;
	uint8_t *buf;
};

/* The blocks that are written in part, the first and the last. */
static int piece_read_ends(const struct file *f, const struct piece *p)
{
	uint64_t last = p->hi - f->dio_align;
	bool head = p->at != p->lo, tail = p->to != p->hi;
	int ret = 0;

	if (head || (tail && last == p->lo))
		ret = blocks_read(f, p->buf, f->dio_align, p->lo);
	if (!ret && tail && last != p->lo)
		ret = blocks_read(f, p->buf + (last - p->lo), f->dio_align, last);
	return ret;
}

int file_direct_rw(const struct file *f, bool write, uint64_t offset, uint64_t len,
		   const struct iovec *iov, unsigned int iovcnt, int rw_flags)
{
	uint64_t mask = (uint64_t)f->dio_align - 1, end = offset + len;
	uint64_t most = min_u64(BOUNCE_MAX, round_up(end, f->dio_align) - (offset & ~mask));
	struct piece p;
	void *buf;
	int ret = posix_memalign(&buf, BOUNCE_ALIGN > f->dio_align ? BOUNCE_ALIGN : f->dio_align,
				 (size_t)most);

	if (ret)
		return -ret;
	p.buf = buf;
	for (p.at = offset; !ret && p.at < end; p.at = p.to) {
		size_t skip;

		p.lo = p.at & ~mask;
		p.hi = min_u64(p.lo + most, round_up(end, f->dio_align));
		p.to = min_u64(p.hi, end);
		skip = (size_t)(p.at - p.lo);
		if (!write) {
			ret = blocks_read(f, p.buf, (size_t)(p.hi - p.lo), p.lo);
			if (!ret)
				iov_from_buf(iov, iovcnt, (size_t)(p.at - offset), p.buf + skip,
					     (size_t)(p.to - p.at));
			continue;
		}
		ret = piece_read_ends(f, &p);
		if (iov)
			iov_to_buf(iov, iovcnt, (size_t)(p.at - offset), p.buf + skip,
				   (size_t)(p.to - p.at));
		else
			memset(p.buf + skip, 0, (size_t)(p.to - p.at));
		if (!ret)
			ret = blocks_write(f, p.buf, (size_t)(p.hi - p.lo), p.lo, rw_flags);
	}
	free(buf);
	return ret;
}
