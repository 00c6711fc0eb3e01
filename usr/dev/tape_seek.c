/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and moving on a tape image. Every record knows the one before it and one far before it,
 * so any place is reached from the end of the data within the square of the logarithm of its number
 * of records, and nothing of that is kept in memory.
 */
#include <errno.h>

#include "base/crc32c.h"
#include "base/iov.h"
#include "dev/tape_priv.h"

static void move_to(struct tape_image *t, const struct tape_place *at)
{
	t->pos = *at;
	t->ahead = false;
}

/* --- the next record ------------------------------------------------------------------------------ */

/* The header at the place, in t->page + @off. */
static bool take_ahead(struct tape_image *t, const uint8_t *buf)
{
	t->ahead = tape_rec_get(&t->next, buf) &&
		   tape_rec_follows(&t->sb, t->part, &t->pos, 0, &t->next);
	return t->ahead;
}

static void header_read(struct tape_image *t, int err)
{
	if (!err && !take_ahead(t, t->page))
		err = -EBADMSG;
	t->after(t, err);
}

/* t->rec becomes the record at the place, then @after. At the end of data that is the end. */
static void record_next(struct tape_image *t, tape_step *after)
{
	t->after = after;
	if (t->pos.off == tape_eod(t)->off) {
		t->stop = TAPE_AT_EOD;
		tape_finish(t, 0);
	} else if (t->ahead) {
		after(t, 0);
	} else {
		tape_rec_read(t, t->pos.off, header_read);
	}
}

static void pass(struct tape_image *t)
{
	tape_place_next(&t->sb, &t->pos, &t->rec);
	t->ahead = false;
	if (t->rec.type == TAPE_FILEMARK)
		t->stop = TAPE_AT_MARK;
	else
		t->count = 1;
}

/* --- reading -------------------------------------------------------------------------------------- */

static void block_read(struct tape_image *t, int err)
{
	uint32_t crc = 0, left = t->rec.len;

	if (err) {
		tape_finish(t, err);
		return;
	}
	pass(t);
	if (t->want)
		take_ahead(t, t->page + t->piece);
	/* Of a block that is only read in part, the rest would have to be kept somewhere. */
	if (t->block < t->rec.len) {
		tape_finish(t, 0);
		return;
	}
	for (unsigned int i = 0; left; i++) {
		uint32_t n = (uint32_t)min_u64(left, t->iov[i].iov_len);

		crc = crc32c(crc, t->iov[i].iov_base, n);
		left -= n;
	}
	tape_finish(t, crc == t->rec.crc ? 0 : -EBADMSG);
}

/* Bytes that nobody wants go to the scratch memory, again and again. */
static unsigned int sink(struct tape_image *t, unsigned int n, uint64_t len)
{
	while (len && n < TAPE_IOV) {
		uint64_t part = min_u64(len, TAPE_PAGE - TAPE_ALIGN_MAX);

		t->iov[n++] = (struct iovec){ t->page, (size_t)part };
		len -= part;
	}
	return n;
}

/* The block, and with it the header behind it, if there is one: t->want. */
static void block_start(struct tape_image *t)
{
	uint64_t size = round_up(t->rec.len, t->sb.align);
	uint32_t take = min_u32(t->rec.len, t->block);
	unsigned int n = iov_slice(t->data, t->data_cnt, t->data_off, take, t->iov, TAPE_IOV - 300);

	if (iov_size(t->iov, n) != take) {
		tape_finish(t, -ENOBUFS);
		return;
	}
	n = sink(t, n, size - take);
	t->want = t->pos.off + t->sb.align + size < tape_eod(t)->off;
	t->piece = TAPE_PAGE - TAPE_ALIGN_MAX;
	if (t->want)
		t->iov[n++] = (struct iovec){ t->page + t->piece, t->sb.align };
	tape_io(t, BS_READ, t->pos.off + t->sb.align, size + (t->want ? t->sb.align : 0), n,
		block_read);
}

