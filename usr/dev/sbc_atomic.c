/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WRITE ATOMIC(16) (SBC-4 5.48, 4.29): all of the blocks are written or, when power or daemon
 * end in the middle, none; and no other command sees or writes a part. The store promises the
 * first (bs.atomic_max), the exclusive range gives the second.
 */
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

uint32_t sbc_max_atomic(const struct lu *lu)
{
	uint32_t bytes = lu->bs ? lu->bs->atomic_max : 0;

	return min_u32(bytes, SBC_MAX_XFER) >> lu->block_shift;
}

static bool has_atomic(const struct lu *lu)
{
	return sbc_max_atomic(lu);
}

static enum scsi_result atomic_written(struct scsi_cmd *cmd, int err)
{
	return err ? dev_io_fail(cmd, err) : RES_GOOD;
}

static enum scsi_result atomic_start(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;

	return dev_io_vec(cmd, BS_WRITE, sbc_write_flags(cmd) | BS_REQ_ATOMIC,
			  sbc_bytes(lu, cmd->lba), sbc_bytes(lu, cmd->blocks), cmd->out.iov,
			  cmd->out.iovcnt, atomic_written);
}

static enum scsi_result sbc_write_atomic(struct scsi_cmd *cmd)
{
	enum scsi_result r = sbc_out_complete(cmd);

	if (r != RES_GOOD || !cmd->blocks)
		return r;
	return range_exclusive(cmd, cmd->lba, cmd->blocks, atomic_start);
}

static enum scsi_result atomic_check(struct scsi_cmd *cmd)
{
	if (cmd->blocks > sbc_max_atomic(cmd->lu))
		return scsi_bad_cdb(cmd, 12, -1);
	return sbc_check_exact(cmd);
}

/*
 * ATOMIC BOUNDARY is refused: it would let a longer write be atomic in parts, and told is that
 * MAXIMUM ATOMIC TRANSFER LENGTH WITH ATOMIC BOUNDARY is 0.
 */
const struct opcode sbc_atomic_rows[1] = {
	{ .op = 0x9c, .sa = OP_NO_SA, .name = "WRITE ATOMIC(16)", .cdb_len = 16, .dir = DATA_OUT,
	  .lba = { 2, 8 }, .len = { 12, 2 }, .unit = LEN_BLOCKS,
	  .usage = { 0x9c, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0xff,
		     0xff, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM | OP_RANGE | OP_WRITES, .cls = OPC_WRITE, .resv = RESV_WRITE,
	  .enabled = has_atomic, .check = atomic_check, .run = sbc_write_atomic },
};
