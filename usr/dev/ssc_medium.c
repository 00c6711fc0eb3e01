/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes the whole medium, or all behind a place: ERASE(6), FORMAT MEDIUM, SET CAPACITY
 * (SSC-4 5.2, 7.1, 7.11). Each has ended when it is answered, so IMMED changes nothing.
 */
#include <errno.h>

#include "base/bytes.h"
#include "dev/ssc.h"

static enum scsi_result ended(struct scsi_cmd *cmd, int err)
{
	if (err == -ENOSPC)
		return scsi_bad_cdb(cmd, cmd->cdb[0] == 0x0b ? 3 : 2, -1);
	return err ? ssc_fail(cmd, err) : RES_GOOD;
}

static enum scsi_result erase_begin(struct scsi_cmd *cmd)
{
	struct tape_image *t = to_ssc(cmd->lu)->image;

	if (t->sb.flags & TAPE_WORM && t->pos.off != tape_eod(t)->off)
		return RES_WORM_OVERWRITE;
	tape_erase(t, ssc_op_done, cmd);
	return ssc_wait(cmd, ended);
}

static enum scsi_result ssc_erase(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, erase_begin);
}

/* --- partitions ----------------------------------------------------------------------------------- */

/* The beginning of the medium is where it may be (SSC-4 7.1). */
static enum scsi_result at_beginning(const struct tape_image *t)
{
	if (t->sb.flags & TAPE_WORM && (t->tip[0].at.objects || t->sb.n_parts > 1))
		return RES_WORM_OVERWRITE;
	return t->part || t->pos.objects ? RES_POSITION_PAST_BEGINNING : RES_GOOD;
}

/* Bytes that a PARTITION SIZE of 1 stands for, by PSUM and PARTITION UNITS (SSC-4 8.3.7). */
static uint64_t size_unit(const uint8_t *page)
{
	uint64_t unit = 1;

	switch (page[2] >> 3 & 0x03) {
	case 0: return 1;
	case 1: return 1000;
	case 2: return 1000000;
	}
	for (int i = page[4] & 0x0f; i; i--)
		unit *= 10;
	return unit;
}

/* FFFFh, or 0: what the others leave. */
static bool takes_rest(const uint8_t *page, unsigned int i)
{
	uint16_t size = get_be16(page + 6 + 2 * (size_t)i);

	return !size || size == 0xffff;
}

/* IDP: the sizes are the initiator's. False: there is not so much. */
static bool initiator_sizes(const struct tape_sb *sb, const uint8_t *page, unsigned int n,
			    uint64_t *share)
{
	uint64_t room = sb->size - TAPE_DATA_AT, unit = size_unit(page), taken = 0;
	unsigned int rests = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t size = get_be16(page + 6 + 2 * (size_t)i);

		rests += takes_rest(page, i);
		share[i] = takes_rest(page, i) ? 0 : size * min_u64(unit, UINT64_MAX / 0x10000);
		taken += min_u64(share[i], UINT64_MAX / 8);
	}
	if (taken > room || (rests && room == taken))
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (takes_rest(page, i))
			share[i] = (room - taken) / rests;
	return true;
}

/*
 * SDP: partitions of one size. FDP: the drive's own idea, here one large one behind a small one, as
 * for an index.
 */
static unsigned int shares(const struct lu *lu, uint64_t *share)
{
	uint8_t page[SSC_PARTITION_PARAMS];
	unsigned int n;

	ssc_partition_page(lu, page);
	n = page[1] + 1U;
	if (page[2] & 0x80)
		n = 2;
	for (unsigned int i = 0; i < n; i++)
		share[i] = page[2] & 0x80 && i ? 19 : 1;
	if (page[2] & 0x20 && !initiator_sizes(&to_ssc(lu)->image->sb, page, n, share))
		return 0;
	return n;
}

static enum scsi_result format_begin(struct scsi_cmd *cmd)
{
	struct ssc *ssc = to_ssc(cmd->lu);
	enum scsi_result r = at_beginning(ssc->image);
	uint64_t share[TAPE_PARTS_MAX] = { 1 };
	unsigned int n = 1;

	if (r != RES_GOOD)
		return r;
	if (cmd->cdb[2] & 0x0f)
		n = shares(cmd->lu, share);
	if (!n)
		return scsi_bad_cdb(cmd, 2, -1);
	ssc->selected = false;
	tape_format(ssc->image, n, share, ssc_op_done, cmd);
	return ssc_wait(cmd, ended);
}

static enum scsi_result format_check(struct scsi_cmd *cmd)
{
	if ((cmd->cdb[2] & 0x0f) > 2)
		return scsi_bad_cdb(cmd, 2, 3);
	return cmd->cdb[3] || cmd->cdb[4] ? scsi_bad_cdb(cmd, 3, -1) : RES_GOOD;
}

static enum scsi_result ssc_format(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, format_begin);
}

/* --- SET CAPACITY --------------------------------------------------------------------------------- */

static enum scsi_result capacity_begin(struct scsi_cmd *cmd)
{
	struct tape_image *t = to_ssc(cmd->lu)->image;
	enum scsi_result r = at_beginning(t);
	const uint64_t one = 1;
	uint16_t old = t->sb.capacity;

	if (r != RES_GOOD)
		return r;
	t->sb.capacity = get_be16(cmd->cdb + 3);
	if ((t->sb.size - TAPE_DATA_AT) / 65535 * t->sb.capacity < TAPE_PART_MIN + MiB) {
		t->sb.capacity = old;
		return scsi_bad_cdb(cmd, 3, -1);
	}
	tape_format(t, 1, &one, ssc_op_done, cmd);
	return ssc_wait(cmd, ended);
}

static enum scsi_result set_capacity(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, capacity_begin);
}

const struct opcode ssc_medium_rows[3] = {
	{ .op = 0x04, .sa = OP_NO_SA, .name = "FORMAT MEDIUM", .cdb_len = 6, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES, .usage = { 0x04, 0x03, 0x0f, 0xff, 0xff },
	  .resv = RESV_WRITE, .check = format_check, .run = ssc_format },
	{ .op = 0x0b, .sa = OP_NO_SA, .name = "SET CAPACITY", .cdb_len = 6, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES, .usage = { 0x0b, 0x01, 0, 0xff, 0xff },
	  .resv = RESV_WRITE, .run = set_capacity },
	{ .op = 0x19, .sa = OP_NO_SA, .name = "ERASE(6)", .cdb_len = 6, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES, .usage = { 0x19, 0x03 }, .resv = RESV_WRITE,
	  .run = ssc_erase },
};
