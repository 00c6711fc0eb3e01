/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-In PDUs and the SCSI Response (datain.h). The status travels in the last
 * Data-In when it is GOOD, so a read is usually answered by one PDU, the one that
 * is embedded in the task.
 */
#include "iscsi/datain.h"

#include <string.h>

#include "base/iov.h"
#include "iscsi/conn.h"
#include "iscsi/pdu.h"
#include "iscsi/r2t.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/unacked.h"
#include "target/cmd.h"

static void task_pdu_sent(struct iscsi_task *task)
{
	task->pdus_out--;
	task_check_done(task);
}

/* Of a Data-In from the pool. */
static void piece_sent(struct iscsi_pdu *pdu)
{
	struct iscsi_task *task = pdu->arg;

	pdu_free(pdu);
	task_pdu_sent(task);
}

/* Of the PDU that is embedded in the task. */
static void last_sent(struct iscsi_pdu *pdu)
{
	task_pdu_sent(pdu->arg);
}

static uint8_t residual_flags(const struct scsi_residual *res, uint8_t over, uint8_t under)
{
	return res->over ? over : res->under ? under : 0;
}

/* The residual that the fields of a one-way command tell. */
static const struct scsi_residual *residual(const struct scsi_cmd *cmd)
{
	return cmd->out_edtl || cmd->out_res.over ? &cmd->out_res : &cmd->in_res;
}

static bool bidirectional(const struct scsi_cmd *cmd)
{
	return cmd->out_edtl && (cmd->in_edtl || cmd->in_len);
}

static void add_status(struct iscsi_task *task, struct iscsi_pdu *pdu)
{
	const struct scsi_residual *res = residual(&task->cmd);

	pdu->data_in.flags |= ISCSI_DIN_STATUS | residual_flags(res, ISCSI_DIN_OVER, ISCSI_DIN_UNDER);
	pdu->data_in.status = task->cmd.status;
	be32_put(&pdu->data_in.residual, res->count);
	pdu->status = true;
}

/* 11.7.2: at the end of each burst but the last, whose status is acknowledged. */
static __attribute__((noinline)) void ask_ack(struct iscsi_task *task, struct iscsi_pdu *pdu,
					      uint32_t end)
{
	if (end == task->cmd.in_len)
		return;
	if (!task->rec.data_tag)
		task->rec.data_tag = r2t_data_tag(task);
	if (!task->rec.data_tag)
		return;
	pdu->data_in.flags |= ISCSI_DIN_ACK;
	be32_put(&pdu->data_in.ttt, task->rec.data_tag);
	memcpy(pdu->data_in.lun, task->cmd.lun, sizeof(pdu->data_in.lun));
}

static void fill_data_in(struct iscsi_task *task, struct iscsi_pdu *pdu, uint32_t off, uint32_t len,
			 bool final)
{
	const struct scsi_data *in = &task->cmd.in;

	pdu->data_in.flags = final ? ISCSI_FINAL : 0;
	pdu->status = false;
	be32_put(&pdu->data_in.itt, task->itt);
	be32_put(&pdu->data_in.ttt, ISCSI_RESERVED_TAG);
	be32_put(&pdu->data_in.data_sn, task->data_sn++);
	be32_put(&pdu->data_in.offset, off);
	pdu->arg = task;
	pdu->data_len = len;
	pdu->data = pdu->one;
	pdu->data_cnt = iov_slice(in->iov, in->iovcnt, off, len, pdu->one, PDU_IOV);
	task->pdus_out++;
	task->conn->stats.data_in_pdus++;
	if (unlikely(task->conn->recovers) && final)
		ask_ack(task, pdu, off + len);
}

/* What of @len bytes PDU_IOV pieces of the buffer can describe. */
static __attribute__((noinline)) uint32_t describable(const struct scsi_data *in, uint32_t off,
						      uint32_t len)
{
	struct iovec iov[PDU_IOV];
	unsigned int n = iov_slice(in->iov, in->iovcnt, off, len, iov, PDU_IOV);

	return (uint32_t)iov_size(iov, n);
}

/* Length of the next segment: within the initiator's limit @most and within the burst. */
static uint32_t segment(const struct iscsi_task *task, uint32_t off, uint32_t burst_left,
			uint32_t most)
{
	const struct scsi_data *in = &task->cmd.in;
	uint32_t len = min_u32(most, task->cmd.in_len - off);

	len = min_u32(len, burst_left);
	return unlikely(in->iovcnt > 1) ? describable(in, off, len) : len;
}

