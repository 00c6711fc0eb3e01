/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MODE SELECT(6) and (10) (SPC-4 6.9, 6.10). The whole list is checked before
 * anything of it takes effect.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/spc_mode.h"
#include "target/cmd.h"
#include "target/lu_keep.h"
#include "target/ua.h"

#define SP 0x01 /* byte 1 of the CDB */

struct select {
	struct scsi_cmd *cmd;
	struct lu *lu;
	uint32_t len; /* of the parameter list */
	uint32_t pos; /* how far it is checked */
	bool long_lba;
	bool new_bd; /* there is a block descriptor that changes something */
	uint32_t bd_pos;
	uint8_t specific; /* DEVICE-SPECIFIC PARAMETER */
	struct spc_block_desc bd;
};

/* @len bytes at @off; false: the list ends before. */
static bool get(const struct select *s, uint32_t off, void *buf, uint32_t len)
{
	return off <= s->len && len <= s->len - off && scsi_cmd_param(s->cmd, off, buf, len) == len;
}

/*
 * NUMBER OF LOGICAL BLOCKS of 0 keeps what there is (SBC-3 6.5.2.2). Nothing but the device
 * type's set_block_desc() can change it.
 */
static enum scsi_result check_block_desc(struct select *s, uint32_t bd_len)
{
	const struct spc_ops *ops = spc_lu(s->lu)->ops;
	struct spc_block_desc now;
	uint8_t buf[16];

	if (!bd_len)
		return RES_GOOD;
	if (!spc_block_desc_current(s->lu, &now) ||
	    bd_len != spc_block_desc_len(s->lu, s->long_lba))
		return scsi_bad_param(s->cmd, s->bd_pos == 8 ? 6 : 3, -1);
	if (!get(s, s->bd_pos, buf, bd_len))
		return RES_PARAM_LIST_LENGTH;
	spc_block_desc_get(s->lu, s->long_lba, buf, &s->bd);
	spc_block_desc_clip(s->lu, s->long_lba, &now);
	s->new_bd = (s->bd.blocks && s->bd.blocks != now.blocks) ||
		    s->bd.block_len != now.block_len || s->bd.density != now.density;
	if (!s->new_bd)
		return RES_GOOD;
	if (ops && ops->set_block_desc)
		return ops->set_block_desc(s->cmd, &s->bd, (uint16_t)s->bd_pos, false);
	if (s->bd.density != now.density)
		return scsi_bad_param(s->cmd, (uint16_t)s->bd_pos, -1);
	if (s->bd.blocks && s->bd.blocks != now.blocks)
		return scsi_bad_param(
		    s->cmd, (uint16_t)(s->bd_pos + (s->lu->dev->pdt == PDT_DISK ? 0 : 1)), -1);
	return scsi_bad_param(s->cmd, (uint16_t)(s->bd_pos + (bd_len == 16 ? 12 : 5)), -1);
}

static enum scsi_result specific(const struct select *s, bool apply)
{
	const struct spc_ops *ops = spc_lu(s->lu)->ops;

	if (!ops || !ops->set_device_specific)
		return RES_GOOD;
	return ops->set_device_specific(s->cmd, s->specific, (uint16_t)(s->bd_pos == 8 ? 3 : 2),
					apply);
}

/* SPC-4 7.5.5: MODE DATA LENGTH is reserved here; the device-specific byte is the type's, or ignored. */
static enum scsi_result check_header(struct select *s, bool ten)
{
	uint8_t h[8];
	uint32_t bd_len;

	if (!get(s, 0, h, ten ? 8 : 4))
		return RES_PARAM_LIST_LENGTH;
	if (h[ten ? 2 : 1]) /* MEDIUM TYPE */
		return scsi_bad_param(s->cmd, ten ? 2 : 1, -1);
	s->long_lba = ten && (h[4] & 0x01);
	bd_len = ten ? get_be16(h + 6) : h[3];
	s->bd_pos = ten ? 8 : 4;
	s->specific = h[ten ? 3 : 2];
	if (specific(s, false) != RES_GOOD)
		return RES_INVALID_FIELD_PARAM;
	s->pos = s->bd_pos + bd_len;
	if (s->pos > s->len)
		return RES_PARAM_LIST_LENGTH;
	return check_block_desc(s, bd_len);
}

/* Bits that can't be changed must be as they are. */
static enum scsi_result check_params(struct select *s, const struct mode_page *page,
				     const uint8_t *p, uint32_t off)
{
	uint8_t *work = spc_mode_work(s->lu, page);

	for (unsigned int i = 0; i < page->len; i++) {
		unsigned int diff =
		    (unsigned int)(p[i] ^ work[i]) & (uint8_t)~spc_mode_mask(page, i);

		if (diff)
			return scsi_bad_param(s->cmd, (uint16_t)(off + i),
					      31 - __builtin_clz(diff));
	}
	memcpy(work, p, page->len);
	return RES_GOOD;
}

