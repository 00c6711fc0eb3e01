/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCSI Command PDUs (RFC 7143 11.3). The command goes to the target as soon as its
 * header is complete, so that its data can be received where it belongs. A response
 * waits until the initiator has stopped sending unsolicited data for the task.
 */
#include "iscsi/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/iov.h"
#include "base/pool.h"
#include "iscsi/conn.h"
#include "iscsi/data_out.h"
#include "iscsi/iscsi.h"
#include "iscsi/r2t.h"
#include "iscsi/reject.h"
#include "iscsi/rx.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/task_mgmt.h"
#include "iscsi/unacked.h"
#include "iscsi/window.h"
#include "target/cmd.h"
#include "target/core.h"
#include "target/nexus.h"

/* --- the additional header segments (RFC 7143 11.2.2) --- */

/* The CDB's bytes 16 and on. */
static int extend_cdb(struct iscsi_task *task, const uint8_t *bhs_cdb, const uint8_t *ext,
		      uint32_t len)
{
	uint8_t *cdb = task->cdb;

	if (16 + len > SCSI_CDB_MAX)
		return -EINVAL;
	if (16 + len > sizeof(task->cdb)) {
		cdb = task->cdb_ext = malloc(16 + len);
		if (!cdb)
			return -ENOMEM;
	}
	memcpy(cdb, bhs_cdb, 16);
	memcpy(cdb + 16, ext, len);
	task->cmd.cdb = cdb;
	task->cmd.cdb_len = (uint16_t)(16 + len);
	return 0;
}

static int parse_ahs(struct iscsi_conn *conn, struct iscsi_task *task)
{
	const struct iscsi_scsi_cmd *req = (const void *)conn->rx.hdr;
	const uint8_t *p = conn->rx.ahs, *end = p + conn->rx.ahs_len;
	bool seen_cdb = false, seen_bidi = false;

	while (p < end) {
		const struct iscsi_ahs *ahs = (const void *)p;
		uint32_t len;

		if (end - p < 4)
			return -EINVAL;
		len = be16_get(ahs->len);
		if (len + 3 > (uint32_t)(end - p))
			return -EINVAL;
		if (ahs->type == ISCSI_AHS_EXT_CDB && len > 1 && !seen_cdb) {
			int r = extend_cdb(task, req->cdb, p + 4, len - 1);

			if (r)
				return r;
			seen_cdb = true;
		} else if (ahs->type == ISCSI_AHS_BIDI_READ && len == 5 && !seen_bidi) {
			task->cmd.in_edtl = get_be32(p + 4);
			seen_bidi = true;
		} else {
			return -EINVAL;
		}
		p += round_up(len + 3, 4);
	}
	return 0;
}

/* --- the header --- */

static void set_lengths(struct iscsi_task *task, const struct iscsi_scsi_cmd *req)
{
	uint32_t edtl = be32_get(req->edtl);

	if (req->flags & ISCSI_CMD_WRITE)
		task->cmd.out_edtl = edtl;
	else if (req->flags & ISCSI_CMD_READ)
		task->cmd.in_edtl = edtl;
}

/* Immediate and unsolicited data against what was negotiated (RFC 7143 13.10, 13.11, 13.14). */
static const char *check_data(const struct iscsi_conn *conn, const struct iscsi_scsi_cmd *req)
{
	const struct iscsi_params *p = &conn->params;
	uint32_t imm = conn->rx.data_len, edtl = be32_get(req->edtl);
	bool write = req->flags & ISCSI_CMD_WRITE, final = req->flags & ISCSI_FINAL;

	if (be32_get(req->itt) == ISCSI_RESERVED_TAG)
		return "a command with the reserved tag";
	if (imm && !write)
		return "data with a command that does not write";
	if (imm && !p->immediate_data)
		return "immediate data where none was agreed";
	if (imm > edtl || (imm && imm > p->first_burst))
		return "more immediate data than was agreed";
	if (!final && !write)
		return "a command that does not write must be final";
	if (!final && p->initial_r2t)
		return "unsolicited data where none was agreed";
	return NULL;
}

static void begin_unsolicited(struct iscsi_conn *conn, struct iscsi_task *task,
			      const struct iscsi_scsi_cmd *req)
{
	uint32_t burst = min_u32(conn->params.first_burst, be32_get(req->edtl));

	task->unsolicited_open = !(req->flags & ISCSI_FINAL);
	task->unsolicited_end = task->unsolicited_open ? burst : conn->rx.data_len;
}

static struct iscsi_task *parse(struct iscsi_conn *conn, const struct iscsi_scsi_cmd *req)
{
	struct iscsi_task *task = task_new(conn, be32_get(req->itt));
	struct scsi_cmd *cmd;
	int r;

