/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's asynchronous I/O as the file stores see it. Two engines: io_uring
 * (uring.h) and Linux AIO (aio.h), one of each for all stores. What is asked for in one
 * turn of the loop goes to the kernel with one call in the SUBMIT phase.
 */
#ifndef BS_KIO_H
#define BS_KIO_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/* done()'s result when the kernel never saw the operation: do it another way. */
#define KIO_NOT_RUN INT_MIN

/* Embedded in its owner; borrowed until done() is called from the loop. */
struct kio_op {
	/* @res: as of the system call, a count or -errno; or KIO_NOT_RUN. */
	void (*done)(struct kio_op *op, int res);
};

struct kio_rw {
	int fd;
	bool write;
	bool async;		 /* off the loop thread even if it would not block */
	int rw_flags;		 /* RWF_ */
	const struct iovec *iov; /* borrowed until done() */
	unsigned int iovcnt;	 /* at most IOV_MAX */
	uint64_t offset;
};

/* An engine. Both return false when it can't take it: then done() is not called. */
struct kio {
	bool (*rw)(struct kio *k, struct kio_op *op, const struct kio_rw *rw);
	bool (*fdatasync)(struct kio *k, struct kio_op *op, int fd);
};

#endif
