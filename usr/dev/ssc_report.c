/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations of drives and media, and what the drive tells of itself: READ BLOCK LIMITS, REPORT
 * DENSITY SUPPORT (SSC-4 7.5, 7.8), READ POSITION (SSC-4 7.7).
 */
#include "base/bytes.h"
#include "dev/ssc.h"

#define DENSITY_DESC 52U
#define MEDIA_WIDTH 127 /* tenths of a millimetre */

/* Oldest first: what a drive can do with older media is a distance in this table. */
static const struct ssc_generation generations[] = {
	{ "lto5", "ULTRIUM-TD5", 0x58, 2, 1, 15142, 1280, 1500000, "Ultrium 5/16T" },
	{ "lto6", "ULTRIUM-TD6", 0x5a, 2, 1, 15143, 2176, 2500000, "Ultrium 6/16T" },
	{ "lto7", "ULTRIUM-TD7", 0x5c, 2, 1, 19107, 3584, 6000000, "Ultrium 7/32T" },
	{ "lto8", "ULTRIUM-TD8", 0x5e, 1, 1, 20668, 6656, 12000000, "Ultrium 8/32T" },
	{ "lto9", "ULTRIUM-TD9", 0x60, 1, 1, 21650, 8960, 18000000, "Ultrium 9/32T" },
};

const struct ssc_generation *ssc_generation_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(generations); i++)
		if (!strcmp(generations[i].name, name))
			return &generations[i];
	return NULL;
}

const struct ssc_generation *ssc_generation_of(uint8_t density)
{
	for (size_t i = 0; i < ARRAY_SIZE(generations); i++)
		if (generations[i].density == density)
			return &generations[i];
	return NULL;
}

static bool does(const struct ssc_generation *drive, const struct ssc_generation *medium,
		 uint8_t back)
{
	return !drive || (medium && medium <= drive && drive - medium <= back);
}

enum scsi_result ssc_medium_check(const struct ssc *ssc, const struct tape_sb *sb,
				  enum scsi_result *protect)
{
	const struct ssc_generation *drive = ssc->drive, *medium = ssc_generation_of(sb->density);

	*protect = RES_GOOD;
	if (sb->flags & TAPE_CLEANING)
		return RES_NR_CLEANING;
	if (drive && !does(drive, medium, drive->reads))
		return RES_ME_INCOMPATIBLE;
	if (drive && !does(drive, medium, drive->writes))
		*protect = RES_CANNOT_WRITE_FORMAT;
	else if (sb->flags & TAPE_WRITE_PROTECTED)
		*protect = RES_WRITE_PROTECTED;
	return RES_GOOD;
}

/* --- READ BLOCK LIMITS ---------------------------------------------------------------------------- */

static uint64_t limits_len(const struct scsi_cmd *cmd)
{
	(void)cmd;
	return 6;
}

static enum scsi_result block_limits(struct scsi_cmd *cmd)
{
	uint8_t buf[6] = { 0 };

	put_be24(buf + 1, TAPE_BLOCK_MAX);
	put_be16(buf + 4, 1);
	return scsi_cmd_reply(cmd, buf, sizeof(buf));
}

/* --- REPORT DENSITY SUPPORT ----------------------------------------------------------------------- */

static void density_put(const struct ssc *ssc, const struct ssc_generation *g, bool dflt,
			uint8_t *d)
{
	bool writes = !ssc->drive || does(ssc->drive, g, ssc->drive->writes);

	d[0] = d[1] = g->density;
	d[2] = (uint8_t)((writes ? 0x80 : 0) | (dflt ? 0x20 : 0));
	put_be24(d + 5, g->bits_per_mm);
	put_be16(d + 8, MEDIA_WIDTH);
	put_be16(d + 10, g->tracks);
	put_be32(d + 12, g->capacity);
	memset(d + 16, ' ', 36);
	memcpy(d + 16, "LTO-CVE", 7);
	memcpy(d + 24, "U-", 2);
	d[26] = (uint8_t)g->name[3];
	memcpy(d + 32, g->text, strlen(g->text));
}

static enum scsi_result density_support(struct scsi_cmd *cmd)
{
	uint8_t buf[4 + ARRAY_SIZE(generations) * DENSITY_DESC] = { 0 };
	const struct ssc *ssc = to_ssc(cmd->lu);
	bool media = cmd->cdb[1] & 0x01;
	uint32_t len = 4;

