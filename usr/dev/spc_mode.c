/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of mode pages (SPC-4 7.5): current and default ones, their change, block
 * descriptors; and the rows of MODE SENSE and MODE SELECT.
 */
#include "dev/spc_mode.h"

#include <string.h>

#include "base/bytes.h"

uint32_t spc_mode_offset(const struct lu *lu, const struct mode_page *page)
{
	uint32_t off = 0;

	for (const struct mode_page *p = lu->dev->modes; p != page; p++)
		off += p->len;
	return off;
}

const struct mode_page *spc_mode_find(const struct lu *lu, uint8_t page, uint8_t subpage)
{
	for (const struct mode_page *p = lu->dev->modes; p && p->name; p++) {
		if (p->page == page && p->subpage == subpage && (!p->enabled || p->enabled(lu)))
			return p;
	}
	return NULL;
}

/* The page's own values with the changeable bits of @from. */
static void compose(const struct lu *lu, const struct mode_page *page, const uint8_t *from,
		    uint8_t *buf)
{
	const uint8_t *v = from + spc_mode_offset(lu, page);

	memset(buf, 0, page->len);
	page->defaults(lu, buf);
	for (unsigned int i = 0; i < page->len; i++) {
		uint8_t mask = spc_mode_mask(page, i);

		buf[i] = (uint8_t)((buf[i] & ~mask) | (v[i] & mask));
	}
}

/*
 * Bits that are not as MODE SELECT or a reset left them were set by "logicalunit update": that is
 * configuration, which a reset must not lose, so they are defaults as well.
 */
static void put_configured(const struct lu *lu, const struct mode_page *page, uint8_t *buf)
{
	uint8_t was[255], now[255];

	compose(lu, page, spc_lu(lu)->modes.cur, was);
	memcpy(now, was, page->len);
	page->current(lu, now);
	for (unsigned int i = 0; i < page->len; i++) {
		uint8_t diff = (uint8_t)((was[i] ^ now[i]) & spc_mode_mask(page, i));

		buf[i] = (uint8_t)((buf[i] & ~diff) | (now[i] & diff));
	}
}

void spc_mode_default(const struct lu *lu, const struct mode_page *page, uint8_t *buf)
{
	compose(lu, page, spc_lu(lu)->modes.dflt, buf);
	if (page->current)
		put_configured(lu, page, buf);
}

void spc_mode_saved(const struct lu *lu, const struct mode_page *page, uint8_t *buf)
{
	const struct spc_modes *m = &spc_lu(lu)->modes;

	if (m->has_saved)
		compose(lu, page, m->saved, buf);
	else
		spc_mode_default(lu, page, buf);
}

/* Before cur is written: keeps what put_configured() sees. */
static void keep_configured(struct lu *lu)
{
	uint8_t *dflt = spc_lu(lu)->modes.dflt;
	uint8_t params[255];

	for (const struct mode_page *p = lu->dev->modes; p && p->name; dflt += p->len, p++) {
		spc_mode_default(lu, p, params);
		memcpy(dflt, params, p->len);
	}
}

void spc_mode_current(const struct lu *lu, const struct mode_page *page, uint8_t *buf)
{
	compose(lu, page, spc_lu(lu)->modes.cur, buf);
	if (page->current)
		page->current(lu, buf);
}

void spc_modes_reset(struct lu *lu)
{
	struct spc_modes *m = &spc_lu(lu)->modes;
	uint8_t params[255];

	keep_configured(lu);
	if (m->len)
		memcpy(m->cur, m->has_saved ? m->saved : m->dflt, m->len);
	for (const struct mode_page *p = lu->dev->modes; p && p->name; p++) {
		if (!p->changed)
			continue;
		compose(lu, p, m->cur, params);
		p->changed(lu, params);
	}
}

uint8_t *spc_mode_work(const struct lu *lu, const struct mode_page *page)
{
	return spc_lu(lu)->modes.work + spc_mode_offset(lu, page);
}

void spc_mode_work_begin(struct lu *lu)
{
	struct spc_modes *m = &spc_lu(lu)->modes;
	uint8_t *v = m->work;

	keep_configured(lu);
	for (const struct mode_page *p = lu->dev->modes; p && p->name; p++) {
		spc_mode_current(lu, p, v);
		v += p->len;
	}
	/* cur as it is told, so that a comparison with it sees what was changed by other ways. */
	if (m->len)
		memcpy(m->cur, m->work, m->len);
}

