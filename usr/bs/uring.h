/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The io_uring of all stores: what they ask for in one turn of the loop goes to
 * the kernel with one io_uring_enter in the SUBMIT phase, and what that call
 * finished at once is reported in the same phase. Used by the file store.
 */
#ifndef BS_URING_H
#define BS_URING_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct bs_core;
struct uring; /* owner: the core */

/* done()'s result when the kernel never saw the operation: do it another way. */
#define URING_NOT_RUN INT_MIN

/* Embedded in its owner; borrowed until done() is called from the loop. */
struct uring_op {
	/* @res: as of the system call, a count or -errno; or URING_NOT_RUN. */
	void (*done)(struct uring_op *op, int res);
};

struct uring_rw {
	int fd;
	bool write;
	bool async;		 /* off the loop thread even if it would not block */
	int rw_flags;		 /* RWF_ */
	const struct iovec *iov; /* borrowed until done() */
	unsigned int iovcnt;	 /* at most IOV_MAX */
	uint64_t offset;
};

/* NULL when there is none: not built in, refused by the kernel, or TGT_NO_URING=1 is set. */
struct uring *uring_get(struct bs_core *core);
void uring_free(struct uring *u);
/* False when the ring can't take it: done() is not called. */
bool uring_rw(struct uring *u, struct uring_op *op, const struct uring_rw *rw);
bool uring_fdatasync(struct uring *u, struct uring_op *op, int fd);
/* For tests. */
int uring_fd(const struct uring *u);

#endif
