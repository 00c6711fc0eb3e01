/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ ATTRIBUTE and WRITE ATTRIBUTE (SPC-4 6.26, 6.49): the medium auxiliary memory. What the
 * drive knows is computed, what hosts write is kept in the image.
 */
#include <errno.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev/ssc.h"

#define MEGABYTE 1000000U
#define VALUE_MAX 0x1000U

enum { BINARY, ASCII, TEXT };
enum { SA_VALUES, SA_LIST, SA_VOLUMES, SA_PARTITIONS, SA_SUPPORTED = 5 };

/* SPC-4 7.4.2: attributes by identifier */
struct attribute {
	uint16_t id;
	uint8_t format;
	uint16_t len; /* of hosts' attributes: at most */
	bool host;    /* WRITE ATTRIBUTE may write it */
	/* NULL: what the image keeps. Else the value into @buf; its length. */
	uint16_t (*value)(const struct lu *lu, unsigned int part, uint8_t *buf);
};

static const struct tape_image *image(const struct lu *lu)
{
	return to_ssc(lu)->image;
}

static uint16_t number(uint8_t *buf, uint16_t len, uint64_t v)
{
	for (int i = len - 1; i >= 0; i--, v >>= 8)
		buf[i] = (uint8_t)v;
	return len;
}

static uint16_t text(uint8_t *buf, uint16_t len, const char *s)
{
	size_t n = strlen(s);

	memset(buf, ' ', len);
	memcpy(buf, s, n < len ? n : len);
	return len;
}

static uint64_t kept(const struct lu *lu, uint16_t id)
{
	const struct tape_mam *m = &image(lu)->mam;
	const struct tape_attr *a = tape_mam_find(m, id);

	return a && a->len == 8 ? get_be64(m->data + a->at) : 0;
}

static uint16_t remaining(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	return number(buf, 8, tape_free(image(lu), part) / MEGABYTE);
}

static uint16_t maximum(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	return number(buf, 8, image(lu)->sb.part[part].len / MEGABYTE);
}

static uint16_t alerts(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	uint64_t flags = to_ssc(lu)->alerts, v = 0;

	(void)part;
	for (int i = 0; i < 64; i++) /* flag 1 is the most significant bit */
		v |= (flags >> i & 1) << (63 - i);
	return number(buf, 8, v);
}

static uint16_t load_count(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 8, kept(lu, 0x0003));
}

static uint16_t mam_space(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 8, sizeof(image(lu)->mam.data) - image(lu)->mam.used);
}

static uint16_t organization(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)lu;
	(void)part;
	return text(buf, 8, "LTO-CVE");
}

static uint16_t density(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 1, image(lu)->sb.density);
}

/* Changes whenever the volume's contents may have (SPC-4 7.4.2.2.9). */
static uint16_t volume_change(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 4, image(lu)->sb.gen & UINT32_MAX);
}

static uint16_t life_written(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 8, (kept(lu, 0x0220) + to_ssc(lu)->written) / MEGABYTE);
}

static uint16_t life_read(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 8, (kept(lu, 0x0221) + to_ssc(lu)->read) / MEGABYTE);
}

static uint16_t load_written(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 8, to_ssc(lu)->written / MEGABYTE);
}

static uint16_t load_read(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 8, to_ssc(lu)->read / MEGABYTE);
}

static uint16_t manufacturer(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return text(buf, 8, lu->id.vendor);
}

static uint16_t medium_serial(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	static const char hex[] = "0123456789ABCDEF";
	uint64_t id = image(lu)->sb.id;

	(void)part;
	memset(buf, ' ', 32);
	for (int i = 0; i < 16; i++)
		buf[i] = (uint8_t)hex[id >> (60 - 4 * i) & 15];
	return 32;
}

static uint16_t mam_capacity(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 8, sizeof(image(lu)->mam.data));
}

/* 00h data, 80h WORM */
static uint16_t medium_type(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	(void)part;
	return number(buf, 1, image(lu)->sb.flags & TAPE_WORM ? 0x80 : 0);
}

/* The label on the cartridge, unless a host has written another here. */
static uint16_t barcode(const struct lu *lu, unsigned int part, uint8_t *buf)
{
	const struct tape_mam *m = &image(lu)->mam;
	const struct tape_attr *a = tape_mam_find(m, 0x0806);

	(void)part;
	if (!a)
		return image(lu)->sb.barcode[0] ? text(buf, 32, image(lu)->sb.barcode) : 0;
	memcpy(buf, m->data + a->at, a->len);
	return a->len;
}

