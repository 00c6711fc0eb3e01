/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets: made and deleted by the verbs, looked up by transports at login and
 * discovery. A deleted target is out of reach at once and freed from the loop,
 * when its nexuses and then its LUs have gone.
 */
#include "target/target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/lun.h"
#include "scsi/names.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/lu_priv.h"
#include "target/nexus.h"
#include "target/qos.h"

static uint32_t name_hash(const char *name)
{
	char folded[SCSI_NAME_MAX + 1];

	name_fold(folded, name);
	return hash_str(folded);
}

struct target *target_by_tid(const struct core *core, uint32_t tid)
{
	struct hash_node *n;

	for (n = hash_first(&core->by_tid, hash_u64(tid)); n; n = hash_next(n)) {
		struct target *t = container_of(n, struct target, tid_node);

		if (t->tid == tid)
			return t;
	}
	return NULL;
}

struct target *target_by_name(const struct core *core, const char *name)
{
	struct hash_node *n;

	for (n = hash_first(&core->by_name, name_hash(name)); n; n = hash_next(n)) {
		struct target *t = container_of(n, struct target, name_node);

		if (name_equal(t->name, name))
			return t;
	}
	return NULL;
}

struct lu *target_lu(const struct target *t, uint64_t lun)
{
	struct hash_node *n;

	if (unlikely(lun == LUN_WLUN_REPORT_LUNS))
		return t->wlun;
	for (n = hash_first(&t->lu_table, hash_u64(lun)); n; n = hash_next(n)) {
		struct lu *lu = container_of(n, struct lu, node);

		if (lu->lun == lun)
			return lu;
	}
	return NULL;
}

struct target *target_next(const struct core *core, const struct target *after)
{
	const struct list *l = after ? after->link.next : core->targets.next;

	return l == &core->targets ? NULL : list_entry(l, struct target, link);
}

bool target_ready(const struct target *t)
{
	return !t->offline && !t->dying && !t->core->offline;
}

static void tell_transports(struct target *t)
{
	struct transport *const *tr = t->core->transports;

	for (unsigned int i = 0; tr[i]; i++)
		if ((t->told & 1u << i) && tr[i]->target_removed)
			tr[i]->target_removed(t);
}

static void reap(struct loop_call *c)
{
	struct target *t = container_of(c, struct target, reap);
	void (*deleted)(void *arg) = t->deleted;
	void *arg = t->deleted_arg;

	tell_transports(t);
	access_free(&t->access);
	qos_target_free(t);
	stats_done(&t->past);
	lun_maps_free(&t->lun_maps);
	port_groups_free(&t->port_groups);
	hash_free(&t->lu_table);
	free(t->name);
	free(t);
	if (deleted)
		deleted(arg);
}

static void drop_lus(struct target *t)
{
	t->lus_dropped = true;
	while (!list_empty(&t->lus))
		lu_drop(list_first(&t->lus, struct lu, link));
	if (t->wlun)
		lu_drop(t->wlun);
}

void target_check_gone(struct target *t)
{
	if (!t->dying || t->n_nexuses)
		return;
	if (!t->lus_dropped)
		drop_lus(t);
	if (!t->n_lus_left)
		loop_call_queue(t->core->loop, &t->reap);
}

/* Out of reach, and on its way out. */
static void unlink_target(struct target *t)
{
	t->dying = true;
	list_del(&t->link);
	hash_remove(&t->core->by_name, &t->name_node);
	hash_remove(&t->core->by_tid, &t->tid_node);
}

/* One at a time from the front: a transport may end several sessions at once. */
static void kill_nexuses(struct target *t, const char *why)
{
	struct nexus *n;
	bool again;

	do {
		again = false;
		list_for_each(n, &t->nexuses, link) {
			if (n->killed)
				continue;
			n->killed = again = true;
			n->transport->nexus_kill(n, why);
			break;
		}
	} while (again);
}

void target_set_offline(struct target *t, bool offline)
{
	t->offline = offline;
	if (offline)
		kill_nexuses(t, "the target goes offline");
}

