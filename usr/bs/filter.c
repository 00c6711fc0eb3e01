/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filters share: the request to the child, and the words of arguments.
 */
#include "bs/filter.h"

#include <errno.h>
#include <string.h>

#define REQS_KEPT 256

static const char *const op_names[BS_OPS] = {
	[BS_READ] = "read",   [BS_WRITE] = "write",	[BS_FLUSH] = "flush",
	[BS_UNMAP] = "unmap", [BS_ZERO] = "zero",	[BS_EXTENTS] = "extents",
	[BS_PREFETCH] = "prefetch", [BS_COPY] = "copy",		[BS_PASS] = "pass",
	[BS_COMPARE] = "compare",
};

const char *filter_op_name(enum bs_op op)
{
	return op_names[op];
}

enum bs_op filter_op_parse(const char *name)
{
	unsigned int op;

	for (op = 0; op < BS_OPS; op++)
		if (!strcmp(name, op_names[op]))
			break;
	return (enum bs_op)op;
}

int filter_arg_next(char **args, char sep, char **name, char **value)
{
	char *p = *args, *end, *eq;

	if (!p || !*p)
		return 0;
	end = strchr(p, sep);
	if (end)
		*end++ = '\0';
	*args = end;
	eq = strchr(p, '=');
	*name = p;
	if (!eq)
		return -EINVAL;
	*eq = '\0';
	*value = eq + 1;
	return 1;
}

void filter_init(struct filter *f)
{
	pool_init(&f->reqs, sizeof(struct filter_req), REQS_KEPT);
}

void filter_done(struct filter *f)
{
	pool_done(&f->reqs);
}

void filter_finish(struct filter_req *fr)
{
	struct bs_req *parent = fr->parent;
	struct filter *f = container_of(parent->bs, struct filter, bs);
	int result = fr->req.result;

	parent->n_extents = fr->req.n_extents;
	pool_put(&f->reqs, fr);
	bs_complete_now(parent, result);
}

static void finished(struct bs_req *req)
{
	struct filter_req *fr = container_of(req, struct filter_req, req);

	fr->then(fr);
}

void filter_forward(struct bs_req *parent, void (*done)(struct filter_req *fr))
{
	struct filter *f = container_of(parent->bs, struct filter, bs);
	struct filter_req *fr = pool_get(&f->reqs);

	if (!fr) {
		bs_complete(parent, -ENOMEM);
		return;
	}
	memset(fr, 0, sizeof(*fr));
	fr->parent = parent;
	fr->started_ns = loop_now(f->bs.loop);
	fr->req.bs = f->bs.child;
	fr->req.op = parent->op;
	fr->req.flags = parent->flags;
	fr->req.offset = parent->offset;
	fr->req.len = parent->len;
	fr->req.iov = parent->iov;
	fr->req.iovcnt = parent->iovcnt;
	fr->req.extents = parent->extents;
	fr->req.max_extents = parent->max_extents;
	fr->req.done = finished;
	fr->then = done ? done : filter_finish;
	bs_submit(&fr->req);
}
