/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ and WRITE (SBC-4 5.10 to 5.13, 5.38 to 5.42): the fast path. Data is read into the
 * buffer that the transport sends, and written from the one that it received.
 */
#include <errno.h>

#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

static enum scsi_result read_done(struct scsi_cmd *cmd, int err)
{
	if (unlikely(err))
		return dev_io_fail(cmd, err);
	cmd->in_len = (uint32_t)cmd->bsr.len;
	return RES_GOOD;
}

static enum scsi_result read_start(struct scsi_cmd *cmd, int err)
{
	const struct lu *lu = cmd->lu;
	bool dpo = cmd->op->cdb_len > 6 && sbc_options(cmd) & 0x10;

	if (unlikely(err && err != -EOPNOTSUPP))
		return dev_io_fail(cmd, err);
	return dev_io_vec(cmd, BS_READ, dpo ? BS_REQ_DPO : 0, sbc_bytes(lu, cmd->lba),
			  sbc_bytes(lu, cmd->blocks), cmd->in.iov, cmd->in.iovcnt, read_done);
}

static enum scsi_result read_begin(struct scsi_cmd *cmd)
{
	bool fua = cmd->op->cdb_len > 6 && sbc_options(cmd) & 0x08;
	enum scsi_result r = scsi_cmd_alloc_in(cmd, (uint32_t)sbc_bytes(cmd->lu, cmd->blocks));

	if (unlikely(r != RES_GOOD))
		return r;
	/* SBC-4 5.11, FUA: what a volatile cache holds goes to the medium before it is read. */
	if (unlikely(fua && sbc_flush_needed(cmd->lu)))
		return dev_io(cmd, BS_FLUSH, 0, 0, 0, read_start);
	return read_start(cmd, 0);
}

static enum scsi_result sbc_read(struct scsi_cmd *cmd)
{
	if (unlikely(!cmd->blocks))
		return RES_GOOD;
	/* SBC-4 4.29.1: a read finds all of an atomic write or nothing of it. */
	if (unlikely(cmd->lu->bs->atomic_tears))
		return range_shared(cmd, cmd->lba, cmd->blocks, read_begin);
	return read_begin(cmd);
}

static enum scsi_result write_done(struct scsi_cmd *cmd, int err)
{
	return unlikely(err) ? dev_io_fail(cmd, err) : RES_GOOD;
}

/*
 * The initiator announced less data than its CDB asks for: the whole blocks among it are written,
 * and the residual tells of the rest (RFC 7143 11.4.5.1).
 */
static enum scsi_result write_short(struct scsi_cmd *cmd)
{
	uint32_t len = cmd->out_want & ~(cmd->lu->block_size - 1);
	enum scsi_result r;

	if (!len)
		return RES_GOOD;
	r = dev_buf_get(cmd, len);
	if (r != RES_GOOD)
		return r;
	scsi_cmd_param(cmd, 0, cmd->dev_ptr, len);
	return dev_io_buf(cmd, BS_WRITE, sbc_write_flags(cmd), sbc_bytes(cmd->lu, cmd->lba), len,
			  write_done);
}

static enum scsi_result write_start(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;

	if (unlikely(cmd->out_want < cmd->out_cdb))
		return write_short(cmd);
	return dev_io_vec(cmd, BS_WRITE, sbc_write_flags(cmd), sbc_bytes(lu, cmd->lba),
			  sbc_bytes(lu, cmd->blocks), cmd->out.iov, cmd->out.iovcnt, write_done);
}

static enum scsi_result sbc_write(struct scsi_cmd *cmd)
{
	if (unlikely(!cmd->blocks))
		return RES_GOOD;
	return range_shared(cmd, cmd->lba, cmd->blocks, write_start);
}

