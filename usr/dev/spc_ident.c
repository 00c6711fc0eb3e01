/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT IDENTIFYING INFORMATION and SET IDENTIFYING INFORMATION (SPC-5 6.33, 6.48, 5.8): what an
 * initiator writes on the device for its administrators. Kept over restarts of the daemon, which
 * is why the second is there only where something can be kept.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "target/cmd.h"
#include "target/core.h"
#include "target/lu_keep.h"
#include "target/nexus.h"
#include "target/target.h"
#include "target/ua.h"

/* IDENTIFYING INFORMATION TYPE, SPC-5 table 289 */
enum { TYPE_INFO = 0x00, TYPE_TEXT = 0x02, TYPE_SUPPORTED = 0x7f };

#define INFO_MAX 512U
#define TEXT_MAX 256U

static const struct ident_type {
	uint8_t type;
	uint16_t max;
	const char *kept_as;
} types[] = {
	{ TYPE_INFO, INFO_MAX, "identifying-information" },
	{ TYPE_TEXT, TEXT_MAX, "identifying-text" },
};

static const struct ident_type *type_of(const struct scsi_cmd *cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type == cmd->cdb[10] >> 1)
			return &types[i];
	}
	return NULL;
}

/* SPC-5 table 291: which there are, and how long each may be. */
static enum scsi_result report_types(struct scsi_cmd *cmd)
{
	uint8_t d[4 + 4 * ARRAY_SIZE(types)] = { 0, 0, 0, sizeof(d) - 4 };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		d[4 + 4 * i] = (uint8_t)(types[i].type << 1);
		put_be16(d + 6 + 4 * i, types[i].max);
	}
	return scsi_cmd_reply(cmd, d, sizeof(d));
}

static enum scsi_result report_ident(struct scsi_cmd *cmd)
{
	const struct ident_type *t = type_of(cmd);
	uint8_t d[4 + INFO_MAX] = { 0 };
	uint32_t len = 0;
	const void *kept;

	if (cmd->cdb[10] >> 1 == TYPE_SUPPORTED)
		return report_types(cmd);
	if (!t)
		return scsi_bad_cdb(cmd, 10, 7);
	kept = lu_keep_get(cmd->lu, t->kept_as, &len);
	if (!kept || len > t->max)
		len = 0;
	put_be16(d + 2, (uint16_t)len);
	memcpy(d + 4, kept ? kept : "", len);
	return scsi_cmd_reply(cmd, d, 4 + len);
}

/* Bytes of one UTF-8 character at @p, of @left; 0: it is none (RFC 3629). */
static uint32_t utf8_len(const uint8_t *p, uint32_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
	uint32_t c = n == 1 ? *p : *p & (0x7fU >> n);

	if (!n || n > left)
		return 0;
	for (uint32_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

/* Text is UTF-8 that ends with its only NUL (SPC-5 4.3.2). The first byte that is wrong, or @len. */
static uint32_t text_wrong_at(const uint8_t *text, uint32_t len)
{
	uint32_t at = 0, n;

	for (; at < len && text[at]; at += n) {
		n = utf8_len(text + at, len - at);
		if (!n)
			return at;
	}
	if (at == len) /* nothing ends it */
		return len - 1;
	return at + 1 == len ? len : at + 1;
}

static void kept(void *arg, int err)
{
	struct scsi_cmd *cmd = arg;

	if (!err)
		ua_raise_lu(cmd->lu, UA_IDENT_CHANGED, cmd->nexus);
	scsi_cmd_complete(cmd, err ? RES_HW_INTERNAL : RES_GOOD);
}

static enum scsi_result set_ident(struct scsi_cmd *cmd)
{
	const struct ident_type *t = type_of(cmd);
	uint32_t len = (uint32_t)cmd->out_cdb, at;
	uint8_t d[INFO_MAX];

	if (scsi_cmd_param(cmd, 0, d, len) != len)
		return RES_PARAM_LIST_LENGTH;
	at = t->type == TYPE_TEXT && len ? text_wrong_at(d, len) : len;
	if (at != len)
		return scsi_bad_param(cmd, (uint16_t)at, -1);
	if (lu_keep_set(cmd->lu, t->kept_as, d, len, kept, cmd))
		return RES_BUSY;
	return RES_PENDING;
}

static enum scsi_result check_set(struct scsi_cmd *cmd)
{
	const struct ident_type *t = type_of(cmd);

	if (!t)
		return scsi_bad_cdb(cmd, 10, 7);
	return cmd->out_cdb > t->max ? scsi_bad_cdb(cmd, 6, -1) : RES_GOOD;
}

const struct opcode spc_ident_rows[2] = {
	{ .op = 0xa3, .sa = 0x05, .name = "REPORT IDENTIFYING INFORMATION", .cdb_len = 12,
	  .dir = DATA_IN, .len = { 6, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0xa3, 0x05, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0 },
	  .flags = OP_FORMATTING_OK, .resv = RESV_ALLOWED, .run = report_ident },
	{ .op = 0xa4, .sa = 0x06, .name = "SET IDENTIFYING INFORMATION", .cdb_len = 12,
	  .dir = DATA_OUT, .len = { 6, 4 }, .unit = LEN_PARAM,
	  .usage = { 0xa4, 0x06, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0 },
	  .resv = RESV_WRITE, .enabled = lu_keep_possible, .check = check_set, .run = set_ident },
};
