/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logout: of the session, of a connection, for recovery. The response is the last
 * thing that a connection sends. While others of its session go on it waits until the tasks of
 * the connection have left the stores, so that nothing that follows is overtaken.
 */
#include "iscsi/logout.h"

#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/pdu.h"
#include "iscsi/reject.h"
#include "iscsi/retain.h"
#include "iscsi/session.h"

static struct iscsi_pdu *response(struct iscsi_conn *conn, enum iscsi_logout_response code)
{
	const struct iscsi_logout_req *req = (const void *)conn->rx.hdr;
	struct iscsi_pdu *pdu = pdu_new(conn, ISCSI_OP_LOGOUT_RSP);

	if (!pdu) {
		conn_close(conn, "out of memory");
		return NULL;
	}
	pdu->logout.response = (uint8_t)code;
	pdu->logout.itt = req->itt;
	be16_put(&pdu->logout.time2wait, (uint16_t)conn->params.time2wait);
	be16_put(&pdu->logout.time2retain, (uint16_t)conn->params.time2retain);
	return pdu;
}

static void respond(struct iscsi_conn *conn, enum iscsi_logout_response code)
{
	struct iscsi_pdu *pdu = response(conn, code);

	if (pdu)
		pdu_send(pdu);
}

/* The other connections of a session that logs out go at once. */
static void close_others(struct iscsi_conn *conn)
{
	struct iscsi_conn *other, *tmp;

	list_for_each_safe(other, tmp, &conn->session->conns, link) {
		if (other == conn)
			continue;
		other->logged_out = true;
		conn_close(other, "logout of the session");
	}
}

static void logout_session(struct iscsi_conn *conn)
{
	conn->logged_out = conn->session->ending = true;
	close_others(conn);
	respond(conn, LOGOUT_OK);
	conn_close_when_sent(conn);
}

/* --- of one connection, while others stay ----------------------------------------------------- */

/* The tasks of the connection have ended, in the stores as well. */
static void answer(struct iscsi_conn *conn)
{
	struct iscsi_pdu *pdu = conn->logout_rsp;

	conn->logout_rsp = NULL;
	pdu_send(pdu);
	if (conn->state == CONN_IN_LOGOUT)
		conn_close_when_sent(conn);
}

void logout_end(struct iscsi_conn *conn)
{
	if (conn->logout_rsp)
		pdu_free(conn->logout_rsp);
	conn->logout_rsp = NULL;
}

static void logout_self(struct iscsi_conn *conn)
{
	conn->logged_out = true;
	conn->logout_rsp = response(conn, LOGOUT_OK);
	if (!conn->logout_rsp)
		return;
	conn->state = CONN_IN_LOGOUT;
	conn_end_tasks(conn, answer);
}

static void logout_other(struct iscsi_conn *conn, struct iscsi_conn *named)
{
	conn->logout_rsp = response(conn, LOGOUT_OK);
	if (!conn->logout_rsp)
		return;
	named->logged_out = true;
	conn_close(named, "logout by another connection");
	retain_forget(named);
	conn_await(conn, named, answer);
}

static void logout_connection(struct iscsi_conn *conn, uint16_t cid)
{
	struct iscsi_conn *named = session_conn(conn->session, cid);

	if (!named)
		respond(conn, LOGOUT_NO_CID);
	else if (named != conn)
		logout_other(conn, named);
	else if (conn->session->n_conns > 1 || conn->session->n_kept)
		logout_self(conn);
	else
		logout_session(conn);
}

/* 11.14.1: the connection goes, its tasks wait for another one. */
static void logout_for_recovery(struct iscsi_conn *conn, uint16_t cid)
{
	struct iscsi_conn *named = session_conn(conn->session, cid);

	if (conn->params.erl < 2) {
		respond(conn, LOGOUT_NO_RECOVERY);
		return;
	}
	if (!named || (named->closing && !named->kept)) {
		respond(conn, LOGOUT_NO_CID);
		return;
	}
	named->recovered = true;
	if (named != conn)
		conn_close(named, "logout for recovery");
	respond(conn, LOGOUT_OK);
	if (named != conn)
		retain_recovered(named);
	else
		conn_close_when_sent(conn);
}

static void logout(struct iscsi_conn *conn)
{
	const struct iscsi_logout_req *req = (const void *)conn->rx.hdr;

	switch (req->flags & 0x7f) {
	case LOGOUT_SESSION:
		logout_session(conn);
		break;
	case LOGOUT_CONNECTION:
		logout_connection(conn, be16_get(req->cid));
		break;
	default:
		logout_for_recovery(conn, be16_get(req->cid));
		break;
	}
}

void logout_header(struct iscsi_conn *conn)
{
	const struct iscsi_logout_req *req = (const void *)conn->rx.hdr;

	/* What is rejected has not used up its number (RFC 7143 7.3). */
	if ((req->flags & 0x7f) > LOGOUT_RECOVERY)
		reject_send(conn, REJECT_PROTOCOL_ERROR);
	else if (conn->logout_rsp) /* one at a time: the initiator may ask again */
		reject_send(conn, REJECT_OUT_OF_RESOURCES);
	else if (command_take_number(conn) && !conn_ending(conn))
		logout(conn);
}
