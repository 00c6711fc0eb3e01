/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a logical unit comes to be, with its store: lu_new(). Opening and closing take time, so
 * it ends from the loop. Called by the verbs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/lun.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/lu_keep.h"
#include "target/lu_priv.h"
#include "target/pr.h"
#include "target/target.h"

#define BLOCK_MIN 512u
#define BLOCK_MAX 65536u

static void fail(struct lu *lu, const struct err *err)
{
	if (err->code != ERR_OK)
		lu->err = *err;
	else
		err_set(&lu->err, ERR_UNKNOWN, "%s", "");
}

static void resized(struct bs *bs, void *arg)
{
	(void)bs;
	lu_size_changed(arg);
}

int lu_check_store(const struct lu *lu, const struct bs *bs, struct err *err)
{
	if (!lu->block_size || bs->align <= lu->block_size)
		return 0;
	return err_set(err, ERR_INVALID_REQUEST,
		       "%s needs multiples of %u bytes and the block size is %u: "
		       "use a larger block size, or not bsoflags direct",
		       bs->path ? bs->path : lu->bstype, bs->align, lu->block_size);
}

void lu_adopt_store(struct lu *lu, struct bs *bs)
{
	bs->resized = resized;
	bs->resized_arg = lu;
	lu->bs = bs;
	lu_take_store(lu);
}

/* For writing where that is possible: that initiators may not is the gates' business, and may change. */
int lu_open_store(struct lu *lu, const char *path,
		  void (*opened)(void *arg, struct bs *bs, const struct err *err))
{
	struct bs_conf conf = {
		.type = lu->bstype,
		.path = path,
		.opts = lu->bsopts,
		.sync = lu->bs_sync,
		.direct = lu->bs_direct,
	};

	return bs_open(lu->target->core->stores, &conf, opened, lu);
}

/* --- lu_new ----------------------------------------------------------------------------------- */

/* The end of a lu_new() that failed; its store, if any, is closed. */
static void new_failed(void *arg)
{
	struct lu *lu = arg;
	struct err err = lu->err;
	void (*created)(void *arg, struct lu *lu, const struct err *err) = lu->created;
	void *done_arg = lu->done_arg;

	lu_free(lu);
	if (created)
		created(done_arg, NULL, &err);
}

/* What stands at LUN 0 can only be the automatic controller: check_number() saw to it. */
static void replace_controller(struct lu *lu)
{
	struct lu *old = lu->lun ? NULL : target_lu(lu->target, 0);

	if (old)
		lu_drop(old);
}

/* Store, reservations and what else was kept are there, or lu->err tells why not. */
static void new_ready(struct lu *lu)
{
	struct target *t = lu->target;

	list_del(&lu->link);
	lu->opening = false;
	if (lu->err.code == ERR_OK && t->dying)
		err_set(&lu->err, ERR_NO_TARGET, "the target was deleted meanwhile");
	if (lu->err.code == ERR_OK && lu->bs && !lu_check_store(lu, lu->bs, &lu->err))
		lu_adopt_store(lu, lu->bs);
	if (lu->err.code == ERR_OK) {
		struct err err = { .code = ERR_OK };

		replace_controller(lu);
		if (lu_start(lu, &err))
			fail(lu, &err);
	}
	if (lu->err.code == ERR_OK) {
		if (lu->created)
			lu->created(lu->done_arg, lu, NULL);
		return;
	}
	if (!lu->lun && !t->dying && !target_lu(t, 0))
		lu_add_automatic(t, 0, t->core->default_dev, NULL);
	if (lu->bs)
		bs_close(lu->bs, new_failed, lu);
	else
		new_failed(lu);
}

static void new_kept(struct lu *lu)
{
	if (lu->err.code != ERR_OK || !pr_load(lu, new_ready))
		new_ready(lu);
}

static void new_opened(struct lu *lu)
{
	if (lu->err.code != ERR_OK || !lu_keep_load(lu, new_kept))
		new_kept(lu);
}

static void new_store_opened(void *arg, struct bs *bs, const struct err *err)
{
	struct lu *lu = arg;

	lu->bs = bs;
	lu->online = bs;
	if (!bs)
		fail(lu, err);
	new_opened(lu);
}

static int check_number(struct target *t, uint64_t lun, struct err *err)
{
	struct lu *lu = target_lu(t, lun);

	if (t->dying)
		return err_set(err, ERR_NO_TARGET, "the target is being deleted");
	if (lun > LUN_MAX)
		return err_set(err, ERR_INVALID_REQUEST, "a LUN is a number from 0 to %llu",
			       LUN_MAX);
	if (lu && !lu->automatic)
		return err_set(err, ERR_LUN_EXISTS, "%s", "");
	list_for_each(lu, &t->opening, link)
		if (lu->lun == lun)
			return err_set(err, ERR_LUN_EXISTS, "LUN %" PRIu64 " is being made already",
				       lun);
	return 0;
}

