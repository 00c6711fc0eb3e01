/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logout: of the session, of a connection, for recovery. The response is the last
 * thing that a connection sends.
 */
#include "iscsi/logout.h"

#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/pdu.h"
#include "iscsi/reject.h"
#include "iscsi/session.h"

static struct iscsi_conn *find_cid(const struct iscsi_session *s, uint16_t cid)
{
	struct iscsi_conn *conn;

	list_for_each(conn, &s->conns, link)
		if (conn->cid == cid && conn->state == CONN_FULL_FEATURE)
			return conn;
	return NULL;
}

static void respond(struct iscsi_conn *conn, enum iscsi_logout_response response)
{
	const struct iscsi_logout_req *req = (const void *)conn->rx.hdr;
	struct iscsi_pdu *pdu = pdu_new(conn, ISCSI_OP_LOGOUT_RSP);

	if (!pdu) {
		conn_close(conn, "out of memory");
		return;
	}
	pdu->logout.response = (uint8_t)response;
	pdu->logout.itt = req->itt;
	be16_put(&pdu->logout.time2wait, (uint16_t)conn->params.time2wait);
	be16_put(&pdu->logout.time2retain, (uint16_t)conn->params.time2retain);
	pdu_send(pdu);
}

/* The other connections of a session that logs out go at once. */
static void close_others(struct iscsi_conn *conn)
{
	struct iscsi_conn *other, *tmp;

	list_for_each_safe(other, tmp, &conn->session->conns, link)
		if (other != conn)
			conn_close(other, "logout of the session");
}

static void logout(struct iscsi_conn *conn)
{
	const struct iscsi_logout_req *req = (const void *)conn->rx.hdr;
	struct iscsi_conn *named;

	switch (req->flags & 0x7f) {
	case LOGOUT_SESSION:
		close_others(conn);
		respond(conn, LOGOUT_OK);
		conn_close_when_sent(conn);
		break;
	case LOGOUT_CONNECTION:
		named = find_cid(conn->session, be16_get(req->cid));
		respond(conn, named ? LOGOUT_OK : LOGOUT_NO_CID);
		if (named == conn)
			conn_close_when_sent(conn);
		else if (named)
			conn_close(named, "logout by another connection");
		break;
	case LOGOUT_RECOVERY:
		/* Needs error recovery level 2 (RFC 7143 11.14.1). */
		respond(conn, LOGOUT_NO_RECOVERY);
		break;
	default:
		reject_send(conn, REJECT_PROTOCOL_ERROR);
		break;
	}
}

void logout_header(struct iscsi_conn *conn)
{
	if (command_take_number(conn))
		logout(conn);
}
