/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command window: what may be sent, and how it shrinks under load.
 */
#include "iscsi/window.h"

#include "base/pool.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "target/core.h"

#define WINDOW_PRESSED 4 /* commands, while data buffers are short: never closed, or nobody would open it */

enum window_verdict window_take(struct iscsi_session *s, uint32_t cmd_sn, bool immediate)
{
	if (immediate)
		return WINDOW_DUE;
	if (sn_before(cmd_sn, s->exp_cmd_sn) || sn_before(s->max_cmd_sn, cmd_sn))
		return WINDOW_DROP;
	if (cmd_sn != s->exp_cmd_sn)
		return WINDOW_EARLY;
	s->exp_cmd_sn++;
	return WINDOW_DUE;
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
