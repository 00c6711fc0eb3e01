/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EXTENDED COPY (LID1) and (LID4), COPY OPERATION ABORT (SPC-4 6.4, 6.5, 6.3): segment after segment
 * by copy.c. What ends in the middle says which segment it was, how much of it is left, and what
 * the device had to say (5.17.7.3).
 */
#include "dev/xcopy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/sbc.h"
#include "target/core.h"
#include "target/target.h"

enum { SA_LID1 = 0x00, SA_LID4 = 0x01, SA_ABORT = 0x1c };

static struct list *copies(const struct lu *lu)
{
	return &to_sbc(lu)->copies;
}

struct xcopy *xcopy_find(const struct scsi_cmd *cmd, uint32_t list_id, bool lid4)
{
	struct xcopy *x;

	list_for_each(x, copies(cmd->lu), link)
		if (x->keep && x->nexus_seq == cmd->nexus->seq && x->list_id == list_id &&
		    x->lid4 == lid4)
			return x;
	return NULL;
}

uint64_t xcopy_bytes(const struct xcopy *x)
{
	if (x->token_lost)
		return x->lost_at;
	return x->bytes + (x->state == XCOPY_RUNS ? x->copy.done : 0);
}

void xcopy_free(struct xcopy *x)
{
	list_del(&x->link);
	list_del(&x->watch.link);
	xcopy_unhold(x);
	free(x->made);
	free(x);
}

/* --- the end */

/* What stands behind COPY ABORTED: how the device ended its command. */
void xcopy_tell_third(struct xcopy *x, struct sense_extra *ex)
{
	const struct scsi_result_info *i = scsi_result_info(x->copy.result);
	uint8_t sense[SCSI_SENSE_MAX];

	x->third.at_src = x->copy.at_src;
	x->third.status = i->status;
	if (i->status == SAM_CHECK_CONDITION) {
		x->copy.extra.third = NULL;
		sense_build(sense, false, x->copy.result, &x->copy.extra);
		x->third.len = sizeof(x->third.sense);
		memcpy(x->third.sense, sense, sizeof(x->third.sense));
	}
	ex->third = &x->third;
}

/* The residual in blocks of the destination, when something of the segment was written. */
static void tell_residual(const struct xcopy *x, struct sense_extra *ex)
{
	const struct copy *c = &x->copy;

	if (!c->done || c->backward || c->bytewise)
		return;
	ex->info_valid = true;
	ex->info = (c->len + c->pad - c->done) >> c->dst->block_shift;
}

static void remember(struct xcopy *x, enum scsi_result r, const struct sense_extra *ex)
{
	const struct scsi_result_info *i = scsi_result_info(r);

	x->state = r == RES_GOOD	   ? XCOPY_DONE
		   : r == RES_CA_UNDERRUN  ? XCOPY_SHORT
		   : r == RES_TASK_ABORTED ? XCOPY_STOPPED
					   : XCOPY_FAILED;
	x->status = i->status;
	if (i->status == SAM_CHECK_CONDITION)
		x->sense_len = sense_build(x->sense, false, r, ex);
}

/* @ex is @r's. @x may be gone afterwards. */
static void xcopy_end(struct xcopy *x, enum scsi_result r, const struct sense_extra *ex)
{
	struct scsi_cmd *cmd = x->cmd;
	struct lu *lu = x->lu;

	remember(x, r, ex);
	xcopy_unhold(x);
	x->cmd = NULL;
	if (cmd) {
		cmd->cancel = NULL;
		cmd->extra = *ex;
		scsi_cmd_complete(cmd, r);
	}
	if (!x->keep || !x->nexus)
		xcopy_free(x);
	lu_release(lu);
}

static void segment_failed(struct xcopy *x, enum scsi_result r, struct sense_extra *ex)
{
	ex->cmd_info_valid = !x->parts;
	ex->cmd_info = x->seg; /* SPC-4 5.17.7.3: its third and fourth byte */
	xcopy_end(x, r, ex);
}

/* --- a segment */

static void segments_next(struct xcopy *x);