/* All of the data; @status: the last PDU carries it. */
static int send_data(struct iscsi_task *task, bool status)
{
	struct iscsi_conn *conn = task->conn;
	uint32_t off = 0, end = task->cmd.in_len, burst_left = conn->params.max_burst;

	while (off < end) {
		uint32_t len = segment(task, off, burst_left, conn->params.max_xmit_dsl);
		bool last = off + len == end;
		struct iscsi_pdu *pdu = &task->rsp;

		burst_left -= len;
		if (last && status) {
			pdu_init(pdu, conn, ISCSI_OP_DATA_IN, last_sent);
		} else {
			pdu = pdu_new(conn, ISCSI_OP_DATA_IN);
			if (!pdu)
				return -1;
			pdu->sent = piece_sent;
		}
		fill_data_in(task, pdu, off, len, last || !burst_left);
		if (last && status)
			add_status(task, pdu);
		if (!burst_left)
			burst_left = conn->params.max_burst;
		off += len;
		pdu_send(pdu);
	}
	return 0;
}

/* SenseLength and the sense data (RFC 7143 11.4.7). */
static void add_sense(struct iscsi_task *task, struct iscsi_pdu *pdu)
{
	struct scsi_cmd *cmd = &task->cmd;

	if (!cmd->sense_len)
		return;
	be16_put(&task->sense_len, cmd->sense_len);
	pdu->one[0] = (struct iovec){ &task->sense_len, sizeof(task->sense_len) };
	pdu->one[1] = (struct iovec){ cmd->sense, cmd->sense_len };
	pdu->data = pdu->one;
	pdu->data_cnt = 2;
	pdu->data_len = (uint32_t)sizeof(task->sense_len) + cmd->sense_len;
}

static void send_status(struct iscsi_task *task)
{
	const struct scsi_cmd *cmd = &task->cmd;
	struct iscsi_pdu *pdu = &task->rsp;
	const struct scsi_residual *res = residual(cmd);

	pdu_init(pdu, task->conn, ISCSI_OP_SCSI_RSP, last_sent);
	pdu->arg = task;
	pdu->rsp.flags |= residual_flags(res, ISCSI_RSP_OVER, ISCSI_RSP_UNDER);
	be32_put(&pdu->rsp.residual, res->count);
	if (bidirectional(cmd)) {
		pdu->rsp.flags |= residual_flags(&cmd->in_res, ISCSI_RSP_BIDI_OVER,
						 ISCSI_RSP_BIDI_UNDER);
		be32_put(&pdu->rsp.bidi_residual, cmd->in_res.count);
	}
	pdu->rsp.response = ISCSI_RSP_COMPLETED;
	pdu->rsp.status = cmd->status;
	be32_put(&pdu->rsp.itt, task->itt);
	if (unlikely(task->conn->recovers))
		be32_put(&pdu->rsp.snack_tag, task->rec.snack_tag);
	/* The two share their numbers (RFC 7143 4.2.2.4). */
	be32_put(&pdu->rsp.exp_data_sn, task->data_sn ? task->data_sn : task->r2t_sn);
	add_sense(task, pdu);
	task->pdus_out++;
	pdu_send(pdu);
}

/* The status travels in the last Data-In. */
static bool status_in_data(const struct iscsi_task *task)
{
	const struct scsi_cmd *cmd = &task->cmd;

	return cmd->in_len && cmd->status == SAM_GOOD && !bidirectional(cmd) &&
	       likely(!(task->conn->recovers && task->rec.snack_tag));
}

/* From here on Data-In may be asked for again: DataSN @sn is that at @off. */
static void datain_begin(struct iscsi_task *task, uint32_t off, uint32_t sn)
{
	task->rec.base_off = off;
	task->rec.base_sn = sn;
	task->rec.segment = task->conn->params.max_xmit_dsl;
}

void datain_send(struct iscsi_task *task)
{
	bool in_data = status_in_data(task);

	/* A place of its own keeps the task until everything is queued. */
	task->pdus_out++;
	if (unlikely(bidirectional(&task->cmd)))
		task->data_sn = task->r2t_sn;
	if (unlikely(task->conn->recovers))
		datain_begin(task, 0, task->data_sn);
	if (send_data(task, in_data))
		conn_close(task->conn, "out of memory");
	else if (!in_data)
		send_status(task);
	/* We may be inside a call of the target, which frees nothing of its own there. */
	task->pdus_out--;
	if (!task->pdus_out)
		task_defer_free(task);
}