static int set_block_size(struct lu *lu, uint32_t block_size, struct err *err)
{
	if (block_size &&
	    (!is_power_of_2(block_size) || block_size < BLOCK_MIN || block_size > BLOCK_MAX))
		return err_set(err, ERR_INVALID_REQUEST,
			       "block size %u: it must be a power of two from %u to %u", block_size,
			       BLOCK_MIN, BLOCK_MAX);
	if (!lu->dev->block_size)
		return 0;
	lu->block_conf = block_size ? block_size : lu->dev->block_size;
	lu_set_block_size(lu, lu->block_conf);
	return 0;
}

/* The store's type, checked against device type and flags; NULL with @err. */
static const struct bs_type *choose_type(const struct lu *lu, const struct lu_conf *conf,
					 struct err *err)
{
	const char *name = lu->dev->bstype ? lu->dev->bstype : conf->bstype;
	const struct bs_type *type = bs_type_find(lu->target->core->stores, name);

	if (!type)
		bs_type_missing(lu->target->core->stores, name ? name : "", err);
	else if (lu->dev->bstype && conf->bstype && strcmp(conf->bstype, lu->dev->bstype))
		err_set(err, ERR_INVALID_REQUEST, "device type %s uses backing store type %s only",
			lu->dev->name, lu->dev->bstype);
	else if ((conf->sync && !type->flag_sync) || (conf->direct && !type->flag_direct))
		err_set(err, ERR_INVALID_REQUEST, "backing store type %s does not know bsoflags %s",
			type->name, conf->sync && !type->flag_sync ? "sync" : "direct");
	else
		return type;
	return NULL;
}

static int copy(char **to, const char *from, struct err *err)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : err_set(err, ERR_NOMEM, "%s", "");
}

/* Takes @conf over. *@store: there is one to be opened. */
static int configure(struct lu *lu, const struct lu_conf *conf, bool *store, struct err *err)
{
	const struct bs_type *type;

	*store = false;
	if (set_block_size(lu, conf->block_size, err))
		return -EINVAL;
	lu->readonly_conf = lu->readonly = conf->readonly;
	lu->online = !lu->dev->needs_store;
	if (!lu->dev->needs_store)
		return 0;
	type = choose_type(lu, conf, err);
	if (!type)
		return -EINVAL;
	lu->bs_sync = conf->sync;
	lu->bs_direct = conf->direct;
	if (copy(&lu->bstype, type->name, err) || copy(&lu->bsopts, conf->bsopts, err) ||
	    copy(&lu->path, conf->path, err))
		return -EINVAL;
	*store = conf->path || !type->needs_path;
	/* Nothing to open now means a drive without a medium. */
	if (!*store)
		lu->removable = true;
	return 0;
}

static int new_begin(struct lu *lu, const struct lu_conf *conf, struct err *err)
{
	bool store;

	if (configure(lu, conf, &store, err))
		return -EINVAL;
	if (!store)
		lu_later(lu, new_opened);
	else if (lu_open_store(lu, lu->path, new_store_opened))
		return err_set(err, ERR_NOMEM, "%s", "");
	lu->opening = true;
	list_push_back(&lu->target->opening, &lu->link);
	return 0;
}

static const struct dev_type *choose_dev(struct target *t, const char *name, struct err *err)
{
	const struct dev_type *dev = core_dev_type(t->core, name ? name : "disk");

	if (!dev || dev->pdt == PDT_WLUN) {
		err_set(err, ERR_INVALID_REQUEST, "there is no device type '%s'",
			name ? name : "disk");
		return NULL;
	}
	return dev;
}

void lu_new(struct target *t, const struct lu_conf *conf,
	    void (*done)(void *arg, struct lu *lu, const struct err *err), void *arg)
{
	struct err err = { .code = ERR_OK };
	const struct dev_type *dev = NULL;
	struct lu *lu = NULL;

	if (!check_number(t, conf->lun, &err))
		dev = choose_dev(t, conf->dev_type, &err);
	if (dev)
		lu = lu_alloc(t, conf->lun, dev, &err);
	if (lu && new_begin(lu, conf, &err)) {
		lu_free(lu);
		lu = NULL;
	}
	if (!lu) {
		later_created(&t->core->laters, done, arg, &err);
		return;
	}
	lu->created = done;
	lu->done_arg = arg;
}
