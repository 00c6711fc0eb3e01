/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens when a server goes, hangs and comes back: requests wait, go to another connection,
 * are sent again or fail, as bsopts timeout, reconnect and retry say.
 */
#include "bs_nbd/nbd.h"

#include <errno.h>

#include "base/log.h"

#define WATCH_NS (250 * NSEC_PER_MSEC)
/* How long a store that is being closed waits for answers. */
#define DRAIN_NS (5 * NSEC_PER_SEC)

/* The one with least to do; all being equal, in turns. */
static struct nbd_conn *conn_pick(struct nbd_store *st)
{
	struct nbd_conn *best = NULL;

	for (unsigned int i = 0; i < st->n_conns; i++) {
		struct nbd_conn *c = &st->conn[(st->next + i) % st->n_conns];

		if (c->state == NBD_READY && (!best || c->n_inflight < best->n_inflight))
			best = c;
	}
	st->next++;
	return best;
}

static bool waited_enough(const struct nbd_store *st)
{
	return loop_now(st->bs.loop) - st->down_ns >= st->conf.reconnect_ns;
}

static void wait_for_server(struct nbd_store *st, struct bs_req *req)
{
	if (st->draining) {
		nbd_io_end(req, -ENODEV);
	} else if (waited_enough(st)) {
		nbd_io_end(req, -ENOTCONN);
	} else {
		list_push_back(&st->waiting, &req->link);
		nbd_watch(st);
	}
}

void nbd_dispatch(struct bs_req *req)
{
	struct nbd_store *st = container_of(req->bs, struct nbd_store, bs);
	struct nbd_conn *c = conn_pick(st);

	nbd_io(req)->conn = NULL;
	if (likely(c))
		nbd_io_send(c, req);
	else
		wait_for_server(st, req);
}

void nbd_wait_again(struct bs_req *req)
{
	struct nbd_store *st = container_of(req->bs, struct nbd_store, bs);
	const struct nbd_io *io = nbd_io(req);
	uint64_t timeout = st->conf.timeout_ns;

	if (timeout && loop_now(st->bs.loop) - io->sent_ns >= timeout)
		nbd_io_end(req, -ETIMEDOUT); /* it was for this one that it was given up */
	else if (!st->conf.retry)
		nbd_io_end(req, -ENOTCONN);
	else if (req->op == BS_FLUSH && st->lost) {
		st->lost = false;
		nbd_io_end(req, -EIO);
	} else
		nbd_dispatch(req);
}

void nbd_wait_began(struct nbd_store *st)
{
	st->down = true;
	st->down_ns = loop_now(st->bs.loop);
	/*
	 * Writes that were acknowledged and not flushed: with a server of our own they are
	 * gone for certain; of another it isn't known, and who wants no retries wants to know.
	 */
	if (st->exp.flush && st->n_flushed < st->n_writes && (st->conf.image || !st->conf.retry))
		st->lost = true;
	st->n_flushed = st->n_writes;
}

void nbd_wait_over(struct nbd_store *st)
{
	struct list had, *l;

	log_notice("%s: the server is back", st->bs.path);
	st->down = false;
	list_init(&had);
	list_splice_back(&had, &st->waiting);
	while ((l = list_pop(&had)) != NULL)
		nbd_dispatch(list_entry(l, struct bs_req, link));
}

static void waiting_end(struct nbd_store *st, int result)
{
	struct list had, *l;

	list_init(&had);
	list_splice_back(&had, &st->waiting);
	while ((l = list_pop(&had)) != NULL)
		nbd_io_end(list_entry(l, struct bs_req, link), result);
}

/* The oldest request of a connection decides. */
static bool hangs(const struct nbd_store *st, const struct nbd_conn *c)
{
	uint64_t now = loop_now(st->bs.loop), timeout = st->conf.timeout_ns;
	const struct bs_req *req = list_first(&c->inflight, struct bs_req, link);

	if (c->state != NBD_READY || list_empty(&c->inflight))
		return false;
	if (st->draining && now - st->drain_ns >= DRAIN_NS)
		return true;
	return timeout && now - nbd_io((struct bs_req *)(uintptr_t)req)->sent_ns >= timeout;
}

static void watch(struct loop_timer *t)
{
	struct nbd_store *st = container_of(t, struct nbd_store, watch);
	bool busy = false;

	if (st->down && waited_enough(st))
		waiting_end(st, -ENOTCONN);
	for (unsigned int i = 0; i < st->n_conns; i++) {
		if (hangs(st, &st->conn[i]))
			nbd_conn_lose(&st->conn[i], "no answer in time");
		busy |= st->conn[i].n_inflight != 0;
	}
	if (busy || !list_empty(&st->waiting))
		nbd_watch(st);
}

void nbd_watch(struct nbd_store *st)
{
	if (unlikely(!loop_timer_armed(&st->watch)))
		loop_timer_set(st->bs.loop, &st->watch, WATCH_NS, watch);
}

void nbd_drain(struct bs *bs)
{
	struct nbd_store *st = container_of(bs, struct nbd_store, bs);

	if (st->draining)
		return;
	st->draining = true;
	st->drain_ns = loop_now(bs->loop);
	for (unsigned int i = 0; i < st->n_conns; i++)
		if (st->conn[i].state == NBD_DOWN || st->conn[i].state == NBD_GREETING)
			nbd_conn_close(&st->conn[i]);
	waiting_end(st, -ENODEV);
}