/* One page at s->pos: SPC-4 7.5.7. PS is reserved in MODE SELECT. */
static enum scsi_result check_page(struct select *s)
{
	const struct mode_page *page;
	uint8_t h[4], params[255];
	uint32_t len, head;
	bool spf;

	if (!get(s, s->pos, h, 2))
		return RES_PARAM_LIST_LENGTH;
	spf = h[0] & 0x40;
	head = spf ? 4 : 2;
	if (spf && !get(s, s->pos, h, 4))
		return RES_PARAM_LIST_LENGTH;
	len = spf ? get_be16(h + 2) : h[1];
	page = spc_mode_find(s->lu, h[0] & 0x3f, spf ? h[1] : 0);
	if (!page)
		return scsi_bad_param(s->cmd, (uint16_t)s->pos, 5);
	if (spf != (page->subpage != 0))
		return scsi_bad_param(s->cmd, (uint16_t)s->pos, 6);
	if (len != page->len)
		return scsi_bad_param(s->cmd, (uint16_t)(s->pos + (spf ? 2 : 1)), -1);
	if (!get(s, s->pos + head, params, len))
		return RES_PARAM_LIST_LENGTH;
	s->pos += head + len;
	return check_params(s, page, params, s->pos - len);
}

static enum scsi_result check_list(struct select *s, bool ten)
{
	enum scsi_result r = check_header(s, ten);

	/* PF 0: pages in a format that only their vendor knows. */
	if (r == RES_GOOD && s->pos < s->len && !(s->cmd->cdb[1] & 0x10))
		return scsi_bad_cdb(s->cmd, 1, 4);
	while (r == RES_GOOD && s->pos < s->len)
		r = check_page(s);
	return r;
}

static enum scsi_result apply(struct select *s)
{
	enum scsi_result r = RES_GOOD;
	bool changed = s->new_bd;

	if (s->new_bd)
		r = spc_lu(s->lu)->ops->set_block_desc(s->cmd, &s->bd, (uint16_t)s->bd_pos, true);
	if (r != RES_GOOD)
		return r;
	specific(s, true);
	changed |= spc_mode_work_apply(s->lu);
	if (changed)
		ua_raise_lu(s->lu, UA_MODE_CHANGED, s->cmd->nexus);
	return RES_GOOD;
}

/* SP without a place to save to. */
enum scsi_result spc_mode_select_check(struct scsi_cmd *cmd)
{
	return cmd->cdb[1] & SP && !lu_keep_possible(cmd->lu) ? scsi_bad_cdb(cmd, 1, 0) : RES_GOOD;
}

/* They are on disk, and take effect: the list was checked, and is checked again with what is now. */
static void saved(void *arg, int err)
{
	struct scsi_cmd *cmd = arg;
	struct select s = { .cmd = cmd, .lu = cmd->lu, .len = (uint32_t)cmd->out_cdb };
	enum scsi_result r = err ? RES_HW_INTERNAL : RES_GOOD;

	if (r == RES_GOOD && s.len) {
		spc_mode_work_begin(s.lu);
		r = check_list(&s, cmd->op->cdb_len == 10);
		if (r == RES_GOOD)
			r = apply(&s);
	}
	scsi_cmd_complete(cmd, r);
}

/* SPC-5 6.11: all pages that can be saved are, also those that are not in the list. */
static enum scsi_result save(struct select *s)
{
	if (spc_mode_save(s->lu, spc_lu(s->lu)->modes.work, saved, s->cmd))
		return RES_BUSY;
	return RES_PENDING;
}

static enum scsi_result mode_select(struct scsi_cmd *cmd, bool ten)
{
	struct select s = { .cmd = cmd, .lu = cmd->lu, .len = (uint32_t)cmd->out_cdb };
	enum scsi_result r;

	spc_mode_work_begin(s.lu);
	r = s.len ? check_list(&s, ten) : RES_GOOD;
	if (r != RES_GOOD)
		return r;
	if (cmd->cdb[1] & SP)
		return save(&s);
	return s.len ? apply(&s) : RES_GOOD;
}

enum scsi_result spc_mode_select6(struct scsi_cmd *cmd)
{
	return mode_select(cmd, false);
}

enum scsi_result spc_mode_select10(struct scsi_cmd *cmd)
{
	return mode_select(cmd, true);
}
