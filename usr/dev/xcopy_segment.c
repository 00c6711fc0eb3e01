/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments of EXTENDED COPY (SPC-4 6.4.6): what each type asks copy.c for, or does at once. Called by
 * xcopy.c for one after the other.
 */
#include <string.h>

#include "dev/sbc.h"
#include "dev/xcopy.h"

/* RES_GOOD with *@c, or how the segment fails. */
static enum scsi_result cscd_of(const struct xcopy *x, uint16_t id, struct xcopy_cscd *c)
{
	*c = (struct xcopy_cscd){ .lu = x->lu };
	if (id == XCOPY_CSCD_SELF)
		return RES_GOOD;
	if (id >= x->n_cscds)
		return RES_CA_UNREACHABLE;
	*c = x->cscds[id];
	if (c->other_type)
		return RES_CA_DEVICE_TYPE;
	return c->lu ? RES_GOOD : RES_CA_NOT_REACHABLE;
}

static bool out_of_range(const struct lu *lu, uint64_t lba, uint64_t bytes)
{
	uint64_t blocks = (bytes + lu->block_size - 1) >> lu->block_shift;

	return lba > lu->blocks || blocks > lu->blocks - lba;
}

/* No device has to be asked: the field pointer tells which LBA of the descriptor is wrong. */
static enum scsi_result segment_range(const struct copy *c, const struct xcopy_seg *s,
				      struct sense_extra *ex)
{
	bool src = out_of_range(c->src, s->src_lba, c->len);

	if (!src && !out_of_range(c->dst, s->dst_lba, c->len))
		return RES_GOOD;
	ex->field_valid = ex->field_in_segment = true;
	ex->field_byte = src ? 12 : 20;
	return RES_CA_SEGMENT;
}

/*
 * SPC-4 6.4.6.3, table 131: what is less than a block at the end. Bytes that are left of a source
 * block may be dropped if that has PAD, and what a destination block lacks is zeroes if that has.
 * Nothing is carried over to the next segment.
 */
static enum scsi_result segment_ends(struct copy *c, const struct xcopy_seg *s,
				     const struct xcopy_cscd *src, const struct xcopy_cscd *dst)
{
	uint64_t rest = c->len & (c->dst->block_size - 1);

	if (s->dc)
		return c->len & (c->src->block_size - 1) && !src->pad ? RES_CA_INEXACT : RES_GOOD;
	if (!rest)
		return RES_GOOD;
	if (s->cat || !dst->pad)
		return RES_CA_INEXACT;
	c->pad = (uint32_t)(c->dst->block_size - rest);
	return RES_GOOD;
}

/* SPC-4 6.4.6.9: it can be reached, and with TUR, it is ready. */
static enum scsi_result segment_verify(struct xcopy *x, const struct xcopy_seg *s,
				       const struct lu *lu, struct sense_extra *ex)
{
	struct copy *c = &x->copy;

	c->result = s->tur ? copy_ready(lu, &c->extra) : RES_GOOD;
	if (c->result == RES_GOOD)
		return RES_GOOD;
	c->at_src = true;
	xcopy_tell_third(x, ex);
	return RES_CA_THIRD_PARTY;
}

/* A byte in a block that isn't there, or doesn't end the disk: *@at is where it is on the disk. */
static bool byte_at(const struct lu *lu, uint64_t lba, uint32_t byte, uint64_t len, uint64_t *at)
{
	if (lba >= lu->blocks)
		return false;
	*at = (lba << lu->block_shift) + byte;
	return len <= (lu->blocks << lu->block_shift) - *at;
}

/* SPC-4 6.4.6.12 */
static enum scsi_result segment_bytes(struct copy *c, const struct xcopy_seg *s,
				      struct sense_extra *ex)
{
	uint64_t dst;

	c->len = s->bytes;
	if (s->src_byte >= c->src->block_size)
		ex->field_byte = 28;
	else if (s->dst_byte >= c->dst->block_size)
		ex->field_byte = 30;
	else if (!byte_at(c->src, s->src_lba, s->src_byte, c->len, &c->src_offset))
		ex->field_byte = 12;
	else if (!byte_at(c->dst, s->dst_lba, s->dst_byte, c->len, &dst))
		ex->field_byte = 20;
	if (ex->field_byte) {
		ex->field_valid = ex->field_in_segment = true;
		return RES_CA_SEGMENT;
	}
	c->head = s->dst_byte;
	c->dst_offset = dst - c->head;
	c->bytewise = s->src_byte || c->head || c->len & (c->dst->block_size - 1);
	return RES_GOOD;
}

static enum scsi_result segment_blocks(struct copy *c, const struct xcopy_seg *s,
				       const struct xcopy_cscd *src, const struct xcopy_cscd *dst,
				       struct sense_extra *ex)
{
	enum scsi_result r;

	c->len = (uint64_t)s->blocks << (s->dc ? c->dst : c->src)->block_shift;
	r = segment_ends(c, s, src, dst);
	if (r == RES_GOOD)
		r = segment_range(c, s, ex);
	if (r != RES_GOOD)
		return r;
	c->src_offset = s->src_lba << c->src->block_shift;
	c->dst_offset = s->dst_lba << c->dst->block_shift;
	return RES_GOOD;
}

enum scsi_result xcopy_segment_start(struct xcopy *x, struct sense_extra *ex)
{
	struct xcopy_seg *s = &x->segs[x->seg];
	struct xcopy_cscd src, dst;
	struct copy *c = &x->copy;
	enum scsi_result r = cscd_of(x, s->src, &src);

	memset(c, 0, sizeof(*c));
	if (r == RES_GOOD && s->type == XCOPY_SEG_VERIFY)
		return segment_verify(x, s, src.lu, ex);
	if (r == RES_GOOD)
		r = cscd_of(x, s->dst, &dst);
	if (r != RES_GOOD)
		return r;
	c->nexus = x->nexus;
	c->src = src.lu;
	c->dst = dst.lu;
	r = s->type == XCOPY_SEG_OFFSETS ? segment_bytes(c, s, ex)
					 : segment_blocks(c, s, &src, &dst, ex);
	if (r != RES_GOOD || (s->type == XCOPY_SEG_OFFSETS && !c->len))
		return r;
	c->ended = xcopy_copied;
	copy_start(c);
	return RES_PENDING;
}
