/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the core share: bs.c (requests), bs_open.c (lives of stores)
 * uring.c and aio.c (one ring and one context for all stores).
 */
#ifndef BS_BS_CORE_H
#define BS_BS_CORE_H

#include "bs/bs.h"

struct aio;
struct uring;

struct bs_core {
	struct loop *loop;
	struct workers *workers;
	const struct bs_type *const *types;
	const struct bs_type **own_types; /* the same when there are modules; NULL without */
	struct list modules;	   /* bs_module.c's, as the next two */
	char *module_dir;
	bool modules_stopped;
	struct list ready;	   /* completed requests whose done() is due */
	struct loop_call deliver;
	unsigned int submitting;   /* depth of bs_submit() calls on the stack */
	unsigned int n_stores;	   /* open, opening or closing */
	struct uring *uring;	   /* made at the first use */
	bool uring_tried;
	struct aio *aio;	   /* made at the first use */
};

/* The last request of a closing store was delivered. */
void bs_drained(struct bs *bs);

#endif
