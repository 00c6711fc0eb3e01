/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is told of a function that takes many commands (fast_abort.h). Called by task_mgmt.c.
 */
#include "iscsi/fast_abort.h"

#include <string.h>

#include "iscsi/async.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "scsi/lun.h"
#include "target/nexus_map.h"

struct scope {
	const struct iscsi_conn *issuer;
	const struct lu *lu; /* NULL: all that the issuer sees */
};

static bool same_lun(const uint8_t *a, const uint8_t *b)
{
	return lun_decode(a) == lun_decode(b);
}

/* Initiators may know a logical unit by different numbers (target/lun_map.h). */
static bool in_scope(const struct lu *lu, const struct scope *scope)
{
	if (scope->lu)
		return lu == scope->lu;
	return lu && nexus_lun_of(scope->issuer->session->nexus, lu) != LUN_INVALID;
}

static bool affected(const struct iscsi_task *task, const struct scope *scope)
{
	return !task->is_tmf && task->submitted && !task->ended && in_scope(task->cmd.lu, scope);
}

/* A task before @task on its connection is of the same LUN, so this LUN was told. */
static bool told(const struct iscsi_task *task, const struct scope *scope)
{
	const struct iscsi_task *prior;

	list_for_each(prior, &task->conn->tasks, conn_link) {
		if (prior == task)
			return false;
		if (affected(prior, scope) && same_lun(prior->cmd.lun, task->cmd.lun))
			return true;
	}
	return false;
}

/* One message for each logical unit with tasks of this connection. */
static void tell_conn(struct iscsi_conn *conn, const struct scope *scope)
{
	const struct iscsi_task *task;

	list_for_each(task, &conn->tasks, conn_link)
		if (affected(task, scope) && !told(task, scope))
			async_send_terminated(conn, task->cmd.lun);
}

static void tell_session(struct iscsi_session *s, const struct scope *scope)
{
	struct iscsi_conn *conn;

	if (s->params.task_reporting != REPORTING_FAST_ABORT)
		return;
	list_for_each(conn, &s->conns, link)
		if (conn != scope->issuer)
			tell_conn(conn, scope);
}

void fast_abort_tell(const struct iscsi_task *task)
{
	const struct iscsi_tmf_req *req = (const void *)task->tmf_req;
	uint8_t function = req->flags & 0x7f;
	bool reset = function == TMF_TARGET_WARM_RESET || function == TMF_TARGET_COLD_RESET;
	struct scope scope = { .issuer = task->conn };
	struct iscsi_session *own = task->conn->session, *s;

	if (!reset) {
		scope.lu = nexus_lu(own->nexus, lun_decode(req->lun), NULL);
		if (!scope.lu)
			return;
	}
	if (function == TMF_ABORT_TASK_SET) {
		tell_session(own, &scope);
		return;
	}
	list_for_each(s, &iscsi.sessions, link)
		if (s->target == own->target)
			tell_session(s, &scope);
}
