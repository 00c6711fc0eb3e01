/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ BUFFER and WRITE BUFFER (SPC-4 6.16, 6.49): a data buffer and an echo buffer per
 * logical unit, for tests of the way to it. No microcode can be loaded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "target/cmd.h"

#define DATA_SIZE 65536U
#define ECHO_SIZE 4096U

/* MODE field, SPC-4 tables 210 and 337 */
enum { MODE_DATA = 0x02, MODE_DESCRIPTOR = 0x03, MODE_ECHO = 0x0a, MODE_ECHO_DESCRIPTOR = 0x0b };

static bool have_buffer(uint8_t **buf, uint32_t size)
{
	if (!*buf)
		*buf = calloc(1, size);
	return *buf;
}

static enum scsi_result read_data(struct scsi_cmd *cmd)
{
	uint32_t offset = get_be24(cmd->cdb + 3);
	struct spc_lu *s = spc_lu(cmd->lu);

	if (cmd->cdb[2])
		return scsi_bad_cdb(cmd, 2, -1);
	if (offset > DATA_SIZE)
		return scsi_bad_cdb(cmd, 3, -1);
	if (!have_buffer(&s->buffer, DATA_SIZE))
		return RES_BUSY;
	return scsi_cmd_reply(cmd, s->buffer + offset, DATA_SIZE - offset);
}

/* SPC-4 6.16.5: OFFSET BOUNDARY 0 is any byte. A buffer that isn't there has capacity 0. */
static enum scsi_result read_descriptor(struct scsi_cmd *cmd)
{
	uint8_t d[4] = { 0 };

	if (cmd->cdb[2] == 0)
		put_be24(d + 1, DATA_SIZE);
	return scsi_cmd_reply(cmd, d, sizeof(d));
}

static enum scsi_result read_echo(struct scsi_cmd *cmd)
{
	const struct spc_lu *s = spc_lu(cmd->lu);

	if (!s->echo_len) /* SPC-4 6.16.8 */
		return RES_COMMAND_SEQUENCE;
	return scsi_cmd_reply(cmd, s->echo, s->echo_len);
}

/* SPC-4 6.16.9: EBOS 0, nobody is told that another initiator wrote the buffer. */
static enum scsi_result read_echo_descriptor(struct scsi_cmd *cmd)
{
	uint8_t d[4] = { 0 };

	put_be16(d + 2, ECHO_SIZE);
	return scsi_cmd_reply(cmd, d, sizeof(d));
}

static enum scsi_result read_buffer(struct scsi_cmd *cmd)
{
	switch (cmd->cdb[1] & 0x1f) {
	case MODE_DATA:
		return read_data(cmd);
	case MODE_DESCRIPTOR:
		return read_descriptor(cmd);
	case MODE_ECHO:
		return read_echo(cmd);
	case MODE_ECHO_DESCRIPTOR:
		return read_echo_descriptor(cmd);
	default:
		return scsi_bad_cdb(cmd, 1, 4);
	}
}

static enum scsi_result check_write(struct scsi_cmd *cmd)
{
	uint32_t offset = get_be24(cmd->cdb + 3);

	switch (cmd->cdb[1] & 0x1f) {
	case MODE_DATA:
		if (cmd->cdb[2])
			return scsi_bad_cdb(cmd, 2, -1);
		if (offset > DATA_SIZE)
			return scsi_bad_cdb(cmd, 3, -1);
		return cmd->out_cdb > DATA_SIZE - offset ? scsi_bad_cdb(cmd, 6, -1) : RES_GOOD;
	case MODE_ECHO:
		return cmd->out_cdb > ECHO_SIZE ? scsi_bad_cdb(cmd, 6, -1) : RES_GOOD;
	default:
		return scsi_bad_cdb(cmd, 1, 4);
	}
}

static enum scsi_result write_data(struct scsi_cmd *cmd)
{
	uint32_t offset = get_be24(cmd->cdb + 3), len = (uint32_t)cmd->out_cdb;
	struct spc_lu *s = spc_lu(cmd->lu);

	if (!have_buffer(&s->buffer, DATA_SIZE))
		return RES_BUSY;
	return scsi_cmd_param(cmd, 0, s->buffer + offset, len) == len ? RES_GOOD
								      : RES_PARAM_LIST_LENGTH;
}

static enum scsi_result write_echo(struct scsi_cmd *cmd)
{
	struct spc_lu *s = spc_lu(cmd->lu);
	uint32_t len = (uint32_t)cmd->out_cdb;

	if (!have_buffer(&s->echo, ECHO_SIZE))
		return RES_BUSY;
	s->echo_len = scsi_cmd_param(cmd, 0, s->echo, len);
	return s->echo_len == len ? RES_GOOD : RES_PARAM_LIST_LENGTH;
}

static enum scsi_result write_buffer(struct scsi_cmd *cmd)
{
	return (cmd->cdb[1] & 0x1f) == MODE_DATA ? write_data(cmd) : write_echo(cmd);
}

const struct opcode spc_buffer_rows[2] = {
	{ .op = 0x3b, .sa = OP_NO_SA, .name = "WRITE BUFFER", .cdb_len = 10, .dir = DATA_OUT,
	  .len = { 6, 3 }, .unit = LEN_PARAM,
	  .usage = { 0x3b, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 },
	  .flags = OP_UNAVAILABLE_OK, .resv = RESV_WRITE, .check = check_write, .run = write_buffer },
	{ .op = 0x3c, .sa = OP_NO_SA, .name = "READ BUFFER(10)", .cdb_len = 10, .dir = DATA_IN,
	  .len = { 6, 3 }, .unit = LEN_ALLOC,
	  .usage = { 0x3c, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 },
	  .flags = OP_UNAVAILABLE_OK, .resv = RESV_READ, .run = read_buffer },
};
