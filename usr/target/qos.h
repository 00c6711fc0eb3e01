/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of commands and bytes a second, for a logical unit (all initiators together) and for an
 * initiator of a target (all of its sessions and logical units together), with bursts. A command
 * that is over a limit waits before it enters the task set, behind those that wait already and
 * beside all that have another limit or none.
 *
 * A limit is a token bucket, kept as the time at which it would be full again: a command may go
 * when that is no further ahead than the burst lasts, and moves it on by what it costs.
 */
#ifndef TARGET_QOS_H
#define TARGET_QOS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/util.h"

struct lu;
struct nexus;
struct scsi_cmd;
struct target;

/* Commands and bytes: of all kinds, reads and verifications, writes and unmaps. */
enum qos_rate { QOS_IOPS, QOS_IOPS_RD, QOS_IOPS_WR, QOS_BPS, QOS_BPS_RD, QOS_BPS_WR, QOS_RATES };

#define QOS_RATE_MAX (16 * GiB)

/* What an administrator says; 0: no limit, a burst of a tenth of a second. */
struct qos_conf {
	uint64_t rate[QOS_RATES];  /* a second */
	uint64_t burst[2];	   /* commands, bytes: what may come at once after a pause */
};

struct qos {
	struct loop *loop;
	struct qos_conf conf;
	uint64_t burst_ns[QOS_RATES];
	uint64_t full_ns[QOS_RATES]; /* when the bucket is full; in the clock of loop_now() */
	struct list waiting;	     /* struct scsi_cmd by range_link, in their order */
	unsigned int n_waiting, n_ordered;
	uint64_t delayed;	     /* commands that ever waited, and how long in all */
	uint64_t delayed_ns;
	struct loop_timer timer;
};

/* An initiator of a target, as long as it has sessions. Owner: the target's list. */
struct qos_peer;
/* What an administrator says of initiators of this name or pattern. Likewise. */
struct qos_rule;

/* For cmd.c, when itl->limited: true: the command waits, and qos calls cmd_enter() later. */
bool qos_wait(struct scsi_cmd *cmd);
/* A waiting command ends: it is in no queue any more. */
void qos_forget(struct scsi_cmd *cmd);

/*
 * A limit of a LU by its name: iops, iops_rd, iops_wr, iops_burst, bps, bps_rd, bps_wr, bps_burst.
 * -ENOENT: no such name. 0, or negative with @err. Commands that wait go on under the new limit.
 */
int qos_lu_set(struct lu *lu, const char *name, const char *value, struct err *err);
void qos_lu_free(struct lu *lu);
/* Object of limits that are set; NULL: none are. {"iops": N, ...} */
json_t *qos_conf_show(const struct qos_conf *conf);
/* {"waiting": N, "delayed": N, "delayed_ns": N} */
json_t *qos_stats_show(const struct qos *q);

/*
 * "NAME k=v,...": limits of each initiator of this name or pattern, of which the longest counts, or
 * ALL, for those that have no other; each has them for itself. "NAME" alone: none any more.
 */
int qos_target_set(struct target *t, const char *value, struct err *err);
void qos_target_free(struct target *t);
/* [{"initiator": NAME, "iops": N, ...}, ...], a new reference. */
json_t *qos_target_show(const struct target *t);

/* 0 or -ENOMEM. Sets n->qos when there is a rule for its initiator. */
int qos_nexus_new(struct nexus *n);
void qos_nexus_free(struct nexus *n);
/* Whether commands of this nexus to this LU have to be looked at. */
bool qos_applies(const struct nexus *n, const struct lu *lu);

#endif
