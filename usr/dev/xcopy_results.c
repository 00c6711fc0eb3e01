/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RECEIVE COPY STATUS, DATA, OPERATING PARAMETERS, FAILURE DETAILS (SPC-4 6.18 to 6.23), and the
 * Third-Party Copy page (7.8.17) that tells what there is. Copies are of disks, so no data is ever
 * held for the application.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/sbc.h"
#include "dev/token.h"
#include "dev/xcopy.h"

enum {
	SA_STATUS_LID1 = 0x00,
	SA_DATA_LID1 = 0x01,
	SA_OPERATING_PARAMETERS = 0x03,
	SA_FAILURE_DETAILS = 0x04,
	SA_STATUS_LID4 = 0x05,
	SA_DATA_LID4 = 0x06,
};

/* COPY OPERATION STATUS, SPC-4 table 242; of LID1 they are 0, 1, 2 */
uint8_t xcopy_status(const struct xcopy *x)
{
	switch (x->state) {
	case XCOPY_RUNS:
		return x->immed ? 0x12 : 0x11;
	case XCOPY_DONE:
		return 0x01;
	case XCOPY_SHORT:
		return 0x03;
	case XCOPY_STOPPED:
		return 0x60;
	default:
		return 0x02;
	}
}

/* TRANSFER COUNT UNITS: the smallest that @max can hold (SPC-4 table 245). */
static uint8_t count_units(uint64_t bytes, uint64_t max, uint64_t *count)
{
	uint8_t units = 0;

	for (; bytes > max; bytes /= 1024)
		units++;
	*count = bytes;
	return units;
}

static struct xcopy *find_lid1(struct scsi_cmd *cmd)
{
	struct xcopy *x = xcopy_find(cmd, cmd->cdb[2], false);

	if (!x)
		scsi_bad_cdb(cmd, 2, -1);
	return x;
}

static struct xcopy *find_lid4(struct scsi_cmd *cmd)
{
	struct xcopy *x = xcopy_find(cmd, get_be32(cmd->cdb + 2), true);

	if (!x)
		scsi_bad_cdb(cmd, 2, -1);
	return x;
}

static enum scsi_result status_lid1(struct scsi_cmd *cmd)
{
	const struct xcopy *x = find_lid1(cmd);
	uint8_t d[12] = { 0, 0, 0, 8 };
	uint64_t count;

	if (!x)
		return RES_INVALID_FIELD_CDB;
	d[4] = x->state == XCOPY_RUNS ? 0 : x->state == XCOPY_DONE ? 1 : 2;
	put_be16(d + 5, x->seg);
	d[7] = count_units(xcopy_bytes(x), UINT32_MAX, &count);
	put_be32(d + 8, (uint32_t)count);
	return scsi_cmd_reply(cmd, d, sizeof(d));
}

/* SPC-4 6.20: not before the operation is over. */
static enum scsi_result data_lid1(struct scsi_cmd *cmd)
{
	static const uint8_t none[4];
	const struct xcopy *x = find_lid1(cmd);

	if (!x)
		return RES_INVALID_FIELD_CDB;
	if (x->state == XCOPY_RUNS)
		return scsi_bad_cdb(cmd, 2, -1);
	return scsi_cmd_reply(cmd, none, sizeof(none));
}

/* SPC-4 6.23: only of one that failed in a segment. */
static enum scsi_result failure_details(struct scsi_cmd *cmd)
{
	const struct xcopy *x = find_lid1(cmd);
	uint8_t d[60 + SCSI_SENSE_MAX] = { 0 };

	if (!x)
		return RES_INVALID_FIELD_CDB;
	if (x->state != XCOPY_FAILED)
		return scsi_bad_cdb(cmd, 2, -1);
	put_be32(d, (uint32_t)(60 + x->sense_len - 4));
	d[56] = x->status;
	put_be16(d + 58, x->sense_len);
	memcpy(d + 60, x->sense, x->sense_len);
	return scsi_cmd_reply(cmd, d, 60u + x->sense_len);
}

