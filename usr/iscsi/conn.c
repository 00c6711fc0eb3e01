/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a connection (conn.h). Closing takes the socket away at once; tasks and
 * memory go in the REAP phase, as whoever closes it may be at work on one of them.
 */
#include "iscsi/conn.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "iscsi/iscsi.h"
#include "iscsi/login.h"
#include "iscsi/nop.h"
#include "iscsi/pdu.h"
#include "iscsi/portal.h"
#include "iscsi/rx.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/tcp.h"
#include "iscsi/text_request.h"
#include "iscsi/tx.h"
#include "target/core.h"

#define CLOSE_GRACE_NS (5 * NSEC_PER_SEC) /* for a peer to take what was queued */

/* Tasks whose end the initiator will not see any more. */
static void drop_ended_tasks(struct iscsi_conn *conn)
{
	struct iscsi_task *task, *tmp;

	list_for_each_safe(task, tmp, &conn->tasks, conn_link)
		task_check_done(task);
}

static void reap(struct loop_call *call)
{
	struct iscsi_conn *conn = container_of(call, struct iscsi_conn, reap);

	drop_ended_tasks(conn);
	if (conn->n_tasks)
		return;
	loop_call_cancel(&conn->reap);
	stat_path_del(&conn->path);
	iscsi.n_conns--;
	if (conn->session)
		session_conn_freed(conn->session);
	free(conn);
	iscsi_check_stopped();
}

struct iscsi_conn *conn_new(const struct iscsi_link *ops, int fd, struct iscsi_portal *portal,
			    const struct addr *peer, const struct addr *local)
{
	struct iscsi_conn *conn = calloc(1, sizeof(*conn));

	if (!conn || loop_fd_add(iscsi.core->loop, &conn->fd, fd, EPOLLIN, tcp_ready)) {
		free(conn);
		close(fd);
		return NULL;
	}
	conn->ops = ops;
	conn->tpgt = portal ? portal->tag : 1;
	conn->peer = *peer;
	conn->local = *local;
	conn->state = CONN_LOGIN;
	conn->last_rx_ns = loop_now(iscsi.core->loop);
	list_init(&conn->link);
	list_init(&conn->tasks);
	params_rfc_defaults(&conn->params);
	loop_call_init(&conn->reap, LOOP_REAP, reap);
	rx_init(conn);
	tx_init(conn);
	iscsi.n_conns++;
	return conn;
}

static void log_close(const struct iscsi_conn *conn, const char *why)
{
	char peer[ADDR_STRLEN];

	if (why)
		log_limited(LOG_LVL_INFO, "connection of %s from %s ended: %s",
			    conn->session ? conn->session->initiator : "an initiator",
			    addr_format(&conn->peer, peer), why);
}

void conn_close(struct iscsi_conn *conn, const char *why)
{
	if (conn->closing)
		return;
	conn->closing = true;
	conn->state = CONN_CLOSING;
	log_close(conn, why);
	loop_timer_cancel(&conn->login_timer);
	loop_timer_cancel(&conn->nop_timer);
	loop_timer_cancel(&conn->close_timer);
	rx_done(conn);
	if (conn->rx.task)
		task_forget_rx(conn->rx.task);
	conn->ops->close(conn);
	login_end(conn);
	text_req_end(conn);
	if (conn->session)
		session_conn_gone(conn->session, conn);
	else
		list_del(&conn->link);
	loop_call_queue(iscsi.core->loop, &conn->reap);
}

static void close_overdue(struct loop_timer *t)
{
	conn_close(container_of(t, struct iscsi_conn, close_timer), "the last PDU was not taken");
}

void conn_close_when_sent(struct iscsi_conn *conn)
{
	if (conn_ending(conn))
		return;
	conn->close_when_sent = true;
	/* Who still logs in has the time limit of that. */
	if (conn->state != CONN_LOGIN)
		loop_timer_set(iscsi.core->loop, &conn->close_timer, CLOSE_GRACE_NS, close_overdue);
	conn->state = CONN_IN_LOGOUT;
	loop_call_queue(iscsi.core->loop, &conn->tx.flush);
}

void conn_full_feature(struct iscsi_conn *conn)
{
	if (conn_ending(conn))
		return;
	conn->state = CONN_FULL_FEATURE;
	conn->login_done = true;
	conn->any_order = !conn->params.data_pdu_in_order;
	loop_timer_cancel(&conn->login_timer);
	conn->ops->full_feature(conn);
	if (conn->session->nexus)
		stat_path_add(conn->session->nexus, &conn->path);
	nop_start(conn);
}
