/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that the loop writes to without ever waiting: bytes are copied into a buffer, and a
 * worker writes the buffers. What finds no room is refused whole, so that records stay records.
 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct spool;
struct workers;

/*
 * Makes or empties the file (mode 0600). @opened is called from the loop, with 0 or -errno; after an
 * error the spool is gone. @room: bytes that may wait, twice; @max: bytes of the file. NULL: no
 * memory. @path is copied.
 */
struct spool *spool_new(struct workers *w, const char *path, size_t room, uint64_t max,
			void (*opened)(void *arg, int err), void *arg);
/* All of it or, false, nothing: no room, the file is at its largest, or writing failed. */
bool spool_write(struct spool *s, const struct iovec *iov, unsigned int cnt);
uint64_t spool_bytes(const struct spool *s);
/* The errno of a failed write, else 0. */
int spool_error(const struct spool *s);
/*
 * Writes what waits, closes and frees, later; then @closed (may be NULL) is called from the loop. Not
 * before opened().
 */
void spool_close(struct spool *s, void (*closed)(void *arg), void *arg);

#endif
