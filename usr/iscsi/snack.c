/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SNACK (snack.h). Statuses come from unacked.c, Data-In from the command's buffer, R2Ts from the
 * task. What was never sent, or was acknowledged, is a protocol error, and rejected.
 */
#include "iscsi/snack.h"

#include "iscsi/conn.h"
#include "iscsi/datain.h"
#include "iscsi/r2t.h"
#include "iscsi/reject.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/unacked.h"
#include "iscsi/window.h"

static const struct iscsi_snack *request(const struct iscsi_conn *conn)
{
	return (const void *)conn->rx.hdr;
}

/* The command that the SNACK names; NULL: none of this connection. */
static struct iscsi_task *find(const struct iscsi_conn *conn)
{
	struct iscsi_task *task = task_find(conn->session, be32_get(request(conn)->itt));

	return task && task->conn == conn && !task->is_tmf && task->submitted && !task->no_response ?
		       task : NULL;
}

/* Data-In was cut for a MaxRecvDataSegmentLength that holds no more: only an R-Data SNACK can help. */
static bool too_long(const struct iscsi_task *task)
{
	return task->rec.segment > task->conn->params.max_xmit_dsl;
}

/* R2Ts and Data-In of a task share their numbers, R2Ts first (4.2.2.4). */
static bool data(struct iscsi_conn *conn)
{
	const struct iscsi_snack *req = request(conn);
	uint32_t first = be32_get(req->beg_run), run = be32_get(req->run_length), sent, end;
	struct iscsi_task *task = find(conn);

	if (!task)
		return false;
	sent = max_u32(task->r2t_sn, task->data_sn);
	if (!run && first <= sent)
		run = sent - first;
	end = first + run;
	if (end < first || end > sent)
		return false;
	if (!task->data_sn)
		return r2t_resend(task, first, end);
	if (first < task->rec.base_sn || too_long(task))
		return false;
	datain_resend(task, first, end);
	return true;
}

static bool status(struct iscsi_conn *conn)
{
	const struct iscsi_snack *req = request(conn);
	uint32_t first = be32_get(req->beg_run), run = be32_get(req->run_length);

	if (!first && !run)
		return unacked_resend(conn, conn->exp_stat_sn, conn->stat_sn);
	return unacked_resend(conn, first, run ? first + run : conn->stat_sn);
}

/* One that is late, as its task has ended, does no harm. */
static bool data_ack(struct iscsi_conn *conn)
{
	const struct iscsi_snack *req = request(conn);
	struct iscsi_task *task = r2t_data_task(conn->session, be32_get(req->ttt));
	uint32_t sn = be32_get(req->beg_run);

	if (!task || task->conn != conn)
		return true;
	if (be32_get(req->run_length) || sn > task->data_sn)
		return false;
	if (sn > task->rec.base_sn)
		datain_acked(task, sn);
	return true;
}

static bool resegment(struct iscsi_conn *conn)
{
	const struct iscsi_snack *req = request(conn);
	uint32_t tag = be32_get(req->ttt);
	struct iscsi_task *task = find(conn);

	/* 11.16.2: a tag that says something. */
	if (!task || !tag || tag == ISCSI_RESERVED_TAG || be32_get(req->run_length))
		return false;
	task->rec.snack_tag = tag;
	datain_resegment(task);
	return true;
}

void snack_header(struct iscsi_conn *conn)
{
	static bool (*const types[])(struct iscsi_conn *conn) = { data, status, data_ack, resegment };
	uint8_t type = request(conn)->flags & 0x0f;

	if (!conn->recovers) {
		reject_send(conn, REJECT_SNACK);
		return;
	}
	if (type >= ARRAY_SIZE(types))
		reject_send(conn, REJECT_INVALID_FIELD);
	else if (!types[type](conn) && !conn->closing)
		reject_send(conn, types[type] == data_ack ? REJECT_INVALID_DATA_ACK :
							    REJECT_PROTOCOL_ERROR);
}
