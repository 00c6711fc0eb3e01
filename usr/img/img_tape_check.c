/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks tapes, record by record, data included, and repairs what can be: a superblock is written
 * anew, and where a record is gone on which others followed, the tape ends before it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "img/img_tape.h"

#define PIECE (1U << 20)

struct walk {
	int fd;
	struct tape_sb sb;
	uint8_t *buf; /* PIECE bytes */
	uint64_t blocks, bytes, files, damaged;
	bool torn, broken;
};

static int fail(int e, const char *what, struct err *err)
{
	err_set(err, ERR_UNKNOWN, "can't %s the image: %s", what, strerror(e));
	return -e;
}

/* 1: all there; 0: the file ends before. */
static int get(struct walk *w, uint64_t off, size_t len, struct err *err)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(w->fd, w->buf + have, len - have, (off_t)(off + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(errno, "read", err);
		if (!n)
			return 0;
		have += (size_t)n;
	}
	return 1;
}

/* 1: the data is right, 0: it isn't. */
static int data_right(struct walk *w, uint64_t off, const struct tape_rec *rec, struct err *err)
{
	uint32_t crc = 0, left = rec->len, n;
	int r = 1;

	for (off += w->sb.align; left && r == 1; left -= n, off += n) {
		n = min_u32(left, PIECE);
		r = get(w, off, n, err);
		crc = crc32c(crc, w->buf, n);
	}
	return r == 1 ? crc == rec->crc : r;
}

/* 1: there is a record at @at, which is @rec; 0: none follows. */
static int record_at(struct walk *w, unsigned int part, const struct tape_place *at,
		     uint64_t epoch, struct tape_rec *rec, struct err *err)
{
	const struct tape_part *p = &w->sb.part[part];
	int r;

	if (p->start + p->len - at->off < w->sb.align)
		return 0;
	r = get(w, at->off, TAPE_REC_SIZE, err);
	if (r != 1)
		return r;
	return tape_rec_get(rec, w->buf) && tape_rec_follows(&w->sb, part, at, epoch, rec);
}

static void count(struct walk *w, const struct tape_rec *rec)
{
	w->blocks += rec->type == TAPE_BLOCK;
	w->files += rec->type == TAPE_FILEMARK;
	w->bytes += rec->len;
}

/* To the end of the partition's data, which becomes its synced place. */
static int walk_part(struct walk *w, unsigned int part, struct err *err)
{
	struct tape_part *p = &w->sb.part[part];
	struct tape_place at = { .off = p->start };
	struct tape_rec rec;
	uint64_t epoch = 0;
	int r;

	for (;;) {
		if (at.off == p->synced.off)
			epoch = max_u64(epoch, p->epoch);
		r = record_at(w, part, &at, epoch, &rec, err);
		if (r < 1)
			break;
		r = data_right(w, at.off, &rec, err);
		if (r < 0)
			return r;
		if (!r && at.off >= p->synced.off) {
			w->torn = true;
			break;
		}
		w->damaged += !r;
		count(w, &rec);
		tape_place_next(&w->sb, &at, &rec);
		epoch = rec.epoch;
	}
	w->broken |= at.off < p->synced.off;
	p->synced = at;
	return r < 0 ? r : 0;
}

/* Generation by generation to both places, so that one of them is whole at any time. */
static int write_superblocks(struct walk *w, struct err *err)
{
	w->sb.epoch++;
	for (unsigned int i = 0; i < w->sb.n_parts; i++)
		w->sb.part[i].epoch = w->sb.epoch;
	for (int i = 0; i < 2; i++) {
		w->sb.gen++;
		tape_sb_put(&w->sb, w->buf);
		if (pwrite(w->fd, w->buf, TAPE_SB_SIZE, (off_t)((w->sb.gen & 1) * TAPE_SB_SIZE)) !=
		    (ssize_t)TAPE_SB_SIZE || fsync(w->fd))
			return fail(errno, "write", err);
	}
	return 0;
}

static const char *verdict(const struct walk *w, unsigned int good)
{
	if (w->broken)
		return "records are missing before the end of the data";
	if (w->damaged)
		return "blocks are damaged";
	if (good < 2)
		return "one superblock is damaged";
	return w->torn ? "good; what was written last is torn and will be cut off" : "good";
}

static int report(const struct walk *w, unsigned int good, bool repaired, json_t *obj,
		  struct err *err)
{
	int r = 0;

	r |= json_object_set_new(obj, "blocks", json_integer((json_int_t)w->blocks));
	r |= json_object_set_new(obj, "filemarks", json_integer((json_int_t)w->files));
	r |= json_object_set_new(obj, "data", json_integer((json_int_t)w->bytes));
	r |= json_object_set_new(obj, "damaged", json_integer((json_int_t)w->damaged));
	r |= json_object_set_new(obj, "result", json_string(verdict(w, good)));
	r |= json_object_set_new(obj, "repaired", json_boolean(repaired));
	if (r)
		return err_set(err, ERR_NOMEM, "out of memory");
	return (w->broken || good < 2) && !repaired ? 1 : w->damaged ? 1 : 0;
}

static int check(struct walk *w, bool repair, json_t *obj, struct err *err)
{
	unsigned int good;
	bool bad;
	int r = get(w, 0, 2ULL * TAPE_SB_SIZE, err);

	if (r < 0)
		return r;
	good = r ? img_tape_superblocks(w->buf, 2ULL * TAPE_SB_SIZE, &w->sb) : 0;
	if (!good)
		return err_set(err, ERR_INVALID_REQUEST,
			       "both superblocks are damaged, or of a later version: this can't be "
			       "repaired");
	for (unsigned int i = 0; i < w->sb.n_parts; i++) {
		r = walk_part(w, i, err);
		if (r < 0)
			return r;
	}
	bad = w->broken || w->torn || good < 2;
	r = repair && bad ? write_superblocks(w, err) : 0;
	return r ? r : report(w, good, repair && bad, obj, err);
}

int img_tape_check(int fd, bool repair, json_t *obj, struct err *err)
{
	struct walk *w = calloc(1, sizeof(*w));
	int r = -ENOMEM;

	if (w)
		w->buf = malloc(PIECE);
	if (!w || !w->buf) {
		err_set(err, ERR_NOMEM, "out of memory");
	} else {
		w->fd = fd;
		r = check(w, repair, obj, err);
	}
	free(w ? w->buf : NULL);
	free(w);
	return r;
}
