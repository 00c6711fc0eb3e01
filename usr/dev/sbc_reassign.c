/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REASSIGN BLOCKS (SBC-4 5.23): each block of the list is read and written anew, to the medium, so
 * that whatever is below finds another place for it. What can't be read any more becomes zeroes.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

#define CDB_LONGLBA 0x02
#define CDB_LONGLIST 0x01

#define HEADER_LEN 4U
#define LIST_MAX (HEADER_LEN + 4096U * 8U)

/* The entry under way. */
static uint64_t *entry(struct scsi_cmd *cmd)
{
	return &cmd->dev_priv[0];
}

static uint32_t entry_len(const struct scsi_cmd *cmd)
{
	return cmd->cdb[1] & CDB_LONGLBA ? 8 : 4;
}

static uint32_t list_len(const struct scsi_cmd *cmd)
{
	uint8_t h[HEADER_LEN] = { 0 };

	scsi_cmd_param(cmd, 0, h, sizeof(h));
	return cmd->cdb[1] & CDB_LONGLIST ? get_be32(h) : get_be16(h + 2);
}

static uint64_t entry_count(const struct scsi_cmd *cmd)
{
	return list_len(cmd) / entry_len(cmd);
}

static uint64_t entry_lba(const struct scsi_cmd *cmd, uint64_t i)
{
	uint32_t len = entry_len(cmd);
	uint8_t lba[8] = { 0 };

	scsi_cmd_param(cmd, (uint32_t)(HEADER_LEN + i * len), lba + 8 - len, len);
	return get_be64(lba);
}

/* COMMAND-SPECIFIC INFORMATION is the first LBA that was not reassigned. */
static enum scsi_result fails(struct scsi_cmd *cmd, enum scsi_result r)
{
	cmd->extra.cmd_info_valid = true;
	cmd->extra.cmd_info = entry_lba(cmd, *entry(cmd));
	return r;
}

static enum scsi_result reassign_next(struct scsi_cmd *cmd);

static enum scsi_result reassigned(struct scsi_cmd *cmd, int err)
{
	if (err)
		return fails(cmd, dev_io_fail(cmd, err));
	++*entry(cmd);
	return reassign_next(cmd);
}

static enum scsi_result block_read(struct scsi_cmd *cmd, int err)
{
	enum scsi_result r = err ? dev_io_fail(cmd, err) : RES_GOOD;

	if (r != RES_GOOD && r != RES_ME_READ)
		return fails(cmd, r);
	cmd->extra.info_valid = false;
	if (r == RES_ME_READ)
		memset(cmd->dev_ptr, 0, cmd->dev_len);
	return dev_io_buf(cmd, BS_WRITE, BS_REQ_FUA, cmd->bsr.offset, cmd->dev_len, reassigned);
}

static enum scsi_result reassign_next(struct scsi_cmd *cmd)
{
	if (*entry(cmd) == entry_count(cmd))
		return RES_GOOD;
	return dev_io_buf(cmd, BS_READ, 0, sbc_bytes(cmd->lu, entry_lba(cmd, *entry(cmd))),
			  cmd->dev_len, block_read);
}

static enum scsi_result reassign_start(struct scsi_cmd *cmd)
{
	enum scsi_result r = dev_buf_get(cmd, cmd->lu->block_size);

	return r == RES_GOOD ? reassign_next(cmd) : r;
}

/* RES_GOOD, and the first and last of the blocks; nothing is done when one of them isn't there. */
static enum scsi_result find_range(struct scsi_cmd *cmd, uint64_t *first, uint64_t *last)
{
	*first = UINT64_MAX;
	*last = 0;
	for (*entry(cmd) = 0; *entry(cmd) < entry_count(cmd); ++*entry(cmd)) {
		uint64_t lba = entry_lba(cmd, *entry(cmd));

		if (lba >= cmd->lu->blocks) {
			*entry(cmd) = 0;
			return fails(cmd, scsi_fail_at(cmd, RES_LBA_RANGE, lba));
		}
		*first = min_u64(*first, lba);
		*last = max_u64(*last, lba);
	}
	*entry(cmd) = 0;
	return RES_GOOD;
}

/* Exclusive: a write to the block in between must not be lost. */
static enum scsi_result sbc_reassign(struct scsi_cmd *cmd)
{
	uint64_t first, last;
	enum scsi_result r;

	if (cmd->out_want < HEADER_LEN || list_len(cmd) > cmd->out_want - HEADER_LEN ||
	    list_len(cmd) % entry_len(cmd))
		return RES_PARAM_LIST_LENGTH;
	r = find_range(cmd, &first, &last);
	if (r != RES_GOOD || !entry_count(cmd))
		return r;
	return range_exclusive(cmd, first, last - first + 1, reassign_start);
}

/* The CDB has no length: as much as the initiator brings, up to the longest list. */
static uint64_t reassign_data_len(const struct scsi_cmd *cmd)
{
	return min_u64(cmd->out_edtl, LIST_MAX);
}

const struct opcode sbc_reassign_rows[1] = {
	{ .op = 0x07, .sa = OP_NO_SA, .name = "REASSIGN BLOCKS", .cdb_len = 6, .dir = DATA_OUT,
	  .unit = LEN_NONE, .usage = { 0x07, 0x03, 0x00, 0x00, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES, .resv = RESV_WRITE,
	  .data_len = reassign_data_len, .run = sbc_reassign },
};
