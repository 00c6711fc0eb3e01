/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ(6), WRITE(6), VERIFY(6) and WRITE FILEMARKS(6) (SSC-4 5.5, 5.8, 5.9): fixed and variable
 * blocks, and what is told when the tape has something else than was asked for.
 */
#include <errno.h>

#include "dev/io.h"
#include "dev/ssc.h"

#define CDB_FIXED 0x01
#define CDB_SILI 0x02
#define CDB_IMMED 0x01
#define CDB_VBF 0x08

static bool fixed(const struct scsi_cmd *cmd)
{
	return cmd->cdb[1] & CDB_FIXED;
}

/* Blocks that are asked for, and bytes of each. */
static uint32_t wanted(const struct scsi_cmd *cmd)
{
	return fixed(cmd) ? (uint32_t)cmd->blocks : cmd->blocks != 0;
}

static uint32_t block_len(const struct scsi_cmd *cmd)
{
	return fixed(cmd) ? to_ssc(cmd->lu)->block_len : (uint32_t)cmd->blocks;
}

static uint64_t data_len(const struct scsi_cmd *cmd)
{
	return (uint64_t)wanted(cmd) * block_len(cmd);
}

/* SSC-4 5.5: FIXED needs a block length, and excludes SILI. */
static enum scsi_result check(struct scsi_cmd *cmd)
{
	if (fixed(cmd) && !to_ssc(cmd->lu)->block_len)
		return scsi_bad_cdb(cmd, 1, 0);
	if (fixed(cmd) && cmd->op->op == 0x08 && cmd->cdb[1] & CDB_SILI)
		return scsi_bad_cdb(cmd, 1, 1);
	return data_len(cmd) > SSC_MAX_XFER ? scsi_bad_cdb(cmd, 2, -1) : RES_GOOD;
}

/* --- reading -------------------------------------------------------------------------------------- */

/* What the rest of the transfer is called: blocks, or the bytes of the one. */
static int64_t rest(const struct scsi_cmd *cmd)
{
	return fixed(cmd) ? (int64_t)(cmd->blocks - cmd->dev_priv[0]) : (int64_t)cmd->blocks;
}

/*
 * SSC-4 5.5: a block of another length. Fixed, it counts as not read. Variable, SILI 1 says that
 * shorter is no reason to tell, and longer neither if BLOCK LENGTH is 0.
 */
static enum scsi_result wrong_length(struct scsi_cmd *cmd, uint32_t len)
{
	bool sili = cmd->cdb[1] & CDB_SILI;
	int64_t residual = fixed(cmd) ? rest(cmd) : (int64_t)cmd->blocks - (int64_t)len;

	if (!fixed(cmd) && sili && (residual > 0 || !to_ssc(cmd->lu)->block_len))
		return RES_GOOD;
	ssc_residual(cmd, residual);
	cmd->extra.ili = true;
	return RES_NO_SENSE;
}

static enum scsi_result read_next(struct scsi_cmd *cmd);

static enum scsi_result read_done(struct scsi_cmd *cmd, int err)
{
	struct ssc *ssc = to_ssc(cmd->lu);
	const struct tape_image *t = ssc->image;
	uint32_t len = block_len(cmd), moved = min_u32(t->rec.len, len);

	if (err) {
		ssc_residual(cmd, rest(cmd));
		return ssc_fail(cmd, err);
	}
	if (t->stop != TAPE_DONE)
		return ssc_stopped(cmd, t->stop, rest(cmd));
	ssc->read += t->rec.len;
	if (t->rec.len == len || !fixed(cmd)) {
		cmd->in_len += moved;
		ssc->sent += moved;
	}
	if (t->rec.len != len)
		return wrong_length(cmd, t->rec.len);
	cmd->dev_priv[0]++;
	return read_next(cmd);
}

static enum scsi_result read_next(struct scsi_cmd *cmd)
{
	if (cmd->aborted)
		return RES_TASK_ABORTED;
	if (cmd->dev_priv[0] == wanted(cmd))
		return RES_GOOD;
	tape_read(to_ssc(cmd->lu)->image, cmd->in.iov, cmd->in.iovcnt, cmd->in_len, block_len(cmd),
		  ssc_op_done, cmd);
	return ssc_wait(cmd, read_done);
}