static const struct attribute attributes[] = {
	{ 0x0000, BINARY, 8, false, remaining },
	{ 0x0001, BINARY, 8, false, maximum },
	{ 0x0002, BINARY, 8, false, alerts },
	{ 0x0003, BINARY, 8, false, load_count },
	{ 0x0004, BINARY, 8, false, mam_space },
	{ 0x0005, ASCII, 8, false, organization },
	{ 0x0006, BINARY, 1, false, density },
	{ 0x0009, BINARY, 4, false, volume_change },
	{ 0x0220, BINARY, 8, false, life_written },
	{ 0x0221, BINARY, 8, false, life_read },
	{ 0x0222, BINARY, 8, false, load_written },
	{ 0x0223, BINARY, 8, false, load_read },
	{ 0x0400, ASCII, 8, false, manufacturer },
	{ 0x0401, ASCII, 32, false, medium_serial },
	{ 0x0404, ASCII, 8, false, organization },
	{ 0x0405, BINARY, 1, false, density },
	{ 0x0407, BINARY, 8, false, mam_capacity },
	{ 0x0408, BINARY, 1, false, medium_type },
	{ 0x0800, ASCII, 8, true, NULL },   /* APPLICATION VENDOR */
	{ 0x0801, ASCII, 32, true, NULL },  /* APPLICATION NAME */
	{ 0x0802, ASCII, 8, true, NULL },   /* APPLICATION VERSION */
	{ 0x0803, TEXT, 160, true, NULL },  /* USER MEDIUM TEXT LABEL */
	{ 0x0804, ASCII, 12, true, NULL },  /* DATE AND TIME LAST WRITTEN */
	{ 0x0805, BINARY, 1, true, NULL },  /* TEXT LOCALIZATION IDENTIFIER */
	{ 0x0806, ASCII, 32, true, barcode },
	{ 0x0807, TEXT, 80, true, NULL },   /* OWNING HOST TEXTUAL NAME */
	{ 0x0808, TEXT, 160, true, NULL },  /* MEDIA POOL */
	{ 0x080b, ASCII, 16, true, NULL },  /* APPLICATION FORMAT VERSION */
	{ 0x080c, BINARY, 1023, true, NULL }, /* VOLUME COHERENCY INFORMATION */
	{ 0x0820, BINARY, 36, true, NULL }, /* MEDIUM GLOBALLY UNIQUE IDENTIFIER */
	{ 0x0821, BINARY, 36, true, NULL }, /* MEDIA POOL GLOBALLY UNIQUE IDENTIFIER */
};

static const struct attribute *find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (attributes[i].id == id)
			return &attributes[i];
	return NULL;
}

/* A coherency attribute is of a partition: those behind the first are kept beside the first's. */
static uint16_t kept_id(const struct attribute *a, unsigned int part)
{
	return a->id == 0x080c ? (uint16_t)(0xf000 + part) : a->id;
}

static uint16_t value(const struct lu *lu, const struct attribute *a, unsigned int part,
		      uint8_t *buf)
{
	const struct tape_mam *m = &image(lu)->mam;
	const struct tape_attr *k;

	if (a->value)
		return a->value(lu, part, buf);
	k = tape_mam_find(m, kept_id(a, part));
	if (!k)
		return 0;
	memcpy(buf, m->data + k->at, k->len);
	return k->len;
}

/* --- what the image keeps of a load --------------------------------------------------------------- */

static void keep(struct ssc *ssc, uint16_t id, uint64_t v)
{
	uint8_t buf[8];

	put_be64(buf, v);
	/* Without room only the count is lost. */
	(void)tape_mam_set(&ssc->image->mam, id, BINARY, buf, 8);
}

void ssc_mam_loaded(struct ssc *ssc)
{
	keep(ssc, 0x0003, kept(ssc->lu, 0x0003) + 1);
}

void ssc_mam_count(struct ssc *ssc)
{
	keep(ssc, 0x0220, kept(ssc->lu, 0x0220) + ssc->written);
	keep(ssc, 0x0221, kept(ssc->lu, 0x0221) + ssc->read);
	ssc->written = ssc->read = 0;
}

/* --- READ ATTRIBUTE ------------------------------------------------------------------------------- */

/* One medium, one logical volume. */
static enum scsi_result check_part(struct scsi_cmd *cmd)
{
	if (cmd->cdb[5])
		return scsi_bad_cdb(cmd, 5, -1);
	return cmd->cdb[7] < image(cmd->lu)->sb.n_parts ? RES_GOOD : scsi_bad_cdb(cmd, 7, -1);
}

/* SPC-4 7.4.1: identifier, read only and format, length, value */
static uint32_t attribute_put(const struct lu *lu, const struct attribute *a, unsigned int part,
			      uint8_t *p)
{
	uint16_t len = value(lu, a, part, p + 5);

	if (!len)
		return 0;
	put_be16(p, a->id);
	p[2] = (uint8_t)((a->host ? 0 : 0x80) | a->format);
	put_be16(p + 3, len);
	return 5U + len;
}

static uint32_t values(const struct scsi_cmd *cmd, uint8_t *buf)
{
	uint16_t first = get_be16(cmd->cdb + 8);
	uint32_t len = 4;

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (attributes[i].id >= first)
			len += attribute_put(cmd->lu, &attributes[i], cmd->cdb[7], buf + len);
	return len;
}

static uint32_t list(const struct scsi_cmd *cmd, uint8_t *buf, bool supported)
{
	uint8_t scratch[VALUE_MAX];
	uint32_t len = 4;

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		const struct attribute *a = &attributes[i];

		if (a->id < get_be16(cmd->cdb + 8) ||
		    (!supported && !value(cmd->lu, a, cmd->cdb[7], scratch)))
			continue;
		put_be16(buf + len, a->id);
		len += 2;
	}
	return len;
}

