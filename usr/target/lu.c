/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logical units: their place in the target, their end, their size. How a store
 * comes to an LU is lu_open.c's, parameters are lu_set.c's.
 */
#include "target/lu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scsi/lun.h"
#include "scsi/sense.h"
#include "target/cmd_priv.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/ident.h"
#include "target/lu_keep.h"
#include "target/lu_priv.h"
#include "target/lu_record.h"
#include "target/nexus.h"
#include "target/qos.h"
#include "target/target.h"
#include "target/taskset.h"
#include "target/ua.h"

#define PROBE_NS NSEC_PER_SEC

static void run_step(struct loop_call *c)
{
	struct lu *lu = container_of(c, struct lu, call);

	lu->step(lu);
}

void lu_later(struct lu *lu, void (*step)(struct lu *lu))
{
	lu->step = step;
	loop_call_queue(lu->target->core->loop, &lu->call);
}

struct lu *lu_alloc(struct target *t, uint64_t lun, const struct dev_type *dev, struct err *err)
{
	struct lu *lu = calloc(1, sizeof(*lu));

	if (!lu) {
		err_set(err, ERR_NOMEM, "%s", "");
		return NULL;
	}
	lu->target = t;
	lu->lun = lun;
	lu->dev = dev;
	lu->removable = dev->removable;
	lu->third_party_copy = dev->pdt == PDT_DISK;
	list_init(&lu->link);
	list_init(&lu->itls);
	list_init(&lu->ranges);
	list_init(&lu->records);
	taskset_init(&lu->ts);
	reserve_init(lu);
	loop_call_init(&lu->call, LOOP_REAP, run_step);
	ident_init(lu);
	t->n_lus_left++;
	return lu;
}

void lu_free(struct lu *lu)
{
	struct target *t = lu->target;

	loop_call_cancel(&lu->call);
	reserve_done(lu);
	lu_keep_free(lu);
	lu_records_free(lu);
	qos_lu_free(lu);
	stats_move(&t->past, &lu->stats);
	list_del(&lu->link);
	free(lu->path);
	free(lu->bstype);
	free(lu->bsopts);
	free(lu);
	t->n_lus_left--;
	target_check_gone(t);
}

/* Sorted; LUNs are mostly added in ascending order. */
static void link_sorted(struct target *t, struct lu *lu)
{
	struct list *at = t->lus.prev;

	while (at != &t->lus && list_entry(at, struct lu, link)->lun > lu->lun)
		at = at->prev;
	list_insert_between(&lu->link, at, at->next);
	t->n_lus++;
}

int lu_start(struct lu *lu, struct err *err)
{
	struct target *t = lu->target;
	int r = lu->dev->attach ? lu->dev->attach(lu, err) : 0;

	if (r)
		return r;
	if (lu->lun == LUN_WLUN_REPORT_LUNS) {
		t->wlun = lu;
		return 0;
	}
	if (hash_insert(&t->lu_table, &lu->node, hash_u64(lu->lun))) {
		if (lu->dev->detach)
			lu->dev->detach(lu);
		err_set(err, ERR_NOMEM, "%s", "");
		return -ENOMEM;
	}
	link_sorted(t, lu);
	lu_naa_add(lu);
	ua_luns_changed(lu);
	return 0;
}

int lu_add_automatic(struct target *t, uint64_t lun, const struct dev_type *dev, struct err *err)
{
	struct lu *lu = lu_alloc(t, lun, dev, err);
	int r;

	if (!lu)
		return -ENOMEM;
	lu->automatic = true;
	lu->online = true;
	r = lu_start(lu, err);
	if (r)
		lu_free(lu);
	return r;
}

static void unlink_lu(struct lu *lu)
{
	struct target *t = lu->target;
	struct itl *itl;

	lu->dying = lu->watched = true;
	list_for_each(itl, &lu->itls, lu_link)
		itl_unhash(itl);
	if (t->wlun == lu) {
		t->wlun = NULL;
		return;
	}
	list_del(&lu->link);
	lu_naa_remove(lu);
	hash_remove(&t->lu_table, &lu->node);
	t->n_lus--;
}

static void gone(void *arg)
{
	struct lu *lu = arg;
	void (*deleted)(void *arg) = lu->deleted;
	void *deleted_arg = lu->deleted_arg;

	lu_free(lu);
	if (deleted)
		deleted(deleted_arg);
}

