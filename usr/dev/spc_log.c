/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LOG SENSE (SPC-4 6.8): the pages of the device type's table with their counters, and the lists of
 * pages. LOG SELECT is in spc_log_select.c.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "dev/spc_log.h"
#include "target/cmd.h"
#include "target/lu_keep.h"

#define NO_TEMPERATURE 0xff

/* Parameter control byte (SPC-4 7.3.2.2): TSD, saved is only when SP asks for it; FORMAT AND LINKING */
#define TSD 0x20
enum { FORMAT_COUNTER = 0x02, FORMAT_LIST = 0x03 };

static uint8_t *put_param(uint8_t *p, uint16_t code, uint8_t format, uint8_t len)
{
	memset(p, 0, 4 + (size_t)len);
	put_be16(p, code);
	p[2] = TSD | format;
	p[3] = len;
	return p + 4;
}

uint8_t *spc_log_param(uint8_t *p, uint16_t code, uint8_t len)
{
	return put_param(p, code, FORMAT_LIST, len);
}

/* 0Dh, SPC-4 7.3.21 */
uint32_t spc_log_temperature(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	(void)lu;
	if (max < 6)
		return 0;
	spc_log_param(buf, 0x0000, 2)[1] = NO_TEMPERATURE;
	return 6;
}

/* 2Fh, SPC-4 7.3.7: ASC and ASCQ 0, no failure is predicted */
uint32_t spc_log_exceptions(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	(void)lu;
	if (max < 8)
		return 0;
	spc_log_param(buf, 0x0000, 4)[2] = NO_TEMPERATURE;
	return 8;
}

const struct spc_log_page *spc_log_pages(const struct lu *lu)
{
	static const struct spc_log_page none[] = { SPC_LOG_END };
	const struct spc_lu *s = spc_lu(lu);

	return s->ops && s->ops->logs ? s->ops->logs : none;
}

static bool page_enabled(const struct lu *lu, const struct spc_log_page *p)
{
	return !p->enabled || p->enabled(lu);
}

const struct spc_log_page *spc_log_find(const struct lu *lu, uint8_t page, uint8_t subpage)
{
	for (const struct spc_log_page *p = spc_log_pages(lu); p->name; p++) {
		if (p->page == page && p->subpage == subpage && page_enabled(lu, p))
			return p;
	}
	return NULL;
}

/* --- counters */

uint64_t *spc_log_base(const struct lu *lu, const struct spc_log_page *page,
		       const struct spc_log_counter *c)
{
	size_t at = (size_t)(c - page->counters);

	for (const struct spc_log_page *p = spc_log_pages(lu); p != page; p++) {
		for (const struct spc_log_counter *o = p->counters; o && o->value; o++)
			at++;
	}
	assert(at < SPC_LOG_COUNTERS_MAX);
	return &spc_lu(lu)->log_base[at];
}

bool spc_log_is_list(const struct spc_log_page *p, const struct spc_log_counter *c)
{
	return (c[1].value && c[1].code == c->code) || (c > p->counters && c[-1].code == c->code);
}

/* Thresholds are the largest value there is: no comparison is made (ETC is 0). */
static uint64_t counter_value(const struct lu *lu, const struct spc_log_page *page,
			      const struct spc_log_counter *c, unsigned int pc)
{
	if (pc == LOG_CUMULATIVE)
		return c->value(lu) - *spc_log_base(lu, page, c);
	if (pc == LOG_DEFAULT_CUMULATIVE)
		return 0;
	return spc_log_is_list(page, c) ? c->value(lu) - *spc_log_base(lu, page, c) : UINT64_MAX;
}

static uint32_t put_counters(const struct lu *lu, const struct spc_log_page *page,
			     unsigned int pc, uint8_t *buf, uint32_t max)
{
	const struct spc_log_counter *c = page->counters;
	uint32_t len = 0;
	uint8_t *param = NULL;

	for (; c && c->value && len + 4 + c->len <= max; c++) {
		uint64_t v = counter_value(lu, page, c, pc);

		if (c == page->counters || c[-1].code != c->code) {
			param = buf + len;
			put_param(param, c->code,
				  spc_log_is_list(page, c) ? FORMAT_LIST : FORMAT_COUNTER, 0);
			len += 4;
		}
		if (c->len == 8)
			put_be64(buf + len, v);
		else
			put_be32(buf + len, (uint32_t)min_u64(v, UINT32_MAX));
		param[3] = (uint8_t)(param[3] + c->len);
		len += c->len;
	}
	return len;
}

/* --- what is kept: all counters, in order */

#define KEPT_AS "log-counters"

static uint32_t all_counters(const struct lu *lu, uint8_t *buf, const uint8_t *kept)
{
	uint32_t n = 0;

	for (const struct spc_log_page *p = spc_log_pages(lu); p->name; p++) {
		for (const struct spc_log_counter *c = p->counters; c && c->value; c++, n += 8) {
			uint64_t *base = spc_log_base(lu, p, c);

			if (kept)
				*base = c->value(lu) - get_be64(kept + n);
			else if (buf)
				put_be64(buf + n, c->value(lu) - *base);
		}
	}
	return n;
}

