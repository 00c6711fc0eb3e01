/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bad news for callers whose callback may not run inside their call: kept, and
 * told from the loop, even when memory is short.
 */
#ifndef TARGET_LATER_H
#define TARGET_LATER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"

struct lu;

#define LATER_SPARES 4

struct later {
	struct list link;
	bool used; /* a spare that is under way */
	void (*created)(void *arg, struct lu *lu, const struct err *err);
	void (*path_set)(void *arg, const struct err *err);
	void *arg;
	struct err err;
};

/* Embedded in the core. */
struct laters {
	struct loop *loop;
	struct list list;
	struct loop_call tell;
	struct later spares[LATER_SPARES]; /* for when malloc fails */
};

void laters_init(struct laters *l, struct loop *loop);
/* Tells what is left. */
void laters_done(struct laters *l);
/*
 * Either callback is called from the loop with a copy of @err; with no memory and all
 * spares under way, at once.
 */
void later_created(struct laters *l,
		   void (*created)(void *arg, struct lu *lu, const struct err *err), void *arg,
		   const struct err *err);
void later_path_set(struct laters *l, void (*path_set)(void *arg, const struct err *err), void *arg,
		    const struct err *err);

#endif
