/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSCSI tasks from the pool: made, found by ITT, freed when neither the target nor rx
 * nor a queued PDU refers to them.
 */
#include "iscsi/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "iscsi/conn.h"
#include "iscsi/extents.h"
#include "iscsi/iscsi.h"
#include "iscsi/r2t.h"
#include "iscsi/recovery.h"
#include "iscsi/session.h"
#include "target/core.h"

static void reap(struct loop_call *call)
{
	task_check_done(container_of(call, struct iscsi_task, reap));
}

struct iscsi_task *task_new(struct iscsi_conn *conn, uint32_t itt)
{
	struct iscsi_task *task = pool_get(&iscsi.tasks);

	if (!task)
		return NULL;
	/* The command, first in the struct, is scsi_cmd_init()'s; the rest is small. */
	mem_clear((char *)task + sizeof(task->cmd),
		  offsetof(struct iscsi_task, rec) - sizeof(task->cmd));
	if (unlikely(conn->recovers)) {
		memset(&task->rec, 0, sizeof(task->rec));
		recovery_progress(task);
	}
	task->conn = conn;
	task->itt = itt;
	task->ttt_index = UINT32_MAX;
	list_init(&task->early_link);
	loop_call_init(&task->reap, LOOP_REAP, reap);
	if (hash_insert(&conn->session->tasks, &task->itt_node, hash_u64(itt))) {
		pool_put(&iscsi.tasks, task);
		return NULL;
	}
	list_push_back(&conn->tasks, &task->conn_link);
	conn->n_tasks++;
	return task;
}

struct iscsi_task *task_find(const struct iscsi_session *s, uint32_t itt)
{
	struct hash_node *n = hash_first(&s->tasks, hash_u64(itt));

	for (; n; n = hash_next(n)) {
		struct iscsi_task *task = container_of(n, struct iscsi_task, itt_node);

		if (task->itt == itt)
			return task;
	}
	return NULL;
}

void task_forget_rx(struct iscsi_task *task)
{
	struct iscsi_rx *rx = &task->conn->rx;

	if (rx->task != task)
		return;
	rx->task = NULL;
	rx->dst = NULL;
	rx->dst_len = 0;
}

void task_count(struct iscsi_task *task, bool immediate)
{
	task->immediate = immediate;
	task->counted = !immediate;
	if (immediate)
		task->conn->session->n_immediate++;
	else
		task->conn->session->n_tasks++;
}

void task_uncount(struct iscsi_task *task)
{
	struct iscsi_session *s = task->conn->session;

	if (task->counted)
		s->n_tasks--;
	else if (task->immediate)
		s->n_immediate--;
	task->counted = task->immediate = false;
}

void task_defer_free(struct iscsi_task *task)
{
	loop_call_queue(iscsi.core->loop, &task->reap);
}

/* Whoever waits until it has no tasks is told by its reap call. */
static void leave(struct iscsi_conn *conn)
{
	if (!--conn->n_tasks && unlikely(conn->closing || conn->emptied))
		loop_call_queue(iscsi.core->loop, &conn->reap);
}

void task_move(struct iscsi_task *task, struct iscsi_conn *conn)
{
	task_forget_rx(task);
	list_del(&task->conn_link);
	leave(task->conn);
	task->conn = conn;
	list_push_back(&conn->tasks, &task->conn_link);
	conn->n_tasks++;
}

void task_free(struct iscsi_task *task)
{
	struct iscsi_conn *conn = task->conn;

	loop_call_cancel(&task->reap);

	task_forget_rx(task);
	r2t_end(task);
	hash_remove(&conn->session->tasks, &task->itt_node);
	list_del(&task->early_link);
	list_del(&task->conn_link);
	task_uncount(task);
	if (task->submitted && !task->is_tmf)
		scsi_cmd_release(&task->cmd);
	if (unlikely(task->cdb_ext))
		free(task->cdb_ext);
	if (unlikely(task->got))
		extents_free(task->got);
	if (unlikely(task->early_data))
		buf_put(&iscsi.core->bufs, task->early_data, task->early_size);
	pool_put(&iscsi.tasks, task);
	leave(conn);
}

void task_check_done(struct iscsi_task *task)
{
	bool closing = task->conn->closing;

	if (task->pdus_out || !task->header_taken)
		return;
	if (task->submitted && !task->ended)
		return;
	/* Its numbers count, and another connection may take it over. */
	if (unlikely(closing && task->conn->kept) && !task->no_response &&
	    (task->hole || (task->submitted && !task->is_tmf)))
		return;
	/* Not yet due, or waiting to respond: only the end of the connection ends it. */
	if (!closing && !task->no_response && !task->responding)
		return;
	task_free(task);
}
