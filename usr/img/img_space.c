/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Space for an image: left to be taken later, set aside, or written. In slices, so that progress
 * is seen and an interruption is noticed; what is written goes to the disk slice by slice, or the
 * page cache would take all of it at once and the end would never come.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/size.h"
#include "img/img.h"

#define RESERVE_SLICE GiB
#define WRITE_SLICE (64 * MiB)
#define WRITE_BUFFER (1 * MiB)

static int no_space(const struct img_new *n, uint64_t have, struct err *err)
{
	char need[SIZE_STRLEN], is[SIZE_STRLEN];

	err_set(err, ERR_UNKNOWN,
		"not enough space for %s: %s are needed, %s are free there; --thin-provisioning "
		"takes space only when it is written", n->path, size_format(n->size, need),
		size_format(have, is));
	return -ENOSPC;
}

static uint64_t space_free(const struct img_new *n)
{
	struct statvfs fs;

	if (fstatvfs(n->fd, &fs))
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

static int trouble(const struct img_new *n, int e, struct err *err)
{
	if (e == ENOSPC || e == EDQUOT)
		return no_space(n, space_free(n), err);
	err_set(err, ERR_UNKNOWN, "can't write %s: %s", n->path, strerror(e));
	return -e;
}

/* 0, or -errno with @err. */
static int go_on(const struct img_new *n, uint64_t done, struct err *err)
{
	if (n->progress)
		progress_show(n->progress, done, n->size);
	if (!n->stopped || !n->stopped())
		return 0;
	err_set(err, ERR_UNKNOWN, "interrupted: %s is not made", n->path);
	return -EINTR;
}

/* *@writes: the file system can set nothing aside. */
static int reserve(const struct img_new *n, bool *writes, struct err *err)
{
	uint64_t done = 0, len;
	int r = 0;

	for (; !r && done < n->size; done += len) {
		len = min_u64(RESERVE_SLICE, n->size - done);
		r = go_on(n, done, err);
		if (!r && fallocate(n->fd, 0, (off_t)done, (off_t)len)) {
			*writes = errno == EOPNOTSUPP || errno == ENOSYS;
			return *writes ? 0 : trouble(n, errno, err);
		}
	}
	return r;
}

static int write_slice(const struct img_new *n, const void *zeroes, uint64_t at, uint64_t len,
		       struct err *err)
{
	uint64_t end = at + len, from = at;
	ssize_t put;

	for (; at < end; at += (uint64_t)put) {
		put = pwrite(n->fd, zeroes, min_u64(WRITE_BUFFER, end - at), (off_t)at);
		if (put < 0 && errno == EINTR)
			put = 0;
		if (put < 0)
			return trouble(n, errno, err);
	}
	if (fdatasync(n->fd))
		return trouble(n, errno, err);
	/* What was there before is of more use in memory than these zeroes. */
	posix_fadvise(n->fd, (off_t)from, (off_t)len, POSIX_FADV_DONTNEED);
	return 0;
}

static int write_zeroes(const struct img_new *n, struct err *err)
{
	void *zeroes = calloc(1, WRITE_BUFFER);
	uint64_t done = 0, len;
	int r = zeroes ? 0 : -ENOMEM;

	if (r)
		err_set(err, ERR_NOMEM, "out of memory");
	for (; !r && done < n->size; done += len) {
		len = min_u64(WRITE_SLICE, n->size - done);
		r = go_on(n, done, err);
		if (!r)
			r = write_slice(n, zeroes, done, len, err);
	}
	free(zeroes);
	return r;
}

int img_fill_space(struct img_new *n, struct err *err)
{
	bool writes = n->alloc == IMG_ZEROES;
	uint64_t have = space_free(n);
	int r = 0;

	if (n->alloc == IMG_SPARSE)
		return ftruncate(n->fd, (off_t)n->size) ? trouble(n, errno, err) : 0;
	/* Before a file system that others use too is filled to the brim. */
	if (have < n->size)
		return no_space(n, have, err);
	if (!writes)
		r = reserve(n, &writes, err);
	if (!r && writes)
		r = write_zeroes(n, err);
	return r;
}
