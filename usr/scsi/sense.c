/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds sense data in both formats from a result and what a handler adds to
 * it. Called by target/cmd at the end of a command, and by REQUEST SENSE.
 */
#include "scsi/sense.h"

#include <string.h>

#include "base/bytes.h"

#define SENSE_FIXED_LEN 18

static const struct sense_extra no_extra;

/* SENSE KEY SPECIFIC, SPC-4 4.5.2.4: three bytes. False: there is nothing to tell. */
static bool key_specific(uint8_t out[3], const struct sense_extra *ex)
{
	if (ex->field_valid) {
		out[0] = (uint8_t)(0x80 | (ex->field_in_cdb ? 0x40 : 0) |
				   (ex->field_in_segment ? 0x20 : 0) |
				   (ex->field_bit >= 0 ? 0x08 | (ex->field_bit & 7) : 0));
		put_be16(out + 1, ex->field_byte);
	} else if (ex->progress_valid) {
		out[0] = 0x80;
		put_be16(out + 1, ex->progress);
	} else {
		return false;
	}
	return true;
}

static uint8_t stream_bits(const struct sense_extra *ex)
{
	return (uint8_t)((ex->filemark ? 0x80 : 0) | (ex->eom ? 0x40 : 0) | (ex->ili ? 0x20 : 0));
}

/*
 * SPC-4 5.17.7.3: status and sense data follow, and COMMAND-SPECIFIC INFORMATION tells where they
 * begin: its first byte of the source's, its second of the destination's.
 */
static uint8_t add_third(uint8_t *buf, const struct sense_third *third)
{
	buf[third->at_src ? 8 : 9] = SENSE_FIXED_LEN;
	buf[SENSE_FIXED_LEN] = third->status;
	memcpy(buf + SENSE_FIXED_LEN + 1, third->sense, third->len);
	buf[7] = (uint8_t)(buf[7] + 1 + third->len);
	return (uint8_t)(1 + third->len);
}

/* SPC-4 4.5.3. What doesn't fit into 32 bits is left out, and VALID with it. */
static uint8_t build_fixed(uint8_t *buf, const struct scsi_result_info *i,
			   const struct sense_extra *ex)
{
	memset(buf, 0, SENSE_FIXED_LEN);
	buf[0] = 0x70;
	buf[2] = i->key | stream_bits(ex);
	if (ex->info_valid && ex->info <= UINT32_MAX) {
		buf[0] |= 0x80;
		put_be32(buf + 3, (uint32_t)ex->info);
	}
	buf[7] = SENSE_FIXED_LEN - 8;
	if (ex->cmd_info_valid && ex->cmd_info <= UINT32_MAX)
		put_be32(buf + 8, (uint32_t)ex->cmd_info);
	buf[12] = i->asc;
	buf[13] = i->ascq;
	key_specific(buf + 15, ex);
	return SENSE_FIXED_LEN + (ex->third ? add_third(buf, ex->third) : 0);
}

/* A zeroed descriptor of @len bytes at the end of @buf. */
static uint8_t *add_descriptor(uint8_t *buf, uint8_t type, uint8_t len)
{
	uint8_t *d = buf + 8 + buf[7];

	memset(d, 0, len);
	d[0] = type;
	d[1] = len - 2;
	buf[7] += len;
	return d;
}

/* SPC-4 4.5.2 */
static uint8_t build_descriptor(uint8_t *buf, const struct scsi_result_info *i,
				const struct sense_extra *ex)
{
	uint8_t sks[3], *d;

	memset(buf, 0, 8);
	buf[0] = 0x72;
	buf[1] = i->key;
	buf[2] = i->asc;
	buf[3] = i->ascq;
	if (ex->info_valid) {
		d = add_descriptor(buf, 0x00, 12); /* information, 4.5.2.2 */
		d[2] = 0x80;
		put_be64(d + 4, ex->info);
	}
	if (ex->cmd_info_valid) {
		d = add_descriptor(buf, 0x01, 12); /* command specific information, 4.5.2.3 */
		put_be64(d + 4, ex->cmd_info);
	}
	if (key_specific(sks, ex)) {
		d = add_descriptor(buf, 0x02, 8); /* sense key specific, 4.5.2.4 */
		memcpy(d + 4, sks, sizeof(sks));
	}
	if (ex->third) {
		d = add_descriptor(buf, 0x0c, (uint8_t)(4 + ex->third->len)); /* 4.5.2.7 */
		d[2] = ex->third->at_src ? 0x01 : 0x02;
		d[3] = ex->third->status;
		memcpy(d + 4, ex->third->sense, ex->third->len);
	}
	if (stream_bits(ex)) {
		d = add_descriptor(buf, 0x04, 4); /* stream commands, SSC-4 4.2.22 */
		d[3] = stream_bits(ex);
	}
	return (uint8_t)(8 + buf[7]);
}

uint8_t sense_build(uint8_t *buf, bool descriptor, enum scsi_result r, const struct sense_extra *ex)
{
	const struct scsi_result_info *i = scsi_result_info(r);

	if (!ex)
		ex = &no_extra;
	return descriptor ? build_descriptor(buf, i, ex) : build_fixed(buf, i, ex);
}

/* SPC-4 table 27: RESPONSE CODEs 72h and 73h are the descriptor format. */
static bool is_descriptor(const uint8_t *sense)
{
	return (sense[0] & 0x7e) == 0x72;
}

uint8_t sense_key(const uint8_t *sense, uint32_t len)
{
	if (len < 3)
		return 0;
	return sense[is_descriptor(sense) ? 1 : 2] & 0x0f;
}

uint16_t sense_asc(const uint8_t *sense, uint32_t len)
{
	if (len >= 4 && is_descriptor(sense))
		return get_be16(sense + 2);
	return len >= 14 && !is_descriptor(sense) ? get_be16(sense + 12) : 0;
}