int target_delete(struct target *t, bool force, void (*done)(void *arg), void *arg, struct err *err)
{
	if (t->dying)
		return err_set(err, ERR_NO_TARGET, "the target is being deleted already");
	if (t->n_nexuses && !force)
		return err_set(err, ERR_TARGET_ACTIVE, "target %" PRIu32 " has %u sessions", t->tid,
			       t->n_nexuses);
	t->deleted = done;
	t->deleted_arg = arg;
	unlink_target(t);
	kill_nexuses(t, "the target is being deleted");
	target_check_gone(t);
	return 0;
}

static struct transport *choose_transport(const struct core *core, const char *lld, struct err *err)
{
	struct transport *tr = lld ? core_transport(core, lld) : core->transports[0];

	if (tr && tr->state == TRANSPORT_READY)
		return tr;
	if (tr)
		err_set(err, ERR_NO_DRIVER, "driver %s is not running", tr->name);
	else
		err_set(err, ERR_NO_DRIVER, "there is no driver '%s'", lld ? lld : "");
	return NULL;
}

static int check_new(const struct core *core, uint32_t tid, const char *name, struct err *err)
{
	const char *fault = name_fault(name);

	if (!tid)
		return err_set(err, ERR_INVALID_REQUEST, "tid is a number from 1 on");
	if (fault)
		return err_set(err, ERR_INVALID_REQUEST, "target name '%.250s' %s", name, fault);
	if (target_by_tid(core, tid))
		return err_set(err, ERR_TARGET_EXISTS, "tid %" PRIu32 " is taken", tid);
	if (target_by_name(core, name))
		return err_set(err, ERR_TARGET_EXISTS, "there is a target %s", name);
	return 0;
}

static struct target *alloc(struct core *core, uint32_t tid, const char *name)
{
	struct target *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->name = strdup(name);
	if (!t->name) {
		free(t);
		return NULL;
	}
	t->core = core;
	t->tid = tid;
	list_init(&t->link);
	list_init(&t->lus);
	list_init(&t->opening);
	list_init(&t->nexuses);
	list_init(&t->leaving);
	list_init(&t->tmfs);
	list_init(&t->qos_rules);
	list_init(&t->qos_peers);
	access_init(&t->access);
	lun_maps_init(&t->lun_maps);
	port_groups_init(&t->port_groups);
	loop_call_init(&t->reap, LOOP_REAP, reap);
	return t;
}

static int publish(struct target *t)
{
	struct list *at = t->core->targets.prev;

	if (hash_insert(&t->core->by_name, &t->name_node, name_hash(t->name)))
		return -ENOMEM;
	if (hash_insert(&t->core->by_tid, &t->tid_node, hash_u64(t->tid))) {
		hash_remove(&t->core->by_name, &t->name_node);
		return -ENOMEM;
	}
	while (at != &t->core->targets && list_entry(at, struct target, link)->tid > t->tid)
		at = at->prev;
	list_insert_between(&t->link, at, at->next);
	return 0;
}

/* LUN 0, the well known LU, and what transports hang on the target. */
static int furnish(struct target *t, struct err *err)
{
	struct core *core = t->core;
	int r = lu_add_automatic(t, 0, core->default_dev, err);

	if (!r && core->wlun_dev)
		r = lu_add_automatic(t, LUN_WLUN_REPORT_LUNS, core->wlun_dev, err);
	for (unsigned int i = 0; !r && core->transports[i]; i++) {
		struct transport *tr = core->transports[i];

		if (tr->state != TRANSPORT_READY)
			continue;
		r = tr->target_added ? tr->target_added(t, err) : 0;
		if (!r)
			t->told |= 1u << i;
	}
	return r;
}

int target_new(struct core *core, uint32_t tid, const char *name, const char *lld,
	       struct target **out, struct err *err)
{
	struct transport *tr;
	struct target *t;

	if (check_new(core, tid, name, err))
		return -EINVAL;
	tr = choose_transport(core, lld, err);
	if (!tr)
		return -EINVAL;
	t = alloc(core, tid, name);
	if (t && publish(t)) {
		free(t->name);
		free(t);
		t = NULL;
	}
	if (!t)
		return err_set(err, ERR_NOMEM, "%s", "");
	t->transport = tr;
	if (furnish(t, err)) {
		unlink_target(t);
		target_check_gone(t);
		return err_set(err, ERR_NOMEM, "%s", "");
	}
	*out = t;
	return 0;
}
