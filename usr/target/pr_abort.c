/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What PREEMPT AND ABORT does to commands (SPC-4 5.9.11.5): those of preempted
 * nexuses are aborted as by a task management function of the target's own, which
 * ends when they have left. Called by pr.c.
 */
#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/pr_priv.h"
#include "target/target.h"
#include "target/taskset.h"
#include "target/tmf.h"

static void abort_in(struct list *tasks, const struct scsi_cmd *by, struct tmf *tmf)
{
	struct scsi_cmd *cmd, *tmp;

	list_for_each_safe(cmd, tmp, tasks, lu_link) {
		if (cmd == by || !cmd->itl->preempted || !cmd_alive(cmd))
			continue;
		cmd->preempted = true;
		/* SPC-4 7.5.8: TAS decides whether they hear of it by a status. */
		if (!cmd_abort(cmd, cmd->lu->tas))
			tmf->pending++;
	}
}

bool pr_abort(struct scsi_cmd *by, struct tmf *tmf, void (*ended)(struct tmf *tmf))
{
	struct lu *lu = by->lu;
	struct target *t = lu->target;
	struct itl *itl;

	*tmf = (struct tmf){ .nexus = by->nexus, .lu = lu, .ended = ended };
	list_init(&tmf->link);
	t->hold++;
	abort_in(&lu->ts.throttled, by, tmf);
	abort_in(&lu->ts.dormant, by, tmf);
	abort_in(&lu->ts.enabled, by, tmf);
	t->hold--;
	list_for_each(itl, &lu->itls, lu_link) {
		if (itl->preempted)
			itl_allow_removal(itl);
		itl->preempted = false;
	}
	if (tmf->pending)
		list_push_back(&t->tmfs, &tmf->link);
	taskset_advance(lu);
	return tmf->pending;
}
