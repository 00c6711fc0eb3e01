/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-Out (data_out.h). Everything in one that could lead outside of the buffer is checked
 * in check_solicited()/check_unsolicited(). Data comes in the order of its offsets, and counting
 * is enough; where another order was agreed on, what came is kept as ranges.
 */
#include "iscsi/data_out.h"

#include <errno.h>

#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/extents.h"
#include "iscsi/r2t.h"
#include "iscsi/recovery.h"
#include "iscsi/reject.h"
#include "iscsi/rx.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "target/cmd.h"

/* --- what came -------------------------------------------------------------------------------- */

bool data_out_scattered(struct iscsi_task *task, uint32_t off, uint32_t len)
{
	task->received = max_u32(task->received, off + len);
	switch (extents_add(&task->got, off, off + len)) {
	case 0:
		return true;
	case -E2BIG:
		conn_close(task->conn, "data scattered over too many places");
		return false;
	default:
		conn_close(task->conn, "out of memory");
		return false;
	}
}

/* What came with a wrong digest did not come, if it can be asked for again. */
static bool take_scattered(struct iscsi_task *task, uint32_t off, uint32_t len)
{
	if (task->conn->recovers) {
		recovery_progress(task);
		if (task->conn->rx.bad_data)
			return true;
	}
	return data_out_scattered(task, off, len);
}

/*
 * The last PDU of the answer to an R2T. What did not come before it does not come any more, unless we
 * ask again: that R2T is a recovery R2T (RFC 7143 11.8).
 */
static void end_sequence(struct iscsi_task *task, struct r2t_place *r)
{
	uint32_t from, to;

	if (unlikely(task->conn->any_order) &&
	    extents_gap(task->got, r->off, r->off + r->len, &from, &to) &&
	    !(task->conn->recovers && recovery_allowed(task))) {
		task->bad_data = true;
		if (!data_out_scattered(task, r->off, r->len))
			return;
	}
	r2t_answered(task, r);
}

static void data_out_taken(struct iscsi_task *task, const struct iscsi_data_out *h, uint32_t len)
{
	bool solicited = be32_get(h->ttt) != ISCSI_RESERVED_TAG, final = h->flags & ISCSI_FINAL;
	struct iscsi_task *owner;
	struct r2t_place *r;

	if (unlikely(task->conn->any_order)) {
		if (!take_scattered(task, be32_get(h->offset), len))
			return;
	} else {
		task->received += len;
		if (!solicited)
			task->requested = task->received;
	}
	if (!solicited) {
		if (final)
			task->unsolicited_open = false;
	} else if (!task->ended && final) {
		r = r2t_find(task->conn->session, be32_get(h->ttt), task->itt, &owner);
		if (r)
			end_sequence(task, r);
	}
	command_check_held(task);
	if (task->submitted && !task->ended)
		r2t_progress(task);
}

static void data_out_complete(struct iscsi_conn *conn)
{
	struct iscsi_task *task = conn->rx.task;

	conn->rx.task = NULL;
	if (task)
		data_out_taken(task, (const void *)conn->rx.hdr, conn->rx.data_len);
	command_run_early(conn->session);
}

/* --- the header ------------------------------------------------------------------------------- */

/* Its place in the answer to the R2T, when that is in order. */
static const char *check_in_turn(struct r2t_place *r, uint32_t off, bool final, uint32_t len)
{
	uint32_t left = r->len - r->got;

	if (off != r->off + r->got)
		return "Data-Out at the wrong offset";
	if (len > left)
		return "more data than the R2T asked for";
	if (!final != (len < left))
		return "the F bit does not match the length of the R2T";
	r->got += len;
	return NULL;
}

static const char *check_solicited(struct iscsi_task *task, struct r2t_place *r,
				   const struct iscsi_data_out *h, uint32_t len)
{
	uint32_t off = be32_get(h->offset);
	const char *bad = NULL;

	if (likely(!task->conn->any_order))
		bad = check_in_turn(r, off, h->flags & ISCSI_FINAL, len);
	else if (off < r->off || (uint64_t)off + len > (uint64_t)r->off + r->len)
		bad = "Data-Out outside of what the R2T asked for";
	if (bad)
		return bad;
	/* As if a PDU before it had been lost to a digest error (RFC 7143 7.9): the task will fail. */
	if (be32_get(h->data_sn) != r->data_sn++ && !task->conn->recovers)
		task->bad_data = true;
	return NULL;
}

static const char *check_unsolicited(struct iscsi_task *task, const struct iscsi_data_out *h,
				     uint32_t len)
{
	uint32_t off = be32_get(h->offset);

	if (!task->unsolicited_open)
		return "unsolicited data after its end";
	if (off != task->received && !task->conn->any_order)
		return "Data-Out at the wrong offset";
	/* In any order, @unsolicited_end is the bound: the same bytes may come twice. */
	if ((uint64_t)off + len > task->unsolicited_end)
		return "more unsolicited data than FirstBurstLength";
	if (be32_get(h->data_sn) != task->unsolicited_sn++ && !task->conn->recovers)
		task->bad_data = true;
	return NULL;
}

static void choose_place(struct iscsi_conn *conn, struct iscsi_task *task, uint32_t off)
{
	if (!task->submitted)
		rx_data_to(conn, &task->early_iov, 1, off, task->early_size);
	else if (!task->ended && task->cmd.out.iov)
		rx_data_to(conn, task->cmd.out.iov, task->cmd.out.iovcnt, off, task->cmd.out.len);
}

/*
 * What comes twice overwrites what is there, and may be wrong: it counts when it is complete. False: it
 * comes too late, as it was asked for by R2T in the meantime; or no memory, and the connection is closed.
 */
static bool overwrites(struct iscsi_task *task, const struct iscsi_data_out *h, uint32_t len)
{
	uint32_t off = be32_get(h->offset);

	if (be32_get(h->ttt) == ISCSI_RESERVED_TAG && !task->unsolicited_open)
		return false;
	if (off + len < off || !extents_del(&task->got, off, off + len))
		return true;
	conn_close(task->conn, "out of memory");
	return false;
}

void data_out_header(struct iscsi_conn *conn)
{
	const struct iscsi_data_out *h = (const void *)conn->rx.hdr;
	uint32_t ttt = be32_get(h->ttt), itt = be32_get(h->itt);
	struct iscsi_task *task = NULL;
	struct r2t_place *r = NULL;
	const char *bad;

	conn->stats.data_out_pdus++;
	if (ttt != ISCSI_RESERVED_TAG)
		r = r2t_find(conn->session, ttt, itt, &task);
	else
		task = task_find(conn->session, itt);
	if (!task || task->is_tmf || task->conn != conn || task->no_response || task->hole)
		return;
	if (unlikely(conn->recovers) && !overwrites(task, h, conn->rx.data_len))
		return;
	bad = r ? check_solicited(task, r, h, conn->rx.data_len) :
		  check_unsolicited(task, h, conn->rx.data_len);
	if (bad) {
		reject_and_close(conn, REJECT_PROTOCOL_ERROR, bad);
		return;
	}
	conn->rx.task = task;
	conn->rx.complete = data_out_complete;
	choose_place(conn, task, be32_get(h->offset));
}