static void read_header(struct tape_image *t, int err)
{
	if (err) {
		tape_finish(t, err);
		return;
	}
	t->rec = t->next;
	if (t->rec.type == TAPE_BLOCK) {
		block_start(t);
		return;
	}
	pass(t);
	tape_finish(t, 0);
}

void tape_read(struct tape_image *t, const struct iovec *iov, unsigned int cnt, uint64_t skip,
	       uint32_t max, tape_done *done, void *arg)
{
	tape_begin(t, done, arg);
	t->data = iov;
	t->data_cnt = cnt;
	t->data_off = skip;
	t->block = max;
	record_next(t, read_header);
}

static void verified(struct tape_image *t, int err)
{
	if (!err || err == -EBADMSG)
		pass(t);
	tape_finish(t, err);
}

static void verify_header(struct tape_image *t, int err)
{
	if (err) {
		tape_finish(t, err);
		return;
	}
	t->rec = t->next;
	tape_data_check(t, t->pos.off, verified);
}

void tape_verify(struct tape_image *t, tape_done *done, void *arg)
{
	tape_begin(t, done, arg);
	record_next(t, verify_header);
}

/* --- moving --------------------------------------------------------------------------------------- */

static void seek_next(struct tape_image *t);

static void found(struct tape_image *t, const struct tape_rec *r)
{
	struct tape_place at = { .off = t->off, .objects = r->ordinal - 1, .files = r->files,
				 .last = r->last, .mark = r->mark };

	t->part = t->scan_part;
	if (t->synchronous)
		tape_place_next(&t->sb, &at, r);
	move_to(t, &at);
	tape_finish(t, 0);
}

/* One step: as far as the jump goes without missing it, else one. */
static void seek_read(struct tape_image *t, int err)
{
	uint64_t here = t->ordinal, far = here & (here - 1);
	struct tape_rec r;

	if (err) {
		tape_finish(t, err);
		return;
	}
	if (!tape_rec_get(&r, t->page) || r.id != t->sb.id || r.part != t->scan_part ||
	    (t->by_mark ? r.files + 1 : r.ordinal) != here) {
		tape_finish(t, -EBADMSG);
		return;
	}
	if (here == t->want) {
		found(t, &r);
		return;
	}
	t->ordinal = far >= t->want ? far : here - 1;
	if (far >= t->want)
		t->off = t->by_mark ? r.mark_jump : r.jump;
	else
		t->off = t->by_mark ? r.mark : r.last;
	seek_next(t);
}

static void seek_next(struct tape_image *t)
{
	tape_rec_read(t, t->off, seek_read);
}

/* From the newest record that is no further than what is wanted, t->want. */
static void seek(struct tape_image *t, uint64_t newest, const struct tape_chain *c)
{
	t->ordinal = newest;
	while ((t->ordinal & (t->ordinal - 1)) >= t->want)
		t->ordinal &= t->ordinal - 1;
	t->off = c->off[tape_bits(t->ordinal) - 1];
	seek_next(t);
}

void tape_locate(struct tape_image *t, unsigned int part, uint64_t n, tape_done *done, void *arg)
{
	const struct tape_tip *tip = &t->tip[part];

	tape_begin(t, done, arg);
	t->by_mark = t->synchronous = false;
	t->scan_part = part;
	t->want = n + 1;
	if (n >= tip->at.objects) {
		t->part = part;
		t->stop = n > tip->at.objects ? TAPE_AT_EOD : TAPE_DONE;
		move_to(t, &tip->at);
		tape_finish(t, 0);
	} else if (!n) {
		t->part = part;
		tape_rewind(t);
		tape_finish(t, 0);
	} else {
		seek(t, tip->at.objects, &tip->objects);
	}
}

void tape_locate_mark(struct tape_image *t, uint64_t k, bool behind, tape_done *done, void *arg)
{
	const struct tape_tip *tip = &t->tip[t->part];

	assert(k && k <= tip->at.files);
	tape_begin(t, done, arg);
	t->by_mark = true;
	t->synchronous = behind;
	t->scan_part = t->part;
	t->want = k;
	seek(t, tip->at.files, &tip->marks);
}
