/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MODE SENSE(6) and (10) (SPC-4 6.11, 6.12): header, block descriptor, and the
 * pages of the device type's table that were asked for.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/spc_mode.h"
#include "target/cmd.h"
#include "target/lu_keep.h"
#include "target/nexus.h"

#define PAGE_ALL 0x3f
#define SUBPAGE_ALL 0xff

/* PC field */
enum { PC_CURRENT, PC_CHANGEABLE, PC_DEFAULT, PC_SAVED };

struct sense {
	const struct lu *lu;
	unsigned int pc;
	bool ten, long_lba, readonly;
	uint32_t bd_len;
	uint32_t len;
	uint8_t buf[4096]; /* a test sees that every device type's pages fit */
};

/* SPC-4 7.5.7: header of page_0 or sub_page format. */
static void put_page(struct sense *s, const struct mode_page *page)
{
	uint32_t head = page->subpage ? 4 : 2;
	uint8_t *p = s->buf + s->len, *params = p + head;

	if (sizeof(s->buf) - s->len < head + page->len)
		return;
	s->len += head + page->len;
	p[0] = (uint8_t)(page->page | (page->subpage ? 0x40 : 0));
	if (spc_mode_saveable(s->lu, page)) /* PS */
		p[0] |= 0x80;
	if (page->subpage) {
		p[1] = page->subpage;
		put_be16(p + 2, page->len);
	} else {
		p[1] = page->len;
	}
	if (s->pc == PC_CURRENT)
		spc_mode_current(s->lu, page, params);
	else if (s->pc == PC_DEFAULT)
		spc_mode_default(s->lu, page, params);
	else if (s->pc == PC_SAVED)
		spc_mode_saved(s->lu, page, params);
	else
		for (unsigned int i = 0; i < page->len; i++)
			params[i] = spc_mode_mask(page, i);
}

static void put_block_desc(struct sense *s)
{
	const struct spc_lu *spc = spc_lu(s->lu);
	struct spc_block_desc d;

	if (!spc_block_desc_current(s->lu, &d))
		return;
	s->bd_len = spc_block_desc_len(s->lu, s->long_lba);
	if (s->pc == PC_CHANGEABLE) {
		bool all = spc->ops && spc->ops->set_block_desc;

		d = (struct spc_block_desc){ all ? UINT64_MAX : 0, all ? UINT32_MAX : 0,
					     all ? UINT8_MAX : 0 };
	}
	spc_block_desc_put(s->lu, s->long_lba, &d, s->buf + s->len);
	s->len += s->bd_len;
}

/* SPC-4 7.5.5. The MODE DATA LENGTH does not count itself. */
static void put_header(struct sense *s)
{
	const struct spc_lu *spc = spc_lu(s->lu);
	uint8_t specific = 0;

	if (spc->ops && spc->ops->device_specific)
		specific = spc->ops->device_specific(s->lu, s->lu->readonly || s->readonly);

	if (s->ten) {
		put_be16(s->buf, (uint16_t)(s->len - 2));
		s->buf[3] = specific;
		s->buf[4] = s->bd_len == 16; /* LONGLBA */
		put_be16(s->buf + 6, (uint16_t)s->bd_len);
		return;
	}
	s->len = min_u32(s->len, 256); /* more can't be told */
	s->buf[0] = (uint8_t)(s->len - 1);
	s->buf[2] = specific;
	s->buf[3] = (uint8_t)s->bd_len;
}

/*
 * Puts what matches; false: nothing did. Page 00h is the vendor's: tape drives have it without
 * parameters, as they are asked so for the block descriptor alone.
 */
static bool put_pages(struct sense *s, uint8_t code, uint8_t sub)
{
	bool any = code == PAGE_ALL || (!code && !sub && s->lu->dev->pdt == PDT_TAPE);

	for (const struct mode_page *p = s->lu->dev->modes; p && p->name; p++) {
		if ((code != PAGE_ALL && p->page != code) ||
		    (sub != SUBPAGE_ALL && p->subpage != sub) ||
		    (p->enabled && !p->enabled(s->lu)))
			continue;
		put_page(s, p);
		any = true;
	}
	return any;
}

/* Whether it is the subpage that is wrong, with the page there. */
static bool page_known(const struct lu *lu, uint8_t code)
{
	for (const struct mode_page *p = lu->dev->modes; p && p->name; p++) {
		if (p->page == code)
			return true;
	}
	return false;
}

static enum scsi_result mode_sense(struct scsi_cmd *cmd, bool ten)
{
	const uint8_t *cdb = cmd->cdb;
	uint8_t code = cdb[2] & 0x3f, sub = cdb[3];
	struct sense s = { .lu = cmd->lu, .pc = cdb[2] >> 6, .ten = ten, .len = ten ? 8 : 4,
			   .readonly = cmd->itl->readonly };

	s.long_lba = ten && (cdb[1] & 0x10);
	if (s.pc == PC_SAVED && !lu_keep_possible(cmd->lu))
		return RES_SAVING_UNSUPPORTED;
	if (code == PAGE_ALL && sub != 0 && sub != SUBPAGE_ALL) /* SPC-4 table 148 */
		return scsi_bad_cdb(cmd, 3, -1);
	if (!(cdb[1] & 0x08)) /* DBD */
		put_block_desc(&s);
	if (!put_pages(&s, code, sub))
		return page_known(cmd->lu, code) ? scsi_bad_cdb(cmd, 3, -1)
						 : scsi_bad_cdb(cmd, 2, 5);
	put_header(&s);
	return scsi_cmd_reply(cmd, s.buf, s.len);
}

enum scsi_result spc_mode_sense6(struct scsi_cmd *cmd)
{
	return mode_sense(cmd, false);
}

enum scsi_result spc_mode_sense10(struct scsi_cmd *cmd)
{
	return mode_sense(cmd, true);
}
