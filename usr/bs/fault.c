/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter "fault": requests that match a rule fail, or hang. For tests of
 * everything above a store.
 *
 *	fault:RULE[+RULE...]:PATH	RULE is NAME=VALUE[,NAME=VALUE...]
 *
 *	op=read|write|flush|unmap|zero|extents|prefetch	 which operation; without: any
 *	errno=EIO		 what it fails with, by name or number; without: EIO
 *	offset=4096, len=512	 only what touches these bytes (sizes as 64M are fine)
 *	after=3			 the first three that match pass
 *	count=1			 then one is struck, and the rule is spent
 *	hang=1			 it gets no answer, until the rules change or the store is closed
 *
 * The first rule that matches and is not spent decides. A request that hangs at
 * the closing ends with -ENODEV.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bs/bs_types.h"
#include "bs/filter.h"

struct rule {
	enum bs_op op;	      /* BS_OPS: any */
	int error;	      /* positive errno */
	uint64_t offset, end; /* bytes */
	uint64_t after, count;
	bool hang;
};

struct fault {
	struct filter filter;
	struct rule *rules;
	unsigned int n_rules;
	struct list hung;
	bool draining;
};

static const struct {
	const char *name;
	int error;
} errnos[] = {
	{ "EACCES", EACCES },	  { "EBADMSG", EBADMSG },     { "EBUSY", EBUSY },
	{ "EFBIG", EFBIG },	  { "EILSEQ", EILSEQ },	      { "EINVAL", EINVAL },
	{ "EIO", EIO },		  { "ENODATA", ENODATA },     { "ENODEV", ENODEV },
	{ "ENOLINK", ENOLINK },	  { "ENOMEM", ENOMEM },	      { "ENOSPC", ENOSPC },
	{ "ENOTCONN", ENOTCONN }, { "EOPNOTSUPP", EOPNOTSUPP }, { "EPERM", EPERM },
	{ "EREMOTEIO", EREMOTEIO }, { "EROFS", EROFS },	      { "ESHUTDOWN", ESHUTDOWN },
	{ "ETIMEDOUT", ETIMEDOUT },
};

static struct fault *to_fault(struct bs *bs)
{
	return container_of(bs, struct fault, filter.bs);
}

/* 0 or -EINVAL. */
static int errno_parse(const char *text, int *error)
{
	uint64_t n;

	for (unsigned int i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (!strcmp(text, errnos[i].name)) {
			*error = errnos[i].error;
			return 0;
		}
	}
	if (bs_size_parse(text, &n) || n < 1 || n > 4095)
		return -EINVAL;
	*error = (int)n;
	return 0;
}

static int word_parse(struct rule *r, uint64_t *len, const char *name, const char *value)
{
	uint64_t n = 0;

	if (!strcmp(name, "op")) {
		r->op = filter_op_parse(value);
		return r->op == BS_OPS ? -EINVAL : 0;
	}
	if (!strcmp(name, "errno"))
		return errno_parse(value, &r->error);
	if (bs_size_parse(value, &n))
		return -EINVAL;
	if (!strcmp(name, "offset"))
		r->offset = n;
	else if (!strcmp(name, "len"))
		*len = n;
	else if (!strcmp(name, "after"))
		r->after = n;
	else if (!strcmp(name, "count"))
		r->count = n;
	else if (!strcmp(name, "hang"))
		r->hang = n != 0;
	else
		return -EINVAL;
	return 0;
}

static int rule_parse(struct rule *r, char *text, struct err *err)
{
	uint64_t len = UINT64_MAX;
	char *name = text, *value;
	int ret;

	*r = (struct rule){ .op = BS_OPS, .error = EIO, .count = UINT64_MAX };
	while ((ret = filter_arg_next(&text, ',', &name, &value)) > 0) {
		if (word_parse(r, &len, name, value))
			return err_set(err, ERR_INVALID_REQUEST,
				       "fault rule: %s=%s is not understood", name, value);
	}
	if (ret < 0)
		return err_set(err, ERR_INVALID_REQUEST, "fault rule: %s has no value", name);
	r->end = len > UINT64_MAX - r->offset ? UINT64_MAX : r->offset + len;
	return 0;
}

