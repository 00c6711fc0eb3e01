/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command window: what may be sent, and how it shrinks under load.
 */
#include "iscsi/window.h"

#include "base/pool.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "target/core.h"

#define WINDOW_PRESSED 4 /* commands, while data buffers are short: never closed, or nobody would open it */

/* A command with this number came before its turn and waits. */
static bool waits(const struct iscsi_session *s, uint32_t cmd_sn)
{
	const struct iscsi_task *task;

	list_for_each(task, &s->early, early_link)
		if (task->cmd_sn == cmd_sn && !task->immediate)
			return true;
	return false;
}

enum window_verdict window_check(const struct iscsi_session *s, uint32_t cmd_sn, bool immediate)
{
	if (immediate)
		return WINDOW_DUE;
	if (sn_before(cmd_sn, s->exp_cmd_sn) || sn_before(s->max_cmd_sn, cmd_sn) ||
	    waits(s, cmd_sn))
		return WINDOW_DROP;
	return cmd_sn == s->exp_cmd_sn ? WINDOW_DUE : WINDOW_EARLY;
}

enum window_verdict window_take(struct iscsi_session *s, uint32_t cmd_sn, bool immediate)
{
	enum window_verdict verdict = window_check(s, cmd_sn, immediate);

	if (verdict == WINDOW_DUE && !immediate)
		s->exp_cmd_sn++;
	return verdict;
}

uint32_t session_max_cmd_sn(struct iscsi_session *s)
{
	uint32_t window = s->params.max_queue_cmd, max;

	window = window > s->n_tasks ? window - s->n_tasks : 0;
	if (window > WINDOW_PRESSED && buf_pressed(&iscsi.core->bufs))
		window = WINDOW_PRESSED;
	max = s->exp_cmd_sn + window - 1;
	if (sn_before(s->max_cmd_sn, max))
		s->max_cmd_sn = max;
	return s->max_cmd_sn;
}
