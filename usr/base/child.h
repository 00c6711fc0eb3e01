/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that are asked something: started from a worker thread, as exec may wait for a disk, and
 * watched by the loop. They get no shell, no descriptor of ours but standard error, the
 * environment they are given, and a limit of time and of words.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/worker.h"

#define CHILD_OUT_MAX 1023 /* bytes that it may print */
#define CHILDREN_MAX 64	   /* at a time */

/* Whether descriptors that lack O_CLOEXEC, which ours don't, are closed for it as well. */
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#define CHILD_CLOSES_ALL __GLIBC_PREREQ(2, 34)
#else
#define CHILD_CLOSES_ALL 0
#endif

struct child; /* owner: itself, until it has been waited for */

/* How it ended. Valid during the call. */
struct child_end {
	const char *failure; /* the end of a sentence that begins with its name; NULL: exit status 0 */
	const char *out;     /* what it printed, with a NUL behind it */
	size_t len;
};

struct child_conf {
	struct loop *loop;
	struct workers *workers;
	char **argv, **envp; /* malloc'ed words, NULL at the end; the child's from now on, always */
	uint64_t timeout_ns;
	void (*done)(void *arg, const struct child_end *end); /* from the loop, once */
	void *arg;
};

/* NULL: no memory, or too many at a time; done() is not called then. */
struct child *child_run(const struct child_conf *conf);
/* It is killed, and done() will not be called. */
void child_cancel(struct child *c);
/* Cancels all, and waits for none: before the loop goes. */
void child_cancel_all(void);
/* What child_run() takes. NULL is no words. */
void child_free_words(char **words);

#endif