bool spc_mode_work_apply(struct lu *lu)
{
	struct spc_modes *m = &spc_lu(lu)->modes;
	uint32_t off = 0;
	bool any = false;

	for (const struct mode_page *p = lu->dev->modes; p && p->name; off += p->len, p++) {
		if (!memcmp(m->cur + off, m->work + off, p->len))
			continue;
		memcpy(m->cur + off, m->work + off, p->len);
		if (p->changed)
			p->changed(lu, m->cur + off);
		any = true;
	}
	return any;
}

bool spc_block_desc_current(const struct lu *lu, struct spc_block_desc *d)
{
	const struct spc_lu *s = spc_lu(lu);

	if (s->ops && s->ops->block_desc)
		return s->ops->block_desc(lu, d);
	*d = (struct spc_block_desc){ .blocks = lu->blocks, .block_len = lu->block_size };
	return lu->dev->block_size != 0;
}

uint32_t spc_block_desc_len(const struct lu *lu, bool long_lba)
{
	return long_lba && lu->dev->pdt == PDT_DISK ? 16 : 8;
}

void spc_block_desc_clip(const struct lu *lu, bool long_lba, struct spc_block_desc *d)
{
	uint8_t buf[16];

	spc_block_desc_put(lu, long_lba, d, buf);
	spc_block_desc_get(lu, long_lba, buf, d);
}

/* SBC-3 6.5.2.2 and 6.5.2.3 for disks, SPC-4 7.5.6.1 for others */
void spc_block_desc_put(const struct lu *lu, bool long_lba, const struct spc_block_desc *d,
			uint8_t *buf)
{
	uint32_t len = spc_block_desc_len(lu, long_lba);

	memset(buf, 0, len);
	if (len == 16) {
		put_be64(buf, d->blocks);
		put_be32(buf + 12, d->block_len);
		return;
	}
	if (lu->dev->pdt == PDT_DISK) {
		put_be32(buf, (uint32_t)min_u64(d->blocks, UINT32_MAX));
	} else {
		put_be24(buf + 1, (uint32_t)min_u64(d->blocks, 0xffffff));
		buf[0] = d->density;
	}
	put_be24(buf + 5, min_u32(d->block_len, 0xffffff));
}

void spc_block_desc_get(const struct lu *lu, bool long_lba, const uint8_t *buf,
			struct spc_block_desc *d)
{
	*d = (struct spc_block_desc){ .blocks = 0 };
	if (spc_block_desc_len(lu, long_lba) == 16) {
		d->blocks = get_be64(buf);
		d->block_len = get_be32(buf + 12);
		return;
	}
	if (lu->dev->pdt == PDT_DISK) {
		d->blocks = get_be32(buf);
	} else {
		d->blocks = get_be24(buf + 1);
		d->density = buf[0];
	}
	d->block_len = get_be24(buf + 5);
}

const struct opcode spc_mode_rows[4] = {
	{ .op = 0x15, .sa = OP_NO_SA, .name = "MODE SELECT(6)", .cdb_len = 6, .dir = DATA_OUT,
	  .len = { 4, 1 }, .unit = LEN_PARAM, .usage = { 0x15, 0x11, 0, 0, 0xff, 0 },
	  .flags = OP_STANDBY_OK, .resv = RESV_WRITE, .check = spc_mode_select_check,
	  .run = spc_mode_select6 },
	{ .op = 0x1a, .sa = OP_NO_SA, .name = "MODE SENSE(6)", .cdb_len = 6, .dir = DATA_IN,
	  .len = { 4, 1 }, .unit = LEN_ALLOC, .usage = { 0x1a, 0x08, 0xff, 0xff, 0xff, 0 },
	  .flags = OP_STANDBY_OK | OP_FORMATTING_OK, .resv = RESV_READ, .run = spc_mode_sense6 },
	{ .op = 0x55, .sa = OP_NO_SA, .name = "MODE SELECT(10)", .cdb_len = 10, .dir = DATA_OUT,
	  .len = { 7, 2 }, .unit = LEN_PARAM, .usage = { 0x55, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff, 0 },
	  .flags = OP_STANDBY_OK, .resv = RESV_WRITE, .check = spc_mode_select_check,
	  .run = spc_mode_select10 },
	{ .op = 0x5a, .sa = OP_NO_SA, .name = "MODE SENSE(10)", .cdb_len = 10, .dir = DATA_IN,
	  .len = { 7, 2 }, .unit = LEN_ALLOC,
	  .usage = { 0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0 },
	  .flags = OP_STANDBY_OK | OP_FORMATTING_OK, .resv = RESV_READ, .run = spc_mode_sense10 },
};
