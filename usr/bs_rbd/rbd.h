/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store "rbd": an image of a Ceph cluster, by librbd. What its files share: rbd.c (life of the
 * store), rbd_conf.c (path and options), rbd_cluster.c (connections to clusters, shared), rbd_io.c
 * (requests), rbd_look.c (what only blocking calls tell: extents, the size).
 */
#ifndef BS_RBD_RBD_H
#define BS_RBD_RBD_H

#include <rados/librados.h>
#include <rbd/librbd.h>

#include "bs/bs.h"

/* What the administrator asked for. Strings are owned; NULL: not said. */
struct rbd_conf {
	char *pool, *space, *image, *snap;
	char *conf, *id, *cluster; /* as of the ceph command */
	char *key, *keyfile;	   /* never logged */
	uint64_t timeout;	   /* seconds; 0: none */
	bool lock;		   /* the exclusive lock is taken, and kept */
	bool nocache;
};

/* A connection to a cluster, for all stores with the same options. Owner: rbd_cluster.c. */
struct rbd_cluster {
	struct list link;
	unsigned int users;
	char *name;   /* options without secrets */
	char *secret; /* key or name of its file, or NULL */
	rados_t rados;
};

struct rbd_store;

/* In bs_req.priv. */
struct rbd_io {
	rbd_completion_t completion;
	struct bs_req *next; /* of those that ended */
	int64_t ret;
	struct job job;	     /* EXTENTS */
	uint64_t differs_at; /* COMPARE; librbd fills it in */
	bool flushing;	     /* what stands for FUA */
};
static_assert(sizeof(struct rbd_io) <= sizeof(((struct bs_req *)0)->priv), "no room in bs_req");

struct rbd_store {
	struct bs bs;
	struct rbd_conf conf;
	struct rbd_cluster *cluster;
	rados_ioctx_t ioctx;
	rbd_image_t image;
	uint64_t watch_handle;
	bool watching;
	uint64_t object; /* bytes of an object; a COMPARE lies in one */
	/* Threads of librbd leave here what ended; the eventfd tells when there was nothing. */
	struct bs_req *ended;
	unsigned int callbacks; /* that are being run: the last may outlast its request */
	bool changed; /* the image's header; by them too */
	struct loop_fd lf;
	/* The size is being looked for, and is to be looked for again. */
	struct job size_job;
	uint64_t new_size;
	int size_ret;
	bool looking, look_again;
};

static inline struct rbd_io *rbd_io(struct bs_req *req)
{
	return (struct rbd_io *)req->priv;
}

/* rbd_conf.c. 0 or -errno with @err set; either way rbd_conf_free() is due. */
int rbd_conf_parse(struct rbd_conf *c, const struct bs_conf *conf, struct err *err);
void rbd_conf_free(struct rbd_conf *c);

/* rbd_cluster.c: on workers. NULL with @err set. */
struct rbd_cluster *rbd_cluster_get(const struct rbd_conf *c, struct err *err);
void rbd_cluster_put(struct rbd_cluster *cl);

/* rbd_io.c */
void rbd_submit(struct bs_req *req);
/* Something was left by librbd's threads. */
void rbd_ready(struct loop_fd *lf, uint32_t events);

/* rbd_look.c */
void rbd_extents(struct bs_req *req);
void rbd_size_look(struct rbd_store *st);
void rbd_header_changed(void *arg); /* called by a thread of librbd */

#endif
