/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYNCHRONIZE CACHE (SBC-4 5.29, 5.30) and PRE-FETCH (5.9). Also flushes that are answered
 * before their end: such a flush owns itself, and the next SYNCHRONIZE CACHE tells when it failed.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "dev/io.h"
#include "dev/sbc.h"

#define CDB_IMMED 0x02
#define MAX_PREFETCH (64 * MiB) /* more than that isn't promised to stay in a cache */

struct sbc_flush {
	struct bs_req req;
	struct sbc *sbc; /* NULL: forgotten */
	bool again;	 /* another was asked for: writes may have come since this one started */
};

static void flush_submit(struct sbc_flush *f);

static void flush_done(struct bs_req *req)
{
	struct sbc_flush *f = container_of(req, struct sbc_flush, req);
	struct sbc *sbc = f->sbc;

	if (req->result && req->result != -EOPNOTSUPP) {
		log_limited(LOG_LVL_ERROR, "%s: flush failed: error %d", req->bs->path,
			    -req->result);
		if (sbc)
			sbc->flush_failed = true;
	}
	if (sbc && f->again) {
		flush_submit(f);
		return;
	}
	if (sbc)
		sbc->flush = NULL;
	free(f);
}

static void flush_submit(struct sbc_flush *f)
{
	f->again = false;
	f->req.op = BS_FLUSH;
	f->req.done = flush_done;
	bs_submit(&f->req);
}

bool sbc_flush_start(struct lu *lu)
{
	struct sbc *sbc = to_sbc(lu);

	if (!sbc_flush_needed(lu))
		return true;
	if (sbc->flush) {
		sbc->flush->again = true;
		return true;
	}
	sbc->flush = calloc(1, sizeof(*sbc->flush));
	if (!sbc->flush)
		return false;
	sbc->flush->sbc = sbc;
	sbc->flush->req.bs = lu->bs;
	flush_submit(sbc->flush);
	return true;
}

void sbc_flush_forget(struct sbc *sbc)
{
	if (sbc->flush)
		sbc->flush->sbc = NULL;
	sbc->flush = NULL;
}

bool sbc_flush_needed(const struct lu *lu)
{
	return lu->bs && !lu->bs->readonly && lu->bs->volatile_cache;
}

static enum scsi_result sync_done(struct scsi_cmd *cmd, int err)
{
	return err && err != -EOPNOTSUPP ? dev_io_fail(cmd, err) : RES_GOOD;
}

/* Whole stores are flushed: the range only has to lie on the medium. */
static enum scsi_result sbc_sync_cache(struct scsi_cmd *cmd)
{
	struct sbc *sbc = to_sbc(cmd->lu);

	if (sbc->flush_failed) {
		sbc->flush_failed = false;
		return RES_ME_WRITE;
	}
	if (!sbc_flush_needed(cmd->lu))
		return RES_GOOD;
	if (cmd->cdb[1] & CDB_IMMED && sbc_flush_start(cmd->lu))
		return RES_GOOD;
	return dev_io(cmd, BS_FLUSH, 0, 0, 0, sync_done);
}

/* The hint is taken; CONDITION MET says that everything is in the cache. */
static enum scsi_result prefetched(struct scsi_cmd *cmd, int err)
{
	if (err == -EOPNOTSUPP)
		return RES_GOOD;
	if (err < 0)
		return dev_io_fail(cmd, err);
	return err == 0 && cmd->dev_priv[0] <= MAX_PREFETCH ? RES_CONDITION_MET : RES_GOOD;
}

/* IMMED changes nothing: the store only takes a hint. */
static enum scsi_result sbc_prefetch(struct scsi_cmd *cmd)
{
	uint64_t blocks = cmd->blocks ? cmd->blocks : cmd->lu->blocks - cmd->lba;

	cmd->dev_priv[0] = sbc_bytes(cmd->lu, blocks);
	return dev_io(cmd, BS_PREFETCH, 0, sbc_bytes(cmd->lu, cmd->lba),
		      min_u64(cmd->dev_priv[0], MAX_PREFETCH), prefetched);
}

#define PREFETCHES                                                                                 \
	.dir = DATA_NONE, .unit = LEN_BLOCKS, .flags = OP_NEEDS_MEDIUM | OP_RANGE,                 \
	.resv = RESV_READ, .run = sbc_prefetch
#define SYNCS                                                                                      \
	.cls = OPC_FLUSH, .dir = DATA_NONE, .unit = LEN_BLOCKS,                                    \
	.flags = OP_NEEDS_MEDIUM | OP_RANGE,                                                       \
	.resv = RESV_WRITE, .run = sbc_sync_cache

/*
 * Byte 1: IMMED; SYNC_NV, obsolete, asks for less than is done. PRE-FETCH takes any GROUP NUMBER:
 * statistics by group are kept for none.
 */
const struct opcode sbc_cache_rows[4] = {
	{ .op = 0x34, .sa = OP_NO_SA, .name = "PRE-FETCH(10)", .cdb_len = 10, PREFETCHES,
	  .lba = { 2, 4 }, .len = { 7, 2 },
	  .usage = { 0x34, 0x02, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff, 0x00 } },
	{ .op = 0x35, .sa = OP_NO_SA, .name = "SYNCHRONIZE CACHE(10)", .cdb_len = 10, SYNCS,
	  .lba = { 2, 4 }, .len = { 7, 2 },
	  .usage = { 0x35, 0x06, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0x00 } },
	{ .op = 0x90, .sa = OP_NO_SA, .name = "PRE-FETCH(16)", .cdb_len = 16, PREFETCHES,
	  .lba = { 2, 8 }, .len = { 10, 4 },
	  .usage = { 0x90, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x3f, 0x00 } },
	{ .op = 0x91, .sa = OP_NO_SA, .name = "SYNCHRONIZE CACHE(16)", .cdb_len = 16, SYNCS,
	  .lba = { 2, 8 }, .len = { 10, 4 },
	  .usage = { 0x91, 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		     0xff, 0x00, 0x00 } },
};
