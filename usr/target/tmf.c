/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task management. Transports call target_tmf(); commands that wait end there and
 * then, those in the store are waited for, and cmd_end() tells when they are
 * back.
 */
#include "target/tmf.h"

#include <string.h>

#include "base/tracing.h"
#include "scsi/lun.h"
#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/nexus_map.h"
#include "target/reserve.h"
#include "target/target.h"
#include "target/taskset.h"
#include "target/tmf_priv.h"
#include "target/transport.h"
#include "target/ua.h"

/* Who does not see a logical unit must not reset it, nor touch what others do there. */
static bool shows(const struct lun_map *map, const struct lu *lu)
{
	return !map || map->all || (lu && lun_map_lun(map, lu->lun));
}

static bool covers(const struct tmf *tmf, const struct scsi_cmd *cmd)
{
	if (tmf->ended)
		return cmd->preempted && cmd->lu == tmf->lu;
	if (cmd->seq >= tmf->seq || (tmf->lu && cmd->lu != tmf->lu))
		return false;
	if (tmf->map && cmd->nexus != tmf->nexus && !shows(tmf->map, cmd->lu))
		return false;
	if (tmf->function == TMF_ABORT_TASK && cmd->tag != tmf->tag)
		return false;
	return tmf->all_nexuses || cmd->nexus == tmf->nexus;
}

static void respond(struct tmf *tmf, enum tmf_response response)
{
	struct nexus *n = tmf->nexus;

	if (tmf->ended) {
		tmf->ended(tmf);
		return;
	}
	tmf->response = (uint8_t)response;
	lun_map_unref(tmf->map);
	tmf->map = NULL;
	trace_at(TRACE_TASK_MGMT, "%s from %s: function %02Xh, response %u", n->target->name, n->initiator,
		 tmf->function, response);
	n->transport->tmf_respond(tmf);
	n->n_tmfs--;
	nexus_check_gone(n);
}

void tmf_cmd_ended(struct target *t, const struct scsi_cmd *cmd, struct list *done)
{
	struct tmf *tmf, *tmp;

	list_for_each_safe(tmf, tmp, &t->tmfs, link) {
		if (!covers(tmf, cmd) || --tmf->pending)
			continue;
		list_del(&tmf->link);
		list_push_back(done, &tmf->link);
	}
}

void tmf_respond_all(struct list *done)
{
	struct list *l;

	while ((l = list_pop(done)) != NULL)
		respond(list_entry(l, struct tmf, link), TMF_RSP_COMPLETE);
}

/* The commands of one nexus that the function covers; returns how many there were. */
static unsigned int abort_of(struct tmf *tmf, struct nexus *n)
{
	struct scsi_cmd *cmd, *tmp;
	unsigned int found = 0;

	list_for_each_safe(cmd, tmp, &n->cmds, nexus_link) {
		if (!cmd_alive(cmd) || !covers(tmf, cmd))
			continue;
		found++;
		if (!cmd_abort(cmd, n != tmf->nexus && cmd->lu->tas))
			tmf->pending++;
	}
	return found;
}

/*
 * SAM-5 5.6: an initiator whose commands another cleared learns of it by their status
 * (TAS 1) or by a Unit Attention (TAS 0). Resets bring their own.
 */
static void tell_cleared(const struct tmf *tmf, struct nexus *n)
{
	struct itl *itl;

	if (tmf->function != TMF_CLEAR_TASK_SET || n == tmf->nexus || n->dying || tmf->lu->tas)
		return;
	itl = nexus_itl(n, nexus_lun_of(n, tmf->lu));
	if (itl)
		ua_raise(itl, UA_CLEARED_BY_OTHER);
}

static unsigned int abort_in(struct tmf *tmf, struct list *nexuses)
{
	unsigned int found = 0;
	struct nexus *n, *tmp;

	list_for_each_safe(n, tmp, nexuses, link) {
		unsigned int of_this = abort_of(tmf, n);

		if (of_this)
			tell_cleared(tmf, n);
		found += of_this;
	}
	return found;
}

/*
 * Of nexuses that are leaving, commands may still be in the store. They are aborted already, but
 * whoever clears or resets relies on it that their writes do not come after the response.
 */
static unsigned int abort_covered(struct tmf *tmf)
{
	struct target *t = tmf->nexus->target;

	if (!tmf->all_nexuses)
		return abort_of(tmf, tmf->nexus);
	return abort_in(tmf, &t->nexuses) + abort_in(tmf, &t->leaving);
}

static void advance(struct tmf *tmf, struct target *t)
{
	struct lu *lu;

	if (tmf->lu) {
		taskset_advance(tmf->lu);
		return;
	}
	list_for_each(lu, &t->lus, link)
		taskset_advance(lu);
	if (t->wlun)
		taskset_advance(t->wlun);
}

static void reset_lun(struct tmf *tmf)
{
	lu_reset(tmf->lu, UA_DEVICE_RESET);
}

/* SAM-5 6.3.2: a hard reset is a reset of each logical unit. */
static void reset_target(struct tmf *tmf)
{
	struct lu *lu;

	list_for_each(lu, &tmf->nexus->target->lus, link)
		if (shows(tmf->map, lu))
			lu_reset(lu, UA_BUS_RESET);
}

