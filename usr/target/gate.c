/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is checked of every command when its turn has come: by then the commands
 * before it have had their effect on reservations, modes and medium. What only
 * concerns the CDB was checked by cmd_decode(). Called by cmd.c.
 */
#include "target/gate.h"

#include "target/cmd.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/port_group.h"
#include "target/reserve.h"
#include "target/ua.h"

static enum scsi_result medium_state(struct lu *lu)
{
	lu_probe(lu);
	return lu_medium_state(lu);
}

static bool in_range(const struct scsi_cmd *cmd)
{
	uint64_t blocks = cmd->lu->blocks;

	return cmd->lba <= blocks && cmd->blocks <= blocks - cmd->lba;
}

/* SPC-5 5.16.2.4 to 5.16.2.7: which commands a port takes, and what it says to the others. */
static __attribute__((noinline)) enum scsi_result access_check(const struct scsi_cmd *cmd)
{
	uint16_t flags = cmd->op->flags;

	if (flags & OP_UNAVAILABLE_OK)
		return RES_GOOD;
	switch (cmd->nexus->access) {
	case ACCESS_STANDBY:
		return flags & OP_STANDBY_OK ? RES_GOOD : RES_NR_STANDBY;
	case ACCESS_UNAVAILABLE:
		return RES_NR_UNAVAILABLE;
	case ACCESS_OFFLINE:
		return RES_NR_OFFLINE;
	default:
		return RES_NR_TRANSITION;
	}
}

enum scsi_result gate_check(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;
	uint16_t flags = cmd->op->flags;
	enum scsi_result res;

	if (unlikely(cmd->itl->ua) && !(flags & OP_UA_EXEMPT))
		return ua_take(cmd->itl);
	if (unlikely(cmd->nexus->access > ACCESS_NONOPTIMIZED)) {
		res = access_check(cmd);
		if (res != RES_GOOD)
			return res;
	}
	if (unlikely(reserve_any(&lu->resv))) {
		res = reserve_check(cmd);
		if (res != RES_GOOD)
			return res;
	}
	if (unlikely(lu->background != RES_GOOD) && !(flags & OP_FORMATTING_OK))
		return lu_background(lu, &cmd->extra);
	if (flags & OP_NEEDS_MEDIUM) {
		res = medium_state(lu);
		if (res != RES_GOOD)
			return res;
	}
	if ((flags & OP_WRITES) && (lu->readonly || cmd->itl->readonly))
		return RES_WRITE_PROTECTED;
	if ((flags & OP_WRITES) && lu->swp)
		return RES_SW_WRITE_PROTECTED;
	if ((flags & OP_RANGE) && !in_range(cmd))
		return RES_LBA_RANGE;
	return RES_GOOD;
}
