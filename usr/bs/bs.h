/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backing stores: bytes at offsets. A store knows no CDB, sense code or LUN.
 * Device types open one and submit requests; a filter store submits to its child.
 *
 * Everything here is called on the loop thread, except bs_type.open and .close,
 * which run on a worker thread because they can block.
 */
#ifndef BS_BS_H
#define BS_BS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/util.h"
#include "base/worker.h"

enum bs_op {
	BS_READ,
	BS_WRITE,
	BS_FLUSH,    /* all writes completed before it was submitted are on stable storage */
	BS_UNMAP,    /* the range may be given back; it reads as zeroes iff bs->unmap_zeroes */
	BS_ZERO,     /* the range reads as zeroes; BS_REQ_MAY_UNMAP allows a hole */
	BS_EXTENTS,  /* which parts of the range are mapped */
	BS_PREFETCH, /* a hint; completes with 0 when the range was already cached, else 1 */
	BS_COPY,     /* the range becomes that of another store, or of another place in this one */
	BS_PASS,     /* what the device behind the store is told in its own words: struct bs_pass */
	BS_COMPARE,  /* the range becomes the second half of the data if it is the first, in one step
			for all who use what is below, be it by another daemon */
	BS_OPS
};

enum bs_cap {
	BS_CAP_NONE,	 /* -EOPNOTSUPP */
	BS_CAP_EMULATED, /* works, at the price of writing or of knowing nothing */
	BS_CAP_NATIVE,
};

/* bs_req.flags */
#define BS_REQ_FUA 0x01u       /* WRITE, ZERO, UNMAP, COPY, COMPARE: on stable storage before completion */
#define BS_REQ_DPO 0x02u       /* the data need not stay in a cache */
#define BS_REQ_MAY_UNMAP 0x04u /* ZERO */
#define BS_REQ_ATOMIC 0x08u    /* WRITE: all or nothing, whenever the daemon or the power ends */

struct bs;
struct bs_core;
struct bs_req;
struct bs_type;

struct bs_extent {
	uint64_t offset, len; /* bytes */
	bool mapped;	      /* false: a hole, which reads as zeroes iff bs->unmap_zeroes */
};

/* Which way the data of a PASS goes. */
enum bs_pass_dir { BS_PASS_NO_DATA, BS_PASS_IN, BS_PASS_OUT };

/* Words for a device, and its answer. The store hands both on and looks at neither. */
struct bs_pass {
	const uint8_t *words;	/* borrowed */
	uint8_t *sense;		/* borrowed; the device's explanation goes there */
	uint32_t timeout_ms;	/* then the kernel takes the device in hand */
	uint32_t moved;		/* filled in: bytes of data */
	uint8_t words_len;
	uint8_t dir;		/* enum bs_pass_dir */
	bool reset;		/* no words: the device is reset; what came before it ends, with
				   -ECANCELED or as the device will, what comes after waits */
	uint8_t sense_max;
	uint8_t status;		/* filled in, when the result is 0 */
	uint8_t sense_len;	/* likewise */
};

/*
 * One request. Embedded in its submitter's struct; borrowed by the store from
 * bs_submit() until @done is called, exactly once, from the loop and never
 * inside bs_submit(). The submitter fills bs .. max_extents and done; the rest
 * needs no initialisation.
 */
struct bs_req {
	struct list link; /* the store's while it holds the request */
	struct bs *bs;
	enum bs_op op;
	uint32_t flags;
	uint64_t offset, len;	  /* bytes; within bs->size and multiples of bs->align, checked by
				     bs_submit; FLUSH covers the whole store whatever they are */
	const struct iovec *iov;  /* READ, WRITE: sums up to len; COMPARE: to 2 len; borrowed */
	unsigned int iovcnt;
	struct bs_extent *extents; /* EXTENTS: the submitter's room for max_extents; filled in order
				      without gaps from offset on, up to its end or the room's */
	unsigned int max_extents, n_extents;
	struct bs *src;		   /* COPY: of the same type, held by the submitter; -EOPNOTSUPP when */
	uint64_t src_offset;	   /* these two can't: then it has to be read and written */
	uint64_t differs_at;	   /* COMPARE, filled in with -EILSEQ: bytes that were equal; with
				      -EOPNOTSUPP it has to be read, compared and written */
	struct bs_pass *pass;	   /* PASS; iov and len are its data, offset is 0 */
	int result;		   /* 0 (PREFETCH: 0 or 1) or -errno; -EIO, -ENOSPC, -ENODEV, ... */
	void (*done)(struct bs_req *req);
	uint64_t priv[10];	   /* the store's scratch memory */
#ifdef TGT_DEBUG
	int debug_state;
#endif
};

