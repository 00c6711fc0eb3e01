/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FORMAT UNIT (SBC-4 5.4): afterwards the contents are unspecified, so the blocks are
 * given back to the store when it can take them, and else nothing has to be done. There are
 * no defects to list and no protection information to format with.
 */
#include <errno.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

#define CDB_FMTDATA 0x10
#define CDB_LONGLIST 0x20

/* Parameter list header, SBC-4 tables 43 and 44 */
#define HDR_FOV 0x80
#define HDR_OPTIONS 0x78 /* DPRY, DCRT, STPF, IP: only with FOV */
#define HDR_IP 0x08

static uint32_t header_len(const struct scsi_cmd *cmd)
{
	return cmd->cdb[1] & CDB_LONGLIST ? 8 : 4;
}

static enum scsi_result header_check(struct scsi_cmd *cmd)
{
	uint8_t h[8] = { 0 };
	uint32_t len = header_len(cmd);

	if (scsi_cmd_param(cmd, 0, h, len) < len)
		return RES_PARAM_LIST_LENGTH;
	if (h[0] & 0x07) /* PROTECTION FIELDS USAGE */
		return scsi_bad_param(cmd, 0, 2);
	if (!(h[1] & HDR_FOV) && h[1] & HDR_OPTIONS)
		return scsi_bad_param(cmd, 1, 7);
	if (h[1] & HDR_IP) /* an initialization pattern would have to be written */
		return scsi_bad_param(cmd, 1, 3);
	if (len == 8 && h[3]) /* P_I_INFORMATION, PROTECTION INTERVAL EXPONENT */
		return scsi_bad_param(cmd, 3, -1);
	if (len == 8 ? get_be32(h + 4) : get_be16(h + 2)) /* DEFECT LIST LENGTH */
		return scsi_bad_param(cmd, len == 8 ? 4 : 2, -1);
	return RES_GOOD;
}

static enum scsi_result format_next(struct scsi_cmd *cmd);

static enum scsi_result unmapped(struct scsi_cmd *cmd, int err)
{
	if (err == -EOPNOTSUPP)
		return RES_GOOD;
	if (err)
		return dev_io_fail(cmd, err);
	cmd->dev_priv[0] += cmd->bsr.len;
	return format_next(cmd);
}

static enum scsi_result format_next(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;
	uint64_t left = sbc_bytes(lu, cmd->range_count) - cmd->dev_priv[0];

	if (!left)
		return RES_GOOD;
	return dev_io(cmd, BS_UNMAP, sbc_wce_flags(cmd), cmd->dev_priv[0],
		      min_u64(left, sbc_zero_piece(lu, BS_UNMAP)), unmapped);
}

/* IMMED is satisfied by being as quick as UNMAP is: status comes at the end all the same. */
static enum scsi_result sbc_format(struct scsi_cmd *cmd)
{
	const struct bs *bs = cmd->lu->bs;
	enum scsi_result r;

	if (cmd->cdb[1] & CDB_FMTDATA) {
		r = header_check(cmd);
		if (r != RES_GOOD)
			return r;
	}
	if (bs->cap[BS_UNMAP] != BS_CAP_NATIVE)
		return RES_GOOD;
	cmd->dev_priv[0] = 0;
	return range_shared(cmd, 0, cmd->lu->blocks, format_next);
}

/* The CDB has no length: as much as the initiator brings, up to the header. */
static uint64_t format_data_len(const struct scsi_cmd *cmd)
{
	if (!(cmd->cdb[1] & CDB_FMTDATA))
		return 0;
	return min_u64(cmd->out_edtl, header_len(cmd));
}

/* Byte 1: LONGLIST, FMTDATA, CMPLST, DEFECT LIST FORMAT; FMTPINFO is refused. */
const struct opcode sbc_format_rows[1] = {
	{ .op = 0x04, .sa = OP_NO_SA, .name = "FORMAT UNIT", .cdb_len = 6, .dir = DATA_OUT,
	  .unit = LEN_NONE, .usage = { 0x04, 0x3f, 0x00, 0x00, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES, .resv = RESV_WRITE, .data_len = format_data_len,
	  .run = sbc_format },
};
