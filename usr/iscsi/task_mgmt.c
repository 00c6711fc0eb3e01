/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task management requests. The target does the work; what concerns tasks that it has
 * not seen yet, because an earlier CmdSN is missing, is done here.
 */
#include "iscsi/task_mgmt.h"

#include <stdlib.h>
#include <string.h>

#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/pdu.h"
#include "iscsi/reject.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/window.h"
#include "target/core.h"
#include "target/nexus.h"
#include "target/target.h"

static const struct iscsi_tmf_req *request(const struct iscsi_task *task)
{
	return (const void *)task->tmf_req;
}

/* TARGET COLD RESET ends the sessions after its response (RFC 7143 11.5.1). */
static void close_all_sessions(struct iscsi_task *task)
{
	struct target *t = task->conn->session->target->t;
	struct iscsi_session *s;

	list_for_each(s, &iscsi.sessions, link) {
		struct iscsi_conn *conn;

		if (!s->target || s->target->t != t)
			continue;
		list_for_each(conn, &s->conns, link)
			conn_close_when_sent(conn);
	}
}

static void response_sent(struct iscsi_pdu *pdu)
{
	struct iscsi_task *task = pdu->arg;

	task->pdus_out--;
	task_check_done(task);
}

static void respond(struct iscsi_task *task, uint8_t response)
{
	struct iscsi_pdu *pdu = &task->rsp;
	bool cold = (request(task)->flags & 0x7f) == TMF_TARGET_COLD_RESET;

	task->ended = true;
	task->responding = true;
	task_uncount(task);
	pdu_init(pdu, task->conn, ISCSI_OP_TMF_RSP, response_sent);
	pdu->arg = task;
	pdu->tmf.response = response;
	be32_put(&pdu->tmf.itt, task->itt);
	task->pdus_out++;
	pdu_send(pdu);
	if (cold && response == TMF_RSP_COMPLETE)
		close_all_sessions(task);
}

void iscsi_tmf_respond(struct tmf *tmf)
{
	struct iscsi_task *task = container_of(tmf, struct iscsi_task, tmf);

	if (task->conn->closing) {
		task->ended = true;
		task->no_response = true;
		task_defer_free(task);
		return;
	}
	respond(task, tmf->response);
}

/*
 * RFC 7143 11.5.5 and 11.6.1: ABORT TASK of a command that has not arrived, or whose turn has
 * not come. Its CmdSN counts as received. True when the answer is in *@response.
 */
static bool abort_unseen(struct iscsi_task *task, uint8_t *response)
{
	const struct iscsi_tmf_req *req = request(task);
	struct iscsi_session *s = task->conn->session;
	struct iscsi_task *victim = task_find(s, be32_get(req->ref_itt));
	uint32_t ref_sn = be32_get(req->ref_cmd_sn);

	if (victim && !victim->is_tmf && !victim->submitted && !victim->hole) {
		task_forget_rx(victim);
		victim->hole = true;
		*response = TMF_RSP_COMPLETE;
		return true;
	}
	if (victim)
		return false;
	if (!sn_before(ref_sn, s->exp_cmd_sn) && sn_before(ref_sn, task->cmd_sn)) {
		struct iscsi_task *hole = task_new(task->conn, be32_get(req->ref_itt));

		if (!hole)
			return false;
		hole->hole = hole->header_taken = true;
		hole->cmd_sn = ref_sn;
		task_count(hole, false);
		command_queue_early(hole);
		*response = TMF_RSP_COMPLETE;
		return true;
	}
	return false;
}

void task_mgmt_run(struct iscsi_task *task)
{
	const struct iscsi_tmf_req *req = request(task);
	uint8_t function = req->flags & 0x7f, response;

	task->submitted = true;
	if (function == TMF_TASK_REASSIGN) {
		respond(task, TMF_RSP_NO_REASSIGN);
		return;
	}
	if (function == TMF_ABORT_TASK && abort_unseen(task, &response)) {
		respond(task, response);
		return;
	}
	task->tmf.nexus = task->conn->session->nexus;
	task->tmf.function = function;
	task->tmf.tag = be32_get(req->ref_itt);
	memcpy(task->tmf.lun, req->lun, sizeof(task->tmf.lun));
	target_tmf(&task->tmf);
}

void task_mgmt_header(struct iscsi_conn *conn)
{
	const struct iscsi_tmf_req *req = (const void *)conn->rx.hdr;
	struct iscsi_session *s = conn->session;
	bool immediate = req->opcode & ISCSI_IMMEDIATE;
	enum window_verdict verdict;
	struct iscsi_task *task;

	if (task_find(s, be32_get(req->itt))) {
		reject_send(conn, REJECT_TASK_IN_PROGRESS);
		return;
	}
	verdict = window_take(s, be32_get(req->cmd_sn), immediate);
	if (verdict == WINDOW_DROP)
		return;
	task = task_new(conn, be32_get(req->itt));
	if (!task) {
		conn_close(conn, "out of memory");
		return;
	}
	memset(&task->tmf, 0, sizeof(task->tmf));
	memcpy(task->tmf_req, conn->rx.hdr, sizeof(task->tmf_req));
	task->is_tmf = task->header_taken = true;
	task->cmd_sn = be32_get(req->cmd_sn);
	task_count(task, immediate);
	if (verdict == WINDOW_EARLY) {
		command_queue_early(task);
		return;
	}
	task_mgmt_run(task);
	command_run_early(s);
}
