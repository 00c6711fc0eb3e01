/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PERSISTENT RESERVE OUT from its request to its end: one after the other on each
 * logical unit; the next state made (pr_action.c), written where it must persist
 * (pr_store.c, on a worker), made valid (pr_commit.c), and what it preempts aborted
 * (pr_abort.c). GOOD comes after all of these. Called by dev/spc_pr_out.c.
 */
#include "target/pr.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/worker.h"
#include "target/cmd.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/pr_priv.h"
#include "target/pr_store.h"
#include "target/target.h"
#include "target/tmf.h"

/* Owner: the LU's list; freed when its command completes. */
struct pr_op {
	struct list link;	/* lu->resv.ops */
	struct scsi_cmd *cmd;
	struct pr_request *rq;
	struct pr_change change;
	struct job job;		/* writes the file */
	char path[PR_PATH_MAX];
	struct pr_owner owner;
	int err;		/* of the writing */
	struct tmf tmf;		/* PREEMPT AND ABORT */
	struct loop_call canceled;
};

void reserve_init(struct lu *lu)
{
	list_init(&lu->resv.ops);
	loop_call_init(&lu->resv.next_op, LOOP_REAP, pr_run_next);
}

static struct core *core_of(const struct lu *lu)
{
	return lu->target->core;
}

static void op_free(struct pr_op *op)
{
	free(op->rq);
	free(op);
}

/* The one under way has ended; those that wait go on from the loop. */
static void retire(struct pr_op *op)
{
	struct lu *lu = op->cmd->lu;

	list_del(&op->link);
	op_free(op);
	if (!list_empty(&lu->resv.ops))
		loop_call_queue(core_of(lu)->loop, &lu->resv.next_op);
}

static void finish(struct pr_op *op, enum scsi_result res)
{
	struct scsi_cmd *cmd = op->cmd;

	retire(op);
	scsi_cmd_complete(cmd, res);
}

static void preempted_left(struct tmf *tmf)
{
	finish(container_of(tmf, struct pr_op, tmf), RES_GOOD);
}

/* The new state is where it must be: now it counts. */
static enum scsi_result take_over(struct pr_op *op)
{
	bool abort = op->rq->action == PR_PREEMPT_AND_ABORT;

	pr_commit(op->cmd->lu, &op->change, op->rq, abort);
	if (abort && pr_abort(op->cmd, &op->tmf, preempted_left))
		return RES_PENDING;
	return RES_GOOD;
}

static void save(struct job *job)
{
	struct pr_op *op = container_of(job, struct pr_op, job);

	op->err = pr_store_save(op->path, &op->owner, op->change.next);
}

static void saved(struct job *job)
{
	struct pr_op *op = container_of(job, struct pr_op, job);
	enum scsi_result res = RES_HW_INTERNAL;

	if (op->err) {
		log_limited(LOG_LVL_ERROR, "persistent reservations can't be kept in %s: %s",
			    op->path, strerror(-op->err));
		free(op->change.next);
	} else {
		res = take_over(op);
	}
	if (res != RES_PENDING)
		finish(op, res);
}

static bool must_save(const struct pr_op *op)
{
	return op->change.changed && (pr_state_persists(op->change.next) ||
				      pr_state_persists(op->cmd->lu->resv.state));
}

static enum scsi_result save_first(struct pr_op *op)
{
	struct lu *lu = op->cmd->lu;

	op->owner = (struct pr_owner){ lu->target->name, lu->lun };
	if (pr_store_path(op->path, core_of(lu)->state_dir, &op->owner)) {
		log_limited(LOG_LVL_ERROR, "the path of the state directory is too long: %s",
			    core_of(lu)->state_dir);
		free(op->change.next);
		return RES_HW_INTERNAL;
	}
	op->job.run = save;
	op->job.done = saved;
	worker_submit(core_of(lu)->workers, &op->job);
	return RES_PENDING;
}

static enum scsi_result refused(struct pr_op *op, enum scsi_result res)
{
	const struct pr_change *ch = &op->change;

	if (res == RES_INVALID_FIELD_CDB)
		return scsi_bad_cdb(op->cmd, ch->field, ch->bit);
	if (res == RES_INVALID_FIELD_PARAM)
		return scsi_bad_param(op->cmd, ch->field, ch->bit);
	return res;
}

static enum scsi_result start(struct pr_op *op)
{
	enum scsi_result res = pr_act(op->cmd->lu->resv.state, op->rq, &op->change);

	if (res != RES_GOOD)
		return refused(op, res);
	return must_save(op) ? save_first(op) : take_over(op);
}

/* --- waiting -------------------------------------------------------------------------------- */

static void canceled(struct loop_call *c)
{
	struct pr_op *op = container_of(c, struct pr_op, canceled);
	struct scsi_cmd *cmd = op->cmd;

	op_free(op);
	scsi_cmd_complete(cmd, RES_TASK_ABORTED);
}

static struct pr_op *op_of(const struct scsi_cmd *cmd)
{
	return (struct pr_op *)(uintptr_t)cmd->dev_priv[0];
}

static void cancel(struct scsi_cmd *cmd)
{
	struct pr_op *op = op_of(cmd);

	cmd->cancel = NULL;
	list_del(&op->link);
	loop_call_queue(core_of(cmd->lu)->loop, &op->canceled);
}

static enum scsi_result wait_for_turn(struct pr_op *op)
{
	struct scsi_cmd *cmd = op->cmd;

	loop_call_init(&op->canceled, LOOP_REAP, canceled);
	cmd->dev_priv[0] = (uintptr_t)op;
	cmd->cancel = cancel;
	return RES_PENDING;
}

void pr_run_next(struct loop_call *c)
{
	struct reserve *r = container_of(c, struct reserve, next_op);
	enum scsi_result res;
	struct pr_op *op;

	if (list_empty(&r->ops))
		return;
	op = list_first(&r->ops, struct pr_op, link);
	op->cmd->cancel = NULL;
	res = start(op);
	if (res != RES_PENDING)
		finish(op, res);
}

enum scsi_result pr_out(struct scsi_cmd *cmd, struct pr_request *rq)
{
	struct list *ops = &cmd->lu->resv.ops;
	struct pr_op *op = calloc(1, sizeof(*op));
	enum scsi_result res;
	bool first = list_empty(ops);

	if (!op) {
		free(rq);
		return RES_BUSY;
	}
	op->cmd = cmd;
	op->rq = rq;
	pr_nexus_id(cmd->nexus, &rq->self);
	rq->self_port = cmd->nexus->rel_port;
	rq->can_aptpl = core_of(cmd->lu)->state_dir;
	list_push_back(ops, &op->link);
	if (!first)
		return wait_for_turn(op);
	res = start(op);
	if (res != RES_PENDING)
		retire(op);
	return res;
}
