/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter "delay": requests wait before they go on to the child, as on a slow
 * disk.
 *
 *	delay:read=10ms,write=1s:PATH	operations as in bs/filter.h, or all=TIME;
 *					times in ns, us, ms, s (without a unit: ms)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bs/bs_types.h"
#include "bs/filter.h"

struct delay;

/* Requests of one operation wait equally long, so a queue is in the order of their due times. */
struct delay_queue {
	struct loop_timer timer;
	struct delay *delay;
	struct list waiting; /* priv[0]: due, in loop_now() */
	uint64_t ns;
};

struct delay {
	struct filter filter;
	struct delay_queue ops[BS_OPS];
	bool draining;
};

static struct delay *to_delay(struct bs *bs)
{
	return container_of(bs, struct delay, filter.bs);
}

static void queue_expired(struct loop_timer *t)
{
	struct delay_queue *q = container_of(t, struct delay_queue, timer);
	uint64_t now = loop_now(q->delay->filter.bs.loop);

	while (!list_empty(&q->waiting)) {
		struct bs_req *req = list_first(&q->waiting, struct bs_req, link);

		/* When no timer can be had, better early than never. */
		if (req->priv[0] > now && !loop_timer_set(q->delay->filter.bs.loop, &q->timer,
							  req->priv[0] - now, queue_expired))
			return;
		list_del(&req->link);
		filter_forward(req, NULL);
	}
}

static void delay_submit(struct bs_req *req)
{
	struct delay *d = to_delay(req->bs);
	struct delay_queue *q = &d->ops[req->op];

	if (!q->ns || d->draining) {
		filter_forward(req, NULL);
		return;
	}
	req->priv[0] = loop_now(d->filter.bs.loop) + q->ns;
	list_push_back(&q->waiting, &req->link);
	if (!loop_timer_armed(&q->timer) &&
	    loop_timer_set(d->filter.bs.loop, &q->timer, q->ns, queue_expired)) {
		list_del(&req->link);
		filter_forward(req, NULL);
	}
}

/* "10ms" in nanoseconds. 0 or -EINVAL. */
static int time_parse(const char *text, uint64_t *ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "", NSEC_PER_MSEC }, { "ns", 1 }, { "us", 1000 }, { "ms", NSEC_PER_MSEC },
		      { "s", NSEC_PER_SEC } };
	char *end;
	unsigned long long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtoull(text, &end, 10);
	for (unsigned int i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		if (n > INT64_MAX / units[i].ns)
			return -EINVAL;
		*ns = n * units[i].ns;
		return 0;
	}
	return -EINVAL;
}

static int args_parse(struct delay *d, char *args, struct err *err)
{
	char *name = args, *value = args;
	uint64_t ns;
	int ret;

	while ((ret = filter_arg_next(&args, ',', &name, &value)) > 0) {
		enum bs_op op = filter_op_parse(name);
		bool all = !strcmp(name, "all");

		if ((op == BS_OPS && !all) || time_parse(value, &ns))
			return err_set(err, ERR_INVALID_REQUEST,
				       "delay: %s=%s is not understood: write it as read=10ms",
				       name, value);
		for (unsigned int i = 0; i < BS_OPS; i++)
			if (all || i == op)
				d->ops[i].ns = ns;
	}
	if (ret < 0)
		return err_set(err, ERR_INVALID_REQUEST, "delay: %s has no value", name);
	return 0;
}

static int delay_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct delay *d = to_delay(bs);
	char *args = strdup(conf->path);
	int ret;

	if (!args)
		return -ENOMEM;
	for (unsigned int i = 0; i < BS_OPS; i++) {
		d->ops[i].delay = d;
		list_init(&d->ops[i].waiting);
	}
	ret = args_parse(d, args, err);
	free(args);
	if (!ret)
		filter_init(&d->filter);
	return ret;
}

static void delay_drain(struct bs *bs)
{
	struct delay *d = to_delay(bs);
	struct list *l;

	d->draining = true;
	for (unsigned int i = 0; i < BS_OPS; i++) {
		loop_timer_cancel(&d->ops[i].timer);
		while ((l = list_pop(&d->ops[i].waiting)) != NULL)
			filter_forward(list_entry(l, struct bs_req, link), NULL);
	}
}

static void delay_close(struct bs *bs)
{
	filter_done(&to_delay(bs)->filter);
}

const struct bs_type bs_delay_type = {
	.name = "delay",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct delay),
	.flag_sync = true,
	.flag_direct = true,
	.instant = true,
	.filter = true,
	.open = delay_open,
	.drain = delay_drain,
	.close = delay_close,
	.submit = delay_submit,
};
