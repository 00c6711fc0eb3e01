/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What handlers do with a command's data and sense: allocate, reply, read
 * parameters, refuse. Called by device types.
 */
#include "base/iov.h"
#include "target/cmd.h"
#include "target/nexus.h"
#include "target/transport.h"

enum scsi_result scsi_cmd_alloc_in(struct scsi_cmd *cmd, uint32_t len)
{
	if (!len || (cmd->in.iov && cmd->in.len >= len))
		return RES_GOOD;
	if (cmd->in.iov) {
		cmd->nexus->transport->free_data(cmd, &cmd->in);
		cmd->in.iov = NULL;
	}
	if (cmd->nexus->transport->alloc_data(cmd, &cmd->in, len))
		return RES_BUSY;
	return RES_GOOD;
}

static bool has_limit(const struct opcode *row)
{
	return row->unit != LEN_NONE || row->data_len;
}

enum scsi_result scsi_cmd_reply(struct scsi_cmd *cmd, const void *data, uint32_t len)
{
	enum scsi_result res;

	if (has_limit(cmd->op))
		len = (uint32_t)min_u64(len, cmd->in_cdb);
	res = scsi_cmd_alloc_in(cmd, len);
	if (res != RES_GOOD)
		return res;
	if (len)
		iov_from_buf(cmd->in.iov, cmd->in.iovcnt, 0, data, len);
	cmd->in_len = len;
	return RES_GOOD;
}

uint32_t scsi_cmd_param(const struct scsi_cmd *cmd, uint32_t off, void *buf, uint32_t len)
{
	if (!cmd->data_done || off >= cmd->out_want)
		return 0;
	len = min_u32(len, cmd->out_want - off);
	return (uint32_t)iov_to_buf(cmd->out.iov, cmd->out.iovcnt, off, buf, len);
}

const uint8_t *scsi_cmd_out_flat(const struct scsi_cmd *cmd)
{
	return cmd->data_done && cmd->out.iovcnt == 1 ? cmd->out.iov[0].iov_base : NULL;
}

static void point_at(struct scsi_cmd *cmd, bool in_cdb, uint16_t byte, int bit)
{
	cmd->extra.field_valid = true;
	cmd->extra.field_in_cdb = in_cdb;
	cmd->extra.field_byte = byte;
	cmd->extra.field_bit = (int8_t)bit;
}

enum scsi_result scsi_bad_cdb(struct scsi_cmd *cmd, uint16_t byte, int bit)
{
	point_at(cmd, true, byte, bit);
	return RES_INVALID_FIELD_CDB;
}

enum scsi_result scsi_bad_param(struct scsi_cmd *cmd, uint16_t byte, int bit)
{
	point_at(cmd, false, byte, bit);
	return RES_INVALID_FIELD_PARAM;
}

enum scsi_result scsi_fail_at(struct scsi_cmd *cmd, enum scsi_result result, uint64_t info)
{
	cmd->extra.info_valid = true;
	cmd->extra.info = info;
	return result;
}
