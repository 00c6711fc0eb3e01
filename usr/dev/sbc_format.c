/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FORMAT UNIT (SBC-4 5.4): writes the initialization pattern if there is one; else the contents are
 * unspecified afterwards, so that the blocks are given back to the store where it takes them.
 * Blocks get the length that MODE SELECT asked for. There are no defects to list and there is no
 * protection information to format with.
 */
#include <errno.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"
#include "dev/sbc_job.h"
#include "target/target.h"

#define CDB_FMTDATA 0x10
#define CDB_LONGLIST 0x20

/* Parameter list header, SBC-4 tables 43 and 44 */
#define HDR_FOV 0x80
#define HDR_OPTIONS 0x78 /* DPRY, DCRT, STPF, IP: only with FOV */
#define HDR_IP 0x08
#define HDR_IMMED 0x02

/* Initialization pattern descriptor, SBC-4 table 47: behind the header when IP is set */
#define IP_DESC_LEN 4
#define IP_SI 0x20
enum { IP_DEFAULT = 0x00, IP_REPEAT = 0x01 };

#define LIST_MAX (8 + IP_DESC_LEN + 4096)

static uint32_t header_len(const struct scsi_cmd *cmd)
{
	return cmd->cdb[1] & CDB_LONGLIST ? 8 : 4;
}

/* Byte 1 of the header; 0 without one. */
static uint8_t options(const struct scsi_cmd *cmd)
{
	uint8_t h[2] = { 0 };

	if (cmd->cdb[1] & CDB_FMTDATA)
		scsi_cmd_param(cmd, 0, h, sizeof(h));
	return h[1];
}

/* SECURITY INITIALIZE would have to reach reassigned blocks as well: that is SANITIZE's. */
static enum scsi_result pattern_check(struct scsi_cmd *cmd)
{
	uint16_t at = (uint16_t)header_len(cmd);
	uint8_t d[IP_DESC_LEN] = { 0 };
	uint32_t len;

	if (scsi_cmd_param(cmd, at, d, sizeof(d)) < sizeof(d))
		return RES_PARAM_LIST_LENGTH;
	len = get_be16(d + 2);
	if (d[0] & IP_SI)
		return scsi_bad_param(cmd, at, 5);
	if (d[0])
		return scsi_bad_param(cmd, at, 7);
	if (d[1] != IP_DEFAULT && d[1] != IP_REPEAT)
		return scsi_bad_param(cmd, (uint16_t)(at + 1), -1);
	if (d[1] == IP_DEFAULT ? len : !len || len > cmd->lu->block_size)
		return scsi_bad_param(cmd, (uint16_t)(at + 2), -1);
	return at + IP_DESC_LEN + len > cmd->out_want ? RES_PARAM_LIST_LENGTH : RES_GOOD;
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
	if (len == 8 && h[3]) /* P_I_INFORMATION, PROTECTION INTERVAL EXPONENT */
		return scsi_bad_param(cmd, 3, -1);
	if (len == 8 ? get_be32(h + 4) : get_be16(h + 2)) /* DEFECT LIST LENGTH */
		return scsi_bad_param(cmd, len == 8 ? 4 : 2, -1);
	return h[1] & HDR_IP ? pattern_check(cmd) : RES_GOOD;
}

/* --- the work and its end */

static void format_failed(struct lu *lu, int err)
{
	log_err("LUN %llu of %s: FORMAT UNIT failed: error %d", (unsigned long long)lu->lun,
		lu->target->name, -err);
	to_sbc(lu)->format_corrupt = true;
	lu->background = RES_ME_FORMAT_CORRUPT;
	sbc_job_tell(lu, RES_ME_FORMAT_FAILED);
}

static void format_end(struct lu *lu, const struct nexus *by)
{
	to_sbc(lu)->format_corrupt = false;
	sbc_block_size_take(lu, by);
	lu->background = RES_GOOD;
}

