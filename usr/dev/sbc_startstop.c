/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * START STOP UNIT (SBC-4 5.27): stops, starts, ejects and loads, after a flush. A fixed
 * disk that was stopped is NOT READY until it is started; a removable one stays usable, as
 * without LOEJ its medium is still there.
 */
#include <errno.h>

#include "dev/io.h"
#include "dev/sbc.h"
#include "target/nexus.h"
#include "target/ua.h"

#define CDB_IMMED 0x01
#define CDB_START 0x01
#define CDB_LOEJ 0x02
#define CDB_NO_FLUSH 0x04

static unsigned int power_condition(const struct scsi_cmd *cmd)
{
	return cmd->cdb[4] >> 4;
}

/* SBC-4 table 13: START with no power condition is always allowed, the rest as a write. */
static bool reserved_by_other(const struct scsi_cmd *cmd)
{
	if (cmd->cdb[4] & CDB_START && !power_condition(cmd))
		return false;
	return reserve_check_as(cmd, RESV_WRITE) != RES_GOOD;
}

static enum scsi_result start(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;

	to_sbc(lu)->starts += lu->stopped;
	lu->stopped = false;
	if (!(cmd->cdb[4] & CDB_LOEJ) || lu->online)
		return RES_GOOD;
	if (!lu->bs)
		return RES_NR_NO_MEDIUM;
	lu->online = true;
	to_sbc(lu)->loads++;
	ua_raise_lu(lu, UA_MEDIUM_CHANGED, cmd->nexus);
	return RES_GOOD;
}

static enum scsi_result stop(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;

	if (cmd->cdb[4] & CDB_LOEJ)
		lu->online = false;
	else if (!lu->removable)
		lu->stopped = true;
	return RES_GOOD;
}

static enum scsi_result stop_flushed(struct scsi_cmd *cmd, int err)
{
	if (err && err != -EOPNOTSUPP)
		return dev_io_fail(cmd, err);
	return stop(cmd);
}

static enum scsi_result flush_and_stop(struct scsi_cmd *cmd)
{
	if (cmd->cdb[4] & CDB_NO_FLUSH || !sbc_flush_needed(cmd->lu))
		return stop(cmd);
	if (cmd->cdb[1] & CDB_IMMED && sbc_flush_start(cmd->lu))
		return stop(cmd);
	return dev_io(cmd, BS_FLUSH, 0, 0, 0, stop_flushed);
}

/*
 * With a POWER CONDITION, START and LOEJ are ignored (SBC-4 5.27). None of them differs
 * from being active here, so each is accepted and changes nothing.
 */
static enum scsi_result sbc_start_stop(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;

	if (reserved_by_other(cmd))
		return RES_RESERVATION_CONFLICT;
	if (power_condition(cmd))
		return RES_GOOD;
	if (cmd->cdb[4] & CDB_LOEJ && !lu->removable)
		return scsi_bad_cdb(cmd, 4, 1);
	/* Either way: iscsi-test-cu wants a load refused as well. */
	if (cmd->cdb[4] & CDB_LOEJ && lu->n_prevent)
		return RES_REMOVAL_PREVENTED;
	if (cmd->cdb[4] & CDB_START)
		return start(cmd);
	return flush_and_stop(cmd);
}

const struct opcode sbc_startstop_rows[1] = {
	{ .op = 0x1b, .sa = OP_NO_SA, .name = "START STOP UNIT", .cdb_len = 6, .dir = DATA_NONE,
	  .unit = LEN_NONE, .usage = { 0x1b, 0x01, 0x00, 0x0f, 0xf7, 0x00 },
	  .resv = RESV_SPECIAL, .run = sbc_start_stop },
};
