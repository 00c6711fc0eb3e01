/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections. The first time they are made by the worker that opens the store. Later a worker only
 * looks up the server's name and begins; the loop does the rest, so that a server that accepts and
 * says nothing costs no thread. While all are lost only the first tries, the others follow it.
 */
#include "bs_nbd/nbd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define DELAY_MIN_NS (100 * NSEC_PER_MSEC)
#define DELAY_MAX_NS (2 * NSEC_PER_SEC)
/* Of servers that don't say: what the protocol allows everybody. */
#define PAYLOAD_MAX (32U << 20)

static void next_attempt(struct nbd_conn *c);

/* --- handles: on a worker ---------------------------------------------------------------------- */

static struct nbd_handle *handle_new(void)
{
	struct nbd_handle *h = nbd_create();

	if (!h)
		return NULL;
	/* The administrator's URI may name a file of keys; what is not known before is asked for. */
	nbd_set_uri_allow_local_file(h, true);
	nbd_set_uri_allow_tls(h, LIBNBD_TLS_ALLOW);
	if (nbd_add_meta_context(h, LIBNBD_CONTEXT_BASE_ALLOCATION) == -1) {
		nbd_close(h);
		return NULL;
	}
	/* READ fills the buffer or fails; no need to clear it before. */
	nbd_set_pread_initialize(h, false);
	return h;
}

uint64_t nbd_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void nap(void)
{
	poll(NULL, 0, 20);
}

/* 0 when the export can be used. */
static int greet(struct nbd_handle *h, uint64_t deadline)
{
	while (!nbd_aio_is_ready(h)) {
		uint64_t now = nbd_clock_ns();

		if (nbd_aio_is_dead(h) || nbd_aio_is_closed(h))
			return -ECONNRESET;
		if (now >= deadline)
			return -ETIMEDOUT;
		if (nbd_poll(h, (int)((deadline - now) / NSEC_PER_MSEC) + 1) == -1)
			return -ECONNREFUSED;
	}
	return 0;
}

static struct nbd_handle *connect_once(struct nbd_store *st, uint64_t deadline, struct err *err)
{
	struct nbd_handle *h = handle_new();
	int ret;

	if (!h || nbd_aio_connect_uri(h, st->conf.uri) == -1)
		ret = -ECONNREFUSED;
	else
		ret = greet(h, deadline);
	if (!ret)
		return h;
	err_set(err, ERR_INVALID_REQUEST, "%s: %s", st->bs.path,
		ret == -ETIMEDOUT ? "the server does not answer" :
		nbd_get_error()	  ? nbd_get_error() : "the server closed the connection");
	if (h)
		nbd_close(h);
	return NULL;
}

struct nbd_handle *nbd_connect_wait(struct nbd_store *st, struct err *err)
{
	uint64_t deadline = nbd_clock_ns() + NBD_CONNECT_NS;
	struct nbd_handle *h;

	for (;;) {
		h = connect_once(st, deadline, err);
		/* Only a server of our own is waited for: it may still be starting. */
		if (h || !st->conf.image || !nbd_image_alive(st, err) || nbd_clock_ns() >= deadline)
			return h;
		nap();
	}
}

static uint32_t size_of(struct nbd_handle *h, int which, uint32_t unknown)
{
	int64_t v = nbd_get_block_size(h, which);

	return v > 0 && v <= UINT32_MAX ? (uint32_t)v : unknown;
}

