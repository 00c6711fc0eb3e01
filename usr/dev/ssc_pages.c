/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VPD, mode and log pages of tape drives (SSC-4 8.2 to 8.4, SPC-4 7.8).
 */
#include "base/bytes.h"
#include "dev/ssc.h"

#define MEGABYTE 1000000U

/* --- VPD ------------------------------------------------------------------------------------------ */

/* B0h, SSC-4 8.4.2: WORM media are known */
static uint32_t vpd_capabilities(const struct lu *lu, const struct nexus *n, uint8_t *buf,
				 uint32_t max)
{
	(void)n;
	(void)max;
	spc_vpd_begin(lu, buf, 0xb0, 6);
	buf[4] = 0x01;
	return 6;
}

/* B1h, SSC-4 8.4.3: the manufacturer's serial number, which is that of page 80h */
static uint32_t vpd_serial(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	uint32_t len = 4 + (uint32_t)strlen(lu->id.scsi_sn);

	(void)n;
	if (len > max)
		len = max;
	spc_vpd_begin(lu, buf, 0xb1, len);
	memcpy(buf + 4, lu->id.scsi_sn, len - 4);
	return len;
}

const struct vpd_page ssc_vpd[] = {
	SPC_VPD,
	{ 0xb0, "Sequential-access device capabilities", NULL, vpd_capabilities },
	{ 0xb1, "Manufacturer-assigned serial number", NULL, vpd_serial },
	SPC_VPD_END,
};

/* --- block descriptor ----------------------------------------------------------------------------- */

bool ssc_block_desc(const struct lu *lu, struct spc_block_desc *d)
{
	const struct ssc *ssc = to_ssc(lu);

	*d = (struct spc_block_desc){ .block_len = ssc->block_len };
	if (ssc->image && !ssc->opening)
		d->density = ssc->image->sb.density;
	else if (ssc->drive)
		d->density = ssc->drive->density;
	return true;
}

/* SSC-4 8.3.1: 00h is the default density, 7Fh the one that there is. */
enum scsi_result ssc_set_block_desc(struct scsi_cmd *cmd, const struct spc_block_desc *d,
				    uint16_t offset, bool apply)
{
	struct spc_block_desc now;

	ssc_block_desc(cmd->lu, &now);
	if (d->density && d->density != 0x7f && d->density != now.density)
		return scsi_bad_param(cmd, offset, -1);
	if (apply)
		to_ssc(cmd->lu)->block_len = d->block_len;
	return RES_GOOD;
}

/* --- mode pages ----------------------------------------------------------------------------------- */

/* 0Fh, SSC-4 8.3.2: DCE, DCC; DDE; the algorithm is LTO's */
static const uint8_t compression_mask[14] = { [0] = 0x80 };

static void compression_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[0] = 0xc0;
	p[1] = 0x80;
	put_be32(p + 2, 1);
	put_be32(p + 6, 1);
}

/* 10h, SSC-4 8.3.3: BIS; EEG, SEW; SELECT DATA COMPRESSION ALGORITHM */
static const uint8_t device_mask[14] = { [12] = 0xff };

static void device_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[6] = 0x40;
	p[8] = 0x18;
	p[12] = 1;
}

static void device_current(const struct lu *lu, uint8_t *p)
{
	const struct ssc *ssc = to_ssc(lu);

	p[1] = ssc->image && !ssc->opening ? (uint8_t)ssc->image->part : 0;
}

/* 10h/01h, SSC-4 8.3.8 */
static void device_ext_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	(void)p;
}

/* 11h, SSC-4 8.3.7: POFM, it is FORMAT MEDIUM that makes them. */
static const uint8_t partition_mask[SSC_PARTITION_PARAMS] = {
	[1] = 0xff, [2] = 0xf8, [4] = 0x0f, [6] = 0xff, [7] = 0xff, [8] = 0xff, [9] = 0xff,
};

static void partition_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[0] = SSC_PARTITIONS - 1;
	p[2] = 0x3c; /* IDP, PSUM 3, POFM */
	p[3] = 0x03;
	p[4] = 9;
}

