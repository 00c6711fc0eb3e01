/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device types whose handlers do what the test says: a few rows that between them
 * use every gate and kind of length.
 */
#include "target_fake_dev.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/iov.h"
#include "base/util.h"
#include "target/ua.h"
#include "target_fake.h"

struct fake *fake_dev_fake;

static struct fake_cmd *note(struct scsi_cmd *cmd)
{
	struct fake_cmd *c = container_of(cmd, struct fake_cmd, cmd);

	assert_int_equal(cmd->state, CMD_RUNNING);
	c->ran++;
	c->ran_at = ++fake_dev_fake->order;
	return c;
}

/* RES_PENDING when the test holds handlers. */
static enum scsi_result maybe_hold(struct fake_cmd *c)
{
	if (!fake_dev_fake->hold_run)
		return RES_GOOD;
	c->running = true;
	return RES_PENDING;
}

static enum scsi_result run_simple(struct scsi_cmd *cmd)
{
	return maybe_hold(note(cmd));
}

static enum scsi_result run_write(struct scsi_cmd *cmd)
{
	assert_true(!cmd->out_want || (cmd->out.iov && cmd->data_done));
	return maybe_hold(note(cmd));
}

static enum scsi_result run_read(struct scsi_cmd *cmd)
{
	struct fake_cmd *c = note(cmd);
	enum scsi_result res = scsi_cmd_alloc_in(cmd, (uint32_t)cmd->in_cdb);

	if (res != RES_GOOD)
		return res;
	if (cmd->in_cdb)
		iov_set(cmd->in.iov, cmd->in.iovcnt, 0, 'R', (size_t)cmd->in_cdb);
	cmd->in_len = (uint32_t)cmd->in_cdb;
	return maybe_hold(c);
}

static enum scsi_result run_inquiry(struct scsi_cmd *cmd)
{
	char data[36];

	note(cmd);
	memset(data, 'I', sizeof(data));
	return scsi_cmd_reply(cmd, data, sizeof(data));
}

static enum scsi_result run_sense(struct scsi_cmd *cmd)
{
	uint8_t data[1] = { cmd->itl ? (uint8_t)ua_take(cmd->itl) : RES_LUN_NOT_SUPPORTED };

	note(cmd);
	return scsi_cmd_reply(cmd, data, sizeof(data));
}

static enum scsi_result run_capacity(struct scsi_cmd *cmd)
{
	note(cmd);
	return scsi_cmd_reply(cmd, "CCCCCCCC", 8);
}

static enum scsi_result run_reserve(struct scsi_cmd *cmd)
{
	note(cmd);
	return reserve_take(cmd->lu, cmd->nexus);
}

static enum scsi_result run_release(struct scsi_cmd *cmd)
{
	note(cmd);
	return reserve_release(cmd->lu, cmd->nexus);
}

/* A list that begins with a byte other than 0 is refused there. */
static enum scsi_result run_select(struct scsi_cmd *cmd)
{
	uint8_t first = 0;

	note(cmd);
	scsi_cmd_param(cmd, 0, &first, 1);
	return first ? scsi_bad_param(cmd, 0, 7) : RES_GOOD;
}

static bool only_thin(const struct lu *lu)
{
	return lu->thin;
}

/* Bit 0 of byte 6 asks for a check that fails before data-out is fetched. */
static enum scsi_result check_write(struct scsi_cmd *cmd)
{
	return cmd->cdb[6] & 1 ? scsi_bad_cdb(cmd, 6, 0) : RES_GOOD;
}

#define ALLOC_8 { 7, 2 }

static const struct opcode rows_any[] = {
	{ .op = FAKE_TUR, .sa = OP_NO_SA, .name = "TEST UNIT READY", .cdb_len = 6,
	  .usage = { 0x00 }, .flags = OP_NEEDS_MEDIUM, .resv = RESV_READ, .run = run_simple },
	{ .op = FAKE_REQUEST_SENSE, .sa = OP_NO_SA, .name = "REQUEST SENSE", .cdb_len = 6,
	  .dir = DATA_IN, .len = { 4, 1 }, .unit = LEN_ALLOC, .usage = { 0x03, 0, 0, 0, 0xff, 0 },
	  .flags = OP_UA_EXEMPT | OP_ANY_LUN | OP_IMPLICIT_HOQ | OP_FORMATTING_OK,
	  .resv = RESV_ALLOWED, .run = run_sense },
	{ .op = FAKE_INQUIRY, .sa = OP_NO_SA, .name = "INQUIRY", .cdb_len = 6, .dir = DATA_IN,
	  .len = { 3, 2 }, .unit = LEN_ALLOC, .usage = { 0x12, 0x01, 0xff, 0xff, 0xff, 0 },
	  .flags = OP_UA_EXEMPT | OP_ANY_LUN | OP_IMPLICIT_HOQ | OP_FORMATTING_OK | OP_WLUN,
	  .resv = RESV_ALLOWED, .run = run_inquiry },
};

