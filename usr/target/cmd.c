/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a command: transports call target_submit() and
 * target_data_arrived(), device types scsi_cmd_complete(). In between it passes
 * the task set and the gates; every way out leads through cmd_end(), which hands
 * it back to its transport exactly once.
 */
#include "target/cmd.h"

#include <string.h>

#include "target/cmd_priv.h"
#include "target/core.h"
#include "target/gate.h"
#include "target/lu.h"
#include "target/lu_priv.h"
#include "target/nexus.h"
#include "target/qos.h"
#include "target/target.h"
#include "target/taskset.h"
#include "target/tmf_priv.h"
#include "target/transport.h"

#define S(state) (1u << (state))

/* In debug builds: the command was in one of the states @from. */
static inline void expect_state(const struct scsi_cmd *cmd, unsigned int from)
{
#ifdef TGT_DEBUG
	assert(from & S(cmd->state));
#else
	(void)cmd;
	(void)from;
#endif
}

void scsi_cmd_init(struct scsi_cmd *cmd, struct nexus *nexus)
{
	mem_clear(cmd, offsetof(struct scsi_cmd, sense));
	cmd->nexus = nexus;
	cmd->io = &nexus->past;
	list_init(&cmd->nexus_link);
	list_init(&cmd->lu_link);
	list_init(&cmd->range_link);
}

/* What the transport sees of the end; nothing of @cmd may be touched after it. */
static void hand_back(struct scsi_cmd *cmd)
{
	struct transport *tr = cmd->nexus->transport;

	if (unlikely(cmd->aborted && !cmd->abort_status))
		tr->aborted(cmd);
	else
		tr->respond(cmd);
}

/* Functions that waited for this command's end are answered after it. */
static __attribute__((noinline)) void hand_back_to_tmfs(struct target *t, struct scsi_cmd *cmd)
{
	struct list tmfs;

	list_init(&tmfs);
	tmf_cmd_ended(t, cmd, &tmfs);
	hand_back(cmd);
	tmf_respond_all(&tmfs);
}

static void leave_lu(struct scsi_cmd *cmd)
{
	taskset_remove(cmd);
	cmd->itl->n_cmds--;
}

void cmd_end(struct scsi_cmd *cmd, enum scsi_result result)
{
	struct target *t = cmd->nexus->target;
	struct lu *lu = list_linked(&cmd->lu_link) ? cmd->lu : NULL;

	expect_state(cmd, ~S(CMD_DONE));
	if (unlikely(cmd->aborted))
		result = RES_TASK_ABORTED;
	cmd_set_result(cmd, result);
	cmd_count_ended(cmd, result);
	if (lu)
		leave_lu(cmd);
	cmd->state = CMD_DONE;
	if (unlikely(!list_empty(&t->tmfs)))
		hand_back_to_tmfs(t, cmd);
	else
		hand_back(cmd);
	if (!lu)
		return;
	if (unlikely(!list_empty(&lu->ts.dormant)))
		taskset_advance(lu);
	if (unlikely(lu->watched))
		lu_check_drained(lu);
}

static void run(struct scsi_cmd *cmd)
{
	enum scsi_result res;

	cmd->state = CMD_RUNNING;
	res = cmd->op->run(cmd);
	if (res != RES_PENDING)
		cmd_end(cmd, res);
}

void cmd_enable(struct scsi_cmd *cmd)
{
	enum scsi_result res = gate_check(cmd);

	expect_state(cmd, S(CMD_ENABLED));
	if (likely(res == RES_GOOD) && cmd->op->check)
		res = cmd->op->check(cmd);
	if (unlikely(res != RES_GOOD)) {
		cmd_end(cmd, res);
	} else if (cmd->out_want) {
		cmd->state = CMD_DATA;
		cmd->data_asked = true;
		cmd->nexus->transport->data_out(cmd);
	} else {
		run(cmd);
	}
}

/* SAM-5 5.3.1: TASK SET FULL only tells of other commands that will end; alone it is BUSY. */
static enum scsi_result no_room(const struct scsi_cmd *cmd)
{
	return cmd->itl && cmd->itl->n_cmds ? RES_TASK_SET_FULL : RES_BUSY;
}

static enum scsi_result admit(struct scsi_cmd *cmd)
{
	enum scsi_result res = cmd_decode(cmd);

