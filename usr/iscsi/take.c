/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trials of take.h. An epoch is a few milliseconds under load; a trial is one epoch,
 * and is compared with the one before it. What loses is tried less and less often.
 */
#include "iscsi/take.h"

#include "base/util.h"
#include "iscsi/iscsi_proto.h"

#define EPOCH_NS (3 * NSEC_PER_MSEC)
#define EPOCH_RECEIPTS 32u
#define IDLE_NS NSEC_PER_MSEC /* such a gap says that the client had nothing to ask */
#define WAIT_MIN 4u
#define WAIT_MAX 128u
/* Fewer commands at a time can't be split without costing more than a wake-up. */
#define BATCH_MIN (8u * ISCSI_BHS_LEN)
#define PART 4 /* of a batch, this part is taken in a turn ... */
#define PART_MIN (4u * ISCSI_BHS_LEN) /* ... but so much at least */

static void epoch_begin(struct take *t, uint64_t now)
{
	t->began = now;
	t->got = 0;
	t->receipts = 0;
}

void take_init(struct take *t)
{
	*t = (struct take){ .wait = WAIT_MIN, .left = WAIT_MIN };
}

static void change(struct take *t)
{
	t->small = !t->small;
	t->bytes = max_u32(t->batch / PART, PART_MIN);
}

/* The small way costs more: it must win clearly, and goes when it hardly wins any more. */
static bool trial_won(const struct take *t, uint64_t rate)
{
	return t->small ? rate > t->rate + t->rate / 8 : rate > t->rate - t->rate / 16;
}

static void trial_end(struct take *t, uint64_t rate)
{
	t->trial = false;
	if (trial_won(t, rate)) {
		t->wait = WAIT_MIN;
	} else {
		change(t);
		t->wait = min_u32(t->wait * 2, WAIT_MAX);
	}
	t->left = t->wait;
}

static void epoch_end(struct take *t, uint64_t now)
{
	uint64_t rate = t->got * NSEC_PER_SEC / max_u64(now - t->began, 1);

	if (t->trial) {
		trial_end(t, rate);
		return;
	}
	t->rate = rate;
	if (!t->small)
		t->batch = (uint32_t)(t->got / t->receipts);
	if (t->left > 1) {
		t->left--;
	} else if (t->small || t->batch >= BATCH_MIN) {
		t->trial = true;
		change(t);
	}
}

void take_note(struct take *t, size_t n, uint64_t now)
{
	if (now - t->last > IDLE_NS)
		epoch_begin(t, now);
	t->last = now;
	t->got += n;
	t->receipts++;
	if (now - t->began < EPOCH_NS || t->receipts < EPOCH_RECEIPTS)
		return;
	epoch_end(t, now);
	epoch_begin(t, now);
}
