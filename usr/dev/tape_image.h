/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tape image on a store: where the tape is, reading, writing and moving, without a word of SCSI.
 * The bytes are doc/tape-image.md's. One operation at a time; each ends with one call of its @done,
 * from the loop and never inside. Called by the tape device type (ssc_*.c).
 */
#ifndef DEV_TAPE_IMAGE_H
#define DEV_TAPE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/loop.h"
#include "bs/bs.h"
#include "dev/tape_format.h"

/* The newest record whose ordinal has n 1 bits, at n - 1: the ends of all jumps from here. */
struct tape_chain {
	uint64_t off[64];
};

/* The end of a partition's data. */
struct tape_tip {
	struct tape_place at;
	struct tape_chain objects, marks;
};

/* What an operation met before it had done all. */
enum tape_stop {
	TAPE_DONE,
	TAPE_AT_MARK,  /* a filemark was passed; in reverse, the place is before it */
	TAPE_AT_EOD,   /* no more data */
	TAPE_AT_BOP,   /* the beginning of the partition */
	TAPE_AT_EOM,   /* no more room */
};

struct tape_image {
	struct bs *bs;		/* the caller's; outlives the image */
	struct loop *loop;
	struct tape_sb sb;
	struct tape_mam mam;
	struct tape_tip tip[TAPE_PARTS_MAX];
	unsigned int part;	/* where the tape is */
	struct tape_place pos;
	uint64_t cut;		/* records that were found torn when it was opened */
	/* Of the last operation. */
	enum tape_stop stop;
	uint64_t count;		/* blocks or filemarks that it did */
	struct tape_rec rec;	/* the record that was read */
	/* Private. */
	bool dirty;		/* records were written since the last flush */
	bool own_epoch;		/* writes have an epoch of their own since it was opened */
	bool ahead;		/* @next is the header at @pos */
	struct tape_rec next;
	bool starting, busy;
	struct bs_req req;
	struct iovec *iov;	/* TAPE_IOV of them */
	uint8_t *page;		/* scratch: TAPE_PAGE bytes, page aligned */
	void (*step)(struct tape_image *t, int err);
	void (*after)(struct tape_image *t, int err); /* what a chain of steps leads to */
	void (*done)(void *arg, int err);
	void *arg;
	struct loop_call call;
	int call_err;
	/* State of the operation's steps. */
	unsigned int scan_part;
	struct tape_place place;
	struct tape_tip work;	/* the end as it will be when what is written is there */
	uint64_t epoch, off, ordinal, want, piece, unsynced, old_end;
	uint32_t crc;
	bool by_mark, synchronous;
	const struct iovec *data;
	unsigned int data_cnt;
	uint64_t data_off;
	uint32_t block, batch;
};

typedef void tape_done(void *arg, int err);

/* NULL: no memory. Nothing but tape_image_open() may follow. */
struct tape_image *tape_image_new(struct bs *bs);
/* No operation is under way, or its store's last request has ended and will not be told. */
void tape_image_free(struct tape_image *t);
/*
 * Finds out what is there: -EILSEQ: no tape image; -EPROTO: of a version that isn't known; -EMSGSIZE: the store
 * is smaller than the image; -EINVAL: the store can't address it.
 */
void tape_image_open(struct tape_image *t, tape_done *done, void *arg);

/*
 * @n blocks of @block bytes each, out of @iov, which is borrowed. Whatever was behind the place is
 * gone. t->count are written; TAPE_AT_EOM: not all.
 */
void tape_write(struct tape_image *t, const struct iovec *iov, unsigned int cnt, uint32_t block,
		uint32_t n, tape_done *done, void *arg);
/* @sync: and all that was written before is on stable storage. With @n 0 only that. */
void tape_write_marks(struct tape_image *t, uint32_t n, bool sync, tape_done *done, void *arg);
/* All behind the place is gone. */
void tape_erase(struct tape_image *t, tape_done *done, void *arg);
/* Partitions; @share: any unit. -ENOSPC: too small. The tape is at the beginning then. */
void tape_format(struct tape_image *t, unsigned int n, const uint64_t *share, tape_done *done,
		 void *arg);
/* t->mam as it is now is on stable storage. */
void tape_mam_save(struct tape_image *t, tape_done *done, void *arg);

/*
 * The next record: t->rec, and TAPE_DONE: a block, whose first @max bytes are in @iov from @skip on.
 * -EBADMSG: it is damaged; the place is behind it when its length is known.
 */
void tape_read(struct tape_image *t, const struct iovec *iov, unsigned int cnt, uint64_t skip,
	       uint32_t max, tape_done *done, void *arg);
/* The same without data, but all of it is looked at. */
void tape_verify(struct tape_image *t, tape_done *done, void *arg);
/* To before object @n; TAPE_AT_EOD: there are fewer. */
void tape_locate(struct tape_image *t, unsigned int part, uint64_t n, tape_done *done, void *arg);
/* To filemark @k of this partition, from 1 on, before or behind it. It must be there. */
void tape_locate_mark(struct tape_image *t, uint64_t k, bool behind, tape_done *done, void *arg);
void tape_rewind(struct tape_image *t);

static inline const struct tape_place *tape_eod(const struct tape_image *t)
{
	return &t->tip[t->part].at;
}

/* Bytes of a partition that are free for blocks. */
uint64_t tape_free(const struct tape_image *t, unsigned int part);
/* Bytes before the end of a partition where the early warning is. */
uint64_t tape_early(const struct tape_image *t, unsigned int part);

#endif
