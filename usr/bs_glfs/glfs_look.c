/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gfapi tells only to who waits: holes, and the size. Asked for on workers.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bs_glfs/glfs_store.h"

int glfs_size(glfs_fd_t *file, uint64_t *size)
{
	struct stat st;

	if (glfs_fstat(file, &st) < 0)
		return -errno;
	*size = (uint64_t)st.st_size;
	return 0;
}

static struct bs_req *req_of(struct job *job)
{
	struct glfs_io *io = container_of(job, struct glfs_io, job);

	return (struct bs_req *)(void *)((char *)io - offsetof(struct bs_req, priv));
}

/* The end of what @at lies in; ENXIO: a hole up to the end of the file. */
static int64_t next_change(glfs_fd_t *file, uint64_t at, bool *mapped)
{
	off_t data = glfs_lseek(file, (off_t)at, SEEK_DATA);

	if (data < 0 && errno != ENXIO)
		return -errno;
	*mapped = data == (off_t)at;
	if (data < 0)
		return INT64_MAX;
	if (!*mapped)
		return data;
	data = glfs_lseek(file, (off_t)at, SEEK_HOLE);
	return data < 0 ? -errno : data;
}

static void extents_run(struct job *job)
{
	struct bs_req *req = req_of(job);
	struct glfs_store *st = container_of(req->bs, struct glfs_store, bs);
	uint64_t at = req->offset, end = req->offset + req->len;

	glfs_io(req)->ret = 0;
	while (at < end && req->n_extents < req->max_extents) {
		bool mapped = true;
		int64_t next = next_change(st->file, at, &mapped);

		if (next <= (int64_t)at) {
			glfs_io(req)->ret = next < 0 ? next : -EIO;
			return;
		}
		next = (int64_t)min_u64((uint64_t)next, end);
		req->extents[req->n_extents++] =
			(struct bs_extent){ at, (uint64_t)next - at, mapped };
		at = (uint64_t)next;
	}
}

/* Volumes that can't seek: all of it is there. */
static void extents_ran(struct job *job)
{
	struct bs_req *req = req_of(job);
	int ret = (int)glfs_io(req)->ret;

	if ((ret == -EOPNOTSUPP || ret == -ENOSYS || ret == -EINVAL) && req->max_extents) {
		req->extents[0] = (struct bs_extent){ req->offset, req->len, true };
		req->n_extents = 1;
		ret = 0;
	}
	bs_complete_now(req, ret);
}

void glfs_extents(struct bs_req *req)
{
	struct glfs_io *io = glfs_io(req);

	io->job.run = extents_run;
	io->job.done = extents_ran;
	worker_submit(req->bs->workers, &io->job);
}

static void size_run(struct job *job)
{
	struct glfs_store *st = container_of(job, struct glfs_store, size_job);

	st->size_ret = glfs_size(st->file, &st->new_size);
}

static void size_ran(struct job *job)
{
	struct glfs_store *st = container_of(job, struct glfs_store, size_job);

	st->looking = false;
	if (!st->size_ret)
		bs_set_size(&st->bs, st->new_size & ~((uint64_t)st->bs.align - 1));
	bs_release(&st->bs);
}

void glfs_probe(struct bs *bs)
{
	struct glfs_store *st = container_of(bs, struct glfs_store, bs);

	if (st->looking)
		return;
	st->looking = true;
	bs_hold(bs);
	st->size_job.run = size_run;
	st->size_job.done = size_ran;
	worker_submit(bs->workers, &st->size_job);
}
