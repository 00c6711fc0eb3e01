/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reject (reject.h).
 */
#include "iscsi/reject.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "iscsi/conn.h"
#include "iscsi/pdu.h"
#include "iscsi/session.h"
#include "iscsi/task.h"

void reject_send(struct iscsi_conn *conn, enum iscsi_reject_reason reason)
{
	struct iscsi_pdu *pdu;
	uint8_t *copy;

	if (conn->state == CONN_LOGIN)
		return;
	log_debug("rejecting a PDU of opcode %02xh, ITT %08xh: reason %02xh", conn->rx.hdr[0],
		  get_be32(conn->rx.hdr + 16), reason);
	pdu = pdu_new(conn, ISCSI_OP_REJECT);
	copy = malloc(ISCSI_BHS_LEN);
	if (!pdu || !copy) {
		free(copy);
		if (pdu)
			pdu_free(pdu);
		conn_close(conn, "out of memory");
		return;
	}
	memcpy(copy, conn->rx.hdr, ISCSI_BHS_LEN);
	pdu->reject.reason = (uint8_t)reason;
	be32_put(&pdu->reject.itt, ISCSI_RESERVED_TAG);
	pdu_set_data(pdu, copy, ISCSI_BHS_LEN, copy);
	pdu_send(pdu);
}

void reject_and_close(struct iscsi_conn *conn, enum iscsi_reject_reason reason, const char *why)
{
	char peer[ADDR_STRLEN];

	log_limited(LOG_LVL_WARN, "protocol error of %s at %s: %s",
		    conn->session ? conn->session->initiator : "an initiator",
		    addr_format(&conn->peer, peer), why);
	if (conn->state == CONN_LOGIN) {
		conn_close(conn, why);
		return;
	}
	reject_send(conn, reason);
	conn_close_when_sent(conn);
}

void reject_bad_data(struct iscsi_conn *conn)
{
	uint8_t op = conn->rx.hdr[0] & ISCSI_OPCODE_MASK;

	reject_send(conn, REJECT_DATA_DIGEST);
	/* It can be asked for, or will be sent, again. */
	if (conn->recovers)
		return;
	if (op == ISCSI_OP_DATA_OUT) {
		/* The task ends with PROTOCOL SERVICE CRC ERROR once all its data came. */
		if (conn->rx.task)
			conn->rx.task->bad_data = true;
	} else if (op == ISCSI_OP_SCSI_CMD || op == ISCSI_OP_TEXT_REQ || op == ISCSI_OP_LOGIN_REQ) {
		/* A command cannot be taken back, and is not sent again at ERL 0. */
		conn_close_when_sent(conn);
	}
}
