/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For verbs that tell of many objects: all targets or one, their nexuses and logical units,
 * in pieces, between which the loop serves everything else. What is made or removed
 * meanwhile may or may not be told of; nothing is told of twice.
 */
#ifndef TARGET_VERB_WALK_H
#define TARGET_VERB_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "target/stats.h"

struct lu;
struct nexus;
struct target;
struct verb_call;

/*
 * What a step may do before it leaves the loop to others, in objects told of, each worth some
 * ten microseconds: about a third of a millisecond. A LUN with the counters of its sessions is
 * never divided.
 */
#define VERB_WALK_STEP 32
#define VERB_WALK_STEP_BUSY 8 /* in a turn that had other work: I/O waits for less than 100 us */

struct verb_walk;

/*
 * Each of the first three returns how many objects it told of (0 counts as one), or -ENOMEM; NULL:
 * skipped. They write with verb_put() into call->text.
 */
struct verb_walk_ops {
	int (*target)(struct verb_walk *w, const struct target *t);
	int (*nexus)(struct verb_walk *w, const struct nexus *n);
	int (*lu)(struct verb_walk *w, const struct lu *lu);
	/* The nexuses of a target are all told of, now its LUNs. NULL: nothing to do. */
	void (*lus)(struct verb_walk *w);
	/* The LUNs of a target are all told of, or the target has gone. NULL: nothing to do. */
	void (*target_end)(struct verb_walk *w);
	/* All is told. True: once more from the first target. NULL: nothing to do. */
	bool (*end)(struct verb_walk *w);
};

struct verb_walk {
	struct verb_call *call;
	const struct verb_walk_ops *ops;
	struct loop_call step;
	bool one;	/* only target @tid */
	bool inside;	/* target @tid was told of, its LUNs are not finished */
	bool at_lus;	/* its nexuses are finished, too */
	bool any_lun;	/* @lun was told of */
	uint32_t tid;	/* 0: none yet */
	uint64_t nexus_seq; /* nexuses up to this one were told of */
	const struct nexus *nexus; /* that one, within a step; NULL: look for it */
	uint64_t lun;
	unsigned int round;	/* how often ops->end() said once more */
	/* The ops' own: written at this level, for commas; counters of what was told of. */
	size_t rows, lus;
	struct io_stats sum;
	uint64_t in_flight;
};

/*
 * Walks all targets, or @only. 0, -EINPROGRESS (then the call is finished later) or -EINVAL with
 * call->err: what a verb's run() returns.
 */
int verb_walk(struct verb_call *call, const struct verb_walk_ops *ops, const struct target *only);
/*
 * For walks that nobody calls a verb for: one step of @w, of which call, with its context, and ops are
 * set and the rest is zero. 0: all is told. -EINPROGRESS: there is more. -ENOMEM.
 */
int verb_walk_step(struct verb_walk *w);

#endif