void xcopy_copied(struct copy *c)
{
	struct xcopy *x = container_of(c, struct xcopy, copy);
	struct sense_extra ex = { .field_bit = -1 };

	if (c->result == RES_GOOD) {
		x->bytes += c->bytewise ? c->len : c->done;
		c->done = 0;
		x->seg++;
		segments_next(x);
	} else if (x->token_lost) {
		xcopy_end(x, RES_TOKEN_CANCELLED, &ex);
	} else if (c->result == RES_TASK_ABORTED) {
		x->bytes += c->done;
		xcopy_end(x, RES_TASK_ABORTED, &ex);
	} else {
		x->bytes += c->backward || c->bytewise ? 0 : c->done;
		xcopy_tell_third(x, &ex);
		tell_residual(x, &ex);
		segment_failed(x, RES_CA_THIRD_PARTY, &ex);
	}
}

/* A piece of what a token stands for. */
static enum scsi_result part_start(struct xcopy *x)
{
	const struct token_part *p = &x->parts[x->seg];
	struct copy *c = &x->copy;

	memset(c, 0, sizeof(*c));
	c->nexus = x->nexus;
	c->src = x->cscds[0].lu;
	c->by_token = true;
	c->dst = x->lu;
	c->src_offset = p->src;
	c->dst_offset = p->dst;
	c->len = p->len;
	c->pad = p->pad;
	c->ended = xcopy_copied;
	copy_start(c);
	return RES_PENDING;
}

/* SBC-4 4.28.2: INFORMATION is how many blocks were written, where that is less than was wanted. */
static enum scsi_result parts_end(const struct xcopy *x, struct sense_extra *ex)
{
	if (!x->wants_more)
		return RES_GOOD;
	ex->info_valid = true;
	ex->info = xcopy_bytes(x) >> x->lu->block_shift;
	return RES_CA_UNDERRUN;
}

static enum scsi_result next(struct xcopy *x, struct sense_extra *ex)
{
	enum scsi_result r = RES_GOOD;

	if (x->stop || x->lu->dying)
		return RES_TASK_ABORTED;
	if (x->token_lost)
		return RES_TOKEN_CANCELLED;
	if (x->parts)
		return x->seg < x->n_segs ? part_start(x) : parts_end(x, ex);
	while (x->seg < x->n_segs && r == RES_GOOD) {
		r = xcopy_segment_start(x, ex);
		x->seg += r == RES_GOOD;
	}
	return r;
}

static void segments_next(struct xcopy *x)
{
	struct sense_extra ex = { .field_bit = -1 };
	enum scsi_result r = next(x, &ex);

	if (r == RES_PENDING)
		return;
	if (r == RES_GOOD || r == RES_TASK_ABORTED || x->parts)
		xcopy_end(x, r, &ex);
	else
		segment_failed(x, r, &ex);
}

/* --- the commands */

static void xcopy_stop(struct xcopy *x)
{
	x->stop = true;
	if (x->state == XCOPY_RUNS && x->started)
		copy_stop(&x->copy);
}

void xcopy_lose_token(struct xcopy *x)
{
	if (x->state != XCOPY_RUNS || x->token_lost)
		return;
	x->lost_at = xcopy_bytes(x);
	x->token_lost = true;
	if (x->started)
		copy_stop(&x->copy);
}

static void xcopy_cancel(struct scsi_cmd *cmd)
{
	struct xcopy *x;

	list_for_each(x, copies(cmd->lu), link)
		if (x->cmd == cmd)
			xcopy_stop(x);
}

/* Nobody can ask for it any more. */
static void nexus_gone(struct nexus_watch *w)
{
	struct xcopy *x = container_of(w, struct xcopy, watch);

	x->nexus = NULL;
	if (x->state == XCOPY_RUNS)
		xcopy_stop(x);
	else
		xcopy_free(x);
}

void xcopy_forget_all(struct lu *lu)
{
	struct xcopy *x, *tmp;

	list_for_each_safe(x, tmp, copies(lu), link) {
		if (x->state == XCOPY_RUNS)
			xcopy_stop(x);
		else
			xcopy_free(x);
	}
}

/* The first segment, from the loop: an end at once must not come inside run(). */
static void begin(struct loop_call *call)
{
	struct xcopy *x = container_of(call, struct xcopy, begin);

	x->started = true;
	segments_next(x);
}

