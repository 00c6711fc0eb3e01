/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store "glfs": a file of a Gluster volume, by libgfapi. What its files share: glfs_store.c
 * (life of the store), glfs_conf.c (path and options), glfs_volume.c (connections to volumes,
 * shared), glfs_io.c (requests), glfs_look.c (what only blocking calls tell).
 */
#ifndef BS_GLFS_GLFS_STORE_H
#define BS_GLFS_GLFS_STORE_H

#include <glusterfs/api/glfs.h>

#include "bs/bs.h"

/* What the administrator asked for. Strings are owned. */
struct glfs_conf {
	char *volume, *host, *path;
	char *logfile; /* NULL: none */
	int loglevel;
	uint16_t port;
};

/* A connection to a volume, for all stores with the same options. Owner: glfs_volume.c. */
struct glfs_volume {
	struct list link;
	unsigned int users;
	char *name;
	glfs_t *fs;
};

/* In bs_req.priv. */
struct glfs_io {
	struct bs_req *next; /* of those that ended */
	int64_t ret;	     /* a count or -errno */
	struct job job;	     /* EXTENTS */
	bool syncing;	     /* what stands for FUA */
};
static_assert(sizeof(struct glfs_io) <= sizeof(((struct bs_req *)0)->priv), "no room in bs_req");

struct glfs_store {
	struct bs bs;
	struct glfs_conf conf;
	struct glfs_volume *volume;
	glfs_fd_t *file;
	/* Threads of gfapi leave here what ended; the eventfd tells when there was nothing. */
	struct bs_req *ended;
	unsigned int callbacks; /* that are being run: the last may outlast its request */
	struct loop_fd lf;
	struct job size_job;
	uint64_t new_size;
	int size_ret;
	bool looking;
};

static inline struct glfs_io *glfs_io(struct bs_req *req)
{
	return (struct glfs_io *)req->priv;
}

/* glfs_conf.c. 0 or -errno with @err set; either way glfs_conf_free() is due. */
int glfs_conf_parse(struct glfs_conf *c, const struct bs_conf *conf, struct err *err);
void glfs_conf_free(struct glfs_conf *c);

/* glfs_volume.c: on workers. NULL with @err set. */
struct glfs_volume *glfs_volume_get(const struct glfs_conf *c, struct err *err);
void glfs_volume_put(struct glfs_volume *v);

/* glfs_io.c */
void glfs_submit(struct bs_req *req);
/* Something was left by gfapi's threads. */
void glfs_ready(struct loop_fd *lf, uint32_t events);

/* glfs_look.c */
int glfs_size(glfs_fd_t *file, uint64_t *size);
void glfs_extents(struct bs_req *req);
void glfs_probe(struct bs *bs);

#endif
