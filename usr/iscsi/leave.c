/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The polite end of a session (leave.h): before its target goes offline or is deleted, and before
 * tgtd stops. Commands go on meanwhile, so that an initiator can write back what it has.
 */
#include "iscsi/leave.h"

#include "base/log.h"
#include "iscsi/async.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "target/core.h"

/* RFC 7143 11.9.1: it is told that the target drops the session; Time2Retain 0: nothing is kept. */
static void drop(struct iscsi_session *s)
{
	struct iscsi_conn *conn, *tmp;

	async_send(s, ISCSI_ASYNC_DROP_SESSION, 0, (uint16_t)s->params.time2wait, 0);
	list_for_each_safe(conn, tmp, &s->conns, link)
		conn_close_when_sent(conn);
}

static void overdue(struct loop_timer *t)
{
	struct iscsi_session *s = container_of(t, struct iscsi_session, leave_timer);

	log_info("%s has not left when asked to: its session is dropped", s->initiator);
	drop(s);
}

/* 11.9.1: on the connection that is meant, with the time it has in Parameter3. */
static void ask(struct iscsi_session *s)
{
	struct iscsi_conn *conn;

	list_for_each(conn, &s->conns, link)
		if (conn->state == CONN_FULL_FEATURE)
			async_send_conn(conn, ISCSI_ASYNC_LOGOUT, 0, 0,
					(uint16_t)iscsi.logout_wait_s);
}

void leave_ask(struct iscsi_session *s, const char *why)
{
	if (s->dying || s->leaving)
		return;
	s->leaving = s->ending = true;
	log_limited(LOG_LVL_INFO, "session %u of %s has to end: %s", s->tsih, s->initiator, why);
	if (!s->n_conns) {
		session_close(s, NULL, NULL, NULL);
		return;
	}
	/* Whoever only looks for targets has nothing to bring to an end. */
	if (s->discovery || !iscsi.logout_wait_s ||
	    loop_timer_set(iscsi.core->loop, &s->leave_timer, iscsi.logout_wait_s * NSEC_PER_SEC,
			   overdue))
		drop(s);
	else
		ask(s);
}