/* From the loop: no command is left. */
static void drained(struct lu *lu)
{
	if (lu->dev->detach)
		lu->dev->detach(lu);
	while (!list_empty(&lu->itls))
		itl_free(list_first(&lu->itls, struct itl, lu_link));
	if (lu->bs)
		bs_close(lu->bs, gone, lu);
	else
		gone(lu);
}

void lu_check_drained(struct lu *lu)
{
	if (lu->swap)
		lu_path_check(lu);
	if (lu->dying && !lu->opening && !lu->ts.n_tasks && !lu->n_holds && !lu_keep_busy(lu))
		lu_later(lu, drained);
}

void lu_hold(struct lu *lu)
{
	lu->n_holds++;
}

void lu_release(struct lu *lu)
{
	assert(lu->n_holds);
	if (!--lu->n_holds && lu->watched)
		lu_check_drained(lu);
}

void lu_drop(struct lu *lu)
{
	unlink_lu(lu);
	cmd_evict_all(lu);
	lu_check_drained(lu);
}

static int may_delete(const struct lu *lu, bool force, struct err *err)
{
	if (lu->automatic)
		return err_set(err, ERR_INVALID_REQUEST,
			       "LUN 0 is the target's controller and goes with the target");
	if (lu->dying)
		return err_set(err, ERR_NO_LUN, "LUN %" PRIu64 " is being deleted already",
			       lu->lun);
	if (force)
		return 0;
	if (lu->n_prevent)
		return err_set(err, ERR_PREVENT_REMOVAL,
			       "an initiator has prevented the removal of LUN %" PRIu64, lu->lun);
	if (scsi_result_info(lu->background)->key == SK_NOT_READY)
		return err_set(err, ERR_LUN_ACTIVE, "LUN %" PRIu64 " is being formatted or sanitized",
			       lu->lun);
	if (lu->ts.n_tasks)
		return err_set(err, ERR_LUN_ACTIVE, "LUN %" PRIu64 " has %u commands under way",
			       lu->lun, lu->ts.n_tasks);
	return 0;
}

int lu_delete(struct lu *lu, bool force, void (*done)(void *arg), void *arg, struct err *err)
{
	struct target *t = lu->target;
	int r = may_delete(lu, force, err);

	if (r)
		return r;
	lu->deleted = done;
	lu->deleted_arg = arg;
	lu_drop(lu);
	/* Without memory for it there is none: REPORT LUNS still works, on any LUN. */
	if (!lu->lun && !t->dying && !lu_add_automatic(t, 0, t->core->default_dev, NULL))
		return 0;
	ua_luns_changed(lu);
	return 0;
}

void lu_take_store(struct lu *lu)
{
	lu->blocks = lu->bs && lu->block_size ? lu->bs->size >> lu->block_shift : 0;
	lu->readonly = lu->readonly_conf || (lu->bs && lu->bs->readonly);
}

void lu_set_block_size(struct lu *lu, uint32_t size)
{
	lu->block_size = size;
	lu->block_shift = (unsigned int)__builtin_ctz(size);
	lu_take_store(lu);
}

void lu_size_changed(struct lu *lu)
{
	uint64_t before = lu->blocks;

	lu_take_store(lu);
	if (lu->blocks != before)
		ua_raise_lu(lu, UA_CAPACITY_CHANGED, NULL);
}

void lu_probe(struct lu *lu)
{
	uint64_t now = loop_now(lu->target->core->loop);

	if (likely(now - lu->probed_ns < PROBE_NS) || !lu->bs)
		return;
	lu->probed_ns = now;
	bs_probe(lu->bs);
}

enum scsi_result lu_medium_state(const struct lu *lu)
{
	if (unlikely(!lu->online || (lu->dev->needs_store && !lu->bs)))
		return lu->removable ? RES_NR_NO_MEDIUM : RES_NR_MANUAL;
	return unlikely(lu->stopped) ? RES_NR_INIT_REQUIRED : lu->medium;
}

enum scsi_result lu_background(const struct lu *lu, struct sense_extra *ex)
{
	if (scsi_result_info(lu->background)->key == SK_NOT_READY) {
		ex->progress_valid = true;
		ex->progress = lu->progress;
	}
	return lu->background;
}

void lu_reset(struct lu *lu, int ua)
{
	struct itl *itl;

	lu->resets++;
	reserve_reset(lu, NULL);
	list_for_each(itl, &lu->itls, lu_link)
		itl_allow_removal(itl);
	lu->stopped = false;
	if (lu->dev->reset)
		lu->dev->reset(lu);
	ua_raise_lu(lu, (enum ua_code)ua, NULL);
}
