/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lost connections that keep their tasks (retain.h). Closed, on session->lost, held by conn->kept: what
 * ends in a store meanwhile waits with its status (task.c).
 */
#include "iscsi/retain.h"

#include "base/log.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "target/core.h"

bool retain_wanted(const struct iscsi_conn *conn)
{
	const struct iscsi_session *s = conn->session;

	return s && s->nexus && !s->dying && !s->ending && conn->login_done && !conn->logged_out &&
	       s->params.erl == 2 && s->params.time2retain;
}

static void overdue(struct loop_timer *t)
{
	struct iscsi_conn *conn = container_of(t, struct iscsi_conn, retain_timer);

	log_info("connection %u of %s did not come back: its tasks end", conn->cid,
		 conn->session->initiator);
	retain_forget(conn);
}

static void restart(struct iscsi_conn *conn)
{
	const struct iscsi_params *p = &conn->session->params;

	if (loop_timer_set(iscsi.core->loop, &conn->retain_timer,
			   (p->time2wait + (uint64_t)p->time2retain) * NSEC_PER_SEC, overdue))
		retain_forget(conn);
}

/* Who loses connection after connection, and comes back for none, has so many. */
static void bound(struct iscsi_session *s)
{
	struct iscsi_conn *conn;

	list_for_each(conn, &s->lost, link) {
		if (!conn->kept)
			continue;
		if (s->n_kept > s->params.max_connections)
			retain_forget(conn);
		return;
	}
}

/* What was sent and not acknowledged is to be sent again. */
static void take_back(struct iscsi_conn *conn)
{
	struct iscsi_task *task;

	list_for_each(task, &conn->tasks, conn_link)
		if (!task->is_tmf)
			task->responding = false;
}

void retain_begin(struct iscsi_conn *conn)
{
	conn->session->n_kept++;
	take_back(conn);
	restart(conn);
	bound(conn->session);
}

void retain_recovered(struct iscsi_conn *conn)
{
	conn->recovered = true;
	if (conn->kept)
		restart(conn);
	loop_call_queue(iscsi.core->loop, &conn->reap);
}

static void let_go(struct iscsi_conn *conn)
{
	conn->kept = false;
	conn->session->n_kept--;
	loop_timer_cancel(&conn->retain_timer);
	loop_call_queue(iscsi.core->loop, &conn->reap);
}

void retain_forget(struct iscsi_conn *conn)
{
	if (!conn->kept)
		return;
	let_go(conn);
	session_check_idle(conn->session);
}

void retain_forget_all(struct iscsi_session *s)
{
	struct iscsi_conn *conn;

	list_for_each(conn, &s->lost, link)
		if (conn->kept)
			let_go(conn);
}