/* SPC-4 table 241 */
static enum scsi_result status_lid4(struct scsi_cmd *cmd)
{
	const struct xcopy *x = find_lid4(cmd);
	uint8_t d[32 + SCSI_SENSE_MAX] = { 0 };
	uint64_t count;

	if (!x)
		return RES_INVALID_FIELD_CDB;
	put_be32(d, 32u + x->sense_len - 4);
	d[4] = (uint8_t)cmd->op->sa;
	d[5] = xcopy_status(x);
	put_be32(d + 8, x->state == XCOPY_RUNS ? XCOPY_POLL_MS : UINT32_MAX);
	d[12] = x->state == XCOPY_RUNS ? 0 : x->status;
	d[13] = d[14] = x->sense_len;
	d[15] = count_units(xcopy_bytes(x), UINT64_MAX, &count);
	put_be64(d + 16, count);
	put_be16(d + 24, x->parts || x->made ? 0 : x->seg);
	memcpy(d + 32, x->sense, x->sense_len);
	return scsi_cmd_reply(cmd, d, 32u + x->sense_len);
}

/* SPC-4 6.19: HELD DATA of length 0. */
static enum scsi_result data_lid4(struct scsi_cmd *cmd)
{
	const struct xcopy *x = find_lid4(cmd);
	uint8_t d[36 + SCSI_SENSE_MAX] = { 0 };

	if (!x)
		return RES_INVALID_FIELD_CDB;
	put_be32(d, 36u + x->sense_len - 4);
	d[4] = (uint8_t)cmd->op->sa;
	d[5] = xcopy_status(x);
	d[12] = x->state == XCOPY_RUNS ? 0 : x->status;
	d[13] = d[14] = x->sense_len;
	memcpy(d + 32, x->sense, x->sense_len);
	return scsi_cmd_reply(cmd, d, 36u + x->sense_len);
}

/* In ascending order. */
static const uint8_t descriptors[] = {
	XCOPY_SEG_BLOCK_BLOCK, XCOPY_SEG_VERIFY, XCOPY_SEG_OFFSETS, XCOPY_CSCD_IDENT,
};

/* SPC-4 table 238 */
static enum scsi_result operating_parameters(struct scsi_cmd *cmd)
{
	uint8_t d[44 + sizeof(descriptors)] = { 0 };

	put_be32(d, sizeof(d) - 4);
	d[4] = 0x01; /* SNLID: LIST ID USAGE 11b is there */
	put_be16(d + 8, XCOPY_CSCDS);
	put_be16(d + 10, XCOPY_SEGMENTS);
	put_be32(d + 12, XCOPY_LIST_MAX);
	put_be32(d + 16, XCOPY_SEGMENT_BYTES);
	put_be16(d + 34, XCOPY_CONCURRENT);
	d[36] = XCOPY_CONCURRENT;
	d[37] = 9; /* DATA SEGMENT GRANULARITY: 512 bytes */
	d[43] = sizeof(descriptors); /* IMPLEMENTED DESCRIPTOR LIST */
	memcpy(d + 44, descriptors, sizeof(descriptors));
	return scsi_cmd_reply(cmd, d, sizeof(d));
}

static bool enabled(const struct lu *lu)
{
	return lu->third_party_copy;
}

#define RECEIVES(action, id_bytes)                                                                 \
	.op = 0x84, .sa = action, .cdb_len = 16, .dir = DATA_IN, .len = { 10, 4 },                 \
	.unit = LEN_ALLOC,                                                                         \
	.usage = { 0x84, action, (id_bytes) ? 0xff : 0, (id_bytes) > 1 ? 0xff : 0,                 \
		   (id_bytes) > 1 ? 0xff : 0, (id_bytes) > 1 ? 0xff : 0, 0, 0, 0, 0, 0xff, 0xff,   \
		   0xff, 0xff, 0, 0 },                                                             \
	.flags = OP_STANDBY_OK, .resv = RESV_READ, .enabled = enabled

