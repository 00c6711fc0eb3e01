/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VERIFY (SBC-4 5.33 to 5.35) and WRITE AND VERIFY (5.43 to 5.45): blocks are read piece
 * by piece into scratch memory and compared with the data-out buffer as BYTCHK says.
 */
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

/* BYTCHK, SBC-4 table 128 */
enum { CHECK_READABLE = 0, CHECK_BYTES = 1, CHECK_RESERVED = 2, CHECK_ONE_BLOCK = 3 };

static unsigned int bytchk(const struct scsi_cmd *cmd)
{
	return sbc_options(cmd) >> 1 & 3;
}

static uint64_t *done_bytes(struct scsi_cmd *cmd)
{
	return &cmd->dev_priv[0];
}

/* Bytes of the piece just read that are as they should be. */
static uint32_t piece_matches(struct scsi_cmd *cmd)
{
	uint32_t len = (uint32_t)cmd->bsr.len, block = cmd->lu->block_size, same;

	switch (bytchk(cmd)) {
	case CHECK_BYTES:
		return sbc_out_differs(cmd, (uint32_t)*done_bytes(cmd), cmd->dev_ptr, len);
	case CHECK_ONE_BLOCK:
		for (uint32_t at = 0; at < len; at += block) {
			same = sbc_out_differs(cmd, 0, (uint8_t *)cmd->dev_ptr + at, block);
			if (same < block)
				return at + same;
		}
		return len;
	default:
		return len;
	}
}

static enum scsi_result verify_read(struct scsi_cmd *cmd, int err);

static enum scsi_result verify_next(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;
	uint64_t left = sbc_bytes(lu, cmd->blocks) - *done_bytes(cmd);

	if (!left)
		return RES_GOOD;
	return dev_io_buf(cmd, BS_READ, 0, sbc_bytes(lu, cmd->lba) + *done_bytes(cmd),
			  (uint32_t)min_u64(left, cmd->dev_len), verify_read);
}

static enum scsi_result verify_read(struct scsi_cmd *cmd, int err)
{
	uint32_t same;

	if (err)
		return dev_io_fail(cmd, err);
	same = piece_matches(cmd);
	*done_bytes(cmd) += same;
	if (same < cmd->bsr.len)
		return scsi_fail_at(cmd, RES_MISCOMPARE_VERIFY,
				    cmd->lba + (*done_bytes(cmd) >> cmd->lu->block_shift));
	return verify_next(cmd);
}

static enum scsi_result verify_start(struct scsi_cmd *cmd)
{
	uint64_t len = sbc_bytes(cmd->lu, cmd->blocks);
	enum scsi_result r = RES_GOOD;

	/* A write that was cut to whole blocks has its memory already. */
	if (!cmd->dev_ptr)
		r = dev_buf_get(cmd, (uint32_t)min_u64(len, DEV_IO_PIECE));
	if (r != RES_GOOD)
		return r;
	*done_bytes(cmd) = 0;
	return verify_next(cmd);
}

static enum scsi_result sbc_verify(struct scsi_cmd *cmd)
{
	if (sbc_out_complete(cmd) != RES_GOOD)
		return sbc_out_complete(cmd);
	if (!cmd->blocks)
		return RES_GOOD;
	return dev_step_end(cmd, verify_start(cmd));
}

static enum scsi_result wverify_written(struct scsi_cmd *cmd, int err)
{
	if (err)
		return dev_io_fail(cmd, err);
	return verify_start(cmd);
}

/* To the medium, not to a cache: else there would be nothing to verify. */
static enum scsi_result wverify_start(struct scsi_cmd *cmd)
{
	uint32_t len = (uint32_t)sbc_bytes(cmd->lu, cmd->blocks);
	enum scsi_result r;

	if (likely(len == cmd->out_want))
		return dev_io_vec(cmd, BS_WRITE, BS_REQ_FUA, sbc_bytes(cmd->lu, cmd->lba), len,
				  cmd->out.iov, cmd->out.iovcnt, wverify_written);
	r = dev_buf_get(cmd, len);
	if (r != RES_GOOD)
		return r;
	scsi_cmd_param(cmd, 0, cmd->dev_ptr, len);
	return dev_io_buf(cmd, BS_WRITE, BS_REQ_FUA, sbc_bytes(cmd->lu, cmd->lba), len,
			  wverify_written);
}