/* *@rules is malloc'ed. 0, -ENOMEM or -EINVAL. */
static int rules_parse(const char *text, struct rule **rules, unsigned int *n, struct err *err)
{
	char *copy = strdup(text), *p = copy, *next;
	unsigned int max = 1;
	int ret = 0;

	for (const char *c = text; *c; c++)
		max += *c == '+';
	*n = 0;
	*rules = calloc(max, sizeof(**rules));
	if (!copy || !*rules)
		ret = -ENOMEM;
	for (; !ret && p; p = next) {
		next = strchr(p, '+');
		if (next)
			*next++ = '\0';
		if (*p)
			ret = rule_parse(&(*rules)[(*n)++], p, err);
	}
	free(copy);
	if (ret) {
		free(*rules);
		*rules = NULL;
	}
	return ret;
}

static bool rule_matches(const struct rule *r, const struct bs_req *req)
{
	if (r->op != BS_OPS && r->op != req->op)
		return false;
	if (req->op == BS_FLUSH)
		return true;
	return req->offset < r->end && req->offset + req->len > r->offset;
}

/* The rule that strikes the request, or NULL. */
static const struct rule *rule_for(struct fault *f, const struct bs_req *req)
{
	for (unsigned int i = 0; i < f->n_rules; i++) {
		struct rule *r = &f->rules[i];

		if (!r->count || !rule_matches(r, req))
			continue;
		if (r->after) {
			r->after--;
			continue;
		}
		if (r->count != UINT64_MAX)
			r->count--;
		return r;
	}
	return NULL;
}

static void fault_submit(struct bs_req *req)
{
	struct fault *f = to_fault(req->bs);
	const struct rule *r = rule_for(f, req);

	if (!r)
		filter_forward(req, NULL);
	else if (r->hang && !f->draining)
		list_push_back(&f->hung, &req->link);
	else
		bs_complete(req, r->hang ? -ENODEV : -r->error);
}

/* What hung meets the rules of now. */
static void hung_resubmit(struct fault *f)
{
	struct list hung, *l;

	list_init(&hung);
	list_splice_back(&hung, &f->hung);
	while ((l = list_pop(&hung)) != NULL)
		fault_submit(list_entry(l, struct bs_req, link));
}

int bs_fault_set(struct bs *bs, const char *rules, struct err *err)
{
	struct rule *parsed;
	unsigned int n;
	struct fault *f;
	int ret;

	while (bs && bs->type != &bs_fault_type)
		bs = bs->child;
	if (!bs)
		return err_set(err, ERR_INVALID_REQUEST,
			       "the store has no fault filter: open it as fault::PATH");
	ret = rules_parse(rules, &parsed, &n, err);
	if (ret)
		return ret;
	f = to_fault(bs);
	free(f->rules);
	f->rules = parsed;
	f->n_rules = n;
	hung_resubmit(f);
	return 0;
}

static int fault_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct fault *f = to_fault(bs);
	int ret = rules_parse(conf->path, &f->rules, &f->n_rules, err);

	if (ret)
		return ret;
	list_init(&f->hung);
	filter_init(&f->filter);
	return 0;
}

static void fault_drain(struct bs *bs)
{
	struct fault *f = to_fault(bs);
	struct list *l;

	f->draining = true;
	while ((l = list_pop(&f->hung)) != NULL)
		bs_complete(list_entry(l, struct bs_req, link), -ENODEV);
}

static void fault_close(struct bs *bs)
{
	struct fault *f = to_fault(bs);

	free(f->rules);
	filter_done(&f->filter);
}

const struct bs_type bs_fault_type = {
	.name = "fault",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct fault),
	.flag_sync = true,
	.flag_direct = true,
	.instant = true,
	.filter = true,
	.open = fault_open,
	.drain = fault_drain,
	.close = fault_close,
	.submit = fault_submit,
};