/* Of those that are over, the oldest makes room. */
static bool make_room(struct lu *lu)
{
	struct xcopy *x, *over = NULL;
	unsigned int n = 0;

	list_for_each(x, copies(lu), link) {
		n++;
		if (!over && x->state != XCOPY_RUNS)
			over = x;
	}
	if (n < XCOPY_CONCURRENT)
		return true;
	if (over)
		xcopy_free(over);
	return over;
}

struct xcopy *xcopy_new(struct scsi_cmd *cmd)
{
	struct xcopy *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->lu = cmd->lu;
	x->nexus = cmd->nexus;
	x->nexus_seq = cmd->nexus->seq;
	x->action = (uint8_t)cmd->op->sa;
	x->lid4 = x->action != SA_LID1;
	x->watch.gone = nexus_gone;
	list_init(&x->link);
	list_init(&x->watch.link);
	list_init(&x->token_link);
	loop_call_init(&x->begin, LOOP_COMPLETE, begin);
	return x;
}

/* SPC-4 6.4.3.2: the identifier may be used again when its operation is over. */
static enum scsi_result take_list_id(const struct xcopy *x, const struct scsi_cmd *cmd)
{
	struct xcopy *other = x->keep ? xcopy_find(cmd, x->list_id, x->lid4) : NULL;

	if (!other)
		return RES_GOOD;
	if (other->state == XCOPY_RUNS)
		return RES_OPERATION_IN_PROGRESS;
	xcopy_free(other);
	return RES_GOOD;
}

enum scsi_result xcopy_admit(struct xcopy *x, struct scsi_cmd *cmd)
{
	enum scsi_result r = take_list_id(x, cmd);

	return r == RES_GOOD && !make_room(cmd->lu) ? RES_BUSY : r;
}

void xcopy_over(struct scsi_cmd *cmd, struct xcopy *x)
{
	x->state = XCOPY_DONE;
	list_push_back(copies(cmd->lu), &x->link);
	list_push_back(&cmd->nexus->watches, &x->watch.link);
}

enum scsi_result xcopy_run(struct scsi_cmd *cmd, struct xcopy *x)
{
	struct lu *lu = cmd->lu;

	lu_hold(lu);
	list_push_back(copies(lu), &x->link);
	list_push_back(&cmd->nexus->watches, &x->watch.link);
	loop_call_queue(lu->target->core->loop, &x->begin);
	if (x->immed)
		return RES_GOOD;
	x->cmd = cmd;
	cmd->cancel = xcopy_cancel;
	return RES_PENDING;
}

static enum scsi_result extended_copy(struct scsi_cmd *cmd)
{
	struct xcopy *x;
	enum scsi_result r;

	if (!cmd->out_cdb)
		return RES_GOOD;
	x = xcopy_new(cmd);
	if (!x)
		return RES_BUSY;
	r = xcopy_parse(x, cmd);
	if (r == RES_GOOD)
		r = xcopy_admit(x, cmd);
	if (r == RES_GOOD)
		return xcopy_run(cmd, x);
	xcopy_free(x);
	return r;
}

/* SPC-4 6.3: of those with a list identifier of four bytes. */
static enum scsi_result copy_abort(struct scsi_cmd *cmd)
{
	struct xcopy *x = xcopy_find(cmd, get_be32(cmd->cdb + 2), true);

	if (!x || x->state != XCOPY_RUNS)
		return scsi_bad_cdb(cmd, 2, -1);
	xcopy_stop(x);
	return RES_GOOD;
}

static bool enabled(const struct lu *lu)
{
	return lu->third_party_copy;
}

#define COPIES(action)                                                                             \
	.op = 0x83, .sa = action, .cdb_len = 16, .dir = DATA_OUT, .len = { 10, 4 },                \
	.unit = LEN_PARAM,                                                                         \
	.usage = { 0x83, action, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0 },           \
	.resv = RESV_WRITE, .enabled = enabled, .run = extended_copy

const struct opcode xcopy_rows[3] = {
	{ COPIES(SA_LID1), .name = "EXTENDED COPY(LID1)" },
	{ COPIES(SA_LID4), .name = "EXTENDED COPY(LID4)" },
	{ .op = 0x83, .sa = SA_ABORT, .name = "COPY OPERATION ABORT", .cdb_len = 16,
	  .dir = DATA_NONE,
	  .usage = { 0x83, SA_ABORT, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	  .resv = RESV_WRITE, .enabled = enabled, .run = copy_abort },
};
