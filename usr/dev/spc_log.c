/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LOG SENSE (SPC-4 6.8): the pages of the device type's table, and the lists of pages.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "target/cmd.h"

#define SUBPAGE_ALL 0xff
#define NO_TEMPERATURE 0xff

/* FORMAT AND LINKING 11b: a binary list parameter (SPC-4 7.3.2.2) */
static uint8_t *put_param(uint8_t *p, uint16_t code, uint8_t len)
{
	memset(p, 0, 4 + (size_t)len);
	put_be16(p, code);
	p[2] = 0x03;
	p[3] = len;
	return p + 4;
}

/* 0Dh, SPC-4 7.3.21 */
uint32_t spc_log_temperature(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	(void)lu;
	if (max < 6)
		return 0;
	put_param(buf, 0x0000, 2)[1] = NO_TEMPERATURE;
	return 6;
}

/* 2Fh, SPC-4 7.3.7: ASC and ASCQ 0, no failure is predicted */
uint32_t spc_log_exceptions(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	(void)lu;
	if (max < 8)
		return 0;
	put_param(buf, 0x0000, 4)[2] = NO_TEMPERATURE;
	return 8;
}

static const struct spc_log_page *log_pages(const struct lu *lu)
{
	static const struct spc_log_page none[] = { SPC_LOG_END };
	const struct spc_lu *s = spc_lu(lu);

	return s->ops && s->ops->logs ? s->ops->logs : none;
}

/* 00h (SPC-4 7.3.16): codes of pages. 00h/FFh (7.3.17): codes of pages and subpages. */
static uint32_t list_pages(const struct lu *lu, bool subpages, uint8_t *buf, uint32_t max)
{
	uint32_t len = 0;

	buf[len++] = 0x00;
	if (subpages) {
		buf[len++] = 0x00;
		buf[len++] = 0x00;
		buf[len++] = SUBPAGE_ALL;
	}
	for (const struct spc_log_page *p = log_pages(lu); p->build && len + 2 <= max; p++) {
		if (!subpages && p->subpage)
			continue;
		buf[len++] = p->page;
		if (subpages)
			buf[len++] = p->subpage;
	}
	return len;
}

/*
 * Drops parameters before PARAMETER POINTER (SPC-4 6.8.1); false: none is left, though there are
 * some.
 */
static bool skip_params(uint8_t *params, uint32_t *len, uint16_t pointer)
{
	uint32_t off = 0;

	if (!pointer)
		return true;
	while (off + 4 <= *len && get_be16(params + off) < pointer)
		off += 4U + params[off + 3];
	if (off >= *len)
		return false;
	memmove(params, params + off, *len - off);
	*len -= off;
	return true;
}

static const struct spc_log_page *find_page(const struct lu *lu, uint8_t page, uint8_t subpage)
{
	for (const struct spc_log_page *p = log_pages(lu); p->build; p++) {
		if (p->page == page && p->subpage == subpage)
			return p;
	}
	return NULL;
}

static enum scsi_result log_sense(struct scsi_cmd *cmd)
{
	uint8_t page = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];
	uint16_t pointer = get_be16(cmd->cdb + 5);
	uint8_t buf[2048] = { (uint8_t)(page | (subpage ? 0x40 : 0)), subpage };
	const struct spc_log_page *p = find_page(cmd->lu, page, subpage);
	uint32_t len;

	if (cmd->cdb[1] & 0x01) /* SP */
		return scsi_bad_cdb(cmd, 1, 0);
	if (page == 0x00 && (subpage == 0 || subpage == SUBPAGE_ALL)) {
		if (pointer)
			return scsi_bad_cdb(cmd, 5, -1);
		len = list_pages(cmd->lu, subpage != 0, buf + 4, sizeof(buf) - 4);
	} else if (p) {
		len = p->build(cmd->lu, buf + 4, sizeof(buf) - 4);
		if (!skip_params(buf + 4, &len, pointer))
			return scsi_bad_cdb(cmd, 5, -1);
	} else {
		return find_page(cmd->lu, page, 0) ? scsi_bad_cdb(cmd, 3, -1)
						   : scsi_bad_cdb(cmd, 2, 5);
	}
	put_be16(buf + 2, (uint16_t)len);
	return scsi_cmd_reply(cmd, buf, 4 + len);
}

const struct opcode spc_log_rows[1] = {
	{ .op = 0x4d, .sa = OP_NO_SA, .name = "LOG SENSE", .cdb_len = 10, .dir = DATA_IN,
	  .len = { 7, 2 }, .unit = LEN_ALLOC,
	  .usage = { 0x4d, 0x01, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0 },
	  .flags = OP_FORMATTING_OK, .resv = RESV_ALLOWED, .run = log_sense },
};
