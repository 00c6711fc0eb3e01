/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Response Fence (fence.h). A fenced response is sent when all that was sent before it on any
 * connection has been acknowledged, and what follows it when it has been itself. Initiators
 * that have nothing to send are pinged for their ExpStatSN; one that never tells it loses the
 * connection, as the others of its session would wait for ever.
 */
#include "iscsi/fence.h"

#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/nop.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/task_mgmt.h"
#include "iscsi/window.h"
#include "target/core.h"

#define TICK_NS NSEC_PER_SEC
#define PATIENCE_NS (30 * NSEC_PER_SEC)

static void run(struct loop_call *call);

void fence_init(struct iscsi_session *s)
{
	list_init(&s->fence.held);
	loop_call_init(&s->fence.call, LOOP_COMPLETE, run);
}

void fence_agreed(struct iscsi_session *s)
{
	s->fence.needed = s->params.task_reporting >= REPORTING_FENCE &&
			  s->params.max_connections > 1;
}

void fence_end(struct iscsi_session *s)
{
	loop_call_cancel(&s->fence.call);
	loop_timer_cancel(&s->fence.timer);
}

/* --- which ------------------------------------------------------------------------------------ */

static bool tells_attention(const struct scsi_cmd *cmd)
{
	const uint8_t *s = cmd->sense;

	if (cmd->status != SAM_CHECK_CONDITION || cmd->sense_len < 3)
		return false;
	return ((s[0] & 0x7e) == 0x72 ? s[1] & 0x0f : s[2] & 0x0f) == SK_UNIT_ATTENTION;
}

/* PERSISTENT RESERVE OUT with PREEMPT AND ABORT. */
static bool preempts(const struct scsi_cmd *cmd)
{
	return cmd->cdb[0] == 0x5f && (cmd->cdb[1] & 0x1f) == 0x05;
}

/* RFC 7143 4.2.2.3.4. There is no ACA here. */
static bool is_fenced(const struct iscsi_task *task)
{
	if (task->is_tmf)
		return task_mgmt_is_of_many(task);
	return tells_attention(&task->cmd) || preempts(&task->cmd);
}

/* --- what it waits for ------------------------------------------------------------------------ */

static bool acknowledged(const struct iscsi_conn *conn)
{
	return conn_ending(conn) || !sn_before(conn->exp_stat_sn, conn->fence_sn);
}

/* 4.2.2.3.3 b: what was sent so far has to be acknowledged. */
static void note(struct iscsi_session *s)
{
	struct iscsi_conn *conn;

	list_for_each(conn, &s->conns, link)
		conn->fence_sn = conn->stat_sn;
	s->fence.noted = true;
}

/* A response that was due before, and waits for the end of unsolicited data (command.c). */
static bool has_unsent(const struct iscsi_conn *conn)
{
	const struct iscsi_task *task;

	list_for_each(task, &conn->tasks, conn_link)
		if (task->ended && !task->responding && !task->no_response &&
		    !list_linked(&task->early_link))
			return true;
	return false;
}

/* All that was due before the first of those held has come to the initiator. */
static bool is_clear(struct iscsi_session *s)
{
	const struct iscsi_conn *conn;

	if (!s->fence.noted)
		note(s);
	list_for_each(conn, &s->conns, link)
		if (!acknowledged(conn))
			return false;
	list_for_each(conn, &s->conns, link)
		if (!conn_ending(conn) && has_unsent(conn)) {
			s->fence.noted = false; /* that has a number yet to come */
			return false;
		}
	return true;
}

static void ask(struct iscsi_session *s)
{
	struct iscsi_conn *conn, *tmp;

	list_for_each_safe(conn, tmp, &s->conns, link)
		if (!acknowledged(conn))
			nop_ask(conn);
}

static void give_up(struct iscsi_session *s)
{
	struct iscsi_conn *conn, *tmp;

	list_for_each_safe(conn, tmp, &s->conns, link)
		if (!acknowledged(conn) || has_unsent(conn))
			conn_close(conn, "others of its session wait for its acknowledgement");
}

/* --- letting go ------------------------------------------------------------------------------- */

static void tick(struct loop_timer *t)
{
	struct iscsi_session *s = container_of(t, struct iscsi_session, fence.timer);

	if (loop_now(iscsi.core->loop) - s->fence.since_ns >= PATIENCE_NS)
		give_up(s);
	fence_poke(s);
}

/* Waits, and asks for what is waited for. */
static void wait(struct iscsi_session *s)
{
	ask(s);
	if (!loop_timer_armed(&s->fence.timer) &&
	    loop_timer_set(iscsi.core->loop, &s->fence.timer, TICK_NS, tick))
		give_up(s);
}

/* It goes out now, unless it is off. */
static void release(struct iscsi_task *task)
{
	struct iscsi_session *s = task->conn->session;
	bool needed = s->fence.needed;

	list_del(&task->early_link);
	s->fence.needed = false; /* for once */
	if (task->is_tmf)
		task_mgmt_respond(task);
	else
		command_check_held(task);
	s->fence.needed = needed;
}

/* False: it must wait. */
static bool release_first(struct iscsi_session *s)
{
	struct iscsi_task *task = list_first(&s->fence.held, struct iscsi_task, early_link);
	struct iscsi_conn *conn = task->conn;
	bool fenced = is_fenced(task) && s->n_conns > 1;
	uint32_t sn = conn->stat_sn;

	if (fenced && !is_clear(s))
		return false;
	s->fence.noted = false;
	release(task);
	s->fence.since_ns = loop_now(iscsi.core->loop);
	if (fenced && !conn_ending(conn) && conn->stat_sn != sn) {
		s->fence.conn = conn;
		s->fence.stat_sn = sn;
		conn->fence_sn = conn->stat_sn;
	}
	return true;
}

static void run(struct loop_call *call)
{
	struct iscsi_session *s = container_of(call, struct iscsi_session, fence.call);
	struct iscsi_fence *f = &s->fence;

	for (;;) {
		if (f->conn && sn_before(f->stat_sn, f->conn->exp_stat_sn))
			f->conn = NULL;
		if (f->conn || (!list_empty(&f->held) && !release_first(s))) {
			wait(s);
			return;
		}
		if (list_empty(&f->held) && !f->conn)
			break;
	}
	loop_timer_cancel(&f->timer);
}

bool fence_hold(struct iscsi_task *task)
{
	struct iscsi_session *s = task->conn->session;
	struct iscsi_fence *f = &s->fence;

	if (list_linked(&task->early_link))
		return true;
	if (list_empty(&f->held) && !f->conn && (s->n_conns < 2 || !is_fenced(task)))
		return false;
	if (list_empty(&f->held) && !f->conn)
		f->since_ns = loop_now(iscsi.core->loop);
	list_push_back(&f->held, &task->early_link);
	fence_poke(s);
	return true;
}

void fence_poke(struct iscsi_session *s)
{
	if (!list_empty(&s->fence.held) || s->fence.conn)
		loop_call_queue(iscsi.core->loop, &s->fence.call);
}

void fence_conn_gone(struct iscsi_session *s, const struct iscsi_conn *conn)
{
	fence_poke(s);
	if (s->fence.conn == conn)
		s->fence.conn = NULL;
}
