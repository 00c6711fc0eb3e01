/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nexuses: made and destroyed by the transport's sessions, freed from the loop
 * when the last command is back; and the I_T_L nexuses that commands use.
 */
#include "target/nexus.h"

#include <stdlib.h>
#include <string.h>

#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/nexus_map.h"
#include "target/pr.h"
#include "target/qos.h"
#include "target/reserve.h"
#include "target/target.h"
#include "target/taskset.h"
#include "target/ua.h"

static void reap(struct loop_call *c)
{
	struct nexus *n = container_of(c, struct nexus, reap);
	struct target *t = n->target;
	void (*destroyed)(void *arg) = n->destroyed;
	void *arg = n->destroyed_arg;

	while (!list_empty(&n->itl_list))
		itl_free(list_first(&n->itl_list, struct itl, nexus_link));
	while (!list_empty(&n->paths)) {
		struct stat_path *p = list_first(&n->paths, struct stat_path, link);

		list_del(&p->link);
		p->nexus = NULL;
	}
	stats_done(&n->past);
	list_del(&n->link);
	hash_free(&n->itls);
	qos_nexus_free(n);
	free(n->initiator);
	free(n);
	t->n_nexuses--;
	target_check_gone(t);
	if (destroyed)
		destroyed(arg);
}

void nexus_check_gone(struct nexus *n)
{
	if (n->dying && !n->n_cmds && !n->n_tmfs)
		loop_call_queue(n->target->core->loop, &n->reap);
}

struct nexus *nexus_create(struct target *t, struct transport *tr, const char *initiator,
			   const uint8_t isid[6], uint64_t sid, uint16_t rel_port, void *priv)
{
	struct nexus *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->initiator = strdup(initiator);
	if (!n->initiator) {
		free(n);
		return NULL;
	}
	n->target = t;
	n->transport = tr;
	n->priv = priv;
	n->sid = sid;
	n->seq = ++t->core->nexus_seq;
	n->rel_port = rel_port;
	if (isid)
		memcpy(n->isid, isid, sizeof(n->isid));
	port_group_enter(n);
	n->map = lun_maps_find(&t->lun_maps, n->initiator);
	list_init(&n->itl_list);
	list_init(&n->cmds);
	list_init(&n->paths);
	list_init(&n->watches);
	loop_call_init(&n->reap, LOOP_REAP, reap);
	if (qos_nexus_new(n)) {
		free(n->initiator);
		free(n);
		return NULL;
	}
	list_push_back(&t->nexuses, &n->link);
	t->n_nexuses++;
	return n;
}

/* Nothing is started in the meantime: what waits behind an aborted command may be next. */
void nexus_abort(struct nexus *n, bool (*which)(struct scsi_cmd *cmd, void *arg), void *arg)
{
	struct scsi_cmd *cmd, *tmp;
	struct itl *itl;

	n->target->hold++;
	list_for_each_safe(cmd, tmp, &n->cmds, nexus_link)
		if (cmd_alive(cmd) && which(cmd, arg))
			cmd_abort(cmd, false);
	n->target->hold--;
	list_for_each(itl, &n->itl_list, nexus_link)
		taskset_advance(itl->lu);
}

static bool each(struct scsi_cmd *cmd, void *arg)
{
	(void)cmd;
	(void)arg;
	return true;
}

void itl_allow_removal(struct itl *itl)
{
	struct lu *lu = itl->lu;

	if (!itl->prevent)
		return;
	itl->prevent = false;
	if (!--lu->n_prevent && lu->dev->removal_allowed)
		lu->dev->removal_allowed(lu);
}

static void tell_watches(struct nexus *n)
{
	struct list *l;

	while ((l = list_pop(&n->watches)) != NULL) {
		struct nexus_watch *w = list_entry(l, struct nexus_watch, link);

		w->gone(w);
	}
}

void nexus_destroy(struct nexus *n, void (*destroyed)(void *arg), void *arg)
{
	struct itl *itl;

	assert(!n->dying);
	n->dying = true;
	n->destroyed = destroyed;
	n->destroyed_arg = arg;
	list_del(&n->link);
	list_push_back(&n->target->leaving, &n->link);
	list_for_each(itl, &n->itl_list, nexus_link) {
		reserve_reset(itl->lu, n);
		itl_allow_removal(itl);
	}
	tell_watches(n);
	nexus_abort(n, each, NULL);
	nexus_check_gone(n);
}

static struct itl *find(struct nexus *n, uint64_t lun, uint32_t hash)
{
	struct hash_node *node;

	for (node = hash_first(&n->itls, hash); node; node = hash_next(node)) {
		struct itl *itl = container_of(node, struct itl, node);

		if (itl->lun == lun)
			return itl;
	}
	return NULL;
}

static struct itl *make(struct nexus *n, struct lu *lu, uint64_t lun, uint32_t hash)
{
	struct itl *itl = calloc(1, sizeof(*itl));

	if (!itl || hash_insert(&n->itls, &itl->node, hash)) {
		free(itl);
		return NULL;
	}
	itl->hashed = true;
	itl->nexus = n;
	itl->lu = lu;
	itl->limited = qos_applies(n, lu);
	itl->lun = lun;
	list_push_back(&n->itl_list, &itl->nexus_link);
	list_push_back(&lu->itls, &itl->lu_link);
	pr_itl_new(itl);
	ua_raise(itl, UA_POWER_ON);
	if (n->luns_changed)
		ua_raise(itl, UA_LUNS_CHANGED);
	return itl;
}

struct itl *nexus_itl(struct nexus *n, uint64_t lun)
{
	uint32_t hash = hash_u64(lun);
	struct itl *itl = find(n, lun, hash);
	bool readonly = false;
	struct lu *lu;

	if (!itl) {
		lu = nexus_lu(n, lun, &readonly);
		itl = lu ? make(n, lu, lun, hash) : NULL;
		if (itl)
			itl->readonly = readonly;
	}
	if (itl)
		n->last_itl = itl;
	return itl;
}

void itl_unhash(struct itl *itl)
{
	if (!itl->hashed)
		return;
	hash_remove(&itl->nexus->itls, &itl->node);
	itl->hashed = false;
	if (itl->nexus->last_itl == itl)
		itl->nexus->last_itl = NULL;
}

void itl_free(struct itl *itl)
{
	itl_unhash(itl);
	itl_allow_removal(itl);
	list_del(&itl->nexus_link);
	list_del(&itl->lu_link);
	free(itl);
}