#define READS .cls = OPC_READ, .dir = DATA_IN, .unit = LEN_BLOCKS, .resv = RESV_READ, .run = sbc_read
#define WRITES .cls = OPC_WRITE, .dir = DATA_OUT, .unit = LEN_BLOCKS, .resv = RESV_WRITE, .run = sbc_write
#define READ_FLAGS (OP_NEEDS_MEDIUM | OP_RANGE)
#define WRITE_FLAGS (OP_NEEDS_MEDIUM | OP_RANGE | OP_WRITES)

/*
 * Byte 1 of the longer ones: DPO, FUA, FUA_NV. There is no protection information to ask for, so the
 * reference and application tags of the longest mean nothing.
 */
const struct opcode sbc_rw_rows[10] = {
	{ .op = 0x08, .sa = OP_NO_SA, .name = "READ(6)", .cdb_len = 6, READS,
	  .lba = { 1, 3 }, .len = { 4, 1 }, .flags = READ_FLAGS | OP_LEN6_ZERO_IS_256,
	  .usage = { 0x08, 0x1f, 0xff, 0xff, 0xff, 0x00 } },
	{ .op = 0x0a, .sa = OP_NO_SA, .name = "WRITE(6)", .cdb_len = 6, WRITES,
	  .lba = { 1, 3 }, .len = { 4, 1 }, .flags = WRITE_FLAGS | OP_LEN6_ZERO_IS_256,
	  .usage = { 0x0a, 0x1f, 0xff, 0xff, 0xff, 0x00 } },
	{ .op = 0x28, .sa = OP_NO_SA, .name = "READ(10)", .cdb_len = 10, READS,
	  .lba = { 2, 4 }, .len = { 7, 2 }, .flags = READ_FLAGS, .check = sbc_check_len,
	  .usage = { 0x28, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0x00 } },
	{ .op = 0x2a, .sa = OP_NO_SA, .name = "WRITE(10)", .cdb_len = 10, WRITES,
	  .lba = { 2, 4 }, .len = { 7, 2 }, .flags = WRITE_FLAGS, .check = sbc_check_len,
	  .usage = { 0x2a, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0x00 } },
	{ .op = 0x7f, .sa = 0x0009, .name = "READ(32)", .cdb_len = 32, READS,
	  .enabled = sbc_cdb32, .lba = { 12, 8 }, .len = { 28, 4 },
	  .flags = READ_FLAGS, .check = sbc_check_len,
	  .usage = { 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x09, 0x1a, 0x00, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff } },
	{ .op = 0x7f, .sa = 0x000b, .name = "WRITE(32)", .cdb_len = 32, WRITES,
	  .enabled = sbc_cdb32, .lba = { 12, 8 }, .len = { 28, 4 },
	  .flags = WRITE_FLAGS, .check = sbc_check_len,
	  .usage = { 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x0b, 0x1a, 0x00, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff } },
	{ .op = 0x88, .sa = OP_NO_SA, .name = "READ(16)", .cdb_len = 16, READS,
	  .lba = { 2, 8 }, .len = { 10, 4 }, .flags = READ_FLAGS, .check = sbc_check_len,
	  .usage = { 0x88, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 } },
	{ .op = 0x8a, .sa = OP_NO_SA, .name = "WRITE(16)", .cdb_len = 16, WRITES,
	  .lba = { 2, 8 }, .len = { 10, 4 }, .flags = WRITE_FLAGS, .check = sbc_check_len,
	  .usage = { 0x8a, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 } },
	{ .op = 0xa8, .sa = OP_NO_SA, .name = "READ(12)", .cdb_len = 12, READS,
	  .lba = { 2, 4 }, .len = { 6, 4 }, .flags = READ_FLAGS, .check = sbc_check_len,
	  .usage = { 0xa8, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00 } },
	{ .op = 0xaa, .sa = OP_NO_SA, .name = "WRITE(12)", .cdb_len = 12, WRITES,
	  .lba = { 2, 4 }, .len = { 6, 4 }, .flags = WRITE_FLAGS, .check = sbc_check_len,
	  .usage = { 0xaa, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00 } },
};
