/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GET LBA STATUS(16) (SBC-4 5.6): which blocks are mapped, as far as the store knows; at most as
 * many descriptors as one look at the store gives.
 */
#include <errno.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev/sbc.h"

#define HEADER_LEN 8
#define DESC_LEN 16
#define MAX_DESCS 128U

enum { MAPPED = 0, DEALLOCATED = 1 }; /* SBC-4 table 66 */

/* The answer under construction, after the extents in the scratch memory. */
struct answer {
	struct bs_extent extents[MAX_DESCS];
	uint8_t data[HEADER_LEN + MAX_DESCS * DESC_LEN];
};

static struct answer *answer(struct scsi_cmd *cmd)
{
	return cmd->dev_ptr;
}

/* Blocks up to @end get @status; the first that has none yet is *@at. */
static void put_run(struct answer *a, unsigned int *n, uint64_t *at, uint64_t end, uint8_t status)
{
	while (*at < end && *n < MAX_DESCS) {
		uint8_t *d = a->data + HEADER_LEN + (*n)++ * DESC_LEN;
		uint32_t blocks = (uint32_t)min_u64(end - *at, UINT32_MAX);

		put_be64(d, *at);
		put_be32(d + 8, blocks);
		put_be32(d + 12, (uint32_t)status << 24);
		*at += blocks;
	}
}

static enum scsi_result answer_send(struct scsi_cmd *cmd, unsigned int n)
{
	struct answer *a = answer(cmd);
	uint32_t len = HEADER_LEN + n * DESC_LEN;

	put_be32(a->data, len - 4);
	put_be32(a->data + 4, 0);
	return scsi_cmd_reply(cmd, a->data, len);
}

/* A block is deallocated when all of its bytes lie in a hole. */
static enum scsi_result extents_known(struct scsi_cmd *cmd, int err)
{
	const struct lu *lu = cmd->lu;
	struct answer *a = answer(cmd);
	uint64_t at = cmd->lba, end = lu->blocks;
	unsigned int n = 0;

	if (err && err != -EOPNOTSUPP)
		return dev_io_fail(cmd, err);
	for (unsigned int i = 0; !err && i < cmd->bsr.n_extents; i++) {
		const struct bs_extent *e = &a->extents[i];
		uint64_t first = round_up(e->offset, lu->block_size) >> lu->block_shift;

		end = (e->offset + e->len) >> lu->block_shift;
		if (e->mapped || first >= end)
			continue;
		put_run(a, &n, &at, first, MAPPED);
		put_run(a, &n, &at, end, DEALLOCATED);
	}
	put_run(a, &n, &at, max_u64(end, cmd->lba + 1), MAPPED);
	return answer_send(cmd, n);
}

static enum scsi_result look(struct scsi_cmd *cmd)
{
	const struct lu *lu = cmd->lu;
	struct answer *a;
	enum scsi_result r = dev_buf_get(cmd, sizeof(*a));

	if (r != RES_GOOD)
		return r;
	a = answer(cmd);
	if (sbc_thin(lu))
		return dev_io_extents(cmd, sbc_bytes(lu, cmd->lba),
				      sbc_bytes(lu, lu->blocks - cmd->lba), a->extents, MAX_DESCS,
				      extents_known);
	return extents_known(cmd, -EOPNOTSUPP);
}

static enum scsi_result sbc_get_lba_status(struct scsi_cmd *cmd)
{
	uint64_t lba = get_be64(cmd->cdb + 2);

	if (lba >= cmd->lu->blocks)
		return scsi_fail_at(cmd, RES_LBA_RANGE, lba);
	cmd->lba = lba;
	return dev_step_end(cmd, look(cmd));
}

/* 9Eh has READ CAPACITY(16) as well. */
const struct opcode sbc_lbastat_rows[1] = {
	{ .op = 0x9e, .sa = 0x12, .name = "GET LBA STATUS(16)", .cdb_len = 16, .dir = DATA_IN,
	  .lba = { 2, 8 }, .len = { 10, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0x9e, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 },
	  .flags = OP_NEEDS_MEDIUM, .resv = RESV_READ, .run = sbc_get_lba_status },
};