static enum scsi_result read_begin(struct scsi_cmd *cmd)
{
	enum scsi_result r = scsi_cmd_alloc_in(cmd, (uint32_t)data_len(cmd));

	return r == RES_GOOD ? read_next(cmd) : r;
}

static enum scsi_result ssc_read(struct scsi_cmd *cmd)
{
	return cmd->blocks ? ssc_turn(cmd, read_begin) : RES_GOOD;
}

/* --- verifying: as reading, without data ---------------------------------------------------------- */

static enum scsi_result verify_next(struct scsi_cmd *cmd);

static enum scsi_result verify_done(struct scsi_cmd *cmd, int err)
{
	const struct tape_image *t = to_ssc(cmd->lu)->image;

	if (err) {
		ssc_residual(cmd, rest(cmd));
		return ssc_fail(cmd, err);
	}
	if (t->stop == TAPE_AT_MARK && cmd->cdb[1] & CDB_VBF && ++cmd->dev_priv[0])
		return verify_next(cmd);
	if (t->stop != TAPE_DONE)
		return ssc_stopped(cmd, t->stop, rest(cmd));
	if (cmd->cdb[1] & CDB_VBF)
		return verify_next(cmd);
	if (t->rec.len != block_len(cmd))
		return wrong_length(cmd, t->rec.len);
	cmd->dev_priv[0]++;
	return verify_next(cmd);
}

/* With VBF the length counts filemarks. */
static enum scsi_result verify_next(struct scsi_cmd *cmd)
{
	uint64_t n = cmd->cdb[1] & CDB_VBF ? cmd->blocks : wanted(cmd);

	if (cmd->aborted)
		return RES_TASK_ABORTED;
	if (cmd->dev_priv[0] == n)
		return RES_GOOD;
	tape_verify(to_ssc(cmd->lu)->image, ssc_op_done, cmd);
	return ssc_wait(cmd, verify_done);
}

static enum scsi_result ssc_verify(struct scsi_cmd *cmd)
{
	return cmd->blocks ? ssc_turn(cmd, verify_next) : RES_GOOD;
}

static enum scsi_result verify_check(struct scsi_cmd *cmd)
{
	if (cmd->cdb[1] & CDB_VBF)
		return fixed(cmd) ? scsi_bad_cdb(cmd, 1, 3) : RES_GOOD;
	return fixed(cmd) && !to_ssc(cmd->lu)->block_len ? scsi_bad_cdb(cmd, 1, 0) : RES_GOOD;
}

/* --- writing -------------------------------------------------------------------------------------- */

/* SSC-4 4.2.6: WORM media take records at the end only. */
static enum scsi_result writable(const struct scsi_cmd *cmd)
{
	const struct tape_image *t = to_ssc(cmd->lu)->image;

	if (t->sb.flags & TAPE_WORM && t->pos.off != tape_eod(t)->off)
		return RES_WORM_OVERWRITE;
	return RES_GOOD;
}

/* All that was asked for is there; is the end near? (SSC-4 4.2.4) */
static enum scsi_result written(struct scsi_cmd *cmd)
{
	return ssc_early(cmd->lu) ? ssc_stopped(cmd, TAPE_AT_EOM, 0) : RES_GOOD;
}

static enum scsi_result overflow(struct scsi_cmd *cmd, uint64_t left)
{
	ssc_stopped(cmd, TAPE_AT_EOM, (int64_t)left);
	return RES_VOLUME_OVERFLOW;
}

static enum scsi_result write_synced(struct scsi_cmd *cmd, int err)
{
	return err ? ssc_fail(cmd, err) : written(cmd);
}

static enum scsi_result write_done(struct scsi_cmd *cmd, int err)
{
	struct ssc *ssc = to_ssc(cmd->lu);
	struct tape_image *t = ssc->image;
	uint64_t bytes = t->count * block_len(cmd);

