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
#include "iscsi/logout.h"
#include "iscsi/nop.h"
#include "iscsi/pdu.h"
#include "iscsi/portal.h"
#include "iscsi/recovery.h"
#include "iscsi/retain.h"
#include "iscsi/rx.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/tcp.h"
#include "iscsi/text_request.h"
#include "iscsi/tx.h"
#include "iscsi/unacked.h"
#include "target/core.h"
#include "target/nexus.h"

#define CLOSE_GRACE_NS (5 * NSEC_PER_SEC) /* for a peer to take what was queued */

/* Tasks whose end the initiator will not see any more. */
static void drop_ended_tasks(struct iscsi_conn *conn)
{
	struct iscsi_task *task, *tmp;

	list_for_each_safe(task, tmp, &conn->tasks, conn_link)
		task_check_done(task);
}

/* Tasks that neither the target nor the socket has. */
static void drop_idle_tasks(struct iscsi_conn *conn)
{
	struct iscsi_task *task, *tmp;

	list_for_each_safe(task, tmp, &conn->tasks, conn_link) {
		if (task->responding || (task->submitted && !task->ended))
			continue;
		task->no_response = true;
		task_check_done(task);
	}
}

static bool is_of(struct scsi_cmd *cmd, void *arg)
{
	return task_of_cmd(cmd)->conn == arg;
}

/* What the target has of the connection comes back, while its session lives on. */
static void take_tasks(struct iscsi_conn *conn)
{
	const struct iscsi_session *s = conn->session;

	if (conn->tasks_taken || !s || s->dying || !s->nexus)
		return;
	conn->tasks_taken = true;
	nexus_abort(s->nexus, is_of, conn);
}

static void tell_emptied(struct iscsi_conn *conn)
{
	void (*done)(struct iscsi_conn *conn) = conn->emptied;

	if (!done || conn->n_tasks)
		return;
	conn->emptied = NULL;
	done(conn);
}

static void tell_waiters(struct list *waiters)
{
	struct list *link;

	while ((link = list_pop(waiters))) {
		struct iscsi_conn *conn = list_entry(link, struct iscsi_conn, wait_link);

		conn->awaited(conn);
	}
}

/* When all its tasks have gone to other connections, nothing is left to be kept. */
static bool still_kept(struct iscsi_conn *conn)
{
	if (conn->n_tasks || !conn->recovered || !conn->session->n_conns)
		return true;
	retain_forget(conn);
	return false;
}

static void reap(struct loop_call *call)
{
	struct iscsi_conn *conn = container_of(call, struct iscsi_conn, reap);
	struct list waiters;

	if (!conn->closing) {
		tell_emptied(conn);
		return;
	}
	if (!conn->kept)
		take_tasks(conn);
	drop_ended_tasks(conn);
	if (conn->kept && still_kept(conn))
		return;
	if (conn->n_tasks)
		return;
	loop_call_cancel(&conn->reap);
	stat_path_del(&conn->path);
	iscsi.n_conns--;
	list_init(&waiters);
	list_splice_back(&waiters, &conn->waiters);
	list_del(&conn->link);
	if (conn->session)
		session_conn_freed(conn->session);
	portal_unref(conn->portal);
	free(conn->account);
	free(conn);
	tell_waiters(&waiters);
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
	conn->portal = portal_ref(portal);
	conn->tpgt = portal ? portal->conf.tag : 1;
	conn->peer = *peer;
	conn->local = *local;
	conn->state = CONN_LOGIN;
	conn->last_rx_ns = loop_now(iscsi.core->loop);
	list_init(&conn->link);
	list_init(&conn->tasks);
	list_init(&conn->unacked);
	list_init(&conn->waiters);
	list_init(&conn->wait_link);
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
	conn->kept = retain_wanted(conn);
	log_close(conn, why);
	loop_timer_cancel(&conn->login_timer);
	loop_timer_cancel(&conn->nop_timer);
	loop_timer_cancel(&conn->close_timer);
	loop_timer_cancel(&conn->recovery_timer);
	rx_done(conn);
	if (conn->rx.task)
		task_forget_rx(conn->rx.task);
	conn->ops->close(conn);
	unacked_drop(conn);
	login_end(conn);
	text_req_end(conn);
	logout_end(conn);
	list_del(&conn->wait_link);
	if (conn->session)
		session_conn_gone(conn->session, conn);
	else
		list_del(&conn->link);
	loop_call_queue(iscsi.core->loop, &conn->reap);
}

void conn_end_tasks(struct iscsi_conn *conn, void (*done)(struct iscsi_conn *conn))
{
	conn->emptied = done;
	session_forget_early(conn->session, conn);
	take_tasks(conn);
	drop_idle_tasks(conn);
	loop_call_queue(iscsi.core->loop, &conn->reap);
}

void conn_await(struct iscsi_conn *conn, struct iscsi_conn *other,
		void (*fn)(struct iscsi_conn *conn))
{
	conn->awaited = fn;
	list_del(&conn->wait_link);
	list_push_back(&other->waiters, &conn->wait_link);
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
	conn->recovers = conn->params.erl;
	conn->tracks_acks = conn->recovers || conn->session->fence.needed;
	conn->any_order = conn->recovers || !conn->params.data_pdu_in_order;
	conn->exp_stat_sn = conn->fence_sn = conn->stat_sn;
	loop_timer_cancel(&conn->login_timer);
	conn->ops->full_feature(conn);
	if (conn->session->nexus)
		stat_path_add(conn->session->nexus, &conn->path);
	nop_start(conn);
	if (conn->recovers)
		recovery_start(conn);
}
