/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing to a tape image. The first write at a place that is not the end, and the first after
 * opening, gives the image a new epoch, on stable storage before anything else: so records that were
 * behind the place, whole or torn, never again follow on what is written there.
 */
#include <errno.h>

#include "base/crc32c.h"
#include "base/iov.h"
#include "dev/tape_priv.h"

/* Without filemarks, what an unexpected end can cost, and what has to be read after it. */
#define SYNC_EVERY (1 * GiB)

/* --- the place ------------------------------------------------------------------------------------ */

static void ready(struct tape_image *t)
{
	t->own_epoch = true;
	t->ahead = false;
	t->work = t->tip[t->part];
	t->after(t, 0);
}

static void unmapped(struct tape_image *t, int err)
{
	(void)err; /* what could not be given back is still not part of the tape */
	ready(t);
}

static void cut_flushed(struct tape_image *t, int err)
{
	uint64_t end = t->old_end;

	if (err) {
		t->after(t, err);
		return;
	}
	if (end > t->pos.off && t->bs->cap[BS_UNMAP] == BS_CAP_NATIVE)
		tape_io(t, BS_UNMAP, t->pos.off, end - t->pos.off, 0, unmapped);
	else
		ready(t);
}

static void cut_written(struct tape_image *t, int err)
{
	if (err)
		t->after(t, err);
	else
		tape_flush(t, cut_flushed);
}

static void epoch_begin(struct tape_image *t)
{
	t->sb.epoch++;
	tape_sb_write(t, cut_written);
}

/* All before the place is on stable storage: what comes next is of a new epoch. */
static void cut_synced(struct tape_image *t, int err)
{
	struct tape_part *p = &t->sb.part[t->part];

	if (err) {
		t->after(t, err);
		return;
	}
	t->old_end = t->tip[t->part].at.off;
	t->tip[t->part] = t->work;
	p->synced = t->pos;
	p->epoch = t->sb.epoch + 1;
	t->own_epoch = false;
	epoch_begin(t);
}

static tape_step *wanted(struct tape_image *t);

static void cut_chained(struct tape_image *t, int err)
{
	t->after = wanted(t);
	if (err)
		t->after(t, err);
	else
		tape_flush(t, cut_synced);
}

/* --- records -------------------------------------------------------------------------------------- */

static void write_next(struct tape_image *t);

static void synced_written(struct tape_image *t, int err)
{
	if (!err)
		t->dirty = false;
	tape_finish(t, err);
}

/* The superblock only saves time when the image is opened: it need not be flushed. */
static void synced(struct tape_image *t, int err)
{
	if (err) {
		tape_finish(t, err);
		return;
	}
	t->unsynced = 0;
	for (unsigned int i = 0; i < t->sb.n_parts; i++) {
		t->sb.part[i].synced = t->tip[i].at;
		t->sb.part[i].epoch = t->sb.epoch;
	}
	tape_sb_write(t, synced_written);
}

static void write_end(struct tape_image *t)
{
	if (t->dirty && (t->synchronous || t->unsynced >= SYNC_EVERY))
		tape_flush(t, synced);
	else
		tape_finish(t, 0);
}

static void batch_written(struct tape_image *t, int err)
{
	if (err) {
		/* Some of it may be there: it must not follow on what is written next. */
		t->own_epoch = false;
		tape_finish(t, err);
		return;
	}
	t->unsynced += t->work.at.off - t->pos.off;
	t->tip[t->part] = t->work;
	t->pos = t->work.at;
	t->count += t->batch;
	t->data_off += (uint64_t)t->batch * t->block;
	t->dirty = true;
	write_next(t);
}

static uint32_t data_crc(const struct iovec *iov, unsigned int n)
{
	uint32_t crc = 0;

	for (unsigned int i = 0; i < n; i++)
		crc = crc32c(crc, iov[i].iov_base, iov[i].iov_len);
	return crc;
}

/* The header of the next record goes to @head, and t->work behind it. */
static void put_record(struct tape_image *t, uint8_t *head, uint32_t crc)
{
	struct tape_place *at = &t->work.at;
	bool mark = !t->block;
	struct tape_rec r = {
		.id = t->sb.id,
		.epoch = t->sb.epoch,
		.ordinal = at->objects + 1,
		.files = at->files,
		.last = at->last,
		.jump = tape_jump(&t->work.objects, at->objects + 1),
		.mark = at->mark,
		.type = mark ? TAPE_FILEMARK : TAPE_BLOCK,
		.part = (uint8_t)t->part,
		.len = t->block,
		.crc = crc,
	};

	if (mark) {
		r.mark_jump = tape_jump(&t->work.marks, at->files + 1);
		t->work.marks.off[tape_bits(at->files + 1) - 1] = at->off;
	}
	t->work.objects.off[tape_bits(at->objects + 1) - 1] = at->off;
	tape_rec_put(&r, head);
	memset(head + TAPE_REC_SIZE, 0, t->sb.align - TAPE_REC_SIZE);
	tape_place_next(&t->sb, at, &r);
}

