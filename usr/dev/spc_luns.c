/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT LUNS (SPC-4 6.33), on every logical unit, on LUN 0 even when nothing is
 * there, and on the well known logical unit.
 */
#include "base/bytes.h"
#include "base/iov.h"
#include "dev/spc.h"
#include "scsi/lun.h"
#include "target/cmd.h"
#include "target/lu.h"
#include "target/lun_map.h"
#include "target/nexus.h"
#include "target/target.h"
#include "target/ua.h"

/*
 * SELECT REPORT (SPC-4 table 286). Administrative logical units, which 10h to 12h are about,
 * don't exist here: 11h lists what 00h does, 10h and 12h list none.
 */
static bool select_report(uint8_t select, bool *lus, bool *wluns)
{
	*lus = select == 0x00 || select == 0x02 || select == 0x11;
	*wluns = select == 0x01 || select == 0x02;
	return *lus || *wluns || select == 0x10 || select == 0x12;
}

struct lun_list {
	struct scsi_cmd *cmd;
	uint32_t off, max;
};

static void put_bytes(struct lun_list *l, const uint8_t bytes[8])
{
	struct scsi_data *in = &l->cmd->in;

	if (l->off < l->max)
		iov_from_buf(in->iov, in->iovcnt, l->off, bytes, min_u32(8, l->max - l->off));
	l->off += 8;
}

static void put_lun(struct lun_list *l, uint64_t lun)
{
	uint8_t bytes[SCSI_LUN_LEN];

	lun_encode(bytes, lun);
	put_bytes(l, bytes);
}

/* The LUNs that a map shows: those that are there. @l NULL: only counts. */
static uint32_t put_map(struct lun_list *l, const struct nexus *n)
{
	const struct lun_map *map = n->map;
	uint32_t count = 0;

	for (uint32_t i = 0; i < map->n; i++) {
		if (!target_lu(n->target, map->entries[i].lun))
			continue;
		count++;
		if (l)
			put_lun(l, map->entries[i].seen);
	}
	return count;
}

/* All that this initiator sees. */
static uint32_t put_lus(struct lun_list *l, const struct nexus *n)
{
	uint32_t count = 0;
	const struct lu *lu;

	if (n->map && !n->map->all)
		return put_map(l, n);
	list_for_each(lu, &n->target->lus, link) {
		if (lu->dying)
			continue;
		count++;
		if (l)
			put_lun(l, lu->lun);
	}
	return count;
}

static enum scsi_result report_luns(struct scsi_cmd *cmd)
{
	struct lun_list list = { .cmd = cmd };
	uint8_t head[8] = { 0 };
	bool lus, wluns;
	enum scsi_result r;
	uint32_t count;

	if (!cmd->lu && lun_decode(cmd->lun) != 0) /* SAM-5 5.11 */
		return RES_LUN_NOT_SUPPORTED;
	if (!select_report(cmd->cdb[2], &lus, &wluns))
		return scsi_bad_cdb(cmd, 2, -1);
	count = (lus ? put_lus(NULL, cmd->nexus) : 0) + wluns;
	list.max = (uint32_t)min_u64(8 + 8 * (uint64_t)count, cmd->in_cdb);
	r = scsi_cmd_alloc_in(cmd, list.max);
	if (r != RES_GOOD)
		return r;
	put_be32(head, 8 * count);
	put_bytes(&list, head);
	if (lus)
		put_lus(&list, cmd->nexus);
	if (wluns)
		put_lun(&list, LUN_WLUN_REPORT_LUNS);
	cmd->in_len = list.max;
	ua_clear_luns_changed(cmd->nexus);
	return RES_GOOD;
}

const struct opcode spc_luns_rows[1] = {
	{ .op = 0xa0, .sa = OP_NO_SA, .name = "REPORT LUNS", .cdb_len = 12, .dir = DATA_IN,
	  .len = { 6, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0 },
	  .flags = OP_UA_EXEMPT | OP_ANY_LUN | OP_WLUN | OP_IMPLICIT_HOQ | OP_FORMATTING_OK |
		   OP_UNAVAILABLE_OK,
	  .resv = RESV_ALLOWED, .run = report_luns },
};
