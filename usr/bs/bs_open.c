/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How stores come and go. Opening and closing can block, so they run on worker
 * threads; a path "delay:read=1s:fault::/disk" is opened from its end: the child
 * first, then the filter before it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bs/bs_core.h"

#define MAX_FILTERS 8

/* struct bs.closing */
enum { OPEN, DRAINING, CLOSING, CLOSED };

/* One store on its way. Owner: itself, until it has told @opened. */
struct opening {
	struct job job;
	struct loop_call call;
	struct bs_core *core;
	struct bs_conf conf; /* of a filter: with its arguments as path */
	const struct bs_type *type;
	struct bs *bs;
	char *args;	     /* a filter's, owned */
	const char *path;    /* the whole path of this store */
	int ret;
	struct err err;
	void (*opened)(void *arg, struct bs *bs, const struct err *err);
	void *arg;
};

static void store_free(struct bs *bs)
{
	bs->core->n_stores--;
	free(bs->path);
	free(bs);
}

/* --- opening */

const struct bs_type *const *bs_types(struct bs_core *core)
{
	return core->types;
}

static const struct bs_type *type_named(struct bs_core *core, const char *name, size_t len,
					bool filter)
{
	for (unsigned int i = 0; core->types[i]; i++) {
		const struct bs_type *t = core->types[i];

		if (t->abi_size == sizeof(*t) && t->filter == filter && strlen(t->name) == len &&
		    !memcmp(t->name, name, len))
			return t;
	}
	return NULL;
}

const struct bs_type *bs_type_find(struct bs_core *core, const char *name)
{
	if (!name)
		return core->types[0];
	return type_named(core, name, strlen(name), false);
}

/* The filter that @path begins with, its arguments from *args on, *rest after their colon. */
static const struct bs_type *filter_split(struct bs_core *core, const char *path, const char **args,
					  const char **rest)
{
	const char *colon = path ? strchr(path, ':') : NULL;
	const struct bs_type *t = NULL;

	if (colon)
		t = type_named(core, path, (size_t)(colon - path), true);
	if (!t)
		return NULL;
	*args = colon + 1;
	colon = strchr(*args, ':');
	*rest = colon ? colon + 1 : NULL;
	return t;
}

static void opening_end(struct opening *o)
{
	struct bs *bs = o->bs;

	if (!o->ret && o->type->attach) {
		o->ret = o->type->attach(bs, &o->err);
		if (o->ret) {
			bs_close(bs, NULL, NULL);
			bs = NULL;
		}
	}
	if (o->ret) {
		err_set(&o->err, o->ret == -ENOMEM ? ERR_NOMEM : ERR_INVALID_REQUEST, "%s: %s",
			o->path ? o->path : "store", strerror(-o->ret));
		if (bs) {
			if (bs->child)
				bs_close(bs->child, NULL, NULL);
			store_free(bs);
		}
	}
	o->opened(o->arg, o->ret ? NULL : bs, o->ret ? &o->err : NULL);
	free(o->args);
	free(o);
}

static void open_called(struct loop_call *c)
{
	opening_end(container_of(c, struct opening, call));
}

/* Not inside bs_open(): the caller hears of it in the COMPLETE phase. */
static int open_failed(struct opening *o, int ret)
{
	o->ret = ret;
	loop_call_queue(o->core->loop, &o->call);
	return 0;
}

static void open_run(struct job *job)
{
	struct opening *o = container_of(job, struct opening, job);

	o->ret = o->type->open(o->bs, &o->conf, &o->err);
}

static void open_ran(struct job *job)
{
	opening_end(container_of(job, struct opening, job));
}

static void child_resized(struct bs *child, void *arg)
{
	bs_set_size(arg, child->size);
}

static void close_step(struct loop_call *c);

static struct bs *store_new(struct opening *o, struct bs *child)
{
	struct bs *bs = calloc(1, o->type->size);

	if (!bs)
		return NULL;
	if (child) { /* a filter looks like what it stands before */
		bs->size = child->size;
		bs->align = child->align;
		bs->phys_block = child->phys_block;
		bs->opt_io = child->opt_io;
		bs->unmap_granularity = child->unmap_granularity;
		bs->readonly = child->readonly;
		bs->rotational = child->rotational;
		bs->unmap_zeroes = child->unmap_zeroes;
		bs->pass_max = child->pass_max;
		bs->atomic_max = child->atomic_max;
		bs->atomic_tears = child->atomic_max;
		bs->volatile_cache = child->volatile_cache;
		memcpy(bs->cap, child->cap, sizeof(bs->cap));
		bs->cap[BS_COPY] = BS_CAP_NONE; /* stores do that among themselves */
		bs->cap[BS_COMPARE] = BS_CAP_NONE; /* it would hide the reads and writes in it */
	}
	bs->type = o->type;
	bs->core = o->core;
	bs->loop = o->core->loop;
	bs->workers = o->core->workers;
	bs->sync = o->conf.sync;
	bs->direct = o->conf.direct;
	loop_call_init(&bs->close_call, LOOP_REAP, close_step);
	bs->path = o->path ? strdup(o->path) : NULL;
	if (o->path && !bs->path) {
		free(bs);
		return NULL;
	}
	bs->child = child;
	if (child) {
		child->resized = child_resized;
		child->resized_arg = bs;
	}
	o->core->n_stores++;
	return bs;
}