static bool fits(const struct tape_image *t)
{
	const struct tape_part *p = &t->sb.part[t->part];
	uint64_t end = p->start + p->len - (t->block ? TAPE_MARK_ROOM : 0);

	return t->work.at.off <= end && tape_rec_size(&t->sb, t->block) <= end - t->work.at.off;
}

/* As many records as one request can take; the last page of the scratch memory pads blocks. */
static unsigned int batch_make(struct tape_image *t)
{
	uint32_t pad = (uint32_t)(round_up(t->block, t->sb.align) - t->block);
	uint8_t *head = t->page, *zeroes = t->page + TAPE_PAGE - TAPE_ALIGN_MAX;
	unsigned int n = 0, used;

	memset(zeroes, 0, TAPE_ALIGN_MAX);
	for (t->batch = 0; t->batch < t->want && head + t->sb.align <= zeroes; t->batch++) {
		uint64_t from = t->data_off + (uint64_t)t->batch * t->block;

		if (n + 3 > TAPE_IOV || !fits(t))
			break;
		used = t->block ? iov_slice(t->data, t->data_cnt, from, t->block, t->iov + n + 1,
					    TAPE_IOV - n - 2) : 0;
		if (iov_size(t->iov + n + 1, used) != t->block)
			break;
		put_record(t, head, data_crc(t->iov + n + 1, used));
		t->iov[n] = (struct iovec){ head, t->sb.align };
		n += 1 + used;
		if (pad)
			t->iov[n++] = (struct iovec){ zeroes, pad };
		head += t->sb.align;
	}
	return n;
}

static void write_next(struct tape_image *t)
{
	unsigned int n;

	t->want -= t->batch;
	if (!t->want) {
		write_end(t);
		return;
	}
	t->work = t->tip[t->part];
	n = batch_make(t);
	if (t->batch) {
		tape_io(t, BS_WRITE, t->pos.off, t->work.at.off - t->pos.off, n, batch_written);
	} else if (fits(t)) {
		tape_finish(t, -ENOBUFS); /* in more pieces than a request can have */
	} else {
		t->stop = TAPE_AT_EOM;
		write_end(t);
	}
}

static void write_begin(struct tape_image *t, int err)
{
	t->batch = 0;
	if (err)
		tape_finish(t, err);
	else
		write_next(t);
}

/* --- operations ----------------------------------------------------------------------------------- */

static void erased(struct tape_image *t, int err)
{
	if (err) {
		tape_finish(t, err);
		return;
	}
	t->synchronous = true;
	write_end(t);
}

/* What cutting the tape here leads to. */
static tape_step *wanted(struct tape_image *t)
{
	return t->want ? write_begin : erased;
}

static void prepare(struct tape_image *t)
{
	t->after = wanted(t);
	t->old_end = 0;
	if (t->pos.off != t->tip[t->part].at.off) {
		t->work.at = t->pos;
		tape_chains_read(t, t->part, cut_chained);
	} else if (!t->own_epoch) {
		epoch_begin(t);
	} else {
		ready(t);
	}
}

void tape_write(struct tape_image *t, const struct iovec *iov, unsigned int cnt, uint32_t block,
		uint32_t n, tape_done *done, void *arg)
{
	tape_begin(t, done, arg);
	t->data = iov;
	t->data_cnt = cnt;
	t->data_off = 0;
	t->block = block;
	t->want = n;
	t->synchronous = false;
	if (n)
		prepare(t);
	else
		tape_finish(t, 0);
}

void tape_write_marks(struct tape_image *t, uint32_t n, bool sync, tape_done *done, void *arg)
{
	tape_begin(t, done, arg);
	t->data_cnt = 0;
	t->data_off = 0;
	t->block = 0;
	t->want = n;
	t->synchronous = sync;
	if (n)
		prepare(t);
	else
		write_end(t);
}

void tape_erase(struct tape_image *t, tape_done *done, void *arg)
{
	tape_begin(t, done, arg);
	t->want = 0;
	prepare(t);
}
