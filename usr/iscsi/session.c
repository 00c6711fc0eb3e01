/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions (session.h). A session is freed when its connections are freed and its
 * nexus is gone, whatever comes last: tasks in a store refer to both.
 */
#include "iscsi/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "iscsi/async.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/retain.h"
#include "iscsi/task.h"
#include "target/core.h"
#include "target/nexus.h"
#include "target/target.h"

static void reap(struct loop_call *call);

struct iscsi_session *session_find(struct iscsi_target *t, const char *initiator,
				   const uint8_t isid[6], uint16_t tpgt)
{
	struct iscsi_session *s;

	list_for_each(s, &iscsi.sessions, link)
		if (s->target == t && t && s->tpgt == tpgt &&
		    !memcmp(s->isid, isid, sizeof(s->isid)) && !strcmp(s->initiator, initiator))
			return s;
	return NULL;
}

struct iscsi_session *session_by_tsih(const struct iscsi *is, uint16_t tsih)
{
	struct hash_node *n = hash_first(&is->by_tsih, hash_u64(tsih));

	for (; n; n = hash_next(n)) {
		struct iscsi_session *s = container_of(n, struct iscsi_session, tsih_node);

		if (s->tsih == tsih)
			return s;
	}
	return NULL;
}

struct iscsi_session *session_new(struct iscsi *is, struct iscsi_target *t, const char *initiator,
				  const uint8_t isid[6], uint16_t tpgt)
{
	struct iscsi_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->initiator = strdup(initiator);
	if (!s->initiator) {
		free(s);
		return NULL;
	}
	s->target = t;
	s->discovery = !t;
	s->tpgt = tpgt;
	memcpy(s->isid, isid, sizeof(s->isid));
	list_init(&s->conns);
	list_init(&s->lost);
	list_init(&s->early);
	fence_init(s);
	loop_call_init(&s->reap, LOOP_REAP, reap);
	list_push_back(&is->sessions, &s->link);
	return s;
}

void session_add_conn(struct iscsi_session *s, struct iscsi_conn *conn)
{
	list_del(&conn->link);
	list_push_back(&s->conns, &conn->link);
	conn->session = s;
	s->n_conns++;
	s->n_conns_left++;
	capture_join(conn);
}

static uint16_t free_tsih(struct iscsi *is)
{
	unsigned int i;

	for (i = 0; i < UINT16_MAX; i++) {
		if (!++is->last_tsih)
			is->last_tsih = 1;
		if (!session_by_tsih(is, is->last_tsih))
			return is->last_tsih;
	}
	return 0;
}

static int make_nexus(struct iscsi_session *s)
{
	if (!target_ready(s->target->t))
		return -EAGAIN;
	s->nexus = nexus_create(s->target->t, &iscsi_transport, s->initiator, s->isid, s->tsih,
				s->tpgt, s);
	return s->nexus ? 0 : -ENOMEM;
}

int session_start(struct iscsi_session *s)
{
	uint16_t tsih = free_tsih(&iscsi);
	int r;

	if (!tsih || hash_insert(&iscsi.by_tsih, &s->tsih_node, hash_u64(tsih)))
		return -ENOMEM;
	s->tsih = tsih;
	iscsi.cut[tsih / 8] &= (uint8_t)~(1 << tsih % 8);
	if (s->discovery)
		return 0;
	r = make_nexus(s);
	/* Without a nexus nothing tells it of the target's end. */
	if (r)
		s->target = NULL;
	return r;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void check_gone(struct iscsi_session *s)
{
	void (*ended)(void *arg) = s->ended;
	void *arg = s->ended_arg;

	if (!s->dying || s->n_conns_left || s->nexus || s->n_joining)
		return;
	if (s->tsih)
		hash_remove(&iscsi.by_tsih, &s->tsih_node);
	loop_call_cancel(&s->reap);
	fence_end(s);
	loop_timer_cancel(&s->retain_timer);
	loop_timer_cancel(&s->leave_timer);
	list_del(&s->link);
	capture_end(s);
	hash_free(&s->tasks);
	free(s->ttt);
	free(s->initiator);
	free(s->alias);
	free(s);
	if (ended)
		ended(arg);
	iscsi_check_stopped();
}

static void reap(struct loop_call *call)
{
	check_gone(container_of(call, struct iscsi_session, reap));
}

static void nexus_gone(void *arg)
{
	struct iscsi_session *s = arg;

	s->nexus = NULL;
	s->target = NULL; /* may go now */
	check_gone(s);
}

static void die(struct iscsi_session *s)
{
	if (s->dying)
		return;
	s->dying = true;
	retain_forget_all(s);
	if (s->nexus) {
		nexus_destroy(s->nexus, nexus_gone, s);
		return;
	}
	/* Not here: the caller may still look at it. */
	loop_call_queue(iscsi.core->loop, &s->reap);
}

void session_close(struct iscsi_session *s, const char *why, void (*ended)(void *arg), void *arg)
{
	struct iscsi_conn *conn, *tmp;

	if (ended) {
		s->ended = ended;
		s->ended_arg = arg;
	}
	s->ending = true;
	list_for_each_safe(conn, tmp, &s->conns, link)
		conn_close(conn, why);
	die(s);
}

struct iscsi_conn *session_conn(const struct iscsi_session *s, uint16_t cid)
{
	struct iscsi_conn *conn, *last = NULL;

	list_for_each(conn, &s->conns, link)
		if (conn->cid == cid)
			return conn;
	list_for_each(conn, &s->lost, link)
		if (conn->cid == cid)
			last = conn;
	return last;
}

/* Another connection than @conn, or NULL. */
static struct iscsi_conn *other_conn(const struct iscsi_session *s, const struct iscsi_conn *conn)
{
	struct iscsi_conn *other;

	list_for_each(other, &s->conns, link)
		if (other != conn && !conn_ending(other))
			return other;
	return NULL;
}

void session_forget_early(struct iscsi_session *s, struct iscsi_conn *conn)
{
	struct iscsi_conn *other = other_conn(s, conn);
	struct iscsi_task *task, *tmp;

	list_for_each_safe(task, tmp, &conn->tasks, conn_link) {
		if (task->submitted)
			continue;
		if (task->hole && other)
			task_move(task, other);
		else if (!task->hole || !conn->kept)
			list_del(&task->early_link);
	}
}

void session_conn_gone(struct iscsi_session *s, struct iscsi_conn *conn)
{
	list_del(&conn->link);
	list_push_back(&s->lost, &conn->link);
	s->n_conns--;
	fence_conn_gone(s, conn);
	if (conn->kept)
		retain_begin(conn);
	session_check_idle(s);
	if (s->dying)
		return;
	session_forget_early(s, conn);
	/* RFC 7143 11.9.1: Time2Retain 0 says that nothing of its tasks is kept. */
	if (conn->login_done && !conn->logged_out && !conn->recovered)
		async_send(s, ISCSI_ASYNC_DROP_CONN, conn->cid, (uint16_t)s->params.time2wait,
			   conn->kept ? (uint16_t)s->params.time2retain : 0);
}

void session_check_idle(struct iscsi_session *s)
{
	if (!s->n_conns && !s->n_joining && (!s->n_kept || s->ending))
		die(s);
}

void session_hold(struct iscsi_session *s)
{
	s->n_joining++;
}

void session_unhold(struct iscsi_session *s)
{
	s->n_joining--;
	session_check_idle(s);
	/* Not here: the caller may still look at it. */
	if (s->dying)
		loop_call_queue(iscsi.core->loop, &s->reap);
}

void session_conn_freed(struct iscsi_session *s)
{
	s->n_conns_left--;
	check_gone(s);
}