/* What there is: in the largest unit in which each partition has some digits. */
static void partition_there(const struct lu *lu, uint8_t *p)
{
	const struct tape_sb *sb = &to_ssc(lu)->image->sb;
	uint64_t unit = 1000000000;

	p[1] = (uint8_t)(sb->n_parts - 1);
	for (p[4] = 9; p[4] > 3; p[4]--, unit /= 10) {
		unsigned int i = 0;

		while (i < sb->n_parts && sb->part[i].len / unit >= 100)
			i++;
		if (i == sb->n_parts)
			break;
	}
	for (unsigned int i = 0; i < sb->n_parts && i < SSC_PARTITIONS; i++)
		put_be16(p + 6 + 2 * (size_t)i,
			 (uint16_t)min_u64(sb->part[i].len / unit, 0xfffe));
}

/* What was selected and waits for FORMAT MEDIUM, else what there is. */
void ssc_partition_page(const struct lu *lu, uint8_t *p)
{
	const struct ssc *ssc = to_ssc(lu);

	if (ssc->selected) {
		memcpy(p, ssc->partition, SSC_PARTITION_PARAMS);
		return;
	}
	memset(p, 0, SSC_PARTITION_PARAMS);
	partition_defaults(lu, p);
	if (ssc->image && !ssc->opening)
		partition_there(lu, p);
}

static void partition_changed(struct lu *lu, const uint8_t *p)
{
	struct ssc *ssc = to_ssc(lu);
	uint8_t now[SSC_PARTITION_PARAMS];

	ssc->selected = false;
	ssc_partition_page(lu, now);
	ssc->selected = memcmp(now, p, sizeof(now)) != 0;
	memcpy(ssc->partition, p, SSC_PARTITION_PARAMS);
	ssc->partition[1] = (uint8_t)min_u32(p[1], SSC_PARTITIONS - 1);
}

/* 1Dh, SSC-4 8.3.9: WORMM, and what may be overwritten on such media: nothing */
static void medium_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	(void)p;
}

static void medium_current(const struct lu *lu, uint8_t *p)
{
	const struct ssc *ssc = to_ssc(lu);

	if (!ssc->image || ssc->opening || !(ssc->image->sb.flags & TAPE_WORM))
		return;
	p[0] = 0x01;
	p[2] = 0x01;
	p[3] = 0x02;
}

const struct mode_page ssc_modes[] = {
	SPC_MODE_RECONNECT,
	SPC_MODE_CONTROL,
	SPC_MODE_CONTROL_EXT,
	{ .page = 0x0f, .len = 14, .name = "Data Compression", .defaults = compression_defaults,
	  .changeable = compression_mask },
	{ .page = 0x10, .len = 14, .name = "Device Configuration", .defaults = device_defaults,
	  .current = device_current, .changeable = device_mask },
	{ .page = 0x10, .subpage = 0x01, .len = 28, .name = "Device Configuration Extension",
	  .defaults = device_ext_defaults },
	{ .page = 0x11, .len = SSC_PARTITION_PARAMS, .name = "Medium Partition",
	  .defaults = partition_defaults, .current = ssc_partition_page,
	  .changeable = partition_mask, .changed = partition_changed },
	SPC_MODE_POWER,
	SPC_MODE_EXCEPTIONS,
	{ .page = 0x1d, .len = 30, .name = "Medium Configuration", .defaults = medium_defaults,
	  .current = medium_current },
	SPC_MODE_END,
};

/* --- log pages ------------------------------------------------------------------------------------ */

static uint8_t *log_number(uint8_t *p, uint16_t code, uint8_t len, uint64_t v)
{
	uint8_t *at = spc_log_param(p, code, len);

	for (int i = len - 1; i >= 0; i--, v >>= 8)
		at[i] = (uint8_t)v;
	return at + len;
}

static uint8_t *log_text(uint8_t *p, uint16_t code, const char *text, uint8_t len)
{
	uint8_t *at = spc_log_param(p, code, len);
	size_t n = strlen(text);

	memset(at, ' ', len);
	memcpy(at, text, n < len ? n : len);
	return at + len;
}

static const struct tape_image *mounted(const struct lu *lu)
{
	const struct ssc *ssc = to_ssc(lu);

	return ssc->image && !ssc->opening ? ssc->image : NULL;
}

static uint64_t capacity_mb(const struct tape_image *t, unsigned int part)
{
	return t && part < t->sb.n_parts ? t->sb.part[part].len / MEGABYTE : 0;
}

