/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ ELEMENT STATUS, SEND VOLUME TAG and REQUEST VOLUME ELEMENT ADDRESS (SMC-3 6.10, 6.13, 6.12):
 * what is where, by address or by name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev/smc.h"
#include "target/target.h"

#define HEAD 8U
#define PAGE_HEAD 8U
#define TAG_BYTES 36U
#define IDENT_BYTES (8U + 16U + LU_ID_LEN) /* T10 vendor ID based: vendor, product, serial number */

/* What a report is made of, and which elements are in it. */
struct report {
	const struct smc *smc;
	const struct lu *lu;
	bool tags, dvcid;
	uint8_t type;
	uint16_t start;
	uint32_t number;
	bool (*wants)(const struct smc *smc, const struct smc_element *e);
};

static uint32_t descriptor_len(const struct report *r)
{
	return 12 + (r->tags ? TAG_BYTES : 0) + 4 + (r->dvcid ? IDENT_BYTES : 0);
}

static void put_text(uint8_t *p, size_t len, const char *text)
{
	size_t n = strlen(text);

	memset(p, ' ', len);
	memcpy(p, text, n < len ? n : len);
}

/* SMC-3 6.10.4 and following: FULL, ACCESS, and of doors what goes in and out */
static uint8_t flags(const struct smc *smc, const struct smc_element *e,
		     const struct smc_volume *v)
{
	const struct lu *drive = e->type == SMC_DRIVE ? smc_drive(smc, e) : NULL;
	uint8_t f = v != NULL;

	if (e->type == SMC_TRANSPORT)
		return f;
	if (e->type == SMC_IMPORT)
		f |= (uint8_t)(0x30 | (v && v->operator_put ? 0x02 : 0));
	if (!(drive && drive->online) && !(e->type == SMC_IMPORT && smc->open))
		f |= 0x08;
	return f;
}

/* Of a drive: who it is, as its own INQUIRY says (SPC-4 7.8.6.4). */
static uint8_t *put_ident(const struct report *r, const struct smc_element *e, uint8_t *p)
{
	const struct lu *drive = r->dvcid && e->type == SMC_DRIVE ? smc_drive(r->smc, e) : NULL;

	if (drive) {
		p[0] = 0x02;
		p[1] = 0x01;
		p[3] = IDENT_BYTES;
		put_text(p + 4, 8, drive->id.vendor);
		put_text(p + 12, 16, drive->id.product);
		put_text(p + 28, LU_ID_LEN, drive->id.scsi_sn);
	}
	return p + 4 + (r->dvcid ? IDENT_BYTES : 0);
}

static uint8_t *put_descriptor(const struct report *r, const struct smc_element *e, uint8_t *p)
{
	const struct smc_volume *v = smc_volume_at(r->smc, e->addr);

	memset(p, 0, descriptor_len(r));
	put_be16(p, e->addr);
	p[2] = flags(r->smc, e, v);
	if (e->type == SMC_DRIVE && e->has_lu && e->lun < 8 && e->tid == r->lu->target->tid)
		p[6] = (uint8_t)(0x10 | e->lun); /* LU VALID, for those who know of no more */
	if (v && v->moved) {
		p[9] = 0x80;
		put_be16(p + 10, v->source);
	}
	p += 12;
	if (r->tags) {
		if (v)
			put_text(p, SMC_TAG_LEN, v->tag);
		p += TAG_BYTES;
	}
	return put_ident(r, e, p);
}

static bool reported(const struct report *r, const struct smc_element *e)
{
	return e->addr >= r->start && (r->type == SMC_ALL || e->type == r->type) &&
	       (!r->wants || r->wants(r->smc, e));
}

