/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: file descriptors, timers, signals and calls put off to a
 * later phase of the turn. One thread runs it; nothing here is thread-safe but
 * loop_wake().
 *
 * A turn: sleep until something is ready; call ready descriptors and due
 * timers; then the phases in the order of enum loop_phase. Work that a phase
 * queues for itself or an earlier phase runs in the next turn, which then does
 * not sleep. That order makes batches: all commands that one recv brought are
 * started before the first completion is looked at, and all that completed is
 * sent with one call.
 *
 * Any source may be removed at any time, also while it or another is being
 * dispatched: a removed source is never called again.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/list.h"
#include "base/util.h"

struct loop; /* owner: main, or the test that made it */

enum loop_phase {
	LOOP_COMPLETE,	/* stores report what they finished without waiting */
	LOOP_SUBMIT,	/* stores hand their batch to the kernel */
	LOOP_FLUSH,	/* transports send what was queued */
	LOOP_REAP,	/* objects that could not be freed where they died */
	LOOP_PHASES
};

/* A descriptor that is watched. Embedded, zeroed, in its owner, who keeps it until loop_fd_del(). */
struct loop_fd {
	struct loop *loop; /* NULL while not added */
	int fd;		   /* the owner's to close, after loop_fd_del() */
	uint32_t events;   /* EPOLLIN | EPOLLOUT ...; level triggered unless EPOLLET is given */
	uint32_t slot;	   /* the loop's */
	void (*ready)(struct loop_fd *lf, uint32_t events);
};

/* A call at a time. Embedded, zeroed, in its owner. Those due at once run in the order of arming. */
struct loop_timer {
	struct loop *loop;   /* NULL until first armed */
	uint64_t due_ns;     /* in the clock of loop_now() */
	uint64_t seq;	     /* order of arming */
	size_t heap_index;   /* position + 1; 0 while not armed */
	void (*expired)(struct loop_timer *t);
};

/* A call in a later phase of this turn. Embedded in its owner. */
struct loop_call {
	struct list link;
	enum loop_phase phase;
	void (*run)(struct loop_call *c);
};

/* NULL with errno set when the kernel refuses. */
struct loop *loop_new(void);
/* Every source must be removed before. */
void loop_free(struct loop *loop);
/* Turns until loop_stop(). Returns 0, or -errno when waiting itself failed. */
int loop_run(struct loop *loop);
/* One turn; sleeps at most @max_ns (0: not at all, UINT64_MAX: until something happens). */
int loop_turn(struct loop *loop, uint64_t max_ns);
void loop_stop(struct loop *loop);
/*
 * Before it sleeps after a turn with events, the loop looks for new ones for at most @max_ns; 0, the
 * default: it doesn't. It spins the less often the less that brings, and never while idle.
 */
void loop_set_spin(struct loop *loop, uint64_t max_ns);
/* From any thread: ends the loop's sleep. */
void loop_wake(struct loop *loop);
/* Whether a descriptor was ready in this turn: what can wait does less then. */
bool loop_worked(const struct loop *loop);
/* Monotonic nanoseconds, read once a turn. Tests move it with loop_clock_advance(). */
uint64_t loop_now(const struct loop *loop);
/*
 * The same clock, read anew when the COMPLETE phase begins with something to do: for measuring how
 * long what ends there took, even if it began in this turn.
 */
uint64_t loop_now_late(const struct loop *loop);
/* Tests only: freezes the clock at its present value and adds @ns. */
void loop_clock_advance(struct loop *loop, uint64_t ns);

/*
 * 0 or -errno; after an error @lf is not added. @lf->ready is called with the epoll events that
 * are waited for, and EPOLLERR and EPOLLHUP, which come even when @events is 0.
 */
int loop_fd_add(struct loop *loop, struct loop_fd *lf, int fd, uint32_t events,
		void (*ready)(struct loop_fd *lf, uint32_t events));
/* Changes what is waited for; cheap when nothing changes. */
int loop_fd_mod(struct loop_fd *lf, uint32_t events);
/* Safe on a source that is not added. */
void loop_fd_del(struct loop_fd *lf);

/*
 * Arms, or arms anew. @expired is called once, with the timer no longer armed; a delay of 0 given
 * by a timer's callback means the next turn. -ENOMEM when the heap can't grow: never for a timer
 * that is armed already.
 */
int loop_timer_set(struct loop *loop, struct loop_timer *t, uint64_t in_ns,
		   void (*expired)(struct loop_timer *t));
/* Safe on a timer that is not armed or all zero. */
void loop_timer_cancel(struct loop_timer *t);

static inline bool loop_timer_armed(const struct loop_timer *t)
{
	return t->heap_index != 0;
}

void loop_call_init(struct loop_call *c, enum loop_phase phase, void (*run)(struct loop_call *c));
/* Queued once however often it is called before it runs. */
void loop_call_queue(struct loop *loop, struct loop_call *c);
/* Safe on a call that is not queued or all zero. */
void loop_call_cancel(struct loop_call *c);

/* Blocks @signo for the process and calls @fn on the loop instead. One handler a signal. */
int loop_signal(struct loop *loop, int signo, void (*fn)(struct loop *loop, int signo, void *arg),
		void *arg);

#endif
