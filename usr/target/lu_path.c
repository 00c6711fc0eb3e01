/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another store for a logical unit: lu_set_path(). Called by the verbs; all of it ends from the
 * loop.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "target/core.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/lu_priv.h"
#include "target/target.h"
#include "target/taskset.h"
#include "target/ua.h"

/* A store that does not answer is no reason to keep initiators waiting for ever. */
#define SWAP_TIMEOUT_NS (10 * NSEC_PER_SEC)

/* The store that is to replace another, while commands go on. Owner: the LU, until path_end(). */
struct lu_swap {
	struct lu *lu;
	struct bs *bs;		/* NULL: being opened */
	char *path;
	struct loop_timer timer;
	bool waits;		/* for commands to end; the task set is held */
};

static void fail(struct lu *lu, const struct err *err)
{
	if (err->code != ERR_OK)
		lu->err = *err;
	else
		err_set(&lu->err, ERR_UNKNOWN, "%s", "");
}

static void path_end(struct lu *lu)
{
	void (*done)(void *arg, const struct err *err) = lu->path_set;
	void *arg = lu->done_arg;
	struct err err = lu->err;

	lu->opening = false;
	lu->err.code = ERR_OK;
	if (lu->dying)
		err_set(&err, ERR_NO_LUN, "the LUN was deleted meanwhile");
	lu_check_drained(lu);
	if (done)
		done(arg, err.code == ERR_OK ? NULL : &err);
}

static void closed(void *arg)
{
	path_end(arg);
}

/* --- offline: close, open --------------------------------------------------------------------- */

/* Without a Unit Attention: online=1 raises that of a new medium. */
static void offline_end(struct lu *lu)
{
	lu_take_store(lu);
	if (lu->dev->medium_changed && !lu->dying)
		lu->dev->medium_changed(lu);
	path_end(lu);
}

static void offline_unusable_closed(void *arg)
{
	offline_end(arg);
}

static void offline_opened(void *arg, struct bs *bs, const struct err *err)
{
	struct lu *lu = arg;

	if (!bs) {
		fail(lu, err);
	} else if (lu_check_store(lu, bs, &lu->err)) {
		bs_close(bs, offline_unusable_closed, lu);
		return;
	} else {
		lu_adopt_store(lu, bs);
	}
	offline_end(lu);
}

static void offline_old_closed(void *arg)
{
	struct lu *lu = arg;

	if (!lu->path || lu->dying) {
		offline_end(lu);
	} else if (lu_open_store(lu, lu->path, offline_opened)) {
		err_set(&lu->err, ERR_NOMEM, "%s", "");
		offline_end(lu);
	}
}

static void offline_begin(struct lu *lu)
{
	struct bs *old = lu->bs;

	lu->bs = NULL;
	lu_take_store(lu);
	if (old)
		bs_close(old, offline_old_closed, lu);
	else
		offline_old_closed(lu);
}

/* --- online: open, wait, exchange, close ------------------------------------------------------ */

static void swap_free(struct lu *lu)
{
	struct lu_swap *s = lu->swap;

	lu->swap = NULL;
	loop_timer_cancel(&s->timer);
	if (s->waits) {
		taskset_hold(&lu->ts, false);
		lu->watched = lu->dying;
	}
	free(s->path);
	free(s);
	taskset_advance(lu);
}

/* lu->err tells why, unless the LU is dying. */
static void swap_give_up(struct lu *lu)
{
	struct bs *bs = lu->swap->bs;

	swap_free(lu);
	if (bs)
		bs_close(bs, closed, lu);
	else
		path_end(lu);
}

/* SPC-4 5.14: a medium may have changed; and what READ CAPACITY and MODE SENSE tell now differs. */
static void tell_change(struct lu *lu, uint64_t blocks, bool readonly)
{
	ua_raise_lu(lu, UA_MEDIUM_CHANGED, NULL);
	if (lu->blocks != blocks)
		ua_raise_lu(lu, UA_CAPACITY_CHANGED, NULL);
	if (lu->readonly != readonly)
		ua_raise_lu(lu, UA_MODE_CHANGED, NULL);
}

static void exchange(struct lu *lu)
{
	struct bs *old = lu->bs;
	uint64_t blocks = lu->blocks;
	bool readonly = lu->readonly;

	if (old)
		old->resized = NULL;
	lu_adopt_store(lu, lu->swap->bs);
	free(lu->path);
	lu->path = lu->swap->path;
	lu->swap->path = NULL;
	if (lu->dev->medium_changed)
		lu->dev->medium_changed(lu);
	tell_change(lu, blocks, readonly);
	swap_free(lu);
	if (old)
		bs_close(old, closed, lu);
	else
		path_end(lu);
}

