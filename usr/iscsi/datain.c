/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-In PDUs and the SCSI Response (datain.h). The status travels in the last
 * Data-In when it is GOOD, so a read is usually answered by one PDU, the one that
 * is embedded in the task.
 */
#include "iscsi/datain.h"

#include "base/iov.h"
#include "iscsi/conn.h"
#include "iscsi/pdu.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
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
}

/* What of @len bytes PDU_IOV pieces of the buffer can describe. */
static __attribute__((noinline)) uint32_t describable(const struct scsi_data *in, uint32_t off,
						      uint32_t len)
{
	struct iovec iov[PDU_IOV];
	unsigned int n = iov_slice(in->iov, in->iovcnt, off, len, iov, PDU_IOV);

	return (uint32_t)iov_size(iov, n);
}

/* Length of the next segment: within the initiator's limit and within the burst. */
static uint32_t segment(const struct iscsi_task *task, uint32_t off, uint32_t burst_left)
{
	const struct scsi_data *in = &task->cmd.in;
	uint32_t len = min_u32(task->conn->params.max_xmit_dsl, task->cmd.in_len - off);

	len = min_u32(len, burst_left);
	return unlikely(in->iovcnt > 1) ? describable(in, off, len) : len;
}

/* All of the data; @status: the last PDU carries it. */
static int send_data(struct iscsi_task *task, bool status)
{
	struct iscsi_conn *conn = task->conn;
	uint32_t off = 0, end = task->cmd.in_len, burst_left = conn->params.max_burst;

	while (off < end) {
		uint32_t len = segment(task, off, burst_left);
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
	be32_put(&pdu->rsp.exp_data_sn, task->data_sn + task->r2t_sn);
	add_sense(task, pdu);
	task->pdus_out++;
	pdu_send(pdu);
}

void datain_send(struct iscsi_task *task)
{
	const struct scsi_cmd *cmd = &task->cmd;
	bool in_data = cmd->in_len && cmd->status == SAM_GOOD && !bidirectional(cmd);

	/* A place of its own keeps the task until everything is queued. */
	task->pdus_out++;
	if (send_data(task, in_data))
		conn_close(task->conn, "out of memory");
	else if (!in_data)
		send_status(task);
	/* We may be inside a call of the target, which frees nothing of its own there. */
	task->pdus_out--;
	if (!task->pdus_out)
		task_defer_free(task);
}
