/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameter lists of EXTENDED COPY, LID1 (SPC-4 6.5.2) and LID4 (6.4.3): identification CSCD
 * descriptors and block to block segment descriptors. What can be said of the lists alone is said
 * before anything is copied. Called by xcopy.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/copy.h"
#include "dev/sbc.h"
#include "dev/token.h"
#include "dev/xcopy.h"

#define LID1_HEADER 16U
#define LID4_HEADER 48U
#define LID4_FORMAT 0x01
#define LID4_CSCD_HEADER 0xff /* the header's own descriptor, of 32 bytes */
#define LID4_IMMED 0x02

/* LIST ID USAGE, SPC-4 table 122 */
enum { USAGE_HOLD = 0, USAGE_DISCARD = 2, USAGE_NONE = 3 };

#define CSCD_LEN 32U
#define CSCD_PAD 0x04

#define SEG_DC 0x02
#define SEG_CAT 0x01
#define SEG_TUR 0x01
#define SEG_LEN_MAX 32U
#define SEG_LEN_MIN 12U

/* Where things are in either form. */
struct layout {
	uint32_t header, list_id_at, cscds, segs, inline_len;
	uint32_t list_id;
	uint8_t usage;
};

static enum scsi_result lid1_header(struct scsi_cmd *cmd, struct layout *l)
{
	uint8_t h[LID1_HEADER];

	if (scsi_cmd_param(cmd, 0, h, sizeof(h)) < sizeof(h))
		return RES_PARAM_LIST_LENGTH;
	*l = (struct layout){
		.header = LID1_HEADER,
		.list_id = h[0],
		.usage = h[1] >> 3 & 3,
		.cscds = get_be16(h + 2),
		.segs = get_be32(h + 8),
		.inline_len = get_be32(h + 12),
	};
	return RES_GOOD;
}

static enum scsi_result lid4_header(struct xcopy *x, struct scsi_cmd *cmd, struct layout *l)
{
	uint8_t h[LID4_HEADER];

	if (scsi_cmd_param(cmd, 0, h, sizeof(h)) < sizeof(h))
		return RES_PARAM_LIST_LENGTH;
	if (h[0] != LID4_FORMAT)
		return scsi_bad_param(cmd, 0, -1);
	if (get_be16(h + 2) != CSCD_LEN)
		return scsi_bad_param(cmd, 2, -1);
	if (h[16] != LID4_CSCD_HEADER)
		return scsi_bad_param(cmd, 16, -1);
	x->immed = h[15] & LID4_IMMED;
	*l = (struct layout){
		.header = LID4_HEADER,
		.list_id_at = 20,
		.list_id = get_be32(h + 20),
		.usage = h[1] >> 3 & 3,
		.cscds = get_be16(h + 42),
		.segs = get_be16(h + 44),
		.inline_len = get_be16(h + 46),
	};
	return RES_GOOD;
}

static enum scsi_result check_lengths(struct scsi_cmd *cmd, const struct layout *l)
{
	if (l->usage != USAGE_HOLD && l->usage != USAGE_DISCARD && l->usage != USAGE_NONE)
		return scsi_bad_param(cmd, 1, 4);
	if (l->usage == USAGE_NONE && l->list_id)
		return scsi_bad_param(cmd, (uint16_t)l->list_id_at, -1);
	if (l->segs > XCOPY_LIST_MAX || l->cscds + l->segs > XCOPY_LIST_MAX)
		return RES_PARAM_LIST_LENGTH;
	if (l->cscds / CSCD_LEN > XCOPY_CSCDS)
		return RES_TOO_MANY_CSCDS;
	if (l->inline_len)
		return RES_INLINE_LENGTH;
	if (l->cscds % CSCD_LEN)
		return scsi_bad_param(cmd, l->header == LID1_HEADER ? 2 : 42, -1);
	return l->header + l->cscds + l->segs > cmd->out_cdb ? RES_PARAM_LIST_LENGTH : RES_GOOD;
}

/* SPC-4 6.4.5.1: LU ID TYPE and NUL are obsolete. */
static enum scsi_result parse_cscd(struct xcopy *x, struct scsi_cmd *cmd, uint32_t at)
{
	struct xcopy_cscd *c = &x->cscds[x->n_cscds];
	uint8_t d[CSCD_LEN];

