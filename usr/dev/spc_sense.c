/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TEST UNIT READY (SPC-4 6.47) and REQUEST SENSE (SPC-4 6.39).
 */
#include "dev/spc.h"
#include "scsi/sense.h"
#include "target/cmd.h"
#include "target/ua.h"

/* The gates have looked at medium and background operations already. */
static enum scsi_result test_unit_ready(struct scsi_cmd *cmd)
{
	(void)cmd;
	return RES_GOOD;
}

/* SPC-4 5.14.4.3: how far one is, also in the background. */
static enum scsi_result self_test(const struct lu *lu, struct sense_extra *ex)
{
	const struct spc_lu *s = spc_lu(lu);

	if (!s || !s->ops || !s->ops->self_test_progress ||
	    !s->ops->self_test_progress(lu, &ex->progress))
		return RES_NO_SENSE;
	ex->progress_valid = true;
	return RES_NR_SELF_TEST;
}

static enum scsi_result pending_sense(const struct scsi_cmd *cmd, struct sense_extra *ex)
{
	enum scsi_result r = cmd->itl ? ua_take(cmd->itl) : RES_GOOD;

	if (r != RES_GOOD)
		return r;
	if (cmd->lu->background != RES_GOOD && cmd->lu->background != RES_NR_SELF_TEST)
		return lu_background(cmd->lu, ex);
	return self_test(cmd->lu, ex);
}

/*
 * Sense data is the answer, so status is GOOD also when there is a Unit Attention or no such
 * LUN (SPC-4 6.39, SAM-5 5.11).
 */
static enum scsi_result request_sense(struct scsi_cmd *cmd)
{
	struct sense_extra ex = { .field_bit = -1 };
	enum scsi_result r = cmd->lu ? pending_sense(cmd, &ex) : RES_LUN_NOT_SUPPORTED;
	uint8_t buf[SCSI_SENSE_MAX];

	return scsi_cmd_reply(cmd, buf, sense_build(buf, cmd->cdb[1] & 0x01, r, &ex));
}

const struct opcode spc_sense_rows[2] = {
	{ .op = 0x00, .sa = OP_NO_SA, .name = "TEST UNIT READY", .cdb_len = 6, .dir = DATA_NONE,
	  .usage = { 0x00 }, .flags = OP_NEEDS_MEDIUM | OP_WLUN,
	  .resv = RESV_ALLOWED_PR, .run = test_unit_ready },
	{ .op = 0x03, .sa = OP_NO_SA, .name = "REQUEST SENSE", .cdb_len = 6, .dir = DATA_IN,
	  .len = { 4, 1 }, .unit = LEN_ALLOC, .usage = { 0x03, 0x01, 0, 0, 0xff, 0x00 },
	  .flags = OP_UA_EXEMPT | OP_ANY_LUN | OP_WLUN | OP_IMPLICIT_HOQ | OP_FORMATTING_OK |
		   OP_UNAVAILABLE_OK,
	  .resv = RESV_ALLOWED, .run = request_sense },
};
