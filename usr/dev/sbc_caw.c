/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COMPARE AND WRITE (SBC-4 5.3): the first half of the data is compared with the medium
 * and, when all bytes are equal, the second half is written; no other write comes between. A store
 * that can do that itself does: then no write of another daemon comes between either.
 */
#include <errno.h>

#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

static uint32_t half(const struct scsi_cmd *cmd)
{
	return (uint32_t)sbc_bytes(cmd->lu, cmd->blocks);
}

static enum scsi_result caw_written(struct scsi_cmd *cmd, int err)
{
	return err ? dev_io_fail(cmd, err) : RES_GOOD;
}

static enum scsi_result caw_read(struct scsi_cmd *cmd, int err)
{
	uint32_t same;

	if (err)
		return dev_io_fail(cmd, err);
	same = sbc_out_differs(cmd, 0, cmd->dev_ptr, half(cmd));
	if (same < half(cmd)) /* INFORMATION: offset of the first byte that differs */
		return scsi_fail_at(cmd, RES_MISCOMPARE_VERIFY, same);
	scsi_cmd_param(cmd, half(cmd), cmd->dev_ptr, half(cmd));
	return dev_io_buf(cmd, BS_WRITE, sbc_write_flags(cmd), sbc_bytes(cmd->lu, cmd->lba),
			  half(cmd), caw_written);
}

static enum scsi_result caw_here(struct scsi_cmd *cmd)
{
	enum scsi_result r = dev_buf_get(cmd, half(cmd));

	if (r != RES_GOOD)
		return r;
	return dev_io_buf(cmd, BS_READ, 0, sbc_bytes(cmd->lu, cmd->lba), half(cmd), caw_read);
}

/* The store may have said that it can't do this one. */
static enum scsi_result caw_told(struct scsi_cmd *cmd, int err)
{
	if (err == -EOPNOTSUPP)
		return caw_here(cmd);
	if (err == -EILSEQ)
		return scsi_fail_at(cmd, RES_MISCOMPARE_VERIFY, cmd->bsr.differs_at);
	return caw_written(cmd, err);
}

static enum scsi_result caw_start(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;

	if (!lu->bs || lu->bs->cap[BS_COMPARE] != BS_CAP_NATIVE)
		return caw_here(cmd);
	return dev_io_vec(cmd, BS_COMPARE, sbc_write_flags(cmd), sbc_bytes(lu, cmd->lba), half(cmd),
			  cmd->out.iov, cmd->out.iovcnt, caw_told);
}

static enum scsi_result sbc_caw(struct scsi_cmd *cmd)
{
	if (sbc_out_complete(cmd) != RES_GOOD)
		return sbc_out_complete(cmd);
	if (!cmd->blocks)
		return RES_GOOD;
	return range_exclusive(cmd, cmd->lba, cmd->blocks, caw_start);
}

static uint64_t caw_data_len(const struct scsi_cmd *cmd)
{
	return 2 * sbc_bytes(cmd->lu, cmd->blocks);
}

const struct opcode sbc_caw_rows[1] = {
	{ .op = 0x89, .sa = OP_NO_SA, .name = "COMPARE AND WRITE", .cdb_len = 16, .dir = DATA_OUT,
	  .lba = { 2, 8 }, .len = { 13, 1 }, .unit = LEN_BLOCKS,
	  .usage = { 0x89, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00,
		     0xff, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM | OP_RANGE | OP_WRITES, .cls = OPC_WRITE, .resv = RESV_WRITE,
	  .data_len = caw_data_len, .check = sbc_check_exact, .run = sbc_caw },
};
