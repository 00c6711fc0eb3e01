/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store "nbd": an export of an NBD server, by libnbd, over one or more connections, or a disk
 * image that a qemu-nbd of its own serves. What its files share: nbd.c (life of the store),
 * nbd_conf.c (its options), nbd_conn.c (connections), nbd_io.c (requests), nbd_wait.c (lost
 * connections and what waits for them), nbd_image.c (qemu-nbd).
 */
#ifndef BS_NBD_NBD_H
#define BS_NBD_NBD_H

#include <libnbd.h>
#include <sys/types.h>

#include "bs/bs.h"

#define NBD_CONNECTIONS_MAX 16
/* Connecting with all it takes, until the export can be used. */
#define NBD_CONNECT_NS (10 * NSEC_PER_SEC)
#define NBD_URI_MAX 4096

/* What the administrator asked for: bsopts. */
struct nbd_conf {
	char *uri;		  /* made up for images */
	char *image;		  /* NULL: the server is somebody else's */
	char *format, *secret;	  /* of an image; secret: a file, or NULL */
	unsigned int connections; /* at most */
	uint64_t timeout_ns;	  /* an answer takes longer: the connection is given up; 0: never */
	uint64_t reconnect_ns;	  /* so long requests wait for a lost server; 0: they fail at once */
	bool retry;		  /* what was under way when the server was lost is sent again */
	bool trim;		  /* UNMAP is a trim, whatever it reads as; else zeroes are asked for */
};

/* What the server said of the export; all its connections must say the same but for the size. */
struct nbd_export {
	uint64_t size;
	uint32_t min, preferred, max; /* bytes of a request; powers of two; max: of data */
	bool readonly, flush, fua, trim, zero, multi, cache, extents;
};

/* The server of an image. Used on one worker thread at a time. */
struct nbd_image {
	pid_t pid;	/* 0: none runs */
	bool used;	/* it has served; set by the loop, when no worker can be at it */
	uint64_t since_ns;
	char dir[64];	/* its socket and what it says are in here; empty: not made yet */
};

struct nbd_store;

enum nbd_state {
	NBD_DOWN,	/* no handle; the timer may be armed for the next attempt */
	NBD_STARTING,	/* a worker has the handle */
	NBD_GREETING,	/* the handshake; the loop has the handle */
	NBD_READY,
};

struct nbd_conn {
	struct nbd_store *st;
	struct nbd_handle *h;
	enum nbd_state state;
	struct loop_fd lf;
	struct loop_timer timer; /* the next attempt, or the limit of this one */
	struct job job;
	struct err err;		 /* why the attempt of the worker failed */
	uint64_t delay_ns;	 /* before the next attempt */
	struct list inflight;	 /* struct bs_req.link, the oldest first */
	unsigned int n_inflight;
	unsigned int n_answers;	 /* counts up */
	bool first;		 /* of all: this attempt began while all were lost */
};

struct nbd_store {
	struct bs bs;
	struct nbd_conf conf;
	struct nbd_export exp;
	struct nbd_image image;
	struct nbd_conn conn[NBD_CONNECTIONS_MAX];
	unsigned int n_conns, next;
	bool draining;
	bool down;		  /* no connection is ready */
	uint64_t down_ns;	  /* since then */
	uint64_t drain_ns;
	uint64_t n_writes;	  /* that ended and are not known to be on stable storage: counts up, */
	uint64_t n_flushed;	  /* and how many of them a flush covered */
	bool lost;		  /* a server went with some of them: the next flush says so */
	struct list waiting;	  /* requests that no connection has */
	struct list answered;	  /* those that libnbd called back for */
	struct loop_call answers; /* looks at them, for those that ended inside a submit */
	struct loop_timer watch;  /* what takes too long; armed while anything is under way */
};

/* In bs_req.priv. */
struct nbd_io {
	struct nbd_conn *conn; /* that has it, or NULL */
	void *bounce;	       /* one piece of memory for many, or NULL */
	uint64_t done;	       /* bytes that were answered */
	uint64_t sent_ns;
	uint64_t covers;       /* FLUSH: n_writes when it was sent */
	uint32_t piece;	       /* bytes under way */
	int error;	       /* of the last answer, positive */
	bool flushing;	       /* the flush that stands for FUA */
};
static_assert(sizeof(struct nbd_io) <= sizeof(((struct bs_req *)0)->priv), "no room in bs_req");

static inline struct nbd_io *nbd_io(struct bs_req *req)
{
	return (struct nbd_io *)req->priv;
}

/* nbd_conf.c. 0 or -errno with @err set; either way nbd_conf_free() is due. */
int nbd_conf_parse(struct nbd_conf *c, const struct bs_conf *conf, struct err *err);
void nbd_conf_free(struct nbd_conf *c);

/* nbd_image.c: on a worker. Starts it when it is gone; @anew: another in place of one that hangs. */
int nbd_image_start(struct nbd_store *st, bool anew, struct err *err);
/* Whether it still runs; if not, what it said last is in @err. */
bool nbd_image_alive(struct nbd_store *st, struct err *err);
void nbd_image_stop(struct nbd_store *st);

/* nbd_conn.c */
/* On a worker: connects and waits until the export can be used. NULL with @err set. */
struct nbd_handle *nbd_connect_wait(struct nbd_store *st, struct err *err);
uint64_t nbd_clock_ns(void);
/* Of a handle that is ready. -errno when it can't be used. */
int nbd_export_look(struct nbd_handle *h, struct nbd_export *e);
int nbd_conn_attach(struct nbd_conn *c);
/* What libnbd wants to wait for has changed. */
void nbd_conn_rearm(struct nbd_conn *c);
/* The end of the connection: what it had waits, or fails; the next attempt follows. */
void nbd_conn_lose(struct nbd_conn *c, const char *why);
/* Without another attempt. */
void nbd_conn_close(struct nbd_conn *c);

/* nbd_io.c */
void nbd_submit(struct bs_req *req);
/* Sends the next piece, from where it stands. */
void nbd_io_send(struct nbd_conn *c, struct bs_req *req);
void nbd_io_end(struct bs_req *req, int result);
/* Goes on with, or ends, the requests that were answered. */
void nbd_answers(struct nbd_store *st);

/* nbd_wait.c */
/* To the connection that has least to do; without any, it waits for one, or fails. */
void nbd_dispatch(struct bs_req *req);
/* Its connection was lost: again, or it fails. */
void nbd_wait_again(struct bs_req *req);
/* A connection is ready, or all are lost: */
void nbd_wait_over(struct nbd_store *st);
void nbd_wait_began(struct nbd_store *st);
/* Something is under way. */
void nbd_watch(struct nbd_store *st);
void nbd_drain(struct bs *bs);

#endif