	if (unlikely(res != RES_GOOD))
		return res;
	if (unlikely(cmd->lu && cmd->lu->ts.n_tasks >= LU_TASKS_MAX))
		return no_room(cmd);
	if (cmd->out_want && cmd->nexus->transport->alloc_data(cmd, &cmd->out, cmd->out_want))
		return no_room(cmd);
	return RES_GOOD;
}

static inline void enter(struct scsi_cmd *cmd)
{
	if (likely(taskset_enter(cmd)))
		cmd_enable(cmd);
}

void target_submit(struct scsi_cmd *cmd)
{
	struct nexus *n = cmd->nexus;
	struct core *core = n->target->core;
	enum scsi_result res;

	expect_state(cmd, S(CMD_NEW));
	cmd->seq = core->cmd_seq++;
	cmd->start_ns = loop_now(core->loop);
	list_push_back(&n->cmds, &cmd->nexus_link);
	n->n_cmds++;
	res = admit(cmd);
	if (unlikely(res != RES_GOOD)) {
		cmd_end(cmd, res);
		return;
	}
	if (unlikely(!cmd->lu)) { /* an OP_ANY_LUN row: no task set, no gates */
		run(cmd);
		return;
	}
	cmd->itl->n_cmds++;
	cmd_count_submitted(cmd);
	if (unlikely(cmd->itl->limited) && qos_wait(cmd))
		return;
	enter(cmd);
}

void cmd_enter(struct scsi_cmd *cmd)
{
	enter(cmd);
}

void target_data_arrived(struct scsi_cmd *cmd, enum scsi_result result)
{
	expect_state(cmd, S(CMD_DATA));
	cmd->data_asked = false;
	if (unlikely(result != RES_GOOD)) {
		cmd_end(cmd, result);
		return;
	}
	cmd->data_done = true;
	run(cmd);
}

void scsi_cmd_complete(struct scsi_cmd *cmd, enum scsi_result result)
{
	expect_state(cmd, S(CMD_RUNNING));
	assert(result < RES_COUNT);
	cmd_end(cmd, result);
}

void scsi_cmd_release(struct scsi_cmd *cmd)
{
	struct nexus *n = cmd->nexus;

	expect_state(cmd, S(CMD_DONE));
	if (cmd->out.iov)
		n->transport->free_data(cmd, &cmd->out);
	if (cmd->in.iov)
		n->transport->free_data(cmd, &cmd->in);
	cmd->out.iov = cmd->in.iov = NULL;
	list_del(&cmd->nexus_link);
	cmd->state = CMD_NEW;
	n->n_cmds--;
	if (unlikely(n->dying))
		nexus_check_gone(n);
}

bool cmd_alive(const struct scsi_cmd *cmd)
{
	return cmd->state == CMD_THROTTLED || cmd->state == CMD_DORMANT || cmd->state == CMD_DATA ||
	       cmd->state == CMD_RUNNING;
}

bool cmd_abort(struct scsi_cmd *cmd, bool with_status)
{
	/* The initiator's own abort weighs more than that of another, which owes it a status. */
	cmd->abort_status = with_status && (!cmd->aborted || cmd->abort_status);
	cmd->aborted = true;
	if (cmd->state == CMD_RUNNING) {
		if (cmd->cancel)
			cmd->cancel(cmd);
		return false;
	}
	cmd_end(cmd, RES_TASK_ABORTED);
	return true;
}

/* @itl NULL: of all nexuses. */
static void evict(struct lu *lu, const struct itl *itl)
{
	struct scsi_cmd *cmd, *tmp;

	lu->target->hold++;
	list_for_each_safe(cmd, tmp, &lu->ts.throttled, lu_link)
		if (!itl || cmd->itl == itl)
			cmd_end(cmd, RES_LUN_NOT_SUPPORTED);
	list_for_each_safe(cmd, tmp, &lu->ts.dormant, lu_link)
		if (!itl || cmd->itl == itl)
			cmd_end(cmd, RES_LUN_NOT_SUPPORTED);
	list_for_each_safe(cmd, tmp, &lu->ts.enabled, lu_link)
		if (cmd->state == CMD_DATA && (!itl || cmd->itl == itl))
			cmd_abort(cmd, itl);
	lu->target->hold--;
}

void cmd_evict_all(struct lu *lu)
{
	evict(lu, NULL);
}

void cmd_evict(const struct itl *itl)
{
	evict(itl->lu, itl);
}
