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
#include "iscsi/fast_abort.h"
#include "iscsi/iscsi.h"
#include "iscsi/pdu.h"
#include "iscsi/reassign.h"
#include "iscsi/reject.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/unacked.h"
#include "iscsi/window.h"
#include "target/core.h"
#include "target/nexus.h"
#include "target/target.h"

#define TMF_MAX (2 * IMMEDIATE_MAX) /* so that there is room to abort immediate commands */

static const struct iscsi_tmf_req *request(const struct iscsi_task *task)
{
	return (const void *)task->tmf_req;
}

static uint8_t function_of(const struct iscsi_tmf_req *req)
{
	return req->flags & 0x7f;
}

static bool is_reset(uint8_t function)
{
	return function == TMF_TARGET_WARM_RESET || function == TMF_TARGET_COLD_RESET;
}

/* Functions that take all commands of a logical unit, of the target, or of the nexus. */
static bool is_task_set(uint8_t function)
{
	return function == TMF_ABORT_TASK_SET || function == TMF_CLEAR_TASK_SET ||
	       function == TMF_LUN_RESET || function == TMF_NEXUS_RESET || is_reset(function);
}

/* Those that have no logical unit. */
static bool is_wide(uint8_t function)
{
	return function == TMF_NEXUS_RESET || is_reset(function);
}

/* RFC 7144 6.3: before protocol level 2 their codes mean nothing. */
static bool is_new(uint8_t function)
{
	return function >= TMF_QUERY_TASK && function <= TMF_QUERY_ASYNC_EVENT;
}

static void close_session(struct iscsi_session *s)
{
	struct iscsi_conn *conn;

	list_for_each(conn, &s->conns, link)
		conn_close_when_sent(conn);
}

/* TARGET COLD RESET ends the sessions after its response (RFC 7143 11.5.1). */
static void close_all_sessions(const struct iscsi_target *target)
{
	struct iscsi_session *s;

	list_for_each(s, &iscsi.sessions, link)
		if (s->target == target)
			close_session(s);
}

/* What follows the response. RFC 7144 6.3: I_T NEXUS RESET drops the session, and nothing of it is kept. */
static void responded(struct iscsi_session *s, uint8_t function)
{
	if (function == TMF_TARGET_COLD_RESET) {
		close_all_sessions(s->target);
	} else if (function == TMF_NEXUS_RESET) {
		s->ending = true;
		close_session(s);
	}
}

static void response_sent(struct iscsi_pdu *pdu)
{
	struct iscsi_task *task = pdu->arg;

	task->pdus_out--;
	task_check_done(task);
}

bool task_mgmt_is_of_many(const struct iscsi_task *task)
{
	uint8_t function = function_of(request(task));

	/* The session of a nexus that is reset goes, whatever is on its way. */
	return is_task_set(function) && function != TMF_NEXUS_RESET;
}

void task_mgmt_respond(struct iscsi_task *task)
{
	struct iscsi_pdu *pdu = &task->rsp;
	struct iscsi_session *s = task->conn->session;
	uint8_t function = function_of(request(task)), response = task->tmf.response;

	task->responding = true;
	task_uncount(task);
	pdu_init(pdu, task->conn, ISCSI_OP_TMF_RSP, response_sent);
	pdu->arg = task;
	pdu->tmf.response = response;
	memcpy(pdu->tmf.info, task->tmf.info, sizeof(pdu->tmf.info));
	be32_put(&pdu->tmf.itt, task->itt);
	task->pdus_out++;
	pdu_send(pdu);
	if (response == TMF_RSP_COMPLETE)
		responded(s, function);
}

static void respond(struct iscsi_task *task, enum tmf_response response)
{
	task->ended = true;
	task->tmf.response = (uint8_t)response;
	if (unlikely(task->conn->session->fence.needed) && fence_hold(task))
		return;
	task_mgmt_respond(task);
}

