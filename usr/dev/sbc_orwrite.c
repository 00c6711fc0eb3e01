/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ORWRITE(16) (SBC-4 5.8): what is on the medium, or'ed with the data, is written; piece
 * by piece, and no other write comes between.
 */
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

static uint64_t *done_bytes(struct scsi_cmd *cmd)
{
	return &cmd->dev_priv[0];
}

/* dev_ptr |= data-out from @off on. */
static void or_data(struct scsi_cmd *cmd, uint64_t off, uint32_t len)
{
	uint8_t *to = cmd->dev_ptr;

	for (uint32_t i = 0; i < cmd->out.iovcnt && len; i++) {
		const struct iovec *v = &cmd->out.iov[i];
		const uint8_t *from = v->iov_base;
		uint32_t n;

		if (off >= v->iov_len) {
			off -= v->iov_len;
			continue;
		}
		n = (uint32_t)min_u64(v->iov_len - off, len);
		for (uint32_t b = 0; b < n; b++)
			to[b] |= from[off + b];
		to += n;
		len -= n;
		off = 0;
	}
}

static enum scsi_result orwrite_read(struct scsi_cmd *cmd, int err);

static enum scsi_result orwrite_next(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;
	uint64_t left = sbc_bytes(lu, cmd->blocks) - *done_bytes(cmd);

	if (!left)
		return RES_GOOD;
	return dev_io_buf(cmd, BS_READ, 0, sbc_bytes(lu, cmd->lba) + *done_bytes(cmd),
			  (uint32_t)min_u64(left, cmd->dev_len), orwrite_read);
}

static enum scsi_result orwrite_written(struct scsi_cmd *cmd, int err)
{
	if (err)
		return dev_io_fail(cmd, err);
	*done_bytes(cmd) += cmd->bsr.len;
	return orwrite_next(cmd);
}

static enum scsi_result orwrite_read(struct scsi_cmd *cmd, int err)
{
	if (err)
		return dev_io_fail(cmd, err);
	or_data(cmd, *done_bytes(cmd), (uint32_t)cmd->bsr.len);
	return dev_io_buf(cmd, BS_WRITE, sbc_write_flags(cmd), cmd->bsr.offset,
			  (uint32_t)cmd->bsr.len, orwrite_written);
}

static enum scsi_result orwrite_start(struct scsi_cmd *cmd)
{
	uint64_t len = sbc_bytes(cmd->lu, cmd->blocks);
	enum scsi_result r = dev_buf_get(cmd, (uint32_t)min_u64(len, DEV_IO_PIECE));

	if (r != RES_GOOD)
		return r;
	*done_bytes(cmd) = 0;
	return orwrite_next(cmd);
}

static enum scsi_result sbc_orwrite(struct scsi_cmd *cmd)
{
	if (sbc_out_complete(cmd) != RES_GOOD)
		return sbc_out_complete(cmd);
	if (!cmd->blocks)
		return RES_GOOD;
	return range_exclusive(cmd, cmd->lba, cmd->blocks, orwrite_start);
}

const struct opcode sbc_orwrite_rows[1] = {
	{ .op = 0x8b, .sa = OP_NO_SA, .name = "ORWRITE(16)", .cdb_len = 16, .dir = DATA_OUT,
	  .lba = { 2, 8 }, .len = { 10, 4 }, .unit = LEN_BLOCKS,
	  .usage = { 0x8b, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM | OP_RANGE | OP_WRITES, .cls = OPC_WRITE, .resv = RESV_WRITE,
	  .check = sbc_check_len, .run = sbc_orwrite },
};
