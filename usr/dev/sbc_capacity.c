/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ CAPACITY(10) and (16) (SBC-4 5.15, 5.16), READ DEFECT DATA(10) and (12) (5.17, 5.18).
 */
#include "base/bytes.h"
#include "bs/bs.h"
#include "dev/sbc.h"

/* A store smaller than one block has no last LBA to tell. */
static enum scsi_result last_lba(struct scsi_cmd *cmd, uint64_t *last)
{
	/* At every time, unlike lu_probe(): who asks may just have made the store grow. */
	bs_probe(cmd->lu->bs);
	if (!cmd->lu->blocks)
		return RES_NR_NO_MEDIUM;
	*last = cmd->lu->blocks - 1;
	return RES_GOOD;
}

static enum scsi_result sbc_read_capacity10(struct scsi_cmd *cmd)
{
	uint8_t data[8];
	uint64_t last;
	enum scsi_result r = last_lba(cmd, &last);

	if (r != RES_GOOD)
		return r;
	put_be32(data, (uint32_t)min_u64(last, UINT32_MAX));
	put_be32(data + 4, cmd->lu->block_size);
	return scsi_cmd_reply(cmd, data, sizeof(data));
}

static enum scsi_result sbc_read_capacity16(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;
	uint8_t data[32] = { 0 };
	uint64_t last;
	enum scsi_result r = last_lba(cmd, &last);

	if (r != RES_GOOD)
		return r;
	put_be64(data, last);
	put_be32(data + 8, lu->block_size);
	data[13] = sbc_phys_exponent(lu);
	put_be16(data + 14, lu->la_lba & 0x3fff);
	if (sbc_thin(lu))
		data[14] |= lu->bs->unmap_zeroes ? 0xc0 : 0x80; /* LBPME, LBPRZ */
	return scsi_cmd_reply(cmd, data, sizeof(data));
}

/* Byte 1: SERVICE ACTION. LOGICAL BLOCK ADDRESS and PMI are obsolete: must be zero. */
/* In standby too: Linux asks once, when it finds a path, and takes the disk to be empty otherwise. */
const struct opcode sbc_capacity_rows[2] = {
	{ .op = 0x25, .sa = OP_NO_SA, .name = "READ CAPACITY(10)", .cdb_len = 10, .dir = DATA_IN,
	  .unit = LEN_NONE, .usage = { 0x25 }, .flags = OP_NEEDS_MEDIUM | OP_STANDBY_OK,
	  .resv = RESV_ALLOWED,
	  .run = sbc_read_capacity10 },
	{ .op = 0x9e, .sa = 0x10, .name = "READ CAPACITY(16)", .cdb_len = 16, .dir = DATA_IN,
	  .len = { 10, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0x9e, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM | OP_STANDBY_OK, .resv = RESV_ALLOWED, .run = sbc_read_capacity16 },
};

/* Both lists are empty and valid: PLISTV and GLISTV as asked for, in the format asked for. */
static enum scsi_result sbc_read_defects10(struct scsi_cmd *cmd)
{
	uint8_t data[4] = { 0, cmd->cdb[2] & 0x1f };

	return scsi_cmd_reply(cmd, data, sizeof(data));
}

static enum scsi_result sbc_read_defects12(struct scsi_cmd *cmd)
{
	uint8_t data[8] = { 0, cmd->cdb[1] & 0x1f };

	return scsi_cmd_reply(cmd, data, sizeof(data));
}

const struct opcode sbc_defects_rows[2] = {
	{ .op = 0x37, .sa = OP_NO_SA, .name = "READ DEFECT DATA(10)", .cdb_len = 10,
	  .dir = DATA_IN, .len = { 7, 2 }, .unit = LEN_ALLOC,
	  .usage = { 0x37, 0x00, 0x1f, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x00 },
	  .flags = OP_NEEDS_MEDIUM, .resv = RESV_READ, .run = sbc_read_defects10 },
	{ .op = 0xb7, .sa = OP_NO_SA, .name = "READ DEFECT DATA(12)", .cdb_len = 12,
	  .dir = DATA_IN, .len = { 6, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0xb7, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM, .resv = RESV_READ, .run = sbc_read_defects12 },
};