/* What follows from it must not come before it: no fence holds it. */
static void respond_now(struct iscsi_task *task, enum tmf_response response)
{
	task->ended = true;
	task->tmf.response = (uint8_t)response;
	task_mgmt_respond(task);
}

void iscsi_tmf_respond(struct tmf *tmf)
{
	struct iscsi_task *task = container_of(tmf, struct iscsi_task, tmf);

	if (conn_ending(task->conn)) {
		task->ended = true;
		task->no_response = true;
		task_defer_free(task);
		return;
	}
	respond(task, tmf->response);
}

/* It is here, and its turn has not come. */
static bool is_early(const struct iscsi_task *victim)
{
	return victim && !victim->is_tmf && !victim->submitted && !victim->hole;
}

/*
 * RFC 7143 11.6.1, RFC 7144 6.3.3: a command that is not here, and whose number could still come,
 * counts as received. False: there is none, or no memory.
 */
static bool plug(struct iscsi_task *task)
{
	const struct iscsi_tmf_req *req = request(task);
	uint32_t ref_sn = be32_get(req->ref_cmd_sn);

	if (!sn_before(ref_sn, task->cmd_sn) ||
	    window_check(task->conn->session, ref_sn, false) == WINDOW_DROP)
		return false;
	return !command_skip(task->conn, be32_get(req->ref_itt), ref_sn);
}

/* ABORT TASK of a command that has not arrived, or whose turn has not come (RFC 7143 11.5.5). */
static bool abort_unseen(struct iscsi_task *task, struct iscsi_task *victim)
{
	if (!is_early(victim))
		return !victim && plug(task);
	task_forget_rx(victim);
	victim->hole = true;
	return true;
}

/* QUERY TASK where the target need not be asked (RFC 7144 6.3). False: it must. */
static bool query_unseen(struct iscsi_task *task, struct iscsi_task *victim,
			 enum tmf_response *response)
{
	*response = is_early(victim) ? TMF_RSP_SUCCEEDED : TMF_RSP_COMPLETE;
	return is_early(victim) || (!victim && plug(task));
}

/* --- commands that the target is done with, but not the initiator --- */

/*
 * The response waits for the end of the unsolicited data (command.c). An initiator that aborts the
 * command need not send any more of that, and may use the tag again.
 */
static bool drop_held(struct iscsi_task *victim)
{
	if (!victim || victim->is_tmf || !victim->ended || victim->responding || victim->no_response)
		return false;
	task_forget_rx(victim);
	victim->no_response = true;
	task_uncount(victim);
	task_check_done(victim);
	return true;
}

static void drop_held_of(const struct list *conns, const uint8_t *lun)
{
	struct iscsi_task *task, *tmp;
	struct iscsi_conn *conn;

	list_for_each(conn, conns, link)
		list_for_each_safe(task, tmp, &conn->tasks, conn_link)
			if (!lun || !task->ended || task->is_tmf ||
			    !memcmp(task->cmd.lun, lun, SCSI_LUN_LEN))
				drop_held(task);
}

/* The new allegiance begins with the response (RFC 7143 11.6). */
static void take_over(struct iscsi_task *task)
{
	const struct iscsi_tmf_req *req = request(task);
	struct iscsi_conn *conn = task->conn;
	struct iscsi_task *moved = NULL;
	enum tmf_response response = reassign_check(conn, be32_get(req->ref_itt), &moved);

	respond_now(task, response);
	if (response == TMF_RSP_COMPLETE && !conn_ending(conn))
		reassign(moved, conn, be32_get(req->exp_data_sn));
}

/* RFC 7144 6.3: whoever asks after a task of a connection that has logged out takes it over. */
static bool query_takes_over(struct iscsi_task *task)
{
	struct iscsi_conn *conn = task->conn;
	struct iscsi_task *moved = NULL;

	if (reassign_check(conn, be32_get(request(task)->ref_itt), &moved) != TMF_RSP_COMPLETE)
		return false;
	respond_now(task, TMF_RSP_SUCCEEDED);
	if (!conn_ending(conn))
		reassign(moved, conn, 0);
	return true;
}

