/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of tape images: tape_image.c, tape_recover.c, tape_write.c, tape_seek.c.
 */
#ifndef DEV_TAPE_PRIV_H
#define DEV_TAPE_PRIV_H

#include "dev/tape_image.h"

#define TAPE_PAGE (128U * 1024U)
#define TAPE_IOV 1024U
/* Room at the end of a partition that is left to filemarks. */
#define TAPE_MARK_ROOM (64 * KiB)

typedef void tape_step(struct tape_image *t, int err);

/* Every operation begins so, and ends with tape_finish(). */
void tape_begin(struct tape_image *t, tape_done *done, void *arg);
void tape_finish(struct tape_image *t, int err);
/* One request; @step follows from the loop. @len bytes of t->iov[0 .. cnt). */
void tape_io(struct tape_image *t, enum bs_op op, uint64_t off, uint64_t len, unsigned int cnt,
	     tape_step *step);
/* The same with @len bytes of t->page. */
void tape_io_page(struct tape_image *t, enum bs_op op, uint64_t off, uint64_t len,
		  tape_step *step);
/* Writes t->sb as the next generation; @step follows, and has to flush where that matters. */
void tape_sb_write(struct tape_image *t, tape_step *step);
/* A flush; a store without is as stable as it gets: @step then has 0 too. */
void tape_flush(struct tape_image *t, tape_step *step);
/* The header at @off into t->rec; -EBADMSG: it is none. */
void tape_rec_read(struct tape_image *t, uint64_t off, tape_step *step);
/* Compares the data of t->rec, whose header is at @off, with its checksum: -EBADMSG. */
void tape_data_check(struct tape_image *t, uint64_t off, tape_step *after);
/* Fills the chains of t->work for its place by reading back; then @after. */
void tape_chains_read(struct tape_image *t, unsigned int part, tape_step *after);

static inline unsigned int tape_bits(uint64_t ordinal)
{
	return (unsigned int)__builtin_popcountll(ordinal);
}

/* Where the jump from record @ordinal leads to; 0: nowhere. */
static inline uint64_t tape_jump(const struct tape_chain *c, uint64_t ordinal)
{
	unsigned int n = tape_bits(ordinal);

	return n > 1 ? c->off[n - 2] : 0;
}

#endif
