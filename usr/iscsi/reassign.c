/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks that change their connection (reassign.h). Called by task_mgmt.c.
 */
#include "iscsi/reassign.h"

#include "iscsi/conn.h"
#include "iscsi/datain.h"
#include "iscsi/r2t.h"
#include "iscsi/recovery.h"
#include "iscsi/session.h"
#include "iscsi/task.h"

enum tmf_response reassign_check(const struct iscsi_conn *conn, uint32_t itt,
				 struct iscsi_task **task)
{
	const struct iscsi_conn *old;

	if (conn->session->params.erl < 2)
		return TMF_RSP_NO_REASSIGN;
	*task = task_find(conn->session, itt);
	if (!*task || (*task)->is_tmf || !(*task)->submitted || (*task)->no_response)
		return TMF_RSP_NO_TASK;
	old = (*task)->conn;
	if (!old->closing || (old->kept && !old->recovered))
		return TMF_RSP_STILL_ALLEGIANT;
	return old->kept ? TMF_RSP_COMPLETE : TMF_RSP_NO_TASK;
}

void reassign(struct iscsi_task *task, struct iscsi_conn *conn, uint32_t exp_data_sn)
{
	task_move(task, conn);
	list_del(&task->early_link); /* no fence holds its response any more (fence.c) */
	task->cmd.io = &conn->path.io; /* the other goes */
	recovery_progress(task);
	/* What was under way on the old connection will not come; a SNACK tag does not hold any more. */
	task->unsolicited_open = false;
	task->rec.snack_tag = 0;
	task->rec.resegment = false;
	r2t_forget(task);
	if (task->ended) {
		datain_resume(task, exp_data_sn);
		return;
	}
	if (exp_data_sn < task->r2t_sn)
		task->r2t_sn = exp_data_sn;
	if (task->data_wanted)
		r2t_progress(task);
}