const struct opcode xcopy_results_rows[6] = {
	{ RECEIVES(SA_STATUS_LID1, 1), .name = "RECEIVE COPY STATUS(LID1)", .run = status_lid1 },
	{ RECEIVES(SA_DATA_LID1, 1), .name = "RECEIVE COPY DATA(LID1)", .run = data_lid1 },
	{ RECEIVES(SA_OPERATING_PARAMETERS, 0), .name = "RECEIVE COPY OPERATING PARAMETERS",
	  .run = operating_parameters },
	{ RECEIVES(SA_FAILURE_DETAILS, 1), .name = "RECEIVE COPY FAILURE DETAILS(LID1)",
	  .run = failure_details },
	{ RECEIVES(SA_STATUS_LID4, 4), .name = "RECEIVE COPY STATUS(LID4)", .run = status_lid4 },
	{ RECEIVES(SA_DATA_LID4, 4), .name = "RECEIVE COPY DATA(LID4)", .run = data_lid4 },
};

/* --- VPD 8Fh, SPC-4 7.8.17 */

uint8_t *xcopy_vpd_desc(uint8_t *buf, uint32_t *at, uint16_t type, uint32_t len)
{
	uint8_t *p = buf + *at;

	len = (uint32_t)round_up(len, 4);
	memset(p, 0, 4 + len);
	put_be16(p, type);
	put_be16(p + 2, (uint16_t)len);
	*at += 4 + len;
	return p + 4;
}

/* Supported Commands: opcode, and its service actions as the rows have them. */
static void put_commands(const struct lu *lu, uint8_t *buf, uint32_t *at)
{
	const struct optable *t = lu->dev->table;
	uint8_t list[64];
	uint32_t len = 1;

	for (unsigned int op = 0x83; op <= 0x84; op++) {
		uint32_t head = len;

		list[len++] = (uint8_t)op;
		list[len++] = 0;
		for (unsigned int i = 0; i < t->rows[op] && len < sizeof(list); i++) {
			const struct opcode *row = t->sorted[t->first[op] - 1 + i];

			list[len++] = (uint8_t)row->sa;
			list[head + 1]++;
		}
	}
	list[0] = (uint8_t)(len - 1);
	memcpy(xcopy_vpd_desc(buf, at, 0x0001, len), list, len);
}

uint32_t xcopy_vpd(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max)
{
	uint32_t at = 4;
	uint8_t *p;

	(void)n;
	(void)max;
	token_vpd_limits(lu, buf, &at);
	put_commands(lu, buf, &at);
	p = xcopy_vpd_desc(buf, &at, 0x0004, 28); /* Parameter Data */
	put_be16(p + 4, XCOPY_CSCDS);
	put_be16(p + 6, XCOPY_SEGMENTS);
	put_be32(p + 8, XCOPY_LIST_MAX);
	p = xcopy_vpd_desc(buf, &at, 0x0008, 1 + sizeof(descriptors)); /* Supported Descriptors */
	p[0] = sizeof(descriptors);
	memcpy(p + 1, descriptors, sizeof(descriptors));
	p = xcopy_vpd_desc(buf, &at, 0x000c, 4); /* Supported CSCD Descriptor IDs */
	put_be16(p, 2);
	put_be16(p + 2, XCOPY_CSCD_SELF);
	token_vpd_types(lu, buf, &at);
	p = xcopy_vpd_desc(buf, &at, 0x8001, 32); /* General Copy Operations */
	put_be32(p, XCOPY_CONCURRENT);
	put_be32(p + 4, XCOPY_CONCURRENT);
	put_be32(p + 8, XCOPY_SEGMENT_BYTES);
	p[12] = 9;
	buf[0] = lu->dev->pdt;
	buf[1] = 0x8f;
	put_be16(buf + 2, (uint16_t)(at - 4));
	return at;
}

bool xcopy_vpd_enabled(const struct lu *lu)
{
	return lu->third_party_copy;
}
