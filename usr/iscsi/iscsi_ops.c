/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of initiator opcodes (iscsi_ops.h).
 */
#include "iscsi/iscsi_ops.h"

#include <stddef.h>

#include "base/log.h"
#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/data_out.h"
#include "iscsi/iscsi_proto.h"
#include "iscsi/login.h"
#include "iscsi/logout.h"
#include "iscsi/nop.h"
#include "iscsi/reject.h"
#include "iscsi/session.h"
#include "iscsi/snack.h"
#include "iscsi/task_mgmt.h"
#include "iscsi/text_request.h"
#include "iscsi/unacked.h"

#define IN_LOGIN (1u << CONN_LOGIN)
#define IN_FFP (1u << CONN_FULL_FEATURE)

struct iscsi_op {
	uint8_t states;	 /* others: a protocol error */
	bool discovery;	 /* allowed in a discovery session (RFC 7143 4.3) */
	bool no_ahs;	 /* an AHS makes no sense there */
	void (*header)(struct iscsi_conn *conn);
};

static const struct iscsi_op ops[ISCSI_OPCODE_MASK + 1] = {
	[ISCSI_OP_NOP_OUT] = { IN_FFP, true, true, nop_out_header },
	[ISCSI_OP_SCSI_CMD] = { IN_FFP, false, false, command_header },
	[ISCSI_OP_TMF_REQ] = { IN_FFP, false, true, task_mgmt_header },
	[ISCSI_OP_LOGIN_REQ] = { IN_LOGIN, true, true, login_header },
	[ISCSI_OP_TEXT_REQ] = { IN_FFP, true, true, text_req_header },
	[ISCSI_OP_DATA_OUT] = { IN_FFP, false, true, data_out_header },
	[ISCSI_OP_LOGOUT_REQ] = { IN_FFP, true, true, logout_header },
	[ISCSI_OP_SNACK] = { IN_FFP, false, true, snack_header },
};

void iscsi_op_header(struct iscsi_conn *conn)
{
	const struct iscsi_bhs *bhs = (const struct iscsi_bhs *)conn->rx.hdr;
	const struct iscsi_op *op = &ops[bhs->opcode & ISCSI_OPCODE_MASK];

	if (conn->state == CONN_LOGIN && op->header != login_header) {
		/* RFC 7143 6.2: anything but a Login Request ends the connection. */
		conn_close(conn, "something else than a login request before the login");
		return;
	}
	if (!op->header) {
		log_limited(LOG_LVL_WARN, "unknown iSCSI opcode %02xh", bhs->opcode);
		reject_send(conn, REJECT_UNSUPPORTED);
		return;
	}
	if (!(op->states & (1u << conn->state)) || (op->no_ahs && conn->rx.ahs_len) ||
	    (conn->session && conn->session->discovery && !op->discovery)) {
		reject_and_close(conn, REJECT_PROTOCOL_ERROR, "a PDU that is not allowed now");
		return;
	}
	if (unlikely(conn->tracks_acks)) {
		unacked_ack(conn, be32_get(((const struct iscsi_nop_out *)conn->rx.hdr)->exp_stat_sn));
		fence_poke(conn->session);
	}
	op->header(conn);
}