	if (scsi_cmd_param(cmd, at, d, sizeof(d)) < sizeof(d))
		return RES_PARAM_LIST_LENGTH;
	if (d[0] != XCOPY_CSCD_IDENT) {
		scsi_bad_param(cmd, (uint16_t)at, -1);
		return RES_UNSUPPORTED_CSCD;
	}
	c->other_type = (d[1] & 0x1f) != PDT_DISK;
	c->pad = d[28] & CSCD_PAD;
	c->lu = c->other_type ? NULL : copy_find(cmd->nexus, d + 4, 24);
	if (c->lu)
		lu_hold(c->lu);
	x->n_cscds++;
	return RES_GOOD;
}

/* Bytes of a segment descriptor; 0: there are none of that type. */
static uint32_t segment_len(uint8_t type)
{
	switch (type) {
	case XCOPY_SEG_BLOCK_BLOCK:
		return 28;
	case XCOPY_SEG_VERIFY:
		return 12;
	case XCOPY_SEG_OFFSETS:
		return 32;
	default:
		return 0;
	}
}

static void get_segment(struct xcopy_seg *s, const uint8_t *d)
{
	*s = (struct xcopy_seg){
		.type = d[0],
		.cat = d[1] & SEG_CAT,
		.src = get_be16(d + 4),
		.dst = get_be16(d + 6),
	};
	if (s->type == XCOPY_SEG_VERIFY) {
		s->tur = d[8] & SEG_TUR;
		return;
	}
	s->src_lba = get_be64(d + 12);
	s->dst_lba = get_be64(d + 20);
	if (s->type == XCOPY_SEG_BLOCK_BLOCK) {
		s->dc = d[1] & SEG_DC;
		s->blocks = get_be16(d + 10);
		return;
	}
	s->bytes = get_be32(d + 8);
	s->src_byte = get_be16(d + 28);
	s->dst_byte = get_be16(d + 30);
}

/* The segment at @at of the list; *@len: its length. */
static enum scsi_result parse_segment(struct xcopy *x, struct scsi_cmd *cmd, uint32_t at,
				      uint32_t end, uint32_t *len)
{
	uint8_t d[SEG_LEN_MAX] = { 0 };

	if (end - at < 4 || scsi_cmd_param(cmd, at, d, 4) < 4)
		return RES_PARAM_LIST_LENGTH;
	*len = segment_len(d[0]);
	if (!*len) {
		scsi_bad_param(cmd, (uint16_t)at, -1);
		return RES_UNSUPPORTED_SEGMENT;
	}
	if (get_be16(d + 2) != *len - 4)
		return scsi_bad_param(cmd, (uint16_t)(at + 2), -1);
	if (end - at < *len || scsi_cmd_param(cmd, at, d, *len) < *len)
		return RES_PARAM_LIST_LENGTH;
	get_segment(&x->segs[x->n_segs++], d);
	return RES_GOOD;
}

static enum scsi_result parse_segments(struct xcopy *x, struct scsi_cmd *cmd, uint32_t at,
				       uint32_t end)
{
	enum scsi_result r = RES_GOOD;
	uint32_t len = 0;

	x->segs = calloc(min_u32((end - at) / SEG_LEN_MIN + 1, XCOPY_SEGMENTS), sizeof(*x->segs));
	if (!x->segs)
		return RES_BUSY;
	for (; at < end && r == RES_GOOD; at += len) {
		if (x->n_segs == XCOPY_SEGMENTS)
			return RES_TOO_MANY_SEGMENTS;
		r = parse_segment(x, cmd, at, end, &len);
	}
	return r;
}

enum scsi_result xcopy_parse(struct xcopy *x, struct scsi_cmd *cmd)
{
	struct layout l = { .header = 0 };
	enum scsi_result r = x->lid4 ? lid4_header(x, cmd, &l) : lid1_header(cmd, &l);
	uint32_t at, end;

	if (r == RES_GOOD)
		r = check_lengths(cmd, &l);
	if (r != RES_GOOD)
		return r;
	x->list_id = l.list_id;
	x->keep = l.usage != USAGE_NONE;
	at = l.header;
	for (end = at + l.cscds; at < end && r == RES_GOOD; at += CSCD_LEN)
		r = parse_cscd(x, cmd, at);
	return r == RES_GOOD ? parse_segments(x, cmd, at, at + l.segs) : r;
}

void xcopy_unhold(struct xcopy *x)
{
	for (unsigned int i = 0; i < x->n_cscds; i++) {
		if (x->cscds[i].lu)
			lu_release(x->cscds[i].lu);
		x->cscds[i].lu = NULL;
	}
	token_drop(x);
	free(x->segs);
	free(x->parts);
	x->segs = NULL;
	x->parts = NULL;
}
