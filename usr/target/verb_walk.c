/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking targets and logical units in pieces (verb_walk.h). Between steps only numbers
 * are kept, for what they stood for may be gone.
 */
#include "target/verb_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/verb.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/target.h"

/* The first target above @tid. A list, but only looked at when the one we stood at is gone. */
static struct target *target_above(const struct core *core, uint32_t tid)
{
	struct target *t = tid ? target_by_tid(core, tid) : NULL;

	if (t)
		return target_next(core, t);
	for (t = target_next(core, NULL); t && t->tid <= tid; t = target_next(core, t))
		;
	return t;
}

static const struct lu *lu_above(const struct target *t, bool any, uint64_t lun)
{
	const struct lu *at = any ? target_lu(t, lun) : NULL;
	const struct list *l = at && !at->opening ? at->link.next : t->lus.next;

	for (; l != &t->lus; l = l->next) {
		const struct lu *lu = container_of(l, struct lu, link);

		if (!any || lu->lun > lun)
			return lu;
	}
	return NULL;
}

/* Nexuses are listed in the order they came. */
static const struct nexus *nexus_above(const struct verb_walk *w, const struct target *t)
{
	const struct list *l = w->nexus ? w->nexus->link.next : t->nexuses.next;

	for (; l != &t->nexuses; l = l->next) {
		const struct nexus *n = container_of(l, struct nexus, link);

		if (n->seq > w->nexus_seq)
			return n;
	}
	return NULL;
}

static int next_nexus(struct verb_walk *w)
{
	struct target *t = target_by_tid(w->call->context, w->tid);
	const struct nexus *nexus = t && w->ops->nexus ? nexus_above(w, t) : NULL;
	int n;

	if (!nexus)
		return 0;
	w->nexus = nexus;
	w->nexus_seq = nexus->seq;
	n = w->ops->nexus(w, nexus);
	return n ? n : 1;
}

/* One LUN more of the target that the walk is in; weight, -ENOMEM, or 0 when there is none. */
static int next_lu(struct verb_walk *w)
{
	struct target *t = target_by_tid(w->call->context, w->tid);
	const struct lu *lu = t && w->ops->lu ? lu_above(t, w->any_lun, w->lun) : NULL;
	int n;

	if (!lu)
		return 0;
	w->any_lun = true;
	w->lun = lu->lun;
	n = w->ops->lu(w, lu);
	return n ? n : 1;
}

static void enter(struct verb_walk *w)
{
	w->inside = true;
	w->at_lus = w->any_lun = false;
	w->nexus = NULL;
	w->nexus_seq = 0;
}

static int next_target(struct verb_walk *w)
{
	struct target *t;
	int n;

	if (w->one)
		return 0;
	t = target_above(w->call->context, w->tid);
	if (!t)
		return 0;
	w->tid = t->tid;
	enter(w);
	n = w->ops->target ? w->ops->target(w, t) : 0;
	return n ? n : 1;
}

static int next(struct verb_walk *w)
{
	int n = w->inside && !w->at_lus ? next_nexus(w) : 0;

	if (n)
		return n;
	if (w->inside && !w->at_lus && w->ops->lus)
		w->ops->lus(w);
	w->at_lus = true;
	n = w->inside ? next_lu(w) : 0;
	if (n)
		return n;
	if (w->inside && w->ops->target_end)
		w->ops->target_end(w);
	w->inside = false;
	n = next_target(w);
	if (n || !w->ops->end || !w->ops->end(w))
		return n;
	w->round++;
	w->tid = 0;
	return 1;
}

int verb_walk_step(struct verb_walk *w)
{
	const struct core *core = w->call->context;
	int n = 1, left = loop_worked(core->loop) ? VERB_WALK_STEP_BUSY : VERB_WALK_STEP;

	w->nexus = NULL;
	while (n > 0 && left > 0) {
		n = next(w);
		left -= n;
	}
	if (!strbuf_ok(&w->call->text))
		return -ENOMEM;
	return n > 0 ? -EINPROGRESS : n;
}

static void walk_free(struct verb_walk *w)
{
	stats_done(&w->sum);
	free(w);
}

static int failed(struct verb_call *call)
{
	strbuf_free(&call->text);
	return err_set(&call->err, ERR_NOMEM, "%s", "");
}

static void next_step(struct loop_call *c)
{
	struct verb_walk *w = container_of(c, struct verb_walk, step);
	struct verb_call *call = w->call;
	struct core *core = call->context;
	int r = verb_walk_step(w);

	if (r == -EINPROGRESS) {
		loop_call_queue(core->loop, &w->step);
		return;
	}
	if (r)
		failed(call);
	walk_free(w);
	verb_finish(call);
}

int verb_walk(struct verb_call *call, const struct verb_walk_ops *ops, const struct target *only)
{
	struct verb_walk *w = calloc(1, sizeof(*w));
	struct core *core = call->context;
	int r = 0;

	if (!w)
		return failed(call);
	w->call = call;
	w->ops = ops;
	loop_call_init(&w->step, LOOP_REAP, next_step);
	if (only) {
		w->tid = only->tid;
		w->one = true;
		enter(w);
		r = ops->target ? ops->target(w, only) : 0;
	}
	if (r >= 0)
		r = verb_walk_step(w);
	if (r == -EINPROGRESS) {
		loop_call_queue(core->loop, &w->step);
		return r;
	}
	walk_free(w);
	return r ? failed(call) : 0;
}