static enum scsi_result read_begin(struct scsi_cmd *cmd)
{
	enum scsi_result r = check_part(cmd);
	uint8_t *buf;
	uint32_t len;

	if (r == RES_GOOD)
		r = dev_buf_get(cmd, 16 * VALUE_MAX);
	if (r != RES_GOOD)
		return r;
	buf = cmd->dev_ptr;
	memset(buf, 0, 8);
	switch (cmd->cdb[1] & 0x1f) {
	case SA_VALUES: len = values(cmd, buf); break;
	case SA_LIST: len = list(cmd, buf, false); break;
	case SA_SUPPORTED: len = list(cmd, buf, true); break;
	default: /* first number, and how many: volumes and partitions, SPC-4 6.26.4, 6.26.5 */
		len = 4;
		buf[3] = (cmd->cdb[1] & 0x1f) == SA_VOLUMES ? 1 : image(cmd->lu)->sb.n_parts;
		put_be16(buf, 2);
		return scsi_cmd_reply(cmd, buf, len);
	}
	put_be32(buf, len - 4);
	return scsi_cmd_reply(cmd, buf, len);
}

static enum scsi_result read_attribute(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, read_begin);
}

/* --- WRITE ATTRIBUTE ------------------------------------------------------------------------------ */

static enum scsi_result write_one(struct scsi_cmd *cmd, struct tape_mam *m, uint32_t at,
				  uint16_t *len)
{
	uint8_t head[5], v[1024];
	const struct attribute *a;

	if (scsi_cmd_param(cmd, at, head, 5) != 5)
		return RES_PARAM_LIST_LENGTH;
	a = find(get_be16(head));
	*len = get_be16(head + 3);
	if (!a || !a->host)
		return scsi_bad_param(cmd, (uint16_t)at, -1);
	if ((head[2] & 0x03) != a->format)
		return scsi_bad_param(cmd, (uint16_t)(at + 2), 1);
	if (*len > a->len)
		return scsi_bad_param(cmd, (uint16_t)(at + 3), -1);
	if (scsi_cmd_param(cmd, at + 5, v, *len) != *len)
		return RES_PARAM_LIST_LENGTH;
	/* LENGTH 0 removes it. */
	return tape_mam_set(m, kept_id(a, cmd->cdb[7]), a->format, v, *len) ?
		       RES_INSUFFICIENT_RES : RES_GOOD;
}

static enum scsi_result write_saved(struct scsi_cmd *cmd, int err)
{
	return err ? ssc_fail(cmd, err) : RES_GOOD;
}

/* All or nothing: the list goes to a copy first. */
static enum scsi_result write_begin(struct scsi_cmd *cmd)
{
	struct tape_image *t = to_ssc(cmd->lu)->image;
	enum scsi_result r = check_part(cmd);
	uint32_t end = cmd->out_want, at = 4;
	struct tape_mam *m;
	uint16_t len = 0;

	if (r == RES_GOOD)
		r = dev_buf_get(cmd, sizeof(*m));
	if (r != RES_GOOD)
		return r;
	m = cmd->dev_ptr;
	*m = t->mam;
	for (; r == RES_GOOD && at < end; at += 5U + len)
		r = write_one(cmd, m, at, &len);
	if (r != RES_GOOD)
		return r;
	t->mam = *m;
	tape_mam_save(t, ssc_op_done, cmd);
	return ssc_wait(cmd, write_saved);
}

static enum scsi_result write_attribute(struct scsi_cmd *cmd)
{
	return cmd->out_want ? ssc_turn(cmd, write_begin) : RES_GOOD;
}

#define READ_ATTRIBUTE(service, text)                                                              \
	{ .op = 0x8c, .sa = (service), .name = "READ ATTRIBUTE, " text, .cdb_len = 16,             \
	  .dir = DATA_IN, .len = { 10, 4 }, .unit = LEN_ALLOC, .flags = OP_NEEDS_MEDIUM,           \
	  .usage = { 0x8c, (service), 0, 0, 0, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  \
		     0x01 },                                                                       \
	  .resv = RESV_ALLOWED, .run = read_attribute }

const struct opcode ssc_mam_rows[6] = {
	READ_ATTRIBUTE(SA_VALUES, "values"),
	READ_ATTRIBUTE(SA_LIST, "attribute list"),
	READ_ATTRIBUTE(SA_VOLUMES, "logical volume list"),
	READ_ATTRIBUTE(SA_PARTITIONS, "partition list"),
	READ_ATTRIBUTE(SA_SUPPORTED, "supported attributes"),
	{ .op = 0x8d, .sa = OP_NO_SA, .name = "WRITE ATTRIBUTE", .cdb_len = 16, .dir = DATA_OUT,
	  .len = { 10, 4 }, .unit = LEN_PARAM, .flags = OP_NEEDS_MEDIUM | OP_WRITES,
	  .usage = { 0x8d, 0x01, 0, 0, 0, 0xff, 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff },
	  .resv = RESV_WRITE, .run = write_attribute },
};
