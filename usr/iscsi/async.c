/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asynchronous Messages (async.h).
 */
#include "iscsi/async.h"

#include <string.h>

#include "iscsi/conn.h"
#include "iscsi/pdu.h"
#include "iscsi/session.h"

void async_send_conn(struct iscsi_conn *conn, enum iscsi_async_event event, uint16_t p1,
		     uint16_t p2, uint16_t p3)
{
	struct iscsi_pdu *pdu = pdu_new(conn, ISCSI_OP_ASYNC);

	if (!pdu)
		return;
	be32_put(&pdu->async.itt, ISCSI_RESERVED_TAG);
	pdu->async.event = (uint8_t)event;
	be16_put(&pdu->async.param1, p1);
	be16_put(&pdu->async.param2, p2);
	be16_put(&pdu->async.param3, p3);
	pdu_send(pdu);
}

void async_send(struct iscsi_session *s, enum iscsi_async_event event, uint16_t p1, uint16_t p2,
		uint16_t p3)
{
	struct iscsi_conn *conn;

	list_for_each(conn, &s->conns, link) {
		if (conn->state != CONN_FULL_FEATURE)
			continue;
		async_send_conn(conn, event, p1, p2, p3);
		return;
	}
}

void async_send_terminated(struct iscsi_conn *conn, const uint8_t *lun)
{
	struct iscsi_pdu *pdu = pdu_new(conn, ISCSI_OP_ASYNC);

	if (!pdu)
		return;
	memcpy(pdu->async.lun, lun, sizeof(pdu->async.lun));
	be32_put(&pdu->async.itt, ISCSI_RESERVED_TAG);
	pdu->async.event = ISCSI_ASYNC_TASKS_TERMINATED;
	pdu_send(pdu);
}
