/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WRITE SAME(10), (16) and (32) (SBC-4 5.52 to 5.54): one block of data, or none (NDOB), written to
 * many. Blocks of zeroes are left to the store, which may make a hole when UNMAP is
 * set; any other pattern is written from scratch memory. Piece by piece.
 */
#include <errno.h>
#include <string.h>

#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

#define CDB_NDOB 0x01
#define CDB_UNMAP 0x08

static uint64_t *done_bytes(struct scsi_cmd *cmd)
{
	return &cmd->dev_priv[0];
}

/* NUMBER OF LOGICAL BLOCKS; 0: to the end of the medium (WSNZ is 0). */
static uint64_t count(const struct scsi_cmd *cmd)
{
	if (cmd->blocks || cmd->lba > cmd->lu->blocks)
		return cmd->blocks;
	return cmd->lu->blocks - cmd->lba;
}

static bool without_data(const struct scsi_cmd *cmd)
{
	return cmd->op->cdb_len >= 16 && sbc_options(cmd) & CDB_NDOB;
}

static enum scsi_result pattern_next(struct scsi_cmd *cmd);

static enum scsi_result pattern_written(struct scsi_cmd *cmd, int err)
{
	if (err)
		return dev_io_fail(cmd, err);
	*done_bytes(cmd) += cmd->bsr.len;
	return pattern_next(cmd);
}

static enum scsi_result pattern_next(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;
	uint64_t left = sbc_bytes(lu, cmd->range_count) - *done_bytes(cmd);

	if (!left)
		return RES_GOOD;
	return dev_io_buf(cmd, BS_WRITE, sbc_wce_flags(cmd),
			  sbc_bytes(lu, cmd->lba) + *done_bytes(cmd),
			  (uint32_t)min_u64(left, cmd->dev_len), pattern_written);
}

/* Scratch memory full of the block; without data, of zeroes. */
static enum scsi_result pattern_start(struct scsi_cmd *cmd)
{
	uint64_t left = sbc_bytes(cmd->lu, cmd->range_count) - *done_bytes(cmd);
	uint32_t block = cmd->lu->block_size;
	enum scsi_result r = dev_buf_get(cmd, (uint32_t)min_u64(left, DEV_IO_PIECE));
	uint8_t *buf = cmd->dev_ptr;

	if (r != RES_GOOD)
		return r;
	if (without_data(cmd))
		memset(buf, 0, block);
	else
		scsi_cmd_param(cmd, 0, buf, block);
	for (uint32_t n = block; n < cmd->dev_len; n += block)
		memcpy(buf + n, buf, block);
	return pattern_next(cmd);
}

static enum scsi_result zero_next(struct scsi_cmd *cmd);

static enum scsi_result zeroed(struct scsi_cmd *cmd, int err)
{
	if (err == -EOPNOTSUPP) /* the store found out only now */
		return pattern_start(cmd);
	if (err)
		return dev_io_fail(cmd, err);
	*done_bytes(cmd) += cmd->bsr.len;
	return zero_next(cmd);
}

static enum scsi_result zero_next(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;
	uint64_t left = sbc_bytes(lu, cmd->range_count) - *done_bytes(cmd);
	uint32_t flags = sbc_wce_flags(cmd);

	if (!left)
		return RES_GOOD;
	if (sbc_options(cmd) & CDB_UNMAP)
		flags |= BS_REQ_MAY_UNMAP;
	return dev_io(cmd, BS_ZERO, flags, sbc_bytes(lu, cmd->lba) + *done_bytes(cmd),
		      min_u64(left, sbc_zero_piece(lu, BS_ZERO)), zeroed);
}

static bool pattern_is_zero(const struct scsi_cmd *cmd)
{
	static const uint8_t zeroes[4096];

	return without_data(cmd) ||
	       sbc_out_differs(cmd, 0, zeroes, cmd->lu->block_size) == cmd->lu->block_size;
}

static enum scsi_result wsame_start(struct scsi_cmd *cmd)
{
	*done_bytes(cmd) = 0;
	/* UNMAP asks for unmapped blocks whatever the data is (SBC-4 table 143). */
	return sbc_options(cmd) & CDB_UNMAP || pattern_is_zero(cmd) ? zero_next(cmd) : pattern_start(cmd);
}

static enum scsi_result sbc_wsame(struct scsi_cmd *cmd)
{
	if (sbc_out_complete(cmd) != RES_GOOD)
		return sbc_out_complete(cmd);
	if (!count(cmd))
		return RES_GOOD;
	return range_shared(cmd, cmd->lba, count(cmd), wsame_start);
}

static uint64_t wsame_data_len(const struct scsi_cmd *cmd)
{
	return without_data(cmd) ? 0 : cmd->lu->block_size;
}

static enum scsi_result wsame_check(struct scsi_cmd *cmd)
{
	uint64_t max = sbc_max_wsame(cmd->lu);

	if (sbc_options(cmd) & CDB_UNMAP && !sbc_thin(cmd->lu))
		return scsi_bad_cdb(cmd, (uint16_t)sbc_options_at(cmd), 3);
	if (max && count(cmd) > max)
		return scsi_bad_cdb(cmd, cmd->op->len.byte, -1);
	return sbc_check_exact(cmd);
}

#define WRITES_SAME                                                                                \
	.cls = OPC_WRITE, .dir = DATA_OUT, .unit = LEN_BLOCKS,                                     \
	.flags = OP_NEEDS_MEDIUM | OP_RANGE | OP_WRITES,                                           \
	.resv = RESV_WRITE, .data_len = wsame_data_len, .check = wsame_check, .run = sbc_wsame

/* Not evaluated, so refused: WRPROTECT, ANCHOR (nothing is ever anchored), PBDATA and LBDATA. */
const struct opcode sbc_wsame_rows[3] = {
	{ .op = 0x41, .sa = OP_NO_SA, .name = "WRITE SAME(10)", .cdb_len = 10, WRITES_SAME,
	  .lba = { 2, 4 }, .len = { 7, 2 },
	  .usage = { 0x41, 0x08, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0x00 } },
	{ .op = 0x7f, .sa = 0x000d, .name = "WRITE SAME(32)", .cdb_len = 32, WRITES_SAME,
	  .enabled = sbc_cdb32, .lba = { 12, 8 }, .len = { 28, 4 },
	  .usage = { 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x0d, 0x09, 0x00, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0xff, 0xff, 0xff, 0xff } },
	{ .op = 0x93, .sa = OP_NO_SA, .name = "WRITE SAME(16)", .cdb_len = 16, WRITES_SAME,
	  .lba = { 2, 8 }, .len = { 10, 4 },
	  .usage = { 0x93, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 } },
};
