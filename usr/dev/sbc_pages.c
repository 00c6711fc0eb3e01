/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a disk: VPD B0h Block Limits, B1h Block Device Characteristics, B2h Logical
 * Block Provisioning (SBC-4 6.6), mode pages 01h Read-Write Error Recovery and
 * 08h Caching (SBC-4 6.5).
 */
#include "base/bytes.h"
#include "dev/sbc.h"
#include "dev/xcopy.h"

/* OPTIMAL TRANSFER LENGTH GRANULARITY, in blocks: a physical block. */
static uint32_t granularity(const struct lu *lu)
{
	return lu->opt_xfer_gran ? lu->opt_xfer_gran : 1U << sbc_phys_exponent(lu);
}

static uint32_t optimal_len(const struct lu *lu)
{
	if (lu->opt_xfer_len)
		return lu->opt_xfer_len;
	return lu->bs ? lu->bs->opt_io >> lu->block_shift : 0;
}

static void unmap_limits(const struct lu *lu, uint8_t *buf)
{
	uint32_t gran = lu->bs ? lu->bs->unmap_granularity >> lu->block_shift : 0;

	put_be32(buf + 20, SBC_MAX_UNMAP);
	put_be32(buf + 24, SBC_MAX_UNMAP_DESCS);
	put_be32(buf + 28, gran);
	if (gran) /* UGAVALID, and an alignment of 0: stores count from their first byte */
		put_be32(buf + 32, 0x80000000U);
}

/* SBC-4 6.6.4 */
static uint32_t block_limits(const struct lu *lu, const struct nexus *n, uint8_t *buf,
			     uint32_t max)
{
	uint32_t len = spc_vpd_begin(lu, buf, 0xb0, 64);

	(void)n;
	(void)max;
	buf[5] = SBC_MAX_CAW;
	put_be16(buf + 6, (uint16_t)granularity(lu));
	put_be32(buf + 8, SBC_MAX_XFER >> lu->block_shift);
	put_be32(buf + 12, min_u32(optimal_len(lu), SBC_MAX_XFER >> lu->block_shift));
	if (sbc_thin(lu))
		unmap_limits(lu, buf);
	put_be64(buf + 36, sbc_max_wsame(lu));
	put_be32(buf + 44, sbc_max_atomic(lu)); /* of any length and alignment below */
	return len;
}

/* SBC-4 6.6.2 */
static uint32_t characteristics(const struct lu *lu, const struct nexus *n, uint8_t *buf,
				uint32_t max)
{
	uint32_t len = spc_vpd_begin(lu, buf, 0xb1, 64);
	uint16_t rate = lu->rotation_rate;

	(void)n;
	(void)max;
	if (!rate && lu->bs && !lu->bs->rotational)
		rate = 1;
	put_be16(buf + 4, rate);
	if (sbc_block_erase(lu)) /* WABEREQ: reads succeed after it */
		buf[7] = 0x40;
	return len;
}

/* SBC-4 6.6.6: LBPU, LBPWS, LBPWS10, LBPRZ; provisioning type 2 is thin. */
static uint32_t provisioning(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	uint32_t len = spc_vpd_begin(lu, buf, 0xb2, 8);

	(void)n;
	(void)max;
	if (!sbc_thin(lu))
		return len;
	if (sbc_usage_known(lu)) /* of what the counts in log page 0Ch are */
		buf[4] = (uint8_t)sbc_threshold_exponent(lu);
	buf[5] = 0xe0;
	if (lu->bs && lu->bs->unmap_zeroes)
		buf[5] |= 0x04;
	buf[6] = 0x02;
	return len;
}

const struct vpd_page sbc_vpd[] = {
	SPC_VPD,
	{ 0x8f, "Third-Party Copy", xcopy_vpd_enabled, xcopy_vpd },
	{ 0xb0, "Block Limits", NULL, block_limits },
	{ 0xb1, "Block Device Characteristics", NULL, characteristics },
	{ 0xb2, "Logical Block Provisioning", NULL, provisioning },
	SPC_VPD_END,
};

/* Offsets in a mode page are two less than in the standard: no header here. */
#define RECOVERY_LEN 10
#define CACHING_LEN 18
#define CACHING_WCE 0x04

/* SBC-4 6.5.8: blocks are reallocated by whatever is below, and retries are its business. */
static void recovery_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[0] = 0xc0; /* AWRE, ARRE */
}

/* SBC-4 6.5.6 */
static void caching_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[0] = CACHING_WCE;
}

static void caching_changed(struct lu *lu, const uint8_t *p)
{
	to_sbc(lu)->wce = p[0] & CACHING_WCE;
}

static const uint8_t caching_mask[CACHING_LEN] = { CACHING_WCE };

const struct mode_page sbc_modes[] = {
	{ .page = 0x01, .len = RECOVERY_LEN, .name = "Read-Write Error Recovery",
	  .defaults = recovery_defaults },
	SPC_MODE_RECONNECT,
	{ .page = 0x08, .len = CACHING_LEN, .name = "Caching", .defaults = caching_defaults,
	  .changeable = caching_mask, .changed = caching_changed },
	SPC_MODE_CONTROL,
	SPC_MODE_CONTROL_EXT,
	SPC_MODE_POWER,
	SPC_MODE_EXCEPTIONS,
	{ .page = 0x1c, .subpage = 0x02, .len = SBC_PROVISION_LEN,
	  .name = "Logical Block Provisioning", .enabled = sbc_usage_known,
	  .defaults = sbc_provision_defaults, .changeable = sbc_provision_mask,
	  .changed = sbc_provision_changed },
	SPC_MODE_END,
};
