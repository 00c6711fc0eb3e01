/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a copy: what the next piece is, whether it is still allowed, the range at the
 * destination (so that no COMPARE AND WRITE is between), and then COPY, ZERO, or READ and WRITE.
 * Between pieces anybody may come, so everything is looked at anew.
 */
#include "dev/copy.h"

#include <errno.h>
#include <string.h>

#include "base/pool.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"
#include "target/core.h"
#include "target/target.h"

/* What the inner commands look like to dev/io and dev/range. */
static const struct opcode inner_row = { .name = "third-party copy", .cdb_len = 16,
					 .flags = OP_WRITES };

static void inner_init(struct scsi_cmd *cmd, struct lu *lu)
{
	memset(cmd, 0, sizeof(*cmd));
	list_init(&cmd->nexus_link);
	list_init(&cmd->lu_link);
	list_init(&cmd->range_link);
	cmd->lu = lu;
	cmd->op = &inner_row;
}

static struct copy *of_rd(struct scsi_cmd *cmd)
{
	return container_of(cmd, struct copy, rd);
}

static struct copy *of_wr(struct scsi_cmd *cmd)
{
	return container_of(cmd, struct copy, wr);
}

/* Also gives back memory and range. */
static enum scsi_result copy_end(struct copy *c, enum scsi_result r, bool at_src)
{
	dev_step_end(&c->wr, RES_GOOD);
	if (c->bytewise)
		dev_step_end(&c->rd, RES_GOOD);
	if (r != RES_GOOD && !c->extra.info_valid)
		c->extra = at_src ? c->rd.extra : c->wr.extra;
	c->result = r;
	c->at_src = at_src;
	c->ended(c);
	return RES_PENDING;
}

static void copy_next(struct copy *c);

/* Of the destination, whole blocks. */
static uint64_t total(const struct copy *c)
{
	return c->bytewise ? round_up(c->head + c->len, c->dst->block_size) : c->len + c->pad;
}

/* --- what has been written */

static enum scsi_result piece_end(struct copy *c)
{
	c->done += c->piece;
	range_leave(&c->wr);
	/* From the loop: stores that answer at once must not make a recursion of this. */
	loop_call_queue(c->dst->target->core->loop, &c->call);
	return RES_PENDING;
}

/* The piece again, in another way. */
static enum scsi_result piece_again(struct copy *c)
{
	range_leave(&c->wr);
	loop_call_queue(c->dst->target->core->loop, &c->call);
	return RES_PENDING;
}

static enum scsi_result written(struct scsi_cmd *cmd, int err)
{
	struct copy *c = of_wr(cmd);

	if (err)
		return copy_end(c, dev_io_fail(cmd, err), false);
	return piece_end(c);
}

/* --- through memory */

static enum scsi_result buf_write(struct copy *c)
{
	struct scsi_cmd *wr = &c->wr;
	enum scsi_result r = dev_io_buf(wr, BS_WRITE, sbc_wce_flags(wr), c->dst_offset + c->at,
					(uint32_t)c->piece, written);

	return r == RES_PENDING ? r : copy_end(c, r, false);
}

static enum scsi_result buf_read(struct scsi_cmd *cmd, int err)
{
	struct copy *c = of_rd(cmd);

	if (err)
		return copy_end(c, dev_io_fail(cmd, err), true);
	return buf_write(c);
}

/* --- through memory, byte by byte */

#define SRC_PIECE (DEV_IO_PIECE + 2 * 4096U) /* with the rest of the first and the last block */

/* The part of the piece, from its beginning, that is data. */
static void data_part(const struct copy *c, uint64_t *first, uint64_t *end)
{
	*first = c->at < c->head ? c->head - c->at : 0;
	*end = min_u64(c->piece, c->head + c->len - c->at);
}

static uint64_t src_block(const struct copy *c, uint64_t at)
{
	return at & ~((uint64_t)c->src->block_size - 1);
}

static enum scsi_result src_read(struct scsi_cmd *cmd, int err)
{
	struct copy *c = of_rd(cmd);
	uint64_t first, end, from;

	if (err)
		return copy_end(c, dev_io_fail(cmd, err), true);
	data_part(c, &first, &end);
	from = c->src_offset + c->at + first - c->head;
	memcpy((uint8_t *)c->wr.dev_ptr + first,
	       (uint8_t *)c->rd.dev_ptr + (from - src_block(c, from)), (size_t)(end - first));
	return buf_write(c);
}

static enum scsi_result read_src(struct copy *c)
{
	uint64_t first, end, from;
	enum scsi_result r;

	data_part(c, &first, &end);
	from = c->src_offset + c->at + first - c->head;
	end = round_up(from + end - first, c->src->block_size);
	r = dev_io_buf(&c->rd, BS_READ, 0, src_block(c, from), (uint32_t)(end - src_block(c, from)),
		       src_read);
	return r == RES_PENDING ? r : copy_end(c, r, true);
}

