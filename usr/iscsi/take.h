/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much one turn takes of a connection with small commands. All that is there costs
 * least. But a client of some depth on another CPU then sleeps while we work and we while it works;
 * with a part of its queue at a time both go on without a wake-up, at half as many commands a
 * second again. Which is better here, now and then a trial tells. Called by tcp.c.
 */
#ifndef ISCSI_TAKE_H
#define ISCSI_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the whole daemon: whether it sleeps depends on all connections. */
struct take {
	bool small;		/* take only @bytes, else as much as is fair */
	uint32_t bytes;
	bool trial;		/* this epoch is one of the other way */
	uint64_t began, last;	/* of the epoch; the last receipt. Nanoseconds */
	uint64_t got;		/* bytes of this epoch */
	uint32_t receipts;
	uint32_t batch;		/* mean bytes of a receipt when all is taken */
	uint64_t rate;		/* bytes a second, before the trial */
	uint32_t wait, left;	/* epochs between trials, and until the next */
};

void take_init(struct take *t);
/* A turn received @n bytes at @now (nanoseconds). */
void take_note(struct take *t, size_t n, uint64_t now);

#endif