	if (!task) {
		conn_close(conn, "out of memory");
		return NULL;
	}
	cmd = &task->cmd;
	scsi_cmd_init(cmd, conn->session->nexus);
	cmd->io = &conn->path.io;
	cmd->tag = task->itt;
	memcpy(cmd->lun, req->lun, sizeof(cmd->lun));
	cmd->attr = req->flags & ISCSI_CMD_ATTR;
	/* RFC 7144 5.1.1: reserved before protocol level 2. */
	if (conn->params.protocol_level >= 2)
		cmd->priority = req->priority >> 4;
	set_lengths(task, req);
	memcpy(task->cdb, req->cdb, 16);
	cmd->cdb = task->cdb;
	cmd->cdb_len = 16;
	r = conn->rx.ahs_len ? parse_ahs(conn, task) : 0;
	if (r) {
		task_free(task);
		if (r == -ENOMEM)
			conn_close(conn, "out of memory");
		else
			reject_and_close(conn, REJECT_PROTOCOL_ERROR, "bad additional header");
		return NULL;
	}
	begin_unsolicited(conn, task, req);
	return task;
}

/* --- running --- */

static void task_complete(struct iscsi_task *task, uint32_t len)
{
	if (unlikely(task->conn->any_order) && !data_out_scattered(task, 0, len))
		return;
	task->received = task->requested = len;
	if (task->ended)
		command_check_held(task);
	else if (task->submitted && task->data_wanted)
		r2t_progress(task);
}

static void pdu_complete(struct iscsi_conn *conn)
{
	struct iscsi_task *task = conn->rx.task;

	conn->rx.task = NULL;
	/* RFC 7143 7.7: as if it had not come; the initiator sends it again, with its number. */
	if (unlikely(conn->rx.bad_data) && task) {
		task_free(task);
		return;
	}
	if (task)
		task_complete(task, conn->rx.data_len);
	/* Not before: what comes after this one must not overtake it. */
	command_run_early(conn->session);
}

/* The data of a task whose turn has not come is kept aside, within the budget of all data. */
static int prepare_early(struct iscsi_task *task)
{
	uint32_t size = task->unsolicited_end;

	if (!size)
		return 0;
	task->early_data = buf_get(&iscsi.core->bufs, size);
	if (!task->early_data)
		return -ENOMEM;
	task->early_size = size;
	task->early_iov = (struct iovec){ task->early_data, size };
	return 0;
}

void command_queue_early(struct iscsi_task *task)
{
	struct iscsi_session *s = task->conn->session;
	struct iscsi_task *pos;

	/* An immediate one does not use up its number: the command that does comes after it. */
	list_for_each(pos, &s->early, early_link)
		if (sn_before(task->cmd_sn, pos->cmd_sn) ||
		    (task->immediate && task->cmd_sn == pos->cmd_sn && !pos->immediate))
			break;
	/* Before @pos, which is the head when none is later. */
	list_push_back(&pos->early_link, &task->early_link);
}

int command_skip(struct iscsi_conn *conn, uint32_t itt, uint32_t cmd_sn)
{
	struct iscsi_task *hole = task_new(conn, itt);

	if (!hole)
		return -ENOMEM;
	hole->hole = hole->header_taken = true;
	hole->cmd_sn = cmd_sn;
	task_count(hole, false);
	command_queue_early(hole);
	return 0;
}

bool command_take_number(struct iscsi_conn *conn)
{
	/* CmdSN stands at the same place in everything that has one. */
	const struct iscsi_nop_out *req = (const void *)conn->rx.hdr;
	bool immediate = req->opcode & ISCSI_IMMEDIATE;
	uint32_t cmd_sn = be32_get(req->cmd_sn);

	switch (window_take(conn->session, cmd_sn, immediate)) {
	case WINDOW_DUE:
		if (!immediate)
			command_run_early(conn->session);
		return true;
	case WINDOW_EARLY:
		if (!command_skip(conn, be32_get(req->itt), cmd_sn))
			return true;
		conn_close(conn, "out of memory");
		return false;
	default:
		return false;
	}
}

static void submit(struct iscsi_task *task)
{
	task->submitted = true;
	if (task->is_tmf) {
		task_mgmt_run(task);
		return;
	}
	task->conn->stats.cmd_pdus++;
	target_submit(&task->cmd);
}

/* Where this PDU's own data goes, now that the target has or has not made room. */
static void receive_data(struct iscsi_conn *conn, struct iscsi_task *task)
{
	conn->rx.complete = pdu_complete;
	conn->rx.task = task;
	if (task->early_data)
		rx_data_to(conn, &task->early_iov, 1, 0, task->early_size);
	else if (task->submitted && !task->ended && task->cmd.out.iov)
		rx_data_to(conn, task->cmd.out.iov, task->cmd.out.iovcnt, 0, task->cmd.out.len);
}

