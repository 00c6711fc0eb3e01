/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gets lost without a trace (recovery.h): an R2T, or the last Data-Out of its answer. Their
 * tasks are found by a look at all of the connection's tasks each second.
 */
#include "iscsi/recovery.h"

#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/data_out.h"
#include "iscsi/iscsi.h"
#include "iscsi/nop.h"
#include "iscsi/r2t.h"
#include "iscsi/task.h"
#include "target/core.h"

#define TICK_NS NSEC_PER_SEC
#define PATIENCE_NS (3 * NSEC_PER_SEC) /* the first time; then twice as long each time */
#define PATIENCE_MAX_NS (48 * NSEC_PER_SEC)
#define AGAIN_MAX 1000 /* recovery R2Ts of a task */

bool recovery_allowed(struct iscsi_task *task)
{
	return ++task->rec.again <= AGAIN_MAX;
}

void recovery_progress(struct iscsi_task *task)
{
	task->rec.asked_ns = loop_now(iscsi.core->loop);
	task->rec.patience_ns = PATIENCE_NS;
}

/* Nobody will send any more of it. */
static void fail(struct iscsi_task *task)
{
	task->bad_data = true;
	if (data_out_scattered(task, 0, task->cmd.out_want))
		r2t_progress(task);
}

static void ask_again(struct iscsi_task *task)
{
	bool allowed = recovery_allowed(task) && task->rec.patience_ns < PATIENCE_MAX_NS;

	task->rec.asked_ns = loop_now(iscsi.core->loop);
	task->rec.patience_ns *= 2;
	task->unsolicited_open = false;
	if (task->ended) {
		command_check_held(task);
		return;
	}
	r2t_forget(task);
	if (allowed)
		r2t_progress(task);
	else
		fail(task);
}

static bool overdue(const struct iscsi_task *task, uint64_t now)
{
	if (task->is_tmf || !task->submitted || task->responding || task->no_response ||
	    !(task->n_r2t || task->unsolicited_open))
		return false;
	return now - task->rec.asked_ns >= task->rec.patience_ns;
}

static void tick(struct loop_timer *t)
{
	struct iscsi_conn *conn = container_of(t, struct iscsi_conn, recovery_timer);
	uint64_t now = loop_now(iscsi.core->loop);
	struct iscsi_task *task, *tmp;

	list_for_each_safe(task, tmp, &conn->tasks, conn_link) {
		if (overdue(task, now) && conn->rx.task != task)
			ask_again(task);
		if (conn->closing)
			return;
	}
	if (conn->n_unacked)
		nop_ask(conn);
	if (!conn->closing)
		loop_timer_set(iscsi.core->loop, t, TICK_NS, tick);
}

void recovery_start(struct iscsi_conn *conn)
{
	if (loop_timer_set(iscsi.core->loop, &conn->recovery_timer, TICK_NS, tick))
		conn_close(conn, "out of memory");
}