/* What the administrator asked for. Strings are borrowed until the callback of bs_open(). */
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
	struct bs_core *core;
	struct loop *loop;
	struct workers *workers; /* shared by all stores: for short jobs that end */
	struct bs *child;     /* of a filter: what it stands before; owned. Else NULL */
	char *path;	      /* as given, filters included; NULL when none was */
	uint64_t size;	      /* bytes */
	uint32_t align;	      /* every offset and length is a multiple; power of two; 1: any */
	uint32_t phys_block;  /* bytes, a hint: smallest write that reads nothing; 0 unknown */
	uint32_t opt_io;      /* bytes, preferred length; 0 unknown */
	uint32_t unmap_granularity; /* bytes; 0 unknown */
	uint32_t copy_piece;  /* bytes that one COPY should have at most */
	uint32_t pass_max;    /* bytes of data that one PASS can have */
	uint32_t atomic_max;  /* bytes of the longest WRITE with BS_REQ_ATOMIC; 0: it has none */
	bool atomic_tears;    /* a READ meanwhile may see a part of it */
	bool readonly;
	bool rotational;
	bool unmap_zeroes;    /* what UNMAP touched reads as zeroes */
	bool volatile_cache;  /* completed writes may be lost until FLUSH */
	bool sync, direct;
	enum bs_cap cap[BS_OPS];
	unsigned int inflight;/* requests and holds; kept by bs.c */
	/* Set by the user of the store; called on the loop after size changed. May be NULL. */
	void (*resized)(struct bs *bs, void *arg);
	void *resized_arg;
	/* The core's. */
	uint8_t closing;      /* a state of bs_open.c; 0 until bs_close() */
	void (*closed)(void *arg);
	void *closed_arg;
	struct loop_call close_call;
	struct job close_job;
};

/* What a store takes of what is below it, and what that has left; in bytes. */
struct bs_usage {
	uint64_t used, avail;
	int result; /* 0 or -errno */
	/* The store's, until @done. */
	struct job job;
	struct bs *bs;
	void (*done)(struct bs_usage *u);
};

struct bs_type {
	const char *name;	/* "rdwr" */
	size_t abi_size;	/* sizeof(struct bs_type): modules of another ABI are refused */
	size_t size;		/* of the struct that embeds struct bs first */
	bool flag_sync, flag_direct; /* bsoflags that it knows */
	bool needs_path;
	bool instant;		/* open and close never block: they run on the loop */
	bool filter;		/* a path prefix "name:ARGUMENTS:PATH", see bs/filter.h */
	/*
	 * On a worker thread: opens and fills size, align, cap ... May block. Touches
	 * nothing but @bs (zeroed but for type, core, loop, workers, child, path and the
	 * flags of @conf) and @err. A filter finds its ARGUMENTS in conf->path, and in @bs
	 * the properties of its child. 0 or -errno with @err set; after an error it has
	 * released what it took.
	 */
	int (*open)(struct bs *bs, const struct bs_conf *conf, struct err *err);
	/*
	 * On the loop after open; must not block; may be NULL. After an error the store
	 * is closed as usual, with drain and detach.
	 */
	int (*attach)(struct bs *bs, struct err *err);
	/*
	 * On the loop: this store or the filter above is being closed. Lets go of requests
	 * held back and holds none from now on; may come twice. May be NULL.
	 */
	void (*drain)(struct bs *bs);
	/* On the loop, no request in flight, before close: undoes attach. May be NULL. */
	void (*detach)(struct bs *bs);
	/* On a worker thread, no request in flight. Releases all but @bs itself. May be NULL. */
	void (*close)(struct bs *bs);
	/* Must not block. Ends in exactly one bs_complete(), now or later. */
	void (*submit)(struct bs_req *req);
	/* Looks for a new size and tells it by bs_set_size(); must not block. May be NULL. */
	void (*probe)(struct bs *bs);
	/*
	 * On a worker thread: fills used and avail. 0 or -errno. NULL: not known. Touches of @bs only
	 * what is constant.
	 */
	int (*usage)(struct bs *bs, struct bs_usage *u);
};

