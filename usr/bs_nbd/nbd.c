/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store nbd as a bs_type: opening, with as many connections as the server and the
 * administrator allow, what the export can do, and closing.
 */
#include "bs_nbd/nbd.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "bs/bs_module.h"

static void take_export(struct nbd_store *st)
{
	const struct nbd_export *e = &st->exp;
	struct bs *bs = &st->bs;

	bs->align = e->min;
	bs->size = e->size & ~((uint64_t)e->min - 1);
	bs->phys_block = e->preferred & (e->preferred - 1) ? 0 : e->preferred;
	bs->readonly |= e->readonly;
	bs->volatile_cache = e->flush && !bs->sync;
	bs->unmap_zeroes = e->trim && e->zero && !st->conf.trim;
	bs->cap[BS_READ] = BS_CAP_NATIVE;
	bs->cap[BS_WRITE] = BS_CAP_NATIVE;
	bs->cap[BS_FLUSH] = e->flush ? BS_CAP_NATIVE : BS_CAP_EMULATED;
	bs->cap[BS_UNMAP] = e->trim ? BS_CAP_NATIVE : BS_CAP_NONE;
	bs->cap[BS_ZERO] = e->zero ? BS_CAP_NATIVE : BS_CAP_NONE;
	bs->cap[BS_EXTENTS] = e->extents ? BS_CAP_NATIVE : BS_CAP_EMULATED;
	bs->cap[BS_PREFETCH] = e->cache ? BS_CAP_NATIVE : BS_CAP_NONE;
	bs->cap[BS_COPY] = BS_CAP_NONE;
}

static int options_check(const struct nbd_store *st, const struct bs_conf *conf, struct err *err)
{
	if (st->conf.image)
		return 0;
	if (conf->direct)
		return err_set(err, ERR_INVALID_REQUEST, "%s: bsoflags direct is for images: a server opens "
			       "its files itself", conf->path);
	if (st->conf.format || st->conf.secret)
		return err_set(err, ERR_INVALID_REQUEST, "%s: bsopts format and secret are for images",
			       conf->path);
	return 0;
}

/* The first must succeed. Others only where a flush of one is one of all. */
static int connect_all(struct nbd_store *st, struct err *err)
{
	unsigned int max = st->conf.connections;

	st->conn[0].h = nbd_connect_wait(st, err);
	if (!st->conn[0].h)
		return -ECONNREFUSED;
	st->n_conns = 1;
	if (nbd_export_look(st->conn[0].h, &st->exp))
		return err_set(err, ERR_INVALID_REQUEST, "%s: the server allows no sizes of blocks that could "
			       "be used", st->bs.path);
	while (st->exp.multi && st->n_conns < max) {
		struct err ignored = { .code = ERR_OK };
		struct nbd_handle *h = nbd_connect_wait(st, &ignored);

		if (!h) {
			log_notice("%s: %u connections, not %u: %s", st->bs.path, st->n_conns, max,
				   ignored.text);
			break;
		}
		st->conn[st->n_conns++].h = h;
	}
	return 0;
}

static void nbd_store_close(struct bs *bs)
{
	struct nbd_store *st = container_of(bs, struct nbd_store, bs);

	for (unsigned int i = 0; i < st->n_conns; i++) {
		if (!st->conn[i].h)
			continue;
		nbd_aio_disconnect(st->conn[i].h, 0); /* says goodbye, and waits for nothing */
		nbd_close(st->conn[i].h);
	}
	nbd_image_stop(st);
	nbd_conf_free(&st->conf);
}

static int nbd_store_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct nbd_store *st = container_of(bs, struct nbd_store, bs);
	int ret = nbd_conf_parse(&st->conf, conf, err);

	bs->readonly = conf->readonly;
	if (!ret)
		ret = options_check(st, conf, err);
	if (!ret && st->conf.image)
		ret = nbd_image_start(st, false, err);
	if (!ret)
		ret = connect_all(st, err);
	if (ret) {
		nbd_store_close(bs);
		return ret;
	}
	st->image.used = true;
	take_export(st);
	return 0;
}

static void look_at_answers(struct loop_call *call)
{
	nbd_answers(container_of(call, struct nbd_store, answers));
}

static int nbd_attach(struct bs *bs, struct err *err)
{
	struct nbd_store *st = container_of(bs, struct nbd_store, bs);
	int ret = 0;

	list_init(&st->waiting);
	list_init(&st->answered);
	loop_call_init(&st->answers, LOOP_COMPLETE, look_at_answers);
	for (unsigned int i = 0; i < st->n_conns; i++) {
		list_init(&st->conn[i].inflight);
		st->conn[i].st = st;
		st->conn[i].state = NBD_READY;
		if (!ret)
			ret = nbd_conn_attach(&st->conn[i]);
	}
	if (ret)
		return err_set(err, ERR_NOMEM, "%s: %s", bs->path, strerror(-ret));
	return 0;
}

static void nbd_detach(struct bs *bs)
{
	struct nbd_store *st = container_of(bs, struct nbd_store, bs);

	for (unsigned int i = 0; i < st->n_conns; i++) {
		loop_timer_cancel(&st->conn[i].timer);
		loop_fd_del(&st->conn[i].lf);
	}
	loop_timer_cancel(&st->watch);
	loop_call_cancel(&st->answers);
}

static const struct bs_type nbd_type = {
	.name = "nbd",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct nbd_store),
	.flag_sync = true,
	.flag_direct = true,
	.needs_path = true,
	.open = nbd_store_open,
	.attach = nbd_attach,
	.drain = nbd_drain,
	.detach = nbd_detach,
	.close = nbd_store_close,
	.submit = nbd_submit,
};

static const struct bs_type *const types[] = { &nbd_type, NULL };
BS_MODULE(types);