/* One page per type, in the order of the types' first addresses; elements are by address. */
static uint8_t *put_page(struct report *r, uint8_t type, uint8_t *p, uint32_t *n, uint16_t *first)
{
	uint8_t *page = p;

	p += PAGE_HEAD;
	for (unsigned int i = 0; i < r->smc->n_elements && *n < r->number; i++) {
		const struct smc_element *e = &r->smc->elements[i];

		if (e->type != type || !reported(r, e))
			continue;
		if (!*n || e->addr < *first)
			*first = e->addr;
		p = put_descriptor(r, e, p);
		(*n)++;
	}
	if (p == page + PAGE_HEAD)
		return page;
	memset(page, 0, PAGE_HEAD);
	page[0] = type;
	page[1] = r->tags ? 0x80 : 0;
	put_be16(page + 2, (uint16_t)descriptor_len(r));
	put_be24(page + 5, (uint32_t)(p - page) - PAGE_HEAD);
	return p;
}

/* The length of all of it, into scratch memory; @action: of REQUEST VOLUME ELEMENT ADDRESS. */
static enum scsi_result answer(struct scsi_cmd *cmd, struct report *r, uint8_t action)
{
	uint32_t size = HEAD + SMC_TYPES * PAGE_HEAD + r->smc->n_elements * descriptor_len(r), n = 0;
	enum scsi_result res = dev_buf_get(cmd, size);
	uint16_t first = 0;
	uint8_t *buf, *p;

	if (res != RES_GOOD)
		return res;
	buf = cmd->dev_ptr;
	memset(buf, 0, HEAD);
	p = buf + HEAD;
	for (uint8_t type = 1; type < SMC_TYPES; type++)
		p = put_page(r, type, p, &n, &first);
	put_be16(buf, first);
	put_be16(buf + 2, (uint16_t)n);
	buf[4] = action;
	put_be24(buf + 5, (uint32_t)(p - buf) - HEAD);
	res = scsi_cmd_reply(cmd, buf, (uint32_t)(p - buf));
	return dev_step_end(cmd, res);
}

/* --- READ ELEMENT STATUS -------------------------------------------------------------------------- */

static struct report report_of(const struct scsi_cmd *cmd)
{
	return (struct report){
		.smc = to_smc(cmd->lu),
		.lu = cmd->lu,
		.tags = cmd->cdb[1] & 0x10,
		.type = cmd->cdb[1] & 0x0f,
		.start = get_be16(cmd->cdb + 2),
		.number = get_be16(cmd->cdb + 4),
	};
}

static enum scsi_result read_status(struct scsi_cmd *cmd)
{
	struct report r = report_of(cmd);

	r.dvcid = cmd->cdb[6] & 0x01;
	return answer(cmd, &r, 0);
}

static enum scsi_result type_check(struct scsi_cmd *cmd)
{
	return (cmd->cdb[1] & 0x0f) >= SMC_TYPES ? scsi_bad_cdb(cmd, 1, 3) : RES_GOOD;
}

/* --- volume tags ---------------------------------------------------------------------------------- */

enum { TAG_SEARCH, TAG_SEARCH_PRIMARY, TAG_SEARCH_ALTERNATE, TAG_ASSERT = 8, TAG_REPLACE = 0xa,
       TAG_UNDEFINE = 0xc };

/* SMC-3 6.13: * any number of characters, ? one. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '?' || (*pattern == *text && *pattern != '*')) {
			pattern++;
			text++;
		} else if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool wanted(const struct smc *smc, const struct smc_element *e)
{
	const struct smc_volume *v = smc_volume_at(smc, e->addr);

	return v && v->tag[0] && matches(smc->template, v->tag);
}

/* The template, or tag, without the spaces behind it. */
static enum scsi_result take_template(struct scsi_cmd *cmd, char text[SMC_TAG_LEN + 1])
{
	size_t n = SMC_TAG_LEN;

	memset(text, 0, SMC_TAG_LEN + 1);
	if (cmd->out_want < 40 || scsi_cmd_param(cmd, 0, text, SMC_TAG_LEN) != SMC_TAG_LEN)
		return RES_PARAM_LIST_LENGTH;
	while (n && (text[n - 1] == ' ' || !text[n - 1]))
		text[--n] = 0;
	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			return scsi_bad_param(cmd, (uint16_t)i, -1);
	return RES_GOOD;
}