static void run_early_task(struct iscsi_task *task)
{
	struct scsi_cmd *cmd = &task->cmd;

	if (task->hole) {
		task->no_response = true;
		task_check_done(task);
		return;
	}
	/* The target must not be told of data before it is in its place. */
	task->header_taken = task->is_tmf;
	submit(task);
	if (task->is_tmf)
		return;
	if (!task->ended && cmd->out.iov && task->early_data)
		iov_from_buf(cmd->out.iov, cmd->out.iovcnt, 0, task->early_data,
			     min_u32(task->received, cmd->out.len));
	task->header_taken = true;
	command_check_held(task);
	if (!task->ended)
		r2t_progress(task);
}

void command_run_early(struct iscsi_session *s)
{
	while (!list_empty(&s->early) && !s->dying) {
		struct iscsi_task *task = list_first(&s->early, struct iscsi_task, early_link);

		if (sn_before(s->exp_cmd_sn, task->cmd_sn) || task->conn->rx.task == task)
			return;
		if (!task->immediate)
			s->exp_cmd_sn++;
		list_del(&task->early_link);
		run_early_task(task);
	}
}

/* A command that may turn out not to have come, when its immediate data is complete. */
static bool doubtful(const struct iscsi_conn *conn)
{
	return unlikely(conn->recovers) && conn->data_digest && conn->rx.data_len;
}

void command_header(struct iscsi_conn *conn)
{
	const struct iscsi_scsi_cmd *req = (const void *)conn->rx.hdr;
	struct iscsi_session *s = conn->session;
	bool immediate = req->opcode & ISCSI_IMMEDIATE;
	enum window_verdict verdict;
	struct iscsi_task *task;
	const char *bad = check_data(conn, req);

	if (bad) {
		reject_and_close(conn, REJECT_PROTOCOL_ERROR, bad);
		return;
	}
	verdict = window_check(s, be32_get(req->cmd_sn), immediate);
	if (verdict == WINDOW_DROP)
		return;
	/* A rejected command's number is not used up (RFC 7143 7.3). */
	if (immediate && s->n_immediate >= IMMEDIATE_MAX) {
		reject_send(conn, REJECT_TOO_MANY_IMMEDIATE);
		return;
	}
	if (unacked_tag_in_use(s, be32_get(req->itt))) {
		reject_send(conn, REJECT_TASK_IN_PROGRESS);
		return;
	}
	task = parse(conn, req);
	if (!task)
		return;
	task->cmd_sn = be32_get(req->cmd_sn);
	task_count(task, immediate);
	if (verdict == WINDOW_DUE && !doubtful(conn)) {
		s->exp_cmd_sn += !immediate;
		submit(task);
	} else if (prepare_early(task)) {
		task_free(task);
		conn_close(conn, "out of memory");
		return;
	} else {
		if (verdict == WINDOW_DUE)
			task->cmd_sn = s->exp_cmd_sn; /* of an immediate one it is no turn to wait for */
		command_queue_early(task);
	}
	task->header_taken = true;
	if (conn->rx.data_len) {
		receive_data(conn, task);
		return;
	}
	task_complete(task, 0);
	if (unlikely(!list_empty(&s->early)))
		command_run_early(s);
}

/* --- back from the target --- */

int iscsi_alloc_data(struct scsi_cmd *cmd, struct scsi_data *d, uint32_t len)
{
	return task_of_cmd(cmd)->conn->ops->alloc_data(cmd, d, len);
}

void iscsi_free_data(struct scsi_cmd *cmd, struct scsi_data *d)
{
	task_of_cmd(cmd)->conn->ops->free_data(cmd, d);
}

void iscsi_data_out(struct scsi_cmd *cmd)
{
	struct iscsi_task *task = task_of_cmd(cmd);

	task->data_wanted = true;
	/* Immediate data is still to come with this very PDU: pdu_complete() goes on. */
	if (task->conn->rx.task == task || !task->header_taken)
		return;
	r2t_progress(task);
}

static void send_response(struct iscsi_task *task)
{
	if (unlikely(task->conn->session->fence.needed) && fence_hold(task))
		return;
	task->responding = true;
	task_uncount(task);
	task->conn->stats.rsp_pdus++;
	task->conn->ops->send_response(task);
}

void command_check_held(struct iscsi_task *task)
{
	if (!task->ended || task->responding || task->no_response || conn_ending(task->conn))
		return;
	if (task->unsolicited_open || task->conn->rx.task == task || !task->header_taken)
		return;
	send_response(task);
}

void iscsi_respond(struct scsi_cmd *cmd)
{
	struct iscsi_task *task = task_of_cmd(cmd);

	task->ended = true;
	r2t_end(task);
	if (task->conn->closing)
		task_defer_free(task);
	else
		command_check_held(task);
}

void iscsi_aborted(struct scsi_cmd *cmd)
{
	struct iscsi_task *task = task_of_cmd(cmd);

	task->ended = true;
	task->no_response = true;
	task_uncount(task);
	r2t_end(task);
	task_forget_rx(task);
	task_defer_free(task);
}
