/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backing stores: bytes at offsets. A store knows no CDB, sense code or LUN.
 * Device types open one and submit requests; a filter store submits to its child.
 *
 * Everything here is called on the loop thread, except bs_type.open, which runs
 * on a worker thread because opening can block.
 */
#ifndef BS_BS_H
#define BS_BS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/worker.h"

enum bs_op {
	BS_READ,
	BS_WRITE,
	BS_FLUSH,    /* all writes completed before it was submitted are on stable storage */
	BS_UNMAP,    /* the range may be given back; it reads as zeroes iff bs->unmap_zeroes */
	BS_ZERO,     /* the range reads as zeroes; BS_REQ_MAY_UNMAP allows a hole */
	BS_EXTENTS,  /* which parts of the range are mapped */
	BS_PREFETCH, /* a hint; completes with 0 when the range was already cached, 1 when it isn't */
	BS_OPS
};

enum bs_cap {
	BS_CAP_NONE,	 /* -EOPNOTSUPP */
	BS_CAP_EMULATED, /* works, at the price of writing or of knowing nothing */
	BS_CAP_NATIVE,
};

/* bs_req.flags */
#define BS_REQ_FUA 0x01u       /* WRITE, ZERO, UNMAP: on stable storage before completion */
#define BS_REQ_DPO 0x02u       /* the data need not stay in a cache */
#define BS_REQ_MAY_UNMAP 0x04u /* ZERO */

struct bs;
struct bs_req;
struct bs_type;

struct bs_extent {
	uint64_t offset, len; /* bytes */
	bool mapped;	      /* false: a hole, which reads as zeroes iff bs->unmap_zeroes */
};

/*
 * One request. Embedded in its submitter's struct; borrowed by the store from
 * bs_submit() until @done is called, exactly once, from the loop and never
 * inside bs_submit().
 */
struct bs_req {
	struct list link; /* the store's while it holds the request */
	struct bs *bs;
	enum bs_op op;
	uint32_t flags;
	uint64_t offset, len;	  /* bytes; within bs->size and multiples of bs->align, checked by bs_submit */
	const struct iovec *iov;  /* READ, WRITE: sums up to len; borrowed */
	unsigned int iovcnt;
	struct bs_extent *extents; /* EXTENTS: room of the submitter's for max_extents, filled in order */
	unsigned int max_extents, n_extents;
	int result;		   /* 0 (PREFETCH: 0 or 1) or -errno; -EIO, -ENOSPC, -ENODEV, ... */
	void (*done)(struct bs_req *req);
	uint64_t priv[10];	   /* the store's scratch memory */
#ifdef TGT_DEBUG
	int debug_state;
#endif
};

/* What the administrator asked for. Strings are borrowed for the time of bs_open() until its callback. */
struct bs_conf {
	const char *type;    /* "rdwr"; NULL: the default */
	const char *path;    /* as given; may hold filters "delay:read=1s:PATH" (see filter docs) */
	const char *opts;    /* bsopts, ';' between them, or NULL */
	bool sync, direct;   /* bsoflags */
	bool readonly;	     /* open for reading only */
	unsigned int threads;/* worker threads at most, 0: default */
};

/* An open store. Allocated by bs_open(); the type's own struct embeds it first (bs_type.size). */
struct bs {
	const struct bs_type *type;
	struct loop *loop;
	struct workers *workers;
	char *path;
	uint64_t size;	      /* bytes */
	uint32_t align;	      /* every offset and length is a multiple; power of two; 1: any */
	uint32_t phys_block;  /* bytes, a hint: smallest write without read-modify-write; 0 unknown */
	uint32_t opt_io;      /* bytes, preferred length; 0 unknown */
	uint32_t unmap_granularity; /* bytes; 0 unknown */
	bool readonly;
	bool rotational;
	bool unmap_zeroes;    /* what UNMAP touched reads as zeroes */
	bool volatile_cache;  /* completed writes may be lost until FLUSH */
	bool sync, direct;
	enum bs_cap cap[BS_OPS];
	unsigned int inflight;/* kept by bs.c */
	/* Set by the user of the store; called on the loop after size changed. May be NULL. */
	void (*resized)(struct bs *bs, void *arg);
	void *resized_arg;
	/* closing */
	void (*closed)(void *arg);
	void *closed_arg;
};

struct bs_type {
	const char *name;	/* "rdwr" */
	size_t abi_size;	/* sizeof(struct bs_type): modules of another ABI are refused */
	size_t size;		/* of the struct that embeds struct bs first */
	bool flag_sync, flag_direct; /* bsoflags that it knows */
	bool needs_path;
	/*
	 * On a worker thread: opens and fills size, align, cap ... May block. Touches
	 * nothing but @bs (zeroed but for type, loop, workers, path) and @err.
	 * 0 or -errno with @err set; after an error it has released what it took.
	 */
	int (*open)(struct bs *bs, const struct bs_conf *conf, struct err *err);
	/* On the loop after open; may be NULL. As open, but must not block. */
	int (*attach)(struct bs *bs, struct err *err);
	/* On the loop, no request in flight. Releases all but @bs itself. May be NULL. */
	void (*close)(struct bs *bs);
	/* Must not block. Ends in exactly one bs_complete(), now or later. */
	void (*submit)(struct bs_req *req);
	/* Looks whether the size changed and says so by bs_set_size(); must not block. May be NULL. */
	void (*probe)(struct bs *bs);
};

/*
 * The core. One per process; tests make their own. @types is ended by NULL and
 * outlives the core. Returns 0 or -errno.
 */
struct bs_core;
struct bs_core *bs_core_new(struct loop *loop, struct workers *workers,
			    const struct bs_type *const *types);
void bs_core_free(struct bs_core *core);
const struct bs_type *bs_type_find(struct bs_core *core, const char *name);
const struct bs_type *const *bs_types(struct bs_core *core);

/*
 * Opens. @opened is called from the loop, never inside: with the store, or with NULL
 * and @err. The caller owns the store and ends it with bs_close().
 */
void bs_open(struct bs_core *core, const struct bs_conf *conf,
	     void (*opened)(void *arg, struct bs *bs, const struct err *err), void *arg);
/* Waits for what is in flight, closes, frees; then @closed from the loop (may be NULL). */
void bs_close(struct bs *bs, void (*closed)(void *arg), void *arg);

/*
 * Hands @req to its store. Checks range and alignment: what is outside completes with
 * -EINVAL; an operation of capability NONE with -EOPNOTSUPP; a write to a read-only
 * store with -EROFS.
 */
void bs_submit(struct bs_req *req);
/* For stores: the request is done. Queues it; done() is called in the loop's COMPLETE phase. */
void bs_complete(struct bs_req *req, int result);
/* For stores, on the loop: the size is now @size. */
void bs_set_size(struct bs *bs, uint64_t size);
/* For users of a store: look for a new size now. Cheap; callers limit how often. */
void bs_probe(struct bs *bs);

/*
 * bsopts and filter arguments: finds "name=value" in a list separated by @sep.
 * Returns a malloc'ed value, or NULL with *@found false when absent.
 */
char *bs_opt_get(const char *opts, char sep, const char *name, bool *found);

#endif