	if (media && (lu_medium_state(cmd->lu) != RES_GOOD || !ssc->image))
		return RES_NR_NO_MEDIUM;
	for (size_t i = 0; i < ARRAY_SIZE(generations); i++) {
		const struct ssc_generation *g = &generations[i];

		if (media && g->density != ssc->image->sb.density)
			continue;
		if (ssc->drive && !does(ssc->drive, g, ssc->drive->reads))
			continue;
		density_put(ssc, g, ssc->drive ? g == ssc->drive : i == 3, buf + len);
		len += DENSITY_DESC;
	}
	put_be16(buf, (uint16_t)(len - 2));
	return scsi_cmd_reply(cmd, buf, len);
}

const struct opcode ssc_report_rows[2] = {
	{ .op = 0x05, .sa = OP_NO_SA, .name = "READ BLOCK LIMITS", .cdb_len = 6, .dir = DATA_IN,
	  .data_len = limits_len, .usage = { 0x05 }, .resv = RESV_ALLOWED, .run = block_limits },
	{ .op = 0x44, .sa = OP_NO_SA, .name = "REPORT DENSITY SUPPORT", .cdb_len = 10,
	  .dir = DATA_IN, .len = { 7, 2 }, .unit = LEN_ALLOC,
	  .usage = { 0x44, 0x01, 0, 0, 0, 0, 0, 0xff, 0xff }, .resv = RESV_ALLOWED,
	  .run = density_support },
};

/* --- READ POSITION -------------------------------------------------------------------------------- */

enum { POSITION_SHORT, POSITION_SHORT_VENDOR, POSITION_LONG = 6, POSITION_EXTENDED = 8 };

static uint8_t position_flags(const struct lu *lu)
{
	const struct tape_image *t = to_ssc(lu)->image;

	return (uint8_t)((t->pos.objects ? 0 : 0x80) | (ssc_early(lu) && t->pos.off == tape_eod(t)->off ? 0x40 : 0));
}

static uint32_t position_short(const struct lu *lu, uint8_t *buf)
{
	const struct tape_image *t = to_ssc(lu)->image;
	uint32_t at = (uint32_t)min_u64(t->pos.objects, UINT32_MAX);

	buf[0] = position_flags(lu) | (t->pos.objects > UINT32_MAX ? 0x04 : 0);
	buf[1] = (uint8_t)t->part;
	put_be32(buf + 4, at);
	put_be32(buf + 8, at);
	return 20;
}

static uint32_t position_long(const struct lu *lu, uint8_t *buf)
{
	const struct tape_image *t = to_ssc(lu)->image;

	buf[0] = position_flags(lu);
	put_be32(buf + 4, t->part);
	put_be64(buf + 8, t->pos.objects);
	put_be64(buf + 16, t->pos.files);
	return 32;
}

static uint32_t position_extended(const struct lu *lu, uint8_t *buf)
{
	const struct tape_image *t = to_ssc(lu)->image;

	buf[0] = position_flags(lu);
	buf[1] = (uint8_t)t->part;
	put_be16(buf + 2, 28);
	put_be64(buf + 8, t->pos.objects);
	put_be64(buf + 16, t->pos.objects);
	return 32;
}

static enum scsi_result position_begin(struct scsi_cmd *cmd)
{
	uint8_t buf[32] = { 0 };
	uint32_t len;

	switch (cmd->cdb[1] & 0x1f) {
	case POSITION_LONG: len = position_long(cmd->lu, buf); break;
	case POSITION_EXTENDED: len = position_extended(cmd->lu, buf); break;
	default: len = position_short(cmd->lu, buf);
	}
	return scsi_cmd_reply(cmd, buf, len);
}

static enum scsi_result read_position(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, position_begin);
}

static uint64_t position_len(const struct scsi_cmd *cmd)
{
	return (cmd->cdb[1] & 0x1f) == POSITION_LONG ? 32 : 20;
}

#define POSITION                                                                                   \
	.cdb_len = 10, .dir = DATA_IN, .flags = OP_NEEDS_MEDIUM, .resv = RESV_WRITE,               \
	.run = read_position

const struct opcode ssc_position_rows[4] = {
	{ .op = 0x34, .sa = POSITION_SHORT, .name = "READ POSITION, short form", POSITION,
	  .data_len = position_len, .usage = { 0x34, 0x00 } },
	{ .op = 0x34, .sa = POSITION_SHORT_VENDOR, .name = "READ POSITION, short form, vendor's",
	  POSITION, .data_len = position_len, .usage = { 0x34, 0x01 } },
	{ .op = 0x34, .sa = POSITION_LONG, .name = "READ POSITION, long form", POSITION,
	  .data_len = position_len, .usage = { 0x34, 0x06 } },
	{ .op = 0x34, .sa = POSITION_EXTENDED, .name = "READ POSITION, extended form", POSITION,
	  .len = { 7, 2 }, .unit = LEN_ALLOC,
	  .usage = { 0x34, 0x08, 0, 0, 0, 0, 0, 0xff, 0xff } },
};
