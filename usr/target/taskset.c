/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task sets. Dormant commands wait in order of arrival, SIMPLE ones between others by their
 * priority, so that only the first of them has to be looked at: if it can't be enabled, none behind it can. HEAD OF
 * QUEUE commands never wait; while one is there no other is enabled (SAM-5
 * 8.6.4), and so it is while the set is held. ORDERED ones wait for all older, and all younger wait for them (8.6.3).
 * Called by cmd.c.
 */
#include "target/taskset.h"

#include "scsi/opcode.h"
#include "scsi/scsi.h"
#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/lu.h"
#include "target/qos.h"
#include "target/target.h"

#define PASS_MAX 64 /* commands of lower priority that one passes */

void taskset_init(struct taskset *ts)
{
	list_init(&ts->enabled);
	list_init(&ts->dormant);
	list_init(&ts->throttled);
}

/* UNTAGGED is SIMPLE here: a nexus with one untagged command at a time can't tell them apart. */
uint8_t taskset_order(uint8_t attr)
{
	return attr == ATTR_ORDERED || attr == ATTR_HEAD_OF_QUEUE ? attr : ATTR_SIMPLE;
}

/* Whether a command of @order, older than all dormant ones, may be enabled. */
static bool may_enable(const struct taskset *ts, uint8_t order)
{
	if (order == ATTR_HEAD_OF_QUEUE)
		return !ts->held;
	if (ts->n_hoq)
		return false;
	return order == ATTR_ORDERED ? !ts->n_enabled : !ts->n_ordered;
}

static void link_enabled(struct taskset *ts, struct scsi_cmd *cmd)
{
	cmd->state = CMD_ENABLED;
	list_push_back(&ts->enabled, &cmd->lu_link);
	if (cmd->bypass)
		return;
	ts->n_enabled++;
	ts->n_ordered += cmd->order == ATTR_ORDERED;
	ts->n_hoq += cmd->order == ATTR_HEAD_OF_QUEUE;
}

/* SAM-5 8.7: 1 is the highest, 15 the lowest; one without stands in the middle. */
static unsigned int rank(const struct scsi_cmd *cmd)
{
	return cmd->priority ? cmd->priority : 8;
}

/*
 * Behind all that wait, but a SIMPLE command before SIMPLE ones of lower priority. It passes so many
 * and no more, so that nobody is passed for ever and the step takes no longer.
 */
static void link_dormant(struct taskset *ts, struct scsi_cmd *cmd)
{
	struct list *at = ts->dormant.prev;
	unsigned int passed = 0;

	cmd->state = CMD_DORMANT;
	while (cmd->order == ATTR_SIMPLE && at != &ts->dormant && passed++ < PASS_MAX) {
		const struct scsi_cmd *other = list_entry(at, struct scsi_cmd, lu_link);

		if (other->order != ATTR_SIMPLE || rank(other) <= rank(cmd))
			break;
		at = at->prev;
	}
	list_insert_between(&cmd->lu_link, at, at->next);
}

bool taskset_enter(struct scsi_cmd *cmd)
{
	struct taskset *ts = &cmd->lu->ts;

	cmd->order = taskset_order(cmd->attr);
	cmd->bypass = cmd->op->flags & OP_IMPLICIT_HOQ;
	if (unlikely(++ts->n_tasks > ts->peak))
		ts->peak = ts->n_tasks;
	if (cmd->bypass || (cmd->order == ATTR_HEAD_OF_QUEUE && !ts->held) ||
	    (list_empty(&ts->dormant) && may_enable(ts, cmd->order))) {
		link_enabled(ts, cmd);
		return true;
	}
	if (cmd->order == ATTR_HEAD_OF_QUEUE) {
		cmd->state = CMD_DORMANT;
		list_push_front(&ts->dormant, &cmd->lu_link);
	} else {
		link_dormant(ts, cmd);
	}
	return false;
}

/* As if a HEAD OF QUEUE command were there that never ends, which no other of those passes. */
void taskset_hold(struct taskset *ts, bool hold)
{
	assert(ts->held != hold);
	ts->held = hold;
	if (hold)
		ts->n_hoq++;
	else
		ts->n_hoq--;
}

void taskset_throttle(struct scsi_cmd *cmd)
{
	cmd->state = CMD_THROTTLED;
	cmd->lu->ts.n_tasks++;
	list_push_back(&cmd->lu->ts.throttled, &cmd->lu_link);
}

void taskset_unthrottle(struct scsi_cmd *cmd)
{
	list_del(&cmd->lu_link);
	cmd->lu->ts.n_tasks--;
}

void taskset_remove(struct scsi_cmd *cmd)
{
	struct taskset *ts = &cmd->lu->ts;

	list_del(&cmd->lu_link);
	ts->n_tasks--;
	if (cmd->bypass || cmd->state <= CMD_DORMANT) {
		if (cmd->state == CMD_THROTTLED)
			qos_forget(cmd);
		return;
	}
	ts->n_enabled--;
	ts->n_ordered -= cmd->order == ATTR_ORDERED;
	ts->n_hoq -= cmd->order == ATTR_HEAD_OF_QUEUE;
}

static struct scsi_cmd *next_enabled(struct taskset *ts)
{
	struct scsi_cmd *cmd;

	if (list_empty(&ts->dormant))
		return NULL;
	cmd = list_first(&ts->dormant, struct scsi_cmd, lu_link);
	return may_enable(ts, cmd->order) ? cmd : NULL;
}

void taskset_advance(struct lu *lu)
{
	struct taskset *ts = &lu->ts;
	struct scsi_cmd *cmd;

	/*
	 * A command that ends inside cmd_enable() comes here again: the loop below goes on for it,
	 * lest thousands of them fill the stack.
	 */
	if (ts->advancing || lu->target->hold)
		return;
	ts->advancing = true;
	while ((cmd = next_enabled(ts)) != NULL) {
		list_del(&cmd->lu_link);
		link_enabled(ts, cmd);
		cmd_enable(cmd);
	}
	ts->advancing = false;
}