static int store_start(struct opening *o, struct bs *child)
{
	o->bs = store_new(o, child);
	if (!o->bs) {
		if (child)
			bs_close(child, NULL, NULL);
		return open_failed(o, -ENOMEM);
	}
	if (o->type->instant) {
		open_run(&o->job);
		loop_call_queue(o->core->loop, &o->call);
	} else {
		o->job.run = open_run;
		o->job.done = open_ran;
		worker_submit(o->core->workers, &o->job);
	}
	return 0;
}

static void child_opened(void *arg, struct bs *child, const struct err *err)
{
	struct opening *o = arg;

	if (child) {
		store_start(o, child);
		return;
	}
	o->err = *err;
	o->ret = -EINVAL;
	opening_end(o);
}

/* What can be told without opening. 0 or -EINVAL with the error set. */
static int conf_check(struct opening *o)
{
	const struct bs_conf *conf = &o->conf;

	if (!o->type)
		return bs_type_missing(o->core, conf->type, &o->err);
	if ((conf->sync && !o->type->flag_sync) || (conf->direct && !o->type->flag_direct))
		return err_set(&o->err, ERR_INVALID_REQUEST,
			       "backing store type %s has no bsoflags %s", o->type->name,
			       conf->sync && !o->type->flag_sync ? "sync" : "direct");
	if (o->type->needs_path && !(conf->path && *conf->path))
		return err_set(&o->err, ERR_INVALID_REQUEST, "backing store type %s needs a path",
			       o->type->name);
	return 0;
}

static int open_at(struct bs_core *core, const struct bs_conf *conf, unsigned int depth,
		   void (*opened)(void *arg, struct bs *bs, const struct err *err), void *arg);

static int filter_open(struct opening *o, const char *args, const char *rest, unsigned int depth)
{
	struct bs_conf below = o->conf;
	int ret;

	if (!rest)
		return open_failed(o, err_set(&o->err, ERR_INVALID_REQUEST,
					      "%s: write it as %s:ARGUMENTS:PATH", o->path,
					      o->type->name));
	if (depth == MAX_FILTERS)
		return open_failed(o, err_set(&o->err, ERR_INVALID_REQUEST,
					      "more than %d filters before one store",
					      MAX_FILTERS));
	o->args = strndup(args, (size_t)(rest - 1 - args));
	ret = o->args ? 0 : -ENOMEM;
	o->conf.path = o->args;
	below.path = *rest ? rest : NULL;
	if (!ret)
		ret = open_at(o->core, &below, depth + 1, child_opened, o);
	if (ret) {
		free(o->args);
		free(o);
	}
	return ret;
}

static int open_at(struct bs_core *core, const struct bs_conf *conf, unsigned int depth,
		   void (*opened)(void *arg, struct bs *bs, const struct err *err), void *arg)
{
	struct opening *o = calloc(1, sizeof(*o));
	const char *args, *rest;

	if (!o)
		return -ENOMEM;
	o->core = core;
	o->conf = *conf;
	o->path = conf->path;
	o->opened = opened;
	o->arg = arg;
	loop_call_init(&o->call, LOOP_COMPLETE, open_called);
	o->type = filter_split(core, conf->path, &args, &rest);
	if (o->type)
		return filter_open(o, args, rest, depth);
	o->type = bs_type_find(core, conf->type);
	if (conf_check(o))
		return open_failed(o, -EINVAL);
	return store_start(o, NULL);
}

int bs_open(struct bs_core *core, const struct bs_conf *conf,
	    void (*opened)(void *arg, struct bs *bs, const struct err *err), void *arg)
{
	return open_at(core, conf, 0, opened, arg);
}

/* --- closing */

static void store_gone(struct bs *bs)
{
	void (*closed)(void *arg) = bs->closed;
	void *arg = bs->closed_arg;

	store_free(bs);
	if (closed)
		closed(arg);
}

static void child_closed(void *arg)
{
	store_gone(arg);
}

static void close_run(struct job *job)
{
	struct bs *bs = container_of(job, struct bs, close_job);

	if (bs->type->close)
		bs->type->close(bs);
}

static void close_ran(struct job *job)
{
	struct bs *bs = container_of(job, struct bs, close_job);

	bs->closing = CLOSED;
	loop_call_queue(bs->loop, &bs->close_call);
}

/* Again after each step, as refused requests can still come and go meanwhile. */
static void close_step(struct loop_call *c)
{
	struct bs *bs = container_of(c, struct bs, close_call);

	if (bs->inflight || bs->closing == CLOSING)
		return;
	if (bs->closing == CLOSED) {
		if (bs->child)
			bs_close(bs->child, child_closed, bs);
		else
			store_gone(bs);
		return;
	}
	bs->closing = CLOSING;
	if (bs->type->detach)
		bs->type->detach(bs);
	bs->close_job.run = close_run;
	bs->close_job.done = close_ran;
	if (bs->type->instant || !bs->type->close) {
		close_run(&bs->close_job);
		close_ran(&bs->close_job);
	} else {
		worker_submit(bs->core->workers, &bs->close_job);
	}
}

void bs_drained(struct bs *bs)
{
	loop_call_queue(bs->loop, &bs->close_call);
}

void bs_close(struct bs *bs, void (*closed)(void *arg), void *arg)
{
	assert(bs->closing == OPEN);
	bs->closing = DRAINING;
	bs->closed = closed;
	bs->closed_arg = arg;
	bs->resized = NULL;
	for (struct bs *b = bs; b; b = b->child)
		if (b->type->drain)
			b->type->drain(b);
	if (!bs->inflight)
		bs_drained(bs);
}
