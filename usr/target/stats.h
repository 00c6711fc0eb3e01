/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters and latencies of commands, by opcode class: one io_stats for each logical
 * unit and one for each path (a nexus' connection) that commands come on. Each command
 * is counted once, when it ends, in cmd_result.c. What is told of targets and nexuses is
 * added up when somebody asks.
 *
 * Latency is from the command's header to its end in the target, in the clock of loop_now()
 * and loop_now_late(): exact to the length of a turn, and without a call a command.
 */
#ifndef TARGET_STATS_H
#define TARGET_STATS_H

#include <stdint.h>

#include "base/list.h"
#include "base/util.h"
#include "scsi/opcode.h"
#include "scsi/scsi.h"

struct nexus;

/*
 * Buckets of latency: four of the same width for each power of two, from 1.024 us to two minutes. The
 * value of a command is known to a quarter at worst; the last bucket takes all above.
 */
#define LATENCY_SHIFT 10 /* of nanoseconds */
#define LATENCY_BUCKETS 104

/* Which bucket: x in 0..7 is its own; above, the top three bits count. */
static inline unsigned int latency_bucket(uint64_t ns)
{
	uint64_t v = ns >> LATENCY_SHIFT;
	unsigned int shift = 61u - (unsigned int)__builtin_clzll(v | 4);
	uint64_t i = ((uint64_t)shift << 2) + (v >> shift);

	return (unsigned int)min_u64(i, LATENCY_BUCKETS - 1);
}

/* The first value, in ns, that is above bucket @i. */
uint64_t latency_above(unsigned int i);

struct stat_class {
	uint64_t cmds;	/* that ended, in whatever way */
	uint64_t bytes;	/* moved by those that succeeded */
	uint64_t ns;	/* sum of their latencies */
	uint64_t *hist;	/* [LATENCY_BUCKETS]; NULL: none yet, or no memory */
};

/* Statuses other than GOOD, in the order of stat_status_names. */
enum stat_status {
	STAT_CHECK_CONDITION,
	STAT_BUSY,
	STAT_RESERVATION_CONFLICT,
	STAT_TASK_SET_FULL,
	STAT_TASK_ABORTED,
	STAT_STATUSES
};

/* Embedded, zeroed, in its owner, who calls stats_done(). */
struct io_stats {
	struct stat_class cls[OPC_COUNT];
	uint64_t status[STAT_STATUSES];
	uint64_t key[16];	/* of CHECK CONDITION, by sense key; 6 are Unit Attentions */
	uint64_t aborted;	/* taken away without a status */
};

extern const char *const stat_class_names[OPC_COUNT];
extern const char *const stat_status_names[STAT_STATUSES];
extern const char *const stat_key_names[16]; /* NULL: reserved */
extern const char *const stat_tmf_names[TMF_COUNT];

void stats_done(struct io_stats *s);
/* Adds what @from has to @to. Without memory for a histogram its latencies are missing there. */
void stats_add(struct io_stats *to, const struct io_stats *from);
/* stats_add(), and @from is empty afterwards. */
void stats_move(struct io_stats *to, struct io_stats *from);
/* A status that is not GOOD. @key: of CHECK CONDITION. */
void stats_failed(struct io_stats *s, uint8_t status, uint8_t key);

/* An end; makes the histogram if there is none. */
void stats_count(struct io_stats *s, enum op_class cls, uint64_t ns, uint64_t bytes);

/* The same where there is one. On the path of every command. */
static inline void stat_class_count(struct stat_class *c, unsigned int bucket, uint64_t ns,
				    uint64_t bytes)
{
	c->cmds++;
	c->bytes += bytes;
	c->ns += ns;
	c->hist[bucket]++;
}

/*
 * The latency, in ns, that a share of @per_mille of the commands stayed below; 0 without any.
 * Between the ends of a bucket it is interpolated.
 */
uint64_t stats_quantile(const uint64_t *hist, unsigned int per_mille);

/* A way commands come to a nexus. Embedded, zeroed, in the transport's connection. */
struct stat_path {
	struct list link;	/* nexus->paths */
	struct nexus *nexus;	/* NULL: not added */
	struct io_stats io;	/* of commands whose cmd->path it is */
};

void stat_path_add(struct nexus *n, struct stat_path *p);
/*
 * Its counters stay with the nexus. Safe when it was not added. The owner may keep it longer than
 * the nexus: nexus.c takes it out at the end. No command may refer to it any more.
 */
void stat_path_del(struct stat_path *p);

#endif
