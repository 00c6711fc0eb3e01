/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The insides of the store "sg": sg.c, and sg_find.c, which finds the generic node of a
 * device that was named in another way.
 */
#ifndef BS_SG_H
#define BS_SG_H

#include <scsi/sg.h>

#include "bs/bs.h"

#define SG_SLOTS 16U /* what the kernel takes of one descriptor (SG_MAX_QUEUE) */
#define SG_PATH_MAX 288

/* A command that the kernel has, or is being given. */
struct sg_slot {
	struct list link; /* sg.free, .batch or .in_kernel */
	struct bs_req *req;
	struct sg_io_hdr hdr;
	int error;	  /* of write() */
};

struct sg {
	struct bs bs;
	int fd;
	struct loop_fd lf;
	struct loop_call call;
	struct workers *jobs;	/* two threads: one may hang in a write, the other resets */
	struct sg_slot slots[SG_SLOTS];
	struct list free;
	struct list waiting;	/* struct bs_req */
	struct list resets;	/* likewise, those that are resets */
	struct list batch;	/* the thread's while @writing */
	struct list in_kernel;
	struct job write_job, reset_job;
	struct bs_req *reset;	/* under way; NULL: none */
	int reset_error;
	uint32_t timeout_ms;	/* of every command, by bsopts; 0: what it says itself */
	bool writing;
	bool unread;		/* there are answers; they wait for the end of @writing */
	bool hung_up, gone;	/* the device was taken away; it has been told */
};

/*
 * @path if that is a generic node, else that of the same device: /dev/sdX, /dev/stN, /dev/srN, /dev/schN,
 * /dev/bsg/H:C:T:L. @sg has SG_PATH_MAX bytes. 0 or -errno with @err.
 */
int sg_find(const char *path, char *sg, struct err *err);
/* 0 when the device itself has answered, else -errno for what came between. */
int sg_error(const struct sg_io_hdr *hdr);

#endif
