/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filters share. A filter is a store before a child, chosen by a prefix of
 * the path:
 *
 *	fault:op=write,errno=EIO,offset=4096,len=512,count=1,after=3:PATH	bs/fault.c
 *	delay:read=10ms,write=1s:PATH						bs/delay.c
 *	trace:FILE:PATH								bs/trace.c
 *
 * PATH may begin with a filter again. The arguments hold no colon.
 */
#ifndef BS_FILTER_H
#define BS_FILTER_H

#include "base/pool.h"
#include "bs/bs.h"

/* The filter's own struct embeds it first. */
struct filter {
	struct bs bs;
	struct pool reqs; /* struct filter_req */
};

/* The request below. Owner: the filter, from filter_forward() to filter_finish(). */
struct filter_req {
	struct bs_req req;
	struct bs_req *parent;
	void (*then)(struct filter_req *fr);
	uint64_t started_ns;
};

void filter_init(struct filter *f);
void filter_done(struct filter *f);
/* Hands @parent to the child; @done (NULL: filter_finish) is called when that has ended. */
void filter_forward(struct bs_req *parent, void (*done)(struct filter_req *fr));
/* Ends the parent as the child ended. */
void filter_finish(struct filter_req *fr);

/* The word for an operation in arguments: "read". */
const char *filter_op_name(enum bs_op op);
/* The reverse; BS_OPS when it is none. */
enum bs_op filter_op_parse(const char *name);
/* For files and messages about arguments: the next "name=value" of *@args, cut up in place.
 * 1, 0 at the end, or -EINVAL. @sep between them. */
int filter_arg_next(char **args, char sep, char **name, char **value);

#endif