static enum scsi_result rest_read(struct scsi_cmd *cmd, int err)
{
	struct copy *c = of_wr(cmd);

	return err ? copy_end(c, dev_io_fail(cmd, err), false) : read_src(c);
}

/* What stays of the destination's blocks is read first. */
static enum scsi_result bytes_piece(struct copy *c)
{
	uint64_t first, end;
	enum scsi_result r = RES_GOOD;

	if (!c->wr.dev_ptr)
		r = dev_buf_get(&c->wr, DEV_IO_PIECE);
	if (r == RES_GOOD && !c->rd.dev_ptr)
		r = dev_buf_get(&c->rd, SRC_PIECE);
	if (r != RES_GOOD)
		return copy_end(c, r, false);
	data_part(c, &first, &end);
	if (!first && end == c->piece)
		return read_src(c);
	r = dev_io_buf(&c->wr, BS_READ, 0, c->dst_offset + c->at, (uint32_t)c->piece, rest_read);
	return r == RES_PENDING ? r : copy_end(c, r, false);
}

/* What is beyond the source's part is zeroes. */
static enum scsi_result through_memory(struct copy *c)
{
	uint64_t end = min_u64(c->at + c->piece, c->len);
	uint64_t from_src = c->src && end > c->at ? end - c->at : 0;
	uint8_t *buf = c->wr.dev_ptr;
	enum scsi_result r;

	if (!buf) {
		r = dev_buf_get(&c->wr, DEV_IO_PIECE);
		if (r != RES_GOOD)
			return copy_end(c, r, false);
		buf = c->wr.dev_ptr;
	}
	memset(buf + from_src, 0, (size_t)(c->piece - from_src));
	if (!from_src)
		return buf_write(c);
	c->rd.dev_iov = (struct iovec){ .iov_base = buf, .iov_len = (size_t)from_src };
	r = dev_io_vec(&c->rd, BS_READ, 0, c->src_offset + c->at, from_src, &c->rd.dev_iov, 1,
		       buf_read);
	return r == RES_PENDING ? r : copy_end(c, r, true);
}

/* --- by the stores */

static enum scsi_result zeroed(struct scsi_cmd *cmd, int err)
{
	struct copy *c = of_wr(cmd);

	if (err == -EOPNOTSUPP) {
		c->no_holes = true;
		return piece_again(c);
	}
	return written(cmd, err);
}

static enum scsi_result make_hole(struct copy *c)
{
	uint32_t flags = sbc_wce_flags(&c->wr);
	enum scsi_result r;

	if (sbc_thin(c->dst))
		flags |= BS_REQ_MAY_UNMAP;
	r = dev_io(&c->wr, BS_ZERO, flags, c->dst_offset + c->at, c->piece, zeroed);
	return r == RES_PENDING ? r : copy_end(c, r, false);
}

static enum scsi_result copied(struct scsi_cmd *cmd, int err)
{
	struct copy *c = of_wr(cmd);
	struct bs *from = c->from;

	c->from = NULL;
	bs_release(from);
	/* Whose fault an error is the store doesn't tell: the way through memory will. */
	if (err && err != -ENOSPC) {
		c->no_copy = true;
		return piece_again(c);
	}
	return written(cmd, err);
}

static enum scsi_result copy_by_store(struct copy *c)
{
	enum scsi_result r;

	c->from = c->src->bs;
	bs_hold(c->from);
	c->wr.bsr.src = c->from;
	c->wr.bsr.src_offset = c->src_offset + c->at;
	r = dev_io(&c->wr, BS_COPY, sbc_wce_flags(&c->wr), c->dst_offset + c->at, c->piece, copied);
	if (r == RES_PENDING)
		return r;
	bs_release(c->from);
	return copy_end(c, r, false);
}

static bool stores_copy(const struct copy *c)
{
	const struct bs *src = c->src ? c->src->bs : NULL, *dst = c->dst->bs;

	return src && dst && src->type == dst->type && src->cap[BS_COPY] == BS_CAP_NATIVE &&
	       dst->cap[BS_COPY] == BS_CAP_NATIVE && !c->no_copy && !c->pad && !c->backward &&
	       !c->bytewise;
}

/* Whether it pays to know the source's holes. */
static bool holes_matter(const struct copy *c)
{
	const struct bs *src = c->src ? c->src->bs : NULL, *dst = c->dst->bs;

	return src && dst && src->cap[BS_EXTENTS] == BS_CAP_NATIVE && src->unmap_zeroes &&
	       dst->cap[BS_ZERO] == BS_CAP_NATIVE && !c->no_holes && !c->pad && !c->backward &&
	       !c->bytewise;
}

/* --- the next piece */

enum scsi_result copy_ready(const struct lu *lu, struct sense_extra *ex)
{
	if (lu->dying)
		return RES_LUN_NOT_SUPPORTED;
	return lu->background != RES_GOOD ? lu_background(lu, ex) : lu_medium_state(lu);
}