static uint64_t free_mb(const struct tape_image *t, unsigned int part)
{
	return t && part < t->sb.n_parts ? tape_free(t, part) / MEGABYTE : 0;
}

/* 0Ch, SSC-4 8.2.2 */
static uint32_t log_sequential(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	const struct ssc *ssc = to_ssc(lu);
	const struct tape_image *t = mounted(lu);
	uint8_t *p = buf;

	if (max < 9 * 12)
		return 0;
	p = log_number(p, 0x0000, 8, ssc->received);
	p = log_number(p, 0x0001, 8, ssc->written);
	p = log_number(p, 0x0002, 8, ssc->read);
	p = log_number(p, 0x0003, 8, ssc->sent);
	p = log_number(p, 0x0004, 8, t ? capacity_mb(t, t->part) - free_mb(t, t->part) : 0);
	p = log_number(p, 0x0005, 8, t ? capacity_mb(t, t->part) - tape_early(t, t->part) / MEGABYTE
				       : 0);
	p = log_number(p, 0x0006, 8, t ? tape_early(t, t->part) / MEGABYTE : 0);
	p = log_number(p, 0x0007, 8, t ? (t->pos.off - t->sb.part[t->part].start) / MEGABYTE : 0);
	p = log_number(p, 0x0100, 8, 0);
	return (uint32_t)(p - buf);
}

/* 17h, SSC-4 8.2.4 */
static uint32_t log_volume(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	const struct ssc *ssc = to_ssc(lu);
	const struct tape_image *t = mounted(lu);
	uint64_t used = 0, room = 0;
	uint8_t *p = buf;

	if (max < 512)
		return 0;
	for (unsigned int i = 0; t && i < t->sb.n_parts; i++) {
		room += capacity_mb(t, i);
		used += capacity_mb(t, i) - free_mb(t, i);
	}
	p = log_number(p, 0x0000, 1, t != NULL);
	p = log_number(p, 0x0001, 4, ssc->loads);
	p = log_number(p, 0x0003, 4, 0);
	p = log_number(p, 0x0004, 2, ssc->spc.errors[SPC_ERR_WRITE]);
	p = log_number(p, 0x0008, 4, 0);
	p = log_number(p, 0x0009, 2, ssc->spc.errors[SPC_ERR_READ]);
	p = log_number(p, 0x000e, 4, ssc->written / MEGABYTE);
	p = log_number(p, 0x000f, 4, ssc->read / MEGABYTE);
	p = log_number(p, 0x0016, 4, room);
	p = log_number(p, 0x0017, 4, used);
	p = log_text(p, 0x0040, t ? t->sb.barcode : "", 32);
	p = log_number(p, 0x0080, 1, ssc->protect != RES_GOOD || lu->readonly);
	p = log_number(p, 0x0081, 1, t && t->sb.flags & TAPE_WORM);
	return (uint32_t)(p - buf);
}

/* 2Eh, SSC-4 8.2.3: 64 flags */
static uint32_t log_alert(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	uint8_t *p = buf;

	for (uint16_t i = 1; i <= 64 && (uint32_t)(p - buf) + 5 <= max; i++)
		p = log_number(p, i, 1, to_ssc(lu)->alerts >> (i - 1) & 1);
	return (uint32_t)(p - buf);
}

/* 31h, of LTO drives: megabytes left and in all, of the first two partitions */
static uint32_t log_capacity(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	const struct tape_image *t = mounted(lu);
	uint8_t *p = buf;

	if (max < 4 * 8)
		return 0;
	for (uint16_t i = 0; i < 4; i++)
		p = log_number(p, (uint16_t)(i + 1), 4, i < 2 ? free_mb(t, i) : capacity_mb(t, i - 2U));
	return (uint32_t)(p - buf);
}

const struct spc_log_page ssc_logs[] = {
	{ .page = 0x0c, .name = "Sequential-Access Device", .build = log_sequential },
	SPC_LOG_TEMPERATURE,
	{ .page = 0x17, .name = "Volume Statistics", .build = log_volume },
	{ .page = 0x2e, .name = "TapeAlert", .build = log_alert },
	SPC_LOG_EXCEPTIONS,
	{ .page = 0x31, .name = "Tape Capacity", .build = log_capacity },
	SPC_LOG_END,
};