static const struct opcode rows_disk[] = {
	{ .op = FAKE_RESERVE, .sa = OP_NO_SA, .name = "RESERVE(6)", .cdb_len = 6, .usage = { 0x16 },
	  .resv = RESV_EXCLUSIVE, .run = run_reserve },
	{ .op = FAKE_RELEASE, .sa = OP_NO_SA, .name = "RELEASE(6)", .cdb_len = 6, .usage = { 0x17 },
	  .resv = RESV_SPECIAL, .run = run_release },
	{ .op = FAKE_CAPACITY, .sa = OP_NO_SA, .name = "READ CAPACITY(10)", .cdb_len = 10,
	  .dir = DATA_IN, .usage = { 0x25 }, .flags = OP_NEEDS_MEDIUM, .resv = RESV_ALLOWED,
	  .run = run_capacity },
	{ .op = FAKE_READ, .sa = OP_NO_SA, .name = "READ(10)", .cdb_len = 10, .dir = DATA_IN,
	  .lba = { 2, 4 }, .len = { 7, 2 }, .unit = LEN_BLOCKS,
	  .usage = { 0x28, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0 },
	  .flags = OP_NEEDS_MEDIUM | OP_RANGE, .cls = OPC_READ,
	  .resv = RESV_READ, .run = run_read },
	{ .op = FAKE_WRITE, .sa = OP_NO_SA, .name = "WRITE(10)", .cdb_len = 10, .dir = DATA_OUT,
	  .lba = { 2, 4 }, .len = { 7, 2 }, .unit = LEN_BLOCKS,
	  .usage = { 0x2a, 0x18, 0xff, 0xff, 0xff, 0xff, 0x01, 0xff, 0xff, 0 },
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES | OP_RANGE, .cls = OPC_WRITE,
	  .resv = RESV_WRITE, .check = check_write, .run = run_write },
	{ .op = FAKE_SELECT, .sa = OP_NO_SA, .name = "MODE SELECT(10)", .cdb_len = 10,
	  .dir = DATA_OUT, .len = ALLOC_8, .unit = LEN_PARAM,
	  .usage = { 0x55, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff, 0 },
	  .resv = RESV_WRITE, .run = run_select },
	{ .op = FAKE_RSOC, .sa = 0, .name = "IN, service action 0", .cdb_len = 10, .dir = DATA_IN,
	  .len = ALLOC_8, .unit = LEN_ALLOC, .usage = { 0x5e, 0x00, 0, 0, 0, 0, 0, 0xff, 0xff, 0 },
	  .resv = RESV_READ, .run = run_inquiry },
	{ .op = FAKE_RSOC, .sa = 1, .name = "IN, service action 1", .cdb_len = 10, .dir = DATA_IN,
	  .len = ALLOC_8, .unit = LEN_ALLOC, .usage = { 0x5e, 0x01, 0, 0, 0, 0, 0, 0xff, 0xff, 0 },
	  .resv = RESV_READ, .enabled = only_thin, .run = run_inquiry },
	{ .op = FAKE_VARIABLE, .sa = 0x0032, .name = "ORWRITE(32)", .cdb_len = 32,
	  .usage = { 0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0x00, 0x32 }, .resv = RESV_READ,
	  .run = run_simple },
};

static const struct opcode_rows controller_rows[] = {
	{ rows_any, ARRAY_SIZE(rows_any) },
	{ NULL, 0 },
};

static const struct opcode_rows disk_rows[] = {
	{ rows_disk, ARRAY_SIZE(rows_disk) },
	{ rows_any, ARRAY_SIZE(rows_any) },
	{ NULL, 0 },
};

static int attach(struct lu *lu, struct err *err)
{
	if (fake_dev_fake->fail_attach)
		return err_set(err, ERR_NOMEM, "%s", "");
	lu->dev_priv = malloc(1);
	if (!lu->dev_priv)
		return err_set(err, ERR_NOMEM, "%s", "");
	fake_dev_fake->attached++;
	return 0;
}

static void detach(struct lu *lu)
{
	free(lu->dev_priv);
	fake_dev_fake->attached--;
}

static void reset(struct lu *lu)
{
	lu->tas = false;
	fake_dev_fake->resets++;
}

static int set(struct lu *lu, const char *name, const char *value, struct err *err)
{
	if (strcmp(name, "own"))
		return -ENOENT;
	if (!strcmp(value, "bad"))
		return err_set(err, ERR_INVALID_REQUEST, "own is not bad");
	lu->rotation_rate = 7;
	return 0;
}

static struct optable controller_table, disk_table, tape_table, wlun_table;

static const struct dev_type controller = {
	.name = "controller", .show_name = "controller", .pdt = PDT_CONTROLLER,
	.product = "Controller",
	.rows = controller_rows, .table = &controller_table, .attach = attach, .detach = detach,
	.reset = reset,
};

static const struct dev_type disk = {
	.name = "disk", .show_name = "disk", .pdt = PDT_DISK, .needs_store = true,
	.block_size = 512, .product = "VIRTUAL-DISK", .rows = disk_rows, .table = &disk_table,
	.attach = attach, .detach = detach, .reset = reset, .set = set,
};

static const struct dev_type tape = {
	.name = "tape", .show_name = "tape", .pdt = PDT_TAPE, .needs_store = true,
	.removable = true, .bstype = "ram", .product = "VIRTUAL-TAPE", .rows = disk_rows,
	.table = &tape_table, .attach = attach, .detach = detach, .reset = reset,
};

static const struct dev_type wlun = {
	.name = "wlun", .show_name = "wlun", .pdt = PDT_WLUN, .rows = controller_rows,
	.table = &wlun_table, .attach = attach, .detach = detach,
};

const struct dev_type *const fake_devs[] = { &controller, &disk, &tape, &wlun, NULL };
