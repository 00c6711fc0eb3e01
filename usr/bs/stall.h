/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When may a buffered write be done on the loop thread? A write into the page
 * cache costs as little as the copy, and file systems without RWF_NOWAIT for
 * writes (ext4) offer no cheaper way; but while the kernel throttles writers of
 * dirty pages, or the journal is stuck, the same call sleeps. So: write inline
 * until a call took longer than STALL_NS; then leave it to others for a second,
 * try again, and after each further stall stay away twice as long.
 *
 * Throttling pauses for 10 to 200 ms. Shorter than that is also what a thread
 * loses when another gets its CPU, which must not count.
 */
#ifndef BS_STALL_H
#define BS_STALL_H

#include "base/util.h"

#define STALL_NS (10 * NSEC_PER_MSEC)
#define STALL_HOLD_MIN (1 * NSEC_PER_SEC)
#define STALL_HOLD_MAX (16 * NSEC_PER_SEC)

/* All zero: open. Times are of one clock. */
struct stall_gate {
	uint64_t until_ns; /* closed until then */
	uint64_t hold_ns;  /* how long the last closing was; 0: none lately */
};

static inline bool stall_open(const struct stall_gate *g, uint64_t now)
{
	return now >= g->until_ns;
}

/* An inline call that began about @now took @took. */
static inline void stall_note(struct stall_gate *g, uint64_t now, uint64_t took)
{
	if (likely(took < STALL_NS)) {
		if (unlikely(g->hold_ns) && now - g->until_ns > g->hold_ns)
			g->hold_ns = 0;
		return;
	}
	g->hold_ns = g->hold_ns ? min_u64(g->hold_ns * 2, STALL_HOLD_MAX) : STALL_HOLD_MIN;
	g->until_ns = now + took + g->hold_ns;
}

#endif
