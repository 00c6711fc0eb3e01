/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MOVE MEDIUM, EXCHANGE MEDIUM and what else works the mechanics (SMC-3 6.2 to 6.6, 6.11). A medium
 * leaves a drive when its logical unit lets go of the image, and comes into one when it has opened
 * it; then the volume's place is kept, and then the command is answered.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/smc.h"
#include "target/core.h"
#include "target/target.h"

/* A drive whose commands are just ending: tried again so often. */
#define TRIES 100
#define RETRY_NS (50 * NSEC_PER_MSEC)

static void next(struct smc *smc);

/* The end of the command that moves. */
static void end(struct smc *smc, enum scsi_result r)
{
	struct scsi_cmd *cmd = smc->cmd;

	smc->cmd = NULL;
	r = dev_step_end(cmd, r);
	scsi_cmd_complete(cmd, r);
}

/* --- drives --------------------------------------------------------------------------------------- */

static void retry(struct loop_timer *t)
{
	next(container_of(t, struct smc, timer));
}

static void emptied(void *arg, const struct err *err)
{
	struct smc *smc = arg;

	if (err && smc->tries++ < TRIES &&
	    !loop_timer_set(smc->lu->target->core->loop, &smc->timer, RETRY_NS, retry))
		return;
	if (err) {
		end(smc, RES_HW_MECHANICAL);
		return;
	}
	smc->step++;
	smc->tries = 0;
	next(smc);
}

/* What the host has not unloaded is unloaded now, unless it has said that it must not be. */
static void drive_empty(struct smc *smc, struct lu *drive)
{
	struct err err = { .code = ERR_OK };

	if (drive->online && lu_set(drive, "online", "0", &err)) {
		end(smc, drive->n_prevent ? RES_REMOVAL_PREVENTED : RES_HW_MECHANICAL);
		return;
	}
	lu_set_path(drive, NULL, emptied, smc);
}

static void filled(void *arg, const struct err *err)
{
	struct smc *smc = arg;
	struct smc_move *m = &smc->moves[smc->step - smc->n_moves];
	struct lu *drive = smc_drive(smc, m->to);
	struct err e = { .code = ERR_OK };

	if (err && drive && (drive->opening || drive->ts.n_tasks) && smc->tries++ < TRIES &&
	    !loop_timer_set(smc->lu->target->core->loop, &smc->timer, RETRY_NS, retry))
		return;
	if (err || !drive || lu_set(drive, "online", "1", &e)) {
		end(smc, RES_HW_MECHANICAL);
		return;
	}
	smc->step++;
	smc->tries = 0;
	next(smc);
}

static void drive_fill(struct smc *smc, struct lu *drive, const struct smc_volume *v)
{
	char *path = smc_path(smc, v);

	if (!path) {
		end(smc, RES_HW_MECHANICAL);
		return;
	}
	lu_set_path(drive, path, filled, smc);
	free(path);
}

/* --- a move, step by step: drives are emptied, volumes change places, drives are filled ----------- */

static void kept(struct smc *smc)
{
	end(smc, RES_GOOD);
}

static void move_empty(struct smc *smc)
{
	const struct smc_move *m = &smc->moves[smc->step];
	struct lu *drive = m->from->type == SMC_DRIVE ? smc_drive(smc, m->from) : NULL;

	if (drive && drive->path) {
		drive_empty(smc, drive);
		return;
	}
	smc->step++;
	next(smc);
}

static void change_places(struct smc *smc)
{
	for (unsigned int i = 0; i < smc->n_moves; i++) {
		struct smc_move *m = &smc->moves[i];

		m->v->source = m->from->addr;
		m->v->moved = true;
		m->v->addr = m->to->addr;
		m->v->kept = m->v->operator_put = false;
	}
}