/* Exclusive: another write in between would look like a medium that forgets. */
static enum scsi_result sbc_write_verify(struct scsi_cmd *cmd)
{
	/* As with WRITE: the whole blocks that the initiator announced are written. */
	if (cmd->out_want < cmd->out_cdb)
		cmd->blocks = cmd->out_want >> cmd->lu->block_shift;
	if (!cmd->blocks)
		return RES_GOOD;
	return range_exclusive(cmd, cmd->lba, cmd->blocks, wverify_start);
}

static uint64_t verify_data_len(const struct scsi_cmd *cmd)
{
	switch (bytchk(cmd)) {
	case CHECK_BYTES:
		return sbc_bytes(cmd->lu, cmd->blocks);
	case CHECK_ONE_BLOCK:
		return cmd->blocks ? cmd->lu->block_size : 0;
	default:
		return 0;
	}
}

/* Without data, any length will do: memory doesn't grow with it. */
static enum scsi_result verify_check(struct scsi_cmd *cmd)
{
	if (bytchk(cmd) == CHECK_RESERVED)
		return scsi_bad_cdb(cmd, (uint16_t)sbc_options_at(cmd), 2);
	return bytchk(cmd) == CHECK_BYTES ? sbc_check_len(cmd) : RES_GOOD;
}

static enum scsi_result wverify_check(struct scsi_cmd *cmd)
{
	if (bytchk(cmd) > CHECK_BYTES)
		return scsi_bad_cdb(cmd, (uint16_t)sbc_options_at(cmd), 2);
	return sbc_check_len(cmd);
}

#define VERIFIES                                                                                   \
	.cls = OPC_VERIFY, .dir = DATA_OUT, .unit = LEN_BLOCKS, .flags = OP_NEEDS_MEDIUM | OP_RANGE, \
	.resv = RESV_READ, .data_len = verify_data_len, .check = verify_check, .run = sbc_verify
#define WRITE_VERIFIES                                                                             \
	.cls = OPC_WRITE, .dir = DATA_OUT, .unit = LEN_BLOCKS,                                     \
	.flags = OP_NEEDS_MEDIUM | OP_RANGE | OP_WRITES,                                           \
	.resv = RESV_WRITE, .check = wverify_check, .run = sbc_write_verify

const struct opcode sbc_verify_rows[8] = {
	{ .op = 0x2e, .sa = OP_NO_SA, .name = "WRITE AND VERIFY(10)", .cdb_len = 10,
	  WRITE_VERIFIES, .lba = { 2, 4 }, .len = { 7, 2 },
	  .usage = { 0x2e, 0x16, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0x00 } },
	{ .op = 0x2f, .sa = OP_NO_SA, .name = "VERIFY(10)", .cdb_len = 10, VERIFIES,
	  .lba = { 2, 4 }, .len = { 7, 2 },
	  .usage = { 0x2f, 0x16, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0x00 } },
	{ .op = 0x7f, .sa = 0x000a, .name = "VERIFY(32)", .cdb_len = 32, VERIFIES,
	  .enabled = sbc_cdb32, .lba = { 12, 8 }, .len = { 28, 4 },
	  .usage = { 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x0a, 0x16, 0x00, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff } },
	{ .op = 0x7f, .sa = 0x000c, .name = "WRITE AND VERIFY(32)", .cdb_len = 32,
	  WRITE_VERIFIES, .enabled = sbc_cdb32, .lba = { 12, 8 }, .len = { 28, 4 },
	  .usage = { 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x0c, 0x16, 0x00, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff } },
	{ .op = 0x8e, .sa = OP_NO_SA, .name = "WRITE AND VERIFY(16)", .cdb_len = 16,
	  WRITE_VERIFIES, .lba = { 2, 8 }, .len = { 10, 4 },
	  .usage = { 0x8e, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 } },
	{ .op = 0x8f, .sa = OP_NO_SA, .name = "VERIFY(16)", .cdb_len = 16, VERIFIES,
	  .lba = { 2, 8 }, .len = { 10, 4 },
	  .usage = { 0x8f, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 } },
	{ .op = 0xae, .sa = OP_NO_SA, .name = "WRITE AND VERIFY(12)", .cdb_len = 12,
	  WRITE_VERIFIES, .lba = { 2, 4 }, .len = { 6, 4 },
	  .usage = { 0xae, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00 } },
	{ .op = 0xaf, .sa = OP_NO_SA, .name = "VERIFY(12)", .cdb_len = 12, VERIFIES,
	  .lba = { 2, 4 }, .len = { 6, 4 },
	  .usage = { 0xaf, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00 } },
};