/* Everything that can have changed since the last one. */
static enum scsi_result may_go_on(struct copy *c, bool *at_src)
{
	enum scsi_result r;

	*at_src = false;
	if (c->stop)
		return RES_TASK_ABORTED;
	r = copy_may(c->nexus, c->dst, true, &c->wr.extra);
	if (r == RES_GOOD && c->src) {
		*at_src = true;
		r = c->by_token ? copy_ready(c->src, &c->rd.extra)
				: copy_may(c->nexus, c->src, false, &c->rd.extra);
	}
	return r;
}

static enum scsi_result range_got(struct scsi_cmd *cmd)
{
	struct copy *c = of_wr(cmd);
	bool at_src;
	enum scsi_result r = may_go_on(c, &at_src);

	if (r != RES_GOOD)
		return copy_end(c, r, at_src);
	if (c->hole)
		return make_hole(c);
	if (c->bytewise)
		return bytes_piece(c);
	return stores_copy(c) ? copy_by_store(c) : through_memory(c);
}

static void piece_begin(struct copy *c)
{
	unsigned int shift = c->dst->block_shift;

	range_guest(&c->wr, (c->dst_offset + c->at) >> shift, c->piece >> shift, range_got);
}

static uint64_t piece_max(const struct copy *c)
{
	if (c->hole)
		return sbc_zero_piece(c->dst, BS_ZERO);
	if (stores_copy(c))
		return min_u32(c->src->bs->copy_piece, c->dst->bs->copy_piece);
	return DEV_IO_PIECE;
}

/* From the beginning on, or from the end where the destination overlaps what isn't read yet. */
static void piece_choose(struct copy *c, uint64_t most)
{
	uint64_t block = c->dst->block_size;

	c->piece = min_u64(total(c) - c->done, most);
	c->piece = min_u64(c->piece, max_u64(piece_max(c) & ~(block - 1), block));
	c->at = c->backward ? total(c) - c->done - c->piece : c->done;
}

/*
 * The length of the run of bytes from @done on that are all a hole or all not; 0: not known. Runs are
 * cut to whole blocks of the destination, what is left of one counts as data.
 */
static uint64_t run_known(struct copy *c)
{
	uint64_t block = c->dst->block_size, at = c->src_offset + c->done;

	for (; c->i_ext < c->n_ext; c->i_ext++) {
		const struct bs_extent *e = &c->ext[c->i_ext];
		uint64_t left = e->offset + e->len > at ? e->offset + e->len - at : 0;

		if (!left)
			continue;
		c->hole = !e->mapped && left >= block;
		return c->hole ? left & ~(block - 1) : round_up(left, block);
	}
	return 0;
}

static enum scsi_result extents_told(struct scsi_cmd *cmd, int err)
{
	struct copy *c = of_rd(cmd);

	c->n_ext = err ? 0 : cmd->bsr.n_extents;
	c->i_ext = 0;
	if (!c->n_ext)
		c->no_holes = true;
	loop_call_queue(c->dst->target->core->loop, &c->call);
	return RES_PENDING;
}

static void ask_extents(struct copy *c)
{
	uint64_t at = c->src_offset + c->done;
	enum scsi_result r = dev_io_extents(&c->rd, at, c->len - c->done, c->ext, COPY_EXTENTS,
					    extents_told);

	if (r != RES_PENDING)
		copy_end(c, r, true);
}

static void copy_next(struct copy *c)
{
	uint64_t most = UINT64_MAX;
	bool at_src;
	enum scsi_result r = may_go_on(c, &at_src);

	if (r != RES_GOOD || c->done == total(c)) {
		copy_end(c, r, at_src);
		return;
	}
	c->hole = !c->src && c->dst->bs->cap[BS_ZERO] == BS_CAP_NATIVE && !c->no_holes;
	if (holes_matter(c)) {
		most = run_known(c);
		if (!most) {
			ask_extents(c);
			return;
		}
	}
	piece_choose(c, most);
	piece_begin(c);
}

static void call_run(struct loop_call *call)
{
	copy_next(container_of(call, struct copy, call));
}

void copy_start(struct copy *c)
{
	inner_init(&c->rd, c->src);
	inner_init(&c->wr, c->dst);
	loop_call_init(&c->call, LOOP_COMPLETE, call_run);
	/* Pieces of which the source could not take its own. */
	if (c->src && c->src->bs && c->src->bs->align > c->dst->block_size)
		c->no_copy = c->no_holes = true;
	c->backward = c->src == c->dst && c->dst_offset + c->head > c->src_offset &&
		      c->dst_offset < c->src_offset + c->len;
	loop_call_queue(c->dst->target->core->loop, &c->call);
}

void copy_stop(struct copy *c)
{
	c->stop = true;
	c->wr.aborted = true;
	c->rd.aborted = true;
	range_recheck(c->dst);
}
