/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes from one disk of this daemon to another, or within one, piece by piece: by the stores
 * themselves where both can, holes as holes, else through memory. For third-party copies: those who
 * start one are xcopy.c and token_write.c.
 */
#ifndef DEV_COPY_H
#define DEV_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/result.h"
#include "target/cmd.h"

struct lu;
struct nexus;

#define COPY_EXTENTS 32U

/* Owner: who starts it, from copy_start() until ended(). */
struct copy {
	/* Filled by the owner, the rest zero. */
	struct nexus *nexus;	/* on whose behalf; must be there until ended() */
	struct lu *src, *dst;	/* held; @src NULL: zeroes */
	uint64_t src_offset;	/* bytes; any number */
	uint64_t dst_offset;	/* bytes; whole blocks of @dst, also with @len and @pad */
	uint64_t len;		/* bytes of the source */
	bool by_token;		/* who may read @src was asked when the token was made */
	uint32_t pad;		/* zeroes that follow them, less than a block of @dst */
	/*
	 * The data begins in the middle of a block of @src, or begins or ends in the middle of one of @dst,
	 * of which the rest stays: @head bytes of the first. @len may be any number, @pad is 0.
	 */
	bool bytewise;
	uint32_t head;
	/* From the loop, never inside copy_start(). */
	void (*ended)(struct copy *c);

	/* For the owner, at any time. */
	uint64_t done;		/* bytes that have been written from the beginning on */
	/* In ended(): */
	enum scsi_result result; /* RES_TASK_ABORTED: stopped */
	bool at_src;		/* where it failed */
	struct sense_extra extra;

	/* The copy's own. */
	bool stop;
	bool backward;		/* the destination overlaps the end of the source */
	bool no_copy, no_holes;	/* the stores can't after all */
	bool hole;		/* the piece under way is one */
	uint64_t at, piece;	/* it */
	unsigned int n_ext, i_ext; /* what is known of the source from @at on */
	uint64_t ext_end;	/* of @src, in bytes from its beginning: known up to there */
	struct bs *from;	/* held during a COPY */
	struct loop_call call;
	struct scsi_cmd rd, wr;	/* no commands; for dev/io and dev/range */
	struct bs_extent ext[COPY_EXTENTS];
};

void copy_start(struct copy *c);
/* It ends soon, with RES_TASK_ABORTED. */
void copy_stop(struct copy *c);

/*
 * RES_GOOD when @n may read @lu, or write to it: the LU is one that its initiator sees, here or in a
 * session of the same initiator port to another target; its medium is there; no reservation, write
 * protection or background operation is in the way.
 */
enum scsi_result copy_may(struct nexus *n, struct lu *lu, bool write, struct sense_extra *ex);
/* RES_GOOD, or why the disk can not be read now, whoever wants to. */
enum scsi_result copy_ready(const struct lu *lu, struct sense_extra *ex);
/*
 * The LU with this designator (SPC-4 7.8.6, from its CODE SET byte on, @len bytes in all) that @n can
 * reach; NULL: none.
 */
struct lu *copy_find(struct nexus *n, const uint8_t *desig, uint32_t len);

#endif