/*
 * The core. One per process; tests make their own. @types is ended by NULL and
 * outlives the core; the first is the default. NULL when there is no memory.
 */
struct bs_core *bs_core_new(struct loop *loop, struct workers *workers,
			    const struct bs_type *const *types);
/* Every store must have been closed, and the closing told. */
void bs_core_free(struct bs_core *core);
/* NULL @name: the default type. NULL when there is no such type (filters are none). */
const struct bs_type *bs_type_find(struct bs_core *core, const char *name);
/*
 * Looks for a module of that name that was installed since the start. False: there is nothing to look
 * for; else @done from the loop, after which bs_type_find() may know the type, or
 * bs_type_missing() why not.
 */
bool bs_module_look(struct bs_core *core, const char *name, void (*done)(void *arg), void *arg);
/* Why there is no type @name, and what to do: sets @err, returns -EINVAL. */
int bs_type_missing(struct bs_core *core, const char *name, struct err *err);
/* The file that @type came from, or NULL: it is built in. */
const char *bs_type_module(const struct bs_core *core, const struct bs_type *type);
/* All of them, filters included, ended by NULL. */
const struct bs_type *const *bs_types(struct bs_core *core);

/*
 * Opens. @opened is called from the loop, never inside: with the store, or with NULL
 * and @err. The caller owns the store and ends it with bs_close(). Returns 0; or
 * -ENOMEM, when @opened is not and will not be called.
 */
int must_check bs_open(struct bs_core *core, const struct bs_conf *conf,
		       void (*opened)(void *arg, struct bs *bs, const struct err *err), void *arg);
/*
 * Waits for what is in flight, closes, frees; then @closed from the loop, never inside
 * (may be NULL). Requests submitted from now on end with -ENODEV.
 */
void bs_close(struct bs *bs, void (*closed)(void *arg), void *arg);
/* The type that holds the bytes, below all filters. */
const struct bs_type *bs_base_type(const struct bs *bs);

/*
 * Hands @req to its store. Checks range and alignment: what is outside completes with
 * -EINVAL; an operation of capability NONE, or an atomic write that is too long, with -EOPNOTSUPP;
 * a write to a read-only store with -EROFS. A READ, WRITE, UNMAP or ZERO of length 0 completes
 * with 0.
 */
void bs_submit(struct bs_req *req);
/* For stores: the request is done. Queues it; done() is called in the loop's COMPLETE phase. */
void bs_complete(struct bs_req *req, int result);
/*
 * The same from an event: the store was called by the loop (descriptor, timer, phase)
 * or by a done() of its own. Calls done() at once, so that what a store finished in the
 * SUBMIT phase is sent in the same turn. Inside bs_submit() it is bs_complete().
 */
void bs_complete_now(struct bs_req *req, int result);
/*
 * On the loop: keeps @bs from being closed while work that is no request to it is under
 * way: a store's own, or a COPY from it. Each hold is ended by one release.
 */
void bs_hold(struct bs *bs);
void bs_release(struct bs *bs);
/* Whether the store may know. Then: @told from the loop, when @u is filled; until then it is borrowed. */
bool bs_has_usage(const struct bs *bs);
void bs_ask_usage(struct bs *bs, struct bs_usage *u, void (*told)(struct bs_usage *u));
/* For stores, on the loop: the size is now @size. */
void bs_set_size(struct bs *bs, uint64_t size);
/* For users of a store: look for a new size now. Cheap; callers limit how often. */
void bs_probe(struct bs *bs);

/*
 * Replaces the rules of the first fault filter (bs/fault.c) of @bs; "" removes them
 * all. What a rule held back goes on under the new rules. -EINVAL with @err set.
 */
int bs_fault_set(struct bs *bs, const char *rules, struct err *err);

/*
 * bsopts and filter arguments: finds "name=value" in a list separated by @sep; @opts may
 * be NULL. *@found tells whether it is there. Returns a malloc'ed value; NULL when it is
 * absent, or, with *@found true, when there is no memory.
 */
char *bs_opt_get(const char *opts, char sep, const char *name, bool *found);
/* "512", "64M", "1T": powers of 1024 by K M G T P E. 0, or -EINVAL, or -ERANGE beyond 2^63-1. */
int bs_size_parse(const char *text, uint64_t *size);

#endif
