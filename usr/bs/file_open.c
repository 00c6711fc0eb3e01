/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File store: opening, on a worker thread, and what is found out once: the kind of
 * file and file system, sizes, alignment, what can be unmapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/syscalls.h"
#include "bs/file.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

/* Where a plain write into the page cache needs no network and no other process. */
static const struct {
	unsigned long magic;
	bool in_memory;
} local_fs[] = {
	{ EXT4_SUPER_MAGIC, false }, { XFS_SUPER_MAGIC, false }, { BTRFS_SUPER_MAGIC, false },
	{ F2FS_SUPER_MAGIC, false }, { TMPFS_MAGIC, true },	 { RAMFS_MAGIC, true },
};

int64_t file_size(const struct file *f)
{
	struct statx st;
	off_t end;

	if (f->block) {
		end = lseek(f->fd, 0, SEEK_END);
		return end < 0 ? -errno : end;
	}
	/* DONT_SYNC: a network file system must not ask its server now. */
	if (statx(f->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_SIZE, &st))
		return -errno;
	return (int64_t)(st.stx_size & ~((uint64_t)f->dio_align - 1));
}

static int open_fd(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	int flags = O_CLOEXEC | (conf->sync ? O_DSYNC : 0) | (conf->direct ? O_DIRECT : 0);
	int fd = -1, ret = 0;

	bs->readonly = conf->readonly;
	if (!conf->readonly)
		fd = open(conf->path, flags | O_RDWR);
	if (fd < 0 && !conf->readonly && (errno == EACCES || errno == EROFS || errno == EPERM)) {
		ret = -errno;
		bs->readonly = true;
	}
	if (fd < 0 && bs->readonly)
		fd = open(conf->path, flags | O_RDONLY);
	if (fd < 0) {
		ret = -errno;
		if (conf->direct && ret == -EINVAL)
			err_set(err, ERR_INVALID_REQUEST,
				"%s: its file system has no O_DIRECT: leave bsoflags direct out",
				conf->path);
		else
			err_set(err, ERR_INVALID_REQUEST, "cannot open %s: %s", conf->path,
				strerror(-ret));
		return ret;
	}
	if (ret)
		log_notice("%s: no writing (%s), opened read-only", conf->path, strerror(-ret));
	return fd;
}

/* Before opening, as opening a FIFO waits for its other end. */
static int kind_look(struct file *f, const char *path, struct stat *st, struct err *err)
{
	if (stat(path, st)) {
		int ret = -errno;

		err_set(err, ERR_INVALID_REQUEST, "cannot open %s: %s", path, strerror(-ret));
		return ret;
	}
	f->block = S_ISBLK(st->st_mode);
	if (!f->block && !S_ISREG(st->st_mode))
		return err_set(err, ERR_INVALID_REQUEST, "%s is neither a file nor a block device",
			       path);
	return 0;
}

/* /sys/dev/block/MAJ:MIN/queue/NAME, or a partition's disk's. -1 when there is none. */
static long queue_limit(dev_t dev, const char *name)
{
	static const char *const at[] = { "queue", "../queue" };
	char path[128];
	long v = -1;

	for (unsigned int i = 0; i < ARRAY_SIZE(at) && v < 0; i++) {
		FILE *in;

		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/%s", major(dev), minor(dev),
			 at[i], name);
		in = fopen(path, "re");
		if (!in)
			continue;
		if (fscanf(in, "%ld", &v) != 1)
			v = -1;
		fclose(in);
	}
	return v;
}

static void block_look(struct file *f, dev_t dev)
{
	unsigned int phys = 0, opt = 0;
	long unit;
	int ro = 0;

	if (!ioctl(f->fd, BLKROGET, &ro) && ro)
		f->bs.readonly = true;
	if (!ioctl(f->fd, BLKPBSZGET, &phys))
		f->bs.phys_block = phys;
	if (!ioctl(f->fd, BLKIOOPT, &opt))
		f->bs.opt_io = opt;
	f->discard_only = queue_limit(dev, "write_zeroes_max_bytes") <= 0;
	unit = queue_limit(dev, "discard_granularity");
	f->bs.unmap_granularity = unit > 0 ? (uint32_t)unit : 0;
	f->bs.cap[BS_EXTENTS] = BS_CAP_EMULATED;
	if (f->discard_only && queue_limit(dev, "discard_max_bytes") <= 0)
		f->bs.cap[BS_UNMAP] = BS_CAP_NONE;
	f->write_inline = true;
}