enum scsi_result spc_log_save(struct scsi_cmd *cmd, void (*done)(void *cmd, int err))
{
	uint8_t buf[8 * SPC_LOG_COUNTERS_MAX];
	uint32_t len = all_counters(cmd->lu, buf, NULL);

	if (!len || !lu_keep_possible(cmd->lu))
		return scsi_bad_cdb(cmd, 1, 0);
	return lu_keep_set(cmd->lu, KEPT_AS, buf, len, done, cmd) ? RES_BUSY : RES_PENDING;
}

void spc_log_resume(struct lu *lu)
{
	uint32_t len;
	const uint8_t *kept = lu_keep_get(lu, KEPT_AS, &len);

	if (kept && len == all_counters(lu, NULL, NULL))
		all_counters(lu, NULL, kept);
}

/* --- LOG SENSE */

/* 00h (SPC-4 7.3.16): codes of pages. 00h/FFh (7.3.17): codes of pages and subpages. */
static uint32_t list_pages(const struct lu *lu, bool subpages, uint8_t *buf, uint32_t max)
{
	uint32_t len = 0;

	buf[len++] = 0x00;
	if (subpages) {
		buf[len++] = 0x00;
		buf[len++] = 0x00;
		buf[len++] = LOG_SUBPAGE_ALL;
	}
	for (const struct spc_log_page *p = spc_log_pages(lu); p->name && len + 2 <= max; p++) {
		if ((!subpages && p->subpage) || !page_enabled(lu, p))
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

static uint32_t page_build(const struct lu *lu, const struct spc_log_page *p, unsigned int pc,
			   uint8_t *buf, uint32_t max)
{
	uint32_t len = put_counters(lu, p, pc, buf, max);

	return len + (p->build ? p->build(lu, buf + len, max - len) : 0);
}

/* The answer, of a page that is prepared; @p NULL: the lists. */
static enum scsi_result page_reply(struct scsi_cmd *cmd, const struct spc_log_page *p)
{
	uint8_t page = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];
	uint8_t buf[2048] = { (uint8_t)(page | (subpage ? 0x40 : 0)), subpage };
	uint32_t len;

	if (!p) {
		len = list_pages(cmd->lu, subpage != 0, buf + 4, sizeof(buf) - 4);
	} else {
		len = page_build(cmd->lu, p, cmd->cdb[2] >> 6, buf + 4, sizeof(buf) - 4);
		if (!skip_params(buf + 4, &len, get_be16(cmd->cdb + 5)))
			return scsi_bad_cdb(cmd, 5, -1);
	}
	put_be16(buf + 2, (uint16_t)len);
	return scsi_cmd_reply(cmd, buf, 4 + len);
}

void spc_log_prepared(struct scsi_cmd *cmd)
{
	const struct spc_log_page *p = spc_log_find(cmd->lu, cmd->cdb[2] & 0x3f, cmd->cdb[3]);

	scsi_cmd_complete(cmd, p ? page_reply(cmd, p) : scsi_bad_cdb(cmd, 2, 5));
}

/* What is asked for, when all that has to be done before is done. */
static enum scsi_result page_tell(struct scsi_cmd *cmd)
{
	uint8_t page = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];
	const struct spc_log_page *p = spc_log_find(cmd->lu, page, subpage);
	enum scsi_result r = RES_GOOD;

	if (page == 0x00 && (subpage == 0 || subpage == LOG_SUBPAGE_ALL))
		return get_be16(cmd->cdb + 5) ? scsi_bad_cdb(cmd, 5, -1) : page_reply(cmd, NULL);
	if (!p)
		return spc_log_find(cmd->lu, page, 0) ? scsi_bad_cdb(cmd, 3, -1)
						      : scsi_bad_cdb(cmd, 2, 5);
	if (p->prepare)
		r = p->prepare(cmd);
	return r == RES_GOOD ? page_reply(cmd, p) : r;
}

static void saved(void *arg, int err)
{
	struct scsi_cmd *cmd = arg;
	enum scsi_result r = err ? RES_HW_INTERNAL : page_tell(cmd);

	if (r != RES_PENDING)
		scsi_cmd_complete(cmd, r);
}

static enum scsi_result log_sense(struct scsi_cmd *cmd)
{
	return cmd->cdb[1] & LOG_SP ? spc_log_save(cmd, saved) : page_tell(cmd);
}

const struct opcode spc_log_rows[2] = {
	{ .op = 0x4c, .sa = OP_NO_SA, .name = "LOG SELECT", .cdb_len = 10, .dir = DATA_OUT,
	  .len = { 7, 2 }, .unit = LEN_PARAM,
	  .usage = { 0x4c, 0x03, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0 }, .flags = OP_STANDBY_OK,
	  .resv = RESV_WRITE,
	  .check = spc_log_select_check, .run = spc_log_select },
	{ .op = 0x4d, .sa = OP_NO_SA, .name = "LOG SENSE", .cdb_len = 10, .dir = DATA_IN,
	  .len = { 7, 2 }, .unit = LEN_ALLOC,
	  .usage = { 0x4d, 0x01, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0 },
	  .flags = OP_STANDBY_OK | OP_FORMATTING_OK, .resv = RESV_ALLOWED, .run = log_sense },
};
