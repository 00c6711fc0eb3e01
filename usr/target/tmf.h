/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task management (SAM-5 7). A function completes when every command that it
 * aborts has left the store and its transport has been told.
 */
#ifndef TARGET_TMF_H
#define TARGET_TMF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "scsi/scsi.h"

struct lun_map;
struct nexus;
struct scsi_cmd;

/* Embedded in the transport's task; borrowed from target_tmf() to transport->tmf_respond(). */
struct tmf {
	/* Filled by the transport. */
	struct nexus *nexus;
	uint8_t function;	/* enum tmf_function, without TASK REASSIGN */
	uint8_t lun[SCSI_LUN_LEN];
	uint64_t tag;		/* ABORT TASK, QUERY TASK: the command's */
	/* Set at the end. */
	uint8_t response;	/* enum tmf_response */
	uint8_t info[3];	/* QUERY ASYNCHRONOUS EVENT that succeeded (SAM-5 7.9); else zero */
	/* The target's. */
	struct list link;	/* target->tmfs */
	struct lu *lu;		/* NULL: all of the target */
	const struct lun_map *map; /* what that is, for this initiator: a reference */
	uint64_t seq;		/* commands that arrived later are not affected */
	bool all_nexuses;
	unsigned int pending;	/* commands that it waits for */
	void (*ended)(struct tmf *tmf); /* PREEMPT AND ABORT, which no transport has sent; else NULL */
};

/* tmf_respond() follows, from the loop or at once (the transport only queues there). */
void target_tmf(struct tmf *tmf);

#endif
