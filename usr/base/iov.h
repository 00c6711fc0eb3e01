/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies between flat memory and scattered buffers. All lengths are bytes.
 */
#ifndef BASE_IOV_H
#define BASE_IOV_H

#include <stddef.h>
#include <sys/uio.h>

/* Sum of the lengths. */
size_t iov_size(const struct iovec *iov, unsigned int cnt);
/* Copies at most @len bytes out of / into the vector from byte @off on; returns the bytes copied. */
size_t iov_to_buf(const struct iovec *iov, unsigned int cnt, size_t off, void *buf, size_t len);
size_t iov_from_buf(const struct iovec *iov, unsigned int cnt, size_t off, const void *buf, size_t len);
/* Sets @len bytes from @off to @byte; returns the bytes set. */
size_t iov_set(const struct iovec *iov, unsigned int cnt, size_t off, int byte, size_t len);
/*
 * Describes bytes @off .. @off+@len of @iov in @out, which holds @max entries.
 * Returns the entries used; a negative count never comes. Bytes that no entry
 * was left for are not described: compare iov_size(out) where that can happen.
 */
unsigned int iov_slice(const struct iovec *iov, unsigned int cnt, size_t off, size_t len,
		       struct iovec *out, unsigned int max);

#endif
