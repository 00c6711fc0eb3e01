/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a tape image: the newest superblock and auxiliary memory that are whole, and in each
 * partition the end of the data: from the last place that was known to be on stable storage, as far
 * as record follows on record. What was torn there is not part of the tape.
 */
#include <errno.h>
#include <string.h>

#include "base/crc32c.h"
#include "dev/tape_priv.h"

static void scan(struct tape_image *t);

/* --- the data of a record ------------------------------------------------------------------------- */

static void data_next(struct tape_image *t);

static void data_read(struct tape_image *t, int err)
{
	uint32_t n = (uint32_t)min_u64(t->want, TAPE_PAGE);

	if (err) {
		t->after(t, err);
		return;
	}
	t->crc = crc32c(t->crc, t->page, n);
	t->want -= n;
	t->off += n;
	data_next(t);
}

static void data_next(struct tape_image *t)
{
	uint64_t n = min_u64(round_up(t->want, t->sb.align), TAPE_PAGE);

	if (t->want)
		tape_io_page(t, BS_READ, t->off, n, data_read);
	else
		t->after(t, t->crc == t->rec.crc ? 0 : -EBADMSG);
}

void tape_data_check(struct tape_image *t, uint64_t off, tape_step *after)
{
	t->after = after;
	t->off = off + t->sb.align;
	t->want = t->rec.len;
	t->crc = 0;
	data_next(t);
}

/* --- chains --------------------------------------------------------------------------------------- */

static void chain_next(struct tape_image *t);

static void chain_end(struct tape_image *t, int err)
{
	if (!err && !t->by_mark) {
		t->by_mark = true;
		t->ordinal = t->work.at.files;
		t->off = t->work.at.mark;
		chain_next(t);
		return;
	}
	t->after(t, err);
}

static void chain_read(struct tape_image *t, int err)
{
	struct tape_chain *c = t->by_mark ? &t->work.marks : &t->work.objects;
	struct tape_rec r;
	bool right;

	if (err) {
		t->after(t, err);
		return;
	}
	right = tape_rec_get(&r, t->page) && r.id == t->sb.id && r.part == t->scan_part &&
		(t->by_mark ? r.type == TAPE_FILEMARK && r.files + 1 == t->ordinal :
			      r.ordinal == t->ordinal);
	if (!right) {
		t->after(t, -EBADMSG);
		return;
	}
	c->off[tape_bits(t->ordinal) - 1] = t->off;
	t->ordinal &= t->ordinal - 1;
	t->off = t->by_mark ? r.mark_jump : r.jump;
	chain_next(t);
}

static void chain_next(struct tape_image *t)
{
	if (t->ordinal)
		tape_rec_read(t, t->off, chain_read);
	else
		chain_end(t, 0);
}

void tape_chains_read(struct tape_image *t, unsigned int part, tape_step *after)
{
	t->scan_part = part;
	t->after = after;
	t->by_mark = false;
	t->ordinal = t->work.at.objects;
	t->off = t->work.at.last;
	chain_next(t);
}

/* --- the end of the data -------------------------------------------------------------------------- */

static void scan_begin(struct tape_image *t)
{
	const struct tape_part *p = &t->sb.part[t->scan_part];

	if (t->scan_part == t->sb.n_parts) {
		t->part = 0;
		tape_rewind(t);
		tape_finish(t, 0);
		return;
	}
	t->work.at = p->synced;
	t->epoch = p->epoch;
	scan(t);
}

static void chained(struct tape_image *t, int err)
{
	if (err) {
		tape_finish(t, err);
		return;
	}
	t->tip[t->scan_part] = t->work;
	t->scan_part++;
	scan_begin(t);
}

static void scan_end(struct tape_image *t)
{
	tape_chains_read(t, t->scan_part, chained);
}

static void scan_checked(struct tape_image *t, int err)
{
	if (err == -EBADMSG) {
		t->cut++;
		scan_end(t);
		return;
	}
	if (err) {
		tape_finish(t, err);
		return;
	}
	tape_place_next(&t->sb, &t->work.at, &t->rec);
	t->epoch = t->rec.epoch;
	t->dirty = true;
	scan(t);
}

static void scan_read(struct tape_image *t, int err)
{
	if (err) {
		tape_finish(t, err);
		return;
	}
	if (!tape_rec_get(&t->rec, t->page) ||
	    !tape_rec_follows(&t->sb, t->scan_part, &t->work.at, t->epoch, &t->rec))
		scan_end(t);
	else
		tape_data_check(t, t->work.at.off, scan_checked);
}

static void scan(struct tape_image *t)
{
	const struct tape_part *p = &t->sb.part[t->scan_part];

	if (p->start + p->len - t->work.at.off < t->sb.align)
		scan_end(t);
	else
		tape_rec_read(t, t->work.at.off, scan_read);
}

/* --- superblock and auxiliary memory -------------------------------------------------------------- */

static void mam_newest(struct tape_image *t, const uint8_t *buf)
{
	struct tape_mam *m = &t->mam;
	uint64_t gen[2];
	bool good[2];

	for (int i = 0; i < 2; i++) {
		good[i] = tape_mam_get(m, t->sb.id, buf + (size_t)i * TAPE_MAM_SIZE);
		gen[i] = m->gen;
	}
	if (good[0] && (!good[1] || gen[0] > gen[1]))
		tape_mam_get(m, t->sb.id, buf);
	else if (!good[1])
		memset(m, 0, sizeof(*m));
}

static void mam_read(struct tape_image *t, int err)
{
	if (err) {
		tape_finish(t, err);
		return;
	}
	mam_newest(t, t->page);
	t->scan_part = 0;
	scan_begin(t);
}

static int newest(struct tape_image *t)
{
	struct tape_sb other;
	bool first = tape_sb_get(&t->sb, t->page);

	if (tape_sb_get(&other, t->page + TAPE_SB_SIZE) && (!first || other.gen > t->sb.gen)) {
		t->sb = other;
		first = true;
	}
	if (first)
		return 0;
	return tape_sb_magic(t->page) || tape_sb_magic(t->page + TAPE_SB_SIZE) ? -EPROTO : -EILSEQ;
}

static void sb_read(struct tape_image *t, int err)
{
	if (!err)
		err = newest(t);
	if (!err && t->sb.size > t->bs->size)
		err = -EMSGSIZE;
	if (!err && t->sb.align % t->bs->align)
		err = -EINVAL;
	if (err)
		tape_finish(t, err);
	else
		tape_io_page(t, BS_READ, TAPE_MAM_AT, 2ULL * TAPE_MAM_SIZE, mam_read);
}

void tape_image_open(struct tape_image *t, tape_done *done, void *arg)
{
	tape_begin(t, done, arg);
	if (t->bs->size < TAPE_DATA_AT)
		tape_finish(t, -EILSEQ);
	else
		tape_io_page(t, BS_READ, 0, 2ULL * TAPE_SB_SIZE, sb_read);
}
