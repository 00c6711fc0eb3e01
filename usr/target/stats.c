/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of commands (stats.h), but for what is done at the end of each, which is
 * inline there and called by cmd_result.c.
 */
#include "target/stats.h"

#include <stdlib.h>

#include "target/nexus.h"

const char *const stat_class_names[OPC_COUNT] = {
	[OPC_OTHER] = "other",	 [OPC_READ] = "read",	[OPC_WRITE] = "write",
	[OPC_VERIFY] = "verify", [OPC_FLUSH] = "flush", [OPC_UNMAP] = "unmap",
};

const char *const stat_status_names[STAT_STATUSES] = {
	[STAT_CHECK_CONDITION] = "check_condition",
	[STAT_BUSY] = "busy",
	[STAT_RESERVATION_CONFLICT] = "reservation_conflict",
	[STAT_TASK_SET_FULL] = "task_set_full",
	[STAT_TASK_ABORTED] = "task_aborted",
};

const char *const stat_key_names[16] = {
	[SK_NO_SENSE] = "no_sense",
	[SK_RECOVERED_ERROR] = "recovered_error",
	[SK_NOT_READY] = "not_ready",
	[SK_MEDIUM_ERROR] = "medium_error",
	[SK_HARDWARE_ERROR] = "hardware_error",
	[SK_ILLEGAL_REQUEST] = "illegal_request",
	[SK_UNIT_ATTENTION] = "unit_attention",
	[SK_DATA_PROTECT] = "data_protect",
	[SK_BLANK_CHECK] = "blank_check",
	[SK_COPY_ABORTED] = "copy_aborted",
	[SK_ABORTED_COMMAND] = "aborted_command",
	[SK_VOLUME_OVERFLOW] = "volume_overflow",
	[SK_MISCOMPARE] = "miscompare",
	[SK_COMPLETED] = "completed",
};

const char *const stat_tmf_names[TMF_COUNT] = {
	[0] = "unknown",
	[TMF_ABORT_TASK] = "abort_task",
	[TMF_ABORT_TASK_SET] = "abort_task_set",
	[TMF_CLEAR_ACA] = "clear_aca",
	[TMF_CLEAR_TASK_SET] = "clear_task_set",
	[TMF_LUN_RESET] = "lun_reset",
	[TMF_TARGET_WARM_RESET] = "target_warm_reset",
	[TMF_TARGET_COLD_RESET] = "target_cold_reset",
	[TMF_TASK_REASSIGN] = "task_reassign",
	[TMF_QUERY_TASK] = "query_task",
	[TMF_QUERY_TASK_SET] = "query_task_set",
	[TMF_NEXUS_RESET] = "nexus_reset",
	[TMF_QUERY_ASYNC_EVENT] = "query_async_event",
};

uint64_t latency_above(unsigned int i)
{
	unsigned int shift = i < 8 ? 0 : (i >> 2) - 1;
	uint64_t first = i < 8 ? i : 4 + (i & 3);

	if (i >= LATENCY_BUCKETS - 1)
		return UINT64_MAX;
	return (first + 1) << (shift + LATENCY_SHIFT);
}

static uint64_t *new_hist(void)
{
	return calloc(LATENCY_BUCKETS, sizeof(uint64_t));
}

void stats_count(struct io_stats *s, enum op_class cls, uint64_t ns, uint64_t bytes)
{
	struct stat_class *c = &s->cls[cls];

	if (!c->hist)
		c->hist = new_hist();
	if (c->hist) {
		stat_class_count(c, latency_bucket(ns), ns, bytes);
		return;
	}
	c->cmds++;
	c->bytes += bytes;
	c->ns += ns;
}

void stats_done(struct io_stats *s)
{
	unsigned int i;

	for (i = 0; i < OPC_COUNT; i++) {
		free(s->cls[i].hist);
		s->cls[i].hist = NULL;
	}
}

static void add_class(struct stat_class *to, const struct stat_class *from)
{
	unsigned int i;

	to->cmds += from->cmds;
	to->bytes += from->bytes;
	to->ns += from->ns;
	if (!from->hist)
		return;
	if (!to->hist)
		to->hist = new_hist();
	for (i = 0; to->hist && i < LATENCY_BUCKETS; i++)
		to->hist[i] += from->hist[i];
}

void stats_add(struct io_stats *to, const struct io_stats *from)
{
	unsigned int i;

	for (i = 0; i < OPC_COUNT; i++)
		if (from->cls[i].cmds)
			add_class(&to->cls[i], &from->cls[i]);
	for (i = 0; i < STAT_STATUSES; i++)
		to->status[i] += from->status[i];
	for (i = 0; i < ARRAY_SIZE(to->key); i++)
		to->key[i] += from->key[i];
	to->aborted += from->aborted;
}

void stats_move(struct io_stats *to, struct io_stats *from)
{
	stats_add(to, from);
	stats_done(from);
	*from = (struct io_stats){ .aborted = 0 };
}

void stats_failed(struct io_stats *s, uint8_t status, uint8_t key)
{
	switch (status) {
	case SAM_CHECK_CONDITION:
		s->status[STAT_CHECK_CONDITION]++;
		s->key[key & 15]++;
		break;
	case SAM_BUSY: s->status[STAT_BUSY]++; break;
	case SAM_RESERVATION_CONFLICT: s->status[STAT_RESERVATION_CONFLICT]++; break;
	case SAM_TASK_SET_FULL: s->status[STAT_TASK_SET_FULL]++; break;
	case SAM_TASK_ABORTED: s->status[STAT_TASK_ABORTED]++; break;
	default: break; /* CONDITION MET: PRE-FETCH, and no failure */
	}
}

uint64_t stats_quantile(const uint64_t *hist, unsigned int per_mille)
{
	uint64_t total = 0, below = 0, rank, from, to;
	unsigned int i;

	for (i = 0; hist && i < LATENCY_BUCKETS; i++)
		total += hist[i];
	if (!total)
		return 0;
	/* The rank of the command in question, from 1; in parts, lest the product overflow. */
	rank = total / 1000 * per_mille + (total % 1000 * per_mille + 999) / 1000;
	rank = max_u64(rank, 1);
	for (i = 0; below + hist[i] < rank; i++)
		below += hist[i];
	from = i ? latency_above(i - 1) : 0;
	if (i == LATENCY_BUCKETS - 1)
		return from;
	to = latency_above(i) - 1;
	return from + (uint64_t)((double)(to - from) * (double)(rank - below) / (double)hist[i]);
}

void stat_path_add(struct nexus *n, struct stat_path *p)
{
	p->nexus = n;
	list_push_back(&n->paths, &p->link);
}

void stat_path_del(struct stat_path *p)
{
	if (p->nexus) {
		list_del(&p->link);
		stats_add(&p->nexus->past, &p->io);
		p->nexus = NULL;
	}
	stats_done(&p->io);
}