/* The new block size, if any, is on disk, or can't be. */
static void size_kept(void *arg, int err)
{
	struct lu *lu = arg;
	const struct scsi_cmd *cmd = to_sbc(lu)->job_cmd;

	if (err) {
		format_failed(lu, err);
		return;
	}
	format_end(lu, cmd ? cmd->nexus : NULL);
	sbc_job_tell(lu, RES_GOOD);
}

static void job_ended(struct lu *lu, int err)
{
	if (!err) {
		err = sbc_block_size_keep(lu, size_kept);
		if (err > 0)
			size_kept(lu, 0);
	}
	if (err < 0)
		format_failed(lu, err);
}

/* --- the command */

static int pattern_start(struct scsi_cmd *cmd)
{
	struct sbc_job_conf conf = { .op = BS_WRITE, .passes = 1, .ended = job_ended };
	uint32_t at = header_len(cmd);
	uint8_t d[IP_DESC_LEN], pattern[4096];

	scsi_cmd_param(cmd, at, d, sizeof(d));
	conf.pattern_len = get_be16(d + 2);
	scsi_cmd_param(cmd, at + IP_DESC_LEN, pattern, conf.pattern_len);
	conf.pattern = pattern;
	if (!conf.pattern_len)
		conf.op = BS_ZERO;
	return sbc_job_start(cmd->lu, &conf);
}

/* Without a pattern: 1 when there is nothing to be done at all. */
static int unmap_start(struct lu *lu)
{
	struct sbc_job_conf conf = { .op = BS_UNMAP, .passes = 1, .ended = job_ended };

	if (lu->bs->cap[BS_UNMAP] == BS_CAP_NATIVE)
		return sbc_job_start(lu, &conf);
	return sbc_block_size_keep(lu, size_kept);
}

/* No write is under way any more, and none begins from now on. */
static enum scsi_result format_start(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;
	int r;

	if (!lu->bs)
		return RES_NR_NO_MEDIUM;
	lu->background = RES_NR_FORMAT;
	lu->progress = 0;
	r = options(cmd) & HDR_IP ? pattern_start(cmd) : unmap_start(lu);
	if (r > 0) {
		format_end(lu, cmd->nexus);
		return RES_GOOD;
	}
	if (r < 0) {
		lu->background = to_sbc(lu)->format_corrupt ? RES_ME_FORMAT_CORRUPT : RES_GOOD;
		return RES_BUSY;
	}
	range_recheck(lu);
	return options(cmd) & HDR_IMMED ? RES_GOOD : sbc_job_wait(cmd);
}

static enum scsi_result sbc_format(struct scsi_cmd *cmd)
{
	enum scsi_result r = cmd->cdb[1] & CDB_FMTDATA ? header_check(cmd) : RES_GOOD;

	return r == RES_GOOD ? range_exclusive(cmd, 0, cmd->lu->blocks, format_start) : r;
}

/* The CDB has no length: as much as the initiator brings, up to the longest list there is. */
static uint64_t format_data_len(const struct scsi_cmd *cmd)
{
	if (!(cmd->cdb[1] & CDB_FMTDATA))
		return 0;
	return min_u64(cmd->out_edtl, LIST_MAX);
}

/* After one that failed, the next is what makes the medium usable again. */
static enum scsi_result format_check(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;

	if (lu->background == RES_GOOD || lu->background == RES_ME_FORMAT_CORRUPT)
		return RES_GOOD;
	return lu_background(lu, &cmd->extra);
}

/* Byte 1: LONGLIST, FMTDATA, CMPLST, DEFECT LIST FORMAT; FMTPINFO is refused. */
const struct opcode sbc_format_rows[1] = {
	{ .op = 0x04, .sa = OP_NO_SA, .name = "FORMAT UNIT", .cdb_len = 6, .dir = DATA_OUT,
	  .unit = LEN_NONE, .usage = { 0x04, 0x3f, 0x00, 0x00, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES | OP_FORMATTING_OK, .resv = RESV_WRITE,
	  .data_len = format_data_len, .check = format_check, .run = sbc_format },
};