static void regular_look(struct file *f, const struct stat *st)
{
	struct statfs fs;

	/* A file has no physical blocks: its page cache takes any write. */
	f->bs.phys_block = 0;
	f->bs.unmap_granularity = (uint32_t)st->st_blksize;
	if (!fstatfs(f->fd, &fs)) {
		for (unsigned int i = 0; i < ARRAY_SIZE(local_fs); i++) {
			if ((unsigned long)fs.f_type != local_fs[i].magic)
				continue;
			f->write_inline = true;
			f->in_memory = local_fs[i].in_memory;
		}
	}
	/* A hole beyond the end changes nothing, and tells whether holes can be made. */
	if (!f->bs.readonly && fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					 (off_t)round_up((uint64_t)st->st_size, MiB), 4096)) {
		f->bs.cap[BS_UNMAP] = BS_CAP_NONE;
		f->bs.cap[BS_ZERO] = BS_CAP_EMULATED;
	}
}

/* 4096 suits every device where the kernel doesn't tell. */
static void align_look(struct file *f)
{
	int sector = 0;

	f->mem_align = f->dio_align = 1;
	if (f->block && !ioctl(f->fd, BLKSSZGET, &sector) && sector > 0)
		f->mem_align = f->dio_align = (uint32_t)sector;
	else if (f->bs.direct)
		f->mem_align = f->dio_align = 4096;
#ifdef STATX_DIOALIGN
	struct statx st;

	if (f->bs.direct && !statx(f->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) &&
	    (st.stx_mask & STATX_DIOALIGN) && is_power_of_2(st.stx_dio_offset_align) &&
	    is_power_of_2(st.stx_dio_mem_align)) {
		f->mem_align = st.stx_dio_mem_align;
		f->dio_align = st.stx_dio_offset_align;
	}
#endif
}

static void store_fill(struct file *f, const struct stat *st)
{
	struct bs *bs = &f->bs;
	dev_t dev = f->block ? st->st_rdev : st->st_dev;

	bs->align = 1;
	bs->volatile_cache = !bs->sync;
	bs->rotational = queue_limit(dev, "rotational") == 1;
	for (unsigned int op = 0; op < BS_PASS; op++)
		bs->cap[op] = BS_CAP_NATIVE;
	align_look(f);
	if (f->block)
		block_look(f, dev);
	else
		regular_look(f, st);
	bs->unmap_zeroes = bs->cap[BS_UNMAP] != BS_CAP_NONE && !f->discard_only;
	/* Past the page cache neither end would see what the other has written. */
	if (f->block || bs->direct)
		bs->cap[BS_COPY] = BS_CAP_NONE;
	bs->copy_piece = FILE_COPY_PIECE;
	f->nowait_read = !bs->direct;
	f->nowait_write = !bs->direct && !bs->sync;
	/* With O_DSYNC or O_DIRECT every write waits for the device. */
	f->write_inline = f->write_inline && f->nowait_write;
	list_init(&f->slots);
	list_init(&f->flush_next);
	list_init(&f->flush_now);
	list_init(&f->spans);
	list_init(&f->span_waiters);
}

int file_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct file *f = to_file(bs);
	struct stat st;
	int64_t size;
	int ret = kind_look(f, conf->path, &st, err);

	if (ret)
		return ret;
	f->fd = open_fd(bs, conf, err);
	if (f->fd < 0)
		return f->fd;
	f->max_threads = conf->threads ? conf->threads : FILE_THREADS;
	store_fill(f, &st);
	size = file_size(f);
	if (size < 0) {
		close(f->fd);
		err_set(err, ERR_INVALID_REQUEST, "%s has no size: %s", conf->path,
			strerror((int)-size));
		return (int)size;
	}
	bs->size = (uint64_t)size;
	ret = file_atomic_open(f, conf, bs->size, err);
	if (ret)
		close(f->fd);
	return ret;
}

void file_close(struct bs *bs)
{
	file_atomic_close(to_file(bs));
	close(to_file(bs)->fd);
}
