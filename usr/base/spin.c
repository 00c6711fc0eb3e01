/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spinning before sleeping: a wake-up costs more than the few microseconds in which a
 * fast initiator sends its next command. A spin follows only a turn that had events, and
 * after spins in vain more and more sleeps go without one, so an initiator that is
 * slower than the budget costs next to nothing. Called by loop_turn().
 */
#include <sys/epoll.h>
#include <time.h>

#include "base/loop_priv.h"

#define BACKOFF_MAX 1023

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

int loop_spin(struct loop *loop, uint64_t sleep_ns)
{
	struct loop_spin *s = &loop->spin;
	uint64_t end;
	int n;

	if (!s->budget_ns || !s->worked || !sleep_ns)
		return 0;
	if (s->skip) {
		s->skip--;
		return 0;
	}
	end = clock_ns() + min_u64(s->budget_ns, sleep_ns);
	do {
		n = epoll_wait(loop->epfd, loop->events, LOOP_MAX_EVENTS, 0);
	} while (!n && clock_ns() < end);
	if (n > 0) {
		s->backoff = 0;
	} else {
		s->skip = s->backoff;
		s->backoff = min_u32(s->backoff * 2 + 1, BACKOFF_MAX);
	}
	return n;
}

void loop_set_spin(struct loop *loop, uint64_t max_ns)
{
	loop->spin.budget_ns = max_ns;
	loop->spin.skip = loop->spin.backoff = 0;
}
