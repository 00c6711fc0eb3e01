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
#include "iscsi/session.h"

/* The old session's tasks have left the stores: nothing of it can overtake what the new one does. */
static void old_gone(void *arg)
{
	struct iscsi_login *l = arg;

	l->reinstated = NULL;
	login_finish(l);
}

/* The live session of this initiator port that the TSIH names (6.3.1), or NULL. */
static struct iscsi_session *named(const struct iscsi_login *l)
{
	struct iscsi_session *s = session_by_tsih(&iscsi, l->tsih);

	return s && !s->dying && s->target == l->target &&
	       !memcmp(s->isid, l->isid, sizeof(s->isid)) &&
	       !strcmp(s->initiator, l->initiator) ? s : NULL;
}

/*
 * Connection reinstatement (6.3.4). At error recovery level 0 nothing of a session outlives its
 * only connection but its name: all tasks end, and a new one takes over the TSIH.
 */
static struct iscsi_session *rejoined(struct iscsi_login *l)
{
	struct iscsi_session *s = named(l);
	struct iscsi_conn *conn;

	if (!s)
		return NULL;
	list_for_each(conn, &s->conns, link)
		if (conn->cid == l->conn->cid)
			l->rejoins = true;
	return l->rejoins ? s : NULL;
}

bool login_wait_for_old(struct iscsi_login *l)
{
	struct iscsi_session *old;

	if (l->discovery)
		return false;
	old = l->tsih ? rejoined(l) :
			session_find(l->target, l->initiator, l->isid, l->conn->tpgt);
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
	l->reinstated->ended = NULL;
	l->reinstated = NULL;
}

enum iscsi_login_status login_make_session(struct iscsi_login *l)
{
	enum iscsi_login_status status;
	struct iscsi_session *s;
	int r;

	if (l->tsih && !l->rejoins)
		return named(l) ? LOGIN_TOO_MANY_CONNECTIONS : LOGIN_NO_SESSION;
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
	r = session_start(s, l->tsih);
	if (!r)
		return LOGIN_OK;
	/* The connection carries the refusal; the session goes with it. */
	return r == -EAGAIN ? LOGIN_UNAVAILABLE : LOGIN_NO_RESOURCES;
}
