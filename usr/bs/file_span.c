/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File store with O_DIRECT: a write that doesn't begin and end on the device's
 * blocks is a read, a change and a write of whole blocks, which would undo what
 * another write put there meanwhile. So each write notes the blocks it touches,
 * and of two that overlap the later waits if either is of that kind. While no such
 * write is about, noting costs nothing. Called by file_slow.c.
 */
#include "bs/file.h"

static bool overlap(const struct file *f, const struct bs_req *a, const struct bs_req *b)
{
	uint64_t mask = ~((uint64_t)f->dio_align - 1);

	return (a->offset & mask) < round_up(b->offset + b->len, f->dio_align) &&
	       (b->offset & mask) < round_up(a->offset + a->len, f->dio_align);
}

/* Whether @op must wait for one of @head before @until (NULL: any of them). */
static bool conflicts(struct file *f, struct list *head, const struct file_op *until,
		      struct file_op *op)
{
	struct file_op *other;

	list_for_each(other, head, span) {
		if (other == until)
			break;
		if ((other->rmw || op->rmw) && overlap(f, file_req(other), file_req(op)))
			return true;
	}
	return false;
}

bool file_span_take(struct file *f, struct bs_req *req)
{
	struct file_op *op = file_op(req);
	bool wait;

	f->rmw_spans += op->rmw;
	wait = f->rmw_spans && (conflicts(f, &f->spans, NULL, op) ||
				conflicts(f, &f->span_waiters, NULL, op));
	list_push_back(wait ? &f->span_waiters : &f->spans, &op->span);
	return !wait;
}

void file_span_drop(struct file *f, struct bs_req *req)
{
	struct file_op *op = file_op(req), *tmp;
	struct list ready, *l;

	list_del(&op->span);
	f->rmw_spans -= op->rmw;
	list_init(&ready);
	list_for_each_safe(op, tmp, &f->span_waiters, span) {
		/* Those of this round count as well: their spans are theirs already. */
		if (conflicts(f, &f->spans, NULL, op) || conflicts(f, &ready, NULL, op) ||
		    conflicts(f, &f->span_waiters, op, op))
			continue;
		list_del(&op->span);
		list_push_back(&ready, &op->span);
	}
	while ((l = list_pop(&ready)) != NULL) {
		list_push_back(&f->spans, l);
		file_span_ready(f, file_req(list_entry(l, struct file_op, span)));
	}
}