/* --- again (RFC 7143 11.16) ------------------------------------------------------------------- */

/* One Data-In that was sent before. Returns -1: no memory. */
static int send_piece(struct iscsi_task *task, uint32_t sn, uint32_t off, uint32_t len, bool final)
{
	struct iscsi_pdu *pdu = pdu_new(task->conn, ISCSI_OP_DATA_IN);
	uint32_t next = task->data_sn;

	if (!pdu)
		return -1;
	pdu->sent = piece_sent;
	task->data_sn = sn;
	fill_data_in(task, pdu, off, len, final);
	task->data_sn = max_u32(next, sn + 1);
	pdu_send(pdu);
	return 0;
}

/* Where the walk over all segments of a read is. */
struct walk {
	uint32_t off, sn, len, burst_left;
};

static struct walk walk_begin(const struct iscsi_task *task)
{
	return (struct walk){ task->rec.base_off, task->rec.base_sn, 0,
			      task->conn->params.max_burst };
}

/* False: the data has ended. */
static bool walk_segment(const struct iscsi_task *task, struct walk *w)
{
	if (w->off == task->cmd.in_len)
		return false;
	w->len = segment(task, w->off, w->burst_left, task->rec.segment);
	w->burst_left -= w->len;
	return true;
}

static void walk_next(const struct iscsi_task *task, struct walk *w)
{
	w->off += w->len;
	w->sn++;
	if (!w->burst_left)
		w->burst_left = task->conn->params.max_burst;
}

void datain_resend(struct iscsi_task *task, uint32_t first, uint32_t end)
{
	struct walk w = walk_begin(task);

	while (w.sn < end && !task->conn->closing && walk_segment(task, &w)) {
		bool last = w.off + w.len == task->cmd.in_len;

		if (w.sn >= first && last && status_in_data(task))
			unacked_resend_pdu(&task->rsp);
		else if (w.sn >= first && send_piece(task, w.sn, w.off, w.len, last || !w.burst_left))
			conn_close(task->conn, "out of memory");
		walk_next(task, &w);
	}
}

void datain_acked(struct iscsi_task *task, uint32_t sn)
{
	struct walk w = walk_begin(task);

	while (w.sn < sn && walk_segment(task, &w))
		walk_next(task, &w);
	task->rec.base_off = w.off;
	task->rec.base_sn = w.sn;
}

/* The status once more, by a SCSI Response of its own, with the number that it had. */
static void send_status_again(struct iscsi_task *task)
{
	struct iscsi_conn *conn = task->conn;
	uint32_t next = conn->stat_sn;

	conn->stat_sn = be32_get(task->rsp.rsp.stat_sn);
	task->pdus_out--;
	unacked_take(&task->rsp);
	send_status(task);
	conn->stat_sn = next;
}

/* All that is not acknowledged, in segments of the present length. False: no memory. */
static bool send_rest(struct iscsi_task *task)
{
	struct walk w;

	datain_begin(task, task->rec.base_off, task->rec.base_sn);
	task->data_sn = task->rec.base_sn;
	for (w = walk_begin(task); walk_segment(task, &w); walk_next(task, &w)) {
		bool last = w.off + w.len == task->cmd.in_len;

		if (send_piece(task, w.sn, w.off, w.len, last || !w.burst_left)) {
			conn_close(task->conn, "out of memory");
			return false;
		}
	}
	return true;
}

void datain_resegment(struct iscsi_task *task)
{
	if (!task->responding)
		return; /* the status will have the tag */
	task->rec.resegment = !task->rsp.kept;
	if (task->rec.resegment)
		return;
	if (send_rest(task))
		send_status_again(task);
}

void datain_resume(struct iscsi_task *task, uint32_t sn)
{
	/* 11.5.6: 0 is no news; what can't be is ignored. */
	if (sn > task->rec.base_sn && sn <= task->data_sn)
		datain_acked(task, sn);
	if (!task->rec.segment && bidirectional(&task->cmd))
		task->rec.base_sn = task->r2t_sn;
	task->responding = true;
	task_uncount(task);
	/* A place of its own keeps the task until everything is queued. */
	task->pdus_out++;
	if (send_rest(task))
		send_status(task);
	task->pdus_out--;
	task_check_done(task);
}
