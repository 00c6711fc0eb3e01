/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads for calls that can only block: a job's run() is called on a worker
 * thread and touches nothing but the job; its done() is called on the loop.
 * Threads start on demand, up to the number given, and end after idling.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include "base/list.h"
#include "base/loop.h"

struct workers; /* owner: who called workers_new() */

/* Embedded in its owner; borrowed from worker_submit() until done() is called. */
struct job {
	struct list link;
	void (*run)(struct job *job);
	void (*done)(struct job *job);
};

/* At most @max_threads. NULL with errno set. No thread is started yet. */
struct workers *workers_new(struct loop *loop, unsigned int max_threads);
/*
 * Waits for the jobs that are queued or run and calls every done(), also of jobs that a done()
 * submits; ends the threads. Not from a done().
 */
void workers_free(struct workers *w);
/*
 * Queues the job. If no thread can be started at all, the job runs at once on
 * the caller's thread (its done() still comes from the loop).
 */
void worker_submit(struct workers *w, struct job *job);
/* Jobs submitted and not done. */
unsigned int workers_pending(const struct workers *w);
/* Threads that exist now. */
unsigned int workers_threads(struct workers *w);
/* How long a thread waits for another job before it ends; 30 s unless told. */
void workers_set_idle(struct workers *w, uint64_t ns);

#endif
