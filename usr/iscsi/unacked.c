/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PDUs that wait for their acknowledgement (unacked.h), on conn->unacked in the order of their
 * StatSN. An initiator that acknowledges with its next request costs nothing more; one that has
 * no request is pinged, and one that never does is cut off.
 */
#include "iscsi/unacked.h"

#include "iscsi/conn.h"
#include "iscsi/datain.h"
#include "iscsi/nop.h"
#include "iscsi/pdu.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/window.h"

#define PDUS_MAX 4096
#define BYTES_MAX (64 * MiB)
#define PING_PART 16 /* with this part of the limits kept, the initiator is asked */

static uint32_t sn_of(const struct iscsi_pdu *pdu)
{
	return be32_get(pdu->rsp.stat_sn);
}

/* pdu->arg is its task, then. */
static bool is_of_command(const struct iscsi_pdu *pdu)
{
	uint8_t op = pdu->bhs.opcode & ISCSI_OPCODE_MASK;

	return op == ISCSI_OP_SCSI_RSP || op == ISCSI_OP_DATA_IN;
}

/* What it keeps from being used by others. */
static uint64_t weight(const struct iscsi_pdu *pdu)
{
	const struct iscsi_task *task = pdu->arg;

	return is_of_command(pdu) ? (uint64_t)task->cmd.in.len + task->cmd.out.len : pdu->data_len;
}

/* Behind the last that has a lower number: one that was sent again comes back to its place. */
static void insert(struct iscsi_conn *conn, struct iscsi_pdu *pdu)
{
	struct list *at = conn->unacked.prev;

	while (at != &conn->unacked &&
	       sn_before(sn_of(pdu), sn_of(list_entry(at, struct iscsi_pdu, link))))
		at = at->prev;
	list_push_back(at->next, &pdu->link);
}

void unacked_keep(struct iscsi_conn *conn, struct iscsi_pdu *pdu)
{
	if (sn_before(sn_of(pdu), conn->exp_stat_sn)) {
		pdu->sent(pdu);
		return;
	}
	insert(conn, pdu);
	pdu->kept = true;
	conn->n_unacked++;
	conn->unacked_bytes += weight(pdu);
	if (is_of_command(pdu) && ((struct iscsi_task *)pdu->arg)->rec.resegment)
		datain_resegment(pdu->arg);
}

void unacked_check(struct iscsi_conn *conn)
{
	if (conn->n_unacked > PDUS_MAX || conn->unacked_bytes > BYTES_MAX)
		conn_close(conn, "responses are not acknowledged");
	else if (conn->n_unacked > PDUS_MAX / PING_PART || conn->unacked_bytes > BYTES_MAX / PING_PART)
		nop_ask(conn);
}

void unacked_take(struct iscsi_pdu *pdu)
{
	list_del(&pdu->link);
	pdu->kept = false;
	pdu->conn->n_unacked--;
	pdu->conn->unacked_bytes -= weight(pdu);
}

void unacked_release(struct iscsi_pdu *pdu)
{
	unacked_take(pdu);
	pdu->sent(pdu);
}

void unacked_ack(struct iscsi_conn *conn, uint32_t exp_stat_sn)
{
	/* An old one, or of something that was never sent. */
	if (!sn_before(conn->exp_stat_sn, exp_stat_sn) || sn_before(conn->stat_sn, exp_stat_sn))
		return;
	conn->exp_stat_sn = exp_stat_sn;
	while (!list_empty(&conn->unacked)) {
		struct iscsi_pdu *pdu = list_first(&conn->unacked, struct iscsi_pdu, link);

		if (!sn_before(sn_of(pdu), exp_stat_sn))
			break;
		unacked_release(pdu);
	}
}

void unacked_resend_pdu(struct iscsi_pdu *pdu)
{
	if (!pdu->kept)
		return;
	unacked_take(pdu);
	pdu_send_again(pdu);
}

bool unacked_resend(struct iscsi_conn *conn, uint32_t first, uint32_t end)
{
	struct iscsi_pdu *pdu, *tmp;

	if (sn_before(first, conn->exp_stat_sn) || sn_before(conn->stat_sn, end) ||
	    sn_before(end, first))
		return false;
	list_for_each_safe(pdu, tmp, &conn->unacked, link)
		if (!sn_before(sn_of(pdu), first) && sn_before(sn_of(pdu), end))
			unacked_resend_pdu(pdu);
	return true;
}

void unacked_drop(struct iscsi_conn *conn)
{
	while (!list_empty(&conn->unacked))
		unacked_release(list_first(&conn->unacked, struct iscsi_pdu, link));
}

bool unacked_tag_in_use(const struct iscsi_session *s, uint32_t itt)
{
	struct iscsi_task *task = task_find(s, itt);

	if (!task || !task->responding || !task->rsp.kept)
		return task;
	unacked_release(&task->rsp);
	return false;
}