/* Functions that name a task (RFC 7143 11.5.1, RFC 7144 6.3). False: they are for the target. */
static bool run_of_one(struct iscsi_task *task)
{
	uint8_t function = function_of(request(task));
	struct iscsi_task *victim;
	enum tmf_response response = TMF_RSP_COMPLETE;

	if (function != TMF_ABORT_TASK && function != TMF_QUERY_TASK)
		return false;
	victim = task_find(task->conn->session, be32_get(request(task)->ref_itt));
	if (victim && victim->is_tmf)
		response = TMF_RSP_REJECTED;
	else if (function == TMF_QUERY_TASK && query_takes_over(task))
		return true;
	else if (function == TMF_QUERY_TASK ? !query_unseen(task, victim, &response) :
					      !drop_held(victim) && !abort_unseen(task, victim))
		return false;
	respond(task, response);
	return true;
}

static void forget_held(struct iscsi_task *task)
{
	const struct iscsi_tmf_req *req = request(task);
	struct iscsi_session *s = task->conn->session;
	const uint8_t *lun = is_wide(function_of(req)) ? NULL : req->lun;

	drop_held_of(&s->conns, lun);
	drop_held_of(&s->lost, lun);
}

void task_mgmt_run(struct iscsi_task *task)
{
	const struct iscsi_tmf_req *req = request(task);
	struct iscsi_session *s = task->conn->session;
	uint8_t function = function_of(req);

	task->submitted = true;
	if (is_new(function) && s->params.protocol_level < 2) {
		respond(task, TMF_RSP_NOT_SUPPORTED);
		return;
	}
	if (function == TMF_TASK_REASSIGN) {
		take_over(task);
		return;
	}
	if (run_of_one(task))
		return;
	if (is_task_set(function)) {
		forget_held(task);
		/* All whom a reset of the nexus concerns lose their connections. */
		if (function != TMF_NEXUS_RESET)
			fast_abort_tell(task);
	}
	task->tmf.nexus = s->nexus;
	task->tmf.function = function;
	task->tmf.tag = be32_get(req->ref_itt);
	memcpy(task->tmf.lun, req->lun, sizeof(task->tmf.lun));
	target_tmf(&task->tmf);
}

/*
 * RFC 7143 4.2.3.3: the commands that were sent before an immediate function are affected by it, so
 * they come first. A number beyond the window is no gap that will be filled.
 */
static bool must_wait(const struct iscsi_session *s, const struct iscsi_tmf_req *req)
{
	uint32_t cmd_sn = be32_get(req->cmd_sn);

	return is_task_set(function_of(req)) && sn_before(s->exp_cmd_sn, cmd_sn) &&
	       !sn_before(s->max_cmd_sn + 1, cmd_sn);
}

void task_mgmt_header(struct iscsi_conn *conn)
{
	const struct iscsi_tmf_req *req = (const void *)conn->rx.hdr;
	struct iscsi_session *s = conn->session;
	bool immediate = req->opcode & ISCSI_IMMEDIATE;
	enum window_verdict verdict;
	struct iscsi_task *task;

	verdict = window_check(s, be32_get(req->cmd_sn), immediate);
	if (verdict == WINDOW_DROP)
		return;
	if (immediate && s->n_immediate >= TMF_MAX) {
		reject_send(conn, REJECT_TOO_MANY_IMMEDIATE);
		return;
	}
	if (unacked_tag_in_use(s, be32_get(req->itt))) {
		reject_send(conn, REJECT_TASK_IN_PROGRESS);
		return;
	}
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
	if (verdict == WINDOW_EARLY || (immediate && must_wait(s, req))) {
		command_queue_early(task);
		return;
	}
	s->exp_cmd_sn += !immediate;
	task_mgmt_run(task);
	command_run_early(s);
}