static void move_fill(struct smc *smc)
{
	const struct smc_move *m = &smc->moves[smc->step - smc->n_moves];
	struct lu *drive = m->to->type == SMC_DRIVE ? smc_drive(smc, m->to) : NULL;

	if (smc->step == smc->n_moves && !smc->tries)
		change_places(smc);
	if (drive) {
		drive_fill(smc, drive, m->v);
		return;
	}
	smc->step++;
	next(smc);
}

static void next(struct smc *smc)
{
	if (smc->step < smc->n_moves)
		move_empty(smc);
	else if (smc->step < 2 * smc->n_moves)
		move_fill(smc);
	else if (!smc_keep(smc, kept))
		end(smc, RES_GOOD);
}

static void run_next(struct loop_call *c)
{
	next(container_of(c, struct smc, call));
}

static enum scsi_result move_begin(struct scsi_cmd *cmd, unsigned int n)
{
	struct smc *smc = to_smc(cmd->lu);

	smc->cmd = cmd;
	smc->n_moves = n;
	smc->step = smc->tries = 0;
	loop_call_init(&smc->call, LOOP_COMPLETE, run_next);
	loop_call_queue(cmd->lu->target->core->loop, &smc->call);
	return RES_PENDING;
}

/* --- checks --------------------------------------------------------------------------------------- */

/* Address 0 stands for the transport element that there is. */
static bool is_transport(const struct smc *smc, uint16_t addr)
{
	const struct smc_element *e = smc_element(smc, addr);

	return !addr || (e && e->type == SMC_TRANSPORT);
}

/* What prevents the removal from a drive, or through the door (SMC-3 6.9). */
static bool prevented(const struct smc *smc, const struct smc_element *e)
{
	const struct lu *drive = e->type == SMC_DRIVE ? smc_drive(smc, e) : NULL;

	return (drive && drive->online && drive->n_prevent) ||
	       (e->type == SMC_IMPORT && smc->lu->n_prevent);
}

/* RES_GOOD, with move @m: from @from to @to, which is free, or will be. */
static enum scsi_result plan(struct smc *smc, struct smc_move *m, uint16_t from, uint16_t to,
			     bool becomes_free)
{
	m->from = smc_element(smc, from);
	m->to = smc_element(smc, to);
	if (!m->from || !m->to || m->to->type == SMC_TRANSPORT)
		return RES_ELEMENT_ADDRESS;
	m->v = smc_volume_at(smc, from);
	if (!m->v)
		return RES_SOURCE_EMPTY;
	if (from != to && !becomes_free && smc_volume_at(smc, to))
		return RES_DESTINATION_FULL;
	if (m->to->type == SMC_DRIVE && !smc_drive(smc, m->to))
		return RES_HW_MECHANICAL;
	return prevented(smc, m->from) || prevented(smc, m->to) ? RES_REMOVAL_PREVENTED : RES_GOOD;
}

/* --- commands ------------------------------------------------------------------------------------- */

static enum scsi_result move_turn(struct scsi_cmd *cmd)
{
	struct smc *smc = to_smc(cmd->lu);
	uint16_t from = get_be16(cmd->cdb + 4), to = get_be16(cmd->cdb + 6);
	enum scsi_result r;

	if (!is_transport(smc, get_be16(cmd->cdb + 2)))
		return RES_ELEMENT_ADDRESS;
	r = plan(smc, &smc->moves[0], from, to, false);
	if (r != RES_GOOD || from == to)
		return r;
	return move_begin(cmd, 1);
}

static enum scsi_result move_medium(struct scsi_cmd *cmd)
{
	return range_exclusive(cmd, 0, 1, move_turn);
}

/* The first destination's medium goes to the second, which may be the source. */
static enum scsi_result exchange_turn(struct scsi_cmd *cmd)
{
	struct smc *smc = to_smc(cmd->lu);
	uint16_t from = get_be16(cmd->cdb + 4), first = get_be16(cmd->cdb + 6);
	uint16_t second = get_be16(cmd->cdb + 8);
	enum scsi_result r;