/* SAM-5 7.6: as if the nexus had been lost and come again. */
static void reset_nexus(struct tmf *tmf)
{
	struct itl *itl;

	list_for_each(itl, &tmf->nexus->itl_list, nexus_link) {
		reserve_reset(itl->lu, tmf->nexus);
		itl_allow_removal(itl);
		ua_raise(itl, UA_NEXUS_LOSS);
	}
}

static enum tmf_response query_tasks(struct tmf *tmf)
{
	struct scsi_cmd *cmd;

	list_for_each(cmd, &tmf->nexus->cmds, nexus_link) {
		if (!cmd_alive(cmd) || cmd->aborted || cmd->lu != tmf->lu)
			continue;
		if (tmf->function == TMF_QUERY_TASK_SET || cmd->tag == tmf->tag)
			return TMF_RSP_SUCCEEDED;
	}
	return TMF_RSP_COMPLETE;
}

/* UADE DEPTH of the additional response information (SAM-5 table 44) */
#define UADE_ONE 0x10
#define UADE_MORE 0x20

static enum tmf_response query_async_event(struct tmf *tmf)
{
	struct itl *itl = nexus_itl(tmf->nexus, nexus_lun_of(tmf->nexus, tmf->lu));
	const struct scsi_result_info *first;

	if (!itl || !itl->ua)
		return TMF_RSP_COMPLETE;
	first = scsi_result_info(ua_first(itl));
	tmf->info[0] = (uint8_t)((itl->ua & (itl->ua - 1) ? UADE_MORE : UADE_ONE) | first->key);
	tmf->info[1] = first->asc;
	tmf->info[2] = first->ascq;
	return TMF_RSP_SUCCEEDED;
}

/* What a function is about: a row with neither @aborts nor @query is not supported. */
static const struct function {
	bool whole_target; /* the LUN has no meaning */
	bool all_nexuses;
	bool aborts;
	enum tmf_response none_found;
	void (*effects)(struct tmf *tmf); /* after the commands have been taken away */
	enum tmf_response (*query)(struct tmf *tmf);
} functions[] = {
	[TMF_ABORT_TASK] = { .aborts = true, .none_found = TMF_RSP_NO_TASK },
	[TMF_ABORT_TASK_SET] = { .aborts = true },
	[TMF_CLEAR_TASK_SET] = { .aborts = true, .all_nexuses = true },
	[TMF_LUN_RESET] = { .aborts = true, .all_nexuses = true, .effects = reset_lun },
	[TMF_TARGET_WARM_RESET] = { .whole_target = true, .aborts = true, .all_nexuses = true,
				    .effects = reset_target },
	[TMF_TARGET_COLD_RESET] = { .whole_target = true, .aborts = true, .all_nexuses = true,
				    .effects = reset_target },
	[TMF_NEXUS_RESET] = { .whole_target = true, .aborts = true, .effects = reset_nexus },
	[TMF_QUERY_TASK] = { .query = query_tasks },
	[TMF_QUERY_TASK_SET] = { .query = query_tasks },
	[TMF_QUERY_ASYNC_EVENT] = { .query = query_async_event },
};

/* Takes the commands away, lets the others go on, responds now or when the last is back. */
static void abort_and_wait(struct tmf *tmf, const struct function *f)
{
	struct target *t = tmf->nexus->target;
	unsigned int found;
	bool waits;

	t->hold++;
	found = abort_covered(tmf);
	if (f->effects)
		f->effects(tmf);
	t->hold--;
	waits = tmf->pending;
	if (waits)
		list_push_back(&t->tmfs, &tmf->link);
	advance(tmf, t);
	if (!waits)
		respond(tmf, found ? TMF_RSP_COMPLETE : f->none_found);
}

void target_tmf(struct tmf *tmf)
{
	struct nexus *n = tmf->nexus;
	const struct function *f = tmf->function < ARRAY_SIZE(functions) ?
					   &functions[tmf->function] : &functions[0];

	trace_at(TRACE_TASK_MGMT, "%s from %s: function %02Xh, LUN %llu, tag %llx", n->target->name,
		 n->initiator, tmf->function, (unsigned long long)lun_decode(tmf->lun),
		 (unsigned long long)tmf->tag);
	n->n_tmfs++;
	n->tmfs++;
	n->target->n_tmf[tmf->function < TMF_COUNT ? tmf->function : 0]++;
	list_init(&tmf->link);
	tmf->pending = 0;
	memset(tmf->info, 0, sizeof(tmf->info));
	tmf->ended = NULL;
	tmf->seq = n->target->core->cmd_seq;
	tmf->all_nexuses = f->all_nexuses;
	tmf->lu = f->whole_target ? NULL : nexus_lu(n, lun_decode(tmf->lun), NULL);
	tmf->map = f->whole_target ? lun_map_ref(n->map) : NULL;
	/* CLEAR ACA is among those: without NORMACA there is no ACA condition to clear. */
	if (!f->aborts && !f->query)
		respond(tmf, TMF_RSP_NOT_SUPPORTED);
	else if (!f->whole_target && !tmf->lu)
		respond(tmf, TMF_RSP_NO_LUN);
	else if (f->query)
		respond(tmf, f->query(tmf));
	else
		abort_and_wait(tmf, f);
}
