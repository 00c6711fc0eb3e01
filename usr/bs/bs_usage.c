/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much space a store takes, and how much it still could: asked of the store below all filters,
 * on a worker thread.
 */
#include <errno.h>

#include "bs/bs_core.h"

static struct bs *base_store(struct bs *bs)
{
	while (bs->child)
		bs = bs->child;
	return bs;
}

bool bs_has_usage(const struct bs *bs)
{
	return bs_base_type(bs)->usage;
}

static void run(struct job *job)
{
	struct bs_usage *u = container_of(job, struct bs_usage, job);
	struct bs *base = base_store(u->bs);

	u->result = base->type->usage(base, u);
}

static void done(struct job *job)
{
	struct bs_usage *u = container_of(job, struct bs_usage, job);

	bs_release(u->bs);
	u->done(u);
}

void bs_ask_usage(struct bs *bs, struct bs_usage *u, void (*told)(struct bs_usage *u))
{
	assert(bs_has_usage(bs));
	list_init(&u->job.link);
	u->job.run = run;
	u->job.done = done;
	u->bs = bs;
	u->done = told;
	bs_hold(bs);
	worker_submit(bs->workers, &u->job);
}
