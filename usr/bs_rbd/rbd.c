/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store rbd as a bs_type: opening an image, with its exclusive lock if asked for, and closing.
 */
#include "bs_rbd/rbd.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "bs/bs_module.h"

static int failed(const struct rbd_store *st, const char *what, int ret, struct err *err)
{
	err_set(err, ERR_INVALID_REQUEST, "%s: %s: %s", st->bs.path, what, strerror(-ret));
	return ret;
}

static int image_open(struct rbd_store *st, struct err *err)
{
	const struct rbd_conf *c = &st->conf;
	int ret = rados_ioctx_create(st->cluster->rados, c->pool, &st->ioctx);

	if (ret < 0) {
		st->ioctx = NULL;
		return failed(st, "its pool", ret, err);
	}
	if (c->space)
		rados_ioctx_set_namespace(st->ioctx, c->space);
	st->bs.readonly |= c->snap != NULL;
	ret = st->bs.readonly ? rbd_open_read_only(st->ioctx, c->image, &st->image, c->snap) :
				rbd_open(st->ioctx, c->image, &st->image, c->snap);
	if (ret < 0) {
		st->image = NULL;
		return failed(st, c->snap ? "its image or snapshot" : "its image", ret, err);
	}
	return 0;
}

/*
 * librbd breaks the lock of an owner that is dead, and keeps this one from others until the image
 * is closed. Without it the lock goes to whoever writes.
 */
static int image_lock(struct rbd_store *st, struct err *err)
{
	int ret;

	if (!st->conf.lock || st->bs.readonly)
		return 0;
	ret = rbd_lock_acquire(st->image, RBD_LOCK_MODE_EXCLUSIVE);
	if (ret == -EINVAL)
		return err_set(err, ERR_INVALID_REQUEST, "%s: the image lacks the feature exclusive-lock, which "
			       "bsopts lock=exclusive needs", st->bs.path);
	if (ret == -EROFS || ret == -EBUSY)
		return err_set(err, ERR_INVALID_REQUEST, "%s: another client holds the exclusive lock",
			       st->bs.path);
	return ret < 0 ? failed(st, "its exclusive lock", ret, err) : 0;
}

static int take_image(struct rbd_store *st, struct err *err)
{
	struct bs *bs = &st->bs;
	uint64_t unit = 0;
	int ret = rbd_get_size(st->image, &bs->size);

	if (ret < 0)
		return failed(st, "its size", ret, err);
	if (!rbd_get_stripe_unit(st->image, &unit) && unit <= UINT32_MAX) {
		bs->opt_io = (uint32_t)unit;
		st->object = unit; /* the part of it that is in one piece in the image */
	}
	bs->align = 1;
	bs->volatile_cache = !st->conf.nocache;
	bs->unmap_zeroes = true;
	for (unsigned int op = 0; op < BS_OPS; op++)
		bs->cap[op] = BS_CAP_NONE;
	bs->cap[BS_READ] = BS_CAP_NATIVE;
	bs->cap[BS_WRITE] = BS_CAP_NATIVE;
	bs->cap[BS_FLUSH] = BS_CAP_NATIVE;
	bs->cap[BS_UNMAP] = BS_CAP_NATIVE;
	bs->cap[BS_ZERO] = BS_CAP_NATIVE;
	bs->cap[BS_EXTENTS] = BS_CAP_NATIVE;
	bs->cap[BS_COMPARE] = BS_CAP_NATIVE;
	return 0;
}

/* Without it a resize is only seen when something else looks. */
static void watch_start(struct rbd_store *st)
{
	int ret;

	if (st->bs.readonly)
		return;
	ret = rbd_update_watch(st->image, &st->watch_handle, rbd_header_changed, st);
	st->watching = ret >= 0;
	if (ret < 0)
		log_notice("%s: changes of its size are not told: %s", st->bs.path, strerror(-ret));
}

static void rbd_store_close(struct bs *bs)
{
	struct rbd_store *st = container_of(bs, struct rbd_store, bs);

	if (st->watching)
		rbd_update_unwatch(st->image, st->watch_handle);
	if (st->image)
		rbd_close(st->image);
	if (st->ioctx)
		rados_ioctx_destroy(st->ioctx);
	if (st->cluster)
		rbd_cluster_put(st->cluster);
	while (__atomic_load_n(&st->callbacks, __ATOMIC_ACQUIRE))
		sched_yield();
	if (st->lf.fd >= 0)
		close(st->lf.fd);
	rbd_conf_free(&st->conf);
}

static int rbd_store_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct rbd_store *st = container_of(bs, struct rbd_store, bs);
	int ret;

	st->lf.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = st->lf.fd < 0 ? -errno : rbd_conf_parse(&st->conf, conf, err);
	bs->readonly = conf->readonly;
	if (!ret) {
		st->cluster = rbd_cluster_get(&st->conf, err);
		ret = st->cluster ? image_open(st, err) : -ECONNREFUSED;
	}
	if (!ret)
		ret = image_lock(st, err);
	if (!ret)
		ret = take_image(st, err);
	if (!ret)
		watch_start(st);
	else
		rbd_store_close(bs);
	return ret;
}

static int rbd_attach(struct bs *bs, struct err *err)
{
	struct rbd_store *st = container_of(bs, struct rbd_store, bs);
	int ret = loop_fd_add(bs->loop, &st->lf, st->lf.fd, EPOLLIN, rbd_ready);

	if (ret)
		return err_set(err, ERR_NOMEM, "%s: %s", bs->path, strerror(-ret));
	return 0;
}

static void rbd_detach(struct bs *bs)
{
	loop_fd_del(&container_of(bs, struct rbd_store, bs)->lf);
}

static void rbd_probe(struct bs *bs)
{
	struct rbd_store *st = container_of(bs, struct rbd_store, bs);

	if (!st->watching)
		rbd_size_look(st);
}

static const struct bs_type rbd_type = {
	.name = "rbd",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct rbd_store),
	.flag_sync = true,
	.flag_direct = true,
	.needs_path = true,
	.open = rbd_store_open,
	.attach = rbd_attach,
	.detach = rbd_detach,
	.close = rbd_store_close,
	.submit = rbd_submit,
	.probe = rbd_probe,
};

static const struct bs_type *const types[] = { &rbd_type, NULL };
BS_MODULE(types);
