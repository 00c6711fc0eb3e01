/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TEST UNIT READY (SPC-4 6.47) and REQUEST SENSE (SPC-4 6.39).
 */
#include "dev/spc.h"
#include "scsi/sense.h"
#include "target/cmd.h"
#include "target/ua.h"

/* What hinders the LU in the background, with its progress. */
static enum scsi_result background(const struct lu *lu, struct sense_extra *ex)
{
	const struct spc_lu *s = spc_lu(lu);

	if (!s || s->background == RES_GOOD)
		return RES_GOOD;
	ex->progress_valid = true;
	ex->progress = s->progress;
	return s->background;
}

/* The row's OP_NEEDS_MEDIUM has looked at the medium already. */
static enum scsi_result test_unit_ready(struct scsi_cmd *cmd)
{
	return background(cmd->lu, &cmd->extra);
}

/*
 * Sense data is the answer, so status is GOOD also when there is a Unit Attention or no such
 * LUN (SPC-4 6.39, SAM-5 5.11).
 */
static enum scsi_result request_sense(struct scsi_cmd *cmd)
{
	struct sense_extra ex = { .field_bit = -1 };
	enum scsi_result r = RES_LUN_NOT_SUPPORTED;
	uint8_t buf[SCSI_SENSE_MAX];

	if (cmd->lu) {
		r = cmd->itl ? ua_take(cmd->itl) : RES_GOOD;
		if (r == RES_GOOD)
			r = background(cmd->lu, &ex);
		if (r == RES_GOOD)
			r = RES_NO_SENSE;
	}
	return scsi_cmd_reply(cmd, buf, sense_build(buf, cmd->cdb[1] & 0x01, r, &ex));
}

const struct opcode spc_sense_rows[2] = {
	{ .op = 0x00, .sa = OP_NO_SA, .name = "TEST UNIT READY", .cdb_len = 6, .dir = DATA_NONE,
	  .usage = { 0x00 }, .flags = OP_NEEDS_MEDIUM | OP_WLUN | OP_FORMATTING_OK,
	  .resv = RESV_ALLOWED, .run = test_unit_ready },
	{ .op = 0x03, .sa = OP_NO_SA, .name = "REQUEST SENSE", .cdb_len = 6, .dir = DATA_IN,
	  .len = { 4, 1 }, .unit = LEN_ALLOC, .usage = { 0x03, 0x01, 0, 0, 0xff, 0x00 },
	  .flags = OP_UA_EXEMPT | OP_ANY_LUN | OP_WLUN | OP_IMPLICIT_HOQ | OP_FORMATTING_OK,
	  .resv = RESV_ALLOWED, .run = request_sense },
};
