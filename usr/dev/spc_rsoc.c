/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT SUPPORTED OPERATION CODES (SPC-4 6.35), read from the opcode rows that
 * dispatch commands, and REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (6.36).
 */
#include <string.h>

#include "base/bytes.h"
#include "base/iov.h"
#include "dev/spc.h"
#include "target/cmd.h"

/* SUPPORT field, SPC-4 table 293 */
enum { SUPPORT_NO = 1, SUPPORT_STANDARD = 3 };
/* REPORTING OPTIONS field, SPC-4 table 290 */
enum { REPORT_ALL, REPORT_OP, REPORT_OP_SA, REPORT_OP_MAYBE_SA };

#define TIMEOUTS_LEN 12

/* SPC-4 6.35.4: lengths of 0 tell nothing, a store's time is its own. */
static uint32_t put_timeouts(uint8_t *p)
{
	memset(p, 0, TIMEOUTS_LEN);
	put_be16(p, TIMEOUTS_LEN - 2);
	return TIMEOUTS_LEN;
}

static bool row_enabled(const struct opcode *row, const struct lu *lu)
{
	return !row->enabled || row->enabled(lu);
}

/* Command descriptor, SPC-4 table 292 */
static uint32_t put_command(uint8_t *p, const struct opcode *row, bool timeouts)
{
	bool servactv = row->sa != OP_NO_SA;

	memset(p, 0, 8);
	p[0] = row->op;
	put_be16(p + 2, servactv ? row->sa : 0);
	p[5] = (uint8_t)((timeouts ? 0x02 : 0) | (servactv ? 0x01 : 0));
	put_be16(p + 6, row->cdb_len);
	return 8 + (timeouts ? put_timeouts(p + 8) : 0);
}

static enum scsi_result report_all(struct scsi_cmd *cmd, bool timeouts)
{
	const struct optable *t = cmd->lu->dev->table;
	uint32_t len = 4, max = (uint32_t)(4 + t->count * (8 + (timeouts ? TIMEOUTS_LEN : 0)));
	uint8_t buf[8 + TIMEOUTS_LEN];
	enum scsi_result r = scsi_cmd_alloc_in(cmd, max);

	if (r != RES_GOOD)
		return r;
	for (size_t i = 0; i < t->count; i++) {
		if (row_enabled(t->sorted[i], cmd->lu)) {
			uint32_t n = put_command(buf, t->sorted[i], timeouts);

			iov_from_buf(cmd->in.iov, cmd->in.iovcnt, len, buf, n);
			len += n;
		}
	}
	put_be32(buf, len - 4);
	iov_from_buf(cmd->in.iov, cmd->in.iovcnt, 0, buf, 4);
	cmd->in_len = (uint32_t)min_u64(len, cmd->in_cdb);
	return RES_GOOD;
}

/* SPC-4 table 293; @row NULL: not supported, which has no CDB. */
static enum scsi_result report_one(struct scsi_cmd *cmd, const struct opcode *row, bool timeouts)
{
	uint8_t buf[4 + sizeof(row->usage) + TIMEOUTS_LEN] = { 0, SUPPORT_NO };
	uint32_t len = 4;

	if (row) {
		buf[1] = (uint8_t)((timeouts ? 0x80 : 0) | SUPPORT_STANDARD);
		put_be16(buf + 2, row->cdb_len);
		memcpy(buf + 4, row->usage, row->cdb_len);
		len += row->cdb_len;
		if (timeouts)
			len += put_timeouts(buf + len);
	}
	return scsi_cmd_reply(cmd, buf, len);
}

/* The row of @op and @sa; *@has_sa: the opcode has service actions. */
static const struct opcode *find_row(const struct lu *lu, uint8_t op, uint16_t sa, bool *has_sa)
{
	const struct optable *t = lu->dev->table;
	const struct opcode *found = NULL;

	*has_sa = false;
	for (unsigned int i = 0; i < t->rows[op]; i++) {
		const struct opcode *row = t->sorted[t->first[op] - 1 + i];

		if (!row_enabled(row, lu))
			continue;
		*has_sa |= row->sa != OP_NO_SA;
		if (row->sa == OP_NO_SA || row->sa == sa)
			found = row;
	}
	return found;
}

static enum scsi_result report_opcodes(struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	unsigned int option = cdb[2] & 0x07;
	bool timeouts = cdb[2] & 0x80; /* RCTD */
	uint16_t sa = get_be16(cdb + 4);
	const struct opcode *row;
	bool has_sa;

	if (option == REPORT_ALL)
		return report_all(cmd, timeouts);
	if (option > REPORT_OP_MAYBE_SA)
		return scsi_bad_cdb(cmd, 2, 2);
	row = find_row(cmd->lu, cdb[3], option == REPORT_OP ? OP_NO_SA : sa, &has_sa);
	if (option == REPORT_OP && has_sa)
		return scsi_bad_cdb(cmd, 2, 2);
	if (option == REPORT_OP_SA && row && row->sa == OP_NO_SA)
		return scsi_bad_cdb(cmd, 2, 2);
	if (option == REPORT_OP_MAYBE_SA && row && row->sa == OP_NO_SA && sa)
		row = NULL; /* without service actions only 0 is supported */
	return report_one(cmd, row, timeouts);
}

/* SPC-4 table 295 */
enum { ATS = 0x80, ATSS = 0x40, CTSS = 0x10, LURS = 0x08, QTS = 0x04, TRS = 0x02 };
enum { QAES = 0x04, QTSS = 0x02, ITNRS = 0x01 };

static enum scsi_result report_tmfs(struct scsi_cmd *cmd)
{
	uint8_t buf[16] = { ATS | ATSS | CTSS | LURS | QTS | TRS, QAES | QTSS | ITNRS };
	bool repd = cmd->cdb[2] & 0x80;

	if (cmd->in_cdb < 4) /* SPC-4 6.36 */
		return scsi_bad_cdb(cmd, 6, -1);
	buf[3] = repd ? sizeof(buf) - 4 : 0; /* the timeouts that follow are not told: TMFTMOV 0 */
	return scsi_cmd_reply(cmd, buf, repd ? sizeof(buf) : 4);
}

const struct opcode spc_rsoc_rows[2] = {
	{ .op = 0xa3, .sa = 0x0c, .name = "REPORT SUPPORTED OPERATION CODES", .cdb_len = 12,
	  .dir = DATA_IN, .len = { 6, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0xa3, 0x0c, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0 },
	  .flags = OP_STANDBY_OK | OP_FORMATTING_OK, .resv = RESV_READ, .run = report_opcodes },
	{ .op = 0xa3, .sa = 0x0d, .name = "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
	  .cdb_len = 12, .dir = DATA_IN, .len = { 6, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0xa3, 0x0d, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0 },
	  .flags = OP_STANDBY_OK | OP_FORMATTING_OK, .resv = RESV_READ, .run = report_tmfs },
};
