/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the event loop, for loop.c, loop_signal.c and timer.c only.
 */
#ifndef BASE_LOOP_PRIV_H
#define BASE_LOOP_PRIV_H

#include "base/loop.h"

#define LOOP_MAX_EVENTS 256

/*
 * An entry of the table between epoll and sources. epoll carries {index,
 * generation}; removal advances the generation, so events that were fetched
 * before find nobody, even when the source's memory has been used again.
 */
struct loop_slot {
	struct loop_fd *lf; /* borrowed until loop_fd_del(); NULL while free */
	uint32_t gen;
	uint32_t next_free; /* index + 1; 0 ends */
};

/*
 * A heap entry. Its key is never later than the timer's own {due_ns, seq}:
 * arming later moves nothing, the entry sinks when it reaches the top.
 */
struct loop_heap_entry {
	uint64_t due_ns, seq;
	struct loop_timer *t; /* borrowed while armed */
};

struct loop_signals; /* loop_signal.c */

/* Looking again before sleeping (spin.c). */
struct loop_spin {
	uint64_t budget_ns; /* of one spin at most; 0: never */
	uint32_t skip;	    /* sleeps to come without a spin before them */
	uint32_t backoff;   /* how many to skip after the next one in vain */
	bool worked;	    /* the last turn had events: more may follow soon */
};

struct loop {
	int epfd;
	struct loop_fd wake;
	struct loop_signals *signals; /* NULL until the first loop_signal() */
	struct loop_slot *slots;
	uint32_t n_slots, free_slot, n_fds;
	struct loop_heap_entry *heap;
	size_t n_heap, cap_heap;
	uint64_t timer_seq; /* of the timer armed last */
	uint64_t now, late; /* loop_now(), loop_now_late() */
	bool frozen, stopped, in_turn, no_pwait2;
	struct loop_spin spin;
	struct list calls[LOOP_PHASES];
	struct epoll_event events[LOOP_MAX_EVENTS];
};

/* The due time of the first timer; UINT64_MAX when none is armed. */
uint64_t loop_timers_first(struct loop *loop);
/* Calls what is due and was armed before. */
void loop_timers_expire(struct loop *loop);
void loop_signals_free(struct loop *loop);
/* Asks for events without sleeping, for a while, if that has been worth it. As epoll_wait(). */
int loop_spin(struct loop *loop, uint64_t sleep_ns);

#endif