int nbd_export_look(struct nbd_handle *h, struct nbd_export *e)
{
	int64_t size = nbd_get_size(h);

	if (size < 0)
		return -EIO;
	*e = (struct nbd_export){
		.size = (uint64_t)size,
		.min = size_of(h, LIBNBD_SIZE_MINIMUM, 1),
		.preferred = size_of(h, LIBNBD_SIZE_PREFERRED, 4096),
		.max = min_u32(size_of(h, LIBNBD_SIZE_MAXIMUM, PAYLOAD_MAX), PAYLOAD_MAX),
		.readonly = nbd_is_read_only(h) == 1,
		.flush = nbd_can_flush(h) == 1,
		.fua = nbd_can_fua(h) == 1,
		.trim = nbd_can_trim(h) == 1,
		.zero = nbd_can_zero(h) == 1,
		.multi = nbd_can_multi_conn(h) == 1,
		.cache = nbd_can_cache(h) == 1,
		.extents = nbd_can_meta_context(h, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1,
	};
	if (e->min & (e->min - 1) || e->max < e->min)
		return -EPROTO;
	e->max -= e->max % e->min;
	return 0;
}

/* --- the loop's part --------------------------------------------------------------------------- */

static uint32_t wanted(struct nbd_conn *c)
{
	unsigned int dir = nbd_aio_get_direction(c->h);

	return (dir & LIBNBD_AIO_DIRECTION_READ ? (uint32_t)EPOLLIN : 0) |
	       (dir & LIBNBD_AIO_DIRECTION_WRITE ? (uint32_t)EPOLLOUT : 0);
}

void nbd_conn_rearm(struct nbd_conn *c)
{
	loop_fd_mod(&c->lf, wanted(c));
}

static int notify(struct nbd_conn *c, uint32_t events)
{
	unsigned int dir = nbd_aio_get_direction(c->h);

	if ((dir & LIBNBD_AIO_DIRECTION_READ) && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return nbd_aio_notify_read(c->h);
	if ((dir & LIBNBD_AIO_DIRECTION_WRITE) && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)))
		return nbd_aio_notify_write(c->h);
	return 0;
}

static const char *reason(void)
{
	const char *why = nbd_get_error();

	return why ? why : "the server closed the connection";
}

/*
 * libnbd takes one answer a call: again until a call brought none. But not while it has more to send:
 * when nothing is there to be read, it forgets that it was sending until something else happens.
 */
static void ready(struct loop_fd *lf, uint32_t events)
{
	struct nbd_conn *c = container_of(lf, struct nbd_conn, lf);
	struct nbd_store *st = c->st;
	unsigned int before;
	int ret;

	do {
		before = c->n_answers;
		ret = notify(c, events);
		events = EPOLLIN;
	} while (!ret && c->n_answers != before && c->n_inflight &&
		 nbd_aio_get_direction(c->h) == LIBNBD_AIO_DIRECTION_READ);
	if (ret || nbd_aio_is_dead(c->h) || nbd_aio_is_closed(c->h))
		nbd_conn_lose(c, reason());
	nbd_answers(st);
	if (c->state == NBD_READY)
		nbd_conn_rearm(c);
}

static void take_size(struct nbd_store *st, const struct nbd_export *e)
{
	st->exp.size = e->size;
	bs_set_size(&st->bs, e->size & ~((uint64_t)st->bs.align - 1));
}

/* What initiators were told must still be so. */
static const char *unlike(const struct nbd_export *was, const struct nbd_export *is)
{
	if (is->min > was->min || is->max < was->max)
		return "the server came back with other sizes of blocks";
	if (is->readonly && !was->readonly)
		return "the server came back read-only";
	if ((was->flush && !is->flush) || (was->fua && !is->fua) || (was->trim && !is->trim) ||
	    (was->zero && !is->zero) || (was->cache && !is->cache) || (was->extents && !is->extents))
		return "the server came back and can do less than before";
	return NULL;
}

static void others_follow(struct nbd_store *st)
{
	for (unsigned int i = 0; i < st->n_conns; i++)
		next_attempt(&st->conn[i]);
}

static void greeted(struct nbd_conn *c)
{
	struct nbd_store *st = c->st;
	struct nbd_export e;
	const char *why = nbd_export_look(c->h, &e) ? "the server says nothing of the export" :
						      unlike(&st->exp, &e);

	if (why) {
		log_limited(LOG_LVL_WARN, "%s: %s", st->bs.path, why);
		nbd_conn_lose(c, why);
		return;
	}
	loop_timer_cancel(&c->timer);
	c->state = NBD_READY;
	c->delay_ns = 0;
	if (nbd_conn_attach(c)) {
		nbd_conn_lose(c, "it can't be watched");
		return;
	}
	st->image.used |= c == &st->conn[0];
	take_size(st, &e);
	if (st->down)
		nbd_wait_over(st);
	others_follow(st);
}

static void greeting(struct loop_fd *lf, uint32_t events);

/* The descriptor may change from address to address: it is added anew each time. */
static void greet_on(struct nbd_conn *c)
{
	if (nbd_aio_is_ready(c->h)) {
		greeted(c);
		return;
	}
	if (nbd_aio_is_dead(c->h) || nbd_aio_is_closed(c->h)) {
		nbd_conn_lose(c, reason());
		return;
	}
	if (loop_fd_add(c->st->bs.loop, &c->lf, nbd_aio_get_fd(c->h), wanted(c), greeting))
		nbd_conn_lose(c, "it can't be watched");
}