static void swap_step(struct lu *lu)
{
	if (!lu->swap || !lu->swap->waits)
		return;
	if (lu->dying)
		swap_give_up(lu);
	else if (!lu->ts.n_enabled && !lu->n_holds)
		exchange(lu);
}

void lu_path_check(struct lu *lu)
{
	if (lu->swap->waits && (lu->dying || (!lu->ts.n_enabled && !lu->n_holds)))
		lu_later(lu, swap_step);
}

static void swap_too_late(struct loop_timer *t)
{
	struct lu_swap *s = container_of(t, struct lu_swap, timer);
	struct lu *lu = s->lu;

	err_set(&lu->err, ERR_LUN_ACTIVE,
		"%u commands of LUN %" PRIu64 " do not end: its path stays as it is",
		lu->ts.n_enabled, lu->lun);
	swap_give_up(lu);
}

static void swap_opened(void *arg, struct bs *bs, const struct err *err)
{
	struct lu *lu = arg;
	struct lu_swap *s = lu->swap;

	s->bs = bs;
	if (!bs)
		fail(lu, err);
	else
		lu_check_store(lu, bs, &lu->err);
	if (lu->err.code == ERR_OK && !lu->dying &&
	    loop_timer_set(lu->target->core->loop, &s->timer, SWAP_TIMEOUT_NS, swap_too_late))
		err_set(&lu->err, ERR_NOMEM, "%s", "");
	if (lu->err.code != ERR_OK || lu->dying) {
		swap_give_up(lu);
		return;
	}
	s->waits = true;
	taskset_hold(&lu->ts, true);
	lu->watched = true;
	lu_path_check(lu);
}

static void swap_begin(struct lu *lu)
{
	if (!lu->dying && !lu_open_store(lu, lu->swap->path, swap_opened))
		return;
	err_set(&lu->err, ERR_NOMEM, "%s", "");
	swap_give_up(lu);
}

/* --- both ------------------------------------------------------------------------------------- */

static int may_set_path(const struct lu *lu, const char *path, struct err *err)
{
	if (!lu->dev->needs_store)
		return err_set(err, ERR_INVALID_REQUEST, "a %s has no backing store",
			       lu->dev->show_name);
	if (lu->online && !path)
		return err_set(err, ERR_LUN_ACTIVE, "set online=0 before the medium is taken out");
	if (lu->online && lu->n_prevent)
		return err_set(err, ERR_PREVENT_REMOVAL,
			       "an initiator has prevented the removal of the medium");
	if (lu->opening || lu->dying || (!lu->online && (lu->ts.n_tasks || lu->n_holds)))
		return err_set(err, ERR_LUN_ACTIVE, "LUN %" PRIu64 " is busy", lu->lun);
	if (scsi_result_info(lu->background)->key == SK_NOT_READY)
		return err_set(err, ERR_LUN_ACTIVE, "LUN %" PRIu64 " is being formatted or sanitized",
			       lu->lun);
	return 0;
}

static int copy(char **to, const char *from, struct err *err)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : err_set(err, ERR_NOMEM, "%s", "");
}

/* Takes @path over. */
static int prepare(struct lu *lu, char *path, struct err *err)
{
	if (!lu->online) {
		free(lu->path);
		lu->path = path;
		return 0;
	}
	lu->swap = calloc(1, sizeof(*lu->swap));
	if (!lu->swap) {
		free(path);
		return err_set(err, ERR_NOMEM, "%s", "");
	}
	lu->swap->lu = lu;
	lu->swap->path = path;
	return 0;
}

void lu_set_path(struct lu *lu, const char *path, void (*done)(void *arg, const struct err *err),
		 void *arg)
{
	struct err err = { .code = ERR_OK };
	char *mine = NULL;

	if (may_set_path(lu, path, &err) || copy(&mine, path, &err) || prepare(lu, mine, &err)) {
		later_path_set(&lu->target->core->laters, done, arg, &err);
		return;
	}
	lu->opening = true;
	lu->err.code = ERR_OK;
	lu->path_set = done;
	lu->done_arg = arg;
	lu_later(lu, lu->swap ? swap_begin : offline_begin);
}
