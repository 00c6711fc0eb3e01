/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LOG SELECT (SPC-4 6.7): counters begin anew (PCR, or PC 11b without a list), are set, and saved (SP).
 * Thresholds are not compared, so they can only be set to what they are.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/spc_log.h"
#include "target/cmd.h"
#include "target/lu_keep.h"
#include "target/ua.h"

#define CDB_PCR 0x02

#define PAGE_SPF 0x40
#define PARAM_ETC 0x10

/* More than all counters of all pages need. */
#define LIST_MAX 4096U

static unsigned int pc_of(const struct scsi_cmd *cmd)
{
	return cmd->cdb[2] >> 6;
}

/* --- without a list */

static void page_restart(const struct lu *lu, const struct spc_log_page *p)
{
	for (const struct spc_log_counter *c = p->counters; c && c->value; c++)
		*spc_log_base(lu, p, c) = c->value(lu);
}

/* SPC-4 table 197: page and subpage 0 are all pages; subpage FFh, all of a page. */
static bool selected(const struct scsi_cmd *cmd, const struct spc_log_page *p)
{
	uint8_t page = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];

	if (!page && (!subpage || subpage == LOG_SUBPAGE_ALL))
		return true;
	return p->page == page && (p->subpage == subpage || subpage == LOG_SUBPAGE_ALL);
}

static enum scsi_result restart(struct scsi_cmd *cmd)
{
	const struct spc_log_page *p = spc_log_pages(cmd->lu);
	bool found = !(cmd->cdb[2] & 0x3f);

	for (; p->name; p++)
		found |= selected(cmd, p);
	if (!found)
		return scsi_bad_cdb(cmd, 2, 5);
	if (!(cmd->cdb[1] & CDB_PCR) && pc_of(cmd) != LOG_DEFAULT_CUMULATIVE)
		return RES_GOOD;
	for (p = spc_log_pages(cmd->lu); p->name; p++) {
		if (selected(cmd, p))
			page_restart(cmd->lu, p);
	}
	ua_raise_lu(cmd->lu, UA_LOG_CHANGED, cmd->nexus);
	return RES_GOOD;
}

/* --- with one */

struct list_in {
	struct scsi_cmd *cmd;
	const struct spc_log_page *page;
	uint8_t buf[LIST_MAX];
	uint32_t len;
	bool apply; /* the second time, when nothing is wrong with any of it */
};

static const struct spc_log_counter *counter_of(const struct spc_log_page *p, uint16_t code)
{
	for (const struct spc_log_counter *c = p->counters; c && c->value; c++) {
		if (c->code == code && !spc_log_is_list(p, c))
			return c;
	}
	return NULL;
}

static enum scsi_result set_counter(struct list_in *l, uint32_t at, const struct spc_log_counter *c)
{
	const uint8_t *p = l->buf + at;
	uint64_t v = c->len == 8 ? get_be64(p + 4) : get_be32(p + 4);
	const struct lu *lu = l->cmd->lu;

	if (pc_of(l->cmd) == LOG_THRESHOLD)
		return v == UINT64_MAX >> (64 - 8 * c->len)
			       ? RES_GOOD
			       : scsi_bad_param(l->cmd, (uint16_t)(at + 4), -1);
	if (l->apply)
		*spc_log_base(lu, l->page, c) = c->value(lu) - v;
	return RES_GOOD;
}

static enum scsi_result set_param(struct list_in *l, uint32_t at, uint32_t end, uint32_t *len)
{
	const uint8_t *p = l->buf + at;
	const struct spc_log_counter *c;

	if (end - at < 4 || end - at < 4U + p[3])
		return RES_PARAM_LIST_LENGTH;
	*len = 4U + p[3];
	c = counter_of(l->page, get_be16(p));
	if (!c)
		return scsi_bad_param(l->cmd, (uint16_t)at, -1);
	if (p[2] & PARAM_ETC)
		return scsi_bad_param(l->cmd, (uint16_t)(at + 2), 4);
	if (p[3] != c->len)
		return scsi_bad_param(l->cmd, (uint16_t)(at + 3), -1);
	return set_counter(l, at, c);
}

static enum scsi_result set_page(struct list_in *l, uint32_t at, uint32_t *len)
{
	const uint8_t *p = l->buf + at;
	enum scsi_result r = RES_GOOD;
	uint32_t end, n = 0;

	if (l->len - at < 4 || l->len - at - 4 < get_be16(p + 2))
		return RES_PARAM_LIST_LENGTH;
	*len = 4U + get_be16(p + 2);
	end = at + *len;
	l->page = spc_log_find(l->cmd->lu, p[0] & 0x3f, p[0] & PAGE_SPF ? p[1] : 0);
	if (!l->page)
		return scsi_bad_param(l->cmd, (uint16_t)at, 5);
	for (at += 4; at < end && r == RES_GOOD; at += n)
		r = set_param(l, at, end, &n);
	return r;
}

static enum scsi_result set_pages(struct list_in *l)
{
	enum scsi_result r = RES_GOOD;
	uint32_t n = 0;

	for (uint32_t at = 0; at < l->len && r == RES_GOOD; at += n)
		r = set_page(l, at, &n);
	return r;
}

static enum scsi_result select_list(struct scsi_cmd *cmd)
{
	struct list_in l = { .cmd = cmd, .len = (uint32_t)cmd->out_cdb };
	enum scsi_result r;

	if (scsi_cmd_param(cmd, 0, l.buf, l.len) != l.len)
		return RES_PARAM_LIST_LENGTH;
	r = set_pages(&l);
	if (r != RES_GOOD || pc_of(cmd) != LOG_CUMULATIVE)
		return r;
	l.apply = true;
	set_pages(&l);
	ua_raise_lu(cmd->lu, UA_LOG_CHANGED, cmd->nexus);
	return RES_GOOD;
}

static void saved(void *arg, int err)
{
	scsi_cmd_complete(arg, err ? RES_HW_INTERNAL : RES_GOOD);
}

enum scsi_result spc_log_select(struct scsi_cmd *cmd)
{
	enum scsi_result r = cmd->out_cdb ? select_list(cmd) : restart(cmd);

	return r == RES_GOOD && cmd->cdb[1] & LOG_SP ? spc_log_save(cmd, saved) : r;
}

/* SPC-4 6.7: a list names its pages itself, and only current values can be set. */
enum scsi_result spc_log_select_check(struct scsi_cmd *cmd)
{
	if (cmd->cdb[1] & LOG_SP && !lu_keep_possible(cmd->lu))
		return scsi_bad_cdb(cmd, 1, 0);
	if (!cmd->out_cdb)
		return RES_GOOD;
	if (cmd->cdb[1] & CDB_PCR)
		return scsi_bad_cdb(cmd, 1, 1);
	if (pc_of(cmd) > LOG_CUMULATIVE)
		return scsi_bad_cdb(cmd, 2, 7);
	if (cmd->cdb[2] & 0x3f)
		return scsi_bad_cdb(cmd, 2, 5);
	if (cmd->cdb[3])
		return scsi_bad_cdb(cmd, 3, -1);
	return cmd->out_cdb > LIST_MAX ? scsi_bad_cdb(cmd, 7, -1) : RES_GOOD;
}
