/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be said of a command from its header alone: logical unit, opcode row,
 * bits that must be zero, lengths. Called by target_submit().
 */
#include "base/bytes.h"
#include "scsi/lun.h"
#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/nexus_map.h"
#include "target/target.h"

#define OP_VARIABLE_LENGTH 0x7f
#define CONTROL_NACA 0x04 /* SAM-5 5.2 */

static enum scsi_result find_lu(struct scsi_cmd *cmd)
{
	struct nexus *n = cmd->nexus;
	uint64_t lun = lun_decode(cmd->lun);
	struct itl *itl = n->last_itl;

	if (unlikely(!itl || itl->lun != lun))
		itl = nexus_itl(n, lun);
	if (unlikely(!itl))
		return nexus_lu(n, lun, NULL) ? RES_BUSY : RES_GOOD;
	cmd->itl = itl;
	cmd->lu = itl->lu;
	return RES_GOOD;
}

/* An unknown service action is a field of the CDB, an unknown opcode is not (SPC-4 4.3.3). */
static enum scsi_result no_row(struct scsi_cmd *cmd, enum scsi_result result)
{
	if (result != RES_INVALID_FIELD_CDB)
		return result;
	if (cmd->cdb[0] == OP_VARIABLE_LENGTH)
		return scsi_bad_cdb(cmd, 8, 7);
	return scsi_bad_cdb(cmd, 1, 4);
}

/* Of an opcode all of whose rows are disabled nothing is known. */
static enum scsi_result disabled(const struct lu *lu, const struct opcode *row)
{
	const struct optable *t = lu->dev->table;
	const struct opcode *const *r = t->sorted;

	r += t->first[row->op] ? t->first[row->op] - 1 : 0;
	for (unsigned int n = t->rows[row->op]; n; n--, r++) {
		if (!(*r)->enabled || (*r)->enabled(lu))
			return RES_INVALID_FIELD_CDB;
	}
	return RES_INVALID_OPCODE;
}

static enum scsi_result find_row(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;
	const struct dev_type *dev = lu ? lu->dev : cmd->nexus->target->core->default_dev;
	enum scsi_result result = RES_INVALID_OPCODE;
	const struct opcode *row = optable_find(dev->table, cmd->cdb, cmd->cdb_len, &result);

	if (unlikely(!row && dev->other && lu))
		row = dev->other(cmd->cdb, cmd->cdb_len);
	if (unlikely(!lu)) {
		if (!row || !(row->flags & OP_ANY_LUN))
			return RES_LUN_NOT_SUPPORTED;
	} else if (unlikely(row && row->enabled && !row->enabled(lu))) {
		result = disabled(lu, row);
		row = NULL;
	}
	if (unlikely(!row))
		return no_row(cmd, result);
	cmd->op = row;
	return RES_GOOD;
}

/* Where SCSI-2 had the LUN (devtype.h). */
static bool old_lun(const struct scsi_cmd *cmd, uint16_t byte, int8_t bit)
{
	return cmd->lu && cmd->lu->dev->old_lun && byte == 1 && bit >= 5;
}

static enum scsi_result check_cdb(struct scsi_cmd *cmd)
{
	const struct opcode *row = cmd->op;
	unsigned int control = cmd->cdb[0] == OP_VARIABLE_LENGTH ? 1 : row->cdb_len - 1u;
	uint16_t byte;
	int8_t bit;

	if (unlikely(!row->cdb_len)) /* passed on as it is */
		return cmd->attr == ATTR_ACA ? RES_INVALID_MESSAGE : RES_GOOD;
	if (unlikely(cmd->cdb_len < row->cdb_len))
		return scsi_bad_cdb(cmd, cmd->cdb_len, -1);
	if (unlikely(cmd->cdb[0] == OP_VARIABLE_LENGTH && cdb_length(cmd->cdb, 8) != row->cdb_len))
		return scsi_bad_cdb(cmd, 7, 7);
	/* NORMACA is 0 in INQUIRY, so ACA conditions can't be asked for (SPC-4 6.4.2). */
	if (unlikely(cmd->cdb[control] & CONTROL_NACA))
		return scsi_bad_cdb(cmd, (uint16_t)control, 2);
	if (unlikely(opcode_reserved_bit(row, cmd->cdb, &byte, &bit)) && !old_lun(cmd, byte, bit))
		return scsi_bad_cdb(cmd, byte, bit);
	/* SAM-5 8.6.5: the attribute has no meaning without an ACA condition. */
	if (unlikely(cmd->attr == ATTR_ACA))
		return RES_INVALID_MESSAGE;
	return RES_GOOD;
}

static uint64_t data_length(const struct scsi_cmd *cmd, uint64_t len)
{
	const struct opcode *row = cmd->op;

	if (row->data_len)
		return row->data_len(cmd);
	if (row->unit == LEN_BLOCKS)
		return cmd->lu ? len << cmd->lu->block_shift : 0;
	return row->unit == LEN_NONE ? 0 : len;
}

static void measure(struct scsi_cmd *cmd)
{
	const struct opcode *row = cmd->op;
	uint64_t len, bytes;

	cmd->lba = opcode_lba(row, cmd->cdb);
	cmd->blocks = len = opcode_len(row, cmd->cdb);
	if (row->dir == DATA_NONE)
		return;
	bytes = data_length(cmd, len);
	if (row->dir != DATA_IN)
		cmd->out_cdb = bytes;
	if (row->dir != DATA_OUT)
		cmd->in_cdb = bytes;
	cmd->out_want = (uint32_t)min_u64(cmd->out_edtl, cmd->out_cdb);
}

enum scsi_result cmd_decode(struct scsi_cmd *cmd)
{
	enum scsi_result res = find_lu(cmd);

	if (likely(res == RES_GOOD))
		res = find_row(cmd);
	if (likely(res == RES_GOOD))
		res = check_cdb(cmd);
	if (likely(res == RES_GOOD))
		measure(cmd);
	return res;
}
