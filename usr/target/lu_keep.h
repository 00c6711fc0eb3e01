/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a logical unit remembers over restarts of the daemon beside its persistent reservations:
 * named values in one file below the state directory. Used by device types.
 */
#ifndef TARGET_LU_KEEP_H
#define TARGET_LU_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/util.h"

struct lu;
struct lu_keep;

#define LU_KEEP_NAME_MAX 32
#define LU_KEEP_MAX 16384U /* bytes of a value */

/* For lu_free(): not while lu_keep_busy(), after which lu_check_drained() is called. */
void lu_keep_free(struct lu *lu);
bool lu_keep_busy(const struct lu *lu);
/*
 * Reads the file before the first command can come; @done from the loop, with lu->err set when
 * that can't be. False: there is nothing to be read, @done isn't called.
 */
bool lu_keep_load(struct lu *lu, void (*done)(struct lu *lu));
/* Whether values can be kept at all: not without a state directory. */
bool lu_keep_possible(const struct lu *lu);
/* NULL: there is none. Borrowed until the loop runs. */
const void *lu_keep_get(const struct lu *lu, const char *name, uint32_t *len);
/*
 * Keeps a copy of @data, 1 to LU_KEEP_MAX bytes; @len 0: forgets the value. 0: @done follows from the
 * loop, also when the LU was deleted meanwhile: with 0 when it is on disk, from when on
 * lu_keep_get() tells it; or with -errno, and all is as it was. Negative: nothing was begun.
 * @name is [a-z-]+, at most LU_KEEP_NAME_MAX of them.
 */
int must_check lu_keep_set(struct lu *lu, const char *name, const void *data, uint32_t len,
			   void (*done)(void *arg, int err), void *arg);

#endif
