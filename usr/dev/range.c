/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusive and shared ranges of an LU. lu->ranges is one queue in order of arrival: all
 * exclusive commands, whether they hold or wait, and the shared ones that wait. A command may go
 * when no earlier one in the queue and, for an exclusive one, no shared holder overlaps
 * it. Shared holders are in no queue: they are found by a scan of the task set, which
 * only exclusive commands pay for.
 */
#include "dev/io.h"
#include "dev/range.h"
#include "target/core.h"
#include "target/target.h"

static bool overlap(const struct scsi_cmd *a, const struct scsi_cmd *b)
{
	if (a->range_first < b->range_first)
		return b->range_first - a->range_first < a->range_count && b->range_count;
	return a->range_first - b->range_first < b->range_count && a->range_count;
}

static bool waits(const struct scsi_cmd *cmd)
{
	return cmd->range_mode == RANGE_WAIT_SHARED || cmd->range_mode == RANGE_WAIT_EXCLUSIVE ||
	       cmd->range_mode == RANGE_WAIT_GUEST;
}

static bool exclusive(const struct scsi_cmd *cmd)
{
	return cmd->range_mode == RANGE_EXCLUSIVE || cmd->range_mode == RANGE_WAIT_EXCLUSIVE;
}

/* FORMAT UNIT or SANITIZE has begun, or failed, since the command passed the gates. */
static bool closed(const struct scsi_cmd *cmd)
{
	enum scsi_result background = cmd->lu->background;

	return unlikely(background != RES_GOOD) &&
	       (!(cmd->op->flags & OP_FORMATTING_OK) ||
		scsi_result_info(background)->key == SK_NOT_READY);
}

/* @cmd is in the queue and waits: whether it must go on waiting. */
static bool blocked(const struct lu *lu, const struct scsi_cmd *cmd)
{
	const struct scsi_cmd *c;

	list_for_each(c, &lu->ranges, range_link) {
		if (c == cmd)
			break;
		if ((exclusive(c) || exclusive(cmd)) && overlap(c, cmd))
			return true;
	}
	if (!exclusive(cmd))
		return false;
	list_for_each(c, &lu->ts.enabled, lu_link) {
		if (c->range_mode == RANGE_SHARED && overlap(c, cmd))
			return true;
	}
	return false;
}

/* Tokens of what will be written end. */
static inline void tell_written(struct scsi_cmd *cmd)
{
	if (unlikely(cmd->lu->written) && cmd->op->flags & OP_WRITES)
		cmd->lu->written(cmd->lu, cmd->range_first, cmd->range_count);
}

static void hold(struct scsi_cmd *cmd)
{
	tell_written(cmd);
	cmd->cancel = NULL;
	if (cmd->range_mode == RANGE_WAIT_EXCLUSIVE) {
		cmd->range_mode = RANGE_EXCLUSIVE;
	} else if (cmd->range_mode == RANGE_WAIT_GUEST) {
		cmd->range_mode = RANGE_GUEST;
	} else {
		list_del(&cmd->range_link);
		cmd->range_mode = RANGE_SHARED;
	}
}

/* An aborted waiter ends from the loop, as every other command does. */
static void waiter_cancel(struct scsi_cmd *cmd)
{
	range_recheck(cmd->lu);
}

/* What the next of the waiters should do that can do something; NULL: none can. */
static struct scsi_cmd *next_ready(struct lu *lu)
{
	struct scsi_cmd *c;

	list_for_each(c, &lu->ranges, range_link) {
		if (waits(c) && (c->aborted || closed(c) || !blocked(lu, c)))
			return c;
	}
	return NULL;
}

/* Steps may end commands, and by that change the queue: so look anew each time. */
static void waiters_run(struct loop_call *call)
{
	struct lu *lu = container_of(call, struct lu, range_call);
	struct scsi_cmd *cmd;
	enum scsi_result r;

	while ((cmd = next_ready(lu))) {
		hold(cmd);
		if (cmd->range_mode == RANGE_GUEST) {
			cmd->range_got(cmd);
			continue;
		}
		r = cmd->aborted  ? RES_TASK_ABORTED
		    : closed(cmd) ? lu_background(lu, &cmd->extra)
				  : cmd->range_got(cmd);
		r = dev_step_end(cmd, r);
		if (r != RES_PENDING)
			scsi_cmd_complete(cmd, r);
	}
}

enum scsi_result range_enter(struct scsi_cmd *cmd, enum range_mode want,
			     enum scsi_result (*got)(struct scsi_cmd *cmd))
{
	struct lu *lu = cmd->lu;

	if (unlikely(closed(cmd)))
		return lu_background(lu, &cmd->extra);
	if (likely(want == RANGE_SHARED && list_empty(&lu->ranges))) {
		cmd->range_mode = RANGE_SHARED;
		tell_written(cmd);
		return dev_step_end(cmd, got(cmd));
	}
	cmd->range_mode = want == RANGE_SHARED ? RANGE_WAIT_SHARED : RANGE_WAIT_EXCLUSIVE;
	cmd->range_got = got;
	list_push_back(&lu->ranges, &cmd->range_link);
	if (blocked(lu, cmd)) {
		cmd->cancel = waiter_cancel;
		return RES_PENDING;
	}
	hold(cmd);
	return dev_step_end(cmd, got(cmd));
}

void range_guest(struct scsi_cmd *cmd, uint64_t first, uint64_t count,
		 enum scsi_result (*got)(struct scsi_cmd *cmd))
{
	cmd->range_first = first;
	cmd->range_count = count;
	cmd->range_mode = RANGE_WAIT_GUEST;
	cmd->range_got = got;
	list_push_back(&cmd->lu->ranges, &cmd->range_link);
	if (blocked(cmd->lu, cmd))
		return;
	hold(cmd);
	got(cmd);
}

void range_recheck(struct lu *lu)
{
	if (!list_empty(&lu->ranges))
		loop_call_queue(lu->target->core->loop, &lu->range_call);
}

void range_leave(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;

	if (cmd->range_mode != RANGE_SHARED)
		list_del(&cmd->range_link);
	cmd->range_mode = RANGE_NONE;
	range_recheck(lu);
}

void range_init(struct lu *lu)
{
	list_init(&lu->ranges);
	loop_call_init(&lu->range_call, LOOP_COMPLETE, waiters_run);
}

void range_done(struct lu *lu)
{
	assert(list_empty(&lu->ranges));
	loop_call_cancel(&lu->range_call);
}
