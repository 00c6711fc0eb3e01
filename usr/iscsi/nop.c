/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NOPs (nop.h). A ping goes out only when nothing came for an interval, so a busy
 * connection costs no timer work but one look per interval.
 */
#include "iscsi/nop.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/pdu.h"
#include "iscsi/reject.h"
#include "iscsi/rx.h"
#include "iscsi/session.h"
#include "iscsi/window.h"
#include "target/core.h"

/* --- our pings --- */

static void ping(struct iscsi_conn *conn)
{
	struct iscsi_pdu *pdu = pdu_new(conn, ISCSI_OP_NOP_IN);

	if (!pdu)
		return;
	conn->nop_ttt = conn->nop_ttt + 1 == ISCSI_RESERVED_TAG ? 1 : conn->nop_ttt + 1;
	pdu->status = false;
	be32_put(&pdu->nop.itt, ISCSI_RESERVED_TAG);
	be32_put(&pdu->nop.ttt, conn->nop_ttt);
	conn->nops_unanswered++;
	conn->nop_sent_ns = loop_now(iscsi.core->loop);
	pdu_send(pdu);
}

void nop_ask(struct iscsi_conn *conn)
{
	if (!conn->nops_unanswered)
		ping(conn);
}

static void due(struct loop_timer *t)
{
	struct iscsi_conn *conn = container_of(t, struct iscsi_conn, nop_timer);
	const struct iscsi_target *it = conn->session->target;
	uint64_t interval, idle = loop_now(iscsi.core->loop) - conn->last_rx_ns;

	if (!it || !it->nop_interval_s)
		return;
	interval = it->nop_interval_s * NSEC_PER_SEC;
	if (idle < interval) {
		conn->nops_unanswered = 0;
		loop_timer_set(iscsi.core->loop, t, interval - idle, due);
		return;
	}
	if (conn->nops_unanswered && conn->nops_unanswered >= it->nop_count) {
		conn_close(conn, "no answer to NOP-In");
		return;
	}
	ping(conn);
	if (!conn->closing)
		loop_timer_set(iscsi.core->loop, t, interval, due);
}

void nop_start(struct iscsi_conn *conn)
{
	const struct iscsi_target *it = conn->session->target;

	loop_timer_cancel(&conn->nop_timer);
	conn->nops_unanswered = 0;
	if (it && it->nop_interval_s && conn->state == CONN_FULL_FEATURE)
		loop_timer_set(iscsi.core->loop, &conn->nop_timer,
			       it->nop_interval_s * NSEC_PER_SEC, due);
}

/* --- the initiator's --- */

/* The ping data comes back, as much as the initiator can take. */
static void echo(struct iscsi_conn *conn)
{
	const struct iscsi_nop_out *req = (const void *)conn->rx.hdr;
	struct iscsi_pdu *pdu = pdu_new(conn, ISCSI_OP_NOP_IN);
	uint32_t len = conn->rx.dst_len;

	if (!pdu) {
		conn_close(conn, "out of memory");
		return;
	}
	memcpy(pdu->nop.lun, req->lun, sizeof(pdu->nop.lun));
	pdu->nop.itt = req->itt;
	be32_put(&pdu->nop.ttt, ISCSI_RESERVED_TAG);
	pdu_set_data(pdu, conn->rx.ctrl, len, conn->rx.ctrl);
	conn->rx.ctrl = NULL;
	pdu_send(pdu);
}

static void complete(struct iscsi_conn *conn)
{
	const struct iscsi_nop_out *req = (const void *)conn->rx.hdr;
	uint32_t ttt = be32_get(req->ttt);

	/* What is rejected has not used up its number (RFC 7143 7.3). */
	if (conn->rx.bad_data || !command_take_number(conn))
		return;
	if (ttt != ISCSI_RESERVED_TAG && ttt == conn->nop_ttt) {
		conn->nops_unanswered = 0;
		conn->nop_rtt_ns = loop_now(iscsi.core->loop) - conn->nop_sent_ns;
	}
	if (be32_get(req->itt) != ISCSI_RESERVED_TAG)
		echo(conn);
}

void nop_out_header(struct iscsi_conn *conn)
{
	const struct iscsi_nop_out *req = (const void *)conn->rx.hdr;
	bool immediate = req->opcode & ISCSI_IMMEDIATE;

	if (be32_get(req->itt) == ISCSI_RESERVED_TAG && !immediate) {
		reject_and_close(conn, REJECT_PROTOCOL_ERROR, "a NOP-Out without a task must be immediate");
		return;
	}
	if (window_check(conn->session, be32_get(req->cmd_sn), immediate) == WINDOW_DROP)
		return;
	if (conn->rx.data_len && rx_data_to_ctrl_max(conn, conn->params.max_xmit_dsl)) {
		conn_close(conn, "out of memory");
		return;
	}
	conn->rx.complete = complete;
}
