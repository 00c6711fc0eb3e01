/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SEND DIAGNOSTIC (SPC-4 6.42) and RECEIVE DIAGNOSTIC RESULTS (SPC-4 6.31). Self-tests are the
 * device type's; the default one passes. The only diagnostic page is 00h, the list of pages.
 */
#include "base/bytes.h"
#include "dev/spc.h"
#include "target/cmd.h"

/* The list may only ask for page 00h: PAGE CODE, reserved, PAGE LENGTH 0. */
static enum scsi_result check_page_list(struct scsi_cmd *cmd)
{
	uint8_t head[4];

	if (scsi_cmd_param(cmd, 0, head, sizeof(head)) != sizeof(head))
		return RES_PARAM_LIST_LENGTH;
	if (head[0] != 0)
		return scsi_bad_param(cmd, 0, -1);
	if (get_be16(head + 2) != 0)
		return scsi_bad_param(cmd, 2, -1);
	return RES_GOOD;
}

/* All of the medium, at 100 MiB/s. */
uint64_t spc_selftest_seconds(const struct lu *lu)
{
	uint64_t bytes = lu->blocks << lu->block_shift;

	return (bytes + 100 * MiB - 1) / (100 * MiB);
}

static const struct spc_ops *ops(const struct scsi_cmd *cmd)
{
	static const struct spc_ops none;

	return spc_lu(cmd->lu)->ops ? spc_lu(cmd->lu)->ops : &none;
}

static bool code_known(const struct scsi_cmd *cmd, unsigned int code)
{
	switch (code) {
	case 0:
	case SELFTEST_FG_SHORT:
	case SELFTEST_FG_EXTENDED:
		return true;
	case SELFTEST_BG_SHORT:
	case SELFTEST_BG_EXTENDED:
	case SELFTEST_ABORT:
		return ops(cmd)->self_test;
	default:
		return false;
	}
}

static enum scsi_result check_send(struct scsi_cmd *cmd)
{
	unsigned int code = cmd->cdb[1] >> 5;
	bool self_test = cmd->cdb[1] & 0x04;

	if ((self_test && code) || !code_known(cmd, code))
		return scsi_bad_cdb(cmd, 1, 7);
	if (cmd->out_cdb && (self_test || code))
		return scsi_bad_cdb(cmd, 3, -1);
	if (cmd->out_cdb && !(cmd->cdb[1] & 0x10)) /* PF 0: vendor specific parameters */
		return scsi_bad_cdb(cmd, 1, 4);
	return RES_GOOD;
}

static enum scsi_result send_diagnostic(struct scsi_cmd *cmd)
{
	if (cmd->out_cdb)
		return check_page_list(cmd);
	return ops(cmd)->self_test ? ops(cmd)->self_test(cmd, cmd->cdb[1] >> 5) : RES_GOOD;
}

/* PCV 0 asks for the page that SEND DIAGNOSTIC prepared, which can only have been 00h. */
static enum scsi_result receive_diagnostic(struct scsi_cmd *cmd)
{
	static const uint8_t pages[] = { 0x00, 0x00, 0x00, 0x01, 0x00 }; /* SPC-4 7.2.3 */

	if (cmd->cdb[2] != 0)
		return scsi_bad_cdb(cmd, 2, -1);
	return scsi_cmd_reply(cmd, pages, sizeof(pages));
}

const struct opcode spc_diag_rows[2] = {
	{ .op = 0x1c, .sa = OP_NO_SA, .name = "RECEIVE DIAGNOSTIC RESULTS", .cdb_len = 6,
	  .dir = DATA_IN, .len = { 3, 2 }, .unit = LEN_ALLOC,
	  .usage = { 0x1c, 0x01, 0xff, 0xff, 0xff, 0 }, .flags = OP_STANDBY_OK, .resv = RESV_READ,
	  .run = receive_diagnostic },
	{ .op = 0x1d, .sa = OP_NO_SA, .name = "SEND DIAGNOSTIC", .cdb_len = 6, .dir = DATA_OUT,
	  .len = { 3, 2 }, .unit = LEN_PARAM, .usage = { 0x1d, 0xf7, 0, 0xff, 0xff, 0 },
	  .flags = OP_STANDBY_OK, .resv = RESV_WRITE, .check = check_send, .run = send_diagnostic },
};