	if (err) {
		ssc_residual(cmd, fixed(cmd) ? (int64_t)(cmd->blocks - t->count) :
					       (int64_t)cmd->blocks);
		return ssc_fail(cmd, err);
	}
	ssc->received += bytes;
	ssc->written += bytes;
	if (t->stop != TAPE_DONE)
		return overflow(cmd, fixed(cmd) ? cmd->blocks - t->count : cmd->blocks);
	if (!ssc->unbuffered)
		return written(cmd);
	tape_write_marks(t, 0, true, ssc_op_done, cmd);
	return ssc_wait(cmd, write_synced);
}

static enum scsi_result write_begin(struct scsi_cmd *cmd)
{
	enum scsi_result r = writable(cmd);

	if (r != RES_GOOD)
		return r;
	if (cmd->out_want != cmd->out_cdb)
		return RES_INVALID_CIU;
	tape_write(to_ssc(cmd->lu)->image, cmd->out.iov, cmd->out.iovcnt, block_len(cmd),
		   wanted(cmd), ssc_op_done, cmd);
	return ssc_wait(cmd, write_done);
}

static enum scsi_result ssc_write(struct scsi_cmd *cmd)
{
	return cmd->blocks ? ssc_turn(cmd, write_begin) : RES_GOOD;
}

static enum scsi_result marks_done(struct scsi_cmd *cmd, int err)
{
	const struct tape_image *t = to_ssc(cmd->lu)->image;

	if (err) {
		ssc_residual(cmd, (int64_t)(cmd->blocks - t->count));
		return ssc_fail(cmd, err);
	}
	if (t->stop != TAPE_DONE)
		return overflow(cmd, cmd->blocks - t->count);
	return written(cmd);
}

/* Without IMMED, all that was written is on stable storage at the end, also if it is 0 filemarks. */
static enum scsi_result marks_begin(struct scsi_cmd *cmd)
{
	enum scsi_result r = cmd->blocks ? writable(cmd) : RES_GOOD;

	if (r != RES_GOOD)
		return r;
	tape_write_marks(to_ssc(cmd->lu)->image, (uint32_t)cmd->blocks, !(cmd->cdb[1] & CDB_IMMED),
			 ssc_op_done, cmd);
	return ssc_wait(cmd, marks_done);
}

static enum scsi_result ssc_write_marks(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, marks_begin);
}

const struct opcode ssc_rw_rows[4] = {
	{ .op = 0x08, .sa = OP_NO_SA, .name = "READ(6)", .cdb_len = 6, .cls = OPC_READ, .dir = DATA_IN,
	  .len = { 2, 3 }, .unit = LEN_BYTES, .data_len = data_len, .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0x08, 0x03, 0xff, 0xff, 0xff, 0x00 }, .resv = RESV_WRITE, .check = check,
	  .run = ssc_read },
	{ .op = 0x0a, .sa = OP_NO_SA, .name = "WRITE(6)", .cdb_len = 6, .cls = OPC_WRITE,
	  .dir = DATA_OUT, .len = { 2, 3 }, .unit = LEN_BYTES, .data_len = data_len,
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES, .usage = { 0x0a, 0x01, 0xff, 0xff, 0xff, 0x00 },
	  .resv = RESV_WRITE, .check = check, .run = ssc_write },
	{ .op = 0x10, .sa = OP_NO_SA, .name = "WRITE FILEMARKS(6)", .cdb_len = 6, .cls = OPC_FLUSH,
	  .dir = DATA_NONE, .len = { 2, 3 }, .unit = LEN_BLOCKS, .flags = OP_NEEDS_MEDIUM | OP_WRITES,
	  .usage = { 0x10, 0x01, 0xff, 0xff, 0xff, 0x00 }, .resv = RESV_WRITE,
	  .run = ssc_write_marks },
	{ .op = 0x13, .sa = OP_NO_SA, .name = "VERIFY(6)", .cdb_len = 6, .cls = OPC_VERIFY,
	  .dir = DATA_NONE, .len = { 2, 3 }, .unit = LEN_BLOCKS, .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0x13, 0x0d, 0xff, 0xff, 0xff, 0x00 }, .resv = RESV_WRITE,
	  .check = verify_check, .run = ssc_verify },
};
