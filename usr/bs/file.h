/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file store's insides, for the files that make it: file.c (inline, and the
 * way of a request), file_slow.c (ring and workers), file_flush.c, file_open.c,
 * file_job.c (what worker threads do), file_direct.c (O_DIRECT), file_span.c, file_atomic.c.
 */
#ifndef BS_FILE_H
#define BS_FILE_H

#include "bs/bs.h"
#include "bs/stall.h"
#include "bs/kio.h"

struct file_op;

/* In bs_req.priv while the store holds the request. */
struct file_op {
	union {
		struct job job;
		struct kio_op kio;
	};
	struct list span; /* file_span.c's */
	int result;
	bool rmw;    /* direct: a write whose ends are not aligned */
	bool bounce; /* direct: memory, offset or length are not aligned */
};

struct file {
	struct bs bs;
	int fd;
	/* Set by file_open(), constant but for the nowait flags. */
	bool block;	    /* a block device */
	bool in_memory;	    /* tmpfs: plain calls don't block */
	bool nowait_read;   /* RWF_NOWAIT is not known to fail */
	bool nowait_write;
	bool write_inline;  /* a local file system, where a plain write seldom blocks */
	bool discard_only;  /* block device: UNMAP is BLKDISCARD, which promises nothing */
	uint32_t mem_align; /* O_DIRECT's rules; 1 without */
	uint32_t dio_align; /* of offsets and lengths */
	unsigned int max_threads;

	struct kio *kio;	 /* the core's engine, or NULL: worker threads */
	struct workers *jobs;	 /* its own, so that its hung disk takes no other store's threads */
	struct stall_gate stall;
	unsigned int slow;	 /* operations on the ring or workers */
	uint64_t progress_ns;	 /* when the last of them ended, or the first began */
	struct list slots;	 /* requests that wait for a place among them */

	/* FLUSH: one at a time serves all that came before it began. */
	struct list flush_next, flush_now;
	struct file_op flush_op;
	bool flush_runs;
	int write_back_error;	 /* told by another call than fdatasync; for the next FLUSH */

	/* O_DIRECT: which bytes are being written. */
	struct list spans, span_waiters;
	unsigned int rmw_spans;

	/* Atomic writes: one at a time, through a journal. */
	int atomic_fd;		 /* -1: none */
	char *atomic_for;	 /* the disk's name in the journal */
	struct list atomic_next; /* requests that wait for their turn */
	bool atomic_runs;
	bool atomic_broken;	 /* only the thread of the running one touches it */
};

/* Constant limits. */
#define FILE_INLINE_MAX (1 * MiB) /* about 100 us of copying; more goes to a thread of the kernel */
#define FILE_SLOW_MAX 128	  /* of one store on ring and workers, so that its hung disk can't
				     take what is there for all */
#define FILE_STUCK_NS (200 * NSEC_PER_MSEC)
#define FILE_THREADS 8
#define FILE_COPY_PIECE (16 * MiB) /* an abort waits for no more */
#define FILE_ATOMIC_MAX (1 * MiB) /* of an atomic write */
#define FILE_ATOMIC_HEAD 4096U	  /* of the journal, before the data */

static inline struct file *to_file(struct bs *bs)
{
	return container_of(bs, struct file, bs);
}

static inline struct file_op *file_op(struct bs_req *req)
{
	return (struct file_op *)req->priv;
}

static inline struct bs_req *file_req(struct file_op *op)
{
	return (struct bs_req *)((char *)op - offsetof(struct bs_req, priv));
}

/* Nothing that left the loop has come back for a while: keep the loop away from this disk. */
static inline bool file_stuck(const struct file *f)
{
	return f->slow && loop_now(f->bs.loop) - f->progress_ns > FILE_STUCK_NS;
}

/* file_open.c */
int file_open(struct bs *bs, const struct bs_conf *conf, struct err *err);
void file_close(struct bs *bs);
/* Size in bytes, or -errno. Doesn't block. */
int64_t file_size(const struct file *f);

/* file_slow.c: READ and WRITE by the ring or a worker, the rest by a worker. */
void file_slow(struct file *f, struct bs_req *req);
/* Counts an operation that leaves the loop, and its return. */
void file_slow_begin(struct file *f);
void file_slow_end(struct file *f);
void file_job_submit(struct file *f, struct file_op *op, void (*run)(struct job *job),
		     void (*done)(struct job *job));

/* file_flush.c */
void file_flush(struct file *f, struct bs_req *req);

/* file_job.c: on a worker thread; does the whole request, result in file_op. */
void file_job_run(struct job *job);

/* file_direct.c: on a worker thread. A read or a write of any alignment; without @iov, zeroes. */
int file_direct_rw(const struct file *f, bool write, uint64_t offset, uint64_t len,
		   const struct iovec *iov, unsigned int iovcnt, int rw_flags);
/* Sets op->bounce and op->rmw. */
void file_direct_look(const struct file *f, struct bs_req *req);

/* file_atomic.c: with bsopts atomic=FILE finishes what FILE holds. 0 or -errno with @err. */
int file_atomic_open(struct file *f, const struct bs_conf *conf, uint64_t size, struct err *err);
void file_atomic_close(struct file *f);
/* False: the request waits, and file_atomic_done() returns it. */
bool file_atomic_turn(struct file *f, struct bs_req *req);
/* One has ended; the next, whose turn is to be taken anew, or NULL. */
struct bs_req *file_atomic_done(struct file *f);
/* On a worker thread; @write puts the data in its place, durably. */
int file_atomic_run(struct file *f, struct bs_req *req,
		    int (*write)(struct file *f, struct bs_req *req));

/*
 * file_span.c: a write whose ends are not aligned reads and writes its neighbours' bytes,
 * so nothing else may write there meanwhile. False: the request waits and is given to
 * file_span_ready() later.
 */
bool file_span_take(struct file *f, struct bs_req *req);
void file_span_drop(struct file *f, struct bs_req *req);
/* file_slow.c */
void file_span_ready(struct file *f, struct bs_req *req);

#endif
