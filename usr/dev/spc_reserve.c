/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RESERVE and RELEASE (SPC-2 7.16, 7.17, 7.21, 7.22) of the whole logical unit for the
 * sender, and PREVENT ALLOW MEDIUM REMOVAL (SPC-4 6.14).
 */
#include "dev/spc.h"
#include "target/cmd.h"
#include "target/nexus.h"
#include "target/reserve.h"

/* Third parties and extents are reserved bits of the rows: refused with a field pointer. */
static enum scsi_result reserve(struct scsi_cmd *cmd)
{
	return reserve_take(cmd->lu, cmd->nexus);
}

static enum scsi_result release(struct scsi_cmd *cmd)
{
	return reserve_release(cmd->lu, cmd->nexus);
}

const struct opcode spc_reserve_rows[4] = {
	{ .op = 0x16, .sa = OP_NO_SA, .name = "RESERVE(6)", .cdb_len = 6, .dir = DATA_NONE,
	  .usage = { 0x16 }, .resv = RESV_EXCLUSIVE, .run = reserve },
	{ .op = 0x17, .sa = OP_NO_SA, .name = "RELEASE(6)", .cdb_len = 6, .dir = DATA_NONE,
	  .usage = { 0x17 }, .resv = RESV_SPECIAL, .run = release },
	{ .op = 0x56, .sa = OP_NO_SA, .name = "RESERVE(10)", .cdb_len = 10, .dir = DATA_NONE,
	  .usage = { 0x56 }, .resv = RESV_EXCLUSIVE, .run = reserve },
	{ .op = 0x57, .sa = OP_NO_SA, .name = "RELEASE(10)", .cdb_len = 10, .dir = DATA_NONE,
	  .usage = { 0x57 }, .resv = RESV_SPECIAL, .run = release },
};

/* Only to prevent meets reservations (SPC-4 table 43); the end of the nexus allows again. */
enum scsi_result spc_prevent_allow(struct scsi_cmd *cmd)
{
	bool prevent = cmd->cdb[4] & 0x01;

	if (prevent && reserve_check_as(cmd, RESV_WRITE) != RES_GOOD)
		return RES_RESERVATION_CONFLICT;
	if (prevent != cmd->itl->prevent) {
		cmd->itl->prevent = prevent;
		cmd->lu->n_prevent += prevent ? 1U : -1U;
	}
	return RES_GOOD;
}

const struct opcode spc_removal_rows[1] = {
	{ .op = 0x1e, .sa = OP_NO_SA, .name = "PREVENT ALLOW MEDIUM REMOVAL", .cdb_len = 6,
	  .dir = DATA_NONE, .usage = { 0x1e, 0, 0, 0, 0x01, 0 }, .resv = RESV_SPECIAL,
	  .run = spc_prevent_allow },
};
