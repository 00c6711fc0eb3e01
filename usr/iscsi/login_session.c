/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a login (login_session.h).
 */
#include "iscsi/login_session.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/login_priv.h"
#include "iscsi/retain.h"
#include "iscsi/session.h"

/* The old session's tasks have left the stores: nothing of it can overtake what the new one does. */
static void old_gone(void *arg)
{
	struct iscsi_login *l = arg;

	l->reinstated = NULL;
	login_finish(l);
}

struct iscsi_session *login_joined(const struct iscsi_login *l)
{
	struct iscsi_session *s = session_by_tsih(&iscsi, l->tsih);

	return s && !s->dying && s->target && s->target == l->target &&
	       !memcmp(s->isid, l->isid, sizeof(s->isid)) &&
	       !strcmp(s->initiator, l->initiator) ? s : NULL;
}

static void old_conn_gone(struct iscsi_conn *conn)
{
	struct iscsi_login *l = conn->login;

	/* Another login may have taken the same CID in the meantime. */
	if (!login_wait_for_old(l))
		login_finish(l);
}

/*
 * Connection reinstatement (6.3.4): the same CID again logs the old connection out, at error recovery
 * level 2 for recovery. Below, its tasks end first; the session goes on.
 */
static bool wait_for_conn(struct iscsi_login *l)
{
	struct iscsi_session *s = login_joined(l);
	struct iscsi_conn *old = s ? session_conn(s, l->conn->cid) : NULL;

	if (!old)
		return false;
	log_info("%s replaces connection %u of its session", l->initiator, old->cid);
	if (!l->joins)
		session_hold(s);
	l->joins = s;
	old->recovered = true;
	conn_close(old, "connection reinstatement");
	if (old->kept) {
		retain_recovered(old);
		return false;
	}
	conn_await(l->conn, old, old_conn_gone);
	return true;
}

bool login_wait_for_old(struct iscsi_login *l)
{
	struct iscsi_session *old;

	if (l->discovery)
		return false;
	if (l->tsih)
		return wait_for_conn(l);
	old = session_find(l->target, l->initiator, l->isid, l->conn->tpgt);
	if (!old)
		return false;
	log_info("%s logs in again: its old session is closed", l->initiator);
	/* An earlier login that waits for the same end has been overtaken. */
	if (old->ended == old_gone)
		conn_close(((struct iscsi_login *)old->ended_arg)->conn, "another login came");
	l->reinstated = old;
	session_close(old, "session reinstatement", old_gone, l);
	return true;
}

void login_forget_old(struct iscsi_login *l)
{
	struct iscsi_session *s = l->joins;

	if (l->reinstated)
		l->reinstated->ended = NULL;
	l->reinstated = NULL;
	l->joins = NULL;
	list_del(&l->conn->wait_link);
	if (s)
		session_unhold(s);
}

/* 6.3.1, 6.3.3: one more connection, as many as were agreed on, through the same portal group. */
static enum iscsi_login_status join(struct iscsi_login *l)
{
	struct iscsi_session *s = login_joined(l);
	enum iscsi_login_status status;

	if (!s)
		return LOGIN_NO_SESSION;
	if (s->tpgt != l->conn->tpgt)
		return LOGIN_CANT_INCLUDE;
	if (s->n_conns >= s->params.max_connections)
		return LOGIN_TOO_MANY_CONNECTIONS;
	status = login_admit(l);
	if (status)
		return status;
	session_add_conn(s, l->conn);
	login_forget_old(l);
	return LOGIN_OK;
}

enum iscsi_login_status login_make_session(struct iscsi_login *l)
{
	enum iscsi_login_status status;
	struct iscsi_session *s;
	int r;

	if (l->tsih)
		return join(l);
	/* Again: the administrator may have changed his mind since the first request. */
	status = l->target ? login_admit(l) : LOGIN_OK;
	if (status)
		return status;
	s = session_new(&iscsi, l->target, l->initiator, l->isid, l->conn->tpgt);
	if (!s)
		return LOGIN_NO_RESOURCES;
	s->alias = *l->alias ? strdup(l->alias) : NULL;
	s->params.max_queue_cmd = l->ours.max_queue_cmd;
	s->exp_cmd_sn = l->cmd_sn;
	s->max_cmd_sn = l->cmd_sn - 1;
	session_add_conn(s, l->conn);
	r = session_start(s);
	if (!r)
		return LOGIN_OK;
	/* The connection carries the refusal; the session goes with it. */
	return r == -EAGAIN ? LOGIN_UNAVAILABLE : LOGIN_NO_RESOURCES;
}
