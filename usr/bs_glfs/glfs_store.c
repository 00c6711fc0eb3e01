/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store glfs as a bs_type: opening a file of a volume, and closing.
 */
#include "bs_glfs/glfs_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "bs/bs_module.h"

static int file_open(struct glfs_store *st, const struct bs_conf *conf, struct err *err)
{
	struct bs *bs = &st->bs;
	int flags = (conf->sync ? O_DSYNC : 0) | (conf->direct ? O_DIRECT : 0), error = 0;

	bs->readonly = conf->readonly;
	if (!bs->readonly)
		st->file = glfs_open(st->volume->fs, st->conf.path, flags | O_RDWR);
	if (!st->file && !bs->readonly && (errno == EACCES || errno == EROFS || errno == EPERM)) {
		error = errno;
		bs->readonly = true;
	}
	if (!st->file && bs->readonly)
		st->file = glfs_open(st->volume->fs, st->conf.path, flags | O_RDONLY);
	if (!st->file)
		return err_set(err, ERR_INVALID_REQUEST, "cannot open %s: %s", conf->path, strerror(errno));
	if (error)
		log_notice("%s: no writing (%s), opened read-only", bs->path, strerror(error));
	return 0;
}

static int take_file(struct glfs_store *st, struct err *err)
{
	struct bs *bs = &st->bs;
	int ret = glfs_size(st->file, &bs->size);

	if (ret)
		return err_set(err, ERR_INVALID_REQUEST, "%s: %s", bs->path, strerror(-ret));
	bs->align = bs->direct ? 512 : 1;
	bs->size &= ~((uint64_t)bs->align - 1);
	bs->volatile_cache = !bs->sync;
	bs->unmap_zeroes = true;
	for (unsigned int op = 0; op < BS_OPS; op++)
		bs->cap[op] = BS_CAP_NONE;
	bs->cap[BS_READ] = BS_CAP_NATIVE;
	bs->cap[BS_WRITE] = BS_CAP_NATIVE;
	bs->cap[BS_FLUSH] = BS_CAP_NATIVE;
	bs->cap[BS_UNMAP] = BS_CAP_NATIVE;
	bs->cap[BS_ZERO] = BS_CAP_NATIVE;
	bs->cap[BS_EXTENTS] = BS_CAP_NATIVE;
	return 0;
}

static void glfs_store_close(struct bs *bs)
{
	struct glfs_store *st = container_of(bs, struct glfs_store, bs);

	if (st->file)
		glfs_close(st->file);
	if (st->volume)
		glfs_volume_put(st->volume);
	while (__atomic_load_n(&st->callbacks, __ATOMIC_ACQUIRE))
		sched_yield();
	if (st->lf.fd >= 0)
		close(st->lf.fd);
	glfs_conf_free(&st->conf);
}

static int glfs_store_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct glfs_store *st = container_of(bs, struct glfs_store, bs);
	int ret;

	st->lf.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = st->lf.fd < 0 ? -errno : glfs_conf_parse(&st->conf, conf, err);
	if (!ret) {
		st->volume = glfs_volume_get(&st->conf, err);
		ret = st->volume ? file_open(st, conf, err) : -ENOTCONN;
	}
	if (!ret)
		ret = take_file(st, err);
	if (ret)
		glfs_store_close(bs);
	return ret;
}

static int glfs_attach(struct bs *bs, struct err *err)
{
	struct glfs_store *st = container_of(bs, struct glfs_store, bs);
	int ret = loop_fd_add(bs->loop, &st->lf, st->lf.fd, EPOLLIN, glfs_ready);

	if (ret)
		return err_set(err, ERR_NOMEM, "%s: %s", bs->path, strerror(-ret));
	return 0;
}

static void glfs_detach(struct bs *bs)
{
	loop_fd_del(&container_of(bs, struct glfs_store, bs)->lf);
}

static const struct bs_type glfs_type = {
	.name = "glfs",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct glfs_store),
	.flag_sync = true,
	.flag_direct = true,
	.needs_path = true,
	.open = glfs_store_open,
	.attach = glfs_attach,
	.detach = glfs_detach,
	.close = glfs_store_close,
	.submit = glfs_submit,
	.probe = glfs_probe,
};

static const struct bs_type *const types[] = { &glfs_type, NULL };
BS_MODULE(types);