static enum scsi_result change_tag(struct scsi_cmd *cmd, const char *tag)
{
	struct smc *smc = to_smc(cmd->lu);
	uint16_t addr = get_be16(cmd->cdb + 2);
	struct smc_volume *v = smc_volume_at(smc, addr);
	unsigned int action = cmd->cdb[5] & 0x1f;

	if (!smc_element(smc, addr))
		return RES_ELEMENT_ADDRESS;
	if (!v)
		return RES_SOURCE_EMPTY;
	if (action == TAG_ASSERT && v->tag[0])
		return scsi_bad_cdb(cmd, 5, 4);
	memset(v->tag, 0, sizeof(v->tag));
	if (action != TAG_UNDEFINE)
		memcpy(v->tag, tag, strlen(tag));
	smc_keep(smc, NULL);
	return RES_GOOD;
}

static enum scsi_result send_tag(struct scsi_cmd *cmd)
{
	struct smc *smc = to_smc(cmd->lu);
	unsigned int action = cmd->cdb[5] & 0x1f;
	char text[SMC_TAG_LEN + 1] = "";
	enum scsi_result r = action == TAG_UNDEFINE ? RES_GOOD : take_template(cmd, text);

	if (r != RES_GOOD)
		return r;
	if (action > TAG_SEARCH_ALTERNATE)
		return change_tag(cmd, text);
	smc->search = (uint8_t)action;
	smc->search_type = cmd->cdb[1] & 0x0f;
	smc->search_from = get_be16(cmd->cdb + 2);
	memcpy(smc->template, text, sizeof(text));
	return RES_GOOD;
}

static enum scsi_result send_tag_check(struct scsi_cmd *cmd)
{
	switch (cmd->cdb[5] & 0x1f) {
	case TAG_SEARCH:
	case TAG_SEARCH_PRIMARY:
	case TAG_SEARCH_ALTERNATE:
	case TAG_ASSERT:
	case TAG_REPLACE:
	case TAG_UNDEFINE:
		return type_check(cmd);
	}
	return scsi_bad_cdb(cmd, 5, 4); /* there are no alternate tags */
}

/* SMC-3 6.12: what the last search found, of those from the address on. */
static enum scsi_result request_address(struct scsi_cmd *cmd)
{
	const struct smc *smc = to_smc(cmd->lu);
	struct report r = report_of(cmd);

	if (smc->search_type)
		r.type = smc->search_type;
	if (smc->search_from > r.start)
		r.start = smc->search_from;
	r.wants = wanted;
	if (smc->search == TAG_SEARCH_ALTERNATE || !smc->template[0])
		r.number = 0;
	return answer(cmd, &r, smc->search);
}

const struct opcode smc_status_rows[3] = {
	{ .op = 0xb5, .sa = OP_NO_SA, .name = "REQUEST VOLUME ELEMENT ADDRESS", .cdb_len = 12,
	  .dir = DATA_IN, .len = { 7, 3 }, .unit = LEN_ALLOC, .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0xb5, 0x1f, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff }, .resv = RESV_WRITE,
	  .check = type_check, .run = request_address },
	{ .op = 0xb6, .sa = OP_NO_SA, .name = "SEND VOLUME TAG", .cdb_len = 12, .dir = DATA_OUT,
	  .len = { 8, 2 }, .unit = LEN_PARAM, .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0xb6, 0x0f, 0xff, 0xff, 0, 0x1f, 0, 0, 0xff, 0xff }, .resv = RESV_WRITE,
	  .check = send_tag_check, .run = send_tag },
	{ .op = 0xb8, .sa = OP_NO_SA, .name = "READ ELEMENT STATUS", .cdb_len = 12, .dir = DATA_IN,
	  .len = { 7, 3 }, .unit = LEN_ALLOC, .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0xb8, 0x1f, 0xff, 0xff, 0xff, 0xff, 0x03, 0xff, 0xff, 0xff },
	  .resv = RESV_ALLOWED_PR, .check = type_check, .run = read_status },
};