static void greeting(struct loop_fd *lf, uint32_t events)
{
	struct nbd_conn *c = container_of(lf, struct nbd_conn, lf);

	loop_fd_del(lf);
	if (notify(c, events) == -1 && !nbd_aio_is_dead(c->h))
		nbd_conn_lose(c, reason());
	else
		greet_on(c);
}

int nbd_conn_attach(struct nbd_conn *c)
{
	return loop_fd_add(c->st->bs.loop, &c->lf, nbd_aio_get_fd(c->h), wanted(c), ready);
}

/* --- another attempt --------------------------------------------------------------------------- */

static void start_run(struct job *job)
{
	struct nbd_conn *c = container_of(job, struct nbd_conn, job);
	struct nbd_store *st = c->st;

	c->err.code = ERR_OK;
	if (st->conf.image && c == &st->conn[0] && nbd_image_start(st, c->first, &c->err))
		return;
	c->h = handle_new();
	if (c->h && nbd_aio_connect_uri(c->h, st->conf.uri) == -1) {
		err_set(&c->err, ERR_UNKNOWN, "%s", reason());
		nbd_close(c->h);
		c->h = NULL;
	}
}

static void too_long(struct loop_timer *t)
{
	nbd_conn_lose(container_of(t, struct nbd_conn, timer), "the server does not answer");
}

static void start_ran(struct job *job)
{
	struct nbd_conn *c = container_of(job, struct nbd_conn, job);
	struct nbd_store *st = c->st;

	c->state = NBD_GREETING;
	if (st->draining) {
		nbd_conn_close(c);
	} else if (!c->h) {
		nbd_conn_lose(c, c->err.code == ERR_OK ? "no memory" : c->err.text);
	} else {
		loop_timer_set(st->bs.loop, &c->timer, NBD_CONNECT_NS, too_long);
		greet_on(c);
	}
	bs_release(&st->bs);
}

static void try_now(struct loop_timer *t)
{
	struct nbd_conn *c = container_of(t, struct nbd_conn, timer);

	c->state = NBD_STARTING;
	c->first = c->st->down;
	bs_hold(&c->st->bs);
	c->job.run = start_run;
	c->job.done = start_ran;
	worker_submit(c->st->bs.workers, &c->job);
}

static void try_later(struct nbd_conn *c)
{
	/* Without memory for it, the next loss of another, or the watch, tries again. */
	loop_timer_set(c->st->bs.loop, &c->timer, c->delay_ns, try_now);
	c->delay_ns = min_u64(max_u64(c->delay_ns * 2, DELAY_MIN_NS), DELAY_MAX_NS);
}

static bool any_ready(const struct nbd_store *st)
{
	for (unsigned int i = 0; i < st->n_conns; i++)
		if (st->conn[i].state == NBD_READY)
			return true;
	return false;
}

void nbd_conn_close(struct nbd_conn *c)
{
	struct nbd_handle *h = c->h;

	loop_timer_cancel(&c->timer);
	loop_fd_del(&c->lf);
	c->state = NBD_DOWN;
	c->h = NULL;
	if (h)
		nbd_close(h);
}

/* Their buffers are their owners' again: no callback may find them. */
static void disown(struct list *had)
{
	struct bs_req *req;

	list_for_each(req, had, link)
		nbd_io(req)->conn = NULL;
}

/* While all are down only the first tries. */
static void next_attempt(struct nbd_conn *c)
{
	struct nbd_store *st = c->st;

	if (st->draining)
		return;
	if (st->down)
		c = &st->conn[0];
	if (c->state == NBD_DOWN && !loop_timer_armed(&c->timer))
		try_later(c);
}

void nbd_conn_lose(struct nbd_conn *c, const char *why)
{
	struct nbd_store *st = c->st;
	bool was_ready = c->state == NBD_READY;
	struct list had, *l;

	log_limited(was_ready ? LOG_LVL_WARN : LOG_LVL_DEBUG, "%s: connection %u is lost: %s",
		    st->bs.path, (unsigned int)(c - st->conn) + 1, why);
	list_init(&had);
	list_splice_back(&had, &c->inflight);
	c->n_inflight = 0;
	disown(&had);
	nbd_conn_close(c);
	if (was_ready && !any_ready(st))
		nbd_wait_began(st);
	while ((l = list_pop(&had)) != NULL)
		nbd_wait_again(list_entry(l, struct bs_req, link));
	next_attempt(c);
}
