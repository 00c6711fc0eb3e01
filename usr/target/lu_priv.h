/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lu.c, lu_open.c, target.c and cmd.c share of an LU's life.
 */
#ifndef TARGET_LU_PRIV_H
#define TARGET_LU_PRIV_H

#include <stdint.h>

#include "base/err.h"

struct bs;
struct dev_type;
struct lu;
struct target;

/* An LU without store, added at once: the controller at LUN 0, the well known LU. 0 or negative. */
int lu_add_automatic(struct target *t, uint64_t lun, const struct dev_type *dev, struct err *err);
/* Deletes it, whatever it is and whatever runs. */
void lu_drop(struct lu *lu);
/* Of a dying LU something has ended: perhaps it was the last. */
void lu_check_drained(struct lu *lu);

/* A zeroed LU that the target counts; NULL with @err. lu_free() undoes it. */
struct lu *lu_alloc(struct target *t, uint64_t lun, const struct dev_type *dev, struct err *err);
void lu_free(struct lu *lu);
/* @step from the loop. */
void lu_later(struct lu *lu, void (*step)(struct lu *lu));
/* Attaches the device type and adds the LU to its target. */
int lu_start(struct lu *lu, struct err *err);
/* Begins to open what the LU is configured for, but at @path; as bs_open(). */
int lu_open_store(struct lu *lu, const char *path,
		  void (*opened)(void *arg, struct bs *bs, const struct err *err));
/* 0, or -EINVAL with @err: @bs can't carry blocks of the LU's size. */
int lu_check_store(const struct lu *lu, const struct bs *bs, struct err *err);
/* @bs is the LU's from now on. */
void lu_adopt_store(struct lu *lu, struct bs *bs);
/* lu_path.c: an enabled command has ended, or the LU is dying, while the store is being replaced. */
void lu_path_check(struct lu *lu);
/* lu_naa.c: it can be found by its designator, or not any more; and that has changed. */
void lu_naa_add(struct lu *lu);
void lu_naa_remove(struct lu *lu);
void lu_naa_changed(struct lu *lu);
/* Size and write protection as the store has them; lu->bs may be NULL. */
void lu_take_store(struct lu *lu);

#endif
