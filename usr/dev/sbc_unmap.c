/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UNMAP (SBC-4 5.32): all descriptors are checked before the first block is given back;
 * then range by range, piece by piece.
 */
#include <errno.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"

#define HEADER_LEN 8
#define DESC_LEN 16

/* Steps of the command, in dev_priv. */
struct progress {
	uint64_t desc, n_descs; /* the descriptor in work, how many there are */
	uint64_t done;		/* its blocks given back */
};

static struct progress *progress(struct scsi_cmd *cmd)
{
	return (struct progress *)cmd->dev_priv;
}

struct desc {
	uint64_t lba, blocks;
};

static struct desc desc_get(const struct scsi_cmd *cmd, uint64_t i)
{
	uint8_t raw[DESC_LEN] = { 0 };

	scsi_cmd_param(cmd, (uint32_t)(HEADER_LEN + i * DESC_LEN), raw, sizeof(raw));
	return (struct desc){ get_be64(raw), get_be32(raw + 8) };
}

/* An empty descriptor at the very end is no error. */
static bool on_medium(const struct lu *lu, struct desc d)
{
	return d.lba <= lu->blocks && d.blocks <= lu->blocks - d.lba;
}

/* RES_GOOD with *@first and *@end, UINT64_MAX and 0 before, around all ranges. */
static enum scsi_result descs_check(struct scsi_cmd *cmd, uint64_t n, uint64_t *first,
				    uint64_t *end)
{
	uint64_t sum = 0;

	if (n > SBC_MAX_UNMAP_DESCS)
		return scsi_bad_param(cmd, 2, -1);
	for (uint64_t i = 0; i < n; i++) {
		struct desc d = desc_get(cmd, i);

		if (!on_medium(cmd->lu, d))
			return scsi_fail_at(cmd, RES_LBA_RANGE, d.lba);
		if (!d.blocks)
			continue;
		sum += d.blocks;
		if (sum > SBC_MAX_UNMAP)
			return scsi_bad_param(cmd, (uint16_t)(HEADER_LEN + i * DESC_LEN + 8), -1);
		*first = min_u64(*first, d.lba);
		*end = max_u64(*end, d.lba + d.blocks);
	}
	return RES_GOOD;
}

static enum scsi_result unmap_next(struct scsi_cmd *cmd);

/* A store that can't after all (-EOPNOTSUPP): blocks may stay mapped (SBC-4 4.7.3.4). */
static enum scsi_result unmap_done(struct scsi_cmd *cmd, int err)
{
	if (err && err != -EOPNOTSUPP)
		return dev_io_fail(cmd, err);
	progress(cmd)->done += cmd->bsr.len >> cmd->lu->block_shift;
	return unmap_next(cmd);
}

static enum scsi_result unmap_next(struct scsi_cmd *cmd)
{
	struct progress *p = progress(cmd);
	const struct lu *lu = cmd->lu;

	for (; p->desc < p->n_descs; p->desc++, p->done = 0) {
		struct desc d = desc_get(cmd, p->desc);
		uint64_t left = d.blocks - p->done;

		if (left)
			return dev_io(cmd, BS_UNMAP, sbc_wce_flags(cmd),
				      sbc_bytes(lu, d.lba + p->done),
				      min_u64(sbc_bytes(lu, left), sbc_zero_piece(lu, BS_UNMAP)),
				      unmap_done);
	}
	return RES_GOOD;
}

static enum scsi_result sbc_unmap(struct scsi_cmd *cmd)
{
	uint8_t header[HEADER_LEN];
	uint64_t n, first = UINT64_MAX, end = 0;
	enum scsi_result r;

	if (!cmd->out_cdb)
		return RES_GOOD;
	if (scsi_cmd_param(cmd, 0, header, HEADER_LEN) < HEADER_LEN)
		return RES_PARAM_LIST_LENGTH;
	/* UNMAP BLOCK DESCRIPTOR DATA LENGTH; what is left of a last, incomplete one is ignored. */
	n = get_be16(header + 2) / DESC_LEN;
	if (HEADER_LEN + n * DESC_LEN > cmd->out_want)
		return RES_PARAM_LIST_LENGTH;
	r = descs_check(cmd, n, &first, &end);
	if (r != RES_GOOD || end <= first)
		return r;
	*progress(cmd) = (struct progress){ .n_descs = n };
	return range_shared(cmd, first, end - first, unmap_next);
}

const struct opcode sbc_unmap_rows[1] = {
	{ .op = 0x42, .sa = OP_NO_SA, .name = "UNMAP", .cdb_len = 10, .dir = DATA_OUT,
	  .len = { 7, 2 }, .unit = LEN_PARAM,
	  .usage = { 0x42, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x00 },
	  .flags = OP_NEEDS_MEDIUM | OP_WRITES, .cls = OPC_UNMAP, .resv = RESV_WRITE,
	  .enabled = sbc_thin, .run = sbc_unmap },
};