	if (!is_transport(smc, get_be16(cmd->cdb + 2)))
		return RES_ELEMENT_ADDRESS;
	if (from == first || first == second)
		return scsi_bad_cdb(cmd, 6, -1);
	r = plan(smc, &smc->moves[0], first, second, second == from);
	if (r == RES_GOOD)
		r = plan(smc, &smc->moves[1], from, first, true);
	return r == RES_GOOD ? move_begin(cmd, 2) : r;
}

static enum scsi_result exchange_medium(struct scsi_cmd *cmd)
{
	return range_exclusive(cmd, 0, 1, exchange_turn);
}

static enum scsi_result position(struct scsi_cmd *cmd)
{
	const struct smc *smc = to_smc(cmd->lu);

	return is_transport(smc, get_be16(cmd->cdb + 2)) &&
		       smc_element(smc, get_be16(cmd->cdb + 4)) ? RES_GOOD : RES_ELEMENT_ADDRESS;
}

/* What is in the elements is always known. */
static enum scsi_result initialize(struct scsi_cmd *cmd)
{
	(void)cmd;
	return RES_GOOD;
}

static enum scsi_result initialize_range(struct scsi_cmd *cmd)
{
	bool range = cmd->cdb[1] & 0x01;

	return range && !smc_element(to_smc(cmd->lu), get_be16(cmd->cdb + 2)) ? RES_ELEMENT_ADDRESS :
										 RES_GOOD;
}

static enum scsi_result open_close(struct scsi_cmd *cmd)
{
	struct smc *smc = to_smc(cmd->lu);
	const struct smc_element *e = smc_element(smc, get_be16(cmd->cdb + 2));
	unsigned int action = cmd->cdb[4] & 0x1f;

	if (!e || e->type != SMC_IMPORT)
		return RES_ELEMENT_ADDRESS;
	if (action > 1)
		return scsi_bad_cdb(cmd, 4, 4);
	if (!action && cmd->lu->n_prevent)
		return RES_REMOVAL_PREVENTED;
	smc->open = !action;
	return RES_GOOD;
}

const struct opcode smc_move_rows[6] = {
	{ .op = 0x07, .sa = OP_NO_SA, .name = "INITIALIZE ELEMENT STATUS", .cdb_len = 6,
	  .dir = DATA_NONE, .flags = OP_NEEDS_MEDIUM, .usage = { 0x07 }, .resv = RESV_WRITE,
	  .run = initialize },
	{ .op = 0x1b, .sa = OP_NO_SA, .name = "OPEN/CLOSE IMPORT/EXPORT ELEMENT", .cdb_len = 6,
	  .dir = DATA_NONE, .flags = OP_NEEDS_MEDIUM, .usage = { 0x1b, 0, 0xff, 0xff, 0x1f },
	  .resv = RESV_WRITE, .run = open_close },
	{ .op = 0x2b, .sa = OP_NO_SA, .name = "POSITION TO ELEMENT", .cdb_len = 10,
	  .dir = DATA_NONE, .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0x2b, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x01 }, .resv = RESV_WRITE,
	  .run = position },
	{ .op = 0x37, .sa = OP_NO_SA, .name = "INITIALIZE ELEMENT STATUS WITH RANGE", .cdb_len = 10,
	  .dir = DATA_NONE, .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0x37, 0x03, 0xff, 0xff, 0, 0, 0xff, 0xff }, .resv = RESV_WRITE,
	  .run = initialize_range },
	{ .op = 0xa5, .sa = OP_NO_SA, .name = "MOVE MEDIUM", .cdb_len = 12, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0xa5, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, .resv = RESV_WRITE,
	  .run = move_medium },
	{ .op = 0xa6, .sa = OP_NO_SA, .name = "EXCHANGE MEDIUM", .cdb_len = 12, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0xa6, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	  .resv = RESV_WRITE, .run = exchange_medium },
};
